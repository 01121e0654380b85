"""How far two readers agree about the same cases: distances, Bland–Altman, ICC(2,1), Dahlberg's error, the worst cases.

Pure functions on readings, for persons and models alike. Opens no project; draws nothing.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.base.errors import ProjectError
from core.project.cases import Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.project.summary import is_decided
from core.values.grid import FloatArray
from core.values.landmarks import Status

LIMITS_SD = 1.96
"""Standard deviations from the bias to the limits that hold 95 % of normally distributed differences."""
_NAN = float("nan")


@dataclass(frozen=True, eq=False)
class LandmarkAgreement:
    """What two readers say of one landmark, or of all of them together. Lengths in mm or px; NaN where there are too few cases.

    Attributes
    ----------
    name
        The landmark; empty for all together, of which `icc` is then NaN, since positions of different landmarks are no sample.
    n
        How often both gave a position.
    mean, median, sd, p95
        Of the distances between them; ``p95`` holds 95 % of them, which mean ± 1.96 SD does not, as distances are skewed.
    bias
        ``(D,)`` mean of second minus first along x, y (and z).
    bias_sd
        ``(D,)`` standard deviation of these differences.
    icc
        ``(D,)`` ICC(2,1) of the coordinates along each axis, see `icc_2_1`.
    dahlberg, dahlberg_axes
        sqrt(Σ d² / 2n) of the distances, and ``(D,)`` along each axis (Dahlberg 1940).
    both_absent
        How often both said that it is not in the image.
    presence_differs
        How often one gave a position where the other said that there is none.
    """

    name: str
    n: int
    mean: float
    median: float
    sd: float
    p95: float
    bias: FloatArray
    bias_sd: FloatArray
    icc: FloatArray
    dahlberg: float
    dahlberg_axes: FloatArray
    both_absent: int
    presence_differs: int

    @property
    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper ``(D,)`` limits of agreement, bias ± 1.96 SD (Bland and Altman 1986)."""
        return self.bias - LIMITS_SD * self.bias_sd, self.bias + LIMITS_SD * self.bias_sd


