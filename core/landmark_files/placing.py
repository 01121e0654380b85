"""Where the numbers of a landmark file lie in an image: px and mm, another pixel size, 2D in 3D.

The only place of this room that knows what it means when file and image are of another mind about the size of a pixel.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.errors import LandmarkFileError, PixelSizeNeeded
from core.geometry.single_slice import flattened_mm, grid_in_space, lifted_mm
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.image_record import ImageRecord, sizes_text
from core.values.grid import FloatArray, Grid
from core.values.image import Image, SpacingSource
from core.values.landmarks import Landmarks

FARTHEST_OFF_MM = 1.0
"""How far off the plane of a 2D image a point of a 3D file may lie: rounding and half a thin slice, nothing more."""


def px_from_mm(grid: Grid, points_mm: npt.ArrayLike) -> FloatArray:
    """Map LPS mm ``(..., D)`` to px ``(..., D)``: continuous array indices in the order column, row, slice."""
    return np.flip(grid.to_index(points_mm), axis=-1)


def mm_from_px(grid: Grid, points_px: npt.ArrayLike) -> FloatArray:
    """Map px ``(..., D)`` (column, row, slice) to LPS mm ``(..., D)``."""
    return grid.to_mm(np.flip(np.asarray(points_px, dtype=np.float64), axis=-1))


def flipped_px(points_px: FloatArray, grid: Grid) -> FloatArray:
    """Return px ``(L, 2)`` with rows counted from the other edge of the image: upwards for those of Cairn, and back."""
    return np.column_stack([points_px[:, 0], grid.shape[0] - points_px[:, 1]])


def as_written(image: Image, record: ImageRecord, path: Path, *, mm_is_px: bool) -> Image:
    """Return the image with the pixel size that it had when a file in mm was written, so that its mm are the file's.

    Parameters
    ----------
    image
        The image as it is now.
    record
        What the file says about it.
    path
        The file, for messages.
    mm_is_px
        Whether a file that says nothing has been written with 1 mm a pixel, which is how 3D Slicer shows a picture.

    Raises
    ------
    PixelSizeNeeded
        Neither image nor file says how large a pixel is.
    """
    known = image.source.spacing_known
    if record.in_px:
        return image.with_spacing(1.0) if known else image
    if record.spacing_mm is None or len(record.spacing_mm) != image.ndim:
        if known or mm_is_px:
            return image
        raise PixelSizeNeeded(
            f"{path.name} gives positions in mm, but the pixel size of the image is not known.",
            "Set the pixel size of the image first, or read the file with 1 mm per pixel.",
        )
    if record.has_spacing_of(image) or (known and not record.has_pixels_of(image)):
        return image
    return image.with_spacing(record.spacing_mm, SpacingSource.LANDMARK_FILE)


def carried(landmarks: Landmarks, written: Image, image: Image) -> Landmarks:
    """Return landmarks in mm of an image as it was ``written`` in mm of the same pixels as they are now."""
    if written is image:
        return landmarks
    factor = np.float32(image.grid.spacing_mm.mean() / written.grid.spacing_mm.mean())
    return replace(
        landmarks,
        points_mm=image.grid.to_mm(written.grid.to_index(landmarks.points_mm)),
        spread_mm=landmarks.spread_mm * factor,
        radius_mm=landmarks.radius_mm * factor,
    )


def notes_on_size(record: ImageRecord, written: Image, image: Image, path: Path) -> tuple[str, ...]:
    """Say where the pixel size has changed since a file was written, both sizes being known."""
    if written is image or record.spacing_mm is None or not image.source.spacing_known:
        return ()
    then, now = sizes_text(record.spacing_mm, ".4g"), sizes_text(image.grid.spacing_mm.tolist(), ".4g")
    changed = f"{path.name} was written with a pixel size of {then} mm, the image now has {now} mm."
    return (f"{changed} The landmarks stand on the same pixels as before.",)


def placed_in_space(landmarks: Landmarks, record: ImageRecord, path: Path, wanted: Wanted) -> Found:
    """Return the 3D landmarks of a file in mm where the wanted image, 2D or 3D, has them.

    Raises
    ------
    LandmarkFileError
        The image is 2D and a point lies off its plane, or the pixel size is needed and not known.
    """
    image, ndim = wanted.image, wanted.ndim
    if image is None:
        return Found(_flat(landmarks, None, path) if ndim == 2 else landmarks, record, in_px=record.in_px)
    anywhere = bool(landmarks.located.any())
    written = as_written(image, record, path, mm_is_px=wanted.mm_is_px or not anywhere)
    flat = _flat(landmarks, written, path) if image.ndim == 2 else landmarks
    return Found(carried(flat, written, image), record, notes_on_size(record, written, image, path))


def in_space(landmarks: Landmarks, image: Image | None) -> Landmarks:
    """Return landmarks in 3D; those of a 2D image where its slice stands in space, or at z = 0."""
    if landmarks.ndim == 3:
        return landmarks
    grid = grid_in_space(image) if image is not None else None
    if image is None or grid is None:
        depth = np.where(landmarks.located, 0.0, np.nan)
        return replace(landmarks, points_mm=np.column_stack([landmarks.points_mm, depth]))
    return replace(landmarks, points_mm=lifted_mm(landmarks.points_mm, image, grid))


def _flat(landmarks: Landmarks, image: Image | None, path: Path) -> Landmarks:
    """Return 3D landmarks of a 2D image in its plane: the opposite of `in_space`; refuse what belongs to a volume."""
    grid = grid_in_space(image) if image is not None else None
    if image is None or grid is None:
        points_mm = landmarks.points_mm[:, :2]
        depths_mm = np.abs(landmarks.points_mm[:, 2])
    else:
        points_mm = flattened_mm(landmarks.points_mm, image, grid)
        depths_mm = np.linalg.norm(landmarks.points_mm - lifted_mm(points_mm, image, grid), axis=1)
    if (depths_mm > FARTHEST_OFF_MM).any():
        raise LandmarkFileError(
            f"{path.name} has points up to {np.nanmax(depths_mm):.3g} mm off the plane, but the image is 2D.",
            "Open the volume or the slice that they belong to.",
        )
    return replace(landmarks, points_mm=points_mm)
