"""The 3D panel: a volume as a maximum-intensity rendering that can be rotated, with its landmarks and the three planes.

Draws what document and view state say and changes neither; a click on a landmark is passed on to the editor. Painted with
QPainter alone, so that it works on machines without OpenGL.
"""

from typing import ClassVar

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.desktop import theme
from app.session.controller import Controller
from app.session.jobs import Job
from app.session.view_state import Panel
from app.session.window_level import Levels
from app.views.free_painting import handle_at, paint_free
from app.views.mode_banner import ModeBanner
from app.views.projection import SIDES, ProjectionView, radius_mm, section_mm, view_of
from app.views.scene_free import click, next_step, place_mm, shapes_on
from app.views.scene_painting import (
    CUBE_SIZE,
    Ball,
    paint_balls,
    paint_cube,
    paint_outline,
    paint_rendering,
    picture_of,
)
from app.views.scene_picture import ScenePicture
from app.views.scene_tracing import paint_measuring
from app.views.tools.tool import Gesture
from app.views.volume_rendering import Miniature, Renderer, Rendering, make_miniature
from core.base.errors import AppError
from core.geometry.planes import Orientation
from core.values.grid import FloatArray
from core.values.image import Image

DRAG_THRESHOLD = 3.0
HIT_RADIUS = 10.0
ZOOM_PER_STEP = 1.2
WHEEL_STEP = 120
PLANE_AXES = {Orientation.SAGITTAL: 0, Orientation.CORONAL: 1, Orientation.AXIAL: 2}
"""The LPS axis that stands upright on each plane."""
SIDE_NAMES = {"R": "the right", "L": "the left", "A": "the front", "P": "the back", "S": "above", "I": "below"}


