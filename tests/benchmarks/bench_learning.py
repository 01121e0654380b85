"""``cairn learn`` beside the U-Net of ``landmarker``: the same cases, the same minutes, the same computer, one scorer.

    PYTHONPATH=. OMP_NUM_THREADS=1 .venv-peers/bin/python tests/benchmarks/bench_learning.py --task wings --minutes 20 \
        --methods unet,cairn --split test --data ../shared/data --out runs/learning [--resume]

docs/peers.md says how the environment of ``landmarker`` is made. Cairn gets a list of the cases and the minutes, as a person
would give them: planning, reading and calibrating are in its minutes. The U-Net is trained by its authors' recipe, has the same
cases to choose its weights by as Cairn keeps to check with, and its minutes begin when the images are in memory. Exit code 2
where the input is wrong.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from core.base.errors import AppError, ConfigError
from core.base.files import written_whole
from core.images.file import read_image
from core.landmark_files.file import write_landmarks
from core.learning.cases import Case, read_case_image
from core.learning.device import choose_precision
from core.learning.splits import choose_validation
from core.models.file import load_model
from core.models.inference import localize
from core.values.grid import FloatArray
from core.values.image import Image
from tests.benchmarks.learning.scores import Score, scores, to_markdown
from tests.benchmarks.learning.tasks import TASKS, Task, read_task
from tests.benchmarks.peers.record import write_json

METHODS = ("unet", "cairn")
MODEL_NAME, SCORES_NAME, ERRORS_NAME, TABLE_NAME = "model.pt", "score.json", "errors.csv", "learning.md"


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    task: str
    minutes: float
    threads: int
    methods: tuple[str, ...]
    split: str
    data: Path
    out: Path
    seed: int
    resume: bool


def say(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(options: Options) -> None:
    """Train what is not trained yet, find the landmarks of the split with it, and write the table."""
    task = read_task(options.task, options.data)
    cases = task.test if options.split == "test" else task.judge
    found = {}
    for method in options.methods:
        folder = options.out / f"{options.task} {options.minutes:g} min" / method
        kept = folder / f"{options.split} {SCORES_NAME}"
        if kept.is_file() and options.resume:
            found[method] = Score(**json.loads(kept.read_text(encoding="utf-8")))
            continue
        folder.mkdir(parents=True, exist_ok=True)
        say(f"{method} learns {task.name} for {options.minutes:g} min from {len(task.learn)} cases")
        errors = (_with_cairn if method == "cairn" else _with_unet)(task, cases, options, folder)
        found[method] = scores(errors, task.within, task.unit)
        write_json(vars(found[method]), kept)
        _write_errors(errors, cases, folder / f"{options.split} {ERRORS_NAME}")
    table = to_markdown(
        found, f"{task.name}: {options.minutes:g} min, {len(task.learn)} cases to learn from, {len(cases)} to score"
    )
    (options.out / f"{options.task} {options.minutes:g} min" / TABLE_NAME).write_text(table, encoding="utf-8")
    say(table)


def _with_cairn(task: Task, cases: Sequence[Case], options: Options, folder: Path) -> FloatArray:
    """Have ``cairn learn`` learn from a list, in a process of its own; return the errors ``(cases, L)``."""
    listed, model = write_list(task.learn, folder / "cases"), folder / MODEL_NAME
    options_of_learn = ["--minutes", f"{options.minutes:g}", "--out", str(model), "--threads", str(options.threads)]
    cairn = [sys.executable, "-c", "from app.commands.cli import main; main()"]
    command = [*cairn, "learn", str(listed), *options_of_learn, "--device", "cpu"]
    if not (options.resume and model.is_file()):
        began = time.monotonic()
        if subprocess.run(command, check=False).returncode:
            raise ConfigError("cairn learn has not come to its end.", "What it said stands above.")
        say(f"cairn took {(time.monotonic() - began) / 60:.1f} min")
    loaded = load_model(model)

    def find(image: Image) -> FloatArray:
        return localize(image, loaded, device="cpu").landmarks.subset(task.landmarks).points_mm

    return np.stack([_errors(case, find) for case in cases])


def write_list(cases: Sequence[Case], folder: Path) -> Path:
    """Write cases as a person's list, with a landmark file for each; return the list."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cases.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("image", "landmarks", "spacing"))
        for case in cases:
            image = _as_a_person_has_it(case)
            points_mm = image.grid.to_mm(read_case_image(case).grid.to_index(case.landmarks.points_mm))
            marks = folder / f"{case.name}.csv"
            write_landmarks(replace(case.landmarks, points_mm=points_mm), marks, image=image)
            said = "" if case.spacing_mm is None or case.overrules else case.spacing_mm
            writer.writerow((case.image_path.resolve(), marks.resolve(), said))
    return path


