"""What a trained localizer says of cases that it has not learnt from, as one compact table.

A row per case, stage and landmark, so that a later comparison, joining or calibration needs neither images nor networks. Knows
nothing of folds and trains nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from core.base.errors import ConfigError
from core.base.files import written_whole
from core.geometry.canonical import to_canonical
from core.learning.cases import Case, read_case_image
from core.method.localizer import Localizer
from training.evaluation.metrics import radial_errors_mm

ANSWER = "answer"
"""Stage of the rows that hold what all stages say together."""

AXES = ("x", "y", "z")
DECIMALS = 4


def columns_of(ndim: int) -> tuple[str, ...]:
    """Return the columns of a table of answers.

    Case, stage and landmark; position in LPS mm, and how far it is off the truth along each axis, mm; radial error, spread of
    the votes, posterior at the place, and presence in the image. Without a truth ``off`` and error are missing.
    """
    axes = AXES[:ndim]
    places = (*(f"{axis}_mm" for axis in axes), *(f"off_{axis}_mm" for axis in axes))
    return ("case", "stage", "landmark", *places, "error_mm", "spread_mm", "posterior", "presence")


@torch.inference_mode()
def tabulate_answers(
    localizer: Localizer, cases: Iterable[Case], progress: Callable[[int, str], None] | None = None
) -> pd.DataFrame:
    """Localize the landmarks of ``cases``; ``progress`` hears how many are done, and which comes next."""
    tables = []
    for number, case in enumerate(cases):
        if progress is not None:
            progress(number, case.name)
        tables.append(_answers(localizer, case))
    return pd.concat(tables, ignore_index=True)


def _answers(localizer: Localizer, case: Case) -> pd.DataFrame:
    image = to_canonical(read_case_image(case))
    spacing_mm = torch.tensor(image.grid.spacing_mm, dtype=torch.float32)
    output = localizer(torch.from_numpy(image.voxels.astype("float32")), spacing_mm)
    local = [f"local {number}" for number in range(1, len(output.stages))]
    said = [
        (name, stage.points_index, stage.spread_mm, stage.presence)
        for name, stage in zip(["global", *local], output.stages, strict=True)
    ]
    said.append((ANSWER, output.points_index, output.spread_mm, output.posterior))
    truth_mm = case.landmarks.points_mm
    ndim = truth_mm.shape[1]
    tables = []
    for name, points_index, spread, posterior in said:
        found_mm = image.grid.to_mm(points_index.double().numpy())
        figures = np.column_stack(
            [
                found_mm,
                found_mm - truth_mm,
                radial_errors_mm(found_mm, truth_mm),
                spread.numpy(),
                posterior.numpy(),
                output.presence.numpy(),
            ]
        )
        table = pd.DataFrame(figures.round(DECIMALS), columns=list(columns_of(ndim)[3:]))
        table.insert(0, "case", case.name)
        table.insert(1, "stage", name)
        table.insert(2, "landmark", list(case.landmarks.names))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def offsets_of(table: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return how far each stage is off the truth, ``(stages, cases, landmarks, axes)`` in mm; NaN where there is no truth.

    Raises
    ------
    ConfigError
        The table does not hold every stage's answer on each of the landmarks ``names``, and no others, in each case.
    """
    ndim = next(count for count in (3, 2) if f"off_{AXES[count - 1]}_mm" in table.columns)
    stages = [stage for stage in table["stage"].unique() if stage != ANSWER]
    rows = table[table["stage"] != ANSWER]
    index = pd.MultiIndex.from_product([stages, rows["case"].unique(), names])
    found = rows.set_index(["stage", "case", "landmark"])[[f"off_{axis}_mm" for axis in AXES[:ndim]]]
    if len(found) != len(index) or not index.isin(found.index).all():
        raise ConfigError(
            "The answers of the cross-validation are not those of this training's landmarks.",
            "Cross-validate the same configuration.",
        )
    return found.loc[index].to_numpy().reshape(len(stages), -1, len(names), ndim)


def write_answers(table: pd.DataFrame, path: Path) -> None:
    """Write a table of answers, whole or not at all."""
    with written_whole(path) as temporary:
        table.to_csv(temporary, index=False, float_format=f"%.{DECIMALS}f", lineterminator="\n")


def read_answers(path: Path, ndim: int, leading: tuple[str, ...] = ()) -> pd.DataFrame | None:
    """Return the table written to ``path``; None where there is none, or somebody damaged it.

    ``leading`` are columns of text before the usual ones.
    """
    try:
        cells = pd.read_csv(path, dtype=str, keep_default_na=False)
        if tuple(cells.columns) != (*leading, *columns_of(ndim)):
            return None
        figures = cells.columns[3 + len(leading) :]
        return cells.astype(dict.fromkeys(figures, object)).assign(
            **{name: cells[name].replace("", "nan").astype(np.float64) for name in figures}
        )
    except (OSError, ValueError):
        return None
