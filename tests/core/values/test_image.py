"""Images as values: voxels that fit their grid, and a pixel size that can be replaced."""

import numpy as np
import pytest

from core.values.grid import Grid
from core.values.image import Image, ImageSource


def test_an_image_has_voxels_for_its_whole_grid_and_lets_nobody_write_them(tmp_path):
    grid, source = Grid.from_spacing((3, 4)), ImageSource(tmp_path / "x.png", spacing_known=False)
    image = Image(np.zeros((3, 4), np.uint8), grid, source)
    with pytest.raises(ValueError, match="read-only"):
        image.voxels[0, 0] = 1
    with pytest.raises(ValueError, match="shape"):
        Image(np.zeros((4, 3)), grid, source)
    known = image.with_spacing(0.1)
    assert known.source.spacing_known
    np.testing.assert_allclose(known.grid.spacing_mm, 0.1)
    assert not image.source.spacing_known
