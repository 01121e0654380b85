"""Starts the viewer: application, window, error hook. Imports Qt, and no torch."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from app import exception_hook
from app.controller import Controller
from app.dialogs import Dialogs
from app.main_window import MainWindow
from app.theme import apply_theme
from core.model_info import read_model_info


class _ErrorRelay(QObject):
    """Brings descriptions of unexpected errors from any thread to the main one."""

    reported = Signal(str)


def make_window(model: Path | None = None) -> MainWindow:
    """Return a window with everything behind it; the application must exist.

    Raises
    ------
    ModelFileError
        ``model`` is given and cannot be used.
    """
    if model is not None:
        read_model_info(model)
    dialogs = Dialogs()
    window = MainWindow(Controller(dialogs, model))
    dialogs.parent = window
    return window


def run(paths: Sequence[Path], model: Path | None) -> int:
    """Open the viewer and stay until it is closed.

    Parameters
    ----------
    paths
        Images to open, and perhaps a landmark file for the first one.
    model
        Model file to use in place of the bundled ones.

    Returns
    -------
    code
        Exit code.

    Raises
    ------
    ModelFileError
        ``model`` cannot be used.
    """
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Cairn")
    application.setDesktopFileName("cairn")
    apply_theme(application)
    window = make_window(model)
    log_path = exception_hook.start_log()
    relay = _ErrorRelay()
    dialogs = window.controller.questions
    if isinstance(dialogs, Dialogs):
        relay.reported.connect(lambda text: dialogs.show_unexpected(text, log_path), Qt.ConnectionType.QueuedConnection)
    uninstall = exception_hook.install(relay.reported.emit)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # otherwise Ctrl-C in the terminal waits for the next mouse move
    window.show()
    if paths:
        QTimer.singleShot(0, window, lambda: window.controller.open_paths([Path(path) for path in paths]))
    try:
        return application.exec()
    finally:
        uninstall()
