"""The unnamed projects in a person's state folder: each window has one of its own, and what a window left behind is found again.

Opens and removes files: for jobs, never for the main thread. No file in which there is a case is ever removed.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from core.base.errors import ProjectError
from core.project.paths import SUFFIX, models_folder

if TYPE_CHECKING:
    from core.project.readings import Reader, Reading
    from core.project.store import Project

MOST_LOOKED_AT = 30
"""So many of the latest sessions are looked into for earlier work."""
_PREFIX = "session-"


@dataclass(frozen=True)
class EarlierSession:
    """A session that no window has open.

    Attributes
    ----------
    path
        Its file.
    images
        How many images it has.
    first_name
        What the first of them is called.
    changed
        When it was changed last, in local time.
    """

    path: Path
    images: int
    first_name: str
    changed: datetime


def sessions_folder() -> Path:
    """Return where the unnamed projects lie, or would."""
    return user_state_path("Cairn", appauthor=False) / "sessions"


def new_session(folder: Path) -> "Project":
    """Make an unnamed project and open it; `ProjectError` where the folder cannot be written."""
    from core.project.store import Project

    number = time.time_ns()
    while True:
        path = folder / f"{_PREFIX}{number}{SUFFIX}"
        try:
            return Project.create(path, moves=False)
        except ProjectError:
            if not path.exists():
                raise
            number += 1


def is_session(path: Path, folder: Path) -> bool:
    """Tell whether a project is an unnamed one of the state folder."""
    return path.parent == folder and path.name.startswith(_PREFIX)


def open_session(path: Path) -> "Project":
    """Open an unnamed project again; `ProjectError` where that fails or another window has it."""
    from core.project.store import Project

    project = Project.open(path, moves=False)
    if project.read_only_because:
        project.close()
        raise ProjectError(f"This session cannot be gone on with. {project.read_only_because}")
    return project


def earlier_sessions(folder: Path) -> list[EarlierSession]:
    """Return the sessions with images that no window has open, the latest first, and remove the empty ones."""
    from core.project.store import Project

    found = []
    for path in _latest_first(folder)[:MOST_LOOKED_AT]:
        changed_s = _changed_s(path)
        try:
            with Project.open(path, moves=False) as project:
                if project.read_only_because:
                    continue  # another window's
                ids = project.case_ids()
                names = [case.name for case in project.cases(ids[:1])]
        except ProjectError:
            continue  # nothing can be done about it here, and nothing is removed
        if names:
            found.append(EarlierSession(path, len(ids), names[0], datetime.fromtimestamp(changed_s).astimezone()))
        else:
            remove_session(path)
    return found


def earlier_reading(folder: Path, image_path: Path, series: str, reader: "Reader", but: Path) -> "Reading | None":
    """Return what a person said about an image in the latest session in which they did, other than the one in ``but``."""
    from core.project.store import Project

    for path in _latest_first(folder)[:MOST_LOOKED_AT]:
        if path == but:
            continue
        with suppress(ProjectError), Project.open(path, read_only=True, moves=False) as project:
            case_id = project.find_case(image_path, series)
            reading = None if case_id is None else project.reading(case_id, reader)
            if reading is not None:
                return reading
    return None


def _latest_first(folder: Path) -> list[Path]:
    try:
        paths = [path for path in folder.iterdir() if path.name.startswith(_PREFIX) and path.suffix == SUFFIX]
    except OSError:
        return []
    return sorted(paths, key=_changed_s, reverse=True)


def _changed_s(path: Path) -> float:
    """Return when a session was written last; what is not in the file itself yet counts, too."""
    times = [0.0]
    for file in (path, path.with_name(f"{path.name}-wal")):
        with suppress(OSError):
            times.append(file.stat().st_mtime)
    return max(times)


def remove_session(path: Path) -> None:
    """Remove the file of an unnamed project that is nobody's any more, and its models, unless one is still being learnt."""
    models = models_folder(path)
    if models.is_dir() and not any(models.glob("*.learning")):
        shutil.rmtree(models, ignore_errors=True)
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(OSError):
            file.unlink(missing_ok=True)
