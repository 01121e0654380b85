"""The square image, or cube, that the heatmap networks see, and the grid that leads from it back to millimetres.

The package ``landmarker`` pads an image to a square and resizes it with torchvision; here the same is done with the function
of torch that torchvision calls. Where a pixel of the result lies is `core.values.landmarks.Grid`'s, never counted by hand.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.learning.cases import Case, read_case_image
from core.values.grid import Grid
from core.values.image import Image

SIDE = 512
"""Side of the square in ``landmarker``'s notebook on these images, px."""
CUBE_SIDE = 64
"""Side of the cube for small volumes, voxels: the next multiple of the U-Net's stride."""


@dataclass(frozen=True, eq=False)
class SquareCase:
    """A case as the heatmap networks learn it.

    Attributes
    ----------
    pixels
        ``(1, *sides)`` float32 in the image's own intensities.
    points_index
        ``(L, D)`` float32 landmarks as index of ``pixels``.
    grid
        Where the pixels are.
    case
        Where it came from.
    """

    pixels: Tensor
    points_index: Tensor
    grid: Grid
    case: Case


def side_of(ndim: int) -> int:
    """Return the side of the square or cube of images of a rank."""
    return SIDE if ndim == 2 else CUBE_SIDE


def square_grid(grid: Grid, side: int | None = None) -> Grid:
    """Return the grid of `square_pixels`: all sides alike over the image padded evenly to a square or cube."""
    side = side_of(grid.ndim) if side is None else side
    longest = max(grid.shape)
    square = grid.cropped([-((longest - length) // 2) for length in grid.shape], [longest] * grid.ndim)
    return square.resampled(square.spacing_mm * (longest / side))


def square_pixels(image: Image, side: int | None = None) -> Tensor:
    """Return an image padded with zeros to a square or cube and resized, ``(1, *sides)`` float32."""
    side = side_of(image.ndim) if side is None else side
    longest = max(image.grid.shape)
    padding: list[int] = []
    for length in reversed(image.grid.shape):  # torch wants the last axis first
        before = (longest - length) // 2
        padding += [before, longest - length - before]
    pixels = torch.from_numpy(image.voxels.astype("float32"))[None, None]
    padded = torch.nn.functional.pad(pixels, padding)
    flat = image.ndim == 2
    resized: Tensor = torch.nn.functional.interpolate(
        padded, (side,) * image.ndim, mode="bilinear" if flat else "trilinear", antialias=flat
    )
    return resized[0]


def square_case(case: Case) -> SquareCase:
    """Read a case and make it square."""
    image = read_case_image(case)
    grid = square_grid(image.grid)
    points = torch.tensor(grid.to_index(case.landmarks.points_mm), dtype=torch.float32)
    return SquareCase(square_pixels(image), points, grid, case)
