import errno
import os
from pathlib import Path

import numpy as np
import pytest

from app.session.questions import OnRuler, Unsaved
from app.session.view_state import Mode
from core.base.errors import LandmarkFileError
from core.images.file import write_image
from core.landmark_files.file import read_landmarks, write_landmarks
from core.values.landmarks import Status
from tests.support.viewer_fixtures import make_image


def px(controller, name):
    return controller.editor.plane.px_from_mm(controller.document.landmarks.point_mm(name))


def idle(controller, qtbot):
    qtbot.waitUntil(lambda: not controller.jobs.busy)


def messages(controller):
    return [message.text for message in controller.view_state.messages]


# Files of landmarks


def test_saving_asks_once_and_then_writes_to_the_same_file(opened, answers, tmp_path):
    answers.export = tmp_path / "out.csv"
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    assert opened.document.modified
    assert opened.save()
    assert not opened.document.modified
    opened.editor.nudge(1, 0)
    assert opened.save()
    assert answers.asked == ["export scan.csv"]
    written = read_landmarks(answers.export, image=opened.document.image)
    assert np.allclose(written.point_mm("Sella"), [12, 20])
    assert written.status[0] is Status.CORRECTED


def test_a_file_of_a_kind_that_is_only_read_is_not_saved_to(opened, answers, tmp_path):
    """Slicer's points under a plain .json are read; saving asks for a name instead of failing."""
    write_landmarks(opened.document.landmarks, tmp_path / "points.mrk.json", image=opened.document.image)
    plain = (tmp_path / "points.mrk.json").rename(tmp_path / "points.json")
    before = plain.read_bytes()
    opened.open_landmarks(plain)
    answers.export = tmp_path / "out.csv"
    assert opened.save()
    assert answers.asked == ["export scan.csv"]
    assert answers.errors == []
    assert answers.export.exists()
    assert plain.read_bytes() == before


