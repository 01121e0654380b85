"""The window: menus, toolbar, image, table and status line, put together. It decides nothing.

Builds Qt's actions from the table in `actions` and keeps them in step with what can be done now.
"""

import os
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop import theme
from app.dialogs.about import AboutBox
from app.dialogs.shortcut_sheet import ShortcutSheet
from app.panels.empty_state import EmptyState
from app.panels.landmark_table import LandmarkTable
from app.panels.message_bar import MessageBar
from app.panels.status_bar import StatusBar
from app.session.actions import ACTIONS, LANDMARK_MENU, MENUS, TOOLBAR, VIEW, Action
from app.session.controller import Controller
from app.views.slice_view import SliceView
from app.views.volume_view import VolumeView
from app.window.window_menu import WindowMenu

LARGEST_DOCK = 0.4
"""Part of the window that the table may take by default."""


class MainWindow(QMainWindow):
    """Cairn's window.

    Parameters
    ----------
    controller
        Who decides.
    """

    closing = Signal()
    """It was decided that the window closes; what still runs is waited for after this."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.controller = controller
        self.actions_by_id: dict[str, QAction] = {}
        self._dock_fits: tuple[int, str] | None = None  # axes of the image and the model that the dock's width is for
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.setMinimumSize(800, 500)
        self.viewer = VolumeView(controller)
        self.table = LandmarkTable(controller)
        self._make_actions()
        self._make_menus()
        self.message_bar = MessageBar(controller.view_state)
        self._make_toolbar()
        self._make_centre()
        self._make_dock()
        self.status_bar = StatusBar(controller)
        self.setStatusBar(self.status_bar)
        self._refreshing = QTimer(self)
        self._refreshing.setSingleShot(True)
        self._refreshing.setInterval(0)
        self._refreshing.timeout.connect(self.refresh)
        self._connect()
        self.refresh()

    @property
    def slice_view(self) -> SliceView:
        """The view of the plane in which a person works; of a 2D image the only one."""
        return self.viewer.views[self.controller.view_state.active]

    # Building

    def _make_actions(self) -> None:
        by_window = {
            "file.quit": self.close,
            "help.shortcuts": self.show_shortcuts,
            "help.about": self.show_about,
        }
        for row in ACTIONS:
            action = QAction(row.text, self)
            if row.icon:
                action.setIcon(theme.icon(row.icon))
            action.setShortcuts([QKeySequence(key) for key in row.shortcuts])
            action.setCheckable(row.checked_when is not None)
            action.setIconText(row.toolbar or row.text)
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{row.text.rstrip('…')} ({key})" if key else row.text.rstrip("…"))
            if row.of_window:
                action.triggered.connect(lambda _=False, do=by_window[row.id]: do())
            else:
                action.triggered.connect(lambda _=False, row=row: self._trigger(row))
            self.addAction(action)
            self.actions_by_id[row.id] = action

    def _trigger(self, row: Action) -> None:
        row.trigger(self.controller)
        self.refresh()  # a switch that did not move must show so

    def _make_menus(self) -> None:
        for title in MENUS:
            menu = self.menuBar().addMenu(f"&{title}")
            rows = [row for row in ACTIONS if row.menu == title]
            for before, row in zip([None, *rows], rows, strict=False):
                if before is not None and before.group != row.group:
                    menu.addSeparator()
                menu.addAction(self.actions_by_id[row.id])
            if title == VIEW:
                menu.addSeparator()
                menu.addMenu(WindowMenu(self.controller, self))

    def _make_toolbar(self) -> None:
        bar = QToolBar("Tools")
        bar.setMovable(False)
        bar.setIconSize(QSize(22, 22))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for position, group in enumerate(TOOLBAR):
            if position:
                bar.addSeparator()
            bar.addActions([self.actions_by_id[id_] for id_ in group])
        self.stage_box = QComboBox()
        self.stage_box.setToolTip("Which stage's votes are drawn as vectors")
        self.stage_box.setMinimumWidth(92)
        self.stage_box.activated.connect(self._choose_stage)
        bar.addWidget(QLabel("of stage"))
        bar.addWidget(self.stage_box)
        spacer = QWidget()
        spacer.setSizePolicy(spacer.sizePolicy().Policy.Expanding, spacer.sizePolicy().Policy.Preferred)
        bar.addWidget(spacer)
        bar.addAction(self.actions_by_id["help.shortcuts"])
        more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:  # what a narrow window has no room for is behind it; Qt draws it black
            more.setIcon(theme.icon("next"))
        self.addToolBar(bar)

    def _make_centre(self) -> None:
        self.empty_state = EmptyState(self.actions_by_id)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty_state)
        self.pages.addWidget(self.viewer)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.message_bar)
        layout.addWidget(self.pages, 1)
        self.setCentralWidget(centre)

    def _make_dock(self) -> None:
        self.dock = QDockWidget("Landmarks")
        self.dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.dock.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.dock.setWidget(self.table)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)

    def _connect(self) -> None:
        document, state = self.controller.document, self.controller.view_state
        for signal in (document.image_changed, document.landmarks_changed, document.prediction_changed, document.saved):
            signal.connect(self._refresh_soon)
        events = state.events
        for event in (
            events.selected, events.mode, events.show_labels, events.show_vectors, events.inverted, events.stage,
            events.progress, events.show_crosshair, events.radiological, events.maximised,
        ):  # fmt: skip
            event.connect(self._refresh_soon)
        self.controller.undo_stack.indexChanged.connect(self._refresh_soon)
        self.viewer.menu_requested.connect(self.show_landmark_menu)
        self.table.menu_requested.connect(self.show_landmark_menu)

    # Keeping in step

    def _refresh_soon(self, *_: object) -> None:
        self._refreshing.start()

    def refresh(self) -> None:
        """Bring actions, title and stages in step with document and view state."""
        for row in ACTIONS:
            action = self.actions_by_id[row.id]
            action.setEnabled(row.enabled_when(self.controller))
            action.setVisible(row.shown_when(self.controller))
            if row.checked_when is not None:
                action.setChecked(action.isEnabled() and row.checked_when(self.controller))
        stack = self.controller.undo_stack
        for id_, verb, what in (("edit.undo", "Undo", stack.undoText()), ("edit.redo", "Redo", stack.redoText())):
            self.actions_by_id[id_].setText(f"{verb} “{what}”" if what else verb)
            self.actions_by_id[id_].setIconText(verb)
        self._refresh_title()
        self._refresh_stages()
        has_image = self.controller.document.image is not None
        self.pages.setCurrentIndex(1 if has_image else 0)
        self.dock.setVisible(has_image)
        self._fit_dock()

    def _fit_dock(self) -> None:
        """Give the table the room it needs, but most of it to the image; from then on a person decides."""
        image, info = self.controller.document.image, self.controller.document.model_info
        wanted = None if image is None else (image.ndim, "" if info is None else info.title)
        if wanted is not None and wanted != self._dock_fits:
            self._dock_fits = wanted
            width = min(self.table.wanted_width(), round(LARGEST_DOCK * self.width()))
            self.resizeDocks([self.dock], [width], Qt.Orientation.Horizontal)

    def _refresh_title(self) -> None:
        image = self.controller.document.image
        if image is None:
            self.setWindowTitle("Cairn")
            return
        paths = self.controller.image_paths
        path = image.source.path
        place = f" ({paths.index(path) + 1} of {len(paths)})" if len(paths) > 1 and path in paths else ""
        self.setWindowTitle(f"{path.name}{place}[*] – Cairn")
        self.setWindowModified(self.controller.document.modified)

    def _refresh_stages(self) -> None:
        prediction = self.controller.document.prediction
        count = 0 if prediction is None else len(prediction.fields)
        if self.stage_box.count() != count:
            self.stage_box.clear()
            self.stage_box.addItems(["Global", *(f"Local {number}" for number in range(1, count))][:count])
        self.stage_box.setEnabled(count > 0 and self.controller.view_state.show_vectors)
        self.stage_box.setCurrentIndex(self.controller.view_state.stage if count else -1)

    def _choose_stage(self, stage: int) -> None:
        self.controller.view_state.stage = stage

    # What a person does to the window

    def bring_to_front(self, activation_token: str = "") -> None:
        """Show the window above others where the desktop allows it, else let its entry in the task bar call for attention.

        Parameters
        ----------
        activation_token
            Given by a Wayland desktop to whom a person has just started; empty elsewhere.
        """
        if activation_token:
            os.environ["XDG_ACTIVATION_TOKEN"] = activation_token  # Qt's Wayland plug-in takes it from there, once
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)

    def show_landmark_menu(self, place: QPoint) -> None:
        """Open the menu of what can be done with the selected landmark."""
        self.refresh()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self.actions_by_id[id_] for id_ in LANDMARK_MENU])
        menu.popup(place)

    def show_shortcuts(self) -> None:
        """Show keys and gestures."""
        sheet = ShortcutSheet(self)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.show()

    def show_about(self) -> None:
        """Say what this is."""
        AboutBox(self.controller.jobs, self).open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Welcome files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            self.empty_state.set_dragging(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 - Qt's name
        """Calm down again."""
        self.empty_state.set_dragging(False)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Hand dropped files to the controller, once the drag is over: a question may follow."""
        self.empty_state.set_dragging(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        QTimer.singleShot(0, self, lambda: self.controller.open_paths(paths))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Hide everything over the image while H is held."""
        if event.key() == Qt.Key.Key_H and not event.modifiers():
            self.controller.view_state.hide_all = True
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Show it again."""
        if event.key() == Qt.Key.Key_H and not event.isAutoRepeat():
            self.controller.view_state.hide_all = False
        else:
            super().keyReleaseEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Close where the controller agrees."""
        if self.controller.close(self._vanish):
            event.accept()
        else:
            event.ignore()

    def _vanish(self) -> None:
        self.closing.emit()
        self.hide()
