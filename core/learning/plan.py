"""A plan of learning: a training configuration made from the facts of the cases, the minutes granted and the computer's pace.

Which value follows from which fact is in `core/learning/plan_rules.py`; here is what fits into the minutes. A plan is an
ordinary configuration: it can be written to a file, changed and trained.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.base.errors import ConfigError
from core.learning import plan_rules as rules
from core.learning.configuration import (
    CardConfig,
    DataConfig,
    GlobalStageConfig,
    LocalStageConfig,
    OptimisationConfig,
    TrainingConfig,
    landmark_names,
)
from core.learning.facts import Facts
from core.learning.pace import Pace
from core.learning.plan_rules import Reason
from core.learning.splits import validation_count
from core.schemes.file import read_scheme

ENOUGH_ITERATIONS = {2: 600, 3: 500}
"""The first stage sees the image as finely as still leaves time for so many."""
FEWEST_LOCAL_ITERATIONS = 60
"""With fewer a local stage is left out; 80 made 0.27 mm of 0.40 mm on mouse skulls."""
FEWEST_ITERATIONS = 30
MOST_PER_CASE, MOST_AT_LEAST = 100, 2000
"""More iterations than so many for each case, and than so many at all, only teach the cases by heart."""
HEADS_MOST_PER_CASE, HEADS_MOST_AT_LEAST = 5, 60
"""The same where only the heads learn: they have learnt another definition within twenty iterations, and then forget others."""
GLOBAL_SHARE = 0.6
"""Part of the time that the first stage gets where others follow."""
GOING_ON_SHARE = 0.3
"""The same where it goes on from a model: it knows most already, and later stages say where a landmark is."""
GOING_ON_RATE = 5e-4
"""Learning rate with which a model goes on, a quarter of what it began with: enough to change its mind, too little to forget."""
HEADS_RATE = 1e-3
"""The same where only the heads learn."""
VALIDATIONS = 8
KEPT_BACK = 0.05
"""Part of the minutes for what nobody can foresee."""
WRITING_S = 15.0
"""Writing the model file and checking that it does what the networks did."""
BACKWARD_SHARE = 3.0
"""A step takes as long as so many forward passes."""


@dataclass(frozen=True)
class Plan:
    """A configuration with the reasons for it.

    Attributes
    ----------
    config
        What to train.
    reasons
        Why the settings are what they are, in the order in which people want to read them.
    seconds
        What all of it takes by the pace of the computer, from reading the images to writing the model.
    """

    config: TrainingConfig
    reasons: tuple[Reason, ...]
    seconds: float


def make_plan(
    facts: Facts,
    minutes: float,
    pace: Pace,
    *,
    name: str,
    landmarks: str | Sequence[str],
    card: CardConfig,
    start: TrainingConfig | None = None,
    start_cases: int = 0,
    check: int | None = None,
) -> Plan:
    """Make the plan of what can be learnt from cases in so many minutes.

    Parameters
    ----------
    facts
        What the cases are like.
    minutes
        How long it may take, from reading the images to writing the model.
    pace
        How fast the computer learns.
    name, landmarks, card
        For the configuration: what the model is called, its scheme or the names of its landmarks, what it says about itself.
    start
        Configuration of the model to go on from: networks, spacings and crops stay what they are.
    start_cases
        How many cases that model learnt from, 0 where nobody knows.
    check
        How many of the cases are kept to check with; one in six where omitted.

    Raises
    ------
    ConfigError
        The minutes are none, or the model to go on from is for other landmarks or another rank.
    """
    if not minutes > 0 or not math.isfinite(minutes):
        raise ConfigError("There is no time to learn in.", "Grant some minutes, such as 20.")
    names = landmarks if isinstance(landmarks, str) else tuple(landmarks)
    given = {"name": name, "landmarks": names, "card": card}
    timing = _Timing(facts, 60.0 * minutes, pace, validation_count(facts.cases) if check is None else check)
    if start is not None:
        _check_start(start, facts)
        return _going_on(start, given, timing, start_cases)
    return _from_scratch(facts, minutes, given, timing)


# From scratch


def _from_scratch(facts: Facts, minutes: float, given: dict[str, Any], timing: "_Timing") -> Plan:
    scheme = given["landmarks"] if isinstance(given["landmarks"], str) else ""
    if scheme and max(read_scheme(scheme).mirrored) < 0:
        facts = replace(facts, mirror=())  # the scheme's landmarks would have no partners
    normalisation, why_normalised = rules.normalisation(facts)
    _, why_pose = rules.pose(facts)
    common = {
        **given,
        "ndim": facts.ndim,
        "seed": 1,
        "data": DataConfig(kind="list"),
        "normalisation": normalisation,
    }
    if facts.mirror and not scheme:
        common["mirrored"] = _pairs(facts)
    first, why_spacing = _first_stage(facts, minutes, common, timing)
    local_stages = _local_stages(facts, minutes, first.spacing_mm)
    config = TrainingConfig(**common, global_stage=first, local_stages=local_stages)
    shares = _shares(len(local_stages), GLOBAL_SHARE)
    if local_stages and min(timing.iterations(config, shares)[1:]) < FEWEST_LOCAL_ITERATIONS:
        config, shares = config.model_copy(update={"local_stages": ()}), [1.0]
    config = with_iterations(config, timing.iterations(config, shares))
    reasons = (
        *_found(facts, timing.check),
        why_normalised,
        why_pose,
        rules.mirror(facts),
        rules.augmentation_reason(facts, first.augmentation),
        why_spacing,
        _why_local(facts, config, bool(local_stages)),
        _why_iterations(config, timing),
    )
    return Plan(config, reasons, timing.total_s(config))


def _found(facts: Facts, check: int) -> tuple[Reason, ...]:
    """Say what the plan is made from."""
    extent = " × ".join(f"{side:.3g}" for side in facts.extent_mm)
    return (
        Reason(
            "Cases",
            f"{facts.cases - check} to learn from, {check} to check with",
            "those to check with are never learnt from; all images of a patient stay together",
        ),
        Reason(
            "Images",
            f"{extent} {facts.unit}, {rules.length(facts, facts.spacing_mm)} fine",
            f"{len(facts.landmarks)} landmarks, up to {rules.length(facts, facts.object_mm)} apart",
        ),
    )


def _pairs(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Return the landmarks that become each other in a mirror, by name; one in the midline with itself."""
    names = facts.landmarks
    return tuple((names[row], names[partner]) for row, partner in enumerate(facts.mirror) if partner >= row)


