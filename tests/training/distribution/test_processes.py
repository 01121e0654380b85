"""Who trains with whom: as launchers say, or as was asked."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from core.base.errors import ConfigError
from training.distribution.processes import Placement, find_placement, others_started, settle_fabric_run, speaks_for_all

TORCHRUN = {
    "RANK": "5",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "8",
    "LOCAL_WORLD_SIZE": "4",
    "GROUP_RANK": "1",
    "MASTER_ADDR": "first",
    "MASTER_PORT": "1234",
}
SRUN = {
    "SLURM_PROCID": "5",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_NTASKS": "8",
    "SLURM_NTASKS_PER_NODE": "4",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_STEP_NUM_NODES": "2",
}


def test_torchrun_is_understood() -> None:
    found = find_placement(None, None, TORCHRUN)
    assert found == Placement(4, 2, 1, 1, "first", 1234, started=True)
    assert (found.rank, found.count) == (5, 8)
    assert find_placement(4, 2, TORCHRUN) == found
    assert find_placement(None, None, TORCHRUN | SRUN) == found  # torchrun started by srun
    with pytest.raises(ConfigError, match="4 processes on each of 2 machines, not 2 on 2"):
        find_placement(2, None, TORCHRUN)


def test_srun_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that what Slurm's are found from is put back afterwards
        monkeypatch.delenv(name)
    for name, value in (SRUN | {"SLURM_NODELIST": "node[07-08]", "SLURM_JOB_ID": "4712345"}).items():
        monkeypatch.setenv(name, value)
    found = find_placement(None, None, SRUN)
    assert found == Placement(4, 2, 1, 1, "node07", 17345, started=True)
    assert found.rank == int(SRUN["SLURM_PROCID"])
    with pytest.raises(ConfigError, match="7 tasks on 2 machines"):
        find_placement(None, None, SRUN | {"SLURM_STEP_NUM_TASKS": "7"})
    with pytest.raises(ConfigError, match="--ntasks-per-node instead of --ntasks"):
        find_placement(None, None, {name: value for name, value in SRUN.items() if name != "SLURM_NTASKS_PER_NODE"})


def test_a_batch_script_itself_is_no_task() -> None:
    found = find_placement(2, None, {"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "1"})
    assert (found.count, found.rank, found.started) == (2, 0, False)


FABRIC_RUN = {"LT_CLI_USED": "1", "LT_DEVICES": "2", "LT_NUM_NODES": "1"}


@pytest.mark.parametrize(("name", "asked"), [("ACCELERATOR", "gpu"), ("PRECISION", "bf16-mixed"), ("STRATEGY", "fsdp")])
def test_fabric_run_may_not_ask_for_something_else(name: str, asked: str) -> None:
    with pytest.raises(ConfigError, match=f"--{name.lower()} {asked}"):
        settle_fabric_run("cpu", "32-true", FABRIC_RUN | {f"LT_{name}": asked})


def test_a_gpu_is_cuda_or_mps() -> None:
    environ = FABRIC_RUN | {"LT_ACCELERATOR": "gpu"}
    settle_fabric_run("cuda", "32-true", environ)
    assert not environ


def test_without_a_launcher_this_is_the_first_on_its_machine() -> None:
    alone = find_placement(None, None, {})
    assert (alone.count, alone.rank, alone.started) == (1, 0, False)
    assert find_placement(3, 1, {}).port > 0
    told = {"NODE_RANK": "1", "MASTER_ADDR": "first", "MASTER_PORT": "1234"}
    assert find_placement(3, 2, told) == Placement(3, 2, 1, 0, "first", 1234)
    assert find_placement(3, 2, told).rank == 3
    for changed in ({"NODE_RANK": "2"}, {"NODE_RANK": ""}, {"MASTER_PORT": "x"}):
        with pytest.raises(ConfigError, match="which of the 2 machines"):
            find_placement(3, 2, told | changed)


def test_one_process_speaks_for_all() -> None:
    assert speaks_for_all({})
    assert speaks_for_all({"RANK": "0", "SLURM_PROCID": "1"})
    assert not speaks_for_all(TORCHRUN)
    assert not speaks_for_all(SRUN)


def test_nobody_is_started_where_others_are_there_already() -> None:
    for placement in (Placement(), Placement(4, started=True)):
        with others_started(placement, print, ["never"]):
            assert not multiprocessing.active_children()


def _write_place(arguments: list[str]) -> None:
    """Be another process: say who it is."""
    placement = find_placement(None, None)
    Path(arguments[0]).write_text(f"{placement.rank} of {placement.count} at {placement.port}")


def _wait_for_ever(arguments: list[str]) -> None:
    """Be another process that hangs."""
    Path(arguments[0]).touch()
    time.sleep(1000)


def test_others_know_their_place(tmp_path: Path) -> None:
    placement = find_placement(2, None, {})
    with others_started(placement, _write_place, [str(tmp_path / "said")]):
        (other,) = multiprocessing.active_children()
        other.join(120)  # longer than a first process would wait at the end: a busy machine starts it slowly
    assert (tmp_path / "said").read_text() == f"1 of 2 at {placement.port}"
    assert "RANK" not in os.environ


def test_others_end_with_a_mistake_of_the_first(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), others_started(Placement(2), _wait_for_ever, [str(tmp_path / "there")]):
        raise ZeroDivisionError
    assert not multiprocessing.active_children()


def test_the_first_does_not_wait_for_one_that_broke_off(tmp_path: Path) -> None:
    script = """
        import time
        from training.distribution import processes

        def break_off(arguments):
            raise SystemExit(3)

        processes.PATIENCE_S = 0.1
        if __name__ == "__main__":
            with processes.others_started(processes.Placement(2), break_off, []):
                time.sleep(1000)
    """
    path = tmp_path / "first.py"
    path.write_text(textwrap.dedent(script))
    root = str(Path(__file__).resolve().parents[3])
    finished = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env=os.environ | {"PYTHONPATH": root},
    )
    assert finished.returncode == 1
    assert finished.stderr.strip() == "cairn-train: Another process of the training ended (exit code 3)."
