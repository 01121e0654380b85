"""What the commands that measure have in common: which analysis a name means, and how far readers differ. Prints nothing."""

from collections.abc import Sequence
from pathlib import Path

from app.commands.readers import spread_between
from app.desk.project_spread import spread_in
from core.base.errors import AppError
from core.measuring.analysis import Analysis
from core.measuring.file import AnalysisError, bundled_analyses, parse_analysis, read_analysis
from core.measuring.reader_spread import NOTHING, ReaderSpread
from core.project.paths import SUFFIX
from core.project.store import Project


def project_among(sources: Sequence[Path]) -> Path | None:
    """Return the project, where that is what a command is given."""
    return sources[0] if len(sources) == 1 and sources[0].suffix.lower() == SUFFIX else None


def analysis_named(name: str, project: Path | None) -> Analysis:
    """Return the analysis that is meant: that of the project, else the bundled one, or that of a file.

    Raises
    ------
    AnalysisError
        There is none of that name, or it is wrong.
    """
    kept = kept_analyses(project)
    if name in kept:
        return parse_analysis(kept[name], f"{name} of this project")
    if kept and not name.lower().endswith(".toml") and name not in [one.name for one in bundled_analyses()]:
        known = ", ".join((*kept, *(one.name for one in bundled_analyses())))
        raise AnalysisError(f"There is no analysis {name}.", f"Give the path of a .toml file, or one of: {known}.")
    return read_analysis(name)


def kept_analyses(project: Path | None) -> dict[str, str]:
    """Return the texts of the analyses of a project, by name; none where there is none."""
    if project is None:
        return {}
    with Project.open(project, read_only=True) as opened:
        return {one.name: one.text for one in opened.analyses.all()}


def known_spread(
    ndim: int,
    project: Path | None,
    readers: Sequence[Path] = (),
    scheme: str | None = None,
    spacing_mm: tuple[float, ...] | None = None,
) -> ReaderSpread:
    """Return how far readers differ: those asked for with ``--readers``, else those of the project; nothing without either.

    Raises
    ------
    AppError
        As `spread_between` does, or the project cannot be read.
    """
    if readers:
        return spread_between(readers, ndim, scheme, spacing_mm)
    if project is None:
        return NOTHING
    with Project.open(project, read_only=True) as opened:
        return spread_in(opened, ndim)


def require_population(analysis: Analysis, population: str) -> None:
    """Make sure that an analysis has norms of a population; any where it is empty.

    Raises
    ------
    AppError
        It has none.
    """
    known = dict.fromkeys(norm.population for one in analysis.measurements for norm in one.norms if norm.population)
    if population and population not in known:
        hint = f"It has: {'; '.join(known)}." if known else "It names no population."
        raise AppError(f"The analysis {analysis.name} has no norms of the population {population}.", hint)
