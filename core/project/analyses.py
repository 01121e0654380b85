"""A project's own analyses: texts that travel with it, and the rows of the project file that hold them.

Does not read what a text says: that is `core.measuring`'s, so that an analysis that is wrong is kept as its author wrote it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from core.project.connection import Connection


@dataclass(frozen=True)
class ProjectAnalysis:
    """An analysis that is kept in a project.

    Attributes
    ----------
    name
        What tells it from the others of the project.
    ndim
        2 for pictures, 3 for volumes.
    text
        The TOML text, as its author wrote it.
    changed
        UTC time, ISO 8601; given by the project where empty.
    """

    name: str
    ndim: int
    text: str
    changed: str = ""


class ProjectAnalyses:
    """The analyses of a project; every call may wait for the disk.

    Parameters
    ----------
    connection
        The project's file.
    """

    def __init__(self, connection: Connection) -> None:
        self._file = connection

    def all(self) -> list[ProjectAnalysis]:
        """Return all analyses, by name."""
        with self._file.reading() as file:
            rows = file.execute(
                "SELECT name, ndim, value, changed FROM analysis ORDER BY name COLLATE NOCASE, name"
            ).fetchall()
        return [ProjectAnalysis(*row) for row in rows]

    def get(self, name: str) -> ProjectAnalysis | None:
        """Return the analysis of that name, None where there is none."""
        return next((one for one in self.all() if one.name == name), None)

    def put(self, analysis: ProjectAnalysis) -> None:
        """Keep an analysis, in place of the one of the same name.

        Raises
        ------
        ProjectError
            Nothing can be written now.
        """
        changed = analysis.changed or datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._file.transaction() as file:
            file.execute(
                "INSERT OR REPLACE INTO analysis (name, ndim, value, changed) VALUES (?, ?, ?, ?)",
                (analysis.name, analysis.ndim, analysis.text, changed),
            )

    def remove(self, name: str) -> None:
        """Take an analysis away; one that is gone already is no mistake."""
        with self._file.transaction() as file:
            file.execute("DELETE FROM analysis WHERE name = ?", (name,))
