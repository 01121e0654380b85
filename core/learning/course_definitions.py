"""Whether a person marks landmarks elsewhere than the model that a course goes on from, told from the cases to learn from.

What that is and how it is found is in `core/learning/definitions.py`; here the model is asked, and people are told.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from core.learning.course_events import Reason, Unit
from core.learning.definitions import fit_offsets
from core.learning.model_export import localizer_of_model
from core.learning.prepared_cases import PreparedCase
from core.learning.trainable import TrainableModel


def can_have_offsets(start: TrainableModel) -> bool:
    """Tell whether a model can take over another definition at once: not where objects lie in any pose."""
    stages = range(1 + len(start.config.local_stages))
    return not any(map(start.config.in_mean_pose, stages))


@torch.inference_mode()
def offsets_from(
    start: TrainableModel, cases: Sequence[PreparedCase], heard: Callable[[], None] = lambda: None
) -> list[list[float]]:
    """Return how far from where the networks of a model know them the cases mark its landmarks.

    Parameters
    ----------
    start
        The model, of objects that do not lie in any pose.
    cases
        What is learnt from.
    heard
        Called before each case; may raise to leave.

    Returns
    -------
    list of list of float
        ``[landmark][axis]`` along the array axes, mm, what the model moved already included; empty where nothing is moved.
    """
    localizer = localizer_of_model(start)
    rows = []
    for case in cases:
        heard()
        found = localizer.analyse(case.prepared.float(), case.spacing_mm).points_index
        rows.append(((case.points_index - found) * case.spacing_mm).double().numpy())
    moved_mm = fit_offsets(np.stack(rows))
    if start.offsets_mm:
        moved_mm = moved_mm + np.asarray(start.offsets_mm)
    return [[round(float(value), 4) for value in row] for row in moved_mm] if moved_mm.any() else []


def why_moved(start: TrainableModel, offsets_mm: Sequence[Sequence[float]], unit: Unit) -> tuple[Reason, ...]:
    """Say which landmarks are taken elsewhere than the model found them, and how far; nothing where none is."""
    before_mm = np.asarray(start.offsets_mm) if start.offsets_mm else 0.0
    lengths = np.linalg.norm(np.asarray(offsets_mm) - before_mm, axis=1) if offsets_mm else []
    moved = [
        f"{name} by {length:.1f} {unit}" for name, length in zip(start.landmarks, lengths, strict=False) if length > 0
    ]
    if not moved:
        return ()
    return (Reason(setting="Definitions", value=", ".join(moved), why=f"marked elsewhere than by {start.info.title}"),)
