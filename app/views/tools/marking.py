"""Tools of the left button, one for each mode: select and drag landmarks, place them, click the ends of a ruler."""

from html import escape
from typing import ClassVar

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from app.desktop import theme
from app.session.view_state import Mode
from app.views.slice_layer import HALO, ScreenMap
from app.views.tools.tool import Act, Gesture, Pointer, Tool

RULER_CROSS = 7.0
"""Half the length of the lines that mark the ends of a ruler, screen pixels."""


class SelectTool(Tool):
    """Selects landmarks and drags them."""

    mode = Mode.NAVIGATE
    gestures: ClassVar[tuple[Gesture, ...]] = (
        Gesture("Drag a landmark", "Move it; in a volume within that plane (Esc puts it back)"),
        Gesture("Click a landmark", "Select it; in a volume all planes go to it"),
    )

    def takes(self, pointer: Pointer) -> bool:
        """Take the left button, in a volume only on a landmark, and the mouse alone."""
        if self._state.mode is not self.mode or pointer.handle is not None:
            return False
        if pointer.act is Act.HOVER:
            return not (self._is_volume and pointer.shift)
        return pointer.is_left_press and (pointer.name is not None or not self._is_volume)

    def press(self, pointer: Pointer) -> None:
        """Select what is under the mouse, or nothing."""
        self._start, self._has_dragged = pointer, False
        self._controller.free_measuring.select(None)
        self._controller.editor.select(pointer.name)

    def move(self, pointer: Pointer) -> None:
        """Drag the landmark that was pressed, once the mouse has clearly moved; after Esc no more."""
        editor = self._controller.editor
        if self._start.name is None:
            return
        if not self._has_dragged and pointer.has_moved_from(self._start):
            if editor.begin_drag(self._start.name, self._start.point_px):
                self._canvas.show_cursor(Qt.CursorShape.BlankCursor)
            self._has_dragged = True
        editor.drag_to(pointer.point_px)

    def release(self, pointer: Pointer) -> None:  # noqa: ARG002 - it is where the last move was
        """End the drag; after a click bring all planes of a volume to the landmark."""
        if self._has_dragged:
            self._controller.editor.end_drag()
        elif self._start.name is not None:
            self._click()

    def hover(self, pointer: Pointer) -> None:
        """Show that a landmark can be dragged."""
        self._canvas.show_cursor(self.cursor if pointer.name is None else Qt.CursorShape.OpenHandCursor)

    def _click(self) -> None:
        """Act on a click on a landmark."""
        if self._is_volume:
            self._controller.editor.select(self._start.name, centre=True)


class PlaceTool(SelectTool):
    """Places one missing landmark after the other, then new ones; a drag still moves those that are there."""

    mode = Mode.PLACE
    cursor = Qt.CursorShape.CrossCursor
    gestures = ()

    def takes(self, pointer: Pointer) -> bool:
        """Take the left button."""
        return self._state.mode is self.mode and pointer.is_left_press

    def press(self, pointer: Pointer) -> None:
        """Place at once beside the landmarks; on one of them wait for a drag to begin or the button to be released."""
        self._start, self._has_dragged = pointer, False
        if pointer.name is None:
            self._controller.placing.place(pointer.point_px)
        elif self._controller.placing.next_name is None:
            self._controller.editor.select(pointer.name)

    def _click(self) -> None:
        if self._controller.placing.next_name is not None:
            self._controller.placing.place(self._start.point_px)
        else:
            super()._click()

    def banner(self) -> str:
        """Name the landmark that the next click places."""
        name = self._controller.placing.next_name
        if name is None:
            return "Click to add a point"
        everywhere = " in every image" if self._state.through_all == name else ""
        back = " &nbsp;·&nbsp; Z back" if self._controller.placing.can_go_back else ""
        asked = f"Click the position of <b>{escape(self._controller.document.display_name(name))}</b>{everywhere}"
        return f"{asked} &nbsp;·&nbsp; S skip &nbsp;·&nbsp; X not present{back}"


class PickTool(Tool):
    """Chooses the landmarks of a measurement that is being made; moves none."""

    mode = Mode.PICK
    cursor = Qt.CursorShape.CrossCursor

    def takes(self, pointer: Pointer) -> bool:
        """Take the left button, in a volume only on a landmark."""
        return (
            self._state.mode is self.mode
            and pointer.is_left_press
            and (pointer.name is not None or not self._is_volume)
        )

    def press(self, pointer: Pointer) -> None:
        """Take the landmark under the mouse."""
        if pointer.name is not None:
            self._controller.analysis_editing.take_landmark(pointer.name)

    def banner(self) -> str:
        """Say what it is chosen for."""
        asked = self._controller.analysis_editing.asked_for
        return f"Click the landmark for {escape(asked)}" if asked else ""


class RulerTool(Tool):
    """Measures something of known length, by which the pixel size is set."""

    mode = Mode.RULER
    cursor = Qt.CursorShape.CrossCursor

    def takes(self, pointer: Pointer) -> bool:
        """Take the left button."""
        return self._state.mode is self.mode and pointer.is_left_press

    def press(self, pointer: Pointer) -> None:
        """Click one end or the other."""
        self._controller.click_ruler(pointer.point_px)

    def banner(self) -> str:
        """Say which end comes next."""
        end = "the other end" if self._state.ruler_px else "one end"
        return f"Click {end} of a ruler, or of anything else whose length you know"

    def paint(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint a cross at each end and the line between them."""
        ends = [QPointF(*screen_map.to_screen(end_px)) for end_px in self._state.ruler_px]
        across, down = QPointF(RULER_CROSS, 0), QPointF(0, RULER_CROSS)
        for pen in (QPen(HALO, 4), QPen(theme.colour(theme.RULER), 1.5)):
            painter.setPen(pen)
            for end in ends:
                painter.drawLine(end - across, end + across)
                painter.drawLine(end - down, end + down)
            if len(ends) == 2:
                painter.drawLine(ends[0], ends[1])
