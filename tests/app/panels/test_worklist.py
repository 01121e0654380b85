import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QColor
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit, QMainWindow

from app.desk.case_list import CaseList, Counts
from app.desk.events import Overall
from app.desk.next_case import NextOrder
from app.desktop.chrome import chrome
from app.panels import worklist_model
from app.panels.worklist import Worklist, heading
from app.panels.worklist_model import PLACEHOLDER, Column, WorklistModel
from app.panels.worklist_pictures import WorklistPictures
from app.session.wording import time_words
from core.base.errors import ProjectError
from core.images.file import write_image
from core.project.cases import CaseSort, CaseState, NewCase
from core.project.readings import Reader
from core.project.store import Project
from tests.support.desk_fixtures import (
    BEN,
    MODEL,
    ScriptedWork,
    idle_learning,
    make_answer,
    make_landmarks,
    make_reading,
)
from tests.support.next_case_fixtures import make_study
from tests.support.viewer_fixtures import make_image

CLARA = Reader("Clara")


@pytest.fixture
def work():
    return ScriptedWork()


@pytest.fixture
def asked():
    return []


@pytest.fixture
def panel(full_desk, work, desk_jobs, asked, qtbot):
    def confirm(sentence, button):
        asked.append(sentence)
        return True

    window = QMainWindow()
    made = Worklist(
        full_desk, CaseList(full_desk), work, idle_learning(full_desk, desk_jobs), desk_jobs, confirm, QAction("Learn…")
    )
    window.setCentralWidget(made)
    qtbot.addWidget(window)
    window.resize(900, 500)
    window.show()
    qtbot.waitExposed(window)
    settle(made, full_desk, qtbot)
    yield made
    window.hide()


def settle(panel, desk, qtbot):
    """Wait until the rows are there, their changes written, and nothing is on its way."""

    def is_there():
        return desk.pending == 0 and not desk._jobs.busy and panel._list.counts.total > 0

    for _ in range(3):  # a change is committed, written, told and fetched, each in a pass of its own
        qtbot.waitUntil(is_there)
        qtbot.wait(10)
    qtbot.waitUntil(is_there)


def column(panel, number):
    model = panel.table.model()
    return [model.index(row, number).data() for row in range(model.rowCount())]


