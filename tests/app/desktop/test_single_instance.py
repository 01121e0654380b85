import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.desktop import single_instance
from app.desktop.single_instance import Listener, Place, Request, hand_over, meeting_place

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [
    pytest.mark.slow,  # as a whole: left out of `make test-fast`
    pytest.mark.skipif(sys.platform == "win32", reason="looks at the socket as a file"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path of its own: that of a socket must not be long."""
    made = Path(tempfile.mkdtemp(prefix="cairn-test-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def place(folder: Path) -> Place:
    return Place(str(folder / "socket"), str(folder / "lock"))


@pytest.fixture
def listener(place: Place, qapp: object) -> Iterator[Listener]:
    made = Listener(place)
    assert made.listen()
    yield made
    made.close()


HAND_OVER = """
import json, sys
from pathlib import Path
from app.desktop import single_instance
server, lock, single_instance.ANSWER_MS, *paths = json.loads(sys.argv[1])
print(single_instance.hand_over(single_instance.Place(server, lock), [Path(path) for path in paths]))
"""


def later_start(place: Place, *paths: Path, answer_ms: int = 3000) -> "subprocess.Popen[str]":
    """Hand paths over in a process of its own."""
    arguments = json.dumps([place.server, place.lock, answer_ms, *map(str, paths)])
    return subprocess.Popen(
        [sys.executable, "-c", HAND_OVER, arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def answer_of(process: "subprocess.Popen[str]", qtbot) -> bool:
    """Wait for the end of a later start, while this process goes on with its events."""
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=20_000)
    with process:
        return {"True\n": True, "False\n": False}[process.communicate()[0]]


def in_thread(function: Callable[[], object], qtbot) -> object:
    """Call ``function`` while the main thread goes on with its events."""
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(function()))
    thread.start()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=10_000)
    return answers[0]


def test_files_reach_the_first_start(listener, place, qtbot, monkeypatch):
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token of the desktop")
    asked: list[Request] = []
    listener.asked.connect(asked.append)
    listener.started()
    strange = [Path("/scans/Müller/头 影.png"), Path(os.fsdecode(b"/scans/\xff\xfe.png")), Path("relative.dcm")]
    starts = [later_start(place, *strange), later_start(place)]
    assert [answer_of(start, qtbot) for start in starts] == [True, True]
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN")
    assert answer_of(later_start(place, *strange[:1] * 3), qtbot)
    asked.sort(key=lambda request: (not request.activation_token, len(request.paths)))
    assert [request.activation_token for request in asked] == ["token of the desktop"] * 2 + [""]
    assert asked[0].paths == ()
    assert asked[1].paths == (*strange[:2], Path.cwd() / "relative.dcm")
    assert asked[2].paths == (strange[0],) * 3


def test_where_nobody_listens_nothing_is_waited_for(place):
    began = time.monotonic()
    assert not hand_over(place, [Path("/scan.png")])
    assert time.monotonic() - began < 1


def test_there_is_only_one_first_start_at_a_time(listener, place, folder, qtbot):
    other = Listener(place)
    assert not other.listen()
    listener.started()
    assert not in_thread(other.listen, qtbot)
    listener.close()
    assert not (folder / "socket").exists()
    assert not hand_over(place)
    assert other.listen()
    other.close()
    assert list(folder.iterdir()) == []


def test_what_a_crash_left_behind_is_no_first_start(place, folder, qapp):
    script = """
import os, sys
from PySide6.QtCore import QCoreApplication
from app.desktop.single_instance import Listener, Place
application = QCoreApplication([])
listener = Listener(Place(*sys.argv[1:]))
os._exit(0 if listener.listen() else 1)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script, place.server, place.lock], check=True, timeout=60, env=environment)
    assert {path.name for path in folder.iterdir()} == {"socket", "lock"}
    assert not hand_over(place)
    listener = Listener(place)
    assert listener.listen()
    listener.close()


def test_a_window_that_hangs_keeps_nobody_from_opening_another(place, monkeypatch, qapp):
    monkeypatch.setattr(single_instance, "ANSWER_MS", 100)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(place.server)
        hanging.listen()
        began = time.monotonic()
        assert not hand_over(place, [Path("/scan.png")])
        assert time.monotonic() - began < 2
        assert not Listener(place).listen()
        assert Path(place.server).exists()


def test_a_window_that_is_only_starting_is_waited_for(listener, place, qtbot):
    asked: list[Request] = []
    listener.asked.connect(asked.append)
    start = later_start(place, Path("/scan.png"), answer_ms=50)
    time.sleep(1)  # no event is handled for many times as long as an answer may take
    assert start.poll() is None
    listener.started()
    assert answer_of(start, qtbot)
    assert asked == [Request((Path("/scan.png"),))]