@dataclass(frozen=True)
class CaseAgreement:
    """What two readers say of one case. Lengths in mm or px; NaN where they have no position in common.

    Attributes
    ----------
    case_id
        The case.
    n, mean, largest
        How many landmarks both gave a position, and the mean and the largest distance between them.
    worst
        The landmark with the largest distance; empty where there is none.
    presence_differs
        Of how many landmarks one gave a position and the other said that there is none.
    """

    case_id: int
    n: int
    mean: float
    largest: float
    worst: str
    presence_differs: int


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two readers, landmark by landmark and case by case.

    Attributes
    ----------
    first, second
        The readers; differences are second minus first.
    unit
        ``"mm"``, or ``"px"`` where no image knows its pixel size.
    names
        ``L`` landmarks.
    case_ids
        ``C`` cases that both have read.
    first_points, second_points
        ``(C, L, D)`` positions on the grid of one of the two readings; NaN where that reader gave none.
    landmarks
        One for each of ``names``.
    overall
        All landmarks together.
    cases
        The cases, the largest distance first.
    left_out
        Sentences that say which cases could not be compared.
    """

    first: Reader
    second: Reader
    unit: Literal["mm", "px"]
    names: tuple[str, ...]
    case_ids: tuple[int, ...]
    first_points: FloatArray
    second_points: FloatArray
    landmarks: tuple[LandmarkAgreement, ...]
    overall: LandmarkAgreement
    cases: tuple[CaseAgreement, ...]
    left_out: tuple[str, ...] = ()

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return int(self.first_points.shape[2])

    def bland_altman(self, name: str, axis: int) -> tuple[FloatArray, FloatArray]:
        """Return what a Bland–Altman figure shows of one landmark: means and differences along an axis (0 is x), case by case."""
        row = self.names.index(name)
        first, second = self.first_points[:, row, axis], self.second_points[:, row, axis]
        both = np.isfinite(first) & np.isfinite(second)
        return (first[both] + second[both]) / 2, second[both] - first[both]


_Said = tuple[FloatArray, npt.NDArray[np.bool_]]
"""Positions of landmarks ``(L, D)``, NaN without one, and ``(L,)`` whether the reader said that there is none."""


def agreement(first: Sequence[Reading], second: Sequence[Reading]) -> Agreement:
    """Compare all that two readers said.

    Of a person counts what they decided on: a position of a model that nobody has looked at is not theirs. Of a model counts all.
    Images of which only some know their pixel size, or of another rank, cannot be averaged together; the fewer are left out.

    Parameters
    ----------
    first, second
        The readings of one reader each, as `Project.readings_of` gives them.

    Raises
    ------
    ProjectError
        There is no case that both have read.
    """
    pairs, left_out = _pairs(first, second)
    if not pairs:
        why = f" {left_out[0]}" if left_out else ""
        raise ProjectError(
            f"The two readers have no case in common.{why}", "Choose two readers who have read the same cases."
        )
    names = tuple(dict.fromkeys(name for pair in pairs for reading in pair for name in reading.landmarks.names))
    ours = [_said(one, _geometry(one, other), names) for one, other in pairs]
    theirs = [_said(other, _geometry(one, other), names) for one, other in pairs]
    first_points, second_points = (np.stack([points for points, _ in said]) for said in (ours, theirs))
    first_absent, second_absent = (np.stack([absent for _, absent in said]) for said in (ours, theirs))
    distances = np.linalg.norm(second_points - first_points, axis=2)
    differs = (np.isfinite(first_points[..., 0]) & second_absent) | (np.isfinite(second_points[..., 0]) & first_absent)
    both_absent = first_absent & second_absent
    per_landmark = [
        _of_landmark(name, first_points[:, row], second_points[:, row], both_absent[:, row], differs[:, row])
        for row, name in enumerate(names)
    ]
    ndim = first_points.shape[2]
    overall = _of_landmark(
        "", first_points.reshape(-1, ndim), second_points.reshape(-1, ndim), both_absent.ravel(), differs.ravel()
    )
    case_ids = tuple(one.case_id for one, _ in pairs)
    cases = [
        _of_case(id_, names, *of_case) for id_, *of_case in zip(case_ids, distances, differs.sum(axis=1), strict=True)
    ]
    return Agreement(
        pairs[0][0].reader,
        pairs[0][1].reader,
        "mm" if _geometry(*pairs[0]).spacing_known else "px",
        names,
        case_ids,
        first_points,
        second_points,
        tuple(per_landmark),
        overall,
        tuple(sorted(cases, key=lambda case: -np.nan_to_num(case.largest, nan=-1.0))),
        tuple(left_out),
    )


def icc_2_1(scores: npt.ArrayLike) -> float:
    """Return ICC(2,1): two-way random effects, absolute agreement, single rater (Shrout and Fleiss, Psychol. Bull. 86, 1979).

    Parameters
    ----------
    scores
        ``(n, k)`` scores of ``n`` targets by ``k`` raters.

    Returns
    -------
    At most 1; NaN for fewer than two targets or raters, or where all scores are the same.
    """
    given = np.asarray(scores, dtype=np.float64)
    n, k = given.shape
    if n < 2 or k < 2:
        return _NAN
    centred = given - given.mean()
    between_targets = k * float((centred.mean(axis=1) ** 2).sum()) / (n - 1)
    between_raters = n * float((centred.mean(axis=0) ** 2).sum()) / (k - 1)
    residual = centred - centred.mean(axis=1, keepdims=True) - centred.mean(axis=0, keepdims=True)
    error = float((residual**2).sum()) / ((n - 1) * (k - 1))
    whole = between_targets + (k - 1) * error + k * (between_raters - error) / n
    return (between_targets - error) / whole if whole > 0 else _NAN


def _pairs(first: Sequence[Reading], second: Sequence[Reading]) -> tuple[list[tuple[Reading, Reading]], list[str]]:
    """Return the readings of the same case that can be compared with each other, and sentences about the others."""
    theirs = {reading.case_id: reading for reading in second}
    shared = [(reading, theirs[reading.case_id]) for reading in first if reading.case_id in theirs]
    pairs = [(one, other) for one, other in shared if one.geometry.grid.shape == other.geometry.grid.shape]
    left_out = []
    if len(pairs) < len(shared):
        left_out.append(
            f"{_count(len(shared) - len(pairs))} left out: the two readers had images of another size before them."
        )
    ranks = Counter(one.geometry.grid.ndim for one, _ in pairs)
    if len(ranks) > 1:
        rank, _ = max(ranks.items(), key=lambda item: (item[1], -item[0]))
        left_out.append(f"{_count(len(pairs) - ranks[rank])} left out: not {rank}D as the others are.")
        pairs = [pair for pair in pairs if pair[0].geometry.grid.ndim == rank]
    known = [pair for pair in pairs if _geometry(*pair).spacing_known]
    if known and len(known) < len(pairs):
        left_out.append(f"{_count(len(pairs) - len(known))} left out: the pixel size is not known, so there are no mm.")
        pairs = known
    return pairs, left_out


def shared_geometry(readings: Sequence[Reading]) -> Geometry:
    """Return the grid to compare readings of one image on: the first that knows its pixel size, else the first."""
    return next((one.geometry for one in readings if one.geometry.spacing_known), readings[0].geometry)


def _geometry(one: Reading, other: Reading) -> Geometry:
    return shared_geometry((one, other))


def _count(cases: int) -> str:
    return "1 case was" if cases == 1 else f"{cases} cases were"


def _said(reading: Reading, geometry: Geometry, names: Sequence[str]) -> _Said:
    """Return what a reader said of ``names`` on a grid, of those landmarks on which a person has decided."""
    landmarks = reading.on(geometry)
    points = np.full((len(names), landmarks.ndim), np.nan)
    absent = np.zeros(len(names), dtype=bool)
    rows = {name: row for row, name in enumerate(landmarks.names)}
    for at, name in enumerate(names):
        row = rows.get(name)
        if row is None or (reading.reader.kind is ReaderKind.PERSON and not is_decided(landmarks, row)):
            continue
        if landmarks.status[row] is Status.ABSENT:
            absent[at] = True
        else:
            points[at] = landmarks.points_mm[row]
    points[~np.isfinite(points).all(axis=1)] = np.nan
    return points, absent


def _of_landmark(
    name: str,
    first: FloatArray,
    second: FloatArray,
    both_absent: npt.NDArray[np.bool_],
    differs: npt.NDArray[np.bool_],
) -> LandmarkAgreement:
    """Return the figures of positions ``(C, D)``."""
    both = np.isfinite(first[:, 0]) & np.isfinite(second[:, 0])
    first, second = first[both], second[both]
    n, ndim = first.shape
    differences = second - first
    distances = np.linalg.norm(differences, axis=1)
    nothing = np.full(ndim, np.nan)
    icc = nothing
    if name:
        icc = np.asarray([icc_2_1(np.stack([first[:, axis], second[:, axis]], axis=1)) for axis in range(ndim)])
    return LandmarkAgreement(
        name=name,
        n=n,
        mean=float(distances.mean()) if n else _NAN,
        median=float(np.median(distances)) if n else _NAN,
        sd=float(distances.std(ddof=1)) if n > 1 else _NAN,
        p95=float(np.percentile(distances, 95)) if n else _NAN,
        bias=differences.mean(axis=0) if n else nothing,
        bias_sd=differences.std(axis=0, ddof=1) if n > 1 else nothing,
        icc=icc,
        dahlberg=float(np.sqrt((distances**2).sum() / (2 * n))) if n else _NAN,
        dahlberg_axes=np.sqrt((differences**2).sum(axis=0) / (2 * n)) if n else nothing,
        both_absent=int(both_absent.sum()),
        presence_differs=int(differs.sum()),
    )


def _of_case(case_id: int, names: Sequence[str], distances: FloatArray, differs: int) -> CaseAgreement:
    both = np.isfinite(distances)
    if not both.any():
        return CaseAgreement(case_id, 0, _NAN, _NAN, "", int(differs))
    row = int(np.nanargmax(distances))
    found = distances[both]
    return CaseAgreement(case_id, len(found), float(found.mean()), float(found.max()), names[row], int(differs))


def landmarks_csv(result: Agreement) -> str:
    """Return the figures of the landmarks as a table, the row of all together last; column names end in the unit."""
    axes, unit = "xyz"[: result.ndim], result.unit
    columns = ["landmark", "n", *(f"{what}_{unit}" for what in ("mean", "median", "sd", "p95", "dahlberg"))]
    for axis in axes:
        columns += [f"{what}_{axis}_{unit}" for what in ("bias", "sd", "lower", "upper", "dahlberg")]
        columns.append(f"icc_{axis}")
    rows: list[list[str | int]] = []
    for mark in (*result.landmarks, result.overall):
        row: list[str | int] = [mark.name or "all", mark.n]
        row += [_figure(value) for value in (mark.mean, mark.median, mark.sd, mark.p95, mark.dahlberg)]
        lower, upper = mark.limits
        for at in range(result.ndim):
            figures = (mark.bias, mark.bias_sd, lower, upper, mark.dahlberg_axes, mark.icc)
            row += [_figure(float(values[at])) for values in figures]
        rows.append([*row, mark.both_absent, mark.presence_differs])
    return _csv([*columns, "both_absent", "presence_differs"], rows)


def cases_csv(result: Agreement, case_names: Mapping[int, str]) -> str:
    """Return the cases as a table, the worst first."""
    unit = result.unit
    columns = ["case", "n", f"mean_{unit}", f"largest_{unit}", "worst_landmark", "presence_differs"]
    rows: list[list[str | int]] = [
        [case_names.get(case.case_id, str(case.case_id)), case.n, _figure(case.mean), _figure(case.largest), case.worst,
         case.presence_differs]
        for case in result.cases
    ]  # fmt: skip
    return _csv(columns, rows)


def _figure(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else ""


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str | int]]) -> str:
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    return out.getvalue()
