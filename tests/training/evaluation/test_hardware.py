"""The name of the device in a report."""

from pathlib import Path

import pytest
import torch

from training.evaluation import hardware
from training.evaluation.hardware import device_in_words


def test_a_cpu_is_named_with_its_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Abacus 12\nprocessor\t: 1\nmodel name\t: Abacus 12\n")
    monkeypatch.setattr(hardware, "_CPU_INFO", info)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert device_in_words("cpu") == "CPU (Abacus 12, 2 threads)"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert device_in_words("cpu") == "CPU (Abacus 12, 1 thread)"


def test_where_the_system_keeps_no_such_file_there_is_a_name_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "_CPU_INFO", tmp_path / "none")
    assert device_in_words("cpu").startswith("CPU (")
    assert "(," not in device_in_words("cpu")
