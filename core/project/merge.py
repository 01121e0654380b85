"""Brings what another copy of a project says into this one: cases, readings with their history, measurements, notes.

Nothing that anybody did is overwritten: where two copies of a reading have parted, both are kept and the difference is told. To
merge twice is to merge once. Reads no image.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from core.base.errors import ProjectError
from core.project.case_matching import match_cases
from core.project.cases import Case, Geometry, NewCase
from core.project.free_measurements import FreeMeasurement
from core.project.readings import Edit, Reader, ReaderKind, Reading, on_pixels_of
from core.project.store import Project
from core.schemes.comparison import difference
from core.values.landmarks import Landmarks

_SAME_MM = 1e-6
"""Positions that differ by less are the same: what is carried from pixel size to pixel size is rounded."""


@dataclass(frozen=True)
class Conflict:
    """A reading that was changed here and in the copy.

    Attributes
    ----------
    case_id, case_name
        The case here.
    reader
        Whose reading it is; what was said here stays under this name.
    kept_as
        The reader under whose name the copy's reading is kept beside it.
    """

    case_id: int
    case_name: str
    reader: Reader
    kept_as: Reader


@dataclass
class Merged:
    """What a merge did.

    Attributes
    ----------
    cases
        How many cases are new here.
    readings
        How many readings are new here.
    continued
        How many readings go on where they had been left here.
    measurements
        How many free measurements are new here, or as they were changed in the copy.
    analyses
        How many analyses are new here.
    models
        How many models are new here; none is in use for that.
    conflicts
        What was changed on both sides.
    notes
        Sentences about what could not be brought together.
    touched
        Cases of which something else is known now, each with the reader of whom that is, None where it is of the image.
    """

    cases: int = 0
    readings: int = 0
    continued: int = 0
    measurements: int = 0
    analyses: int = 0
    models: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    touched: list[tuple[int, Reader | None]] = field(default_factory=list)


def merge(project: Project, other: Project) -> Merged:
    """Bring what ``other`` says into ``project``, all or nothing; ``other`` is only read.

    Cases are the same where their images have the same content, else where path, or name and size, are the same. Of a case, what
    is said nowhere here is taken over; done and excluded are so where either copy says so.

    Raises
    ------
    ProjectError
        Both are one file, one cannot be read, or this one cannot be written. Nothing was changed.
    """
    if project.path.samefile(other.path):
        raise ProjectError(f"{other.path.name} is this very project.", "Choose a colleague's copy of it.")
    done = Merged()
    with project.transaction():
        _take_schemes(project, other, done)
        _take_analyses(project, other, done)
        _take_models(project, other, done)
        cases = other.cases(other.case_ids())
        here = project.cases(project.case_ids())
        matches = match_cases(here, cases, (project.folder, other.folder) if project.id == other.id else None)
        for case in cases:
            if case.id in matches.changed:
                done.notes.append(
                    f"{case.name}: its image is another one here, so what the copy says of it was left out."
                )
                continue
            ours = matches.found.get(case.id)
            if ours is None:
                ours = _add(project, case)
                done.cases += 1
            _merge_case(project, ours, case, done)
            _merge_readings(project, other, ours.id, case.id, done)
            _merge_measurements(project, other, ours.id, case.id, done)
    return done


class _OnlySeen(Exception):
    def __init__(self, merged: Merged) -> None:
        super().__init__()
        self.merged = merged


def preview(project: Project, other: Project) -> Merged:
    """Return what `merge` would do, without doing it; raises as `merge` does."""
    try:
        with project.transaction():
            raise _OnlySeen(merge(project, other))
    except _OnlySeen as seen:
        return seen.merged


def _take_schemes(project: Project, other: Project, done: Merged) -> None:
    for ndim in (2, 3):
        ours, theirs = project.scheme(ndim), other.scheme(ndim)
        if theirs is None:
            continue
        if ours is None:
            project.set_scheme(theirs)
        elif ours.names != theirs.names:
            said = " ".join(difference(ours, theirs.names).sentences())
            done.notes.append(f"The copy has another {ndim}D scheme; the one here stays. {said}".strip())


def _take_analyses(project: Project, other: Project, done: Merged) -> None:
    here = {ours.name: ours for ours in project.analyses.all()}
    for theirs in other.analyses.all():
        ours = here.get(theirs.name)
        if ours is None:
            project.analyses.put(theirs)
            done.analyses += 1
        elif (ours.ndim, ours.text) != (theirs.ndim, theirs.text):
            done.notes.append(f"The copy has another analysis called “{theirs.name}”; the one here stays.")


def _take_models(project: Project, other: Project, done: Merged) -> None:
    """Get to know the models of the copy and where they came from; what is in use here stays, whatever the copy uses."""
    here = {ours.sha256 for ours in project.models.all()}
    for theirs in other.models.all():
        if theirs.sha256 not in here:
            project.models.put(replace(theirs, waits=False))
            done.models += 1


def _add(project: Project, case: Case) -> Case:
    [id_] = project.add_cases([NewCase(case.path, case.name, case.series, case.patient_group, case.split)])
    return project.case(id_)


def _merge_case(project: Project, ours: Case, theirs: Case, done: Merged) -> None:
    """Take over what the copy says of a case and nobody says here."""
    changes: dict[str, Any] = {}
    for name, what in (("patient_group", "group"), ("split", "split")):
        here, there = getattr(ours, name), getattr(theirs, name)
        if there and not here:
            changes[name] = there
        elif there and here != there:
            done.notes.append(
                f"{ours.name}: its {what} is “{here}” here and “{there}” in the copy; it stays as it is here."
            )
    if theirs.note and theirs.note not in ours.note:
        changes["note"] = theirs.note if ours.note in theirs.note else f"{ours.note}\n{theirs.note}"
    for name in ("done", "excluded"):
        if getattr(theirs, name) and not getattr(ours, name):
            changes[name] = True
    if theirs.geometry is not None and _is_better(theirs.geometry, ours.geometry):
        project.set_case_image(ours.id, theirs.geometry, ours.sha256 or theirs.sha256)
        done.touched.append((ours.id, None))
    if changes:
        project.update_case(ours.id, **changes)


def _is_better(theirs: Geometry, ours: Geometry | None) -> bool:
    """Tell whether only the copy knows where the pixels of an image are, or how large they are."""
    if ours is None:
        return True
    return theirs.spacing_known and not ours.spacing_known and theirs.grid.shape == ours.grid.shape


def _merge_readings(project: Project, other: Project, case_id: int, their_id: int, done: Merged) -> None:
    """Bring together what is said of a case here and in the copy."""
    here = project.readings(case_id)
    for theirs in other.readings(their_id):
        if any(_is_version(ours, theirs) for ours in here):
            continue  # most readings of a copy that has been merged before
        _merge_reading(project, case_id, here, theirs, other.edits(their_id, theirs.reader), done)
        here = project.readings(case_id)


def _is_version(ours: Reading, theirs: Reading) -> bool:
    return (ours.uuid, ours.changed) == (theirs.uuid, theirs.changed) and ours.landmarks == theirs.landmarks


def _merge_reading(
    project: Project, case_id: int, here: Sequence[Reading], theirs: Reading, edits: Sequence[Edit], done: Merged
) -> None:
    """Keep a reading of the copy: as new, as what follows, beside what was changed here, or not at all where it is known."""
    case = project.case(case_id)
    theirs = _on_grid_of(case, replace(theirs, case_id=case_id))
    family = [reading for reading in here if _is_copy(reading.reader, theirs.reader)]
    family.sort(key=lambda reading: reading.reader != theirs.reader)
    relations = [(ours, _relation(ours, project.edits(case_id, ours.reader), theirs, edits)) for ours in family]
    if any(relation == "known" for _, relation in relations):
        return
    behind = next((ours for ours, relation in relations if relation == "behind"), None)
    if behind is not None:
        project.put_reading(replace(theirs, reader=behind.reader, uuid=behind.uuid, created=behind.created), edits)
        done.continued += 1
        done.touched.append((case_id, behind.reader))
        return
    own = next((ours for ours in family if ours.reader == theirs.reader), None)
    if own is None:
        identity = _identity(theirs.uuid, theirs.reader.name) if project.has_reading(theirs.uuid) else theirs.uuid
        project.put_reading(replace(theirs, uuid=identity), edits)
        done.readings += 1
        done.touched.append((case_id, theirs.reader))
        return
    name = _free_name(theirs.reader, [reading.reader for reading in family])
    kept_as = replace(theirs.reader, name=name)
    project.put_reading(replace(theirs, reader=kept_as, uuid=_identity(theirs.uuid, f"{case_id} {name}")), edits)
    done.conflicts.append(Conflict(case_id, case.name, own.reader, kept_as))


def _merge_measurements(project: Project, other: Project, case_id: int, their_id: int, done: Merged) -> None:
    """Bring together what was measured freely in a case here and in the copy: all that either has, told by its identity."""
    case = project.case(case_id)
    for theirs in other.free_measurements.of_case(their_id):
        theirs = replace(theirs, case_id=case_id)
        if case.geometry is not None and case.geometry.grid.shape == theirs.geometry.grid.shape:
            theirs = theirs.on(case.geometry)
        here = project.free_measurements.of_case(case_id)
        if any(_measure_the_same(ours, theirs) for ours in here):
            continue
        ours = project.free_measurements.find(theirs.uuid)
        was_changed_here = ours is not None and ours.changed != ours.created
        if ours is not None and ours.case_id == case_id and was_changed_here and theirs.changed == theirs.created:
            continue  # it was changed here only
        if ours is not None and (was_changed_here or ours.case_id != case_id):
            theirs = replace(theirs, uuid=_identity(theirs.uuid, f"{case_id} {theirs.points_mm}"))
        if was_changed_here:
            said = f"{case.name}: a free measurement of {theirs.reader.name} is another one here than in the copy"
            done.notes.append(f"{said}; both are kept.")
        project.free_measurements.put(theirs)
        done.measurements += 1
        done.touched.append((case_id, theirs.reader))


def _measure_the_same(ours: FreeMeasurement, theirs: FreeMeasurement) -> bool:
    if (ours.reader, ours.kind) != (theirs.reader, theirs.kind) or ours.geometry.grid.ndim != theirs.geometry.grid.ndim:
        return False
    return np.allclose(ours.array_mm, theirs.array_mm, rtol=0, atol=_SAME_MM)


def _on_grid_of(case: Case, reading: Reading) -> Reading:
    """Return a reading with the pixel size that its image has here."""
    geometry = case.geometry
    if geometry is None or geometry.grid.shape != reading.geometry.grid.shape or geometry.grid == reading.geometry.grid:
        return reading
    return replace(reading, landmarks=reading.on(geometry), geometry=geometry)


def _relation(
    ours: Reading, our_edits: Sequence[Edit], theirs: Reading, their_edits: Sequence[Edit]
) -> Literal["known", "behind", "parted"]:
    """Tell by their histories whether the reading here knows all that the copy's does, is behind it, or has parted from it."""
    here, there = {edit.uuid for edit in our_edits}, {edit.uuid for edit in their_edits}
    if here != there and here and here < there:
        return "behind"
    if here != there and there and there < here:
        return "known"
    same = _say_the_same(ours, theirs)
    if theirs.reader.kind is ReaderKind.MODEL or (here == there and here):
        # The same edits: only what is no edit can differ, such as locks. A model's answer is replaced by its next one.
        newer = (theirs.changed, theirs.uuid) > (ours.changed, ours.uuid)
        alike = same and ours.locked == theirs.locked
        return "behind" if newer and not alike else "known"
    return "known" if same else "parted"


