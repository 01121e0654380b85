"""What tests of the viewer share: prepared answers, small images, and a stand-in for the model."""

import json
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from app.desk.learning_files import LearnWish
from app.session.controller import Controller
from app.session.learning_offer import LearnOffer
from app.session.printouts import PictureOffer, PictureWish, ReportOffer, ReportWish
from app.session.questions import (
    EditedScheme,
    ExportOffer,
    ExportWish,
    ImportOffer,
    ImportWish,
    LeaveLearning,
    MmOfFile,
    Occupied,
    OnRuler,
    Overwrite,
    PixelSize,
    SchemeStart,
    Unsaved,
)
from core.base.errors import AppError, Cancelled
from core.images.dicom.series import Series
from core.models.metadata import METADATA_NAME, ModelInfo, StageInfo
from core.schemes.comparison import Fit
from core.values.grid import FloatArray, Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Author, Landmarks, Status
from core.values.prediction import Prediction, VectorField

NAMES = ("Sella", "Nasion", "Menton", "Gonion")


@dataclass
class Answers:
    """Answers prepared beforehand; remembers what was asked and shown."""

    image: Path | None = None
    folder: Path | None = None
    chosen_series: Callable[[tuple[Series, ...]], Series | None] = lambda found: found[0]
    landmarks: Path | None = None
    save: Path | None = None
    analysis: Path | None = None
    measurements: Path | None = None
    saved_analysis: Path | None = None
    replaces: bool = False
    removes: bool = True
    gives_up_edit: bool = False
    model: Path | None = None
    accepts: bool = True
    on_unsaved: Unsaved = Unsaved.CANCEL
    learns: Callable[[LearnOffer], LearnWish | None] = lambda _: None
    on_learning: LeaveLearning = LeaveLearning.STAY
    belongs: bool = False
    mm: MmOfFile | None = None
    on_occupied: Overwrite = Overwrite.CANCEL
    goes_on: bool = False
    size: PixelSize | OnRuler | None = None
    ruler_mm: float | None = None
    name: str | None = None
    added: tuple[Path, ...] = ()
    project: Path | None = None
    new_project: Path | None = None
    reader: str | None = None
    moved_to: Path | None = None
    gives_up: bool = False
    edits_scheme: Callable[[SchemeStart], EditedScheme | None] = lambda _: None
    fit: Fit | None = None
    exports: Callable[[ExportOffer], ExportWish | None] = lambda _: None
    imports: Callable[[ImportOffer], ImportWish | None] = lambda _: None
    pictures: Callable[[PictureOffer], PictureWish | None] = lambda _: None
    reports: Callable[[ReportOffer], ReportWish | None] = lambda _: None
    asked: list[str] = field(default_factory=list)
    errors: list[AppError] = field(default_factory=list)

    def image_path(self, folder: Path | None) -> Path | None:
        return self.image

    def image_folder(self, folder: Path | None) -> Path | None:
        return self.folder

    def image_paths(self, folder: Path | None) -> list[Path]:
        return list(self.added)

    def project_path(self, folder: Path | None) -> Path | None:
        return self.project

    def new_project_path(self, suggestion: Path) -> Path | None:
        self.asked.append(f"new project {suggestion.name}")
        return self.new_project

    def reader_name(self, name: str) -> str | None:
        self.asked.append(f"reader {name}")
        return self.reader

    def missing_image_folder(self, error: AppError) -> Path | None:
        self.asked.append(f"where: {error.message}")
        return self.moved_to

    def leaves_unwritten(self, count: int, reason: str) -> bool:
        self.asked.append(f"give up {count}: {reason}")
        return self.gives_up

    def series(self, found: tuple[Series, ...]) -> Series | None:
        self.asked.append(f"series of {len(found)}")
        return self.chosen_series(found)

    def landmarks_path(self, folder: Path | None) -> Path | None:
        return self.landmarks

    def belongs_here(self, path: Path, file_image: str, image: str) -> bool:
        self.asked.append(f"{path.name} of {file_image} on {image}")
        return self.belongs

    def mm_without_pixel_size(self, path: Path) -> MmOfFile | None:
        self.asked.append(f"mm of {path.name}")
        return self.mm

    def save_path(self, suggestion: Path) -> Path | None:
        self.asked.append(f"save as {suggestion.name}")
        return self.save

    def analysis_path(self, folder: Path | None) -> Path | None:
        return self.analysis

    def measurements_path(self, suggestion: Path) -> Path | None:
        self.asked.append(f"save measurements as {suggestion.name}")
        return self.measurements

    def analysis_save_path(self, suggestion: Path) -> Path | None:
        self.asked.append(f"save analysis as {suggestion.name}")
        return self.saved_analysis

    def replaces_analysis(self, name: str) -> bool:
        self.asked.append(f"replace analysis {name}")
        return self.replaces

    def gives_up_analysis(self, name: str) -> bool:
        self.asked.append(f"give up {name}")
        return self.gives_up_edit

    def removes_analysis(self, name: str) -> bool:
        self.asked.append(f"remove analysis {name}")
        return self.removes

    def picture_wish(self, offer: PictureOffer) -> PictureWish | None:
        return self.pictures(offer)

    def report_wish(self, offer: ReportOffer) -> ReportWish | None:
        return self.reports(offer)

    def overwrites(self, occupied: Occupied) -> Overwrite:
        why = f"of {occupied.image_name}" if occupied.image_name else "changed" if occupied.changed else "unread"
        self.asked.append(f"overwrite {occupied.path.name} ({why})")
        return self.on_occupied

    def stops_waiting(self, path: Path) -> bool:
        self.asked.append(f"still saving {path.name}")
        return self.goes_on

    def model_path(self) -> Path | None:
        return self.model

    def accepts_model(self, info: ModelInfo, path: Path) -> bool:
        self.asked.append(f"model {info.title}")
        return self.accepts

    def unsaved(self, name: str) -> Unsaved:
        self.asked.append(f"unsaved {name}")
        return self.on_unsaved

    def pixel_size(self, current_mm: tuple[float, float] | None, others: int) -> PixelSize | OnRuler | None:
        self.asked.append(f"pixel size {current_mm} and of {others} others")
        return self.size

    def ruler_length_mm(self, length_px: float) -> float | None:
        self.asked.append(f"ruler {length_px:.1f}")
        return self.ruler_mm

    def landmark_name(self, name: str) -> str | None:
        return self.name

    def scheme(self, start: SchemeStart) -> EditedScheme | None:
        self.asked.append(f"scheme from {', '.join(start.draft.names) or 'nothing'}")
        return self.edits_scheme(start)

    def scheme_fit(self, source: str, differences: tuple[str, ...], *, by_file: bool) -> Fit | None:
        self.asked.append(f"{source} does not fit{'' if by_file else ' the new scheme'}: {' '.join(differences)}")
        return self.fit

    def export_wish(self, offer: ExportOffer) -> ExportWish | None:
        return self.exports(offer)

    def import_wish(self, offer: ImportOffer) -> ImportWish | None:
        return self.imports(offer)

    def learn_wish(self, offer: LearnOffer) -> LearnWish | None:
        self.asked.append(f"learn from {offer.marked} cases")
        return self.learns(offer)

    def leaves_learning(self, left_s: float | None) -> LeaveLearning:
        self.asked.append("leave learning")
        return self.on_learning

    def show_error(self, error: AppError) -> None:
        self.errors.append(error)


