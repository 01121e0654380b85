"""Finds the landmarks of the same images with all methods in turn, and times each from decoded pixels to millimetres.

The methods take turns image by image in one process, and who begins changes with the image, so that whatever else the computer
does hits all alike. Landmarks are written as Cairn's own files, which `training.evaluation.evaluation` reads; an image on which
a method fails has none.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.base.errors import AppError
from core.landmark_files.file import write_landmarks
from core.learning.cases import Case, read_case_image
from core.values.grid import FloatArray
from core.values.image import Image
from core.values.landmarks import Landmarks
from tests.benchmarks.peers.record import Say

WARM_UP = 2
"""Times that each method sees the first image before it counts."""

Find = Callable[[Image], FloatArray]
"""From an image to its landmarks ``(L, D)`` in mm, in the order of the data set's; NaN where there is none."""


def landmark_folder(folder: Path, name: str) -> Path:
    """Return where the landmark files of the method ``name`` lie."""
    return folder / name / "landmarks"


def _timed(find: Find, image: Image, shape: tuple[int, ...]) -> tuple[FloatArray, float]:
    """Return the landmarks and the wall time; nothing but NaN where the method fails."""
    started = time.perf_counter()
    try:
        points_mm = find(image)
    except (AppError, ArithmeticError, LookupError, RuntimeError, ValueError):
        return np.full(shape, np.nan), math.nan
    return points_mm, time.perf_counter() - started


def localize_in_turn(
    methods: Mapping[str, Find], cases: Sequence[Case], folder: Path, say: Say
) -> dict[str, list[float]]:
    """Find the landmarks of all cases with all methods and write them below ``folder``.

    Returns
    -------
    dict
        By method: wall time of each case, seconds; NaN where the method failed.
    """
    names = list(methods)
    elapsed_s: dict[str, list[float]] = {name: [] for name in names}
    for number, case in enumerate(cases):
        image = read_case_image(case)
        for name in names * WARM_UP if number == 0 else ():
            _timed(methods[name], image, case.landmarks.points_mm.shape)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            points_mm, seconds = _timed(methods[name], image, case.landmarks.points_mm.shape)
            elapsed_s[name].append(seconds)
            found = Landmarks(case.landmarks.names, points_mm)
            write_landmarks(found, landmark_folder(folder, name) / f"{case.name}.csv", image=image, model=name)
        if (number + 1) % 10 == 0 or number + 1 == len(cases):
            so_far = ", ".join(f"{name} {statistics.median(elapsed_s[name]):.2f} s" for name in names)
            say(f"  {number + 1} of {len(cases)} images; median {so_far}")
    return elapsed_s
