"""Writing a localizer as one TorchScript file, and proving that the file does what the module did.

The file is written only if the eager module, the scripted one and the file reloaded in a fresh process agree.
"""

import copy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.base.errors import ModelFileError
from core.base.files import written_whole
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
            with torchscript_allowed():
                torch.jit.save(scripted, str(temporary), _extra_files={METADATA_NAME: info.model_dump_json(indent=1)})
            if complete is not None:
                complete(temporary)
            return max(worst, _compare(expected, _run_fresh(temporary, cases), "reloaded"))
    except OSError as error:
        raise ModelFileError(
            f"The model file {path} cannot be written ({error.strerror}).", "Choose a folder you may write to."
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
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder) / "cases.pt", Path(folder) / "points.pt"
        torch.save([{"voxels": voxels, "spacing_mm": spacing} for voxels, spacing in cases], given)
        command = [*_fresh_command(), str(path), str(given), str(answered)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own code
        if run.returncode != 0:
            reason = (run.stderr.strip().splitlines() or ["no message"])[-1]
            raise ModelFileError(
                f"The exported model does not run in a fresh process ({reason}).",
                "Nothing was written. Please report this.",
            )
        points = torch.load(answered, weights_only=True)
    return [torch.stack(stages) * spacing for stages, (_, spacing) in zip(points, cases, strict=True)]


def _compare(expected: list[Tensor], found: list[Tensor], which: str) -> float:
    """Return the largest difference in mm; refuse more than `TOLERANCE_MM`."""
    worst = max(float((e - f).abs().max()) for e, f in zip(expected, found, strict=True))
    if not worst <= TOLERANCE_MM:
        raise ModelFileError(
            f"The {which} model differs from the trained one by {worst:.2g} mm (allowed: {TOLERANCE_MM:g} mm).",
            "Nothing was written. Please report this with your version of torch.",
        )
    return worst
