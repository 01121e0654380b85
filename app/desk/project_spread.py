"""How far the readers of a project differ: from who has read what to the spread that intervals of measurements are made of.

Reads a project, in a job where a window asks; the statistics are `core.measuring.reader_spread`'s.
"""

from typing import TYPE_CHECKING

from core.measuring.file import bundled_analyses
from core.measuring.frame import Frame
from core.measuring.measure import frame_of, positions_mm
from core.measuring.reader_spread import NOTHING, ReaderSpread, spread_of
from core.project.agreement import shared_geometry
from core.project.cases import CaseQuery
from core.project.readings import ReaderKind, Reading

if TYPE_CHECKING:
    from core.project.store import Project
    from core.values.landmarks import Landmarks


def spread_in(project: "Project", ndim: int) -> ReaderSpread:
    """Return how far the persons who have read a project's images of a rank differ; nothing where fewer than two have.

    Images whose pixel size nobody knows do not count, nor those that are excluded.

    Raises
    ------
    ProjectError
        The project cannot be read.
    """
    return spreads_in(project).get(ndim, NOTHING)


def spreads_in(project: "Project") -> dict[int, ReaderSpread]:
    """Return the same for the images of each rank of which anything is known; every reading is read once."""
    persons = [reader for reader in project.readers() if reader.kind is ReaderKind.PERSON]
    if len(persons) < 2:
        return {}
    wanted = frozenset(project.case_ids(CaseQuery(excluded=False)))
    by_case: dict[int, dict[int, list[Reading]]] = {}
    for reader in persons:
        for reading in project.readings_of(reader):
            if reading.case_id in wanted:
                of_rank = by_case.setdefault(reading.geometry.grid.ndim, {})
                of_rank.setdefault(reading.case_id, []).append(reading)
    names = [reader.name for reader in persons]
    spreads = {}
    for ndim, readings_by_case in by_case.items():
        cases = [marks for readings in readings_by_case.values() if len(marks := _in_mm(readings)) > 1]
        spread = spread_of(cases, names, face_frame)
        if spread.spread_mm:
            spreads[ndim] = spread
    return spreads


def face_frame(landmarks: "Landmarks") -> Frame | None:
    """Return which way a 2D image looks, by the first of the analyses that come with Cairn whose landmarks tell it."""
    alike = (analysis for analysis in bundled_analyses() if analysis.ndim == landmarks.ndim == 2)
    frames = (frame_of(analysis, positions_mm(analysis, landmarks)) for analysis in alike)
    return next((frame for frame in frames if frame is not None), None)


def _in_mm(readings: list[Reading]) -> list["Landmarks"]:
    """Return what was said of one image on one grid in mm; nothing where its pixel size is not known."""
    geometry = shared_geometry(readings)
    alike = [reading for reading in readings if reading.geometry.grid.shape == geometry.grid.shape]
    return [reading.on(geometry) for reading in alike] if geometry.spacing_known else []
