"""One run of ``cairn-train evaluate``, from paths to the written report.

Opens models and cases, evaluates, compares, draws. What is measured is in `training/evaluation/evaluation.py`, what is written in
`training/report/report.py`; nothing is printed here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.base.errors import ConfigError
from core.base.files import reason_of
from core.learning.cases import Case
from core.models.file import Model, load_model
from training.datasets.reading import DataKind, read_cases
from training.evaluation.evaluation import Evaluation, evaluate, evaluate_csv_folder
from training.report.report import write_report
from training.report.vector_panels import draw_vector_figures

Source = Model | Path
"""A model, or a folder of the CSV files that ``cairn localize`` wrote."""
Progress = Callable[[float, str, str], None]
"""Hears the fraction done in [0, 1], what is being done, and the name of the case that comes next."""


@dataclass(frozen=True)
class EvaluationRequest:
    """What a person asked for.

    Attributes
    ----------
    model, against
        Model file or folder of CSV files; ``against`` is compared with ``model``.
    kind, data, split, spacing_mm
        As in `training.datasets.reading.read_cases`.
    thresholds_mm
        Distances of the success detection rates, mm.
    device
        As in `core.models.inference.localize`.
    rotation_seed
        As in `training.evaluation.evaluation.evaluate`.
    report
        Folder to write to; None for no report.
    images
        Whether the report may show parts of the images.
    """

    model: Path
    kind: DataKind
    data: Path
    split: str
    thresholds_mm: tuple[float, ...]
    spacing_mm: float | None = None
    device: str = "auto"
    rotation_seed: int | None = None
    against: Path | None = None
    report: Path | None = None
    images: bool = True


def run_evaluation(request: EvaluationRequest, progress: Progress) -> tuple[Evaluation, Path | None]:
    """Do all of it; return the evaluation of ``request.model`` and the HTML file, None without a report.

    Raises
    ------
    AppError
        A model, the data set or an image is wrong (see `training.evaluation.evaluation.evaluate`), or the options contradict each
        other, or the report cannot be written.
    """
    if request.against is not None and request.report is None:
        raise ConfigError("A comparison is written into the report.", "Give its folder with --report.")
    source = _open_source(request.model, request.rotation_seed)
    other_source = None if request.against is None else _open_source(request.against, request.rotation_seed)
    names = source.info.landmarks if isinstance(source, Model) else None
    cases = read_cases(request.kind, request.data, request.split, names, request.spacing_mm)
    if request.report is not None:
        _make_folder(request.report)
    evaluation = _evaluate(source, cases, request, progress, "Localizing")
    if request.report is None:
        return evaluation, None
    other = None
    if other_source is not None:
        other = _evaluate(other_source, cases, request, progress, "Localizing with the other model")
    panels = []
    if request.images and isinstance(source, Model):
        progress(1.0, "Drawing", "")
        panels = draw_vector_figures(
            evaluation, source, cases, device=request.device, rotation_seed=request.rotation_seed
        )
    try:
        page = write_report(
            evaluation,
            request.report,
            request.thresholds_mm,
            data=_data_in_words(request),
            date=date.today().isoformat(),
            other=other,
            panels=panels,
        )
    except OSError as error:
        raise _unwritable(request.report, error) from error
    return evaluation, page


def _open_source(path: Path, rotation_seed: int | None) -> Source:
    if not path.is_dir():
        return load_model(path)
    if rotation_seed is not None:
        raise ConfigError("Landmark files belong to volumes as they lie.", "Give a model file with --rotated.")
    return path


def _make_folder(folder: Path) -> None:
    """Find out before an hour of localizing whether there can be a report."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"The report cannot be written to {folder} ({reason_of(error)}).", "Choose another folder or disk."
    )


def _evaluate(
    source: Source, cases: tuple[Case, ...], request: EvaluationRequest, progress: Progress, doing: str
) -> Evaluation:
    if isinstance(source, Path):
        return evaluate_csv_folder(source, cases)
    return evaluate(
        source,
        cases,
        device=request.device,
        rotation_seed=request.rotation_seed,
        progress=lambda done, name: progress(done, doing, name),
    )


def _data_in_words(request: EvaluationRequest) -> str:
    """Name the data set; a list by its file, since that is what tells it from other lists."""
    data = request.data.name if request.kind == "list" else request.kind
    rotated = (
        f", each volume rotated at random (seed {request.rotation_seed})" if request.rotation_seed is not None else ""
    )
    return f"{data}, split {request.split}{rotated}"
