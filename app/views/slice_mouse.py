"""What a person does over a slice with the mouse: turns events into calls of controller, editor and navigator.

Keeps the gesture that is under way and nothing else; draws nothing.
"""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from app.session.controller import Controller
from app.session.view_state import Mode, Panel
from app.session.window_level import dragged_levels
from app.views.gestures import DragKind, drag_kind
from core.geometry.planes import Orientation

if TYPE_CHECKING:
    from app.views.slice_view import SliceView

DRAG_THRESHOLD = 3.0
ZOOM_PER_STEP = 1.2
WHEEL_STEP = 120


class SliceMouse:
    """Gestures over one slice view.

    Parameters
    ----------
    view
        Over which the mouse is, and which is panned and zoomed.
    controller
        Who is told.
    orientation
        Which plane of a volume the view shows.
    """

    def __init__(self, view: "SliceView", controller: Controller, orientation: Orientation) -> None:
        self._view = view
        self._controller = controller
        self._state = controller.view_state
        self._orientation = orientation
        self._drag = DragKind.NONE
        self._press_screen = (0.0, 0.0)
        self._last_screen = (0.0, 0.0)
        self._press_name: str | None = None
        self._press_crosshair_mm: tuple[float, ...] | None = None
        self._press_levels = (0.0, 1.0)
        self._wheel_remainder = 0

    @property
    def _is_volume(self) -> bool:
        image = self._controller.document.image
        return image is not None and image.ndim == 3

    @property
    def _is_placing(self) -> bool:
        """Whether a click places a landmark whose turn it is, even on top of another one."""
        return self._state.mode is Mode.PLACE and self._controller.editor.name_to_place is not None

    def press(self, event: QMouseEvent) -> None:
        """Begin a gesture, or finish a click at once in the modes that wait for one."""
        self._press_screen = self._last_screen = _screen(event)
        point_px = self._view.screen_map().to_px(self._press_screen)
        self._press_name = self._view.name_at(self._press_screen)
        self._press_levels, self._press_crosshair_mm = self._state.levels, self._state.crosshair_mm
        if self._controller.document.image is None:
            return
        self._state.active = self._orientation
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        on_point = self._press_name is not None
        self._drag = drag_kind(event.button(), self._state.mode, shift=shift, on_point=on_point, volume=self._is_volume)
        if self._drag is DragKind.POINT or event.button() == Qt.MouseButton.RightButton:
            if self._press_name is not None and not (self._drag is DragKind.POINT and self._is_placing):
                self._controller.editor.select(self._press_name)
        elif self._drag is DragKind.CROSSHAIR:
            self._controller.navigator.point_at(self._orientation, point_px)
        elif self._drag is DragKind.NONE and event.button() == Qt.MouseButton.LeftButton:
            self._click(point_px)

    def _click(self, point_px: tuple[float, float]) -> None:
        if self._state.mode is Mode.PLACE:
            self._controller.editor.place(point_px)
        elif self._state.mode is Mode.RULER:
            self._controller.click_ruler(point_px)
        else:
            self._controller.editor.select(None)

    def move(self, event: QMouseEvent) -> None:
        """Follow the mouse: its position, and the gesture that is under way."""
        screen = _screen(event)
        point_px = self._view.screen_map().to_px(screen)
        editor = self._controller.editor
        if self._drag is DragKind.POINT and self._press_name is not None:
            if self._has_moved(screen) and not editor.dragging:
                editor.begin_drag(self._press_name, self._view.screen_map().to_px(self._press_screen))
                self._view.setCursor(Qt.CursorShape.BlankCursor)
            editor.drag_to(point_px)
        elif self._drag is DragKind.PAN:
            last_px = self._view.screen_map().to_px(self._last_screen)
            self._view.pan(last_px[0] - point_px[0], last_px[1] - point_px[1])
        elif self._drag is DragKind.LEVELS and self._has_moved(screen):
            self._drag_levels(screen)
        elif self._drag is DragKind.CROSSHAIR:
            self._controller.navigator.point_at(self._orientation, point_px)
        elif self._drag is DragKind.NONE:
            self._hover(event, screen, point_px)
        self.tell_position(screen)
        self._last_screen = screen

    def _hover(self, event: QMouseEvent, screen: tuple[float, float], point_px: tuple[float, float]) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if shift and self._is_volume and not event.buttons():
            self._controller.navigator.point_at(self._orientation, point_px)
        if self._state.mode is Mode.NAVIGATE:
            over = self._view.name_at(screen) is not None
            self._view.setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor)

    def _has_moved(self, screen: tuple[float, float]) -> bool:
        return bool(np.hypot(*(np.asarray(screen) - self._press_screen)) >= DRAG_THRESHOLD)

    def _drag_levels(self, screen: tuple[float, float]) -> None:
        right = (screen[0] - self._press_screen[0]) / max(1, self._view.width())
        up = (self._press_screen[1] - screen[1]) / max(1, self._view.height())
        self._state.levels = dragged_levels(self._press_levels, right, up, self._state.full_levels)

    def release(self, event: QMouseEvent) -> None:
        """End the gesture; without a move it was a click on what lies there."""
        moved = self._has_moved(_screen(event))
        editor = self._controller.editor
        if self._drag is DragKind.POINT:
            if editor.dragging:
                editor.end_drag()
            elif not moved and self._is_placing:
                self._click(self._view.screen_map().to_px(self._press_screen))
            elif not moved and self._is_volume:
                editor.select(self._press_name, centre=True)
        elif self._drag is DragKind.LEVELS and not moved and self._press_name is not None:
            place: QPoint = event.globalPosition().toPoint()
            self._view.menu_requested.emit(place)
        self._drag = DragKind.NONE

    def double_click(self, event: QMouseEvent) -> None:
        """Beside the landmarks fit a 2D image, and maximise a plane; in the other modes it is two clicks."""
        if self._state.mode is not Mode.NAVIGATE or event.button() != Qt.MouseButton.LeftButton:
            self.press(event)
        elif self._view.name_at(_screen(event)) is None:
            if self._is_volume:
                if self._press_crosshair_mm is not None:  # the first click was not meant for it
                    self._state.crosshair_mm, self._press_crosshair_mm = self._press_crosshair_mm, None
                self._controller.navigator.toggle_maximised(Panel(self._orientation))
            else:
                self._view.fit()

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom at the mouse; in a volume scroll through the slices, and zoom with Ctrl."""
        if self._controller.document.image is None:
            return
        screen = (event.position().x(), event.position().y())
        delta = event.angleDelta().y() or event.angleDelta().x()
        if self._is_volume and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wheel_remainder += delta
            steps = int(self._wheel_remainder / WHEEL_STEP)
            self._wheel_remainder -= steps * WHEEL_STEP
            self._controller.navigator.scroll(self._orientation, steps)
            self.tell_position(screen)
            return
        self._view.zoom(ZOOM_PER_STEP ** (-delta / WHEEL_STEP), self._view.screen_map().to_px(screen))

    def tell_position(self, screen: tuple[float, float]) -> None:
        """Say where the mouse is; None beside the image."""
        plane = self._controller.navigator.plane_of(self._orientation)
        point_px = self._view.screen_map().to_px(screen)
        on_image = plane is not None and plane.inside(point_px)
        self._state.mouse_mm = tuple(plane.mm_from_px(point_px).tolist()) if plane is not None and on_image else None


def _screen(event: QMouseEvent) -> tuple[float, float]:
    return event.position().x(), event.position().y()
