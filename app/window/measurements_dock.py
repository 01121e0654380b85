"""The place of the measurements in the window: below the table of landmarks at first, where a person leaves it from then on.

Joins measuring and panel; decides nothing about measurements.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from app.desktop.settings import Settings
from app.panels.free_measurements import FreeMeasurementsPanel
from app.panels.measurements import Measurements
from app.session.controller import Controller

_AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
_AREA_KEY = "window/measurements_area"
_SIZE_KEY = "window/measurements"
_SHARE = 0.55
"""Part of the column's height that it gets at first beside the table of landmarks."""


class MeasurementsDock(QDockWidget):
    """The dock.

    Parameters
    ----------
    controller
        Who measures.
    settings
        Where its place and its size are kept.
    window
        Where it stands.
    landmarks
        The dock of the table of landmarks, below which it stands unless a person has moved it.
    tracing
        The action that draws the tracing.
    """

    def __init__(
        self, controller: Controller, settings: Settings, window: QMainWindow, landmarks: QDockWidget, tracing: QAction
    ) -> None:
        super().__init__("Measurements", window)
        self.setObjectName("measurements")
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.setAllowedAreas(_AREAS["left"] | _AREAS["right"] | _AREAS["bottom"])
        self._controller = controller
        self._settings = settings
        self._window = window
        self._landmarks = landmarks
        self._was_read = False
        self.panel = Measurements(controller.measuring, controller.analysis_editing, tracing)
        self.panel.setMinimumHeight(140)
        self.free_panel = FreeMeasurementsPanel(controller.free_measuring)
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.free_panel)
        layout.addStretch(0)
        self.setWidget(column)
        beside = window.dockWidgetArea(landmarks)
        area = _AREAS.get(settings.text(_AREA_KEY), beside)
        window.addDockWidget(area, self)
        if area is beside:
            window.splitDockWidget(landmarks, self, Qt.Orientation.Vertical)
        controller.measuring.changed.connect(self.refresh)
        controller.free_measuring.changed.connect(self.refresh)
        controller.view_state.events.show_measurements.connect(lambda _: self.refresh())
        controller.document.image_changed.connect(self._read)
        self.hide()
        self.refresh()

    def _read(self) -> None:
        """Read the analyses with the first image: until then nobody needs them."""
        if not self._was_read and self._controller.document.image is not None:
            self._was_read = True
            self._controller.measuring.read()

    def refresh(self) -> None:
        """Show the measurements where a person wants them and an analysis fits the image, or something was drawn in it."""
        is_offered = self._controller.measuring.is_offered
        self.panel.setHidden(not is_offered)
        there_are = is_offered or bool(self._controller.free_measuring.rows)
        is_wanted = self._controller.view_state.show_measurements and there_are
        if is_wanted == (not self.isHidden()):
            return
        if not is_wanted:
            self.save()
        self.setVisible(is_wanted)
        if is_wanted:
            self._resize()

    def _resize(self) -> None:
        """Give it the room that a person gave it last, or its share of the column."""
        area = self._window.dockWidgetArea(self)
        kept = self._settings.numbers(_SIZE_KEY)
        together = self._landmarks.height() + self.height() if self._landmarks.isVisible() else self._window.height()
        height = kept[0] if kept else round(_SHARE * together)
        if area is self._window.dockWidgetArea(self._landmarks):
            rest = max(1, together - height)
            self._window.resizeDocks([self._landmarks, self], [rest, height], Qt.Orientation.Vertical)
        elif area is _AREAS["bottom"]:
            self._window.resizeDocks([self], [height], Qt.Orientation.Vertical)

    def save(self) -> None:
        """Keep place and size."""
        if not self.isVisible():
            return
        area = self._window.dockWidgetArea(self)
        name = next((name for name, one in _AREAS.items() if one is area), None)
        self._settings.set(_AREA_KEY, None if area is self._window.dockWidgetArea(self._landmarks) else name)
        self._settings.set(_SIZE_KEY, (self.height(),))
