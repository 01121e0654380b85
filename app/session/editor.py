"""Corrections by hand: selecting, locking, dragging, nudging, judging, and undoing all of it.

Turns what a person does into one step on the undo stack each; `placing` and `checking` walk from landmark to landmark.
Opens no files and asks no questions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QUndoStack

from app.session import landmark_edits, wording
from app.session.document import Document, Snapshot
from app.session.navigation import Navigator
from app.session.undo import ReplaceLandmarks, ReplaceState, UndoHistories
from app.session.view_state import Sort, ViewState
from core.geometry.planes import SlicePlane
from core.models.metadata import ModelInfo
from core.values.grid import FloatArray
from core.values.landmarks import Landmarks
from core.values.prediction import Prediction


@dataclass(frozen=True)
class _Drag:
    name: str
    before: Landmarks
    plane: SlicePlane
    grab_px: FloatArray
    depth: float
    crosshair_mm: tuple[float, ...] | None


class Editor:
    """Edits the landmarks of a document.

    Parameters
    ----------
    document, view_state, undo_stack
        What is edited, what is selected, and where the steps are kept.
    navigator
        Knows the plane in which a person works; follows the landmark that is moved.
    """

    def __init__(
        self, document: Document, view_state: ViewState, undo_stack: QUndoStack | UndoHistories, navigator: Navigator
    ) -> None:
        self._document = document
        self._view = view_state
        self.undo_stack = undo_stack
        self._navigator = navigator
        self._drag: _Drag | None = None

    @property
    def plane(self) -> SlicePlane | None:
        """The slice a person works in, None without an image."""
        return self._navigator.plane

    # Selecting

    @property
    def names(self) -> tuple[str, ...]:
        """All names in the order in which they are listed."""
        landmarks = self._document.landmarks
        if landmarks is None:
            return ()
        return landmark_edits.ordered_names(landmarks, self._view.sort, worst_first=self._view.worst_first)

    def select(self, name: str | None, *, centre: bool = False) -> None:
        """Select a landmark; with ``centre``, bring it into view, and all planes of a volume through it."""
        self._view.selected = name
        landmarks = self._document.landmarks
        if not centre or name is None or landmarks is None or not self.is_located(name):
            return
        self._navigator.go_to(landmarks.point_mm(name))
        self._view.centre_requested.emit(name)

    def select_next(self, step: int = 1) -> None:
        """Select the landmark ``step`` places further down the list, going round at its ends."""
        names = self.names
        if not names:
            return
        if self._view.selected in names:
            self.select(names[(names.index(self._view.selected) + step) % len(names)], centre=True)
        else:
            self.select(names[0 if step > 0 else -1], centre=True)

    def is_located(self, name: str | None) -> bool:
        """Tell whether a landmark has a position."""
        landmarks = self._document.landmarks
        return landmarks is not None and name in landmarks.names and bool(landmarks.located[landmarks.index(name)])

    # Locking

    def is_locked(self, name: str | None) -> bool:
        """Tell whether a landmark is neither moved nor taken away until it is unlocked."""
        return name in self._view.locked

    def toggle_lock(self) -> None:
        """Lock the selected landmark where it is, or unlock it; there must be a position or somebody's decision to lock."""
        name = self._view.selected
        if name is None or name not in self.names:
            return
        if self.is_locked(name) or self.is_located(name) or self._document.is_decided(name):
            self._view.locked = self._view.locked ^ {name}
        else:
            self._view.say(f"{self._document.display_name(name)} has no position to lock.", is_warning=False)

    def refuses(self, name: str | None) -> bool:
        """Tell whether a landmark is locked, and say so to the person who wanted to change it."""
        if name is None or not self.is_locked(name):
            return False
        self._view.say(f"{self._document.display_name(name)} is locked. L unlocks it.", is_warning=False)
        return True

    def sort_by(self, sort: Sort) -> None:
        """List by something else; the same again reverses the order, and once more goes back to the model's order."""
        state = self._view
        if sort is not state.sort:
            state.worst_first = True
            state.sort = sort
        elif state.worst_first:
            state.worst_first = False
        else:
            state.worst_first = True
            state.sort = Sort.MODEL

    # Moving

    def begin_drag(self, name: str, grab_px: tuple[float, float]) -> bool:
        """Take hold of a landmark at ``grab_px``, which need not be its very centre; tell whether it can be dragged.

        It stays in the plane in which it is held, and the planes of a volume follow it.
        """
        landmarks, plane = self._document.landmarks, self.plane
        if landmarks is None or plane is None:
            return False
        self.end_drag()
        self.select(name)
        if self.refuses(name):
            return False
        point_mm = landmarks.point_mm(name)
        offset_px = plane.px_from_mm(point_mm) - np.asarray(grab_px)
        depth = float(plane.depth_of(point_mm))
        self._drag = _Drag(name, landmarks, plane, offset_px, depth, self._view.crosshair_mm)
        self._view.dragged = name
        return True

    def drag_to(self, point_px: tuple[float, float]) -> None:
        """Show the landmark where the mouse is; it stays inside the image. Nothing is on the undo stack yet."""
        drag = self._drag
        if drag is None:
            return
        target_px = drag.plane.clamped(np.asarray(point_px) + drag.grab_px)
        point_mm = drag.plane.mm_from_px(target_px, drag.depth)
        self._document.set_landmarks(landmark_edits.moved(drag.before, drag.name, point_mm))
        self._navigator.go_to(point_mm)

    def end_drag(self) -> None:
        """Let go: the whole drag becomes one step."""
        drag = self._let_go()
        after = self._document.landmarks
        if drag is not None and after is not None and after != drag.before:
            self.push(drag.before, after, f"Move {drag.name}", f"move {drag.name}")

    def cancel_drag(self) -> bool:
        """Put a dragged landmark back; tell whether there was one."""
        drag = self._let_go()
        if drag is not None:
            self._document.set_landmarks(drag.before)
            self._view.crosshair_mm = drag.crosshair_mm
        return drag is not None

    def _let_go(self) -> _Drag | None:
        drag, self._drag = self._drag, None
        self._view.dragged = None
        return drag

    @property
    def dragging(self) -> bool:
        """Whether a landmark is being dragged."""
        return self._drag is not None

    def nudge(self, columns_px: float, rows_px: float) -> None:
        """Move the selected landmark by a few pixels; it stays inside the image."""
        name, plane, landmarks = self._view.selected, self.plane, self._document.landmarks
        if name is None or plane is None or landmarks is None or not self.is_located(name) or self.refuses(name):
            return
        point_mm = landmarks.point_mm(name)
        target_px = plane.clamped(plane.px_from_mm(point_mm) + np.array([columns_px, rows_px]))
        point_mm = plane.mm_from_px(target_px, float(plane.depth_of(point_mm)))
        self.push(landmarks, landmark_edits.moved(landmarks, name, point_mm), f"Move {name}", f"move {name}")
        self._navigator.go_to(point_mm)

    def put(self, name: str, point_mm: FloatArray) -> bool:
        """Put a landmark at LPS mm ``(D,)`` that a person typed; tell whether it is there now.

        One without a position is placed, any other moved. What lies beside the image is refused with a sentence.
        """
        self.end_drag()
        landmarks, image = self._document.landmarks, self._document.image
        if landmarks is None or image is None or name not in landmarks.names or self.refuses(name):
            return False
        if not image.grid.contains(point_mm):
            self._view.say(wording.outside(image.grid, point_mm, self._document.unit), is_warning=False)
            return False
        put = landmark_edits.moved if self.is_located(name) else landmark_edits.placed
        verb = "Move" if self.is_located(name) else "Place"
        if not np.array_equal(landmarks.point_mm(name), point_mm):
            self.push(landmarks, put(landmarks, name, point_mm), f"{verb} {name}")
        self._navigator.go_to(point_mm)
        return True

    # Judging

    def mark_absent(self) -> None:
        """Say that the selected landmark is not in the image."""
        self._change("Mark not present:", landmark_edits.absent)

    def clear(self) -> None:
        """Take the selected landmark's position away; one that a person added disappears altogether."""
        name = self._view.selected
        if name is None or self.refuses(name):
            return
        if self.is_own(name):
            self._change("Remove", landmark_edits.without_name)
            self._view.selected = None
        else:
            self._change("Clear", landmark_edits.cleared)

    def revert(self) -> None:
        """Give the selected landmark back what the model said."""
        prediction = self._document.prediction
        if prediction is None or self._document.predicted_status(self._view.selected or "") is None:
            return
        answer = prediction.landmarks
        self._change(
            "Revert",
            lambda landmarks, name: landmark_edits.merged(
                landmarks, answer, [other for other in landmarks.names if other != name]
            ).subset(landmarks.names),
        )

    def rename(self, new_name: str) -> None:
        """Call the selected landmark otherwise; does nothing where the name is empty or taken."""
        new_name = new_name.strip()
        landmarks = self._document.landmarks
        if landmarks is None or not new_name or new_name in landmarks.names or not self.is_own(self._view.selected):
            return
        old_name = self._view.selected or ""
        self.end_drag()
        self.push(landmarks, landmark_edits.renamed(landmarks, old_name, new_name), f"Rename {old_name}")
        if self.is_locked(old_name):
            self._view.locked = self._view.locked - {old_name} | {new_name}
        self._view.selected = new_name

    def is_own(self, name: str | None) -> bool:
        """Tell whether a person, and neither a model nor the scheme, introduced this name."""
        scheme, prediction = self._document.scheme, self._document.prediction
        info = self._document.model_info
        known = (() if info is None else info.landmarks) + (() if prediction is None else prediction.landmarks.names)
        known += () if scheme is None else scheme.names
        return name is not None and name in self.names and name not in known

    # Whole sets

    def apply_prediction(self, prediction: Prediction, model_info: ModelInfo) -> None:
        """Take a model's answer over in one step, except for the landmarks a person has decided on or locked."""
        self.end_drag()
        current = self._document.landmarks
        if current is None:
            return
        kept = [name for name in current.names if self._document.is_decided(name) or self.is_locked(name)]
        scheme, answer = self._document.scheme, prediction.landmarks
        if scheme is None:
            after = landmark_edits.merged(current, answer, kept)
        else:
            after = landmark_edits.answered(current, answer, kept, scheme.names)
        self._document.set_prediction(prediction, model_info)
        self.push(current, after, "Find landmarks")

    def replace_state(self, state: Snapshot, text: str) -> None:
        """Go to other landmarks together with the pixel size or the file that goes with them, in one step."""
        self.end_drag()
        self.undo_stack.push(ReplaceState(self._document, state, text))

    def undo(self) -> None:
        """Take the last step back; a drag in progress ends first."""
        self.end_drag()
        self.undo_stack.undo()

    def redo(self) -> None:
        """Do the step again that was undone last."""
        self.end_drag()
        self.undo_stack.redo()

    def _change(self, verb: str, edit: Callable[[Landmarks, str], Landmarks]) -> None:
        self.end_drag()
        landmarks, name = self._document.landmarks, self._view.selected
        if landmarks is not None and name in landmarks.names and not self.refuses(name):
            self.push(landmarks, edit(landmarks, name), f"{verb} {name}")

    def push(self, before: Landmarks, after: Landmarks, text: str, merge_key: str | None = None) -> None:
        """Go from some landmarks to others in one step; what changes nothing is none.

        Steps with the same ``merge_key`` that follow each other become one.
        """
        if before != after:
            self.undo_stack.push(ReplaceLandmarks(self._document, before, after, text, merge_key))
