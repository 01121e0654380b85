"""Shows one slice with everything that lies over it.

Draws what document and view state say; the mouse is left to `slice_mouse` and its tools. View coordinates are pixels of
the slice (column, row), integers at pixel centres, y down; the aspect ratio is the physical one.
"""

from enum import Flag, auto
from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from app.desktop import theme
from app.session import wording
from app.session.controller import Controller
from app.views.focus_items import FocusLayer
from app.views.framing import Framing
from app.views.free_item import FreeLayer
from app.views.glyphs import glyphs_on
from app.views.landmark_items import LandmarkLayer
from app.views.loupe import LoupeLayer
from app.views.mode_banner import ModeBanner
from app.views.nudging import Nudging
from app.views.plane_items import CrosshairLayer, EdgeLetters, LettersLayer
from app.views.slice_layer import ScreenMap, SliceLayer, ToolLayer
from app.views.slice_mouse import SliceMouse
from app.views.tracing_item import TracingLayer
from app.views.vector_field_item import VectorFieldLayer, field_picture
from core.geometry.planes import Orientation, SlicePlane
from core.geometry.slices import block_means, extract_slice, voxel_steps
from core.values.grid import FloatArray
from core.values.image import Image

_NO_LIMITS = {"xMin": -1e307, "xMax": 1e307, "yMin": -1e307, "yMax": 1e307} | dict.fromkeys(
    ("minXRange", "maxXRange", "minYRange", "maxYRange")
)

_ROOM_AROUND = 1.3
"""How much more of the slice than positions take is in view where it has to be zoomed out to see them."""


class Part(Flag):
    """What of the view is out of date."""

    NOTHING = 0
    IMAGE = auto()
    CROSSHAIR = auto()
    LANDMARKS = auto()
    FIELD = auto()
    ALL = IMAGE | CROSSHAIR | LANDMARKS | FIELD


