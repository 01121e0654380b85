"""What a tool is: one thing that can be done with the mouse over a slice. Each is one class and one row in `table`.

A tool translates what the mouse does into calls of controller, editor, navigator and canvas; it may paint over the slice and say
in a banner what it is waiting for. It knows no view: the canvas is whatever shows the slice.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter

from app.session.controller import Controller
from app.session.free_measuring import Handle
from app.session.view_state import Mode
from app.views.slice_layer import ScreenMap
from core.geometry.planes import Orientation

DRAG_THRESHOLD = 3.0
"""Screen pixels that the mouse moves before a click becomes a drag."""


class Gesture(NamedTuple):
    """A line of the sheet of keys and gestures."""

    what: str
    effect: str


class Act(Enum):
    """What the mouse does that some tool may take; what follows a press belongs to the tool that took the press."""

    PRESS = auto()
    DOUBLE_CLICK = auto()
    WHEEL = auto()
    HOVER = auto()


@dataclass(frozen=True)
class Pointer:
    """The mouse at one moment.

    Attributes
    ----------
    act
        What it does.
    point_screen, point_px
        Where it is, in the pixels of the view and in those of the slice.
    point_global
        Where it is on the screen, for menus.
    name
        The landmark under it, None beside them.
    button
        The button that was pressed or released.
    shift, ctrl
        Whether these keys are down.
    steps
        How far the wheel was moved, away from the hand being positive.
    handle
        The part of a free measurement under it that a press takes hold of; None beside them, and mostly on a landmark.
    """

    act: Act
    point_screen: tuple[float, float]
    point_px: tuple[float, float]
    point_global: QPoint
    name: str | None = None
    button: Qt.MouseButton = Qt.MouseButton.NoButton
    shift: bool = False
    ctrl: bool = False
    steps: float = 0.0
    handle: Handle | None = None

    @property
    def is_left_press(self) -> bool:
        """Whether the left button was pressed alone; with Shift it stands for the middle one."""
        return self.act is Act.PRESS and self.button == Qt.MouseButton.LeftButton and not self.shift

    @property
    def is_left_double_click(self) -> bool:
        """Whether the left button was double-clicked, without Shift."""
        return self.act is Act.DOUBLE_CLICK and self.button == Qt.MouseButton.LeftButton and not self.shift

    def has_moved_from(self, start: "Pointer") -> bool:
        """Tell whether it is so far from where it was pressed that no click is meant."""
        return bool(np.hypot(*np.subtract(self.point_screen, start.point_screen)) >= DRAG_THRESHOLD)


class Canvas(Protocol):
    """What a tool may ask of the view that it works over."""

    @property
    def orientation(self) -> Orientation:
        """Which plane of a volume it shows."""

    def size_screen(self) -> tuple[int, int]:
        """Return width and height in screen pixels."""

    def pan(self, columns_px: float, rows_px: float) -> None:
        """Move what is in view."""

    def zoom(self, factor: float, centre_px: tuple[float, float]) -> None:
        """Show ``factor`` times as much, with ``centre_px`` staying where it is."""

    def fit(self) -> None:
        """Show the whole slice."""

    def show_cursor(self, shape: Qt.CursorShape) -> None:
        """Give the mouse another shape until the gesture ends."""

    def open_menu(self, point_global: QPoint) -> None:
        """Open the menu of the selected landmark."""


class Tool:
    """Does nothing; the tools override what they need.

    Parameters
    ----------
    controller
        Who is told.
    canvas
        The view that the mouse is over.
    """

    mode: ClassVar[Mode | None] = None
    """The mode that it belongs to: whose cursor, banner and painting are its own. None where it works in all of them."""
    cursor: ClassVar[Qt.CursorShape] = Qt.CursorShape.ArrowCursor
    gestures: ClassVar[tuple[Gesture, ...]] = ()
    """What the sheet of keys and gestures says of it."""

    def __init__(self, controller: Controller, canvas: Canvas) -> None:
        self._controller = controller
        self._state = controller.view_state
        self._canvas = canvas

    @property
    def _is_volume(self) -> bool:
        image = self._controller.document.image
        return image is not None and image.ndim == 3

    def takes(self, pointer: Pointer) -> bool:
        """Tell whether what the mouse does is for this tool. No two take the same."""
        raise NotImplementedError

    def press(self, pointer: Pointer) -> None:
        """Begin a gesture."""

    def move(self, pointer: Pointer) -> None:
        """Go on with it."""

    def release(self, pointer: Pointer) -> None:
        """End it."""

    def double_click(self, pointer: Pointer) -> None:
        """Do what a double click means; the first of its two clicks has been a press."""

    def wheel(self, pointer: Pointer) -> None:
        """Do what the wheel means."""

    def hover(self, pointer: Pointer) -> None:
        """Follow the mouse while no button is down."""

    def banner(self) -> str:
        """Return, as rich text, what to click next; empty for no banner. Asked of the tool of the current mode."""
        return ""

    def paint(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint over the slice. Asked of the tool of the current mode."""
