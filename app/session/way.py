"""The way through landmarks that a person came, and how it is taken back step by step. Knows no Qt.

`checking` and `placing` decide where the way leads; this keeps it, and undoes what was done on it where nothing came after that.
"""

from dataclasses import dataclass

from app.session.document import Document
from app.session.editor import Editor
from core.values.landmarks import Landmarks


@dataclass(frozen=True)
class _Stop:
    """Where the way led past: the landmark, how all of them were left, and what the step there is called, if there was one."""

    name: str
    left: Landmarks
    text: str


class Way:
    """One way, from landmark to landmark.

    Parameters
    ----------
    document, editor
        Whose landmarks, and who changes them.
    """

    def __init__(self, document: Document, editor: Editor) -> None:
        self._document = document
        self._editor = editor
        self._stops: list[_Stop] = []

    def __bool__(self) -> bool:
        """Tell whether it led anywhere."""
        return bool(self._stops)

    def clear(self) -> None:
        """Begin anew."""
        self._stops.clear()

    def go_past(self, name: str, before: Landmarks, after: Landmarks, text: str) -> None:
        """Go past a landmark, with what is done there as one step to undo; where nothing changes there is none."""
        self._editor.push(before, after, text)
        self._stops.append(_Stop(name, after, text if after != before else ""))

    def go_back(self) -> str | None:
        """Go back to the last landmark that is still there, and undo what was done there unless something came after it."""
        while self._stops:
            stop = self._stops.pop()
            is_last_step = stop.text == self._editor.undo_stack.undoText() and stop.left == self._document.landmarks
            if stop.text and is_last_step:
                self._editor.undo()
            if stop.name in self._editor.names:
                return stop.name
        return None
