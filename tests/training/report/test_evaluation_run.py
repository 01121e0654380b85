"""``cairn-train evaluate`` as a person types it, on a real (tiny) model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.base.command_line import run_command_line
from core.images.file import read_image
from core.landmark_files.file import write_landmarks
from core.models.file import load_model
from core.models.inference import localize
from core.values.landmarks import Landmarks
from tests.support.model_fixtures import write_tiny_image, write_tiny_model
from training.cli import commands

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

Run = Callable[..., int]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, a list of two images whose truth is its answer moved by (3, 4) mm, and its own CSV files."""
    folder = tmp_path_factory.mktemp("place")
    model = load_model(write_tiny_model(folder / "tiny.pt"))
    lines = ["split,image,landmarks"]
    for number in range(2):
        image = read_image(write_tiny_image(folder / f"scan{number}.png")).with_spacing(0.5)
        found = localize(image, model, device="cpu").landmarks
        write_landmarks(found, folder / "found" / f"scan{number}.csv", image=image)
        truth = Landmarks(found.names, found.points_mm + np.array((3.0, 4.0)))
        write_landmarks(truth, folder / f"scan{number}.csv", image=image)
        lines.append(f"test,scan{number}.png,scan{number}.csv")
    (folder / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def run(place: Path) -> Run:
    def run_evaluate(model: str, *arguments: object) -> int:
        fixed = ["--kind", "list", "--data", place / "list.csv", "--split", "test", "--spacing", 0.5, "--device", "cpu"]
        typed = ["evaluate", place / model, *fixed, *arguments]
        return run_command_line(commands, "cairn-train", [str(word) for word in typed])

    return run_evaluate


def test_the_whole_report_of_a_model_against_landmark_files(place: Path, tmp_path: Path, run: Run) -> None:
    assert run("tiny.pt", "--report", tmp_path, "--against", place / "found", "--within", "4,6") == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "parts of the images" in text
    assert "list.csv, split test" in text
    assert "Against landmark files in found" in text
    assert (tmp_path / "vectors_global.png").is_file()
    assert (tmp_path / "vectors_last.png").is_file()
    comparison = pd.read_csv(tmp_path / "other_test.csv", index_col="landmark")
    assert comparison.loc["all", ["pairs", "median_mm", "other_median_mm"]].tolist() == pytest.approx(
        [4, 5, 5], rel=1e-4
    )
    assert "sdr_6mm_percent" in pd.read_csv(tmp_path / "summary.csv").columns


def test_no_images_leaves_the_panels_out(tmp_path: Path, run: Run) -> None:
    assert run("tiny.pt", "--report", tmp_path, "--no-images") == 0
    assert not list(tmp_path.glob("vectors*"))
    assert "no part of an image" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_landmark_files_have_no_panels_and_no_times(tmp_path: Path, run: Run) -> None:
    assert run("found", "--report", tmp_path) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert {"report.html", "errors.csv", "sdr_curve.png"} <= names
    assert not names & {"vectors_global.png", "times.csv", "stages.csv", "radii.csv"}


def test_without_a_report_nothing_is_written(
    place: Path, tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("tiny.pt") == 0
    assert "| **all** | **5.00 ± 0.00** |" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("model", "arguments", "says"),
    [
        ("tiny.pt", ("--against", "tiny.pt"), "Give its folder with --report"),
        ("tiny.pt", ("--against", "none.pt", "--report", "new"), "There is no model file"),
        ("found", ("--rotated", 1), "as they lie"),
        ("tiny.pt", ("--rotated", 1), "Only volumes can be rotated"),
        ("tiny.pt", ("--report", "scan0.png"), "The report cannot be written to"),
        ("tiny.pt", ("--within", "x"), "no list of distances"),
    ],
)
def test_bad_input_gets_one_sentence(
    model: str, arguments: tuple[object, ...], says: str, place: Path, run: Run,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(place)
    before = {path.name for path in place.iterdir()}
    assert run(model, *arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
    assert {path.name for path in place.iterdir()} == before
