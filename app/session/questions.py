"""What the controller asks of a person, and the kinds of answers there are.

The window answers with dialogs, tests with prepared answers. Knows no Qt.
"""

from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.base.errors import AppError
from core.images.dicom.series import Series
from core.models.metadata import ModelInfo


class Unsaved(StrEnum):
    """What to do with work that is not saved."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class OnRuler(StrEnum):
    """The answer that the pixel size shall be measured in the image."""

    MEASURE = "measure"


class Questions(Protocol):
    """Every question; None means that the person thought better of it."""

    def image_path(self, folder: Path | None) -> Path | None:
        """Ask which image to open."""

    def image_folder(self, folder: Path | None) -> Path | None:
        """Ask which folder of images to open."""

    def series(self, found: tuple[Series, ...]) -> Series | None:
        """Ask which of several DICOM series to open; the first one is proposed."""

    def landmarks_path(self, folder: Path | None) -> Path | None:
        """Ask which landmark file to open."""

    def export_path(self, suggestion: Path) -> Path | None:
        """Ask where to write the landmarks."""

    def model_path(self) -> Path | None:
        """Ask which model file to use."""

    def accepts_model(self, info: ModelInfo, path: Path) -> bool:
        """Show where a model comes from and ask whether to load it."""

    def unsaved(self, name: str) -> Unsaved:
        """Ask what to do with the unsaved landmarks of the image ``name``."""

    def pixel_size_mm(self, current_mm: float | None) -> float | OnRuler | None:
        """Ask for the side of a pixel in mm."""

    def ruler_length_mm(self, length_px: float) -> float | None:
        """Ask how long the line just measured is in mm."""

    def landmark_name(self, name: str) -> str | None:
        """Ask for another name of a landmark."""

    def show_error(self, error: AppError) -> None:
        """Say what is wrong and what to do."""