def _first_stage(
    facts: Facts, minutes: float, common: dict[str, Any], timing: "_Timing"
) -> tuple[GlobalStageConfig, Reason]:
    """See the image as finely as leaves time for enough iterations."""
    enough = ENOUGH_ITERATIONS[facts.ndim]
    spacings = rules.global_spacings(facts)
    augmentation = rules.global_augmentation(facts)
    for spacing_mm in spacings:
        stage = GlobalStageConfig(
            **rules.network(facts, minutes, max(facts.extent_mm) / spacing_mm),
            spacing_mm=spacing_mm,
            crop=rules.whole_image(facts, spacing_mm),
            any_pose=facts.posed,
            augmentation=augmentation,
            optimisation=OptimisationConfig(iterations=1, batch=4, **_teaching()),
        )
        followed = bool(_local_stages(facts, minutes, spacing_mm))
        config = TrainingConfig(**common, global_stage=stage)
        iterations = timing.iterations(config, [GLOBAL_SHARE if followed else 1.0])[0]
        if iterations >= enough:
            break
    samples = " × ".join(str(side) for side in stage.crop)
    why = f"the finest spacing that leaves time for {enough} iterations on this computer"
    if spacing_mm == spacings[0]:
        why = (
            "as fine as the images are"
            if spacing_mm <= 1.1 * facts.spacing_mm
            else "finer adds nothing to a first look"
        )
    elif iterations < enough:
        why = f"the coarsest there is; even so there is time for {iterations} iterations only"
    return stage, Reason("First stage", f"{rules.length(facts, spacing_mm)}, {samples} samples", why)


def _local_stages(facts: Facts, minutes: float, global_mm: float) -> tuple[LocalStageConfig, ...]:
    stages: list[LocalStageConfig] = []
    before_mm = global_mm
    for spacing_mm in rules.local_spacings(facts, global_mm, minutes):
        crop = rules.local_crop(before_mm, spacing_mm)
        posed: dict[str, Any] = {"pose": True, "reach_mm": rules.EXPECTED_ERROR * before_mm} if facts.posed else {}
        optimisation = OptimisationConfig(
            iterations=1,
            batch=rules.local_batch(facts),
            learning_rate=2e-3,
            schedule="one-cycle",
            weight_decay=0.01,
            classification_weight=2.0,
            vote_weight=0.5,
        )
        stages.append(
            LocalStageConfig(
                **rules.local_network(facts),
                **posed,
                spacing_mm=spacing_mm,
                crop=crop,
                augmentation=rules.local_augmentation(facts, crop * spacing_mm, not stages),
                optimisation=optimisation,
            )
        )
        before_mm = spacing_mm
    return tuple(stages)


