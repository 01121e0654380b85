"""The window about learning: what is shown of a course and of what came of it, and what a person can decide."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMessageBox

from app.dialogs.learning_window import LearningWindow
from app.session.course_progress import CourseProgress, CurvePoint
from app.session.judged_cases import JudgedCase
from app.session.learning import Learning
from app.session.model_choice import ModelChoice
from app.session.view_state import ViewState
from core.base.errors import AppError
from core.learning.course_events import LeftOut
from core.project.models import ProjectModel
from tests.support.learning_script import COMPARISON
from tests.support.viewer_fixtures import Answers

PROGRESS = CourseProgress(
    "Learning, 34 %", 31, 8, (LeftOut(case="c", why="It cannot be read."),), "wing 1", "px", 0, 2,
    (CurvePoint(1.0, 0, 9.0), CurvePoint(2.0, 0, 4.0)), 4.0, 300.0, 10.0,
)  # fmt: skip


class Pictures:
    """Makes no pictures, and remembers which were wanted."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self.error: AppError | None = None

    def show(self, model, case, on_shown, on_error):
        self.wanted.append(case)
        if self.error is not None:
            on_error(self.error)
            return
        points = {"Sella": (3.0, 4.0)}
        on_shown(JudgedCase(7, case, np.full((30, 40), 128, np.uint8), 1.0, points, {}, {"Sella": (5.0, 6.0)}))


@pytest.fixture
def shown(full_desk, desk_jobs, qtbot):
    """A window on a project that knows two models, the first of which is in use."""
    answers = Answers()
    models = ModelChoice(full_desk, desk_jobs, answers, forget_choice=lambda: None, remembered=dict)
    learning = Learning(full_desk, desk_jobs, answers, ViewState(), models)
    pictures = Pictures()
    first = ProjectModel("a" * 64, "wing 1", Path("/nowhere/wing 1.pt"), 2)
    second = ProjectModel(
        "b" * 64, "wing 2", Path("/nowhere/wing 2.pt"), 2, "a" * 64, comparison=json.dumps(COMPARISON), waits=True
    )
    for model in (first, second):
        full_desk.project.models.put(model)
    full_desk.project.models.use("a" * 64)
    window = LearningWindow(learning, models, pictures)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.pictures, window.second = pictures, second
    yield window
    window.hide()


def agreed(box):
    """Return the button that throws something away."""
    return next(one for one in box.buttons() if box.buttonRole(one) is QMessageBox.ButtonRole.DestructiveRole)


def texts(table):
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def test_a_course_shows_how_far_it_is(shown):
    learning = shown.course._learning
    learning.progress = PROGRESS
    learning.changed.emit()
    shown.show_course()
    assert shown.pages.currentWidget() is shown.course
    assert shown.course.heading.text() == "Going on from wing 1: 31 cases to learn from, 8 to check with."
    assert shown.course.doing.text() == "Learning, 34 %"
    assert (shown.course.best.text(), shown.course.last.text(), shown.course.left.text()) == (
        "4.0 px", "4.0 px", "about 5 min",
    )  # fmt: skip
    assert shown.course.bar.value() == 500
    assert shown.course.left_out.text() == "Left out: c: It cannot be read."
    learning.paused = True
    learning.changed.emit()
    assert shown.course.pause.text() == "&Go on"
    assert shown.course.doing.text().startswith("Resting")
    learning.progress = None
    learning.changed.emit()
    assert shown.pages.currentWidget() is shown.nothing


def test_cancelling_is_asked_first(shown, monkeypatch):
    learning = shown.course._learning
    learning.progress = PROGRESS
    shown.show_course()
    cancelled = []
    monkeypatch.setattr(learning, "cancel", lambda: cancelled.append(1))
    monkeypatch.setattr(QMessageBox, "exec", lambda box: None)
    shown.course.cancel.click()
    assert cancelled == []
    monkeypatch.setattr(QMessageBox, "clickedButton", agreed)
    shown.course.cancel.click()
    assert cancelled == [1]
    learning.progress = None


