"""What tests of the desk's panels share: a desk with a project of a few cases, and a background that does what it is told."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from psygnal import Signal

from app.desk.desk import Desk
from app.desk.events import Overall
from app.session.jobs import Jobs
from app.session.learning import Learning
from app.session.model_choice import ModelChoice
from app.session.view_state import ViewState
from core.models.image_task import ImageAnswer
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import ImageSource
from core.values.landmarks import Landmarks, Status
from tests.support.viewer_fixtures import Answers

ANNA, BEN = Reader("Anna"), Reader("Ben")
MODEL = Reader("cephalometric-19 1.1", ReaderKind.MODEL)
GEOMETRY = Geometry(Grid.from_spacing((240, 200), 0.1))
NAMES = ("sella", "nasion", "menton")


def make_landmarks(
    shift_mm: float = 0.0, status: Status = Status.PREDICTED, radii_mm: Sequence[float] = (1.0, 1.2, 1.1)
) -> Landmarks:
    points_mm = np.array([[5.0, 5.0], [12.0, 4.0], [10.0, 15.0]]) + shift_mm
    return Landmarks(
        NAMES,
        points_mm,
        np.full(3, 0.99, np.float32),
        np.full(3, 0.3, np.float32),
        np.asarray(radii_mm, np.float32),
        (status,) * 3,
    )


def make_reading(case_id: int, reader: Reader, landmarks: Landmarks | None = None) -> Reading:
    return Reading(case_id, reader, make_landmarks() if landmarks is None else landmarks, GEOMETRY)


def add_cases(project: Project, *names: str) -> list[int]:
    return project.add_cases([NewCase(project.folder / f"{name}.png", name) for name in names])


def make_answer(path: Path, landmarks: Landmarks | None = None) -> ImageAnswer:
    return ImageAnswer(
        make_landmarks() if landmarks is None else landmarks,
        GEOMETRY.grid,
        ImageSource(path, "ab" * 32),
        MODEL.name,
        "cd" * 32,
        "cpu",
        0.5,
        (),
        np.full((8, 6), 77, np.uint8),
    )


class ScriptedWork:
    """Stands in for what localizes cases in the background: keeps what it is asked for, and is told how far it is."""

    progress_changed = Signal()
    answered = Signal(int, object)

    def __init__(self) -> None:
        self.overall: Overall | None = None
        self.under_way: dict[int, float] = {}
        self.asked: list[str] = []
        self.localized: list[int] = []

    def localize(self, case_ids: Collection[int]) -> None:
        self.localized += case_ids

    def localize_new(self) -> None:
        self.asked.append("localize new")

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")

    def cancel(self) -> None:
        self.asked.append("cancel")

    def tell(self, overall: Overall) -> None:
        self.overall = overall
        self.progress_changed.emit()


def idle_learning(desk: Desk, jobs: Jobs) -> Learning:
    """Make what lets models learn, and is never asked to."""
    answers = Answers()
    models = ModelChoice(desk, jobs, answers, forget_choice=lambda: None, remembered=dict)
    return Learning(desk, jobs, answers, ViewState(), models)


def open_desk(jobs: Jobs, path: Path) -> Desk:
    """Make a desk that opens the project at ``path``; wait until it has."""
    desk = Desk(jobs, ANNA, retry_s=0.01)
    desk.open(lambda: Project.open(path))
    return desk
