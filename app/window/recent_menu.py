"""The menu of images and projects that were opened last; a person can clear the list, or have none kept."""

from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.desktop.settings import Settings
from app.session.controller import Controller
from app.session.file_names import Sample, sample_path
from app.window.action_set import escaped


class RecentMenu(QMenu):
    """One entry per file, the latest first.

    Parameters
    ----------
    controller
        Who opens them; what it shows is added to the list.
    settings
        Where the list is kept.
    parent
        The window it belongs to.
    """

    def __init__(self, controller: Controller, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("Open &recent", parent)
        self._controller = controller
        self._settings = settings
        self.setToolTipsVisible(True)
        self._clear = QAction("&Clear the list", self)
        self._clear.triggered.connect(self._forget)
        self._remember = QAction("&Remember opened files", self)
        self._remember.setCheckable(True)
        self._remember.toggled.connect(self._set_remembering)
        self._entries: list[QAction] = []
        self._line = self.addSeparator()
        self.addActions([self._clear, self._remember])
        controller.document.image_changed.connect(self._add_image)
        controller.projects.used.connect(settings.add_recent_file)
        self.aboutToShow.connect(self._list)
        self._list()

    def _add_image(self) -> None:
        image = self._controller.document.image
        if image is None or image.source.path in map(sample_path, Sample):
            return
        if self._controller.projects.name:
            return  # the project is in the list
        path = image.source.path.absolute()
        self._settings.add_recent_file(path)

    def _list(self) -> None:
        for entry in self._entries:
            self.removeAction(entry)
            entry.deleteLater()
        files = self._settings.recent_files
        self._entries = [self._entry(number, path) for number, path in enumerate(files, start=1)]
        self.insertActions(self._line, self._entries)
        self._clear.setEnabled(bool(files))
        self._remember.setChecked(self._settings.remembers_files)

    def _entry(self, number: int, path: Path) -> QAction:
        entry = QAction(f"&{number % 10}  {escaped(path.name)}", self)  # the tenth has 0
        entry.setToolTip(str(path))
        entry.triggered.connect(lambda _=False: self._open(path))
        return entry

    def _open(self, path: Path) -> None:
        self._controller.open_paths([path])

    def _forget(self) -> None:
        self._settings.clear_recent_files()
        self._list()

    def _set_remembering(self, wanted: bool) -> None:
        if wanted != self._settings.remembers_files:
            self._settings.remembers_files = wanted
            self._list()
