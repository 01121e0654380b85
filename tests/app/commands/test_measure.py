"""The command ``cairn measure``, as a person types it: its tables, what it refuses, and with which exit code."""

import csv
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest

from app.commands import measure_printing
from app.commands.cli import run, with_default_command
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import write_collection
from core.landmark_files.file import write_landmarks
from core.project.analyses import ProjectAnalysis
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks, Status
from tests.app.commands.test_cli import imported_by

ANALYSIS = """
name = "triangle"
title = "Triangle"
ndim = {ndim}
[landmarks]
A = ["Apex", "1"]
B = ["Left", "2"]
C = ["Right", "3"]
D = "Elsewhere"
[[measurements]]
key = "AB"
how = {{ distance = ["A", "B"] }}
norms = [{{ mean = 4, sd = 1, population = "adults" }}, {{ mean = 2, sd = 1, population = "children" }}]
[[measurements]]
key = "ABC"
how = {{ angle = ["A", "B", "C"] }}
[[measurements]]
key = "ratio"
decimals = 2
how = {{ ratio = ["AB", {{ distance = ["B", "C"] }}] }}
[[measurements]]
key = "AD"
how = {{ distance = ["A", "D"] }}
"""
NAMES = ("Apex", "Left", "Right")
POINTS = np.array([(10.0, 20.0), (10.0, 50.0), (50.0, 50.0)])
"""In px; a right angle, sides of 30 and 40."""


