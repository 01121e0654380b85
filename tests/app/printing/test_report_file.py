"""Reports as PDF, looked at: what stands on the pages, where the image is, and what the file says of itself."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QFontMetricsF

from app.printing.content import ReportContent, report_content
from app.printing.image_pictures import PlainNames, pictures_of
from app.printing.pages import BOTTOM, MM, SIDE, lay_out
from app.printing.report_file import pdf_bytes, write_report
from app.session.printouts import PaperSize
from core.base.errors import AppError
from core.measuring.measure import measure
from core.values.grid import Grid
from core.values.image import Image
from core.values.landmarks import Landmarks, Status
from tests.support.pdf_pages import metadata, page_picture, sizes_mm, texts
from tests.support.viewer_fixtures import make_image, make_prediction


@pytest.fixture
def content(subject):
    return report_content(subject)


@pytest.fixture
def pictures(image, landmarks, names, analysis):
    return pictures_of(image, landmarks, names, analysis)


@pytest.mark.parametrize(("paper", "size_mm"), [(PaperSize.A4, (210, 297)), (PaperSize.LETTER, (215.9, 279.4))])
def test_pages_have_the_size_of_the_paper_and_letters_that_can_be_found(content, pictures, paper, size_mm):
    pdf = pdf_bytes(content, pictures, paper)
    for page_mm in sizes_mm(pdf):
        assert page_mm == pytest.approx(size_mm, abs=0.3)
    text = " ".join(texts(pdf))
    for words in (
        "My own", "scan.png", "Käthe Müller", "8 November 2026", "0.5 mm (stated in the file)", "Angle at nasion",
        "S–N", "90 % interval", "150 ± 10", "−3 … +3 SD", "Not measured", "Basion", "Not for diagnosis", "Test model 1",
        "A test, 2026", "adults", "Page 1 of",
    ):  # fmt: skip
        assert words in text, words
    for short in ("S", "N", "Me", "Go"):
        assert f" {short} " in f" {text} "


def test_every_page_says_which_it_is_and_that_it_is_not_for_diagnosis(content, pictures):
    rows = tuple(replace(content.rows[0], key=str(number), name=f"Row {number:02}") for number in range(70))
    pages = texts(pdf_bytes(replace(content, rows=rows), pictures, PaperSize.A4))
    assert len(pages) == 3
    for number, text in enumerate(pages):
        assert f"Page {number + 1} of {len(pages)}" in text
        assert "Not for diagnosis" in text
        assert text.count("90 % interval") == 1  # the head of the table, repeated
        assert "scan.png" in text
    shown = [f"Row {number:02}" for number in range(70) if f"Row {number:02}" in " ".join(pages)]
    assert len(shown) == 70


def test_nothing_is_drawn_beyond_the_foot_or_the_margins(content, pictures):
    long = replace(
        content,
        rows=tuple(
            replace(content.rows[0], key=str(n), name=f"A measurement with a long name {n} " * 5) for n in range(40)
        ),
        unmeasured=(("It needs what is not there.", "Ä measurement, " * 400),),
    )
    pages = lay_out(long, pictures, PaperSize.LETTER)
    for page in pages.pages:
        for placed in page:
            assert placed.top + placed.block.height(pages.width) <= 279.4 * MM - BOTTOM
    picture = page_picture(pdf_bytes(long, pictures, PaperSize.LETTER), 1)
    side = round(SIDE / MM * 4) - 2
    assert picture[:, :side].min() == picture[:, -side:].min() == 255


def test_the_image_lies_where_its_landmarks_are_drawn():
    """A film that is dark but for a bright spot: the circle of the landmark there is drawn around that spot."""
    voxels = np.zeros((200, 150), np.uint8)
    voxels[118:123, 88:93] = 255
    source = make_image(spacing_known=True).source
    image = Image(voxels, Grid.from_spacing((200, 150), 0.5), source)
    points_mm = image.grid.to_mm(np.array([[120.0, 90.0]]))
    landmarks = Landmarks(("Spot",), points_mm, status=(Status.CORRECTED,))
    pictures = pictures_of(image, landmarks, PlainNames("mm", {}, {}), levels=(0, 255))
    content = ReportContent("Spot", "", (("A", "B"),), (), (), (), "today")
    page = page_picture(pdf_bytes(content, pictures, PaperSize.A4), dots_per_mm=8).astype(int)
    yellow = (page[..., 0] > 200) & (page[..., 1] > 190) & (page[..., 2] < 130)
    white = (page.min(axis=-1) > 230) & _inside_dark(page)
    rows, columns = np.nonzero(yellow)
    near = white[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    spot = np.argwhere(near).mean(axis=0) + np.array([rows.min(), columns.min()])
    ring = (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2
    assert spot == pytest.approx(ring, abs=3)
    # and both where the page has that pixel of the film
    dark = np.argwhere(_inside_dark(page))
    top, left = dark.min(axis=0)
    bottom, right = dark.max(axis=0) + 1
    expected = top + (120.5 / 200) * (bottom - top), left + (90.5 / 150) * (right - left)
    assert ring == pytest.approx(expected, abs=3)


def _inside_dark(page):
    """Return where the film is: the rows and columns between the first and the last that are mostly black."""
    dark = page.max(axis=-1) < 60
    rows = np.nonzero(dark.mean(axis=1) > 0.3)[0]
    columns = np.nonzero(dark[rows.min() : rows.max() + 1].mean(axis=0) > 0.3)[0]
    inside = np.zeros(dark.shape, bool)
    inside[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    return inside


def test_the_file_says_nothing_of_image_or_person(content, pictures):
    pdf = pdf_bytes(content, pictures, PaperSize.A4)
    told = metadata(pdf)
    assert told["Title"] == "Cairn report"
    assert told["Creator"].startswith("Cairn ")
    assert told["Author"] == told["Subject"] == told["Keywords"] == ""
    for encoding in ("ascii", "utf-16-be"):  # what is not compressed: the file's own record
        assert "scan".encode(encoding) not in pdf
        assert "Müller".encode("latin-1" if encoding == "ascii" else encoding) not in pdf


def test_a_very_wide_image_keeps_its_proportions_and_has_the_facts_below(names, subject, analysis):
    image = make_image((60, 600), 0.5, spacing_known=True)
    landmarks = make_prediction(image).landmarks
    content = report_content(replace(subject, landmarks=landmarks, measured=measure(analysis, landmarks)))
    pictures = pictures_of(image, landmarks, names, levels=(500.0, 501.0))  # all of it is black
    page = page_picture(pdf_bytes(content, pictures, PaperSize.A4))
    inside = np.argwhere(_inside_dark(page))
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0) + 1
    assert (right - left) / (bottom - top) == pytest.approx(10, rel=0.03)
    assert (right - left) / 4 == pytest.approx(210 - 2 * SIDE / MM, abs=1)
    below = page[bottom + 4 :].min(axis=-1) < 128  # the facts
    assert below[: 4 * 25].any()


def test_a_volume_is_shown_by_three_slices(names, subject):
    image = make_image((30, 80, 60), 0.5, spacing_known=True)
    landmarks = make_prediction(image).landmarks
    pictures = pictures_of(image, landmarks, names)
    assert len(pictures) == 3
    assert all(picture.letters is not None for picture in pictures)
    text = texts(pdf_bytes(report_content(replace(subject, landmarks=landmarks)), pictures, PaperSize.A4))[0]
    for letter in "RLAPSI":
        assert f" {letter} " in f" {text} "


def test_landmarks_without_their_image_are_drawn_alone(landmarks, names, analysis, content):
    pictures = pictures_of(None, landmarks, names, analysis)
    assert len(pictures) == 1
    inside = pictures[0].plane.px_from_mm(landmarks.points_mm)
    assert (inside > 0).all()
    assert (inside < pictures[0].plane.size_px).all()
    assert "Me" in texts(pdf_bytes(content, pictures, PaperSize.A4))[0]
    assert pictures_of(None, Landmarks.unplaced(("A",), 2), names) == ()


def test_names_that_are_very_long_break_and_stay_on_the_page(content, pictures):
    name = "Röntgen_" + "x" * 300 + ".png"
    pdf = pdf_bytes(replace(content, case_name=name), pictures, PaperSize.A4)
    assert texts(pdf)[0].replace(" ", "").count(name) == 1
    side = round(SIDE / MM * 4) - 2
    assert page_picture(pdf)[:, -side:].min() == 255


def test_a_report_without_any_measurement_says_so(content, pictures):
    assert (
        "Nothing of this analysis could be measured here."
        in texts(pdf_bytes(replace(content, rows=()), pictures, PaperSize.A4))[0]
    )


def test_where_there_are_no_fonts_nothing_is_printed(content, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(QFontMetricsF, "inFont", lambda *_: False)
    with pytest.raises(AppError, match="no fonts on this computer"):
        write_report(content, pictures, PaperSize.A4, tmp_path / "a.pdf")
    assert not (tmp_path / "a.pdf").exists()


def test_a_folder_that_cannot_be_written_to_is_one_sentence(content, pictures, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AppError, match=r"a\.pdf cannot be written"):
        write_report(content, pictures, PaperSize.A4, tmp_path / "file" / "a.pdf")
