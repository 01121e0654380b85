"""The errors that a person may meet.

Every one carries a sentence that says what is wrong and a hint that says what to do. Front ends show both and never a
traceback. This module imports nothing.
"""


class AppError(Exception):
    """A problem that a person can understand and act on.

    Parameters
    ----------
    message
        One sentence: what is wrong.
    hint
        One sentence: what to do about it. May be empty where the message says it all.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ImageReadError(AppError):
    """An image cannot be read, or not read rightly."""


class LandmarkFileError(AppError):
    """A landmark file cannot be read or written."""


class PixelSizeNeeded(LandmarkFileError):
    """Landmarks are in mm, and neither their file nor the image says how large a pixel is."""


class ModelFileError(AppError):
    """A model file is damaged, foreign or of an unknown version."""


class InferenceError(AppError):
    """A model cannot be applied to an image."""


class ConfigError(AppError):
    """A training configuration or its data set is wrong."""


class SavingError(AppError):
    """What is being learnt cannot be saved now; what was saved before is still whole."""


class ProjectError(AppError):
    """A project cannot be opened, read or changed."""


class ProjectUnavailable(ProjectError):
    """The disk of a project does not answer now, or is full; nothing is lost, and trying again may help."""


class Cancelled(AppError):
    """A person stopped a job; nothing is wrong and nothing was changed."""
