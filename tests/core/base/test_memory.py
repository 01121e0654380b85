"""Memory: how much there is, what is refused, and how much opening a volume really takes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from core.base import memory
from core.base.errors import ImageReadError
from tests.support.dicom_fixtures import positions, write_series

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

SHAPE = (80, 512, 512)
BYTES = 2 * 80 * 512 * 512

MEASURE = """
import re, sys
import numpy as np
from core.images.file import read_image

def peak_bytes():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read()).group(1)) * 1024

warm, path = sys.argv[1:]
read_image(warm)
before = peak_bytes()
image = read_image(path)
assert image.voxels.shape == (80, 512, 512) and image.voxels.dtype == np.int16
print(peak_bytes() - before)
"""
# Not ru_maxrss, which a process inherits from the one that started it.


def test_the_available_memory_is_a_plausible_number():
    assert 1e7 < memory.available_bytes() < 1e15


def test_what_fits_is_let_through_and_what_does_not_is_refused_with_both_figures(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 3_000_000_000)
    memory.require_memory(3_000_000_000, "scan.nii")
    with pytest.raises(
        ImageReadError, match=r"scan\.nii needs 3\.5 GB of memory, but only 3\.0 GB is available"
    ) as caught:
        memory.require_memory(3_500_000_000, "scan.nii")
    assert caught.value.hint


def volume() -> np.ndarray:
    return np.random.default_rng(0).integers(-1000, 1000, SHAPE, dtype=np.int16)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory) -> Path:
    """A volume of 42 MB in the formats that count, and a tiny one of each to warm up with."""
    folder = tmp_path_factory.mktemp("volumes")
    for name, voxels in (("big", volume()), ("tiny", volume()[:2])):
        for suffix in (".nii", ".nii.gz", ".nrrd", ".mha"):
            sitk.WriteImage(sitk.GetImageFromArray(voxels), str(folder / f"{name}{suffix}"), suffix == ".nii.gz")
        write_series(folder / name, voxels, positions(len(voxels)))
    return folder


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read as Linux tells it")
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ""])
def test_opening_a_volume_takes_little_more_than_its_size(volumes, suffix):
    paths = [str(volumes / f"{name}{suffix}") for name in ("tiny", "big")]
    done = subprocess.run([sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=True)
    assert 0.9 * BYTES <= int(done.stdout) <= 2.2 * BYTES
