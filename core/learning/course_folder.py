"""The folder of a course under way, beside the model that it is to write: what was begun, so that the same command goes on.

Holds the plan, which cases are learnt from and checked with, and the checkpoint; it is removed when the model is written. One
process works in it at a time.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from core.base.errors import ConfigError
from core.base.files import TEMPORARY_PREFIX, reason_of, written_whole
from core.learning.checkpoints import CHECKPOINT_NAME, TrainingState, read_checkpoint
from core.learning.course_events import Reason

COURSE_NAME = "course.json"
_LOCK_NAME = "lock"


class Begun(BaseModel):
    """What a course has begun.

    Attributes
    ----------
    source, landmarks, start_sha256, unit
        What makes it this course and no other.
    learn, check
        Names of the cases to learn from and to check with.
    config_text
        The plan, TOML.
    step_seconds
        What an iteration of each stage was to take.
    seconds
        What all was to take.
    object_length
        How far apart the two landmarks are that are furthest apart, in ``unit``.
    reasons
        Why the plan is what it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    landmarks: tuple[str, ...]
    start_sha256: str
    unit: str
    learn: tuple[str, ...]
    check: tuple[str, ...]
    config_text: str
    step_seconds: tuple[float, ...]
    seconds: float
    object_length: float
    reasons: tuple[Reason, ...]

    def is_of(self, source: str, landmarks: Sequence[str], start_sha256: str, unit: str) -> bool:
        """Tell whether it is the course of this source, these landmarks and this model to go on from."""
        asked = (source, tuple(landmarks), start_sha256, unit)
        return asked == (self.source, self.landmarks, self.start_sha256, self.unit)


def folder_of(out: Path) -> Path:
    """Return the folder of the course that is to write the model ``out``."""
    return out.with_suffix(".learning")


class CourseFolder:
    """The folder of a course; made by `opened`.

    Attributes
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begun(self) -> Begun | None:
        """Return what was begun here, None where nothing was; what a killed process left half written is removed.

        Raises
        ------
        ConfigError
            What lies here cannot be understood, or is something else.
        """
        try:
            begun = Begun.model_validate_json((self.path / COURSE_NAME).read_bytes())
        except FileNotFoundError as error:
            if any(file.name != _LOCK_NAME and not _half_written(file) for file in self.path.iterdir()):
                raise self._foreign() from error
            begun = None
        except ValidationError as error:
            raise self._foreign() from error
        for file in self.path.iterdir():
            if _half_written(file):
                file.unlink(missing_ok=True)
        return begun

    def begin(self, begun: Begun) -> None:
        """Keep what is begun."""
        with written_whole(self.path / COURSE_NAME) as temporary:
            temporary.write_text(begun.model_dump_json(indent=1), encoding="utf-8")

    def state(self) -> TrainingState | None:
        """Return how far the training is, None before its first checkpoint."""
        return read_checkpoint(self.path) if (self.path / CHECKPOINT_NAME).exists() else None

    def remove(self) -> None:
        """Remove the folder with all that is in it, after the model was written."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _foreign(self) -> ConfigError:
        return ConfigError(
            f"The folder {self.path} holds something else than learning under way.",
            "Move it away, or choose another name for the model.",
        )


def _half_written(file: Path) -> bool:
    """Tell whether a killed process left this file behind."""
    return file.name.startswith(TEMPORARY_PREFIX)


@contextmanager
def opened(out: Path) -> Iterator[CourseFolder]:
    """Give the folder of the course that is to write the model ``out``, for this process alone.

    It stays, unless nothing was begun in it or it was removed.

    Raises
    ------
    ConfigError
        Another process learns there, or the folder cannot be written to.
    """
    path = folder_of(out)
    lock = FileLock(path / _LOCK_NAME)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"{out.name} is being learnt already, by another window or command.",
            "Wait for it, or choose another name for the model.",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"The folder {path} cannot be written to ({reason_of(error)}).", "Choose another place for the model."
        ) from error
    try:
        yield CourseFolder(path)
    finally:
        lock.release()
        if path.is_dir() and not any(file.name != _LOCK_NAME for file in path.iterdir()):
            shutil.rmtree(path, ignore_errors=True)
