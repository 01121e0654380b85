"""What ``cairn superimpose`` is given: two images by their landmark files, by themselves or as cases of a project, and on what.

Reads; prints and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.commands.project_adding import scheme_named
from app.commands.project_agreement import reader_named
from app.session.moments import Film, film_of_case, film_of_file, with_spacing
from core.base.errors import AppError, ProjectError
from core.base.wording import listed
from core.images.file import read_image
from core.measuring.comparison import PX
from core.measuring.registration import LINES, By, Registration, line_of
from core.project.readings import Reader
from core.project.store import Project

FIT = "fit"
_NOBODY = Reader("")
_DASHES = "-–"


def films_of_project(path: Path, names: Sequence[str], reader: str | None, *, with_pixels: bool) -> list[Film]:
    """Return cases of a project by their names.

    Parameters
    ----------
    path
        The project.
    names
        What the cases are called.
    reader
        Whose readings; the person's that was changed last, else the model's, where omitted.
    with_pixels
        Whether their images are read.

    Raises
    ------
    AppError
        There is no such case, several have that name, or nobody has read it.
    """
    with Project.open(path, read_only=True) as project:
        who = None if reader is None else reader_named(project, reader)
        read = read_image if with_pixels else None
        return [
            film_of_case(project, _case_named(project, name), reader=who, own=_NOBODY, blind=False, read=read)
            for name in names
        ]


def _case_named(project: Project, name: str) -> int:
    cases = project.cases(project.case_ids())
    found = [case.id for case in cases if name in (case.name, case.path.name)]
    if not found:
        known = listed([case.name for case in cases])
        raise ProjectError(f"There is no case {name} in {project.path.name}.", f"It has: {known}.")
    if len(found) > 1:
        raise ProjectError(
            f"{len(found)} cases of {project.path.name} are called {name}.", "Give their landmark files instead."
        )
    return found[0]


def films_of_files(
    paths: Sequence[Path],
    images: Sequence[Path] | None,
    scheme: str | None,
    spacing_mm: tuple[float, ...] | None,
) -> tuple[list[Film], list[str]]:
    """Return images by their landmark files or by themselves, and sentences about them.

    Parameters
    ----------
    paths
        Landmark files, or images whose landmarks were saved beside them.
    images
        The images that landmark files belong to, where they are known.
    scheme
        Names of landmarks in files that have none.
    spacing_mm
        Pixel size of what is in px.

    Raises
    ------
    AppError
        Something cannot be read.
    """
    names = () if scheme is None else scheme_named(scheme).names
    films = [
        film_of_file(path, names=names, image_path=None if images is None else images[number])
        for number, path in enumerate(paths)
    ]
    if films[0].name == films[1].name:  # such as 2019/film.csv and 2023/film.csv
        films = [replace(film, name=str(path)) for film, path in zip(films, paths, strict=True)]
    notes = []
    if spacing_mm is not None:
        known = [film.name for film in films if film.moment.unit != PX]
        notes = [f"{name} is in mm already; --spacing was not applied there." for name in known]
        films = [with_spacing(film, spacing_mm) for film in films]
    return films, notes


def registration_named(on: str | None, shared: Sequence[str], *, scaled: bool) -> Registration:
    """Return what ``--on`` means for the landmarks that both images have.

    Parameters
    ----------
    on
        ``S-N`` or any two landmarks, by symbols or names, ``fit`` of all landmarks, or ``fit:NAME,NAME,…``. Where omitted, S–N
        where it is known, else a fit.
    shared
        Landmarks that both images have.
    scaled
        Whether the later image is scaled.

    Raises
    ------
    AppError
        It names a landmark that they do not have.
    """
    if on is None:
        line = line_of(LINES[0], shared)
        return Registration(By.FIT, tuple(shared), scaled) if line is None else Registration(By.LINE, line, scaled)
    kind, _, listing = on.partition(":")
    if kind.strip().casefold() == FIT:
        wanted = [part.strip() for part in listing.split(",") if part.strip()]
        return Registration(By.FIT, tuple(_name(part, shared, on) for part in wanted) or tuple(shared), scaled)
    for place, letter in enumerate(on):
        start, end = on[:place].strip(), on[place + 1 :].strip()
        line = line_of((start, end), shared) if letter in _DASHES else None
        if line is not None and line[0] != line[1]:
            return Registration(By.LINE, line, scaled)
    raise _unknown(on, shared)


def _name(text: str, shared: Sequence[str], on: str) -> str:
    found = line_of((text, text), shared)
    if found is None:
        raise _unknown(on, shared)
    return found[0]


def _unknown(on: str, shared: Sequence[str]) -> AppError:
    return AppError(
        f"--on {on} names no landmarks that both images have.",
        f"Give two of them, as in S-N, or fit, or fit:NAME,NAME,NAME. Both have: {listed(shared)}.",
    )
