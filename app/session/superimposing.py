"""Superimposes the open image and another one of the same patient: which two, on what, and what came of it.

Owns the choices and the answer; all reading and reckoning is done in jobs. Nothing of it is kept: which image is the earlier one
is said by a person, and not looked up in what a DICOM file says of its patient.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from psygnal import Signal

from app.desk.desk import Desk
from app.session.analysis_choice import Offer
from app.session.document import Document
from app.session.jobs import Job, Jobs
from app.session.measuring import Measuring
from app.session.moments import Candidate, Film, ReadImage, candidates
from app.session.superimposed import Source, Superimposed, Task, When, Wish, done
from app.session.superimposed_picture import Side
from app.session.view_state import ViewState
from core.base.errors import AppError
from core.images.file import read_image
from core.measuring.comparison import Moment
from core.measuring.reader_spread import NOTHING
from core.measuring.registration import By

CHOOSE = "Choose the image that this one is to be compared with."


class Superimposing:
    """Superimposes two images.

    Parameters
    ----------
    document, view_state
        The open image, and whether one of its landmarks is being dragged.
    desk
        The project with the other one.
    measuring
        Which analyses there are, and what may be seen of the open image.
    is_blind
        Tells whether the person must not see what others and a model have said.
    jobs
        Who reads and reckons.
    read
        What reads an image.

    Attributes
    ----------
    candidates
        The cases that can be chosen.
    sources
        What is chosen.
    wish
        On what they are superimposed.
    analysis_key
        What is measured; None for what is measured in the open image.
    side
        From where volumes are seen.
    result
        What came of it, None where nothing did; ``told`` then says why.
    told
        One sentence, or none.
    """

    changed = Signal()

    def __init__(
        self, document: Document, view_state: ViewState, desk: Desk, measuring: Measuring, *, is_blind: Callable[[], bool],
        jobs: Jobs, read: ReadImage = read_image,
    ) -> None:  # fmt: skip
        self._document = document
        self._view = view_state
        self._desk = desk
        self._measuring = measuring
        self._is_blind = is_blind
        self._jobs = jobs
        self._read = read
        self._films: dict[Source, Film] = {}
        self._working: Job | None = None
        self._stale = False
        self._ended = False
        self._known_since = 0
        self.ndim = 2 if document.image is None else document.image.ndim
        self.candidates: tuple[Candidate, ...] = ()
        self.sources: dict[When, Source | None] = {When.EARLIER: None, When.LATER: self._open_source()}
        self.wish = Wish() if self.ndim == 2 else Wish(line=None)
        self.analysis_key: str | None = None
        self.side = Side.RIGHT
        self.result: Superimposed | None = None
        self.told = ""

    # Beginning and ending

    def begin(self) -> None:
        """Ask the project which cases there are, propose the patient's other one, and follow the open image from then on."""
        self._document.landmarks_changed.connect(self._open_changed)
        self._view.events.dragged.connect(self._drag_changed)
        self._desk.case_changed.connect(self._case_changed)
        self._desk.ask(
            partial(candidates, current=self._desk.current, ndim=self.ndim), self._offer, lambda error: self._say(error)
        )
        self.refresh()

    def end(self) -> None:
        """Follow nothing any more, and let go of the images."""
        if self._ended:
            return
        self._ended = True
        self._document.landmarks_changed.disconnect(self._open_changed)
        self._view.events.dragged.disconnect(self._drag_changed)
        self._desk.case_changed.disconnect(self._case_changed)
        if self._working is not None:
            self._working.cancel()
        self._films.clear()
        self.result = None

    def start_anew(self, *_: object) -> None:
        """Forget what was read: who reads, or what they may see, has changed."""
        self._films.clear()
        self._known_since += 1
        for when, source in self.sources.items():
            if source is not None and source.reader is not None:
                self.sources[when] = replace(source, reader=None)
        self.refresh()

    def _offer(self, found: tuple[Candidate, ...]) -> None:
        if self._ended:
            return
        self.candidates = found
        self._propose()
        self.refresh()

    def _propose(self) -> None:
        """Take the patient's image before the open one as the earlier, else the one behind it as the later."""
        current = self._desk.current
        patients = [one.case_id for one in self.candidates if one.same_patient]
        if any(source is None for source in self.sources.values()) and current in patients and len(patients) > 1:
            place = patients.index(current)
            pair = (patients[place - 1], current) if place > 0 else (current, patients[1])
            self.sources = {When.EARLIER: Source(pair[0]), When.LATER: Source(pair[1])}

    def _open_source(self) -> Source:
        return Source(self._desk.current)

    def is_open(self, source: Source | None) -> bool:
        """Tell whether it is the open image as it is shown."""
        return source is not None and source == self._open_source()

    # What a person chooses

    def choose(self, when: When, source: Source | None) -> None:
        """Take another image, or another reading of it, as the earlier or the later one."""
        if self.sources[when] == source:
            return
        self.sources[when] = source
        self.refresh()

    def swap(self) -> None:
        """Take the earlier for the later image, and the other way round."""
        self.sources = {when: self.sources[when.other] for when in When}
        self.refresh()

    def choose_wish(self, wish: Wish) -> None:
        """Superimpose on something else."""
        if wish != self.wish:
            self.wish = wish
            self.refresh()

    def choose_side(self, side: Side) -> None:
        """Look at volumes from another side."""
        if side is not self.side:
            self.side = side
            self.refresh()

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The analyses of images of this rank."""
        return self._measuring.offers

    @property
    def offer(self) -> Offer | None:
        """The analysis in use."""
        offers = self.offers
        chosen = next((offer for offer in offers if offer.key == self.analysis_key), None)
        return chosen or self._measuring.offer

    def choose_analysis(self, key: str) -> None:
        """Measure by another analysis."""
        if key != self.analysis_key:
            self.analysis_key = key
            self.refresh()

    # Doing it

    def _open_changed(self) -> None:
        if any(self.is_open(source) for source in self.sources.values()) and self._view.dragged is None:
            self.refresh()

    def _drag_changed(self, dragged: str | None) -> None:
        if dragged is None:
            self._open_changed()

    def _case_changed(self, case_id: int) -> None:
        for source in [source for source in self._films if source.case_id == case_id]:
            del self._films[source]
        there = [source for source in self.sources.values() if source is not None and source.case_id == case_id]
        if any(not self.is_open(source) for source in there):
            self._known_since += 1
            self.refresh()

    def refresh(self) -> None:
        """Do it anew, in a job; one at a time, and what is out of date by then is done again."""
        if self._ended:
            return
        if self._working is not None:
            self._stale = True
            return
        earlier, later = self.sources[When.EARLIER], self.sources[When.LATER]
        if earlier is None or later is None or earlier == later:
            self.result, self.told = None, CHOOSE
            self.changed.emit()
            return
        task = Task(
            (self._ready(earlier), self._ready(later)),
            (earlier, later),
            self._desk,
            self._desk.project,
            self._is_blind(),
            self._names,
            self.wish,
            None if self.offer is None else self.offer.analysis,
            self._measuring.population,
            self._measuring.readers.get(self.ndim, NOTHING),
            {name: self._document.short_name(name) for name in self._names},
            self.side,
            self._read,
        )
        self._stale = False
        self.told = "" if all(task.ready) else "Reading the images…"
        self._working = self._jobs.run(
            done, task,
            on_result=partial(self._take, task, self._known_since), on_error=self._say, on_end=self._end, may_stall=True,
        )  # fmt: skip
        self.changed.emit()

    @property
    def _names(self) -> tuple[str, ...]:
        landmarks = self._document.landmarks
        return () if landmarks is None else landmarks.names

    def _ready(self, source: Source) -> Film | None:
        """Return an image that need not be read; the open one is as it is shown."""
        image, landmarks = self._document.image, self._measuring.shown_landmarks
        if not self.is_open(source) or image is None or landmarks is None:
            return self._films.get(source)
        name = next((one.name for one in self.candidates if one.case_id == source.case_id), image.source.path.name)
        return Film(name, Moment(landmarks, self._document.unit), image if image.ndim == 2 else None)

    def _take(self, task: Task, known_since: int, found: Superimposed) -> None:
        if known_since != self._known_since:  # what was read may not be shown any more, or is another reading by now
            self.refresh()
            return
        for source, film in zip(task.sources, found.films, strict=True):
            if not self.is_open(source):
                self._films[source] = film
        used = {source for source in self.sources.values() if source is not None}
        self._films = {source: film for source, film in self._films.items() if source in used}
        self.result, self.told = found, found.comparison.trouble
        if found.comparison.registration is not None and found.comparison.registration.by is By.FIT:
            self.wish = replace(self.wish, line=None)  # where the line that was wished for is not known at all
        self.changed.emit()

    def _say(self, error: AppError) -> None:
        if not self._ended:
            self.result, self.told = None, str(error)
            self.changed.emit()

    def _end(self) -> None:
        self._working = None
        if self._stale:
            self._jobs.post(self.refresh)
