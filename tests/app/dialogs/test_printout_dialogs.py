"""What the dialogs of pictures and reports offer, and what they answer."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.dialogs.printout_dialogs import BURNT_IN, BURNT_IN_REPORT, PictureDialog, ReportDialog
from app.session.printouts import (
    LARGEST_PICTURE_PX,
    PaperSize,
    PictureForm,
    PictureOffer,
    PictureWish,
    ReportOffer,
    ReportWish,
    picture_form_of,
    usual_paper,
)

OFFER = PictureOffer(Path("/data/film-picture.png"), (1935, 2400), has_tracing=True, tracing=True)


def shown(qtbot, dialog):
    qtbot.addWidget(dialog)
    return dialog


def items(box):
    return [box.itemText(row) for row in range(box.count())]


def test_a_flat_image_is_offered_at_its_own_size_first(qtbot):
    dialog = shown(qtbot, PictureDialog(OFFER))
    assert items(dialog.size_box)[:2] == [
        "1935 × 2400 px (one for each of the image)", "3870 × 4800 px (2 along each of the image’s)",
    ]  # fmt: skip
    path = Path("/data/a.png")
    assert dialog.wish(path) == PictureWish(path, labels=True, tracing=True)
    dialog.size_box.setCurrentIndex(2)
    dialog.labels.setChecked(False)
    assert dialog.wish(path) == PictureWish(path, factor=3, labels=False, tracing=True)


def test_an_svg_of_it_has_no_size_to_choose(qtbot):
    dialog = shown(qtbot, PictureDialog(OFFER))
    dialog.size_box.setCurrentIndex(1)
    dialog.form.setCurrentIndex(1)
    assert dialog.picture_form is PictureForm.SVG
    assert not dialog.size_box.isEnabled()
    assert dialog.wish(Path("a.svg")).factor == 1


def test_a_volume_is_offered_in_sizes_of_its_own(qtbot):
    dialog = shown(qtbot, PictureDialog(replace(OFFER, is_volume=True)))
    assert dialog.wish(Path("a.png")).longest_px == 2400
    dialog.size_box.setCurrentIndex(2)
    dialog.form.setCurrentIndex(1)
    assert dialog.wish(Path("a.svg")) == PictureWish(Path("a.svg"), longest_px=4800, tracing=True)


def test_what_cannot_be_drawn_cannot_be_chosen(qtbot):
    dialog = shown(qtbot, PictureDialog(replace(OFFER, has_tracing=False, has_vectors=False, vectors=True)))
    assert not dialog.tracing.isEnabled()
    assert not dialog.wish(Path("a.png")).tracing
    assert not dialog.wish(Path("a.png")).vectors
    assert not dialog.free.isEnabled()
    assert not dialog.wish(Path("a.png")).free
    assert shown(qtbot, PictureDialog(replace(OFFER, has_free=True))).wish(Path("a.png")).free
    dialog.landmarks.setChecked(False)
    assert not dialog.labels.isEnabled()
    assert not dialog.wish(Path("a.png")).labels


def test_sizes_that_are_too_large_are_not_offered():
    assert replace(OFFER, size_px=(6000, 6000)).factors == (1,)
    width, height = OFFER.size_px
    assert all(width * height * factor**2 <= LARGEST_PICTURE_PX for factor in OFFER.factors)


@pytest.mark.parametrize(
    ("locale", "paper"),
    [
        ("en_US", PaperSize.LETTER), ("fr_CA", PaperSize.LETTER), ("de_DE", PaperSize.A4), ("en_GB", PaperSize.A4),
        ("es_MX.UTF-8", PaperSize.LETTER), ("C", PaperSize.A4), ("", PaperSize.A4),
    ],
)  # fmt: skip
def test_the_paper_is_the_usual_one_of_the_country(qtbot, locale, paper):
    dialog = shown(qtbot, ReportDialog(ReportOffer(Path("/data/a.pdf"), "scan.png", usual_paper(locale))))
    assert dialog.wish(Path("a.pdf")) == ReportWish(Path("a.pdf"), paper)


def test_the_name_can_be_left_out_and_a_long_one_does_not_widen_the_dialog(qtbot):
    dialog = shown(qtbot, ReportDialog(ReportOffer(Path("/a.pdf"), f"A & B {'x' * 300}.png", PaperSize.A4)))
    assert dialog.with_name.text().startswith("&Name the image: A && B xxx")
    assert dialog.sizeHint().width() < 900
    dialog.with_name.setChecked(False)
    assert not dialog.wish(Path("a.pdf")).with_name


def test_both_say_that_burnt_in_names_stay(qtbot):
    from PySide6.QtWidgets import QLabel

    report = ReportDialog(ReportOffer(Path("/a.pdf"), "a.png", PaperSize.A4))
    for dialog, line in ((PictureDialog(OFFER), BURNT_IN), (report, BURNT_IN_REPORT)):
        shown(qtbot, dialog)
        assert line in [label.text() for label in dialog.findChildren(QLabel)]


@pytest.mark.parametrize(
    ("name", "form"), [("a.PNG", PictureForm.PNG), ("a.b.svg", PictureForm.SVG), ("a.jpg", None), ("png", None)]
)
def test_the_suffix_says_the_form(name, form):
    assert picture_form_of(Path(name)) is form
