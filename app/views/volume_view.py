"""The middle of the window: one view of a 2D image, or the four panels of a volume.

Arranges the panels, marks the one in which keys act, and covers them while another image is being opened; what they show is
their own affair.
"""

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.desktop import theme
from app.session.controller import Controller
from app.session.view_state import Panel
from app.views.scene_view import SceneView
from app.views.slice_panel import PanelFrame, PlanePanel
from app.views.slice_view import SliceView
from core.geometry.planes import Orientation

# Row and column: coronal stands below axial with the same left and right, sagittal beside it at the same height.
_CELLS = {Panel.AXIAL: (0, 0), Panel.SCENE: (0, 1), Panel.CORONAL: (1, 0), Panel.SAGITTAL: (1, 1)}

COVER_AFTER_MS = 150
"""An image that is there sooner takes the place of the last one without a dark moment between them."""


class VolumeView(QWidget):
    """The panels.

    Parameters
    ----------
    controller
        Whose image is shown.

    Attributes
    ----------
    views
        The slice view of each plane; a 2D image is in the axial one.
    scene
        The view in three dimensions.
    """

    menu_requested = Signal(QPoint)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._planes = {orientation: PlanePanel(controller, orientation) for orientation in Orientation}
        self.scene = SceneView(controller)
        self.panels: dict[Panel, PanelFrame] = {
            Panel.SCENE: PanelFrame(controller, Panel.SCENE, self.scene, theme.CANVAS_TEXT)
        }
        for orientation, plane in self._planes.items():
            self.panels[Panel(orientation)] = plane
            plane.view.menu_requested.connect(self.menu_requested)
        self.scene.maximise_requested.connect(lambda: controller.navigator.toggle_maximised(Panel.SCENE))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for panel, (row, column) in _CELLS.items():
            self._grid.addWidget(self.panels[panel], row, column)
        self._cover = QLabel(self)
        self._cover.setObjectName("cover")
        self._cover.setTextFormat(Qt.TextFormat.PlainText)
        self._cover.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._cover.setWordWrap(True)
        palette = self._cover.palette()  # not by the style sheet: what must not be seen does not depend on one
        palette.setColor(QPalette.ColorRole.Window, theme.colour(theme.CANVAS))
        palette.setColor(QPalette.ColorRole.WindowText, theme.colour(theme.CANVAS_FAINT))
        self._cover.setPalette(palette)
        self._cover.setAutoFillBackground(True)
        self._cover.hide()
        self._covering = QTimer(self)
        self._covering.setSingleShot(True)
        self._covering.setInterval(COVER_AFTER_MS)
        self._covering.timeout.connect(self._show_cover)
        controller.view_state.events.opening.connect(self._cover_or_uncover)
        controller.document.image_changed.connect(self._arrange)
        controller.view_state.events.maximised.connect(self._arrange)
        controller.view_state.events.maximised.connect(self._focus)
        controller.view_state.events.active.connect(self._arrange)
        self._arrange()

    @property
    def views(self) -> dict[Orientation, SliceView]:
        """The slice view of each plane."""
        return {orientation: plane.view for orientation, plane in self._planes.items()}

    def bring_up_to_date(self) -> None:
        """Show now what has changed in the visible planes, without waiting for the event loop."""
        for view in self.views.values():
            if view.isVisible():
                view.bring_up_to_date()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Let the cover cover everything."""
        super().resizeEvent(event)
        self._cover.setGeometry(self.rect())

    def _cover_or_uncover(self, name: str) -> None:
        if not name:
            self._covering.stop()
            self.bring_up_to_date()  # first, so that the last image is not seen again
            self._cover.hide()
            return
        self._cover.setText(f"Opening {name}…")
        if self._cover.isHidden():
            self._covering.start()

    def _show_cover(self) -> None:
        self._cover.setGeometry(self.rect())
        self._cover.show()
        self._cover.raise_()

    def paint_now(self) -> None:
        """Put what has changed in the visible planes on the screen before anything else happens."""
        self.bring_up_to_date()
        for view in self.views.values():
            if view.isVisible():
                view.viewport().repaint()

    def _focus(self, *_: object) -> None:
        """Let keys act in a view that can be seen: the focus was perhaps in one that has just been hidden."""
        self.views[self._controller.view_state.active].setFocus()

    def _arrange(self, *_: object) -> None:
        image, state = self._controller.document.image, self._controller.view_state
        volume = image is not None and image.ndim == 3
        shown = set(Panel) if volume else {Panel.AXIAL}
        if volume and state.maximised is not None:
            shown = {state.maximised}
        for number in (0, 1):
            self._grid.setRowStretch(number, int(any(_CELLS[panel][0] == number for panel in shown)))
            self._grid.setColumnStretch(number, int(any(_CELLS[panel][1] == number for panel in shown)))
        self._grid.setSpacing(3 if len(shown) > 1 else 0)
        for panel, frame in self.panels.items():
            frame.set_look(
                framed=volume,
                active=panel is Panel(state.active) and len(shown) > 1,
                maximised=panel is state.maximised,
            )
            frame.setVisible(panel in shown)
