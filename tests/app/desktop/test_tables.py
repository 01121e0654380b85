import pytest
from PySide6.QtWidgets import QTableWidget

from app.desktop.tables import show_what_fits

WIDTHS = {1: 50, 2: 60, 3: 70}


@pytest.mark.parametrize(
    ("room", "shown"), [(180, {1, 2, 3}), (179, {3}), (69, set()), (-5, set())], ids=["all", "group", "none", "less"]
)
def test_columns_go_in_their_order_and_groups_go_together(qtbot, room, shown):
    table = QTableWidget(1, 4)
    qtbot.addWidget(table)
    show_what_fits(table, WIDTHS, WIDTHS, ((1, 2), (3,)), room)
    assert {column for column in WIDTHS if not table.isColumnHidden(column)} == shown
    assert not table.isColumnHidden(0)


def test_what_is_not_wanted_is_hidden_and_takes_no_room(qtbot):
    table = QTableWidget(1, 4)
    qtbot.addWidget(table)
    show_what_fits(table, WIDTHS, (1, 3), ((1,), (3,)), 120)
    assert [table.isColumnHidden(column) for column in WIDTHS] == [False, True, False]
