"""How far readers' positions scatter, landmark by landmark: what tells how uncertain a position is that a person placed.

Owns the statistics and the tables that come with Cairn (``assets/readers``). Who has read what is for others to collect.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.base.assets import assets_folder
from core.base.complaints import first_complaint
from core.base.errors import AppError
from core.base.files import reason_of
from core.measuring.analysis import Analysis
from core.measuring.frame import Frame
from core.measuring.primitives import FloatArray
from core.measuring.scatter import Scatter, Spread, Spreads
from core.values.landmarks import Landmarks, Status

FEWEST_CASES = 10
"""Cases that several readers must have marked: an SD is then known to a quarter of itself or better."""
_BY_HAND = (Status.PLACED, Status.CORRECTED)


@dataclass(frozen=True)
class ReaderSpread:
    """How one reader's position scatters.

    Attributes
    ----------
    spread_mm
        By name of the landmark: the standard deviation along an axis, mm, or, where the directions of the object are known, how
        far it is in each.
    source
        By name of the landmark, whose differences it comes from: “Ann and Bob, 34 cases”.
    """

    spread_mm: Spreads = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)

    def over(self, other: "ReaderSpread") -> "ReaderSpread":
        """Return what this one says, and what the other says of landmarks that this one does not know."""
        return ReaderSpread({**other.spread_mm, **self.spread_mm}, {**other.source, **self.source})

    def sources_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return whose differences tell of these landmarks, each once."""
        return tuple(dict.fromkeys(self.source[name] for name in names if name in self.source))


NOTHING = ReaderSpread()


def spread_of(
    cases: Sequence[Sequence[Landmarks]],
    readers: Sequence[str],
    frame_of: Callable[[Landmarks], Frame | None] = lambda _: None,
) -> ReaderSpread:
    """Compute how far readers differ where they have marked the same images.

    Dahlberg's error (1940), √(Σd² / 2n) for two readers: the pooled standard deviation of single positions within a case, and
    how both directions go together where images tell what they are, as readers err along a contour rather than across it. A
    lasting difference between two readers counts too, as one who marks the landmark elsewhere is as far away from the others'
    value as one with an unsteady hand. Positions that a model found count for nobody, also where a person has agreed to them:
    two who agree to the same position do not differ, which says nothing of how well they mark.

    Parameters
    ----------
    cases
        For each image the landmarks of those who have read it, mm.
    readers
        What they are called.
    frame_of
        Which way a 2D image looks, None where its landmarks do not tell. Where `FEWEST_CASES` images tell it these alone count,
        else all, over all axes together.

    Returns
    -------
    ReaderSpread
        Of the landmarks that two or more have marked by hand in at least `FEWEST_CASES` images.
    """
    found: dict[str, list[tuple[FloatArray, Frame | None]]] = {}
    for marks in cases:
        frame = next((frame for one in marks if (frame := frame_of(one)) is not None), None)
        for name in dict.fromkeys(name for one in marks for name in one.names):
            points = [one.point_mm(name) for one in marks if _is_by_hand(one, name)]
            if len(points) > 1:
                found.setdefault(name, []).append((np.asarray(points) - np.mean(points, axis=0), frame))
    who = " and ".join(readers) if len(readers) < 4 else f"{len(readers)} readers"
    spread_mm: dict[str, Spread] = {}
    source = {}
    for name, differences in found.items():
        framed = [(from_mean, frame) for from_mean, frame in differences if frame is not None]
        count = len(framed) if len(framed) >= FEWEST_CASES else len(differences)
        if count >= FEWEST_CASES:
            known = count == len(framed)
            spread_mm[name] = _in_frames(framed) if known else _along_axes([from_mean for from_mean, _ in differences])
            source[name] = f"{who}, {count} cases"
    return ReaderSpread(spread_mm, source)


def _along_axes(from_mean: Sequence[FloatArray]) -> float:
    squares = np.sum([(each**2).sum() for each in from_mean])
    return float(np.sqrt(squares / sum((len(each) - 1) * each.shape[1] for each in from_mean)))


def _in_frames(found: Sequence[tuple[FloatArray, Frame]]) -> Scatter:
    products = np.zeros((2, 2))
    for from_mean, frame in found:
        turned = from_mean @ np.stack([frame.anterior, frame.superior], axis=1)
        products += turned.T @ turned
    covariance = products / sum(len(from_mean) - 1 for from_mean, _ in found)
    anterior, superior = np.sqrt(np.diag(covariance))
    both = anterior * superior
    return Scatter(
        float(anterior), float(superior), float(np.clip(covariance[0, 1] / both, -1, 1)) if both > 0 else 0.0
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


class _Scatter(BaseModel):
    """A `Scatter` as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    anterior_sd_mm: float = Field(gt=0)
    superior_sd_mm: float = Field(gt=0)
    correlation: float = Field(ge=-1, le=1)


class _Table(BaseModel):
    """A table of ``assets/readers``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    readers: str
    about: str
    spread_mm: dict[str, _Scatter]


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
    spread_mm = {name: Scatter(**figures.model_dump()) for name, figures in table.spread_mm.items()}
    return ReaderSpread(spread_mm, dict.fromkeys(spread_mm, table.readers))
