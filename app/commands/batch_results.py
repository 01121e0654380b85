"""What became of each image of a batch: its landmark file, its warnings, its failure, in the order of the list.

Files are written as the answers come, so that whoever interrupts keeps them; what is said waits for the images before. Knows not
who localizes.
"""

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.desk.worker import problem_of
from core.base.errors import AppError
from core.images.listing import ListedImage
from core.landmark_files.file import write_landmarks
from core.models.image_task import ImageAnswer


@dataclass
class BatchReport:
    """What became of the images, in the order of the list.

    Attributes
    ----------
    written
        Files that are complete.
    failures
        Images, and what is wrong with them.
    """

    written: list[Path] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


class BatchResults:
    """Takes results in any order and keeps a report that is right at any moment.

    Parameters
    ----------
    plan
        Images with the files to write, from `app.commands.batch_plan`.
    report
        Filled as results come.
    say
        Gets what a person is told of an image, a line each.
    """

    def __init__(
        self, plan: Sequence[tuple[ListedImage, Path]], report: BatchReport, say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._report = report
        self._say = say
        self._warnings: dict[int, Sequence[str]] = {}
        self._written: list[int] = []
        self._failures: list[int] = []
        self._next = 0

    def take(self, number: int, answer: ImageAnswer) -> None:
        """Write the landmark file of an image; where that fails, the image has failed."""
        csv_path = self._plan[number][1]
        try:
            write_landmarks(answer.landmarks, csv_path, image=answer.image_without_pixels, model=answer.model)
        except (AppError, OSError) as error:
            self._end(number, answer.warnings)
            self.fail(number, problem_of(error).sentence)
            return
        self._report.written.insert(_place(self._written, number), csv_path)
        self._end(number, answer.warnings)

    def fail(self, number: int, sentence: str) -> None:
        """Take note that an image has failed."""
        self._report.failures.insert(_place(self._failures, number), (str(self._plan[number][0]), sentence))
        self._end(number, ())

    def _end(self, number: int, warnings: Sequence[str]) -> None:
        """Say what there is to say of the images that have come to their end, up to the first that has not."""
        self._warnings.setdefault(number, warnings)
        while self._next in self._warnings:
            for warning in self._warnings[self._next]:
                self._say(f"{self._plan[self._next][0]}: {warning}")
            self._warnings[self._next] = ()
            self._next += 1


def _place(numbers: list[int], number: int) -> int:
    """Put a number into a sorted list and return where."""
    at = bisect(numbers, number)
    numbers.insert(at, number)
    return at
