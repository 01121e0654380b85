"""What tests of the desk's panels share: a desk with a project of a few cases, and a background that does what it is told."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from app.desk.desk import Desk
from app.desk.events import Event, Key
from app.session.jobs import Jobs
from core.models.image_task import ImageAnswer, ImageTask
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import ImageSource
from core.values.landmarks import Landmarks, Status

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


class ScriptedBackground:
    """Stands in for `app.desk.background.Background`: keeps what it is asked for and says what a test wants said."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.say = on_event
        self.tasks: dict[Key, ImageTask] = {}
        self.asked: list[str] = []

    def submit(self, tasks: Iterable[tuple[Key, ImageTask]], priority: int = 0) -> None:
        self.tasks.update(tasks)
        self.asked.append("submit")

    def prioritise(self, key: Key, priority: int) -> None:
        self.asked.append(f"prioritise {self.tasks[key].path.stem}")

    def cancel_all(self) -> None:
        self.asked.append("cancel all")

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")

    def close(self) -> None:
        self.asked.append("close")

    def key(self, name: str) -> Key:
        return next(key for key, task in self.tasks.items() if task.path.stem == name)


def open_desk(jobs: Jobs, path: Path) -> Desk:
    """Make a desk that opens the project at ``path``; wait until it has."""
    desk = Desk(jobs, ANNA, retry_s=0.01)
    desk.open(lambda: Project.open(path))
    return desk
