"""What a large volume costs: memory and time of opening and of localizing it, and how far tiles are from the whole image.

    .venv/bin/python tests/benchmarks/bench_volumes.py [--shape 800,512,512] [--model FILE.pt ...] [--folder DIR]
    CAIRN_BENCH_SHAPE=800,512,512 .venv/bin/python -m pytest tests/benchmarks/bench_volumes.py

The script prints a table and exits with 1 where a bound is broken; under pytest a small volume only shows that it runs. Every
figure is taken in a process of its own, from what the system says was the most memory that process held. The volume is
synthetic and written slice by slice, so that the measuring process stays small.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import nibabel as nib
import numpy as np
import pytest

FULL_SHAPE = (800, 512, 512)
SMALL_SHAPE = (96, 64, 64)
BOTH_WAYS_SHAPE = (224, 192, 192)  # small enough for the whole image at once
SPACING_MM = 0.15
FORMATS = (".nrrd", ".nii.gz")
OPENING_BOUND = 2.2  # times the voxels
SLACK_BYTES = 32e6  # what counts beside the voxels of a volume smaller than ten times that
LOCALIZING_BOUND_BYTES = 4e9
TILES_BOUND_MM = 1e-4
LANDMARKS = 8


# --- data and model ---


def slices(shape: Sequence[int]) -> Iterator[np.ndarray]:
    """Give int16 slices of a bright, noisy ball with a shell in dark air, one after the other."""
    depth, height, width = shape
    noise = np.random.default_rng(0).integers(-60, 60, (height, width), dtype=np.int16)
    rows = (np.arange(height)[:, None] / height - 0.5) ** 2 + (np.arange(width) / width - 0.5) ** 2
    for number in range(depth):
        radius = np.sqrt(rows + (number / depth - 0.5) ** 2)
        tissue = np.where(radius < 0.42, 100, -1000) + np.where(abs(radius - 0.4) < 0.02, 900, 0)
        yield (tissue + np.roll(noise, 37 * number)).astype("<i2")


def write_volume(path: Path, shape: Sequence[int]) -> Path:
    """Write `slices` as ``.nrrd`` or ``.nii.gz``, never holding more than one of them."""
    if path.name.endswith(".nrrd"):
        sizes = " ".join(str(length) for length in reversed(shape))
        axes = " ".join(f"({','.join(str(SPACING_MM * (i == j)) for j in range(3))})" for i in range(3))
        header = (
            f"NRRD0004\ntype: int16\ndimension: 3\nspace: left-posterior-superior\nsizes: {sizes}\n"
            f"space directions: {axes}\nkinds: domain domain domain\nendian: little\nencoding: raw\n"
            "space origin: (0,0,0)\n\n"
        ).encode()
        with path.open("wb") as stream:
            _write(stream, header, shape)
        return path
    nifti = nib.Nifti1Header(endianness="<")
    nifti.set_data_dtype(np.int16)
    nifti.set_data_shape(tuple(reversed(shape)))
    nifti.set_sform(np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1]), code=1)
    nifti.set_qform(np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1]), code=1)
    nifti.set_xyzt_units("mm")
    nifti["vox_offset"] = 352
    with gzip.open(path, "wb", compresslevel=1) as stream:
        _write(stream, nifti.binaryblock + bytes(4), shape)
    return path


def _write(stream: BinaryIO, header: bytes, shape: Sequence[int]) -> None:
    stream.write(header)
    for plane in slices(shape):
        stream.write(plane.tobytes())


def write_model(path: Path) -> Path:
    """Write an untrained model that looks at the volume in its own resolution, with networks as wide as a real one's."""
    import torch

    from core.method.localizer import Localizer
    from core.method.networks import GlobalLayout, GlobalNetwork, LocalLayout, LocalNetwork
    from core.method.normalisation import Normalisation
    from core.method.stages import GlobalStage, LocalStage
    from core.models.export import export_localizer
    from core.models.metadata import ModelInfo, StageInfo

    torch.manual_seed(1)
    global_layout = GlobalLayout(channels=(32, 64, 128, 160), pairs=(1, 2, 2, 2), head_channels=160)
    local_layout = LocalLayout(channels=(24, 48, 96), pairs=(1, 1, 2), head_channels=48)
    first, local = GlobalNetwork(3, LANDMARKS, global_layout), LocalNetwork(3, LANDMARKS, local_layout)
    global_stage = GlobalStage(network=first, spacing_mm=SPACING_MM)
    local_stage = LocalStage(network=local, spacing_mm=SPACING_MM, crop=16)
    localizer = Localizer(Normalisation("foreground"), global_stage, [local_stage]).eval()
    offsets = [(network.stride - 1) / 2 for network in (first, local)]
    info = ModelInfo(
        name="untrained",
        version="1",
        ndim=3,
        modality="noise",
        landmarks=tuple(f"Landmark {number}" for number in range(LANDMARKS)),
        training_spacing_mm=SPACING_MM,
        stages=(
            StageInfo(spacing_mm=SPACING_MM, stride=first.stride, offset=offsets[0]),
            StageInfo(spacing_mm=SPACING_MM, stride=local.stride, offset=offsets[1], crop=16),
        ),
        normalisation="foreground",
    )
    sample = torch.rand((32, 32, 32), generator=torch.Generator().manual_seed(1))
    export_localizer(localizer, info, path, [(sample, torch.full((3,), SPACING_MM))])
    return path


