"""Building the C++ runner for a test, where the tools for that are there; README asks for none of them."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "packaging" / "cpp"
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}

_NEEDED = """
#include <zlib.h>
#include <charconv>
int main() {
    char text[32];
    auto work = [](auto number) { return number + 1; };
    return std::to_chars(text, text + 32, work(0.5)).ptr == text || zlibVersion() == nullptr;
}
"""


def built(folder: Path, *options: str) -> Path:
    """Build packaging/cpp in ``folder`` and return where its programs are; skip, saying so, where a tool is missing.

    LibTorch's headers take minutes to compile. Where CAIRN_CPP_BUILDS names a folder, what was built is kept there, one
    folder for each set of options, and only what has changed since is built again.
    """
    if sys.platform == "win32":
        pytest.skip("the C++ runner is built by hand on Windows")
    compiler = os.environ.get("CXX", "c++")
    for tool in ("cmake", compiler, "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"the C++ runner is not tested: {tool} is missing")
    if not compiles(folder, compiler, "-lz"):
        pytest.skip(f"the C++ runner is not tested: {compiler} lacks C++20, or zlib and its header are missing")
    kept = os.environ.get("CAIRN_CPP_BUILDS")
    build_folder = Path(kept) / sha256(" ".join(options).encode()).hexdigest()[:12] if kept else folder / "build"
    configure = ["cmake", "-S", str(SOURCE), "-B", str(build_folder), "-G", "Unix Makefiles", *options]
    build = ["cmake", "--build", str(build_folder), "--parallel", "2"]
    for command in (configure, build):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "warning:" not in run.stderr, run.stderr
    return build_folder


def compiles(folder: Path, compiler: str, *flags: str) -> bool:
    """Tell whether a small program of today's C++ can be built with ``flags``, and runs."""
    source, program = folder / "needed.cpp", folder / "needed"
    source.write_text(_NEEDED, encoding="utf-8")
    command = [compiler, "-std=c++20", str(source), "-o", str(program), "-lz", *flags]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return False
    return subprocess.run([str(program)], capture_output=True, check=False).returncode == 0
