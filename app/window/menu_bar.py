"""The menu bar, made from the table of actions, and the submenus whose entries change."""

from collections.abc import Mapping, Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar

from app.session.actions import ACTIONS, MENUS


def fill_menu_bar(bar: QMenuBar, actions_by_id: Mapping[str, QAction], submenus: Mapping[str, Sequence[QMenu]]) -> None:
    """Fill a menu bar.

    Parameters
    ----------
    bar
        An empty menu bar.
    actions_by_id
        The actions; a line parts those of different groups.
    submenus
        Menus that belong behind an action, by its id; a line parts them from it where it is the last one.
    """
    for title in MENUS:
        menu = bar.addMenu(f"&{title}")
        rows = [row for row in ACTIONS if row.menu == title]
        for before, row in zip([None, *rows], rows, strict=False):
            if before is not None and before.group != row.group:
                menu.addSeparator()
            menu.addAction(actions_by_id[row.id])
            behind = submenus.get(row.id, ())
            if behind and row is rows[-1]:
                menu.addSeparator()
            for submenu in behind:
                menu.addMenu(submenu)
