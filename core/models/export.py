"""Writing a localizer as one TorchScript file, and proving that the file does what the module did.

The file is written only if the eager module, the scripted one and the file reloaded in a fresh process agree.
"""

import copy
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.base.errors import ModelFileError
from core.base.files import reason_of, written_whole
from core.method.layers import fold_normalisation
from core.method.localizer import Localizer
from core.method.outputs import LocalizerOutput
from core.models import fresh_run
from core.models.file import torchscript_allowed
from core.models.metadata import METADATA_NAME, ModelInfo

TOLERANCE_MM = 1e-4


def export_localizer(
    localizer: Localizer,
    info: ModelInfo,
    path: Path | str,
    cases: Sequence[tuple[Tensor, Tensor]],
    complete: Callable[[Path], None] | None = None,
) -> float:
    """Write ``localizer`` with its metadata to ``path``.

    Parameters
    ----------
    localizer
        In evaluation mode, on the CPU.
    info
        The metadata that rides inside.
    path
        The ``.pt`` file; an existing one is replaced only if the check passes.
    cases
        Pairs of raw voxels ``(*shape)`` and spacing ``(D,)`` mm on which eager, scripted and reloaded are compared.
    complete
        Puts more into the file before it is reloaded and checked.

    Returns
    -------
    The largest difference found, mm.

    Raises
    ------
    ModelFileError
        They differ by more than `TOLERANCE_MM`, the metadata does not match, or the file cannot be written.
    """
    path = Path(path)
    if len(info.stages) != localizer.stage_count() or len(info.landmarks) != localizer.global_network.landmarks:
        raise ModelFileError("The metadata does not match the networks.", "Export from an unchanged training folder.")
    if not cases:
        raise ModelFileError("There is no image to check the exported model on.", "Give at least one.")
    with torch.inference_mode():
        expected = [_stage_points_mm(localizer(voxels, spacing), spacing) for voxels, spacing in cases]
    folded = copy.deepcopy(localizer)
    fold_normalisation(folded)
    with torchscript_allowed():
        # Not frozen: that would write every method out in full, which takes seconds to load and makes nothing faster.
        scripted = torch.jit.script(folded)
    with torch.inference_mode():
        found = [_stage_points_mm(scripted(voxels, spacing), spacing) for voxels, spacing in cases]
    worst = _compare(expected, found, "scripted")
    try:
        with written_whole(path) as temporary:
            # Into a file that Python has opened: on a full disk torch's own writing ends the whole program.
            with torchscript_allowed(), temporary.open("wb") as stream:
                torch.jit.save(scripted, stream, _extra_files={METADATA_NAME: info.model_dump_json(indent=1)})
            if complete is not None:
                complete(temporary)
            return max(worst, _compare(expected, _run_fresh(temporary, cases), "reloaded"))
    except OSError as error:
        raise ModelFileError(
            f"The model file {path} cannot be written ({reason_of(error)}).",
            "Choose a folder you may write to, or make room there.",
        ) from error


def _stage_points_mm(output: LocalizerOutput, spacing_mm: Tensor) -> Tensor:
    """Return the points after each stage and the answer ``(stages + 1, L, D)`` in mm along the array axes."""
    return torch.stack([*(stage.points_index for stage in output.stages), output.points_index]) * spacing_mm


def _fresh_command() -> list[str]:
    """Return how `core.models.fresh_run` is started: the frozen application runs no scripts but has a first argument for it."""
    if hasattr(sys, "frozen"):
        return [sys.executable, fresh_run.ARGUMENT]
    # -P: the folder of the script, whose modules are called as some of Python's own, is not searched.
    return [sys.executable, "-P", "-W", "ignore", str(Path(fresh_run.__file__).resolve())]


def _run_fresh(path: Path, cases: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """Return `_stage_points_mm` of each case as computed by the file ``path`` in a fresh process."""
    content = io.BytesIO()
    torch.save([{"voxels": voxels, "spacing_mm": spacing} for voxels, spacing in cases], content)
    try:
        with tempfile.TemporaryDirectory() as folder:
            given, answered = Path(folder) / "cases.pt", Path(folder) / "points.pt"
            given.write_bytes(content.getbuffer())
            run = _ran([*_fresh_command(), str(path), str(given), str(answered)])
            points = torch.load(answered, weights_only=True) if run.returncode == 0 else []
    except OSError as error:
        raise ModelFileError(
            f"The new model cannot be tried in a process of its own ({reason_of(error)}), and was not written.",
            f"Make room in the folder for temporary files, {tempfile.gettempdir()}.",
        ) from error
    if run.returncode != 0:
        reason = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelFileError(
            f"The exported model does not run in a fresh process ({reason}).",
            "Nothing was written. Please report this.",
        )
    return [torch.stack(stages) * spacing for stages, (_, spacing) in zip(points, cases, strict=True)]


def _ran(command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run our own program, without our standard input: on Windows it would wait while a thread of ours reads from that."""
    return subprocess.run(  # noqa: S603  our own code
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _compare(expected: list[Tensor], found: list[Tensor], which: str) -> float:
    """Return the largest difference in mm; refuse more than `TOLERANCE_MM`."""
    worst = max(float((e - f).abs().max()) for e, f in zip(expected, found, strict=True))
    if not worst <= TOLERANCE_MM:
        raise ModelFileError(
            f"The {which} model differs from the trained one by {worst:.2g} mm (allowed: {TOLERANCE_MM:g} mm).",
            "Nothing was written. Please report this with your version of torch.",
        )
    return worst
