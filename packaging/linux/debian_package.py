"""The .deb: the application in /opt, a wrapper in /usr/bin, and what desktops read in /usr/share.

Written without dpkg, so that nothing has to be installed: a .deb is an ar archive of three members. There are no scripts
in it. The caches of desktop entries, file types and icons are renewed by their owners' triggers, and what dpkg installed
it removes.
"""

import gzip
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import IO

from linux.dependencies import SYSTEM_LIBRARIES, debian_packages, oldest_glibc
from linux.file_tree import HERE, Compression, Member, application_members, compressed, desktop_members, write_tar
from release import ROOT, Release

from core.base.files import written_whole

WRAPPER = b"""#!/bin/sh
exec /opt/cairn/cairn "$@"
"""
DESCRIPTION = """find, check and export anatomical landmarks in medical images
 Cairn finds anatomical landmarks in radiographs and volumes, shows how sure it
 is and why, and lets a person check, correct and export them. Models for
 lateral cephalograms and for mouse skulls come with it; nothing leaves the
 computer.
 .
 It is for research and is no medical device: every landmark needs a person's
 eye.
"""


def package_name(release: Release) -> str:
    """Return the file name of the package."""
    return f"cairn_{release.debian_version}_amd64.deb"


def write_debian_package(
    path: Path,
    app: Path,
    icons: Path,
    drawing: Path,
    release: Release,
    *,
    maintainer: str,
    compression: Compression,
    libraries: Path = SYSTEM_LIBRARIES,
) -> None:
    """Write the package.

    Parameters
    ----------
    path
        The .deb; it appears only when it is whole.
    app
        The frozen application.
    icons, drawing
        The rendered icons' folder and the SVG they were made of.
    release
        Version and date.
    maintainer
        Name and address, ``Somebody <somebody@example.org>``.
    compression
        How hard xz tries, and on how many cores.
    libraries
        List of the shared libraries that it needs, with the packages that hold them.

    Raises
    ------
    InstallerError
        The application is not whole, or its needs are not known.
    """
    members = [
        *application_members(app, "opt/cairn"),
        *desktop_members(icons, drawing, release),
        *_documentation(release, maintainer),
        Member("usr/bin/cairn", WRAPPER, is_executable=True),
        Member("usr/share/lintian/overrides/cairn", HERE / "lintian-overrides"),
    ]
    major, minor = oldest_glibc(members)
    depends = [f"libc6 (>= {major}.{minor})", *debian_packages(libraries)]
    control = _control_archive(members, _control(release, maintainer, depends, members), release)
    with written_whole(path) as whole, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        data = Path(folder) / "data.tar.xz"
        with compressed(data, compression) as stream:
            write_tar(members, stream, top=".", time_s=release.time_s)
        with whole.open("wb") as stream:
            _write_ar(
                stream,
                [("debian-binary", b"2.0\n"), ("control.tar.gz", control), ("data.tar.xz", data)],
                release.time_s,
            )


def _documentation(release: Release, maintainer: str) -> list[Member]:
    changelog = (
        f"cairn ({release.debian_version}) unstable; urgency=medium\n\n"
        f"  * Release {release.version}. CHANGELOG.md.gz beside this file says what is new.\n\n"
        f" -- {maintainer}  {formatdate(release.time_s)}\n"
    )
    told = gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), mtime=0)
    return [
        Member("usr/share/doc/cairn/copyright", HERE / "copyright"),
        Member("usr/share/doc/cairn/changelog.gz", gzip.compress(changelog.encode(), mtime=0)),
        Member("usr/share/doc/cairn/CHANGELOG.md.gz", told),
    ]


def _control(release: Release, maintainer: str, depends: Sequence[str], members: Iterable[Member]) -> str:
    fields = {
        "Package": "cairn",
        "Version": release.debian_version,
        "Architecture": "amd64",
        "Maintainer": maintainer,
        "Installed-Size": str(sum(_size_kib(member) for member in members)),
        "Depends": ", ".join(depends),
        "Section": "science",
        "Priority": "optional",
        "Description": DESCRIPTION.rstrip(),
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def _size_kib(member: Member) -> int:
    size = member.content.stat().st_size if isinstance(member.content, Path) else len(member.content)
    return -(-size // 1024)


def _control_archive(members: Iterable[Member], control: str, release: Release) -> bytes:
    files = [member for member in members if not isinstance(member.content, str)]
    sums = "".join(f"{_md5(member)}  {member.path}\n" for member in sorted(files, key=lambda member: member.path))
    stream = io.BytesIO()
    parts = [Member("control", control.encode()), Member("md5sums", sums.encode())]
    write_tar(parts, stream, top=".", time_s=release.time_s)
    return gzip.compress(stream.getvalue(), mtime=0)


def _md5(member: Member) -> str:
    """Return the sum that ``dpkg --verify`` compares with; it finds damage, no malice."""
    return hashlib.md5(member.read(), usedforsecurity=False).hexdigest()


def _write_ar(stream: IO[bytes], parts: Sequence[tuple[str, bytes | Path]], time_s: int) -> None:
    stream.write(b"!<arch>\n")
    for name, content in parts:
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        stream.write(f"{name:<16}{time_s:<12}{0:<6}{0:<6}{'100644':<8}{size:<10}`\n".encode("ascii"))
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, stream, 1 << 20)
        else:
            stream.write(content)
        if size % 2:
            stream.write(b"\n")
