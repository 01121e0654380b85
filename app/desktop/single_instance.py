"""One window for each person and screen: a later start hands its files to the first one and ends.

Owns the meeting place (a local socket and a lock that only this person can reach) and what is said there. Opens no file, knows
no window, and imports neither torch nor Qt's widgets, so that the later start is over at once.
"""

import ctypes
import hashlib
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PROTOCOL_VERSION = 1
LARGEST_MESSAGE_BYTES = 1 << 20
ANSWER_MS = 3000
"""A window that has not answered by then hangs; while torch is loaded from a cold disk it is silent for a second or two."""
START_MS = 20_000
"""As long may the first start take until its window answers."""
_RETRY_MS = 50
_LENGTH_BYTES = 4
_ACCEPTED, _REFUSED = b"+", b"-"


@dataclass(frozen=True)
class Place:
    """Where the starts of one person on one screen meet.

    Attributes
    ----------
    server
        Name of the local socket: a path, or a pipe's name on Windows.
    lock
        File whose lock is held from the first start until its window answers.
    """

    server: str
    lock: str


@dataclass(frozen=True)
class Request:
    """What a later start asks for.

    Attributes
    ----------
    paths
        Absolute paths to open, none where the window shall only come to the front.
    activation_token
        What allows the window to come to the front under Wayland; else empty.
    """

    paths: tuple[Path, ...] = ()
    activation_token: str = ""


def meeting_place() -> Place | None:
    """Return the place of this person, screen and installation; None where nothing private can be had.

    The screen belongs to it: a window on another display, over ssh or in no display at all, would be raised unseen.
    """
    folder = _private_folder()
    if folder is None:
        return None
    identity = "\n".join([_person(), sys.prefix, *_screen()])
    name = f"cairn-{hashlib.sha256(identity.encode(errors='surrogateescape')).hexdigest()[:16]}"
    server = name if sys.platform == "win32" else str(folder / name)
    return Place(server, str(folder / f"{name}.lock"))


def hand_over(place: Place, paths: Sequence[Path] = ()) -> bool:
    """Hand files to the window that is already open; tell whether it took them.

    False means that there is none, or that it hangs, or is of a version that speaks otherwise. A window that is only just
    starting is waited for.
    """
    if sys.platform == "win32":
        # Windows lets only the program that a person has just started bring a window to the front; it may pass that on.
        ctypes.windll.user32.AllowSetForegroundWindow(-1)
    token = os.environ.get("XDG_ACTIVATION_TOKEN", "")
    message = _framed(Request(tuple(path.absolute() for path in paths), token))
    if len(message) > LARGEST_MESSAGE_BYTES:
        return False
    deadline = time.monotonic() + START_MS / 1000
    while time.monotonic() < deadline:
        socket = QLocalSocket()
        socket.connectToServer(place.server)
        if socket.waitForConnected(ANSWER_MS):
            return _ask(socket, message, place, deadline)
        if not _is_starting(place):
            return False
        time.sleep(_RETRY_MS / 1000)
    return False


