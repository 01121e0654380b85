"""Whether a project is sound: its file, its readings, and the images that it knows: missing, moved or changed since.

Reads images only as far as their content must be compared. Changes nothing but the paths that `relocate` is asked to mend.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.base.errors import AppError, ProjectError
from core.base.files import sha256_of
from core.images.file import read_image
from core.images.formats import has_image_suffix
from core.images.listing import image_at
from core.project.cases import Case
from core.project.paths import found_beside

if TYPE_CHECKING:
    from core.project.store import Project

Progress = Callable[[int, int], None]
"""Called with how many images were looked at and how many will be."""


@dataclass(frozen=True)
class Missing:
    """A case whose image is not where it was.

    Attributes
    ----------
    case
        The case.
    moved_to
        Where it seems to lie now, beside the project; None where it is nowhere there.
    """

    case: Case
    moved_to: Path | None = None


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes
    ----------
    damage
        What is wrong with the file itself; the project is to be replaced by a copy of it.
    missing
        Cases without their image.
    changed
        Cases whose image has another content than when it was read.
    """

    damage: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    changed: tuple[Case, ...] = ()


def check(project: "Project", progress: Progress | None = None) -> Checked:
    """Look whether a project's file is sound, and whether its images are there and the same as when they were read."""
    damage = project.damage()
    missing: list[Missing] = []
    changed: list[Case] = []
    ids = project.case_ids()
    for done, id_ in enumerate(ids, start=1):
        case = project.case(id_)
        lost = missing_image(project, case)
        try:
            project.readings(id_)
        except ProjectError:
            damage.append(f"what was said of {case.name} cannot be read")
        try:
            project.free_measurements.of_case(id_)
        except ProjectError:
            damage.append(f"what was measured freely in {case.name} cannot be read")
        if lost is not None:
            missing.append(lost)
        elif case.sha256 and not is_content(case, case.path):
            changed.append(case)
        if progress is not None:
            progress(done, len(ids))
    return Checked(tuple(damage), tuple(missing), tuple(changed))


def missing_image(project: "Project", case: Case) -> Missing | None:
    """Return that the image of a case is gone, and where it moved together with its project; None where it is there."""
    if case.path.exists():
        return None
    path = found_beside(case.path, project.folder)
    return Missing(case, path if path is not None and (not case.sha256 or is_content(case, path)) else None)


def is_content(case: Case, path: Path) -> bool:
    """Tell whether ``path`` holds the content that the image of a case had when it was read."""
    try:
        if path.is_file() and sha256_of(path) == case.sha256:
            return True
        if path.is_file() and has_image_suffix(path) and path.suffix.lower() not in (".dcm", ".dicom", ".ima"):
            return False
        image = image_at(path, case.series)  # of DICOM counts what the slices hold, not their files
        return read_image(image.path, series=image.series).source.sha256 == case.sha256
    except (OSError, AppError):
        return False


def relocate(project: "Project", missing: Sequence[Missing], folder: Path | None = None) -> list[Case]:
    """Say in the project where images are now that are not where they were.

    They are looked for by name and, where their content is known, by that, so that a renamed image is found too. Of several that
    have the name of one that was never read, the one counts that lies there as it did before; else none is taken.

    Parameters
    ----------
    project
        An open project.
    missing
        What `check` found.
    folder
        Where to look, with all that is below; None for what `check` has found beside the project only.

    Returns
    -------
    The cases that were found, as they are now.

    Raises
    ------
    ProjectError
        There is no such folder, or nothing can be written.
    """
    if folder is not None and not folder.is_dir():
        raise ProjectError(f"There is no folder {folder}.", "Check the path.")
    moves = {one.case.id: one.moved_to for one in missing if one.moved_to is not None}
    sought = [one.case for one in missing if one.case.id not in moves]
    if folder is not None and sought:
        taken = {case.path for case in project.cases(project.case_ids()) if case.path.exists()}
        entries = [path for path in _entries(folder) if path not in taken]
        moves |= _by_name(sought, entries, folder.absolute())
        moves |= _by_content([case for case in sought if case.id not in moves], set(entries) - set(moves.values()))
    with project.transaction():
        for id_, path in moves.items():
            project.set_case_path(id_, path)
            if project.case(id_).problem:
                project.update_case(id_, problem="")
    return project.cases(sorted(moves))


def _by_name(sought: Sequence[Case], entries: Iterable[Path], folder: Path) -> dict[int, Path]:
    """Return where images of the same name lie, of the same content where that is known."""
    named: dict[str, list[Path]] = defaultdict(list)
    for path in entries:
        named[path.name.casefold()].append(path)
    found: dict[int, Path] = {}
    for case in sought:
        candidates = named[case.path.name.casefold()]
        if case.sha256:
            candidates = [path for path in candidates if is_content(case, path)][:1]
        elif (beside := found_beside(case.path, folder)) in candidates:
            candidates = [beside]
        if len(candidates) == 1 and candidates[0] not in found.values():
            found[case.id] = candidates[0]
    return found


def _by_content(sought: Sequence[Case], entries: Iterable[Path]) -> dict[int, Path]:
    """Return where images of the same content lie under another name; only files are looked at."""
    wanted = {case.sha256: case.id for case in sought if case.sha256}
    found: dict[int, Path] = {}
    for path in sorted(entries) if wanted else ():
        if not path.is_file() or not has_image_suffix(path):
            continue
        try:
            id_ = wanted.get(sha256_of(path))
        except OSError:
            continue
        if id_ is not None:
            found.setdefault(id_, path)
    return found


def _entries(folder: Path) -> Iterator[Path]:
    """Give all files and folders below ``folder``, and itself."""
    folder = folder.absolute()
    yield folder
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in (*folders, *sorted(files)):
            yield Path(root, name)