class SliceView(pg.GraphicsView):  # type: ignore[misc]
    """One plane of a volume, or a 2D image, with vector field, landmarks, crosshair and ruler.

    Changes are drawn together, once per pass of the event loop, and only while the view is visible.

    Parameters
    ----------
    controller
        Whose document is shown and who is told about gestures.
    orientation
        Which plane of a volume this is. A 2D image is shown by the axial view.
    """

    menu_requested = Signal(QPoint)
    slice_shown = Signal()
    _layers: tuple[SliceLayer, ...] = ()
    _fitted = True

    def __init__(
        self, controller: Controller, orientation: Orientation = Orientation.AXIAL, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, background=theme.CANVAS)
        self._controller = controller
        self._document = controller.document
        self._state = controller.view_state
        self._orientation = orientation
        self._box = pg.ViewBox(enableMenu=False, invertY=True, lockAspect=1.0)
        self._box.setMouseEnabled(x=False, y=False)
        self.setCentralItem(self._box)
        self._image_item = pg.ImageItem(axisOrder="row-major", autoDownsample=True)
        self._box.addItem(self._image_item)
        self._crosshair_layer = CrosshairLayer(self.screen_map, orientation)
        self._tracing_layer = TracingLayer(controller, orientation, self.screen_map)
        self._field_layer = VectorFieldLayer(self.screen_map)
        self._landmark_layer = LandmarkLayer(self.screen_map)
        self._letters_layer = LettersLayer(self.screen_map)
        self._focus_layer = FocusLayer(self.screen_map)
        self._loupe_layer = LoupeLayer(controller, orientation, self.screen_map)
        self._free_layer = FreeLayer(controller, orientation, self.screen_map)
        self._mouse = SliceMouse(controller, self, self.screen_map, self.name_at, self._free_layer.handle_at)
        self._nudging = Nudging(controller, self._in_sight)
        self._tool_layer = ToolLayer(self.screen_map, lambda painter, at: self._mouse.mode_tool.paint(painter, at))
        self._layers = (
            self._crosshair_layer, self._tracing_layer, self._field_layer, self._landmark_layer, self._free_layer,
            self._tool_layer, self._letters_layer, self._focus_layer, self._loupe_layer,
        )  # fmt: skip
        for height, layer in enumerate(self._layers, start=10):
            layer.setZValue(height)
            self.scene().addItem(layer)
        self._banner = ModeBanner(self)
        self._framing: Framing | None = None
        self._shown_plane: SlicePlane | None = None
        self._shown_step = 1
        self._stale = Part.ALL
        self._redrawing = QTimer(self)
        self._redrawing.setSingleShot(True)
        self._redrawing.setInterval(0)
        self._redrawing.timeout.connect(self.bring_up_to_date)
        self.setAcceptDrops(False)  # the window takes drops
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._connect()

    def _connect(self) -> None:
        events = self._state.events
        for part, signals in {
            Part.ALL: (self._document.image_changed, events.radiological),
            Part.CROSSHAIR: (events.crosshair_mm, events.show_crosshair),
            Part.LANDMARKS: (self._document.landmarks_changed, events.show_labels, events.locked),
            Part.FIELD: (self._document.prediction_changed, events.show_vectors, events.stage),
            Part.LANDMARKS | Part.FIELD: (events.selected,),
            Part.LANDMARKS | Part.FIELD | Part.CROSSHAIR: (events.hide_all,),
        }.items():
            for signal in signals:
                signal.connect(partial(self._redraw_soon, part))
        for event in (events.levels, events.inverted):
            event.connect(self._show_levels)
        free = self._controller.free_measuring
        for event in (events.mode, events.selected, events.ruler_px, events.active, free.stepped):
            event.connect(self._show_mode)
        for event in (events.dragged, events.show_loupe):
            event.connect(self._show_loupe)
        measuring = self._controller.measuring
        for signal in (
            measuring.changed, measuring.pointed, events.show_tracing, events.show_measurements, events.hide_all,
        ):  # fmt: skip
            signal.connect(self._show_tracing)
        measuring.show_requested.connect(self.bring_into_view)
        free.show_requested.connect(self.bring_into_view)
        self._document.landmarks_changed.connect(self._show_focus)
        events.selected.connect(self._show_focus)
        self._box.sigTransformChanged.connect(self._redraw_layers)
        self._state.fit_requested.connect(self.fit)
        self._state.centre_requested.connect(self.centre_on)

    # Where things are

    @property
    def plane(self) -> SlicePlane | None:
        """The slice to show now, None without an image."""
        return self._controller.navigator.plane_of(self._orientation)

    @property
    def orientation(self) -> Orientation:
        """Which plane of a volume this is."""
        return self._orientation

    def size_screen(self) -> tuple[int, int]:
        """Return width and height in screen pixels."""
        return self.width(), self.height()

    def screen_map(self) -> ScreenMap:
        """Return where image pixels are on the screen now."""
        origin = self._box.mapViewToScene(QPointF(0, 0))
        one = self._box.mapViewToScene(QPointF(1, 1))
        return ScreenMap((origin.x(), origin.y()), (one.x() - origin.x(), one.y() - origin.y()))

    @property
    def shown_px(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of what is in view, in pixels of the slice; it may reach beyond it."""
        shown = self._box.viewRect()
        return shown.x(), shown.y(), shown.width(), shown.height()

    def name_at(self, point_screen: tuple[float, float]) -> str | None:
        """Return the landmark under a screen position."""
        return self._landmark_layer.name_at(point_screen)

    def fit(self) -> None:
        """Show the whole slice."""
        plane = self.plane
        if plane is not None and Part.IMAGE not in self._stale:  # else the limits are still another image's
            columns, rows = plane.size_px
            self._box.setRange(QRectF(-0.5, -0.5, columns, rows), padding=0.02)
            self._fitted = True

    def pan(self, columns_px: float, rows_px: float) -> None:
        """Move what is in view."""
        self._fitted = False
        self._box.translateBy(x=columns_px, y=rows_px)

    def zoom(self, factor: float, centre_px: tuple[float, float]) -> None:
        """Show ``factor`` times as much, with ``centre_px`` staying where it is."""
        self._fitted = False
        self._box.scaleBy((factor, factor), center=QPointF(*centre_px))

    def show_cursor(self, shape: Qt.CursorShape) -> None:
        """Give the mouse another shape until the gesture ends."""
        self.setCursor(shape)

    def open_menu(self, point_global: QPoint) -> None:
        """Ask for the menu of the selected landmark."""
        self.menu_requested.emit(point_global)

    def centre_on(self, name: str) -> None:
        """Bring a landmark to the middle, unless the whole slice is in view anyway."""
        plane, landmarks = self.plane, self._document.landmarks
        if plane is None or landmarks is None:
            return
        columns, rows = plane.size_px
        view = self._box.viewRect()
        if view.width() >= columns and view.height() >= rows:
            return
        centre_px = QPointF(*plane.px_from_mm(landmarks.point_mm(name)))
        offset = centre_px - view.center()
        self._box.translateBy(x=offset.x(), y=offset.y())

    def bring_into_view(self, points_mm: FloatArray) -> None:
        """Bring positions ``(N, D)`` to the middle, and see more of the slice where they do not all fit."""
        plane = self.plane
        view = self._box.viewRect()
        if plane is None or not self.isVisible() or Part.IMAGE in self._stale:
            return
        points_px = plane.px_from_mm(points_mm)
        low, high = points_px.min(axis=0), points_px.max(axis=0)
        if view.contains(QPointF(*low)) and view.contains(QPointF(*high)) and self._fitted:
            return
        middle, needed = (low + high) / 2, (high - low) * _ROOM_AROUND
        factor = max(1.0, needed[0] / view.width(), needed[1] / view.height())
        self.pan(*(middle - np.array([view.center().x(), view.center().y()])).tolist())
        if factor > 1.0:
            self.zoom(factor, (float(middle[0]), float(middle[1])))

    # Showing

    def _redraw_soon(self, part: Part, *_: object) -> None:
        self._stale |= part
        if self.isVisible():
            self._redrawing.start()

    def bring_up_to_date(self) -> None:
        """Show now what has changed; called once per pass of the event loop, before gestures, and by benchmarks."""
        stale, self._stale = self._stale, Part.NOTHING
        self._redrawing.stop()
        plane, image = self.plane, self._document.image
        if stale is Part.NOTHING or plane is None or image is None:
            return
        if Part.IMAGE in stale:
            self._show_image(plane, image)
        step = 1 if image.ndim == 2 else self._step()
        if Part.IMAGE in stale or (plane, step) != (self._shown_plane, self._shown_step):
            self._show_pixels(plane, step, image)
            self._shown_step = step
        if Part.IMAGE in stale or plane != self._shown_plane:
            stale |= Part.ALL
            self._shown_plane = plane
            self.slice_shown.emit()
        if Part.CROSSHAIR in stale:
            self._show_crosshair(plane)
        if Part.LANDMARKS in stale:
            self._show_landmarks(plane)
        if Part.FIELD in stale:
            self._show_field(plane, image)

    def _show_image(self, plane: SlicePlane, image: Image) -> None:
        """Prepare for slices of another image: what is in view, aspect ratio and letters."""
        before, self._framing = self._framing, Framing.of(plane, image)
        self._box.setLimits(**_NO_LIMITS)  # the view box forgets to redraw where a new range meets old limits
        self._box.setAspectLocked(True, ratio=self._framing.aspect)
        if self._fitted or before is None or not before.serves(self._framing):
            self.fit()
        self._box.setLimits(**self._framing.limits_px())
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.ndim == 3)
        self._image_item.setAutoDownsample(image.ndim == 2)
        # Without a position in the file nobody knows which side of a volume is which.
        known = image.ndim == 3 and image.source.spacing_known
        letters = EdgeLetters.of(self._orientation, radiological=self._state.radiological) if known else None
        self._letters_layer.set_letters(letters)

    def _step(self) -> int:
        """Return how many pixels of the slice share one pixel of the screen, along each axis."""
        return max(1, int(1 / max(1e-3, min(self.screen_map().scale) * self.devicePixelRatioF())))

    def _show_pixels(self, plane: SlicePlane, step: int, image: Image) -> None:
        """Show a slice with no more pixels than the screen: averaged, or where it is interpolated, taken apart."""
        if voxel_steps(image.grid, plane) is not None:
            pixels = block_means(extract_slice(image, plane), step)
        else:
            pixels = extract_slice(image, plane.coarser(step), self._state.full_levels[0])
        self._image_item.setImage(np.ascontiguousarray(pixels), autoLevels=False, levels=self._shown_levels())
        rows, columns = pixels.shape
        self._image_item.setRect(QRectF(-0.5, -0.5, columns * step, rows * step))

    def _show_levels(self) -> None:
        self._image_item.setLevels(self._shown_levels())

    def _shown_levels(self) -> tuple[float, float]:
        low, high = self._state.levels
        return (high, low) if self._state.inverted else (low, high)

    def _show_crosshair(self, plane: SlicePlane) -> None:
        crosshair_mm = self._state.crosshair_mm
        if crosshair_mm is None or self._state.hide_all or not self._state.show_crosshair:
            self._crosshair_layer.set_centre(None)
            return
        column_px, row_px = plane.px_from_mm(crosshair_mm)
        self._crosshair_layer.set_centre((float(column_px), float(row_px)))

    def _show_landmarks(self, plane: SlicePlane) -> None:
        landmarks, document = self._document.landmarks, self._document
        hidden = self._state.hide_all
        glyphs = []
        if landmarks is not None and not hidden:
            glyphs = glyphs_on(plane, landmarks, self._state.selected, document, self._state.locked)
        self._landmark_layer.set_glyphs(glyphs, show_labels=self._state.show_labels)

    def _show_field(self, plane: SlicePlane, image: Image) -> None:
        field = self._document.field_of(self._state.selected, self._state.stage)
        shown = field is not None and self._state.show_vectors and not self._state.hide_all
        self._field_layer.set_field(field_picture(field, plane, image.grid) if field is not None and shown else None)

    def _show_mode(self, *_: Any) -> None:
        """Give cursor, banner and painting to the tool of the mode."""
        tool = self._mouse.mode_tool
        self.setCursor(tool.cursor)
        self._tool_layer.update()
        self._banner.say(tool.banner() if self._state.active is self._orientation else "")

    def _show_focus(self, *_: Any) -> None:
        """Frame the view where arrow keys act, and say on what."""
        self._focus_layer.set_frame(framed=self.hasFocus(), words=self._nudging.words)

    def _show_tracing(self, *_: Any) -> None:
        self._tracing_layer.update()

    def _show_loupe(self, *_: Any) -> None:
        self._loupe_layer.update()

    def _tip(self, name: str) -> str:
        landmarks, document = self._document.landmarks, self._document
        if landmarks is None:
            return ""
        locked = self._controller.editor.is_locked(name)
        return wording.tip(landmarks, name, document.display_name(name), document.unit, locked=locked)

    def _in_sight(self, name: str) -> bool:
        """Tell whether a landmark lies in this very slice, and within the part of it that is in view."""
        plane, landmarks = self.plane, self._document.landmarks
        if plane is None or landmarks is None or self._state.hide_all:
            return False
        point_mm = landmarks.point_mm(name)
        in_slice = abs(float(plane.depth_of(point_mm))) <= 0.5
        return in_slice and self._box.viewRect().contains(QPointF(*plane.px_from_mm(point_mm)))

    def _redraw_layers(self, *_: Any) -> None:
        self._redraw_soon(Part.CROSSHAIR)  # with another zoom a volume's slice wants other pixels
        for layer in self._layers:
            layer.update()

    # Qt's events

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Catch up on what changed while the view was hidden."""
        super().showEvent(event)
        if self._stale:
            self._redrawing.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Let the layers cover the new size; a slice that was wholly in view stays so."""
        super().resizeEvent(event)
        if not self._layers:
            return  # called by the base class before this one is ready
        for layer in self._layers:
            layer.set_area(QRectF(self.viewport().rect()))
        if self._fitted:
            self.fit()
        self._banner.place()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Let keys act here, visibly."""
        super().focusInEvent(event)
        self._state.active = self._orientation
        self._show_focus()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Show that keys act elsewhere."""
        super().focusOutEvent(event)
        self._show_focus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Let arrow keys move the selected landmark."""
        if not self._nudging.takes(event):
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Say what is known of the landmark under the mouse."""
        if event.type() != QEvent.Type.ToolTip or not isinstance(event, QHelpEvent):
            return bool(super().viewportEvent(event))
        name = self.name_at((event.pos().x(), event.pos().y()))
        text = "" if name is None else self._tip(name)
        QToolTip.showText(event.globalPos(), text, self.viewport())
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin a gesture."""
        self.bring_up_to_date()
        self._mouse.press(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go on with it."""
        self._mouse.move(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """End it."""
        self._mouse.release(event)
        self._show_mode()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Fit or maximise."""
        self.bring_up_to_date()
        self._mouse.double_click(event)
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Zoom or scroll."""
        self._mouse.wheel(event)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Forget where the mouse was."""
        self._state.mouse_mm = None
        super().leaveEvent(event)
