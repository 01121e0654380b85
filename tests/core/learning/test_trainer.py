"""The training loop by itself: one plain device, no Lightning, and the same wherever it was stopped."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.base.errors import ConfigError
from core.learning.checkpoints import CHECKPOINT_NAME, TrainingState, read_checkpoint
from core.learning.configuration import GlobalStageConfig, LocalStageConfig, TrainingConfig, landmark_names, read_config
from core.learning.device import PlainDevice, Precision
from core.learning.prepared_cases import PreparedCase
from core.learning.tempo import Tempo
from core.learning.trainer import Step, Trainer
from tests.support.training_fixtures import phantom_cases, write_config


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    return read_config(write_config(tmp_path, 6))[0]


@pytest.fixture(scope="module")
def cases() -> list[PreparedCase]:
    return phantom_cases(3)


def fresh(config: TrainingConfig) -> TrainingState:
    return TrainingState("", list(landmark_names(config)[0]))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_training_stopped_anywhere_goes_on_as_if_it_had_not(
    dropout: float, config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    """What dropout silences is drawn anew in each step, and must be what it would have been."""
    config = config.model_copy(
        update={
            "global_stage": config.global_stage.model_copy(update={"dropout": dropout}),
            "local_stages": tuple(stage.model_copy(update={"dropout": dropout}) for stage in config.local_stages),
        }
    )
    whole = fresh(config)
    assert Trainer(config, whole, tmp_path / "whole", cases[:2], cases[2:]).fit()
    state, sessions = fresh(config), 0
    for steps in (2, 5, 3, 100):  # in the first stage, at the start of the second, in it, never
        count = iter(range(1, 1000))
        trainer = Trainer(
            config, state, tmp_path / "parts", cases[:2], cases[2:], should_stop=lambda c=count, n=steps: next(c) >= n
        )
        sessions += 1
        finished = trainer.fit()
        state = read_checkpoint(tmp_path / "parts")
        if finished:
            break
    assert sessions > 2
    assert whole.errors_mm == state.errors_mm
    for expected, found in zip(whole.finished, state.finished, strict=True):
        assert all(torch.equal(expected[key], found[key]) for key in expected)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory, cases: list[PreparedCase]) -> TrainingState:
    """What a short training ended with."""
    folder = tmp_path_factory.mktemp("learnt")
    config = read_config(write_config(folder, 6))[0]
    state = fresh(config)
    assert Trainer(config, state, folder, cases[:2], cases[2:]).fit()
    return state


def going_on(config: TrainingConfig, learnt: TrainingState, **changes: object) -> tuple[TrainingConfig, TrainingState]:
    """Return a configuration with other settings of the optimisation, and the state that starts from ``learnt``."""

    def changed(stage: GlobalStageConfig | LocalStageConfig) -> GlobalStageConfig | LocalStageConfig:
        return stage.model_copy(update={"optimisation": stage.optimisation.model_copy(update=changes)})

    stages = {"global_stage": changed(config.global_stage), "local_stages": tuple(map(changed, config.local_stages))}
    state = fresh(config)
    state.initial = list(learnt.finished)
    return config.model_copy(update=stages), state


def test_stages_without_iterations_stay_as_they_start(
    config: TrainingConfig, cases: list[PreparedCase], learnt: TrainingState, tmp_path: Path
) -> None:
    config, state = going_on(config, learnt, iterations=0)
    assert Trainer(config, state, tmp_path, cases[:2], cases[2:]).fit()
    assert state.errors_mm == learnt.errors_mm
    for expected, found in zip(learnt.finished, state.finished, strict=True):
        assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_going_on_never_ends_with_worse_weights_than_it_started_with(
    config: TrainingConfig, cases: list[PreparedCase], learnt: TrainingState, tmp_path: Path
) -> None:
    config, state = going_on(config, learnt, iterations=3, learning_rate=0.05, schedule="constant")
    assert Trainer(config, state, tmp_path, cases[:2], cases[2:]).fit()
    for stage in range(2):
        found, before = (float(np.nanmean(s.errors_mm[stage])) for s in (state, learnt))
        assert found <= before


def test_going_on_starts_from_the_weights_and_may_be_stopped(
    config: TrainingConfig, cases: list[PreparedCase], learnt: TrainingState, tmp_path: Path
) -> None:
    config, whole = going_on(config, learnt, iterations=3)
    losses: list[float] = []
    trainer = Trainer(
        config, whole, tmp_path / "whole", cases[:2], cases[2:], on_step=lambda step: losses.append(step.loss)
    )
    assert trainer.fit()
    from_nothing: list[float] = []
    trainer = Trainer(
        config, fresh(config), tmp_path / "new", cases[:2], cases[2:], on_step=lambda s: from_nothing.append(s.loss)
    )
    assert trainer.fit()
    assert losses[0] < from_nothing[0]
    _, state = going_on(config, learnt)
    calls = iter(range(1, 100))
    stopped = Trainer(config, state, tmp_path / "parts", cases[:2], cases[2:], should_stop=lambda: next(calls) >= 2)
    assert not stopped.fit()
    state = read_checkpoint(tmp_path / "parts")
    assert Trainer(config, state, tmp_path / "parts", cases[:2], cases[2:]).fit()
    assert state.errors_mm == whole.errors_mm


def test_statistics_that_came_with_the_weights_stay_where_told_so(
    config: TrainingConfig, cases: list[PreparedCase], learnt: TrainingState, tmp_path: Path
) -> None:
    for normalise_by, stay in (("running", True), ("batch", False)):
        chosen, state = going_on(config, learnt, iterations=2, normalise_by=normalise_by)
        folder = tmp_path / normalise_by
        assert not Trainer(chosen, state, folder, cases[:2], cases[2:], should_stop=lambda: True).fit()
        now, before = read_checkpoint(folder).network, learnt.finished[0]
        assert now is not None
        assert {torch.equal(now[key], before[key]) for key in before if "running" in key} == {stay}
        assert not any(torch.equal(now[key], before[key]) for key in before if key.endswith(".0.weight"))


def test_what_the_landmarks_share_stays_where_only_the_heads_learn(
    config: TrainingConfig, cases: list[PreparedCase], learnt: TrainingState, tmp_path: Path
) -> None:
    chosen, state = going_on(config, learnt, iterations=2, normalise_by="running", learns="heads", weight_decay=0.1)
    assert not Trainer(chosen, state, tmp_path, cases[:2], cases[2:], should_stop=lambda: True).fit()
    now, before = read_checkpoint(tmp_path).network, learnt.finished[0]
    assert now is not None
    changed = {key for key in before if not torch.equal(now[key], before[key])}
    assert {key.partition(".")[0] for key in changed} == {"regression", "classification"}
    assert "classification.4.bias" in changed
    assert Trainer(chosen, read_checkpoint(tmp_path), tmp_path, cases[:2], cases[2:]).fit()


def test_a_start_that_does_not_fit_ends_in_a_sentence(
    config: TrainingConfig, cases: list[PreparedCase], learnt: TrainingState, tmp_path: Path
) -> None:
    none, state = going_on(config, learnt, iterations=0)
    state.initial = []
    with pytest.raises(ConfigError, match="no iterations and nothing to start from"):
        Trainer(none, state, tmp_path, cases[:2], cases[2:]).fit()
    wider = config.model_copy(update={"global_stage": config.global_stage.model_copy(update={"head_channels": 24})})
    _, state = going_on(config, learnt)
    with pytest.raises(ConfigError, match="belong to another network"):
        Trainer(wider, state, tmp_path, cases[:2], cases[2:]).fit()


def test_a_checkpoint_from_before_one_could_start_from_a_model_is_read(
    config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    state = fresh(config)
    assert not Trainer(config, state, tmp_path, cases[:2], cases[2:], should_stop=lambda: True).fit()
    raw = torch.load(tmp_path / CHECKPOINT_NAME, weights_only=True)
    for name in ("initial", "parent", "parent_sha256"):
        del raw[name]
    torch.save(raw, tmp_path / CHECKPOINT_NAME)
    state = read_checkpoint(tmp_path)
    assert (state.initial, state.iteration) == ([], 1)
    assert Trainer(config, state, tmp_path, cases[:2], cases[2:]).fit()


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_mixed_precision_learns_nearly_the_same_and_resumes(
    precision: Precision, config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    heard: dict[str, list[float]] = {"32-true": [], precision: []}
    for kind, losses in heard.items():
        Trainer(
            config,
            state := fresh(config),
            tmp_path / kind,
            cases[:2],
            cases[2:],
            device=PlainDevice("cpu", kind),  # type: ignore[arg-type]
            on_step=lambda step, into=losses: into.append(float(step.losses.total)),
        ).fit()
        assert ("scale" in read_checkpoint(tmp_path / kind).loss_scale) is (kind == "16-mixed")
        assert all(weights.dtype != torch.float16 for best in state.finished for weights in best.values())
    assert heard["32-true"] != heard[precision]
    assert torch.allclose(torch.tensor(heard["32-true"]), torch.tensor(heard[precision]), rtol=0.1)


def test_whoever_follows_hears_losses_and_validations(
    config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    heard: list[Step] = []
    budget = config.global_stage.optimisation.model_copy(update={"validate_every": 4})
    first = config.global_stage.model_copy(update={"optimisation": budget})
    alone = config.model_copy(update={"global_stage": first, "local_stages": ()})
    Trainer(alone, fresh(alone), tmp_path, cases[:2], cases[2:], on_step=heard.append).fit()
    assert [(step.stage, step.iteration, step.iterations) for step in heard] == [(0, n, 6) for n in range(1, 7)]
    assert [step.validated for step in heard] == [False, False, False, True, False, True]
    assert [step.validation_error_mm is None for step in heard] == [True, True, True, False, False, False]
    assert heard[0].loss == pytest.approx(float(heard[0].losses.total))
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT_NAME, "config.toml"}  # that is the fixture's


def test_learning_needs_neither_lightning_nor_tensorboard(tmp_path: Path) -> None:
    """As in the application, which has neither."""
    script = """
        import sys
        from pathlib import Path
        sys.modules |= dict.fromkeys(("lightning_fabric", "tensorboard", "matplotlib", "pandas"))  # import: ImportError
        from core.learning.checkpoints import TrainingState
        from core.learning.configuration import read_config
        from core.learning.trainer import Trainer
        from tests.support.training_fixtures import phantom_cases, write_config
        folder = Path(sys.argv[1])
        config, text = read_config(write_config(folder, 2))
        cases = phantom_cases(2)
        print(Trainer(config, TrainingState(text, list(config.landmarks)), folder, cases[:1], cases[1:]).fit())
    """
    lines = "\n".join(line.strip() for line in script.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", lines, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.strip() == "True", done.stderr


class _Strides(Tempo):
    """Steps of a length that was fixed beforehand."""

    bends = True

    def __init__(self, stride: float) -> None:
        self.length = stride

    def stride(self, position: float) -> float:
        return self.length

    def steps_left(self, rest: float) -> int:
        return round(rest / self.length)


@pytest.mark.parametrize(("stride", "steps"), [(2.0, 3), (0.5, 12), (4.0, 2)])
def test_a_schedule_that_bends_ends_with_its_rate_whatever_the_number_of_steps(
    stride: float, steps: int, config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    heard: list[Step] = []
    state = fresh(config)
    trainer = Trainer(config, state, tmp_path, cases[:2], cases[2:], tempo=_Strides(stride), on_step=heard.append)
    assert trainer.fit()
    for stage in (0, 1):
        of_stage = [step for step in heard if step.stage == stage]
        assert [step.iteration for step in of_stage] == list(range(1, steps + 1))
        assert of_stage[-1].iterations == steps
        assert of_stage[-1].validated
    assert len(state.finished) == 2


def test_a_bent_schedule_that_was_killed_before_its_stage_was_finished_goes_on_with_the_next(
    config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    """At the end of a stage a checkpoint is written before its best weights are kept."""
    written: list[tuple[int, float]] = []

    class Killed(Exception):
        pass

    class Killing(Trainer):
        def _write(self) -> None:
            super()._write()
            written.append((self.state.stage, self.state.reached))
            if self.state.stage == 0 and self.state.reached == 6:
                raise Killed

    with pytest.raises(Killed):
        Killing(config, fresh(config), tmp_path, cases[:2], cases[2:], tempo=_Strides(2.0)).fit()
    state = read_checkpoint(tmp_path)
    heard: list[Step] = []
    assert Trainer(config, state, tmp_path, cases[:2], cases[2:], tempo=_Strides(2.0), on_step=heard.append).fit()
    assert {step.stage for step in heard} == {1}
    assert state.stage == 2


def test_a_stage_that_is_ended_early_keeps_its_best_weights(
    config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    state, count = fresh(config), iter(range(1, 100))
    trainer = Trainer(config, state, tmp_path, cases[:2], cases[2:], should_stop=lambda: next(count) >= 9)
    assert not trainer.fit()  # in the second stage, which was never validated
    assert trainer.finish_early()
    assert len(state.finished) == len(state.errors_mm) == 2
    assert read_checkpoint(tmp_path).stage == 2


def test_stages_that_were_not_begun_stay_as_they_were_in_the_model_that_it_goes_on_from(
    config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    parent = fresh(config)
    Trainer(config, parent, tmp_path / "parent", cases[:2], cases[2:]).fit()
    state, count = fresh(config), iter(range(1, 100))
    state.initial, state.crops = list(parent.finished), list(parent.crops)
    trainer = Trainer(config, state, tmp_path / "child", cases[:2], cases[2:], should_stop=lambda: next(count) >= 2)
    assert not trainer.fit()
    assert trainer.finish_early()
    assert len(state.finished) == len(state.errors_mm) == 2
    assert all(torch.equal(parent.finished[1][key], state.finished[1][key]) for key in parent.finished[1])


def test_before_its_first_step_a_stage_has_nothing_to_keep(
    config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    assert not Trainer(config, fresh(config), tmp_path, cases[:2], cases[2:]).finish_early()


def test_checkpoints_of_before_schedules_could_bend_go_on_exactly(
    config: TrainingConfig, cases: list[PreparedCase], tmp_path: Path
) -> None:
    whole = fresh(config)
    Trainer(config, whole, tmp_path / "whole", cases[:2], cases[2:]).fit()
    state, count = fresh(config), iter(range(1, 100))
    Trainer(config, state, tmp_path / "old", cases[:2], cases[2:], should_stop=lambda: next(count) >= 4).fit()
    old = vars(read_checkpoint(tmp_path / "old"))
    del old["position"], old["worked_s"]
    state = TrainingState(**old)
    assert Trainer(config, state, tmp_path / "old", cases[:2], cases[2:]).fit()
    assert state.errors_mm == whole.errors_mm
