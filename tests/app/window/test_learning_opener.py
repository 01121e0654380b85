"""Learning in the real window, with a script in the place of the networks: from the button to the model in use."""

import pytest

from app.desk.learning_files import LearnWish
from app.desktop.settings import Settings
from app.session.controller import Controller
from app.session.questions import LeaveLearning
from app.window.main_window import MainWindow
from tests.support.learning_fixtures import ANNA, Course, make_marked_project
from tests.support.viewer_fixtures import Answers, GatedLocalize, make_model_file

pytestmark = pytest.mark.slow  # starts processes


@pytest.fixture
def window(qapp, tmp_path, qtbot):
    """A window on a project of eight images, six of which are marked."""
    course = Course(make_model_file(tmp_path / "learnt.pt", name="wing"))
    answers = Answers(learns=lambda _: LearnWish(30.0))
    controller = Controller(answers, localize=GatedLocalize(), start_learning=course)
    made = MainWindow(controller, Settings(tmp_path / "settings.ini"))
    made.resize(1200, 700)
    made.show()
    qtbot.waitExposed(made)
    controller.desk.reader = ANNA
    path = make_marked_project(tmp_path / "wings.cairn")
    controller.begin_session(tmp_path / "state" / "sessions", [path])
    controller.projects.open(path)
    made.course, made.answers = course, answers
    settle(made, qtbot)
    yield made
    controller.learning.cancel()
    settle(made, qtbot)
    qtbot.waitUntil(made.close, timeout=20_000)  # what is still being written comes first
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    qtbot.wait(20)
    made.deleteLater()


def settle(window, qtbot):
    jobs, desk = window.controller.jobs, window.controller.desk
    for _ in range(3):
        qtbot.waitUntil(lambda: not jobs.busy and desk.pending == 0, timeout=20_000)
        qtbot.wait(20)


def test_from_the_button_above_the_list_to_the_model_in_use(window, qtbot):
    window.course.ways = "done"
    window.worklist.panel.learn.click()
    dialog = window.learning.dialog
    qtbot.waitUntil(lambda: dialog.pages.currentWidget() is dialog.verdict, timeout=20_000)
    assert dialog.isVisible()
    assert dialog.verdict.told.text().startswith("wing 1 has a median error of 2.0 px")
    assert window.worklist.panel.learning.show_it.text() == "Compare"
    dialog.verdict.use.click()
    settle(window, qtbot)
    assert not dialog.isVisible()
    assert window.controller.desk.project.models.in_use(2).name == "wing 1"
    assert window.worklist.panel.learning.isHidden()
    window.actions_by_id["review.models"].trigger()
    qtbot.waitUntil(lambda: dialog.list.table.rowCount() == 3)
    assert dialog.list.table.item(0, 1).text() == "in use"


def test_the_line_below_the_list_brings_the_curve_back(window, qtbot):
    window.actions_by_id["review.learn"].trigger()
    dialog = window.learning.dialog
    qtbot.waitUntil(
        lambda: window.controller.learning.running and bool(window.controller.learning.progress.curve), timeout=20_000
    )
    assert dialog.isVisible()
    dialog.reject()
    assert not dialog.isVisible()
    window.worklist.panel.learning.show_it.click()
    assert dialog.isVisible()
    assert dialog.pages.currentWidget() is dialog.course
    dialog.reject()
    window.actions_by_id["review.learn"].trigger()  # while something is learnt, that is what it shows
    assert dialog.isVisible()
    assert window.answers.asked.count("learn from 6 cases") == 1


def test_the_window_stays_open_where_a_person_stays(window, qtbot):
    window.actions_by_id["review.learn"].trigger()
    qtbot.waitUntil(lambda: window.controller.learning.running, timeout=20_000)
    window.answers.on_learning = LeaveLearning.STAY
    window.close()
    assert window.isVisible()
    assert "leave learning" in window.answers.asked


def test_who_reads_blind_neither_learns_nor_sees_models(window, qtbot):
    window.controller.cases.blind = True
    settle(window, qtbot)
    window.refresh()
    assert not window.actions_by_id["review.learn"].isEnabled()
    assert not window.actions_by_id["review.models"].isEnabled()
    assert not window.worklist.panel.learn.isEnabled()
