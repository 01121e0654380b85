"""The cephalometric challenge's lists (ISBI 2015): one ``x,y`` in px per landmark, then lines with a diagnosis.

Text in, 2D landmarks out, and back. The names, which such a list lacks, come from the model or the scheme; the diagnosis is
ignored on reading, and nobody's is written.
"""

from itertools import takewhile
from pathlib import Path

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.contract import Found, Wanted, Written
from core.landmark_files.placing import mm_from_px, px_from_mm
from core.landmark_files.precision import PX_DECIMALS, fixed_text
from core.values.landmarks import Landmarks


def read_challenge(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of a list.

    Raises
    ------
    LandmarkFileError
        There are no names, or not as many as positions; the image is a volume; a line is not a position.
    """
    if wanted.names is None or wanted.ndim == 3:
        raise LandmarkFileError(
            f"{path.name} is a list of 2D positions without names.",
            "Open it together with a 2D model or scheme that has names.",
        )
    lines = text.splitlines()
    positions = list(takewhile(lambda line: "," in line, lines))
    points: list[list[float]] = []
    for number, line in enumerate(positions, start=1):
        try:
            point = [float(part) for part in line.split(",")]
        except ValueError:
            point = []
        if len(point) != 2 or not np.isfinite(point).all():
            raise LandmarkFileError(
                f'{path.name}: line {number} is not "x,y" in px.', "Correct the line and try again."
            )
        points.append(point)
    if any("," in line for line in lines[len(positions) :]):
        raise LandmarkFileError(
            f'{path.name}: line {len(positions) + 1} is not "x,y" in px, but positions follow it.',
            "Correct the line and try again.",
        )
    if len(points) != len(wanted.names):
        raise LandmarkFileError(
            f"{path.name} has {len(points)} positions, but there are {len(wanted.names)} landmark names.",
            "Choose the model or scheme that the file was made for.",
        )
    px = np.array(points, dtype=np.float64).reshape(-1, 2)
    landmarks = Landmarks(wanted.names, px if wanted.image is None else mm_from_px(wanted.image.grid, px))
    return Found(landmarks, in_px=wanted.image is None)


def write_challenge(landmarks: Landmarks, written: Written) -> str:
    """Return a list of landmarks that all have a position, in their order.

    Raises
    ------
    LandmarkFileError
        One has none, or the image is not known.
    """
    if written.image is None or not landmarks.located.all():
        raise LandmarkFileError(
            "A list of the challenge holds positions in px of all landmarks.", "Save as .csv or .tps instead."
        )
    px = px_from_mm(written.image.grid, landmarks.points_mm)
    return "".join(f"{fixed_text(x, PX_DECIMALS)},{fixed_text(y, PX_DECIMALS)}\n" for x, y in px)
