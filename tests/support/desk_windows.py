"""Windows without widgets, one after the other on the same state folder, as a person opens, leaves and kills them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from app.session.controller import Controller
from core.project.readings import Reader
from tests.support.viewer_fixtures import Answers, GatedLocalize, idle

ANNA = Reader("Anna")


class Windows:
    """Opens one window after the other on the same state folder."""

    def __init__(self, tmp_path: Path, model_path: Path, qtbot: QtBot) -> None:
        self.sessions = tmp_path / "sessions"
        self.model_path = model_path
        self.qtbot = qtbot
        self.open: list[Controller] = []

    def new(
        self, *paths: Path, reader: Reader = ANNA, session: bool = True, background: Callable[..., Any] | None = None
    ) -> Controller:
        controller = Controller(Answers(), self.model_path, localize=GatedLocalize(), background=background)
        controller.desk.reader = reader
        self.open.append(controller)
        if session:
            controller.begin_session(self.sessions, paths)
        if paths:
            controller.open_paths(list(paths))
        self.settle(controller)
        return controller

    def settle(self, controller: Controller) -> None:
        for _ in range(3):
            idle(controller, self.qtbot)
            self.qtbot.waitUntil(lambda: controller.desk.pending == 0)
            self.qtbot.wait(10)
        idle(controller, self.qtbot)

    def kill(self, controller: Controller) -> None:
        """Let go of a window without anything that closing does, but what the system does for a process."""
        self.open.remove(controller)
        idle(controller, self.qtbot)
        if controller.desk._writer is not None:
            controller.desk._writer.close()
        if controller.desk.project is not None:
            controller.desk.project.close()
        controller.jobs.shut_down()

    def close_all(self) -> None:
        for controller in self.open:
            controller.background.close()
            controller.jobs.shut_down()
            controller.desk.close()
