"""Pictures and reports from the window: what is asked, what is written, and what is left out for whom."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PilImage

from app.session.printouts import PaperSize, PictureWish, ReportWish
from core.images.file import write_image
from core.project.free_measurements import FreeKind
from core.values.landmarks import Status
from tests.support.measuring_fixtures import write_own
from tests.support.pdf_pages import sizes_mm, texts
from tests.support.viewer_fixtures import idle, make_image, messages


@pytest.fixture
def measured(window, tmp_path, qtbot):
    """A window whose image is measured by an analysis of a person's own."""
    controller = window.controller
    controller.measuring.folder = tmp_path / "analyses"
    path = write_own(controller.measuring.folder)
    controller.measuring.read()
    idle(controller, qtbot)
    controller.measuring.choose(str(path))
    idle(controller, qtbot)
    return window


def ask(window, qtbot, id_):
    window.refresh()
    action = window.actions_by_id[id_]
    assert action.isEnabled()
    action.trigger()
    idle(window.controller, qtbot)


def test_a_picture_is_saved_at_the_resolution_of_the_image(measured, answers, tmp_path, qtbot):
    offers = []

    def answer(offer):
        offers.append(offer)
        return PictureWish(tmp_path / "a.png", factor=2, tracing=True)

    answers.pictures = answer
    ask(measured, qtbot, "file.picture")
    with PilImage.open(tmp_path / "a.png") as picture:
        assert picture.size == (120, 160)
    assert offers[0].suggestion == tmp_path / "scan-picture.png"
    assert offers[0].size_px == (60, 80)
    assert offers[0].has_tracing
    assert not offers[0].is_volume
    assert "Picture saved to a.png." in messages(measured.controller)


