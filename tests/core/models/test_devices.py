import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from core.base.errors import InferenceError
from core.models import devices

TOO_OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver "
    "by downloading and installing a new version."
)
BROKEN = "CUDA initialization: CUDA unknown error - this may be due to an incorrectly set up environment."


@pytest.fixture(autouse=True)
def _asked_again() -> Iterator[None]:
    devices.cuda_problem.cache_clear()
    yield
    devices.cuda_problem.cache_clear()


@pytest.fixture
def no_metal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def cuda_says(
    monkeypatch: pytest.MonkeyPatch, *, warning: str = "", error: bool = False, available: bool = False, **gpu: Any
) -> None:
    """Let torch be a build for CUDA that finds what the arguments say."""

    def is_available() -> bool:
        if warning:
            warnings.warn_explicit(warning, UserWarning, "torch/cuda/__init__.py", 184, module="torch.cuda")
        if error:
            raise RuntimeError(BROKEN)
        return available

    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Example GPU")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: gpu["capability"])
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: gpu["architectures"])


@pytest.mark.usefixtures("no_metal")
@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"warning": TOO_OLD}, ("too old", "CUDA 11.4", "12.8 is needed", "install a newer one")),
        ({"warning": BROKEN}, ("driver does not work", "reinstall it")),
        ({"error": True}, ("driver does not work", "reinstall it")),
        (
            {"available": True, "capability": (5, 0), "architectures": ["sm_75", "sm_90", "sm_120", "compute_120"]},
            ("Example GPU is too old",),
        ),
        ({}, ("no GPU",)),
    ],
)
def test_a_gpu_that_cannot_be_used_means_the_cpu_and_a_reason(monkeypatch, capfd, found, words) -> None:
    cuda_says(monkeypatch, **found)
    assert devices.choose_device() == "cpu"
    sentence = devices.describe_device()
    assert sentence.startswith("The networks run on the CPU (")
    for word in words:
        assert word in sentence
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("no_metal")
def test_a_gpu_that_can_be_used_is_taken_and_named(monkeypatch) -> None:
    cuda_says(monkeypatch, available=True, capability=(9, 0), architectures=["sm_80", "sm_90a"])
    assert devices.choose_device() == "cuda"
    assert devices.choose_device("cuda:1") == "cuda:1"
    assert devices.describe_device() == "The networks run on the GPU Example GPU (CUDA 12.8)."


@pytest.mark.parametrize(
    ("capability", "fits"),
    [
        ((7, 5), True),
        ((8, 6), True),
        ((8, 0), False),
        ((7, 0), False),
        ((9, 0), False),
        ((12, 1), True),
        ((13, 0), True),
    ],
)
def test_machine_code_runs_within_a_generation_and_ptx_later(capability, fits) -> None:
    assert devices._is_built_for(capability, ["sm_75", "sm_86", "compute_120"]) is fits


@pytest.mark.usefixtures("no_metal")
@pytest.mark.parametrize("driver_is_there", [True, False])
def test_a_build_without_cuda_says_so_where_a_driver_is_installed(monkeypatch, tmp_path, driver_is_there) -> None:
    driver = tmp_path / "version"
    if driver_is_there:
        driver.touch()
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(devices, "_NVIDIA_DRIVERS", (driver,))
    sentence = devices.describe_device()
    assert ("does not support NVIDIA GPUs" in sentence) is driver_is_there
    assert ("no GPU" in sentence) is not driver_is_there


def test_the_gpu_of_a_mac_is_taken(monkeypatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.choose_device() == "mps"
    assert devices.choose_device("auto", automatic=("cuda", "cpu")) == "cpu"
    assert devices.choose_device("mps", automatic=("cuda", "cpu")) == "mps"
    assert "Metal" in devices.describe_device()


@pytest.mark.usefixtures("no_metal")
def test_an_unavailable_device_is_refused_with_its_reason(monkeypatch) -> None:
    cuda_says(monkeypatch, warning=TOO_OLD)
    with pytest.raises(InferenceError, match="The device tpu is not available on this computer") as caught:
        devices.choose_device("tpu")
    assert caught.value.hint == "Use one of: auto, cpu."
    with pytest.raises(InferenceError, match=r"The device cuda is not available .* too old"):
        devices.choose_device("cuda")


def test_this_computer_gets_one_sentence() -> None:
    """Unpatched and in a fresh process: whatever torch finds here, nothing is printed beside the sentence."""
    script = "from core.models.devices import choose_device, describe_device; print(choose_device()); print(describe_device())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    device, sentence = done.stdout.splitlines()
    assert device in ("cpu", "cuda", "mps")
    assert sentence.startswith("The networks run on the ")
    assert done.stderr == ""
