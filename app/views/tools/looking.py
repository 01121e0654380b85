"""Tools that change how the slice is looked at, and no landmark: pan, zoom, scroll, brightness and contrast, crosshair."""

from PySide6.QtCore import Qt

from app.session.controller import Controller
from app.session.view_state import Mode, Panel
from app.session.window_level import dragged_levels
from app.views.tools.tool import Act, Canvas, Gesture, Pointer, Tool

ZOOM_PER_STEP = 1.2


class PanTool(Tool):
    """Moves the image."""

    gestures = (Gesture("Middle-drag, or Shift + drag", "Move the image"),)

    def takes(self, pointer: Pointer) -> bool:
        """Take the middle button, and the left one with Shift."""
        with_shift = pointer.button == Qt.MouseButton.LeftButton and pointer.shift
        return pointer.act is Act.PRESS and (pointer.button == Qt.MouseButton.MiddleButton or with_shift)

    def press(self, pointer: Pointer) -> None:
        """Take hold of the image where the mouse is."""
        self._held_px = pointer.point_px

    def move(self, pointer: Pointer) -> None:
        """Keep what was taken hold of under the mouse."""
        self._canvas.pan(self._held_px[0] - pointer.point_px[0], self._held_px[1] - pointer.point_px[1])


class LevelsTool(Tool):
    """Changes brightness and contrast; a click with the same button opens the menu of a landmark."""

    gestures = (
        Gesture("Right-drag", "Brightness (up and down) and contrast (left and right)"),
        Gesture("Right-click a landmark", "Open its menu"),
    )

    def takes(self, pointer: Pointer) -> bool:
        """Take the right button."""
        return pointer.act is Act.PRESS and pointer.button == Qt.MouseButton.RightButton

    def press(self, pointer: Pointer) -> None:
        """Remember the levels, and select what is under the mouse."""
        self._start, self._start_levels = pointer, self._state.levels
        if pointer.name is not None:
            self._controller.editor.select(pointer.name)

    def move(self, pointer: Pointer) -> None:
        """Change the levels by how far the mouse has moved, as a fraction of the view."""
        if pointer.has_moved_from(self._start):
            (x, y), (start_x, start_y) = pointer.point_screen, self._start.point_screen
            width, height = self._canvas.size_screen()
            right, up = (x - start_x) / max(1, width), (start_y - y) / max(1, height)
            self._state.levels = dragged_levels(self._start_levels, right, up, self._state.full_levels)

    def release(self, pointer: Pointer) -> None:
        """Open the menu after a click on a landmark."""
        if self._start.name is not None and not pointer.has_moved_from(self._start):
            self._canvas.open_menu(pointer.point_global)


class CrosshairTool(Tool):
    """Moves the point in which the planes of a volume meet."""

    gestures = (
        Gesture("Click or drag beside landmarks", "In a volume: move the crosshair"),
        Gesture("Shift + move", "In a volume: the crosshair follows the mouse"),
        Gesture("Double-click beside landmarks", "In a volume: show this view alone, or all four"),
    )

    def __init__(self, controller: Controller, canvas: Canvas) -> None:
        super().__init__(controller, canvas)
        self._before_mm: tuple[float, ...] | None = None

    def takes(self, pointer: Pointer) -> bool:
        """Take the left button beside the landmarks of a volume, and with Shift the mouse alone."""
        if not self._is_volume:
            return False
        if pointer.act is Act.HOVER:
            return pointer.shift
        clicks = pointer.is_left_press or pointer.is_left_double_click
        held = pointer.handle is not None and self._state.mode is Mode.NAVIGATE
        return clicks and self._state.mode in (Mode.NAVIGATE, Mode.PICK) and pointer.name is None and not held

    def press(self, pointer: Pointer) -> None:
        """Bring the crosshair to the mouse."""
        self._before_mm = self._state.crosshair_mm
        self.move(pointer)

    def move(self, pointer: Pointer) -> None:
        """Let it follow."""
        self._controller.navigator.point_at(self._canvas.orientation, pointer.point_px)

    hover = move

    def double_click(self, pointer: Pointer) -> None:  # noqa: ARG002 - where it is has no meaning
        """Maximise the view or show all; the first click was not meant for the crosshair."""
        if self._before_mm is not None:
            self._state.crosshair_mm, self._before_mm = self._before_mm, None
        self._controller.navigator.toggle_maximised(Panel(self._canvas.orientation))


class FitTool(Tool):
    """Shows the whole of a 2D image again."""

    gestures = (Gesture("Double-click beside landmarks", "In a 2D image: fit it into the window"),)

    def takes(self, pointer: Pointer) -> bool:
        """Take a double click beside the landmarks of a 2D image."""
        navigates = self._state.mode is Mode.NAVIGATE and not self._is_volume
        return navigates and pointer.is_left_double_click and pointer.name is None and pointer.handle is None

    def double_click(self, pointer: Pointer) -> None:  # noqa: ARG002 - where it is has no meaning
        """Fit."""
        self._canvas.fit()


class ScrollTool(Tool):
    """Goes through the slices of a volume."""

    gestures = (Gesture("Wheel in a volume", "Next or previous slice"),)

    def __init__(self, controller: Controller, canvas: Canvas) -> None:
        super().__init__(controller, canvas)
        self._rest = 0.0  # of a wheel or touchpad that moves by less than a step

    def takes(self, pointer: Pointer) -> bool:
        """Take the wheel over a volume, without Ctrl."""
        return pointer.act is Act.WHEEL and self._is_volume and not pointer.ctrl

    def wheel(self, pointer: Pointer) -> None:
        """Go one slice further with each whole step."""
        self._rest += pointer.steps
        slices = int(self._rest)
        self._rest -= slices
        self._controller.navigator.scroll(self._canvas.orientation, slices)


class ZoomTool(Tool):
    """Zooms at the mouse."""

    gestures = (Gesture("Wheel; in a volume, Ctrl + wheel", "Zoom"),)

    def takes(self, pointer: Pointer) -> bool:
        """Take the wheel over a 2D image, and over a volume with Ctrl."""
        return pointer.act is Act.WHEEL and (pointer.ctrl or not self._is_volume)

    def wheel(self, pointer: Pointer) -> None:
        """Zoom in when the wheel is moved away from the hand."""
        self._canvas.zoom(ZOOM_PER_STEP**-pointer.steps, pointer.point_px)