# --- measured in a process of its own ---


def peak_bytes() -> float:
    """Return the most memory this process has held.

    Linux lets a new process inherit the peak of the one that started it in `getrusage`, so its own account comes first.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return float(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


def measure_opening(volume: Path) -> dict[str, float]:
    """Open a volume as the viewer does: read it, and find its grey levels."""
    from app.session.view_state import ViewState
    from core.images.file import read_image

    with tempfile.TemporaryDirectory() as folder:  # what is loaded once for all volumes is no cost of this one
        suffix = next(suffix for suffix in FORMATS if volume.name.endswith(suffix))
        ViewState().begin(read_image(write_volume(Path(folder) / f"small{suffix}", (16, 16, 16))))
    before = peak_bytes()
    started = time.perf_counter()
    image = read_image(volume)
    ViewState().begin(image)
    elapsed_s = time.perf_counter() - started
    return {"peak_bytes": peak_bytes() - before, "elapsed_s": elapsed_s, "voxel_bytes": float(image.voxels.nbytes)}


def measure_localizing(volume: Path, model: Path) -> dict[str, float]:
    """Open and localize a volume; the peak is that of the whole process, libraries included."""
    from core.images.file import read_image
    from core.models.file import load_model
    from core.models.inference import localize

    image = read_image(volume)
    prediction = localize(image, load_model(model), device="cpu")
    return {"peak_bytes": peak_bytes(), "elapsed_s": prediction.elapsed_s, "voxel_bytes": float(image.voxels.nbytes)}


def measure_tiles(volume: Path, model: Path) -> dict[str, float]:
    """Compare the estimates after each stage, once with all the memory and once with the smallest tiles."""
    from core.images.file import read_image
    from core.models.file import load_model
    from core.models.inference import localize

    image, loaded = read_image(volume), load_model(model)
    started = time.perf_counter()
    whole = localize(image, loaded, device="cpu", memory_gb=1000).stage_points_mm
    between = time.perf_counter()
    tiled = localize(image, loaded, device="cpu", memory_gb=0.001).stage_points_mm
    return {
        "difference_mm": float(np.abs(tiled - whole).max()),
        "elapsed_s": between - started,
        "tiled_s": time.perf_counter() - between,
    }


MEASUREMENTS: dict[str, Callable[..., dict[str, float]]] = {
    "opening": measure_opening,
    "localizing": measure_localizing,
    "tiles": measure_tiles,
}


def measured(what: str, *paths: Path) -> dict[str, float]:
    """Return the figures of one of `MEASUREMENTS`, taken in a fresh process."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, __file__, "--measure", what, *map(str, paths)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if finished.returncode != 0:
        raise RuntimeError(f"measuring {what} failed:\n{finished.stderr}")
    found: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return found


def opening_holds(found: dict[str, float]) -> bool:
    """Tell whether opening stayed within its bound."""
    slack = SLACK_BYTES if found["voxel_bytes"] < 10 * SLACK_BYTES else 0.0
    return found["peak_bytes"] <= OPENING_BOUND * found["voxel_bytes"] + slack


# --- under pytest ---


@pytest.fixture(scope="module")
def shape() -> tuple[int, ...]:
    return _shape(os.environ.get("CAIRN_BENCH_SHAPE", ",".join(map(str, SMALL_SHAPE))))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "untrained.pt")


