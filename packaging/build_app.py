"""Freezes the application: dist/cairn, or dist/Cairn.app on macOS, which runs where nobody has Python.

PyInstaller collects (cairn.spec); this script checks what came out and gives it its name only when all is well, so that a
failed build leaves the last good one alone. Installers are made by build_installers.py.
"""

import argparse
import importlib.util
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from frozen import contents, libraries, sizes

from core.base.errors import AppError
from core.base.files import reason_of
from core.landmark_files.file import read_landmarks

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "packaging" / "cairn.spec"
ENTRY = ROOT / "packaging" / "frozen" / "cairn_entry.py"
IS_LINUX, IS_MACOS, IS_WINDOWS = (sys.platform.startswith(name) for name in ("linux", "darwin", "win"))
LARGEST_DIFFERENCE_MM = 1e-3
"""How far the frozen program's landmarks may lie from those of the same program before it was frozen."""
LONGEST_SELF_TEST_S = 900


class BuildError(AppError):
    """The application cannot be built, or is not as it must be."""


@dataclass(frozen=True)
class Torch:
    """The torch that is installed here, and so the one that is frozen."""

    version: str
    cuda: str

    def __str__(self) -> str:
        return f"torch {self.version} ({f'CUDA {self.cuda}' if self.cuda else 'no CUDA'})"


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 0 done, 2 where something is wrong."""
    options = _parser().parse_args(arguments)
    try:
        build(options.output.resolve(), with_cuda=options.cuda, compressed=options.compressed)
    except AppError as error:
        sys.stderr.write(f"build_app: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"build_app: {error.filename or options.output} cannot be read or written: {reason_of(error)}.\n"
        )
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n\n")[0],
        epilog="It freezes the torch of the Python that runs this script: one without CUDA unless --cuda is given. For a build "
        "with CUDA, install torch from https://download.pytorch.org/whl/cu126 (or what fits the driver) into an environment of "
        "its own and run this script with --cuda there; on Linux the application then takes several GB.",
    )
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the result (default: dist)")
    parser.add_argument("--cuda", action="store_true", help="freeze a torch with CUDA; no limit of size then")
    parser.add_argument(
        "--compressed", action="store_true", help="measure the size as .tar.xz too; takes minutes (Linux)"
    )
    return parser


def build(output: Path, *, with_cuda: bool = False, compressed: bool = False) -> Path:
    """Freeze the application into ``output`` and return its folder.

    Raises
    ------
    BuildError
        The environment is not fit for it, PyInstaller failed, or the result did not pass a check.
    """
    torch = installed_torch()
    refusal = unfit_torch(torch, with_cuda=with_cuda)
    if refusal:
        raise refusal
    missing = [name for name in ("objdump", "strip") if IS_LINUX and shutil.which(name) is None]
    if missing:
        raise BuildError(
            f"The program {missing[0]} is missing, which building on Linux needs.",
            "Install binutils: apt-get install binutils (Debian, Ubuntu), dnf install binutils (Fedora).",
        )
    _say(f"freezing {torch}")
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cairn-", dir=output) as folder:
        app = freeze(Path(folder))
        if IS_LINUX:
            libraries.strip_symbols(app)
            libraries.forget_build_folders(app)
            check_libraries(app, with_cuda=with_cuda)
        seconds = check_itself(executable_in(app))
        report = size_report(app, torch, seconds, compressed=compressed)
        (output / "cairn-size.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        refused = None if with_cuda else sizes.too_large(report["unpacked_bytes"], report["compressed_bytes"])
        if refused:
            raise BuildError(refused, f"{output / 'cairn-size.json'} lists what is large.")
        final = output / app.name
        put_in_place(app, final)
    _say(f"{final} is ready")
    return final


def installed_torch() -> Torch:
    """Return the torch of this Python, without the seconds that importing it takes."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        raise BuildError("torch is not installed here.", "Set the checkout up first: make setup")
    facts = runpy.run_path(str(Path(found.origin).with_name("version.py")))
    return Torch(str(facts["__version__"]), facts["cuda"] or "")


def unfit_torch(torch: Torch, *, with_cuda: bool) -> BuildError | None:
    """Return why this torch is not the one to freeze, or None."""
    if with_cuda and not torch.cuda:
        return BuildError(
            f"{torch} is installed here, which is no build with CUDA.",
            "Install one from https://download.pytorch.org/whl/cu126, or leave --cuda out.",
        )
    if torch.cuda and not with_cuda:
        version = torch.version.partition("+")[0]
        return BuildError(
            f"{torch} is installed here, which makes an application of several GB.",
            f"Replace it with {sys.executable} -m pip install torch=={version}+cpu --index-url "
            "https://download.pytorch.org/whl/cpu or, for a build with CUDA, add --cuda.",
        )
    return None


def freeze(folder: Path) -> Path:
    """Let PyInstaller make the application in ``folder`` and return where it is."""
    work = ROOT / "build" / "pyinstaller"
    command = [sys.executable, "-m", "PyInstaller", str(SPEC), "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--workpath", str(work), "--distpath", str(folder)]
    started = time.monotonic()
    # Warnings about modules that torch itself calls deprecated would bury what matters here.
    done = subprocess.run(command, env={**os.environ, "PYTHONWARNINGS": "ignore"}, check=False)  # noqa: S603
    if done.returncode:
        raise BuildError("PyInstaller could not make the application.", "It says above why.")
    app = folder / ("Cairn.app" if IS_MACOS else "cairn")
    if not IS_MACOS:  # there they lie in Contents/Resources, and the seal over the bundle includes them
        (app / "_internal" / "licenses").rename(app / "licenses")
    _say(f"collected in {time.monotonic() - started:.0f} s")
    return app