def test_rows_say_how_far_each_case_is(panel, full_desk, qtbot):
    ids = full_desk.project.case_ids()
    full_desk.store(make_reading(ids[0], MODEL, make_landmarks(radii_mm=(1.0, 4.25, 1.0))))
    full_desk.store(make_reading(ids[1], BEN, make_landmarks()), "Move sella")
    full_desk.update_case(ids[2], done=True)
    full_desk.update_case(ids[3], problem="It is empty.")
    full_desk.update_case(ids[4], excluded=True, note="wrong patient")
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.NAME) == ["delta", "alpha", "Bravo", "charlie", "echo"]
    assert column(panel, Column.STATE) == ["localized", "in review", "done", "problem", "excluded"]
    assert column(panel, Column.READER)[:3] == [MODEL.name, "Ben", ""]
    assert column(panel, Column.RADIUS)[0].startswith("4.2")
    assert column(panel, Column.NOTE)[4] == "wrong patient"
    faint = QColor(chrome().faint)
    model = panel.table.model()
    assert model.index(4, 0).data(Qt.ItemDataRole.ForegroundRole) == faint
    assert "It is empty." in model.index(3, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert panel.heading.text() == "1 of 4 done · 1 with a problem"


def test_a_row_is_a_placeholder_until_its_page_is_there(full_desk, qtbot, monkeypatch):
    monkeypatch.setattr(worklist_model, "PAGE", 2)
    cases = CaseList(full_desk)
    model = WorklistModel(full_desk, cases, {})
    qtbot.waitUntil(lambda: len(cases.ids) == 5)
    assert model.index(3, Column.NAME).data() == PLACEHOLDER
    assert model.index(3, Column.STATE).data() is None
    changed = []
    model.dataChanged.connect(lambda first, last: changed.append((first.row(), last.row())))
    qtbot.waitUntil(lambda: model.index(3, Column.NAME).data() == "charlie")
    assert changed == [(2, 3)]
    assert model.row(0) is None


def test_what_was_scrolled_past_is_not_fetched_and_old_pages_are_let_go(full_desk, qtbot, monkeypatch):
    monkeypatch.setattr(worklist_model, "PAGE", 1)
    monkeypatch.setattr(worklist_model, "PAGES_WANTED", 1)
    monkeypatch.setattr(worklist_model, "PAGES_KEPT", 2)
    cases = CaseList(full_desk)
    model = WorklistModel(full_desk, cases, {})
    qtbot.waitUntil(lambda: len(cases.ids) == 5)
    for row in range(5):
        model.row(row)
    qtbot.waitUntil(lambda: model.row(4) is not None)
    qtbot.wait(20)
    assert list(model._pages) == [0, 4]


def test_the_model_tells_qt_of_every_change_of_its_rows(full_desk, qtbot):
    cases = CaseList(full_desk)
    model = WorklistModel(full_desk, cases, {})
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    qtbot.waitUntil(lambda: len(cases.ids) == 5)
    ids = list(cases.ids)
    qtbot.waitUntil(lambda: model.row(0) is not None)
    full_desk.update_case(ids[0], note="seen")
    qtbot.waitUntil(lambda: model.index(0, Column.NOTE).data() == "seen")
    full_desk.current = ids[1]
    full_desk.remove_cases(ids[:2])
    qtbot.waitUntil(lambda: model.rowCount() == 3)
    cases.ask_for(sort=CaseSort.NAME)
    qtbot.waitUntil(lambda: model.index(0, Column.NAME).data() == "Bravo")
    assert tester.model() is model


def test_a_case_that_changes_while_its_page_is_fetched_is_shown_as_it_is(full_desk, qtbot, monkeypatch):
    cases = CaseList(full_desk)
    model = WorklistModel(full_desk, cases, {})
    qtbot.waitUntil(lambda: len(cases.ids) == 5)
    ask, read, gate = Project.rows, threading.Event(), threading.Event()

    def rows(self, ids):
        found = ask(self, ids)
        if len(ids) == 5:
            read.set()
            assert gate.wait(20)
        return found

    monkeypatch.setattr(Project, "rows", rows)
    model.row(0)
    qtbot.waitUntil(read.is_set)
    full_desk.update_case(cases.ids[0], note="seen")
    qtbot.waitUntil(lambda: full_desk.pending == 0)
    qtbot.wait(30)
    gate.set()
    qtbot.waitUntil(lambda: model.index(0, Column.NOTE).data() == "seen")


def test_rows_come_once_the_disk_answers_again(full_desk, qtbot, monkeypatch):
    monkeypatch.setattr(worklist_model, "RETRY_MS", 10)
    answers, ask = iter([ProjectError("The drive is away.")] * 2), Project.rows

    def rows(self, ids):
        error = next(answers, None)
        if error is not None:
            raise error
        return ask(self, ids)

    monkeypatch.setattr(Project, "rows", rows)
    cases = CaseList(full_desk)
    model = WorklistModel(full_desk, cases, {})
    qtbot.waitUntil(lambda: len(cases.ids) == 5)
    model.row(0)
    qtbot.waitUntil(lambda: model.index(0, Column.NAME).data() == "delta")
    assert next(answers, None) is None


def test_all_selected_cases_are_marked_however_many_were_looked_at(panel, full_desk, qtbot, monkeypatch):
    monkeypatch.setattr(worklist_model, "PAGE", 1)
    monkeypatch.setattr(worklist_model, "PAGES_KEPT", 2)
    panel._list.ask_for(sort=CaseSort.NAME)
    settle(panel, full_desk, qtbot)
    panel.table.selectAll()
    panel.exclude.trigger()
    settle(panel, full_desk, qtbot)
    assert all(case.excluded for case in full_desk.project.cases(full_desk.project.case_ids()))
    panel.table.selectAll()
    panel.exclude.trigger()
    settle(panel, full_desk, qtbot)
    assert not any(case.excluded for case in full_desk.project.cases(full_desk.project.case_ids()))


def test_what_cannot_be_changed_is_told_once_however_many_are_selected(panel, full_desk, qtbot):
    path, told = full_desk.project.path, []
    full_desk.open(lambda: Project.open(path, read_only=True))
    qtbot.waitUntil(lambda: bool(full_desk.read_only_because))
    settle(panel, full_desk, qtbot)
    full_desk.refused.connect(told.append)
    panel.table.selectAll()
    panel._mark_done()
    settle(panel, full_desk, qtbot)
    assert len(told) == 1


def test_what_can_be_done_follows_the_project_without_the_menu_being_opened(panel, full_desk, qtbot):
    path = full_desk.project.path
    full_desk.open(lambda: Project.open(path, read_only=True))
    qtbot.waitUntil(lambda: bool(full_desk.read_only_because))
    settle(panel, full_desk, qtbot)
    assert not panel.done.isEnabled()
    full_desk.open(lambda: Project.open(path))
    qtbot.waitUntil(lambda: not full_desk.read_only_because)
    settle(panel, full_desk, qtbot)
    assert panel.done.isEnabled()


def test_a_search_goes_on_in_the_copy_that_a_project_is_saved_as(panel, full_desk, tmp_path, qtbot):
    panel.search.setText("char")
    qtbot.waitUntil(lambda: column(panel, Column.NAME) == ["charlie"])
    full_desk.go_on_in(tmp_path / "copy.cairn")
    qtbot.waitUntil(lambda: full_desk.project.path == tmp_path / "copy.cairn")
    settle(panel, full_desk, qtbot)
    assert (panel.search.text(), column(panel, Column.NAME)) == ("char", ["charlie"])


def test_the_picture_of_a_removed_case_is_forgotten(panel, full_desk, work, qtbot):
    last = full_desk.project.case_ids()[-1]
    work.answered.emit(last, make_answer(full_desk.project.case(last).path))
    row = panel.table.cases.row(4)
    assert panel.pictures.picture(row) is not None
    full_desk.remove_cases([last])
    settle(panel, full_desk, qtbot)
    assert panel.pictures.picture(row) is None
    qtbot.waitUntil(lambda: not full_desk._jobs.busy)


def test_the_time_spent_is_a_column_for_who_asks_for_it(panel, full_desk, qtbot):
    ids = full_desk.project.case_ids()
    assert panel.table.isColumnHidden(Column.TIME)
    full_desk.store(replace(make_reading(ids[0], BEN, make_landmarks()), seconds=65.4))
    full_desk.store(replace(make_reading(ids[0], CLARA, make_landmarks()), seconds=20.0))
    full_desk.store(replace(make_reading(ids[2], BEN, make_landmarks()), seconds=3605.0))
    settle(panel, full_desk, qtbot)
    chosen = []
    panel.table.columns_chosen.connect(lambda: chosen.append(panel.table.chosen_columns()))
    (time,) = [action for action in panel.table.column_menu().actions() if action.text() == "Time"]
    time.trigger()
    assert not panel.table.isColumnHidden(Column.TIME)
    assert chosen == [(1, 2, 3, 4, 5, 6)]
    assert column(panel, Column.TIME) == ["1:25", "", "1:00:05", "", ""]
    panel.table.horizontalHeader().sectionClicked.emit(Column.TIME)
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.TIME)[:3] == ["1:00:05", "1:25", ""]
    panel.window().resize(330, 500)
    qtbot.waitUntil(lambda: panel.table.isColumnHidden(Column.READER))
    assert not panel.table.isColumnHidden(Column.TIME), "what was asked for goes last"
    panel.table.choose_columns((1, 99, -1))
    assert panel.table.chosen_columns() == (1,)


