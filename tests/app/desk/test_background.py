import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from app.desk import dispatcher
from app.desk.crew_plan import CrewPlan
from app.desk.events import Cancelled, Done, Failed, Overall, Started
from app.desk.worker import Ended, Stopped
from core.models.image_task import ImageTask
from tests.support.background_work import GATE, Watched

ROOT = Path(__file__).resolve().parents[3]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals as on Linux and macOS")


def workers() -> list[psutil.Process]:
    """Return the child processes that work, not what multiprocessing keeps beside them."""
    return [child for child in psutil.Process().children() if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_every_image_is_answered_and_progress_adds_up(tmp_path):
    names = [f"plain-{number}" for number in range(9)]
    with Watched(tmp_path) as watched:
        watched.submit(*names)
        overall = watched.finish()
    assert watched.ends() == dict.fromkeys(names, "done")
    assert overall == Overall(done=9, fraction=1.0, left_s=0.0)
    told = [event for event in watched.events if isinstance(event, Overall)]
    assert all(each.total == 9 for each in told)
    assert [each.fraction for each in told] == sorted(each.fraction for each in told)
    assert workers() == []


def test_all_events_come_from_one_thread_and_answers_are_read_only(tmp_path):
    threads = set()
    with Watched(tmp_path) as watched:
        put = watched.background._on_event
        watched.background._on_event = lambda event: (threads.add(threading.current_thread()), put(event))
        watched.submit("plain-1", "plain-2")
        done = watched.until(lambda event: isinstance(event, Done))
        watched.finish()
    assert len(threads) == 1
    assert threads != {threading.main_thread()}
    arrays = (done.answer.landmarks.points_mm, done.answer.grid.mm_from_index, done.answer.thumbnail)
    assert not any(array.flags.writeable for array in arrays)
    assert done.answer.model != str(os.getpid())


@posix
@pytest.mark.slow
@pytest.mark.parametrize(
    ("poison", "manner"), [("killed", "SIGKILL"), ("crashing", "SIGSEGV"), ("unreadable", "SIGKILL")]
)
def test_a_child_that_dies_costs_one_image(tmp_path, poison, manner):
    names = [f"plain-{number}" for number in range(6)]
    with Watched(tmp_path) as watched:
        watched.submit(*names[:3], poison, *names[3:])
        overall = watched.finish()
        assert watched.ends() == {**dict.fromkeys(names, "done"), poison: "failed"}
        assert (overall.done, overall.failed) == (6, 1)
        failure = watched.failure(poison)
        assert failure.kind == ""
        assert "ended twice" in failure.sentence
        assert manner in failure.sentence
        watched.submit("plain-6")
        watched.until(lambda event: isinstance(event, Done) and event.key == "plain-6")


@posix
def test_what_died_by_chance_is_done_when_it_is_alone(tmp_path):
    with Watched(tmp_path) as watched:
        watched.submit("plain-1", "weak-1", "plain-2")
        watched.finish()
        assert watched.ends() == dict.fromkeys(("plain-1", "weak-1", "plain-2"), "done")
        assert watched.order().count("weak-1") == 2
        watched.assert_alone("weak-1")


def test_lack_of_memory_is_tried_again_alone(tmp_path):
    with Watched(tmp_path) as watched:
        watched.submit("hungry-1", "plain-1")
        watched.finish()
        assert watched.ends() == {"hungry-1": "done", "plain-1": "done"}
        watched.assert_alone("hungry-1")


@pytest.mark.parametrize("size", ["large", "needy", "huge"])
def test_large_images_run_alone(tmp_path, size):
    with Watched(tmp_path, children=3) as watched:
        watched.submit("plain-1", f"{size}-1", "plain-2", f"{size}-2", "plain-3")
        watched.finish()
    assert len(watched.ends()) == 5
    watched.assert_alone(f"{size}-1", f"{size}-2")


def test_failures_have_their_sentence_and_can_be_retried(tmp_path):
    with Watched(tmp_path) as watched:
        watched.submit("failing-1", "buggy-1", "plain-1")
        overall = watched.finish()
        assert (overall.done, overall.failed) == (1, 2)
        assert watched.failure("failing-1") == Failed("failing-1", "It is empty. Use another.", "InferenceError")
        assert "KeyError" in watched.failure("buggy-1").sentence
        assert "nobody thought of it" in watched.failure("buggy-1").details
        (tmp_path / "mended").touch()
        watched.background.retry(["failing-1"])
        watched.until(lambda event: isinstance(event, Done) and event.key == "failing-1")
        assert watched.finish().failed == 1
        watched.background.retry()
        watched.until(lambda event: isinstance(event, Failed) and event.key == "buggy-1")


def test_what_a_person_looks_at_comes_first(tmp_path):
    with Watched(tmp_path, children=1) as watched:
        watched.submit("gated-1", *(f"plain-{number}" for number in range(6)))
        watched.until_started("gated-1")
        watched.background.prioritise("plain-4", 1)
        watched.submit("plain-9", priority=2)
        watched.background.prioritise("plain-0", -1)
        watched.open_gate()
        watched.finish()
        assert watched.order() == [
            "gated-1",
            "plain-9",
            "plain-4",
            "plain-1",
            "plain-2",
            "plain-3",
            "plain-5",
            "plain-0",
        ]


def test_paused_begins_nothing_and_goes_on(tmp_path):
    with Watched(tmp_path, children=1) as watched:
        watched.submit("gated-1", "plain-1", "plain-2")
        watched.until_started("gated-1")
        watched.background.pause()
        watched.until(lambda event: isinstance(event, Overall) and event.paused)
        watched.open_gate()
        paused = watched.until(lambda event: isinstance(event, Overall) and event.running == 0)
        assert (paused.done, paused.waiting, paused.busy) == (1, 2, True)
        time.sleep(0.2)
        assert watched.order() == ["gated-1"]
        watched.background.resume()
        assert watched.finish().done == 3


def test_cancelled_images_are_not_begun_and_running_ones_are_left(tmp_path):
    with Watched(tmp_path, children=1) as watched:
        watched.submit("gated-1", "plain-1", "plain-2")
        watched.until_started("gated-1")
        child = workers()
        watched.background.cancel("plain-1")
        watched.background.cancel("gated-1")
        watched.background.cancel("nobody")
        watched.finish()
        assert watched.ends() == {"plain-1": "cancelled", "gated-1": "cancelled", "plain-2": "done"}
        assert workers() == child  # it left by itself, between two stages


@posix
def test_an_image_in_the_middle_of_a_network_is_left_within_a_second(tmp_path):
    with Watched(tmp_path, children=1) as watched:
        watched.submit("deaf-1", "plain-1")
        while not (tmp_path / "deaf has begun").exists():
            time.sleep(0.01)
        (child,) = workers()
        started = time.monotonic()
        watched.background.cancel("deaf-1")
        watched.until(lambda event: isinstance(event, Cancelled))
        child.wait(
            5
        )  # may take the exit code away from multiprocessing, as other libraries may; work goes on all the same
        assert time.monotonic() - started < 5  # of the minute that it would have slept
        watched.finish()
        assert watched.ends() == {"deaf-1": "cancelled", "plain-1": "done"}


def test_cancel_all_and_an_image_submitted_anew(tmp_path):
    with Watched(tmp_path, children=2) as watched:
        watched.submit("gated-1", "gated-2", "gated-3")
        watched.until_started("gated-1")
        watched.background.cancel_all()
        watched.finish()
        assert watched.ends() == dict.fromkeys(("gated-1", "gated-2", "gated-3"), "cancelled")
        watched.open_gate()
        watched.submit("gated-1")
        watched.until(lambda event: isinstance(event, Done))
        assert watched.finish().done == 1


def test_closing_ends_everything_at_once(tmp_path):
    with Watched(tmp_path) as watched:
        watched.submit("deaf-1", "plain-1", "plain-2")
        watched.until_started("deaf-1")
        started = time.monotonic()
        watched.background.close()
        assert time.monotonic() - started < 5  # of the minute that it would have slept
        watched.submit("plain-3")
    assert workers() == []


def test_idle_children_end_and_come_back(tmp_path):
    with Watched(tmp_path, children=1, idle_s=0.2) as watched:
        watched.submit("plain-1")
        first = watched.until(lambda event: isinstance(event, Done)).answer.model
        deadline = time.monotonic() + 20
        while workers() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert workers() == []
        watched.submit("plain-2")
        second = watched.until(lambda event: isinstance(event, Done)).answer.model
    assert first != second


def test_an_image_that_comes_while_an_idle_child_is_being_ended_gets_another_child(tmp_path, monkeypatch):
    made = []

    class Fake:
        def __init__(self, *_):
            self.ready, self.dismissed = True, False
            self.running = self.ahead = self.told_to_stop_s = self.idle_since_s = None
            made.append(self)

        def send(self, message):
            assert not self.dismissed

        def kill(self):
            self.dismissed = True

        def reap(self):
            return "exit code 0"

    monkeypatch.setattr(dispatcher, "Child", Fake)
    events = []
    there = dispatcher.Dispatcher(events.append, CrewPlan(1, cores=1, share_bytes=1e9), "unused", idle_s=0.0)
    there.submit("first", ImageTask(tmp_path / "first"), 0)
    there.dispatch()
    there.hear(made[0], Ended(made[0].running.number, Stopped()))
    there.cancel("first")
    while not made[0].dismissed:
        there.dispatch()
    there.submit("second", ImageTask(tmp_path / "second"), 0)
    there.dispatch()
    there.dispatch()
    there.lose(made[0])
    there.dispatch()
    assert len(made) == 2
    assert made[1].running.key == "second"


def test_a_gpu_is_not_shared(tmp_path):
    with Watched(tmp_path, work_name="tests.support.background_work:GpuWork") as watched:
        watched.submit("gated-1", "plain-1", "plain-2", "plain-3")
        watched.until(lambda event: isinstance(event, Started))
        watched.open_gate()
        watched.finish()
        deadline = time.monotonic() + 20
        while len(workers()) > 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(workers()) == 1


@pytest.mark.slow
def test_where_no_child_can_start_everything_fails_with_a_sentence(tmp_path):
    with Watched(tmp_path, work_name="tests.support.background_work:NoWork") as watched:
        watched.submit("plain-1", "plain-2")
        watched.finish()
        assert watched.ends() == {"plain-1": "failed", "plain-2": "failed"}
        assert "exit code 3" in watched.failure("plain-1").sentence


@pytest.mark.slow
@posix
def test_children_end_with_their_parent(tmp_path):
    code = f"""
        import sys, time
        from pathlib import Path
        from tests.support.background_work import Watched
        if __name__ == "__main__":
            watched = Watched(Path({str(tmp_path)!r}))
            watched.submit("deaf-1", "plain-1")
            watched.until_started("deaf-1")
            watched.until(lambda event: getattr(event, "done", 0) == 1)
            print("working", flush=True)
            time.sleep(60)
    """
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(code))
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        assert parent.stdout.readline() == "working\n"
        children = [child for child in psutil.Process(parent.pid).children() if is_worker(child)]
        assert len(children) == 2
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
        assert psutil.wait_procs(children, timeout=10)[1] == []
    finally:
        parent.kill()
        parent.communicate()