def make_image(
    shape: tuple[int, ...] = (80, 60), spacing_mm: float = 1.0, *, spacing_known: bool = False, path: str = "scan.png"
) -> Image:
    """Make a ramp."""
    voxels = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    voxels = (voxels / voxels.max() * 250).astype(np.uint8)
    return Image(
        voxels,
        Grid.from_spacing(shape, spacing_mm),
        ImageSource(Path(path), spacing_source=SpacingSource.FILE if spacing_known else SpacingSource.UNKNOWN),
    )


def make_prediction(image: Image, *, shift_px: float = 0.0, absent: tuple[str, ...] = ()) -> Prediction:
    """Make an answer with known positions: landmark k at column 10 + 10 k, row 20 + 5 k."""
    rows = np.arange(len(NAMES))
    points_index = np.stack([20.0 + 5 * rows, 10.0 + 10 * rows + shift_px], axis=-1)
    if image.ndim == 3:
        points_index = np.concatenate([np.full((len(NAMES), 1), 2.0), points_index], axis=1)
    points_mm = image.grid.to_mm(points_index)
    fields = []
    for stride in (8, 2):
        grid = image.grid.strided(stride, (stride - 1) / 2)
        centres_mm = grid.to_mm(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1))
        reach_mm = stride * float(image.grid.spacing_mm.mean())
        fields.append(
            tuple(
                VectorField(
                    (point_mm - centres_mm).astype(np.float32),
                    np.exp(-((np.linalg.norm(point_mm - centres_mm, axis=-1) / reach_mm) ** 2)).astype(np.float32),
                    grid,
                )
                for point_mm in points_mm
            )
        )
    stage_points_mm = np.stack([points_mm, points_mm])
    landmarks = Landmarks(
        NAMES,
        points_mm,
        np.linspace(0.9, 0.6, len(NAMES), dtype=np.float32),
        np.linspace(1, 4, len(NAMES), dtype=np.float32),
        np.full(len(NAMES), np.nan, np.float32),
        (Status.PREDICTED,) * len(NAMES),
    )
    for name in absent:
        landmarks = landmarks.without_point(name)
    landmarks = replace(landmarks, author=(Author.MODEL,) * len(NAMES))
    return Prediction(landmarks, tuple(fields), stage_points_mm, "Test model 1", "cpu", 0.1)


