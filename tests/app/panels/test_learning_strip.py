"""The strip below the worklist: what it tells of learning, and what it leads to."""

from pathlib import Path

import pytest

from app.desk.learning_files import Unfinished
from app.desk.learning_process import LearningTask
from app.panels.learning_strip import LearningStrip
from app.session.course_progress import CourseProgress
from core.project.models import ProjectModel
from tests.support.desk_fixtures import idle_learning

TASK = LearningTask(Path("/a.cairn"), Path("/a.pt"), 10.0)


@pytest.fixture
def learning(full_desk, desk_jobs, qtbot):
    made = idle_learning(full_desk, desk_jobs)
    qtbot.waitUntil(lambda: not desk_jobs.busy)
    return made


@pytest.fixture
def strip(learning, qtbot):
    made = LearningStrip(learning)
    qtbot.addWidget(made)
    return made


def test_it_is_hidden_while_there_is_nothing_to_tell(strip):
    assert strip.isHidden()


def test_it_tells_how_far_learning_is(strip, learning):
    learning.progress = CourseProgress("Learning", 31, 8, unit="mm", best=1.4, left_s=300.0, minutes=10.0)
    learning.changed.emit()
    assert not strip.isHidden()
    assert strip.text.text() == "Learning · best 1.40 mm · about 5 min left"
    assert strip.bar.value() == 500
    assert strip.go_on.isHidden()
    learning.paused = True
    learning.changed.emit()
    assert strip.text.text() == "Learning rests · best 1.40 mm"
    assert not strip.go_on.isHidden()
    learning.progress = None


def test_what_was_begun_can_go_on_from_there(strip, learning, monkeypatch):
    done = []
    learning.unfinished = Unfinished(TASK)
    learning.changed.emit()
    assert strip.text.text() == "Learning was begun and can go on."
    assert not strip.give_up.isHidden()
    learning.begun.connect(lambda: done.append("begun"))
    monkeypatch.setattr(learning, "_launch", lambda course: done.append(course.task))
    strip.go_on.click()
    assert done == ["begun", TASK]
    learning.progress = None


def test_a_model_that_waits_leads_to_the_comparison(strip, learning, qtbot):
    learning.waiting = ProjectModel("a" * 64, "wing 1", Path("/wing 1.pt"), 2)
    learning.changed.emit()
    assert strip.text.text() == "wing 1 was learnt."
    assert strip.show_it.text() == "Compare"
    with qtbot.waitSignal(strip.show_requested):
        strip.show_it.click()
