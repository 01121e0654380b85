"""What tests of learning share: a project with marked cases, and a script in the place of the networks."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.desk.learning_process import Ended, LearningProcess, LearningTask
from core.images.file import read_image, write_image
from core.learning.course_events import Event
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.landmarks import Author, Landmarks, Status
from tests.support import learning_script
from tests.support.viewer_fixtures import make_image

ANNA = Reader("Anna")
NAMES = ("Sella", "Nasion", "Menton", "Gonion")


def mark(project: Project, *case_ids: int, reader: Reader = ANNA) -> None:
    """Let a reader place every landmark of some cases."""
    is_model = reader.kind is ReaderKind.MODEL
    for case_id in case_ids:
        case = project.case(case_id)
        geometry = Geometry.of(read_image(case.path))
        points = np.stack([10.0 + 10 * np.arange(4) + case_id, 20.0 + 5 * np.arange(4)], axis=-1)
        status = Status.PREDICTED if is_model else Status.PLACED
        author = Author.MODEL if is_model else Author.PERSON
        landmarks = Landmarks(NAMES, points, status=(status,) * 4, author=(author,) * 4)
        project.set_case_image(case_id, geometry, "")
        project.save_reading(Reading(case_id, reader, landmarks, geometry))


class Course:
    """What learns in the place of the networks, and remembers what it was asked."""

    def __init__(self, model: Path) -> None:
        self.ways = "gated"
        self.model = model
        self.tasks: list[LearningTask] = []

    def __call__(self, task: LearningTask, hear: Callable[[Event | Ended], None]) -> LearningProcess:
        self.tasks.append(task)
        script = [sys.executable, learning_script.__file__, self.ways, str(task.out), str(self.model)]
        return LearningProcess(script, hear)


def make_marked_project(path: Path) -> Path:
    """Make a project of eight images beside it, six of which are marked, and one of which a model has read."""
    with Project.create(path) as project:
        cases = []
        for number in range(8):
            image = path.parent / f"{number}.png"
            write_image(make_image((80, 60)), image)
            cases.append(NewCase(image, f"wing {number}"))
        ids = project.add_cases(cases)
        mark(project, *ids[:6])
        mark(project, ids[6], reader=Reader("Test model 1", ReaderKind.MODEL))
    return path
