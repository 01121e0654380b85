"""The undo commands: landmarks before and after, or the whole state where a step changed more than landmarks.

Both are immutable values, so undoing is putting the old value back.
"""

from PySide6.QtGui import QUndoCommand

from app.session.document import Document, Snapshot
from core.values.landmarks import Landmarks


class ReplaceLandmarks(QUndoCommand):
    """Replaces the document's landmarks.

    Parameters
    ----------
    document
        Whose landmarks.
    before, after
        The values to go back and forth between.
    text
        What was done, for the Edit menu.
    merge_key
        Commands with the same key that follow each other become one step, such as the drags and nudges of one landmark.
        None never merges.
    """

    _MOVE_ID = 1

    def __init__(
        self, document: Document, before: Landmarks, after: Landmarks, text: str, merge_key: str | None = None
    ) -> None:
        super().__init__(text)
        self._document = document
        self._before = before
        self._after = after
        self._merge_key = merge_key

    def redo(self) -> None:
        """Show the new landmarks."""
        self._document.set_landmarks(self._after)

    def undo(self) -> None:
        """Show the old landmarks."""
        self._document.set_landmarks(self._before)

    def id(self) -> int:
        """Tell Qt which commands may be merged at all."""
        return -1 if self._merge_key is None else self._MOVE_ID

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802 - Qt's name
        """Take over the end of a following command on the same landmark."""
        if not isinstance(other, ReplaceLandmarks) or other._merge_key != self._merge_key:
            return False
        self._after = other._after
        self.setObsolete(self._after == self._before)
        return True


class ReplaceState(QUndoCommand):
    """Replaces landmarks together with the pixel size they rely on, or with the file they are saved to.

    Parameters
    ----------
    document
        Whose state.
    after
        The state to go to.
    text
        What was done, for the Edit menu.
    """

    def __init__(self, document: Document, after: Snapshot, text: str) -> None:
        super().__init__(text)
        self._document = document
        self._other = after

    def redo(self) -> None:
        """Go to the new state."""
        self._swap()

    def undo(self) -> None:
        """Go back to the old state."""
        self._swap()

    def _swap(self) -> None:
        """Exchange the states; the one that is left is kept as it is by now, with its file and its prediction."""
        left = self._document.snapshot()
        self._document.restore(self._other)
        if left is not None:
            self._other = left
