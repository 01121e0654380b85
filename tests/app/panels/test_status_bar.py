from dataclasses import replace

from app.panels.status_bar import StatusBar, image_facts
from core.values.image import SpacingSource
from tests.support.viewer_fixtures import make_image


def test_the_size_of_a_pixel_comes_with_its_source():
    image = make_image(spacing_mm=0.1, spacing_known=True)
    calibrated = replace(image, source=replace(image.source, spacing_source=SpacingSource.DICOM_CALIBRATED))
    assert image_facts(calibrated) == (
        "60 × 80 px   ·   0.1 mm per pixel (DICOM Pixel Spacing, calibrated or corrected for magnification)"
    )
    assert image_facts(image.with_spacing((0.2, 0.1))).endswith("0.1 × 0.2 mm per pixel (set by hand)")
    assert image_facts(make_image()).endswith("pixel size unknown: distances in px")


def test_the_model_is_named_with_its_version(opened, qtbot):
    bar = StatusBar(opened)
    qtbot.addWidget(bar)
    assert bar.texts().endswith("   ·   Test model 1")


def test_a_narrow_line_ends_in_dots_and_tells_the_rest_in_a_tip(opened, qtbot):
    bar = StatusBar(opened)
    qtbot.addWidget(bar)
    bar.resize(260, 24)
    bar.show()
    qtbot.waitExposed(bar)
    (facts,) = [label for label in bar.children() if label.metaObject().className() == "_ElidedLabel"]
    assert facts.text().endswith("…")
    assert facts.toolTip() == bar.texts()
    bar.resize(1500, 24)
    assert facts.text() == bar.texts()
    assert facts.toolTip() == ""


def test_it_tells_how_much_is_checked(opened, qtbot):
    bar = StatusBar(opened)
    qtbot.addWidget(bar)
    assert bar._checked.text() == "0 of 4 checked, 3 want an eye"
    for name in ("Sella", "Nasion", "Menton"):
        opened.editor.select(name)
        opened.editor.mark_absent()
    assert bar._checked.text() == "3 of 4 checked, 1 wants an eye"
    opened.checking.confirm_all()
    assert bar._checked.text() == "4 of 4 checked"
    opened.editor.undo()
    assert bar._checked.text() == "3 of 4 checked, 1 wants an eye"
