"""The frozen application's first lines: the same command line as ``cairn``, after what only a frozen program needs.

Imports nothing of Cairn before `multiprocessing.freeze_support`, so that a child process never opens a second window.
"""

import io
import multiprocessing
import os
import sys
from collections.abc import Callable

RUN_MODEL_AFRESH = "--run-model-afresh"
"""`core.models.fresh_run.ARGUMENT`, which is not imported for it: that would load torch before the window is up."""


def restore_library_path() -> None:
    """Give programs that Cairn starts, such as a file manager, the library path that the person has."""
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        original = os.environ.pop(f"{name}_ORIG", None)
        if original is not None:
            os.environ[name] = original
        else:
            os.environ.pop(name, None)


def run_without_console(show: Callable[[str], object]) -> int:
    """Run where there is nothing to write to, which is Windows after a double click; ``show`` what went wrong."""
    said = io.StringIO()
    sys.stdout, sys.stderr = io.StringIO(), said
    from app.commands.cli import run

    code = run(sys.argv[1:])
    if code != 0 and said.getvalue().strip():
        show(said.getvalue().strip())
    return code


def _show_in_box(sentence: str) -> None:
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.MessageBoxW(None, sentence, "Cairn", 0x10)  # with the icon of an error


def main() -> int:
    """Run the program and return its exit code."""
    multiprocessing.freeze_support()
    if hasattr(sys, "frozen"):
        restore_library_path()
    if sys.argv[1:2] == [RUN_MODEL_AFRESH]:
        from core.models.fresh_run import main as run_model_afresh

        return run_model_afresh(sys.argv[2:])
    if sys.stderr is None:
        return run_without_console(_show_in_box)
    from app.commands.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
