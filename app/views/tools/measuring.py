"""Tools of free measurements: click the ends of a distance or the points of an angle, and take hold of what was drawn before.

What is measured and kept is `app.session.free_measuring`'s. Not the ruler by which the pixel size is set: that is `marking`'s.
"""

from math import hypot
from typing import ClassVar

from PySide6.QtCore import Qt

from app.session.free_measuring import Handle
from app.session.view_state import Mode
from app.views.tools.tool import Act, Gesture, Pointer, Tool
from core.values.grid import FloatArray

_DRAWN = 12.0
"""Screen pixels from which on the first point and the next are drawn by one stroke with the button down."""


class HoldTool(Tool):
    """Selects distances and angles that were drawn before, and drags their points."""

    gestures: ClassVar[tuple[Gesture, ...]] = (
        Gesture("Drag an end of a measurement", "Move it; it snaps to landmarks, except with Ctrl"),
        Gesture("Click a measurement", "Select the distance or angle (Del deletes it)"),
    )

    def takes(self, pointer: Pointer) -> bool:
        """Take the left button on a measurement, and the mouse alone."""
        if self._state.mode is not Mode.NAVIGATE or pointer.handle is None:
            return False
        if pointer.act is Act.HOVER:
            return not (self._is_volume and pointer.shift)
        return pointer.is_left_press

    def press(self, pointer: Pointer) -> None:
        """Select what is under the mouse."""
        self._start, self._held, self._has_dragged = pointer, pointer.handle, False
        if pointer.handle is not None:
            self._controller.free_measuring.select(pointer.handle.uuid)

    def move(self, pointer: Pointer) -> None:
        """Drag the point that was pressed, once the mouse has clearly moved; after Esc no more."""
        held, free = self._held, self._controller.free_measuring
        if held is None or held.point is None:
            return
        if not self._has_dragged and pointer.has_moved_from(self._start):
            if free.begin_drag(held, self._canvas.orientation, self._start.point_px):
                self._canvas.show_cursor(Qt.CursorShape.ClosedHandCursor)
            self._has_dragged = True
        if self._has_dragged:
            free.drag_to(pointer.point_px, _snapped(pointer))

    def release(self, pointer: Pointer) -> None:  # noqa: ARG002 - it is where the last move was
        """End the drag."""
        if self._has_dragged:
            self._controller.free_measuring.end_drag()

    def hover(self, pointer: Pointer) -> None:
        """Show what can be taken hold of."""
        held = pointer.handle
        if held is not None:
            on_line = held.point is None
            self._canvas.show_cursor(Qt.CursorShape.PointingHandCursor if on_line else Qt.CursorShape.OpenHandCursor)


class MeasureTool(HoldTool):
    """Measures by clicks; a drag still moves the points of what is there."""

    cursor = Qt.CursorShape.CrossCursor
    gestures = ()

    def takes(self, pointer: Pointer) -> bool:
        """Take the left button, and the mouse alone."""
        if self._state.mode is not self.mode:
            return False
        if pointer.act is Act.HOVER:
            return not (self._is_volume and pointer.shift)
        return pointer.is_left_press

    def press(self, pointer: Pointer) -> None:
        """Take the next point at once, except on a point that is there, which may be dragged."""
        free = self._controller.free_measuring
        self._start, self._has_dragged = pointer, False
        on_point = pointer.handle is not None and pointer.handle.point is not None
        self._held: Handle | None = pointer.handle if on_point and not free.points_clicked else None
        if self._held is None:
            free.click(self._place(pointer))
        self._is_first = free.points_clicked == 1

    def move(self, pointer: Pointer) -> None:
        """Drag a point that is there, or show what the next point would give."""
        if self._held is not None:
            super().move(pointer)
        else:
            self.hover(pointer)

    def release(self, pointer: Pointer) -> None:
        """End a drag, or the stroke that has drawn two points; a click on a point that is there is the first one."""
        free = self._controller.free_measuring
        if self._held is not None and not self._has_dragged:
            free.click(self._place(self._start))
        elif self._held is not None:
            free.end_drag()
        elif self._is_first and free.points_clicked == 1 and _is_stroke(self._start, pointer):
            free.click(self._place(pointer))

    def hover(self, pointer: Pointer) -> None:
        """Show what the next point would give."""
        self._controller.free_measuring.hover(self._place(pointer))

    def banner(self) -> str:
        """Say which point comes next."""
        return self._controller.free_measuring.next_step

    def _place(self, pointer: Pointer) -> FloatArray | None:
        free = self._controller.free_measuring
        return free.place_of(self._canvas.orientation, pointer.point_px, _snapped(pointer))


class DistanceTool(MeasureTool):
    """Measures distances."""

    mode = Mode.DISTANCE


class AngleTool(MeasureTool):
    """Measures angles."""

    mode = Mode.ANGLE


def _snapped(pointer: Pointer) -> str | None:
    """Return the landmark to which a point snaps: the one under the mouse, none with Ctrl."""
    return None if pointer.ctrl else pointer.name


def _is_stroke(start: Pointer, end: Pointer) -> bool:
    (start_x, start_y), (x, y) = start.point_screen, end.point_screen
    return hypot(x - start_x, y - start_y) >= _DRAWN
