import pytest

from app.panels.landmark_table import CERTAINTY, NAME, PRESENCE, STATUS, LandmarkTable, X, Y


@pytest.fixture
def table(opened, qtbot):
    made = LandmarkTable(opened)
    qtbot.addWidget(made)
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
