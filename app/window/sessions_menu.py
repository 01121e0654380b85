"""The menu of earlier sessions: unnamed projects that a window has left behind, with when that was and what they hold.

Looked for in a job each time the menu opens; what is in it then is `app.desk.session_files`' to say.
"""

from datetime import date
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.desk.session_files import EarlierSession
from app.session.controller import Controller
from app.session.projects import when
from app.window.action_set import escaped


class SessionsMenu(QMenu):
    """One entry per session, the latest first.

    Parameters
    ----------
    controller
        Who looks for them and goes on with one.
    parent
        The window it belongs to.
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__("&Earlier sessions", parent)
        self._projects = controller.projects
        self._note("&Looking…")
        self.aboutToShow.connect(lambda: self._projects.look_for_earlier(self._list))

    def _list(self, found: list[EarlierSession]) -> None:
        self.clear()
        for number, session in enumerate(found, start=1):
            images = "1 image" if session.images == 1 else f"{session.images} images"
            moment = when(session.changed, date.today())
            entry = QAction(
                f"&{number % 10}  {moment[0].upper()}{moment[1:]}: {images}, {escaped(session.first_name)}", self
            )
            entry.triggered.connect(partial(self._projects.resume, session.path))
            self.addAction(entry)
        if not found:
            self._note("&None")

    def _note(self, text: str) -> None:
        self.addAction(text).setEnabled(False)
