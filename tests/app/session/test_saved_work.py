"""Work that was saved comes back with its image."""

import os

import numpy as np
import pytest

from core.images.file import read_image, write_image
from core.landmark_files.file import write_landmarks
from core.values.landmarks import Author, Status
from tests.support.viewer_fixtures import NAMES, idle, make_image, make_prediction, messages


def go(controller, step, qtbot):
    controller.opener.open_neighbour(step)
    idle(controller, qtbot)


def judge(controller):
    """Say something about each landmark."""
    editor = controller.editor
    editor.select("Sella")
    editor.nudge(1, 0)
    controller.checking.confirm()
    for name in ("Nasion", "Menton"):
        editor.select(name)
        controller.checking.confirm()
    editor.select("Gonion")
    editor.mark_absent()


@pytest.fixture
def walked(controller, tmp_path, qtbot):
    """A controller with the first of three images."""
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        write_image(make_image((80 + number, 60)), path)
    controller.open_paths(paths)
    idle(controller, qtbot)
    return controller


@pytest.mark.parametrize("name", ["0.csv", "0.mrk.json", "0.fcsv", "elsewhere/anything.csv"])
def test_what_was_saved_is_there_again_after_going_on_and_coming_back(walked, answers, localize, tmp_path, name, qtbot):
    judge(walked)
    done = walked.document.landmarks
    answers.save = tmp_path / name
    walked.save()
    idle(walked, qtbot)
    written = answers.save.read_bytes()
    go(walked, 1, qtbot)
    calls = len(localize.calls)
    go(walked, -1, qtbot)
    landmarks = walked.document.landmarks
    assert landmarks.names == NAMES
    assert landmarks.status == (*[Status.CONFIRMED] * 3, Status.ABSENT)
    assert landmarks.author == (Author.PERSON, Author.MODEL, Author.MODEL, Author.PERSON)
    assert np.allclose(landmarks.points_mm, done.points_mm, atol=1e-2, equal_nan=True)
    assert len(localize.calls) == calls
    assert not walked.document.modified
    assert walked.undo_stack.count() == 0
    assert any(answers.save.name in text for text in messages(walked))
    asked = list(answers.asked)
    walked.save()
    idle(walked, qtbot)
    assert answers.asked == asked
    assert answers.save.read_bytes() == written


def test_the_model_still_answers_on_request_and_keeps_what_was_decided(walked, answers, localize, tmp_path, qtbot):
    judge(walked)
    walked.editor.select("Nasion")
    walked.editor.revert()
    answers.save = tmp_path / "0.csv"
    walked.save()
    idle(walked, qtbot)
    go(walked, 1, qtbot)
    go(walked, -1, qtbot)
    before = walked.document.landmarks
    localize.shift_px = 4
    walked.start_localization()
    idle(walked, qtbot)
    after = walked.document.landmarks
    decided = ["Sella", "Menton", "Gonion"]
    assert after.subset(decided) == before.subset(decided)
    assert after.point_mm("Nasion")[0] == pytest.approx(before.point_mm("Nasion")[0] + 4)
    assert walked.document.prediction.fields


def save_beside(path, image, name="scan.csv", shift_px=3.0):
    file = path.with_name(name)
    landmarks = make_prediction(image, shift_px=shift_px).landmarks
    write_landmarks(landmarks.with_status("Sella", Status.CONFIRMED), file, image=image)
    return file


def test_another_start_of_cairn_finds_the_work_too_with_its_pixel_size(controller, scan, localize, qtbot):
    file = save_beside(scan, read_image(scan).with_spacing((0.2, 0.1)))
    controller.open_paths([scan])
    idle(controller, qtbot)
    document = controller.document
    assert localize.calls == []
    assert document.landmarks.status[0] is Status.CONFIRMED
    assert document.unit == "mm"
    assert np.allclose(controller.editor.plane.px_from_mm(document.landmarks.point_mm("Nasion")), [23, 25], atol=1e-2)
    assert document.landmarks_path == file
    assert not document.modified


def test_the_latest_of_several_files_is_taken(controller, scan, qtbot):
    image = read_image(scan)
    older, newer = save_beside(scan, image, "scan.csv"), save_beside(scan, image, "scan.mrk.json", 5.0)
    os.utime(older, (1e9, 1e9))
    os.utime(newer, (2e9, 2e9))
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert controller.document.landmarks_path == newer


def test_a_file_of_another_image_beside_this_one_is_named_and_not_opened(
    controller, answers, scan, localize, tmp_path, qtbot
):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "scan.png"
    write_image(make_image((70, 60)), other)
    save_beside(scan, read_image(other))
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert len(localize.calls) == 1
    (message,) = [message for message in controller.view_state.messages if "scan.csv" in message.text]
    assert "It was not opened." in message.text
    controller.save_as()
    idle(controller, qtbot)
    assert answers.asked == ["save as scan 2.csv"]
    answers.belongs = True
    message.actions[0].trigger()
    idle(controller, qtbot)
    assert controller.document.landmarks.status[0] is Status.CONFIRMED


def test_some_table_with_the_name_of_the_image_is_left_alone(controller, answers, scan, localize, qtbot):
    scan.with_name("scan.csv").write_text("date;weight\n1;2\n", encoding="utf-8")
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert answers.errors == []
    assert len(localize.calls) == 1


def test_a_list_of_names_beside_an_image_is_no_work(controller, scan, localize, qtbot):
    scan.with_name("scan.csv").write_text("name,x_px,y_px,status\nSella,,,unplaced\n", encoding="utf-8")
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert len(localize.calls) == 1
    assert controller.document.landmarks_path is None


def test_work_saved_under_a_numbered_name_is_found_too(controller, answers, scan, localize, qtbot):
    """A picture and a photograph of one name: both want scan.csv, and the second one gets scan 2.csv."""
    other = scan.with_suffix(".tif")
    write_image(make_image((70, 60)), other)
    save_beside(other, read_image(other))
    controller.open_paths([scan])
    idle(controller, qtbot)
    judge(controller)
    answers.save_path = lambda suggestion: suggestion
    controller.save()
    idle(controller, qtbot)
    assert controller.document.landmarks_path.name == "scan 2.csv"
    controller.saver._files.clear()  # as after another start
    calls = len(localize.calls)
    controller.open_paths([scan])
    idle(controller, qtbot)
    assert controller.document.landmarks_path.name == "scan 2.csv"
    assert controller.document.landmarks.status[0] is Status.CONFIRMED
    assert len(localize.calls) == calls
