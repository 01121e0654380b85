"""A file of 3D Slicer that was opened and corrected is saved into itself: nothing of it gets lost on the way."""

import json

import numpy as np

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


def test_a_slicer_file_is_saved_into_itself_even_if_it_vanished_meanwhile(opened, answers, tmp_path):
    path = tmp_path / "points.mrk.json"
    document = slicer_file(opened, path)
    opened.open_landmarks(path)
    path.unlink()
    opened.editor.select(NAMES[0])
    opened.editor.nudge(1, 0)
    assert opened.save()
    assert answers.asked == []
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["study"] == "pilot"
    points = saved["markups"][0]["controlPoints"]
    assert points[0]["position"] != document["markups"][0]["controlPoints"][0]["position"]
    assert [point["description"] for point in points] == ["by Ann"] * len(points)
    assert all(point["locked"] for point in points)
    read = read_landmarks(path, image=opened.document.image)
    np.testing.assert_allclose(read.points_mm, opened.document.landmarks.subset(read.names).points_mm)


def test_another_file_brings_its_own_template_and_another_pixel_size_does_not(opened, tmp_path):
    slicer_file(opened, tmp_path / "points.mrk.json")
    write_landmarks(opened.document.landmarks, tmp_path / "points.csv", image=opened.document.image)
    opened.open_landmarks(tmp_path / "points.mrk.json")
    assert opened.document.landmarks_template is not None
    opened.document.replace_image(opened.document.image.with_spacing(0.5), opened.document.landmarks)
    assert opened.document.landmarks_template is not None
    opened.open_landmarks(tmp_path / "points.csv")
    assert opened.document.landmarks_template is None