def executable_in(app: Path) -> Path:
    """Return the program in a frozen application that has a console."""
    if IS_MACOS:
        return app / "Contents" / "MacOS" / contents.executable_name()
    return app / (f"{contents.CONSOLE_NAME}.exe" if IS_WINDOWS else contents.executable_name())


def check_libraries(app: Path, *, with_cuda: bool) -> None:
    """Refuse an application that needs a library of the system which the list does not know.

    With CUDA only say it: NVIDIA's libraries ask for the driver, and for network cards that few have.
    """
    unexpected = libraries.unexpected_libraries(app, libraries.read_table())
    if with_cuda:
        for sentence in unexpected:
            _say(sentence)
    elif unexpected:
        raise BuildError(" ".join(unexpected), f"Bring {libraries.TABLE_PATH.relative_to(ROOT)} up to date.")


def check_itself(program: Path) -> float:
    """Let the frozen program test itself, compare its landmarks with the unfrozen program's; return the seconds it took.

    The frozen one is run as a stranger would: somewhere else, from a home with a name that is not English, in an environment
    whose Python settings would break it if it listened to them.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "Zoë 家"
        home.mkdir()
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LD_", "VIRTUAL_"))
        }
        plain["QT_QPA_PLATFORM"] = "offscreen"
        nonsense = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "HOME": str(home), "USERPROFILE": str(home)}
        frozen, unfrozen = home / "frozen", home / "unfrozen"
        started = time.monotonic()
        _run_self_test([program], frozen, {**plain, **nonsense})
        seconds = time.monotonic() - started
        # What was frozen is this checkout, which need not be the one that is installed here.
        _run_self_test([sys.executable, ENTRY], unfrozen, {**plain, "PYTHONPATH": str(ROOT)})
        off_mm = difference_mm(frozen, unfrozen)
    if off_mm > LARGEST_DIFFERENCE_MM:
        raise BuildError(
            f"The frozen application puts a landmark {off_mm:.4f} mm off the place where the program puts it that was frozen.",
            "Look for a library that the two do not share.",
        )
    _say(f"tested itself in {seconds:.1f} s; its landmarks are {off_mm:.1g} mm off the unfrozen program's")
    return seconds


def _run_self_test(program: list[str | Path], folder: Path, environment: dict[str, str]) -> None:
    command = [*program, "--self-test", "--out", folder]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder.parent,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=LONGEST_SELF_TEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{program[0]} did not start, or not end ({type(error).__name__}).") from error
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise BuildError(f"{program[0]} --self-test failed with exit code {done.returncode}.", "It says above why.")
    if "Warning" in done.stderr:  # such as torch's, where a source is missing that it wants to read
        raise BuildError(f"{program[0]} --self-test works, but warns of what no user can mend.", "See above.")


def difference_mm(one: Path, other: Path) -> float:
    """Return the largest distance between the same landmarks of two folders of landmark files, mm."""
    names = sorted(path.name for path in one.glob("*.csv"))
    if not names or names != sorted(path.name for path in other.glob("*.csv")):
        raise BuildError("The two self-tests have not written the same files.")
    largest = 0.0
    for name in names:
        first, second = read_landmarks(one / name), read_landmarks(other / name)
        if first.names != second.names or not np.array_equal(first.located, second.located):
            raise BuildError(f"The frozen application finds other landmarks than the program that was frozen ({name}).")
        off_mm = np.linalg.norm(first.points_mm - second.points_mm, axis=1)[first.located]
        largest = max(largest, float(off_mm.max(initial=0.0)))
    return largest


def size_report(app: Path, torch: Torch, self_test_s: float, *, compressed: bool) -> dict[str, Any]:
    """Measure the application, print a table and return what cairn-size.json holds."""
    components = sizes.sizes_by_component(app)
    unpacked = sum(components.values())
    for component, size in {**components, "Together": unpacked}.items():
        _say(f"{size / 1e6:8.1f} MB  {component}")
    compressed_bytes = sizes.compressed_size(app) if compressed else None
    if compressed_bytes is not None:
        _say(f"{compressed_bytes / 1e6:8.1f} MB  as .tar.xz")
    glibc = libraries.newest_glibc(libraries.elf_files(app)) if IS_LINUX else ()
    return {
        "torch": str(torch),
        "unpacked_bytes": unpacked,
        "compressed_bytes": compressed_bytes,
        "oldest_glibc": ".".join(str(part) for part in glibc),
        "self_test_s": round(self_test_s, 1),
        "components": components,
        "largest_files": sizes.largest_files(app),
    }


def put_in_place(app: Path, final: Path) -> None:
    """Give a finished application its name; one that is there goes only when the new one is in its place."""
    old = app.with_name(f"{app.name}.old")
    if final.exists():
        final.rename(old)
    app.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _say(sentence: str) -> None:
    sys.stdout.write(f"build_app: {sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
