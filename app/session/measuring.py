"""Measures the landmarks of the open image by a chosen analysis, and follows every change of them.

Owns which analysis is chosen, which measurement a person points at, and what was measured. Values follow at once; intervals are
computed in a job, and not while a landmark is dragged. Who reads blind is told nothing of what a model has said.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from psygnal import Signal

from app.session.analysis_choice import FoundAnalyses, Offer, OfferCache, kept_key, read_found
from app.session.document import Document
from app.session.jobs import Job, Jobs
from app.session.measured_subject import MeasuredSubject
from app.session.measurement_rows import MeasurementRow, copied_table, rows_of
from app.session.navigation import Navigator
from app.session.own_analyses import OwnAnalyses, read_with_text
from app.session.questions import Questions
from app.session.tracing import AngleMark, TracedLine, measured_angles, measured_lines, traced_lines
from app.session.view_state import ViewState
from core.base.errors import AppError
from core.measuring.analysis import Analysis
from core.measuring.measure import Measured, names_by_symbol, positions_mm
from core.measuring.primitives import FloatArray
from core.measuring.reader_spread import NOTHING, ReaderSpread
from core.measuring.table import MeasuredCase, long_table, tab_text, write_table
from core.values.doubt import seen_blind
from core.values.landmarks import Landmarks

_NO_VOXEL_SIZE = "The voxel size of this volume is not known, so nothing in it can be measured."
_NOTHING_FITS = (
    "No analysis fits the landmarks of this image. “Open analysis…” in the Measure menu takes one of your own."
)


class Measuring:
    """The measurements of the open image.

    Parameters
    ----------
    document, view_state, navigator
        What is measured, what is dragged, and how an image is gone through.
    is_blind
        Tells whether the person must not see what a model has said.
    jobs, questions
        Who reads and writes files and computes intervals, and who asks for them.
    own
        The analyses of the project.
    folder_of_images
        Tells where files are looked for first.

    Attributes
    ----------
    folder
        Where a person's own analyses lie; None for nowhere.
    opened
        Files of analyses that a person has opened elsewhere.
    chosen
        Key of the analysis that a person has chosen, by the rank of the images.
    readers
        How far the readers of the project differ, by the rank of the images; what is not known of them is missing.
    """

    changed = Signal()
    """Analysis, values, intervals or the list of analyses have changed."""
    pointed = Signal()
    """A person points at another measurement."""
    show_requested = Signal(object)
    """The views are to show these positions ``(N, D)``, LPS mm."""
    remembered = Signal()
    """What is kept for the next start has changed: ``chosen`` or ``opened``."""

    def __init__(
        self, document: Document, view_state: ViewState, navigator: Navigator, *, is_blind: Callable[[], bool], jobs: Jobs,
        questions: Questions, own: OwnAnalyses, folder_of_images: Callable[[], Path | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._document = document
        self._view = view_state
        self._navigator = navigator
        self._is_blind = is_blind
        self._jobs = jobs
        self._questions = questions
        self.own = own
        self._folder_of_images = folder_of_images
        self.folder: Path | None = None
        self.opened: tuple[Path, ...] = ()
        self.chosen: dict[int, str] = {}
        self.population = ""
        self.readers: Mapping[int, ReaderSpread] = {}
        self._found = FoundAnalyses()
        self._offers = OfferCache()
        self._reading: Job | None = None
        self._is_stale = False
        self._computing: Job | None = None
        self._subject: MeasuredSubject | None = None
        self._measured: tuple[Measured, ...] = ()
        self._has_intervals = False
        self._pointed_at: str | None = None
        self._picked: str | None = None
        self._preview: tuple[Analysis, str] | None = None
        for signal in (document.image_changed, document.landmarks_changed):
            signal.connect(self.refresh)
        own.changed.connect(self.refresh)
        view_state.events.dragged.connect(self._drag_changed)
        view_state.events.show_measurements.connect(self._shown)

    # Which analysis

    def read(self) -> None:
        """Read the analyses there are, in jobs; those of a person's own that are wrong are told once."""
        self.own.read()
        self._is_stale = (
            self._reading is not None
        )  # what was asked for last counts, also while an older answer is awaited
        if self._reading is None:
            self._reading = self._jobs.run(
                read_found, self.folder, self.opened,
                on_result=self._take, on_error=self._questions.show_error, on_end=self._end_reading, may_stall=True,
            )  # fmt: skip

    def _end_reading(self) -> None:
        self._reading = None
        if self._is_stale:
            self.read()

    def _take(self, found: FoundAnalyses) -> None:
        for problem in found.problems:
            self._view.say(f"{problem.message} {problem.hint or ''}".strip(), once=True)
        if found != self._found:
            self._found = found
            self.refresh()

    def _shown(self, shown: bool) -> None:
        """Read anew where a person opens the list: they may have written an analysis meanwhile."""
        if shown:
            self.read()

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The analyses of images of this rank, those first that the landmarks allow; none where nothing can be measured."""
        image, landmarks = self._document.image, self._document.landmarks
        if image is None or landmarks is None or self.is_without_size:
            return ()
        names = frozenset((*landmarks.names, *self._document.wanted_names))
        return self._offers.offers(self._found, image.ndim, names, self.own.kept)

    @property
    def readers_tables(self) -> frozenset[str]:
        """The tables that tell how readers differ, by name."""
        return self._found.readers

    @property
    def own_names(self) -> frozenset[str]:
        """What the analyses in a person's files are called."""
        return frozenset(name for one in self._found.own for name in (one.analysis.name, one.path.stem))

    @property
    def is_offered(self) -> bool:
        """Whether an analysis fits the landmarks of the open image."""
        return any(offer.fits or offer.is_own for offer in self.offers)

    @property
    def is_without_size(self) -> bool:
        """Whether the open image is a volume whose voxel size nobody knows: not even angles mean anything there."""
        image = self._document.image
        return image is not None and image.ndim == 3 and not image.source.spacing_known

    @property
    def why_nothing(self) -> str:
        """What is said where no analysis is offered."""
        return _NO_VOXEL_SIZE if self.is_without_size else _NOTHING_FITS

    @property
    def offer(self) -> Offer | None:
        """The analysis in use: the chosen one where it is offered, else the first."""
        offers = self.offers
        if not offers:
            return None
        key = self.chosen.get(offers[0].analysis.ndim)
        return next((offer for offer in offers if offer.key == key), offers[0])

    def choose(self, key: str) -> None:
        """Measure by another analysis, and also the next images of this rank."""
        image = self._document.image
        if image is not None and self.chosen.get(image.ndim) != key:
            self.chosen[image.ndim] = key
            self.population = ""
            self._pointed_at = self._picked = None
            self.remembered.emit()
            self.refresh()

    @property
    def populations(self) -> tuple[str, ...]:
        """Whose norms the analysis in use has, where there are several."""
        offer = self.offer
        norms = [norm for one in offer.analysis.measurements for norm in one.norms] if offer is not None else []
        named = tuple(dict.fromkeys(norm.population for norm in norms if norm.population))
        return named if len(named) > 1 else ()

    def choose_population(self, population: str) -> None:
        """Compare with the norms of another population; empty for those that stand first."""
        if population != self.population:
            self.population = population
            self.refresh()

    def ask_open(self) -> None:
        """Ask for a file with an analysis, and measure by it."""
        path = self._questions.analysis_path(self.folder)
        if path is not None:
            self._jobs.run(
                read_with_text, path,
                on_result=lambda read: self._open(path, *read), on_error=self._questions.show_error, may_stall=True,
            )  # fmt: skip

    def _open(self, path: Path, text: str, analysis: Analysis) -> None:
        image = self._document.image
        if image is None or image.ndim != analysis.ndim:
            said = f"{analysis.title} measures {analysis.ndim}D images, and this one is of another kind."
            self._questions.show_error(AppError(said, "Open such an image first."))
            return
        if self.own.keeps:
            self.own.ask_put(text, analysis, lambda: self.show_kept(analysis.name, analysis.ndim))
        else:
            self.show_file(path, analysis.ndim)

    def show_file(self, path: Path, ndim: int) -> None:
        """Measure images of a rank by the analysis of a file, and show what comes of it."""
        if path.parent != self.folder:
            self.opened = tuple(dict.fromkeys((path, *self.opened)))
        self.chosen[ndim] = str(path)
        self.remembered.emit()
        self._view.show_measurements = True
        self.read()

    def ask_save_analysis(self) -> None:
        """Ask where to save the analysis in use as a file."""
        if self.offer is not None:
            self.own.ask_save(self.offer)

    def ask_keep(self, offer: Offer) -> None:
        """Put an analysis into the project, so that everybody who opens it has it."""

        def keep(text: str) -> None:
            analysis = offer.analysis
            self.own.ask_put(text, analysis, lambda: self.show_kept(analysis.name, analysis.ndim))

        self.own.read_text(offer, keep)

    def show_kept(self, name: str, ndim: int) -> None:
        """Measure images of a rank by an analysis of the project, and show what comes of it."""
        self.chosen[ndim] = kept_key(name)
        self.population = ""
        self.remembered.emit()
        self._view.show_measurements = True
        self.refresh()

    # What was measured

    @property
    def measured(self) -> tuple[Measured, ...]:
        """What was measured in the open image, in the order of the analysis."""
        self._bring_up_to_date()
        return self._measured

    @property
    def rows(self) -> tuple[MeasurementRow, ...]:
        """What is said of it."""
        self._bring_up_to_date()
        readers = NOTHING if self._subject is None else self._subject.told_by(self._measured)
        return rows_of(self._measured, pending=self._computing is not None, readers=readers)

    @property
    def may_have_intervals(self) -> bool:
        """Whether anything tells how uncertain a landmark is, so that there are intervals, now or soon."""
        self._bring_up_to_date()
        return self._subject is not None and self._subject.is_uncertain

    @property
    def shown_landmarks(self) -> Landmarks | None:
        """The landmarks that are measured: of who reads blind only their own, and without a model's radii."""
        landmarks = self._document.landmarks
        return seen_blind(landmarks) if landmarks is not None and self._is_blind() else landmarks

    def _new_subject(self, analysis: Analysis, landmarks: Landmarks) -> MeasuredSubject:
        readers = self.readers.get(landmarks.ndim, NOTHING)
        return MeasuredSubject(analysis, landmarks, self._document.unit, self.population, readers)

    def take_readers(self, readers: Mapping[int, ReaderSpread]) -> None:
        """Measure anew where readers are known to differ otherwise than before."""
        if readers != self.readers:
            self.readers = readers
            self.refresh()

    def refresh(self, *_: object) -> None:
        """Measure anew: landmarks, their unit or who may see what have changed."""
        self._subject = None
        self.changed.emit()

    def _drag_changed(self, dragged: str | None) -> None:
        if dragged is None and not self._has_intervals:
            self.refresh()

    def _bring_up_to_date(self) -> None:
        """Measure where something has changed, and have the intervals computed where nothing is being dragged."""
        if self._subject is not None:
            return
        offer, landmarks = self.offer, self.shown_landmarks
        if offer is None or landmarks is None or landmarks.ndim != offer.analysis.ndim:
            self._measured, self._has_intervals = (), True
            return
        subject = self._new_subject(offer.analysis, landmarks)
        self._subject = subject
        self._measured = subject.measured(intervals=False)
        self._has_intervals = not subject.is_uncertain
        if not self._has_intervals and self._view.dragged is None:
            self._compute()

    def _compute(self) -> None:
        """Have the intervals computed; one job at a time, and what is out of date by then is computed again."""
        subject = self._subject
        if subject is None or self._computing is not None:
            return

        def take(measured: tuple[Measured, ...]) -> None:
            if subject is self._subject:
                self._measured, self._has_intervals = measured, True

        def end() -> None:
            self._computing = None
            self._jobs.post(again)  # after the result was taken

        def again() -> None:
            if self._subject is not None and not self._has_intervals and self._view.dragged is None:
                self._compute()
            self.changed.emit()

        self._computing = self._jobs.run(
            lambda: subject.measured(intervals=True), on_result=take, on_error=self._questions.show_error, on_end=end
        )

    # Lines over the image

    @property
    def pointed_at(self) -> str | None:
        """Key of the measurement under the mouse, else of the one that was picked last."""
        return self._pointed_at or self._picked

    def point_at(self, key: str | None) -> None:
        """Show the lines of the measurement under the mouse; None where it is over none."""
        if key != self._pointed_at:
            self._pointed_at = key
            self.pointed.emit()

    def pick(self, key: str | None) -> None:
        """Show the lines of a measurement until another is picked, and bring its landmarks into view."""
        if key != self._picked:
            self._picked = key
            self.pointed.emit()
        offer, landmarks = self.offer, self.shown_landmarks
        if key is None or offer is None or landmarks is None or key not in offer.analysis.quantities:
            return
        names = names_by_symbol(offer.analysis, landmarks.names)
        known = [names[symbol] for symbol in offer.analysis.symbols_of(key) if symbol in names]
        there = [landmarks.point_mm(name) for name in known if np.isfinite(landmarks.point_mm(name)).all()]
        if there:
            self._navigator.go_to(np.mean(there, axis=0))
            self.show_requested.emit(np.stack(there))

    @property
    def tracing(self) -> tuple[TracedLine, ...]:
        """The lines of the analysis in use, where they are wanted."""
        offer, landmarks = self.offer, self.shown_landmarks
        if offer is None or landmarks is None or not self._view.show_tracing:
            return ()
        return traced_lines(offer.analysis, positions_mm(offer.analysis, landmarks))

    @property
    def emphasised(self) -> tuple[FloatArray, ...]:
        """The lines ``(2, D)`` mm of the measurement that a person points at; none where the list is not shown."""
        subject = self._emphasised_subject()
        return () if subject is None else measured_lines(*subject)

    @property
    def emphasised_angles(self) -> tuple[AngleMark, ...]:
        """The arcs of its angles."""
        subject = self._emphasised_subject()
        return () if subject is None else measured_angles(*subject)

    def preview(self, preview: tuple[Analysis, str] | None) -> None:
        """Show the lines of a measurement that is being made, by its key, in place of what is pointed at; None for no more."""
        if preview != self._preview:
            self._preview = preview
            self.pointed.emit()

    def _emphasised_subject(self) -> tuple[Analysis, str, Mapping[str, FloatArray]] | None:
        offer, landmarks, key = self.offer, self.shown_landmarks, self.pointed_at
        if self._preview is not None and landmarks is not None and landmarks.ndim == self._preview[0].ndim:
            return *self._preview, positions_mm(self._preview[0], landmarks)
        if offer is None or landmarks is None or key is None or not self._view.show_measurements:
            return None
        if key not in offer.analysis.quantities or landmarks.ndim != offer.analysis.ndim:
            return None
        return offer.analysis, key, positions_mm(offer.analysis, landmarks)

    # Taking it elsewhere

    @property
    def subject(self) -> MeasuredSubject | None:
        """What is measured now: a value that a job can take along and measure with intervals; None where nothing is."""
        self._bring_up_to_date()
        return self._subject

    def copied_text(self) -> str:
        """Return the list as tab-separated text."""
        return tab_text(copied_table(self.measured))

    def ask_save(self) -> None:
        """Ask where to write the measurements of this image as a table, and write it with intervals."""
        image = self._document.image
        self._bring_up_to_date()
        subject = self._subject
        if image is None or subject is None:
            return
        name = image.source.path.name
        folder = self._folder_of_images() or image.source.path.parent
        path = self._questions.measurements_path(folder / f"{name.partition('.')[0]}-{subject.analysis.name}.xlsx")
        if path is not None:
            self._jobs.run(
                _write, path, name, subject,
                on_result=lambda _: self._view.say(f"Measurements saved to {path.name}.", is_warning=False),
                on_error=self._questions.show_error, may_stall=True,
            )  # fmt: skip


def _write(path: Path, name: str, subject: MeasuredSubject) -> None:
    table = long_table([MeasuredCase(name, subject.measured(intervals=True))])
    write_table(table, path, subject.analysis.title)
