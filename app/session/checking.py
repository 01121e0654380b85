"""Checking what a model found: from one landmark that wants an eye to the next, back again, and all at once.

Walks through the list of `Editor`, and back on its `Way`. Which landmarks want an eye is `core.values.doubt`'s
affair, and what comes after the last one is told from outside. Knows no Qt.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.session import landmark_edits
from app.session.document import Document
from app.session.editor import Editor
from app.session.view_state import MessageAction, ViewState
from app.session.way import Way
from core.values.landmarks import Landmarks, Status

ALL_KEYS, ON_KEY = "Shift+Space", "Space"


@dataclass(frozen=True)
class NextCase:
    """What comes after the last landmark.

    Attributes
    ----------
    is_there
        Tells whether there is a next case.
    open
        Goes to it.
    title
        What that is called on a button, with its mnemonic.
    """

    is_there: Callable[[], bool]
    open: Callable[[], object]
    title: str = "&Next image"


@dataclass(frozen=True)
class Progress:
    """How far a person is with a case: landmarks decided on, all of them, and those that still want an eye."""

    checked: int
    total: int
    in_doubt: int

    @property
    def done(self) -> bool:
        """Whether a person has decided on every landmark."""
        return self.checked == self.total

    @property
    def words(self) -> str:
        """Such as ``"12 of 19 checked"``; empty where there is nothing to check."""
        return f"{self.checked} of {self.total} checked" if self.total else ""


class Checking:
    """Confirms landmarks and knows which one comes next.

    Parameters
    ----------
    document, editor, view_state
        What is checked, who changes it, and what is selected.

    Attributes
    ----------
    next_case
        What comes after the last landmark; None where nothing does.
    """

    def __init__(self, document: Document, editor: Editor, view_state: ViewState) -> None:
        self._document = document
        self._editor = editor
        self._view = view_state
        self._way = Way(document, editor)
        self._passed: set[str] = set()
        self.next_case: NextCase | None = None
        document.image_changed.connect(self._begin)

    @property
    def progress(self) -> Progress:
        """How far a person is with the open image."""
        landmarks = self._document.landmarks
        names = () if landmarks is None else landmarks.names
        checked = sum(self._document.is_decided(name) for name in names)
        return Progress(checked, len(names), len(self._document.names_in_doubt))

    def confirm(self) -> None:
        """Agree with the selected landmark and go on to the next one that wants an eye.

        One without a position is confirmed where the model called it absent, and else passed over. When none wants an eye any
        more, that is said, and the way leads on through those of which the model is sure. After the very last one that is
        said, too, and only the next call leads to the next case.
        """
        names, name, doubted = self._editor.names, self._view.selected, self._document.names_in_doubt
        if not names:
            return
        if self.progress.done:
            self._go_on()
            return
        were_open = any(other not in self._passed for other in doubted)
        if name in names and name is not None:
            self._agree(name)
        self._walk(names, name, announced=not were_open and name is not None)

    def confirm_all(self) -> None:
        """Agree with all landmarks as they are, in one step; those of which nothing is known stay so, and are named."""
        landmarks, selected = self._document.landmarks, self._view.selected
        if landmarks is None or not landmarks.names:
            return
        self._editor.end_drag()
        after = landmarks
        for name in landmarks.names:
            after = _agreed(after, name)
        self._way.go_past(selected or landmarks.names[0], landmarks, after, "Confirm all landmarks")
        self._passed.clear()
        self._say_how_far()

    def go_back(self) -> None:
        """Take the last confirmation back, or go to the landmark from which the way led here."""
        name = self._way.go_back()
        if name is not None:
            self._passed.discard(name)
            self._editor.select(name, centre=True)

    @property
    def can_go_back(self) -> bool:
        """Whether the way led somewhere."""
        return bool(self._way)

    def _begin(self) -> None:
        self._way.clear()
        self._passed.clear()

    def _agree(self, name: str) -> None:
        landmarks = self._document.landmarks
        if landmarks is None:
            return
        self._editor.end_drag()
        self._way.go_past(name, landmarks, _agreed(landmarks, name), f"Confirm {name}")
        if not self._document.is_decided(name):
            self._passed.add(name)

    def _walk(self, names: tuple[str, ...], name: str | None, *, announced: bool) -> None:
        """Go to what follows ``name`` in ``names``, the list as it was before something changed in it."""
        doubted = self._document.names_in_doubt
        wanted = _following(names, name, [other for other in doubted if other not in self._passed])
        if wanted is None:
            sure = [other for other in names if not self._document.is_decided(other) and other not in doubted]
            wanted = _following(names, name, sure)
            if wanted is None or not announced:
                self._say_how_far()
            if wanted is None:
                self._passed.clear()  # they have been named, and the way may lead past them once more
        if wanted is not None:
            self._editor.select(wanted, centre=True)

    def _say_how_far(self) -> None:
        """Say what is checked and what is not, and offer what can be done now."""
        progress, actions = self.progress, []
        unknown = [name for name in self._document.names_in_doubt if not self._editor.is_located(name)]
        rest = progress.total - progress.checked - progress.in_doubt
        sentences = [f"{progress.words}."]
        if unknown:
            named = ", ".join(map(self._document.short_name, unknown[:3])) + ("…" if len(unknown) > 3 else "")
            sentences.append(f"Without a position: {named} (P places, X says not present).")
        if rest and not progress.in_doubt:
            sentences.append(
                f"The model is sure of the other {rest}: {ALL_KEYS} confirms them, {ON_KEY} goes through them."
            )
            actions.append(MessageAction(f"&Confirm the other {rest}", self.confirm_all))
        if self.next_case is not None and self.next_case.is_there():
            if progress.done:
                sentences.append(f"{ON_KEY} goes on.")
            actions.append(MessageAction(self.next_case.title, self.next_case.open))
        self._view.say(" ".join(sentences), is_warning=False, actions=actions)

    def _go_on(self) -> None:
        if self.next_case is not None and self.next_case.is_there():
            self.next_case.open()
        else:
            self._say_how_far()


def _agreed(landmarks: Landmarks, name: str) -> Landmarks:
    """Return the landmarks after a person has agreed with the position of one, or that it is absent."""
    row = landmarks.index(name)
    if landmarks.located[row]:
        return landmarks.with_status(name, Status.CONFIRMED)
    return landmark_edits.absent(landmarks, name) if landmarks.status[row] is Status.ABSENT else landmarks


def _following(names: tuple[str, ...], name: str | None, wanted: list[str]) -> str | None:
    """Return the first of ``wanted`` behind ``name`` in a list, else the first before it; None where there is none."""
    start = names.index(name) + 1 if name in names else 0
    return next((other for other in names[start:] + names[:start] if other in wanted and other != name), None)