class Printed:
    """What the last command printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.err = ""

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """Run ``cairn measure`` and return what it printed on the stream that fits the exit code."""
        self._capsys.readouterr()
        assert run(["measure", *map(str, arguments)]) == code
        streams = self._capsys.readouterr()
        assert "Traceback" not in streams.err
        self.err = streams.err
        if code:
            assert len(streams.err.splitlines()) == 1
        return streams.err if code else streams.out


@pytest.fixture
def cairn(capsys: pytest.CaptureFixture[str]) -> Printed:
    return Printed(capsys)


@pytest.fixture
def triangle(tmp_path: Path) -> Path:
    path = tmp_path / "triangle.toml"
    path.write_text(ANALYSIS.format(ndim=2), encoding="utf-8")
    return path


def image(name: str, spacing_mm: float | None = 0.1, shape: tuple[int, ...] = (80, 60)) -> Image:
    source = SpacingSource.UNKNOWN if spacing_mm is None else SpacingSource.FILE
    grid = Grid.from_spacing(shape, 1.0 if spacing_mm is None else spacing_mm)
    return Image.without_pixels(grid, ImageSource(Path(name), spacing_source=source))


def marks(of: Image, points: np.ndarray = POINTS) -> Landmarks:
    return Landmarks(NAMES, of.grid.to_mm(np.flip(points, axis=1)))


def write(path: Path, spacing_mm: float | None = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    of = image(f"{path.name.partition('.')[0]}.png", spacing_mm)
    write_landmarks(marks(of), path, image=of)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_measure_is_a_command_and_no_image() -> None:
    assert with_default_command(["measure", "x.csv"])[0] == "measure"


@pytest.mark.parametrize("name", ["a.csv", "a.mrk.json", "a.fcsv"])
def test_files_of_one_image_give_a_row_each(name: str, tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    out = tmp_path / "out" / "table.csv"
    said = cairn(write(tmp_path / name), "--analysis", triangle, "--out", out)
    assert said == f"Wrote the measurements of 1 case to {out}.\n"
    assert cairn.err == "AD: It needs Elsewhere (D), not among these landmarks.\n"
    assert rows_of(out) == [{"case": "a", "AB (mm)": "3.0", "ABC (°)": "90.0", "ratio": "0.75", "AD (mm)": ""}]


def test_names_are_told_apart_by_their_folders(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    files = [write(tmp_path / folder / "x.csv") for folder in ("one", "two")]
    out = tmp_path / "table.csv"
    cairn(*files, "--analysis", triangle, "--out", out)
    assert [row["case"] for row in rows_of(out)] == [str(tmp_path / folder / "x") for folder in ("one", "two")]


def test_a_folder_is_measured_file_by_file(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    write(tmp_path / "found" / "a.csv")
    write(tmp_path / "found" / "b.csv", None)
    out = tmp_path / "table.csv"
    cairn(tmp_path / "found", "--analysis", triangle, "--out", out)
    assert [(row["case"], row["AB (mm)"], row["ratio"]) for row in rows_of(out)] == [
        ("a", "3.0", "0.75"),
        ("b", "", "0.75"),
    ]
    assert "AB: It is a length in mm, and the pixel size is not known. (1 of 2 cases)" in cairn.err


@pytest.mark.parametrize("key", ["tps", "coco", "cvat"])
def test_files_of_many_images_give_a_row_for_each(key: str, tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    turned = np.column_stack([POINTS[:, 0], 60 - POINTS[:, 1]])
    cases = []
    for name, points in (("a.png", POINTS), ("b.png", turned)):
        of = image(name, None)
        cases.append(CaseMarks(CaseImage.of(of), marks(of, points)))
    file = tmp_path / f"all.{ {'tps': 'tps', 'coco': 'json', 'cvat': 'xml'}[key] }"
    write_collection(cases, file, key)
    out = tmp_path / "table.csv"
    cairn(file, "--analysis", triangle, "--out", out, "--spacing", "0.1,0.2")
    assert [row["case"] for row in rows_of(out)] == ["a.png", "b.png"]
    assert [row["AB (mm)"] for row in rows_of(out)] == ["6.0", "6.0"]
    assert [row["ratio"] for row in rows_of(out)] == ["1.5", "1.5"]


def test_rows_of_a_tps_file_are_counted_downwards(tmp_path: Path, cairn: Printed) -> None:
    """Which way is up decides the sign: of the image itself, and so of its file, whose rows are counted the other way."""
    analysis = tmp_path / "signed.toml"
    analysis.write_text(
        'name = "signed"\ntitle = "Signed"\nndim = 2\naxes = "image"\nanterior = [["B", "C"]]\nsuperior = [["B", "A"]]\n'
        '[landmarks]\nA = ["Apex", "1"]\nB = ["Left", "2"]\nC = ["Right", "3"]\n'
        '[[measurements]]\nkey = "up"\nhow = { distance = ["B", "A"], positive = "superior" }\n',
        encoding="utf-8",
    )
    of = image("a.png", 0.1)
    write_collection([CaseMarks(CaseImage.of(of), marks(of))], tmp_path / "a.tps", "tps")
    out = tmp_path / "table.csv"
    cairn(tmp_path / "a.tps", write(tmp_path / "b.csv"), "--analysis", analysis, "--out", out)
    assert [row["up (mm)"] for row in rows_of(out)] == ["3.0", "3.0"]


def test_lists_without_names_take_them_from_a_scheme(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    (tmp_path / "a.txt").write_text("10,20\n10,50\n50,50\n")
    assert "--scheme" in cairn(tmp_path / "a.txt", "--analysis", triangle, code=2)
    (tmp_path / "names.csv").write_text("name\nApex\nLeft\nRight\n")
    said = cairn(tmp_path / "a.txt", "--analysis", triangle, "--scheme", tmp_path / "names.csv")
    assert "90.0°" in said
    assert "0.75" in said


def test_pixel_size_is_not_put_on_what_is_in_mm(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    out = tmp_path / "table.csv"
    cairn(write(tmp_path / "a.csv"), "--analysis", triangle, "--out", out, "--spacing", "7")
    assert rows_of(out)[0]["AB (mm)"] == "3.0"
    assert "1 case is in mm already; --spacing was not applied there." in cairn.err
    cairn(write(tmp_path / "b.csv", None), "--analysis", triangle, "--out", out, "--spacing", "0.5")
    assert rows_of(out)[0]["AB (mm)"] == "15.0"
    assert "3 sizes" in cairn(tmp_path / "b.csv", "--analysis", triangle, "--spacing", "1,1,1", code=2)


def test_a_long_table_has_norms_of_the_population(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    out, file = tmp_path / "table.csv", write(tmp_path / "a.csv")
    cairn(file, "--analysis", triangle, "--out", out, "--long", "--population", "children")
    first = rows_of(out)[0]
    assert (first["measurement"], first["norm_mean"], first["population"]) == ("AB", "2.0", "children")
    assert (first["deviation_sd"], first["assessment"]) == ("1.0", "")
    assert len(rows_of(out)) == 4
    said = cairn(file, "--analysis", triangle, "--population", "Martians", code=2)
    assert "adults; children" in said


def test_a_workbook_is_written_by_suffix_or_on_request(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    file = write(tmp_path / "a.csv")
    for arguments in (("--out", tmp_path / "t.xlsx"), ("--out", tmp_path / "t.bin", "--format", "xlsx")):
        cairn(file, "--analysis", triangle, *arguments)
        rows = list(openpyxl.load_workbook(io.BytesIO(arguments[1].read_bytes())).active.iter_rows(values_only=True))
        assert rows[1][:2] == ("a", 3.0)


def test_without_a_file_the_table_is_shown(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    files = [write(tmp_path / f"{name}.csv") for name in "ab"]
    lines = cairn(*files, "--analysis", triangle).splitlines()
    assert lines[0].split() == ["case", "AB", "(mm)", "ABC", "(°)", "ratio", "AD", "(mm)"]
    assert [line.split() for line in lines[1:]] == [["a", "3.0", "90.0", "0.75"], ["b", "3.0", "90.0", "0.75"]]
    one = cairn(files[0], "--analysis", triangle)
    assert "3.0 mm" in one
    assert "−1.0" in one
    assert "4.0 ± 1" in one


def test_a_narrow_screen_gets_its_columns_under_each_other(
    tmp_path: Path, triangle: Path, cairn: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure_printing, "Console", lambda: SimpleNamespace(is_terminal=True, width=30))
    files = [write(tmp_path / f"{name}.csv") for name in "ab"]
    parts = [part.splitlines() for part in cairn(*files, "--analysis", triangle).split("\n\n")]
    assert [part[0].split() for part in parts] == [
        ["case", "AB", "(mm)", "ABC", "(°)"],
        ["case", "ratio", "AD", "(mm)"],
    ]
    assert [part[2].split() for part in parts] == [["b", "3.0", "90.0"], ["b", "0.75"]]


def test_an_interval_that_does_not_decide_the_class_is_told(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    with triangle.open("a", encoding="utf-8") as stream:
        stream.write('classes = [{ name = "near", to = 3.05 }, { name = "far", above = 3.05 }]\n')
    triangle.write_text(triangle.read_text("utf-8").replace('["A", "D"]', '["A", "B"]'), encoding="utf-8")
    of = image("a.png")
    for radius_mm, said in ((0.01, "near"), (1.0, "near (not decided)")):
        found = Landmarks(
            NAMES, marks(of).points_mm, radius_mm=np.full(3, radius_mm, np.float32), status=(Status.PREDICTED,) * 3
        )
        write_landmarks(found, tmp_path / "a.csv", image=of)
        last = cairn(tmp_path / "a.csv", "--analysis", triangle).splitlines()[-1]
        assert last.startswith("AD")
        assert last.endswith(f" {said}")


def test_the_analyses_are_listed(triangle: Path, cairn: Printed) -> None:
    assert "isbi-2015" in cairn("--list")
    said = cairn("--list", "--analysis", triangle)
    assert "AB (mm), usually 4.0 ± 1" in said
    assert "Landmarks: A, B" in said


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three cases: one that Ann and a model have read, one that only the model has, and one that nobody has."""
    path = tmp_path / "study.cairn"
    with Project.create(path) as project:
        ids = project.add_cases([NewCase(tmp_path / f"{name}.png", name) for name in "abc"])
        for id_, reader, factor in (
            (ids[0], Reader("Ann"), 1.0),
            (ids[0], Reader("net", ReaderKind.MODEL), 2.0),
            (ids[1], Reader("net", ReaderKind.MODEL), 2.0),
        ):
            of = image("x.png", None)
            said = marks(of, POINTS * (1, factor))
            project.save_reading(Reading(id_, reader, said, Geometry.of(of)), "Place")
    return path


