"""Landmarks in px as files of many images hold them, one record an image; how they find their image, names and place in it.

Opens no file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.errors import LandmarkFileError
from core.base.wording import listed
from core.landmark_files.arrangement import implied, require_unique
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.image_names import matched
from core.landmark_files.image_record import ImageRecord, base_name, one_line, sizes_text
from core.landmark_files.placing import flipped_px, mm_from_px
from core.values.grid import FloatArray
from core.values.image import Image
from core.values.landmarks import Landmarks, Status

CORNER_TO_CENTRE_PX = 0.5
"""How far the centre of the first pixel is from its corner, where labelme and CVAT count from."""


@dataclass(frozen=True)
class PxRecord:
    """The landmarks of one image in px; a `core.landmark_files.collection.Record`.

    Attributes
    ----------
    where
        The file and the place in it, for messages.
    image_name
        What the file calls the image, ``""`` where it does not say.
    points_px
        ``(L, D)`` column, row (and slice) counted from the centre of the first pixel; NaN where there is no position.
    names
        What the landmarks are called; None where the file has no names. They are then those that are wanted, else numbers.
    status
        What is said of each; by default placed with a position, and without one absent, or unplaced where none has a position.
    upwards
        Whether rows are counted from the lower edge of the image: row = height - y.
    size_px
        Pixels of the image in the order x, y (, z) as the file has it; ``()`` where it does not say.
    spacing_mm
        Pixel size in numpy order as the file has it, mm; None where it does not say.
    group
        What the cases are told apart by; ``""`` for nothing.
    warnings
        Sentences to show to the person.
    """

    where: str
    image_name: str
    points_px: FloatArray
    names: tuple[str, ...] | None = None
    status: tuple[Status, ...] = ()
    upwards: bool = False
    size_px: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] | None = None
    group: str = ""
    warnings: tuple[str, ...] = ()

    def placed(self, wanted: Wanted) -> Found:
        """Return the landmarks where the wanted image has them, in px where there is none.

        Raises
        ------
        LandmarkFileError
            The image has another rank or size, there are more or fewer points than names, or rows are counted upwards and the
            image is not known.
        """
        image, ndim = wanted.image, int(self.points_px.shape[1])
        if ndim != (wanted.ndim or ndim):
            raise LandmarkFileError(
                f"{self.where} has {ndim}D positions, but the image is {wanted.ndim}D.",
                "Open the image that they are of.",
            )
        if image is not None:
            self._check_size(image)
        elif self.upwards:
            raise LandmarkFileError(
                f"{self.where} counts from the lower edge of the image, so its positions mean nothing without the image.",
                "Open the image first, then its landmarks.",
            )
        points_px = self.points_px
        if self.upwards and image is not None:
            points_px = flipped_px(points_px, image.grid)
        points = points_px if image is None else mm_from_px(image.grid, points_px)
        located = np.asarray(np.isfinite(points_px).all(axis=1))
        anywhere = bool(located.any())
        status = self.status or tuple(implied(located=place, any_located=anywhere) for place in located.tolist())
        record = ImageRecord(one_line(base_name(self.image_name)), spacing_mm=self.spacing_mm)
        landmarks = Landmarks(self._names(wanted), points, status=status)
        return Found(landmarks, record, self.warnings, in_px=image is None)

    def _names(self, wanted: Wanted) -> tuple[str, ...]:
        count = len(self.points_px)
        if self.names is not None:
            return self.names
        names = wanted.names or tuple(str(number) for number in range(1, count + 1))
        if len(names) != count:
            raise LandmarkFileError(
                f"{self.where} has {count} positions, but there are {len(names)} landmark names.",
                "Choose the model or scheme that the file was made for.",
            )
        return names

    def _check_size(self, image: Image) -> None:
        shape = tuple(reversed(self.size_px))
        if shape and shape != image.grid.shape:
            raise LandmarkFileError(
                f"{self.where} was made on an image of {sizes_text(shape)} px, "
                f"but {image.source.path.name} has {sizes_text(image.grid.shape)} px.",
                "Use the image in its original size, or place the landmarks on the image that there is.",
            )


def px_points(points: Iterable[npt.ArrayLike], ndim: int) -> FloatArray:
    """Return points as an array ``(L, ndim)``, also where there are none."""
    return np.array(list(points), dtype=np.float64).reshape(-1, ndim)


def require_names(names: Sequence[str], where: str) -> None:
    """Refuse names of which one is empty or stands twice."""
    if not all(name.strip() for name in names):
        raise LandmarkFileError(f"{where} has a landmark without a name.", "Give every landmark its own name.")
    require_unique(names, where)


def record_of(records: Sequence[PxRecord], image: Image | None, path: Path) -> PxRecord:
    """Return the record of an image, which is the one that names it, else the only one.

    Raises
    ------
    LandmarkFileError
        There is none, or more than one.
    """
    if not records:
        raise LandmarkFileError(f"{path.name} has no landmarks.", "Choose a file with landmarks.")
    if len(records) == 1:
        return records[0]
    if image is None:
        raise LandmarkFileError(f"{path.name} has landmarks of {len(records)} images.", "Open one of the images first.")
    named = [record.image_name for record in records]
    found = matched(named, [image.source.path.name], path.name)
    if 0 not in found:
        raise LandmarkFileError(
            f"{path.name} has no landmarks of {image.source.path.name}: it has those of {listed(named, 3)}.",
            "Open one of the images that it names.",
        )
    return records[found.index(0)]
