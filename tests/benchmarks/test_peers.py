"""The comparison with other packages' networks, without the packages: geometry, time, turns and the table."""

import math
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError, InferenceError
from core.landmark_files.file import read_landmarks
from core.learning.cases import Case
from core.learning.configuration import format_config, parse_config, read_config
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks
from tests.benchmarks import bench_peers
from tests.benchmarks.peers import inference_timing
from tests.benchmarks.peers.budget import Pace, check_times, rate_factor, stage_shares, tried_enough
from tests.benchmarks.peers.cairn_training import up_to, with_iterations, with_optimisation
from tests.benchmarks.peers.comparison import HEADS, MethodResult, to_markdown, with_ratios
from tests.benchmarks.peers.letterbox import square_grid, square_pixels
from tests.benchmarks.peers.record import TrainingRecord, read_record, write_record
from training.evaluation.evaluation import evaluate_csv_folder

NAMES = ("a", "b")


def dotted_image(shape: tuple[int, int], dot_index: tuple[int, int]) -> Image:
    voxels = np.zeros(shape, np.uint8)
    row, column = dot_index
    voxels[row - 4 : row + 5, column - 4 : column + 5] = 200
    return Image(voxels, Grid.from_spacing(shape, 0.1), ImageSource(Path("dot.png")))


@pytest.mark.parametrize("shape", [(240, 193), (150, 240)])
def test_the_grid_says_where_the_pixels_of_the_square_are(shape):
    image = dotted_image(shape, (100, 60))
    pixels, grid = square_pixels(image, 64)[0].double().numpy(), square_grid(image.grid, 64)
    assert pixels.shape == grid.shape == (64, 64)
    centre_index = [(pixels * axis).sum() / pixels.sum() for axis in np.indices(pixels.shape)]
    np.testing.assert_allclose(grid.to_mm(centre_index), image.grid.to_mm((100, 60)), atol=0.005)


def test_the_grid_says_where_the_voxels_of_the_cube_are():
    voxels = np.zeros((35, 51, 30), np.uint8)
    voxels[18:23, 28:33, 9:14] = 200
    image = Image(voxels, Grid.from_spacing(voxels.shape, 1.0), ImageSource(Path("dot.nii")))
    cube, grid = square_pixels(image)[0].double().numpy(), square_grid(image.grid)
    assert cube.shape == grid.shape == (64, 64, 64)
    centre_index = [(cube * axis).sum() / cube.sum() for axis in np.indices(cube.shape)]
    np.testing.assert_allclose(grid.to_mm(centre_index), image.grid.to_mm((20, 30, 11)), atol=0.05)


def test_the_rate_is_the_recipes_and_then_falls_to_zero():
    assert rate_factor(0.0) == rate_factor(0.7) == 1.0
    assert rate_factor(0.85) == pytest.approx(0.5)
    assert rate_factor(1.0) == rate_factor(1.2) == pytest.approx(0.0)


def test_checks_take_a_tenth_of_the_budget_at_most():
    assert check_times(100.0, 1.0) == pytest.approx([19.8, 39.6, 59.4, 79.2, 99.0])
    assert check_times(100.0, 4.0) == pytest.approx([48.0, 96.0])
    assert check_times(100.0, 11.0) == []


def test_stages_share_the_time():
    assert stage_shares(1) == [1.0]
    assert stage_shares(3) == pytest.approx([0.35, 0.325, 0.325])


def test_pace_tells_steps_validations_and_setting_up_apart():
    lasted_s = [2.0, 2.0, 5.0, 2.0, 2.0, 5.0]  # every third step validates
    moments_s = (10.0 + 30.0 + np.cumsum(lasted_s)).tolist()
    pace = Pace.measured(10.0, moments_s)
    assert pace == Pace(pytest.approx(30.0), pytest.approx(2.0), pytest.approx(3.0))
    seconds = (30 + 500 * 2 + 9 * 3) / 0.97
    assert pace.plan(seconds + 0.1) == (500, 63)


def test_validation_takes_a_tenth_of_a_stage_at_most_but_is_done_once():
    pace = Pace(setup_s=0.0, step_s=1.0, check_s=5.0)
    assert pace.plan(100.0) == (82, 41)  # two validations and the recording of the last one
    assert pace.plan(20.0) == (9, 9)
    assert pace.plan(5.0) == (1, 1)


def test_a_stage_is_tried_up_to_a_validation_and_not_for_ever():
    assert not tried_enough(2, 99.0, 100.0)
    assert tried_enough(3, 99.0, 100.0)
    assert not tried_enough(3, 1.0, 100.0)
    assert tried_enough(12, 1.0, 100.0)