def test_old_and_new_stand_side_by_side(shown, qtbot):
    shown.show_verdict(shown.second)
    qtbot.waitUntil(lambda: shown.pages.currentWidget() is shown.verdict)
    assert shown.windowTitle() == "wing 2 beside wing 1"
    few = "So few say little: look at its suggestions on other images, too."
    assert shown.verdict.told.text().endswith(f"wing 1 has 3.0 px. The new one is better. {few}")
    assert texts(shown.verdict.figures)[0] == ["median", "3.0 px", "2.0 px"]
    assert texts(shown.verdict.landmarks) == [["Sella", "3.0 px", "2.0 px"], ["Nasion", "2.0 px", "2.5 px"]]
    assert texts(shown.verdict.cases) == [["a", "2.0 px", "3.0 px"], ["b", "4.0 px", "1.0 px"]]
    assert shown.verdict.tabs.tabText(1) == "Cases (1 of 2 became worse)"
    assert shown.pictures.wanted == ["a"]
    assert shown.verdict.picture.case.name == "a"
    assert not shown.verdict.picture.grab().toImage().isNull()


def test_a_picture_that_cannot_be_made_says_why(shown, qtbot):
    shown.pictures.error = AppError("a is no longer among the marked cases.")
    shown.show_verdict(shown.second)
    qtbot.waitUntil(lambda: bool(shown.pictures.wanted))
    assert shown.verdict.picture.case is None


def test_a_case_is_opened_from_its_picture(shown, qtbot):
    shown.show_verdict(shown.second)
    qtbot.waitUntil(lambda: shown.verdict.picture.case is not None)
    with qtbot.waitSignal(shown.case_wanted) as told:
        shown.verdict.cases.itemActivated.emit(shown.verdict.cases.item(0, 0))
    assert told.args == [7]


def test_using_it_puts_it_into_use_and_keeping_it_does_not(shown, full_desk, qtbot):
    shown.show_verdict(shown.second)
    qtbot.waitUntil(lambda: shown.pages.currentWidget() is shown.verdict)
    shown.verdict.keep.click()
    qtbot.waitUntil(lambda: not full_desk.project.models.all()[1].waits)
    assert full_desk.project.models.in_use(2).name == "wing 1"
    shown.verdict.use.click()
    qtbot.waitUntil(lambda: full_desk.project.models.in_use(2).name == "wing 2")


def test_all_models_are_listed_and_going_back_is_possible(shown, full_desk, qtbot):
    shown.show_models()
    qtbot.waitUntil(lambda: shown.list.table.rowCount() == 4)
    rows = texts(shown.list.table)
    assert [row[:4] for row in rows[:2]] == [["wing 2", "new", "wing 1", "2.0 px"], ["wing 1", "in use", "", ""]]
    assert rows[2][0].startswith("cephalometric-19")
    assert "is gone" in shown.list.why.text()
    assert not shown.list.use.isEnabled()  # its file is nowhere
    shown.list.table.selectRow(2)
    assert not shown.list.compare.isEnabled()
    shown.list.use.click()
    qtbot.waitUntil(lambda: full_desk.project.models.in_use(2) is None)
    qtbot.waitUntil(lambda: texts(shown.list.table)[2][1] == "in use")


def test_discarding_is_asked_first(shown, full_desk, monkeypatch, qtbot):
    shown.show_models()
    qtbot.waitUntil(lambda: shown.list.table.rowCount() == 4)
    monkeypatch.setattr(QMessageBox, "exec", lambda box: None)
    monkeypatch.setattr(QMessageBox, "clickedButton", agreed)
    shown.list.table.selectRow(0)
    shown.list.discard.click()
    qtbot.waitUntil(lambda: [one.name for one in full_desk.project.models.all()] == ["wing 1"])
    qtbot.waitUntil(lambda: shown.list.table.rowCount() == 3)


def test_a_first_model_has_nothing_beside_it(shown, full_desk, qtbot):
    alone = replace(shown.second, sha256="c" * 64, parent_sha256="")
    alone = replace(
        alone, comparison=alone.comparison.replace('"old": {"median": 3.0, "mean": 3.5, "within": 0.8}', '"old": null')
    )
    full_desk.project.models.put(alone)
    shown.show_verdict(alone)
    qtbot.waitUntil(lambda: shown.pages.currentWidget() is shown.verdict)
    assert shown.verdict.figures.isColumnHidden(1)
    assert shown.verdict.tabs.tabText(1) == "Cases (2)"
