"""A course of learning: from marked cases and minutes to a model file, with nothing for a person to decide.

Plans, trains, calibrates, compares with the model that it started from, writes the model with its card, and tells all of it.
Knows no project, no window and no terminal; what is needed to go on where it was killed lies in the folder of `course_folder`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from core.base.errors import AppError, Cancelled, ConfigError
from core.base.files import reason_of, sha256_of
from core.learning import course_events as events
from core.learning.batches import default_workers
from core.learning.building import build_normalisation
from core.learning.cases import presence_threshold_of, spread_over
from core.learning.checkpoints import TrainingState
from core.learning.configuration import TrainingConfig, format_config, landmark_names, parse_config
from core.learning.course_card import card_to_begin_with, name_and_version
from core.learning.course_cases import Dealt, deal, deal_again, deal_as_before, prepare_readable, unreadable
from core.learning.course_definitions import can_have_offsets, offsets_from, why_moved
from core.learning.course_ending import MOST_SHAPING, Ending
from core.learning.course_folder import Begun, CourseFolder, opened
from core.learning.course_progress import Reserve, StepTeller
from core.learning.course_request import LearnRequest, Outcome, Stop
from core.learning.device import Device, PlainDevice, choose_precision, without_denormals
from core.learning.facts import Facts, facts_of
from core.learning.pace import MeasuredPace, Pace
from core.learning.plan import make_plan
from core.learning.prepared_cases import PreparedCase
from core.learning.tempo import TimedTempo
from core.learning.trainable import TrainableModel, read_trainable
from core.learning.trainer import Trainer
from core.learning.work_clock import WorkClock
from core.models.devices import choose_device

CHECKPOINT_EVERY_S = 30.0
"""So much work is lost at most where the course is killed; `core.learning.trainer` writes less often where writing takes long."""
FILLED = 0.8
"""A plan that takes this share of the time or more was cut to it, and may grow where the computer is faster."""


def learn(
    request: LearnRequest,
    tell: Callable[[events.Event], None],
    should_stop: Callable[[], int] = lambda: Stop.NOT,
) -> Outcome:
    """Learn a model from marked cases, or go on where the same course was stopped or killed.

    Parameters
    ----------
    request
        What to learn.
    tell
        Hears of everything that happens, from the calling thread; the last event is ``done`` or ``stopped``.
    should_stop
        Asked often; one of `Stop`, or False.

    Raises
    ------
    ConfigError
        Nothing can be learnt from these cases, the model to go on from is for other landmarks, another process learns the same
        model, or its place cannot be written to. What was learnt before stays.
    ModelFileError
        The model to go on from cannot be read or cannot go on learning, or the new one cannot be written.
    """
    if request.out.suffix != ".pt":
        raise ConfigError(f"{request.out.name} does not end in .pt.", "Name the model file like MODEL.pt.")
    if not (request.minutes > 0 and math.isfinite(request.minutes)):
        raise ConfigError("There is no time to learn in.", "Grant some minutes, such as 20.")
    if request.start is not None and request.start.resolve() == request.out.resolve():
        raise ConfigError(
            f"{request.out.name} would take the place of the model to go on from.",
            "Give the new model a name of its own; then you can go back.",
        )
    start = None if request.start is None else read_trainable(request.start)
    with opened(request.out) as folder, _said_of_the_disk(request), without_denormals():
        return _Course(request, start, folder, tell, should_stop).run()


@contextmanager
def _said_of_the_disk(request: LearnRequest) -> Iterator[None]:
    """Turn what the disk refuses into a sentence; what was written before stays whole."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"What is learnt cannot be kept in {request.out.parent} ({reason_of(error)}).",
            "Make room there or connect the drive again; the same command then goes on.",
        ) from error


