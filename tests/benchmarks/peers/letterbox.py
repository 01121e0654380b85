"""The square image that the heatmap networks see, and the grid that leads from it back to millimetres.

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


@dataclass(frozen=True, eq=False)
class SquareCase:
    """A case as the heatmap networks learn it.

    Attributes
    ----------
    pixels
        ``(1, SIDE, SIDE)`` float32 in the image's own intensities.
    points_index
        ``(L, 2)`` float32 landmarks as index of ``pixels``.
    grid
        Where the pixels are.
    case
        Where it came from.
    """

    pixels: Tensor
    points_index: Tensor
    grid: Grid
    case: Case


def square_grid(grid: Grid, side: int = SIDE) -> Grid:
    """Return the grid of `square_pixels`: ``(side, side)`` over the image padded evenly to a square."""
    longest = max(grid.shape)
    square = grid.cropped([-((longest - length) // 2) for length in grid.shape], [longest, longest])
    return square.resampled(square.spacing_mm * (longest / side))


def square_pixels(image: Image, side: int = SIDE) -> Tensor:
    """Return a 2D image padded with zeros to a square and resized, ``(1, side, side)`` float32."""
    height, width = image.grid.shape
    longest = max(height, width)
    top, left = (longest - height) // 2, (longest - width) // 2
    pixels = torch.from_numpy(image.voxels.astype("float32"))[None, None]
    padded = torch.nn.functional.pad(pixels, (left, longest - width - left, top, longest - height - top))
    resized: Tensor = torch.nn.functional.interpolate(padded, (side, side), mode="bilinear", antialias=True)
    return resized[0]


def square_case(case: Case) -> SquareCase:
    """Read a case and make it square."""
    image = read_case_image(case)
    grid = square_grid(image.grid)
    points = torch.tensor(grid.to_index(case.landmarks.points_mm), dtype=torch.float32)
    return SquareCase(square_pixels(image), points, grid, case)
