"""Named points with what is known about each of them.

An immutable value: every change gives a new one. Reads no files: that is `core.landmark_files`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.values.grid import FloatArray, read_only

NOMINAL_COVERAGE = 0.9

"""Share of cases in which a calibrated radius is to hold the true position."""


class Status(StrEnum):
    """What a person or the model has said about a landmark.

    ABSENT is a finding (the landmark is not in the image); UNPLACED means that nobody has said anything yet.
    """

    PREDICTED = "predicted"
    CORRECTED = "corrected"
    PLACED = "placed"
    CONFIRMED = "confirmed"
    ABSENT = "absent"
    UNPLACED = "unplaced"


class Author(StrEnum):
    """Who has said where a landmark is, or that it is absent; NOBODY where nothing has been said yet.

    A person who confirms what a model said agrees with it but is not its author.
    """

    MODEL = "model"
    PERSON = "person"
    NOBODY = ""


WITHOUT_POSITION = frozenset({Status.ABSENT, Status.UNPLACED})

"""What a landmark without a position can be."""

LIKELIER_THAN_NOT = 0.5
"""The presence below which a model, rather than a person, is taken to have called a landmark absent."""

_AUTHOR_BY_STATUS = {
    Status.PREDICTED: Author.MODEL,
    Status.CORRECTED: Author.PERSON,
    Status.PLACED: Author.PERSON,
    Status.UNPLACED: Author.NOBODY,
}


def author_of(status: Status, presence: float, said: Author = Author.NOBODY) -> Author:
    """Return who is the author of a landmark of which ``said`` is said, by the rule of `Landmarks.author`."""
    if status in _AUTHOR_BY_STATUS:
        return _AUTHOR_BY_STATUS[status]
    if said is not Author.NOBODY:
        return said
    by_model = presence < LIKELIER_THAN_NOT if status is Status.ABSENT else np.isfinite(presence)
    return Author.MODEL if by_model else Author.PERSON


def _unknown() -> npt.NDArray[np.float32]:
    """Return the default of a per-landmark figure: NaN for each landmark, however many there are."""
    return np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Named points with what is known about each; an immutable value.

    Attributes
    ----------
    names
        ``L`` unique names.
    points_mm
        ``(L, D)`` float64 LPS mm; NaN where the landmark has no position.
    presence
        ``(L,)`` float32 in [0, 1], the model's probability that the landmark is in the image; NaN where a person placed it.
    spread_mm
        ``(L,)`` float32, weighted root mean square distance of the votes from their mean; NaN without a prediction.
    radius_mm
        ``(L,)`` float32, calibrated radius that holds the true position in 90 % of cases; NaN without calibration.
    status
        ``L`` members of `Status`; where omitted, PLACED with a position and ABSENT without.
    author
        ``L`` members of `Author`. Only for CONFIRMED and ABSENT is there a choice, and there it is the model where omitted (or
        NOBODY) and the model gave a presence (for ABSENT: one below 0.5), else a person; the other states each imply theirs.
    """

    names: tuple[str, ...]
    points_mm: FloatArray
    presence: npt.NDArray[np.float32] = field(default_factory=_unknown)
    spread_mm: npt.NDArray[np.float32] = field(default_factory=_unknown)
    radius_mm: npt.NDArray[np.float32] = field(default_factory=_unknown)
    status: tuple[Status, ...] = ()
    author: tuple[Author, ...] = ()

    def __post_init__(self) -> None:
        names = tuple(self.names)
        points = np.array(self.points_mm, dtype=np.float64)
        if points.size == 0 and not names:
            points = points.reshape(0, points.shape[1] if points.ndim == 2 and points.shape[1] in (2, 3) else 2)
        if points.ndim != 2 or points.shape[0] != len(names) or points.shape[1] not in (2, 3):
            raise ValueError(f"points of {len(names)} landmarks are ({len(names)}, 2 or 3), not {points.shape}")
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"landmark names must be unique, these are not: {', '.join(twice)}")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "points_mm", read_only(points, np.float64))
        for key in ("presence", "spread_mm", "radius_mm"):
            values = np.array(getattr(self, key), dtype=np.float32)
            if values.size == 0:
                values = np.full(len(names), np.nan, np.float32)
            if values.shape != (len(names),):
                raise ValueError(f"{key} of {len(names)} landmarks has shape ({len(names)},), not {values.shape}")
            object.__setattr__(self, key, read_only(values, np.float32))
        status = tuple(Status(s) for s in self.status)
        if not status:
            status = tuple(Status.PLACED if np.isfinite(point).all() else Status.ABSENT for point in points)
        if len(status) != len(names):
            raise ValueError(f"{len(names)} landmarks have {len(names)} states, not {len(status)}")
        object.__setattr__(self, "status", status)
        said = tuple(Author(a) for a in self.author) or (Author.NOBODY,) * len(names)
        if len(said) != len(names):
            raise ValueError(f"{len(names)} landmarks have {len(names)} authors, not {len(said)}")
        author = tuple(map(author_of, status, self.presence.tolist(), said))
        object.__setattr__(self, "author", author)

    @classmethod
    def unplaced(cls, names: Iterable[str], ndim: int) -> "Landmarks":
        """Return landmarks of which nothing is known yet."""
        wanted = tuple(names)
        return cls(wanted, np.full((len(wanted), ndim), np.nan), status=(Status.UNPLACED,) * len(wanted))

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Landmarks):
            return NotImplemented
        arrays = ("points_mm", "presence", "spread_mm", "radius_mm")
        return (
            self.names == other.names
            and self.status == other.status
            and self.author == other.author
            and all(np.array_equal(getattr(self, a), getattr(other, a), equal_nan=True) for a in arrays)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def ndim(self) -> int:
        """Number of coordinates per point, 2 or 3."""
        return int(self.points_mm.shape[1])

    @property
    def located(self) -> npt.NDArray[np.bool_]:
        """``(L,)`` True where the landmark has a position."""
        return np.asarray(np.isfinite(self.points_mm).all(axis=1))

    @property
    def stated(self) -> tuple[Status, ...]:
        """What files say of each landmark: only UNPLACED or ABSENT without a position, never UNPLACED with one."""
        stated = []
        for status, located in zip(self.status, self.located.tolist(), strict=True):
            if status is Status.UNPLACED:
                stated.append(Status.PLACED if located else Status.UNPLACED)
            else:
                stated.append(status if located else Status.ABSENT)
        return tuple(stated)

    def index(self, name: str) -> int:
        """Return the row of ``name``; `KeyError` where there is none."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None

    def point_mm(self, name: str) -> FloatArray:
        """Return the ``(D,)`` position of ``name``, NaN where it has none."""
        return np.asarray(self.points_mm[self.index(name)])

    def with_point(self, name: str, point_mm: npt.ArrayLike, status: Status = Status.CORRECTED) -> "Landmarks":
        """Return a copy in which a person has put ``name`` at ``point_mm`` ``(D,)`` with ``status``.

        A person becomes the author unless all stays where it was: confirming a position, or that a landmark is absent, keeps
        the author.
        """
        row = self.index(name)
        points = self.points_mm.copy()
        points[row] = np.asarray(point_mm, dtype=np.float64)
        states, authors = list(self.status), list(self.author)
        moved = not np.array_equal(points[row], self.points_mm[row], equal_nan=True)
        if moved or authors[row] is Author.NOBODY or (status is Status.ABSENT) != (states[row] is Status.ABSENT):
            authors[row] = Author.PERSON
        states[row] = status
        return replace(self, points_mm=points, status=tuple(states), author=tuple(authors))

    def without_point(self, name: str) -> "Landmarks":
        """Return a copy in which ``name`` is marked absent and has no position."""
        return self.with_point(name, np.full(self.ndim, np.nan), Status.ABSENT)

    def with_status(self, name: str, status: Status) -> "Landmarks":
        """Return a copy in which ``name`` keeps its position and gets ``status``."""
        return self.with_point(name, self.point_mm(name), status)

    def joined(self, others: "Landmarks") -> "Landmarks":
        """Return these landmarks and then the others, whose names must differ."""
        return Landmarks(
            self.names + others.names,
            np.concatenate([self.points_mm, others.points_mm]),
            np.concatenate([self.presence, others.presence]),
            np.concatenate([self.spread_mm, others.spread_mm]),
            np.concatenate([self.radius_mm, others.radius_mm]),
            self.status + others.status,
            self.author + others.author,
        )

    def subset(self, names: Iterable[str]) -> "Landmarks":
        """Return the landmarks ``names``, in that order."""
        wanted = tuple(names)
        rows = [self.index(name) for name in wanted]
        return Landmarks(
            wanted,
            self.points_mm[rows],
            self.presence[rows],
            self.spread_mm[rows],
            self.radius_mm[rows],
            tuple(self.status[row] for row in rows),
            tuple(self.author[row] for row in rows),
        )
