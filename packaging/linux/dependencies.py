"""What the frozen application needs from the system, as the packages that Debian and Ubuntu have it in.

The list is packaging/frozen/system_libraries.txt, which the build of the application checks. The oldest usable libc is read
out of the binaries themselves.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from linux.file_tree import Member
from release import ROOT, InstallerError

SYSTEM_LIBRARIES = ROOT / "packaging" / "frozen" / "system_libraries.txt"
_GLIBC_SYMBOL = re.compile(rb"\0GLIBC_(\d+)\.(\d+)(?=[\0.])")


def debian_packages(path: Path = SYSTEM_LIBRARIES) -> list[str]:
    """Return what the field Depends says, apart from libc: the packages of the libraries that are not bundled.

    Parameters
    ----------
    path
        Lines of a library, its package (renamed ones with ``|`` between) and ``system`` or ``bundled``.

    Raises
    ------
    InstallerError
        There is no such list, or a line of it is not understood.
    """
    if not path.is_file():
        raise InstallerError(
            f"{path} is missing, so nobody knows what the application needs.", "Run packaging/build_app.py."
        )
    packages = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words and (len(words) != 3 or words[2] not in ("system", "bundled")):
            raise InstallerError(
                f'{path} has a line that is not understood: "{line}".', "Write library, package, system or bundled."
            )
        if words and words[2] == "system" and words[1] != "libc6":
            packages.add(words[1].replace("|", " | "))
    return sorted(packages)


def oldest_glibc(members: Iterable[Member]) -> tuple[int, int]:
    """Return the version of glibc that the newest symbol in any of the binaries needs; (2, 28) is the least, torch's own."""
    newest = (2, 28)
    for member in members:
        if isinstance(member.content, Path) and (member.is_executable or ".so" in member.content.name):
            content = member.read()
            if content.startswith(b"\x7fELF"):
                needed = [(int(major), int(minor)) for major, minor in _GLIBC_SYMBOL.findall(content)]
                newest = max([newest, *needed])
    return newest
