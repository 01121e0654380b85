"""How large the frozen application is, part by part, and how large it may be.

Counts files; builds and removes nothing.
"""

import re
import subprocess
from collections import Counter
from pathlib import Path

LARGEST_UNPACKED_MB = 1000
LARGEST_COMPRESSED_MB = 260
LISTED_FILES = 40

_COMPONENTS = (
    ("Licences", r"^licenses/"),
    ("Bundled models", r"/assets/models/"),
    ("Samples, icons, schemes, analyses", r"/assets/"),
    ("torch", r"/(torch|torchgen|functorch)/"),
    ("SimpleITK", r"/SimpleITK/"),
    ("Qt and PySide6", r"/(PySide6|shiboken6)/|/libQt6|/lib(pyside|shiboken)6"),
    ("numpy", r"/numpy(\.libs)?/"),
    ("Pillow", r"/(PIL|pillow\.libs)/"),
    ("Python", r"/(lib)?python3|/base_library\.zip$|/Python$"),
    ("System libraries", r"^[^/]+/lib[^/]*\.(so[.\d]*|dylib)$"),
    ("Program and Python modules", r"^[^/]+$"),
)


def component_of(name: str) -> str:
    """Return the part that a file of the application (relative, forward slashes) is counted to."""
    for component, pattern in _COMPONENTS:
        if re.search(pattern, name):
            return component
    return "Other Python packages"


def sizes_by_component(folder: Path) -> dict[str, int]:
    """Return the bytes of each part, largest first. Links count for nothing."""
    sizes: Counter[str] = Counter()
    for path, size in _files(folder):
        sizes[component_of(path.relative_to(folder).as_posix())] += size
    return dict(sizes.most_common())


def largest_files(folder: Path, count: int = LISTED_FILES) -> dict[str, int]:
    """Return the bytes of the largest files, by their names relative to ``folder``."""
    largest = sorted(_files(folder), key=lambda pair: pair[1], reverse=True)[:count]
    return {path.relative_to(folder).as_posix(): size for path, size in largest}


def _files(folder: Path) -> list[tuple[Path, int]]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [(path, path.stat().st_size) for path in found]


def compressed_size(folder: Path, threads: int = 2) -> int:
    """Return the bytes of ``folder`` as a .tar.xz, which is written nowhere. Takes minutes, and needs tar and xz."""
    total = 0
    pack = ["tar", "-C", str(folder.parent), "-c", folder.name]
    compress = ["xz", "-6", f"--threads={threads}"]
    packing = subprocess.Popen(pack, stdout=subprocess.PIPE)  # noqa: S603
    with packing, subprocess.Popen(compress, stdin=packing.stdout, stdout=subprocess.PIPE) as compressing:  # noqa: S603
        assert compressing.stdout is not None
        while chunk := compressing.stdout.read(1 << 20):
            total += len(chunk)
    if packing.returncode or compressing.returncode:
        raise OSError(f"tar or xz could not pack {folder}")
    return total


def too_large(unpacked_bytes: int, compressed_bytes: int | None) -> str | None:
    """Return a sentence where the application is larger than it may be."""
    for kind, size, limit_mb in (
        ("unpacked", unpacked_bytes, LARGEST_UNPACKED_MB),
        ("compressed", compressed_bytes, LARGEST_COMPRESSED_MB),
    ):
        if size is not None and size > limit_mb * 1e6:
            return f"The application takes {size / 1e6:.0f} MB {kind}, and may take {limit_mb} MB."
    return None
