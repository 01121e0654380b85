"""The table of the analysis editor in which norms are typed, a row for each; the last row waits for another."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app.desktop.chrome import chrome
from app.session.analysis_editing import AnalysisEditing

COLUMNS = ("mean", "sd", "low", "high", "population", "age", "sex", "source")
_HEADS = ("Mean", "SD", "Low", "High", "Population", "Age", "Sex", "Source")
_WIDTHS = (54, 44, 50, 50, 90, 44, 44)


class NormsTable(QTableWidget):
    """The table.

    Parameters
    ----------
    editing
        What is edited.
    """

    def __init__(self, editing: AnalysisEditing, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._editing = editing
        self.setHorizontalHeaderLabels(_HEADS)
        self.setToolTip("Mean and SD, or the ends of the usual range; of whom, and where it is published")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.setShowGrid(True)
        self.setStyleSheet(f"QTableView {{ gridline-color: {chrome().line}; }}")
        self.horizontalHeader().setMinimumSectionSize(36)
        self.setTabKeyNavigation(True)
        for column, width in enumerate(_WIDTHS):
            self.setColumnWidth(column, width)
        self.horizontalHeader().setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        self.setFixedHeight(112)
        self.itemChanged.connect(self._take)

    def refresh(self) -> None:
        """Show the norms of the measurement that is shown, and where one is wrong."""
        steps = self._editing.steps
        norms = [one for one in (steps.shown or {}).get("norms", []) if isinstance(one, dict)]
        wrong = {one.field: one.sentence for one in steps.problems if one.measurement == steps.place}
        with QSignalBlocker(self):
            self.setRowCount(len(norms) + 1)
            for row in range(len(norms) + 1):
                for column, key in enumerate(COLUMNS):
                    value = norms[row].get(key, "") if row < len(norms) else ""
                    text = f"{value:g}" if isinstance(value, float) else str(value)
                    item = self.item(row, column)
                    if item is None:
                        item = QTableWidgetItem()
                        self.setItem(row, column, item)
                    item.setText(text)
                    sentence = wrong.get(f"norms.{row}.{key}") or wrong.get(f"norms.{row}", "")
                    item.setToolTip(sentence or text)
                    item.setData(Qt.ItemDataRole.ForegroundRole, QColor(chrome().far) if sentence else None)
                    item.setData(Qt.ItemDataRole.BackgroundRole, _shade() if sentence else None)

    def _take(self, item: QTableWidgetItem) -> None:
        if self._editing.is_under_way:
            self._editing.steps.set_norm(item.row(), COLUMNS[item.column()], item.text())
            self.refresh()


def _shade() -> QColor:
    shade = QColor(chrome().far)
    shade.setAlphaF(0.18)
    return shade
