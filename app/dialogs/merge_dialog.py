"""What a colleague's copy of the project would bring, shown before anything is changed: new cases and readings, conflicts.

Nothing that anybody did is ever overwritten: that is `core.project.merge`'s. This shows, and passes on the wish.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QVBoxLayout, QWidget

from app.desk.desk import Desk
from core.base.errors import AppError

if TYPE_CHECKING:
    from core.project.merge import Merged
    from core.project.store import Project


class MergeDialog(QDialog):
    """Shows what would be merged, and merges.

    Parameters
    ----------
    desk
        Whose project gets it.
    path
        The colleague's copy.
    """

    merged = Signal(str)
    """Everything was brought together; what was done, in a sentence."""
    brought = Signal(object)
    """Everything was brought together: `Merged`."""

    def __init__(self, desk: Desk, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Merge readings")
        self._desk = desk
        self._path = path
        self.heading = QLabel(f"Looking through {path.name}…")
        self.heading.setWordWrap(True)
        self.promise = QLabel("Nothing that is here is overwritten.")
        self.promise.setObjectName("dropHint")
        self.details = QListWidget()
        self.details.setWordWrap(True)
        self.details.setSpacing(4)
        self.details.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accepting = self.buttons.addButton("&Merge", QDialogButtonBox.ButtonRole.AcceptRole)
        self.accepting.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        for part in (self.heading, self.promise, self.details, self.buttons):
            layout.addWidget(part)
        self.buttons.accepted.connect(self._merge)
        self.buttons.rejected.connect(self.reject)
        desk.refused.connect(self._go_on)
        self.finished.connect(lambda _: desk.refused.disconnect(self._go_on))
        desk.ask(partial(_previewed, path=path), self._show, self._refuse)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size in which the conflicts can be read, where there are any."""
        return QSize(620, 420 if self.details.isVisibleTo(self) else super().sizeHint().height())

    def _show(self, found: "Merged") -> None:
        brings = bool(
            found.cases or found.readings or found.continued or found.measurements or found.analyses or found.models
        )
        self.heading.setText(f"{self._path.name} brings {words(found)}.")
        self.accepting.setEnabled(True)
        self.accepting.setDefault(True)
        self.details.addItems(details(found))
        self.details.setVisible(self.details.count() > 0)
        self.adjustSize()
        if not brings and not found.conflicts:
            self.accepting.setText("&Merge anyway" if found.notes else "&Merge")

    def _refuse(self, error: AppError) -> None:
        self.heading.setText(str(error))
        self.promise.hide()
        self.details.hide()
        self.adjustSize()

    def _go_on(self, _: AppError) -> None:
        """Let a merge be tried again that the project has just refused, which was told."""
        self.accepting.setEnabled(True)

    def _merge(self) -> None:
        self.accepting.setEnabled(False)

        def done(found: "Merged") -> None:
            self._desk.cases_changed.emit()
            self.brought.emit(found)
            self.merged.emit(f"Merged {self._path.name}: {words(found)}.")
            self.accept()

        self._desk.change(partial(_merged, path=self._path), done)


def words(found: "Merged") -> str:
    """Return what a merge brings, in a few words."""
    parts = [
        _count(found.cases, "new case"),
        _count(found.readings, "new reading"),
        f"{_count(found.continued, 'reading')} that {'goes' if found.continued == 1 else 'go'} on"
        if found.continued
        else "",
        f"{_count(len(found.conflicts), 'reading')} changed on both sides" if found.conflicts else "",
        _count(found.measurements, "free measurement"),
        "" if not found.analyses else "1 new analysis" if found.analyses == 1 else f"{found.analyses} new analyses",
        _count(found.models, "new model"),
    ]
    told = [part for part in parts if part]
    return ", ".join(told) if told else "nothing new"


def details(found: "Merged") -> list[str]:
    """Return a line for each conflict and each note."""
    lines = []
    for conflict in found.conflicts:
        parted = f"{conflict.case_name}: {conflict.reader.name} has changed it here and in the copy."
        lines.append(f"{parted} What is here stays; the copy's reading is kept beside it as “{conflict.kept_as.name}”.")
    return lines + found.notes


def _count(number: int, what: str) -> str:
    return "" if not number else f"1 {what}" if number == 1 else f"{number} {what}s"


def _previewed(project: "Project", *, path: Path) -> "Merged":
    from core.project.merge import preview
    from core.project.store import Project

    with Project.open(path, read_only=True) as other:
        return preview(project, other)


def _merged(project: "Project", *, path: Path) -> "Merged":
    from core.project.merge import merge
    from core.project.store import Project

    with Project.open(path, read_only=True) as other:
        return merge(project, other)
