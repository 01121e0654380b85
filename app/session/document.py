"""The open image, its landmarks and the model's answer: what a person works on.

Announces every change through psygnal and knows no Qt, no files and no undo. Values are immutable; a change replaces one.
"""

from pathlib import Path

from psygnal import Signal

from app.session import landmark_names
from core.landmark_files.file import LandmarkTemplate
from core.models.metadata import ModelInfo
from core.values.image import Image
from core.values.landmarks import Landmarks, Status
from core.values.prediction import Prediction, VectorField

HUMAN_STATES = frozenset({Status.CORRECTED, Status.PLACED, Status.CONFIRMED})


class Document:
    """One image with its landmarks.

    Attributes
    ----------
    image
        The open image, or None at the start.
    landmarks
        What the table and the view show, or None without an image.
    prediction
        The latest answer of a model for this very image, or None.
    model_info
        Metadata of the model that fits the image, or None where none does.
    landmarks_path
        The file the landmarks were last written to or read from.
    landmarks_template
        The file of 3D Slicer the landmarks were read from, to be written back into; None where they come from elsewhere.
    revision
        Grows with each image; jobs carry it, so that late answers for an older image are recognised.
    """

    image_changed = Signal()
    landmarks_changed = Signal()
    prediction_changed = Signal()
    saved = Signal()

    def __init__(self) -> None:
        self.image: Image | None = None
        self.landmarks: Landmarks | None = None
        self.prediction: Prediction | None = None
        self.model_info: ModelInfo | None = None
        self.landmarks_path: Path | None = None
        self.landmarks_template: LandmarkTemplate | None = None
        self.revision = 0
        self._saved_landmarks: Landmarks | None = None

    def set_image(self, image: Image, landmarks: Landmarks, model_info: ModelInfo | None) -> None:
        """Replace everything by a new image and the landmarks to start with."""
        self.revision += 1
        self.image = image
        self.model_info = model_info
        self.prediction = None
        self.landmarks = landmarks
        self.landmarks_path = None
        self.landmarks_template = None
        self._saved_landmarks = landmarks
        self.image_changed.emit()
        self.prediction_changed.emit()
        self.landmarks_changed.emit()

    def replace_image(self, image: Image, landmarks: Landmarks) -> None:
        """Put the same voxels on another grid, the landmarks with them; whether there is unsaved work does not change."""
        unsaved = self.modified
        path, template = self.landmarks_path, self.landmarks_template
        self.set_image(image, landmarks, self.model_info)
        self.landmarks_path, self.landmarks_template = path, template
        if unsaved:
            self._saved_landmarks = None
            self.landmarks_changed.emit()

    def set_landmarks(self, landmarks: Landmarks) -> None:
        """Show other landmarks; does nothing where they are the same."""
        if self.landmarks != landmarks:
            self.landmarks = landmarks
            self.landmarks_changed.emit()

    def set_prediction(self, prediction: Prediction, model_info: ModelInfo) -> None:
        """Remember what the model answered; the landmarks are changed separately, through the undo stack."""
        self.prediction = prediction
        self.model_info = model_info
        self.prediction_changed.emit()

    def mark_saved(self, path: Path) -> None:
        """Remember that the landmarks, as they are now, stand in ``path``."""
        self.landmarks_path = path
        self._saved_landmarks = self.landmarks
        self.saved.emit()

    @property
    def modified(self) -> bool:
        """Whether closing would lose work of a person; an answer of the model alone is no such work."""
        if self.landmarks is None or self.landmarks == self._saved_landmarks:
            return False
        return not (self._is_untouched(self.landmarks) and self._is_untouched(self._saved_landmarks))

    def _is_untouched(self, landmarks: Landmarks | None) -> bool:
        if landmarks is None:
            return False
        if all(status in (Status.UNPLACED, Status.PREDICTED) for status in landmarks.status):
            return True
        return self.prediction is not None and landmarks == self.prediction.landmarks

    def is_decided(self, name: str) -> bool:
        """Tell whether a person, not the model, said where ``name`` is or that it is absent."""
        if self.landmarks is None:
            return False
        status = self.landmarks.status[self.landmarks.index(name)]
        if status is not Status.ABSENT:
            return status in HUMAN_STATES
        return self.predicted_status(name) is not Status.ABSENT

    def predicted_status(self, name: str) -> Status | None:
        """Return the state the model gave ``name``, None where it said nothing about it."""
        if self.prediction is None or name not in self.prediction.landmarks.names:
            return None
        predicted = self.prediction.landmarks
        return predicted.status[predicted.index(name)]

    def field_of(self, name: str | None, stage: int) -> VectorField | None:
        """Return the votes of one stage for one landmark, None where there are none."""
        if self.prediction is None or name not in self.prediction.landmarks.names:
            return None
        if not 0 <= stage < len(self.prediction.fields):
            return None
        return self.prediction.fields[stage][self.prediction.landmarks.index(name)]

    def short_name(self, name: str) -> str:
        """Return the abbreviation that people use for a landmark, or the name itself."""
        return landmark_names.short_name(name, self.model_info)

    def display_name(self, name: str) -> str:
        """Return what a person calls a landmark; names in files and models are keys and stay as they are."""
        return landmark_names.display_name(name, self.model_info)

    @property
    def unit(self) -> str:
        """Unit of every distance shown: ``"mm"``, or ``"px"`` while the pixel size is unknown."""
        return "mm" if self.image is None or self.image.source.spacing_known else "px"
