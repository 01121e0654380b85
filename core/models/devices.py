"""Which processor the networks run on, and why not on a faster one.

Asks torch, once per process, and never lets it print: a driver that is too old or broken means the CPU and a sentence, not a
warning or a traceback. Runs no network.
"""

import os
import re
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from core.base.errors import InferenceError
from core.base.wording import counted

_NVIDIA_DRIVERS = (
    Path("/proc/driver/nvidia/version"),
    Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "nvcuda.dll",
)
"""One of these is there where a driver for NVIDIA GPUs is installed, on Linux and Windows."""


def choose_device(wanted: str = "auto", automatic: Sequence[str] = ("cuda", "mps", "cpu")) -> str:
    """Return the torch device to use: ``wanted``, or for ``"auto"`` the first of ``automatic`` that can be used.

    Raises
    ------
    InferenceError
        ``wanted`` is not available on this computer.
    """
    problem = cuda_problem()
    usable = {"cuda": problem is None, "mps": torch.backends.mps.is_available(), "cpu": True}
    available = [kind for kind, can_be_used in usable.items() if can_be_used]
    if wanted == "auto":
        return next(kind for kind in automatic if kind in available)
    kind = wanted.split(":")[0]
    if kind not in available:
        reason = f": {problem}" if kind == "cuda" and problem else ""
        raise InferenceError(
            f"The device {wanted} is not available on this computer{reason}.",
            f"Use one of: auto, {', '.join(available)}.",
        )
    return wanted


def describe_device() -> str:
    """Return one sentence: where the networks will run and, if a GPU is there that cannot be used, why it cannot."""
    device = choose_device()
    if device == "cuda":
        return f"The networks run on the GPU {torch.cuda.get_device_name()} (CUDA {torch.version.cuda})."
    if device == "mps":
        return "The networks run on the GPU of this Mac (Metal)."
    threads = torch.get_num_threads()
    none_found = "macOS offers no GPU" if sys.platform == "darwin" else "no GPU was found"
    return f"The networks run on the CPU ({counted(threads, 'thread')}): {cuda_problem() or none_found}."


@cache
def cuda_problem() -> str | None:
    """Return None where CUDA can be used, ``""`` where there is no NVIDIA GPU, and else what keeps it from being used.

    Asked once: torch tells what is wrong with a driver only the first time.
    """
    if torch.version.cuda is None:
        found = any(path.exists() for path in _NVIDIA_DRIVERS)
        return "this build of PyTorch does not support NVIDIA GPUs" if found else ""
    with warnings.catch_warnings(record=True) as told:
        warnings.filterwarnings("always", module=r"torch\.cuda")
        try:
            available = torch.cuda.is_available()
            if available and _is_built_for(torch.cuda.get_device_capability(), torch.cuda.get_arch_list()):
                return None
            name = torch.cuda.get_device_name() if available else ""
        except RuntimeError:
            return "the NVIDIA driver does not work; reinstall it"
    if name:
        return f"{name} is too old for this build of PyTorch"
    return _driver_problem(" ".join(str(warning.message) for warning in told))


def _driver_problem(told: str) -> str:
    """Say in a few words what torch's warning says at length."""
    too_old = re.search(r"driver on your system is too old \(found version (\d+)\)", told)
    if too_old:
        major, rest = divmod(int(too_old.group(1)), 1000)
        return (
            f"the NVIDIA driver is too old (it knows CUDA {major}.{rest // 10}, {torch.version.cuda} is needed); "
            "install a newer one"
        )
    return "the NVIDIA driver does not work; reinstall it" if "CUDA" in told else ""


def _is_built_for(capability: tuple[int, int], architectures: list[str]) -> bool:
    """Tell whether one of torch's ``architectures`` runs on a GPU: machine code within a generation, PTX on any later one."""
    for architecture in architectures:
        kind, _, digits = architecture.partition("_")
        built = divmod(int(re.sub(r"\D", "", digits) or 0), 10)
        if built <= capability and (kind == "compute" or built[0] == capability[0]):
            return True
    return False
