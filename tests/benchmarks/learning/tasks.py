"""The small tasks on which learning is measured: public data sets as cases to learn from, and to judge by.

Nothing is chosen on a test case: a benchmark gets those only where its result is final and it asks for them.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.base.errors import ConfigError
from core.images.file import read_image
from core.landmark_files.collection import CaseImage
from core.landmark_files.collection_file import open_collection, placed
from core.landmark_files.file import read_landmarks
from core.learning.cases import Case
from core.values.image import SpacingSource
from training.datasets.cephalometric import read_cephalometric
from training.datasets.mouse_skull import read_mouse_skulls

PX_AS_MM = 1.0
"""The wings have no true pixel size (what their files say is that of a printer): one px counts as 1 mm."""


@dataclass(frozen=True)
class Task:
    """Cases of one data set.

    Attributes
    ----------
    name
        Of the task.
    unit
        Of its errors: ``"mm"``, or ``"px"`` where one px counts as 1 mm.
    within
        Error up to which a landmark counts as found.
    learn
        What may be learnt from.
    judge
        By what variants are compared while they are being chosen; never learnt from.
    test
        What is looked at once, at the end.
    """

    name: str
    unit: str
    within: float
    learn: tuple[Case, ...]
    judge: tuple[Case, ...]
    test: tuple[Case, ...]

    @property
    def ndim(self) -> int:
        """2 for pictures, 3 for volumes."""
        return self.learn[0].landmarks.ndim

    @property
    def landmarks(self) -> tuple[str, ...]:
        """Names of the landmarks."""
        return self.learn[0].landmarks.names


def hippocampi(data: Path) -> Task:
    """Return the hippocampi by their own split: 40 to learn from, 8 to judge by, 12 to test."""
    root = data / "hippocampus"
    split = json.loads((root / "split.json").read_text(encoding="utf-8"))

    def cases(names: Sequence[str]) -> tuple[Case, ...]:
        return tuple(_hippocampus(root, name) for name in names)

    return Task(
        "hippocampus",
        UNITS["hippocampus"],
        2.0,
        cases(split["train"]),
        cases(split["validation"]),
        cases(split["test"]),
    )


def _hippocampus(root: Path, name: str) -> Case:
    path = root / "volumes" / f"{name}.nii.gz"
    return Case(name, path, read_landmarks(root / "landmarks" / f"{name}.mrk.json", image=read_image(path)))


def wings(data: Path) -> Task:
    """Return the fly wings: of a shuffle of the first 48, 40 to learn from and 8 to judge by; the last 10 to test."""
    root = data / "fly_wings"
    paths = sorted((root / "images").glob("*.jpg"))
    images = [CaseImage.of(read_image(path).with_spacing(PX_AS_MM, SpacingSource.PERSON)) for path in paths]
    names = tuple(str(number) for number in range(1, 13))
    marks = {
        case.image.name: case.landmarks
        for case in placed(open_collection(root / "wings.tps"), images, names=names).cases
    }
    cases = [Case(path.stem, path, marks[path.name], spacing_mm=PX_AS_MM, overrules=True) for path in paths]
    shuffled = [cases[number] for number in np.random.default_rng(0).permutation(48)]
    return Task("wings", UNITS["wings"], 8.0, tuple(shuffled[:40]), tuple(shuffled[40:]), tuple(cases[48:]))


def cephalograms(data: Path) -> Task:
    """Return cephalograms: every third of the first 120 to learn from, 141 to 150 to judge by, Test1 to test."""
    root = data / "cephalometric"
    learn = read_cephalometric(root, "train")
    judge, test = read_cephalometric(root, "validation"), read_cephalometric(root, "test1")
    return Task("cephalograms", UNITS["cephalograms"], 2.0, learn[:120:3], judge, test)


def mouse_skulls(data: Path) -> Task:
    """Return the mouse skulls by their own split: two of three animals to learn from, the others to judge by, 4 to test."""
    root = data / "mouse_ct"
    train = read_mouse_skulls(root, "train")
    learn = tuple(case for number, case in enumerate(train) if number % 3 < 2)
    return Task("mouse-skulls", UNITS["mouse-skulls"], 0.5, learn, train[2::3], read_mouse_skulls(root, "test"))


UNITS = {"wings": "px", "hippocampus": "mm", "cephalograms": "mm", "mouse-skulls": "mm"}
"""Of the errors in each task."""
TASKS: dict[str, Callable[[Path], Task]] = {
    "wings": wings,
    "hippocampus": hippocampi,
    "cephalograms": cephalograms,
    "mouse-skulls": mouse_skulls,
}


def read_task(name: str, data: Path) -> Task:
    """Return a task whose data set lies below ``data``; `ConfigError` where it does not."""
    try:
        return TASKS[name](data)
    except FileNotFoundError as error:
        raise ConfigError(
            f"The data set of {name} is not below {data}.", "Say with --data where the data sets are."
        ) from error
