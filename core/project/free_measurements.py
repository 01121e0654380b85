"""Free measurements: distances and angles between points that a person clicked, kept with the case and the reader.

Values, and the rows of the project file that hold them. Measures nothing: that is `core.measuring`'s.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import numpy as np

from core.base.errors import ProjectError
from core.project.cases import Geometry
from core.project.connection import Connection
from core.project.readings import Reader, ReaderKind
from core.values.grid import FloatArray

Points = tuple[tuple[float, ...], ...]
"""Positions, each ``x y (z)``: LPS mm, or px where the pixel size is unknown."""


class FreeKind(StrEnum):
    """What is measured: the distance of two points, or the angle at the middle one of three."""

    DISTANCE = "distance"
    ANGLE = "angle"

    @property
    def point_count(self) -> int:
        """How many points it takes."""
        return 2 if self is FreeKind.DISTANCE else 3


@dataclass(frozen=True)
class FreeMeasurement:
    """One distance or angle that a person has drawn over an image.

    Attributes
    ----------
    case_id, reader
        Of which case, and who drew it.
    kind
        Distance or angle.
    points_mm
        Two or three positions on ``geometry``.
    geometry
        The grid that the positions refer to.
    uuid
        Tells the measurement in copies of a project.
    created, changed
        UTC times, ISO 8601.

    Raises
    ------
    ValueError
        The points are too few or too many, not of the grid's rank, or not finite.
    """

    case_id: int
    reader: Reader
    kind: FreeKind
    points_mm: Points
    geometry: Geometry
    uuid: str = ""
    created: str = ""
    changed: str = ""

    def __post_init__(self) -> None:
        wanted = (self.kind.point_count, self.geometry.grid.ndim)
        points = np.asarray(self.points_mm, dtype=np.float64)
        if points.shape != wanted or not np.isfinite(points).all():
            raise ValueError(f"this {self.kind} does not have {wanted[0]} points of {wanted[1]} coordinates")

    @property
    def array_mm(self) -> FloatArray:
        """The points as an array ``(2 or 3, D)``."""
        return np.asarray(self.points_mm, dtype=np.float64)

    def with_points(self, points_mm: FloatArray) -> "FreeMeasurement":
        """Return the measurement with other points ``(2 or 3, D)``."""
        return replace(self, points_mm=as_points(points_mm))

    def on(self, geometry: Geometry) -> "FreeMeasurement":
        """Return the measurement on the same pixels of a grid with another pixel size; `ValueError` where that has others."""
        if geometry == self.geometry:
            return self
        old, new = self.geometry.grid, geometry.grid
        if old.shape != new.shape:
            raise ValueError(f"a grid of {new.shape} samples does not have the pixels of one of {old.shape}")
        points_mm = self.points_mm if old == new else as_points(new.to_mm(old.to_index(self.array_mm)))
        return replace(self, points_mm=points_mm, geometry=geometry)


def as_points(points_mm: FloatArray) -> Points:
    """Return an array ``(N, D)`` as the immutable points of a measurement."""
    return tuple(tuple(float(value) for value in point) for point in points_mm)


_SELECT = (
    "SELECT case_id, reader.name, reader.kind, free_measurement.kind, points, geometry, uuid, created, changed "
    "FROM free_measurement JOIN reader ON reader.id = reader_id"
)
_PUT = (
    "INSERT INTO free_measurement (case_id, reader_id, kind, points, geometry, uuid, created, changed) "
    "VALUES (?, (SELECT id FROM reader WHERE name = ? AND kind = ?), ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (uuid) DO UPDATE SET points = excluded.points, geometry = excluded.geometry, changed = excluded.changed"
)


class FreeMeasurements:
    """The free measurements of a project; every call may wait for the disk.

    Parameters
    ----------
    connection
        The project's file.
    """

    def __init__(self, connection: Connection) -> None:
        self._file = connection

    def of_case(self, case_id: int) -> list[FreeMeasurement]:
        """Return the measurements of a case, in the order in which they were drawn; `ProjectError` where they are damaged."""
        return self._select("WHERE case_id = ?", (case_id,))

    def all(self) -> list[FreeMeasurement]:
        """Return all measurements, in the order of the cases; `ProjectError` where they are damaged."""
        return self._select("", ())

    def count(self) -> int:
        """Return how many there are."""
        with self._file.reading() as file:
            return int(file.execute("SELECT count(*) FROM free_measurement").fetchone()[0])

    def find(self, identity: str) -> FreeMeasurement | None:
        """Return the measurement of that ``uuid``, of whatever case; None where there is none."""
        return next(iter(self._select("WHERE uuid = ?", (identity,))), None)

    def save(self, measurement: FreeMeasurement) -> FreeMeasurement:
        """Keep a measurement that a person has drawn or changed just now.

        Returns
        -------
        The measurement as it was kept, with its identity and times.

        Raises
        ------
        ProjectError
            The case is gone, or nothing can be written now.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        kept = replace(
            measurement,
            uuid=measurement.uuid or uuid.uuid4().hex,
            created=measurement.created or now,
            changed=now if measurement.created else measurement.changed or now,
        )
        self.put(kept)
        return kept

    def put(self, measurement: FreeMeasurement) -> None:
        """Keep a measurement as it is, in place of the one of the same ``uuid``; raises as `save` does."""
        reader = (measurement.reader.name, measurement.reader.kind.value)
        with self._file.transaction() as file:
            if not file.execute("SELECT 1 FROM cases WHERE id = ?", (measurement.case_id,)).fetchone():
                raise ProjectError("This case is no longer in the project.")
            file.execute("INSERT OR IGNORE INTO reader (name, kind) VALUES (?, ?)", reader)
            file.execute(
                _PUT,
                (
                    measurement.case_id, *reader, measurement.kind.value, json.dumps(measurement.points_mm),
                    measurement.geometry.to_text(), measurement.uuid, measurement.created, measurement.changed,
                ),
            )  # fmt: skip

    def remove(self, identities: Iterable[str]) -> None:
        """Take measurements away by their ``uuid``; those that are gone already are no mistake."""
        with self._file.transaction() as file:
            file.executemany("DELETE FROM free_measurement WHERE uuid = ?", [(identity,) for identity in identities])

    def move(self, case_id: int, geometry: Geometry) -> None:
        """Let the measurements of a case stay on their pixels, whose size is known otherwise now.

        Those that were drawn on another image of that name, one of other samples, stay as they are.
        """
        for measurement in self.of_case(case_id):
            if measurement.geometry.grid.shape == geometry.grid.shape:
                self.put(measurement.on(geometry))

    def _select(self, condition: str, values: Sequence[Any]) -> list[FreeMeasurement]:
        with self._file.reading() as file:
            rows = file.execute(f"{_SELECT} {condition} ORDER BY case_id, free_measurement.id", values).fetchall()
        try:
            return [_measurement(row) for row in rows]
        except (ValueError, TypeError) as error:
            raise ProjectError(f"{self._file.path.name} is damaged.", "Use a copy of it.") from error


def _measurement(row: Sequence[Any]) -> FreeMeasurement:
    case_id, name, reader_kind, kind, points, geometry, identity, created, changed = row
    return FreeMeasurement(
        case_id,
        Reader(name, ReaderKind(reader_kind)),
        FreeKind(kind),
        tuple(tuple(float(value) for value in point) for point in json.loads(points)),
        Geometry.from_text(geometry),
        identity,
        created,
        changed,
    )


def seen_by(reader: Reader, measurements: Collection[FreeMeasurement], *, blind: bool) -> tuple[FreeMeasurement, ...]:
    """Return what a reader sees of measurements: of who reads blind only their own."""
    return tuple(one for one in measurements if not blind or one.reader == reader)
