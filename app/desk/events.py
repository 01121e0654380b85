"""What the background says while it works: values, in the order in which things happened.

Knows nothing of processes, and nothing of who listens.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from core.models.image_task import ImageAnswer

Key = Hashable
"""What the one who submits an image calls it: the number of a case, a path."""


@dataclass(frozen=True)
class Started:
    """A child has begun with an image; said again where it begins anew."""

    key: Key


@dataclass(frozen=True)
class Advanced:
    """How far an image is: the fraction in [0, 1] that is done, and what is being done."""

    key: Key
    fraction: float
    doing: str


@dataclass(frozen=True, eq=False)
class Done:
    """The landmarks of an image were found."""

    key: Key
    answer: ImageAnswer


@dataclass(frozen=True)
class Failed:
    """An image could not be localized; it can be tried again with `Background.retry`.

    Attributes
    ----------
    sentence
        What is wrong and what to do, for the person.
    kind
        Name of the class of the error, such as ``"ModelFileError"``, which no other image escapes; ``""`` where a process ended.
    details
        A traceback where the program itself is wrong, else ``""``. Holds no values, but perhaps paths: not for logs.
    """

    key: Key
    sentence: str
    kind: str = ""
    details: str = ""


@dataclass(frozen=True)
class Cancelled:
    """An image was taken off the list at a person's wish; nothing is wrong with it."""

    key: Key


@dataclass(frozen=True)
class Overall:
    """How far everything is that was submitted since the background last had nothing to do.

    Attributes
    ----------
    done, failed, running, waiting
        Images, none of them counted twice; cancelled ones do not count.
    fraction
        Share of the work that is done, in [0, 1], counting parts of images.
    left_s
        About how long the rest takes, seconds; None while nobody knows.
    paused
        Whether it is paused; what had begun is then brought to its end.
    """

    done: int = 0
    failed: int = 0
    running: int = 0
    waiting: int = 0
    fraction: float = 0.0
    left_s: float | None = None
    paused: bool = False

    @property
    def total(self) -> int:
        """Images in all."""
        return self.done + self.failed + self.running + self.waiting

    @property
    def busy(self) -> bool:
        """Whether anything is still to be done, paused or not."""
        return self.running + self.waiting > 0


Event = Started | Advanced | Done | Failed | Cancelled | Overall
