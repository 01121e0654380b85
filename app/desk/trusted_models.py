"""The models that a person trusts on this computer, by the SHA-256 of their files: those made here, and those they agreed to.

A model file holds code, and a project that comes from somebody else names model files; what it says of them is not believed.
Reads and writes a small file: for jobs and command lines.
"""

import re
from pathlib import Path

from platformdirs import user_state_path

from core.base.errors import AppError
from core.base.files import reason_of, written_whole

_NAME = "trusted-models.txt"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def trusted_models_path() -> Path:
    """Return where they are kept."""
    return user_state_path("Cairn", appauthor=False) / _NAME


def trusted_path(sessions: Path) -> Path:
    """Return where they are kept, given the folder of the unnamed projects."""
    return sessions.parent / _NAME


class TrustedModels:
    """Knows which model files are trusted.

    Parameters
    ----------
    path
        The file that says so, one digest a line; None to keep it in mind only for as long as this lives.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._here: set[str] = set()

    def knows(self, sha256: str) -> bool:
        """Tell whether a file with that digest is trusted."""
        return sha256 in self._here or sha256 in self._kept()

    def knows_now(self, sha256: str) -> bool:
        """Tell whether a file with that digest was said to be trusted since this was made; reads nothing."""
        return sha256 in self._here

    def trust(self, sha256: str) -> None:
        """Trust a file with that digest from now on.

        Raises
        ------
        AppError
            That cannot be written down; it holds only until this program ends.
        """
        self._here.add(sha256)
        kept = self._kept()
        if self.path is None or sha256 in kept:
            return
        try:
            with written_whole(self.path) as temporary:
                temporary.write_text("".join(f"{one}\n" for one in (*kept, sha256)), encoding="ascii")
        except OSError as error:
            raise AppError(
                f"It cannot be kept that this model is trusted here ({reason_of(error)}).",
                "Make room on the disk of your home folder; else you are asked again at the next start.",
            ) from error

    def _kept(self) -> list[str]:
        if self.path is None:
            return []
        try:
            lines = self.path.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return []
        return [line for line in lines if _DIGEST.fullmatch(line)]
