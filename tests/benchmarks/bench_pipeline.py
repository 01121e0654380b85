"""Whether the device has to wait for data: how fast crops are made, and how fast the networks learn from them.

    OMP_NUM_THREADS=1 .venv/bin/python tests/benchmarks/bench_pipeline.py [--data DATA/cephalometric] [--device cuda]
    .venv/bin/python -m pytest tests/benchmarks/bench_pipeline.py

The script prints a table, a row per stage of the presets: how many crops a second one and two threads make while nothing
learns, how long a step of the optimisation takes, and how many crops a second it needs. Then it trains each preset for a
moment and says for how much of that time, validation included, the training waited. X-rays are those of the data set where it is
there, else phantoms; volumes are phantoms. Under pytest small phantoms only show that it runs.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from core.geometry.canonical import to_canonical
from core.learning.batches import BatchesAhead, batch_maker, default_workers
from core.learning.building import build_network, build_normalisation
from core.learning.cases import Case
from core.learning.checkpoints import TrainingState
from core.learning.configuration import TrainingConfig, landmark_names, read_config
from core.learning.device import Device, PlainDevice, choose_precision
from core.learning.phantom import make_phantom
from core.learning.prepared_cases import PreparedCase, compact, mean_shape_of, prepare_cases, with_rotation
from core.learning.sampling import Batch, StageCase
from core.learning.session import StageSession
from core.learning.team import Team
from core.learning.trainer import Trainer
from core.values.landmarks import Landmarks
from training.datasets.reading import default_root, read_cases
from training.distribution.processes import Placement
from training.evaluation.hardware import device_in_words
from training.run import choose_training_device

PRESETS = Path(__file__).resolve().parents[2] / "training" / "presets"
FULL = {"cephalometric": ((600, 484), 0.4), "mouse-skull": ((94, 75, 75), 0.3)}
"""Shape and spacing in mm of the phantoms: as much to see as in an X-ray of 240 x 194 mm and a skull in micro-CT."""
SMALL = {"cephalometric": ((75, 60), 3.2), "mouse-skull": ((24, 20, 20), 1.2)}
CASES = 3
MEASURED_S = 2.0
"""How long each rate is measured."""
TRAINED_S = 4.0
"""About how long each stage is trained to see how long it waits."""


class Row(NamedTuple):
    """What one stage costs: crops in a batch, batches a second made by one and two threads, and seconds a step."""

    preset: str
    stage: int
    crops: int
    batches_per_s: tuple[float, float]
    step_s: float


# --- cases ---


def preset_of(name: str) -> TrainingConfig:
    """Read one of the presets."""
    return read_config(PRESETS / f"{name}.toml")[0]


def phantom_cases(config: TrainingConfig, shape: Sequence[int], spacing_mm: float) -> list[PreparedCase]:
    """Make phantoms; the landmarks of a preset, more than they have, share their positions."""
    names = landmark_names(config)[0]
    normalisation = build_normalisation(config)
    prepared = []
    for seed in range(CASES):
        phantom, marks = make_phantom(config.ndim, seed, shape, spacing_mm)
        image = to_canonical(phantom)
        points_mm = np.resize(marks.points_mm, (len(names), config.ndim))
        prepared.append(
            PreparedCase(
                Case(f"phantom {seed}", Path(f"phantom-{seed}"), Landmarks(names, points_mm)),
                compact(normalisation(torch.from_numpy(image.voxels.astype("float32"))), normalisation.kind),
                torch.tensor(image.grid.spacing_mm, dtype=torch.float32),
                torch.tensor(image.grid.to_index(points_mm), dtype=torch.float32),
            )
        )
    return prepared


def cases_for(name: str, config: TrainingConfig, data: Path | None) -> tuple[str, list[PreparedCase]]:
    """Return what the images are, and some: of the data set in ``data`` where it is there."""
    if data is not None and data.is_dir():
        cases = read_cases(config.data.kind, data, "train", landmark_names(config)[0])
        return "X-rays of the data set", prepare_cases(cases[:CASES], build_normalisation(config))
    return "phantoms", phantom_cases(config, *FULL[name])


# --- measured ---


class Bench:
    """One stage of a preset, ready to make batches and to learn from them."""

    def __init__(self, config: TrainingConfig, stage: int, cases: Sequence[PreparedCase], device: Device) -> None:
        self.config = config
        self.stage = stage
        settings = config.stage(stage)
        shape_mm = mean_shape_of(cases)
        seen: list[StageCase] = [case.at_spacing(settings.spacing_mm) for case in cases]
        if config.in_mean_pose(stage):
            pairs = zip(seen, cases, strict=True)
            seen = [with_rotation(case, prepared, torch.tensor(shape_mm)) for case, prepared in pairs]
        crop = int(config.local_stages[stage - 1].crop) if stage else 0  # no preset leaves it to the training
        items = range(settings.optimisation.batch)
        self.make: Callable[[int], Batch] = batch_maker(config, stage, seen, items, crop, shape_mm)
        state = TrainingState("", list(landmark_names(config)[0]), stage)
        network = build_network(config, stage, len(state.landmarks))
        self.session = StageSession(network, settings, state, device, Team())

    def batches_per_s(self, workers: int, measured_s: float = MEASURED_S) -> float:
        """Return how many batches a second ``workers`` threads make while nobody learns."""
        self.make(0)
        count, started = 0, time.perf_counter()
        with closing(iter(BatchesAhead(self.make, range(10**6), workers))) as coming:
            while time.perf_counter() - started < measured_s:
                next(coming)
                count += 1
            return count / (time.perf_counter() - started)

    def step_s(self, measured_s: float = MEASURED_S) -> float:
        """Return how long a step of the optimisation takes on a batch that is there."""
        batch = self.make(0)
        self.session.step(batch, 0)
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < measured_s:
            self.session.step(batch, count)
            count += 1
        return (time.perf_counter() - started) / count


def rows(name: str, config: TrainingConfig, cases: Sequence[PreparedCase], device: Device) -> Iterator[Row]:
    """Measure all stages of a preset."""
    for stage in range(1 + len(config.local_stages)):
        bench = Bench(config, stage, cases, device)
        crops = bench.make(0).images.flatten(0, 1).shape[0]
        made = (bench.batches_per_s(1), bench.batches_per_s(2))
        yield Row(name, stage, crops, made, bench.step_s())


def shortened(config: TrainingConfig, iterations: Sequence[int]) -> TrainingConfig:
    """Return a preset with so many iterations per stage, validated once at the end."""
    stages = []
    for stage, count in enumerate(iterations):
        settings = config.stage(stage)
        budget = settings.optimisation.model_copy(update={"iterations": count, "validate_every": count})
        stages.append(settings.model_copy(update={"optimisation": budget}))
    return config.model_copy(update={"global_stage": stages[0], "local_stages": tuple(stages[1:])})


def waited(config: TrainingConfig, cases: Sequence[PreparedCase], device: Device, workers: int) -> tuple[float, float]:
    """Train ``config`` and return how long that took and for how much of it the training waited, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        state = TrainingState("", list(landmark_names(config)[0]))
        trainer = Trainer(config, state, Path(folder), cases, cases[:1], device=device, workers=workers)
        started = time.perf_counter()
        trainer.fit()
        return time.perf_counter() - started, trainer.waited_s


