"""The command ``cairn report``, as a person types it: which files it makes of what, what they hold, and what it refuses."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from app.commands.cli import run, with_default_command
from core.images.file import write_image
from core.landmark_files.file import write_landmarks
from core.project.cases import Geometry, NewCase
from core.project.free_measurements import FreeKind, FreeMeasurement
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.image import SpacingSource
from core.values.landmarks import Status
from tests.app.commands.test_cli import imported_by
from tests.support.dicom_fixtures import SECRET, pixels, write_dicom
from tests.support.measuring_fixtures import write_own
from tests.support.pdf_pages import metadata, sizes_mm, texts
from tests.support.viewer_fixtures import make_image, make_prediction


@pytest.fixture(autouse=True)
def _application(qapp):
    """The tests' own application draws, in place of one for each command."""


@pytest.fixture
def own(tmp_path):
    return write_own(tmp_path)


@pytest.fixture
def film(tmp_path):
    """An image with its landmark file beside it."""
    return make_film(tmp_path / "film.png")


def make_film(path, *, size_in_file=True):
    image = make_image((80, 60), 0.5, spacing_known=size_in_file, path=str(path))
    write_image(image, path)
    found = replace(make_prediction(image).landmarks, radius_mm=np.full(4, 0.5, np.float32))
    write_landmarks(found, path.with_suffix(".csv"), image=image, model="Test model 1")
    return path


def cairn(*arguments, code=0):
    assert run(["report", *map(str, arguments)]) == code


def text_of(path):
    return " ".join(texts(path))


def test_the_command_is_found_and_imports_neither_qt_nor_torch_before_it_is_needed():
    assert with_default_command(["report", "x.png"])[0] == "report"
    imported = imported_by("import app.commands.report")
    assert not {"PySide6", "torch", "core.measuring.measure"} & imported


def test_an_image_is_reported_with_the_landmarks_beside_it(film, own, tmp_path, capsys):
    out = tmp_path / "out" / "film.pdf"
    cairn(film, "--analysis", own, "--out", out, "--paper", "letter")
    text = text_of(out)
    for words in (
        "My own",
        "film.png",
        "Angle at nasion",
        "4 found by the model",
        "Test model 1",
        "Basion",
        "Page 1 of",
    ):
        assert words in text
    assert sizes_mm(out)[0] == pytest.approx((215.9, 279.4), abs=0.3)
    assert metadata(out)["Title"] == "Cairn report"
    assert capsys.readouterr().out == f"Wrote {out}.\n"


def test_the_name_can_be_left_out(film, own, tmp_path):
    cairn(film, "--analysis", own, "--out", tmp_path / "a.pdf", "--no-name")
    assert "film" not in text_of(tmp_path / "a.pdf")


def test_landmarks_are_paired_with_images_by_their_names_or_as_the_only_ones(tmp_path, own):
    first, second = make_film(tmp_path / "a.png"), make_film(tmp_path / "b.png")
    (tmp_path / "marks").mkdir()
    moved = [path.with_suffix(".csv").rename(tmp_path / "marks" / f"{path.stem}.csv") for path in (first, second)]
    cairn(first, second, *moved, "--analysis", own, "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.pdf", "b.pdf"]
    other = moved[0].rename(tmp_path / "marks" / "other.csv")
    cairn(first, other, "--analysis", own, "--out", tmp_path / "one.pdf")
    assert "a.png" in text_of(tmp_path / "one.pdf")


def test_a_landmark_file_finds_its_image_beside_it_else_is_drawn_alone(film, own, tmp_path):
    marks = film.with_suffix(".csv")
    cairn(marks, "--analysis", own, "--out", tmp_path / "a.pdf")
    film.unlink()
    cairn(marks, "--analysis", own, "--out", tmp_path / "b.pdf")
    assert "film.png" in text_of(tmp_path / "a.pdf")
    assert "film.png" not in text_of(tmp_path / "b.pdf")
    assert "Test model 1" in text_of(tmp_path / "b.pdf")
    lengths = [re.findall(r"S–N ([\d.]+ mm)", text_of(tmp_path / name)) for name in ("a.pdf", "b.pdf")]
    assert lengths[0] == lengths[1] != []
    cairn(marks, "--picture", tmp_path / "b.png", code=2)


def test_a_pixel_size_is_taken_from_the_landmark_file_or_the_command(tmp_path, own):
    film = make_film(tmp_path / "film.png")
    write_image(make_image((80, 60)), film)  # the image forgets it
    cairn(film, "--analysis", own, "--out", tmp_path / "a.pdf")
    assert "0.5 mm (taken from the landmark file)" in text_of(tmp_path / "a.pdf")
    cairn(film, "--analysis", own, "--out", tmp_path / "b.pdf", "--spacing", "0.25")
    assert "0.25 mm (set by hand)" in text_of(tmp_path / "b.pdf")