def _teaching() -> dict[str, Any]:
    """How the first stage is taught, see docs/decisions/0028."""
    return {
        "learning_rate": 2e-3,
        "schedule": "one-cycle",
        "weight_decay": 0.02,
        "regression_weight": 0.25,
        "vote_weight": 1.5,
    }


def _why_local(facts: Facts, config: TrainingConfig, wanted: bool) -> Reason:
    if config.local_stages:
        values = [f"{rules.length(facts, s.spacing_mm)}, crops of {s.crop}" for s in config.local_stages]
        why = "each holds the errors to be expected of the stage before, with a quarter to spare"
        return Reason("Local stages", "; ".join(values), why)
    if wanted:
        return Reason("Local stages", "none", "there is no time for one to get better than the first stage")
    if rules.finest_needed(facts) > facts.spacing_mm:
        finest = rules.length(facts, rules.finest_needed(facts))
        return Reason("Local stages", "none", f"the first stage sees what people can tell apart, about {finest}")
    return Reason("Local stages", "none", "the first stage sees the images about as finely as they are")


def _why_iterations(config: TrainingConfig, timing: "_Timing") -> Reason:
    counts = [config.stage(number).optimisation.iterations for number in range(1 + len(config.local_stages))]
    paces = [timing.step_s(config, number) for number in range(len(counts))]
    most = _most_iterations(timing.facts, config)
    why = "what fits into the minutes at " + ", ".join(f"{seconds:.2g} s" for seconds in paces) + " each"
    if max(counts) >= most:
        why = f"more than {most} would only teach {timing.facts.cases} cases by heart"
    return Reason("Iterations", ", ".join(str(count) for count in counts), why)


# Going on from a model


def _check_start(start: TrainingConfig, facts: Facts) -> None:
    known = landmark_names(start)[0]
    wanted = facts.landmarks
    if start.ndim != facts.ndim:
        raise ConfigError(
            f"The model to go on from is for {start.ndim}D images, the cases are {facts.ndim}D.",
            "Choose a model for such images, or learn from scratch.",
        )
    if known != wanted:
        lacking = [name for name in wanted if name not in known]
        more = [name for name in known if name not in wanted]
        said = "has them in another order"
        if lacking or more:
            said = f"does not know “{lacking[0]}”" if lacking else f"also finds “{more[0]}”"
        raise ConfigError(
            f"The model to go on from is for other landmarks: it {said}.",
            "Choose a model for the same landmarks in the same order, or learn from scratch.",
        )


def _going_on(start: TrainingConfig, given: dict[str, Any], timing: "_Timing", start_cases: int) -> Plan:
    few = timing.facts.cases < start_cases
    config = start.model_copy(update={**given, "data": DataConfig(kind="list")})
    wanted = {
        "learns": "heads" if few else "all",
        "normalise_by": "running" if few else "batch",
        "learning_rate": HEADS_RATE if few else GOING_ON_RATE,
    }
    shares = _shares(len(config.local_stages), GOING_ON_SHARE)
    config = _with_settings(config, [wanted] * len(shares))
    config = with_iterations(config, timing.iterations(config, shares))
    spacings = [rules.length(timing.facts, config.stage(n).spacing_mm) for n in range(len(shares))]
    layers, why_layers = "all", f"{timing.facts.cases} cases, no fewer than the model learnt from, can change all of it"
    if few:
        layers, why_layers = "the heads", f"the model learnt from {start_cases} cases what they share, and keeps it"
    reasons = (
        *_found(timing.facts, timing.check),
        Reason(
            "Stages", ", ".join(spacings), f"those of {start.name} {start.version}, from whose weights learning goes on"
        ),
        Reason("Layers that learn", layers, why_layers),
        Reason("Learning rate", f"{wanted['learning_rate']:g}", "enough to change, too little to forget the rest"),
        _why_iterations(config, timing),
    )
    return Plan(config, reasons, timing.total_s(config))


