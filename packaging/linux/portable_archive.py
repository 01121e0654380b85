"""The portable archive: a folder that runs where it is unpacked, and a script that installs it without an administrator.

Holds the same tree as the .deb. It has the form of an AppDir: AppRun, desktop entry and icon lie at the top.
"""

from pathlib import Path

from linux.dependencies import oldest_glibc
from linux.file_tree import HERE, Compression, Member, application_members, compressed, desktop_members, write_tar
from release import ROOT, Release

from core.base.files import written_whole


def archive_name(release: Release) -> str:
    """Return the file name of the archive."""
    return f"cairn-{release.version}-linux-x86_64.tar.xz"


def write_portable_archive(
    path: Path, app: Path, icons: Path, drawing: Path, release: Release, *, compression: Compression
) -> None:
    """Write the archive; it unpacks into one folder, ``cairn-VERSION``.

    Parameters
    ----------
    path
        The archive; it appears only when it is whole.
    app
        The frozen application.
    icons, drawing
        The rendered icons' folder and the SVG they were made of.
    release
        Version and date.
    compression
        How hard xz tries, and on how many cores.

    Raises
    ------
    InstallerError
        The application is not whole.
    """
    application = application_members(app, "opt/cairn")
    members = [
        *application,
        *desktop_members(icons, drawing, release),
        Member("AppRun", HERE / "AppRun", is_executable=True),
        Member("install.sh", HERE / "install.sh", is_executable=True),
        Member("README.txt", _readme(release, oldest_glibc(application))),
        Member("LICENSE", ROOT / "LICENSE"),
        Member("VERSION", f"{release.version}\n".encode()),
        Member("cairn.desktop", HERE / "cairn.desktop"),
        Member("cairn.svg", drawing),
        Member(".DirIcon", icons / "cairn-256.png"),
    ]
    with written_whole(path) as whole, compressed(whole, compression) as stream:
        write_tar(members, stream, top=f"cairn-{release.version}", time_s=release.time_s)


def _readme(release: Release, glibc: tuple[int, int]) -> bytes:
    text = (HERE / "portable-readme.txt").read_text(encoding="utf-8")
    return text.replace("@VERSION@", release.version).replace("@GLIBC@", "{}.{}".format(*glibc)).encode()