@pytest.mark.parametrize("suffix", FORMATS)
def test_opening(benchmark: Any, tmp_path: Path, shape: tuple[int, ...], suffix: str) -> None:
    volume = write_volume(tmp_path / f"volume{suffix}", shape)
    found = benchmark.pedantic(measured, ("opening", volume), rounds=1)
    benchmark.extra_info.update(found)
    assert found["voxel_bytes"] == 2 * np.prod(shape)
    assert opening_holds(found)


def test_localizing(benchmark: Any, tmp_path: Path, shape: tuple[int, ...], model: Path) -> None:
    volume = write_volume(tmp_path / "volume.nrrd", shape)
    found = benchmark.pedantic(measured, ("localizing", volume, model), rounds=1)
    benchmark.extra_info.update(found)
    assert found["peak_bytes"] <= LOCALIZING_BOUND_BYTES


def test_tiles_equal_the_whole_image(benchmark: Any, tmp_path: Path, shape: tuple[int, ...], model: Path) -> None:
    small = np.minimum(shape, BOTH_WAYS_SHAPE).tolist()
    volume = write_volume(tmp_path / "volume.nrrd", small)
    found = benchmark.pedantic(measured, ("tiles", volume, model), rounds=1)
    benchmark.extra_info.update(found)
    assert found["difference_mm"] <= TILES_BOUND_MM


# --- as a script ---


def _shape(text: str) -> tuple[int, ...]:
    return tuple(int(length) for length in text.split(","))


def figures(folder: Path, shape: tuple[int, ...], models: Sequence[Path]) -> Iterator[tuple[str, str, str, bool]]:
    """Give what was measured, the figure, its bound, and whether it holds."""
    volumes = [write_volume(folder / f"volume{suffix}", shape) for suffix in FORMATS]
    for volume, suffix in zip(volumes, FORMATS, strict=True):
        found = measured("opening", volume)
        ratio = found["peak_bytes"] / found["voxel_bytes"]
        yield f"opening {suffix}, memory", f"{ratio:.2f} x voxels", f"<= {OPENING_BOUND}", opening_holds(found)
        yield f"opening {suffix}, time", f"{found['elapsed_s']:.1f} s", "", True
    for model in models:
        found = measured("localizing", volumes[0], model)
        peak = found["peak_bytes"]
        within = peak <= LOCALIZING_BOUND_BYTES
        yield (
            f"localizing, {model.stem}, memory",
            f"{peak / 1e9:.2f} GB",
            f"<= {LOCALIZING_BOUND_BYTES / 1e9:g}",
            within,
        )
        yield f"localizing, {model.stem}, time", f"{found['elapsed_s']:.0f} s", "", True
    small = write_volume(folder / "small.nrrd", np.minimum(shape, BOTH_WAYS_SHAPE).tolist())
    for model in models:
        found = measured("tiles", small, model)
        difference = found["difference_mm"]
        yield (
            f"tiles and whole, {model.stem}",
            f"{difference:.1e} mm",
            f"<= {TILES_BOUND_MM:g}",
            difference <= TILES_BOUND_MM,
        )
        yield "  time whole / in tiles", f"{found['elapsed_s']:.1f} / {found['tiled_s']:.1f} s", "", True


def main() -> int:
    """Print the table; return 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description="What a large volume costs.")
    parser.add_argument("--shape", type=_shape, default=FULL_SHAPE, help="of the array: slices,rows,columns")
    parser.add_argument("--model", type=Path, action="append", help="model file, besides an untrained one")
    parser.add_argument("--folder", type=Path, help="where to write the volumes (1 GB for the full size)")
    parser.add_argument("--measure", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    parser.add_argument("paths", type=Path, nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        sys.stdout.write(json.dumps(MEASUREMENTS[options.measure](*options.paths)) + "\n")
        return 0
    bundled = Path(__file__).resolve().parents[2] / "assets" / "models" / "mouse-skull-45.pt"
    more = options.model or [path for path in (bundled,) if path.exists()]
    holds = True
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        models = [write_model(Path(folder) / "untrained.pt"), *more]
        size = " x ".join(str(length) for length in reversed(options.shape))
        sys.stdout.write(f"{size} int16, {2 * np.prod(options.shape, dtype=float) / 1e6:.0f} MB\n")
        for what, figure, bound, within in figures(Path(folder), options.shape, models):
            holds &= within
            sys.stdout.write(f"{what:42}{figure:>20}  {bound:9}{'' if within else '  BROKEN'}\n")
            sys.stdout.flush()
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
