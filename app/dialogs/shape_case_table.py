"""The tables of a comparison: the outliers with what was probably swapped, and all cases with their sizes, also those left out.

Lists what `app.session.shape_study` says; a click on a row tells which case is wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app.desktop import theme
from app.desktop.tables import settle_look
from app.session.shape_study import Grouping, ShapeStudy

_SORTED_BY = Qt.ItemDataRole.UserRole
_CASE = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class _Row:
    case_id: int
    cells: tuple[str | float, ...]
    swapped: tuple[str, ...] = ()


class _Cell(QTableWidgetItem):
    """A cell that is sorted by its number where it has one; what has none comes last."""

    def __init__(self, value: str | float, decimals: int) -> None:
        super().__init__(value if isinstance(value, str) else f"{value:.{decimals}f}")
        self.setData(_SORTED_BY, None if isinstance(value, str) else value)
        self.setTextAlignment(theme.LEFT if isinstance(value, str) else theme.RIGHT)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        first, second = self.data(_SORTED_BY), other.data(_SORTED_BY)
        if first is None and second is None:
            return self.text().casefold() < other.text().casefold()
        return second is None or (first is not None and first < second)


class ShapeCaseTable(QTableWidget):
    """A table of cases."""

    case_clicked = Signal(int, object)
    """A case is wanted: its number, and the landmarks that were possibly swapped in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        settle_look(self)
        self.verticalHeader().setDefaultSectionSize(26)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.itemClicked.connect(self._tell)
        self.itemActivated.connect(self._tell)
        self._swapped: dict[int, tuple[str, ...]] = {}

    def _tell(self, item: QTableWidgetItem) -> None:
        case_id = int(item.data(_CASE))
        self.case_clicked.emit(case_id, self._swapped.get(case_id, ()))

    def clear_cases(self) -> None:
        """List nothing."""
        self.setRowCount(0)
        self.setColumnCount(0)

    def show_outliers(self, study: ShapeStudy) -> None:
        """List the outliers, the farthest first."""
        rows = [
            _Row(
                case.id,
                (
                    case.name, case.distance,
                    f"possibly {case.swapped[0]} and {case.swapped[1]} swapped" if case.swapped else
                    "mirror image of the others" if case.is_mirrored else "",
                ),
                case.swapped,
            )
            for case in study.outliers
        ]  # fmt: skip
        self._fill(["Outlier", "Distance", "What may be wrong"], rows, [0, 4, 0])

    def show_all(self, study: ShapeStudy) -> None:
        """List all cases, and at the end those that were left out."""
        groupings = [
            by for by in Grouping if by is not Grouping.NOTHING and any(case.labels.get(by) for case in study.cases)
        ]
        titles = [
            "Case", *(by.value.capitalize() for by in groupings), f"Centroid size ({study.unit})", "Distance", "Remark",
        ]  # fmt: skip
        rows = [
            _Row(
                case.id,
                (case.name, *(case.labels.get(by, "") for by in groupings), case.size, case.distance, case.remark),
                case.swapped,
            )
            for case in study.cases
        ]
        empty = ("",) * (len(groupings) + 2)
        rows += [_Row(case.id, (case.name, *empty, f"left out: {case.reason}")) for case in study.left_out]
        self._fill(titles, rows, [0] * (len(groupings) + 1) + [2, 4, 0])

    def _fill(self, titles: Sequence[str], rows: Sequence[_Row], decimals: Sequence[int]) -> None:
        self.setSortingEnabled(False)
        self.clear()
        self.setColumnCount(len(titles))
        self.setRowCount(len(rows))
        self._swapped = {row.case_id: row.swapped for row in rows}
        for column, title in enumerate(titles):
            head = QTableWidgetItem(title)
            head.setTextAlignment(theme.RIGHT if decimals[column] else theme.LEFT)
            self.setHorizontalHeaderItem(column, head)
        for number, row in enumerate(rows):
            for column, value in enumerate(row.cells):
                cell = _Cell(value, decimals[column])
                cell.setData(_CASE, row.case_id)
                self.setItem(number, column, cell)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.resizeColumnsToContents()
        header.setStretchLastSection(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
