"""An analysis while a person makes it: what it begins with, which landmarks it takes, what it comes to, and where it is saved.

Landmarks that are clicked fill the part that is asked for. Nothing that was there is changed before `finish`: what is edited is a
text of its own, in the steps of `analysis_steps`. Knows no Qt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from psygnal import Signal

from app.session.analysis_choice import KeptAnalysis, Offer
from app.session.analysis_steps import AnalysisSteps
from app.session.document import Document
from app.session.jobs import Jobs
from app.session.measuring import Measuring
from app.session.own_analyses import OwnAnalyses
from app.session.questions import Questions
from app.session.view_state import Mode, ViewState
from core.base.errors import AppError
from core.measuring import parts
from core.measuring.analysis import Analysis
from core.measuring.draft import Draft, draft_of, new_draft
from core.measuring.draft_problems import alone
from core.measuring.file import parse_analysis
from core.measuring.measure import Measured, measure
from core.measuring.parts import LANDMARK, Part

NEW_NAME, NEW_TITLE = "my-analysis", "My analysis"


@dataclass(frozen=True)
class LandmarkChoice:
    """A landmark that can stand in a measurement.

    Attributes
    ----------
    text
        As a list calls it.
    symbol
        Its symbol in the analysis, or the one that it will get.
    name
        Its name in the open image, where the analysis does not have it yet; else empty.
    """

    text: str
    symbol: str
    name: str = ""


@dataclass(frozen=True)
class _Origin:
    """What was there: where it is saved back to.

    Attributes
    ----------
    kept
        Its name in the project; empty where it is not from there.
    path
        The file of a person's own.
    text
        What it said; None for a new one.
    """

    kept: str = ""
    path: Path | None = None
    text: str | None = None


class AnalysisEditing:
    """The analysis that a person is making.

    Parameters
    ----------
    document, view_state
        The open image, and what is selected in it.
    measuring, own
        Who shows the lines of what is made, and who keeps it.
    jobs, questions
        What comes a moment later, and who is asked.
    """

    begun = Signal()
    """A person wants to edit; the editor is to be shown."""
    changed = Signal()
    """What is edited, which measurement, what is asked for, or what comes of it in the image is another."""
    ended = Signal()

    def __init__(
        self, document: Document, view_state: ViewState, measuring: Measuring, own: OwnAnalyses, jobs: Jobs,
        questions: Questions,
    ) -> None:  # fmt: skip
        self._document = document
        self._view = view_state
        self._measuring = measuring
        self._own = own
        self._jobs = jobs
        self._questions = questions
        self._steps: AnalysisSteps | None = None
        self._origin = _Origin()
        self._start = ""
        self.asked: parts.Path | None = None
        view_state.events.selected.connect(self._take_selected)
        view_state.events.mode.connect(lambda _: self._tell())
        document.landmarks_changed.connect(self._tell)
        document.image_changed.connect(self._ask_again_soon)
        own.project_left.connect(self._forget_project)

    # Beginning and ending

    @property
    def is_under_way(self) -> bool:
        """Whether a person is editing."""
        return self._steps is not None

    def begin_new(self) -> None:
        """Begin with nothing, for images of the rank of the open one."""
        image = self._document.image
        if image is not None and self._may_begin():
            name = self._free(NEW_NAME)
            info = self._document.model_info
            draft = new_draft(image.ndim, name, NEW_TITLE)
            if info is not None and info.name in self._measuring.readers_tables:
                draft = draft.with_head(readers=info.name)
            steps = AnalysisSteps(draft)
            steps.add()
            self._begin(steps.draft, _Origin())

    def begin_with(self, offer: Offer) -> None:
        """Edit an analysis of a person's own, or a copy of a bundled one."""
        if offer.kept is not None:
            self.begin_kept(offer.kept)
        elif offer.path is None:
            self.begin_copy(offer)
        elif self._may_begin():
            path = offer.path
            self._own.read_text(offer, lambda text: self._begin_text(text, path.name, _Origin(path=path, text=text)))

    def begin_copy(self, offer: Offer) -> None:
        """Begin with a copy of any analysis, under another name."""
        if self._may_begin():
            self._own.read_text(offer, lambda text: self._begin_text(text, offer.analysis.name, _Origin(), copy=True))

    def begin_kept(self, kept: KeptAnalysis) -> None:
        """Edit an analysis of the project, also one that cannot be used as it is."""
        if self._may_begin():
            self._begin_text(kept.text, f"{kept.name} of this project", _Origin(kept=kept.name, text=kept.text))

    def _forget_project(self) -> None:
        """Take what is edited for a new one in the project that was opened: one of the same name there is another."""
        self._origin = replace(self._origin, kept="")
        self._tell()

    def _may_begin(self) -> bool:
        return not self.is_modified or self._questions.gives_up_analysis(self.name)

    def _begin_text(self, text: str, called: str, origin: _Origin, *, copy: bool = False) -> None:
        try:
            draft = draft_of(text, called)
        except AppError as error:
            self._questions.show_error(error)
            return
        if copy:
            draft = draft.with_head(name=self._free(f"{draft.name}-copy"), title=f"{draft.raw.get('title', '')} (copy)")
        self._begin(draft, origin)

    def _begin(self, draft: Draft, origin: _Origin) -> None:
        self._origin, self._start = origin, draft.text
        self._steps = AnalysisSteps(draft)
        self._steps.moved_on.connect(self._ask_for_next)
        self._steps.changed.connect(self._tell)
        self.begun.emit()
        self._ask_for_next()
        self._tell()

    def _free(self, name: str) -> str:
        taken = {one.name for one in self._own.kept} | self._measuring.own_names
        names = (name, *(f"{name}-{number}" for number in range(2, 1000)))
        return next((one for one in names if one not in taken), name)

    @property
    def is_modified(self) -> bool:
        """Whether something was done that is saved nowhere."""
        return self._steps is not None and self._steps.draft.text != self._start

    def cancel(self) -> bool:
        """End without saving, asking first where something was done; tell whether it has ended."""
        if self.is_modified and not self._questions.gives_up_analysis(self.name):
            return False
        self._end()
        return True

    def _end(self) -> None:
        if self._steps is None:
            return
        self._steps = None
        self._ask_for(None)
        self._measuring.preview(None)
        self.ended.emit()

    # What there is

    @property
    def steps(self) -> AnalysisSteps:
        """What is edited; only while a person does."""
        if self._steps is None:
            raise RuntimeError("no analysis is being edited")
        return self._steps

    @property
    def name(self) -> str:
        """What the analysis is called."""
        return "" if self._steps is None else self._steps.draft.name

    @property
    def is_picking(self) -> bool:
        """Whether the next landmark that is clicked stands for the part that is asked for."""
        return self._steps is not None and self.asked is not None and self._view.mode is Mode.PICK

    @property
    def asked_for(self) -> str:
        """What the part is called that is asked for: “vertex”; empty while nothing is."""
        return self.steps.part.called(self.asked) if self.is_picking and self.asked is not None else ""

    @property
    def landmarks(self) -> tuple[LandmarkChoice, ...]:
        """What can be chosen: the landmarks of the analysis, then what else the open image has."""
        known, ndim = self.steps.draft.landmarks, self.steps.draft.ndim
        of_analysis = [
            LandmarkChoice(symbol if symbol in names[:1] else f"{symbol} – {names[0] if names else ''}", symbol)
            for symbol, names in known.items()
        ]
        landmarks = self._document.landmarks
        fits = landmarks is not None and landmarks.ndim == ndim
        there = {name for names in known.values() for name in names}
        others = [name for name in landmarks.names if name not in there] if landmarks is not None and fits else []
        return (*of_analysis, *(self._new_choice(name) for name in others))

    def _new_choice(self, name: str) -> LandmarkChoice:
        symbol = self._document.short_name(name)
        symbol = name if symbol in self.steps.draft.landmarks else symbol
        return LandmarkChoice(self._document.display_name(name), symbol, name)

    def measured(self) -> tuple[Measured | None, str]:
        """Return what the measurement that is shown comes to in the open image, and else why it does not."""
        landmarks = self._measuring.shown_landmarks
        analysis = self._alone()
        if analysis is None:
            return None, ""
        if landmarks is None or landmarks.ndim != analysis.ndim:
            return None, f"Open a {analysis.ndim}D image with landmarks to see what it comes to."
        if self._measuring.is_without_size:
            return None, self._measuring.why_nothing
        one = measure(analysis, landmarks, unit=self._document.unit, intervals=False)[0]
        return (one, "") if one.known else (None, one.reason)

    def _alone(self) -> Analysis | None:
        steps = self.steps
        return None if steps.shown is None else alone(steps.draft, steps.place)

    # A measurement more

    def add(self) -> None:
        """Add a measurement of which nothing is known yet."""
        self._grow(self.steps.add)

    def duplicate(self) -> None:
        """Add a copy of the measurement that is shown."""
        self._grow(self.steps.duplicate)

    def _grow(self, grow: Callable[[], None]) -> None:
        try:
            grow()
        except AppError as error:
            self._questions.show_error(error)

    # Landmarks that are clicked

    def ask_for(self, path: parts.Path | None) -> None:
        """Let the next landmark that is clicked stand for a part."""
        if self._steps is not None:
            self._ask_for(path)
            self._tell()

    def _ask_for_next(self, after: parts.Path = ()) -> None:
        self._ask_for(self.steps.part.next_landmark(after))

    def _ask_for(self, path: parts.Path | None) -> None:
        self.asked = path
        if path is not None and self._document.image is not None:
            self._view.mode = Mode.PICK
        elif self._view.mode is Mode.PICK:
            self._view.mode = Mode.NAVIGATE

    def _ask_again_soon(self, *_: object) -> None:
        """Go on asking in another image, which is first shown in the usual mode."""
        if self._steps is not None:
            self._jobs.post(lambda: self.ask_for(self.asked))

    def take_landmark(self, name: str) -> None:
        """Let a landmark of the open image stand for the part that is asked for, and ask for the next."""
        landmarks = self._document.landmarks
        if self.is_picking and landmarks is not None and landmarks.ndim == self.steps.draft.ndim:
            self._fill(name)

    def take_choice(self, path: parts.Path, choice: LandmarkChoice) -> None:
        """Let a landmark of the list stand for a part."""
        self.asked = path
        self._fill(choice.name or choice.symbol)

    def _fill(self, landmark: str) -> None:
        path, part = self.asked, self.steps.part
        if path is None or part.at(path).form != LANDMARK:
            return
        draft, symbol = self._having(self.steps.draft, landmark)
        self.steps.put(part.having(path, Part(LANDMARK, value=symbol)), draft)
        self._ask_for_next(path)
        self._tell()

    def set_form(self, path: parts.Path, form: str) -> None:
        """Make a part something else, and ask for what is missing then."""
        self.steps.set_form(path, form)
        self._ask_for_next(path)
        self._tell()

    def set_direction(self, key: str, pair: Sequence[LandmarkChoice | None]) -> None:
        """Say which two landmarks lead to the front (``anterior``) or upwards (``superior``); none where one is missing."""
        draft, symbols = self.steps.draft, []
        for choice in pair:
            symbol = ""
            if choice is not None:
                draft, symbol = self._having(draft, choice.name or choice.symbol)
            symbols.append(symbol)
        if all(symbols):
            self.steps.set_direction(key, symbols, draft)
        else:
            self.steps.set_direction(key, symbols)

    def add_landmark(self, path: parts.Path, name: str) -> None:
        """Let a landmark that this image does not have stand for a part."""
        if name.strip():
            self.asked = path
            self._fill(name.strip())

    def _having(self, draft: Draft, landmark: str) -> tuple[Draft, str]:
        """Return a draft that knows a landmark, by its symbol or a name, and the symbol."""
        known = draft.landmarks
        found = next((symbol for symbol, names in known.items() if landmark in names), None)
        if found is not None or landmark in known:
            return draft, found or landmark
        choice = self._new_choice(landmark)
        names = tuple(dict.fromkeys((landmark, choice.symbol)))
        return draft.with_landmark(choice.symbol, names), choice.symbol

    def _take_selected(self, name: str | None) -> None:
        """Take a landmark that was chosen in a list or in the 3D view; it is let go of, so that it can be chosen again."""
        if name is not None and self.is_picking:
            self.take_landmark(name)
            self._jobs.post(lambda: setattr(self._view, "selected", None))

    def _tell(self, *_: object) -> None:
        if self._steps is None:
            return
        analysis = self._alone()
        self._measuring.preview(None if analysis is None else (analysis, analysis.measurements[0].key))
        self.changed.emit()

    # Saving

    @property
    def saves_to(self) -> str:
        """Where `finish` saves, in words."""
        if self._origin.path is not None:
            return f"in {self._origin.path.name}"
        if self._keeps:
            return "in the project"
        return "as a file…" if self._measuring.folder is None else "for my images"

    @property
    def _keeps(self) -> bool:
        """Whether it belongs into the project: where it comes from there, or that is one that a person has named."""
        return self._own.keeps or (bool(self._origin.kept) and self._own.may_change)

    def ask_save_file(self) -> None:
        """Ask for a file, and save what is edited there, whatever is wrong with it; editing goes on."""
        self._own.ask_save_text(self.name, self.steps.draft.text)

    def finish(self) -> None:
        """Save where it belongs and measure by it, unless something is wrong: then that measurement is shown."""
        if self._steps is None:
            return
        problems = self._steps.problems
        if problems:
            place = problems[0].measurement
            if place is not None:
                self._steps.choose(place)
            return
        text, name = self._steps.draft.text, self.name
        analysis = parse_analysis(text, name)

        def kept() -> None:
            if self._origin.kept and self._origin.kept != name:
                self._own.remove(self._origin.kept)
            self._measuring.show_kept(name, analysis.ndim)
            self._end()

        def written(path: Path) -> None:
            self._measuring.show_file(path, analysis.ndim)
            self._end()

        origin = self._origin.path
        if origin is not None:
            self._own.write(origin, text, lambda: written(origin))
        elif not self._keeps:
            self._own.ask_write(name, text, self._measuring.folder, written)
        elif name == self._origin.kept:
            self._own.put(name, text, analysis, kept)
        else:
            self._own.ask_put(text, analysis, kept)
