"""Small images made on the spot, and the check that a hostile file is refused in plain words."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from core.base.errors import ImageReadError
from core.images.file import read_image
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource

in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)


def noise(shape: tuple[int, ...], dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, shape).astype(dtype)


def make_image(voxels: np.ndarray, grid: Grid | None = None, *, spacing_known: bool = True) -> Image:
    grid = grid or Grid.from_spacing(voxels.shape)
    return Image(
        voxels,
        grid,
        ImageSource(Path("made.png"), spacing_source=SpacingSource.FILE if spacing_known else SpacingSource.UNKNOWN),
    )


def refused(path: Path, *words: str) -> None:
    """Check that a file is refused with a sentence that names it or says these words, and with a hint."""
    with pytest.raises(ImageReadError) as caught:
        read_image(path)
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)


@st.composite
def oblique_images(draw: st.DrawFn) -> sitk.Image:
    """A small SimpleITK image, 2D or 3D, anywhere in space."""
    ndim = draw(st.sampled_from([2, 3]))
    size = draw(st.tuples(*[st.integers(2, 5)] * ndim))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    image = sitk.GetImageFromArray(noise(size[::-1], np.int16))
    rotation, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
    image.SetDirection(rotation.ravel().tolist())
    image.SetSpacing(draw(st.tuples(*[st.floats(0.05, 5)] * ndim)))
    image.SetOrigin(draw(st.tuples(*[st.floats(-300, 300)] * ndim)))
    return image
