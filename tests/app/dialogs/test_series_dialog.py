from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from app.dialogs.question_dialogs import Dialogs
from app.dialogs.series_dialog import PATIENT, SeriesDialog, series_texts
from core.images.dicom.series import Series

OPEN = QDialogButtonBox.StandardButton.Open


def series(description="thin", shape=(300, 512, 400), spacing_mm=(1.0, 0.5, 0.5), **more):
    return Series((Path("IM0001"),), description, "CT", shape, spacing_mm, **more)


FOUND = (
    series("broken", problem="Slices are missing between IM3 and IM4.", refused=True, hint="Export it again."),
    series(patient="DOE^JANE 4711"),
    series("", (512, 512), None, number=7, localizer=True),
)


@pytest.fixture
def dialog(qtbot):
    made = SeriesDialog(FOUND)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def cells(dialog, row):
    return [dialog.table.item(row, column).text() for column in range(dialog.table.columnCount())]


def test_the_table_says_what_each_series_is():
    assert series_texts(FOUND[1]) == ("thin", "CT", "400 × 512 × 300", "0.5 × 0.5 × 1 mm", "")
    name, _, size, spacing, note = series_texts(FOUND[2])
    assert (name, size, spacing) == ("Series 7", "512 × 512", "unknown")
    assert "screenshot" in note
    assert series_texts(series(part="2 of 3", spacing_mm=(2.0, 2.0, 2.0)))[0] == "thin (2 of 3)"
    assert series_texts(series(spacing_mm=(2.0, 2.0, 2.0)))[3] == "2 mm"


def test_the_first_that_can_be_read_is_proposed(dialog):
    assert dialog.chosen is FOUND[1]
    assert dialog.buttons.button(OPEN).isEnabled()


def test_a_refused_series_shows_why_and_cannot_be_chosen(dialog):
    item = dialog.table.item(0, 0)
    assert not item.flags() & Qt.ItemFlag.ItemIsSelectable
    assert "missing" in cells(dialog, 0)[4]
    assert item.toolTip() == "Slices are missing between IM3 and IM4. Export it again."
    dialog.table.clearSelection()
    assert dialog.chosen is None
    assert not dialog.buttons.button(OPEN).isEnabled()
    dialog.accept()
    assert dialog.isVisible()


def test_patients_are_shown_only_on_request(dialog):
    assert dialog.table.isColumnHidden(PATIENT)
    dialog.show_patients.click()
    assert not dialog.table.isColumnHidden(PATIENT)
    assert cells(dialog, 1)[PATIENT] == "DOE^JANE 4711"
    dialog.show_patients.click()
    assert dialog.table.isColumnHidden(PATIENT)


def test_enter_opens(dialog):
    QTest.keyClick(dialog.table, Qt.Key.Key_Down)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert dialog.result() == dialog.DialogCode.Accepted
    assert dialog.chosen is FOUND[2]


def test_a_double_click_opens(dialog):
    place = dialog.table.visualItemRect(dialog.table.item(2, 0)).center()
    viewport = dialog.table.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert dialog.result() == dialog.DialogCode.Accepted
    assert dialog.chosen is FOUND[2]


@pytest.mark.parametrize(("key", "expected"), [(Qt.Key.Key_Return, FOUND[1]), (Qt.Key.Key_Escape, None)])
def test_the_question_is_answered_by_the_dialog(qapp, key, expected):
    def press():
        QTest.keyClick(QApplication.activeModalWidget(), key)

    QTimer.singleShot(50, press)
    assert Dialogs().series(FOUND) is expected
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
