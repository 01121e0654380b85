"""The open image, its landmarks and the model's answer: what a person works on.

Announces every change through psygnal and knows no Qt, no files and no undo. Values are immutable; a change replaces one.
"""

from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from app.session import landmark_names
from core.landmark_files.file import LandmarkTemplate
from core.models.metadata import ModelInfo
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values import doubt
from core.values.image import Image
from core.values.landmarks import Landmarks, Status
from core.values.prediction import Prediction, VectorField


@dataclass(frozen=True)
class Snapshot:
    """What undoing a step brings back where it changed more than landmarks, such as the pixel size or the file.

    Attributes
    ----------
    image, landmarks, prediction
        As in `Document`; all on the grid of ``image``.
    landmarks_path, landmarks_template
        The file that ``landmarks`` are saved to.
    """

    image: Image
    landmarks: Landmarks
    prediction: Prediction | None
    landmarks_path: Path | None
    landmarks_template: LandmarkTemplate | None


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
        The file that saving writes to; None where a person has to be asked for one.
    landmarks_template
        The file of 3D Slicer the landmarks were read from, to be written back into; None where they come from elsewhere.
    scheme
        What a person wants to mark in images of this rank, or None where the model decides.
    revision
        Grows with each image and each of its grids; jobs carry it, so that late answers for an older one are recognised.
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
        self.scheme: Scheme | None = None
        self.revision = 0
        self._saved_landmarks: Landmarks | None = None

    def set_image(
        self, image: Image, landmarks: Landmarks, model_info: ModelInfo | None, prediction: Prediction | None = None
    ) -> None:
        """Replace everything by a new image, the landmarks to start with, and what a model has said about it before."""
        self.model_info = model_info
        self._saved_landmarks = landmarks
        self._put(Snapshot(image, landmarks, prediction, None, None))

    def close(self) -> None:
        """Show no image any more."""
        self.image = self.landmarks = self.prediction = self.model_info = None
        self.landmarks_path = self.landmarks_template = self._saved_landmarks = None
        self.revision += 1
        self.image_changed.emit()
        self.prediction_changed.emit()
        self.landmarks_changed.emit()

    def snapshot(self) -> Snapshot | None:
        """Return what `restore` brings back, None without an image."""
        if self.image is None or self.landmarks is None:
            return None
        return Snapshot(self.image, self.landmarks, self.prediction, self.landmarks_path, self.landmarks_template)

    def restore(self, snapshot: Snapshot) -> None:
        """Go to another state of the same image; what counts as saved stays what it was."""
        if self.image is snapshot.image:
            self.landmarks_path, self.landmarks_template = snapshot.landmarks_path, snapshot.landmarks_template
            self.set_landmarks(snapshot.landmarks)
        else:
            self._put(snapshot)

    def resume(self, snapshot: Snapshot, model_info: ModelInfo | None, saved: Landmarks | None) -> None:
        """Go back to an image as it was left, with what stands in its landmark file."""
        self.model_info = model_info
        self._saved_landmarks = saved
        self._put(snapshot)

    @property
    def saved_landmarks(self) -> Landmarks | None:
        """What stands in the landmark file, or was there to start with."""
        return self._saved_landmarks

    def _put(self, snapshot: Snapshot) -> None:
        self.revision += 1
        self.image, self.landmarks, self.prediction = snapshot.image, snapshot.landmarks, snapshot.prediction
        self.landmarks_path, self.landmarks_template = snapshot.landmarks_path, snapshot.landmarks_template
        self.image_changed.emit()
        self.prediction_changed.emit()
        self.landmarks_changed.emit()

    def set_landmarks(self, landmarks: Landmarks) -> None:
        """Show other landmarks; does nothing where they are the same."""
        if self.landmarks != landmarks:
            self.landmarks = landmarks
            self.landmarks_changed.emit()

    def set_scheme(self, scheme: Scheme | None) -> None:
        """Call the landmarks as a scheme does; which landmarks there are is changed separately, through the undo stack."""
        if scheme != self.scheme:
            self.scheme = scheme
            self.landmarks_changed.emit()

    def set_prediction(self, prediction: Prediction, model_info: ModelInfo) -> None:
        """Remember what the model answered; the landmarks are changed separately, through the undo stack."""
        self.prediction = prediction
        self.model_info = model_info
        self.prediction_changed.emit()

    def mark_saved(self, path: Path | None, landmarks: Landmarks | None = None) -> None:
        """Remember that landmarks stand in ``path``: the present ones, or those that were the present ones a while ago.

        Without a path they stand in a file that saving shall not write to.
        """
        self.landmarks_path = path
        self._saved_landmarks = self.landmarks if landmarks is None else landmarks
        self.saved.emit()

    @property
    def answering_model(self) -> str:
        """Name and version of the model that has said something about these landmarks, empty where none has."""
        prediction, landmarks = self.prediction, self.landmarks
        if prediction is None or landmarks is None or not set(prediction.landmarks.names) & set(landmarks.names):
            return ""
        return prediction.model

    @property
    def modified(self) -> bool:
        """Whether closing would lose work of a person; an answer of the model alone is no such work."""
        if self.landmarks is None or self.landmarks == self._saved_landmarks:
            return False
        return not (self._is_untouched(self.landmarks) and self._is_untouched(self._saved_landmarks))

    def _is_untouched(self, landmarks: Landmarks | None) -> bool:
        return landmarks is not None and not any(doubt.is_decided(landmarks, name) for name in landmarks.names)

    def is_decided(self, name: str) -> bool:
        """Tell whether a person, not the model, said where ``name`` is or that it is absent."""
        return self.landmarks is not None and doubt.is_decided(self.landmarks, name)

    @property
    def names_in_doubt(self) -> tuple[str, ...]:
        """Names of the landmarks that want a person's eye, in the model's order; all others are decided, or the model is sure."""
        if self.landmarks is None:
            return ()
        usual = {} if self.model_info is None else self.model_info.usual_radii(in_px=self.unit == "px")
        return doubt.names_in_doubt(self.landmarks, usual)

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
        return landmark_names.short_name(name, self.model_info, self.scheme)

    def display_name(self, name: str) -> str:
        """Return what a person calls a landmark; names in files and models are keys and stay as they are."""
        return landmark_names.display_name(name, self.model_info, self.scheme)

    def said_of(self, name: str) -> SchemeLandmark | None:
        """Return what a scheme says of a landmark: where it lies, its colour; None where none knows it."""
        return landmark_names.said_of(name, self.model_info, self.scheme)

    @property
    def wanted_names(self) -> tuple[str, ...]:
        """The landmarks that are to be found or placed in this image: those of the scheme, else those of the model."""
        if self.scheme is not None:
            return self.scheme.names
        return () if self.model_info is None else self.model_info.landmarks

    @property
    def unit(self) -> str:
        """Unit of every distance shown: ``"mm"``, or ``"px"`` while the pixel size is unknown."""
        return "mm" if self.image is None or self.image.source.spacing_known else "px"
