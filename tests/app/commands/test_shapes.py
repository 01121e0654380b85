"""``cairn shapes``, as a person types it: tables that R reads, outliers with their swaps, and what is refused in a sentence."""

import csv
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.commands.cli import run
from core.landmark_files.file import read_landmarks, write_landmarks
from core.measuring.morphometrics import align
from core.measuring.shape_tables import ALIGNED_FILE, COMPONENTS_FILE, MEAN_FILE, SHAPES_FILE
from core.project.store import Project
from core.values.landmarks import Landmarks
from tests.support.desk_fixtures import ANNA, add_cases, make_reading
from tests.support.landmark_fixtures import FLAT, UNSCALED

NAMES = ("Sella", "Nasion", "Menton", "Tip, lower", "Gonion")
BASE = np.array([[2.0, 3.0], [12.0, 2.0], [11.0, 12.0], [8.0, 15.0], [1.0, 9.0]])
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cairn(capsys: pytest.CaptureFixture[str]) -> Typed:
    def typed(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["shapes", *map(str, arguments)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return typed


def configurations(count: int = 12, seed: int = 1) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [BASE * generator.uniform(0.8, 1.2) + generator.normal(scale=0.2, size=BASE.shape) for _ in range(count)]


def write(folder: Path, points: list[np.ndarray]) -> list[Path]:
    folder.mkdir()
    files = [folder / f"case {number:02d}.csv" for number in range(len(points))]
    for file, positions in zip(files, points, strict=True):
        write_landmarks(Landmarks(NAMES, positions), file)
    return files


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def numbers(row: dict[str, str], *beginnings: str) -> list[float]:
    return [float(value) for key, value in row.items() if key.startswith(beginnings)]


def test_tables_have_a_row_a_case_and_what_the_core_computes(tmp_path: Path, cairn: Typed) -> None:
    points = configurations()
    files = write(tmp_path / "in", points)
    code, out, err = cairn(*files, "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "12 cases with 5 landmarks" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        SHAPES_FILE, ALIGNED_FILE, MEAN_FILE, COMPONENTS_FILE,
    }  # fmt: skip
    expected = align(np.stack([read_landmarks(file).points_mm for file in files]))
    table = rows_of(tmp_path / "out" / SHAPES_FILE)
    assert [row["case"] for row in table] == [file.stem for file in files]
    sizes = [float(row["centroid_size_mm"]) for row in table]
    np.testing.assert_allclose(sizes, expected.centroid_sizes, rtol=1e-9)
    distances = [float(row["procrustes_distance"]) for row in table]
    np.testing.assert_allclose(distances, expected.distances, rtol=1e-8)
    scores = np.array([numbers(row, "PC") for row in table])
    aligned = [numbers(row, *NAMES) for row in rows_of(tmp_path / "out" / ALIGNED_FILE)]
    np.testing.assert_allclose(np.reshape(aligned, (12, 5, 2)), expected.shapes, atol=1e-9)
    mean = rows_of(tmp_path / "out" / MEAN_FILE)
    assert [row["landmark"] for row in mean] == list(NAMES)
    np.testing.assert_allclose([numbers(row, "x", "y") for row in mean], expected.mean, atol=1e-9)
    components = rows_of(tmp_path / "out" / COMPONENTS_FILE)
    assert [row["component"] for row in components] == [f"PC{n}" for n in range(1, 7)]
    np.testing.assert_allclose(scores.var(axis=0, ddof=1), [float(row["variance"]) for row in components], rtol=1e-6)


def test_swapped_landmarks_are_told_and_stand_in_the_table(tmp_path: Path, cairn: Typed) -> None:
    points = configurations()
    points[5] = points[5][[0, 1, 3, 2, 4]]
    write(tmp_path / "in", points)
    code, out, _ = cairn(tmp_path / "in", "--out", tmp_path / "out")
    assert code == 0
    assert "case 05" in out
    assert "probably swapped: Menton and Tip, lower" in out
    swapped = [row for row in rows_of(tmp_path / "out" / SHAPES_FILE) if row["probably_swapped"]]
    assert [(row["case"], row["outlier"]) for row in swapped] == [("case 05", "TRUE")]
    assert swapped[0]["probably_swapped"] == "Menton and Tip, lower"


def test_mirror_images_are_told(tmp_path: Path, cairn: Typed) -> None:
    points = configurations()
    points[7] = points[7] * [-1, 1]
    write(tmp_path / "in", points)
    code, out, _ = cairn(tmp_path / "in", "--out", tmp_path / "out")
    assert code == 0
    assert "1 case is a mirror image of the others, and compared with them as another shape: case 07." in out


def test_a_project_gives_its_readings_and_cases_that_lack_a_landmark_are_named(tmp_path: Path, cairn: Typed) -> None:
    points = configurations(7)
    points[2][4] = np.nan
    with Project.create(tmp_path / "study.cairn") as project:
        for id_, positions in zip(add_cases(project, *(f"film {n}" for n in range(7))), points, strict=True):
            project.save_reading(
                make_reading(id_, ANNA, Landmarks((*NAMES, "Porion"), np.vstack([positions, [np.nan] * 2])))
            )
    code, out, err = cairn(tmp_path / "study.cairn", "--out", tmp_path / "out", "--reader", "Anna")
    assert code == 0
    assert "6 cases with 5 landmarks" in out
    assert "1 landmark left out, placed in no case: Porion." in err
    assert "1 case left out, without a position of every landmark: film 2." in err
    assert "film 2" not in [row["case"] for row in rows_of(tmp_path / "out" / SHAPES_FILE)]


def test_a_landmark_that_many_cases_lack_can_be_left_out(tmp_path: Path, cairn: Typed) -> None:
    points = configurations(6)
    for number in range(4):
        points[number][3] = np.nan
    files = write(tmp_path / "in", points)
    code, _, err = cairn(*files, "--out", tmp_path / "out")
    assert (code, "2 cases of 6 have a position of every landmark" in err) == (2, True)
    code, out, err = cairn(*files, "--out", tmp_path / "out", "--without", "Tip, lower")
    assert (code, err) == (0, "")
    assert "6 cases with 4 landmarks" in out
    code, _, err = cairn(*files, "--out", tmp_path / "out", "--without", "Tip")
    assert code == 2
    assert "No case has a landmark Tip. There are: Sella, Nasion, Menton, Tip, lower" in err


def test_bad_input_is_one_sentence_and_leaves_nothing(tmp_path: Path, cairn: Typed) -> None:
    points = configurations(4)
    files = write(tmp_path / "in", points)
    write_landmarks(Landmarks(NAMES, BASE), tmp_path / "px.csv", image=UNSCALED)
    write_landmarks(Landmarks(NAMES, np.column_stack([BASE, BASE[:, 0]])), tmp_path / "deep.mrk.json")
    write_landmarks(Landmarks(NAMES, np.full((5, 2), np.nan)), tmp_path / "none.csv", image=FLAT)
    write_landmarks(Landmarks(NAMES, np.full((5, 2), 3.0)), tmp_path / "spot.csv", image=FLAT)
    for given, sentence in (
        ([tmp_path / "nothing.csv"], "no file or folder"),
        (files[:2], "takes 3"),
        ([*files[:2], tmp_path / "none.csv"], "none lacks Sella"),
        ([*files, tmp_path / "px.csv"], "no common unit"),
        ([*files, tmp_path / "deep.mrk.json"], "2D and some 3D"),
        ([*files, tmp_path / "spot.csv"], "same spot"),
        ([tmp_path / "none.csv"], "Shapes have 3 landmarks"),
    ):
        code, out, err = cairn(*given, "--out", tmp_path / "out")
        assert (code, out) == (2, ""), given
        assert sentence in err
        assert len(err.splitlines()) == 1
        assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written_no_table_is(tmp_path: Path, cairn: Typed) -> None:
    files = write(tmp_path / "in", configurations(4))
    (tmp_path / "file").write_text("here")
    code, _, err = cairn(*files, "--out", tmp_path / "file")
    assert code == 2
    assert "Nothing can be written" in err
    for table in (SHAPES_FILE, COMPONENTS_FILE):  # the first and the last
        folder = tmp_path / f"out for {table}"
        (folder / table).mkdir(parents=True)
        code, _, err = cairn(*files, "--out", folder)
        assert code == 2
        assert "is a folder, where a table is to be" in err
        assert [path.name for path in folder.iterdir()] == [table]


@pytest.mark.realdata
def test_a_swap_put_into_the_fly_wings_is_found(tmp_path: Path, cairn: Typed) -> None:
    data = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
    wings = data / "fly_wings" / "wings.tps"
    if not wings.is_file():
        pytest.skip(f"the fly wings are not at {wings}; CAIRN_DATA says where their folder's parent is")
    lines = wings.read_text().splitlines()
    start = lines.index("IMAGE=63020.jpg") - 12
    lines[start + 2], lines[start + 7] = lines[start + 7], lines[start + 2]
    (tmp_path / "swapped.tps").write_text("\n".join(lines))
    code, out, _ = cairn(tmp_path / "swapped.tps", "--out", tmp_path / "out")
    assert code == 0
    assert out.splitlines()[2].startswith("  63020.jpg: ")
    assert "probably swapped: 3 and 8" in out.splitlines()[2]
    assert out.count("probably swapped") == 1
