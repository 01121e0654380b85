"""What wants a person's eye in a whole project, the most doubtful first: one queue over all cases.

Doubts come from what the model said of itself, from readers who disagree, and from shapes unlike those of the other cases. Reads
the project and changes nothing; pure but for that.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.geometry.shapes import fit_similarity, mean_shape, transform_points
from core.project.cases import CaseQuery, CaseSort, CaseState, Geometry
from core.project.readings import ReaderKind, Reading, latest
from core.project.summary import is_decided, usual_radius_of
from core.values.doubt import LARGE, doubts
from core.values.grid import FloatArray
from core.values.landmarks import Landmarks, Status

if TYPE_CHECKING:
    from core.project.store import Project

LEAST_SHAPES = 5
"""Cases with the same landmarks from which on a shape can be called unlike the others."""
UNLIKE = 5.0
"""A landmark is out of shape that lies this many times as far from its place in the mean shape as half of them do.

Of 300 cephalograms read by an expert, one in a hundred has such a landmark, at 4 one in fifteen; two landmarks that were swapped
and lie 20 mm apart were found in all of 84."""
MOST_CASES = 600
"""Of a larger project so many cases are looked through, those with the largest radii; others follow as these are settled."""
MOST_SHAPES = 100
_OPEN = frozenset({CaseState.LOCALIZED, CaseState.IN_REVIEW})


@dataclass(frozen=True)
class Doubt:
    """One landmark of one case that wants an eye.

    Attributes
    ----------
    case_id, name
        Which one.
    score
        How much; 1 is the least.
    why
        In a few words, for a person.
    """

    case_id: int
    name: str
    score: float
    why: str


@dataclass(frozen=True, eq=False)
class Shapes:
    """What the shapes of a project's cases are like.

    Attributes
    ----------
    names
        ``L`` landmarks, in the order of ``mean``.
    mean
        ``(L, D)`` the Procrustes mean; its size is that of the first shape.
    usual
        ``(L,)`` how far from their place in the mean half of all shapes have each landmark, at the size of the mean.
    """

    names: tuple[str, ...]
    mean: FloatArray
    usual: FloatArray

    def oddness(self, landmarks: Landmarks) -> FloatArray:
        """Return ``(L,)`` how many times as far as usual each landmark lies from its place; NaN where nothing can be said.

        The fit is made twice, the second time without what is far off, since a single misplaced landmark would else pull the
        others out of their places.
        """
        points = _complete(landmarks, self.names)
        result = np.full(len(landmarks), np.nan)
        if points is not None:
            odd = _distances_from(self.mean, points) / self.usual
            for row, name in enumerate(self.names):
                result[landmarks.index(name)] = odd[row]
        return result


def _distances_from(mean: FloatArray, points: FloatArray) -> FloatArray:
    """Return ``(L,)`` distances of a shape from a mean shape onto which it is fitted by the better part of its points."""
    distances = _fitted_distances(mean, points, np.arange(len(points)))
    nearest = np.argsort(distances)[: max(3, (3 * len(points)) // 4)]
    return _fitted_distances(mean, points, nearest)


def _fitted_distances(mean: FloatArray, points: FloatArray, rows: npt.NDArray[np.intp]) -> FloatArray:
    mean_from_points = fit_similarity(points[rows], mean[rows])
    return np.asarray(np.linalg.norm(transform_points(mean_from_points, points) - mean, axis=1))


def _complete(landmarks: Landmarks, names: Sequence[str]) -> FloatArray | None:
    """Return the positions ``(L, D)`` of ``names``, None unless all are there."""
    if not set(names) <= set(landmarks.names):
        return None
    points = landmarks.points_mm[[landmarks.index(name) for name in names]]
    return points if np.isfinite(points).all() else None


def shapes_of(all_landmarks: Iterable[Landmarks]) -> Shapes | None:
    """Return what the shapes of cases with the same landmarks are like; None for fewer than `LEAST_SHAPES` complete ones.

    Where cases have different landmarks, the most frequent set counts.
    """
    complete = [landmarks for landmarks in all_landmarks if len(landmarks) > 3 and landmarks.located.all()]
    if not complete:
        return None
    [((names, ndim), _)] = Counter((landmarks.names, landmarks.ndim) for landmarks in complete).most_common(1)
    alike = [landmarks.points_mm for landmarks in complete if (landmarks.names, landmarks.ndim) == (names, ndim)]
    if len(alike) < LEAST_SHAPES:
        return None
    mean = mean_shape(alike)
    distances = np.stack([_distances_from(mean, points) for points in alike])
    usual = np.median(distances, axis=0)
    floor = 0.25 * float(
        np.median(usual)
    )  # a landmark that the fit goes through must not look odd for a hair's breadth
    return Shapes(names, mean, np.maximum(usual, max(floor, 1e-9)))


def doubts_of_case(
    readings: Sequence[Reading], usual_radius: Mapping[str, float] | None = None, shapes: Shapes | None = None
) -> list[Doubt]:
    """Return what wants an eye in one case, the most doubtful first.

    Parameters
    ----------
    readings
        All that was said about the case.
    usual_radius
        Usual radii of the model, as `core.values.doubt.names_in_doubt` takes them.
    shapes
        What the other cases are like.
    """
    reading = latest(readings)
    if reading is None:
        return []
    landmarks, unit = reading.landmarks, "mm" if reading.geometry.spacing_known else "px"
    found: dict[str, tuple[float, str]] = {}

    def add(name: str, score: float, why: str) -> None:
        if score >= 1 and score > found.get(name, (0.0, ""))[0]:
            found[name] = float(score), why

    for row, score in enumerate(doubts(landmarks, usual_radius).tolist()):
        if score >= 1:
            add(landmarks.names[row], score, _why(landmarks, row, unit))
    for name, (score, distance) in _disagreement(readings, reading).items():
        add(name, score, f"readers are {distance:.1f} {unit} apart")
    if shapes is not None:
        for row, odd in enumerate(shapes.oddness(landmarks).tolist()):
            if np.isfinite(odd):
                add(landmarks.names[row], odd / UNLIKE, "out of shape beside the other cases")
    order = sorted(found.items(), key=lambda item: (-item[1][0], landmarks.names.index(item[0])))
    return [Doubt(reading.case_id, name, score, why) for name, (score, why) in order]


def _why(landmarks: Landmarks, row: int, unit: str) -> str:
    presence, radius = float(landmarks.presence[row]), float(landmarks.radius_mm[row])
    if landmarks.status[row] is Status.ABSENT:
        return f"perhaps present ({100 * presence:.0f} %)" if np.isfinite(presence) else "perhaps present"
    if not landmarks.located[row]:
        return "not placed yet"
    figures = [f"± {radius:.1f} {unit}"] if np.isfinite(radius) else []
    if np.isfinite(presence):
        figures.append(f"presence {100 * presence:.0f} %")
    return ", ".join(figures) or "not looked at yet"


def _disagreement(readings: Sequence[Reading], shown: Reading) -> dict[str, tuple[float, float]]:
    """Return landmarks about which persons disagree, or models do, with a score and the largest distance.

    The distance is measured by the model's radius where there is one, else by what is usual between the two in this case.
    """
    found: dict[str, tuple[float, float]] = {}
    for kind in ReaderKind:
        said = [_said_by(reading, shown.geometry) for reading in readings if reading.reader.kind is kind]
        for one, other in ((a, b) for index, a in enumerate(said) for b in said[:index]):
            shared = [name for name in one if name in other]
            apart = {name: float(np.linalg.norm(one[name] - other[name])) for name in shared}
            usual = LARGE * float(np.median(list(apart.values()))) if len(apart) > 2 else np.nan
            for name, distance in apart.items():
                bound = np.fmax(_radius(shown.landmarks, name), usual)
                score = distance / bound if bound > 0 else 0.0
                if score > found.get(name, (0.0, 0.0))[0]:
                    found[name] = score, distance
    return found


def _radius(landmarks: Landmarks, name: str) -> float:
    return float(landmarks.radius_mm[landmarks.index(name)]) if name in landmarks.names else float("nan")


def _said_by(reading: Reading, geometry: Geometry) -> dict[str, FloatArray]:
    """Return the positions that a reader gave: of a person, those on which they decided."""
    if reading.geometry.grid.shape != geometry.grid.shape:
        return {}
    landmarks = reading.on(geometry)
    by_model = reading.reader.kind is ReaderKind.MODEL
    return {
        name: landmarks.points_mm[row]
        for row, name in enumerate(landmarks.names)
        if landmarks.located[row] and (by_model or is_decided(landmarks, row))
    }


@dataclass(frozen=True, eq=False)
class Queue:
    """What wants an eye in a project.

    Attributes
    ----------
    by_case
        The doubts of each case that was looked through, the most doubtful first; none where all is well.
    shapes
        What its shapes are like, None where that cannot be said.
    """

    by_case: dict[int, list[Doubt]]
    shapes: Shapes | None

    @property
    def doubts(self) -> list[Doubt]:
        """All doubts, case by case.

        The case with the greatest doubt comes first, and within a case the greatest doubt: who opens an image sees to all of it.
        """
        cases = sorted(filter(None, self.by_case.values()), key=lambda found: (-found[0].score, found[0].case_id))
        return [doubt for found in cases for doubt in found]


def review_queue(project: "Project", earlier: Queue | None = None, changed: Collection[int] = ()) -> Queue:
    """Return what wants an eye in all cases that are neither done nor excluded.

    Parameters
    ----------
    project
        Whose cases.
    earlier
        The queue as it was; what has not changed since is taken from there.
    changed
        The cases that have changed since.
    """
    query = CaseQuery(states=_OPEN, excluded=False, sort=CaseSort.WORST_RADIUS, descending=True)
    shapes = shapes_of(_examples(project)) if earlier is None else earlier.shapes
    known = {} if earlier is None else earlier.by_case
    in_use = {ndim: model.name for ndim in (2, 3) if (model := project.models.in_use(ndim)) is not None}
    by_case = {}
    for id_ in project.case_ids(query)[:MOST_CASES]:
        if id_ in known and id_ not in changed:
            by_case[id_] = known[id_]
        else:
            readings = _that_count(project.readings(id_), in_use)
            by_case[id_] = doubts_of_case(readings, usual_radius_of(readings, project.usual_radii), shapes)
    return Queue(by_case, shapes)


def _that_count(readings: Sequence[Reading], in_use: Mapping[int, str]) -> list[Reading]:
    """Return the readings without those of models that have given way to the one in use: that a better one differs is no doubt.

    ``in_use`` are the names of the models in use, by rank.
    """
    names = {reading.reader.name for reading in readings if reading.reader.kind is ReaderKind.MODEL}

    def counts(reading: Reading) -> bool:
        used = in_use.get(reading.geometry.grid.ndim)
        return reading.reader.kind is ReaderKind.PERSON or used not in names or reading.reader.name == used

    return [reading for reading in readings if counts(reading)]


def _examples(project: "Project") -> Iterable[Landmarks]:
    """Give the landmarks of cases from all over the project."""
    ids = project.case_ids(CaseQuery(states=_OPEN | {CaseState.DONE}, excluded=False))
    step = -(-len(ids) // MOST_SHAPES) or 1
    for id_ in ids[::step]:
        reading = latest(project.readings(id_))
        if reading is not None:
            yield reading.landmarks
