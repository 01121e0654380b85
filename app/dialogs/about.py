"""What this is: version, intended use, the processor the networks run on, and whose work it is built on. Changes nothing."""

import sys
from html import escape
from importlib.metadata import version
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from app.desktop import theme
from app.session.jobs import Jobs
from app.session.localization import describe_device
from core.base.errors import AppError

_USE = (
    "Everything stays on this computer. Cairn is for research. It is not a medical device, and every landmark it places "
    "needs a person's eye."
)
_LIBRARIES = (
    "Cairn is free software under the Apache License 2.0. It uses Qt under the LGPL 3; Qt's libraries are separate files that "
    "you may replace."
)


class AboutBox(QMessageBox):
    """Says what Cairn is; the processor is found out in the background, since torch takes seconds to load.

    Parameters
    ----------
    jobs
        Who asks for the processor.
    parent
        The window.
    """

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About Cairn")
        self.setIconPixmap(theme.icon("cairn-app").pixmap(72, 72))
        self.setText(f"<b>Cairn {version('cairn-landmarks')}</b><br>Finds anatomical landmarks in medical images.")
        self._tell("Finding out what the networks run on…")
        folder = licences_folder()
        if folder is not None:
            button = self.addButton("Third-party licences", QMessageBox.ButtonRole.ActionRole)
            button.clicked.disconnect()  # it would close the box
            button.setToolTip(str(folder))
            button.clicked.connect(lambda: self._show_licences(folder))
        self.addButton(QMessageBox.StandardButton.Close)
        self.setDefaultButton(QMessageBox.StandardButton.Close)
        job = jobs.run(describe_device, on_result=self._tell, on_error=self._tell_problem)
        self.finished.connect(job.cancel)

    def _show_licences(self, folder: Path) -> None:
        if not open_folder(folder):  # a bare window manager has no program for folders
            self.setInformativeText(f"<p>The licences are in {escape(str(folder))}</p>")

    def _tell(self, device: str) -> None:
        self.setInformativeText(f"<p>{_USE}</p><p>{escape(device)}</p><p>{_LIBRARIES}</p>")

    def _tell_problem(self, error: AppError) -> None:
        self._tell(str(error))


def licences_folder() -> Path | None:
    """Return the folder with the licences of everything that was packed into the application; None where nothing was."""
    if not getattr(sys, "frozen", False):
        return None
    program = Path(sys.executable).parent
    candidates = (program / "licenses", program.parent / "Resources" / "licenses")  # the latter in a bundle of macOS
    return next((folder for folder in candidates if folder.is_dir()), None)


def open_folder(folder: Path) -> bool:
    """Show a folder in the desktop's file manager; tell whether there is one."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