# --- under pytest ---


@pytest.fixture(scope="module")
def device() -> Device:
    return PlainDevice()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("name", "stage"), [("cephalometric", 0), ("cephalometric", 1), ("mouse-skull", 1)])
def test_batches(benchmark: Any, device: Device, name: str, stage: int, workers: int) -> None:
    config = preset_of(name)
    bench = Bench(config, stage, phantom_cases(config, *SMALL[name]), device)
    made = benchmark.pedantic(lambda: list(BatchesAhead(bench.make, range(4), workers)), rounds=3)
    assert [len(batch.images) for batch in made] == [config.stage(stage).optimisation.batch] * 4
    assert all(torch.isfinite(batch.images).all() for batch in made)


def test_step(benchmark: Any, device: Device) -> None:
    config = preset_of("cephalometric")
    bench = Bench(config, 1, phantom_cases(config, *SMALL["cephalometric"]), device)
    batch = bench.make(0)
    losses = benchmark.pedantic(bench.session.step, (batch, 0), rounds=2)
    assert torch.isfinite(torch.as_tensor(losses.total))


def test_a_training_says_how_long_it_waited(device: Device) -> None:
    config = preset_of("cephalometric")
    cases = phantom_cases(config, *SMALL["cephalometric"])
    elapsed_s, waited_s = waited(shortened(config, [1, 1, 1]), cases, device, 1)
    assert 0 < waited_s < elapsed_s


# --- as a script ---


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Whether the device has to wait for data.")
    parser.add_argument("--data", type=Path, help="folder of the cephalometric data set")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    options = parser.parse_args()
    say = sys.stdout.write
    kind = choose_training_device(options.device, Placement())
    workers = default_workers(kind)
    say(f"{device_in_words(kind)}\n\n")
    say("| stage | crops per batch | made per second, 1 thread | 2 threads | a step takes | it needs per second |\n")
    say("| --- | ---: | ---: | ---: | ---: | ---: |\n")
    waits = []
    for name in FULL:
        config = preset_of(name)
        usual = options.data or default_root("cephalometric")
        what, cases = cases_for(name, config, usual if name == "cephalometric" else None)
        device = PlainDevice(kind, choose_precision(config.precision, kind))
        iterations = []
        for row in rows(name, config, cases, device):
            made = [f"{rate * row.crops:,.0f}" for rate in row.batches_per_s]
            where = "global" if row.stage == 0 else f"local {row.stage}"
            say(f"| {name}, {where} | {row.crops} | {made[0]} | {made[1]} | ")
            say(f"{1000 * row.step_s:,.0f} ms | {row.crops / row.step_s:,.0f} |\n")
            sys.stdout.flush()
            iterations.append(max(4, min(200, round(TRAINED_S / row.step_s))))
        elapsed_s, waited_s = waited(shortened(config, iterations), cases, device, workers)
        waits.append(
            f"{name}, {what}: a training of {' + '.join(map(str, iterations))} steps with {workers} "
            f"{'thread' if workers == 1 else 'threads'} making batches waited {waited_s:.2f} s of {elapsed_s:.1f} s, "
            f"{100 * waited_s / elapsed_s:.1f} %"
        )
    say("\n" + "\n".join(waits) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
