"""Two images of one patient in a project: the later one turned and moved, and its chin grown by a known amount."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.images.file import write_image
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.image import SpacingSource
from core.values.landmarks import Landmarks, Status
from tests.support.desk_fixtures import ANNA, BEN
from tests.support.viewer_fixtures import make_image

MODEL = Reader("Test model 1", ReaderKind.MODEL)
GROWTH_MM = (1.0, 3.0)
"""How much the chin has grown, to the right and downwards on the earlier image."""
EARLIER = Landmarks(
    ("Sella", "Nasion", "Menton", "Gonion"), np.array([[14.0, 20.0], [44.0, 16.0], [40.0, 60.0], [18.0, 50.0]])
)
"""In mm of an image of 60 × 80 pixels of 1 mm."""


def grown() -> Landmarks:
    """Return the landmarks of the later image."""
    taller = EARLIER.with_point("Menton", np.add(EARLIER.point_mm("Menton"), GROWTH_MM), Status.PLACED)
    angle = np.radians(4.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return replace(taller, points_mm=taller.points_mm @ turn.T + (5.0, 2.0))


def found_by_model(landmarks: Landmarks, radius_mm: float = 0.2) -> Landmarks:
    """Return the landmarks as a model would say them, with a radius."""
    count = len(landmarks)
    known = np.full(count, radius_mm, np.float32)
    return Landmarks(
        landmarks.names,
        landmarks.points_mm,
        np.full(count, 0.99, np.float32),
        known,
        known,
        (Status.PREDICTED,) * count,
    )


def make_patient(folder: Path, *, sized: bool = True) -> Path:
    """Write a project with two images of one patient that Anna and a model have read, one of them Ben too, and an unread one.

    Parameters
    ----------
    folder
        Where images and project lie.
    sized
        Whether the pixel size of the later image is known.
    """
    path = folder / "patient.cairn"
    with Project.create(path) as project:
        cases = [NewCase(folder / f"{name}.png", name, patient_group=group) for name, group in (
            ("other", ""), ("before", "p1"), ("after", "p1"))]  # fmt: skip
        _, before, after = project.add_cases(cases)
        for case in cases:
            write_image(make_image(), case.path)
        for case_id, landmarks, known in ((before, EARLIER, True), (after, grown(), sized)):
            image = make_image()
            source = SpacingSource.PERSON if known else SpacingSource.UNKNOWN
            geometry = replace(Geometry.of(image), spacing_source=source)
            project.set_case_image(case_id, geometry, "")
            project.save_reading(Reading(case_id, MODEL, found_by_model(landmarks), geometry))
            project.save_reading(Reading(case_id, ANNA, landmarks, geometry))
        moved = EARLIER.with_point("Menton", [50.0, 70.0], Status.PLACED)
        project.save_reading(Reading(before, BEN, moved, geometry if sized else Geometry.of(make_image())))
        project.set_setting("last_open", after)
    return path