def test_what_does_not_answer_although_it_is_starting_is_given_up(place, monkeypatch, qapp):
    monkeypatch.setattr(single_instance, "ANSWER_MS", 20)
    monkeypatch.setattr(single_instance, "START_MS", 200)
    listener = Listener(place)
    assert listener.listen()
    assert not hand_over(place)
    listener.close()


def framed(message: object) -> bytes:
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, "big") + body


GOOD = {"version": 1, "paths": ["/scan.png"], "activation_token": ""}


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (framed(GOOD), b"+"),
        (framed({**GOOD, "version": 2}), b"-"),
        (framed({**GOOD, "paths": [1]}), b"-"),
        (framed({**GOOD, "paths": "/scan.png"}), b"-"),
        (framed({"version": 1, "paths": []}), b"-"),
        (framed([GOOD]), b"-"),
        (b"\0\0\0\4\xff\xfe{]", b"-"),
        (b"\xff\xff\xff\xff", b"-"),
    ],
)
def test_only_a_whole_message_of_this_version_is_taken(listener, place, qtbot, sent, answer):
    asked: list[Request] = []
    listener.asked.connect(asked.append)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(place.server)
        client.sendall(sent[:3])
        qtbot.wait(20)
        assert asked == []
        client.sendall(sent[3:])
        assert in_thread(lambda: client.recv(10), qtbot) == answer
    assert len(asked) == (answer == b"+")


def test_who_leaves_before_the_end_asks_for_nothing(listener, place, qtbot):
    asked: list[Request] = []
    listener.asked.connect(asked.append)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(place.server)
        client.sendall(framed(GOOD)[:-1])
    qtbot.wait(50)
    assert asked == []
    assert listener._received == {}


def test_who_has_given_up_waiting_asks_for_nothing(listener, place, qtbot):
    asked: list[Request] = []
    listener.asked.connect(asked.append)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(place.server)
        client.sendall(framed(GOOD))
    qtbot.wait(50)
    assert asked == []
    assert listener._received == {}


def test_more_paths_than_a_message_holds_are_not_sent(listener, place):
    assert not hand_over(place, [Path("/" + "x" * 250)] * 5000)


@pytest.fixture
def screen(folder, monkeypatch) -> Path:
    """A session with a display, and a private folder as systemd gives it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.mark.parametrize(
    ("name", "value", "same"),
    [
        ("DISPLAY", ":0.0", True),
        ("LANG", "C", True),
        ("DISPLAY", ":1", False),
        ("DISPLAY", "localhost:0", False),
        ("WAYLAND_DISPLAY", "wayland-0", False),
        ("QT_QPA_PLATFORM", "offscreen", False),
    ],
)
def test_every_screen_has_a_place_of_its_own(screen, monkeypatch, name, value, same):
    before = meeting_place()
    assert before is not None
    assert Path(before.server).parent == Path(before.lock).parent == screen
    monkeypatch.setenv(name, value)
    assert (meeting_place() == before) is same


def test_another_installation_meets_elsewhere(screen, monkeypatch):
    before = meeting_place()
    monkeypatch.setattr(sys, "prefix", "/opt/other")
    assert meeting_place() != before


def test_without_a_private_runtime_folder_one_is_made(screen, monkeypatch):
    open_to_all = screen / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(open_to_all))
    monkeypatch.setattr(tempfile, "tempdir", str(screen))
    place = meeting_place()
    assert place is not None
    own = Path(place.server).parent
    assert own.parent == screen
    assert own != open_to_all
    assert own.stat().st_mode & 0o777 == 0o700


def test_the_present_folder_is_not_littered(screen, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(screen))
    monkeypatch.chdir(screen)
    assert meeting_place() is None
    assert list(screen.iterdir()) == []


@pytest.mark.parametrize("spoil", ["link", "open", "no folder"])
def test_a_folder_that_others_could_have_made_is_not_trusted(screen, monkeypatch, spoil):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(screen))
    own = screen / f"cairn-{os.getuid()}"
    if spoil == "link":
        (screen / "elsewhere").mkdir(mode=0o700)
        own.symlink_to(screen / "elsewhere")
    elif spoil == "open":
        own.mkdir()
        own.chmod(0o777)
    else:
        own.write_text("")
    assert meeting_place() is None


def test_a_second_start_is_over_before_anything_slow_is_loaded(screen, qtbot, qapp, monkeypatch, tmp_path):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    place = meeting_place()
    assert place is not None
    listener = Listener(place)
    assert listener.listen()
    listener.started()
    asked: list[Request] = []
    listener.asked.connect(asked.append)
    (tmp_path / "scan.png").touch()
    script = """
import sys
from app.commands import cli
code = cli.run(["scan.png"])
print(code, sorted({"torch", "PySide6.QtWidgets", "pyqtgraph", "SimpleITK", "pydicom"} & set(sys.modules)))
"""

    def start() -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", script]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    done = in_thread(start, qtbot)
    listener.close()
    assert (done.stdout, done.stderr) == ("0 []\n", "")
    assert asked == [Request((tmp_path / "scan.png",))]
