"""The end of a course: from trained networks to a model file with its card, and how good it is.

Calibrates, compares with the model that it started from, writes. Trains nothing, and leaves the folder of the course as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from core.base.errors import Cancelled
from core.learning import course_events as events
from core.learning.building import build_normalisation
from core.learning.cases import spread_over
from core.learning.checkpoints import TrainingState
from core.learning.comparison import close_enough, compare
from core.learning.configuration import TrainingConfig, format_config
from core.learning.conformal import Answers, collect_answers
from core.learning.course_card import card_to_end_with, now_in_utc
from core.learning.course_cases import prepare_readable
from core.learning.course_request import LearnRequest, Stop
from core.learning.model_export import localizer_of, localizer_of_model, write_model
from core.learning.prepared_cases import PreparedCase
from core.learning.trainable import TrainableModel
from core.models.learning_record import Lineage, mark_of

MOST_SHAPING = 60
"""Cases learnt from that shape the rule of the radii: more hardly change it, and each takes time."""


class Ending:
    """What is done with the networks of a course.

    Parameters
    ----------
    request, start
        The course, and the model that it started from.
    tell, should_stop
        Who hears of it, and who may wish to leave.
    """

    def __init__(
        self,
        request: LearnRequest,
        start: TrainableModel | None,
        tell: Callable[[events.Event], None],
        should_stop: Callable[[], int],
    ) -> None:
        self._request = request
        self._start = start
        self._tell = tell
        self._should_stop = should_stop

    def write(
        self,
        state: TrainingState,
        config: TrainingConfig,
        learn: Sequence[PreparedCase],
        check: Sequence[PreparedCase],
        object_length: float,
    ) -> tuple[str, events.Comparison]:
        """Calibrate, compare and write; return the title of the model and how good it is.

        Parameters
        ----------
        state, config
            The training, whose first stage at least is finished, and its configuration.
        learn, check
            The cases that it learnt from and was checked with.
        object_length
            How far apart the landmarks are that are furthest apart, in the unit of the course.

        Raises
        ------
        Cancelled
            It was left; nothing was written.
        ModelFileError
            The model cannot be written.
        """
        if self._start is None:  # what a model's own stages are worth is known from more cases than there are here
            state = with_kept_stages(state)
        minutes = state.worked_s / 60.0
        parent = "" if self._start is None else self._start.info.title
        card = card_to_end_with(config.card, len(learn), len(check), minutes, parent)
        kept = config.local_stages[: len(state.finished) - 1]
        config = config.model_copy(update={"local_stages": kept, "card": card})
        state.config_text = format_config(config)
        localizer = localizer_of(state, config)
        shaping = spread_over(learn, MOST_SHAPING)
        total = len(check) + len(shaping)
        found = collect_answers(localizer, self._heard(check, events.Calibrating, 0, total))
        learnt = collect_answers(localizer, self._heard(shaping, events.Calibrating, len(check), total))
        comparison = self._comparison(check, found, self._old_answers(config, check), object_length)
        self._tell(events.Writing(done=0, total=1))
        lineage = Lineage(
            parent_sha256="" if self._start is None else self._start.sha256,
            parent=parent,
            cases=len(learn),
            minutes=round(minutes, 1),
            made=now_in_utc(),
        )
        marks = {mark_of(each.case.sha256) for each in learn} | self._known_marks()
        cases = [each.case for each in check]
        write_model(state, config, localizer, self._request.out, cases, found, learnt, lineage=lineage, marks=marks)
        self._tell(events.Writing(done=1, total=1))
        return f"{config.name} {config.version}", comparison

    def _heard(
        self,
        cases: Sequence[PreparedCase],
        kind: type[events.Calibrating] | type[events.Comparing],
        before: int,
        total: int,
    ) -> Iterator[PreparedCase]:
        """Give cases to analyse, and tell of each that is done; leave where that is asked for."""
        for number, case in enumerate(cases, before + 1):
            if self._should_stop() == Stop.LEAVE:
                raise Cancelled("Learning was stopped.")
            yield case
            self._tell(kind(done=number, total=total))

    def _old_answers(self, config: TrainingConfig, check: Sequence[PreparedCase]) -> Answers | None:
        """Return what the model that it started from says of the cases to check with; None where it cannot be asked."""
        start = self._start
        if start is None:
            return None
        if start.config.normalisation != config.normalisation:
            normalisation = build_normalisation(start.config)
            check, gone = prepare_readable([each.case for each in check], normalisation, lambda _: None)
            if gone:
                return None
        heard = self._heard(check, events.Comparing, 0, len(check))
        return collect_answers(localizer_of_model(start), heard)

    def _known_marks(self) -> frozenset[str]:
        """Return the marks of the images that the model that it starts from has learnt from."""
        return frozenset() if self._start is None else self._start.learnt

    def _comparison(
        self, check: Sequence[PreparedCase], found: Answers, old: Answers | None, object_length: float
    ) -> events.Comparison:
        """Compare on cases that neither has learnt from; where there is none, say only how good the new model is."""
        known = self._known_marks()
        rows = [row for row, each in enumerate(check) if mark_of(each.case.sha256) not in known]
        if old is None or not rows:
            rows, old = list(range(len(check))), None
        unit = self._request.unit
        return compare(
            check[0].case.landmarks.names,
            [check[row].case.name for row in rows],
            found.errors_mm[rows],
            None if old is None else old.errors_mm[rows],
            close_enough(object_length, unit),
            unit,
        )


def with_kept_stages(state: TrainingState) -> TrainingState:
    """Return a training without its last stages where they are worse than the one before, on the cases to check with.

    A stage that had no time to learn, or that a person cut short, would spoil what is there.
    """
    means = [float(np.nanmean(errors)) for errors in state.errors_mm]
    kept = len(means)
    while kept > 1 and not means[kept - 1] < means[kept - 2]:
        kept -= 1
    return replace(
        state, finished=state.finished[:kept], errors_mm=state.errors_mm[:kept], crops=state.crops[: kept - 1]
    )
