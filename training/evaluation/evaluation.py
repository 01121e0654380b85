"""Evaluation of a model, or of landmark files, against the truth of a data set (paper, section IV).

Owns the record of an evaluation and how it is made; the measures are in `training/evaluation/metrics.py`, files and tables for
people in `training/report/report.py`. Chooses nothing: thresholds of presence and the like are the model's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.base.errors import ConfigError
from core.base.wording import listed
from core.landmark_files.file import read_landmark_file
from core.learning.cases import Case, read_case_image
from core.models.file import Model
from core.models.inference import localize
from core.values.grid import Grid
from core.values.image import Image
from core.values.landmarks import Landmarks
from core.values.prediction import Prediction
from training.evaluation.hardware import device_in_words
from training.evaluation.measures import observer_recalls, success_classification_rates, tabulate_recalls
from training.evaluation.metrics import (
    THRESHOLDS_MM,
    describe_errors,
    outlier_limits_mm,
    radial_errors_mm,
    summarize,
    tabulate_detections,
)
from training.evaluation.rotation import random_rotation, rotated_landmarks, rotated_volume

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Progress = Callable[[float, str], None]

TOGETHER = "together"
"""What the tables call the answer of all local stages."""


def _unknown() -> FloatArray:
    """Return the default of a figure per case and landmark: NaN, however many there are."""
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The errors of one model on one set of cases.

    Attributes
    ----------
    model
        Name and version of the model, or where the landmarks came from.
    device
        Where it ran; several, joined by commas, where it fell back; empty where the landmarks were read from files.
    cases
        Names of the ``N`` cases.
    names
        Names of the ``L`` landmarks.
    errors_mm
        ``(N, L)`` radial errors, mm; NaN where the landmark is not there or was not found.
    present
        ``(N, L)`` True where the landmark really is in the image.
    found
        ``(N, L)`` True where it was reported to be there.
    stage_errors_mm
        ``(stages, N, L)`` radial errors after each stage, whether reported as found or not; no stages for files.
    observer_errors_mm
        ``(N, L)`` distance between two observers' marks, mm; NaN where there are none.
    elapsed_s
        ``(N,)`` wall time per case, seconds; NaN for files.
    radius_mm
        ``(N, L)`` calibrated radius around each prediction, mm; NaN without calibration.
    presence
        ``(N, L)`` the model's probability that the landmark is in the image; NaN where files do not say it.
    hardware
        The devices in words, as `training.evaluation.hardware.device_in_words` does; empty for files.
    recalls
        By the challenge's eight measures, how often each class was recognised, as `training.evaluation.measures.tabulate_recalls`
        gives it; empty where the landmarks are not those of a cephalogram.
    observer_recalls
        The same of the second observer's marks against the first one's; empty where there are none.
    """

    model: str
    device: str
    cases: tuple[str, ...]
    names: tuple[str, ...]
    errors_mm: FloatArray
    present: BoolArray
    found: BoolArray
    stage_errors_mm: FloatArray
    observer_errors_mm: FloatArray
    elapsed_s: FloatArray
    radius_mm: FloatArray = field(default_factory=_unknown)
    presence: FloatArray = field(default_factory=_unknown)
    hardware: str = ""
    recalls: pd.DataFrame = field(default_factory=pd.DataFrame)
    observer_recalls: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        table = (len(self.cases), len(self.names))
        for key in ("radius_mm", "presence"):
            if getattr(self, key).size == 0:
                object.__setattr__(self, key, np.full(table, np.nan))
        for key in ("errors_mm", "present", "found", "observer_errors_mm", "radius_mm", "presence"):
            if getattr(self, key).shape != table:
                raise ValueError(f"{key} has shape {table}, not {getattr(self, key).shape}")
        if self.stage_errors_mm.shape[1:] != table or self.elapsed_s.shape != table[:1]:
            raise ValueError(f"stages or times do not belong to {table[0]} cases of {table[1]} landmarks")
        for entry in fields(self):
            if isinstance(value := getattr(self, entry.name), np.ndarray):
                view = value.view()
                view.setflags(write=False)
                object.__setattr__(self, entry.name, view)

    def summary(self, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> pd.DataFrame:
        """Return mean, SD, median, IQR and success detection rates per landmark and for all (see `metrics.summarize`)."""
        return summarize(self.errors_mm, self.present, self.names, thresholds_mm)

    def detections(self) -> pd.DataFrame:
        """Return per landmark and for all how often it was rightly and wrongly reported to be there, or not."""
        return tabulate_detections(self.found, self.present, self.names)

    def stages(self, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> pd.DataFrame:
        """Return the figures over all landmarks after each stage: ``global``, ``local 1``, …, and ``together`` where `joint`."""
        rows = [describe_errors(errors, self.present, thresholds_mm) for errors in self.stage_errors_mm]
        index = ["global", *(f"local {i}" for i in range(1, len(rows)))][: len(rows)]
        if self.joint:
            rows.append(describe_errors(self.errors_mm, self.present, thresholds_mm))
            index.append(TOGETHER)
        return pd.DataFrame(rows, index=pd.Index(index, name="stage"))

    def observers(self, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> pd.DataFrame:
        """Return the same figures for the distance between the two observers, over what both marked."""
        return summarize(self.observer_errors_mm, np.isfinite(self.observer_errors_mm), self.names, thresholds_mm)

    def measures(self) -> pd.DataFrame:
        """Return the success classification rates of the challenge's measures and over all of them, percent.

        Returns
        -------
        pandas.DataFrame
            A row per measure and a last one called ``all``: ``rate_percent`` and, where two observers marked,
            ``observers_percent``. Empty where nothing was classified.
        """
        rates = {"rate_percent": self.recalls, "observers_percent": self.observer_recalls}
        return pd.DataFrame(
            {name: success_classification_rates(recalls) for name, recalls in rates.items() if len(recalls)}
        )

    def outliers(self, largest_mm: float) -> pd.DataFrame:
        """List what went wrong: first what was not found or is not there, then the largest errors.

        Returns
        -------
        pandas.DataFrame
            ``case, landmark, error_mm, radius_mm, presence, why``: errors that are not below ``largest_mm`` or lie beyond
            the landmark's `outlier_limits_mm`; landmarks that were not found, or were reported though they are not there.
        """
        far = self.errors_mm >= largest_mm
        unusual = self.errors_mm > outlier_limits_mm(self.errors_mm)
        reasons = (
            (far & unusual, f"≥ {largest_mm:g} mm, unusual for the landmark"),
            (far & ~unusual, f"≥ {largest_mm:g} mm"),
            (unusual & ~far, "unusual for the landmark"),
            (self.present & ~self.found, "there, not found"),
            (self.found & ~self.present, "found, not there"),
        )
        rows = [
            (
                self.cases[number],
                self.names[row],
                self.errors_mm[number, row],
                self.radius_mm[number, row],
                self.presence[number, row],
                why,
            )
            for chosen, why in reasons
            for number, row in np.argwhere(chosen)
        ]
        table = pd.DataFrame(rows, columns=["case", "landmark", "error_mm", "radius_mm", "presence", "why"])
        return table.sort_values("error_mm", ascending=False, na_position="first", kind="stable", ignore_index=True)

    @property
    def joint(self) -> bool:
        """True where the local stages make the position together, so that it is not the last one's."""
        return len(self.stage_errors_mm) > 0 and not np.allclose(
            np.where(self.found, self.errors_mm - self.stage_errors_mm[-1], 0.0), 0.0, atol=1e-3, equal_nan=True
        )

    @property
    def observed_twice(self) -> bool:
        """True where the observers' distance is known for any landmark."""
        return bool(np.isfinite(self.observer_errors_mm).any())

    @property
    def calibrated(self) -> bool:
        """True where a calibrated radius can be held against any error."""
        return bool((np.isfinite(self.radius_mm) & np.isfinite(self.errors_mm)).any())


@dataclass(frozen=True, eq=False)
class LocalizedCase:
    """One case with what a model made of it; all in mm of ``image``."""

    image: Image
    truth: Landmarks
    prediction: Prediction


def observer_errors_mm(case: Case) -> FloatArray:
    """Return the distance between the first two observers' marks ``(L,)``, mm; NaN where there are not two."""
    if len(case.observers) < 2:
        return np.full(len(case.landmarks), np.nan)
    first, second = (observer.points_mm for observer in case.observers[:2])
    return radial_errors_mm(first, second)


def _matched(landmarks: Landmarks, case: Case, source: str) -> Landmarks:
    """Return ``landmarks`` in the order of the case's; `ConfigError` where one is missing."""
    missing = [name for name in case.landmarks.names if name not in landmarks.names]
    if missing:
        raise ConfigError(
            f"{source} has no landmark {listed(missing, 3)}.",
            "Evaluate with a data set that has the same landmarks.",
        )
    return landmarks.subset(case.landmarks.names)


def _collect(
    cases: Sequence[Case],
    landmarks: Sequence[Landmarks],
    grids: Sequence[Grid],
    *,
    model: str,
    devices: Sequence[str] = (),
    stage_points_mm: FloatArray | None = None,
    elapsed_s: Sequence[float] | None = None,
) -> Evaluation:
    """Compare ``landmarks``, one per case and in its order, with the truth; ``stage_points_mm`` is ``(stages, N, L, D)``.

    ``grids`` are those of the images, with the pixels that the positions are in mm of.
    """
    truth_mm = np.stack([case.landmarks.points_mm for case in cases])
    table = truth_mm.shape[:2]
    stages_mm = np.empty((0, *truth_mm.shape)) if stage_points_mm is None else stage_points_mm
    return Evaluation(
        model=model,
        device=", ".join(devices),
        cases=tuple(case.name for case in cases),
        names=cases[0].landmarks.names,
        errors_mm=radial_errors_mm(np.stack([found.points_mm for found in landmarks]), truth_mm),
        present=np.stack([case.landmarks.located for case in cases]),
        found=np.stack([found.located for found in landmarks]),
        stage_errors_mm=radial_errors_mm(stages_mm, truth_mm).reshape(-1, *table),
        observer_errors_mm=np.stack([observer_errors_mm(case) for case in cases]),
        elapsed_s=np.full(len(cases), np.nan) if elapsed_s is None else np.asarray(elapsed_s, dtype=np.float64),
        radius_mm=np.stack([found.radius_mm for found in landmarks]).astype(np.float64),
        presence=np.stack([found.presence for found in landmarks]).astype(np.float64),
        hardware=", ".join(device_in_words(device) for device in devices),
        recalls=tabulate_recalls(landmarks, [case.landmarks for case in cases], grids),
        observer_recalls=observer_recalls(cases, grids),
    )


def localize_case(model: Model, case: Case, *, device: str = "auto", rotation_seed: int | None = None) -> LocalizedCase:
    """Localize the landmarks of one case.

    Parameters
    ----------
    model
        The model.
    case
        Its image is read.
    device
        As in `core.models.inference.localize`.
    rotation_seed
        Where given, the volume is first rotated by this random rotation, the truth with it (see `training.evaluation.rotation`).

    Raises
    ------
    ConfigError
        The image's spacing is unknown or contradictory.
    ImageReadError, InferenceError
        The image cannot be read or analysed.
    """
    image, truth = read_case_image(case), case.landmarks
    if rotation_seed is not None:
        rotation = random_rotation(rotation_seed)
        truth = rotated_landmarks(truth, image, rotation)
        image = rotated_volume(image, rotation)
    return LocalizedCase(image, truth, localize(image, model, device=device))


def evaluate(
    model: Model,
    cases: Sequence[Case],
    *,
    device: str = "auto",
    rotation_seed: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Localize the landmarks of every case and compare them with the truth.

    Parameters
    ----------
    model
        The model; it may find more landmarks than the cases have.
    cases
        At least one.
    device
        As in `core.models.inference.localize`.
    rotation_seed
        Where given, every volume is first rotated at random, the ``n``-th by the seed plus ``n``, from 0.
    progress
        Hears the fraction done in [0, 1] and the name of the case that comes next.

    Raises
    ------
    ConfigError
        The cases have a landmark that the model does not find, or an image's spacing is unknown or contradictory.
    ImageReadError, InferenceError
        An image cannot be read or analysed.
    """
    if rotation_seed is not None and model.info.ndim != 3:
        raise ConfigError("Only volumes can be rotated at random.", "Leave out --rotated.")
    found: list[Landmarks] = []
    truths: list[Landmarks] = []
    grids: list[Grid] = []
    stages: list[FloatArray] = []
    elapsed_s: list[float] = []
    devices: list[str] = []
    for number, case in enumerate(cases):
        if progress is not None:
            progress(number / len(cases), case.name)
        seed = None if rotation_seed is None else rotation_seed + number
        localized = localize_case(model, case, device=device, rotation_seed=seed)
        truths.append(localized.truth)
        grids.append(localized.image.grid)
        prediction = localized.prediction
        found.append(_matched(prediction.landmarks, case, f"The model {model.info.title}"))
        rows = [prediction.landmarks.index(name) for name in case.landmarks.names]
        stages.append(prediction.stage_points_mm[:, rows])
        elapsed_s.append(prediction.elapsed_s)
        if prediction.device not in devices:
            devices.append(prediction.device)
    if progress is not None:
        progress(1.0, "")
    return _collect(
        [replace(case, landmarks=truth) for case, truth in zip(cases, truths, strict=True)],
        found,
        grids,
        model=model.info.title,
        devices=devices,
        stage_points_mm=np.stack(stages, axis=1),
        elapsed_s=elapsed_s,
    )


def evaluate_csv_folder(folder: Path, cases: Sequence[Case]) -> Evaluation:
    """Compare the CSV files that ``cairn localize`` wrote with the truth.

    Where a file has no mm, since the image did not know its pixel size, its px are turned into mm of the data set.

    Parameters
    ----------
    folder
        Holds ``<image name>.csv`` for every case; where cases of several folders have images of one name, it has the same
        folders.
    cases
        At least one.

    Raises
    ------
    ConfigError
        A file or a landmark is missing, or a file belongs to another image or could belong to several.
    LandmarkFileError
        A file cannot be read.
    """
    found: list[Landmarks] = []
    grids: list[Grid] = []
    for case, path in zip(cases, _files_of(folder, cases), strict=True):
        image = read_case_image(case)
        file = read_landmark_file(path, image=image)
        if file.image_sha256 not in ("", image.source.sha256):
            raise ConfigError(
                f"{path} belongs to another image than the case {case.name}: the content of that image was another.",
                "Run cairn localize on the images of this data set.",
            )
        found.append(_matched(file.landmarks, case, str(path)))
        grids.append(image.grid)
    return _collect(cases, found, grids, model=f"landmark files in {folder.name}")


def _files_of(folder: Path, cases: Sequence[Case]) -> list[Path]:
    """Return the file of each case: under its whole name, else under the image's alone if no other image is called so."""
    called: dict[str, list[str]] = {}
    for case in cases:
        called.setdefault(Path(case.name).name, []).append(case.name)
    paths = []
    for case in cases:
        path, flat = folder / f"{case.name}.csv", folder / f"{Path(case.name).name}.csv"
        if not path.is_file() and flat.is_file() and len(called[Path(case.name).name]) > 1:
            first, second, *_ = called[Path(case.name).name]
            raise ConfigError(
                f"{flat} could belong to {first} and to {second}.",
                "Run cairn localize once for each folder of images, into folders of the same names.",
            )
        if not path.is_file():
            path = flat
        if not path.is_file():
            raise ConfigError(
                f"There is no {path} for the case {case.name}.",
                "Run cairn localize on all images of the data set first.",
            )
        paths.append(path)
    return paths
