"""Puts cases and readings that were found somewhere into a project: all of them or none, and never over what a person did.

What landmarks are called is brought together with the project's scheme here. Finding and reading files is not its business.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.base.errors import ProjectError
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, Reading, on_pixels_of
from core.project.store import Project
from core.project.summary import is_decided
from core.schemes.comparison import Difference, Fit, difference, fitted
from core.schemes.draft import Draft, finished, with_rows
from core.schemes.scheme import Scheme
from core.schemes.sources import scheme_of_names
from core.values.landmarks import Landmarks, Status


@dataclass(frozen=True, eq=False)
class Marks:
    """What a reader says of a case that is to be added.

    Attributes
    ----------
    reader
        Who.
    landmarks
        What, on the geometry of the case.
    origin
        The file that says so, for the history.
    """

    reader: Reader
    landmarks: Landmarks
    origin: str = ""


@dataclass(frozen=True, eq=False)
class Addition:
    """A case to be added, or to be added to.

    Attributes
    ----------
    case
        The image and what is known of it.
    geometry, sha256
        Where its pixels are, and the digest of its content; None and empty where it was not read, so that there are no marks.
    marks
        What readers say.
    sized
        The same pixels with the size that they are to have from now on; None where that stays.
    """

    case: NewCase
    geometry: Geometry | None = None
    sha256: str = ""
    marks: tuple[Marks, ...] = ()
    sized: Geometry | None = None


@dataclass(frozen=True, eq=False)
class Additions:
    """What was found to be added.

    Attributes
    ----------
    cases
        The cases.
    notes
        Sentences for the person: what was left out or tolerated.
    problems
        What could not be read, each a sentence.
    """

    cases: tuple[Addition, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @classmethod
    def joined(cls, *parts: "Additions") -> "Additions":
        """Return what several places were found to hold, as one."""
        return cls(
            tuple(case for part in parts for case in part.cases),
            tuple(note for part in parts for note in part.notes),
            tuple(problem for part in parts for problem in part.problems),
        )


@dataclass
class Added:
    """What has become of additions.

    Attributes
    ----------
    ids
        The cases, in order.
    new
        How many of them were not in the project before.
    readings
        How many readings are in the project that were not.
    kept
        Names of cases whose reader has already said something else, which stays.
    """

    ids: list[int] = field(default_factory=list)
    new: int = 0
    readings: int = 0
    kept: list[str] = field(default_factory=list)


class SchemeMismatch(ProjectError):
    """Landmarks have names that the project's scheme does not know, and somebody must say what is to hold.

    Parameters
    ----------
    ndim
        Rank of the scheme.
    differs
        What differs.
    """

    def __init__(self, ndim: int, differs: Difference) -> None:
        super().__init__(
            f"The landmarks do not fit the {ndim}D scheme of the project. {' '.join(differs.sentences())}",
            "Say whose names shall hold: those of the file, of the scheme, or both.",
        )
        self.ndim = ndim
        self.differs = differs


def add(project: Project, additions: Sequence[Addition], *, fit: Fit | None = None, replacing: bool = False) -> Added:
    """Put cases and what readers say of them into a project, all or nothing.

    Parameters
    ----------
    project
        An open project.
    additions
        What to add. A case that is there already only gets what is new.
    fit
        Whose names hold where landmarks have names that the scheme does not know; None to refuse them.
    replacing
        Whether what is added takes the place of what the same reader has said before; the history keeps that.

    Raises
    ------
    SchemeMismatch
        The landmarks do not fit the scheme, and ``fit`` does not say what to do.
    ProjectError
        Nothing can be written now. Nothing was changed.
    """
    added = Added()
    with project.transaction():
        fitting = {ndim: _fitting(project, ndim, _names(additions, ndim), fit) for ndim in (2, 3)}
        before = set(project.case_ids())
        added.ids = project.add_cases([addition.case for addition in additions])
        added.new = len(set(added.ids) - before)
        for id_, addition in zip(added.ids, additions, strict=True):
            _add_content(project, id_, addition, fitting, added, replacing=replacing)
    return added


def _add_content(
    project: Project, id_: int, addition: Addition, fitting: dict[int, "_Fitting"], added: Added, *, replacing: bool
) -> None:
    """Give a case what is known of it and what readers say."""
    case = project.case(id_)
    blanks = {
        name: value
        for name, value in (("patient_group", addition.case.patient_group), ("split", addition.case.split))
        if value and not getattr(case, name)
    }
    if blanks:
        project.update_case(id_, **blanks)
    found = addition.geometry
    if found is None:
        return
    geometry = case.geometry
    if (
        geometry is None
        or geometry.grid.shape != found.grid.shape
        or (found.spacing_known and not geometry.spacing_known)
    ):
        project.set_case_image(id_, found, addition.sha256)
        geometry = found
    for marks in addition.marks:
        landmarks = fitting[marks.landmarks.ndim].applied(on_pixels_of(marks.landmarks, found, geometry))
        before = project.reading(id_, marks.reader)
        if before is not None and _same(before.landmarks, landmarks):
            continue
        if before is not None and not replacing:
            added.kept.append(case.name)
            continue
        seconds = 0.0 if before is None else before.seconds
        text = f"Import {marks.origin}".strip()
        project.save_reading(Reading(id_, marks.reader, landmarks, geometry, seconds=seconds), text)
        added.readings += 1
    if addition.sized is not None and not geometry.spacing_known:
        project.set_case_image(id_, addition.sized, addition.sha256)


def _same(before: Landmarks, after: Landmarks) -> bool:
    return (
        before.names == after.names
        and before.status == after.status
        and np.allclose(before.points_mm, after.points_mm, rtol=0, atol=1e-6, equal_nan=True)
    )


@dataclass(frozen=True)
class _Fitting:
    """What is done to landmarks so that they have the names of a scheme; nothing without one."""

    scheme: Scheme | None = None
    differs: Difference = field(default_factory=Difference)

    def applied(self, landmarks: Landmarks) -> Landmarks:
        if self.scheme is None:
            return landmarks
        return fitted(landmarks, self.scheme, Fit.SCHEME, self.differs.renames)


def _fitting(project: Project, ndim: int, names: tuple[str, ...], fit: Fit | None) -> _Fitting:
    """Bring names and the project's scheme together, which is changed where need be."""
    if not names:
        return _Fitting()
    scheme = project.scheme(ndim)
    if scheme is None or fit is Fit.FILE:
        scheme = scheme_of_names(names, ndim, project.path.stem)
        project.set_scheme(scheme)
        return _Fitting(scheme)
    differs = difference(scheme, names)
    if differs.needs_decision and fit is None:
        raise SchemeMismatch(ndim, differs)
    more = [name for name in differs.extra if name not in differs.renames]
    if fit is Fit.BOTH and more:
        scheme = finished(with_rows(Draft.of(scheme), more))
        project.set_scheme(scheme)
    return _Fitting(scheme, differs if fit is not None else replace(differs, renames={}))


def _names(additions: Iterable[Addition], ndim: int) -> tuple[str, ...]:
    """Return what landmarks of a rank are called, in the order in which they come up."""
    marks = (marks for addition in additions for marks in addition.marks if marks.landmarks.ndim == ndim)
    return tuple(dict.fromkeys(name for one in marks for name in one.landmarks.names))


def by_model(landmarks: Landmarks) -> bool:
    """Tell whether all that is said of landmarks a model has said."""
    rows = range(len(landmarks))
    return Status.PREDICTED in landmarks.status and not any(is_decided(landmarks, row) for row in rows)