def test_columns_sort_there_and_back_and_then_as_added(panel, full_desk, qtbot):
    header = panel.table.horizontalHeader()
    header.sectionClicked.emit(Column.NAME)
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.NAME) == ["alpha", "Bravo", "charlie", "delta", "echo"]
    header.sectionClicked.emit(Column.NAME)
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.NAME)[0] == "echo"
    header.sectionClicked.emit(Column.NAME)
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.NAME)[0] == "delta"
    assert header.sortIndicatorSection() == -1
    header.sectionClicked.emit(Column.TO_CHECK)
    assert (panel._list.query.sort, panel._list.query.descending) == (CaseSort.TO_CHECK, True)
    settle(panel, full_desk, qtbot)


def test_cases_to_mark_are_listed_by_shape_with_the_reason(panel, full_desk, tmp_path, qtbot):
    make_study(tmp_path / "study.cairn", 9, unread=[8]).close()
    full_desk.open(lambda: Project.open(tmp_path / "study.cairn"))
    qtbot.waitUntil(lambda: len(panel._list.ids) == 9)
    full_desk.store(make_reading(1, BEN))
    settle(panel, full_desk, qtbot)
    assert panel.table.isColumnHidden(Column.LESSON)
    assert "Why next" not in [action.text() for action in panel.table.column_menu().actions()]
    panel.marking[NextOrder.SHAPE].trigger()
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.NAME)[-2:] == ["case 8", "case 1"], "no model has read it, a person has begun it"
    assert column(panel, Column.LESSON)[:2] == ["shaped like 3 others", "shaped like 2 others"]
    assert column(panel, Column.LESSON)[-2:] == ["at random", ""]
    assert not panel.table.isColumnHidden(Column.LESSON)
    header = panel.table.horizontalHeader()
    assert header.sortIndicatorSection() == Column.LESSON
    assert "Comes next: shaped like 3 others." in panel.table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    panel.menu()
    assert panel.marking[NextOrder.SHAPE].isChecked()
    assert not panel.marking[NextOrder.RANDOM].isChecked()
    header.sectionClicked.emit(Column.NAME)
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.NAME)[0] == "case 1"
    assert panel.table.isColumnHidden(Column.LESSON)
    panel.menu()
    assert not panel.marking[NextOrder.SHAPE].isChecked()


