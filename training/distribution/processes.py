"""Who trains: how many processes on how many machines, which of them this one is, and how the others are started.

What they do together is `training/distribution/team.py`. Processes are found as torchrun, ``fabric run`` and Slurm's srun leave
them; without such a launcher torch starts those of this machine.
"""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess

from torch.multiprocessing.spawn import ProcessExitedException, start_processes

from core.base.command_line import EXIT_BAD_INPUT, EXIT_BUG, EXIT_INTERRUPTED
from core.base.errors import ConfigError


@dataclass(frozen=True)
class Placement:
    """One process among those that train together.

    Attributes
    ----------
    devices, nodes
        Processes on each machine, one per device, and machines.
    node, local_rank
        Which machine, and which process on it.
    address, port
        Where the first process is met.
    started
        Whether all processes are there, this one being among them.
    """

    devices: int = 1
    nodes: int = 1
    node: int = 0
    local_rank: int = 0
    address: str = "127.0.0.1"
    port: int = 0
    started: bool = False

    @property
    def count(self) -> int:
        """Number of processes in all."""
        return self.devices * self.nodes

    @property
    def rank(self) -> int:
        """Which of all processes this is."""
        return self.node * self.devices + self.local_rank

    def announce(self, environ: MutableMapping[str, str] = os.environ) -> None:
        """Write this place into the environment as torchrun does, where `find_placement`, torch and Fabric read it."""
        names = {
            "RANK": self.rank,
            "LOCAL_RANK": self.local_rank,
            "LOCAL_WORLD_SIZE": self.devices,
            "WORLD_SIZE": self.count,
            "GROUP_RANK": self.node,
            "MASTER_ADDR": self.address,
            "MASTER_PORT": self.port,
        }
        environ.update({name: str(value) for name, value in names.items()})


def speaks_for_all(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether this process reports what all of them meet; known before anything can go wrong."""
    return environ.get("RANK", environ.get("SLURM_PROCID", "0")) == "0"


def find_placement(devices: int | None, nodes: int | None, environ: Mapping[str, str] = os.environ) -> Placement:
    """Find out which process this is: as a launcher left it, else the first on this machine.

    Parameters
    ----------
    devices, nodes
        What was asked for; None takes what the launcher says, and one where there is none.

    Raises
    ------
    ConfigError
        A launcher says otherwise, or there are several machines and nothing says which this one is.
    """
    found = _by_torchrun(environ) or _by_srun(environ)
    if found is None:
        return _by_request(devices or 1, nodes or 1, environ)
    if (devices or found.devices, nodes or found.nodes) != (found.devices, found.nodes):
        raise ConfigError(
            f"The launcher started {found.devices} processes on each of {found.nodes} machines, "
            f"not {devices or found.devices} on {nodes or found.nodes}.",
            "Leave out --devices and --nodes under a launcher.",
        )
    return found


def _by_torchrun(environ: Mapping[str, str]) -> Placement | None:
    """Read what torchrun, ``fabric run`` or `Placement.announce` say."""
    names = ("LOCAL_RANK", "LOCAL_WORLD_SIZE", "WORLD_SIZE", "GROUP_RANK", "MASTER_PORT")
    if not all(environ.get(name, "").isdigit() for name in names) or environ["LOCAL_WORLD_SIZE"] == "0":
        return None
    local_rank, devices, world, node, port = (int(environ[name]) for name in names)
    address = environ.get("MASTER_ADDR", "127.0.0.1")
    return Placement(devices, world // devices, node, local_rank, address, port, started=True)


def _by_srun(environ: Mapping[str, str]) -> Placement | None:
    """Read what Slurm says to each task of a step with several; the script of a batch job itself is none of them."""
    tasks, nodes = (int(environ.get(f"SLURM_STEP_NUM_{what}", "1")) for what in ("TASKS", "NODES"))
    if tasks == 1:
        return None
    if tasks % nodes or "SLURM_NTASKS_PER_NODE" not in environ:
        raise ConfigError(
            f"Slurm does not say that its {tasks} tasks on {nodes} machines are as many on each.",
            "Ask for that with --ntasks-per-node instead of --ntasks.",
        )
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment  # takes a second, which few need

    slurm = SLURMEnvironment()
    node, local_rank = (int(environ[name]) for name in ("SLURM_NODEID", "SLURM_LOCALID"))
    return Placement(tasks // nodes, nodes, node, local_rank, slurm.main_address, slurm.main_port, started=True)


def _by_request(devices: int, nodes: int, environ: Mapping[str, str]) -> Placement:
    """Place this process first on its machine; several machines must be told about each other."""
    if nodes == 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return Placement(devices, port=free.getsockname()[1])
    node, port = environ.get("NODE_RANK", ""), environ.get("MASTER_PORT", "")
    if not (node.isdigit() and int(node) < nodes and port.isdigit() and "MASTER_ADDR" in environ):
        raise ConfigError(
            f"Nothing says which of the {nodes} machines this one is.",
            "Start with torchrun or srun (see docs/training.md), or set MASTER_ADDR, MASTER_PORT and NODE_RANK.",
        )
    return Placement(devices, nodes, int(node), address=environ["MASTER_ADDR"], port=int(port))


def run_in_processes(placement: Placement, follow: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Start the processes of this machine, wait for them, and return what they end with.

    An interruption and an end (SIGINT, SIGTERM) are passed on to them. Where one breaks off, the others are ended too.

    Parameters
    ----------
    placement
        Of the first of them.
    follow, arguments
        What each runs, a function of a module, and what it is given; it returns an exit code. Each finds its place by
        `find_placement`.
    """
    # It would tell of each process that it ends.
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)
    started = start_processes(  # type: ignore[no-untyped-call]
        _become, (placement, follow, arguments), placement.devices, join=False, start_method="spawn"
    )
    assert started is not None
    with _passed_on(started.processes) as interrupted:
        try:
            while not started.join():
                pass
        except ProcessExitedException as error:
            if interrupted.is_set():
                return EXIT_INTERRUPTED
            if error.exit_code in (EXIT_BAD_INPUT, EXIT_INTERRUPTED):
                return error.exit_code
            sys.stderr.write(f"\ncairn-train: A process of the training ended (exit code {error.exit_code}).\n")
            return EXIT_BUG
    return 0


@contextmanager
def _passed_on(processes: Sequence[BaseProcess]) -> Iterator[threading.Event]:
    """Pass SIGINT and SIGTERM on to ``processes``; set the event once that was done."""
    interrupted = threading.Event()

    def pass_on(*_: object) -> None:
        interrupted.set()
        if sys.platform == "win32":
            return  # the console tells them of Ctrl-C itself, and a process ended from outside can write nothing
        for process in processes:
            process.terminate()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _become(local_rank: int, placement: Placement, follow: Callable[[list[str]], int], arguments: list[str]) -> None:
    """Run ``follow`` in a process of its own, at its place."""
    placement = replace(placement, local_rank=local_rank)
    placement.announce()
    code = follow(arguments)
    if code == EXIT_INTERRUPTED and placement.rank > 0:
        code = 0  # the first has still to write what they learnt, and says so for all; it must not be ended for this
    sys.exit(code)