def test_of_a_project_the_person_counts_and_else_the_model(study: Path, triangle: Path, cairn: Printed) -> None:
    out = study.with_name("table.csv")
    cairn(study, "--analysis", triangle, "--out", out)
    assert [(row["case"], row["reader"], row["ratio"]) for row in rows_of(out)] == [
        ("a", "Ann", "0.75"),
        ("b", "net", "1.5"),
    ]
    assert "1 case left out, not read: c." in cairn.err
    cairn(study, "--analysis", triangle, "--out", out, "--reader", "NET", "--spacing", "0.1")
    assert [row["AB (mm)"] for row in rows_of(out)] == ["6.0", "6.0"]
    assert "Ann, net" in cairn(study, "--analysis", triangle, "--reader", "Eve", code=2)


def test_a_project_of_another_rank_is_refused(study: Path, triangle: Path, cairn: Printed) -> None:
    triangle.write_text(ANALYSIS.format(ndim=3), encoding="utf-8")
    assert "2D, but triangle measures 3D" in cairn(study, "--analysis", triangle, code=2)


def test_what_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    file, out = write(tmp_path / "a.csv"), tmp_path / "table.csv"
    (tmp_path / "b.csv").write_text("what,is,this\n1,2,3\n")
    (tmp_path / "c.png").write_bytes(b"no landmarks")
    volume = image("v.nii", 1.0, (20, 20, 20))
    write_landmarks(Landmarks(NAMES, np.arange(9.0).reshape(3, 3)), tmp_path / "v.csv", image=volume)
    wanted = ("--analysis", triangle, "--out", out)
    assert "no analysis steiner2" in cairn(file, "--analysis", "steiner2", code=2)
    assert "Say with --analysis" in cairn(file, code=2)
    assert "Give landmark files" in cairn(*wanted, code=2)
    assert "no file or folder" in cairn(tmp_path / "none.csv", *wanted, code=2)
    assert "suffix of a landmark file" in cairn(tmp_path / "c.png", *wanted, code=2)
    assert "no landmark table" in cairn(file, tmp_path / "b.csv", *wanted, code=2)
    assert "landmarks are 3D, but triangle measures 2D" in cairn(tmp_path / "v.csv", *wanted, code=2)
    assert "not from landmark files" in cairn(file, *wanted, "--reader", "Ann", code=2)
    assert "--format belongs to --out" in cairn(file, "--analysis", triangle, "--format", "csv", code=2)
    assert "above zero" in cairn(file, *wanted, "--spacing", "0", code=2)
    assert "cannot be written" in cairn(file, "--analysis", triangle, "--out", tmp_path, code=2)
    assert not out.exists()