class SceneView(QWidget):
    """A volume from any side.

    Parameters
    ----------
    controller
        Whose document is shown, who selects landmarks and runs the preparation.
    """

    gestures: ClassVar[tuple[Gesture, ...]] = (
        Gesture("Drag in the 3D view", "Rotate it; the wheel zooms, Shift + drag moves it"),
        Gesture("Click in 3D while measuring", "Take the point that is seen there, or the landmark"),
    )
    maximise_requested = Signal()

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._document = controller.document
        self._state = controller.view_state
        self._view: ProjectionView | None = None
        self._renderer: Renderer | None = None
        self._rendering: Rendering | None = None
        self._rendered_for: tuple[bytes, Levels] | None = None
        self._backdrop = QPixmap()
        self._backdrop_of: tuple[ProjectionView, Rendering] | None = None
        self._preparing: Job | None = None
        self._pressed: Qt.MouseButton | None = None
        self._press_px = self._last_px = (0.0, 0.0)
        self._dragged = False
        self._hovered: str | None = None
        self.setMinimumSize(180, 180)
        self.setMouseTracking(True)
        self._make_buttons()
        self._banner = ModeBanner(self)
        self._connect()
        self._show_image()

    @property
    def view(self) -> ProjectionView | None:
        """How the volume is looked at, None without one."""
        return self._view

    @property
    def picture(self) -> ScenePicture | None:
        """What the panel shows now, to be drawn elsewhere; None without a volume."""
        view, measuring = self._view, self._controller.measuring
        if view is None:
            return None
        self._render(view)
        outlines = tuple(
            (view.to_px(outline_mm), theme.PLANE_COLOURS[plane]) for plane, outline_mm in self._outlines_mm().items()
        )
        size_px = float(self.width()), float(self.height())
        return ScenePicture(
            size_px, view, self._rendering, outlines, tuple(self._balls()),
            measuring.tracing, measuring.emphasised, measuring.emphasised_angles,
        )  # fmt: skip

    def look_from(self, side: str) -> None:
        """Look from one of the patient's sides: ``"R"``, ``"L"``, ``"A"``, ``"P"``, ``"S"`` or ``"I"``."""
        if self._view is not None:
            self._look(self._view.seen_from(side))

    def fit(self) -> None:
        """Bring the whole volume into sight; the side stays."""
        if self._view is not None:
            self._look(self._view.whole())

    # Building

    def _make_buttons(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addStretch()
        self.side_buttons = {side: QToolButton(self) for side in SIDES}
        for side, button in self.side_buttons.items():
            button.setText(side)
            button.setToolTip(f"View from {SIDE_NAMES[side]}")
            button.setFixedSize(QSize(22, 22))
            button.setObjectName("sideButton")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, side=side: self.look_from(side))
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addStretch()
        layout.addLayout(row)

    def _connect(self) -> None:
        self._document.image_changed.connect(self._show_image)
        self._document.landmarks_changed.connect(self._redraw)
        events = self._state.events
        for event in (events.selected, events.levels, events.hide_all, events.crosshair_mm, events.show_crosshair):
            event.connect(self._redraw)
        measuring = self._controller.measuring
        for signal in (measuring.changed, measuring.pointed, events.show_tracing, events.show_measurements):
            signal.connect(self._redraw)
        self._controller.free_measuring.changed.connect(self._show_free)
        events.mode.connect(self._show_free)
        events.maximised.connect(self._show_free)
        self._state.fit_requested.connect(self.fit)

    # Showing

    def _redraw(self, *_: object) -> None:
        self.update()  # Qt joins the requests of one pass of the event loop

    def _show_free(self, *_: object) -> None:
        """Show what was measured freely, and where this panel is alone, what the next click does."""
        is_alone = self._state.maximised is Panel.SCENE and self._controller.free_measuring.kind is not None
        self._banner.say(next_step(self._controller.free_measuring) if is_alone else "")
        self._redraw()

    def _look(self, view: ProjectionView) -> None:
        self._view = view
        self.update()

    def _show_image(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
        self._preparing = self._renderer = self._rendering = self._view = None
        self._rendered_for = self._backdrop_of = None
        image = self._document.image
        if image is not None and image.ndim == 3:
            self._view = self._fitted(view_of(image.grid), image)
            self._prepare(image)
        for button in self.side_buttons.values():
            button.setVisible(self._view is not None)
        self.update()

    def _prepare(self, image: Image) -> None:
        def prepared(miniature: Miniature) -> None:
            self._renderer = Renderer(miniature)
            self.update()

        self._preparing = self._controller.jobs.run(
            make_miniature,
            image,
            on_result=prepared,
            on_error=self._refuse,
            on_progress=lambda *_: None,
        )

    def _refuse(self, error: AppError) -> None:
        self._state.say(str(error))

    def _fitted(self, view: ProjectionView, image: Image) -> ProjectionView:
        return view.fitted(radius_mm(image.grid), (self.width(), self.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Keep the volume in the middle and as large as the panel allows."""
        super().resizeEvent(event)
        self._banner.place()
        if self._view is not None and self._document.image is not None:
            self._view = self._fitted(self._view, self._document.image)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint everything; the volume is rendered again only where direction or levels changed."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour(theme.CANVAS))
        view = self._view
        if view is None:
            return
        self._render(view)
        if self._rendering is not None:
            self._warp(view, self._rendering)
            painter.drawPixmap(0, 0, self._backdrop)
        if not self._state.hide_all:
            for plane, outline_mm in self._outlines_mm().items():
                paint_outline(painter, view.to_px(outline_mm), theme.PLANE_COLOURS[plane])
            paint_measuring(painter, view, self._controller.measuring)
            paint_balls(painter, self._balls(), self.width())
            shapes = shapes_on(view, self._controller)
            paint_free(painter, shapes, QRectF(self.rect()), show_texts=self._state.show_labels)
        margin = 2 * CUBE_SIZE
        paint_cube(painter, view, (margin, self.height() - margin))

    def _render(self, view: ProjectionView) -> None:
        wanted = (view.screen_from_patient.tobytes(), self._state.levels)
        if self._renderer is None or self._rendered_for == wanted:
            return
        self._rendering = self._renderer.render(view, self._state.levels)
        self._rendered_for = wanted

    def _warp(self, view: ProjectionView, rendering: Rendering) -> None:
        """Keep the rendering as it lies on the panel: planes and landmarks change more often than the view."""
        shown = self._backdrop_of
        ratio = self.devicePixelRatioF()
        if shown and shown[0] is view and shown[1] is rendering and self._backdrop.devicePixelRatio() == ratio:
            return
        self._backdrop = QPixmap(self.size() * ratio)
        self._backdrop.setDevicePixelRatio(ratio)
        self._backdrop.fill(theme.colour(theme.CANVAS))
        painter = QPainter(self._backdrop)
        paint_rendering(painter, picture_of(rendering), rendering, view)
        painter.end()
        self._backdrop_of = (view, rendering)

    def _outlines_mm(self) -> dict[Orientation, FloatArray]:
        image, crosshair_mm = self._document.image, self._state.crosshair_mm
        if image is None or crosshair_mm is None or not self._state.show_crosshair:
            return {}
        return {plane: section_mm(image.grid, axis, crosshair_mm[axis]) for plane, axis in PLANE_AXES.items()}

    def _balls(self) -> list[Ball]:
        landmarks, view, image = self._document.landmarks, self._view, self._document.image
        if landmarks is None or view is None or image is None:
            return []
        depth = view.depth_mm(landmarks.points_mm) / radius_mm(image.grid)
        points_px = view.to_px(landmarks.points_mm)
        balls = []
        for row in np.flatnonzero(landmarks.located).tolist():
            name = landmarks.names[row]
            selected = name == self._state.selected
            balls.append(
                Ball(
                    name=name,
                    label=self._document.display_name(name),
                    point_px=(float(points_px[row, 0]), float(points_px[row, 1])),
                    status=landmarks.status[row],
                    nearness=float(np.clip(0.5 - depth[row] / 2, 0, 1)),
                    selected=selected,
                    named=selected or name == self._hovered,
                )
            )
        return balls

    def name_at(self, place_px: tuple[float, float]) -> str | None:
        """Return the landmark under a place of the panel, the nearest to the viewer where there are several."""
        if self._state.hide_all:
            return None
        within = [
            ball
            for ball in self._balls()
            if np.hypot(ball.point_px[0] - place_px[0], ball.point_px[1] - place_px[1]) <= HIT_RADIUS
        ]
        return max(within, key=lambda ball: ball.nearness).name if within else None

    # Gestures

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin to rotate, to move, or a click."""
        self._pressed = event.button()
        if self._pressed == Qt.MouseButton.LeftButton and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._pressed = Qt.MouseButton.MiddleButton
        self._press_px = self._last_px = _place(event)
        self._dragged = False
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Rotate or move the volume, or name the landmark under the mouse."""
        place_px = _place(event)
        event.accept()
        if self._view is None:
            return
        if self._pressed is None:
            name = self.name_at(place_px)
            self._hover(name)
            if self._controller.free_measuring.points_clicked:
                self._controller.free_measuring.hover(place_mm(self._controller, self._view, place_px, name))
            return
        if not self._dragged and np.hypot(*np.subtract(place_px, self._press_px)) < DRAG_THRESHOLD:
            return
        self._dragged = True
        right_px, down_px = np.subtract(place_px, self._last_px).tolist()
        self._last_px = place_px
        if self._pressed == Qt.MouseButton.LeftButton:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            radius_px = max(1.0, min(self.width(), self.height()) / 2)
            self._look(self._view.rotated(right_px / radius_px, down_px / radius_px))
        elif self._pressed == Qt.MouseButton.MiddleButton:
            self._look(self._view.moved(right_px, down_px))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take a click as the next point of a measurement, else select what was clicked; all planes go to a landmark."""
        clicked = self._pressed == Qt.MouseButton.LeftButton and not self._dragged
        self._pressed = None
        self.unsetCursor()
        event.accept()
        if clicked and self._view is not None:
            self._click(self._view, _place(event))

    def _click(self, view: ProjectionView, place_px: tuple[float, float]) -> None:
        name, free = self.name_at(place_px), self._controller.free_measuring
        if free.kind is not None:
            click(self._controller, view, place_px, name)
        elif name is not None:
            self._controller.editor.select(name, centre=True)
        elif not self._state.hide_all:
            handle = handle_at(shapes_on(view, self._controller), place_px)
            free.select(None if handle is None else handle.uuid)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Ask to be shown alone, or among the others again."""
        event.accept()
        if event.button() == Qt.MouseButton.LeftButton:
            self.maximise_requested.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Zoom at the mouse."""
        event.accept()
        if self._view is not None:
            delta = event.angleDelta().y() or event.angleDelta().x()
            fixed_px = (event.position().x(), event.position().y())
            self._look(self._view.zoomed(ZOOM_PER_STEP ** (delta / WHEEL_STEP), fixed_px))

    def _hover(self, name: str | None) -> None:
        if name != self._hovered:
            self._hovered = name
            self.setCursor(Qt.CursorShape.PointingHandCursor if name else Qt.CursorShape.ArrowCursor)
            self.update()


def _place(event: QMouseEvent) -> tuple[float, float]:
    return event.position().x(), event.position().y()