def test_the_order_in_which_cases_are_marked_ends_as_it_began(panel, full_desk, qtbot):
    for end in (
        panel.marking[NextOrder.RANDOM].trigger,
        lambda: panel.table.horizontalHeader().sectionClicked.emit(Column.LESSON),
    ):
        panel.marking[NextOrder.RANDOM].trigger()
        settle(panel, full_desk, qtbot)
        assert set(column(panel, Column.LESSON)) == {"at random"}
        end()
        settle(panel, full_desk, qtbot)
        assert column(panel, Column.NAME) == ["delta", "alpha", "Bravo", "charlie", "echo"]
        assert panel._list.marking is None


def test_a_filter_says_how_many_it_lists(panel, full_desk, qtbot):
    ids = full_desk.project.case_ids()
    full_desk.update_case(ids[1], done=True)
    full_desk.update_case(ids[2], excluded=True)
    settle(panel, full_desk, qtbot)
    offered = [panel.filter.itemText(row) for row in range(panel.filter.count())]
    assert offered == ["All (5)", "Not done (3)", "New (3)", "Done (1)", "Excluded (1)"]
    for text, expected in (("Done", ["alpha"]), ("Excluded", ["Bravo"]), ("Not done", ["delta", "charlie", "echo"])):
        row = panel.filter.findText(text, Qt.MatchFlag.MatchStartsWith)
        panel.filter.setCurrentIndex(row)
        panel.filter.activated.emit(row)
        settle(panel, full_desk, qtbot)
        assert column(panel, Column.NAME) == expected
        assert panel.filter.currentText().startswith(text)


def test_typing_searches_after_a_moment_and_says_when_nothing_is_found(panel, full_desk, qtbot):
    panel.search.setFocus()
    qtbot.keyClicks(panel.search, "char")
    assert len(column(panel, Column.NAME)) == 5
    qtbot.waitUntil(lambda: column(panel, Column.NAME) == ["charlie"])
    qtbot.keyClicks(panel.search, "zz")
    qtbot.waitUntil(lambda: panel.nothing.isVisible())
    assert not panel.table.isVisible()
    panel.search.clear()
    qtbot.waitUntil(lambda: len(column(panel, Column.NAME)) == 5)
    settle(panel, full_desk, qtbot)


