"""Landmark files that a person opens: pixel sizes they bring, images they do not belong to, and what they must not replace."""

import json
import threading

import numpy as np
import pytest

from app.session import saved_work
from app.session.pixel_sizes import UNKNOWN
from app.session.questions import MmOfFile, PixelSize, Unsaved
from core.base.errors import LandmarkFileError
from core.images.file import read_image, write_image
from core.landmark_files.file import read_landmarks, write_landmarks
from core.values.image import SpacingSource
from core.values.landmarks import Status
from tests.support.viewer_fixtures import NAMES, idle, make_image, make_prediction, messages, px


def load(controller, path, qtbot):
    controller.landmark_opener.open(path)
    idle(controller, qtbot)


def edit(controller):
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)


@pytest.fixture
def elsewhere(tmp_path):
    """A folder in which files do not lie beside an image."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
def test_every_format_opens_again(opened, answers, elsewhere, suffix, qtbot):
    answers.save = answers.landmarks = elsewhere / f"out{suffix}"
    opened.editor.select("Sella")
    opened.editor.nudge(1.5, 0)
    moved = opened.document.landmarks.points_mm
    opened.save_as()
    idle(opened, qtbot)
    opened.editor.nudge(5, 0)
    answers.on_unsaved = Unsaved.DISCARD
    opened.ask_open_landmarks()
    idle(opened, qtbot)
    assert np.allclose(opened.document.landmarks.points_mm, moved, atol=1e-3)
    assert not opened.document.modified
    opened.editor.undo()
    assert np.allclose(px(opened, "Sella"), [16.5, 20])


def test_a_damaged_landmark_file_changes_nothing(opened, answers, elsewhere, qtbot):
    bad = elsewhere / "bad.csv"
    bad.write_text("name,x_mm\nSella,3\n")
    before = opened.document.landmarks
    load(opened, bad, qtbot)
    assert isinstance(answers.errors[0], LandmarkFileError)
    assert opened.document.landmarks is before


def test_landmarks_without_an_image_are_refused(controller, answers, tmp_path, qtbot):
    controller.open_paths([tmp_path / "scan.csv"])
    idle(controller, qtbot)
    assert "no image is open" in answers.errors[0].message


@pytest.mark.parametrize("answer", [Unsaved.CANCEL, Unsaved.DISCARD])
def test_opening_landmarks_over_unsaved_edits_asks(opened, answers, elsewhere, answer, qtbot):
    path = elsewhere / "points.csv"
    write_landmarks(opened.document.landmarks, path, image=opened.document.image)
    edit(opened)
    edited = opened.document.landmarks
    answers.on_unsaved = answer
    load(opened, path, qtbot)
    assert answers.asked == ["unsaved scan.png"]
    assert (opened.document.landmarks == edited) is (answer is Unsaved.CANCEL)


def test_undoing_an_opened_file_does_not_save_other_landmarks_into_it(opened, answers, elsewhere, qtbot):
    path = elsewhere / "points.csv"
    write_landmarks(opened.document.landmarks.without_point("Sella"), path, image=opened.document.image)
    before = path.read_bytes()
    load(opened, path, qtbot)
    assert opened.document.landmarks_path == path
    opened.editor.undo()
    assert opened.document.landmarks_path is None
    opened.save()
    idle(opened, qtbot)
    assert answers.asked == ["save as scan.csv"]
    assert path.read_bytes() == before
    opened.editor.redo()
    assert opened.document.landmarks_path == path


def test_a_search_that_runs_does_not_replace_what_was_opened(controller, scan, localize, elsewhere, qtbot):
    path = elsewhere / "points.csv"
    write_landmarks(make_prediction(make_image(), shift_px=3).landmarks, path, image=read_image(scan))
    localize.gate.clear()
    controller.open_paths([scan])
    qtbot.waitUntil(localize.started.is_set)
    controller.landmark_opener.open(path)
    qtbot.waitUntil(lambda: controller.document.landmarks_path == path)
    localize.gate.set()
    idle(controller, qtbot)
    assert np.allclose(px(controller, "Nasion"), [23, 25])


def test_a_drive_that_stalls_can_be_given_up(opened, elsewhere, monkeypatch, qtbot):
    gate, reached = threading.Event(), threading.Event()
    read = saved_work.read_landmark_file

    def wait(*arguments, **named):
        reached.set()
        assert gate.wait(10)
        return read(*arguments, **named)

    monkeypatch.setattr(saved_work, "read_landmark_file", wait)
    path = elsewhere / "points.csv"
    write_landmarks(opened.document.landmarks.without_point("Sella"), path, image=opened.document.image)
    before = opened.document.landmarks
    opened.landmark_opener.open(path)
    qtbot.waitUntil(reached.is_set)
    assert opened.view_state.progress.text == "Opening points.csv"
    opened.cancel_job()
    assert opened.view_state.progress is None
    gate.set()
    idle(opened, qtbot)
    assert opened.document.landmarks is before


# Names without positions


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json"])
def test_a_file_of_names_is_not_saved_over(opened, answers, elsewhere, suffix, qtbot):
    path = elsewhere / f"names{suffix}"
    landmarks = opened.document.landmarks
    for name in landmarks.names:
        landmarks = landmarks.with_point(name, [np.nan, np.nan], Status.UNPLACED)
    write_landmarks(landmarks.subset(NAMES[:2]), path, image=opened.document.image)
    before = path.read_bytes()
    load(opened, path, qtbot)
    assert set(opened.document.landmarks.status) == {Status.UNPLACED}
    opened.placing.toggle()
    opened.placing.place((7, 8))
    opened.save()
    idle(opened, qtbot)
    assert answers.asked == ["save as scan.csv"]
    assert path.read_bytes() == before


# Another image


@pytest.fixture
def others(tmp_path, elsewhere):
    """The landmark file of another image."""
    other, path = tmp_path / "other.png", elsewhere / "other.csv"
    write_image(make_image((70, 60)), other)
    image = read_image(other)
    write_landmarks(make_prediction(image, shift_px=3).landmarks, path, image=image)
    return path


def test_landmarks_of_another_image_are_asked_about_with_both_names(opened, answers, others, qtbot):
    before = opened.document.landmarks
    load(opened, others, qtbot)
    assert answers.asked == ["other.csv of other.png on scan.png"]
    assert opened.document.landmarks is before


def test_landmarks_of_another_image_are_not_saved_into_its_file(opened, answers, others, qtbot):
    before = others.read_bytes()
    answers.belongs = True
    load(opened, others, qtbot)
    assert np.allclose(px(opened, "Nasion"), [23, 25])
    edit(opened)
    opened.save()
    idle(opened, qtbot)
    assert answers.asked[-1] == "save as scan.csv"
    answers.save = others
    opened.save()
    idle(opened, qtbot)
    assert answers.asked[-1] == "overwrite other.csv (of other.png)"
    assert others.read_bytes() == before


def test_the_same_name_with_another_content_is_asked_about(opened, answers, tmp_path, elsewhere, qtbot):
    path = elsewhere / "scan.csv"
    write_image(make_image((70, 60)), elsewhere / "scan.png")
    image = read_image(elsewhere / "scan.png")
    write_landmarks(make_prediction(image).landmarks, path, image=image)
    load(opened, path, qtbot)
    assert answers.asked == ["scan.csv of another scan.png on scan.png"]


def test_landmarks_dropped_with_an_image_that_is_not_theirs_are_asked_about(controller, answers, scan, others, qtbot):
    controller.open_paths([scan, others])
    idle(controller, qtbot)
    assert answers.asked == ["other.csv of other.png on scan.png"]


# The pixel size


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
def test_the_pixel_size_a_file_was_written_with_is_taken_over(opened, answers, elsewhere, scan, suffix, qtbot):
    """An X-ray without a pixel size, its size set, saved, Cairn started again, the file opened."""
    path = elsewhere / f"points{suffix}"
    image = read_image(scan).with_spacing((0.2, 0.1))
    write_landmarks(make_prediction(image, shift_px=3).landmarks, path, image=image)
    steps = opened.undo_stack.count()
    load(opened, path, qtbot)
    assert answers.asked == []
    assert answers.errors == []
    assert opened.document.unit == "mm"
    assert opened.document.image.grid.spacing_mm.tolist() == pytest.approx([0.2, 0.1])
    assert opened.document.image.source.spacing_source is SpacingSource.LANDMARK_FILE
    assert np.allclose(px(opened, "Nasion"), [23, 25], atol=1e-2)
    assert np.allclose(opened.document.landmarks.point_mm("Nasion"), [2.3, 5.0], atol=1e-3)
    assert any("pixel size was taken over" in text for text in messages(opened))
    assert UNKNOWN not in messages(opened)
    assert not opened.document.modified
    assert opened.undo_stack.count() == steps + 1
    opened.editor.undo()
    assert opened.document.unit == "px"
    assert np.allclose(px(opened, "Nasion"), [20, 25])


@pytest.fixture
def of_slicer(elsewhere):
    """Points in mm, as 3D Slicer writes them: nothing says how large a pixel is."""
    path = elsewhere / "slicer.mrk.json"
    point = {"label": "Nasion", "position": [12.0, 15.0, 0.0], "positionStatus": "defined"}
    markups = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [point]}
    path.write_text(json.dumps({"markups": [markups]}), encoding="utf-8")
    return path


def test_mm_on_an_image_without_a_pixel_size_are_asked_about(opened, answers, of_slicer, qtbot):
    before = opened.document.landmarks
    load(opened, of_slicer, qtbot)
    assert answers.asked == ["mm of slicer.mrk.json"]
    assert answers.errors == []
    assert opened.document.landmarks is before


def test_mm_may_be_px_as_3d_slicer_means_it(opened, answers, of_slicer, qtbot):
    answers.mm = MmOfFile.ARE_PX
    load(opened, of_slicer, qtbot)
    assert np.allclose(px(opened, "Nasion"), [12, 15])
    assert opened.document.unit == "px"


def test_the_pixel_size_can_be_set_before_mm_are_read(opened, answers, of_slicer, localize, qtbot):
    answers.mm, answers.size = MmOfFile.NEED_PIXEL_SIZE, PixelSize((0.5, 0.5))
    load(opened, of_slicer, qtbot)
    assert np.allclose(px(opened, "Nasion"), [24, 30])
    assert len(localize.calls) == 1  # the file says where they are
    assert opened.document.landmarks_path == of_slicer


def test_what_was_read_can_be_saved_again_unasked(opened, answers, elsewhere, qtbot):
    path = elsewhere / "points.csv"
    write_landmarks(opened.document.landmarks, path, image=opened.document.image)
    load(opened, path, qtbot)
    edit(opened)
    opened.save()
    idle(opened, qtbot)
    assert answers.asked == []
    assert np.allclose(read_landmarks(path, image=opened.document.image).point_mm("Sella"), [11, 20])
