"""``cairn-train plan`` as a person types it, on phantoms."""

import csv
import os
from pathlib import Path

import pytest

from core.base.command_line import run_command_line
from core.base.errors import ConfigError
from core.learning.configuration import parse_config, read_config
from core.learning.facts import facts_of
from core.learning.pace import FixedPace
from core.schemes.file import read_scheme
from training.cli import commands
from training.datasets.cephalometric import read_cephalometric
from training.datasets.mouse_skull import SCHEME, read_mouse_skulls
from training.datasets.phantom import write_phantom_dataset
from training.planning import plan_for, write_plan
from training.run import train

DATA = Path(os.environ.get("CAIRN_DATA", "none"))


def run(*arguments: object) -> int:
    """Run ``cairn-train`` in this process; return the exit code."""
    return run_command_line(commands, "cairn-train", [str(argument) for argument in arguments])


def test_a_plan_for_a_list_names_it_and_counts_its_cases(tmp_path: Path) -> None:
    cases = write_phantom_dataset(tmp_path, 2, 10)
    plan, to_check = plan_for(cases, 5, pace=FixedPace())
    assert plan.config.data.kind == "list"
    assert Path(plan.config.data.root) == cases
    assert plan.config.name == cases.stem
    assert to_check == (), "the list has cases to validate on"
    (counted,) = [reason for reason in plan.reasons if reason.setting == "Cases"]
    rows = list(csv.DictReader(cases.read_text().splitlines()))
    splits = [row["split"] for row in rows]
    expected = f"{splits.count('train')} to learn from, {splits.count('validation')} to check with"
    assert counted.value == expected, "test cases stay closed"


def test_a_list_without_cases_to_check_with_is_told_which_to_take(tmp_path: Path) -> None:
    cases = write_phantom_dataset(tmp_path, 2, 10)
    text = cases.read_text()
    cases.write_text(text.replace("validation,", "train,"))
    _, to_check = plan_for(cases, 5, pace=FixedPace())
    assert to_check
    names = {Path(row["image"]).stem for row in csv.DictReader(cases.read_text().splitlines())}
    assert {Path(name).name for name in to_check} <= names


@pytest.mark.slow
def test_plan_as_a_command_measures_explains_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases, out = write_phantom_dataset(tmp_path, 2, 10), tmp_path / "plan.toml"
    assert run("plan", cases, "--minutes", 1, "--out", out, "--explain") == 0
    shown = capsys.readouterr()
    assert "cairn-train train" in shown.out
    assert "First stage" in shown.out
    config, _ = read_config(out)
    assert run("plan", cases, "--minutes", 1) == 0
    printed = parse_config(capsys.readouterr().out, "printed")
    assert printed.global_stage.network == config.global_stage.network
    assert run("plan", cases, "--minutes", 1, "--from", out, "--explain") == 0
    assert "Learning rate" in capsys.readouterr().err


@pytest.mark.slow
def test_a_plan_can_be_trained_as_it_is(tmp_path: Path) -> None:
    cases = write_phantom_dataset(tmp_path / "data", 2, 10)
    plan, _ = plan_for(cases, 5, pace=FixedPace(0.3))
    path = tmp_path / "plan.toml"
    text_config = plan.config.model_copy(update={"local_stages": ()})
    settings = plan.config.global_stage.optimisation.model_copy(update={"iterations": 4, "validate_every": 2})
    first = plan.config.global_stage.model_copy(update={"optimisation": settings, "crop": (32, 32)})
    write_plan(text_config.model_copy(update={"global_stage": first}), path)
    assert train(path, tmp_path / "run", device="cpu")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere.csv",), "There are no cases at"),
        (("cases.csv", "--from", "none.toml"), "no configuration file"),
        (("cases.csv", "--from", "none.pt"), "There is no model file"),
        (("cases.csv", "--minutes", "0"), "no time to learn"),
        (("few.csv",), "at least 5 are needed"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = write_phantom_dataset(tmp_path, 2, 10).read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(rows[:3]))
    monkeypatch.chdir(tmp_path)
    assert run("plan", "--minutes", "5", *arguments) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    plan, _ = plan_for(write_phantom_dataset(tmp_path, 2, 10), 5, pace=FixedPace())
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_plan(plan.config, tmp_path / "file" / "plan.toml")


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")
def test_the_poses_and_partners_of_mouse_skulls_are_found_by_themselves() -> None:
    """Twelve of the animals to learn from: nothing says how they lie, and nobody which landmark is left or right."""
    found = facts_of(read_mouse_skulls(DATA / "mouse_ct", "train")[:12])
    assert found.posed
    assert found.rotation_deg > 90
    assert found.mirror == read_scheme(SCHEME).mirrored
    assert found.intensities == "in air"


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")
def test_cephalograms_lie_alike_and_are_not_mirrored() -> None:
    found = facts_of(read_cephalometric(DATA / "cephalometric", "train")[:10])
    assert not found.posed
    assert found.rotation_deg < 20
    assert found.mirror == ()
    assert found.spacing_mm == pytest.approx(0.1)
    assert found.extent_mm == pytest.approx((240.0, 193.5))
