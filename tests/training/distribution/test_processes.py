"""Who trains with whom: as launchers say, or as was asked."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from core.base.command_line import EXIT_BUG, EXIT_INTERRUPTED
from core.base.errors import ConfigError
from training.distribution.processes import Placement, find_placement, run_in_processes, speaks_for_all

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

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


def test_a_place_that_is_announced_is_found() -> None:
    environ: dict[str, str] = {}
    placement = Placement(4, 2, 1, 3, "first", 1234)
    placement.announce(environ)
    found = find_placement(None, None, environ)
    assert (found.rank, found.count, found.address, found.port) == (7, 8, "first", 1234)
    assert found.started
    assert environ.keys() == TORCHRUN.keys()


def _write_place(arguments: list[str]) -> int:
    """Say who this process is."""
    placement = find_placement(None, None)
    Path(arguments[0], str(placement.rank)).write_text(f"of {placement.count} at {placement.port}")
    return 0


def _hang_beside_one_that_fails(arguments: list[str]) -> int:
    """Wait for ever, but for the second process, which breaks off."""
    if os.environ["RANK"] == "1":
        return int(arguments[0])
    time.sleep(1000)
    return 0


def _stop(arguments: list[str]) -> int:
    """Be stopped: the first takes its time to write what was learnt."""
    if os.environ["RANK"] == "0":
        time.sleep(1.0)
        Path(arguments[0]).touch()
    return EXIT_INTERRUPTED


def test_every_process_knows_its_place(tmp_path: Path) -> None:
    placement = find_placement(2, None, {})
    assert run_in_processes(placement, _write_place, [str(tmp_path)]) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("0", "1"), f"of 2 at {placement.port}"
    )
    assert "RANK" not in os.environ


def test_where_one_breaks_off_nobody_waits_for_it(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(multiprocessing.active_children())  # of other tests, where something has ended unseen
    assert run_in_processes(find_placement(2, None, {}), _hang_beside_one_that_fails, ["3"]) == EXIT_BUG
    assert capfd.readouterr().err.strip() == "cairn-train: A process of the training ended (exit code 3)."
    assert not set(multiprocessing.active_children()) - before


def test_those_that_are_stopped_may_write_what_they_learnt(tmp_path: Path) -> None:
    assert run_in_processes(find_placement(2, None, {}), _stop, [str(tmp_path / "written")]) == EXIT_INTERRUPTED
    assert (tmp_path / "written").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_an_end_of_the_first_reaches_every_process(tmp_path: Path) -> None:
    script = """
        import os, signal, sys, time
        from pathlib import Path
        from training.distribution.processes import find_placement, run_in_processes

        def wait(arguments):
            stopped = []
            signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
            Path(arguments[0], os.environ["RANK"]).touch()
            while not stopped:
                time.sleep(0.05)
            Path(arguments[0], "stopped " + os.environ["RANK"]).touch()
            return 130

        if __name__ == "__main__":
            sys.exit(run_in_processes(find_placement(2, None, {}), wait, sys.argv[1:]))
    """
    path, folder = tmp_path / "first.py", tmp_path / "told"
    path.write_text(textwrap.dedent(script))
    folder.mkdir()
    root = str(Path(__file__).resolve().parents[3])
    environ = os.environ | {"PYTHONPATH": root}
    with subprocess.Popen([sys.executable, str(path), str(folder)], env=environ, start_new_session=True) as first:
        deadline = time.monotonic() + 120
        while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        first.send_signal(signal.SIGTERM)
        assert first.wait(120) == EXIT_INTERRUPTED
    assert {path.name for path in folder.iterdir()} == {"0", "1", "stopped 0", "stopped 1"}
