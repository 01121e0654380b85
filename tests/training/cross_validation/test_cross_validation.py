"""Cross-validation: which case is in which fold, that no fold learns or chooses by its own, and the whole command on phantoms."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.base.errors import ConfigError
from core.learning.cases import Case
from core.learning.checkpoints import read_checkpoint
from core.learning.configuration import TrainingConfig, parse_config
from core.learning.phantom import PHANTOM_LANDMARKS, make_phantom
from core.models.file import load_model
from core.models.inference import localize
from core.values.landmarks import Landmarks
from tests.training.ablation.test_ablation import Heard, config_text
from tests.training.test_train_cli import run
from training.cross_validation.answers import ANSWER, columns_of, read_answers, write_answers
from training.cross_validation.cross_validation import (
    ANSWERS_NAME,
    OutOfFold,
    cross_validate,
    deal,
    fold_config,
    parse_folds,
    shares_of,
)
from training.cross_validation.table import format_cross_validation, summary_of
from training.datasets.phantom import write_phantom_dataset


def cases_named(count: int) -> list[Case]:
    marks = Landmarks(("a",), np.zeros((1, 2)))
    return [Case(f"{number:03d}", Path(f"{number}.png"), marks) for number in range(count)]


@pytest.fixture
def config() -> TrainingConfig:
    return parse_config(config_text(), "phantom.toml")


@pytest.mark.parametrize(("count", "folds"), [(150, 5), (11, 4), (2, 2)])
def test_each_case_is_in_one_fold(count: int, folds: int) -> None:
    cases = cases_named(count)
    dealt = deal(cases, folds)
    assert len(dealt) == folds
    assert sorted(case.name for fold in dealt for case in fold) == [case.name for case in cases]
    sizes = [len(fold) for fold in dealt]
    assert max(sizes) - min(sizes) <= 1
    assert dealt == deal(cases, folds)
    if count > 10:
        assert [case.name for case in dealt[0]] != [case.name for case in cases[: sizes[0]]]  # dealt, not cut


@pytest.mark.parametrize(("count", "folds"), [(3, 4), (3, 1)])
def test_impossible_folds_are_refused(count: int, folds: int) -> None:
    with pytest.raises(ConfigError, match="cannot be dealt"):
        deal(cases_named(count), folds)


def test_a_fold_keeps_its_last_weights(config: TrainingConfig) -> None:
    once = fold_config(config)
    for number in range(2):
        before, after = config.stage(number).optimisation, once.stage(number).optimisation
        assert after.validate_every == after.iterations == before.iterations
        assert after.model_copy(update={"validate_every": before.validate_every}) == before


def test_which_folds_to_do() -> None:
    assert parse_folds("", 3) == (1, 2, 3)
    assert parse_folds("3,1,3", 3) == (1, 3)
    for wrong in ("0", "4", "one", "1,,2"):
        with pytest.raises(ConfigError, match="no list of folds"):
            parse_folds(wrong, 3)


def table_of(errors_mm: dict[str, float]) -> pd.DataFrame:
    rows = [["001", stage, "a", 1.0, 2.0, error, 0.0, error, 0.5, 0.9, 1.0] for stage, error in errors_mm.items()]
    return pd.DataFrame(rows, columns=list(columns_of(2)))


def test_answers_are_read_as_they_were_written(tmp_path: Path) -> None:
    table = table_of({"global": 1.25, ANSWER: float("nan")})
    write_answers(table, tmp_path / "answers.csv")
    found = read_answers(tmp_path / "answers.csv", 2)
    assert found is not None
    pd.testing.assert_frame_equal(found, table)
    assert read_answers(tmp_path / "answers.csv", 3) is None
    assert read_answers(tmp_path / "none.csv", 2) is None
    (tmp_path / "answers.csv").write_text((tmp_path / "answers.csv").read_text().replace("1.2500", "x", 1))
    assert read_answers(tmp_path / "answers.csv", 2) is None


def test_the_tables_sum_up_what_is_known(config: TrainingConfig) -> None:
    parts = [
        table_of({"global": 3.0, ANSWER: error}).assign(fold=1, landmark=name)
        for name, error in (("a", 1.0), ("b", 2.4), ("c", float("nan")))
    ]
    answers = pd.concat(parts, ignore_index=True)
    summary = summary_of(answers, "stage", (2.0, 2.5))
    assert summary.loc[ANSWER].tolist() == pytest.approx([2, 1.7, 1.7, 2.4, 50.0, 100.0])
    assert summary.loc["global"].tolist() == pytest.approx([3, 3.0, 3.0, 3.0, 0.0, 0.0])
    text = format_cross_validation(OutOfFold(config, 5, (1,), answers), (2.0, 2.5))
    assert "1 of 5 folds (1)" in text
    assert f"| {ANSWER} | 1.700 | 1.700 | 2.400 | 50.0 | 100.0 |" in text
    assert "| c | nan | nan | nan | nan | nan |" in text


@pytest.mark.slow
def test_each_case_is_answered_by_networks_that_did_not_see_it(tmp_path: Path) -> None:
    write_phantom_dataset(tmp_path, 2, 8)
    config_path = tmp_path / "config.toml"
    config_path.write_text(config_text(3))
    out = tmp_path / "folds"
    heard = Heard(stop_at=(1, 2))
    assert cross_validate(config_path, out, listener=heard, folds=2, device="cpu") is None
    assert not (out / "fold-1" / ANSWERS_NAME).exists()
    heard = Heard()
    first = cross_validate(config_path, out, listener=heard, folds=2, only="1", device="cpu")
    assert heard.steps == [(1, 3)]  # it goes on where it was stopped
    assert first is not None
    assert first.done == (1,)
    heard = Heard()
    both = cross_validate(config_path, out, listener=heard, folds=2, device="cpu")
    assert [title.split(":")[0] for title in heard.titles] == ["Fold 2 of 2"]
    assert both is not None
    assert both.done == (1, 2)
    assert sorted(both.answers["case"].unique()) == [
        f"phantom-{number:03d}" for number in range(6)
    ]  # the test ones not
    assert list(both.answers["stage"].unique()) == ["global", "local 1", ANSWER]
    assert len(both.answers) == 6 * 3 * len(PHANTOM_LANDMARKS)
    pd.testing.assert_frame_equal(both.answers[both.answers["fold"] == 1].reset_index(drop=True), first.answers)
    for number in (1, 2):
        mine = both.answers[(both.answers["fold"] == number) & (both.answers["stage"] == "local 1")]
        trained = np.asarray(read_checkpoint(out / f"fold-{number}").errors_mm[1])
        assert mine["error_mm"].to_numpy() == pytest.approx(
            trained.ravel(), abs=0.02
        )  # these images are kept as float16
    offsets = both.answers[["off_x_mm", "off_y_mm"]].to_numpy()
    assert both.answers["error_mm"].to_numpy() == pytest.approx(np.linalg.norm(offsets, axis=1), abs=2e-4)
    heard = Heard()
    again = cross_validate(config_path, out, listener=heard, folds=2, device="cpu")
    assert heard.titles == []
    assert again is not None
    pd.testing.assert_frame_equal(again.answers, both.answers)
    with pytest.raises(ConfigError, match="other folds"):
        cross_validate(config_path, out, listener=heard, folds=3, device="cpu")
    config_path.write_text(config_text(4))
    with pytest.raises(ConfigError, match="another configuration"):
        cross_validate(config_path, out, listener=heard, folds=2, device="cpu")


@pytest.mark.slow
def test_a_model_joins_its_stages_by_out_of_fold_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_phantom_dataset(tmp_path, 2, 5)
    config_path, out = tmp_path / "config.toml", tmp_path / "folds"
    names = str(list(PHANTOM_LANDMARKS)).replace("'", '"')
    expert = config_text(2).replace(
        "spacing_mm = 2.0",
        'spacing_mm = 2.0\nnetwork = "encoder-decoder"\nregression = "linear"\nposterior = "soft-max"\nlabel_patches = 1.0',
    )
    assert names in expert
    config_path.write_text(expert)
    assert run("cross-validate", config_path, "--out", out, "--folds", 2, "--device", "cpu") == 0
    assert run("train", config_path, "--out", tmp_path / "run", "--device", "cpu") == 0
    assert run("export", tmp_path / "run", tmp_path / "joined.pt", "--out-of-fold", out) == 0
    assert "agree within" in capsys.readouterr().out
    image, _ = make_phantom(2, 1)
    model = load_model(tmp_path / "joined.pt")
    prediction = localize(image, model, device="cpu")
    shares = np.asarray(shares_of(out, parse_config(expert, "x.toml"), PHANTOM_LANDMARKS))
    assert shares.shape == (2, len(PHANTOM_LANDMARKS))
    joined = (shares[:, :, None] * prediction.stage_points_mm).sum(0)
    assert prediction.landmarks.points_mm == pytest.approx(joined, abs=0.05)
    assert run("export", tmp_path / "run", tmp_path / "x.pt", "--out-of-fold", tmp_path) == 2
    assert "no answers of a cross-validation" in capsys.readouterr().err
    assert run("export", tmp_path / "run", tmp_path / "x.pt", "--stages", 1, "--out-of-fold", out) == 2
    assert "shares are those of 2 stages" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_prints_and_keeps_the_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_phantom_dataset(tmp_path, 2, 5)
    config_path, out = tmp_path / "config.toml", tmp_path / "folds"
    config_path.write_text(config_text(2))
    command = ("cross-validate", config_path, "--out", out, "--folds", 2, "--device", "cpu", "--within", "1,5")
    assert run(*command, "--only", "2") == 0
    printed = capsys.readouterr().out
    assert "1 of 2 folds (2)" in printed
    assert "< 5 mm, %" in printed
    assert (out / "table.md").read_text().strip() == printed.strip()
    assert run(*command, "--only", "7") == 2
    assert "no list of folds" in capsys.readouterr().err