def test_a_picture_is_as_large_as_the_image_or_larger(film, own, tmp_path):
    cairn(film, "--picture", tmp_path / "a.png")
    cairn(film, "--picture", tmp_path / "b.png", "--factor", 3, "--analysis", own)
    cairn(film, "--picture", tmp_path / "c.svg", "--analysis", own, "--out", tmp_path / "c.pdf")
    sizes = []
    for name in ("a.png", "b.png"):
        with PilImage.open(tmp_path / name) as picture:
            sizes.append(picture.size)
    assert sizes == [(60, 80), (180, 240)]
    assert 'width="30mm" height="40mm"' in (tmp_path / "c.svg").read_text(encoding="utf-8")
    assert (tmp_path / "c.pdf").is_file()


@pytest.fixture
def project(tmp_path):
    """A project of three cases: read by a person after a model, by a model, and by nobody."""
    path = tmp_path / "day.cairn"
    with Project.create(path) as made:
        films = [make_film(tmp_path / f"{name}.png", size_in_file=False) for name in ("one", "two", "three")]
        ids = made.add_cases([NewCase(film, film.stem) for film in films])
        for id_, by_person in zip(ids, (True, False), strict=False):
            image = make_image((80, 60)).with_spacing(0.5, SpacingSource.PERSON)
            geometry = Geometry.of(image)
            made.set_case_image(id_, geometry, "")
            found = make_prediction(image).landmarks
            made.save_reading(Reading(id_, Reader("Test model 1", ReaderKind.MODEL), found, geometry))
            if by_person:
                moved = found.with_point("Sella", found.point_mm("Sella") + 1, Status.CORRECTED)
                made.save_reading(Reading(id_, Reader("Käthe"), moved, geometry))
                points = ((5.0, 5.0), (5.0, 17.5))
                made.free_measurements.save(FreeMeasurement(id_, Reader("Käthe"), FreeKind.DISTANCE, points, geometry))
    return path


def test_a_project_gives_one_report_a_case(project, own, tmp_path, capsys):
    cairn(project, "--analysis", own, "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.pdf", "two.pdf"]
    one, two = text_of(tmp_path / "out" / "one.pdf"), text_of(tmp_path / "out" / "two.pdf")
    assert "Käthe" in one
    assert "1 found by the model and moved by a person" in one
    assert "0.5 mm (set by hand)" in one
    assert "Measured by hand Distance: 12.5 mm" in one
    assert "Measured by hand" not in two
    assert "Käthe" not in two
    assert "Test model 1" in two
    printed = capsys.readouterr()
    assert printed.out == "Wrote 2 reports of 2 images.\n"
    assert printed.err == "Left out, not read: three.\n"


