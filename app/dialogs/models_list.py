"""The models of the project as a list: which is in use, where each came from, how good it was; use one, compare, discard.

Shows `KnownModels`; what a person wants is told by signals.
"""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.desktop.tables import settle_look
from app.session.model_choice import KnownModels
from app.session.verdict import comparison_of, figure_rows
from core.project.models import ProjectModel

_HEADS = ("model", "", "went on from", "median error", "made", "how")


class ModelsList(QWidget):
    """The list."""

    use_wanted = Signal(ProjectModel)
    compare_wanted = Signal(ProjectModel)
    discard_wanted = Signal(ProjectModel)
    bundled_wanted = Signal(int)
    """Images of a rank are to be localized by the model that comes with Cairn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[ProjectModel | int] = []
        self._known: KnownModels | None = None
        self.told = QLabel("By which model the images of this project are localized. Going back is always possible.")
        self.told.setWordWrap(True)
        self.table = QTableWidget(0, len(_HEADS))
        settle_look(self.table)
        self.table.setAccessibleName("Models of this project")
        self.table.setHorizontalHeaderLabels(list(_HEADS))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.itemSelectionChanged.connect(self._allow)
        self.table.itemActivated.connect(lambda _: self._use())
        self.why = QLabel()
        self.why.setObjectName("dropHint")
        self.why.setWordWrap(True)
        self.use, self.compare, self.discard = QPushButton("&Use it"), QPushButton("&Compare"), QPushButton("&Discard…")
        for button in (self.use, self.compare, self.discard):
            button.setAutoDefault(False)
        self.use.clicked.connect(self._use)
        self.compare.clicked.connect(lambda: self._tell(self.compare_wanted.emit))
        self.discard.clicked.connect(lambda: self._tell(self.discard_wanted.emit))
        buttons = QHBoxLayout()
        buttons.addWidget(self.use)
        buttons.addWidget(self.compare)
        buttons.addStretch(1)
        buttons.addWidget(self.discard)
        layout = QVBoxLayout(self)
        layout.addWidget(self.told)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.why)
        layout.addLayout(buttons)
        self._allow()

    def show_known(self, known: KnownModels) -> None:
        """Show the models of a project, the newest first, and what comes with Cairn last."""
        chosen = self._chosen()
        self._known = known
        self._rows = [*reversed(known.models), *sorted(known.bundled)]
        self.table.setRowCount(len(self._rows))
        for number, row in enumerate(self._rows):
            texts = self._texts(row, known)
            for column, text in enumerate(texts):
                self.table.setItem(number, column, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_HEADS) - 1, QHeaderView.ResizeMode.Stretch)
        self.table.selectRow(next((n for n, row in enumerate(self._rows) if row == chosen), 0))
        self._allow()

    def _texts(self, row: ProjectModel | int, known: KnownModels) -> tuple[str, ...]:
        if isinstance(row, int):
            state = "" if row in known.in_use else "in use"
            return (known.bundled[row], state, "", "", "", f"comes with Cairn, for {row}D images")
        comparison = comparison_of(row)
        median = "" if comparison is None else figure_rows(comparison)[0].new
        is_used = known.in_use.get(row.ndim) == row.sha256
        state = "in use" if is_used else "new" if row.waits else ""
        return (row.name, state, known.title_of(row.parent_sha256), median, row.added[:10], row.note)

    def _chosen(self) -> ProjectModel | int | None:
        row = self.table.currentRow()
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def _allow(self) -> None:
        chosen, known = self._chosen(), self._known
        missing = ""
        is_used = False
        if isinstance(chosen, ProjectModel) and known is not None:
            missing = known.missing.get(chosen.sha256, "")
            is_used = known.in_use.get(chosen.ndim) == chosen.sha256
        elif isinstance(chosen, int) and known is not None:
            is_used = chosen not in known.in_use
        self.why.setText(missing)
        self.why.setVisible(bool(missing))
        self.use.setEnabled(chosen is not None and not missing and not is_used)
        self.compare.setEnabled(isinstance(chosen, ProjectModel) and bool(chosen.comparison))
        self.discard.setEnabled(isinstance(chosen, ProjectModel))

    def _use(self) -> None:
        chosen = self._chosen()
        if isinstance(chosen, ProjectModel) and self.use.isEnabled():
            self.use_wanted.emit(chosen)
        elif isinstance(chosen, int) and self.use.isEnabled():
            self.bundled_wanted.emit(chosen)

    def _tell(self, tell: Callable[[ProjectModel], object]) -> None:
        chosen = self._chosen()
        if isinstance(chosen, ProjectModel):
            tell(chosen)
