"""Placing by clicking: one missing landmark after the other, with a way to skip, to say that it is absent, and to go back.

Owns the place mode and the order in which it asks; changes landmarks through `Editor`. Knows no Qt.
"""

from psygnal import Signal

from app.session import landmark_edits
from app.session.document import Document
from app.session.editor import Editor
from app.session.navigation import Navigator
from app.session.view_state import Mode, ViewState
from app.session.way import Way
from core.values.landmarks import Landmarks, Status


class Placing:
    """Walks through the landmarks that have no position.

    Parameters
    ----------
    document, editor, view_state
        What is placed, who changes it, and what is selected.
    navigator
        Follows what was placed.

    Attributes
    ----------
    marked
        Emitted with the name of a landmark that a person has just placed, or has said not to be in the image.
    """

    marked = Signal(str)

    def __init__(self, document: Document, editor: Editor, view_state: ViewState, navigator: Navigator) -> None:
        self._document = document
        self._editor = editor
        self._view = view_state
        self._navigator = navigator
        self._way = Way(document, editor)
        self._skipped: set[str] = set()
        document.image_changed.connect(self._begin)

    @property
    def active(self) -> bool:
        """Whether clicks place landmarks."""
        return self._view.mode is Mode.PLACE

    @property
    def missing_names(self) -> tuple[str, ...]:
        """Names that still want a position: all without one, except those a person marked absent."""
        document, editor = self._document, self._editor
        return tuple(name for name in editor.names if not editor.is_located(name) and not document.is_decided(name))

    @property
    def next_name(self) -> str | None:
        """What the next click places; None where it makes a new landmark."""
        selected = self._view.selected
        if selected is not None and selected in self._editor.names and not self._editor.is_located(selected):
            return selected
        return self._following(None, self._editor.names)

    @property
    def walks(self) -> bool:
        """Whether the way leads through missing landmarks now, so that one can be skipped."""
        return self.active and self.next_name is not None

    @property
    def can_go_back(self) -> bool:
        """Whether the way led somewhere."""
        return self.active and bool(self._way)

    def toggle(self) -> None:
        """Enter or leave the mode; on entering, the first missing landmark is selected."""
        self._begin()
        if self.active:
            self._view.mode = Mode.NAVIGATE
            return
        name = self.next_name
        if name is not None:
            self._view.selected = name
        self._view.mode = Mode.PLACE

    def place(self, point_px: tuple[float, float]) -> None:
        """Place the landmark that comes next in the slice, and go on to the next; leave the mode after the last one."""
        landmarks, plane, image = self._document.landmarks, self._editor.plane, self._document.image
        if image is None or landmarks is None or plane is None or not image.grid.contains(plane.mm_from_px(point_px)):
            return
        point_mm = plane.mm_from_px(point_px)
        wanted, names = self.next_name, self._editor.names
        if self._editor.refuses(wanted):
            return
        name = landmark_edits.free_name(landmarks) if wanted is None else wanted
        self._step(name, landmarks, landmark_edits.placed(landmarks, name, point_mm), f"Place {name}")
        self._navigator.go_to(point_mm)
        if wanted is None:
            self._view.selected = name
        else:
            self._go_on(name, names)
        self.marked.emit(name)

    def mark_absent(self) -> None:
        """Say that the landmark that comes next is not in the image, and go on."""
        name, names, landmarks = self.next_name, self._editor.names, self._document.landmarks
        if name is None or landmarks is None or self._editor.refuses(name):
            return
        self._step(name, landmarks, landmark_edits.absent(landmarks, name), f"Mark not present: {name}")
        self._go_on(name, names)
        self.marked.emit(name)

    def skip(self) -> None:
        """Leave the landmark that comes next as it is, and go on."""
        name, names, landmarks = self.next_name, self._editor.names, self._document.landmarks
        if name is None or landmarks is None:
            return
        self._way.go_past(name, landmarks, landmarks, "")
        self._skipped.add(name)
        self._go_on(name, names)

    def go_back(self) -> None:
        """Take the last click, skip or “not present” back, and ask for that landmark again."""
        name = self._way.go_back()
        if name is not None:
            self._skipped.discard(name)
            self._view.selected = name

    def _begin(self) -> None:
        self._way.clear()
        self._skipped.clear()

    def _step(self, name: str, before: Landmarks, after: Landmarks, text: str) -> None:
        self._editor.end_drag()
        self._way.go_past(name, before, after, text)

    def _go_on(self, name: str, names: tuple[str, ...]) -> None:
        """Select what follows a landmark in the list as it was, or leave the mode and say how many there are."""
        following = self._following(name, names)
        if following is not None:
            self._view.selected = following
            return
        self._view.selected = name
        self._view.mode = Mode.NAVIGATE
        self._view.say(self._count(), is_warning=False)
        self._begin()

    def _following(self, name: str | None, names: tuple[str, ...]) -> str | None:
        """Return the first missing landmark behind ``name`` in a list, else the first before it; none that was skipped."""
        start = names.index(name) + 1 if name in names else 0
        missing = [other for other in self.missing_names if other not in self._skipped]
        return next((other for other in names[start:] + names[:start] if other in missing), None)

    def _count(self) -> str:
        """Say how many are placed, and what of the others."""
        landmarks = self._document.landmarks
        if landmarks is None:
            return ""
        absent, total = landmarks.status.count(Status.ABSENT), len(landmarks)
        skipped = total - int(landmarks.located.sum()) - absent
        others = [f"{count} {what}" for count, what in ((absent, "not present"), (skipped, "skipped")) if count]
        return f"{', '.join([f'{int(landmarks.located.sum())} of {total} placed', *others])}."
