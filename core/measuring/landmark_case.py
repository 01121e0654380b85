"""The landmarks of one image among many: what is computed with tables of cases is given. A value; reads nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.base.errors import LandmarkFileError
from core.landmark_files.image_names import told_apart
from core.values.landmarks import Landmarks

MM, PX = "mm", "px"


@dataclass(frozen=True)
class LandmarkCase:
    """The landmarks of one image.

    Attributes
    ----------
    name
        What the image is called in the project, or in the file of many; the name of a landmark file without its suffix.
    landmarks
        In ``unit``; 2D positions with y downwards, whichever way the file counts them.
    unit
        ``"mm"``, or ``"px"`` where the pixel size is not known.
    group
        What the cases are told apart by, such as a patient or a species; ``""`` for nothing.
    reader
        Of a project, who said so; ``""`` for files.
    """

    name: str
    landmarks: Landmarks
    unit: str
    group: str = ""
    reader: str = ""


def with_distinct_names(found: Sequence[tuple[LandmarkCase, str]]) -> Iterator[LandmarkCase]:
    """Yield cases, all under their longer names where two would be called the same.

    Raises
    ------
    LandmarkFileError
        Even then two are called the same.
    """
    names = told_apart([case.name for case, _ in found])
    if len({name.casefold() for name in names}) < len(names):
        names = [longer for _, longer in found]
    for number, ((case, _), name) in enumerate(zip(found, names, strict=True)):
        if name in names[:number]:
            raise LandmarkFileError(f"There are several sets of landmarks of {name}.", "Leave one of them.")
        yield replace(case, name=name)
