"""One plain device: precision, scaled losses, and what is told about them to a continued training."""

import pytest
import torch
from torch import Tensor, nn

from core.learning.device import PlainDevice, Precision, choose_precision


class Answers(nn.Module):
    """The smallest network with two answers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        found = self.layer(images)
        return found[:, :1], found[:, 1:]


def set_up(device: PlainDevice) -> tuple[nn.Module, torch.optim.Optimizer]:
    network = Answers()
    return device.set_up(network, torch.optim.SGD(network.parameters(), 1e6))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_answers_and_weights_are_float32_whatever_is_computed_in(precision: Precision) -> None:
    device = PlainDevice("cpu", precision)
    network, optimizer = set_up(device)
    before = network.layer.weight.detach().clone()
    answer, logit = device.forward(network, device.to_device(torch.ones(4, 3)))
    assert answer.dtype == logit.dtype == network.layer.weight.dtype == torch.float32
    device.backward(0.01 * (answer - logit).square().mean())
    device.step(optimizer)
    assert not torch.equal(network.layer.weight, before)


def test_half_precision_is_really_used() -> None:
    """A weight of 1 + 2**-9 is more than bfloat16 can tell from 1."""
    network = Answers()
    nn.init.constant_(network.layer.weight, 1 + 2.0**-9)
    nn.init.zeros_(network.layer.bias)
    images = torch.tensor([[1.0, 0.0, 0.0]])
    for precision, expected in (("32-true", 1 + 2.0**-9), ("bf16-mixed", 1.0)):
        answer, _ = PlainDevice("cpu", precision).forward(network, images)  # type: ignore[arg-type]
        assert answer.item() == expected


def test_small_gradients_survive_float16_and_an_overflow_costs_one_step() -> None:
    """A loss is scaled by 65536 at first; where that overflows, nothing is learnt and the scale is halved."""
    device = PlainDevice("cpu", "16-mixed")
    network, optimizer = set_up(device)
    before = network.layer.weight.detach().clone()
    assert device.state()["scale"] == 65536.0
    answer, _ = device.forward(network, torch.ones(1, 3))
    device.backward(1e-8 * answer.sum())  # float16 has no number between 0 and 6e-8
    assert (network.layer.weight.grad[0] > 0).all()
    device.step(optimizer)
    assert not torch.equal(network.layer.weight, before)
    optimizer.zero_grad()
    after = network.layer.weight.detach().clone()
    answer, _ = device.forward(network, torch.ones(1, 3))
    device.backward(answer.sum() * 1e38)
    device.step(optimizer)
    assert torch.equal(network.layer.weight, after)
    assert device.state()["scale"] == 32768.0


def test_a_continued_training_goes_on_with_its_scale() -> None:
    first, second = PlainDevice("cpu", "16-mixed"), PlainDevice("cpu", "16-mixed")
    network, optimizer = set_up(first)
    first.backward(first.forward(network, torch.ones(1, 3))[0].sum() * 1e38)
    first.step(optimizer)
    second.restore(first.state())
    assert second.state() == first.state()
    plain = PlainDevice()
    plain.restore(first.state())  # a training that goes on in float32 has no use for it
    assert plain.state() == {}


def test_automatic_precision_is_what_the_device_computes_with(monkeypatch: pytest.MonkeyPatch) -> None:
    for bf16, expected in ((True, "bf16-mixed"), (False, "32-true")):
        monkeypatch.setattr("torch.cpu.get_capabilities", lambda found=bf16: {"avx512_bf16": found})
        monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation, found=bf16: found)
        assert choose_precision("auto", "cpu") == choose_precision("auto", "cuda") == expected
    assert choose_precision("auto", "mps") == "32-true"
    assert choose_precision("32-true", "cuda") == "32-true"
    assert (choose_precision("16-mixed", "cuda"), choose_precision("16-mixed", "cpu")) == ("16-mixed", "bf16-mixed")
