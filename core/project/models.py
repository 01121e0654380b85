"""The models of a project: where their files are, which one came from which, and by which of them its images are localized.

Rows of the project file only: opens no model, and does not know whether anybody trusts it. A file is known by its SHA-256.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base.errors import ProjectError
from core.project.connection import Connection
from core.project.paths import Stored, absolute, stored

_COLUMNS = "sha256, name, path, ndim, parent_sha256, added, note, comparison, waits"


@dataclass(frozen=True)
class ProjectModel:
    """A model that a project knows.

    Attributes
    ----------
    sha256
        Digest of its file, which tells it from all others.
    name
        Name and version, as its readings are called.
    path
        Where its file was last.
    ndim
        2 for pictures, 3 for volumes.
    parent_sha256
        Digest of the model that it went on from; empty where it began from scratch.
    added
        UTC time, ISO 8601; given by the project where empty.
    note
        How it came about, in words.
    comparison
        JSON of how it did beside the model that it went on from, as the learning told it; empty where nobody compared.
    waits
        Whether a person has still to decide what becomes of it.
    """

    sha256: str
    name: str
    path: Path
    ndim: int
    parent_sha256: str = ""
    added: str = ""
    note: str = ""
    comparison: str = ""
    waits: bool = False


class ProjectModels:
    """The models of a project; every call may wait for the disk.

    Parameters
    ----------
    connection
        The project's file.
    moves
        Whether paths are kept relative to it.
    """

    def __init__(self, connection: Connection, *, moves: bool) -> None:
        self._file = connection
        self._moves = moves

    def all(self) -> list[ProjectModel]:
        """Return all models in the order in which they came."""
        with self._file.reading() as file:
            rows = file.execute(f"SELECT {_COLUMNS} FROM model ORDER BY id").fetchall()  # noqa: S608 - columns of ours
        return [self._model(row) for row in rows]

    def get(self, sha256: str) -> ProjectModel | None:
        """Return the model with that digest, None where there is none."""
        return next((one for one in self.all() if one.sha256 == sha256), None)

    def put(self, model: ProjectModel) -> None:
        """Keep a model, or what else is known now of one that is there.

        Raises
        ------
        ProjectError
            Nothing can be written now.
        """
        added = model.added or datetime.now(UTC).isoformat(timespec="milliseconds")
        values = (
            model.sha256, model.name, self._stored(model.path), model.ndim, model.parent_sha256, added, model.note,
            model.comparison, int(model.waits),
        )  # fmt: skip
        changed = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS.split(", ")[1:])
        with self._file.transaction() as file:
            file.execute(
                f"INSERT INTO model ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - columns of ours
                f"ON CONFLICT (sha256) DO UPDATE SET {changed}",
                values,
            )

    def remove(self, sha256: str) -> None:
        """Forget a model, also as the one in use; its file and its readings stay."""
        with self._file.transaction() as file:
            file.execute("DELETE FROM model WHERE sha256 = ?", (sha256,))

    def in_use(self, ndim: int) -> ProjectModel | None:
        """Return the model by which images of a rank are localized in this project, None where the project names none."""
        with self._file.reading() as file:
            row = file.execute(
                f"SELECT {_COLUMNS} FROM model WHERE id = "  # noqa: S608 - columns of ours
                "(SELECT model_id FROM model_in_use WHERE ndim = ?)",
                (ndim,),
            ).fetchone()
        return None if row is None else self._model(row)

    def use(self, sha256: str) -> None:
        """Localize images of a model's rank by it from now on; nobody has to decide about it any more.

        Raises
        ------
        ProjectError
            The project does not know it, or nothing can be written now.
        """
        with self._file.transaction() as file:
            row = file.execute("SELECT id, ndim FROM model WHERE sha256 = ?", (sha256,)).fetchone()
            if row is None:
                raise ProjectError(f"{self._file.path.name} does not know this model.", "Choose one that it lists.")
            file.execute("UPDATE model SET waits = 0 WHERE id = ?", (row[0],))
            file.execute("INSERT OR REPLACE INTO model_in_use (ndim, model_id) VALUES (?, ?)", (row[1], row[0]))

    def use_none(self, ndim: int) -> None:
        """Let images of a rank be localized by what is used where a project names no model."""
        with self._file.transaction() as file:
            file.execute("DELETE FROM model_in_use WHERE ndim = ?", (ndim,))

    def keep(self, sha256: str) -> None:
        """Keep a model for later: nobody has to decide about it any more."""
        with self._file.transaction() as file:
            file.execute("UPDATE model SET waits = 0 WHERE sha256 = ?", (sha256,))

    def ancestors(self, sha256: str) -> list[ProjectModel]:
        """Return the models of the project that one came from, its parent first."""
        by_digest = {one.sha256: one for one in self.all()}
        found: list[ProjectModel] = []
        at = by_digest.get(sha256)
        while at is not None and (at := by_digest.get(at.parent_sha256)) is not None and at not in found:
            found.append(at)
        return found

    def find_from(self, folder: Path) -> None:
        """Say from this file where models are that the paths of a file in ``folder`` lead to."""
        with self._file.transaction() as file:
            for id_, path in file.execute("SELECT id, path FROM model WHERE path IS NOT NULL").fetchall():
                file.execute("UPDATE model SET path = ? WHERE id = ?", (self._stored(absolute(path, folder)), id_))

    def _model(self, row: Sequence[Any]) -> ProjectModel:
        sha256, name, path, ndim, parent, added, note, comparison, waits = row
        where: Stored = path if path is not None else ""
        return ProjectModel(
            sha256, name, absolute(where, self._file.path.parent), ndim, parent, added, note, comparison, bool(waits)
        )

    def _stored(self, path: Path) -> Stored:
        return stored(path, self._file.path.parent if self._moves else None)
