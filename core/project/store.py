"""The project: a day's work in one SQLite file, of which every change is one transaction.

Holds no pixel, no patient's name and no DICOM value. Safe to use from several threads; every call may wait for the disk, so none
belongs into a window's main thread.
"""

import json
import sqlite3
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from core.base.errors import ProjectError
from core.project import case_rows, reading_rows
from core.project.analyses import ProjectAnalyses
from core.project.cases import Case, CaseQuery, CaseRow, CaseState, Geometry, NewCase, case_from_row, case_row_from_row
from core.project.connection import Connection
from core.project.free_measurements import FreeMeasurements
from core.project.models import ProjectModels
from core.project.paths import Stored, absolute, stored
from core.project.readings import Edit, Reader, ReaderKind, Reading, difference, encode, on_pixels_of
from core.project.summary import summarise, usual_radius_of
from core.schemes.scheme import Scheme

MIME_TYPE = "application/x-cairn-project"
"""What the desktops that Cairn is installed on call a project file; they know it by `APPLICATION_ID` of the schema, too."""
_CHANGEABLE = frozenset({"name", "patient_group", "split", "excluded", "done", "problem", "note", "sha256"})


_LAST_CASE = "last case"


class Project:
    """An open project; use it as a context manager, or `close` it.

    Parameters
    ----------
    connection
        Its file; see `open` and `create`.
    moves
        Whether the file may move together with its images, so that their paths are kept relative to it.

    Attributes
    ----------
    free_measurements
        Distances and angles that readers have drawn.
    analyses
        The project's own analyses.
    models
        The models that it knows, and which of them are in use.
    """

    def __init__(self, connection: Connection, *, moves: bool = True) -> None:
        self._file = connection
        self._moves = moves
        self.free_measurements = FreeMeasurements(connection)
        self.analyses = ProjectAnalyses(connection)
        self.models = ProjectModels(connection, moves=moves)

    @classmethod
    def create(cls, path: Path, *, moves: bool = True) -> "Project":
        """Make a project file and open it.

        Raises
        ------
        ProjectError
            There is a file of that name, or it cannot be made.
        """
        project = cls(Connection(path, create=True), moves=moves)
        project.set_setting("id", uuid.uuid4().hex)
        return project

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, moves: bool = True) -> "Project":
        """Open a project file; read-only where another window has it open or where it cannot be written.

        Raises
        ------
        ProjectError
            There is none, it is another kind of file, damaged, or made by a newer Cairn.
        """
        return cls(Connection(path, read_only=read_only), moves=moves)

    def close(self) -> None:
        """Let the file go; does nothing where that was done already."""
        self._file.close()

    def __enter__(self) -> "Project":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The project's file."""
        return self._file.path

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent

    @property
    def read_only_because(self) -> str:
        """The sentence that says why nothing can be written; empty where it can."""
        return self._file.read_only_because

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let several changes happen together or not at all."""
        with self._file.transaction():
            yield

    def save_copy(self, path: Path) -> None:
        """Write the whole project to another file, which must not be there; images and models are found from there as from here.

        Raises
        ------
        ProjectError
            There is a file of that name, or it cannot be written.
        """
        path = Path(path).absolute()
        if path.exists():
            raise ProjectError(f"There is already a file {path}.", "Choose another name.")
        try:
            with self._file.reading() as file:
                file.execute("VACUUM INTO ?", (str(path),))
            with Project.open(path) as copy:
                copy._find_images_from(self.folder)
                copy.models.find_from(self.folder)
        except (ProjectError, OSError):
            path.unlink(missing_ok=True)
            raise

    def _find_images_from(self, folder: Path) -> None:
        """Say from this file where images are that the paths of a file in ``folder`` lead to."""
        with self._file.transaction() as file:
            for id_, path in file.execute("SELECT id, path FROM cases").fetchall():
                file.execute("UPDATE cases SET path = ? WHERE id = ?", (self._stored(absolute(path, folder)), id_))

    # Settings, scheme, models

    @property
    def id(self) -> str:
        """What tells this project, and the copies of it, from others."""
        return str(self.setting("id", ""))

    def setting(self, key: str, default: Any = None) -> Any:
        """Return a JSON value that was kept under ``key``."""
        with self._file.reading() as file:
            row = file.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a JSON value under ``key``."""
        with self._file.transaction() as file:
            file.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def usual_radii(self, model: str) -> dict[str, dict[str, float]]:
        """Return how large the radii of a model, called as its readings are, usually are: by unit, by landmark."""
        known: dict[str, dict[str, float]] = self.setting(f"usual radii of {model}", {})
        return known

    def set_usual_radii(self, model: str, radii: Mapping[str, Mapping[str, float]]) -> None:
        """Keep how large the radii of a model usually are, before its readings, so that the worklist can tell which are not."""
        if radii != self.usual_radii(model):
            self.set_setting(f"usual radii of {model}", {unit: dict(of_unit) for unit, of_unit in radii.items()})

    def scheme(self, ndim: int) -> Scheme | None:
        """Return the landmarks that images of a rank are marked with, None where nobody has chosen any."""
        with self._file.reading() as file:
            row = file.execute("SELECT value FROM scheme WHERE ndim = ?", (ndim,)).fetchone()
        return None if row is None else Scheme.model_validate_json(row[0])

    def set_scheme(self, scheme: Scheme) -> None:
        """Mark images of the scheme's rank with its landmarks from now on; readings stay as they are."""
        with self._file.transaction() as file:
            file.execute("INSERT OR REPLACE INTO scheme VALUES (?, ?)", (scheme.ndim, scheme.to_json()))

    def remove_scheme(self, ndim: int) -> None:
        """Let the model decide again what images of a rank are marked with; readings stay as they are."""
        with self._file.transaction() as file:
            file.execute("DELETE FROM scheme WHERE ndim = ?", (ndim,))

    # Cases

    def add_cases(self, cases: Iterable[NewCase]) -> list[int]:
        """Add cases, all or none, and return their ids in order; one that is there already keeps its id and all it has."""
        ids = []
        with self._file.transaction() as file:
            last = self._last_case(file)
            for case in cases:
                path = self._stored(case.path)
                id_ = case_rows.find(file, path, case.series)
                if id_ is None:
                    id_ = last = last + 1
                    file.execute(
                        "INSERT INTO cases (id, name, path, series, patient_group, split) VALUES (?, ?, ?, ?, ?, ?)",
                        (id_, case.name, path, case.series, case.patient_group, case.split),
                    )
                ids.append(id_)
        return ids

    def remove_cases(self, ids: Collection[int]) -> None:
        """Take cases out of the project with all their readings; images stay where they are.

        Their numbers are given to no other case: what is late, a localization or a picture, never gets to a foreign image.
        """
        with self._file.transaction() as file:
            self.set_setting(_LAST_CASE, self._last_case(file))
            file.executemany("DELETE FROM cases WHERE id = ?", [(id_,) for id_ in ids])

    def _last_case(self, file: sqlite3.Connection) -> int:
        """Return the largest number that a case has, or that one had that was removed."""
        (largest,) = file.execute("SELECT ifnull(max(id), 0) FROM cases").fetchone()
        return max(int(largest), int(self.setting(_LAST_CASE, 0)))

    def case(self, id_: int) -> Case:
        """Return a case; `ProjectError` where it is gone."""
        found = self.cases([id_])
        if not found:
            raise ProjectError("This case is no longer in the project.")
        return found[0]

    def cases(self, ids: Sequence[int]) -> list[Case]:
        """Return cases in the order of ``ids``, without those that are gone."""
        with self._file.reading() as file:
            rows = case_rows.by_id(file, case_rows.SELECT_CASE, ids)
        return [case_from_row(rows[id_], self.folder) for id_ in ids if id_ in rows]

    def rows(self, ids: Sequence[int]) -> list[CaseRow]:
        """Return what a list shows of cases, in the order of ``ids``, without those that are gone."""
        with self._file.reading() as file:
            rows = case_rows.by_id(file, case_rows.SELECT_ROW, ids)
        return [case_row_from_row(rows[id_], self.folder) for id_ in ids if id_ in rows]

    def case_ids(self, query: CaseQuery | None = None) -> list[int]:
        """Return the ids of the cases that are asked for, in that order; all where nothing is asked."""
        with self._file.reading() as file:
            return case_rows.ids(file, CaseQuery() if query is None else query)

    def counts(self) -> dict[CaseState, int]:
        """Return how many cases there are in each state; excluded ones are not counted."""
        with self._file.reading() as file:
            return case_rows.counts(file)

    def problems(self) -> dict[str, int]:
        """Return what is wrong with how many cases, the most frequent first; excluded and done ones are not counted."""
        with self._file.reading() as file:
            return case_rows.problems(file)

    def excluded_count(self) -> int:
        """Return how many cases are excluded."""
        with self._file.reading() as file:
            return case_rows.excluded_count(file)

    def find_case(self, path: Path, series: str = "") -> int | None:
        """Return the id of the case of an image, None where it is not in the project."""
        with self._file.reading() as file:
            return case_rows.find(file, self._stored(path), series)

    def update_case(self, id_: int, **changes: Any) -> None:
        """Change what was said about a case: any of `Case`'s name, patient_group, split, excluded, done, problem, note, sha256.

        Raises
        ------
        TypeError
            Something else is to be changed.
        """
        wrong = changes.keys() - _CHANGEABLE
        if wrong:
            raise TypeError(f"this of a case cannot be changed: {', '.join(sorted(wrong))}")
        with self._file.transaction() as file:
            for column, value in changes.items():
                file.execute(f"UPDATE cases SET {column} = ? WHERE id = ?", (value, id_))  # noqa: S608 - names of ours
            self._summarise(file, id_)

    def set_case_path(self, id_: int, path: Path) -> None:
        """Say where the image of a case has gone."""
        try:
            with self._file.transaction() as file:
                file.execute("UPDATE cases SET path = ? WHERE id = ?", (self._stored(path), id_))
        except ProjectError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise ProjectError(f"{path.name} is the image of another case already.") from error
            raise

    def set_case_view(self, id_: int, view: dict[str, Any]) -> None:
        """Keep how a case was looked at last: JSON values."""
        with self._file.transaction() as file:
            file.execute("UPDATE cases SET view = ? WHERE id = ?", (json.dumps(view), id_))

    def set_case_image(self, id_: int, geometry: Geometry, sha256: str) -> None:
        """Keep what was found when the image of a case was read.

        Where it has the same samples as before and another pixel size, readings and free measurements go along: they stay on
        their pixels.
        """
        with self._file.transaction() as file:
            (before,) = file.execute("SELECT geometry FROM cases WHERE id = ?", (id_,)).fetchone() or ("",)
            text = geometry.to_text()
            file.execute("UPDATE cases SET geometry = ?, sha256 = ? WHERE id = ?", (text, sha256, id_))
            if before and before != text:
                self._move_readings(file, id_, geometry)
                self.free_measurements.move(id_, geometry)

    def _move_readings(self, file: sqlite3.Connection, case_id: int, geometry: Geometry) -> None:
        for reading in self.readings(case_id):
            if reading.geometry.grid.shape != geometry.grid.shape:
                continue  # of another image of that name; whoever shows it says so
            encoded = encode(on_pixels_of(reading.landmarks, reading.geometry, geometry))
            file.execute(
                "UPDATE reading SET positions = ?, figures = ?, geometry = ? WHERE uuid = ?",
                (encoded.positions, encoded.figures, geometry.to_text(), reading.uuid),
            )
        self._summarise(file, case_id)

    # Readings

    def readers(self) -> list[Reader]:
        """Return everybody who has read anything, persons first, by name."""
        with self._file.reading() as file:
            rows = file.execute("SELECT name, kind FROM reader ORDER BY kind DESC, name COLLATE NOCASE").fetchall()
        return [Reader(name, ReaderKind(kind)) for name, kind in rows]

    def readings(self, case_id: int) -> list[Reading]:
        """Return what was said about a case, in the order in which the readers began."""
        with self._rows() as file:
            return reading_rows.of_case(file, case_id)

    def reading(self, case_id: int, reader: Reader) -> Reading | None:
        """Return what a reader said about a case, None where that is nothing."""
        with self._rows() as file:
            return reading_rows.one(file, case_id, reader)

    def readings_of(self, reader: Reader) -> list[Reading]:
        """Return all that a reader said, in the order of the cases."""
        with self._rows() as file:
            return reading_rows.of_reader(file, reader)

    @contextmanager
    def _rows(self) -> Iterator[sqlite3.Connection]:
        """Give the file for reading rows that may be damaged."""
        try:
            with self._file.reading() as file:
                yield file
        except (ValueError, KeyError) as error:
            raise ProjectError(f"{self.path.name} is damaged.", "Use a copy of it.") from error

    def save_reading(self, reading: Reading, text: str = "") -> Reading:
        """Keep what a reader says about a case from now on, and what it replaces in the history; one transaction.

        Parameters
        ----------
        reading
            Case, reader, landmarks, geometry, seconds and locked names count; the rest is given by the project.
        text
            What was done, for the history. What a person changed is kept there without a text, too; of a model only with one.

        Returns
        -------
        The reading as it was kept.

        Raises
        ------
        ProjectError
            The case is gone, or nothing can be written now.
        """
        now = _now()
        with self._file.transaction():
            before = self.reading(reading.case_id, reading.reader)
            identity = reading.uuid or (uuid.uuid4().hex if before is None else before.uuid)
            created = now if before is None else before.created
            saved = replace(reading, uuid=identity, created=created, changed=now)
            changed = difference(None if before is None else before.landmarks, reading.landmarks)
            told = changed and (text or reading.reader.kind is ReaderKind.PERSON)
            self.put_reading(saved, [Edit(now, text, changed)] if told else [])
        return saved

    def put_reading(self, reading: Reading, edits: Iterable[Edit]) -> None:
        """Keep a reading as it is, with its identity and times, as where it comes from a copy of the project.

        Parameters
        ----------
        reading
            In place of what the same reader said of the same case.
        edits
            What is to follow in its history; those that are in it already are left out.

        Raises
        ------
        ProjectError
            The case is gone, or nothing can be written now.
        """
        with self._file.transaction() as file:
            if not file.execute("SELECT 1 FROM cases WHERE id = ?", (reading.case_id,)).fetchone():
                raise ProjectError("This case is no longer in the project.")
            reading_rows.write(file, reading)
            reading_rows.add_edits(file, reading.case_id, reading.reader, edits)
            self._summarise(file, reading.case_id)

    def set_seconds(self, case_id: int, reader: Reader, seconds: float) -> None:
        """Keep how long a reader has worked on a case; nothing where they have said nothing of it."""
        with self._file.transaction() as file:
            reading_rows.set_seconds(file, case_id, reader, seconds, _now())

    def has_reading(self, identity: str) -> bool:
        """Tell whether a reading of that ``uuid`` is here, of whatever case and reader."""
        with self._file.reading() as file:
            return file.execute("SELECT 1 FROM reading WHERE uuid = ?", (identity,)).fetchone() is not None

    def edits(self, case_id: int, reader: Reader) -> list[Edit]:
        """Return the history of a reading, the oldest first."""
        with self._rows() as file:
            return reading_rows.edits(file, case_id, reader)

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong with the file, nothing where it is sound."""
        with self._file.reading() as file:
            found = [row[0] for row in file.execute("PRAGMA integrity_check").fetchall()]
            broken = len(file.execute("PRAGMA foreign_key_check").fetchall())
        complaints = [] if found == ["ok"] else [str(complaint) for complaint in found]
        return [*complaints, f"{broken} rows belong to nothing"] if broken else complaints

    def _summarise(self, file: sqlite3.Connection, case_id: int) -> None:
        row = file.execute("SELECT done, problem FROM cases WHERE id = ?", (case_id,)).fetchone()
        if row is None:
            return
        readings = self.readings(case_id)
        usual = usual_radius_of(readings, self.usual_radii)
        summary = summarise(readings, done=None if row[0] is None else bool(row[0]), problem=row[1], usual_radius=usual)
        file.execute(
            "UPDATE cases SET state = ?, to_check = ?, worst_radius = ?, reader = ? WHERE id = ?",
            (int(summary.state), summary.to_check, summary.worst_radius, summary.reader, case_id),
        )

    def _stored(self, path: Path) -> Stored:
        return stored(path, self.folder if self._moves else None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
