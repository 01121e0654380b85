"""Who trains: how many processes on how many machines, which of them this one is, and how the others are started.

What they do together is `training/distribution/team.py`. Processes are found as torchrun, ``fabric run`` and Slurm's srun leave
them; without such a launcher the first process of a machine starts the others there, and they end with it.
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

from core.base.command_line import EXIT_BUG
from core.base.errors import AppError, ConfigError

PATIENCE_S = 20.0
"""How long processes that end at different times wait for each other."""


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
        Whether somebody else has started the others.
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
    """Read what torchrun, ``fabric run`` or `others_started` say."""
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


def settle_fabric_run(device: str, precision: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Check what ``fabric run`` left for Fabric beside the places of the processes, and take it away.

    With it, Fabric would let these options overrule the configuration, and would refuse to be launched.

    Raises
    ------
    ConfigError
        They ask for another device or precision than the training's, or for another way to train together.
    """
    same_device = {device, "auto"} | ({"gpu"} if device != "cpu" else set())
    for option, fitting in (("accelerator", same_device), ("precision", {precision}), ("strategy", {"ddp"})):
        asked = environ.get(f"LT_{option.upper()}")
        if asked is not None and asked not in fitting:
            raise ConfigError(
                f"fabric run was given --{option} {asked}, this training uses {' or '.join(sorted(fitting))}.",
                f"Leave out --{option}; --device and the configuration's precision say it.",
            )
    for name in ("CLI_USED", "ACCELERATOR", "STRATEGY", "DEVICES", "NUM_NODES", "PRECISION"):
        environ.pop(f"LT_{name}", None)


class FoundEnvironment(LightningEnvironment):
    """Tells Fabric what `find_placement` found; it need not look, and starts nothing."""

    def __init__(self, placement: Placement) -> None:
        super().__init__()
        self._placement = placement

    @property
    def creates_processes_externally(self) -> bool:
        """Whether the other processes are started by others than Fabric: always."""
        return True

    @property
    def main_address(self) -> str:
        """Where the first process is met."""
        return self._placement.address

    @property
    def main_port(self) -> int:
        """The port of `main_address`."""
        return self._placement.port

    def local_rank(self) -> int:
        """Return which process on its machine this is."""
        return self._placement.local_rank

    def node_rank(self) -> int:
        """Return which machine this is."""
        return self._placement.node


@contextmanager
def others_started(placement: Placement, follow: Callable[[list[str]], None], arguments: list[str]) -> Iterator[None]:
    """Start the other processes of this machine where nobody else has, and end with them.

    Parameters
    ----------
    placement
        Of this process.
    follow, arguments
        What the others run, a function of a module, and what it is given. Each finds its place by `find_placement`.
    """
    if placement.started or placement.devices == 1:
        yield
        return
    spawn = multiprocessing.get_context("spawn")
    others = [
        spawn.Process(target=_become, args=(replace(placement, local_rank=number), follow, arguments), daemon=True)
        for number in range(1, placement.devices)
    ]
    for other in others:
        other.start()
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(others, ended), daemon=True, name="training processes")
    watch.start()
    patience_s = 0.0  # none after a mistake of this process, for which the others would wait
    try:
        yield
        patience_s = PATIENCE_S
    except AppError:
        patience_s = PATIENCE_S
        raise
    finally:
        ended.set()
        for other in others:
            other.join(patience_s)
            other.kill()
            other.join()
        watch.join()


def _watch(others: list[SpawnProcess], ended: threading.Event) -> None:
    """Leave, with a sentence, where another process broke off and this one waits for it in vain."""
    while not ended.is_set():
        left = [other for other in others if other.exitcode is None]
        wait([other.sentinel for other in left], 0.2) if left else ended.wait(0.2)
        broken = [other for other in others if other.exitcode]
        if broken and not ended.wait(PATIENCE_S):
            sys.stderr.write(
                f"\ncairn-train: Another process of the training ended (exit code {broken[0].exitcode}).\n"
            )
            for other in others:
                other.kill()
            os._exit(EXIT_BUG)


def _become(placement: Placement, follow: Callable[[list[str]], None], arguments: list[str]) -> None:
    """Run ``follow`` in a process of its own, at its place."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the first process too, which tells the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    names = {
        "RANK": placement.rank,
        "LOCAL_RANK": placement.local_rank,
        "LOCAL_WORLD_SIZE": placement.devices,
        "WORLD_SIZE": placement.count,
        "GROUP_RANK": placement.node,
        "MASTER_ADDR": placement.address,
        "MASTER_PORT": placement.port,
    }
    os.environ.update({name: str(value) for name, value in names.items()})
    follow(arguments)


def _end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, whatever either is doing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(EXIT_BUG)
