"""What is kept of a training: how long, how many steps, and where the weights were chosen.

One JSON file per method, written whole, by which an interrupted comparison knows what is done. No networks here.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from core.base.files import written_whole

RECORD_NAME = "training.json"

Say = Callable[[str], None]
"""Tells the person at the terminal how it goes."""


@dataclass(frozen=True)
class TrainingRecord:
    """How one method was trained.

    Attributes
    ----------
    parameters
        Number of weights.
    minutes
        Wall time from the moment that the images were in memory, validation included.
    steps
        Optimisation steps of each stage.
    step_s
        Mean wall time of a step of each stage, seconds.
    batch
        Images of each step of each stage.
    validation_error_mm
        Mean radial error of the kept weights on images 141 to 150; None where there was no time to validate.
    note
        What a reader must know; may be empty.
    """

    parameters: int
    minutes: float
    steps: tuple[int, ...]
    step_s: tuple[float, ...]
    batch: tuple[int, ...]
    validation_error_mm: float | None
    note: str = ""


def write_json(value: object, path: Path) -> None:
    """Write ``value`` whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_record(record: TrainingRecord, folder: Path) -> None:
    """Keep the record of a finished training in its folder."""
    write_json(asdict(record), folder / RECORD_NAME)


def read_record(folder: Path) -> TrainingRecord | None:
    """Return the record of the training in ``folder``; None where it is not finished."""
    path = folder / RECORD_NAME
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    lists = {key: tuple(found[key]) for key in ("steps", "step_s", "batch")}
    return TrainingRecord(**(found | lists))


def mean(values: list[float]) -> float:
    """Return the mean, NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan
