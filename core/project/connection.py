"""Opens the SQLite file of a project safely, and turns what SQLite complains of into sentences.

One window writes a project; others see it read-only. Write-ahead logging on a local disk, a rollback journal on a network drive,
where write-ahead logging loses data (https://sqlite.org/wal.html). Knows no cases and no readings.
"""

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from core.base.errors import ProjectError, ProjectUnavailable
from core.base.files import reason_of
from core.project.schema import APPLICATION_ID, MIGRATIONS, VERSION

_NETWORK = frozenset(
    (
        "9p", "afpfs", "afs", "cifs", "coda", "davfs", "fuse.davfs2", "fuse.gvfsd-fuse", "fuse.rclone", "fuse.sshfs", "ncpfs",
        "nfs", "nfs4", "smb2", "smb3", "smbfs", "vboxsf",
    )
)  # fmt: skip
_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)
_WAIT_S = 5.0
"""How long a writer waits for another process that writes just now."""


class Connection:
    """The open file of a project, for every thread of this process.

    Parameters
    ----------
    path
        The file. It is made where ``create`` is true, which refuses one that is there already.
    read_only
        Whether nothing shall be written.

    Attributes
    ----------
    path
        The file.
    read_only_because
        The sentence that says why nothing can be written; empty where it can.

    Raises
    ------
    ProjectError
        There is no such file, it is no project or a damaged one, a newer Cairn made it, or it cannot be made.
    """

    def __init__(self, path: Path, *, create: bool = False, read_only: bool = False) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - a link stays a link
        self.read_only_because = "It was opened to be looked at only." if read_only else ""
        self._lock = threading.RLock()
        self._guard: BaseFileLock | None = None
        self._open_file: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        if create:
            self._require_free()
        elif not self.path.is_file():
            raise ProjectError(f"There is no project {self.path}.", "Check the name, or make it anew.")
        else:
            _require_sqlite(self.path)
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            if not read_only:
                self._take(create=create)
            if create:
                self._migrate(0)
            else:
                self._require_version()
            on_failure.pop_all()

    def close(self) -> None:
        """Let the file go; does nothing where that was done already."""
        with self._lock:
            if self._open_file is not None:
                self._open_file.close()
                self._open_file = None
            if self._guard is not None:
                self._guard.release()
                _remove(Path(self._guard.lock_file))
                self._guard = None

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written."""
        return bool(self.read_only_because)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the file for questions that change nothing."""
        with self._lock, self._explained():
            yield self._connected()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the file for changes, all of which happen or none.

        Raises
        ------
        ProjectUnavailable
            The disk does not take it now. Nothing was changed.
        ProjectError
            The project is read-only, or damaged.
        """
        if self.read_only:
            raise ProjectError(f"{self.path.name} cannot be changed. {self.read_only_because}", "Save a copy of it.")
        with self._lock, self._explained():
            file = self._connected()
            if file.in_transaction:  # a part of a larger one
                yield file
                return
            self._require_same_file()
            file.execute("BEGIN IMMEDIATE")
            with ExitStack() as on_failure:
                on_failure.callback(self._take_back, file)
                yield file
                file.execute("COMMIT")
                on_failure.pop_all()

    def _require_same_file(self) -> None:
        """Refuse to write to a file that nobody finds any more, since it was moved or deleted while it was open."""
        try:
            found = self.path.stat()
        except OSError:
            found = None
        if self._identity is None and found is not None:
            self._identity = found.st_dev, found.st_ino
        elif found is None or (self._identity != (found.st_dev, found.st_ino) and not is_on_network(self.path)):
            raise ProjectUnavailable(
                f"{self.path.name} was moved or deleted while it was open.",
                "Put it back where it was, or save the project under another name.",
            )

    def _take_back(self, file: sqlite3.Connection) -> None:
        try:
            if file.in_transaction:
                file.execute("ROLLBACK")
        except sqlite3.Error:
            self._let_go()

    def _connected(self) -> sqlite3.Connection:
        """Return the open file, opened anew where the disk was away."""
        if self._open_file is None:
            self._open_file = _connect(self.path, read_only=self.read_only)
        return self._open_file

    def _let_go(self) -> None:
        if self._open_file is not None:
            with suppress(sqlite3.Error):  # the disk may be away
                self._open_file.close()
            self._open_file = None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if isinstance(error, sqlite3.OperationalError):
                self._let_go()  # what SQLite remembers of a file whose disk was away may be wrong
            raise _explanation(self.path, error) from error

    # Opening

    def _require_free(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("xb"):
                pass
        except FileExistsError as error:
            raise ProjectError(f"There is already a file {self.path}.", "Choose another name, or open it.") from error
        except OSError as error:
            raise ProjectError(
                f"The project {self.path} cannot be made ({reason_of(error)}).", "Choose another folder."
            ) from error

    def _take(self, *, create: bool) -> None:
        """Become the one process that writes, or read-only with the reason."""
        guard = FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=0)
        try:
            guard.acquire()
            self._guard = guard
        except Timeout:
            self.read_only_because = "It is open in another window, or a command is at work on it."
        except (NotImplementedError, OSError):
            if not os.access(self.path.parent, os.W_OK):
                self.read_only_because = "Nothing can be written to its folder."
        if not self.read_only and not os.access(self.path, os.W_OK):
            self.read_only_because = "The file is write-protected."
        if self.read_only and create:
            raise ProjectError(f"The project {self.path} cannot be made. {self.read_only_because}")

    def _require_version(self) -> None:
        with self.reading() as file:
            (application,) = file.execute("PRAGMA application_id").fetchone()
            (version,) = file.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise ProjectError(f"{self.path.name} is a database of another program.", "Choose a project of Cairn.")
        if version > VERSION:
            raise ProjectError(
                f"{self.path.name} was made by a newer Cairn.", "Install the newest version and try again."
            )
        if version < VERSION:
            self._back_up(version)
            self._migrate(version)

    def _back_up(self, version: int) -> None:
        """Keep what an older Cairn can still read."""
        copy = self.path.with_name(f"{self.path.stem}.version-{version}{self.path.suffix}")
        try:
            with closing(sqlite3.connect(copy)) as target, self.reading() as file:
                file.backup(target)
        except (OSError, sqlite3.Error) as error:
            raise ProjectError(
                f"{self.path.name} was made by an older Cairn, and no copy of it can be kept beside it before it is "
                "brought up to date.",
                "Make room on the disk, or copy it elsewhere, and try again.",
            ) from error

    def _migrate(self, version: int) -> None:
        with self.transaction() as file:
            _bring_up_to_date(file, version)
            file.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _bring_up_to_date(file: sqlite3.Connection, version: int) -> None:
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in _statements(statements):
            file.execute(statement)
        file.execute(f"PRAGMA user_version = {number}")


def _statements(text: str) -> Iterator[str]:
    """Give the statements of a script one by one: SQLite's own `executescript` ends a transaction."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if not read_only:
        return _configured(path, "mode=rw")
    try:
        file = _configured(path, "mode=ro")
    except sqlite3.OperationalError:
        if os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists():
            raise
        file = _configured(path, "immutable=1")  # even a reader of a write-ahead log makes a file beside it
    return _readable(file)