def test_a_full_disk_loses_neither_the_old_file_nor_the_new_landmarks(opened, answers, tmp_path, monkeypatch):
    answers.export = tmp_path / "full" / "out.csv"
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    assert opened.save()
    before = answers.export.read_bytes()
    opened.editor.nudge(1, 0)
    write = Path.write_bytes

    def write_half(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full_disk:
        full_disk.setattr(Path, "write_bytes", write_half)
        assert not opened.save()
    (error,) = answers.errors
    assert isinstance(error, LandmarkFileError)
    assert "No space left on device" in error.message
    assert "another folder or disk" in error.hint
    assert answers.export.read_bytes() == before
    assert [path.name for path in answers.export.parent.iterdir()] == ["out.csv"]
    assert opened.document.modified
    answers.export = tmp_path / "elsewhere.csv"
    assert opened.export()
    assert not opened.document.modified
    assert np.allclose(read_landmarks(answers.export, image=opened.document.image).point_mm("Sella"), [12, 20])


def test_undoing_past_the_saved_state_is_a_change_and_redoing_is_none(opened, answers, tmp_path):
    answers.export = tmp_path / "out.csv"
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    opened.export()
    opened.editor.undo()
    assert opened.document.modified
    opened.editor.redo()
    assert not opened.document.modified


def test_a_file_that_cannot_be_written_is_told_and_the_work_stays_unsaved(opened, answers, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    answers.export = tmp_path / "folder.csv"
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    assert not opened.export()
    assert isinstance(answers.errors[0], LandmarkFileError)
    assert opened.document.modified


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
def test_every_format_opens_again(opened, answers, tmp_path, suffix):
    answers.export = answers.landmarks = tmp_path / f"out{suffix}"
    opened.editor.select("Sella")
    opened.editor.nudge(1.5, 0)
    moved = opened.document.landmarks.points_mm
    assert opened.export()
    opened.editor.nudge(5, 0)
    opened.ask_open_landmarks()
    assert np.allclose(opened.document.landmarks.points_mm, moved, atol=1e-3)
    assert not opened.document.modified
    opened.editor.undo()
    assert np.allclose(px(opened, "Sella"), [16.5, 20])


def test_a_damaged_landmark_file_changes_nothing(opened, answers, tmp_path):
    answers.landmarks = tmp_path / "bad.csv"
    answers.landmarks.write_text("name,x_mm\nSella,3\n")
    before = opened.document.landmarks
    opened.ask_open_landmarks()
    assert isinstance(answers.errors[0], LandmarkFileError)
    assert opened.document.landmarks is before


def test_landmarks_without_an_image_are_refused(controller, answers, tmp_path):
    controller.open_paths([tmp_path / "scan.csv"])
    assert "no image is open" in answers.errors[0].message


# Unsaved work


@pytest.fixture
def changed(opened):
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    return opened


def test_an_answer_of_the_model_alone_needs_no_saving(opened, answers, localize, qtbot):
    opened.editor.undo()
    assert not opened.document.modified
    opened.editor.redo()
    localize.shift_px = 4
    opened.start_localization()
    idle(opened, qtbot)
    assert opened.close()
    assert answers.asked == []


@pytest.mark.parametrize(
    ("answer", "closes", "written"),
    [(Unsaved.CANCEL, False, False), (Unsaved.DISCARD, True, False), (Unsaved.SAVE, True, True)],
)
def test_closing_asks_about_unsaved_work(changed, answers, tmp_path, answer, closes, written):
    answers.on_unsaved, answers.export = answer, tmp_path / "out.csv"
    assert changed.close() is closes
    assert answers.asked[0] == "unsaved scan.png"
    assert answers.export.exists() is written


def test_saving_that_is_given_up_keeps_the_window_open(changed, answers):
    answers.on_unsaved, answers.export = Unsaved.SAVE, None
    assert not changed.close()


def test_opening_another_image_asks_too(changed, answers, tmp_path, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    changed.open_paths([other])
    idle(changed, qtbot)
    assert changed.document.image.source.path.name == "scan.png"
    answers.on_unsaved = Unsaved.DISCARD
    changed.open_paths([other])
    idle(changed, qtbot)
    assert changed.document.image.source.path.name == "other.png"
    assert not changed.document.modified


def test_work_done_while_the_next_image_is_being_read_is_asked_about(opened, answers, tmp_path, qtbot):
    other = tmp_path / "other.png"
    write_image(make_image((30, 30)), other)
    opened.open_paths([other])
    opened.editor.select("Sella")
    opened.editor.nudge(1, 0)
    idle(opened, qtbot)
    assert answers.asked == ["unsaved scan.png"]
    assert opened.document.image.source.path.name == "scan.png"


def test_closing_while_localizing_cancels_and_waits(controller, scan, localize, qtbot):
    localize.gate.clear()
    controller.open_paths([scan])
    qtbot.waitUntil(localize.started.is_set)
    assert controller.close()
    assert localize.stopped.is_set()
    assert not controller.jobs.busy


# Pixel size


def test_setting_the_pixel_size_scales_the_landmarks_and_localizes_again(changed, answers, localize, qtbot):
    assert changed.document.unit == "px"
    answers.pixel_size = 0.5
    changed.ask_pixel_size()
    assert answers.asked[-1] == "pixel size None"
    assert changed.document.unit == "mm"
    assert np.allclose(changed.document.landmarks.point_mm("Sella"), [5.5, 10])
    assert changed.document.modified
    idle(changed, qtbot)
    assert len(localize.calls) == 2
    assert np.allclose(px(changed, "Sella"), [11, 20])
    assert np.allclose(changed.document.landmarks.point_mm("Gonion"), [20, 17.5])
    changed.ask_pixel_size()
    assert answers.asked[-1] == "pixel size 0.5"
    idle(changed, qtbot)


def test_saving_after_calibrating_makes_the_work_saved(changed, answers, tmp_path, qtbot):
    answers.pixel_size, answers.export = 0.5, tmp_path / "out.csv"
    changed.ask_pixel_size()
    idle(changed, qtbot)
    assert changed.export()
    assert not changed.document.modified


def test_a_ruler_of_known_length_gives_the_pixel_size(opened, answers, qtbot):
    answers.pixel_size, answers.ruler_mm = OnRuler.MEASURE, 10.0
    opened.ask_pixel_size()
    assert opened.view_state.mode is Mode.RULER
    opened.click_ruler((5, 5))
    assert opened.view_state.ruler_px == ((5, 5),)
    opened.click_ruler((29, 37))
    assert answers.asked[-1] == "ruler 40.0"
    assert opened.view_state.mode is Mode.NAVIGATE
    assert np.allclose(opened.document.image.grid.spacing_mm, 0.25)
    idle(opened, qtbot)


def test_two_clicks_on_one_spot_measure_nothing(opened, answers, qtbot):
    answers.pixel_size, answers.ruler_mm = OnRuler.MEASURE, 10.0
    opened.ask_pixel_size()
    opened.click_ruler((5, 5))
    opened.click_ruler((5, 5))
    assert opened.view_state.mode is Mode.NAVIGATE
    assert opened.document.unit == "px"
    assert not any(text.startswith("ruler") for text in answers.asked)


def test_absent_by_the_model_does_not_become_a_person_s_finding_by_calibrating(
    controller, answers, scan, localize, qtbot
):
    localize.absent = ("Sella",)
    controller.open_paths([scan])
    idle(controller, qtbot)
    localize.absent = ()
    answers.pixel_size = 0.5
    controller.ask_pixel_size()
    idle(controller, qtbot)
    assert controller.editor.is_located("Sella")
