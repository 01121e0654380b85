import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication

from app.panels.landmark_table import CERTAINTY, NAME, PRESENCE, STATUS, LandmarkTable, LandmarkTableModel, X, Y
from app.session.view_state import Sort
from tests.support.viewer_fixtures import px


@pytest.fixture
def table(opened, qtbot):
    made = LandmarkTable(opened)
    qtbot.addWidget(made)
    made.resize(700, 300)
    made.show()
    return made


@pytest.mark.parametrize(("width", "hidden"), [(640, set()), (470, {X, Y}), (300, {X, Y, PRESENCE})])
def test_a_narrow_table_keeps_names_and_states_readable(table, width, hidden):
    table.resize(width, 300)
    assert {column for column in (X, Y, PRESENCE, CERTAINTY, STATUS) if table.isColumnHidden(column)} == hidden
    assert table.columnWidth(NAME) >= table.sizeHintForColumn(NAME) or hidden == {X, Y, PRESENCE}
    table.resize(700, 300)
    assert not table.isColumnHidden(X)


def test_widths_that_make_no_sense_are_ignored(table):
    before = table.column_widths()
    for widths in ((), (1, 2), (56, 56, 56, 70, 94, 5000)):
        table.set_column_widths(widths)
    assert table.column_widths() == before
    assert not table.columns_changed


def names(table):
    return [table.model().index(row, NAME).data().split(" (")[0] for row in range(table.model().rowCount())]


def press(editor, key):
    """Press a key in an open cell; Qt takes over what was typed only once it is back in its loop."""
    QTest.keyClick(editor, key)
    QApplication.processEvents()


def type_into(table, name, column, text, then=Qt.Key.Key_Return):
    index = table.model().index(names(table).index(name), column)
    table.setCurrentIndex(index)
    table.edit(index)
    editor = table.indexWidget(index)
    editor.selectAll()
    QTest.keyClicks(editor, text)
    press(editor, then)


def test_typing_into_a_cell_moves_the_landmark(opened, table):
    type_into(table, "Sella", X, "33,25")
    assert np.allclose(px(opened, "Sella"), [33.25, 20])
    type_into(table, "Sella", Y, "21.5")
    assert np.allclose(px(opened, "Sella"), [33.25, 21.5])
    assert opened.undo_stack.undoText() == "Move Sella"


def test_opening_a_cell_and_closing_it_changes_no_digit(opened, table):
    opened.editor.put("Sella", np.array([10.123456, 20.0]))
    before = opened.document.landmarks
    index = table.model().index(0, X)
    table.setCurrentIndex(index)
    table.edit(index)
    press(table.indexWidget(index), Qt.Key.Key_Return)
    assert opened.document.landmarks == before


def test_only_positions_can_be_typed(table):
    editable = [
        bool(table.model().index(0, column).flags() & Qt.ItemFlag.ItemIsEditable) for column in range(STATUS + 1)
    ]
    assert editable == [False, True, True, False, False, False, False]


def test_a_row_stays_where_it_is_while_one_types_in_it(opened, table):
    opened.editor.sort_by(Sort.CERTAINTY)
    assert names(table) == ["Gonion", "Menton", "Nasion", "Sella"]
    type_into(table, "Gonion", X, "12", then=Qt.Key.Key_Tab)
    assert names(table)[0] == "Gonion"
    assert table.currentIndex().column() == Y
    editor = table.indexWidget(table.currentIndex())
    QTest.keyClicks(editor, "13")
    press(editor, Qt.Key.Key_Return)
    assert np.allclose(px(opened, "Gonion"), [12, 13])
    assert names(table)[0] == "Gonion"
    opened.editor.select("Menton")
    assert names(table) == ["Menton", "Nasion", "Sella", "Gonion"]


def test_sorting_anew_ends_that(opened, table):
    type_into(table, "Gonion", X, "12")
    opened.editor.sort_by(Sort.CERTAINTY)
    assert names(table) == ["Menton", "Nasion", "Sella", "Gonion"]


def test_what_is_typed_of_an_absent_landmark_is_shown_until_it_is_placed(opened, table):
    opened.editor.select("Sella")
    opened.editor.mark_absent()
    type_into(table, "Sella", X, "12")
    assert table.model().index(0, X).data() == "12.0"
    assert table.model().index(0, Y).data() == ""
    type_into(table, "Sella", Y, "34")
    assert table.model().index(0, STATUS).data() == "placed"


def test_a_refused_position_leaves_the_cell_as_it_was(opened, table):
    type_into(table, "Sella", X, "9999")
    assert table.model().index(0, X).data() == "10.0"
    assert any("outside the image" in message.text for message in opened.view_state.messages)


def test_a_table_too_narrow_for_positions_says_so(opened, table):
    table.resize(300, 300)
    table.setCurrentIndex(table.model().index(0, NAME))
    QTest.keyClick(table, Qt.Key.Key_F2)
    assert any("too narrow for positions" in message.text for message in opened.view_state.messages)


def test_the_model_tells_qt_of_every_change_of_its_rows(opened):
    model = LandmarkTableModel(opened)
    for told in (opened.document.landmarks_changed, opened.document.image_changed, opened.view_state.events.sort):
        told.connect(model.refresh, max_args=0)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    opened.editor.sort_by(Sort.NAME)
    opened.placing.toggle()
    opened.placing.place((10.0, 12.0))
    assert model.rowCount() == 5
    opened.editor.rename("Mine")
    opened.editor.undo()
    opened.editor.undo()
    assert model.setData(model.index(0, X), "3")
    opened.document.close()
    assert (model.rowCount(), tester.model()) == (0, model)
