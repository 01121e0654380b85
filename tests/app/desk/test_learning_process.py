"""The process that learns, as its parent sees it, with a script in its place that tells the same."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import psutil
import pytest

from app.desk.learning_process import Ended, LearningProcess, LearningTask, learn_command
from core.base.errors import AppError
from core.learning.course_events import Begin, Done, Event, Failed, Step, Stopped
from tests.support import learning_script

pytestmark = pytest.mark.slow  # starts processes


class Followed:
    """A process whose events are kept."""

    def __init__(self, *ways: str, out: Path) -> None:
        self.queue: Queue[Event | Ended] = Queue()
        self.events: list[Event | Ended] = []
        command = [sys.executable, learning_script.__file__, ",".join(ways), str(out)]
        self.process = LearningProcess(command, self.queue.put)

    def until(self, kind: type) -> object:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.events.append(self.queue.get(timeout=max(0.0, deadline - time.monotonic())))
            except Empty:
                raise AssertionError(f"it never came; what came: {self.events[-5:]}") from None
            if isinstance(self.events[-1], kind):
                return self.events[-1]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "wing 1.pt"


@pytest.fixture
def gated(out: Path) -> Iterator[Followed]:
    followed = Followed("gated", out=out)
    yield followed
    followed.process.kill()
    followed.process.leave()


def test_it_tells_everything_in_order_and_at_last_how_it_ended(out: Path) -> None:
    followed = Followed("done", "noise", out=out)
    assert followed.until(Ended) == Ended(0)
    kinds = [type(event).__name__ for event in followed.events]
    assert kinds == ["Begin", "Reading", "Plan", "Calibrating", "Writing", "Done", "Ended"]
    assert out.is_file()


def test_stopping_keeps_what_was_learnt(gated: Followed, out: Path) -> None:
    gated.until(Step)
    gated.process.stop()
    done = gated.until(Done)
    assert isinstance(done, Done)
    assert done.stopped_early
    assert gated.until(Ended) == Ended(0)
    gated.process.stop()  # too late, and no matter


def test_it_rests_and_goes_on(gated: Followed) -> None:
    gated.until(Step)
    gated.process.pause()
    process = psutil.Process(gated.process.pid)
    while process.status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    while not gated.queue.empty():
        gated.queue.get()
    gated.process.resume()
    gated.until(Step)


def test_whoever_leaves_lets_it_save_also_while_it_rests(gated: Followed, out: Path) -> None:
    gated.until(Step)
    gated.process.pause()
    gated.process.leave()
    assert gated.until(Stopped) == Stopped(resumable=True)
    assert gated.until(Ended) == Ended(0)
    again = Followed("gated", out=out)
    begin = again.until(Begin)
    assert isinstance(begin, Begin)
    assert begin.resumed
    again.process.leave()


def test_one_that_does_not_listen_is_killed(out: Path) -> None:
    followed = Followed("deaf", out=out)
    followed.until(Begin)
    followed.process.leave(timeout_s=0.2)
    ended = followed.until(Ended)
    assert isinstance(ended, Ended)
    assert ended.code != 0
    assert not psutil.pid_exists(followed.process.pid)


def test_others_go_first(gated: Followed) -> None:
    gated.until(Step)
    assert psutil.Process(gated.process.pid).nice() > psutil.Process().nice() or psutil.Process().nice() >= 10


def test_what_fails_says_so(out: Path) -> None:
    followed = Followed("failed", out=out)
    assert followed.until(Failed) == Failed(
        sentence="There are 2 marked cases.", hint="At least 5 are needed; better 20."
    )
    assert followed.until(Ended) == Ended(2)


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="cannot be started"):
        LearningProcess([str(tmp_path / "nothing")], lambda _: None)


def test_the_command_is_this_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = LearningTask(tmp_path / "a.cairn", tmp_path / "m 1.pt", 30.0, tmp_path / "old.pt")
    command = learn_command(task)
    assert command[0] == sys.executable
    rest = command[command.index("learn") :]
    assert rest[:4] == ["learn", str(task.cases), "--minutes", "30"]
    assert rest[4:9] == ["--from", str(task.start), "--out", str(task.out), "--json"]
    assert int(rest[rest.index("--threads") + 1]) >= 1
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert learn_command(LearningTask(tmp_path / "a.cairn", tmp_path / "m.pt", 10))[1] == "learn"
    assert task.work_folder == tmp_path / "m 1.learning"