def test_what_is_not_wanted_is_not_drawn(measured, answers, tmp_path, qtbot):
    state = measured.controller.view_state
    state.levels = (0.0, 255.0)
    answers.pictures = lambda _: PictureWish(tmp_path / "bare.png", landmarks=False, labels=False)
    ask(measured, qtbot, "file.picture")
    with PilImage.open(tmp_path / "bare.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("L")), measured.controller.document.image.voxels)
    state.inverted = True
    ask(measured, qtbot, "file.picture")
    with PilImage.open(tmp_path / "bare.png") as picture:
        np.testing.assert_array_equal(255 - np.asarray(picture.convert("L")), measured.controller.document.image.voxels)


def test_votes_of_the_selected_landmark_can_be_drawn(measured, answers, tmp_path, qtbot):
    measured.controller.view_state.selected = "Sella"
    offers = []

    def answer(offer):
        offers.append(offer)
        return PictureWish(tmp_path / "a.png", factor=4, landmarks=False, vectors=len(offers) > 1)

    answers.pictures = answer
    ask(measured, qtbot, "file.picture")
    without = (tmp_path / "a.png").read_bytes()
    ask(measured, qtbot, "file.picture")
    assert offers[0].has_vectors
    assert (tmp_path / "a.png").read_bytes() != without


def test_the_image_itself_is_never_replaced(measured, answers, scan, qtbot):
    before = scan.read_bytes()
    answers.pictures = lambda _: PictureWish(scan)
    ask(measured, qtbot, "file.picture")
    assert scan.read_bytes() == before
    assert "scan.png is the image itself." in answers.errors[0].message


def test_a_report_says_what_the_panel_says(measured, answers, tmp_path, qtbot):
    offers = []

    def answer(offer):
        offers.append(offer)
        return ReportWish(tmp_path / "r.pdf", PaperSize.LETTER)

    answers.reports = answer
    ask(measured, qtbot, "file.report")
    assert offers[0].suggestion == tmp_path / "scan-own.pdf"
    assert offers[0].name == "scan.png"
    text = " ".join(texts(tmp_path / "r.pdf"))
    for row in measured.controller.measuring.rows:
        assert row.name in text
        assert row.value in text
    for words in ("scan.png", "Test model 1", "not known, so lengths are not measured", "4 found by the model"):
        assert words in text
    assert sizes_mm(tmp_path / "r.pdf")[0] == pytest.approx((215.9, 279.4), abs=0.3)
    assert "Report saved to r.pdf." in messages(measured.controller)


def test_a_report_can_leave_the_name_out(measured, answers, tmp_path, qtbot):
    answers.reports = lambda _: ReportWish(tmp_path / "r.pdf", PaperSize.A4, with_name=False)
    ask(measured, qtbot, "file.report")
    text = " ".join(texts(tmp_path / "r.pdf"))
    assert "My own" in text
    assert "scan" not in text


def test_who_reads_blind_prints_only_what_is_theirs(measured, answers, tmp_path, qtbot):
    controller = measured.controller
    controller.document.set_landmarks(controller.document.landmarks.with_status("Sella", Status.CONFIRMED))
    controller.cases._blind = True  # what the open image shows is brought later, by a job
    controller.measuring.refresh()
    controller.view_state.selected = "Nasion"
    offers = []

    def answer(offer):
        offers.append(offer)
        return PictureWish(tmp_path / "a.svg", vectors=True)

    answers.pictures = answer
    answers.reports = lambda _: ReportWish(tmp_path / "r.pdf", PaperSize.A4)
    ask(measured, qtbot, "file.picture")
    ask(measured, qtbot, "file.report")
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert drawn.count("<text") == 1
    assert not offers[0].has_vectors
    text = " ".join(texts(tmp_path / "r.pdf"))
    assert "Test model" not in text
    assert "1 found by the model, confirmed by a person; 3 not placed" in text


def test_what_was_measured_by_hand_is_in_both(measured, answers, tmp_path, qtbot):
    controller = measured.controller
    controller.free_measuring.toggle(FreeKind.DISTANCE)
    for point in ((10.0, 60.0), (40.0, 60.0)):
        controller.free_measuring.click(np.array(point))
    controller.leave_mode()
    (row,) = controller.free_measuring.rows
    offers = []

    def answer(offer):
        offers.append(offer)
        return PictureWish(tmp_path / f"{len(offers)}.svg", landmarks=False, labels=False, free=len(offers) == 1)

    answers.pictures = answer
    answers.reports = lambda _: ReportWish(tmp_path / "r.pdf", PaperSize.A4)
    for id_ in ("file.picture", "file.picture", "file.report"):
        ask(measured, qtbot, id_)
    assert offers[0].has_free
    assert f"{row.value}</text>" in (tmp_path / "1.svg").read_text(encoding="utf-8")
    assert "<text" not in (tmp_path / "2.svg").read_text(encoding="utf-8")
    text = " ".join(texts(tmp_path / "r.pdf"))
    assert f"Measured by hand Distance: {row.value}" in text
    assert text.count(row.value) == 2  # on the image and below the table


def test_who_thinks_better_of_it_gets_no_file(measured, answers, tmp_path, qtbot):
    before = sorted(tmp_path.rglob("*"))
    ask(measured, qtbot, "file.picture")
    ask(measured, qtbot, "file.report")
    assert sorted(tmp_path.rglob("*")) == before
    assert not answers.errors


def test_a_folder_that_takes_no_file_is_told(measured, answers, scan, qtbot):
    answers.pictures = lambda _: PictureWish(scan / "a.png")
    ask(measured, qtbot, "file.picture")
    assert "cannot be written" in answers.errors[0].message


def test_without_an_image_or_an_analysis_nothing_is_offered(empty_window):
    empty_window.refresh()
    assert not empty_window.actions_by_id["file.picture"].isEnabled()
    assert not empty_window.actions_by_id["file.report"].isEnabled()


def test_a_volume_is_drawn_as_its_panels_lie_on_the_screen(empty_window, answers, tmp_path, qtbot):
    path = tmp_path / "volume.nii.gz"
    write_image(make_image((20, 80, 60), 0.5, spacing_known=True), path)
    window = empty_window
    window.resize(1000, 700)
    window.controller.open_paths([path])
    qtbot.waitUntil(lambda: window.controller.document.image is not None)
    idle(window.controller, qtbot)
    qtbot.wait(30)
    offers = []

    def answer(offer):
        offers.append(offer)
        return PictureWish(tmp_path / f"a{len(offers)}.png", longest_px=1200)

    answers.pictures = answer
    ask(window, qtbot, "file.picture")
    assert offers[0].is_volume
    with PilImage.open(tmp_path / "a1.png") as picture:
        assert max(picture.size) == 1200
        shown = np.asarray(picture.convert("L"))
    quarters = [half for rows in np.array_split(shown, 2) for half in np.array_split(rows, 2, axis=1)]
    assert all(quarter.max() > 60 for quarter in quarters)  # something is drawn in each
    axial = window.viewer.views[window.controller.view_state.active]
    window.controller.navigator.toggle_maximised(list(window.viewer.panels)[1])
    qtbot.wait(30)
    ask(window, qtbot, "file.picture")
    with PilImage.open(tmp_path / "a2.png") as picture:
        assert picture.size[0] / picture.size[1] == pytest.approx(axial.width() / axial.height(), abs=0.02)
    assert replace(offers[0], suggestion=None) == replace(offers[1], suggestion=None)
