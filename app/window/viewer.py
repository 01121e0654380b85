"""Starts the viewer: application, window, error hook, and the meeting place of later starts. Imports Qt, and no torch."""

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from app.desk.session_files import sessions_folder
from app.desktop import exception_hook
from app.desktop.arrivals import Arrivals
from app.desktop.settings import Settings, settings_path
from app.desktop.single_instance import Listener, Request, hand_over, meeting_place
from app.desktop.theme import Theme, apply_theme
from app.dialogs.question_dialogs import Dialogs
from app.session.controller import Controller
from app.session.localization import warm_up
from app.window.main_window import MainWindow
from app.window.remembering_dialogs import RememberingDialogs
from app.window.theme_menu import theme_of
from core.base.errors import AppError
from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info

if TYPE_CHECKING:
    from app.desk.background import Background
    from app.desk.events import Event

WARM_UP_AFTER_MS = 500
"""Painting the window and reading a small image come first: importing torch holds Python's lock for long."""


class Application(QApplication):
    """Qt's application, which also takes the files that the Finder of macOS sends, before there is a window and after."""

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(list(arguments))
        self.arrivals = Arrivals()

    def event(self, event: QEvent) -> bool:
        """Take a file to open; leave everything else to Qt."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.arrivals.add([Path(event.file())])
            return True
        return super().event(event)


class _ErrorRelay(QObject):
    """Brings descriptions of unexpected errors from any thread to the main one."""

    reported = Signal(str)


def make_window(model: Path | None = None, settings: Settings | None = None) -> MainWindow:
    """Return a window with everything behind it, as it was left; the application must exist.

    Raises
    ------
    ModelFileError
        ``model`` is given and cannot be used.
    """
    if model is not None:
        read_model_info(model)
    kept = Settings() if settings is None else settings
    dialogs = RememberingDialogs(kept)
    window = MainWindow(Controller(dialogs, model, background=_make_background), kept)
    dialogs.parent = window
    return window


def _make_background(hear: Callable[["Event"], None]) -> "Background":
    """Return what localizes other images meanwhile, in child processes that let the window go first."""
    from app.desk.background import Background
    from app.desk.crew_plan import plan_crew

    return Background(hear, plan_crew(spare_cores=1, considerate=True))


def run(paths: Sequence[Path], model: Path | None, *, shared: bool = False) -> int:
    """Open the viewer and stay until it is closed.

    Parameters
    ----------
    paths
        Images to open, and perhaps a landmark file for the first one.
    model
        Model file to use in place of the bundled ones.
    shared
        Whether later starts hand their files to this window. If another start was faster, its window gets ``paths`` instead.

    Returns
    -------
    code
        Exit code.

    Raises
    ------
    ModelFileError
        ``model`` cannot be used.
    """
    settings = Settings(settings_path())
    application = _application(theme_of(settings))
    place = meeting_place() if shared else None
    listener = None if place is None else Listener(place)
    if place is not None and listener is not None and not listener.listen():
        if hand_over(place, paths):
            return 0
        listener = None
    try:
        return _run_window(application, listener, [Path(path) for path in paths], model, settings)
    finally:
        if listener is not None:
            listener.close()


def _application(theme: Theme) -> Application:
    existing = QApplication.instance()
    application = existing if isinstance(existing, Application) else Application(sys.argv[:1])
    application.setApplicationName("Cairn")
    application.setDesktopFileName("cairn")
    if sys.platform == "win32":
        import ctypes

        # Without a name of its own the task bar groups the window with every other program that Python runs.
        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("Cairn.Cairn")
    apply_theme(application, theme)
    return application


def _run_window(
    application: Application, listener: Listener | None, paths: list[Path], model: Path | None, settings: Settings
) -> int:
    window = make_window(model, settings)
    application.styleHints().colorSchemeChanged.connect(lambda _: _follow_system(application, settings))
    log_path = exception_hook.start_log()
    relay = _ErrorRelay()
    dialogs = window.controller.questions
    if isinstance(dialogs, Dialogs):
        relay.reported.connect(lambda text: dialogs.show_unexpected(text, log_path), Qt.ConnectionType.QueuedConnection)
    uninstall = exception_hook.install(relay.reported.emit)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # otherwise Ctrl-C in the terminal waits for the next mouse move
    _join(application.arrivals, listener, window)
    window.show()
    QTimer.singleShot(0, window, lambda: _begin(application.arrivals, window, paths, model, sessions_folder()))
    try:
        return application.exec()
    finally:
        application.arrivals.stop()
        uninstall()


def _follow_system(application: Application, settings: Settings) -> None:
    """Become light or dark when the desktop does, if that is what a person wants."""
    if theme_of(settings) is Theme.SYSTEM:
        apply_theme(application, Theme.SYSTEM)


def _join(arrivals: Arrivals, listener: Listener | None, window: MainWindow) -> None:
    """Let files from outside reach the window until it closes."""

    def add_files(paths: Sequence[Path]) -> None:
        window.controller.add_paths(paths)
        window.refresh()  # the title counts the images

    def take(request: Request) -> None:
        window.bring_to_front(request.activation_token)
        arrivals.add(request.paths)

    arrivals.deliver_to(window.controller.open_paths, add_files)
    window.closing.connect(arrivals.stop)
    if listener is not None:
        listener.asked.connect(take)
        window.closing.connect(listener.close)
        QTimer.singleShot(0, listener, listener.started)


def _begin(
    arrivals: Arrivals, window: MainWindow, paths: list[Path], model: Path | None, sessions: Path | None = None
) -> None:
    """Open what was named at the start, and get ready for localizing a little later; in ``sessions`` lie unnamed projects."""
    if sessions is not None:
        window.controller.begin_session(sessions, paths)
    if paths:
        arrivals.opened()
        window.controller.open_paths(paths)
    QTimer.singleShot(WARM_UP_AFTER_MS, window, lambda: _warm_up(window, model, is_reading=bool(paths)))


def _warm_up(window: MainWindow, model: Path | None, *, is_reading: bool) -> None:
    """Load what localizing needs, unless an image is there, which has its landmarks looked for already."""
    if window.controller.document.image is not None:
        return
    likely = model
    if model is None and not is_reading:  # what is being read decides for itself which model it needs
        with suppress(AppError):  # told when an image comes
            likely = bundled_model_for(2)  # most images are 2D
    window.controller.jobs.run(
        warm_up, likely, on_result=lambda _: None, on_error=lambda _: None, on_progress=lambda *_: None
    )
