"""What is known of one thing that can be done by menu, toolbar or key; `actions` is the table of all of them."""

from collections.abc import Callable
from dataclasses import dataclass

from app.session.controller import Controller

FILE, EDIT, LANDMARK, REVIEW, MEASURE, VIEW, HELP = "File", "Edit", "Landmark", "Review", "Measure", "View", "Help"
"""Titles of the menus."""


def toggled(field: str) -> Callable[[Controller], None]:
    """Return what turns a field of the view state on or off."""

    def toggle(controller: Controller) -> None:
        setattr(controller.view_state, field, not getattr(controller.view_state, field))

    return toggle


def by_window(_: Controller) -> None:
    """Stand in for what the window does itself."""


@dataclass(frozen=True)
class Action:
    """One thing that can be done.

    Attributes
    ----------
    id
        Dotted name, for tests and for finding it.
    text
        As in the menu, with its mnemonic (``&``), unique within the menu; dots at the end where a dialog follows.
    trigger
        What it does, given the controller.
    menu
        Where it stands; empty for none.
    shortcuts
        Keys in Qt's portable writing; the first one is shown.
    icon
        Name of a drawing in ``assets/icons``.
    enabled_when, checked_when
        Whether it can be done, and whether it is on (None: it is no switch).
    shown_when
        Whether it stands in menu and toolbar at all.
    group
        Actions of different groups are parted by a line.
    toolbar
        Short text for the toolbar; empty where it is not there.
    of_window
        Whether the window does it, not the controller.
    """

    id: str
    text: str
    trigger: Callable[[Controller], object]
    menu: str = ""
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    enabled_when: Callable[[Controller], bool] = lambda _: True
    checked_when: Callable[[Controller], bool] | None = None
    shown_when: Callable[[Controller], bool] = lambda _: True
    group: int = 0
    toolbar: str = ""
    of_window: bool = False

    @property
    def name(self) -> str:
        """What it is called in a sentence: the text without mnemonic and dots."""
        return self.text.replace("&", "").rstrip("…")
