from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox

from app.desktop import arrivals as module
from app.desktop.arrivals import Arrivals

A, B, C = Path("/a.png"), Path("/b.png"), Path("/c.png")


class Taken:
    """Remembers what was opened and what was added."""

    def __init__(self) -> None:
        self.opened: list[list[Path]] = []
        self.added: list[list[Path]] = []


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def arrivals(qapp: object, taken: Taken, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrivals]:
    monkeypatch.setattr(module, "GATHER_MS", 20)
    made = Arrivals()
    made.deliver_to(lambda paths: taken.opened.append(list(paths)), lambda paths: taken.added.append(list(paths)))
    yield made
    made.stop()


def test_files_that_come_one_by_one_are_one_list(arrivals, taken, qtbot):
    for path in (A, B, A, C):
        arrivals.add([path])
        qtbot.wait(5)
    qtbot.waitUntil(lambda: bool(taken.opened))
    assert taken.opened == [[A, B, C]]
    assert taken.added == []


def test_what_follows_soon_joins_and_what_follows_late_replaces(arrivals, taken, qtbot, monkeypatch):
    arrivals.add([A])
    qtbot.waitUntil(lambda: bool(taken.opened))
    arrivals.add([B])
    qtbot.waitUntil(lambda: bool(taken.added))
    monkeypatch.setattr(module, "TOGETHER_S", 0.0)
    arrivals.add([C])
    qtbot.waitUntil(lambda: len(taken.opened) == 2)
    assert (taken.opened, taken.added) == ([[A], [C]], [[B]])


def test_the_first_list_that_comes_joins_nothing_but_the_command_line(arrivals, taken, qtbot):
    arrivals.opened()
    arrivals.add([A])
    qtbot.waitUntil(lambda: bool(taken.added))
    assert taken.opened == []


def test_files_wait_for_the_window(qapp, taken, qtbot, monkeypatch):
    monkeypatch.setattr(module, "GATHER_MS", 1)
    early = Arrivals()
    early.add([A])
    qtbot.wait(20)
    early.add([B])
    early.deliver_to(lambda paths: taken.opened.append(list(paths)), lambda paths: taken.added.append(list(paths)))
    qtbot.waitUntil(lambda: bool(taken.opened))
    assert taken.opened == [[A, B]]


def test_files_wait_until_a_dialog_is_closed(arrivals, taken, qtbot):
    box = QMessageBox()
    box.open()
    arrivals.add([A])
    qtbot.wait(60)
    arrivals.add([B])
    qtbot.wait(60)
    assert taken.opened == []
    box.close()
    qtbot.waitUntil(lambda: bool(taken.opened))
    assert taken.opened == [[A, B]]


def test_nothing_is_opened_once_the_window_closes(arrivals, taken, qtbot):
    arrivals.add([A])
    arrivals.stop()
    qtbot.wait(40)
    assert taken.opened == []


def test_no_files_are_no_list(arrivals, taken, qtbot):
    arrivals.add([])
    qtbot.wait(40)
    assert taken.opened == []
