"""What ``cairn project new`` and ``add`` do: find out what paths and lists stand for, and put it into a project.

All that can be refused is refused before a project is made or changed. Prints nothing but to the console it is given.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from core.base.errors import AppError, ProjectError
from core.project.additions import Added, Additions, SchemeMismatch, add
from core.project.case_list import is_case_list, read_case_list
from core.project.exchange import find_in_file
from core.project.found_cases import Wishes, find_cases, find_listed
from core.project.paths import SUFFIX
from core.project.store import Project
from core.schemes.comparison import Fit
from core.schemes.file import read_scheme
from core.schemes.scheme import Scheme
from core.schemes.sources import scheme_from_file

_NAMED = 5
"""How many problems a sentence names before it counts the others."""


@dataclass(frozen=True)
class Request:
    """What is to be added and how.

    Attributes
    ----------
    paths
        Images, folders, lists of cases.
    lists
        Lists of cases.
    scheme
        A bundled scheme's name or a file; None for what the landmarks say.
    reader
        Whose landmarks are of which nothing says it.
    spacing_mm
        Pixel size in numpy order for images that do not know theirs.
    skip
        Whether to go on without what cannot be read.
    fit
        Whose names hold where landmarks do not fit the scheme; None to ask.
    """

    paths: tuple[Path, ...] = ()
    lists: tuple[Path, ...] = ()
    scheme: str | None = None
    reader: str = "imported"
    spacing_mm: tuple[float, ...] | None = None
    skip: bool = False
    fit: Fit | None = None


def make(path: Path, request: Request, console: Console) -> tuple[Path, Added]:
    """Make a project of what was asked for and return where it is; none is left where anything is refused.

    Raises
    ------
    AppError
        There is one of that name, or what is to be added is refused.
    """
    path = path if path.suffix.lower() == SUFFIX else path.with_name(f"{path.name}{SUFFIX}")
    if path.exists():
        raise ProjectError(
            f"There is already a file {path}.", "Choose another name, or add to it with cairn project add."
        )
    scheme = None if request.scheme is None else scheme_named(request.scheme)
    additions = _found(request, (scheme,) if scheme else (), console)
    with ExitStack() as on_failure, Project.create(path) as project:
        on_failure.callback(_remove, path)  # called after the project is closed
        if scheme is not None:
            project.set_scheme(scheme)
        added = _added(project, additions, request)
        on_failure.pop_all()
        return path, added


def _remove(path: Path) -> None:
    """Remove a project that was not made whole."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def add_to(project: Project, request: Request, console: Console) -> Added:
    """Add to a project what was asked for; all of it, or nothing where anything is refused.

    Raises
    ------
    AppError
        What is to be added is refused.
    """
    schemes = tuple(scheme for ndim in (2, 3) if (scheme := project.scheme(ndim)) is not None)
    return _added(project, _found(request, schemes, console), request)


def import_into(
    project: Project, path: Path, reader: str, key: str | None, fit: Fit | None, *, replacing: bool, take_spacing: bool
) -> tuple[Added, tuple[str, ...]]:
    """Add what a file says of the cases of a project, and return sentences about what was left out or tolerated.

    Raises
    ------
    AppError
        The file is none, fits no case, or not the scheme.
    """
    found = find_in_file(project, path, reader, key, take_spacing=take_spacing)
    try:
        return add(project, found.cases, fit=fit, replacing=replacing), found.notes
    except SchemeMismatch as error:
        raise with_option(error) from error


def _added(project: Project, additions: Additions, request: Request) -> Added:
    try:
        return add(project, additions.cases, fit=request.fit)
    except SchemeMismatch as error:
        raise with_option(error) from error


def with_option(error: SchemeMismatch) -> ProjectError:
    """Return the same error with what to do about it on a command line."""
    return ProjectError(error.message, "Say whose names shall hold with --scheme-from file, scheme or both.")


def scheme_named(scheme: str) -> Scheme:
    """Return a bundled scheme by its name, or the one that a file holds or can be made into.

    Raises
    ------
    AppError
        There is none.
    """
    path = Path(scheme)
    return scheme_from_file(path, 2) if path.is_file() else read_scheme(scheme)


def _found(request: Request, schemes: tuple[Scheme, ...], console: Console) -> Additions:
    lists = [*request.lists, *(path for path in request.paths if is_case_list(path))]
    paths = [path for path in request.paths if path not in lists]
    with Progress(
        TextColumn("Reading images"), BarColumn(), MofNCompleteColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=None)
        wishes = Wishes(
            request.reader, request.spacing_mm, schemes, lambda done, of: bar.update(task, completed=done, total=of)
        )
        found = [find_cases(paths, wishes)] if paths else []
        for path in lists:
            listed = read_case_list(path)
            if not request.skip:
                listed.require_whole()
            of_list = find_listed(listed, wishes)
            left = tuple(f"{path.name}: {problem}." for problem in listed.problems)
            found.append(Additions(of_list.cases, of_list.notes, (*left, *of_list.problems)))
    together = Additions(
        tuple(case for one in found for case in one.cases),
        tuple(note for one in found for note in one.notes),
        tuple(problem for one in found for problem in one.problems),
    )
    for sentence in (*together.notes, *(together.problems if request.skip else ())):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    if together.problems and not request.skip:
        raise AppError(_listed(together.problems), "Nothing was added; --skip leaves these out and goes on.")
    return together


def _listed(problems: tuple[str, ...]) -> str:
    more = f" And {len(problems) - _NAMED} more." if len(problems) > _NAMED else ""
    return " ".join(problems[:_NAMED]) + more
