"""The paper's ablation (section V.B): trains, exports and evaluates the variants of a configuration.

Owns the ablation's folder and how a repeated command goes on where it stopped. The variants are in
`training/ablation/variants.py`, their table is made in `training/ablation/table.py`; how one run is trained is
`training/run.py`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.base.files import written_whole
from core.learning.cases import Case
from core.learning.checkpoints import CHECKPOINT_NAME, read_checkpoint, write_checkpoint
from core.learning.configuration import TrainingConfig, format_config, landmark_names, parse_config, read_config
from core.learning.model_export import export_run
from core.models.file import load_model
from training.ablation.variants import GLOBAL, PROPOSED, VARIANTS, Run, Variant, check_comparable, plan_runs
from training.datasets.reading import cases_of, with_landmarks
from training.evaluation.evaluation import evaluate, observer_errors_mm
from training.run import CONFIG_NAME, Listener, claim_folder, train

ABLATION_NAME = "ablation.toml"
"""The configuration that all variants of a folder come from."""
MODEL_NAME = "model.pt"


@dataclass(frozen=True, eq=False)
class Results:
    """What the variants reach on one split.

    Attributes
    ----------
    config
        The configuration they come from.
    split, cases
        The split, and how many cases it has.
    names
        The ``L`` landmarks.
    errors_mm
        By key of the variant, in the table's order: radial errors in mm, a row per case and a column per landmark that the
        variant finds; NaN where a landmark is absent or was not found.
    observer_errors_mm
        ``(cases, L)`` distance between two observers' marks, mm; NaN where there are none.
    present
        ``(cases, L)`` True where the landmark really is in the image.
    """

    config: TrainingConfig
    split: str
    names: tuple[str, ...]
    errors_mm: dict[str, pd.DataFrame]
    observer_errors_mm: npt.NDArray[np.float64]
    present: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Place:
    """Where and with what the runs of an ablation are trained."""

    out: Path
    config: TrainingConfig
    data: Path | None
    device: str
    listener: Listener


def ablate(
    config_path: Path,
    out: Path,
    *,
    listener: Listener,
    split: str = "validation",
    variants: Sequence[Variant] = VARIANTS,
    single: Sequence[str] | None = None,
    device: str = "auto",
    data: Path | None = None,
) -> Results | None:
    """Train, export and evaluate variants of a configuration, each with the budget, seed and augmentation that it says.

    What ``out`` holds already is not done again. The global stage of ML is the network of R_log+C.

    Parameters
    ----------
    config_path
        The configuration; its own ``regression`` and ``classification`` do not count.
    out
        The ablation's folder: a run folder with its model per variant, and ``<split>/<variant>/errors.csv``.
    listener
        Hears how it goes.
    split
        What the variants are compared on.
    variants
        Some of `training.ablation.variants.VARIANTS`.
    single
        Landmarks that are trained alone; all by default.
    device, data
        As in `training.run.train`.

    Returns
    -------
    Results or None
        None where it was interrupted: the same call goes on.

    Raises
    ------
    ConfigError
        The configuration or the data set is wrong, the variants cannot be compared, or ``out`` belongs to something else.
    ImageReadError
        An image cannot be read.
    """
    config, text = read_config(config_path)
    check_comparable(config, variants)
    names, _ = landmark_names(config)
    if data is None and config.data.root:
        data = config_path.parent / config.data.root
    cases, validation = (cases_of(config, part, config_path.parent, data) for part in (split, "validation"))
    claim_folder(out, ABLATION_NAME, "an ablation", config, text)
    place = _Place(out, config, data, device, listener)
    errors_mm: dict[str, pd.DataFrame] = {}
    for variant in variants:
        runs = plan_runs(config, variant, names if single is None else single)
        for run in runs:
            if not _trained(run, place):
                return None
        models = [_exported(run, out / run.folder, validation) for run in runs]
        errors_mm[variant.key] = _evaluated(out / split / variant.key, runs, models, cases, place)
    between_mm = np.stack([observer_errors_mm(case) for case in cases])
    return Results(config, split, names, errors_mm, between_mm, np.stack([case.landmarks.located for case in cases]))


def _write_text(path: Path, text: str) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _trained(run: Run, place: _Place) -> bool:
    """Train what is left of a run; False where it was interrupted."""
    folder = place.out / run.folder
    if run.folder == PROPOSED.key and not (folder / CHECKPOINT_NAME).exists():
        (begun,) = plan_runs(place.config, GLOBAL, ())
        if not _trained(begun, place):
            return False
        state = read_checkpoint(place.out / begun.folder)
        write_checkpoint(replace(state, config_text=format_config(run.config)), folder)
    begun_here = (folder / CHECKPOINT_NAME).exists()
    if begun_here:
        state = read_checkpoint(folder)
        if state.stage > len(run.config.local_stages) and parse_config(state.config_text, CONFIG_NAME) == run.config:
            return True
    _write_text(folder / CONFIG_NAME, format_config(run.config))
    place.listener.begin(f"Training {run.title}")
    return train(
        folder / CONFIG_NAME,
        folder,
        resume=begun_here,
        device=place.device,
        data=place.data,
        on_step=place.listener.step,
        on_loading=place.listener.loading,
    )


def _exported(run: Run, folder: Path, validation: Sequence[Case]) -> Path:
    """Return the model file of a finished run, made where it is not there."""
    path = folder / MODEL_NAME
    if not path.exists():
        export_run(folder, path, [with_landmarks(case, run.names) for case in validation])
    return path


def _evaluated(
    folder: Path, runs: Sequence[Run], models: Sequence[Path], cases: Sequence[Case], place: _Place
) -> pd.DataFrame:
    """Return a variant's radial errors, from ``errors.csv`` where that belongs to these models and cases."""
    path = folder / "errors.csv"
    columns = [name for run in runs for name in run.names]
    names = [case.name for case in cases]
    if path.exists() and path.stat().st_mtime_ns >= max(model.stat().st_mtime_ns for model in models):
        stored = _read_errors(path)
        if stored is not None and list(stored.columns) == columns and list(stored.index) == names:
            return stored
    found = []
    for run, model in zip(runs, models, strict=True):
        place.listener.begin(f"Evaluating {run.title}")
        wanted = [with_landmarks(case, run.names) for case in cases]
        evaluation = evaluate(load_model(model), wanted, device=place.device, progress=place.listener.localizing)
        found.append(evaluation.errors_mm)
    table = pd.DataFrame(np.concatenate(found, axis=1), index=pd.Index(names, name="case"), columns=columns)
    table = table.round(4)  # as in the file, so that a repeated command gives the same table
    with written_whole(path) as temporary:
        table.to_csv(temporary, float_format="%.4f", lineterminator="\n")
    return table


def _read_errors(path: Path) -> pd.DataFrame | None:
    """Return the errors written before; None where somebody damaged the file."""
    try:
        cells = pd.read_csv(path, index_col=0, dtype=str, keep_default_na=False)
        return cells.replace("", "nan").astype(np.float64)
    except ValueError:
        return None
