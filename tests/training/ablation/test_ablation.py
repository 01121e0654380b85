"""The ablation: what is compared with what, and the whole command on phantoms."""

import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.base.errors import ConfigError
from core.learning.checkpoints import read_checkpoint
from core.learning.configuration import TrainingConfig, parse_config
from core.learning.phantom import PHANTOM_LANDMARKS
from core.learning.trainer import Step
from core.models.metadata import read_model_info
from tests.support.training_fixtures import CONFIG
from tests.training.test_train_cli import run
from training.ablation.ablation import ABLATION_NAME, Results, ablate
from training.ablation.table import OBSERVERS, format_ablation, tabulate_ablation, write_ablation
from training.ablation.variants import (
    EXPERT,
    PROPOSED,
    SINGLE,
    VARIANTS,
    check_comparable,
    parse_landmarks,
    parse_variants,
    plan_runs,
)
from training.datasets.phantom import write_phantom_dataset

NAN = float("nan")
KEYS = tuple(variant.key for variant in VARIANTS)


def config_text(iterations: int = 2) -> str:
    """Return the configuration of a tiny training whose variants can be compared."""
    names = str(list(PHANTOM_LANDMARKS)).replace("'", '"')
    text = CONFIG.replace('"LANDMARKS"', names).replace("ITERATIONS", str(iterations))
    return text.replace("vote_weight = 0.5", "vote_weight = 0.0")


@pytest.fixture
def config() -> TrainingConfig:
    return parse_config(config_text(), "phantom.toml")


class Heard:
    """Notes what an ablation says; presses Ctrl-C when it hears of a certain step."""

    def __init__(self, stop_at: tuple[int, int] | None = None) -> None:
        self.titles: list[str] = []
        self.steps: list[tuple[int, int]] = []
        self._stop_at = stop_at

    def begin(self, title: str) -> None:
        self.titles.append(title)

    def loading(self, done: int, total: int) -> None:
        assert done <= total

    def step(self, step: Step) -> None:
        self.steps.append((step.stage, step.iteration))
        if self.steps[-1] == self._stop_at:
            signal.raise_signal(signal.SIGINT)

    def localizing(self, done: float, name: str) -> None:
        assert 0 <= done <= 1


def test_variants_differ_in_what_they_learn_and_in_nothing_else(config: TrainingConfig) -> None:
    learnt = {}
    for variant in VARIANTS[:5]:
        (planned,) = plan_runs(config, variant, ())
        first = planned.config.global_stage
        learnt[variant.key] = (first.regression, first.classification)
        assert planned.config.local_stages == ()
        assert first.model_copy(update={"regression": "log", "classification": True}) == config.global_stage
        assert (planned.config.seed, planned.config.landmarks) == (config.seed, config.landmarks)
    assert learnt == {
        "R": ("linear", False),
        "R_log": ("log", False),
        "C": ("off", True),
        "R+C": ("linear", True),
        "R_log+C": ("log", True),
    }
    (proposed,) = plan_runs(config, PROPOSED, ())
    assert (proposed.config.global_stage, proposed.config.local_stages) == (config.global_stage, config.local_stages)


def test_the_encoder_decoder_has_the_budget_of_all_others(config: TrainingConfig) -> None:
    (planned,) = plan_runs(config, EXPERT, ())
    first, usual = planned.config.global_stage, config.global_stage
    assert (first.network, first.posterior, planned.config.local_stages) == ("encoder-decoder", "soft-max", ())
    for name in ("spacing_mm", "crop", "channels", "pairs", "augmentation"):
        assert getattr(first, name) == getattr(usual, name), name
    for name in ("iterations", "batch", "learning_rate", "vote_weight"):
        assert getattr(first.optimisation, name) == getattr(usual.optimisation, name), name


def test_what_a_configuration_learns_itself_does_not_count(config: TrainingConfig) -> None:
    text = config_text().replace("head_channels = 16", 'head_channels = 16\nregression = "off"')
    other = parse_config(text, "phantom.toml")
    assert other != config
    for variant in VARIANTS:
        assert plan_runs(other, variant, PHANTOM_LANDMARKS) == plan_runs(config, variant, PHANTOM_LANDMARKS)


def test_single_landmarks_have_runs_of_their_own(config: TrainingConfig) -> None:
    runs = plan_runs(config, SINGLE, PHANTOM_LANDMARKS[1:3])
    assert [planned.folder for planned in runs] == ["SL/02", "SL/03"]
    assert [planned.config.landmarks for planned in runs] == [(name,) for name in PHANTOM_LANDMARKS[1:3]]
    assert all(planned.config.local_stages == config.local_stages for planned in runs)


