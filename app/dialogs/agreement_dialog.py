"""How far two readers agree: landmark by landmark, as a Bland–Altman figure, and the worst cases, which open by a click.

Figures come from `core.project.agreement` in a job; this shows them and saves them as tables.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.desk.desk import Desk
from app.desktop import theme
from app.desktop.tables import settle_look
from app.dialogs.agreement_figure import BlandAltmanFigure, axis_titles
from core.base.errors import AppError, ProjectError
from core.base.files import reason_of, written_whole
from core.project.agreement import Agreement, LandmarkAgreement, agreement, cases_csv, landmarks_csv
from core.project.readings import Reader, ReaderKind

if TYPE_CHECKING:
    from core.project.store import Project

MOST_CASES = 200
"""Cases that are listed, the worst first; the table that is saved has all."""


class AgreementDialog(QDialog):
    """Compares two readers.

    Parameters
    ----------
    desk
        Whose readers.
    save_path
        Asks where to save tables, given a proposal; None where a person thought better of it.
    """

    open_requested = Signal(int)
    """A case is to be looked at."""

    def __init__(self, desk: Desk, save_path: Callable[[Path], Path | None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Agreement of readers")
        self._desk = desk
        self._save_path = save_path
        self._readers: list[Reader] = []
        self._agreement: Agreement | None = None
        self._names: dict[int, str] = {}
        self._asked = 0
        self.first, self.second, self.axis = QComboBox(), QComboBox(), QComboBox()
        for box in (self.first, self.second):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.landmarks = _table()
        self.cases = _table()
        self.figure = BlandAltmanFigure()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save = self.buttons.addButton("&Save as CSV…", QDialogButtonBox.ButtonRole.ActionRole)
        self.save.setAutoDefault(False)
        self._lay_out()
        self._connect()
        self._show(None)
        self._desk.ask(lambda project: project.readers(), self._offer)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size in which the figure can be read."""
        return QSize(1140, 680)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.first)
        top.addWidget(QLabel("and"))
        top.addWidget(self.second)
        top.addStretch(1)
        axis = QHBoxLayout()
        axis.addWidget(QLabel("Differences along"))
        axis.addWidget(self.axis)
        axis.addStretch(1)
        right = QWidget()
        below = QVBoxLayout(right)
        below.setContentsMargins(0, 0, 0, 0)
        below.addLayout(axis)
        below.addWidget(self.figure, 3)
        below.addWidget(QLabel("Worst cases: a click opens one."))
        below.addWidget(self.cases, 2)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self.landmarks)
        parts.addWidget(right)
        parts.setSizes([700, 400])
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.told)
        layout.addWidget(parts, 1)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        for box in (self.first, self.second):
            box.activated.connect(lambda _: self._compare())
        self.axis.activated.connect(lambda _: self._draw())
        self.landmarks.itemSelectionChanged.connect(self._draw)
        self.cases.itemClicked.connect(self._open)
        self.figure.case_clicked.connect(self.open_requested)
        self.save.clicked.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self._leave)
        self._desk.project_changed.connect(self._leave_project)

    def _leave(self) -> None:
        """Listen to no answer any more."""
        self._asked = -1
        self._desk.project_changed.disconnect(self._leave_project)

    def _leave_project(self) -> None:
        """Close where another project has come, in which numbers mean other cases."""
        if not self._desk.goes_on:
            self.reject()

    # Asking

    def _offer(self, readers: list[Reader]) -> None:
        if self._asked < 0:
            return
        self._readers = readers
        for box in (self.first, self.second):
            box.clear()
            box.addItems([_title(reader) for reader in readers])
        if len(readers) < 2:
            self.told.setText(
                "Two readers are needed. Merge a colleague's copy of the project, or have a model read the cases."
            )
            return
        own = next((row for row, reader in enumerate(readers) if reader == self._desk.reader), 0)
        self.first.setCurrentIndex(own)
        self.second.setCurrentIndex(1 if own == 0 else 0)
        self._compare()

    def _compare(self) -> None:
        first, second = (self._readers[box.currentIndex()] for box in (self.first, self.second))
        self._asked += 1
        if first == second:
            self._show(None, "Choose two different readers.")
            return
        self._show(None, "Comparing…")
        asked = self._asked

        def take(found: tuple[Agreement, dict[int, str]]) -> None:
            if asked == self._asked:
                self._names = found[1]
                self._show(found[0])

        def fail(error: AppError) -> None:
            if asked == self._asked:
                self._show(None, str(error))

        self._desk.ask(partial(_compared, first=first, second=second), take, fail)

    # Showing

    def _show(self, result: Agreement | None, told: str = "") -> None:
        self._agreement = result
        self.save.setEnabled(result is not None)
        self.told.setText(told if result is None else summary(result))
        self.axis.clear()
        _fill(self.landmarks, *([(), ()] if result is None else _landmark_rows(result)))
        _fill(self.cases, *([(), ()] if result is None else _case_rows(result, self._names)))
        self.figure.setVisible(result is not None)
        if result is not None:
            self.axis.addItems(axis_titles(result.ndim))
            self.landmarks.selectRow(0)
            self._draw()

    def _draw(self) -> None:
        """Draw the selected landmark; the line of all of them has no figure."""
        result, rows, axis = self._agreement, self.landmarks.selectionModel().selectedRows(), self.axis.currentIndex()
        if result is None or not rows or axis < 0:
            return
        row = rows[0].row()
        self.figure.setVisible(row < len(result.names))
        if row < len(result.names):
            self.figure.show_landmark(result, result.names[row], axis)

    def _open(self, item: QTableWidgetItem) -> None:
        if self._agreement is not None:
            self.open_requested.emit(self._agreement.cases[item.row()].case_id)

    # Saving

    def _save(self) -> None:
        result = self._agreement
        path = None if result is None else self._save_path(Path(proposed_name(result)))
        if result is None or path is None:
            return
        tables = landmarks_csv(result), cases_csv(result, self._names)

        def saved(paths: list[Path]) -> None:
            if self._asked >= 0:
                self.told.setText(f"Saved: {' and '.join(path.name for path in paths)}.")

        self._desk.ask(lambda _: write_tables(path, *tables), saved, lambda error: self.told.setText(str(error)))