@pytest.mark.slow
def test_memory_stays_bounded_over_many_tiny_images(tmp_path):
    def parent_and_child() -> list[int]:
        return [psutil.Process().memory_info().rss, workers()[0].memory_info().rss]

    with Watched(tmp_path / "nowhere", children=1) as watched:
        watched.submit(*(f"plain-{number}" for number in range(300)))
        watched.finish()
        before = parent_and_child()
        for _ in range(5):
            watched.events.clear()
            watched.submit(*(f"plain-{number}" for number in range(600)))
            assert watched.finish().done == 600
        grown = [after - at_first for after, at_first in zip(parent_and_child(), before, strict=True)]
    assert max(grown) < 8e6  # 3000 answers of 3 kB would be 9 MB


def test_nothing_is_started_before_there_is_work(tmp_path):
    with Watched(tmp_path) as watched:
        watched.background.submit([])
        watched.background.pause()
        watched.until(lambda event: isinstance(event, Overall))
        watched.submit("plain-1")
        watched.until(lambda event: isinstance(event, Overall) and event.waiting == 1)
        assert workers() == []
        assert not (tmp_path / GATE).exists()


def test_a_key_that_waits_is_replaced(tmp_path):
    with Watched(tmp_path, children=1) as watched:
        watched.submit("gated-1", "plain-1")
        watched.until_started("gated-1")
        watched.background.submit([("plain-1", ImageTask(tmp_path / "plain-other"))])
        watched.open_gate()
        assert watched.finish().done == 2
        assert watched.worked() == ["gated-1", "plain-other"]
