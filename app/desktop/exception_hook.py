"""What happens when Cairn itself is wrong: a log entry and a dialog instead of a silent end.

Keeps the kinds of errors and the places in the code, never their messages: these could hold pixel or tag values.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from platformdirs import user_log_dir

LOGGER = logging.getLogger("cairn")


def log_path() -> Path:
    """Return where the log lies, or would."""
    return Path(user_log_dir("Cairn", appauthor=False)) / "cairn.log"


def start_log(path: Path | None = None) -> Path | None:
    """Let the log file (or ``path``) take Cairn's own errors from now on; None where it cannot be written."""
    path = log_path() if path is None else path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log_file = RotatingFileHandler(path, maxBytes=500_000, backupCount=3, encoding="utf-8")
    except OSError:
        return None
    log_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.addHandler(log_file)
    LOGGER.setLevel(logging.INFO)
    return path


def describe(error: BaseException) -> str:
    """Return the kinds of an error and its causes and where they arose, without any message."""
    lines: list[str] = []
    current: BaseException | None = error
    while current is not None:
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        for frame in traceback.extract_tb(current.__traceback__):
            lines.append(f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}")  # noqa: PERF401
        current = current.__cause__ or current.__context__
        if current is not None:
            lines.append("caused by")
    return "\n".join(lines)


def install(show: Callable[[str], None]) -> Callable[[], None]:
    """Log every unexpected exception and hand its description to ``show``; return what undoes it.

    ``show`` may be called from any thread.
    """
    before, thread_before = sys.excepthook, threading.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before(kind, error, trace)
            return
        description = describe(error)
        LOGGER.error("Unexpected error\n%s", description)
        show(description)

    def thread_hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            hook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def uninstall() -> None:
        sys.excepthook, threading.excepthook = before, thread_before

    sys.excepthook, threading.excepthook = hook, thread_hook
    return uninstall


def _short(file_name: str) -> str:
    """Return the last two parts of a path: enough to find the line, without anybody's home folder."""
    return "/".join(Path(file_name).parts[-2:])
