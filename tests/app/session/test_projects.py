"""Projects under hostile circumstances: full and vanished disks, files moved under the window, other windows, newer versions."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from datetime import date, datetime
from pathlib import Path

import pytest

from app.session.projects import when, with_suffix
from core.project import connection
from core.project.store import Project
from tests.support.desk_windows import ANNA
from tests.support.viewer_fixtures import messages

ROOT = Path(__file__).resolve().parents[3]


def edited(windows, images):
    controller = windows.new(*images[:2])
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    return controller


@pytest.fixture
def disk(monkeypatch):
    """A disk on which a project can be kept from growing."""
    made = Disk()
    connect = connection._connect

    def limited(path, *, read_only):
        file = connect(path, read_only=read_only)
        if made.is_full:
            (count,) = file.execute("PRAGMA page_count").fetchone()
            file.execute(f"PRAGMA max_page_count = {count}")
        return file

    monkeypatch.setattr(connection, "_connect", limited)
    return made


class Disk:
    is_full = False

    def fill(self, controller):
        self.is_full = True
        controller.desk.project._file._let_go()


def push_much(controller, count=40):
    for _ in range(count):
        controller.editor.select("Nasion")
        controller.editor.mark_absent()
        controller.editor.undo()
        controller.editor.nudge(1, 0)


def test_a_full_disk_is_told_once_and_everything_is_written_when_there_is_room(windows, images, disk):
    controller = edited(windows, images)
    controller.desk._writer._retry_s = 0.05
    disk.fill(controller)
    push_much(controller)
    windows.qtbot.waitUntil(lambda: "full" in controller.desk.failing)
    windows.qtbot.wait(200)
    assert len([text for text in messages(controller) if "is full" in text]) == 1
    left = controller.document.landmarks
    assert controller.desk.pending > 0
    disk.is_full = False
    windows.settle(controller)
    assert controller.desk.failing == ""
    assert controller.desk.project.reading(1, ANNA).landmarks == left
    assert "The project can be written again; nothing was lost." in messages(controller)
    assert not any("is full" in text for text in messages(controller))


def test_closing_with_a_full_disk_asks_first(windows, images, disk):
    controller = edited(windows, images)
    disk.fill(controller)
    push_much(controller)
    windows.qtbot.waitUntil(lambda: bool(controller.desk.failing))
    closed = []

    def close():
        if controller.close(close_again=close):
            closed.append(True)

    close()
    windows.qtbot.waitUntil(lambda: any("give up" in asked for asked in controller.questions.asked))
    windows.qtbot.wait(50)
    assert closed == [], "a person has said that they stay"
    controller.questions.gives_up = True
    close()
    windows.qtbot.waitUntil(lambda: closed == [True], timeout=20_000)
    windows.open.remove(controller)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not let an open file be deleted")
@pytest.mark.parametrize("happens", [Path.unlink, lambda path: path.rename(path.with_name("elsewhere.cairn"))])
def test_a_project_that_vanishes_under_the_window_is_said_and_saved_elsewhere_with_all_edits(
    windows, images, tmp_path, happens
):
    controller = edited(windows, images)
    happens(controller.desk.project.path)
    controller.editor.nudge(5, 0)
    left = controller.document.landmarks
    windows.qtbot.waitUntil(lambda: "moved or deleted" in controller.desk.failing)
    windows.qtbot.waitUntil(lambda: any("moved or deleted while it was open" in text for text in messages(controller)))
    controller.questions.new_project = tmp_path / "rescued.cairn"
    controller.projects.ask_save_as()
    windows.settle(controller)
    assert controller.desk.failing == ""
    assert controller.desk.pending == 0
    with Project.open(tmp_path / "rescued.cairn", read_only=True) as rescued:
        assert rescued.reading(1, ANNA).landmarks == left
        assert len(rescued.case_ids()) == 2
        assert rescued.damage() == []


def test_a_project_of_a_newer_version_is_refused_and_the_window_goes_on(windows, tmp_path):
    path = tmp_path / "newer.cairn"
    Project.create(path).close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    controller = windows.new(path)
    assert [error.message for error in controller.questions.errors] == ["newer.cairn was made by a newer Cairn."]
    assert controller.desk.keeps_work, "an unnamed project keeps what is done"


def test_what_is_no_project_is_refused(windows, tmp_path):
    path = tmp_path / "text.cairn"
    path.write_text("hello", encoding="utf-8")
    controller = windows.new(path)
    assert "no project of Cairn" in controller.questions.errors[0].message


def test_where_the_state_folder_cannot_be_written_the_window_works_and_asks_as_it_did(windows, images):
    windows.sessions.write_text("a file is in the way", encoding="utf-8")
    controller = windows.new(images[0])
    assert controller.document.prediction is not None
    assert not controller.desk.keeps_work
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    assert not controller.close()
    assert controller.questions.asked == ["unsaved image0.png"]


def test_a_named_project_keeps_its_images_where_they_are_and_shows_the_last_one(windows, images, tmp_path):
    controller = edited(windows, images)
    controller.open_neighbour(1)
    windows.settle(controller)
    controller.questions.new_project = tmp_path / "day"
    controller.projects.ask_save_as()
    windows.settle(controller)
    assert controller.questions.asked == ["new project Project.cairn"]
    windows.kill(controller)
    second = windows.new(tmp_path / "day.cairn")
    assert second.projects.name == "day"
    assert second.document.image.source.path == images[1]
    assert second.place == (2, 2)


def test_a_new_project_begins_empty_and_the_last_image_is_gone_from_view(windows, images, tmp_path):
    controller = edited(windows, images)
    controller.questions.new_project = tmp_path / "next.cairn"
    controller.projects.ask_new()
    windows.settle(controller)
    assert controller.document.image is None
    assert controller.case_list.ids == []
    controller.questions.added = tuple(images[3:5])
    controller.ask_add_images()
    windows.settle(controller)
    assert controller.document.image.source.path == images[3]
    assert controller.place == (1, 2)


def test_going_on_with_a_scheme(windows, images, tmp_path):
    from core.schemes.scheme import Scheme, SchemeLandmark

    controller = windows.new(images[0])
    scheme = Scheme(name="two", title="Two", ndim=2, landmarks=(SchemeLandmark(name="Left", abbreviation="L"),))
    controller.schemes.use(scheme)
    windows.settle(controller)
    path = controller.desk.project.path
    windows.kill(controller)
    second = windows.new()
    second.projects.resume(path)
    windows.settle(second)
    assert second.schemes.scheme(2) == scheme


def test_names_of_files_and_moments():
    assert with_suffix(Path("/a/day")) == Path("/a/day.cairn")
    assert with_suffix(Path("/a/day.CAIRN")) == Path("/a/day.CAIRN")
    today = date(2026, 3, 2)
    assert when(datetime(2026, 3, 2, 9, 5).astimezone(), today) == "today at 09:05"
    assert when(datetime(2026, 3, 1, 17, 30).astimezone(), today) == "yesterday at 17:30"
    assert when(datetime(2026, 2, 20, 8, 0).astimezone(), today) == "on 20 February 2026"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_loses_nothing_that_was_shown_as_saved(windows, images, model_path):
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from PySide6.QtWidgets import QApplication
        from app.session.controller import Controller
        from tests.support.viewer_fixtures import Answers, GatedLocalize
        from tests.support.desk_windows import ANNA
        sessions, model, *images = map(Path, sys.argv[1:])
        application = QApplication([])
        controller = Controller(Answers(), model, localize=GatedLocalize())
        controller.desk.reader = ANNA
        controller.begin_session(sessions, images)
        controller.open_paths(images)
        while controller.document.landmarks is None or not controller.document.landmarks.located.all():
            application.processEvents()
        controller.editor.select("Sella")
        step = 0
        while True:
            controller.editor.nudge(1, 0) if step % 40 < 20 else controller.editor.nudge(-1, 0)
            step += 1
            while controller.desk.pending:
                application.processEvents()
            x_mm = float(controller.document.landmarks.point_mm("Sella")[0])
            print(x_mm, flush=True)
        """
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    for kill_after in (3, 17, 60):
        arguments = [sys.executable, "-c", script, str(windows.sessions), str(model_path), str(images[0])]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)
        shown = [float(process.stdout.readline()) for _ in range(kill_after)]
        os.kill(process.pid, signal.SIGKILL)
        rest = process.communicate()[0].split()
        shown += [float(value) for value in rest]
        path = max(windows.sessions.glob("*.cairn"), key=lambda path: path.stat().st_mtime_ns)
        with Project.open(path, moves=False) as project:
            assert project.damage() == []
            kept = project.reading(1, ANNA).landmarks.point_mm("Sella")[0]
        assert abs(kept - shown[-1]) <= 1, "at most the step that was not yet shown as saved differs"
