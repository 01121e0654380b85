"""How large pixels are: asking, measuring on a ruler, and remembering what a person said for the images of this session.

A change is one step that can be undone; landmarks stay where they are in the image. Opens no files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from psygnal import Signal

from app.session import landmark_edits
from app.session.document import Document, Snapshot
from app.session.editor import Editor
from app.session.questions import OnRuler, PixelSize, Questions
from app.session.view_state import Message, MessageAction, Mode, ViewState
from core.values.image import Image, SpacingSource

UNKNOWN = "Pixel size unknown: results in px."
USUAL_MM = 0.1
"""What is proposed where no model is open whose training images had another size: that of most cephalograms."""

Proceed = Callable[[], object]
Size = tuple[float, ...]


@dataclass(frozen=True)
class Said:
    """What a person has said about the pixel size of an image, mm in numpy order; None where nothing.

    Attributes
    ----------
    by_hand
        Set for this very image.
    where_unknown
        Given to all images of a list, or of the project, that do not know theirs.
    """

    by_hand: Size | None = None
    where_unknown: Size | None = None


class PixelSizes:
    """Sets the pixel size of 2D images.

    Parameters
    ----------
    document, editor, view_state
        What is measured, and where the step goes.
    questions
        Who is asked.
    listed, count
        Give the images that were opened together, and how many there are beside them in the project, all counted.
    find_again
        Finds the landmarks anew, now that the size is known.
    """

    said_of_all = Signal(object)
    """A person has given this size, mm in numpy order, to all images that do not know theirs."""

    def __init__(
        self,
        document: Document,
        editor: Editor,
        view_state: ViewState,
        questions: Questions,
        *,
        listed: Callable[[], Sequence[Path]],
        count: Callable[[], int] = lambda: 0,
        find_again: Proceed,
    ) -> None:
        self._document = document
        self._editor = editor
        self._view = view_state
        self._questions = questions
        self._listed = listed
        self._count = count
        self._find_again = find_again
        self._set_by_hand: dict[Path, Size] = {}
        self._where_unknown: dict[Path, Size] = {}
        self._then: Proceed | None = None
        document.image_changed.connect(self._tell)

    def said_about(self, path: Path) -> Said:
        """Return what a person has said about an image in this session."""
        return Said(self._set_by_hand.get(path), self._where_unknown.get(path))

    def ask(self, then: Proceed | None = None) -> None:
        """Ask for the pixel size, or start measuring it on a ruler; ``then`` go on once it is known."""
        image = self._document.image
        if image is None or image.ndim != 2:
            return
        others = max(sum(path != image.source.path for path in self._listed()), self._count() - 1)
        row_mm, column_mm = image.grid.spacing_mm.tolist()
        answer = self._questions.pixel_size((row_mm, column_mm) if image.source.spacing_known else None, others)
        if answer is OnRuler.MEASURE:
            self.measure(then)
        elif isinstance(answer, PixelSize):
            if answer.for_all:
                self._say_about_all(answer.spacing_mm)
            self._set(answer.spacing_mm, then)

    def measure(self, then: Proceed | None = None) -> None:
        """Let a person click both ends of something whose length is known."""
        self._then = then
        self._view.ruler_px = ()
        self._view.mode = Mode.RULER

    def click(self, point_px: tuple[float, float]) -> None:
        """Take one end of the ruler; after the second one ask for its length."""
        image, plane = self._document.image, self._editor.plane
        if image is None or plane is None or not plane.inside(point_px):
            return
        self._view.ruler_px = (*self._view.ruler_px, point_px)
        if len(self._view.ruler_px) < 2:
            return
        start_px, end_px = self._view.ruler_px
        length = plane.length_mm(start_px, end_px)
        length_px = float(np.hypot(start_px[0] - end_px[0], start_px[1] - end_px[1]))
        known_mm = self._questions.ruler_length_mm(length_px) if length_px >= 1 else None
        then = self._then
        self.stop_measuring()
        if known_mm is not None:
            self._set([float(spacing) * known_mm / length for spacing in image.grid.spacing_mm], then)

    def stop_measuring(self) -> None:
        """Go back to looking around."""
        measured = self._view.mode is Mode.RULER
        self._view.mode = Mode.NAVIGATE
        self._view.ruler_px = ()
        self._then = None
        if measured:
            self._tell()

    def _use(self, spacing_mm: float) -> None:
        size_mm = (spacing_mm, spacing_mm)
        self._say_about_all(size_mm)
        self._set(size_mm, None)

    def _say_about_all(self, spacing_mm: tuple[float, float]) -> None:
        for path in self._listed():
            self._where_unknown[path] = spacing_mm
        if self._has_others():
            self.said_of_all.emit(spacing_mm)

    def _has_others(self) -> bool:
        return max(len(self._listed()), self._count()) > 1

    def _set(self, spacing_mm: Sequence[float], then: Proceed | None) -> None:
        image, before = self._document.image, self._document.snapshot()
        if image is None or before is None:
            return
        if image.source.spacing_known and np.allclose(image.grid.spacing_mm, spacing_mm, rtol=1e-9, atol=0):
            return
        self._editor.end_drag()
        calibrated = image.with_spacing(spacing_mm)
        landmarks = landmark_edits.regridded(before.landmarks, image.grid, calibrated.grid)
        after = Snapshot(calibrated, landmarks, None, before.landmarks_path, before.landmarks_template)
        self._editor.replace_state(after, "Set pixel size")
        if then is not None:
            then()
        elif before.prediction is not None or not landmarks.located.any():
            self._find_again()

    def _tell(self) -> None:
        """Say that the size is unknown, with what can be done about it, for as long as that is so; remember one set by hand."""
        image = self._document.image
        self._view.dismiss(Message(UNKNOWN))
        if image is None or image.ndim != 2:
            return
        if image.source.spacing_source is SpacingSource.PERSON:
            self._set_by_hand[image.source.path] = tuple(image.grid.spacing_mm.tolist())
        else:
            self._set_by_hand.pop(image.source.path, None)  # undone
        if image.source.spacing_known:
            return
        info = self._document.model_info
        usual_mm = USUAL_MM if info is None else info.training_spacing_mm
        for_all = " for all" if self._has_others() else ""
        self._view.say(
            UNKNOWN,
            actions=[
                MessageAction(f"&Use {usual_mm:g} mm{for_all}", lambda: self._use(usual_mm)),
                MessageAction("&Measure on a ruler", self.measure),
            ],
        )


def with_size(image: Image, said: Said) -> Image:
    """Return ``image`` with the size a person gave it, or gave all images that do not know theirs where it is one of them."""
    spacing_mm = said.by_hand or (None if image.source.spacing_known else said.where_unknown)
    return image if spacing_mm is None or image.ndim != len(spacing_mm) else image.with_spacing(spacing_mm)
