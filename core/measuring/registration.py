"""How the later of two images is laid on the earlier one, on a line or by a best fit, and where its landmarks come to lie.

Pure: no files, no images and no Qt. Nothing is scaled unless that is asked for; a film that looks to the other side is turned
over. How uncertain a way of a landmark is, follows from the uncertainty of all landmarks that took part.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.base.errors import AppError
from core.geometry.shapes import fit_similarity, transform_points
from core.measuring.file import bundled_analyses
from core.measuring.measure import SAMPLES, deviation_mm
from core.measuring.primitives import FloatArray
from core.measuring.scatter import Spreads
from core.measuring.superposition import movement_along, require_same_rank, superimpose
from core.values.landmarks import NOMINAL_COVERAGE, Landmarks

LINES = (("S", "N"), ("N", "S"), ("ANS", "PNS"), ("Go", "Me"), ("Me", "Go"))
"""Lines of cephalometry by the symbols of the analyses; the first landmark comes to lie on itself."""
_MUCH_BETTER = 0.5
"""A film looks to the other side where turning it over brings the misfit of its landmarks below this share of what it was."""


class By(StrEnum):
    """What comes to lie on itself."""

    LINE = "line"
    FIT = "fit"


@dataclass(frozen=True)
class Registration:
    """How one image is laid on another.

    Attributes
    ----------
    by
        On a line, or so that landmarks lie nearest to each other by least squares (without scale: an ordinary Procrustes fit).
    names
        Of a line its two landmarks, of which the first comes to lie on itself and the second gives the direction; of a fit two
        landmarks at least, and three in volumes.
    scaled
        Whether the later image is also made larger or smaller: so that the line is as long as it was, or as the fit tells.
    """

    by: By
    names: tuple[str, ...]
    scaled: bool = False

    @property
    def text(self) -> str:
        """What it is called, by the names of the landmarks."""
        if self.by is By.LINE:
            return f"{'–'.join(self.names)}, at {self.names[0]}"
        return f"best fit of {', '.join(self.names)}"


@dataclass(frozen=True, eq=False)
class Registered:
    """Where the later image has come to lie.

    Attributes
    ----------
    earlier_from_later
        ``(D+1, D+1)`` homogeneous matrix.
    mirrored
        Whether the later film was turned over, because it looks to the other side.
    """

    earlier_from_later: FloatArray
    mirrored: bool = False

    @property
    def scale(self) -> float:
        """By how much lengths were multiplied; 1 where they were not."""
        return float(
            np.abs(np.linalg.det(self.earlier_from_later[:-1, :-1])) ** (1 / (len(self.earlier_from_later) - 1))
        )


@dataclass(frozen=True, eq=False)
class Displacement:
    """The way of one landmark from the earlier to the later image, once that is laid on it.

    Attributes
    ----------
    name
        The landmark.
    earlier_mm, later_mm
        ``(D,)`` positions on the earlier image.
    radius_mm
        In 90 % of cases the true way ends within this distance of where it is drawn to, as far as the radii of the landmarks
        tell; NaN where they tell nothing.
    exact, by_readers
        Landmarks, of the way and of the superimposition, that were taken as exact at either time, and those whose uncertainty
        readers' differences tell.
    """

    name: str
    earlier_mm: FloatArray
    later_mm: FloatArray
    radius_mm: float = float("nan")
    exact: tuple[str, ...] = ()
    by_readers: tuple[str, ...] = ()

    @property
    def vector_mm(self) -> FloatArray:
        """``(D,)`` from the earlier to the later position."""
        return np.asarray(self.later_mm - self.earlier_mm)

    @property
    def length_mm(self) -> float:
        """How far it has come."""
        return float(np.linalg.norm(self.vector_mm))

    @property
    def beyond_error(self) -> bool | None:
        """Whether the way is longer than the radius; None without one."""
        return None if np.isnan(self.radius_mm) else self.length_mm > self.radius_mm


def line_of(symbols: tuple[str, str], names: Collection[str]) -> tuple[str, str] | None:
    """Return the landmarks that a line of symbols such as S and N stands for, among some names; None where they are not there.

    Symbols mean what they mean in the bundled analyses, which are read from the disk the first time.
    """
    found = []
    for symbol in symbols:
        known = [name for one in bundled_analyses() for name in one.landmarks.get(symbol, ())]
        name = next((name for name in known if name in names), symbol if symbol in names else None)
        if name is None:
            return None
        found.append(name)
    return found[0], found[1]


def shared_names(earlier: Landmarks, later: Landmarks) -> tuple[str, ...]:
    """Return the landmarks that have a position at both times, in the order of the earlier ones."""
    there = {name for name, located in zip(later.names, later.located.tolist(), strict=True) if located}
    return tuple(
        name for name, located in zip(earlier.names, earlier.located.tolist(), strict=True) if located and name in there
    )


def looks_the_other_way(earlier: Landmarks, later: Landmarks) -> bool:
    """Tell whether a 2D image shows the other side: turned over, its landmarks fit those of the earlier one far better."""
    names = shared_names(earlier, later)
    if earlier.ndim != 2 or later.ndim != 2 or len(names) < 3:
        return False
    target, source = earlier.subset(names).points_mm, later.subset(names).points_mm
    as_it_is, turned_over = (_misfit(points, target) for points in (source, source @ np.diag([-1.0, 1.0])))
    return turned_over < _MUCH_BETTER * as_it_is


def _misfit(source_mm: FloatArray, target_mm: FloatArray) -> float:
    if not np.ptp(source_mm, axis=0).any():  # on one spot: nothing can be told
        return float("nan")
    return float(np.linalg.norm(transform_points(fit_similarity(source_mm, target_mm), source_mm) - target_mm))


def register(registration: Registration, earlier: Landmarks, later: Landmarks) -> Registered:
    """Return how the later image comes to lie on the earlier one.

    Raises
    ------
    AppError
        A landmark of it is not known at both times, there are too few, or they tell no direction.
    """
    require_same_rank(earlier, later)
    mirrored = looks_the_other_way(earlier, later)
    turned = _turned_over(earlier.ndim, mirrored)
    points = Landmarks(later.names, transform_points(turned, later.points_mm))
    if registration.by is By.LINE:
        start, end = registration.names
        moved = superimpose(earlier, points, (start, end), scaled=registration.scaled)
    else:
        _require_fit(registration.names, earlier, later)
        target, source = earlier.subset(registration.names).points_mm, points.subset(registration.names).points_mm
        moved = fit_similarity(source, target, scaled=registration.scaled)
    return Registered(moved @ turned, mirrored)


def _turned_over(ndim: int, mirrored: bool) -> FloatArray:
    turned = np.eye(ndim + 1)
    turned[0, 0] = -1.0 if mirrored else 1.0
    return turned


def _require_fit(names: tuple[str, ...], earlier: Landmarks, later: Landmarks) -> None:
    known = shared_names(earlier, later)
    unknown = [name for name in names if name not in known]
    if unknown:
        which = "earlier" if unknown[0] not in earlier.names or not _is_placed(earlier, unknown[0]) else "later"
        raise AppError(
            f"{unknown[0]} has no position in the {which} image, so it cannot be fitted.", "Choose other landmarks."
        )
    if len(names) < earlier.ndim:
        raise AppError(
            f"A fit in {earlier.ndim}D needs {earlier.ndim} landmarks at least, and these are {len(names)}.",
            "Choose more of them.",
        )
    for landmarks, which in ((earlier, "earlier"), (later, "later")):
        points = landmarks.subset(names).points_mm
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        if not spread[landmarks.ndim - 2] > 1e-9 * max(1.0, float(np.abs(points).max())):
            where = "on the same spot" if landmarks.ndim == 2 else "on one line"
            raise AppError(f"These landmarks lie {where} in the {which} image.", "Choose others, or more of them.")


def _is_placed(landmarks: Landmarks, name: str) -> bool:
    return bool(np.isfinite(landmarks.point_mm(name)).all())


def displacements(
    registration: Registration,
    registered: Registered,
    earlier: Landmarks,
    later: Landmarks,
    *,
    spread_mm: tuple[Spreads, Spreads] = ({}, {}),
    seed: int = 0,
) -> tuple[Displacement, ...]:
    """Return the way of each landmark that is known at both times.

    The radius comes from configurations that are drawn around both sets of landmarks, each superimposed anew: so the way of a
    landmark far from a short line is as uncertain as that line's direction makes it. Errors at both times are taken as
    independent, as `superposition.changes` does.

    Parameters
    ----------
    registration, registered
        How the later image was laid on the earlier one, and where that has brought it.
    earlier, later
        The landmarks.
    spread_mm
        For both times: standard deviation per axis of landmarks that persons place, by name, in the unit of their positions.
    seed
        Of the samples.
    """
    names = shared_names(earlier, later)
    both = earlier.subset(names), later.subset(names)
    moved_mm = transform_points(registered.earlier_from_later, both[1].points_mm)
    ways_mm = moved_mm - both[0].points_mm
    by_radius = [_deviations(which, {}) for which in both]
    sd = [_deviations(which, spread) for which, spread in zip(both, spread_mm, strict=True)]
    radii = np.full(len(names), np.nan)
    if any(np.isfinite(each).any() for each in sd):
        radii = _radii(registration, registered, both, sd, ways_mm, seed)
    exact = np.isnan(sd).any(axis=0)
    told = (np.isnan(by_radius) & np.isfinite(sd)).any(axis=0)
    found = []
    for row, name in enumerate(names):
        taking_part = np.array([one == name or one in registration.names for one in names])
        of_exact, of_told = (
            tuple(one for one, counts in zip(names, (which & taking_part).tolist(), strict=True) if counts)
            for which in (exact, told)
        )
        found.append(Displacement(name, both[0].points_mm[row], moved_mm[row], float(radii[row]), of_exact, of_told))
    return tuple(found)


def _deviations(landmarks: Landmarks, spread_mm: Spreads) -> FloatArray:
    return np.array([deviation_mm(landmarks, name, spread_mm) for name in landmarks.names])


def _radii(
    registration: Registration,
    registered: Registered,
    landmarks: tuple[Landmarks, Landmarks],
    sd: list[FloatArray],
    ways_mm: FloatArray,
    seed: int,
) -> FloatArray:
    """Return the distance ``(L,)`` from each way's end within which 90 % of the drawn ways end; NaN where they do not vary."""
    first = landmarks[0]
    generator = np.random.default_rng(seed)
    shape = (SAMPLES, *first.points_mm.shape)
    drawn_first, drawn_second = (
        which.points_mm + np.nan_to_num(each)[:, None] * generator.standard_normal(shape)
        for which, each in zip(landmarks, sd, strict=True)
    )
    turned = _turned_over(first.ndim, registered.mirrored)
    rows = [first.names.index(name) for name in registration.names]
    if registration.by is By.LINE:
        rows += [row for row in range(len(first)) if row not in rows]
    off_mm = np.empty(shape[:2])
    for number, (there, came) in enumerate(zip(drawn_first, transform_points(turned, drawn_second), strict=True)):
        if registration.by is By.LINE:
            moved = movement_along(there[rows], came[rows], scaled=registration.scaled)
        else:
            moved = fit_similarity(came[rows], there[rows], scaled=registration.scaled)
        off_mm[number] = np.linalg.norm(transform_points(moved, came) - there - ways_mm, axis=1)
    radii = np.quantile(off_mm, NOMINAL_COVERAGE, axis=0)
    return np.asarray(np.where(radii > 1e-9, radii, np.nan))
