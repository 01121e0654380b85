"""How projects, cases and readings are told on the command line: for people as tables, for scripts as JSON.

Values in, text out. Says of a case what its file is called and what a person wrote, never what stands in the image's header.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from core.project.cases import Case, CaseState
from core.project.free_measurements import FreeMeasurement
from core.project.readings import Reading
from core.project.store import Project
from core.values.landmarks import Landmarks

STATES = {state.name.lower().replace("_", "-"): state for state in CaseState}
"""What the command line calls the states of cases."""
_PIPE_WIDTH = 10_000
"""Where no person looks, a row stays in one line."""


def say_json(value: Any) -> None:
    """Print a value for a script."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print a table; ``right`` names the columns of numbers."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=_PIPE_WIDTH)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("[", "\\[")


def state_name(state: CaseState) -> str:
    """Return what the command line calls a state."""
    return state.name.lower().replace("_", "-")


def case_values(case: Case) -> dict[str, Any]:
    """Return what a script may want to know of a case."""
    return {
        "id": case.id,
        "name": case.name,
        "path": str(case.path),
        "state": state_name(case.state),
        "to_check": case.to_check,
        "worst_radius": None if case.worst_radius is None else round(case.worst_radius, 3),
        "unit": unit_of(case),
        "reader": case.reader,
        "group": case.patient_group,
        "split": case.split,
        "excluded": case.excluded,
        "problem": case.problem,
        "note": case.note,
    }


def unit_of(case: Case) -> str:
    """Return the unit of a case's lengths, empty before its image was read."""
    return "" if case.geometry is None else "mm" if case.geometry.spacing_known else "px"


def say_cases(cases: Sequence[Case]) -> None:
    """Print cases as a worklist."""
    rows = [
        (
            str(case.id), case.name, state_name(case.state) + (" (excluded)" if case.excluded else ""), str(case.to_check),
            "" if case.worst_radius is None else f"{case.worst_radius:.1f} {unit_of(case)}", case.reader, case.patient_group,
            case.split, case.problem or case.note,
        )
        for case in cases
    ]  # fmt: skip
    columns = ("id", "name", "state", "to check", "worst radius", "reader", "group", "split", "note")
    say_table(columns, rows, ("id", "to check", "worst radius"))


def project_values(project: Project) -> dict[str, Any]:
    """Return what a script may want to know of a project."""
    schemes = [scheme for ndim in (2, 3) if (scheme := project.scheme(ndim)) is not None]
    return {
        "project": str(project.path),
        "cases": len(project.case_ids()),
        "states": {state_name(state): count for state, count in project.counts().items()},
        "readers": [{"name": reader.name, "kind": reader.kind.value} for reader in project.readers()],
        "schemes": [{"title": s.title, "ndim": s.ndim, "landmarks": list(s.names)} for s in schemes],
        "free_measurements": project.free_measurements.count(),
        "analyses": [{"name": one.name, "ndim": one.ndim} for one in project.analyses.all()],
    }


def reading_values(reading: Reading) -> dict[str, Any]:
    """Return what a script may want to know of a reading: positions are LPS mm, or px where no pixel size is known."""
    landmarks = reading.landmarks
    return {
        "reader": reading.reader.name,
        "kind": reading.reader.kind.value,
        "changed": reading.changed,
        "seconds": reading.seconds,
        "unit": "mm" if reading.geometry.spacing_known else "px",
        "landmarks": [
            {
                "name": name,
                "position": landmarks.points_mm[row].tolist() if landmarks.located[row] else None,
                "status": landmarks.stated[row].value,
                "author": landmarks.author[row].value,
                **_figures(landmarks, row),
            }
            for row, name in enumerate(landmarks.names)
        ],
    }


def _figures(landmarks: Landmarks, row: int) -> Mapping[str, float | None]:
    said = {"presence": landmarks.presence, "spread": landmarks.spread_mm, "radius": landmarks.radius_mm}
    return {name: float(values[row]) if np.isfinite(values[row]) else None for name, values in said.items()}


def say_reading(reading: Reading) -> None:
    """Print what a reader said of a case."""
    unit = "mm" if reading.geometry.spacing_known else "px"
    landmarks = reading.landmarks
    typer.echo(
        f"{reading.reader.name} ({reading.reader.kind.value}), {reading.changed[:16].replace('T', ' ')} UTC, {unit}"
    )
    axes = "xyz"[: landmarks.ndim]
    rows = []
    for row, name in enumerate(landmarks.names):
        point = [f"{value:.2f}" if np.isfinite(value) else "" for value in landmarks.points_mm[row]]
        radius = landmarks.radius_mm[row]
        rows.append((name, *point, landmarks.stated[row].value, f"{radius:.2f}" if np.isfinite(radius) else ""))
    say_table(("landmark", *axes, "status", "radius"), rows, (*axes, "radius"))


def say_checked(
    damage: Sequence[str], missing: Sequence[tuple[Case, Path | None]], changed: Sequence[Case], moved: Sequence[Case]
) -> None:
    """Print what a check found, problems on stderr."""
    for complaint in damage:
        typer.echo(f"The file is damaged: {complaint}. Use a copy of it.", err=True)
    for case in moved:
        typer.echo(f"{case.name} was found: {case.path}")
    for case, place in missing:
        where = f"it seems to have moved to {place}; --relocate says so in the project" if place else "it is missing"
        typer.echo(f"{case.name}: {case.path} is not there; {where}.", err=True)
    for case in changed:
        typer.echo(f"{case.name}: {case.path} has changed since it was read; look at its landmarks again.", err=True)
    if not (damage or missing or changed):
        typer.echo("The project is sound, and all its images are there.")


def free_values(measurements: Iterable[FreeMeasurement]) -> list[dict[str, Any]]:
    """Return what a script may want to know of free measurements: points are LPS mm, or px where no pixel size is known."""
    from core.measuring.free import free_value

    told = []
    for one in measurements:
        value = free_value(one.array_mm, spacing_known=one.geometry.spacing_known)
        figure = round(value.value, 3) if np.isfinite(value.value) else None
        told.append(
            {
                "reader": one.reader.name, "kind": one.kind.value, "value": figure, "unit": value.unit,
                "points": one.points_mm, "reason": value.reason,
            }
        )  # fmt: skip
    return told


def say_free(measurements: Iterable[FreeMeasurement]) -> None:
    """Print what was measured by hand in a case."""
    rows = []
    for one in free_values(measurements):
        value = one["reason"] if one["value"] is None else f"{one['value']:.2f}"
        rows.append((f"free {one['kind']}", value, one["unit"], one["reader"]))
    say_table(("measured", "value", "unit", "reader"), rows, ("value",))