def _readable(file: sqlite3.Connection) -> sqlite3.Connection:
    """Return a file that is only looked at: of one by an older Cairn, which stays as it is, an up-to-date copy in memory."""
    with ExitStack() as on_failure:
        on_failure.callback(file.close)
        (application,) = file.execute("PRAGMA application_id").fetchone()
        (version,) = file.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID or version >= VERSION:
            on_failure.pop_all()
            return file
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        on_failure.callback(copy.close)
        file.backup(copy)
        _bring_up_to_date(copy, version)
        copy.execute("PRAGMA query_only = ON")
        on_failure.pop_all()
    file.close()
    return copy


def _configured(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.as_uri()}?{how}"
    file = sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
    with ExitStack() as on_failure:
        on_failure.callback(file.close)
        file.execute("PRAGMA foreign_keys = ON")
        file.execute("PRAGMA trusted_schema = OFF")
        file.execute("PRAGMA cell_size_check = ON")
        if how == "mode=rw":
            on_network = is_on_network(path)
            file.execute(f"PRAGMA journal_mode = {'DELETE' if on_network else 'WAL'}")
            file.execute("PRAGMA synchronous = FULL")
        file.execute("PRAGMA cache_size = -65536")  # KiB
        file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        on_failure.pop_all()
    return file


def _require_sqlite(path: Path) -> None:
    """Refuse what is no SQLite file before SQLite touches it; an empty one is none either."""
    try:
        with path.open("rb") as stream:
            beginning = stream.read(16)
    except OSError as error:
        raise ProjectError(
            f"The project {path} cannot be read ({reason_of(error)}).", "Check the disk and its permissions."
        ) from error
    if beginning != b"SQLite format 3\0":
        raise ProjectError(f"{path.name} is no project of Cairn, or it is damaged.", "Choose a .cairn file.")


def _explanation(path: Path, error: sqlite3.Error) -> ProjectError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return ProjectUnavailable(
            f"The disk of {path.name} is full.", "Make room on it; nothing that was saved is lost."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ProjectUnavailable(f"Another program is writing {path.name}.", "Try again in a moment.")
    if code in _PASSING:
        return ProjectUnavailable(f"The disk of {path.name} does not answer.", "Check the drive or the network.")
    if code == sqlite3.SQLITE_READONLY:
        return ProjectUnavailable(
            f"{path.name} cannot be written.", "Check the permissions of the file and its folder."
        )
    if isinstance(error, sqlite3.DatabaseError) and code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return ProjectError(f"{path.name} is damaged.", "Use a copy of it; “cairn project check” says more.")
    return ProjectError(f"{path.name} cannot be used ({error}).", "“cairn project check” says whether it is damaged.")


def is_on_network(path: Path) -> bool:
    """Tell whether a file lies on a drive of another computer, where files cannot be mapped into memory safely."""
    if sys.platform == "win32":
        import ctypes

        anchor = os.path.abspath(path)[:2]  # noqa: PTH100
        remote = 4  # DRIVE_REMOTE
        return anchor == "\\\\" or bool(ctypes.windll.kernel32.GetDriveTypeW(f"{anchor}\\") == remote)
    import psutil

    real = os.path.realpath(path)
    mounts = [part for part in psutil.disk_partitions(all=True) if _is_below(real, part.mountpoint)]
    nearest = max(mounts, key=lambda part: len(part.mountpoint), default=None)
    return nearest is not None and nearest.fstype.lower() in _NETWORK


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _remove(path: Path) -> None:
    with suppress(OSError):  # another process may have it already
        path.unlink(missing_ok=True)
