"""How long each part of a localization takes, and how near the networks come to what the device can compute at all.

    .venv/bin/python tests/benchmarks/bench_inference.py [--rounds 15] [--threads 2] [--device cuda] [--model M.pt --image I]
    PYTHONPATH=. .venv-peers/bin/python tests/benchmarks/bench_inference.py  # beside landmarker's networks: docs/peers.md
    .venv/bin/python -m pytest tests/benchmarks/bench_inference.py

The script prints a table per bundled model. Everything takes turns, round by round, and counts with its median, so that
whatever else the computer does hits all alike. Work is the networks' convolutions, two operations per multiplication and
addition; resampling, normalisation and voting are time without work. The rate of the device is the fastest of some large
convolutions of the model's rank; a matrix product stands beside it. Memory is what a fresh process holds at most.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from core.base.assets import assets_folder
from core.images.file import read_image
from core.models.bundled import bundled_model_for
from core.models.file import Model, load_model
from core.models.inference import analysed_image, choose_device, localize, to_tensor
from core.values.image import Image
from tests.benchmarks.bench_volumes import peak_bytes
from training.evaluation.hardware import device_in_words

SAMPLES = {2: "cephalogram.png", 3: "mouse_skull.nii.gz"}
CONVOLUTIONS = {2: ((64, 256), (128, 128), (256, 64)), 3: ((32, 48), (64, 32), (128, 16))}
"""By rank: channels and side of the images, four of them, of the convolutions that show what the device can do."""
MATRIX = 2048
"""Side of the matrices of the product."""
WARM_UP = 3
"""Rounds that do not count."""


@dataclass
class Timings:
    """Seconds and floating-point operations of the parts of one localization, by their names."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    operations: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def measure(self, name: str, run: Callable[[], Any], device: str) -> Any:
        """Run once, until the device has finished, and take the time."""
        started = time.perf_counter()
        answer = run()
        if device != "cpu":
            torch.accelerator.synchronize()
        self.seconds[name].append(time.perf_counter() - started)
        return answer

    def median_s(self, name: str) -> float:
        """Return the median of the rounds that count."""
        return median(self.seconds[name][WARM_UP:])

    def rate(self, name: str) -> float:
        """Return the operations a second."""
        return self.operations[name] / self.median_s(name)


def _convolutions_in(counted: FlopCounterMode) -> float:
    """Return the operations of the convolutions among what was counted."""
    counts = counted.get_flop_counts().get("Global", {})
    return float(sum(count for operation, count in counts.items() if "convolution" in str(operation)))


def reference_runs(ndim: int, device: str) -> Iterator[tuple[str, float, Callable[[], Any]]]:
    """Give name, operations and run of what shows the rates of the device."""
    kind = nn.Conv2d if ndim == 2 else nn.Conv3d
    layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
    for channels, side in CONVOLUTIONS[ndim]:
        for form in (torch.contiguous_format, layout):
            layer = kind(channels, channels, 3, padding=1, bias=False, device=device).to(memory_format=form)
            images = torch.randn(4, channels, *[side] * ndim, device=device).contiguous(memory_format=form)
            operations = 2.0 * channels**2 * 3**ndim * images.numel() / channels
            name = f"convolution {channels}, {side}, {str(form).rpartition('.')[2]}"
            yield name, operations, lambda layer=layer, images=images: layer(images)
    matrix = torch.randn(MATRIX, MATRIX, device=device)
    yield "matrix product", 2.0 * MATRIX**3, lambda: matrix @ matrix


def stage_runs(module: Any, image: Image, model: Model, device: str, timings: Timings, *, count: bool) -> None:
    """Run the parts of one localization one by one, as `core.models.inference` does; ``count`` operations rather than seconds."""

    def part(name: str, run: Callable[[], Any], *, networks: bool = False) -> Any:
        if not count:
            return timings.measure(name, run, device)
        if not networks:
            return run()
        with FlopCounterMode(display=False) as counted:
            answer = run()
        timings.operations[name] = _convolutions_in(counted)
        return answer

    analysed = analysed_image(image, model)
    spacing_mm = torch.tensor(analysed.grid.spacing_mm, dtype=torch.float32, device=device)
    voxels = part("voxels to the device", lambda: to_tensor(analysed.voxels).to(device))
    prepared = part("normalisation", lambda: module.prepare(voxels))
    stages = [part("global stage", lambda: module.global_stage(prepared, spacing_mm, 0), networks=True)]
    for stage in range(1, module.stage_count()):
        points_index = stages[-1].points_index
        run = partial(module.local_stage, prepared, spacing_mm, stage, points_index)
        stages.append(part(f"local stage {stage}", run, networks=True))
    part("conclusion", lambda: module.conclude(stages, spacing_mm))