# What fits into the minutes


def _shares(locals_: int, first: float) -> list[float]:
    """Return the part of the time that each stage gets."""
    return [first, *[(1.0 - first) / locals_] * locals_] if locals_ else [1.0]


def _most_iterations(facts: Facts, config: TrainingConfig) -> int:
    if config.global_stage.optimisation.learns == "heads":
        return max(HEADS_MOST_AT_LEAST, HEADS_MOST_PER_CASE * facts.cases)
    return max(MOST_AT_LEAST, MOST_PER_CASE * facts.cases)


def with_iterations(config: TrainingConfig, counts: Sequence[int]) -> TrainingConfig:
    """Return the configuration with so many iterations for each stage, and what follows from their number."""

    def planned(count: int) -> dict[str, Any]:
        return {
            "iterations": count,
            "schedule": "one-cycle",
            # The average remembers a twentieth of the iterations: the last ones, at the lowest rates.
            "average_decay": round(min(0.998, max(0.9, 1.0 - 20.0 / count)), 4),
            "validate_every": max(1, math.ceil(count / VALIDATIONS)),
        }

    return _with_settings(config, [planned(count) for count in counts])


def _with_settings(config: TrainingConfig, changes: Sequence[dict[str, Any]]) -> TrainingConfig:
    """Return the configuration with other settings of the optimisation of each stage."""
    first, *others = [
        {"optimisation": config.stage(number).optimisation.model_copy(update=change)}
        for number, change in enumerate(changes)
    ]
    local_stages = [stage.model_copy(update=change) for stage, change in zip(config.local_stages, others, strict=True)]
    return config.model_copy(
        update={"global_stage": config.global_stage.model_copy(update=first), "local_stages": tuple(local_stages)}
    )


class _Timing:
    """How long what takes, and how many iterations fit into the time.

    Parameters
    ----------
    facts, seconds, pace, check
        The cases, what was granted, the computer, and how many cases are kept to check with.
    """

    def __init__(self, facts: Facts, seconds: float, pace: Pace, check: int) -> None:
        self.facts = facts
        self._seconds = seconds
        self._pace = pace
        self.check = check

    def step_s(self, config: TrainingConfig, number: int) -> float:
        return self._pace.step_s(config, number)

    def iterations(self, config: TrainingConfig, shares: Sequence[float]) -> list[int]:
        """Return how many iterations of each stage fit where it gets such a share of the time for learning."""
        numbers = range(1 + len(config.local_stages))
        left = (1.0 - KEPT_BACK) * self._seconds - self._around_s(config)
        most = _most_iterations(self.facts, config)
        counts = []
        for number in numbers:
            fits = shares[number] * left / self.step_s(config, number)
            rounded = int(fits) // 10 * 10 if fits >= 10 * FEWEST_ITERATIONS else int(fits)
            counts.append(max(FEWEST_ITERATIONS, min(most, rounded)))
        return counts

    def total_s(self, config: TrainingConfig) -> float:
        """Return what all of a plan takes."""
        numbers = range(1 + len(config.local_stages))
        steps_s = sum(config.stage(n).optimisation.iterations * self.step_s(config, n) for n in numbers)
        return steps_s + self._around_s(config)

    def _around_s(self, config: TrainingConfig) -> float:
        """Return what is no step: reading, validations, calibration on all cases, writing."""
        analysing = [self._case_s(config, number) for number in range(1 + len(config.local_stages))]
        validations_s = VALIDATIONS * self.check * sum(analysing)
        # Each stage first asks those before it, and is asked once more at its end; then all of them see each case.
        asked_s = 2 * self.check * len(analysing) * sum(analysing)
        calibration_s = 1.2 * self.facts.cases * sum(analysing)
        writing_s = min(WRITING_S, 0.05 * self._seconds)
        return 1.5 * self.facts.cases * self.facts.read_s + validations_s + asked_s + calibration_s + writing_s

    def _case_s(self, config: TrainingConfig, number: int) -> float:
        """Return what a stage takes to analyse a case."""
        stage = config.stage(number)
        image_s = self.step_s(config, number) / (BACKWARD_SHARE * stage.optimisation.batch)
        if isinstance(stage, LocalStageConfig):
            return stage.passes * image_s
        orientations = {2: 4, 3: 24}[config.ndim] if stage.any_pose else 1
        return orientations * image_s
