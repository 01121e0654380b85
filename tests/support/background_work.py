"""Stand-ins for what a child process does with an image: it reads nothing and does what the name of the file says."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType

import numpy as np

from app.desk.background import Background
from app.desk.crew_plan import CrewPlan
from app.desk.events import Cancelled, Done, Event, Failed, Overall, Started
from core.base.errors import Cancelled as StoppedByPerson
from core.base.errors import InferenceError
from core.models.image_task import ImageAnswer, ImageTask
from core.values.grid import Grid
from core.values.image import ImageSource
from core.values.landmarks import Landmarks

WORK = "tests.support.background_work:WorkByName"
GATE = "go"
"""What is called ``gated`` goes on once a file of this name lies beside it."""


def make_answer(path: Path) -> ImageAnswer:
    """Make an answer whose model is called as the process that worked on it."""
    return ImageAnswer(
        landmarks=Landmarks(("A",), np.array([[1.0, 2.0]])),
        grid=Grid.from_spacing((4, 3), 0.5),
        source=ImageSource(path, "ab" * 32),
        model=str(os.getpid()),
        model_sha256="cd" * 32,
        device="cpu",
        elapsed_s=0.0,
        warnings=(),
        thumbnail=np.zeros((4, 3), np.uint8),
    )


class WorkByName:
    """Dies, fails, waits or answers, by the first word of the file's name."""

    def __init__(self, cores: int) -> None:
        self.cores = cores

    def prepare(self) -> str:
        return "cpu"

    def stored_bytes(self, task: ImageTask) -> int:
        return 10**9 if task.path.name.startswith("huge") else 1

    def read(self, task: ImageTask, should_stop: Callable[[], bool]) -> Path:
        if task.path.name.startswith("unreadable"):
            os.kill(os.getpid(), signal.SIGKILL)
        return task.path

    def needed_bytes(self, task: ImageTask, read: Path) -> int:
        return 10**12 if task.path.name.startswith("needy") else 1

    def is_large(self, task: ImageTask, read: Path) -> bool:
        return task.path.name.startswith("large")

    def run(
        self, task: ImageTask, read: Path, progress: Callable[[float, str], None], should_stop: Callable[[], bool]
    ) -> ImageAnswer:
        assert read == task.path
        progress(0.5, "Half")
        name, folder = task.path.name.split("-")[0], task.path.parent
        self._log(task, "begun")
        if name in ("killed", "crashing"):
            os.kill(os.getpid(), signal.SIGKILL if name == "killed" else signal.SIGSEGV)
        elif name == "weak" and not (folder / "recovered").exists():
            (folder / "recovered").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        elif name == "hungry" and not (folder / "fed").exists():
            (folder / "fed").touch()
            raise MemoryError
        elif name == "failing" and not (folder / "mended").exists():
            raise InferenceError("It is empty.", "Use another.")
        elif name == "buggy":
            raise KeyError("nobody thought of it")
        elif name == "deaf":
            (folder / "deaf has begun").touch()
            time.sleep(60)
        elif name == "gated":
            while not (folder / GATE).exists():
                if should_stop():
                    raise StoppedByPerson("Stopped.")
                time.sleep(0.005)
        self._log(task, "ended")
        return make_answer(task.path)

    def _log(self, task: ImageTask, what: str) -> None:
        if task.path.parent.exists():
            with (task.path.parent / "log").open("a") as stream:
                stream.write(f"{what} {task.path.name}\n")


class GpuWork(WorkByName):
    """The same where the networks run on a GPU."""

    def prepare(self) -> str:
        return "cuda"


class NoWork(WorkByName):
    """What never gets so far that it could work."""

    def prepare(self) -> str:
        os._exit(3)


class Watched:
    """A background whose events are kept, and which ends with the with block."""

    def __init__(self, folder: Path, children: int = 2, work_name: str = WORK, idle_s: float = 60.0) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self._queue: Queue[Event] = Queue()
        plan = CrewPlan(children, cores=7, share_bytes=1e9)
        self.background = Background(self._queue.put, plan, work_name=work_name, idle_s=idle_s)

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.background.close()

    def submit(self, *names: str, priority: int = 0) -> None:
        """Submit files by their names, which are the keys too."""
        self.background.submit([(name, ImageTask(self.folder / name)) for name in names], priority)

    def until(self, wanted: Callable[[Event], bool], timeout_s: float = 60.0) -> Event:
        """Wait for an event."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                event = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"it never came; what came: {self.events[-20:]}") from None
            self.events.append(event)
            if wanted(event):
                return event

    def until_started(self, name: str) -> None:
        self.until(lambda event: event == Started(name))

    def finish(self) -> Overall:
        """Wait until nothing is left to do."""
        overall = self.until(lambda event: isinstance(event, Overall) and not event.busy)
        assert isinstance(overall, Overall)
        return overall

    def open_gate(self) -> None:
        (self.folder / GATE).touch()

    def ends(self) -> dict[str, str]:
        """Return what became of each: done, failed or cancelled."""
        kinds = {Done: "done", Failed: "failed", Cancelled: "cancelled"}
        return {
            str(event.key): kinds[type(event)] for event in self.events if isinstance(event, Done | Failed | Cancelled)
        }

    def order(self) -> list[str]:
        """Return the names in the order in which they were begun."""
        return [str(event.key) for event in self.events if isinstance(event, Started)]

    def failure(self, name: str) -> Failed:
        return next(event for event in self.events if isinstance(event, Failed) and event.key == name)

    def worked(self) -> list[str]:
        """Return the names in the order in which they came to a good end."""
        return [name for what, name in self.log() if what == "ended"]

    def log(self) -> list[tuple[str, str]]:
        """Return what was begun and what ended, with the names."""
        lines = (self.folder / "log").read_text().splitlines()
        return [(what, name) for what, name in map(str.split, lines)]

    def assert_alone(self, *names: str) -> None:
        """Check that nothing else ran beside these at their last, good end."""
        log = self.log()
        for name in names:
            at = max(number for number, line in enumerate(log) if line == ("begun", name))
            assert log[at + 1] == ("ended", name)
            for other in {each for _, each in log} - {name}:
                ends = [number for number, line in enumerate(log) if line == ("ended", other)]
                begins = [number for number, line in enumerate(log) if line == ("begun", other)]
                assert (max(begins) < at) == (ends[0] < at)