def _compared(project: "Project", *, first: Reader, second: Reader) -> tuple[Agreement, dict[int, str]]:
    result = agreement(project.readings_of(first), project.readings_of(second))
    return result, {row.id: row.name for row in project.rows(result.case_ids)}


def write_tables(path: Path, landmarks: str, cases: str) -> list[Path]:
    """Write the table of the landmarks to a file and that of the cases beside it, each whole or not at all.

    Raises
    ------
    ProjectError
        The folder does not take them.
    """
    paths = [path, path.with_name(f"{path.stem}-cases{path.suffix}")]
    try:
        for target, text in zip(paths, (landmarks, cases), strict=True):
            with written_whole(target) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ProjectError(f"{path} cannot be written ({reason_of(error)}).", "Choose another folder.") from error
    return paths


def proposed_name(result: Agreement) -> str:
    """Return a name for a table of two readers that any file system takes."""
    text = f"agreement {result.first.name} {result.second.name}"
    return "".join(c if c.isalnum() or c in " -_." else "-" for c in text).strip() + ".csv"


def summary(result: Agreement) -> str:
    """Return in a line how far two readers agree over all landmarks."""
    mark, cases = result.overall, len(result.case_ids)
    length = f"{mark.mean:.2f} {result.unit} apart on average (median {mark.median:.2f}, 95 % within {mark.p95:.2f})"
    counted = f"{cases} {'case' if cases == 1 else 'cases'}, {mark.n} positions"
    parts = [f"{counted}: {length}, Dahlberg's error {mark.dahlberg:.2f} {result.unit}."]
    if mark.presence_differs:
        parts.append(f"{mark.presence_differs} × one found a landmark where the other says that there is none.")
    return " ".join([*parts, *result.left_out])


def _title(reader: Reader) -> str:
    return f"{reader.name} (model)" if reader.kind is ReaderKind.MODEL else reader.name


def _landmark_rows(result: Agreement) -> tuple[list[str], list[list[str]]]:
    axes, unit = axis_titles(result.ndim), result.unit
    titles = [f"Landmark ({unit})", "n", "Mean", "SD", "95 %", "Dahlberg"]
    titles += [f"Bias {axis}" for axis in axes] + [f"ICC {axis}" for axis in axes]
    return titles, [_landmark_row(mark) for mark in (*result.landmarks, result.overall)]


def _landmark_row(mark: LandmarkAgreement) -> list[str]:
    figures = [_figure(value) for value in (mark.mean, mark.sd, mark.p95, mark.dahlberg)]
    bias = [_figure(float(value), "+z.2f") for value in mark.bias]
    icc = [_figure(float(value), "z.3f") for value in mark.icc]
    return [mark.name or "All", str(mark.n), *figures, *bias, *icc]


def _case_rows(result: Agreement, names: dict[int, str]) -> tuple[list[str], list[list[str]]]:
    titles = ["Case", f"Largest {result.unit}", "at", f"Mean {result.unit}", "n"]
    rows = [
        [names.get(case.case_id, ""), _figure(case.largest), case.worst, _figure(case.mean), str(case.n)]
        for case in result.cases[:MOST_CASES]
    ]
    return titles, rows


def _figure(value: float, form: str = "z.2f") -> str:
    return f"{value:{form}}".replace("-", "−") if np.isfinite(value) else ""


def _table() -> QTableWidget:
    table = QTableWidget()
    settle_look(table)
    table.verticalHeader().setDefaultSectionSize(26)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    return table


def _fill(table: QTableWidget, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table.clear()
    table.setColumnCount(len(titles))
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            is_text = column == 0 or titles[column] == "at"
            item.setTextAlignment(theme.LEFT if is_text else theme.RIGHT)
            table.setItem(row, column, item)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    for column, title in enumerate(titles):
        is_text = column == 0 or title == "at"
        header = QTableWidgetItem(title)
        header.setTextAlignment(theme.LEFT if is_text else theme.RIGHT)
        table.setHorizontalHeaderItem(column, header)