class _Course:
    """One course, from its cases to its model."""

    def __init__(
        self,
        request: LearnRequest,
        start: TrainableModel | None,
        folder: CourseFolder,
        tell: Callable[[events.Event], None],
        should_stop: Callable[[], int],
    ) -> None:
        self.request = request
        self.start = start
        self.folder = folder
        self.tell = tell
        self.should_stop = should_stop
        self.granted_s = 60.0 * request.minutes
        self.kind = choose_device(request.device, automatic=("cuda", "cpu"))

    def run(self) -> Outcome:
        """Do all of it."""
        begun, state, dealt = self._dealt()
        resumed = begun is not None
        self._tell_begin(dealt, resumed=resumed)
        before_s = 0.0 if state is None else state.worked_s
        with WorkClock(before_s + self.request.spent_s) as clock:
            try:
                if begun is None:
                    begun, dealt = self._begin(dealt)
                return self._from(begun, state, dealt, clock, resumed=resumed)
            except Cancelled:
                self.tell(events.Stopped(resumable=True))
                return Outcome()

    # What is learnt from

    def _dealt(self) -> tuple[Begun | None, TrainingState | None, Dealt]:
        """Return what was begun before, how far that is, and the cases."""
        request, begun = self.request, self.folder.begun()
        if begun is None or not request.cases:  # of which dealing says what is missing
            return None, None, deal(request.cases, request.left_out)
        if not begun.is_of(request.source, self._names(), self._start_sha256(), request.unit):
            raise ConfigError(
                f"The folder {self.folder.path} holds the unfinished learning of something else.",
                "Go on with the command that began it, delete the folder, or choose another name for the model.",
            )
        return begun, self.folder.state(), deal_as_before(request.cases, begun, request.left_out)

    def _names(self) -> tuple[str, ...]:
        return self.request.cases[0].case.landmarks.names if self.request.cases else ()

    def _scheme(self, start: TrainingConfig | None) -> str | tuple[str, ...]:
        """Return the landmarks for the plan: a model's own scheme knows what its landmarks become in a mirror."""
        if start is not None and landmark_names(start)[0] == self._names():
            return start.landmarks
        return self.request.landmarks or self._names()

    def _start_sha256(self) -> str:
        return "" if self.start is None else self.start.sha256

    def _tell_begin(self, dealt: Dealt, *, resumed: bool) -> None:
        self.tell(
            events.Begin(
                learn=len(dealt.learn),
                check=len(dealt.check),
                left_out=dealt.left_out,
                minutes=self.request.minutes,
                start="" if self.start is None else self.start.info.title,
                unit=self.request.unit,
                resumed=resumed,
            )
        )

    def _leave_if_asked(self) -> None:
        """Raise `Cancelled` where it is to be left; before anything is learnt there is nothing to keep either."""
        if self.should_stop():
            raise Cancelled("Learning was stopped.")

    # The plan

    def _begin(self, dealt: Dealt) -> tuple[Begun, Dealt]:
        """Plan the course and keep the plan."""
        facts, dealt = self._facts(dealt)
        device = PlainDevice(self.kind, choose_precision("auto", self.kind))
        pace: Pace = self.request.pace or MeasuredPace(device)
        start = None if self.start is None else self.start.config
        name, version = name_and_version(self.request.out.stem, self.start)
        plan = make_plan(
            facts,
            self.request.minutes,
            pace,
            name=name,
            landmarks=self._scheme(start),
            card=card_to_begin_with(self.request.modality, facts.ndim, start),
            start=start,
            start_cases=0 if self.start is None else self.start.lineage.cases,
            check=len(dealt.check),
        )
        config = plan.config.model_copy(update={"version": version})
        if self.start is not None:
            self.start.begun("", config)  # says in a sentence where the two do not belong together
        stages = range(1 + len(config.local_stages))
        begun = Begun(
            source=self.request.source,
            landmarks=self._names(),
            start_sha256=self._start_sha256(),
            unit=self.request.unit,
            learn=tuple(case.name for case in dealt.learn),
            check=tuple(case.name for case in dealt.check),
            config_text=format_config(config),
            step_seconds=tuple(pace.step_s(config, stage) for stage in stages),
            seconds=plan.seconds,
            object_length=facts.object_mm,
            reasons=tuple(events.Reason(setting=r.setting, value=r.value, why=r.why) for r in plan.reasons),
        )
        self.folder.begin(begun)
        return begun, dealt

    def _facts(self, dealt: Dealt) -> tuple[Facts, Dealt]:
        """Look at the cases; where an image cannot be read, find out which can."""
        total = 2 * len(dealt.all)

        def progress(done: int, looked_at: int) -> None:
            self._leave_if_asked()
            self.tell(events.Reading(done=done * len(dealt.all) // looked_at, total=total))

        def look(dealt: Dealt) -> Facts:
            return facts_of(dealt.all, unit=self.request.unit, partners=self.request.partners, progress=progress)

        try:
            return look(dealt), dealt
        except Cancelled:
            raise
        except AppError:
            left_out = unreadable(dealt.all)
            if not left_out:
                raise
        dealt = deal_again(self.request.cases, left_out, dealt.left_out)
        self._tell_begin(dealt, resumed=False)
        return look(dealt), dealt

    # Learning

    def _from(
        self, begun: Begun, state: TrainingState | None, dealt: Dealt, clock: WorkClock, *, resumed: bool
    ) -> Outcome:
        """Learn what is left to learn of what was begun, and write the model."""
        config = parse_config(begun.config_text, "the plan")
        iterations = tuple(config.stage(stage).optimisation.iterations for stage in range(len(begun.step_seconds)))
        learn, check, dealt = self._prepared(config, dealt, resumed=resumed)
        if state is None:
            state = self._fresh_state(begun.config_text, config, learn)
        moved = () if self.start is None else why_moved(self.start, state.offsets_mm, self.request.unit)
        reasons = (*begun.reasons, *moved)
        self.tell(events.Plan(stages=len(iterations), iterations=iterations, seconds=begun.seconds, reasons=reasons))
        trainer = self._trainer(begun, config, state, learn, check, clock)
        stopped_early = False
        if not trainer.fit():
            if self.should_stop() == Stop.LEAVE or not trainer.finish_early():
                raise Cancelled("Learning was stopped.")
            stopped_early = True
        state.worked_s = clock.seconds()
        ending = Ending(self.request, self.start, self.tell, self.should_stop)
        title, comparison = ending.write(state, config, learn, check, begun.object_length)
        self.folder.remove()
        out = self.request.out
        self.tell(
            events.Done(
                model=str(out.absolute()),
                sha256=sha256_of(out),
                title=title,
                stopped_early=stopped_early,
                comparison=comparison,
            )
        )
        return Outcome(out, stopped_early, comparison)

    def _prepared(
        self, config: TrainingConfig, dealt: Dealt, *, resumed: bool
    ) -> tuple[list[PreparedCase], list[PreparedCase], Dealt]:
        """Read all images; leave out those that cannot be read."""
        count = len(dealt.all)

        def progress(done: int) -> None:
            self._leave_if_asked()
            self.tell(events.Reading(done=count + done, total=2 * count))

        prepared, left_out = prepare_readable(dealt.all, build_normalisation(config), progress)
        if left_out:
            dealt = dealt.without(left_out)
            self._tell_begin(dealt, resumed=resumed)
        parted = len(dealt.learn)
        return prepared[:parted], prepared[parted:], dealt

    def _fresh_state(self, text: str, config: TrainingConfig, learn: Sequence[PreparedCase]) -> TrainingState:
        names = list(landmark_names(config)[0])
        state = TrainingState(text, names) if self.start is None else self.start.begun(text, config)
        state.presence_threshold = presence_threshold_of([each.case for each in learn])
        if self.start is not None and can_have_offsets(self.start):
            state.offsets_mm = offsets_from(self.start, spread_over(learn, MOST_SHAPING), self._leave_if_asked)
        return state

    def _trainer(
        self,
        begun: Begun,
        config: TrainingConfig,
        state: TrainingState,
        learn: Sequence[PreparedCase],
        check: Sequence[PreparedCase],
        clock: WorkClock,
    ) -> Trainer:
        """Return the training with its time."""
        device: Device = PlainDevice(self.kind, choose_precision(config.precision, self.kind))
        stages = range(1 + len(config.local_stages))
        analysed = min(MOST_SHAPING, len(learn)) + len(check) * (1 if self.start is None else 2)
        reserve = Reserve(len(stages), len(check), analysed, self.granted_s)
        tempo = TimedTempo(
            [config.stage(stage).optimisation.iterations for stage in stages],
            begun.step_seconds,
            clock.seconds,
            lambda: self.granted_s - clock.seconds() - reserve.seconds(),
            grows=begun.seconds >= FILLED * self.granted_s,
        )
        px_mm = float(np.mean([each.spacing_mm.mean() for each in check]))
        teller = StepTeller(self.tell, state, tempo, reserve, clock.seconds, self.request.unit, px_mm)
        return Trainer(
            config,
            state,
            self.folder.path,
            learn,
            check,
            device=device,
            workers=default_workers(self.kind),
            tempo=tempo,
            checkpoint_every_s=CHECKPOINT_EVERY_S,
            on_step=teller.step,
            should_stop=lambda: bool(self.should_stop()),
        )
