"""A drive that stalls must not stop the window: nothing that lies on a person's disk is touched in the main thread."""

import os
import threading

import pytest

from app.desk.learning_files import LearnWish
from app.desk.trusted_models import TrustedModels
from app.dialogs.shapes_window import ShapesWindow
from app.session.comparing_shapes import ComparingShapes
from app.session.controller import Controller
from app.session.printouts import PaperSize, PictureWish, ReportWish
from app.window.printouts import Printouts
from core.images.file import write_image
from tests.support.learning_fixtures import Course, make_marked_project
from tests.support.measuring_fixtures import write_own
from tests.support.shape_fixtures import configurations, write_shapes
from tests.support.viewer_fixtures import make_image, make_model_file

CALLS = ("open", "stat", "lstat", "listdir", "scandir", "mkdir", "rename", "replace", "unlink", "chmod", "access")


@pytest.fixture
def touched(tmp_path, monkeypatch):
    """What the main thread has done under the test's folder."""
    seen = []

    def watched(name, call):
        def wrapper(path, *arguments, **named):
            is_main = threading.current_thread() is threading.main_thread()
            if is_main and isinstance(path, (str, os.PathLike)) and str(path).startswith(str(tmp_path)):
                seen.append(f"{name} {path}")
            return call(path, *arguments, **named)

        return wrapper

    for name in CALLS:
        monkeypatch.setattr(os, name, watched(name, getattr(os, name)))
    for module in ("builtins", "io"):
        monkeypatch.setattr(f"{module}.open", watched("open", open))
    return seen


def test_the_watch_sees_what_is_done(touched, tmp_path):
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "a.txt").stat()
    assert any(call.startswith("open") for call in touched)
    assert any(call.startswith("stat") for call in touched)


def test_opening_saving_and_choosing_a_model_touch_no_disk_in_the_main_thread(
    controller, answers, tmp_path, request, qtbot
):
    def idle():
        qtbot.waitUntil(lambda: not controller.jobs.busy)

    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        write_image(make_image(), path)
    answers.model = make_model_file(tmp_path / "other.pt", name="Other")
    answers.save = tmp_path / "0.csv"
    touched = request.getfixturevalue("touched")
    controller.open_paths(paths)
    idle()
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    controller.save()
    idle()
    controller.editor.nudge(1, 0)
    controller.save()
    idle()
    controller.ask_model()
    idle()
    controller.opener.open_neighbour(1)
    idle()
    controller.opener.open_neighbour(-1)
    idle()
    controller.landmark_opener.open(answers.save)
    idle()
    assert answers.errors == []
    assert controller.document.landmarks_path == answers.save
    assert controller.document.model_info.name == "Other"
    assert touched == []


def test_comparing_shapes_and_saving_tables_and_pictures_touch_no_disk_in_the_main_thread(
    controller, tmp_path, request, qtbot
):
    write_shapes(tmp_path / "study.cairn", configurations(), images=True)
    touched = request.getfixturevalue("touched")
    controller.projects.open(tmp_path / "study.cairn")
    qtbot.waitUntil(lambda: controller.desk.project is not None and not controller.jobs.busy)
    comparing = ComparingShapes(
        controller.desk, controller.document, controller.editor, controller.view_state, controller.jobs,
        is_blind=lambda: False, open_case=controller.case_opener.open, analyses=lambda: (tmp_path, (), {}),
    )  # fmt: skip
    window = ShapesWindow(comparing, lambda: tmp_path / "tables", lambda name: tmp_path / name, lambda names: False)
    qtbot.addWidget(window)
    comparing.refresh()
    qtbot.waitUntil(lambda: comparing.study is not None)
    comparing.go_to(comparing.study.cases[3].id, ("Sella", "Nasion"))
    qtbot.waitUntil(lambda: controller.view_state.selected == "Sella" and not controller.jobs.busy)
    window.save_tables.click()
    qtbot.waitUntil(lambda: window.told.text().startswith("Wrote"))
    window.save_picture.click()
    qtbot.waitUntil(lambda: window.told.text() == "Saved shape-space.png.")
    assert touched == []
    controller.desk.close()


def test_saving_a_picture_and_a_report_touches_no_disk_in_the_main_thread(opened, answers, tmp_path, request, qtbot):
    def idle():
        qtbot.waitUntil(lambda: not opened.jobs.busy)

    measuring = opened.measuring
    measuring.folder = tmp_path / "analyses"
    own = write_own(measuring.folder)
    measuring.read()
    idle()
    measuring.choose(str(own))
    idle()
    answers.pictures = lambda _: PictureWish(tmp_path / "a.svg", tracing=True)
    answers.reports = lambda _: ReportWish(tmp_path / "a.pdf", PaperSize.A4)
    touched = request.getfixturevalue("touched")
    printouts = Printouts(opened, None)  # what a volume's panels are; of a picture nobody asks
    printouts.ask_picture()
    idle()
    printouts.ask_report()
    idle()
    assert touched == []
    assert (tmp_path / "a.svg").is_file()
    assert (tmp_path / "a.pdf").is_file()


@pytest.mark.slow
def test_learning_and_deciding_touch_no_disk_in_the_main_thread(qapp, answers, localize, tmp_path, request, qtbot):
    course = Course(make_model_file(tmp_path / "learnt.pt", name="wing"))
    course.ways = "done"
    answers.learns = lambda _: LearnWish(30.0)
    controller = Controller(answers, localize=localize, start_learning=course)
    path = make_marked_project(tmp_path / "wings.cairn")
    controller.models.trusted = TrustedModels(tmp_path / "trusted-models.txt")
    touched = request.getfixturevalue("touched")
    controller.projects.open(path)
    qtbot.waitUntil(lambda: controller.desk.project is not None and not controller.jobs.busy)
    controller.learning.ask()
    qtbot.waitUntil(lambda: controller.learning.waiting is not None, timeout=20_000)
    model = controller.learning.waiting
    for decide in (controller.models.use, controller.models.keep, controller.models.discard):
        decide(model)
        qtbot.waitUntil(lambda: not controller.jobs.busy and controller.desk.pending == 0)
        qtbot.wait(50)
    assert controller.desk.project.models.all() == []
    assert touched == []
    controller.jobs.shut_down()
    controller.desk.close()
