"""Lightning Fabric as the `core.learning.device.Device` of a training on several devices or computers.

The only module of Cairn that knows Fabric. It connects the processes that `training/distribution/processes.py` placed.
"""

import logging
import os
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor, nn
from torch.optim import Optimizer

from core.base.errors import ConfigError
from core.learning.device import Device, PlainDevice, Precision
from core.learning.team import Team
from training.distribution.processes import Placement
from training.distribution.team import ProcessTeam, synchronise


class FabricDevice:
    """The device of this process among those that Fabric connects.

    Parameters
    ----------
    fabric
        Launched.
    """

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric

    @property
    def kind(self) -> str:
        """The type of the torch device."""
        return self._fabric.device.type

    def set_up(self, network: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        """Normalise batches over all processes, and let Fabric wrap both."""
        if self._fabric.world_size > 1:
            synchronise(network, self.kind)
        wrapped, wrapped_optimizer = self._fabric.setup(network, optimizer)
        return wrapped, wrapped_optimizer

    def to_device(self, values: Tensor) -> Tensor:
        """Return ``values`` on the device."""
        moved: Tensor = self._fabric.to_device(values)
        return moved

    def forward(self, network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's two answers to ``images``, in float32."""
        answer, logit = network(images)
        return answer.float(), logit.float()

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``; the processes' mean, unless they are still accumulating."""
        self._fabric.backward(loss)

    def step(self, optimizer: Optimizer) -> None:
        """Change the weights by the gradients gathered."""
        optimizer.step()

    def accumulating(self, network: nn.Module, enabled: bool) -> AbstractContextManager[None]:
        """While ``enabled``, gather gradients without exchanging them with other processes."""
        wrapped = cast(_FabricModule, network)  # by `set_up`
        waiting: AbstractContextManager[None] = self._fabric.no_backward_sync(wrapped, enabled=enabled)
        return waiting

    def state(self) -> dict[str, Any]:
        """Return the scale of the losses in float16, else nothing."""
        return dict(self._fabric.strategy.precision.state_dict())

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with a scale of losses, where they are scaled here too."""
        if state:
            self._fabric.strategy.precision.load_state_dict(state)


def launch_fabric(kind: str, precision: Precision, placement: Placement) -> Fabric:
    """Return a launched Fabric, connected with the other processes; they all must call this."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # each process would introduce itself
    several = placement.count > 1
    if several:
        placement.announce()
    fabric = Fabric(
        accelerator=kind,
        devices=placement.devices,
        num_nodes=placement.nodes,
        precision=precision,
        strategy="ddp" if several else "auto",
        # Else it would look for a launcher, and may find one for something else.
        plugins=[TorchElasticEnvironment()] if several else None,
    )
    fabric.launch()
    return fabric


@contextmanager
def connected(kind: str, precision: Precision, placement: Placement) -> Iterator[tuple[Device, Team]]:
    """Give the device and the team of this process; one alone needs no Fabric.

    Raises
    ------
    ConfigError
        ``fabric run`` was asked for something else, see `settle_fabric_run`.
    """
    settle_fabric_run(kind, precision)
    if placement.count == 1:
        yield PlainDevice(kind, precision), Team()
        return
    fabric = launch_fabric(kind, precision, placement)
    try:
        yield FabricDevice(fabric), ProcessTeam()
    finally:
        torch.distributed.destroy_process_group()


def settle_fabric_run(kind: str, precision: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Check what ``fabric run`` left for Fabric beside the places of the processes, and take it away.

    With it, Fabric would let these options overrule the configuration, and would refuse to be launched.

    Raises
    ------
    ConfigError
        They ask for another device or precision than the training's, or for another way to train together.
    """
    same_device = {kind, "auto"} | ({"gpu"} if kind != "cpu" else set())
    for option, fitting in (("accelerator", same_device), ("precision", {precision}), ("strategy", {"ddp"})):
        asked = environ.get(f"LT_{option.upper()}")
        if asked is not None and asked not in fitting:
            raise ConfigError(
                f"fabric run was given --{option} {asked}, this training uses {' or '.join(sorted(fitting))}.",
                f"Leave out --{option}; --device and the configuration's precision say it.",
            )
    for name in ("CLI_USED", "ACCELERATOR", "STRATEGY", "DEVICES", "NUM_NODES", "PRECISION"):
        environ.pop(f"LT_{name}", None)
