"""Asks which landmarks count where shapes are compared: one that many cases lack costs all of these. Changes nothing."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.session.shape_study import PlacedLandmark
from core.measuring.morphometrics import LEAST_LANDMARKS

_NAME = Qt.ItemDataRole.UserRole


class LandmarkChoice(QDialog):
    """The question.

    Parameters
    ----------
    landmarks
        All that the cases have.
    without
        Those that do not count now.
    """

    def __init__(
        self, landmarks: Sequence[PlacedLandmark], without: Collection[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Which landmarks count")
        self.list = QListWidget()
        for one in landmarks:
            lacking = one.cases - one.placed
            item = QListWidgetItem(f"{one.name}  (lacking in {lacking} of {one.cases})" if lacking else one.name)
            item.setData(_NAME, one.name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Unchecked if one.name in without else Qt.CheckState.Checked)
            self.list.addItem(item)
        told = QLabel(f"Cases that lack one of them are left out. A shape has {LEAST_LANDMARKS} landmarks at least.")
        told.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.everyone = self.buttons.addButton("&All", QDialogButtonBox.ButtonRole.ResetRole)
        layout = QVBoxLayout(self)
        layout.addWidget(told)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.everyone.clicked.connect(self._check_all)
        self.list.itemChanged.connect(lambda _: self._refresh())
        self._refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size in which some twenty landmarks can be read."""
        return QSize(380, 520)

    @property
    def without(self) -> frozenset[str]:
        """The landmarks that are not to count."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return frozenset(str(item.data(_NAME)) for item in items if item.checkState() is Qt.CheckState.Unchecked)

    def _check_all(self) -> None:
        for row in range(self.list.count()):
            self.list.item(row).setCheckState(Qt.CheckState.Checked)

    def _refresh(self) -> None:
        enough = self.list.count() - len(self.without) >= LEAST_LANDMARKS
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(enough)
