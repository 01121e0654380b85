"""The window: menus, toolbar, image, table and status line, put together. It decides nothing."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app.desktop.settings import Settings
from app.dialogs.about import AboutBox
from app.dialogs.shortcut_sheet import ShortcutSheet
from app.panels.definition_panel import DefinitionPanel
from app.panels.empty_state import EmptyState
from app.panels.landmark_table import LandmarkTable
from app.panels.message_bar import MessageBar
from app.panels.status_bar import StatusBar
from app.session.action import VIEW
from app.session.actions import ACTIONS, LANDMARK_MENU
from app.session.controller import Controller
from app.views.slice_view import SliceView
from app.views.volume_view import VolumeView
from app.window.action_set import ActionSet
from app.window.analysis_editor_opener import AnalysisEditorOpener
from app.window.learning_opener import LearningOpener
from app.window.measurements_dock import MeasurementsDock
from app.window.menu_bar import fill_menu_bar
from app.window.reader_dialogs import ReaderDialogs
from app.window.recent_menu import RecentMenu
from app.window.remembered import WindowLayout, restore_measuring, restore_models, restore_reader, restore_view
from app.window.sessions_menu import SessionsMenu
from app.window.shapes_opener import ShapesOpener
from app.window.theme_menu import ThemeMenu
from app.window.tool_bar import ToolBar
from app.window.window_menu import WindowMenu
from app.window.worklist_dock import WorklistDock

if TYPE_CHECKING:
    from app.window.printouts import Printouts
    from app.window.superimposition_opener import SuperimpositionOpener

LEAST_SIZE = QSize(640, 400)
LAST_OF_VIEW = [row.id for row in ACTIONS if row.menu == VIEW][-1]


class MainWindow(QMainWindow):
    """Cairn's window.

    Parameters
    ----------
    controller
        Who decides.
    settings
        Where what a person has chosen is kept; nothing outlives the window where omitted.
    """

    closing = Signal()
    """It was decided that the window closes; what still runs is waited for after this."""

    def __init__(self, controller: Controller, settings: Settings | None = None) -> None:
        super().__init__()
        self.controller = controller
        self.settings = Settings() if settings is None else settings
        restore_view(controller.view_state, self.settings)
        restore_models(controller.search, self.settings)
        restore_reader(controller, self.settings)
        restore_measuring(controller.measuring, self.settings)
        self.setAcceptDrops(True)
        self.setMinimumSize(LEAST_SIZE)
        self.viewer = VolumeView(controller)
        self.table = LandmarkTable(controller)
        self.reader_dialogs = ReaderDialogs(controller, self)
        self.shapes = ShapesOpener(controller, self, self.bring_to_front)
        self.analysis_editor = AnalysisEditorOpener(controller.analysis_editing, self)
        self.learning = LearningOpener(controller, self)
        by_window = {
            "file.quit": self.close,
            "help.shortcuts": self.show_shortcuts,
            "help.about": self.show_about,
            "file.picture": lambda: self.printouts.ask_picture(),
            "file.report": lambda: self.printouts.ask_report(),
            "review.agreement": self.reader_dialogs.show_agreement,
            "review.merge": self.reader_dialogs.ask_merge,
            "review.learn": self.learning.ask,
            "review.models": self.learning.show_models,
            "measure.shapes": self.shapes.show,
            "measure.superimpose": lambda: self.superimposition.show(),
        }
        self.action_set = ActionSet(controller, self, by_window)
        self.actions_by_id = self.action_set.by_id
        submenus: dict[str, list[QMenu]] = {
            "file.folder": [RecentMenu(controller, self.settings, self), SessionsMenu(controller, self)],
            LAST_OF_VIEW: [WindowMenu(controller, self), ThemeMenu(self.settings, self)],
        }
        fill_menu_bar(self.menuBar(), self.actions_by_id, submenus)
        self.tool_bar = ToolBar(controller, self.actions_by_id)
        self.stage_box = self.tool_bar.stage_box
        self.addToolBar(self.tool_bar)
        self._make_centre()
        self._make_dock()
        tracing = self.actions_by_id["measure.tracing"]
        self.measurements = MeasurementsDock(controller, self.settings, self, self.dock, tracing)
        self.worklist = WorklistDock(
            controller, self.settings, self, self._layout.leave_room, self.actions_by_id["review.learn"]
        )
        self.worklist.panel.learning.show_requested.connect(self.learning.show_course)
        self.status_bar = StatusBar(controller)
        self.setStatusBar(self.status_bar)
        self._refreshing = QTimer(self)
        self._refreshing.setSingleShot(True)
        self._refreshing.setInterval(0)
        self._refreshing.timeout.connect(self.refresh)
        self._connect()
        self.refresh()
        self.empty_state.setFocus()

    @cached_property
    def printouts(self) -> "Printouts":
        """What saves pictures and reports; what draws them is loaded with the first one, not at the start."""
        from app.window.printouts import Printouts

        return Printouts(self.controller, self.viewer)

    @cached_property
    def superimposition(self) -> "SuperimpositionOpener":
        """What opens a superimposition; loaded with the first one."""
        from app.window.superimposition_opener import SuperimpositionOpener

        return SuperimpositionOpener(self.controller, self)

    @property
    def slice_view(self) -> SliceView:
        """The view of the plane in which a person works; of a 2D image the only one."""
        return self.viewer.views[self.controller.view_state.active]

    # Building

    def _make_centre(self) -> None:
        self.empty_state = EmptyState(self.actions_by_id)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty_state)
        self.pages.addWidget(self.viewer)
        self.message_bar = MessageBar(self.controller.view_state, self.pages)
        self.setCentralWidget(self.pages)

    def _make_dock(self) -> None:
        self.dock = QDockWidget("Landmarks")
        self.dock.setObjectName("landmarks")
        self.dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.dock.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.definition = DefinitionPanel(self.controller)
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.definition)
        self.dock.setWidget(column)
        self._layout = WindowLayout(self, self.dock, self.table, self.controller.document, self.settings)

    def _connect(self) -> None:
        document, state = self.controller.document, self.controller.view_state
        for signal in (document.image_changed, document.landmarks_changed, document.prediction_changed, document.saved):
            signal.connect(self._refresh_soon)
        events = state.events
        for event in (
            events.selected, events.mode, events.show_labels, events.show_vectors, events.inverted, events.stage,
            events.progress, events.show_crosshair, events.radiological, events.maximised, events.opening,
            events.locked, events.through_all, events.show_loupe, events.show_measurements, events.show_tracing,
        ):  # fmt: skip
            event.connect(self._refresh_soon)
        self.controller.undo_stack.indexChanged.connect(self._refresh_soon)
        desk = self.controller.desk
        for told in (desk.project_changed, desk.current_changed, desk.saving_changed, desk.reader_changed):
            told.connect(self._refresh_soon)
        self.controller.case_list.listed.connect(self._refresh_soon)
        self.controller.case_list.counts_changed.connect(self._refresh_soon)
        self.controller.cases.blind_changed.connect(self._refresh_soon)
        self.controller.measuring.changed.connect(self._refresh_soon)
        self.controller.free_measuring.changed.connect(self._refresh_soon)
        self.viewer.menu_requested.connect(self.show_landmark_menu)
        self.table.menu_requested.connect(self.show_landmark_menu)

    # Keeping in step

    def _refresh_soon(self, *_: object) -> None:
        self._refreshing.start()

    def refresh(self) -> None:
        """Bring actions, title and stages in step with document and view state."""
        self.action_set.refresh()
        self._refresh_title()
        self.tool_bar.refresh()
        has_image = self.controller.document.image is not None
        if has_image != bool(self.pages.currentIndex()):
            self.pages.setCurrentIndex(int(has_image))
            (self.slice_view if has_image else self.empty_state).setFocus()
        self.dock.setVisible(has_image)
        self.table.setEnabled(not self.controller.view_state.opening)
        self._layout.fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the icons anew where the theme has changed, and count nobody's time while another window is in use."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and hasattr(self, "tool_bar"):
            self.controller.cases.clock.set_active(active=self.isActiveWindow())
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "tool_bar"):
            self.action_set.show_icons()
            self.tool_bar.show_icons()

    def _refresh_title(self) -> None:
        image = self.controller.document.image
        if image is None:
            project = self.controller.projects.name
            self.setWindowTitle(f"{project} – Cairn" if project else "Cairn")
            return
        place = self.controller.place
        which = f" ({place[0]} of {place[1]})" if place is not None else ""
        project = self.controller.projects.name
        title = f"{image.source.path.name}{which}[*] – {f'{project} – ' if project else ''}Cairn"
        if title != self.windowTitle():
            self.viewer.paint_now()  # the name of one patient never stands over the picture of another
            self.setWindowTitle(title)
        kept = self.controller.cases.holds_work
        self.setWindowModified(bool(self.controller.desk.failing) if kept else self.controller.document.modified)

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
        if self.controller.close(self._vanish, self.close):
            event.accept()
        else:
            event.ignore()

    def _vanish(self) -> None:
        self._layout.save()
        self.worklist.save()
        self.measurements.save()
        self.shapes.close()
        self.learning.close()
        self.closing.emit()
        self.hide()
