"""The panel of measurements: which analysis, whose norms, and the table. Shows what `app.session.measuring` says."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction, QPalette, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.panels.analysis_menu import AnalysisMenu
from app.panels.measurements_table import MeasurementsTable
from app.session.analysis_editing import AnalysisEditing
from app.session.measuring import Measuring

_FIRST_NORMS = "Norms: those listed first"
_CAUTION = "Norms hold for the people of their source. None of this is a diagnosis."


class Measurements(QWidget):
    """The panel.

    Parameters
    ----------
    measuring
        What is shown, and who is told what a person chooses.
    editing
        Who lets a person make analyses.
    tracing
        The action that draws the tracing, for a button.
    """

    def __init__(
        self, measuring: Measuring, editing: AnalysisEditing, tracing: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._measuring = measuring
        self._stale = True
        self.analyses = QComboBox()
        self.analyses.setAccessibleName("Analysis")
        self.populations = QComboBox()
        self.populations.setAccessibleName("Norms")
        self.populations.setToolTip("Whose norms count where an analysis has those of several populations")
        for box in (self.analyses, self.populations):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.tracing_button = QToolButton()
        self.tracing_button.setDefaultAction(tracing)
        self.tracing_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.more = QToolButton()
        self.more.setText("…")
        self.more.setToolTip("Make, open, save and take out analyses")
        self.more.setAccessibleName("More about analyses")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(AnalysisMenu(measuring, editing, self.more))
        self.table = MeasurementsTable(measuring)
        self.note = QLabel(_CAUTION)
        self.note.setWordWrap(True)
        self.note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.note.setContentsMargins(8, 5, 8, 5)
        choices = QHBoxLayout()
        choices.setContentsMargins(6, 4, 6, 4)
        choices.addWidget(self.analyses, 3)
        choices.addWidget(self.more)
        choices.addWidget(self.populations, 2)
        choices.addWidget(self.tracing_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(choices)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.note)
        self.analyses.activated.connect(lambda row: measuring.choose(self.analyses.itemData(row)))
        self.populations.activated.connect(lambda row: measuring.choose_population(self.populations.itemData(row)))
        measuring.changed.connect(self._refresh)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Catch up on what changed while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def _refresh(self) -> None:
        """Show what there is now; while nobody looks, nothing is measured."""
        self._stale = not self.isVisible()
        if self._stale:
            return
        offers, offer = self._measuring.offers, self._measuring.offer
        _fill(self.analyses, [(one.text, one.key, one.analysis.about) for one in offers], offer.key if offer else "")
        populations = self._measuring.populations
        entries = [(_FIRST_NORMS, "", ""), *((f"Norms: {one}", one, one) for one in populations)]
        _fill(self.populations, entries, self._measuring.population)
        self.populations.setVisible(bool(populations))
        self.analyses.setToolTip(
            "" if offer is None else "\n".join((offer.analysis.title, offer.analysis.source)).strip()
        )
        self.note.setText(_CAUTION if offers else self._measuring.why_nothing)
        self.table.refresh()


def _fill(box: QComboBox, entries: list[tuple[str, str, str]], chosen: str) -> None:
    """List texts with keys and tips in a box, where they are others than before, and show the chosen one."""
    with QSignalBlocker(box):
        there = [(box.itemText(row), box.itemData(row)) for row in range(box.count())]
        if there != [(text, key) for text, key, _ in entries]:
            box.clear()
            for text, key, tip in entries:
                box.addItem(text, key)
                box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        box.setCurrentIndex(box.findData(chosen))
