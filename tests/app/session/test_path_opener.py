"""Files of landmarks that name their images: dropped, named on the command line, chosen in a dialog."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from core.images.file import write_image
from core.project import found_cases
from core.project.readings import Reader, ReaderKind
from core.project.store import Project
from tests.support.desk_windows import ANNA
from tests.support.viewer_fixtures import make_image, messages

POINTS = {"a": (1.0, 2.0), "b": (3.0, 4.0), "c": (5.0, 6.0)}


@pytest.fixture
def wings(tmp_path):
    """A TPS file of three tiny images, two landmarks each, y upwards."""
    folder = tmp_path / "wings"
    folder.mkdir()
    lines = []
    for name, (x, y) in POINTS.items():
        write_image(make_image((20, 30)), folder / f"{name}.png")
        lines += ["LM=2", f"{x} {y}", "7 8", f"IMAGE={name}.png", f"ID={name}"]
    path = folder / "wings.tps"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def names(controller):
    project = controller.desk.project
    return [case.name for case in project.cases(project.case_ids())]


def open_in(controller, windows, *paths):
    controller.open_paths(list(paths))
    windows.settle(controller)


def test_dropping_a_tps_file_brings_its_images_with_their_landmarks(windows, wings):
    controller = windows.new()
    open_in(controller, windows, wings)
    project = controller.desk.project
    assert controller.questions.errors == []
    assert names(controller) == ["a", "b", "c"]
    assert "Added 3 images with 3 readings of Anna from wings.tps." in messages(controller)
    for case_id, (x, y) in zip(project.case_ids(), POINTS.values(), strict=True):
        reading = project.reading(case_id, ANNA)
        assert reading.geometry.grid.to_index(reading.landmarks.points_mm)[0] == pytest.approx([20 - y, x])
    assert controller.document.image.source.path.name == "a.png"
    assert controller.document.landmarks.names == ("1", "2")
    assert controller.document.landmarks.located.all()
    assert controller.search._localize.calls == []  # no model of other landmarks is asked
    controller.open_neighbour(1)
    windows.settle(controller)
    assert controller.document.image.source.path.name == "b.png"
    assert controller.document.landmarks.located.all()


def test_a_tps_file_can_be_named_on_the_command_line(windows, wings):
    controller = windows.new(wings)
    assert names(controller) == ["a", "b", "c"]
    assert controller.document.image.source.path.name == "a.png"


def test_before_it_is_known_who_reads_the_landmarks_are_imported_ones_and_shown(windows, wings):
    controller = windows.new(wings.parent / "a.png")
    controller.desk.reader_is_known = False
    open_in(controller, windows, wings)
    assert Reader("imported") in controller.desk.project.readers()
    assert controller.document.image.source.path.name == "a.png"
    assert controller.document.landmarks.names == ("1", "2")
    assert controller.document.landmarks.located.all()


def test_a_tps_file_goes_into_the_project_that_is_named_with_it(windows, wings, tmp_path):
    Project.create(tmp_path / "study.cairn").close()
    controller = windows.new(tmp_path / "study.cairn", wings)
    assert controller.projects.name == "study"
    assert names(controller) == ["a", "b", "c"]


def test_open_image_and_add_images_take_it_too(windows, wings, images):
    controller = windows.new()
    controller.questions.image = wings
    controller.ask_open_image()
    windows.settle(controller)
    assert names(controller) == ["a", "b", "c"]
    other = windows.new(images[0])
    other.questions.added = (wings,)
    other.ask_add_images()
    windows.settle(other)
    assert names(other)[1:] == ["a", "b", "c"]
    assert other.document.image.source.path == images[0]


def test_images_that_are_missing_are_named_and_the_others_opened(windows, wings):
    (wings.parent / "b.png").unlink()
    (wings.parent / "c.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    controller = windows.new()
    open_in(controller, windows, wings)
    assert names(controller) == ["a"]
    (told,) = [text for text in messages(controller) if "wings.tps names 1 image" in text]
    assert "b.png" in told
    assert "c.png" in told
    assert told.startswith("Added 1 image with 1 reading of Anna")


def test_without_any_of_its_images_one_sentence_names_the_first_few(windows, wings):
    for name in POINTS:
        (wings.parent / f"{name}.png").unlink()
    controller = windows.new()
    open_in(controller, windows, wings)
    (error,) = controller.questions.errors
    assert "None of the images that wings.tps names lies beside it or below its folder: a.png, b.png, c.png." in str(
        error
    )
    assert names(controller) == []


def test_images_may_lie_elsewhere_where_they_are_opened_with_it_or_were_before(windows, wings, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = [(wings.parent / f"{name}.png").rename(elsewhere / f"{name}.png") for name in POINTS]
    controller = windows.new()
    open_in(controller, windows, wings, *moved)
    assert names(controller) == ["a", "b", "c"]
    assert all(controller.desk.project.reading(id_, ANNA) for id_ in controller.desk.project.case_ids())
    controller.desk.reader = Reader("Ben")
    windows.settle(controller)
    controller.questions.added = (wings,)
    controller.ask_add_images()
    windows.settle(controller)
    assert controller.questions.errors == []
    assert "Added 3 readings of Ben from wings.tps." in messages(controller)


def test_a_list_of_cases_brings_its_images_with_groups_and_landmarks_and_names_the_wrong_lines(windows, wings):
    folder = wings.parent
    (folder / "a.txt").write_text("\n".join(f"{k},{k}" for k in range(19)), encoding="utf-8")
    listed = folder / "list.csv"
    listed.write_text("image,landmarks,reader,group\na.png,a.txt,Eve,p1\nb.png,,,p2\ngone.png,,,\n", encoding="utf-8")
    controller = windows.new()
    open_in(controller, windows, listed)
    project = controller.desk.project
    assert names(controller) == ["a", "b"]
    assert [case.patient_group for case in project.cases(project.case_ids())] == ["p1", "p2"]
    assert project.reading(project.case_ids()[0], Reader("Eve")).landmarks.located.all()
    assert any("line 4" in said and "gone.png" in said for said in messages(controller))
    assert controller.document.image.source.path.name == "a.png"


def test_the_folder_of_the_challenge_brings_the_lists_of_both_doctors(windows, tmp_path):
    for folder in ("RawImage/Test1Data", "400_senior", "400_junior"):
        (tmp_path / "isbi" / folder).mkdir(parents=True)
    write_image(make_image((40, 30)), tmp_path / "isbi/RawImage/Test1Data/151.png")
    for shift, reader in enumerate(("senior", "junior")):
        text = "\n".join(f"{k + shift},{k}" for k in range(19))
        (tmp_path / f"isbi/400_{reader}/151.txt").write_text(text, encoding="utf-8")
    controller = windows.new()
    open_in(controller, windows, tmp_path / "isbi")
    project = controller.desk.project
    assert [reading.reader.name for reading in project.readings(project.case_ids()[0])] == ["senior", "junior"]


def test_nothing_that_the_reader_said_is_overwritten_and_the_open_case_shows_what_came(windows, wings):
    controller = windows.new(wings.parent / "a.png")
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    before = controller.desk.project.reading(1, ANNA).landmarks
    open_in(controller, windows, wings)
    assert controller.desk.project.reading(1, ANNA).landmarks.points_mm == pytest.approx(before.points_mm, nan_ok=True)
    assert any("Anna said something else of 1 case before, which stays." in text for text in messages(controller))
    other = windows.new(wings.parent / "a.png", reader=Reader("Clara"))
    open_in(other, windows, wings)
    assert other.document.landmarks.names == ("1", "2")
    assert other.document.landmarks.located.all()


def test_a_file_of_the_open_image_alone_is_laid_on_it_as_ever(windows, wings, tmp_path):
    alone = wings.with_name("a.tps")
    alone.write_text("LM=2\n1 2\n7 8\nIMAGE=a.png\n", encoding="utf-8")
    controller = windows.new(wings.parent / "a.png")
    open_in(controller, windows, alone)
    assert names(controller) == ["a"]
    assert controller.document.landmarks_path == alone
    other = windows.new()
    open_in(other, windows, alone)
    assert other.document.image.source.path.name == "a.png"


def test_coco_of_a_model_is_the_models_and_a_damaged_file_gets_a_sentence(windows, wings):
    coco = wings.with_name("coco.json")
    keypoints = [{"id": 1, "name": "wing", "keypoints": ["p", "q"]}]
    images = [{"id": row, "file_name": f"{name}.png", "width": 30, "height": 20} for row, name in enumerate(POINTS)]
    marks = [{"id": row, "image_id": row, "category_id": 1, "keypoints": [4, 5, 2, 6, 7, 2]} for row in range(3)]
    coco.write_text(json.dumps({"images": images, "annotations": marks, "categories": keypoints}), encoding="utf-8")
    controller = windows.new()
    open_in(controller, windows, coco)
    assert names(controller) == ["a", "b", "c"]
    assert controller.document.landmarks.names == ("p", "q")
    assert all(reader.kind is ReaderKind.PERSON for reader in controller.desk.project.readers())
    wings.write_text("LM=2\n1 2\nIMAGE=a.png\n", encoding="utf-8")
    other = windows.new()
    open_in(other, windows, wings)
    assert "wings.tps" in str(other.questions.errors[-1])
    assert "no image is open" not in str(other.questions.errors[-1])


def test_reading_many_images_can_be_cancelled(windows, wings, monkeypatch):
    gate, begun, read = threading.Event(), [], found_cases.read_image

    def wait(path, **named):
        begun.append(path)
        assert gate.wait(10)
        return read(path, **named)

    monkeypatch.setattr(found_cases, "read_image", wait)
    controller = windows.new()
    controller.open_paths([wings])
    windows.qtbot.waitUntil(lambda: bool(begun))
    controller.cancel_job()
    gate.set()
    windows.settle(controller)
    assert len(begun) == 1
    assert names(controller) == []
    assert controller.view_state.progress is None
    assert controller.questions.errors == []


@pytest.mark.realdata
@pytest.mark.slow
def test_the_fly_wings_open_from_their_tps_file(windows):
    parent = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
    path = parent / "fly_wings" / "wings.tps"
    if not path.is_file():
        pytest.skip(f"the data set fly_wings is not at {path.parent}; CAIRN_DATA says where its parent is")
    controller = windows.new(path)
    project = controller.desk.project
    assert len(project.case_ids()) == path.read_text(encoding="utf-8").count("IMAGE=") == 58
    assert controller.document.image.source.path.name == "63001.jpg"
    image, landmarks = controller.document.image, controller.document.landmarks
    first = np.array([float(part) for part in path.read_text(encoding="utf-8").splitlines()[1].split()])
    assert image.grid.to_index(landmarks.points_mm)[0] == pytest.approx([image.grid.shape[0] - first[1], first[0]])
    assert set(project.readers()) == {ANNA}
