"""Old and new side by side: figures, landmarks, the cases that became worse as pictures; use it, keep it for later, discard it.

Shows what the comparison says; what a person decides is told by signals.
"""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.desktop.chrome import chrome
from app.desktop.tables import settle_look
from app.session.judged_cases import JudgedCase, JudgedCases
from app.session.verdict import (
    Row,
    case_row,
    cases_to_show,
    comparison_of,
    figure_rows,
    landmark_rows,
    sentence,
    worse_count,
)
from app.views.judged_picture import JudgedPicture
from core.base.errors import AppError
from core.learning.course_events import CaseChange, Comparison
from core.project.models import ProjectModel


class VerdictPanel(QWidget):
    """The panel.

    Parameters
    ----------
    pictures
        Makes the pictures of cases.
    """

    used = Signal()
    kept = Signal()
    discarded = Signal()
    case_wanted = Signal(int)
    """A case is to be opened."""

    def __init__(self, pictures: JudgedCases, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._model: ProjectModel | None = None
        self._changes: Sequence[CaseChange] = ()
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.figures, self.landmarks, self.cases = _table("Figures"), _table("Landmarks"), _table("Cases")
        self.cases.itemSelectionChanged.connect(self._show_picture)
        self.cases.itemActivated.connect(lambda _: self._open_case())
        self.picture = JudgedPicture()
        self.use, self.keep, self.discard = (
            QPushButton("&Use it"),
            QPushButton("&Keep for later"),
            QPushButton("&Discard"),
        )
        self.use.setObjectName("primary")
        for button in (self.use, self.keep, self.discard):
            button.setAutoDefault(False)
        self.use.clicked.connect(self.used)
        self.keep.clicked.connect(self.kept)
        self.discard.clicked.connect(self.discarded)
        self._lay_out()

    @property
    def model(self) -> ProjectModel | None:
        """The model that is judged."""
        return self._model

    def show_model(self, model: ProjectModel, before: str, *, in_use: bool = False) -> None:
        """Show how a model did; ``before`` is what the model is called that it went on from."""
        self._model = model
        comparison = comparison_of(model)
        self.told.setText(sentence(model, comparison, before))
        self.use.setEnabled(not in_use)
        self.use.setText("In use" if in_use else "&Use it")
        self.keep.setVisible(model.waits)
        self._fill(comparison, before)

    def _fill(self, comparison: Comparison | None, before: str) -> None:
        heads = (before or "before", "new")
        has_old = comparison is not None and comparison.old is not None
        _fill(self.figures, ("", *heads), () if comparison is None else figure_rows(comparison), has_old=has_old)
        landmarks = () if comparison is None else landmark_rows(comparison)
        _fill(self.landmarks, ("landmark (median)", *heads), landmarks, has_old=has_old)
        self._changes = () if comparison is None else cases_to_show(comparison)
        unit = "mm" if comparison is None else comparison.unit
        with QSignalBlocker(self.cases):
            rows = [case_row(one, unit) for one in self._changes]
            _fill(self.cases, ("case (mean)", *heads), rows, has_old=has_old)
        worse = 0 if comparison is None else worse_count(comparison)
        self.tabs.setTabText(1, f"Cases ({worse} of {len(rows)} became worse)" if has_old else f"Cases ({len(rows)})")
        self.picture.show_case(None, "Choose a case." if rows else "")
        if rows:
            self.cases.selectRow(0)

    def _show_picture(self) -> None:
        row = self.cases.currentRow()
        if self._model is None or not 0 <= row < len(self._changes):
            return
        self.picture.show_case(None, "Looking at it…")
        self._pictures.show(self._model, self._changes[row].case, self._take_picture, self._take_error)

    def _take_picture(self, case: JudgedCase) -> None:
        self.picture.show_case(case)

    def _take_error(self, error: AppError) -> None:
        self.picture.show_case(None, str(error))

    def _open_case(self) -> None:
        if self.picture.case is not None:
            self.case_wanted.emit(self.picture.case.case_id)

    def _lay_out(self) -> None:
        cases = QSplitter(Qt.Orientation.Horizontal)
        cases.addWidget(self.cases)
        cases.addWidget(self.picture)
        cases.setSizes([300, 420])
        self.tabs = QTabWidget()
        self.tabs.addTab(self.landmarks, "&Landmarks")
        self.tabs.addTab(cases, "Cases")
        buttons = QHBoxLayout()
        buttons.addWidget(self.use)
        buttons.addWidget(self.keep)
        buttons.addStretch(1)
        buttons.addWidget(self.discard)
        self.figures.setFixedHeight(4 * 27 + 8)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(self.told)
        layout.addWidget(self.figures)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(buttons)


def _table(name: str) -> QTableWidget:
    table = QTableWidget()
    settle_look(table)
    table.setAccessibleName(name)
    table.verticalHeader().setDefaultSectionSize(26)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    return table


def _fill(table: QTableWidget, heads: tuple[str, str, str], rows: Sequence[Row], *, has_old: bool) -> None:
    """Show rows; what became better is green, what became worse red."""
    colours = chrome()
    table.clear()
    table.setColumnCount(3)
    table.setRowCount(len(rows))
    table.setHorizontalHeaderLabels(list(heads))
    table.setColumnHidden(1, not has_old)
    for number, row in enumerate(rows):
        for column, text in enumerate((row.what, row.old, row.new)):
            item = QTableWidgetItem(text)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if column == 2 and row.is_better is not None:
                item.setForeground(QColor(colours.usual if row.is_better else colours.far))
            table.setItem(number, column, item)
    header = table.horizontalHeader()
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column in (1, 2):
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
