"""Gives what the mouse does over a slice to the tool that takes it, and tells where the mouse is.

Keeps the tool whose gesture is under way and nothing else; what a gesture means is the tools' business. Draws nothing.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from app.session.controller import Controller
from app.session.free_measuring import Handle
from app.views.slice_layer import ScreenMap
from app.views.tools.table import TOOLS
from app.views.tools.tool import Act, Canvas, Pointer, Tool

WHEEL_STEP = 120


class SliceMouse:
    """The mouse over one slice view.

    Parameters
    ----------
    controller
        Who is told.
    canvas
        The view, as tools know it.
    screen_map
        Gives where image pixels are on the screen now.
    name_at
        Gives the landmark under a screen position.
    handle_at
        Gives the part of a free measurement under it.
    """

    def __init__(
        self,
        controller: Controller,
        canvas: Canvas,
        screen_map: Callable[[], ScreenMap],
        name_at: Callable[[tuple[float, float]], str | None],
        handle_at: Callable[[tuple[float, float]], Handle | None],
    ) -> None:
        self._controller = controller
        self._state = controller.view_state
        self._canvas = canvas
        self._screen_map = screen_map
        self._name_at = name_at
        self._handle_at = handle_at
        self._tools = tuple(make(controller, canvas) for make in TOOLS)
        self._by_mode = {tool.mode: tool for tool in self._tools if tool.mode is not None}
        self._held: tuple[Tool, Qt.MouseButton] | None = None

    @property
    def mode_tool(self) -> Tool:
        """The tool of the current mode."""
        return self._by_mode[self._state.mode]

    def press(self, event: QMouseEvent) -> None:
        """Begin a gesture, unless another button still holds one."""
        if self._held is not None and event.buttons() & self._held[1] and event.button() != self._held[1]:
            return
        pointer = self._pointer(Act.PRESS, event)
        tool, self._held = self._taker(pointer), None
        if tool is not None:
            self._state.active = self._canvas.orientation
            self._held = (tool, event.button())
            tool.press(pointer)

    def move(self, event: QMouseEvent) -> None:
        """Follow the mouse: its position, and the gesture that is under way."""
        pointer = self._pointer(Act.HOVER, event)
        if self._held is not None:
            self._held[0].move(pointer)
        elif not event.buttons():
            tool = self._taker(pointer)
            if tool is not None:
                tool.hover(pointer)
        self._tell_position(pointer.point_screen)

    def release(self, event: QMouseEvent) -> None:
        """End the gesture that this button began."""
        if self._held is not None and event.button() == self._held[1]:
            tool, self._held = self._held[0], None
            tool.release(self._pointer(Act.HOVER, event))

    def double_click(self, event: QMouseEvent) -> None:
        """Hand a double click to the tool that knows one; to the others it is a second click."""
        pointer = self._pointer(Act.DOUBLE_CLICK, event)
        tool = self._taker(pointer)
        if tool is not None:
            tool.double_click(pointer)
        else:
            self.press(event)

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom or scroll."""
        pointer = self._pointer(Act.WHEEL, event)
        tool = self._taker(pointer)
        if tool is not None:
            tool.wheel(pointer)
        self._tell_position(pointer.point_screen)

    def _taker(self, pointer: Pointer) -> Tool | None:
        if self._controller.document.image is None or self._state.opening:
            return None
        return next((tool for tool in self._tools if tool.takes(pointer)), None)

    def _pointer(self, act: Act, event: QMouseEvent | QWheelEvent) -> Pointer:
        point_screen = (event.position().x(), event.position().y())
        button, steps = Qt.MouseButton.NoButton, 0.0
        if isinstance(event, QWheelEvent):
            steps = (event.angleDelta().y() or event.angleDelta().x()) / WHEEL_STEP
        else:
            button = event.button()
        name = self._name_at(point_screen)
        return Pointer(
            act=act,
            point_screen=point_screen,
            point_px=self._screen_map().to_px(point_screen),
            point_global=event.globalPosition().toPoint(),
            name=name,
            handle=self._held_by_press(point_screen, name),
            button=button,
            shift=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier),
            ctrl=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier),
            steps=steps,
        )

    def _held_by_press(self, point_screen: tuple[float, float], name: str | None) -> Handle | None:
        """Return what a press takes hold of: of two points in one place that of the selected measurement, else the landmark."""
        handle = self._handle_at(point_screen)
        if handle is None or name is None:
            return handle
        selected = self._controller.free_measuring.selected
        wins = selected is not None and selected.uuid == handle.uuid and handle.point is not None
        return handle if wins else None

    def _tell_position(self, point_screen: tuple[float, float]) -> None:
        """Say where the mouse is, by what is in view now; None beside the image."""
        plane = self._controller.navigator.plane_of(self._canvas.orientation)
        point_px = self._screen_map().to_px(point_screen)
        on_image = plane is not None and plane.inside(point_px)
        self._state.mouse_mm = tuple(plane.mm_from_px(point_px).tolist()) if plane is not None and on_image else None