def test_a_double_click_and_enter_open_and_the_open_case_is_followed(panel, full_desk, qtbot):
    ids = full_desk.project.case_ids()
    opened = []
    panel.open_requested.connect(opened.append)
    place = panel.table.visualRect(panel.table.model().index(2, 0)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert opened == [ids[2], ids[3]]
    full_desk.current = ids[1]
    assert panel.table.selected_ids() == [ids[1]]


@pytest.mark.parametrize("key", ["x", " ", "n"])
def test_letters_and_space_stay_the_windows(panel, qtbot, key):
    heard = []
    panel.window().keyPressEvent = lambda event: heard.append(event.text())
    panel.table.setFocus()
    qtbot.keyClicks(panel.table, key)
    assert heard == [key]


def test_several_cases_are_marked_at_once_and_again_takes_it_back(panel, full_desk, qtbot):
    ids = full_desk.project.case_ids()
    panel.table.select([ids[0], ids[2]])
    qtbot.keyClick(panel.table, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.STATE) == ["done", "new", "done", "new", "new"]
    assert panel.menu().actions()[1].text() == "&Not done yet"
    panel.table.select([ids[0]])
    panel.done.trigger()
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.STATE)[0] == "new"
    panel.table.select([ids[3], ids[4]])
    panel.exclude.trigger()
    settle(panel, full_desk, qtbot)
    assert column(panel, Column.STATE)[3:] == ["excluded", "excluded"]


def test_marking_as_done_means_the_open_case_where_nothing_is_selected(panel, full_desk, qtbot):
    ids = full_desk.project.case_ids()
    full_desk.current = ids[1]
    panel.table.clearSelection()
    panel.done.trigger()
    settle(panel, full_desk, qtbot)
    assert full_desk.project.case(ids[1]).done


def test_notes_are_written_in_place(panel, full_desk, qtbot):
    ids = full_desk.project.case_ids()
    panel.table.select([ids[1]])
    panel.note.trigger()
    field = panel.table.viewport().findChild(QLineEdit)
    qtbot.keyClicks(field, "retake")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    settle(panel, full_desk, qtbot)
    assert full_desk.project.case(ids[1]).note == "retake"
    assert column(panel, Column.NOTE)[1] == "retake"


def test_a_narrow_list_makes_room_for_a_note_while_it_is_written(panel, full_desk, qtbot):
    panel.window().resize(330, 500)
    qtbot.waitUntil(lambda: panel.table.isColumnHidden(Column.NOTE))
    shown = [number for number in range(len(Column)) if not panel.table.isColumnHidden(number)]
    assert shown == [Column.NAME, Column.STATE, Column.TO_CHECK]
    panel.table.select(full_desk.project.case_ids()[:1])
    panel.note.trigger()
    assert not panel.table.isColumnHidden(Column.NOTE)
    qtbot.keyClick(panel.table.viewport().findChild(QLineEdit), Qt.Key.Key_Escape)
    assert panel.table.isColumnHidden(Column.NOTE)


def test_removing_asks_first_and_names_how_many(panel, full_desk, asked, qtbot):
    ids = full_desk.project.case_ids()
    panel.table.select(ids[:2])
    panel.remove.trigger()
    settle(panel, full_desk, qtbot)
    assert full_desk.project.case_ids() == ids[2:]
    assert "these 2 cases" in asked[0]
    assert "images stay" in asked[0]


