"""A placeholder application, and what the tests of the installers share."""

import shutil
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
TIME_S = 1_750_000_000
PLACEHOLDER = """#!/bin/sh
# Says what it was called with; "wait" waits until the file beside it is gone.
if [ "${1:-}" = wait ]; then while [ -e "$2" ]; do sleep 0.05; done; fi
printf '[%s]' "$@"
"""
LIBRARIES = """# library, package, from where
libc.so.6          libc6                         system
libGL.so.1         libgl1                        system
libglib-2.0.so.0   libglib2.0-0t64|libglib2.0-0  system
libxcb-cursor.so.0 libxcb-cursor0                bundled
"""


def make_app(folder: Path) -> Path:
    app = folder / "cairn"
    (app / "_internal" / "Qt").mkdir(parents=True)
    (app / "licenses").mkdir()
    (app / "cairn").write_text(PLACEHOLDER)
    (app / "cairn").chmod(0o700)
    (app / "_internal" / "Qt" / "libone.so.1.2").write_bytes(b"\x7fELF\0GLIBC_2.17\0GLIBC_2.34\0GLIBC_2.4\0")
    (app / "_internal" / "Qt" / "libone.so.1.2").chmod(0o755)
    (app / "_internal" / "Qt" / "libone.so").symlink_to("libone.so.1.2")
    (app / "_internal" / "größe.txt").write_text("ä")
    (app / "licenses" / "THIRD-PARTY.txt").write_text("all of them")
    return app


def run_builder(builder: ModuleType, folder: Path, *arguments: str) -> int:
    (folder / "libraries.txt").write_text(LIBRARIES)
    paths = ["--app", folder / "cairn", "--output", folder / "dist", "--libraries", folder / "libraries.txt"]
    return int(builder.main([*map(str, paths), "--threads", "2", "--preset", "0", *arguments]))


def make_windows_app(folder: Path) -> None:
    app = folder / "cairn"
    (app / "_internal" / "ü $x").mkdir(parents=True)
    for name in ("Cairn.exe", "cairn-cli.exe", "_internal/ü $x/one two.dll"):
        (app / name).write_bytes(b"MZ placeholder")


def the_deb(built: Path) -> Path:
    return built / f"cairn_{VERSION}_amd64.deb"


def the_archive(built: Path) -> Path:
    return built / f"cairn-{VERSION}-linux-x86_64.tar.xz"


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def run(*command: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, env=environment)
