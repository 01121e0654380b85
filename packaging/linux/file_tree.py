"""The files of a Linux package: what lies where below the root, and the tar archive made of them.

The .deb and the portable archive hold the same tree, ``opt/cairn`` and ``usr/share``. Times, owners and order are always
the same, so that the same build gives the same archive.
"""

import gzip
import io
import lzma
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from release import InstallerError, Release

HERE = Path(__file__).resolve().parent
COMPONENT = "org.cairn_landmarks.cairn"
"""The name of the application in software centres."""
DESKTOP_ENTRIES = ("cairn.desktop", "z-cairn-open-with.desktop")
ICON_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


@dataclass(frozen=True)
class Compression:
    """What xz is told: its preset, 0 (quick) to 9 (small), and how many cores it may use."""

    preset: int
    threads: int


@dataclass(frozen=True)
class Member:
    """One file of a package.

    Attributes
    ----------
    path
        Below the root, without a leading slash.
    content
        Its bytes, the file on disk that holds them, or a symbolic link's target.
    is_executable
        Whether it is a program.
    """

    path: str
    content: bytes | Path | str
    is_executable: bool = False

    def read(self) -> bytes:
        """Return the bytes of a file; a link has none."""
        if isinstance(self.content, str):
            return b""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


def application_members(app: Path, below: str) -> list[Member]:
    """Return the frozen application's files, to lie ``below`` a folder.

    Raises
    ------
    InstallerError
        ``app`` is no whole frozen application for Linux, or a link in it leads out of it.
    """
    executable = app / "cairn"
    if not executable.is_file():
        raise InstallerError(f"{app} holds no application for Linux.", "Build it first: packaging/build_app.py")
    with executable.open("rb") as stream:
        start = stream.read(20)
    if start.startswith(b"\x7fELF") and start[18:20] != b"\x3e\x00":
        raise InstallerError(f"{executable} is no program for x86-64.", "Build it on such a computer.")
    if not (app / "licenses" / "THIRD-PARTY.txt").is_file():
        raise InstallerError(
            f"{app} holds no licences, so it may not be passed on.", "Build it with packaging/build_app.py."
        )
    return [_member(path, app, below) for path in sorted(app.rglob("*")) if path.is_symlink() or not path.is_dir()]


def _member(path: Path, app: Path, below: str) -> Member:
    name = f"{below}/{path.relative_to(app).as_posix()}"
    if path.is_symlink():
        target = path.readlink()
        if target.is_absolute() or not path.resolve().is_relative_to(app.resolve()):
            raise InstallerError(f"{path} is a link that leads out of the application.", "Build the application again.")
        return Member(name, target.as_posix())
    is_library = re.search(r"\.so(\.\d+)*$", path.name) is not None  # wheels bring some as if they were programs
    return Member(name, path, is_executable=bool(path.stat().st_mode & 0o100) and not is_library)


def desktop_members(icons: Path, drawing: Path, release: Release) -> list[Member]:
    """Return what a desktop reads: entry, icons, file types, software centre, manual.

    Parameters
    ----------
    icons
        The folder that `render_icons.render` wrote.
    drawing
        The SVG they were made of.
    release
        For the version and date in the manual and the software centre.
    """
    share = "usr/share"
    metainfo = _filled("metainfo.xml", release)
    manual = gzip.compress(_filled("cairn.1", release), mtime=0)
    return [
        *(Member(f"{share}/applications/{name}", HERE / name) for name in DESKTOP_ENTRIES),
        *(Member(f"{share}/icons/hicolor/{n}x{n}/apps/cairn.png", icons / f"cairn-{n}.png") for n in ICON_SIZES),
        Member(f"{share}/icons/hicolor/scalable/apps/cairn.svg", drawing),
        Member(f"{share}/man/man1/cairn.1.gz", manual),
        Member(f"{share}/metainfo/{COMPONENT}.metainfo.xml", metainfo),
        Member(f"{share}/mime/packages/cairn.xml", HERE / "cairn-mime.xml"),
    ]


def _filled(name: str, release: Release) -> bytes:
    """Return one of the texts beside this module with version and date written in."""
    text = (HERE / name).read_text(encoding="utf-8")
    return text.replace("@VERSION@", release.version).replace("@DATE@", f"{release.date:%Y-%m-%d}").encode()


def write_tar(members: Iterable[Member], stream: IO[bytes], *, top: str, time_s: int) -> None:
    """Write a tar archive whose folders and files belong to root and have one time.

    Parameters
    ----------
    members
        The files, in any order.
    stream
        Where it goes, from front to back.
    top
        What stands before every path, such as ``.``.
    time_s
        Time of every entry, in seconds since 1970.
    """
    by_path = {member.path: member for member in members}
    folders = {parent.as_posix() for path in by_path for parent in PurePosixPath(path).parents}
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted({*folders, *by_path}, key=lambda path: PurePosixPath(path).parts):
            entry = tarfile.TarInfo(top if path == "." else f"{top}/{path}")
            entry.mtime, entry.uname, entry.gname = time_s, "root", "root"
            member = by_path.get(path)
            if member is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
            elif isinstance(member.content, str):
                entry.type, entry.mode, entry.linkname = tarfile.SYMTYPE, 0o777, member.content
                archive.addfile(entry)
            else:
                _add_file(archive, entry, member)


def _add_file(archive: tarfile.TarFile, entry: tarfile.TarInfo, member: Member) -> None:
    entry.mode = 0o755 if member.is_executable else 0o644
    if isinstance(member.content, Path):
        entry.size = member.content.stat().st_size
        with member.content.open("rb") as stream:
            archive.addfile(entry, stream)
    else:
        content = member.read()
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))


@contextmanager
def compressed(path: Path, compression: Compression) -> Iterator[IO[bytes]]:
    """Give a stream that writes ``path`` compressed by xz; the program xz is several times faster than Python.

    Parameters
    ----------
    path
        The compressed file.
    compression
        How hard it tries, and on how many cores.

    Raises
    ------
    InstallerError
        xz failed.
    """
    xz = shutil.which("xz")
    if xz is None:
        with lzma.open(path, "wb", preset=compression.preset) as archive:
            yield archive
        return
    threads = max(2, compression.threads)  # with one alone it would write other bytes than with several
    command = [xz, "--compress", "--stdout", f"-{compression.preset}", f"--threads={threads}"]
    code = 1
    try:
        with path.open("wb") as output, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output) as process:  # noqa: S603
            assert process.stdin is not None
            yield process.stdin
            process.stdin.close()
            code = process.wait()
    except BrokenPipeError:
        code = 1  # xz ended before its input did, and has said why
    if code != 0:
        raise InstallerError("xz could not compress the package.", "See what it says above; is the disk full?")