def test_chosen_cases_are_localized_and_those_with_problems_again(panel, full_desk, work, qtbot):
    ids = full_desk.project.case_ids()
    panel.table.select([ids[1], ids[3]])
    panel.localize.trigger()
    assert work.localized == [ids[1], ids[3]]
    panel.localize_new.trigger()
    full_desk.update_case(ids[1], problem="It is empty.")
    full_desk.update_case(ids[2], problem="It is empty.")
    work.under_way[ids[3]] = 0.41
    work.tell(Overall(done=1, failed=2, running=1, waiting=1, fraction=0.6, left_s=130.0))
    settle(panel, full_desk, qtbot)
    assert panel.strip.isVisible()
    assert panel.strip.text.text() == "3 of 5 · about 2 min left"
    assert panel.strip.problems.text() == "2 ×: It is empty."
    assert column(panel, Column.STATE) == ["new", "problem", "problem", "41 %", "new"]
    assert panel.heading.text() == "0 of 5 done · 3 to localize · 2 with a problem · about 2 min left"
    panel.strip.pause.click()
    work.tell(Overall(done=1, failed=2, waiting=2, fraction=0.6, left_s=130.0, paused=True))
    assert panel.strip.text.text() == "3 of 5 · paused"
    assert panel.strip.pause.text() == "Go on"
    panel.strip.pause.click()
    panel.strip.cancel.click()
    assert work.asked == ["localize new", "pause", "resume", "cancel"]
    work.localized.clear()
    panel.strip.retry.click()
    qtbot.waitUntil(lambda: work.localized == [ids[1], ids[2]])
    settle(panel, full_desk, qtbot)


def test_the_picture_of_an_answer_is_taken(panel, full_desk, work, qtbot):
    [first, *_] = full_desk.project.case_ids()
    work.answered.emit(first, make_answer(full_desk.project.case(first).path))
    row = panel.table.cases.row(0)
    assert panel.pictures.picture(row).toImage().pixelColor(1, 1).red() == 77
    settle(panel, full_desk, qtbot)


def test_nothing_can_be_changed_where_the_project_is_only_looked_at(panel, full_desk, desk_jobs, qtbot):
    path = full_desk.project.path
    full_desk.open(lambda: Project.open(path, read_only=True))
    qtbot.waitUntil(lambda: bool(full_desk.read_only_because))
    settle(panel, full_desk, qtbot)
    panel.table.select(full_desk.project.case_ids()[:1])
    enabled = {action.text() for action in panel.menu().actions() if action.isEnabled() and action.text()}
    assert enabled == {"&Open", "Next to mark: &by shape", "Next to mark: at r&andom", "Show in &folder"}


def test_pictures_are_made_once_of_what_is_small(desk_jobs, tmp_path, qtbot):
    with Project.create(tmp_path / "p.cairn") as project:
        write_image(make_image((80, 60)), tmp_path / "small.png")
        ids = project.add_cases([NewCase(tmp_path / f"{name}.png", name) for name in ("small", "gone")])
        small, gone = project.rows(ids)
    pictures = WorklistPictures(desk_jobs)
    told = []
    pictures.made.connect(told.append)
    assert pictures.picture(small) is None
    assert pictures.picture(gone) is None
    qtbot.waitUntil(lambda: sorted(told) == ids)
    assert (pictures.picture(small).height(), pictures.picture(gone)) == (96, None)
    pictures.offer(gone.id, np.full((4, 3), 9, np.uint8))
    assert pictures.picture(gone).toImage().pixelColor(1, 1).red() == 9
    qtbot.waitUntil(lambda: not desk_jobs.busy)


def test_the_heading_says_what_is_left(work):
    counts = Counts(dict.fromkeys(CaseState, 0) | {CaseState.DONE: 12, CaseState.NEW: 3, CaseState.LOCALIZED: 25}, 1)
    assert heading(counts, work) == "12 of 40 done · 3 to localize"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "less than a minute"),
        (61, "about 1 min"),
        (3000, "about 50 min"),
        (5400, "about 1.5 h"),
        (40000, "about 11 h"),
    ],
)
def test_times_are_told_as_people_say_them(seconds, words):
    assert time_words(seconds) == words


def test_the_strip_hides_while_there_is_nothing_to_tell(panel, work):
    assert panel.strip.isHidden()
    work.tell(Overall(waiting=3))
    assert panel.strip.isVisible()
    work.tell(Overall(done=3, fraction=1.0))
    assert panel.strip.isHidden()
