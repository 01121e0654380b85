"""Who reads is asked once: not at the start, but when a person first says something."""

import pytest

from app.desktop.settings import Settings
from app.window.main_window import MainWindow
from core.project.readings import Reader
from tests.support.desk_windows import ANNA

AB = Reader("AB")


def opened(windows, images, answer):
    controller = windows.new(*images[:2])
    controller.desk.reader_is_known = False
    controller.questions.reader = answer
    return controller


def edit(windows, controller, name="Sella"):
    controller.editor.select(name)
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    return controller.document.landmarks


def test_the_first_step_is_kept_under_the_name_that_is_given_and_nobody_is_asked_again(windows, images):
    controller = opened(windows, images, "AB")
    assert controller.questions.asked == []
    left = edit(windows, controller)
    assert controller.questions.asked == ["reader Anna"]
    assert controller.document.landmarks == left, "it is shown as it was left"
    assert controller.desk.project.reading(1, AB).landmarks == left
    assert controller.desk.project.reading(1, ANNA) is None
    assert controller.undo_stack.undoText() == "Move Sella"
    left = edit(windows, controller, "Nasion")
    controller.open_neighbour(1)
    windows.settle(controller)
    edit(windows, controller)
    assert controller.questions.asked == ["reader Anna"]
    assert controller.desk.project.reading(1, AB).landmarks == left
    assert controller.desk.project.reading(2, AB) is not None


def test_who_does_not_answer_reads_under_the_name_that_was_proposed(windows, images):
    controller = opened(windows, images, None)
    left = edit(windows, controller)
    edit(windows, controller, "Nasion")
    assert controller.questions.asked == ["reader Anna"]
    assert controller.desk.project.edits(1, ANNA)[0].text == "Move Sella"
    assert left != controller.document.landmarks == controller.desk.project.reading(1, ANNA).landmarks


def test_what_the_same_person_has_said_before_is_not_replaced_but_shown(windows, images):
    controller = windows.new(*images[:2], reader=AB)
    before = edit(windows, controller)
    path = controller.desk.project.path
    windows.kill(controller)
    second = windows.new(reader=ANNA)
    second.projects.resume(path)
    windows.settle(second)
    second.desk.reader_is_known = False
    second.questions.reader = "AB"
    edit(windows, second, "Menton")
    assert second.desk.project.reading(1, AB).landmarks == before
    assert second.document.landmarks == before
    assert "read this image before" in second.questions.errors[0].message


def test_a_window_that_closes_at_once_asks_first(windows, images):
    controller = opened(windows, images, "AB")
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    left = controller.document.landmarks
    controller.close()
    windows.settle(controller)
    assert controller.questions.asked == ["reader Anna"]
    assert controller.desk.project.reading(1, AB).landmarks == left


def test_landmarks_of_a_file_wait_for_the_first_step(windows, images):
    first = windows.new(images[0])
    edit(windows, first)
    first.questions.save = images[0].with_suffix(".csv")
    first.save()
    windows.settle(first)
    windows.kill(first)
    windows.sessions = windows.sessions.with_name("other")
    controller = windows.new()
    controller.desk.reader_is_known = False
    controller.questions.reader = "AB"
    controller.open_paths(images[:1])
    windows.settle(controller)
    assert controller.questions.asked == []
    left = edit(windows, controller, "Nasion")
    assert controller.questions.asked == ["reader Anna"]
    assert controller.desk.project.reading(1, AB).landmarks == left


@pytest.mark.parametrize("name", ["AB", "same"])
def test_the_answer_is_remembered_also_where_it_is_what_was_proposed(windows, tmp_path, name):
    settings = Settings(tmp_path / "settings.ini")
    for asks in (True, False):
        controller = windows.new()
        window = MainWindow(controller, settings)
        windows.qtbot.addWidget(window)
        assert controller.desk.reader_is_known is not asks
        controller.questions.reader = controller.desk.reader.name if name == "same" else name
        controller.projects.ask_reader()
        assert controller.desk.reader_is_known
        windows.settle(controller)
