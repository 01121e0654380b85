"""What a picture of an image shows: a slice with landmarks, tracing and votes over it, or the 3D view; values, not yet drawn.

Everything is known in mm and px of the image; how large it becomes is said when it is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.session.free_rows import FreeDrawing
from app.session.tracing import AngleMark, TracedLine
from app.views.glyphs import Glyph
from app.views.plane_items import EdgeLetters
from app.views.scene_picture import ScenePicture
from app.views.vector_field_item import FieldPicture
from core.geometry.planes import Orientation, SlicePlane
from core.geometry.slices import extract_slice
from core.values.grid import FloatArray
from core.values.image import Image

Levels = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, width and height."""
UNITS_ACROSS = 900.0
"""Over a 2D image, shapes are as large as on a panel of so many pixels along its longer side."""
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class SlicePicture:
    """A slice, or a 2D image, with what lies over it.

    Attributes
    ----------
    image
        Whose voxels are shown; None for landmarks without their image.
    plane
        Which slice.
    levels
        Voxel values drawn black and white, the first one black.
    glyphs
        The landmarks.
    labels
        Whether their names are written.
    tracing, emphasised, angles
        Lines of the analysis, and those of the measurement that a person points at, in mm.
    field
        The votes for a landmark.
    letters
        Sides of the patient at the edges.
    orientation, crosshair_px
        Which plane of a volume it is, and where the other planes cut it.
    free
        Distances and angles that a person has drawn.
    window_px
        The part that is shown, pixels of the slice with centres at integers; the whole slice where None.
    """

    image: Image | None
    plane: SlicePlane
    levels: Levels = (0.0, 1.0)
    glyphs: tuple[Glyph, ...] = ()
    labels: bool = True
    tracing: tuple[TracedLine, ...] = ()
    emphasised: tuple[FloatArray, ...] = ()
    angles: tuple[AngleMark, ...] = ()
    field: FieldPicture | None = None
    letters: EdgeLetters | None = None
    orientation: Orientation = Orientation.AXIAL
    crosshair_px: tuple[float, float] | None = None
    free: tuple[FreeDrawing, ...] = ()
    window_px: Box | None = None

    @property
    def shown_px(self) -> Box:
        """The part that is shown."""
        columns, rows = self.plane.size_px
        return (-0.5, -0.5, float(columns), float(rows)) if self.window_px is None else self.window_px

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height of what is shown, in mm; in px where the pixel size is not known."""
        _, _, width_px, height_px = self.shown_px
        width_mm, height_mm = self.plane.pixel_size_mm
        return width_px * width_mm, height_px * height_mm

    def grey(self) -> npt.NDArray[np.uint8] | None:
        """Return the ``(rows, columns)`` of the whole slice in 8 bit grey; None without an image."""
        if self.image is None:
            return None
        return grey_of(extract_slice(self.image, self.plane, min(self.levels)), self.levels)


Picture = SlicePicture | ScenePicture


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures beside each other, and how large they are drawn.

    Attributes
    ----------
    size_px
        Width and height.
    parts
        Where each picture lies, in the same px, and what it shows.
    unit_px
        Pixels of the sheet for one pixel of a screen, by which glyphs, lines and letters are sized.
    mm_per_px
        Physical size of a pixel of the sheet; None where it is not known, or differs between parts.
    """

    size_px: tuple[int, int]
    parts: tuple[tuple[Box, Picture], ...]
    unit_px: float
    mm_per_px: float | None = None


def flat_sheet(picture: SlicePicture, factor: int = 1) -> Sheet:
    """Return a 2D image at ``factor`` times its resolution; pixels that are no squares become squares of their shorter side."""
    width_mm, height_mm = picture.size_mm
    pixel_mm = min(picture.plane.pixel_size_mm) / factor
    size_px = max(1, round(width_mm / pixel_mm)), max(1, round(height_mm / pixel_mm))
    known = picture.image is not None and picture.image.source.spacing_known
    box = (0.0, 0.0, float(size_px[0]), float(size_px[1]))
    return Sheet(size_px, ((box, picture),), max(size_px) / UNITS_ACROSS, pixel_mm if known else None)


def panels_sheet(parts: Sequence[tuple[Box, Picture]], longest_px: int) -> Sheet:
    """Return panels as they lie on the screen, enlarged or made smaller until the longer side is ``longest_px``."""
    width = max(left + wide for (left, _, wide, _), _ in parts)
    height = max(top + high for (_, top, _, high), _ in parts)
    scale = longest_px / max(width, height)
    scaled = tuple(((x * scale, y * scale, w * scale, h * scale), picture) for (x, y, w, h), picture in parts)
    return Sheet((max(1, round(width * scale)), max(1, round(height * scale))), scaled, scale)


def grey_of(pixels: npt.NDArray[np.generic], levels: Levels) -> npt.NDArray[np.uint8]:
    """Return pixels ``(rows, columns)`` in 8 bit grey: ``levels[0]`` black, ``levels[1]`` white, NaN black."""
    black, white = levels
    factor = np.float32(255 / (white - black)) if white != black else np.float32(0)
    grey = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), _ROWS_AT_ONCE):  # a large film is not copied as float all at once
        part = (np.asarray(pixels[top : top + _ROWS_AT_ONCE], np.float32) - np.float32(black)) * factor
        grey[top : top + _ROWS_AT_ONCE] = np.rint(np.nan_to_num(np.clip(part, 0, 255), nan=0.0))
    return grey
