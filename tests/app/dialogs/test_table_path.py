"""Asking where to write a table: the suffix follows the kind, and a file that is there is asked about."""

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox

from app.dialogs.table_path import KINDS, table_path

EXCEL, CSV = KINDS


def on_screen(kind: type) -> QFileDialog | QMessageBox:
    (found,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found


def answer(*, kind: str | None = None, name: str | None = None, accept: bool = True) -> None:
    """Do in the dialog what a person does: choose a kind of file, type a name, save or cancel."""

    def act() -> None:
        dialog = on_screen(QFileDialog)
        if kind is not None:
            dialog.selectNameFilter(kind)
            dialog.filterSelected.emit(kind)
        if name is not None:
            dialog.findChild(QLineEdit, "fileNameEdit").setText(name)
        dialog.accept() if accept else dialog.reject()

    QTimer.singleShot(50, act)


@pytest.fixture(autouse=True)
def qt_dialogs(qapp, monkeypatch):
    """The system's own dialogs cannot be answered by a test."""
    original = QFileDialog.setAcceptMode
    monkeypatch.setattr(
        QFileDialog,
        "setAcceptMode",
        lambda self, mode: (self.setOption(QFileDialog.Option.DontUseNativeDialog), original(self, mode)),
    )


@pytest.mark.parametrize(
    ("suggested", "kind", "typed", "expected"),
    [
        ("scan-steiner.xlsx", None, None, "scan-steiner.xlsx"),
        ("scan-steiner.xlsx", CSV, None, "scan-steiner.csv"),
        ("scan-steiner.csv", None, None, "scan-steiner.csv"),
        ("scan-steiner.csv", EXCEL, None, "scan-steiner.xlsx"),
        ("scan-steiner.xlsx", None, "mine", "mine.xlsx"),
        ("scan-steiner.xlsx", CSV, "mine", "mine.csv"),
        ("scan-steiner.xlsx", None, "mine.csv", "mine.csv"),
    ],
)
def test_the_suffix_follows_the_kind_of_file(tmp_path: Path, suggested, kind, typed, expected) -> None:
    answer(kind=kind, name=typed)
    assert table_path(None, "Save", tmp_path / suggested) == tmp_path / expected


def test_nothing_is_answered_where_nobody_saves(tmp_path: Path) -> None:
    answer(accept=False)
    assert table_path(None, "Save", tmp_path / "a.xlsx") is None


@pytest.mark.parametrize("replace", [True, False])
def test_a_file_that_is_there_is_asked_about(tmp_path: Path, replace: bool) -> None:
    (tmp_path / "a.csv").write_text("kept")
    asked = []

    def act() -> None:
        box = on_screen(QMessageBox)
        asked.append(box.text())
        button = QMessageBox.StandardButton.Yes if replace else QMessageBox.StandardButton.No
        box.button(button).click()
        if not replace:
            on_screen(QFileDialog).reject()

    QTimer.singleShot(300, act)
    answer(kind=CSV)
    assert table_path(None, "Save", tmp_path / "a.xlsx") == (tmp_path / "a.csv" if replace else None)
    assert len(asked) == 1
