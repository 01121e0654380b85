"""The frozen application's first lines: the same command line as ``cairn``, after what only a frozen program needs.

Imports nothing of Cairn before `multiprocessing.freeze_support`, so that a child process never opens a second window.
"""

import io
import multiprocessing
import os
import sys


def restore_library_path() -> None:
    """Give programs that Cairn starts, such as a file manager, the library path that the person has."""
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        original = os.environ.pop(f"{name}_ORIG", None)
        if original is not None:
            os.environ[name] = original
        else:
            os.environ.pop(name, None)


def _run_without_console() -> int:
    """Run where there is no console to write to (Windows, started with a double click): show what went wrong in a box."""
    said = io.StringIO()
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 — open to the end
    sys.stderr = said
    from app.cli import run

    code = run(sys.argv[1:])
    if code != 0 and said.getvalue().strip() and sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.MessageBoxW(None, said.getvalue().strip(), "Cairn", 0x10)
    return code


def main() -> int:
    """Run the program and return its exit code."""
    multiprocessing.freeze_support()
    restore_library_path()
    if sys.stderr is None:
        return _run_without_console()
    from app.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