def test_the_preset_is_shortened_and_nothing_else_changes():
    config, _ = read_config(bench_peers.PRESET)
    short = with_iterations(config, 1, 400, 50)
    settings = short.local_stages[0].optimisation
    assert (settings.iterations, settings.validate_every) == (400, 50)
    whole = config.local_stages[0].optimisation
    # The average forgets as large a part of the training as before.
    forgotten, forgotten_whole = ((1 - each.average_decay) * each.iterations for each in (settings, whole))
    assert forgotten == pytest.approx(forgotten_whole)
    assert with_optimisation(short, 1, whole) == config
    assert len(up_to(short, 0).local_stages) == 0
    assert parse_config(format_config(short), "short") == short


def make_cases(folder: Path, count: int) -> list[Case]:
    from PIL import Image as PillowImage

    cases = []
    for number in range(count):
        path = folder / f"{number}.png"
        PillowImage.fromarray(np.full((20, 30), 50 + number, np.uint8)).save(path)
        truth = Landmarks(NAMES, np.array([[1.0, 1.0], [2.0, 1.5]]))
        cases.append(Case(str(number), path, truth, spacing_mm=0.1))
    return cases


def test_methods_take_turns_and_a_failure_counts(tmp_path):
    cases = make_cases(tmp_path, 3)
    heard: list[str] = []

    def exact(image: Image) -> np.ndarray:
        heard.append("exact")
        return cases[0].landmarks.points_mm + 0.3

    def failing(image: Image) -> np.ndarray:
        heard.append("failing")
        if image.voxels[0, 0] == 51:
            raise InferenceError("No.")
        return cases[0].landmarks.points_mm

    elapsed_s = inference_timing.localize_in_turn({"exact": exact, "failing": failing}, cases, tmp_path, str)
    assert heard == ["exact", "failing"] * 3 + ["failing", "exact"] + ["exact", "failing"]
    assert [math.isnan(seconds) for seconds in elapsed_s["failing"]] == [False, True, False]
    assert all(seconds >= 0 for seconds in elapsed_s["exact"])
    folder = inference_timing.landmark_folder(tmp_path, "failing")
    assert not read_landmarks(folder / "1.csv").located.any()
    evaluation = evaluate_csv_folder(folder, cases)
    result = MethodResult("unet", TrainingRecord(5, 1.0, (7,), (0.5,), (1,), None), evaluation, elapsed_s["failing"])
    figures = result.figures()
    assert figures["images_failed"] == 1
    assert figures["mean_mm"] == 0.0
    assert figures["sdr_2mm_percent"] == pytest.approx(100 * 2 / 3)


def make_figures(name: str, median_s: float | None) -> dict[str, object]:
    figures: dict[str, object] = dict.fromkeys(("sd_mm", "median_mm", "iqr_mm", "scan_mean_s", "scan_sd_s"), 0.25)
    figures |= {f"sdr_{threshold}mm_percent": 50.0 for threshold in ("2", "2.5", "3", "4")}
    return figures | {
        "method": name,
        "parameters": 6_200_000,
        "minutes": 20.0,
        "steps": (700, 300),
        "mean_mm": 1.234,
        "images_failed": 2,
        "scan_median_s": median_s,
    }


def test_the_table_gives_times_as_multiples_of_ours():
    rows = with_ratios([make_figures("scn", 3.0), make_figures("unet", None), make_figures("cairn", 0.5)])
    assert [row["scan_ratio"] for row in rows] == [6.0, None, 1.0]
    lines = to_markdown(rows, ["One.", "Two."]).splitlines()
    assert {line.count("|") for line in lines[:5]} == {len(HEADS) + 1}
    assert "| 6.2 | 20.0 | 700 + 300 | 1.23 ± 0.25 |" in lines[2]
    assert lines[2].endswith("| 2 | 0.25 ± 0.25 | 3.00 | 6.0 |")
    assert lines[3].endswith("| – | – |")
    assert lines[-2:] == ["- One.", "- Two."]


def test_records_come_back(tmp_path):
    assert read_record(tmp_path / "scn") is None
    record = TrainingRecord(6, 19.5, (70, 30), (0.5, 0.25), (4, 2), 1.5, "diverged at step 3")
    write_record(record, tmp_path / "scn")
    assert read_record(tmp_path / "scn") == record


@pytest.mark.parametrize(
    "arguments",
    [
        ["--out", "x", "--methods", "scn,net"],
        ["--out", "x", "--minutes", "0"],
        ["--out", "x", "--limit-images", "two"],
        [],
    ],
)
def test_wrong_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        bench_peers.parse_options(arguments)
    assert stopped.value.code == 2
    assert "bench_peers" not in capsys.readouterr().out


def test_wrong_data_leaves_no_folder(tmp_path):
    out = tmp_path / "out"
    arguments = ["--methods", "cairn", "--data", str(tmp_path / "nowhere"), "--out", str(out)]
    with pytest.raises(ConfigError, match="There is no cephalometric data set"):
        bench_peers.Comparison(bench_peers.parse_options(arguments)).run()
    assert not out.exists()
