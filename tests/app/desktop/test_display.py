import ctypes
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from app.desktop import display
from app.desktop.display import has_display, has_screen, missing_library, require_display, require_qt_platform
from core.base.errors import AppError

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [
    pytest.mark.slow,  # as a whole: left out of `make test-fast`
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display"),
]
NAMES = (
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "WAYLAND_SOCKET",
    "XDG_SESSION_TYPE",
    "QT_QPA_PLATFORM",
    "QT_QPA_PLATFORM_PLUGIN_PATH",
)


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """Take away all that names a screen."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return monkeypatch


def test_without_a_name_of_a_screen_there_is_none(bare):
    assert not has_display()
    with pytest.raises(AppError, match="no display") as caught:
        require_display()
    assert "cairn localize" in caught.value.hint


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({}, False),
        ({"QT_QPA_PLATFORM": "offscreen"}, False),
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}, False),
        ({"QT_QPA_PLATFORM": "minimal:enable_fonts"}, False),
        ({"QT_QPA_PLATFORM": "xcb"}, False),
        ({"QT_QPA_PLATFORM": "wayland;xcb"}, False),
        ({"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":0"}, True),
        ({"QT_QPA_PLATFORM": "vnc"}, True),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
    ],
)
def test_a_person_sees_only_windows_on_a_screen(bare, environment, seen):
    for name, value in environment.items():
        bare.setenv(name, value)
    assert has_screen() is seen


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"QT_QPA_PLATFORM": "nonsense"}, ("no platform called “nonsense”", "offscreen")),
        ({"QT_QPA_PLATFORM": "nonsense;rubbish:with=options"}, ("nonsense",)),
        ({"DISPLAY": ":987"}, (":987 cannot be reached", "XAUTHORITY", "cairn localize")),
        ({"QT_QPA_PLATFORM": "xcb"}, ("X11 cannot be reached",)),
        ({"WAYLAND_DISPLAY": "wayland-987"}, ("Wayland display cannot be reached", "WAYLAND_DISPLAY")),
        ({"WAYLAND_DISPLAY": "wayland-987", "DISPLAY": ":987"}, ("Wayland",)),
    ],
)
def test_what_would_end_qt_is_told_beforehand(bare, environment, words):
    for name, value in environment.items():
        bare.setenv(name, value)
    require_display()
    with pytest.raises(AppError) as caught:
        require_qt_platform()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("platform", ["offscreen", "minimal:freetype", "nonsense;OFFSCREEN"])
def test_a_platform_that_needs_no_display_will_do(bare, platform):
    bare.setenv("QT_QPA_PLATFORM", platform)
    require_qt_platform()


def test_a_wayland_display_that_answers_will_do(bare):
    with tempfile.TemporaryDirectory(prefix="cairn-test-") as folder, socket.socket(socket.AF_UNIX) as compositor:
        bare.setenv("XDG_RUNTIME_DIR", folder)
        bare.setenv("WAYLAND_DISPLAY", "wayland-1")
        compositor.bind(f"{folder}/wayland-1")
        compositor.listen()
        require_qt_platform()


def test_x11_will_do_where_wayland_does_not_answer(bare):
    bare.setenv("WAYLAND_DISPLAY", "wayland-987")
    bare.setenv("DISPLAY", ":987")
    bare.setattr(display, "_x_server_answers", lambda: True)
    require_qt_platform()


def test_plugins_from_elsewhere_count(bare, tmp_path):
    (tmp_path / "libqexotic.so").write_bytes(b"")
    bare.setenv("QT_QPA_PLATFORM", "exotic")
    bare.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", str(tmp_path))
    with pytest.raises(AppError, match=r"cannot be loaded .*libqexotic\.so"):
        require_qt_platform()


def test_a_missing_library_is_named_with_its_package(bare):
    bare.setenv("QT_QPA_PLATFORM", "xcb")

    def load(path: str) -> None:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file: No such file or directory")

    bare.setattr(ctypes, "CDLL", load)
    with pytest.raises(AppError, match=r"library libxcb-cursor\.so\.0 is missing") as caught:
        require_qt_platform()
    assert "apt-get install libxcb-cursor0 " in caught.value.hint
    assert "dnf install xcb-util-cursor " in caught.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("libEGL.so.1: cannot open shared object file: No such file or directory", ("libEGL.so.1", "libegl1")),
        ("libxcb-xkb.so.1: cannot open shared object file: No such file", ("apt-get install libxcb-xkb1",)),
        (
            "libnew-thing.so.7: cannot open shared object file: No such file",
            ("libnew-thing.so.7 is missing", "package"),
        ),
        ("DLL load failed while importing QtGui", ("DLL load failed while importing QtGui", "again")),
    ],
)
def test_why_qt_cannot_be_loaded(text, words):
    error = missing_library(ImportError(text))
    for word in words:
        assert word in str(error)


def test_every_library_that_the_set_up_installs_is_known():
    script = (ROOT / "packaging" / "setup_environment.sh").read_text(encoding="utf-8")
    listed = dict(line.split() for line in script.split('QT_LIBRARIES="')[1].split('"')[0].splitlines() if line)
    assert "libxcb-cursor.so.0" in listed
    assert {name: display._PACKAGES[name][0] for name in listed} == listed


def test_a_display_that_cannot_be_reached_ends_the_program_with_a_sentence(bare):
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    done = subprocess.run(
        [sys.executable, "-c", "from app.commands.cli import main; main()"],
        env={**environment, "DISPLAY": ":987", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("cairn: The display :987 cannot be reached.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("started_by_desktop", [True, False])
def test_what_no_terminal_shows_is_told_by_a_program_of_the_desktop(bare, tmp_path, started_by_desktop):
    """The whole way: a desktop entry starts Cairn, the display does not answer, and there is a ``zenity``."""
    program, told = tmp_path / "zenity", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nfor word; do echo "$word"; done > "{told}.part"\nmv "{told}.part" "{told}"\n')
    program.chmod(0o755)
    environment = os.environ | {"DISPLAY": ":987", "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"DESKTOP_STARTUP_ID": "1" if started_by_desktop else ""}
    command = [sys.executable, "-c", "from app.commands.cli import main; main()"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    deadline = time.monotonic() + (10 if started_by_desktop else 0.5)
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert told.exists() == started_by_desktop
    assert not started_by_desktop or "--text=The display :987 cannot be reached." in told.read_text()
