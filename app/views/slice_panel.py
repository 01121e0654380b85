"""The frame around one view of a volume: what it is, which slice it shows, a bar to scroll it, a button to maximise it.

Shows what the view says and hands everything on to the navigator. Around a 2D image there is nothing but the view.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollBar, QToolButton, QVBoxLayout, QWidget

from app.desktop import theme
from app.session.controller import Controller
from app.session.view_state import Panel
from app.views.slice_view import SliceView
from core.geometry.planes import Orientation, SlicePlane, direction_letter


class PanelFrame(QFrame):
    """A view with a title line above it.

    Parameters
    ----------
    controller
        Who is told when the panel is to be maximised.
    panel
        Which panel this is.
    content
        The view.
    colour
        Of title and frame.
    """

    def __init__(self, controller: Controller, panel: Panel, content: QWidget, colour: str) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._colour = colour
        self._look = ""
        title = QLabel("3D" if panel is Panel.SCENE else panel.capitalize())
        title.setStyleSheet(f"color: {colour}; font-weight: 600;")
        self.readout = QLabel()
        self.maximise_button = QToolButton()
        self.maximise_button.setIconSize(QSize(13, 13))
        self.maximise_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.maximise_button.clicked.connect(lambda: controller.navigator.toggle_maximised(panel))
        self.header = QWidget()
        self.header.setObjectName("panelHeader")
        line = QHBoxLayout(self.header)
        line.setContentsMargins(8, 1, 3, 1)
        line.addWidget(title)
        line.addStretch(1)
        line.addWidget(self.readout)
        line.addWidget(self.maximise_button)
        self.body = QHBoxLayout()
        self.body.setSpacing(0)
        self.body.addWidget(content, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addLayout(self.body, 1)

    def set_look(self, *, framed: bool, active: bool, maximised: bool) -> None:
        """Show title and frame or the bare view, the frame bright where keys act here."""
        self.header.setVisible(framed)
        self.maximise_button.setIcon(theme.icon("restore" if maximised else "maximise"))
        self.maximise_button.setToolTip("Show all four views (0)" if maximised else "Show this view alone")
        width, colour = (1, self._colour if active else theme.CANVAS_LINE) if framed else (0, theme.CANVAS_LINE)
        look = f"#panel {{ border: {width}px solid {colour}; }}"
        if look != self._look:  # a style is costly even where it changes nothing
            self._look = look
            self.setStyleSheet(look)


class PlanePanel(PanelFrame):
    """A slice view with its scroll bar and the position of its slice."""

    def __init__(self, controller: Controller, orientation: Orientation) -> None:
        self.view = SliceView(controller, orientation)
        super().__init__(controller, Panel(orientation), self.view, theme.PLANE_COLOURS[orientation])
        self._controller = controller
        self._orientation = orientation
        self.slice_bar = QScrollBar(Qt.Orientation.Vertical)
        self.slice_bar.setInvertedAppearance(True)  # the last slice, towards S, A or R, is at the top
        self.slice_bar.setInvertedControls(True)
        self.slice_bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.addWidget(self.slice_bar)
        self.slice_bar.valueChanged.connect(self._choose_slice)
        self.view.slice_shown.connect(self._show_slice)

    def set_look(self, *, framed: bool, active: bool, maximised: bool) -> None:
        """Show title, frame and scroll bar or the bare view."""
        super().set_look(framed=framed, active=active, maximised=maximised)
        self.slice_bar.setVisible(framed)

    def _show_slice(self) -> None:
        plane = self.view.plane
        if plane is None or plane.grid.ndim == 2:
            return
        self.slice_bar.blockSignals(True)  # noqa: FBT003 - Qt takes it by position only
        self.slice_bar.setRange(0, plane.grid.shape[0] - 1)
        self.slice_bar.setPageStep(max(1, plane.grid.shape[0] // 10))
        self.slice_bar.setValue(plane.slice_index)
        self.slice_bar.blockSignals(False)  # noqa: FBT003
        image = self._controller.document.image
        known = image is not None and image.source.spacing_known
        count = f"{plane.slice_index + 1} / {plane.grid.shape[0]}"
        self.readout.setText(f"{slice_position(plane)}   ·   {count}" if known else count)

    def _choose_slice(self, index: int) -> None:
        self._controller.navigator.show_slice(self._orientation, index)


def slice_position(plane: SlicePlane) -> str:
    """Return where a slice of a volume is along its normal, such as ``"S 12.3 mm"``."""
    normal = plane.grid.mm_from_index[:3, 0] / plane.thickness_mm
    offset_mm = float(normal @ plane.mm_from_px((0, 0)))
    letter = direction_letter(normal if offset_mm >= 0 else -normal)
    return f"{letter} {abs(offset_mm):.1f} mm"
