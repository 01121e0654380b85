"""Going on from the cephalograms' model with another doctor's definition of three landmarks: what it learns, what it forgets.

    PYTHONPATH=. OMP_NUM_THREADS=2 python tests/benchmarks/bench_corrections.py --minutes 10 --judge validation \
        --data ../shared/data/cephalometric --out runs/corrections

Twenty of the training X-rays get A, B and Go moved by 3 mm, each always in the same direction. ``cairn learn --from`` goes on
with them as a person would, and model and child are held against X-rays that neither learnt from, moved likewise. Exit code 2
where the input is wrong.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.base.errors import AppError, ConfigError
from core.base.files import written_whole
from core.learning.cases import Case, read_case_image
from core.models.bundled import bundled_model_for
from core.models.file import load_model
from core.models.inference import localize
from core.values.grid import FloatArray
from tests.benchmarks.bench_learning import write_list
from training.datasets.cephalometric import read_cephalometric

MOVED_MM = {"Subspinale": (-1.5, 2.6), "Supramentale": (0.0, 3.0), "Gonion": (-2.12, -2.12)}
"""Along x and y: 3 mm, for A up and back along the contour, for B down, for Go up and back."""
CORRECTED = tuple(range(0, 140, 7))
"""Which of the 140 training X-rays somebody has corrected: 20, spread over all."""


@dataclass(frozen=True)
class Forgetting:
    """Mean radial errors of a model, mm.

    Attributes
    ----------
    moved, others
        Of the landmarks whose definition was moved, against the new one; of all others.
    landmarks
        Of each landmark.
    """

    moved: float
    others: float
    landmarks: dict[str, float]


def moved_case(case: Case) -> Case:
    """Return a case as the doctor with the other definition marks it."""
    points_mm = case.landmarks.points_mm.copy()
    for name, off_mm in MOVED_MM.items():
        points_mm[case.landmarks.names.index(name)] += off_mm
    return replace(case, landmarks=replace(case.landmarks, points_mm=points_mm), observers=())


def forgetting(errors_mm: FloatArray, names: Sequence[str]) -> Forgetting:
    """Return what ``(N, L)`` errors say."""
    means = errors_mm.mean(axis=0)
    is_moved = np.array([name in MOVED_MM for name in names])
    each = {name: round(float(mean), 3) for name, mean in zip(names, means, strict=True)}
    return Forgetting(float(means[is_moved].mean()), float(means[~is_moved].mean()), each)


def errors_of(model_path: Path, cases: Sequence[Case]) -> FloatArray:
    """Return the radial errors ``(N, L)`` of a model, mm."""
    model = load_model(model_path)
    rows = []
    for case in cases:
        found = localize(read_case_image(case), model, device="cpu").landmarks.subset(case.landmarks.names)
        rows.append(np.linalg.norm(found.points_mm - case.landmarks.points_mm, axis=1))
    return np.stack(rows)


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Going on from the cephalograms' model with other definitions.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--judge", choices=("validation", "test1"), default="validation", help="test1 for final figures"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the challenge")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is kept")
    parser.add_argument("--child", type=Path, help="only judge this model, which has gone on")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> str:
    """Go on and judge; return the table."""
    parent, child = bundled_model_for(2), options.child
    if child is None:
        child = options.out / "child.pt"
        train = read_cephalometric(options.data, "train")
        listed = write_list([moved_case(train[number]) for number in CORRECTED], options.out / "cases")
        cairn = (sys.executable, "-c", "import sys; from app.commands.cli import run; sys.exit(run(sys.argv[1:]))")
        wishes = ("--minutes", options.minutes, "--threads", options.threads, "--device", "cpu")
        command = (*cairn, "learn", listed, "--from", parent, "--out", child, *wishes)
        if subprocess.run([str(word) for word in command], check=False).returncode:
            raise ConfigError("cairn learn has not come to its end.", "What it said stands above.")
    cases = [moved_case(case) for case in read_cephalometric(options.data, options.judge)]
    names = cases[0].landmarks.names
    before, after = (forgetting(errors_of(path, cases), names) for path in (parent, child))
    with written_whole(options.out / f"corrections-{options.judge}.json") as temporary:
        temporary.write_text(json.dumps({"before": vars(before), "after": vars(after)}, indent=1), encoding="utf-8")
    return to_markdown(before, after, len(cases))


def to_markdown(before: Forgetting, after: Forgetting, cases: int) -> str:
    """Return what changed as a table."""
    rows = [
        ("A, B and Go, against the new definition", before.moved, after.moved),
        *((f"{name}", before.landmarks[name], after.landmarks[name]) for name in MOVED_MM),
        ("the others", before.others, after.others),
    ]
    lines = [f"| mean error on {cases} X-rays, mm | before | after |", "| --- | ---: | ---: |"]
    return "\n".join([*lines, *(f"| {name} | {one:.2f} | {other:.2f} |" for name, one, other in rows)])


def main() -> int:
    """Run the benchmark; return the exit code."""
    try:
        sys.stdout.write(run(parse_options()) + "\n")
    except AppError as error:
        sys.stderr.write(f"bench_corrections: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