def test_what_cannot_be_read_is_left_out_on_request(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    out, folder = tmp_path / "table.csv", tmp_path / "marks"
    write(folder / "a.csv")
    write(folder / "c.csv")
    (folder / "b.csv").write_text("what,is,this\n1,2,3\n")
    (tmp_path / "d.csv").write_text("nor,this\n1,2\n")
    wanted = (folder, tmp_path / "d.csv", "--analysis", triangle, "--out", out)
    said = cairn(*wanted, code=2)
    assert "b.csv" in said
    assert "--skip" in said
    assert not out.exists()
    cairn(*wanted, "--skip")
    assert [row["case"] for row in rows_of(out)] == ["a", "c"]
    for name in ("b.csv", "d.csv"):
        (line,) = [line for line in cairn.err.splitlines() if name in line]
        assert line.endswith("It was left out.")
    assert "--skip" not in cairn(tmp_path / "d.csv", "--analysis", triangle, code=2)
    assert "d.csv" in cairn(tmp_path / "d.csv", "--analysis", triangle, "--skip", code=2), "nothing is left to measure"
    assert "no file or folder" in cairn(*wanted, tmp_path / "e.csv", "--skip", code=2), (
        "a misspelt path is none of them"
    )


def test_a_file_beside_the_landmarks_that_is_none_is_named_and_costs_nothing(
    tmp_path: Path, triangle: Path, cairn: Printed
) -> None:
    folder, out = tmp_path / "labelme", tmp_path / "table.csv"
    of = image("a.png")
    write_collection([CaseMarks(CaseImage.of(of), marks(of))], folder, "labelme")
    with (folder / "scan.json").open("wb") as stream:
        stream.truncate(200 << 20)  # a hole, not 200 MiB of disk
    (folder / "settings.json").write_text('{"theme": "dark"}')
    cairn(folder, "--analysis", triangle, "--out", out, "--spacing", "0.1")
    assert [row["AB (mm)"] for row in rows_of(out)] == ["3.0"]
    assert "scan.json is too large to be a landmark file (200 MiB). It was left out." in cairn.err
    assert "settings.json" not in cairn.err


def test_of_a_list_of_cases_it_is_said_what_to_do(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    (tmp_path / "list.csv").write_text("image,landmarks\na.png,a.csv\n")
    said = cairn(tmp_path / "list.csv", "--analysis", triangle, code=2)
    assert "list.csv is a list of cases" in said
    assert "cairn project new NAME.cairn --list list.csv" in said


def reader_folders(tmp_path: Path, count: int = 10) -> tuple[Path, Path]:
    """Folders of two readers who have marked the same images, 0.2 mm apart along both axes."""
    folders = tmp_path / "anna", tmp_path / "ben"
    for folder, shift in zip(folders, (0.0, 2.0), strict=True):
        folder.mkdir()
        for number in range(count):
            of = image(f"film{number}.png")
            write_landmarks(marks(of, POINTS + shift), folder / f"film{number}.csv", image=of)
    return folders


def intervals(out: Path) -> dict[str, tuple[str, str, str]]:
    return {row["measurement"]: (row["low"], row["by_readers"], row["exact"]) for row in rows_of(out)}


def test_readers_differences_give_intervals_to_what_was_placed_by_hand(
    tmp_path: Path, triangle: Path, cairn: Printed
) -> None:
    anna, ben = reader_folders(tmp_path)
    out = tmp_path / "table.csv"
    wanted = (anna / "film0.csv", "--analysis", triangle, "--out", out, "--long")
    cairn(*wanted)
    assert intervals(out)["AB"] == ("", "", "Apex; Left"), "nothing says how uncertain they are"
    cairn(*wanted, "--readers", anna, "--readers", ben)
    low, by_readers, exact = intervals(out)["AB"]
    assert float(low) == pytest.approx(3.0 - 1.645 * np.sqrt(2) * np.sqrt(0.2**2 / 2), abs=0.01)
    assert (by_readers, exact) == ("Apex; Left", "")
    assert "come from the differences of readers: anna and ben, 10 cases." in cairn.err
    cairn(*wanted[:-1], "--readers", anna, "--readers", ben)
    assert "readers" not in cairn.err, "a table without intervals"


@pytest.mark.parametrize("columns", ["image,group,reader,unit,Apex_x,Apex_y", "image,x1,y1,x2,y2"])
def test_of_one_table_of_all_cases_it_is_said_what_to_do(
    columns: str, tmp_path: Path, triangle: Path, cairn: Printed
) -> None:
    (tmp_path / "all.csv").write_text(f"{columns}\n{','.join('1' for _ in columns.split(','))}\n")
    said = cairn(tmp_path / "all.csv", "--analysis", triangle, code=2)
    assert "all.csv is one table of all cases, which Cairn writes but does not read. Give the project" in said


def test_readers_who_say_nothing_are_refused(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    anna, ben = reader_folders(tmp_path, 9)
    wanted = (anna, "--analysis", triangle)
    assert "differs from nobody" in cairn(*wanted, "--readers", anna, code=2)
    assert "several readers in 10 images" in cairn(*wanted, "--readers", anna, "--readers", ben, code=2)
    assert "no file or folder" in cairn(*wanted, "--readers", anna, "--readers", tmp_path / "cem", code=2)
    assert "one project, or files" in cairn(*wanted, "--readers", anna, "--readers", tmp_path / "a.cairn", code=2)


def test_readers_of_a_project_count_where_it_is_measured_and_where_it_is_named(
    tmp_path: Path, triangle: Path, cairn: Printed
) -> None:
    study, out = tmp_path / "study.cairn", tmp_path / "table.csv"
    of = image("film.png")
    with Project.create(study) as project:
        for case_id in project.add_cases(
            [NewCase(tmp_path / f"film{number}.png", f"film{number}") for number in range(10)]
        ):
            for reader, shift in ((Reader("Anna"), 0.0), (Reader("Ben"), 2.0)):
                said = marks(of, POINTS + shift)
                project.save_reading(Reading(case_id, reader, said, Geometry.of(of)), "Place")
    cairn(study, "--analysis", triangle, "--out", out, "--long", "--reader", "Anna")
    assert intervals(out)["AB"][1:] == ("Apex; Left", "")
    assert "Anna and Ben, 10 cases" in cairn.err
    cairn(write(tmp_path / "other.csv"), "--analysis", triangle, "--out", out, "--long", "--readers", study)
    assert intervals(out)["AB"][1:] == ("Apex; Left", "")


def test_of_cephalograms_the_two_doctors_tell_where_nobody_else_does(tmp_path: Path, cairn: Printed) -> None:
    of = image("film.png", 0.1, (2400, 1935))
    places = np.array([(500.0, 700.0), (1200.0, 600.0), (1150.0, 1100.0)])
    file = tmp_path / "film.csv"
    write_landmarks(
        Landmarks(("Sella", "Nasion", "Subspinale"), of.grid.to_mm(np.flip(places, axis=1))), file, image=of
    )
    cairn(file, "--analysis", "steiner", "--out", tmp_path / "t.csv", "--long")
    assert intervals(tmp_path / "t.csv")["SNA"][1:] == ("Sella; Nasion; Subspinale", "")
    assert "two doctors, 150 films" in cairn.err


def test_voxels_without_their_image_are_refused(tmp_path: Path, triangle: Path, cairn: Printed) -> None:
    triangle.write_text(ANALYSIS.format(ndim=3), encoding="utf-8")
    file = tmp_path / "a.json"
    file.write_text('{"AnatomicalLandmarkCoordinates": {"Apex": [1, 2, 3], "Left": [1, 2, 9], "Right": [4, 2, 9]}}')
    assert "positions in voxels" in cairn(file, "--analysis", triangle, code=2)


def test_the_analysis_of_the_manual_is_one(tmp_path: Path, cairn: Printed) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "measuring.md").read_text(encoding="utf-8")
    example = tmp_path / "wing.toml"
    example.write_text(manual.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    said = cairn("--list", "--analysis", example)
    assert "length (mm), usually 2.50 ± 0.2" in said
    assert "slenderness" in said


@pytest.mark.slow
def test_help_does_not_import_what_measures() -> None:
    code = "from app.commands.cli import run; run(['--help']); import sys; assert 'core.measuring' not in sys.modules"
    assert imported_by(code) & {"torch", "PySide6", "openpyxl"} == set()


@pytest.fixture
def equipped(study: Path) -> Path:
    """The project with an analysis of its own and one that a later Cairn wrote."""
    with Project.open(study) as project:
        project.analyses.put(ProjectAnalysis("ours", 2, ANALYSIS.format(ndim=2)))
        project.analyses.put(ProjectAnalysis("later", 2, "schema_version = 9\n"))
    return study


def test_a_project_is_measured_by_its_own_analysis(equipped: Path, tmp_path: Path, cairn: Printed) -> None:
    out = tmp_path / "table.csv"
    cairn(equipped, "--analysis", "ours", "--out", out)
    assert rows_of(out)[0]["ABC (°)"] == "90.0"
    assert "Steiner" in cairn("--list", equipped, "--analysis", "steiner")  # bundled ones are found as well


def test_the_analyses_of_a_project_are_listed_and_one_that_is_wrong_is_told(equipped: Path, cairn: Printed) -> None:
    said = cairn("--list", equipped)
    assert said.startswith("ours: Triangle (2D)\n  AB, ABC, ratio, AD\n")
    assert "steiner: " in said
    assert (
        cairn.err
        == "The analysis later of this project is of version 9, but this program reads up to 1. Update Cairn.\n"
    )
    assert "Landmarks: A, B, C" in cairn("--list", equipped, "--analysis", "ours")
    assert "later of this project is of version 9" in cairn(equipped, "--analysis", "later", code=2)
    assert "or one of: later, ours, downs" in cairn(equipped, "--analysis", "gone", code=2)
