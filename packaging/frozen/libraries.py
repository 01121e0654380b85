"""Which shared libraries of the system go into the frozen application on Linux, and which it finds there.

`system_libraries.txt` decides; this module only reads it, follows what needs what, and reports what the list does not know.
Reads ELF files with binutils' ``objdump``, which PyInstaller needs as well.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

TABLE_PATH = Path(__file__).with_name("system_libraries.txt")

Entry = tuple[str, str, str]
"""A file of the bundle as PyInstaller lists it: its name there, where it comes from, its kind."""


@dataclass(frozen=True)
class SystemLibrary:
    """One line of the table.

    Attributes
    ----------
    name
        What programs that need it call it, such as ``libX11.so.6``.
    packages
        The Debian package that holds it, by its name in newer releases first.
    bundled
        Whether it comes with the application.
    """

    name: str
    packages: tuple[str, ...]
    bundled: bool


def read_table(path: Path = TABLE_PATH) -> dict[str, SystemLibrary]:
    """Return the libraries of the table by name; `ValueError` where a line is not understood."""
    table: dict[str, SystemLibrary] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, packages, place = line.split()
        if place not in ("system", "bundled") or name in table:
            raise ValueError(f"{path.name}: {line!r} is no new library that is system or bundled")
        table[name] = SystemLibrary(name, tuple(packages.split("|")), place == "bundled")
    return table


def is_elf(path: Path) -> bool:
    """Tell whether a file is a Linux program or library."""
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def needed_by(path: Path) -> list[str]:
    """Return the names of the libraries that an ELF file asks for."""
    return re.findall(r"^\s*NEEDED\s+(\S+)", _run("objdump", "-p", str(path)), flags=re.MULTILINE)


def newest_glibc(paths: Iterable[Path]) -> tuple[int, ...]:
    """Return the version of glibc that the most demanding of the ELF files asks for."""
    found = (re.findall(r"\bGLIBC_(\d+(?:\.\d+)+)", _run("objdump", "-p", str(path))) for path in paths)
    return max(
        (tuple(int(part) for part in version.split(".")) for versions in found for version in versions), default=()
    )


def without_system_libraries(entries: Sequence[Entry], table: dict[str, SystemLibrary]) -> list[Entry]:
    """Return ``entries`` without the libraries that the system has, and without those that nothing needs any more.

    PyInstaller collects what every plugin needs before plugins are left out. A needed library that the table does not know
    stays, for `unexpected_libraries` to find.
    """
    of_system = {entry[0]: entry for entry in entries if _is_of_system(entry)}
    kept: list[Entry] = []
    to_follow = [entry for entry in entries if entry[0] not in of_system]
    while to_follow:
        entry = to_follow.pop()
        kept.append(entry)
        source = Path(entry[1])
        if entry[2] == "SYMLINK" or not source.is_file() or not is_elf(source):
            continue
        wanted = [name for name in needed_by(source) if name not in table or table[name].bundled]
        to_follow += [of_system.pop(name) for name in wanted if name in of_system]
    return sorted(kept)


def _is_of_system(entry: Entry) -> bool:
    """Tell whether PyInstaller found a library on the system: these it puts at the top, as it does Python's own."""
    name = PurePosixPath(entry[0])
    return entry[2] == "BINARY" and len(name.parts) == 1 and not name.name.startswith("libpython")


def unexpected_libraries(folder: Path, table: dict[str, SystemLibrary]) -> list[str]:
    """Return a sentence for each library that the files of ``folder`` need and that is neither there nor expected on systems."""
    present = {path.name for path in folder.rglob("*")}
    sentences: dict[str, str] = {}
    for path in elf_files(folder):
        for name in needed_by(path):
            if name not in present and (name not in table or table[name].bundled):
                where = path.relative_to(folder).as_posix()
                sentences[name] = (
                    f"{where} needs {name}, which is not in the application and not expected on the system."
                )
    for path in (folder / "_internal").glob("lib*.so*"):
        if path.is_symlink() or path.name.startswith("libpython"):
            continue
        if path.name not in table:
            sentences[path.name] = f"{path.name} is in the application, and nobody has decided that it should be."
        elif not table[path.name].bundled:
            sentences[path.name] = f"{path.name} is in the application although every system has its own."
    return [sentences[name] for name in sorted(sentences)]


def elf_files(folder: Path) -> list[Path]:
    """Return the programs and libraries in ``folder``, each once however many links lead to it."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and is_elf(path))


def strip_symbols(folder: Path) -> None:
    """Take from the largest libraries the names that only a debugger needs: a fifth of libtorch.

    Only files that are known to bear it: libraries that were repaired for wheels (numpy, Pillow) can break, and NVIDIA's may not
    be changed.
    """
    for pattern in ("torch/lib/libtorch*.so", "torch/lib/libc10*.so", "libpython*.so*", "python3*/lib-dynload/*.so"):
        for path in sorted((folder / "_internal").glob(pattern)):
            if not path.is_symlink():
                _run("strip", "--strip-unneeded", str(path))


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603


def forget_build_folders(folder: Path) -> None:
    """Overwrite search paths that lead to folders of this computer: they help nobody, and name its user."""
    for path in elf_files(folder):
        found = re.findall(r"^\s*(?:RUNPATH|RPATH)\s+(\S.*)$", _run("objdump", "-p", str(path)), flags=re.MULTILINE)
        wrong = [text for text in found if any(part.startswith("/") for part in text.split(":"))]
        if not wrong:
            continue
        content = path.read_bytes()
        for text in wrong:
            old = text.encode() + b"\0"
            if content.count(old) != 1:
                raise ValueError(f"{path.name} names {text} in more places than its search path")
            content = content.replace(old, b"$ORIGIN".ljust(len(old), b"\0"))
        path.write_bytes(content)
