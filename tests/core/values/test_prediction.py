"""Predictions as values."""

import numpy as np
import pytest

from core.values.grid import Grid
from core.values.prediction import VectorField


def test_a_vector_field_fits_its_cells():
    grid = Grid.from_spacing((3, 4))
    field = VectorField(np.zeros((3, 4, 2)), np.zeros((3, 4)), grid)
    assert field.displacement_mm.dtype == np.float32
    with pytest.raises(ValueError, match="cells"):
        VectorField(np.zeros((3, 4, 3)), np.zeros((3, 4)), grid)
