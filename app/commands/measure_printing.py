"""How analyses and what was measured are told on the command line.

Values in, text out; the figures have as many digits as the analysis gives them.
"""

import math
from collections.abc import Iterable, Sequence

import typer
from rich.console import Console

from app.commands.project_printing import say_table
from core.measuring.analysis import Analysis, Norm
from core.measuring.measure import Measured
from core.measuring.reader_spread import ReaderSpread
from core.measuring.table import MeasuredCase, head_of, lacks

_UNDECIDED = "(not decided)"


def say_analyses(analyses: Iterable[Analysis]) -> None:
    """Print which analyses there are, and what each measures."""
    rows = [
        (one.name, f"{one.ndim}D", one.title, ", ".join(m.key for m in one.measurements if not m.hidden))
        for one in analyses
    ]
    for name, ndim, title, keys in rows:
        typer.echo(f"{name}: {title} ({ndim})")
        typer.echo(f"  {keys}")


def say_analysis(analysis: Analysis) -> None:
    """Print what an analysis measures, from which landmarks, and what is usual."""
    typer.echo(f"{analysis.title} ({analysis.ndim}D)")
    if analysis.source:
        typer.echo(analysis.source)
    rows = [
        (
            one.key, analysis.units[one.key], one.definition or one.name, ", ".join(analysis.symbols_of(one.key)),
            _norm(one.norms[0], one.decimals) if one.norms else "",
        )
        for one in analysis.measurements
        if not one.hidden
    ]  # fmt: skip
    for key, unit, definition, symbols, norm in rows:
        typer.echo("")
        typer.echo(head_of(key, unit) + (f", usually {norm}" if norm else ""))
        typer.echo(f"  {definition}")
        typer.echo(f"  Landmarks: {symbols}")


def say_measured(analysis: Analysis, cases: Sequence[MeasuredCase], *, long: bool) -> None:
    """Print measurements: of one case, or where ``long``, a row for each; else a row for each case."""
    if not long and len(cases) > 1:
        _say_wide(analysis, cases)
        return
    for number, case in enumerate(cases):
        if number:
            typer.echo("")
        typer.echo(f"{case.name}{f', {case.reader}' if case.reader else ''}")
        heads = ("measurement", "value", "90 % interval", "norm", "SD", "in words")
        rows = [_row(one) for one in case.measured if one.known]
        used = [column for column in range(len(heads)) if column < 2 or any(row[column] for row in rows)]
        say_table(
            [heads[column] for column in used],
            [[row[column] for column in used] for row in rows],
            ("value", "SD"),
        )


def _row(one: Measured) -> tuple[str, ...]:
    decimals = one.measurement.decimals
    interval = "" if math.isnan(one.low) else f"{_number(one.low, decimals)} … {_number(one.high, decimals)}"
    said = [one.class_name + ("" if one.class_decided else f" {_UNDECIDED}")] if one.class_name else []
    said += [one.in_words] if one.in_words else []
    return (
        one.measurement.key,
        f"{_number(one.value, decimals)}{_unit(one.unit)}",
        interval,
        _norm(one.norm, decimals) if one.norm else "",
        "" if math.isnan(one.deviation_sd) else f"{one.deviation_sd:+.1f}".replace("-", "−"),
        "; ".join(said),
    )


def _unit(unit: str) -> str:
    return unit if unit in ("", "°") else f" {unit}"


def _number(value: float, decimals: int) -> str:
    return f"{value:z.{decimals}f}".replace("-", "−")


def _norm(norm: Norm, decimals: int) -> str:
    usual = norm.range
    if norm.mean is not None:
        return _number(norm.mean, decimals) + (f" ± {norm.sd:g}" if norm.sd is not None else "")
    return "" if usual is None else f"{_number(usual[0], decimals)} … {_number(usual[1], decimals)}"


def _say_wide(analysis: Analysis, cases: Sequence[MeasuredCase]) -> None:
    """Print a row for each case; on a screen as many columns under each other as it takes."""
    heads = [head_of(one.key, analysis.units[one.key]) for one in analysis.measurements if not one.hidden]
    columns = [
        [_number(case.measured[place].value, case.measured[place].measurement.decimals) if case.measured[place].known
         else "" for case in cases]
        for place in range(len(heads))
    ]  # fmt: skip
    named = ("case", "reader") if any(case.reader for case in cases) else ("case",)
    first = [(case.name, case.reader)[: len(named)] for case in cases]
    for number, places in enumerate(_parts(heads, columns, [*named, *("".join(row) for row in first)])):
        if number:
            typer.echo("")
        rows = [(*row, *(columns[place][line] for place in places)) for line, row in enumerate(first)]
        chosen = [heads[place] for place in places]
        say_table((*named, *chosen), rows, chosen)


def _parts(heads: Sequence[str], columns: Sequence[Sequence[str]], labels: Sequence[str]) -> list[list[int]]:
    """Return which columns stand beside each other: all of them unless a person's screen is too narrow."""
    console = Console()
    if not console.is_terminal:
        return [list(range(len(heads)))]
    room = max(console.width - max(map(len, labels)) - 4, 1)
    parts: list[list[int]] = [[]]
    taken = 0
    for place, (head, cells) in enumerate(zip(heads, columns, strict=True)):
        width = max(map(len, (head, *cells))) + 2
        if parts[-1] and taken + width > room:
            parts.append([])
            taken = 0
        parts[-1].append(place)
        taken += width
    return parts


def told_by_readers(cases: Sequence[MeasuredCase], spread: ReaderSpread) -> list[str]:
    """Return a sentence that says whose differences tell how uncertain landmarks without a radius are; none where none are."""
    names = dict.fromkeys(name for case in cases for one in case.measured for name in one.by_readers)
    whose = spread.sources_of(names)
    return (
        [f"Intervals of landmarks placed by hand come from the differences of readers: {'; '.join(whose)}."]
        if whose
        else []
    )


def say_lacks(cases: Sequence[MeasuredCase]) -> None:
    """Say on stderr what was not measured, each reason once."""
    for lack in lacks(cases):
        where = "" if len(cases) == 1 else f" ({lack.count} of {len(cases)} cases)"
        typer.echo(f"{', '.join(lack.keys)}: {lack.reason}{where}", err=True)
