"""Which release is packed: its version, from pyproject.toml, and its date, so that the same build gives the same bytes.

Knows nothing of any kind of installer, and writes nothing.
"""

import os
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.base.errors import AppError

ROOT = Path(__file__).resolve().parent.parent


class InstallerError(AppError):
    """An installer cannot be made."""


@dataclass(frozen=True)
class Release:
    """One release.

    Attributes
    ----------
    version
        As in pyproject.toml, such as ``1.2.0`` or ``1.2.0rc1``.
    time_s
        When it was released, in seconds since 1970; the time of every file in the packages.
    """

    version: str
    time_s: int

    @property
    def debian_version(self) -> str:
        """The version so that Debian sorts a release candidate before the release."""
        return re.sub(r"\.?(a|b|rc|dev)(\d+)$", r"~\1\2", self.version)

    @property
    def windows_version(self) -> str:
        """The four numbers that Windows wants."""
        numbers = [int(number) for number in re.match(r"[\d.]*\d", self.version).group().split(".")]  # type: ignore[union-attr]
        return ".".join(str(number) for number in [*numbers, 0, 0, 0, 0][:4])

    @property
    def date(self) -> datetime:
        """The release's date, UTC."""
        return datetime.fromtimestamp(self.time_s, tz=UTC)


def read_release(app: Path) -> Release:
    """Return the release of this checkout.

    The date is ``SOURCE_DATE_EPOCH``, or else what the changelog says behind the version, or else the build's.

    Parameters
    ----------
    app
        The frozen application's folder.
    """
    version = project_version()
    return Release(version, _time_s(version, app))


def project_version() -> str:
    """Return the version in pyproject.toml, the only place where it stands."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _time_s(version: str, app: Path) -> int:
    named = os.environ.get("SOURCE_DATE_EPOCH", "")
    if named.isdecimal():
        return int(named)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    dated = re.search(rf"^## \[{re.escape(version)}\] - (\d{{4}}-\d\d-\d\d)", changelog, flags=re.MULTILINE)
    if dated:
        return int(datetime.fromisoformat(f"{dated[1]}T12:00+00:00").timestamp())
    return int(app.stat().st_mtime)