def _say_the_same(ours: Reading, theirs: Reading) -> bool:
    if ours.geometry.grid.shape != theirs.geometry.grid.shape:
        return False
    one, other = ours.landmarks, on_pixels_of(theirs.landmarks, theirs.geometry, ours.geometry)
    if set(one.names) != set(other.names):
        return False
    other = other.subset(one.names)
    return _states(one) == _states(other) and np.allclose(
        one.points_mm, other.points_mm, rtol=0, atol=_SAME_MM, equal_nan=True
    )


def _states(landmarks: Landmarks) -> tuple[object, ...]:
    return landmarks.status, landmarks.author


def _is_copy(reader: Reader, of: Reader) -> bool:
    """Tell whether two readers are the same but for what a merge has added to their names."""
    return reader.kind is of.kind and _bare(reader.name) == _bare(of.name)


def _bare(name: str) -> str:
    base, opened, rest = name.rpartition(" (copy")
    return (
        base
        if opened and (rest == ")" or (rest.startswith(" ") and rest[1:-1].isdigit() and rest[-1] == ")"))
        else name
    )


def _free_name(reader: Reader, taken: Sequence[Reader]) -> str:
    base, names = _bare(reader.name), {other.name for other in taken}
    number = 1
    while True:
        name = f"{base} (copy)" if number == 1 else f"{base} (copy {number})"
        if name not in names:
            return name
        number += 1


def _identity(of: str, under: str) -> str:
    """Return an identity for a reading that is kept under another name; the same for whoever merges the same."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{of} {under}").hex
