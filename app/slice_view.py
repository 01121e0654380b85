"""Shows one slice with everything that lies over it, and turns mouse gestures into calls of the controller.

Draws what document and view state say and changes neither itself. View coordinates are image pixels (column, row), integers
at pixel centres, y down; the aspect ratio is the physical one.
"""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QWidget

from app import theme
from app.controller import Controller
from app.gestures import DragKind, drag_kind
from app.landmark_items import VISIBLE_DEPTH, Glyph, LandmarkLayer
from app.slice_layer import RulerLayer, ScreenMap, SliceLayer
from app.vector_field_item import VectorFieldLayer, field_picture
from app.view_state import Mode
from app.window_level import dragged_levels, percentile_levels
from core.types import Landmarks, Status

DRAG_THRESHOLD = 3.0
ZOOM_PER_STEP = 1.2
WHEEL_STEP = 120


class SliceView(pg.GraphicsView):  # type: ignore[misc]
    """The image with vector field, landmarks and ruler.

    Parameters
    ----------
    controller
        Whose document is shown and who is told about gestures.
    """

    menu_requested = Signal(QPoint)
    _layers: tuple[SliceLayer, ...] = ()
    _fitted = True

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=theme.CANVAS)
        self._controller = controller
        self._document = controller.document
        self._state = controller.view_state
        self._box = pg.ViewBox(enableMenu=False, invertY=True, lockAspect=1.0)
        self._box.setMouseEnabled(x=False, y=False)
        self.setCentralItem(self._box)
        self._image_item = pg.ImageItem(axisOrder="row-major", autoDownsample=True)
        self._box.addItem(self._image_item)
        self._field_layer = VectorFieldLayer(self.screen_map)
        self._landmark_layer = LandmarkLayer(self.screen_map)
        self._ruler_layer = RulerLayer(self.screen_map)
        self._layers = (self._field_layer, self._landmark_layer, self._ruler_layer)
        for height, layer in enumerate(self._layers, start=10):
            layer.setZValue(height)
            self.scene().addItem(layer)
        self._banner = QLabel(self)
        self._banner.setObjectName("modeBanner")
        self._banner.hide()
        self._drag = DragKind.NONE
        self._press_screen = (0.0, 0.0)
        self._press_name: str | None = None
        self._press_levels = (0.0, 1.0)
        self._full_levels = (0.0, 1.0)
        self._last_screen = (0.0, 0.0)
        self._wheel_remainder = 0
        self.setAcceptDrops(False)  # the window takes drops
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._connect()

    def _connect(self) -> None:
        self._box.sigTransformChanged.connect(self._redraw_layers)
        self._document.image_changed.connect(self._show_image)
        self._document.landmarks_changed.connect(self._show_landmarks)
        self._document.prediction_changed.connect(self._show_field)
        events = self._state.events
        events.slice_index.connect(self._show_slice)
        events.levels.connect(self._show_levels)
        events.inverted.connect(self._show_levels)
        for event in (events.selected, events.hide_all):
            event.connect(self._show_landmarks)
            event.connect(self._show_field)
        events.show_labels.connect(self._show_landmarks)
        events.show_vectors.connect(self._show_field)
        events.stage.connect(self._show_field)
        events.ruler_px.connect(self._ruler_layer.set_ends)
        for event in (events.mode, events.selected, events.ruler_px):
            event.connect(self._show_mode)
        self._state.fit_requested.connect(self.fit)
        self._state.centre_requested.connect(self.centre_on)

    # Showing

    def screen_map(self) -> ScreenMap:
        """Return where image pixels are on the screen now."""
        origin = self._box.mapViewToScene(QPointF(0, 0))
        one = self._box.mapViewToScene(QPointF(1, 1))
        return ScreenMap((origin.x(), origin.y()), (one.x() - origin.x(), one.y() - origin.y()))

    def fit(self) -> None:
        """Show the whole slice."""
        plane = self._controller.editor.plane
        if plane is not None:
            columns, rows = plane.size_px
            self._box.setRange(QRectF(-0.5, -0.5, columns, rows), padding=0.02)
            self._fitted = True

    def centre_on(self, name: str) -> None:
        """Bring a landmark to the middle, unless the whole slice is in view anyway."""
        plane, landmarks = self._controller.editor.plane, self._document.landmarks
        if plane is None or landmarks is None:
            return
        columns, rows = plane.size_px
        view = self._box.viewRect()
        if view.width() >= columns and view.height() >= rows:
            return
        centre_px = QPointF(*plane.px_from_mm(landmarks.point_mm(name)))
        offset = centre_px - view.center()
        self._box.translateBy(x=offset.x(), y=offset.y())

    def _show_image(self) -> None:
        plane, image = self._controller.editor.plane, self._document.image
        if plane is None or image is None:
            return
        width_mm, height_mm = plane.pixel_size_mm
        columns, rows = plane.size_px
        longest = 2 * max(columns, rows)
        self._full_levels = percentile_levels(image.voxels, 0, 100)
        self._box.setLimits(
            xMin=-columns, xMax=2 * columns, yMin=-rows, yMax=2 * rows,
            minXRange=4, minYRange=4, maxXRange=longest, maxYRange=longest,
        )  # fmt: skip
        self._box.setAspectLocked(True, ratio=width_mm / height_mm)
        self._show_slice()
        self.fit()

    def _show_slice(self) -> None:
        image = self._document.image
        if image is None:
            return
        voxels = image.voxels if image.ndim == 2 else image.voxels[self._state.slice_index]
        rows, columns = voxels.shape
        self._image_item.setImage(np.ascontiguousarray(voxels), autoLevels=False, levels=self._shown_levels())
        self._image_item.setRect(QRectF(-0.5, -0.5, columns, rows))
        self._show_landmarks()
        self._show_field()

    def _show_levels(self) -> None:
        self._image_item.setLevels(self._shown_levels())

    def _shown_levels(self) -> tuple[float, float]:
        low, high = self._state.levels
        return (high, low) if self._state.inverted else (low, high)

    def _show_landmarks(self) -> None:
        landmarks = self._document.landmarks
        hidden = landmarks is None or self._state.hide_all
        glyphs = [] if hidden or landmarks is None else self._glyphs(landmarks)
        self._landmark_layer.set_glyphs(glyphs, show_labels=self._state.show_labels)

    def _glyphs(self, landmarks: Landmarks) -> list[Glyph]:
        plane = self._controller.editor.plane
        if plane is None:
            return []
        points_px = plane.px_from_mm(landmarks.points_mm)
        depths = plane.depth_of(landmarks.points_mm)
        radii_mm = np.where(np.isfinite(landmarks.radius_mm), landmarks.radius_mm, landmarks.spread_mm)
        glyphs = []
        for row in np.flatnonzero(landmarks.located):
            name, status = landmarks.names[row], landmarks.status[row]
            if abs(depths[row]) > VISIBLE_DEPTH:
                continue
            of_model = status is Status.PREDICTED and np.isfinite(radii_mm[row])
            radius_mm = float(radii_mm[row]) if of_model else 0.0
            presence = float(landmarks.presence[row]) if status is Status.PREDICTED else 1.0
            selected = name == self._state.selected
            glyphs.append(
                Glyph(
                    name=name,
                    label=name if selected else self._document.short_name(name),
                    point_px=(float(points_px[row, 0]), float(points_px[row, 1])),
                    status=status,
                    presence=presence if np.isfinite(presence) else 1.0,
                    radii_px=(radius_mm / plane.pixel_size_mm[0], radius_mm / plane.pixel_size_mm[1]),
                    depth=float(depths[row]),
                    selected=selected,
                )
            )
        return glyphs

    def _show_field(self) -> None:
        plane = self._controller.editor.plane
        field = self._document.field_of(self._state.selected, self._state.stage)
        shown = self._state.show_vectors and not self._state.hide_all
        picture = field_picture(field, plane) if field is not None and plane is not None and shown else None
        self._field_layer.set_field(picture)

    def _show_mode(self) -> None:
        mode = self._state.mode
        if mode is Mode.NAVIGATE:
            self._banner.hide()
            self.unsetCursor()
            return
        self.setCursor(Qt.CursorShape.CrossCursor)
        if mode is Mode.PLACE:
            name = self._controller.editor.name_to_place
            text = f"Click the position of <b>{name}</b>" if name else "Click to add a point"
        else:
            end = "other" if self._state.ruler_px else "one"
            text = f"Click the {end} end of a ruler or another thing of known length"
        self._banner.setText(f"{text} &nbsp;·&nbsp; Esc to stop")
        self._banner.adjustSize()
        self._place_banner()
        self._banner.show()
        self._banner.raise_()

    def _place_banner(self) -> None:
        self._banner.move((self.width() - self._banner.width()) // 2, 12)

    def _redraw_layers(self, *_: Any) -> None:
        for layer in self._layers:
            layer.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Let the layers cover the new size; a slice that was wholly in view stays so."""
        super().resizeEvent(event)
        if not self._layers:
            return  # called by the base class before this one is ready
        for layer in self._layers:
            layer.set_area(QRectF(self.viewport().rect()))
        if self._fitted:
            self.fit()
        self._place_banner()

    # Gestures

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin a gesture, or finish a click at once in the modes that wait for one."""
        self._press_screen = self._last_screen = _screen(event)
        point_px = self.screen_map().to_px(self._press_screen)
        self._press_name = self._landmark_layer.name_at(self._press_screen)
        self._press_levels = self._state.levels
        if self._document.image is None:
            return
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._drag = drag_kind(event.button(), self._state.mode, shift=shift, on_point=self._press_name is not None)
        if self._drag is DragKind.POINT or event.button() == Qt.MouseButton.RightButton:
            if self._press_name is not None:
                self._controller.editor.select(self._press_name)
        elif self._drag is DragKind.NONE and event.button() == Qt.MouseButton.LeftButton:
            self._click(point_px)
        event.accept()

    def _click(self, point_px: tuple[float, float]) -> None:
        if self._state.mode is Mode.PLACE:
            self._controller.editor.place(point_px)
        elif self._state.mode is Mode.RULER:
            self._controller.click_ruler(point_px)
        else:
            self._controller.editor.select(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the mouse: cursor position, and the gesture that is under way."""
        screen = _screen(event)
        point_px = self.screen_map().to_px(screen)
        self._state.cursor_px = point_px
        moved = np.hypot(screen[0] - self._press_screen[0], screen[1] - self._press_screen[1]) >= DRAG_THRESHOLD
        editor = self._controller.editor
        if self._drag is DragKind.POINT and self._press_name is not None:
            if moved and not editor.dragging:
                editor.begin_drag(self._press_name, self.screen_map().to_px(self._press_screen))
                self.setCursor(Qt.CursorShape.BlankCursor)
            editor.drag_to(point_px)
        elif self._drag is DragKind.PAN:
            self._fitted = False
            last_px = self.screen_map().to_px(self._last_screen)
            self._box.translateBy(x=last_px[0] - point_px[0], y=last_px[1] - point_px[1])
        elif self._drag is DragKind.LEVELS and moved:
            self._drag_levels(screen)
        elif self._drag is DragKind.NONE and self._state.mode is Mode.NAVIGATE:
            over = self._landmark_layer.name_at(screen) is not None
            self.setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor)
        self._last_screen = screen
        event.accept()

    def _drag_levels(self, screen: tuple[float, float]) -> None:
        right = (screen[0] - self._press_screen[0]) / max(1, self.width())
        up = (self._press_screen[1] - screen[1]) / max(1, self.height())
        self._state.levels = dragged_levels(self._press_levels, right, up, self._full_levels)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """End the gesture; a right click that did not move opens the menu of the landmark under it."""
        moved = np.hypot(*(np.asarray(_screen(event)) - self._press_screen)) >= DRAG_THRESHOLD
        if self._drag is DragKind.POINT:
            self._controller.editor.end_drag()
        elif self._drag is DragKind.LEVELS and not moved and self._press_name is not None:
            self.menu_requested.emit(event.globalPosition().toPoint())
        self._drag = DragKind.NONE
        self._show_mode()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Fit the slice into the view on a double click beside the landmarks; in the other modes it is two clicks."""
        if self._state.mode is not Mode.NAVIGATE or event.button() != Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)
        elif self._landmark_layer.name_at(_screen(event)) is None:
            self.fit()
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Zoom at the mouse; in a volume scroll through the slices, and zoom with Ctrl."""
        image = self._document.image
        event.accept()
        if image is None:
            return
        delta = event.angleDelta().y() or event.angleDelta().x()
        if image.ndim == 3 and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wheel_remainder += delta
            steps = int(self._wheel_remainder / WHEEL_STEP)
            self._wheel_remainder -= steps * WHEEL_STEP
            self._state.slice_index = int(np.clip(self._state.slice_index - steps, 0, image.grid.shape[0] - 1))
            return
        factor = ZOOM_PER_STEP ** (-delta / WHEEL_STEP)
        centre_px = self.screen_map().to_px((event.position().x(), event.position().y()))
        self._fitted = False
        self._box.scaleBy((factor, factor), center=QPointF(*centre_px))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Forget the cursor position."""
        self._state.cursor_px = None
        super().leaveEvent(event)


def _screen(event: QMouseEvent) -> tuple[float, float]:
    return event.position().x(), event.position().y()