def test_variants_and_landmarks_are_chosen_by_name(config: TrainingConfig) -> None:
    assert parse_variants("") == VARIANTS
    assert [variant.key for variant in parse_variants("ML, R")] == ["R", "ML"]
    with pytest.raises(ConfigError, match="no variant 'r'"):
        parse_variants("r,ML")
    assert parse_landmarks("", config) == PHANTOM_LANDMARKS
    assert parse_landmarks("tip of the rod,Large sphere", config) == (PHANTOM_LANDMARKS[0], PHANTOM_LANDMARKS[3])
    cephalometric = config.model_copy(update={"landmarks": "cephalometric-19"})
    assert parse_landmarks("go,sella", cephalometric) == ("Sella", "Gonion")
    with pytest.raises(ConfigError, match="no landmark 'nose'"):
        parse_landmarks("nose", config)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("vote_weight = 0.0", "vote_weight = 0.1", "teaches the vote"),
        ("average_decay = 0.5", "average_decay = 0.5\nvote_weight = 0.1", "teaches the vote"),
        ("crop = 16", "crop = 16\npose = true", "neither a pose nor a mirror image"),
        ("vote_weight = 0.0", "[local_stages.augmentation]\nmirror = true", "neither a pose nor a mirror image"),
    ],
)
def test_what_cannot_be_compared_is_refused(old: str, new: str, says: str) -> None:
    config = parse_config(config_text().replace(old, new), "phantom.toml")
    with pytest.raises(ConfigError, match=says):
        check_comparable(config, VARIANTS)


def test_local_stages_are_needed_by_what_has_them_only(config: TrainingConfig) -> None:
    short = config.model_copy(update={"local_stages": ()})
    check_comparable(short, VARIANTS[:5])
    with pytest.raises(ConfigError, match="no local stages"):
        check_comparable(short, VARIANTS)


@pytest.fixture
def results(config: TrainingConfig) -> Results:
    """Fourteen cases: the k-th variant errs by about k mm, R alone is no different from R_log+C; SL has two landmarks."""
    rng = np.random.default_rng(0)
    names = list(PHANTOM_LANDMARKS)
    index = pd.Index([f"{number:03d}" for number in range(14)], name="case")
    errors_mm = {
        key: pd.DataFrame(10.0 - number + rng.uniform(0, 0.1, (14, 4)), index, names) for number, key in enumerate(KEYS)
    }
    errors_mm["R"] = errors_mm["R_log+C"] + np.where(np.arange(14) % 2, 0.01, -0.01)[:, None]
    errors_mm["SL"] = errors_mm["SL"][names[2:]]
    errors_mm["C"].iloc[0, 1] = NAN
    return Results(config, "test", PHANTOM_LANDMARKS, errors_mm, np.full((14, 4), 2.0), np.ones((14, 4), dtype=bool))


def test_the_table_has_medians_and_the_papers_comparisons(results: Results) -> None:
    table = tabulate_ablation(results).set_index(["variant", "landmark"])
    assert list(dict.fromkeys(table.index.get_level_values(0))) == [OBSERVERS, *KEYS]
    errors_mm = results.errors_mm["ML"].to_numpy()
    low, median, high = np.percentile(errors_mm, (25, 50, 75))
    assert table.loc[("ML", "all"), "median_mm"] == pytest.approx(median)
    assert table.loc[("ML", "all"), "iqr_mm"] == pytest.approx(high - low)
    assert table["against"].groupby("variant").first().to_dict() == {
        **dict.fromkeys(("R", "R_log", "C", "R+C", "ED"), "R_log+C"),
        **dict.fromkeys((OBSERVERS, "SL"), "ML"),
        **dict.fromkeys(("R_log+C", "ML"), ""),
    }
    whole = table.xs("all", level="landmark")["mark"]
    marked = dict.fromkeys((OBSERVERS, "R_log", "C", "R+C", "ED"), "‡")
    assert whole.to_dict() == {**marked, "R": "", "R_log+C": "", "ML": ""}
    # Fourteen pairs that all differ the same way: the exact test's smallest p is 2 / 2**14.
    assert table.loc[("R_log", PHANTOM_LANDMARKS[0]), "p_value"] == pytest.approx(2 / 2**14)
    assert table.loc[("SL", "the 2 of SL"), "count"] == 28
    assert table.loc[("C", "all"), "count"] == 55
    assert ("SL", "all") not in table.index
    assert ("SL", PHANTOM_LANDMARKS[0]) not in table.index


def test_a_reference_that_was_not_trained_leaves_no_marks(results: Results) -> None:
    some = {key: table for key, table in results.errors_mm.items() if key in ("R", "SL")}
    nobody = np.full_like(results.observer_errors_mm, NAN)
    table = tabulate_ablation(Results(results.config, "test", results.names, some, nobody, results.present))
    assert set(table["variant"]) == {"R", "SL"}
    assert set(table["mark"]) == set(table["against"]) == {""}
    assert table["p_value"].isna().all()