class GatedLocalize:
    """Stands in for the model: waits at a gate, listens to cancelling, answers with `make_prediction`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.stopped = threading.Event()
        self.calls: list[Image] = []
        self.shift_px = 0.0
        self.absent: tuple[str, ...] = ()
        self.ignores_cancelling = False

    def __call__(
        self,
        image: Image,
        model_path: Path,
        *,
        progress: Callable[[float, str], None],
        should_stop: Callable[[], bool],
    ) -> Prediction:
        self.calls.append(image)
        progress(0.25, "Global stage")
        self.started.set()
        while not self.gate.wait(0.01):
            if should_stop() and not self.ignores_cancelling:
                self.stopped.set()
                raise Cancelled("Localization was cancelled.")
        return make_prediction(image, shift_px=self.shift_px, absent=self.absent)


def make_model_file(path: Path, ndim: int = 2, name: str = "Test model") -> Path:
    """Write an archive that holds only metadata: enough to be chosen, not to be run."""
    info = ModelInfo(
        name=name,
        version="1",
        ndim=ndim,  # type: ignore[arg-type]
        modality="ramp",
        landmarks=NAMES,
        abbreviations=("S", "N", "Me", "Go"),
        training_spacing_mm=0.5,
        stages=(StageInfo(spacing_mm=1, stride=8, offset=3.5), StageInfo(spacing_mm=1, stride=2, offset=0.5, crop=16)),
        normalisation="none",
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"model/extra/{METADATA_NAME}", json.dumps(info.model_dump(mode="json")))
    return path


def idle(controller: Controller, qtbot: QtBot) -> None:
    """Wait until no job runs any more."""
    qtbot.waitUntil(lambda: not controller.jobs.busy)


def messages(controller: Controller) -> list[str]:
    """Return what the messages over the image say."""
    return [message.text for message in controller.view_state.messages]


def px(controller: Controller, name: str) -> FloatArray:
    """Return where a landmark is in the view that is worked in, ``(2,)`` px."""
    plane, landmarks = controller.editor.plane, controller.document.landmarks
    assert plane is not None
    assert landmarks is not None
    return plane.px_from_mm(landmarks.point_mm(name))
