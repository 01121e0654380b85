"""The window of a superimposition from the menu, beside the window that it belongs to."""

from pathlib import Path

import pytest
import shiboken6
from PySide6.QtWidgets import QFileDialog

from app.session.superimposed import When
from app.window.main_window import MainWindow
from core.project.store import Project
from tests.support.desk_fixtures import ANNA
from tests.support.superimposing_fixtures import make_patient


@pytest.fixture
def patient_window(windows, tmp_path, qtbot):
    controller = windows.new(make_patient(tmp_path))
    window = MainWindow(controller)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    controller.desk.reader = ANNA
    controller.measuring.read()
    windows.settle(controller)
    return window


def test_the_menu_opens_it_and_the_window_goes_on(patient_window, windows):
    action = patient_window.actions_by_id["measure.superimpose"]
    assert action.isEnabled()
    dialog = patient_window.superimposition.show()
    windows.settle(patient_window.controller)
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.ways.rowCount() == 4
    patient_window.controller.editor.put("Menton", [30.0, 70.0])
    windows.settle(patient_window.controller)
    before = dialog.ways.item(2, 1).text()
    patient_window.controller.editor.undo()
    windows.settle(patient_window.controller)
    assert dialog.ways.item(2, 1).text() != before
    dialog.close()


def test_who_begins_to_read_blind_is_shown_no_other_reading(patient_window, windows):
    dialog = patient_window.superimposition.show()
    windows.settle(patient_window.controller)
    patient_window.controller.cases.blind = True
    windows.settle(patient_window.controller)
    readers = dialog.readers[When.EARLIER]
    assert [readers.itemText(row) for row in range(readers.count())] == ["Anna"]
    dialog.close()


def test_another_project_closes_it(patient_window, windows, tmp_path):
    dialog = patient_window.superimposition.show()
    windows.settle(patient_window.controller)
    patient_window.controller.desk.open(lambda: Project.create(tmp_path / "other.cairn"))
    windows.settle(patient_window.controller)
    assert not shiboken6.isValid(dialog) or not dialog.isVisible()


def test_without_landmarks_it_cannot_be_opened(empty_window):
    assert not empty_window.actions_by_id["measure.superimpose"].isEnabled()


def test_files_are_proposed_beside_the_project_and_get_their_suffix(patient_window, monkeypatch, tmp_path):
    asked = []

    def save(_window, _title, start, _kinds):
        asked.append(start)
        return str(tmp_path / "mine"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", save)
    monkeypatch.setattr("app.window.superimposition_opener.table_path", lambda _window, _title, start: start)
    opener = patient_window.superimposition
    assert opener._ask_for_table(Path("a.csv")) == tmp_path / "a.csv"
    assert opener._ask_for_picture(Path("a.png")) == tmp_path / "mine.png"
    assert asked == [str(tmp_path / "a.png")]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    assert opener._ask_for_picture(Path("a.png")) is None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "x.csv"), ""))
    assert opener._ask_to_open() == tmp_path / "x.csv"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    assert opener._ask_to_open() is None
