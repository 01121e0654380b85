"""Plans: what follows from which fact, and that it fits into the minutes."""

from collections.abc import Callable

import pytest

from core.base.errors import ConfigError
from core.learning.configuration import (
    CardConfig,
    LocalStageConfig,
    TrainingConfig,
    format_config,
    mirror_partners,
    parse_config,
)
from core.learning.facts import Facts
from core.learning.pace import FixedPace, Pace, crop_of
from core.learning.plan import ENOUGH_ITERATIONS, GOING_ON_RATE, HEADS_RATE, Plan, make_plan
from core.learning.plan_rules import EXPECTED_ERROR
from tests.support.planning_fixtures import BRAINS, SKULLS, WINGS, facts


class Constant(Pace):
    """A computer that takes as long for every step, so that what follows from the time alone can be seen."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def step_s(self, config: TrainingConfig, stage: int) -> float:
        return self.seconds


class PerSample(Pace):
    """A computer whose steps take as long as they have samples, as they do nearly."""

    def step_s(self, config: TrainingConfig, stage: int) -> float:
        chosen = config.stage(stage)
        samples: int
        if stage:
            assert isinstance(chosen, LocalStageConfig)
            samples = len(config.landmarks) * crop_of(chosen) ** config.ndim
        else:
            samples = 1
            for side in config.global_crop:
                samples *= side
        samples *= chosen.optimisation.batch
        return samples / (1.1e6 if config.ndim == 2 else 1.6e6)


def planned(found: Facts, minutes: float = 20, pace: Pace | None = None, start: TrainingConfig | None = None) -> Plan:
    return make_plan(
        found,
        minutes,
        pace or PerSample(),
        name="mine",
        landmarks=found.landmarks,
        card=CardConfig(modality="wings"),
        start=start,
    )


@pytest.mark.parametrize("found", [WINGS, SKULLS, BRAINS, facts(landmarks=("one",), object_mm=0.0)])
@pytest.mark.parametrize("minutes", [1, 20, 480])
def test_a_plan_is_a_configuration_that_reads_back(found: Facts, minutes: float) -> None:
    config = planned(found, minutes).config
    assert parse_config(format_config(config), "plan") == config


@pytest.mark.parametrize("found", [WINGS, SKULLS, BRAINS])
@pytest.mark.parametrize("minutes", [5, 20, 60])
def test_a_plan_keeps_the_minutes(found: Facts, minutes: float) -> None:
    seconds = planned(found, minutes).seconds
    assert seconds < 60 * minutes
    config = planned(found, minutes).config
    counts = [config.stage(number).optimisation.iterations for number in range(1 + len(config.local_stages))]
    assert seconds > 0.8 * 60 * minutes or max(counts) >= 2000, "time is left for which nobody asked"


def test_a_night_does_not_learn_by_heart_what_an_hour_has_taught() -> None:
    plan = planned(BRAINS, 600)
    assert plan.config.global_stage.optimisation.iterations == 2000
    assert plan.seconds < 0.9 * 600 * 60
    assert any("by heart" in reason.why for reason in plan.reasons)


def test_a_slower_computer_sees_the_image_more_coarsely_rather_than_too_rarely() -> None:
    quick, slow = planned(WINGS), planned(WINGS, pace=_slower(PerSample(), 4))
    assert slow.config.global_stage.spacing_mm > quick.config.global_stage.spacing_mm
    for plan in (quick, slow):
        assert plan.config.global_stage.optimisation.iterations >= ENOUGH_ITERATIONS[2]


def _slower(pace: Pace, times: float) -> Pace:
    class Slower(Pace):
        def step_s(self, config: TrainingConfig, stage: int) -> float:
            return times * pace.step_s(config, stage)

    return Slower()


def test_no_stage_is_finer_than_the_images() -> None:
    for found in (WINGS, SKULLS, BRAINS):
        config = planned(found, 480).config
        spacings = [config.stage(number).spacing_mm for number in range(1 + len(config.local_stages))]
        assert min(spacings) >= 0.99 * found.spacing_mm
        assert spacings == sorted(spacings, reverse=True)


def test_images_seen_as_finely_as_they_are_need_no_local_stage() -> None:
    plan = planned(facts(ndim=3, extent_mm=(35.0, 51.0, 35.0), object_mm=40.0, wander_mm=1.0, intensities="filled"))
    assert plan.config.global_stage.spacing_mm == 1.0
    assert plan.config.local_stages == ()


def test_no_local_stage_sees_finer_than_people_can_tell_apart() -> None:
    """Where the object is large, marks are no finer than a part of it, however fine the images are."""
    fine = facts(spacing_mm=0.1, extent_mm=(240.0, 193.5), object_mm=120.0, wander_mm=6.0, unit="mm")
    plan = planned(fine)
    assert plan.config.global_stage.spacing_mm <= 0.6
    assert plan.config.local_stages == ()
    assert any("tell apart, about 0.6 mm" in reason.why for reason in plan.reasons)
    coarse = planned(fine, 10, _slower(PerSample(), 8))
    assert coarse.config.global_stage.spacing_mm > 1.4 * 0.6
    assert [stage.spacing_mm >= 0.6 for stage in coarse.config.local_stages] == [True]


def test_the_first_stage_sees_the_whole_image() -> None:
    for found in (WINGS, SKULLS, BRAINS):
        stage = planned(found).config.global_stage
        for side, extent in zip(stage.crop, found.extent_mm, strict=True):
            assert side * stage.spacing_mm >= 0.99 * extent - 0.05 * stage.spacing_mm
            assert side % 4 == 0


def test_a_local_crop_holds_the_errors_of_the_stage_before() -> None:
    config = planned(SKULLS, 20).config
    assert len(config.local_stages) >= 1
    before = config.global_stage.spacing_mm
    for stage in config.local_stages:
        assert isinstance(stage.crop, int)
        assert stage.crop * stage.spacing_mm >= 2 * EXPECTED_ERROR * before
        before = stage.spacing_mm


def test_no_local_stage_where_there_is_no_time_for_one() -> None:
    pace = Constant(2.0)
    assert planned(SKULLS, 20, pace).config.local_stages
    plan = planned(SKULLS, 5, pace)
    assert plan.config.local_stages == ()
    assert any(reason.setting == "Local stages" and "no time" in reason.why for reason in plan.reasons)
    assert plan.config.global_stage.optimisation.iterations > 0.6 * 100, "the first stage gets what is left"


def test_objects_in_any_pose_are_turned_into_one() -> None:
    config = planned(SKULLS, 60).config
    assert config.global_stage.any_pose
    assert config.global_stage.augmentation.rotation_deg > 63
    assert all(stage.pose for stage in config.local_stages)
    upright = planned(WINGS, 60).config
    assert not upright.global_stage.any_pose
    assert upright.global_stage.augmentation.rotation_deg < 45


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("picture", "equalize"), ("hounsfield", "window"), ("in air", "foreground"), ("filled", "zscore")],
)
def test_intensities_say_the_normalisation(kind: str, expected: str) -> None:
    config = planned(facts(intensities=kind, low=-100.0, high=300.0)).config
    assert config.normalisation.kind == expected
    if expected == "window":
        assert config.normalisation.low < -100
        assert config.normalisation.high > 300


def test_partners_become_part_of_the_plan_and_are_mirrored() -> None:
    found = facts(landmarks=("left eye", "right eye", "nose", "scar"), mirror=(1, 0, 2, -1))
    config = planned(found).config
    assert mirror_partners(config) == (1, 0, 2, -1)
    assert config.global_stage.augmentation.mirror
    assert not planned(WINGS).config.global_stage.augmentation.mirror


def test_a_scheme_without_partners_is_not_mirrored() -> None:
    """Else all landmarks of a mirrored image would be unknown, and half of the time lost."""
    found = facts(mirror=tuple(range(12)))
    plan = make_plan(found, 20, PerSample(), name="x", landmarks="cephalometric-19", card=CardConfig(modality="x"))
    assert max(mirror_partners(plan.config)) >= 0 or not plan.config.global_stage.augmentation.mirror


def test_the_plan_tells_how_many_cases_are_kept_and_grants_them_their_time() -> None:
    card = CardConfig(modality="x")
    plans = [
        make_plan(SKULLS, 20, PerSample(), name="x", landmarks=SKULLS.landmarks, card=card, check=check)
        for check in (2, 5)
    ]
    assert [plan.reasons[0].value for plan in plans] == [
        "10 to learn from, 2 to check with",
        "7 to learn from, 5 to check with",
    ]
    first, second = (plan.config.global_stage.optimisation.iterations for plan in plans)
    assert second < first, "validating in 24 orientations takes time"


def test_few_cases_are_varied_more() -> None:
    many, few = planned(facts(cases=40)), planned(facts(cases=8))
    assert few.config.global_stage.augmentation.elastic_mm > many.config.global_stage.augmentation.elastic_mm


def test_every_reason_is_a_sentence_of_its_own() -> None:
    for found in (WINGS, SKULLS, BRAINS):
        reasons = planned(found).reasons
        assert len({reason.setting for reason in reasons}) == len(reasons)
        assert all(reason.value and reason.why for reason in reasons)


def test_lengths_are_told_in_px_where_no_image_knows_its_pixel_size() -> None:
    text = " ".join(reason.value + reason.why for reason in planned(WINGS).reasons)
    assert " px" in text
    assert " mm" not in text


# Going on from a model


def test_going_on_keeps_networks_spacings_and_crops_and_learns_more_gently() -> None:
    start = planned(SKULLS, 20).config
    plan = planned(facts(**{**vars(SKULLS), "cases": 20}), 10, start=start)
    assert len(plan.config.local_stages) == len(start.local_stages)
    for number in range(1 + len(start.local_stages)):
        before, after = start.stage(number), plan.config.stage(number)
        assert after.model_copy(update={"optimisation": before.optimisation}) == before
        assert after.optimisation.learning_rate == GOING_ON_RATE < before.optimisation.learning_rate
        assert after.optimisation.schedule == "one-cycle"
    assert plan.config.normalisation == start.normalisation
    assert plan.seconds < 600


def test_fewer_cases_than_the_model_learnt_from_only_change_the_heads_and_more_change_all_again() -> None:
    start = planned(SKULLS, 20).config
    few = facts(**{**vars(SKULLS), "cases": 20})
    made = [
        make_plan(
            few, 10, FixedPace(), name="mine", landmarks=few.landmarks, card=start.card, start=start, start_cases=n
        )
        for n in (140, 20, 0)
    ]
    settings = [[plan.config.stage(n).optimisation for n in range(1 + len(start.local_stages))] for plan in made]
    assert {(each.learns, each.normalise_by, each.learning_rate) for each in settings[0]} == {
        ("heads", "running", HEADS_RATE)
    }
    assert max(each.iterations for each in settings[0]) <= 100  # five a case, however many minutes there are
    for stages in settings[1:]:
        assert {(each.learns, each.normalise_by, each.learning_rate) for each in stages} == {
            ("all", "batch", GOING_ON_RATE)
        }
    assert any("140 cases" in reason.why for reason in made[0].reasons)
    again = planned(few, 10, FixedPace(), made[0].config).config  # rates do not fall from one to the next
    assert again.global_stage.optimisation.learns == "all"
    assert again.global_stage.optimisation.learning_rate == GOING_ON_RATE


def test_going_on_takes_crops_that_were_chosen_by_themselves() -> None:
    start = planned(SKULLS, 20).config
    automatic = [stage.model_copy(update={"crop": "auto"}) for stage in start.local_stages]
    start = start.model_copy(update={"local_stages": tuple(automatic)})
    assert planned(SKULLS, 10, FixedPace(), start).config.local_stages[0].crop == "auto"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda config: config.model_copy(update={"ndim": 3}), "for 3D images"),
        (lambda config: config.model_copy(update={"landmarks": ("other",)}), "does not know “wing 1”"),
        (lambda config: config.model_copy(update={"landmarks": (*config.landmarks, "more")}), "also finds “more”"),
        (lambda config: config.model_copy(update={"landmarks": config.landmarks[::-1]}), "another order"),
    ],
)
def test_a_model_for_something_else_cannot_be_gone_on_from(
    change: Callable[[TrainingConfig], TrainingConfig], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        planned(WINGS, start=change(planned(WINGS).config))


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_there_must_be_time(minutes: float) -> None:
    with pytest.raises(ConfigError, match="no time"):
        planned(WINGS, minutes)