def _as_a_person_has_it(case: Case) -> Image:
    """Return the image with the pixel size of its file, where that says one, rather than one that a task puts in its place."""
    return read_image(case.image_path) if case.overrules else read_case_image(case)


def _with_unet(task: Task, cases: Sequence[Case], options: Options, folder: Path) -> FloatArray:
    """Train the U-Net by its recipe; return the errors ``(cases, L)``."""
    from tests.benchmarks.peers.heatmap_peers import StaticUNet, VolumeUNet
    from tests.benchmarks.peers.letterbox import square_case
    from tests.benchmarks.peers.peer_training import PeerTraining

    learn, check = choose_validation(task.learn)
    torch.manual_seed(options.seed)
    peer = (StaticUNet if task.ndim == 2 else VolumeUNet)(len(task.landmarks))
    half = task.ndim == 2 and choose_precision("auto", "cpu") == "bf16-mixed"  # volumes are slower so on processors
    training = PeerTraining(
        peer,
        [square_case(case) for case in learn],
        [square_case(case) for case in check],
        budget_s=60 * options.minutes,
        seed=options.seed,
        half=half,
        say=say,
    )
    training.run(folder)
    return np.stack([_errors(case, peer.localize_mm) for case in cases])


def _errors(case: Case, find: Callable[[Image], FloatArray]) -> FloatArray:
    """Return ``(L,)`` how far what was found in an image lies from the truth, in the case's unit; infinite where nothing was."""
    truth = read_case_image(case)
    image = _as_a_person_has_it(case)
    try:
        found_index = image.grid.to_index(find(image))
    except AppError:
        return np.full(len(case.landmarks), np.inf)
    errors = np.linalg.norm(truth.grid.to_mm(found_index) - case.landmarks.points_mm, axis=1)
    return np.where(np.isfinite(errors), errors, np.inf)


def _write_errors(errors: FloatArray, cases: Sequence[Case], path: Path) -> None:
    """Keep each error, so that other figures can be made of them."""
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("case", *cases[0].landmarks.names))
        writer.writerows(
            (case.name, *(f"{error:.4f}" for error in row)) for case, row in zip(cases, errors, strict=True)
        )


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="cairn learn beside the U-Net of landmarker.")
    parser.add_argument("--task", choices=tuple(TASKS), required=True)
    parser.add_argument("--minutes", type=float, default=20.0, help="for each method")
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    parser.add_argument("--methods", type=_methods, default=METHODS, help="some of unet,cairn")
    parser.add_argument("--split", choices=("judge", "test"), default="judge", help="test only for final figures")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is kept")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--resume", action="store_true", help="keep what was scored before, and Cairn's model, where it stands"
    )
    return Options(**vars(parser.parse_args(arguments)))


def _methods(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no method {', '.join(unknown)}; use some of {', '.join(METHODS)}")
    return names


def main() -> int:
    """Run the comparison; return the exit code."""
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    try:
        if "unet" in options.methods and not (find_spec("landmarker") and find_spec("monai")):
            raise ConfigError(
                "landmarker or monai is not installed.", "Make the environment that docs/peers.md describes."
            )
        run(options)
    except AppError as error:
        sys.stderr.write(f"bench_learning: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
