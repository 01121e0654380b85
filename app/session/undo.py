"""The undo commands (landmarks before and after, a free measurement, or the whole state) and the history of each image.

The values are immutable, so undoing is putting the old one back.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtGui import QUndoCommand, QUndoGroup, QUndoStack

from app.session.document import Document, Snapshot
from core.project.free_measurements import FreeMeasurement
from core.values.image import Image
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

    def let_go(self) -> None:
        """Hold no pixels and no vector fields until `take_up`."""
        image = Image.without_pixels(self._other.image.grid, self._other.image.source)
        self._other = replace(self._other, image=image, prediction=None)

    def take_up(self, with_pixels: Callable[[Image], Image]) -> None:
        """Hold the pixels again that ``with_pixels`` gives an image."""
        self._other = replace(self._other, image=with_pixels(self._other.image))


class ChangeFree(QUndoCommand):
    """Draws, changes or deletes one free measurement; landmarks stay as they are.

    Parameters
    ----------
    put
        Has the second in the place of the first, of which either may be none.
    before, after
        The measurement before and after the step; None where it was or is not there.
    text
        What was done, for the Edit menu.
    """

    def __init__(
        self,
        put: Callable[[FreeMeasurement | None, FreeMeasurement | None], None],
        before: FreeMeasurement | None,
        after: FreeMeasurement | None,
        text: str,
    ) -> None:
        super().__init__(text)
        self._put = put
        self._before = before
        self._after = after

    def redo(self) -> None:
        """Go to the measurement after the step."""
        self._put(self._before, self._after)

    def undo(self) -> None:
        """Go back to the one before it."""
        self._put(self._after, self._before)


class UndoHistories(QUndoGroup):
    """The steps of every image that was shown, of which those of the open one can be undone."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> QUndoStack:
        """Begin a history for another image, and return it."""
        stack = QUndoStack(self)
        self.setActiveStack(stack)
        return stack

    @property
    def present(self) -> QUndoStack:
        """The history of the open image."""
        stack = self.activeStack()
        return self.begin() if stack is None else stack

    def forget(self, stack: QUndoStack) -> None:
        """Let go of a history that nobody goes back to."""
        self.removeStack(stack)
        stack.setParent(None)
        stack.clear()
        stack.deleteLater()

    def push(self, command: QUndoCommand) -> None:
        """Do a step."""
        self.present.push(command)

    def clear(self) -> None:
        """Forget the steps of the open image."""
        self.present.clear()

    def setClean(self) -> None:  # noqa: N802 - Qt's name
        """Have the steps of the open image that follow merge with none before."""
        self.present.setClean()

    def count(self) -> int:
        """Return how many steps of the open image there are."""
        return self.present.count()

    def index(self) -> int:
        """Return how many of them are done."""
        return self.present.index()


def let_go_of_pixels(stack: QUndoStack) -> None:
    """Have no step of an image hold its pixels."""
    for command in _state_commands(stack):
        command.let_go()


def take_up_pixels(stack: QUndoStack, image: Image) -> None:
    """Give the steps of an image its pixels again, and the very image where its grid is theirs."""
    made: list[Image] = [image]

    def with_pixels(light: Image) -> Image:
        for whole in made:
            if whole.grid == light.grid and whole.source.spacing_source is light.source.spacing_source:
                return whole
        made.append(replace(light, voxels=image.voxels))
        return made[-1]

    for command in _state_commands(stack):
        command.take_up(with_pixels)


def _state_commands(stack: QUndoStack) -> list[ReplaceState]:
    commands = (stack.command(row) for row in range(stack.count()))
    return [command for command in commands if isinstance(command, ReplaceState)]
