"""Whether a window can be opened here, asked before Qt tries: where it cannot, Qt ends the process without a sentence.

Looks as Qt looks: for a display that answers, for the plug-in that talks to it, and for the libraries it needs. Opens no window.
"""

import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from core.base.errors import AppError

_ELSEWHERE = "Start Cairn on a desktop, or find landmarks without a window: cairn localize IMAGES --out FOLDER."

_UNSEEN = ("offscreen", "minimal", "minimalegl")
"""Qt's platforms that draw into memory only."""

_STARTED_BY_DESKTOP = ("GIO_LAUNCHED_DESKTOP_FILE", "DESKTOP_STARTUP_ID", "XDG_ACTIVATION_TOKEN")
"""One of these is set for a program that a menu or a file manager starts."""

_PARTS_OF_XCB = (
    *((part, 0) for part in ("glx", "randr", "render", "shape", "shm", "xfixes", "xinerama")),
    *((part, 1) for part in ("sync", "xkb")),
)
_PACKAGES = {
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libOpenGL.so.0": ("libopengl0", "libglvnd-opengl"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor"),
    "libwayland-egl.so.1": ("libwayland-egl1", "libwayland-egl"),
    **{f"libxcb-{part}.so.{number}": (f"libxcb-{part}{number}", "libxcb") for part, number in _PARTS_OF_XCB},
}
"""Shared libraries that Qt asks the system for, and the packages of Debian and Fedora that hold them."""


def has_display() -> bool:
    """Tell whether there is a screen to look for, or Qt was told which platform to use instead."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def has_screen() -> bool:
    """Tell whether a person could see a window here.

    Unlike `has_display` it does not count what Qt draws where nobody looks, such as the platform “offscreen”.
    """
    platforms = [part.split(":")[0].lower() for part in os.environ.get("QT_QPA_PLATFORM", "").split(";") if part]
    if platforms and platforms[0] in _UNSEEN:
        return False
    needs_display = not platforms or platforms[0] == "xcb" or platforms[0].startswith("wayland")
    if not needs_display or not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def require_display() -> None:
    """Raise an `AppError` where there is no screen to open a window on."""
    if not has_display():
        raise AppError("There is no display to open a window on.", _ELSEWHERE)


def require_qt_platform() -> None:
    """Raise an `AppError` where Qt would find no way to open a window, and say what is missing.

    Raises
    ------
    AppError
        No display answers, Qt's plug-in for it is not there, or a library of the system that it needs.
    ImportError
        Qt itself cannot be loaded; `missing_library` says why.
    """
    if not sys.platform.startswith("linux"):
        return
    problem: AppError | None = None
    for name in _platforms():
        try:
            _load_plugin(name)
            _connect(name)
        except AppError as error:
            problem = problem or error  # the first is what Qt prefers
        else:
            return
    if problem is not None:
        raise problem


def missing_library(error: ImportError | OSError) -> AppError:
    """Return an error that says which library of the system could not be loaded, and which package holds it."""
    found = re.match(r"(lib[^\s:/]+): cannot open shared object", str(error))
    if found is None:
        return AppError(
            f"The viewer cannot start because a part of Qt cannot be loaded ({error}).",
            "Install Cairn again; README.md names the system libraries that it needs.",
        )
    name = found.group(1)
    packages = _PACKAGES.get(name)
    hint = "Install the package of your system that holds it."
    if packages is not None:
        hint = f"Install it: apt-get install {packages[0]} (Debian, Ubuntu), dnf install {packages[1]} (Fedora)."
    return AppError(f"The viewer cannot start because the system library {name} is missing.", hint)


def tell_on_desktop(sentence: str) -> None:
    """Show a sentence by a program of the desktop, where a desktop entry started Cairn and so no terminal shows it."""
    if not any(os.environ.get(name) for name in _STARTED_BY_DESKTOP):
        return
    for command in (
        ("zenity", "--error", "--no-markup", "--title=Cairn", f"--text={sentence}"),
        ("kdialog", "--title", "Cairn", "--error", sentence),
        ("notify-send", "--app-name=Cairn", "--icon=cairn", "Cairn", sentence),
        ("xmessage", "-center", sentence),
    ):
        program = shutil.which(command[0])
        if program is not None:
            silent = subprocess.DEVNULL  # it may find no display either
            command = (program, *command[1:])
            subprocess.Popen(command, stdout=silent, stderr=silent, start_new_session=True)  # noqa: S603 - one of these four
            return


def _platforms() -> Iterator[str]:
    """Yield the names of the plug-ins that Qt will try, in its order."""
    wanted = os.environ.get("QT_QPA_PLATFORM", "")
    if wanted:
        yield from (part.split(":")[0] for part in wanted.split(";"))
        return
    if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland":
        yield "wayland"
    yield "xcb"


def _load_plugin(name: str) -> None:
    """Load a platform plug-in as Qt will; the libraries it needs come with it."""
    from PySide6.QtCore import QLibraryInfo

    folders = [Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms"]
    folders += [Path(part) for part in os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH", "").split(":") if part]
    plugins = {path.stem.removeprefix("libq"): path for folder in folders for path in folder.glob("libq*.so")}
    # One plug-in may go by several names, and Qt has shipped it under several: wayland, wayland-egl, wayland-generic.
    found = [path for key, path in plugins.items() if key.split("-")[0] == name.lower().split("-")[0]]
    if not found:
        raise AppError(
            f"No window can be opened: Qt has no platform called “{name}”.",
            f"Unset the variable QT_QPA_PLATFORM, or set it to one of: {', '.join(sorted(plugins))}.",
        )
    try:
        ctypes.CDLL(str(found[0]))
    except OSError as error:
        raise missing_library(error) from error


def _connect(name: str) -> None:
    """Raise an `AppError` where the display of a platform does not answer; other platforms need none."""
    if name == "xcb" and not _x_server_answers():
        display = os.environ.get("DISPLAY", "")
        raise AppError(
            f"The display {display or 'of X11'} cannot be reached.",
            f"Check the variables DISPLAY and XAUTHORITY. {_ELSEWHERE}",
        )
    if name == "wayland" and not _wayland_answers():
        raise AppError("The Wayland display cannot be reached.", f"Check the variable WAYLAND_DISPLAY. {_ELSEWHERE}")


def _x_server_answers() -> bool:
    xcb = ctypes.CDLL("libxcb.so.1")  # the plug-in has just loaded it
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    answers = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return answers


def _wayland_answers() -> bool:
    if os.environ.get("WAYLAND_SOCKET"):  # an open connection that was handed to this process
        return True
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "")) / os.environ.get("WAYLAND_DISPLAY", "wayland-0")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
