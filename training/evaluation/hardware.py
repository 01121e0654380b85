"""The name of the processor that a time was taken on; a time without it says little.

Asks the operating system and torch, measures nothing.
"""

import platform
from pathlib import Path

import torch

_CPU_INFO = Path("/proc/cpuinfo")


def device_in_words(device: str) -> str:
    """Return a torch device in words, such as ``"CPU (Some Processor 3000, 2 threads)"``."""
    if device.startswith("cuda"):
        return f"GPU ({torch.cuda.get_device_name(device)})"
    if device == "mps":
        return "GPU (Apple, MPS)"
    threads = torch.get_num_threads()
    return f"CPU ({_processor_name()}, {threads} {'thread' if threads == 1 else 'threads'})"


def _processor_name() -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next((name for name in names if name), platform.processor() or platform.machine() or "unnamed processor")
