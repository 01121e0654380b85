"""What computes a training: a processor or GPU, and the precision it computes in.

`Device` is all that the training asks of it. `PlainDevice` is one device in this process, by torch alone; several devices are
an adapter in `training.distribution`. Which devices there are is `core.models.devices`'s.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
"""float32 throughout, or autocast to bfloat16 or float16 with weights and losses in float32; named as Lightning names them."""

_COMPUTED_IN: dict[Precision, torch.dtype] = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def choose_precision(wanted: Literal["auto"] | Precision, kind: str) -> Precision:
    """Return what to compute in on a device of type ``kind``: ``"auto"`` is bfloat16 where it computes with it, else float32."""
    if wanted == "16-mixed" and kind == "cpu":
        return "bf16-mixed"  # as Lightning does: processors hardly compute in float16
    if wanted != "auto":
        return wanted
    if kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16-mixed"
    if kind == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False):
        return "bf16-mixed"
    return "32-true"


class Device(Protocol):
    """One or several devices on which a network learns."""

    @property
    def kind(self) -> str:
        """The type of the torch device: ``"cpu"``, ``"cuda"`` or ``"mps"``."""

    def set_up(self, network: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        """Bring a network and its optimizer to the device; return what stands for them from now on.

        The parameters stay the same objects, and what was passed in stays usable for reading and loading state.
        """

    def to_device(self, values: Tensor) -> Tensor:
        """Return ``values`` on the device."""

    def forward(self, network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's two answers to ``images``, in float32."""

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``."""

    def step(self, optimizer: Optimizer) -> None:
        """Change the weights by the gradients gathered."""

    def accumulating(self, network: nn.Module, enabled: bool) -> AbstractContextManager[None]:
        """While ``enabled``, gather gradients without exchanging them with other processes."""

    def state(self) -> dict[str, Any]:
        """Return what a continued training needs: the scale of the losses in float16, else nothing."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""


class PlainDevice:
    """One device of this process.

    Parameters
    ----------
    kind
        ``"cpu"``, ``"cuda"`` or ``"mps"``, as `core.models.devices.choose_device` gives it.
    precision
        What networks compute in. Losses in float16 are scaled so that small gradients do not vanish, and a step whose gradients
        overflow is left out (Micikevicius et al., "Mixed precision training", ICLR 2018).
    """

    def __init__(self, kind: str = "cpu", precision: Precision = "32-true") -> None:
        self._device = torch.device(kind)
        self._computed_in = _COMPUTED_IN.get(precision)
        self._scaler = torch.amp.GradScaler(self._device.type) if precision == "16-mixed" else None

    @property
    def kind(self) -> str:
        """The type of the torch device."""
        return self._device.type

    def set_up(self, network: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        """Move the network; the optimizer follows, since its parameters stay the same objects."""
        return network.to(self._device), optimizer

    def to_device(self, values: Tensor) -> Tensor:
        """Return ``values`` on the device, without waiting for those in pinned memory."""
        return values.to(self._device, non_blocking=self.kind == "cuda")

    def forward(self, network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's two answers to ``images``, in float32."""
        if self._computed_in is None:
            answer, logit = network(images)
            return answer, logit
        with torch.autocast(self.kind, dtype=self._computed_in):
            answer, logit = network(images.to(self._computed_in))
        return answer.float(), logit.float()

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``."""
        scaled = loss if self._scaler is None else self._scaler.scale(loss)
        scaled.backward()  # type: ignore[no-untyped-call]

    def step(self, optimizer: Optimizer) -> None:
        """Change the weights by the gradients gathered."""
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()

    def accumulating(self, network: nn.Module, enabled: bool) -> AbstractContextManager[None]:  # noqa: ARG002
        """Do nothing: there is nobody to exchange gradients with."""
        return nullcontext()

    def state(self) -> dict[str, Any]:
        """Return the scale of the losses, nothing where they are not scaled."""
        return {} if self._scaler is None else self._scaler.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with a scale of losses, where they are scaled here too."""
        if self._scaler is not None and state:
            self._scaler.load_state_dict(state)


@contextmanager
def without_denormals() -> Iterator[None]:
    """Let this process count denormal numbers as zero.

    Adam's moments decay into them, and a processor computes with them several times slower.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
