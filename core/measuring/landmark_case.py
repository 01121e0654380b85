"""The landmarks of one image among many: what is computed with tables of cases is given. A value; reads nothing."""

from dataclasses import dataclass

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
