"""What is superimposed, on what, and what comes of it: values, and the work of a job that makes one of the other.

Touches the disk where an image has to be read: `done` runs in jobs, never in the main thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.desk import Desk
from app.session.change_rows import told_by_readers
from app.session.moments import Film, ReadImage, film_of_case, film_of_file
from app.session.superimposed_picture import Side, SuperimposedPicture, picture_of
from core.base.errors import AppError
from core.measuring.analysis import Analysis
from core.measuring.comparison import Comparison, compare
from core.measuring.reader_spread import ReaderSpread, spread_for
from core.measuring.registration import LINES, By, Registration, line_of, shared_names
from core.project.readings import Reader

if TYPE_CHECKING:
    from core.project.store import Project

_LONGEST_FLUSH_S = 10.0


class When(StrEnum):
    """Which of the two images."""

    EARLIER = "earlier"
    LATER = "later"

    @property
    def other(self) -> "When":
        """The other one."""
        return When.LATER if self is When.EARLIER else When.EARLIER


@dataclass(frozen=True)
class Source:
    """Where one of the two images comes from; without case and path it is the open one.

    Attributes
    ----------
    case_id
        A case of the project.
    path
        A landmark file, or an image with saved landmarks.
    reader
        Whose reading of the case; None for what is shown of the open one, and for who speaks first for others.
    """

    case_id: int | None = None
    path: Path | None = None
    reader: Reader | None = None


@dataclass(frozen=True)
class Wish:
    """On what a person wants to superimpose.

    Attributes
    ----------
    line
        Symbols of a line, such as S and N; None for a best fit.
    fit
        Landmarks of the fit; None for all that both have.
    scaled
        Whether the later image is scaled.
    """

    line: tuple[str, str] | None = LINES[0]
    fit: frozenset[str] | None = None
    scaled: bool = False


@dataclass(frozen=True, eq=False)
class Superimposed:
    """What came of it.

    Attributes
    ----------
    films
        The earlier and the later image.
    lines
        Lines by their symbols that both have.
    shared
        Landmarks that both have.
    comparison, picture
        What has changed, and what is drawn; no picture where they could not be superimposed.
    readers
        Whose differences tell how uncertain landmarks are that were placed by hand, as a sentence; empty where none do.
    """

    films: tuple[Film, Film]
    lines: tuple[tuple[str, str], ...]
    shared: tuple[str, ...]
    comparison: Comparison
    picture: SuperimposedPicture | None
    readers: str = ""

    def film(self, when: When) -> Film:
        """Return one of the two."""
        return self.films[0 if when is When.EARLIER else 1]


@dataclass(frozen=True)
class Task:
    """Everything a job needs: the images that are there already, where the others are, and what is wished for."""

    ready: tuple[Film | None, Film | None]
    sources: tuple[Source, Source]
    desk: Desk
    project: "Project | None"
    blind: bool
    names: tuple[str, ...]
    wish: Wish
    analysis: Analysis | None
    population: str
    readers: ReaderSpread
    short_names: Mapping[str, str]
    side: Side
    read: ReadImage


def done(task: Task) -> Superimposed:
    """Read what is not there yet, superimpose and measure; in a job."""
    task.desk.flush(_LONGEST_FLUSH_S)  # what was done last may be about one of these very cases
    earlier, later = (_film(task, number) for number in (0, 1))
    moments = earlier.moment, later.moment
    shared = shared_names(moments[0].landmarks, moments[1].landmarks)
    lines = tuple(line for line in LINES if line_of(line, shared) is not None)
    registration = registration_for(task.wish, lines, shared)
    spread = task.readers if task.analysis is None else spread_for(task.analysis, task.readers)
    comparison = compare(*moments, registration, task.analysis, population=task.population, spread_mm=spread.spread_mm)
    picture = picture_of((earlier, later), comparison, task.analysis, task.short_names, task.side)
    told = told_by_readers(comparison, spread)
    return Superimposed((earlier, later), lines, shared, comparison, picture, told)


def registration_for(wish: Wish, lines: tuple[tuple[str, str], ...], shared: tuple[str, ...]) -> Registration:
    """Return what a wish means for two images; a best fit where neither has any of the lines.

    Parameters
    ----------
    wish
        On what a person wants to superimpose.
    lines
        Those that both images have.
    shared
        Landmarks that both have.
    """
    if wish.line is not None and lines:
        names = line_of(wish.line, shared) or wish.line
        return Registration(By.LINE, names, wish.scaled)
    chosen = tuple(name for name in shared if wish.fit is None or name in wish.fit)
    return Registration(By.FIT, chosen, wish.scaled)


def _film(task: Task, number: int) -> Film:
    film, source = task.ready[number], task.sources[number]
    if film is not None:
        if source.case_id is None or task.project is None or film.readers:
            return film
        readings = task.project.readings(source.case_id)
        own = task.desk.reader
        return replace(film, readers=tuple(one.reader for one in readings if not task.blind or one.reader == own))
    if source.path is not None:
        return film_of_file(source.path, names=task.names, blind=task.blind, read=task.read)
    if task.project is None or source.case_id is None:
        raise AppError("This image is no longer open.", "Choose another one.")
    return film_of_case(
        task.project, source.case_id, reader=source.reader, own=task.desk.reader, blind=task.blind, read=task.read
    )
