"""``cairn measure PROJECT --free``, as a person types it: its table, what it leaves out and what it refuses."""

import csv
import json
from pathlib import Path

import pytest

from app.commands.cli import run
from core.project.cases import Geometry, NewCase
from core.project.free_measurements import FreeKind, FreeMeasurement, Points
from core.project.readings import Reader
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import SpacingSource

FINE = Geometry(Grid.from_spacing((80, 60), 0.1))
IN_PX = Geometry(Grid.from_spacing((80, 60), 1.0), SpacingSource.UNKNOWN)
VOLUME = Geometry(Grid.from_spacing((5, 80, 60), 1.0), SpacingSource.UNKNOWN)
ANNA, BEN = Reader("Anna"), Reader("Ben")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Four cases, the last one excluded: Anna and Ben have measured in them, in mm, in px and where nothing has a value."""
    drawn: tuple[tuple[int, Reader, Points, Geometry], ...] = (
        (1, ANNA, ((1.0, 2.0), (4.0, 6.0)), FINE),
        (1, BEN, ((5.0, 0.0), (0.0, 0.0), (0.0, 3.0)), FINE),
        (2, BEN, ((1.0, 2.0), (4.0, 6.0)), IN_PX),
        (3, ANNA, ((1.0, 2.0, 3.0), (3.0, 5.0, 9.0)), VOLUME),
        (4, ANNA, ((1.0, 2.0), (4.0, 6.0)), FINE),
    )
    path = tmp_path / "study.cairn"
    with Project.create(path) as project:
        project.add_cases([NewCase(tmp_path / f"{name}.png", name) for name in "abcd"])
        for case_id, reader, points, geometry in drawn:
            kind = FreeKind.DISTANCE if len(points) == 2 else FreeKind.ANGLE
            project.free_measurements.save(FreeMeasurement(case_id, reader, kind, points, geometry))
        project.update_case(4, excluded=True)
    return path


def measure(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run(["measure", *map(str, arguments)]) == code
    said = capsys.readouterr()
    return said.out, " ".join(said.err.split())


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_all_of_them_are_a_row_each(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = study.with_name("table.csv")
    said, also = measure(capsys, study, "--free", "--out", out)
    assert rows_of(out) == [
        ["case", "reader", "kind", "value", "unit", "points", "points_unit", "reason"],
        ["a", "Anna", "distance", "5.0", "mm", "1.000 2.000; 4.000 6.000", "mm", ""],
        ["a", "Ben", "angle", "90.0", "°", "5.000 0.000; 0.000 0.000; 0.000 3.000", "mm", ""],
        ["b", "Ben", "distance", "5.0", "px", "1.000 2.000; 4.000 6.000", "px", ""],
        [
            "c",
            "Anna",
            "distance",
            "",
            "px",
            "1.000 2.000 3.000; 3.000 5.000 9.000",
            "px",
            "the voxel size is not known",
        ],
    ]
    assert said == f"Wrote 4 free measurements to {out}.\n"
    assert also == "1 free measurement without a value: the voxel size is not known."


def test_one_reader_on_the_terminal(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, also = measure(capsys, study, "--free", "--reader", "ben")
    head, *rows = (line.split() for line in said.splitlines())
    assert head[:4] == ["case", "reader", "kind", "value"]
    assert [row[:5] for row in rows] == [["a", "Ben", "angle", "90.0", "°"], ["b", "Ben", "distance", "5.0", "px"]]
    assert also == ""


def test_cases_of_one_name_are_told_apart(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Project.open(study) as project:
        project.update_case(2, name="A")
    out = study.with_name("table.csv")
    measure(capsys, study, "--free", "--out", out)
    assert [row[0] for row in rows_of(out)[1:]] == ["a (1)", "a (1)", "A (2)", "c (3)"]


def test_the_case_that_is_shown_has_them(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["project", "show", str(study), "a"]) == 0
    assert "free distance" in capsys.readouterr().out
    assert run(["project", "show", str(study), "a", "--reader", "Ben", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["free_measurements"] == [
        {
            "reader": "Ben", "kind": "angle", "value": 90.0, "unit": "°",
            "points": [[5.0, 0.0], [0.0, 0.0], [0.0, 3.0]], "reason": "",
        }
    ]  # fmt: skip


def test_what_makes_no_sense_is_refused_in_a_sentence(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = study.with_name("empty.cairn")
    Project.create(empty).close()
    for arguments, sentence in (
        ((study, "--free", "--analysis", "steiner"), "--free goes with --reader, --out and --format only"),
        ((study, "--free", "--long"), "--free goes with --reader, --out and --format only"),
        ((study, "--free", "--reader", "Eve"), "There is no reader Eve"),
        ((study, study, "--free"), "Free measurements are kept in a project."),
        (("marks.csv", "--free"), "Give one, NAME.cairn"),
        ((empty, "--free"), "Nobody has measured anything by hand in empty.cairn."),
        ((study,), "Say with --analysis what to measure"),
    ):
        assert sentence in measure(capsys, *arguments, code=2)[1]


def test_looking_at_them_changes_nothing(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = study.read_bytes()
    measure(capsys, study, "--free")
    assert study.read_bytes() == before
