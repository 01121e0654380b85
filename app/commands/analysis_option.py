"""Which analysis a command is given by name: that of the project, a bundled one, or a file. Prints nothing."""

from collections.abc import Sequence
from pathlib import Path

from core.base.errors import AppError
from core.measuring.analysis import Analysis
from core.measuring.file import AnalysisError, bundled_analyses, parse_analysis, read_analysis
from core.project.paths import SUFFIX
from core.project.store import Project


def analysis_named(name: str, sources: Sequence[Path]) -> Analysis:
    """Return the analysis that is meant: that of the project among the sources, else the bundled one, or that of a file.

    Raises
    ------
    AnalysisError
        There is none of that name, or it is wrong.
    """
    kept = kept_analyses(sources)
    if name in kept:
        return parse_analysis(kept[name], f"{name} of this project")
    if kept and not name.lower().endswith(".toml") and name not in [one.name for one in bundled_analyses()]:
        known = ", ".join((*kept, *(one.name for one in bundled_analyses())))
        raise AnalysisError(f"There is no analysis {name}.", f"Give the path of a .toml file, or one of: {known}.")
    return read_analysis(name)


def kept_analyses(sources: Sequence[Path]) -> dict[str, str]:
    """Return the texts of the analyses of the project that is given, by name; none where none is."""
    if len(sources) != 1 or sources[0].suffix.lower() != SUFFIX:
        return {}
    with Project.open(sources[0], read_only=True) as project:
        return {one.name: one.text for one in project.analyses.all()}


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
