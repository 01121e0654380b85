"""Where the bundled models, samples, icons, schemes, analyses and tables of readers lie: in a checkout, installed or frozen.

Finds the folder and reads nothing in it.
"""

import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from core.base.errors import AppError

_DISTRIBUTION = "cairn-landmarks"
_INSTALLED = Path("share") / _DISTRIBUTION / "assets"
"""Where a wheel has them, below what the installer calls the prefix for data."""


def assets_folder() -> Path:
    """Return the folder that holds ``models``, ``samples``, ``icons``, ``schemes``, ``analyses`` and ``readers``.

    Raises
    ------
    AppError
        They are nowhere.
    """
    for folder in _candidates():
        if (folder / "models").is_dir():
            return folder
    raise AppError("Cairn's bundled models and samples are missing.", "Install Cairn again.")


def _candidates() -> Iterator[Path]:
    if hasattr(sys, "_MEIPASS"):
        yield Path(sys._MEIPASS) / "assets"
    beside_packages = Path(__file__).resolve().parents[2]
    yield beside_packages / "assets"
    yield from _recorded()
    yield beside_packages / _INSTALLED  # pip install --target moves the files away from where it recorded them
    yield Path(sys.prefix) / _INSTALLED


@cache
def _recorded() -> tuple[Path, ...]:
    """Return where the installer says that it put them: the prefix may be a person's own, or any other (--user, --prefix)."""
    try:
        files = distribution(_DISTRIBUTION).files or []
    except PackageNotFoundError:
        return ()
    for file in files:
        if file.parts[-5:-2] == _INSTALLED.parts and file.parts[-2] == "models":
            return (Path(str(file.locate())).resolve().parents[1],)
    return ()
