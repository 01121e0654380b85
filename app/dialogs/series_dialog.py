"""Asks which of several DICOM series to open: a table with what each one is, and what is wrong with it where something is.

Patients' names are shown only to a person who ticks the box. Reads nothing and decides nothing.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.desktop import theme
from app.desktop.chrome import chrome
from core.images.dicom.series import Series

COLUMNS = ("Series", "Modality", "Size", "Spacing", "Note", "Patient")
NOTE, PATIENT = COLUMNS.index("Note"), COLUMNS.index("Patient")


class SeriesDialog(QDialog):
    """A table of series with the proposed one selected.

    Parameters
    ----------
    found
        The series, the one to propose first.
    parent
        The window it belongs to.
    """

    def __init__(self, found: tuple[Series, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open series")
        self._found = found
        told = QLabel(f"There are {len(found)} series of images here. Which one do you want to open?")
        self.table = self._make_table()
        self.show_patients = QCheckBox("Show patient names")
        self.show_patients.toggled.connect(self._show_patients)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        for widget in (told, self.table, self.show_patients, self.buttons):
            layout.addWidget(widget)
        self.table.itemSelectionChanged.connect(self._offer)
        self.table.itemDoubleClicked.connect(self.accept)
        self._propose()
        self._offer()

    @property
    def chosen(self) -> Series | None:
        """The selected series, None where none is."""
        rows = {index.row() for index in self.table.selectedIndexes()}
        return self._found[rows.pop()] if rows else None

    def accept(self) -> None:
        """Open the selected series; there is nothing to open without one."""
        if self.chosen is not None:
            super().accept()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size in which notes can be read."""
        return QSize(880, 420)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(len(self._found), len(COLUMNS))
        table.setHorizontalHeaderLabels(COLUMNS)
        table.verticalHeader().hide()
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setColumnHidden(PATIENT, True)  # noqa: FBT003 - Qt takes it by position only
        for row, series in enumerate(self._found):
            texts = (*series_texts(series), series.patient)
            for column, text in enumerate(texts):
                table.setItem(row, column, _item(text, series))
        header = table.horizontalHeader()
        header.setDefaultAlignment(theme.LEFT)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Stretch)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        return table

    def _propose(self) -> None:
        row = next((row for row, series in enumerate(self._found) if not series.refused), None)
        if row is not None:
            self.table.selectRow(row)
        self.table.setFocus()

    def _offer(self) -> None:
        button = self.buttons.button(QDialogButtonBox.StandardButton.Open)
        button.setEnabled(self.chosen is not None)
        button.setDefault(True)

    def _show_patients(self, shown: bool) -> None:
        self.table.setColumnHidden(PATIENT, not shown)


def series_texts(series: Series) -> tuple[str, str, str, str, str]:
    """Return what the table says of a series: name, modality, size, spacing and note."""
    name = series.description or ("Series" if series.number is None else f"Series {series.number}")
    if series.part:
        name = f"{name} ({series.part})"
    note = series.problem or ("A planning image or screenshot" if series.localizer else "")
    return name, series.modality, _size(series), _spacing(series), note


def _size(series: Series) -> str:
    return " × ".join(str(count) for count in reversed(series.shape))


def _spacing(series: Series) -> str:
    if series.spacing_mm is None:
        return "unknown"
    sizes = [f"{size:.3g}" for size in reversed(series.spacing_mm)]
    return f"{sizes[0] if len(set(sizes)) == 1 else ' × '.join(sizes)} mm"


def _item(text: str, series: Series) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    if series.refused:
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setForeground(QColor(chrome().faint))
        item.setToolTip(f"{series.problem} {series.hint}".strip())
    else:
        item.setToolTip(" ".join(series.notes))
    return item