def test_the_printed_table_reads_like_the_papers(results: Results) -> None:
    text = format_ablation(results)
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert [cell.strip("| ") for cell in rows[0]] == ["landmark", OBSERVERS, *KEYS]
    assert [row[0].strip("| ") for row in rows[2:]] == [*PHANTOM_LANDMARKS, "all", "the 2 of SL"]
    assert all(len(row) == 10 for row in rows)
    for row in rows[2:]:
        bold = [key for key, cell in zip(KEYS, row[2:], strict=True) if "**" in cell]
        assert bold == ["ML"]  # the observers' 2.00 is smaller, but no variant
        assert row[1] == "2.00 (0.00)‡" or row[0].strip("| ") in PHANTOM_LANDMARKS
    assert rows[2][2 + KEYS.index("SL")] == "–"
    assert "on the 14 cases of test" in text
    assert "global stage 2 iterations of 2 images at 2 mm; local stage 1 2 iterations" in text
    assert "not counted above: C 1." in text


def test_the_table_is_written_as_markdown_and_csv(results: Results, tmp_path: Path) -> None:
    markdown, table = write_ablation(results, tmp_path / "test")
    assert markdown.read_text(encoding="utf-8") == format_ablation(results)
    written = pd.read_csv(table, keep_default_na=False, na_values={"p_value": "", "median_mm": "", "iqr_mm": ""})
    expected = tabulate_ablation(results)
    pd.testing.assert_frame_equal(written, expected, check_exact=False, rtol=1e-4, check_dtype=False)
    assert sorted(path.name for path in (tmp_path / "test").iterdir()) == ["table.csv", "table.md"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with phantoms and the configuration of a tiny training."""
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantom_dataset(folder, 2, 4)
    (folder / "phantom.toml").write_text(config_text())
    return folder


def test_a_folder_of_something_else_is_refused(data: Path, tmp_path: Path) -> None:
    for name, says in (("other.txt", "holds something else"), (ABLATION_NAME, "another configuration")):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(config_text(3))
        with pytest.raises(ConfigError, match=says):
            ablate(data / "phantom.toml", folder, listener=Heard())
        assert [path.name for path in folder.iterdir()] == [name]
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be used"):
        ablate(data / "phantom.toml", tmp_path / "file", listener=Heard())


def test_a_wrong_split_is_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no rows of the split 'test1'"):
        ablate(data / "phantom.toml", tmp_path / "out", split="test1", listener=Heard())
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_interrupted_ablation_goes_on_and_is_not_done_twice(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped in the local stage of ML, finished by the command, and repeated without training anything again."""
    config, out = data / "phantom.toml", tmp_path / "out"
    stopped = Heard(stop_at=(1, 1))
    chosen = parse_variants("R,SL,ML")
    assert ablate(config, out, variants=chosen[2:], device="cpu", listener=stopped) is None
    assert stopped.titles == ["Training R_log+C", "Training ML"]
    assert stopped.steps == [(0, 1), (0, 2), (1, 1)]

    command = ("ablate", config, "--out", out, "--split", "test", "--device", "cpu")
    assert run(*command, "--variants", "R,SL,ML", "--single", "small sphere") == 0
    told = capsys.readouterr()
    assert "Local stage 1 of 1: 2 of 2" in told.err
    assert told.out.strip() == (out / "test" / "table.md").read_text().strip()
    begun, whole = read_checkpoint(out / "R_log+C"), read_checkpoint(out / "ML")
    assert (len(begun.finished), len(whole.finished)) == (1, 2)
    assert all(bool((begun.finished[0][key] == weight).all()) for key, weight in whole.finished[0].items())
    assert read_model_info(out / "SL" / "02" / "model.pt").landmarks == ("Small sphere",)
    stages = {key: len(read_model_info(out / key / "model.pt").stages) for key in ("R", "ML", "SL/02")}
    assert stages == {"R": 1, "ML": 2, "SL/02": 2}
    errors = pd.read_csv(out / "test" / "SL" / "errors.csv", index_col="case")
    assert errors.columns.tolist() == ["Small sphere"]
    table = pd.read_csv(out / "test" / "table.csv").set_index(["variant", "landmark"])
    assert table.loc[("SL", "Small sphere"), "median_mm"] == pytest.approx(errors["Small sphere"].median(), abs=1e-3)

    again = Heard()
    found = ablate(config, out, split="test", variants=chosen, single=("Small sphere",), device="cpu", listener=again)
    assert found is not None
    assert (again.titles, again.steps) == ([], [])
    assert format_ablation(found).strip() == told.out.strip()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("none.toml", "--out", "out"), "no configuration file"),
        (("phantom.toml", "--out", "out", "--variants", "X"), "no variant 'X'"),
        (("phantom.toml", "--out", "out", "--single", "nose"), "no landmark 'nose'"),
        (("phantom.toml", "--out", "out"), "cases.csv"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("phantom.toml").write_text(config_text())
    assert run("ablate", *arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["phantom.toml"]
