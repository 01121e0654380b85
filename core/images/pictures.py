"""PNG, JPEG, TIFF and BMP files: pixels as everybody sees them, and a physical size only where it can be believed.

SimpleITK decodes; completeness, print resolution and orientation come from `core.images.header`. A picture is never a volume in
the patient: a TIFF of several pages has no known spacing.
"""

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from core.base.errors import ImageReadError
from core.images import header as image_header
from core.images.itk import AnyArray, Content, decode, one_channel
from core.values.grid import Grid
from core.values.image import SpacingSource

PICTURES = ("PNG", "JPEG", "TIFF", "BMP")


def read_picture(path: Path, kind: str, warnings: list[str]) -> Content:
    """Read a picture file whose ``kind`` is one of `PICTURES`; `ImageReadError` where it is damaged or incomplete."""
    whole = True
    if kind == "JPEG":
        whole = image_header.jpeg_is_whole(path.read_bytes())
    elif kind == "BMP":
        whole = image_header.bmp_is_whole(path.read_bytes())
    if not whole:
        raise ImageReadError(f"{path.name} is incomplete: its end is missing.", "Copy or export the image again.")
    return _content(path, kind, decode(path, kind), warnings)


def _content(path: Path, kind: str, image: sitk.Image, warnings: list[str]) -> Content:
    """Take the pixels of a PNG, JPEG, TIFF or BMP file, and its physical resolution only where that is believable."""
    voxels = one_channel(path.name, image, warnings)
    if voxels.ndim == 3:
        return Content(voxels, Grid.from_spacing(voxels.shape), spacing_source=SpacingSource.UNKNOWN)
    data = path.read_bytes()
    spacing_mm, spacing_source = _picture_spacing_mm(kind, image, data, warnings)
    voxels, (x_mm, y_mm) = _upright(path, kind, voxels, spacing_mm, data, warnings)
    return Content(voxels, Grid.from_spacing(voxels.shape, (y_mm, x_mm)), spacing_source)


def _picture_spacing_mm(
    kind: str, image: sitk.Image, data: bytes, warnings: list[str]
) -> tuple[tuple[float, float], SpacingSource]:
    """Return the pixel size ``(x, y)`` that a picture file states if it can be believed, else 1 and that it is unknown."""
    itk_mm = (image.GetSpacing()[0], image.GetSpacing()[1])
    spacing_mm: tuple[float, float] | None
    defaults_dpi: tuple[float, ...] = image_header.DEFAULT_DPI
    measured = False
    if kind == "PNG":
        stated_mm = image_header.png_spacing_mm(data)
        # SimpleITK reads the sCAL chunk, the scale of the subject itself; ITK writes 1 there when it does not know.
        measured = itk_mm != (1.0, 1.0) or stated_mm == itk_mm
        spacing_mm = itk_mm if measured else stated_mm
    elif kind == "BMP":
        spacing_mm = image_header.bmp_spacing_mm(data)
    else:
        spacing_mm, defaults_dpi = itk_mm, image_header.ITK_DEFAULT_DPI
    if spacing_mm is None or not image_header.is_believable(spacing_mm, defaults_dpi):
        return (1.0, 1.0), SpacingSource.UNKNOWN
    if measured:
        return spacing_mm, SpacingSource.FILE
    x_mm, y_mm = spacing_mm
    warnings.append(
        f"The pixel size of {x_mm:.4g} × {y_mm:.4g} mm is the print resolution in the file; check that it is the true one."
    )
    return spacing_mm, SpacingSource.PRINT_RESOLUTION


def _upright(
    path: Path,
    kind: str,
    voxels: AnyArray,
    spacing_mm: tuple[float, float],
    data: bytes,
    warnings: list[str],
) -> tuple[AnyArray, tuple[float, float]]:
    """Rotate a photograph as its file asks viewers to, so that pixels are counted as everybody sees them."""
    orientation = image_header.orientation_of(data) if kind in ("JPEG", "TIFF") else 1
    if kind == "TIFF" and orientation > 4:
        raise ImageReadError(
            f"{path.name} is stored lying on its side.", "Rotate it in an image program and save it again."
        )
    if kind == "TIFF" or orientation == 1:
        return voxels, spacing_mm  # SimpleITK has rotated the TIFF already
    warnings.append("The image was rotated as its file asks viewers to.")
    if orientation > 4:
        voxels, spacing_mm = voxels.T, (spacing_mm[1], spacing_mm[0])
    flip_rows, flip_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(voxels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]), spacing_mm
