"""The cases of a project: what a row of the worklist says, which of them are asked for, and in which order.

Values and the SQL that selects them. Opens no project and no image.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.project.paths import Stored, absolute
from core.values.grid import Grid
from core.values.image import Image, SpacingSource

_SOURCES = {source.value: source for source in SpacingSource}


class CaseState(IntEnum):
    """How far a case is; derived, unless a person says that it is done, or that it is not.

    PROBLEM where the image cannot be read or localized, LOCALIZED where only a model has read it, IN_REVIEW where a person has
    begun.
    """

    NEW = 0
    LOCALIZED = 1
    IN_REVIEW = 2
    DONE = 3
    PROBLEM = 4


@dataclass(frozen=True)
class Geometry:
    """Where the samples of a case's image are, without the image.

    Attributes
    ----------
    grid
        The grid that landmarks refer to; one unit a pixel where the pixel size is unknown.
    spacing_source
        Where its pixel size comes from.
    """

    grid: Grid
    spacing_source: SpacingSource = SpacingSource.FILE

    @classmethod
    def of(cls, image: Image) -> "Geometry":
        """Return the geometry of an image."""
        return cls(image.grid, image.source.spacing_source)

    @property
    def spacing_known(self) -> bool:
        """Whether lengths are mm; else they are px."""
        return self.spacing_source is not SpacingSource.UNKNOWN

    def to_text(self) -> str:
        """Return the geometry as JSON for the project file."""
        matrix = self.grid.mm_from_index[:-1].tolist()
        return json.dumps({"shape": self.grid.shape, "mm_from_index": matrix, "spacing": self.spacing_source})

    @classmethod
    def from_text(cls, text: str) -> "Geometry":
        """Return what `to_text` wrote; `ValueError` where the text is damaged."""
        return _geometry(text)


@lru_cache(maxsize=1024)
def _geometry(text: str) -> Geometry:
    """Return the geometry that a text says; most images of a project have one of a few."""
    try:
        said = json.loads(text)
        rows = np.asarray(said["mm_from_index"], dtype=np.float64)
        last = np.eye(rows.shape[-1])[-1:]
        return Geometry(Grid(tuple(said["shape"]), np.concatenate([rows, last])), _SOURCES[said["spacing"]])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("this is no geometry") from error


@dataclass(frozen=True)
class NewCase:
    """A case to be added.

    Attributes
    ----------
    path
        The image: a file, or the folder of a DICOM series.
    name
        What a person calls it; also the name of its results. The file's name without suffix is usual.
    series
        Which series of a folder it is, as `series_key` tells; empty where there is one only.
    patient_group, split
        Who belongs together, and ``"train"``, ``"val"``, ``"test"`` or whatever a list said; empty where nothing is known.
    """

    path: Path
    name: str
    series: str = ""
    patient_group: str = ""
    split: str = ""


@dataclass(frozen=True)
class Case:
    """One case: an image, and what is known about it.

    Attributes
    ----------
    id
        Its number in this project; stays.
    name, series, patient_group, split
        As in `NewCase`.
    path
        Where the image was last; it may have moved since.
    sha256
        Digest of the image's content when it was read, empty before.
    geometry
        Grid and pixel size, None before the image was read.
    excluded
        Whether a person has left it out of everything.
    done
        Whether it is done, where a person has said so; None where nobody has. It is then done once one reader has decided on
        every landmark.
    problem
        The sentence that says why it cannot be read or localized; empty where it can.
    note
        What a person wrote about it.
    view
        How it was looked at last (grey levels and the like); JSON values, for the viewer to understand.
    state
        How far it is.
    to_check
        How many landmarks want a person's eye.
    worst_radius
        Largest radius of the landmarks that nobody has decided on, in mm or px; None where there is none.
    reader
        Who has read it last; empty where nobody has.
    """

    id: int
    name: str
    path: Path
    series: str = ""
    sha256: str = ""
    geometry: Geometry | None = None
    patient_group: str = ""
    split: str = ""
    excluded: bool = False
    done: bool | None = None
    problem: str = ""
    note: str = ""
    view: dict[str, Any] = field(default_factory=dict)
    state: CaseState = CaseState.NEW
    to_check: int = 0
    worst_radius: float | None = None
    reader: str = ""


@dataclass(frozen=True)
class CaseRow:
    """What a list shows of a case: as in `Case`, without what is dear to fetch for many.

    Attributes
    ----------
    unit
        Of ``worst_radius``: ``"mm"``, or ``"px"`` where the pixel size is not known; empty before the image was read.
    seconds
        How long persons have worked on it, all together.
    """

    id: int
    name: str
    path: Path
    series: str
    excluded: bool
    problem: str
    note: str
    state: CaseState
    to_check: int
    worst_radius: float | None
    reader: str
    unit: str
    seconds: float


_SECONDS = "(SELECT nullif(sum(seconds), 0) FROM reading WHERE reading.case_id = cases.id)"


class CaseSort(StrEnum):
    """By what cases are listed; cases that are alike keep the order in which they were added."""

    ADDED = "id"
    NAME = "name COLLATE NOCASE"
    STATE = "state"
    TO_CHECK = "to_check"
    WORST_RADIUS = "worst_radius"
    READER = "reader"
    NOTE = "note"
    SECONDS = _SECONDS


@dataclass(frozen=True)
class CaseQuery:
    """Which cases are asked for, and in which order.

    Attributes
    ----------
    text
        Part of the name, the note, the patient group or the file's path, whatever the case of its letters; empty for all.
    states
        One of these; empty for all.
    excluded
        Whether excluded cases are wanted: True only these, False none of these, None all.
    split, reader
        Empty for all.
    sort, descending
        The order.
    """

    text: str = ""
    states: frozenset[CaseState] = frozenset()
    excluded: bool | None = None
    split: str = ""
    reader: str = ""
    sort: CaseSort = CaseSort.ADDED
    descending: bool = False

    def condition(self) -> tuple[str, list[Any]]:
        """Return the SQL condition and its values."""
        terms: list[str] = []
        values: list[Any] = []
        if self.text:
            pattern = "%" + "".join(f"\\{c}" if c in "\\%_" else c for c in self.text) + "%"
            columns = ("name", "note", "patient_group", "path")
            terms.append("(" + " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns) + ")")
            values += [pattern] * len(columns)
        if self.states:
            terms.append(f"state IN ({', '.join('?' * len(self.states))})")
            values += sorted(int(state) for state in self.states)
        if self.excluded is not None:
            terms.append("excluded = ?")
            values.append(int(self.excluded))
        for column, wanted in (("split", self.split), ("reader", self.reader)):
            if wanted:
                terms.append(f"{column} = ?")
                values.append(wanted)
        return " AND ".join(terms) or "1", values

    def order(self) -> str:
        """Return the SQL order; what is not known comes last."""
        direction = "DESC" if self.descending else "ASC"
        if self.sort is CaseSort.ADDED:
            return f"id {direction}"
        return f"{self.sort} {direction} NULLS LAST, id"


COLUMNS = (
    "id", "name", "path", "series", "sha256", "geometry", "patient_group", "split", "excluded", "done", "problem", "note", "view",
    "state", "to_check", "worst_radius", "reader",
)  # fmt: skip
"""Columns of the table of cases, in the order in which `case_from_row` takes them."""


def case_from_row(row: Sequence[Any], folder: Path) -> Case:
    """Return the case of a row of `COLUMNS`, of a project in ``folder``."""
    values = dict(zip(COLUMNS, row, strict=True))
    path: Stored = values["path"]
    values["path"] = absolute(path, folder)
    values["geometry"] = Geometry.from_text(values["geometry"]) if values["geometry"] else None
    values["view"] = json.loads(values["view"]) if values["view"] else {}
    values["excluded"] = bool(values["excluded"])
    values["done"] = None if values["done"] is None else bool(values["done"])
    values["state"] = CaseState(values["state"])
    return Case(**values)


ROW_COLUMNS = (
    "id", "name", "path", "series", "excluded", "problem", "note", "state", "to_check", "worst_radius", "reader",
    "CASE WHEN geometry = '' THEN '' WHEN json_extract(geometry, '$.spacing') = 'unknown' THEN 'px' ELSE 'mm' END",
    _SECONDS,
)  # fmt: skip
"""Columns in the order in which `case_row_from_row` takes them."""


def case_row_from_row(row: Sequence[Any], folder: Path) -> CaseRow:
    """Return the `CaseRow` of a row of `ROW_COLUMNS`, of a project in ``folder``."""
    id_, name, path, series, excluded, problem, note, state, to_check, worst_radius, reader, unit, seconds = row
    return CaseRow(
        id_,
        name,
        absolute(path, folder),
        series,
        bool(excluded),
        problem,
        note,
        CaseState(state),
        to_check,
        worst_radius,
        reader,
        unit,
        seconds or 0.0,
    )
