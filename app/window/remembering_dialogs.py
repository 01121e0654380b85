"""Dialogs that open where a person chose something last, also at the next start."""

from pathlib import Path

from app.desktop.settings import Settings
from app.dialogs.question_dialogs import Dialogs

_FOLDER = "folders/images"


class RememberingDialogs(Dialogs):
    """Begins in the folder of the last image where none is open; who wants no files remembered has no folder remembered.

    Parameters
    ----------
    settings
        Where the folder is kept.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def image_path(self, folder: Path | None) -> Path | None:
        """Ask which image to open."""
        path = super().image_path(folder or self._settings.path(_FOLDER))
        return self._kept(path, None if path is None else path.parent)

    def image_folder(self, folder: Path | None) -> Path | None:
        """Ask which folder of images to open."""
        path = super().image_folder(folder or self._settings.path(_FOLDER))
        return self._kept(path, path)

    def _kept(self, path: Path | None, folder: Path | None) -> Path | None:
        if folder is not None and self._settings.remembers_files:
            self._settings.set(_FOLDER, folder)
        return path
