"""The case that lies open, and those that lay open before: what is kept of each, and how every step gets into the project.

Watches document, view and undo history, and tells the desk. Reads no image and asks nobody; belongs to the main thread.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

from psygnal import Signal
from PySide6.QtGui import QUndoStack

from app.desk.desk import Desk
from app.desk.image_cache import ImageCache
from app.desk.kept_case import KeptCase
from app.session.case_clock import CaseClock
from app.session.document import Document, Snapshot
from app.session.held_back import HeldBack
from app.session.landmark_search import Model
from app.session.undo import ChangeFree, UndoHistories, let_go_of_pixels, take_up_pixels
from app.session.view_state import ViewState
from core.base.errors import AppError
from core.project.cases import Case, Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.values import doubt
from core.values.image import Image
from core.values.landmarks import Landmarks
from core.values.prediction import Prediction


@dataclass
class _Open:
    """What is kept of a case from its opening on, for as long as its project lies on the desk.

    Attributes
    ----------
    id
        Its number.
    history
        Its steps.
    model
        What its landmarks are found with.
    keeps
        Whether what is done to it goes into the project.
    geometry
        As the project knows it.
    reader
        Who has it open.
    has_reading
        Whether the reader has said anything that stands in the project.
    kept_seconds
        The time spent on it that the project knows of.
    snapshot
        How it was left; its image holds pixels only while the cache has them.
    saved
        What stands in its landmark file.
    levels, full_levels, inverted, locked, selected
        How it was looked at.
    """

    id: int
    history: QUndoStack
    model: Model | AppError
    keeps: bool
    geometry: Geometry
    reader: Reader
    has_reading: bool = False
    kept_seconds: float = 0.0
    snapshot: Snapshot | None = None
    saved: Landmarks | None = None
    levels: tuple[float, float] = (0.0, 1.0)
    full_levels: tuple[float, float] = (0.0, 1.0)
    inverted: bool = False
    locked: frozenset[str] = frozenset()
    selected: str | None = None


class Cases:
    """Keeps the cases of the desk's project.

    Parameters
    ----------
    desk
        Where everything goes.
    document, view_state, histories
        What is watched.
    most_bytes
        How much memory the images of cases that lay open may take.

    Attributes
    ----------
    blind
        Whether the reader sees nothing of what others and the model have said.
    held_back
        What was said before it was known who reads.
    clock
        Measures the seconds that a person spends on the case.
    """

    blind_changed = Signal(bool)

    def __init__(
        self, desk: Desk, document: Document, view_state: ViewState, histories: UndoHistories, *, most_bytes: int
    ) -> None:
        self._desk = desk
        self._document = document
        self._view = view_state
        self._histories = histories
        self._blind = False
        self._open: dict[int, _Open] = {}
        self._present: _Open | None = None
        self.held_back = HeldBack(desk)
        self._was_kept = False
        self._step = 0
        self._stored_prediction: Prediction | None = None
        self._images = ImageCache(most_bytes, self._let_go)
        self.clock = CaseClock()
        histories.indexChanged.connect(self._stepped)
        document.prediction_changed.connect(self._predicted)
        view_state.events.locked.connect(self._locked)
        events = view_state.events
        for event in (events.mouse_mm, events.selected, events.crosshair_mm, events.levels):  # who looks works, too
            event.connect(self._note_work)
        desk.project_changed.connect(self._project_changed)

    # Which case is open

    @property
    def holds_work(self) -> bool:
        """Whether what was done to the image that is shown is in the project, or on its way there."""
        is_kept = self._was_kept if self._present is None else self._present.keeps
        return is_kept and self._desk.keeps_work

    @property
    def blind(self) -> bool:
        """Whether the reader sees nothing of what others and the model have said."""
        return self._blind

    @blind.setter
    def blind(self, wanted: bool) -> None:
        if wanted != self._blind:
            self._blind = wanted
            self.blind_changed.emit(wanted)

    def has_pixels(self, case_id: int) -> bool:
        """Tell whether a case can be shown again without its image being read."""
        return case_id in self._open and self._images.get(case_id) is not None

    def lay_open(self, case_id: int) -> bool:
        """Tell whether a case lay open before, so that `resume` brings it back."""
        return case_id in self._open

    def left_image(self, case_id: int) -> Image:
        """Return the image of a case that lay open before, perhaps without its pixels."""
        snapshot = self._open[case_id].snapshot
        if snapshot is None:
            raise ValueError("this case lies open")
        return snapshot.image

    def leave(self) -> None:
        """Take note of how the open case is left; call it before another image is shown."""
        self.note()
        if self._present is not None:
            self._was_kept = self._present.keeps
        self._present = None
        self._desk.current = None
        self.clock.stop()

    def note(self) -> None:
        """Take note of how the open case is now: how it is looked at, and how long somebody has worked on it."""
        case, image, snapshot = self._present, self._document.image, self._document.snapshot()
        if case is None or image is None or snapshot is None:
            return
        self._keep_time(case)
        view = self._view
        looked = view.levels, view.inverted
        if looked != (case.levels, case.inverted) and case.keeps and self._desk.keeps_work:
            case_id, said = case.id, {"levels": list(view.levels), "inverted": view.inverted}
            self._desk.change(lambda project: project.set_case_view(case_id, said))
        case.levels, case.full_levels, case.inverted = view.levels, view.full_levels, view.inverted
        case.locked, case.selected = view.locked, view.selected
        case.snapshot, case.saved = snapshot, self._document.saved_landmarks
        self._images.put(case.id, image, snapshot.prediction)

    def begin_history(self) -> None:
        """Begin a history for another image; the one of an image that is no case is forgotten."""
        self._was_kept = False
        before = self._histories.present
        self._histories.begin()
        if all(case.history is not before for case in self._open.values()):
            self._histories.forget(before)

    def begin(self, kept: KeptCase, model: Model | AppError, *, taken_over: str = "") -> None:
        """Begin to keep a case that has just been shown; ``taken_over`` says where its landmarks came from, if not from here."""
        image, landmarks = self._document.image, self._document.landmarks
        if image is None or landmarks is None:
            return
        case = _Open(
            kept.case.id, self._histories.present, model, not kept.unfit, Geometry.of(image), self._desk.reader
        )
        case.has_reading = kept.own is not None
        case.levels, case.inverted = self._view.levels, self._view.inverted
        self._open[case.id] = case
        self._stored_prediction = self._document.prediction
        case.kept_seconds = 0.0 if kept.own is None else kept.own.seconds
        self._lay_down(case, case.kept_seconds)
        if taken_over:
            self._store(taken_over, asks=False)

    def resume(self, case_id: int, image: Image | None = None) -> Model | AppError:
        """Show a case as it was left, its image from the cache, or ``image``, which was read again."""
        case = self._open[case_id]
        cached = self._images.get(case_id)
        if cached is not None:
            image, prediction = cached
        else:
            prediction = None if case.snapshot is None else case.snapshot.prediction
        if image is None or case.snapshot is None:
            raise ValueError("the image of this case has to be read first")
        if cached is None:
            take_up_pixels(case.history, _on_grid(image, case.snapshot.image))
            image = _on_grid(image, case.snapshot.image)
        self._stored_prediction = prediction
        self._histories.setActiveStack(case.history)
        self._view.begin(image, levels=(case.levels, case.full_levels))
        self._view.inverted = case.inverted
        info = self._document.model_info if isinstance(case.model, AppError) else case.model[1]
        snapshot = Snapshot(
            image, case.snapshot.landmarks, prediction, case.snapshot.landmarks_path, case.snapshot.landmarks_template
        )
        self._document.resume(snapshot, info, case.saved)
        self._view.locked = case.locked
        if case.selected in snapshot.landmarks.names:
            self._view.selected = case.selected
        self._lay_down(case, self.clock.seconds_of(case_id))
        return case.model

    def _lay_down(self, case: _Open, seconds: float) -> None:
        self._present = case
        self._step = case.history.index()
        self._desk.current = case.id
        if self._desk.keeps_work:
            self._desk.change(lambda project: project.set_setting("last_open", case.id))
        self.clock.begin(case.id, seconds)

    def _project_changed(self) -> None:
        if not self._desk.goes_on:
            self.held_back.clear()
            self.forget()

    def forget(self) -> None:
        """Let go of all cases: another project, or another reader, knows other things of them."""
        self._present = None
        self._forget_left()
        self._images.clear()

    def _forget_left(self) -> None:
        """Let go of the cases that lay open before."""
        for case in self._open.values():
            if case.history is not self._histories.present:
                self._histories.forget(case.history)
        self._open = {case.id: case for case in self._open.values() if case is self._present}

    def forget_removed(self, case_ids: Collection[int]) -> None:
        """Let go of cases that were taken out of the project, the open one included: their numbers may mean others soon."""
        for case_id in case_ids:
            case = self._open.pop(case_id, None)
            self.held_back.drop(case_id)
            self._images.drop(case_id)
            if case is not None and case is not self._present:
                self._histories.forget(case.history)
        if self._present is not None and self._present.id in case_ids:
            self._present, self._desk.current = None, None
            self.clock.stop()

    def drop_untouched(self, case_id: int) -> None:
        """Forget how a case was left where the reader has said nothing about it, so that it is asked for anew when opened."""
        case = self._open.get(case_id)
        if case is not None and case is not self._present and not case.has_reading:
            del self._open[case_id]
            self._histories.forget(case.history)

    def change_model(self, ndim: int, model: Model | AppError) -> None:
        """Find the landmarks of images of a rank by another model from now on, also in the cases that lay open before."""
        for case in list(self._open.values()):
            image = self._document.image if case is self._present or case.snapshot is None else case.snapshot.image
            if image is not None and image.ndim == ndim:
                case.model = model
                self.drop_untouched(case.id)

    @property
    def has_reading(self) -> bool:
        """Whether the reader has said anything about the open case."""
        return self._present is not None and self._present.has_reading

    def _let_go(self, key: Hashable) -> None:
        case = self._open.get(key) if isinstance(key, int) else None
        if case is None or case.snapshot is None or case is self._present:
            return
        left = case.snapshot
        prediction = None if left.prediction is None else without_fields(left.prediction)
        image = Image.without_pixels(left.image.grid, left.image.source)
        case.snapshot = Snapshot(image, left.landmarks, prediction, left.landmarks_path, left.landmarks_template)
        let_go_of_pixels(case.history)

    # Every step into the project

    def _note_work(self, _: object) -> None:
        self.clock.touch()

    def _stepped(self, index: int) -> None:
        case = self._present
        if case is None or case.history is not self._histories.activeStack():
            return
        self.clock.touch()
        is_back, self._step = index < self._step, index
        if isinstance(case.history.command(index if is_back else index - 1), ChangeFree):
            return  # no landmark was changed
        text = f"Undo {case.history.redoText()}" if is_back else case.history.undoText()
        self._store(text)

    def _predicted(self) -> None:
        """Keep what the model has said, as a reading of its own."""
        case, prediction, image = self._present, self._document.prediction, self._document.image
        if case is None or image is None or prediction is None or prediction is self._stored_prediction:
            return
        self._stored_prediction = prediction
        if case.keeps and self._desk.keeps_work:
            self._keep_geometry(case, image)
            if self._document.model_info is not None:
                self._desk.know_model(self._document.model_info)
            reader = Reader(prediction.model, ReaderKind.MODEL)
            self._desk.store(Reading(case.id, reader, prediction.landmarks, Geometry.of(image)), "Find landmarks")

    def _locked(self, locked: frozenset[str]) -> None:
        if self._present is not None and locked != self._present.locked:
            self._present.locked = locked
            self._store("")

    def _store(self, text: str, *, asks: bool = True) -> None:
        """Keep what the reader says about the open case now, once there is anything that a person has said.

        It is held back until it is known who reads, which is asked for unless nobody has done anything yet.
        """
        case, image, landmarks = self._present, self._document.image, self._document.landmarks
        if case is None or image is None or landmarks is None or not case.keeps:
            return
        if not self._desk.keeps_work:
            if text and self._desk.read_only_because:
                self._desk.change(lambda _: None)  # which says why not
            return
        self._keep_geometry(case, image)
        if not case.has_reading and not any(doubt.is_decided(landmarks, name) for name in landmarks.names):
            return
        if not self._desk.reader_is_known:
            self.held_back.put(self._reading(case, image, landmarks), text, asks=asks)
            return
        case.has_reading = True
        self._desk.store(self._reading(case, image, landmarks), text)

    def keep_held_back(self) -> None:
        """Keep what was said before it was known who reads."""
        if self.held_back.any:
            self._forget_left()  # another reader knows other things of them
            if self._present is not None and self.held_back.holds(self._present.id):
                self._present.has_reading, self._present.reader = True, self._desk.reader
        self.held_back.let_go()

    def _keep_time(self, case: _Open) -> None:
        """Keep how long a person has worked on the case, where they have said something about it."""
        case_id, reader, seconds = case.id, case.reader, self.clock.seconds_of(case.id)
        if case.has_reading and case.keeps and self._desk.keeps_work and seconds - case.kept_seconds >= 1:
            case.kept_seconds = seconds
            self._desk.change(
                lambda project: project.set_seconds(case_id, reader, seconds),
                lambda _: self._desk.case_changed.emit(case_id),
            )

    def _reading(self, case: _Open, image: Image, landmarks: Landmarks) -> Reading:
        case.kept_seconds = self.clock.seconds_of(case.id)
        return Reading(
            case.id,
            self._desk.reader,
            landmarks,
            Geometry.of(image),
            seconds=case.kept_seconds,
            locked=self._view.locked & frozenset(landmarks.names),
        )

    def _keep_geometry(self, case: _Open, image: Image) -> None:
        """Let the project know a pixel size that was set by hand; all that was said goes along with its pixels."""
        geometry = Geometry.of(image)
        if geometry != case.geometry:
            case.geometry = geometry
            case_id, sha256 = case.id, image.source.sha256
            self._desk.change(lambda project: project.set_case_image(case_id, geometry, sha256))


def levels_of(case: Case) -> tuple[float, float] | None:
    """Return the grey levels in which a case was looked at last, None where nobody has changed them."""
    said: Any = case.view.get("levels")
    if isinstance(said, list) and len(said) == 2 and all(isinstance(value, int | float) for value in said):
        return float(said[0]), float(said[1])
    return None


def model_answer(reading: Reading) -> Prediction:
    """Return what a model said as a prediction whose vector fields nobody has."""
    landmarks = reading.landmarks
    return without_fields(Prediction(landmarks, (), _no_points(landmarks), reading.reader.name, "", 0.0))


def without_fields(prediction: Prediction) -> Prediction:
    """Return a prediction without its vector fields, which take most of its memory."""
    return Prediction(
        prediction.landmarks,
        (),
        _no_points(prediction.landmarks),
        prediction.model,
        prediction.device,
        prediction.elapsed_s,
        prediction.warnings,
    )


def _no_points(landmarks: Landmarks) -> Any:
    return landmarks.points_mm[None][:0]


def _on_grid(image: Image, light: Image) -> Image:
    """Return an image that was read again on the grid on which it was left."""
    if image.grid == light.grid or image.grid.shape != light.grid.shape:
        return image
    return Image(image.voxels, light.grid, light.source)
