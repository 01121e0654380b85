"""A file of 3D Slicer that was opened and corrected is saved into itself: nothing of it gets lost on the way."""

import json

import numpy as np

from app.session.questions import PixelSize, Unsaved
from core.landmark_files.file import read_landmarks, write_landmarks
from tests.support.viewer_fixtures import NAMES


def slicer_file(controller, path):
    """Write what is open as Slicer's, as somebody else would have: with things in it that Cairn does not know."""
    write_landmarks(controller.document.landmarks, path, image=controller.document.image)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["study"] = "pilot"
    for point in document["markups"][0]["controlPoints"]:
        point |= {"description": "by Ann", "locked": True}
    path.write_text(json.dumps(document), encoding="utf-8")
    return document


def load(controller, path, qtbot):
    controller.landmark_opener.open(path)
    qtbot.waitUntil(lambda: not controller.jobs.busy)


def test_a_slicer_file_is_saved_into_itself_even_if_it_vanished_meanwhile(opened, answers, tmp_path, qtbot):
    path = tmp_path / "points.mrk.json"
    document = slicer_file(opened, path)
    load(opened, path, qtbot)
    path.unlink()
    opened.editor.select(NAMES[0])
    opened.editor.nudge(1, 0)
    opened.save()
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    assert answers.asked == []
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["study"] == "pilot"
    points = saved["markups"][0]["controlPoints"]
    assert points[0]["position"] != document["markups"][0]["controlPoints"][0]["position"]
    assert [point["description"] for point in points] == ["by Ann"] * len(points)
    assert all(point["locked"] for point in points)
    read = read_landmarks(path, image=opened.document.image)
    np.testing.assert_allclose(read.points_mm, opened.document.landmarks.subset(read.names).points_mm)


def test_another_file_brings_its_own_template_and_another_pixel_size_does_not(opened, answers, tmp_path, qtbot):
    slicer_file(opened, tmp_path / "points.mrk.json")
    write_landmarks(opened.document.landmarks, tmp_path / "points.csv", image=opened.document.image)
    load(opened, tmp_path / "points.mrk.json", qtbot)
    assert opened.document.landmarks_template is not None
    answers.size, answers.on_unsaved = PixelSize((0.5, 0.5)), Unsaved.DISCARD
    opened.ask_pixel_size()
    assert opened.document.landmarks_template is not None
    load(opened, tmp_path / "points.csv", qtbot)
    assert opened.document.landmarks_template.suffix == ".csv"