class Listener(QObject):
    """The first start's end of the meeting place; lives in the main thread.

    Parameters
    ----------
    place
        Where later starts look.
    """

    asked = Signal(object)
    """Carries the `Request` of a later start, which has been told that it was taken."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._lock = QLockFile(place.lock)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        self._received: dict[QLocalSocket, bytes] = {}

    def listen(self) -> bool:
        """Become the first; False where another start is it, or the system allows no socket.

        Until `started` is called, later starts wait for an answer.
        """
        if not self._lock.tryLock(4 * _RETRY_MS):  # another start may hold it for a moment, only to look
            return False
        probe = QLocalSocket()
        probe.connectToServer(self._place.server)
        if probe.waitForConnected(ANSWER_MS):
            probe.abort()
            self._lock.unlock()
            return False
        QLocalServer.removeServer(self._place.server)  # nobody answers there: it was left over by a crash
        if not self._server.listen(self._place.server):
            self._lock.unlock()
            return False
        return True

    def started(self) -> None:
        """Say that events are handled from now on: who gets no answer may believe that this window hangs."""
        self._lock.unlock()

    def close(self) -> None:
        """Answer nobody any more; the next start is a first one."""
        self._server.close()
        for socket in list(self._received):
            socket.abort()
        self._lock.unlock()

    def _welcome(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._received[socket] = b""
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(lambda socket=socket: self._forget(socket))
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket not in self._received:
            return
        self._received[socket] += bytes(socket.readAll().data())
        received = self._received[socket]
        if len(received) < _LENGTH_BYTES:
            return
        length = int.from_bytes(received[:_LENGTH_BYTES], "big")
        if length <= LARGEST_MESSAGE_BYTES and len(received) < _LENGTH_BYTES + length:
            return
        request = None if length > LARGEST_MESSAGE_BYTES else _request(received[_LENGTH_BYTES:])
        self._received[socket] = b""
        socket.write(QByteArray(_REFUSED if request is None else _ACCEPTED))
        socket.flush()
        # Who did not wait any longer has opened a window of its own by now.
        is_told = socket.state() is QLocalSocket.LocalSocketState.ConnectedState
        socket.disconnectFromServer()
        if request is not None and is_told:
            self.asked.emit(request)

    def _forget(self, socket: QLocalSocket) -> None:
        if self._received.pop(socket, None) is not None:
            socket.deleteLater()


def _ask(socket: QLocalSocket, message: bytes, place: Place, deadline: float) -> bool:
    """Send a message and wait for the answer, longer while the window is only starting."""
    socket.write(QByteArray(message))
    answered, may_answer = False, True
    while not answered and may_answer and time.monotonic() < deadline:
        may_answer = _is_starting(place)  # asked before waiting: what starts meanwhile gets its time to answer, too
        answered = socket.waitForReadyRead(ANSWER_MS) or socket.bytesAvailable() > 0
    accepted = answered and bytes(socket.read(1).data()) == _ACCEPTED
    socket.abort()
    return accepted


def _is_starting(place: Place) -> bool:
    """Tell whether some first start holds the lock, and so is not yet able to answer."""
    lock = QLockFile(place.lock)
    if lock.tryLock(0):
        lock.unlock()
        return False
    return lock.error() is QLockFile.LockError.LockFailedError


def _framed(request: Request) -> bytes:
    """Return the message's length and the message; names that are no UTF-8 survive as escaped surrogates."""
    message = {
        "version": PROTOCOL_VERSION,
        "paths": [str(path) for path in request.paths],
        "activation_token": request.activation_token,
    }
    body = json.dumps(message).encode("ascii")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def _request(body: bytes) -> Request | None:
    """Return what a message asks for, None where it is of another version or none at all."""
    try:
        message = json.loads(body)
    except ValueError:
        return None
    if not isinstance(message, dict) or message.get("version") != PROTOCOL_VERSION:
        return None
    paths, token = message.get("paths"), message.get("activation_token")
    if not isinstance(token, str) or not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        return None
    return Request(tuple(Path(path) for path in paths), token)


def _person() -> str:
    return os.environ.get("USERNAME", "") if sys.platform == "win32" else str(os.getuid())


def _screen() -> list[str]:
    """Return what names the screen: on Windows the desktop session, of which a person may have several at once."""
    if sys.platform == "win32":
        session = ctypes.c_ulong()
        ctypes.windll.kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(session))
        return [str(session.value)]
    host, colon, number = os.environ.get("DISPLAY", "").rpartition(":")
    without_screen = number.split(".")[0]  # :0 and :0.0 are the same display
    others = (os.environ.get(name, "") for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    return [f"{host}{colon}{without_screen}", *others]


def _private_folder() -> Path | None:
    """Return a folder that nobody else can look or write into; None where there is none."""
    try:
        if sys.platform == "win32":
            return Path(tempfile.gettempdir())
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        if runtime and _is_private(Path(runtime)):
            return Path(runtime)
        temporary = Path(tempfile.gettempdir())
        if temporary == Path.cwd():  # Python's last resort, where a person keeps images
            return None
        folder = temporary / f"cairn-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder if _is_private(folder) else None
    except OSError:
        return None


def _is_private(folder: Path) -> bool:
    """Tell whether a folder, and no link to one, is this person's alone and can be written to."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    mine = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
    return mine and os.access(folder, os.W_OK)