def test_a_case_whose_image_is_gone_costs_no_other(project, own, tmp_path, capsys):
    (tmp_path / "one.png").unlink()
    cairn(project, "--analysis", own, "--out", tmp_path / "out", code=2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["two.pdf"]
    assert "cairn: one: one.png is no longer in" in capsys.readouterr().err


def test_one_reader_of_a_project_can_be_chosen(project, own, tmp_path):
    cairn(project, "--analysis", own, "--out", tmp_path / "k.pdf", "--reader", "Käthe")
    assert "one.png" in text_of(tmp_path / "k.pdf")


def test_a_volume_has_its_slices_in_the_report_and_no_flat_picture(tmp_path, capsys):
    path = tmp_path / "head.nii.gz"
    image = make_image((20, 80, 60), 0.5, spacing_known=True, path=str(path))
    write_image(image, path)
    write_landmarks(make_prediction(image).landmarks, tmp_path / "head.csv", image=image)
    own = write_own(tmp_path / "three", ndim=3)
    cairn(path, "--analysis", own, "--out", tmp_path / "v.pdf")
    assert " S " in text_of(tmp_path / "v.pdf")
    cairn(path, "--picture", tmp_path / "v.png", code=2)
    assert "head.nii.gz is a volume" in capsys.readouterr().err
    cairn(path, "--analysis", write_own(tmp_path), "--out", tmp_path / "w.pdf", code=2)
    assert "is 3D, but own measures 2D images" in capsys.readouterr().err
    assert not (tmp_path / "w.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Say with --out"),
        (("--out", "a.pdf"), "Say with --analysis"),
        (("--picture", "a.jpg"), "ends in .png or .svg"),
        (("--out", "a.pdf", "--analysis", "no such analysis"), "no such analysis"),
        (
            ("--out", "a.pdf", "--analysis", "steiner", "--population", "giants"),
            "has no norms of the population giants",
        ),
        (("--out", "a.pdf", "--analysis", "steiner", "--reader", "Anna"), "A reader is chosen from a project"),
        (
            ("--out", "a.pdf", "--analysis", "steiner", "--spacing", "1,2,3"),
            "--spacing gives 3 sizes, but film.png is 2D",
        ),
    ],
)
def test_what_does_not_go_together_is_one_sentence(film, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    cairn(film, *arguments, code=2)
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert sorted(tmp_path.iterdir()) == before


def test_several_images_need_a_folder(tmp_path, own, capsys):
    films = [make_film(tmp_path / name) for name in ("a.png", "b.png")]
    cairn(*films, "--analysis", own, "--out", tmp_path / "x.pdf", code=2)
    cairn(*films, "--picture", tmp_path / "x.png", code=2)
    (tmp_path / "deep").mkdir()
    twin = make_film(tmp_path / "deep" / "a.png")
    cairn(films[0], twin, "--analysis", own, "--out", tmp_path / "out", code=2)
    assert "Two images are called a" in capsys.readouterr().err


def test_an_image_without_landmarks_is_told_what_to_do(film, own, tmp_path, capsys):
    film.with_suffix(".csv").unlink()
    cairn(film, "--analysis", own, "--out", tmp_path / "a.pdf", code=2)
    assert "There are no landmarks of film.png. Give their file, too, or find them first" in capsys.readouterr().err


def test_what_a_report_is_made_of_is_never_replaced(film, own, tmp_path, capsys):
    before = film.read_bytes()
    cairn(film, "--picture", film, code=2)
    assert film.read_bytes() == before
    assert "is what the report is made of" in capsys.readouterr().err


def test_no_value_of_a_dicom_file_stands_in_report_or_picture(tmp_path, own):
    film = write_dicom(tmp_path / "film.dcm", pixels((80, 60)), PixelSpacing=[0.5, 0.5])
    landmarks = make_prediction(make_image((80, 60), 0.5, spacing_known=True)).landmarks
    write_landmarks(landmarks, tmp_path / "marks.csv")
    cairn(film, tmp_path / "marks.csv", "--analysis", own, "--out", tmp_path / "a.pdf", "--picture", tmp_path / "a.svg")
    text = text_of(tmp_path / "a.pdf")
    assert "0.5 mm (DICOM Pixel Spacing" in text
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    without_image = re.sub(r"base64,[^\"]*", "", drawn)
    for value in (*SECRET.split("^"), "4711"):
        assert value not in text
        assert value not in without_image
    assert str(tmp_path) not in text + drawn


@pytest.mark.realdata
def test_a_film_that_two_doctors_marked_fills_two_pages(tmp_path, monkeypatch):
    data = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / "cephalometric"
    if not data.is_dir():
        pytest.skip(f"the cephalometric data set is not at {data}; CAIRN_DATA says where its parent is")
    film, marks = data / "RawImage" / "TrainingData" / "141.jpg", data / "400_senior" / "141.txt"
    out = tmp_path / "film.pdf"
    options = ("--scheme", "cephalometric-19", "--spacing", "0.1", "--paper", "a4", "--out", out)
    cairn(film, marks, "--analysis", "jarabak", *options, "--picture", tmp_path / "film.png")
    first, second = texts(out)
    assert "Saddle angle" in first
    for page in (first, second):
        assert "Assessment" in page  # the head of the table
    assert "differences of readers tell" in second
    assert "19 placed by a person" in first
    with PilImage.open(tmp_path / "film.png") as picture:
        assert picture.size == (1935, 2400)
        assert picture.info["dpi"] == pytest.approx((254, 254), abs=0.1)


def run_alone(arguments, tmp_path, **more):
    """Run the command as a program of its own, without a screen."""
    script = "import sys; from app.commands.cli import run; sys.exit(run(sys.argv[1:]))"
    environment = {"PATH": "", "HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path), **more}
    command = [sys.executable, "-c", script, "report", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_it_draws_letters_where_there_is_no_screen(film, own, tmp_path):
    done = run_alone((film, "--analysis", own, "--out", tmp_path / "a.pdf"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Angle at nasion" in text_of(tmp_path / "a.pdf")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only fontconfig can be told to have no fonts")
def test_a_computer_without_fonts_is_told_so_and_no_boxes_are_drawn(film, own, tmp_path):
    config = tmp_path / "fonts.conf"
    config.write_text(f'<?xml version="1.0"?><fontconfig><cachedir>{tmp_path}/fonts</cachedir></fontconfig>')
    for option in ("--out", "--picture"):
        path = tmp_path / ("a.pdf" if option == "--out" else "a.svg")
        done = run_alone((film, "--analysis", own, option, path), tmp_path, FONTCONFIG_FILE=str(config))
        assert done.returncode == 2, done.stderr
        assert "There are no fonts on this computer" in done.stderr
        assert not path.exists()