def peer_runs(ndim: int, image: Image, landmarks: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give landmarker's networks, untrained, from decoded pixels to mm, where it is installed and the image is 2D."""
    if ndim != 2 or not (find_spec("landmarker") and find_spec("monai")):
        return
    from tests.benchmarks.peers.heatmap_peers import PEERS

    for name, build in PEERS.items():
        peer = build(landmarks)
        peer.network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        yield name, lambda peer=peer: peer.localize_mm(image)


def measure(model: Model, image: Image, device: str, rounds: int) -> tuple[Timings, list[str], list[str]]:
    """Measure everything in turn; return the timings and the names of references and peers."""
    timings = Timings()
    references = list(reference_runs(image.ndim, device))
    peers = list(peer_runs(image.ndim, image, len(model.info.landmarks)))
    for name, operations, _ in references:
        timings.operations[name] = operations
    module = model.on(device)
    with torch.inference_mode(), torch.jit.optimized_execution(should_optimize=False):  # type: ignore[attr-defined]
        stage_runs(module, image, model, device, timings, count=True)
    for _ in range(WARM_UP + rounds):
        with torch.inference_mode(), torch.jit.optimized_execution(should_optimize=False):  # type: ignore[attr-defined]
            for name, _operations, run in references:
                timings.measure(name, run, device)
            stage_runs(module, image, model, device, timings, count=False)
        timings.measure("localize", lambda: localize(image, model, device=device), device)
        for name, run in peers:
            timings.measure(name, run, "cpu")
    return timings, [name for name, _, _ in references], [name for name, _ in peers]


def table(model: Model, image: Image, device: str, rounds: int) -> Iterator[str]:
    """Measure and give the lines of the table of one model."""
    timings, references, peers = measure(model, image, device, rounds)
    stages = [name for name in timings.seconds if name not in {*references, *peers, "localize"}]
    timings.operations["localize"] = sum(timings.operations[name] for name in stages)
    fastest = max(references[:-1], key=timings.rate)
    yield f"{model.info.title} on {image.source.path.name} ({' x '.join(map(str, reversed(image.grid.shape)))})"
    yield ""
    yield "| part | ms | GFLOP | GFLOP/s | of the convolution |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name in (*stages, "localize", fastest, references[-1], *peers):
        work, rate, share = "", "", ""
        if timings.operations.get(name):
            work, rate = f"{timings.operations[name] / 1e9:.1f}", f"{timings.rate(name) / 1e9:.0f}"
        if work and name not in references:
            share = f"{timings.rate(name) / timings.rate(fastest):.0%}"
        yield f"| {name} | {1e3 * timings.median_s(name):.1f} | {work} | {rate} | {share} |"
    yield ""
    for name in peers:
        yield f"{name} takes {timings.median_s(name) / timings.median_s('localize'):.1f} times as long as localize."


def measure_memory(model: Path, image_path: Path, device: str) -> tuple[float, float]:
    """Return the bytes that this process took at most before and during a first localization."""
    loaded, image = load_model(model), read_image(image_path)
    before = peak_bytes()
    localize(image, loaded, device=device)
    return before, float(torch.cuda.max_memory_allocated()) if device == "cuda" else peak_bytes()


def memory_line(model: Path, image: Path, device: str) -> str:
    """Measure the memory in a fresh process."""
    command = [sys.executable, "-W", "ignore", __file__, "--memory-of", str(model), str(image), "--device", device]
    before, peak = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    if device == "cuda":
        return f"Memory on the device: {peak / 1e6:.0f} MB."
    return f"Memory: {peak / 1e6:.0f} MB at most, {before / 1e6:.0f} MB of them before the run."


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model", type=Path, help="a model file in place of the bundled ones; needs --image")
    parser.add_argument("--image", type=Path)
    parser.add_argument("--memory-of", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    if options.memory_of:
        say(json.dumps(measure_memory(*options.memory_of, device)))
        return 0
    if (options.model is None) != (options.image is None):
        parser.error("--model and --image belong together")
    pairs = [(options.model, options.image)]
    if options.model is None:
        pairs = [(bundled_model_for(ndim), assets_folder() / "samples" / name) for ndim, name in SAMPLES.items()]
    say(f"{device_in_words(device)}, torch {torch.__version__}, medians of {options.rounds} rounds\n")
    for model, image in pairs:
        for line in table(load_model(model), read_image(image), device, options.rounds):
            say(line)
        say(memory_line(model, image, device) + "\n")
    return 0


@pytest.mark.parametrize("ndim", [2, 3])
def test_localizing_a_sample(benchmark: Any, ndim: int) -> None:
    model, image = load_model(bundled_model_for(ndim)), read_image(assets_folder() / "samples" / SAMPLES[ndim])
    prediction = benchmark.pedantic(lambda: localize(image, model), rounds=3, warmup_rounds=1)
    assert len(prediction.landmarks) == len(model.info.landmarks)


def test_the_table_accounts_for_the_whole_run() -> None:
    model, image = load_model(bundled_model_for(2)), read_image(assets_folder() / "samples" / SAMPLES[2])
    timings, references, _ = measure(model, image, "cpu", 3)
    stages = ("voxels to the device", "normalisation", "global stage", "local stage 1", "local stage 2", "conclusion")
    assert timings.median_s("localize") == pytest.approx(sum(map(timings.median_s, stages)), rel=0.5)
    assert [name for name in stages if timings.operations[name]] == ["global stage", "local stage 1", "local stage 2"]
    assert all(timings.rate(name) > 1e9 for name in references)


if __name__ == "__main__":
    sys.exit(main())
