"""An image: voxels, the grid they lie on, and where both came from.

Immutable; the voxels stay in their native type. Reads no files: that is `core.images`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from core.values.grid import Grid, read_only


@dataclass(frozen=True)
class ImageSource:
    """Where an image came from. Holds no patient data beyond the path the person chose.

    Attributes
    ----------
    path
        The file that was read.
    sha256
        Hex digest of the file's bytes.
    spacing_known
        False for a PNG, JPEG, ... without a physical size: then 1 sample counts as 1 "mm" and units are px.
    original_grid
        The grid as it stood in the file, before squeezing a single slice (None where nothing was changed).
    modality
        DICOM modality code such as ``"CT"`` or ``"DX"`` where the file says so, else ``""``.
    warnings
        Sentences to show to the person: what was tolerated while reading.
    """

    path: Path
    sha256: str = ""
    spacing_known: bool = True
    original_grid: Grid | None = None
    modality: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Image:
    """One scalar image, 2D or 3D.

    Attributes
    ----------
    voxels
        ``grid.shape`` array in its native integer or float type, numpy order, read-only.
    grid
        Where the voxels are.
    source
        Where they came from.
    """

    voxels: npt.NDArray[Any]
    grid: Grid
    source: ImageSource

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape:
            raise ValueError(f"voxels have shape {self.voxels.shape} but the grid has {self.grid.shape}")
        object.__setattr__(self, "voxels", read_only(self.voxels, self.voxels.dtype))

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return self.grid.ndim

    def with_spacing(self, spacing_mm: float | Sequence[float]) -> "Image":
        """Return the same voxels with a spacing (numpy order) that a person or a model vouches for."""
        grid = Grid.from_spacing(self.grid.shape, spacing_mm)
        return replace(self, grid=grid, source=replace(self.source, spacing_known=True))
