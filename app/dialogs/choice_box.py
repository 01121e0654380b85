"""A box to choose from that knows what its entries stand for: any Python values, which Qt would turn into others."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QSizePolicy

T = TypeVar("T")


class ChoiceBox(QComboBox, Generic[T]):
    """The box.

    Parameters
    ----------
    name
        What it is called for who cannot see it.
    letters
        How many are to be readable at least.
    """

    def __init__(self, name: str, letters: int) -> None:
        super().__init__()
        self._values: list[T] = []
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(letters)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def value(self, row: int) -> T:
        """Return what an entry stands for."""
        return self._values[row]

    def offer(self, entries: Sequence[tuple[str, T]], row: int) -> None:
        """List entries, where they are others than before, and show one of them; none where the row is -1."""
        values = [value for _, value in entries]
        with QSignalBlocker(self):
            if values != self._values or [self.itemText(place) for place in range(self.count())] != [
                text for text, _ in entries
            ]:
                self.clear()
                self.addItems([text for text, _ in entries])
                self._values = values
            self.setCurrentIndex(row)

    def offer_chosen(self, entries: Sequence[tuple[str, T]], chosen: object) -> None:
        """List entries and show the one that stands for ``chosen``; none where there is no such."""
        self.offer(entries, next((row for row, (_, value) in enumerate(entries) if value == chosen), -1))
