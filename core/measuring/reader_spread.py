"""How far readers' positions scatter, landmark by landmark: what tells how uncertain a position is that a person placed.

Owns the statistics and the tables that come with Cairn (``assets/readers``). Who has read what is for others to collect.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.base.assets import assets_folder
from core.base.complaints import first_complaint
from core.base.errors import AppError
from core.base.files import reason_of
from core.measuring.analysis import Analysis
from core.values.landmarks import Landmarks, Status

FEWEST_CASES = 10
"""Cases that several readers must have marked: in 2D the figure is then known to a sixth of itself, enough for an interval."""
_BY_HAND = (Status.PLACED, Status.CORRECTED)


@dataclass(frozen=True)
class ReaderSpread:
    """The standard deviation of one reader's position along an axis.

    Attributes
    ----------
    spread_mm
        By name of the landmark, mm.
    source
        By name of the landmark, whose differences it comes from: “Ann and Bob, 34 cases”.
    """

    spread_mm: Mapping[str, float] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)

    def over(self, other: "ReaderSpread") -> "ReaderSpread":
        """Return what this one says, and what the other says of landmarks that this one does not know."""
        return ReaderSpread({**other.spread_mm, **self.spread_mm}, {**other.source, **self.source})

    def sources_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return whose differences tell of these landmarks, each once."""
        return tuple(dict.fromkeys(self.source[name] for name in names if name in self.source))


NOTHING = ReaderSpread()


def spread_of(cases: Sequence[Sequence[Landmarks]], readers: Sequence[str]) -> ReaderSpread:
    """Compute how far readers differ where they have marked the same images.

    Dahlberg's error (1940), √(Σd² / 2n) for two readers, over all axes together: the pooled standard deviation of single
    positions within a case. A lasting difference between two readers counts too, as one who marks the landmark elsewhere is
    as far away from the others' value as one with an unsteady hand. Positions that a model found count for nobody, also where
    a person has agreed to them: two who agree to the same position do not differ, which says nothing of how well they mark.

    Parameters
    ----------
    cases
        For each image the landmarks of those who have read it, mm.
    readers
        What they are called.

    Returns
    -------
    ReaderSpread
        Of the landmarks that two or more have marked by hand in at least `FEWEST_CASES` images.
    """
    squares: dict[str, list[float]] = {}
    freedom: dict[str, int] = {}
    for marks in cases:
        for name in dict.fromkeys(name for one in marks for name in one.names):
            points = [one.point_mm(name) for one in marks if _is_by_hand(one, name)]
            if len(points) > 1:
                from_mean = np.asarray(points) - np.mean(points, axis=0)
                squares.setdefault(name, []).append(float((from_mean**2).sum()))
                freedom[name] = freedom.get(name, 0) + (len(points) - 1) * from_mean.shape[1]
    enough = [name for name, found in squares.items() if len(found) >= FEWEST_CASES]
    who = " and ".join(readers) if len(readers) < 4 else f"{len(readers)} readers"
    return ReaderSpread(
        {name: float(np.sqrt(np.sum(squares[name]) / freedom[name])) for name in enough},
        {name: f"{who}, {len(squares[name])} cases" for name in enough},
    )


def _is_by_hand(landmarks: Landmarks, name: str) -> bool:
    if name not in landmarks.names:
        return False
    row = landmarks.index(name)
    return landmarks.status[row] in _BY_HAND and bool(landmarks.located[row])


def spread_for(analysis: Analysis, known: ReaderSpread = NOTHING) -> ReaderSpread:
    """Return how far readers differ on the landmarks of an analysis, under each name that it knows for them.

    Parameters
    ----------
    analysis
        Names the table that comes with Cairn for its landmarks, where there is one.
    known
        What is known of the readers themselves, which counts for more.
    """
    spread = known.over(bundled_spread(analysis.readers))
    for names in analysis.landmarks.values():
        name = next((name for name in names if name in spread.spread_mm), None)
        if name is not None:
            others = ReaderSpread(
                dict.fromkeys(names, spread.spread_mm[name]), dict.fromkeys(names, spread.source[name])
            )
            spread = spread.over(others)
    return spread


@cache
def readers_tables() -> frozenset[str]:
    """Return the names of the tables that come with Cairn; none where they are nowhere."""
    try:
        return frozenset(path.stem for path in (assets_folder() / "readers").glob("*.toml"))
    except (AppError, OSError):
        return frozenset()


class _Table(BaseModel):
    """A table of ``assets/readers``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    readers: str
    about: str
    spread_mm: dict[str, Annotated[float, Field(gt=0)]]


@cache
def bundled_spread(name: str) -> ReaderSpread:
    """Return a table that comes with Cairn.

    Parameters
    ----------
    name
        Of a file in ``assets/readers``, without its suffix; nothing is known where it is empty or there is no such table.

    Raises
    ------
    AppError
        The file is damaged.
    """
    if not name:
        return NOTHING
    try:
        path = assets_folder() / "readers" / f"{name}.toml"
        if not path.is_file():
            return NOTHING
        table = _Table.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise AppError(
            f"The table of readers {name} cannot be read ({reason_of(error)}).", "Install Cairn again."
        ) from error
    except ValidationError as error:
        raise AppError(
            f"The table of readers {name} is wrong: {first_complaint(error)}.", "Install Cairn again."
        ) from error
    except ValueError as error:
        raise AppError(f"The table of readers {name} is no readable TOML file.", "Install Cairn again.") from error
    return ReaderSpread(table.spread_mm, dict.fromkeys(table.spread_mm, table.readers))
