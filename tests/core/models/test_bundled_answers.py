"""The bundled models answer on the samples what they answered when they were exported, whatever is rebuilt around them."""

import csv
import platform
from pathlib import Path

import numpy as np
import pytest

from core.base.assets import assets_folder
from core.images.file import read_image
from core.models.bundled import bundled_model_for
from core.models.file import load_model
from core.models.inference import localize

EXPECTED = Path(__file__).parent / "expected"
"""What version 1.1 of the cephalograms' model and 1.0 of the skulls' gave when the rooms were made, mm."""
TOLERANCE_MM = 1e-3 if platform.machine().lower() in ("x86_64", "amd64") else 1e-2
"""Processors add in another order."""


@pytest.mark.parametrize(
    ("ndim", "sample", "table"),
    [(2, "cephalogram.png", "cephalogram.csv"), (3, "mouse_skull.nii.gz", "mouse_skull.csv")],
)
def test_they_answer_as_ever(ndim: int, sample: str, table: str) -> None:
    with (EXPECTED / table).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    prediction = localize(
        read_image(assets_folder() / "samples" / sample), load_model(bundled_model_for(ndim)), device="cpu"
    )
    expected_mm = np.array([[float(row[f"{axis}_mm"]) for axis in "xyz"[:ndim]] for row in rows])
    assert prediction.landmarks.names == tuple(row["name"] for row in rows)
    assert prediction.warnings == ()
    assert np.abs(prediction.landmarks.points_mm - expected_mm).max() <= TOLERANCE_MM
