"""Positions that a person types, one coordinate after the other, in whatever way numbers are written where they live.

Changes landmarks through `Editor`, which refuses what lies beside the image. Knows no Qt.
"""

import re
from collections.abc import Mapping

import numpy as np

from app.session.document import Document
from app.session.editor import Editor
from app.session.view_state import ViewState
from core.values.grid import FloatArray

AXES = "xyz"
_IGNORED = re.compile(r"[\s'’_]|mm$|px$")
"""What groups digits, and units."""
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def number_in(text: str) -> float | None:
    """Return the number that a text stands for, with a point or a comma; None where it is none.

    Of point and comma the last one is the decimal sign where both occur: ``1.234,5`` and ``1,234.5`` are the same.
    """
    plain = _IGNORED.sub("", text.strip()).replace("−", "-")
    decimal = "," if plain.rfind(",") > plain.rfind(".") else "."
    plain = plain.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    return float(plain) if _PLAIN.fullmatch(plain) else None


class TypedPositions:
    """Takes coordinates over as they are typed.

    A landmark that has a position moves with each of them, in one step. Of one without, they are kept until all are there.

    Parameters
    ----------
    document, editor, view_state
        What is typed into, who changes it, and where sentences are shown.
    """

    def __init__(self, document: Document, editor: Editor, view_state: ViewState) -> None:
        self._document = document
        self._editor = editor
        self._view = view_state
        self._name = ""
        self._draft: dict[int, float] = {}
        document.image_changed.connect(self._forget)

    def draft_of(self, name: str) -> Mapping[int, float]:
        """Return what was typed of a landmark that is not placed yet, by axis."""
        return self._draft if name == self._name and not self._editor.is_located(name) else {}

    def take(self, name: str, axis: int, text: str) -> bool:
        """Take over a coordinate of a landmark; tell whether it was understood and lies in the image."""
        landmarks = self._document.landmarks
        if landmarks is None or name not in landmarks.names or not text.strip() or self._editor.refuses(name):
            return False
        number = number_in(text)
        if number is None:
            sentence = f"“{text.strip()}” is no position. Type a number, such as 12.5 or 12,5."
            self._view.say(sentence, is_warning=False)
            return False
        if self._editor.is_located(name):
            point_mm = landmarks.point_mm(name).copy()
            point_mm[axis] = number
            return self._editor.put(name, point_mm)
        return self._complete(name, axis, number, landmarks.ndim)

    def _complete(self, name: str, axis: int, number: float, ndim: int) -> bool:
        if name != self._name:
            self._name, self._draft = name, {}
        self._draft[axis] = number
        missing = [AXES[other] for other in range(ndim) if other not in self._draft]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            sentence = f"{self._document.display_name(name)} is placed once {' and '.join(missing)} {verb} there, too."
            self._view.say(sentence, is_warning=False)
            return True
        point_mm: FloatArray = np.array([self._draft[other] for other in range(ndim)])
        if not self._editor.put(name, point_mm):
            del self._draft[axis]
            return False
        self._forget()
        return True

    def _forget(self) -> None:
        self._name, self._draft = "", {}
