"""Learning beside the work, with a script in the place of the networks: what is asked, kept, taken into the project and used."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.desk.learning_files import LearnWish
from app.session.controller import Controller
from app.session.questions import LeaveLearning
from core.project.cases import NewCase
from core.project.paths import models_folder
from core.project.store import Project
from tests.support.learning_fixtures import ANNA, Course, make_marked_project, mark
from tests.support.viewer_fixtures import Answers, GatedLocalize, idle, make_model_file, messages

pytestmark = pytest.mark.slow  # starts processes


class Window:
    """A window without widgets on a project of eight cases, six of which are marked."""

    def __init__(self, folder: Path, model_path: Path, qtbot) -> None:
        self.qtbot = qtbot
        self.folder = folder
        self.answers = Answers(learns=lambda _: LearnWish(30.0))
        self.course = Course(make_model_file(folder / "learnt.pt", name="wing"))
        self.localize = GatedLocalize()
        self.model_path = model_path
        self.path = folder / "wings.cairn"
        make_marked_project(self.path)
        self.controller = self.open()

    def open(self) -> Controller:
        controller = Controller(self.answers, localize=self.localize, start_learning=self.course)
        controller.search.remembered = {}
        controller.desk.reader = ANNA
        controller.begin_session(self.folder / "state" / "sessions", [self.path])
        controller.projects.open(self.path)
        self.until(lambda: controller.desk.project is not None)
        idle(controller, self.qtbot)
        return controller

    @property
    def learning(self):
        return self.controller.learning

    def until(self, holds: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(holds, timeout=20_000)

    def begin(self, ways: str = "gated") -> None:
        self.course.ways = ways
        self.learning.ask()
        self.until(lambda: bool(self.course.tasks) or bool(self.answers.errors))

    def until_steps(self) -> None:
        self.until(lambda: self.learning.progress is not None and bool(self.learning.progress.curve))

    def learn(self) -> None:
        """Learn to the end."""
        self.begin("done")
        self.until(lambda: self.learning.waiting is not None)
        self.settle()

    def settle(self) -> None:
        for _ in range(3):
            idle(self.controller, self.qtbot)
            self.until(lambda: self.controller.desk.pending == 0)
            self.qtbot.wait(10)

    def models(self) -> list[tuple[str, bool, bool]]:
        project = self.controller.desk.project
        assert project is not None
        in_use = project.models.in_use(2)
        used = "" if in_use is None else in_use.sha256
        return [(one.name, one.waits, one.sha256 == used) for one in project.models.all()]

    def left_in_folder(self) -> list[str]:
        folder = models_folder(self.path)
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def close(self) -> None:
        if self.controller.desk.project is not None:
            self.answers.on_learning = LeaveLearning.GIVE_UP
            self.controller.learning.cancel()
            self.settle()
            self.controller.learning.close()
            self.controller.background.close()
            self.controller.jobs.shut_down()
            self.controller.desk.close()


@pytest.fixture
def window(qapp, tmp_path, model_path, qtbot):
    made = Window(tmp_path, model_path, qtbot)
    yield made
    made.close()


def test_who_asks_is_told_what_there_is_and_can_think_better_of_it(window):
    offers = []

    def no(offer):
        offers.append(offer)

    window.answers.learns = no
    window.learning.ask()
    window.until(lambda: bool(offers))
    [offer] = offers
    assert (offer.marked, offer.open, offer.learn + offer.check) == (6, 2, 6)
    assert offer.check >= 1
    assert offer.problem == ""
    assert offer.starts == ()  # the model that comes with Cairn knows other landmarks
    assert "better 20: 14 more" in offer.advice
    assert not window.learning.running
    assert window.left_in_folder() == []


def test_too_few_cases_are_said_before_anything_begins(window):
    project = window.controller.desk.project
    for case_id in project.case_ids()[2:6]:
        project.update_case(case_id, done=False)
    offers = []
    window.answers.learns = offers.append
    window.learning.ask()
    window.until(lambda: bool(offers))
    assert "at least 5" in offers[0].problem
    assert "better are 20" in offers[0].problem


def test_a_model_is_learnt_taken_in_and_waits_for_a_decision(window):
    learnt = []
    window.learning.learnt.connect(learnt.append)
    window.learn()
    assert window.models() == [("wing 1", True, False)]
    [model] = learnt
    assert model.path == models_folder(window.path) / "wings 1.pt"
    assert "checked with 2 cases" in model.note
    assert window.left_in_folder() == ["wings 1.pt"]
    assert window.controller.models.trusted.knows(model.sha256)
    assert not window.learning.running


def test_what_is_learnt_from_is_a_copy_that_stays_as_it_is(window):
    window.begin()
    window.until_steps()
    [task] = window.course.tasks
    with Project.open(task.cases, read_only=True) as copy:
        before = len(copy.case_ids())
        assert copy.cases(copy.case_ids())[0].path == window.folder / "0.png"
    window.controller.desk.remove_cases([8])
    window.settle()
    with Project.open(task.cases, read_only=True) as copy:
        assert len(copy.case_ids()) == before
    assert (task.minutes, task.start) == (30.0, None)


def test_the_model_in_use_finds_landmarks_anew_where_no_person_has_spoken(window):
    window.controller.case_opener.open(7)  # only a model has spoken of it
    idle(window.controller, window.qtbot)
    asked = []
    window.controller.background.localize_again = lambda: asked.append("again")
    window.learn()
    window.controller.models.use(window.learning.waiting)
    window.until(lambda: bool(asked))
    window.settle()
    assert window.models() == [("wing 1", False, True)]
    assert window.learning.waiting is None
    path, info = window.controller.search.model
    assert path == models_folder(window.path) / "wings 1.pt"
    assert info.title == "wing 1"
    window.until(lambda: bool(window.localize.calls))  # the open image is looked at at once


def test_a_case_that_a_person_marked_keeps_what_was_said(window):
    window.controller.case_opener.open(1)
    idle(window.controller, window.qtbot)
    before = window.controller.document.landmarks
    window.learn()
    window.controller.models.use(window.learning.waiting)
    window.settle()
    assert window.controller.document.landmarks == before
    assert window.localize.calls == []
    assert window.controller.search.model[1].title == "wing 1"  # for who asks for it


def test_a_new_window_localizes_by_the_model_in_use(window):
    window.learn()
    window.controller.models.use(window.learning.waiting)
    window.settle()
    window.until(window.controller.close)  # what is still being written comes first
    window.controller = window.open()
    window.controller.case_opener.open(8)
    window.until(lambda: bool(window.localize.calls))
    assert window.controller.search.model[1].title == "wing 1"


def test_going_back_and_discarding(window):
    window.learn()
    model = window.learning.waiting
    window.controller.models.keep(model)
    window.settle()
    assert window.models() == [("wing 1", False, False)]
    window.controller.models.use(model)
    window.settle()
    window.controller.models.go_back(2)
    window.settle()
    assert window.models() == [("wing 1", False, False)]
    window.controller.models.use(model)
    window.settle()
    told = []
    window.controller.models.changed.connect(lambda ndim, found: told.append(found))
    window.controller.models.discard(model)
    window.settle()
    assert window.models() == []
    assert window.left_in_folder() == []
    assert told[0][1].title.startswith("cephalometric")


def test_pausing_and_going_on(window):
    window.begin()
    window.until_steps()
    window.learning.pause()
    idle(window.controller, window.qtbot)
    assert window.learning.paused
    window.qtbot.wait(50)
    reached = window.learning.progress.curve
    window.qtbot.wait(150)
    assert window.learning.progress.curve == reached
    window.learning.go_on()
    window.until(lambda: len(window.learning.progress.curve) > len(reached))


def test_stopping_makes_a_model_of_the_best(window):
    window.begin()
    window.until_steps()
    window.learning.pause()
    window.learning.stop()  # also while it rests
    window.until(lambda: window.learning.waiting is not None)
    assert "stopped early" in window.learning.waiting.note


def test_cancelling_leaves_nothing(window):
    window.begin()
    window.until_steps()
    window.learning.cancel()
    window.settle()
    assert window.left_in_folder() == []
    assert window.models() == []
    assert not window.learning.running
    assert window.answers.errors == []


def test_what_cannot_be_learnt_is_told_and_leaves_nothing(window):
    window.begin("failed")
    window.until(lambda: bool(window.answers.errors))
    window.settle()
    [error] = window.answers.errors
    assert str(error) == "There are 2 marked cases. At least 5 are needed; better 20."
    assert window.left_in_folder() == []
    assert window.learning.unfinished is None


def test_a_disk_that_fills_up_is_told_and_loses_nothing(window):
    window.begin("full")
    window.until(lambda: bool(window.answers.errors) and window.learning.unfinished is not None)
    assert "disk is full" in str(window.answers.errors[0])
    window.course.ways = "done"
    window.learning.go_on()
    window.until(lambda: window.learning.waiting is not None)
    window.settle()
    assert window.left_in_folder() == ["wings 1.pt"]


def test_a_process_that_dies_is_told_and_can_be_gone_on_with(window):
    window.begin("crash")
    window.until(lambda: bool(window.answers.errors) and window.learning.unfinished is not None)
    assert "exit code 7" in str(window.answers.errors[0])
    window.course.ways = "done"
    window.learning.go_on()
    window.until(lambda: window.learning.waiting is not None)
    assert len(window.course.tasks) == 2
    assert window.course.tasks[0] == window.course.tasks[1]


def test_closing_asks_and_the_next_window_goes_on(window):
    window.begin()
    window.until_steps()
    window.answers.on_learning = LeaveLearning.STAY
    assert not window.controller.close()
    assert window.learning.running
    window.answers.on_learning = LeaveLearning.LATER
    window.until(window.controller.close)  # what is still being written comes first
    window.controller = window.open()
    window.until(lambda: window.learning.unfinished is not None)
    resumed = []
    window.learning.changed.connect(
        lambda: resumed.append(window.learning.progress.doing if window.learning.progress else "")
    )
    window.learning.go_on()
    window.until_steps()
    assert "Going on where it stood" in resumed
    assert window.course.tasks[0] == window.course.tasks[1]


def test_what_was_begun_can_be_given_up(window):
    window.begin()
    window.until_steps()
    window.answers.on_learning = LeaveLearning.LATER
    window.until(window.controller.close)  # what is still being written comes first
    window.controller = window.open()
    window.until(lambda: window.learning.unfinished is not None)
    window.learning.give_up()
    window.settle()
    assert window.left_in_folder() == []
    assert window.learning.unfinished is None


def test_another_project_lets_it_rest(window, tmp_path):
    window.begin()
    window.until_steps()
    Project.create(tmp_path / "other.cairn").close()
    window.controller.projects.open(tmp_path / "other.cairn")
    window.until(lambda: window.controller.desk.project.path.name == "other.cairn")
    window.settle()
    assert not window.learning.running
    assert any("Learning rests" in text for text in messages(window.controller))
    window.controller.projects.open(window.path)
    window.until(lambda: window.learning.unfinished is not None)


def test_a_model_made_elsewhere_is_used_once_somebody_trusts_it(window):
    window.learn()
    window.controller.models.use(window.learning.waiting)
    window.settle()
    window.until(window.controller.close)  # what is still being written comes first
    (window.folder / "state" / "trusted-models.txt").unlink()  # as on another computer
    window.controller = window.open()
    window.controller.case_opener.open(8)
    window.until(lambda: any("not made on this computer" in text for text in messages(window.controller)))
    assert window.localize.calls == []
    [message] = [one for one in window.controller.view_state.messages if "not made on" in one.text]
    message.actions[0].trigger()
    window.until(lambda: bool(window.localize.calls))


def test_models_of_an_unnamed_project_come_along_when_it_gets_a_name(window, tmp_path):
    window.controller.projects.begin_session(tmp_path / "state" / "sessions", offers_earlier=False)
    window.until(lambda: window.controller.desk.project.path != window.path)
    window.controller.add_paths([])
    project = window.controller.desk.project
    ids = project.add_cases([NewCase(window.folder / f"{number}.png", f"wing {number}") for number in range(6)])
    mark(project, *ids)
    window.learn()
    assert window.learning.waiting.path.parent == models_folder(project.path)
    window.answers.new_project = tmp_path / "named.cairn"
    window.controller.projects.ask_save_as()
    window.until(lambda: window.controller.desk.project.path.name == "named.cairn")
    window.settle()
    window.until(lambda: not models_folder(project.path).exists())
    [kept] = window.controller.desk.project.models.all()
    assert kept.path == tmp_path / "named models" / f"{project.path.stem} 1.pt"
    assert kept.path.is_file()


def test_what_can_be_learnt_is_told_without_loading_torch():
    modules = "app.session.learning_offer, app.desk.learn_input, core.learning.course_cases"
    script = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
