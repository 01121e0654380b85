"""Makes the installers out of the frozen application: on Linux the .deb and the portable archive, with --windows the setup.

Adds SHA256SUMS over whatever is there. Freezes nothing: that is build_app.py's. Nothing has to be installed for Linux; the
setup for Windows needs NSIS, the image for macOS is macos/make_dmg.sh.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from linux.debian_package import package_name, write_debian_package
from linux.dependencies import SYSTEM_LIBRARIES
from linux.file_tree import Compression
from linux.portable_archive import archive_name, write_portable_archive
from release import ROOT, InstallerError, read_release
from render_icons import render
from windows.setup_program import setup_name, write_setup

from core.base.errors import AppError
from core.base.files import reason_of, sha256_of, written_whole

LARGEST_INSTALLER_MB = 260
DRAWING = ROOT / "assets" / "icons" / "cairn-app.svg"
INSTALLER_PATTERNS = ("cairn_*.deb", "cairn-*.tar.xz", "cairn-*.exe", "cairn-*.dmg")


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 0 done, 2 wrong input, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        build(options)
    except AppError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _refuse(f"{error.filename or options.output} cannot be read or written: {reason_of(error)}.")
    return 0


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"build_installers: {sentence}\n")
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0],
        epilog="The version comes from pyproject.toml, the date from SOURCE_DATE_EPOCH or the changelog.",
    )
    parser.add_argument(
        "--app", type=Path, default=Path("dist/cairn"), help="frozen application (default: %(default)s)"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("dist"), help="folder for the installers (default: %(default)s)"
    )
    parser.add_argument(
        "--windows", action="store_true", help="make the setup for Windows, with makensis, and nothing else"
    )
    parser.add_argument(
        "--sums-only", action="store_true", help="only write SHA256SUMS over the installers in the output folder"
    )
    parser.add_argument("--any-size", action="store_true", help=f"allow more than {LARGEST_INSTALLER_MB} MB, for CUDA")
    parser.add_argument(
        "--libraries", type=Path, default=SYSTEM_LIBRARIES, help="list of the system's libraries it needs"
    )
    parser.add_argument(
        "--maintainer",
        default=os.environ.get("CAIRN_MAINTAINER", "Cairn developers <developers@cairn.invalid>"),
        help="who answers for the .deb, as Name <address> (default: CAIRN_MAINTAINER, or %(default)s)",
    )
    quick = "of xz: 1 takes a seventh of the time that 6 takes, and a seventh more room (default: %(default)s)"
    parser.add_argument("--preset", type=int, choices=range(10), default=6, help=quick)
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 2, help="cores for the compression (default: all)"
    )
    return parser


def build(options: argparse.Namespace) -> list[Path]:
    """Make what the options ask for and return the files.

    Raises
    ------
    InstallerError
        Something that is needed is missing, or an installer became too large.
    """
    output: Path = options.output
    output.mkdir(parents=True, exist_ok=True)
    made = [] if options.sums_only else _make_installers(options)
    _write_sums(output)
    return made


def _make_installers(options: argparse.Namespace) -> list[Path]:
    app: Path = options.app
    if not app.is_dir():
        raise InstallerError(f"There is no folder {app}.", "Build the application first: packaging/build_app.py")
    release = read_release(app)
    with tempfile.TemporaryDirectory() as folder:
        icons = Path(folder)
        render(DRAWING, icons)
        writers: dict[str, Callable[[Path], None]] = {
            package_name(release): lambda path: write_debian_package(
                path,
                app,
                icons,
                DRAWING,
                release,
                maintainer=options.maintainer,
                compression=Compression(options.preset, options.threads),
                libraries=options.libraries,
            ),
            archive_name(release): lambda path: write_portable_archive(
                path, app, icons, DRAWING, release, compression=Compression(options.preset, options.threads)
            ),
        }
        if options.windows:
            writers = {setup_name(release): lambda path: write_setup(path, app, icons, release)}
        paths = [options.output / name for name in writers]
        for path, write in zip(paths, writers.values(), strict=True):
            started = time.monotonic()
            write(path)
            sys.stdout.write(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {time.monotonic() - started:.0f} s\n")
            if not options.any_size:
                _refuse_too_large(path)
    return paths


def _refuse_too_large(path: Path) -> None:
    size_mb = path.stat().st_size / 1e6
    if size_mb > LARGEST_INSTALLER_MB:
        path.unlink()
        raise InstallerError(
            f"{path.name} is {size_mb:.0f} MB large, more than the {LARGEST_INSTALLER_MB} MB that it may be.",
            "Look at what build_app.py says is large, and leave out what the application does not need.",
        )


def _write_sums(output: Path) -> None:
    installers = sorted({path for pattern in INSTALLER_PATTERNS for path in output.glob(pattern)})
    if not installers:
        raise InstallerError(f"{output} holds no installers.", "Build them first.")
    with written_whole(output / "SHA256SUMS") as whole:
        whole.write_text("".join(f"{sha256_of(path)}  {path.name}\n" for path in installers), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
