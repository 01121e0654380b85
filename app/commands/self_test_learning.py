"""The part of ``cairn --self-test`` that learns: from phantoms on disk to a model file that localizes another one, in seconds.

Goes through what ``cairn learn`` goes through, to show that nothing is missing for it, which in the frozen application is easily
so: the networks' sources, the optimizer, the check of a new model in a process of its own.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.base.errors import AppError
from core.learning.phantom import make_phantom

if TYPE_CHECKING:
    from core.learning.course_events import Event
    from core.learning.course_request import MarkedCase, Stop

PHANTOMS = 12
"""To learn from and to check with; one more is held back."""
SHAPE = (48, 48)
MOST_MINUTES = 5.0
"""What a slow, busy computer may take; others are done with it in seconds."""
ENOUGH_MM = 1.0
"""Learning ends where the mean error on the phantoms to check with is below that."""
LARGEST_MM = 5.0
"""How far a landmark of the phantom that was held back may be off; its body is 35 mm across."""


def check_learning() -> str:
    """Learn a model of phantoms and let it localize one that was held back; return what to say about it.

    Raises
    ------
    AppError
        Nothing can be learnt, or the model is worse than it must be.
    """
    # Here, so that a torch that cannot be loaded fails this check instead of the program.
    from core.models.file import load_model
    from core.models.inference import localize

    with tempfile.TemporaryDirectory(prefix="cairn-self-test-") as name:
        folder = Path(name)
        path = _learnt(_cases(folder / "images"), folder / "self-test.pt")
        image, expected = make_phantom(2, PHANTOMS, SHAPE, dtype=np.uint8)
        found = localize(image, load_model(path), device="cpu").landmarks
    if found.names != expected.names:
        raise AppError("the model finds other landmarks than it was taught.")
    off_mm = np.linalg.norm(found.points_mm - expected.points_mm, axis=1)
    if not off_mm.max() <= LARGEST_MM:  # NaN fails as well
        raise AppError(f"the model is off by {off_mm.max():.2f} mm; {LARGEST_MM:g} mm are allowed.")
    return f"{len(found)} landmarks from {PHANTOMS} phantoms, {off_mm.max():.2f} mm off at most in another one"


def _cases(folder: Path) -> "tuple[MarkedCase, ...]":
    """Write the phantoms to learn from into ``folder``."""
    from core.images.file import write_image
    from core.learning.cases import Case
    from core.learning.course_request import MarkedCase

    folder.mkdir()
    cases = []
    for seed in range(PHANTOMS):
        image, landmarks = make_phantom(2, seed, SHAPE, dtype=np.uint8)
        path = folder / f"phantom-{seed}.nrrd"
        write_image(image, path)
        cases.append(MarkedCase(Case(path.stem, path, landmarks)))
    return tuple(cases)


def _learnt(cases: "tuple[MarkedCase, ...]", path: Path) -> Path:
    """Learn from the cases until the model is good enough; return its file."""
    from core.learning.course import learn
    from core.learning.course_events import Step
    from core.learning.course_request import LearnRequest, Stop

    enough = False

    def hear(event: "Event") -> None:
        nonlocal enough
        enough = enough or (isinstance(event, Step) and event.best_mm is not None and event.best_mm < ENOUGH_MM)

    def wished() -> "Stop":
        return Stop.KEEP if enough else Stop.NOT

    outcome = learn(LearnRequest(cases, MOST_MINUTES, path, device="cpu"), hear, wished)
    if outcome.model is None:
        raise AppError("nothing was learnt.")
    return outcome.model
