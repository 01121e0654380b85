import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QThread

from app.session.jobs import Jobs
from core.base.errors import AppError, Cancelled


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    made.shut_down()


def test_the_result_comes_back_in_the_main_thread(jobs, qtbot):
    seen = []
    jobs.run(
        lambda x: (x + 1, threading.current_thread()),
        41,
        on_result=lambda result: seen.append((*result, threading.current_thread())),
        on_error=seen.append,
    )
    qtbot.waitUntil(lambda: not jobs.busy)
    value, worker, receiver = seen[0]
    assert value == 42
    assert worker is not receiver
    assert receiver is threading.main_thread()


def test_an_app_error_goes_to_its_callback(jobs, qtbot):
    def fail():
        raise AppError("The disk is full.", "Delete something.")

    errors, results = [], []
    jobs.run(fail, on_result=results.append, on_error=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert errors[0].hint == "Delete something."
    assert results == []


def test_any_other_exception_goes_to_the_exception_hook(jobs, qtbot):
    def fail():
        raise ZeroDivisionError

    caught = []
    with qtbot.captureExceptions() as exceptions:
        jobs.run(fail, on_result=caught.append, on_error=caught.append)
        qtbot.waitUntil(lambda: not jobs.busy)
    assert [kind for kind, _, _ in exceptions] == [ZeroDivisionError]
    assert caught == []


def test_progress_arrives_in_order_and_before_the_result(jobs, qtbot):
    def work(*, progress, should_stop):
        progress(0.5, "half")
        progress(1.0, "all")
        return "done"

    seen = []
    jobs.run(work, on_result=seen.append, on_error=seen.append, on_progress=lambda f, text: seen.append((f, text)))
    qtbot.waitUntil(lambda: not jobs.busy)
    assert seen == [(0.5, "half"), (1.0, "all"), "done"]


def test_a_cancelled_job_is_told_and_says_nothing_more(jobs, qtbot):
    started = threading.Event()

    def work(*, progress, should_stop):
        started.set()
        while not should_stop():
            QThread.msleep(1)
        progress(0.9, "too late")
        raise Cancelled("Stopped.")

    seen, ended = [], []
    job = jobs.run(
        work,
        on_result=seen.append,
        on_error=seen.append,
        on_progress=lambda *p: seen.append(p),
        on_end=lambda: ended.append(1),
    )
    assert started.wait(5)
    job.cancel()
    qtbot.waitUntil(lambda: bool(ended))
    assert seen == []


def test_a_result_that_comes_in_spite_of_cancelling_is_dropped(jobs, qtbot):
    gate, seen = threading.Event(), []
    job = jobs.run(lambda: gate.wait(5), on_result=seen.append, on_error=seen.append)
    job.cancel()
    gate.set()
    qtbot.waitUntil(lambda: not jobs.busy)
    assert seen == []


def test_shutting_down_cancels_and_waits(jobs, qtbot):
    running, stopped = threading.Event(), threading.Event()

    def work(*, progress, should_stop):
        running.set()
        while not should_stop():
            QThread.msleep(1)
        stopped.set()

    seen = []
    jobs.run(work, on_result=seen.append, on_error=seen.append, on_progress=lambda *_: None)
    assert running.wait(5)
    jobs.shut_down()
    assert stopped.is_set()
    assert not jobs.busy
    qtbot.wait(20)
    assert seen == []


def test_what_stalls_takes_no_place_and_is_not_waited_for(jobs, qtbot):
    gate, seen = threading.Event(), []
    for _ in range(6):
        jobs.run(lambda: gate.wait(10), on_result=seen.append, on_error=seen.append, may_stall=True)
    jobs.run(lambda: "other", on_result=seen.append, on_error=seen.append)
    qtbot.waitUntil(lambda: seen == ["other"])
    jobs.shut_down()
    assert not jobs.busy
    gate.set()
    qtbot.wait(20)
    assert seen == ["other"]


def test_a_result_of_what_may_stall_comes_back_in_the_main_thread(jobs, qtbot):
    seen = []
    jobs.run(
        threading.current_thread,
        on_result=lambda worker: seen.append((worker, threading.current_thread())),
        on_error=seen.append,
        may_stall=True,
    )
    qtbot.waitUntil(lambda: not jobs.busy)
    ((worker, receiver),) = seen
    assert worker is not receiver
    assert receiver is threading.main_thread()


def test_running_out_of_memory_is_an_app_error(jobs, qtbot):
    def fail():
        raise MemoryError

    errors = []
    jobs.run(fail, on_result=errors.append, on_error=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert "memory" in errors[0].message
    assert errors[0].hint


class Held:
    """Stands for an image: something large that must not outlive its job."""


@pytest.fixture
def no_gc():
    """Only the counting of references lets go, as it must for what is large; no reference cycle is ever noticed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("may_stall", [False, True])
@pytest.mark.parametrize("end", ["result", "error", "cancelled"])
def test_a_job_that_has_ended_keeps_nothing_alive(jobs, qtbot, no_gc, end, may_stall):
    """Even where somebody still holds the job, and without help from the garbage collector."""
    gate, watched = threading.Event(), []

    def work(image, *, progress, should_stop):
        progress(0.5, "half")
        gate.wait(5)
        if end == "error":
            raise AppError("It failed.")
        result = Held()
        watched.append(weakref.ref(result))
        return result

    def start():
        image, listener = Held(), Held()
        watched.extend([weakref.ref(image), weakref.ref(listener)])

        def heard(*_):
            assert listener

        def ended():
            assert job is not None

        listening = {"on_result": heard, "on_error": heard, "on_progress": heard, "on_end": ended}
        job = jobs.run(work, image, **listening, may_stall=may_stall)
        return job

    job = start()
    if end == "cancelled":
        job.cancel()
    gate.set()
    qtbot.waitUntil(lambda: not jobs.busy)
    qtbot.waitUntil(lambda: not any(reference() for reference in watched))
    assert len(watched) == (2 if end == "error" else 3)
    assert not job.should_stop() or end == "cancelled"


def test_shutting_down_lets_go_of_those_who_listen_even_where_a_job_stalls(jobs, qtbot, no_gc):
    gate, listener = threading.Event(), Held()
    watched = weakref.ref(listener)
    jobs.run(lambda: gate.wait(10), on_result=lambda _, held=listener: held, on_error=print, may_stall=True)
    del listener
    jobs.shut_down()
    assert watched() is None
    gate.set()


def qt_objects():
    return {id(each): each for each in gc.get_objects() if issubclass(type(each), QObject)}


def test_no_qt_object_is_in_the_hands_of_another_thread(jobs, qtbot):
    """One whose last reference goes in a worker, or that the garbage collector finds there, is destroyed there: a crash."""
    before, gate, seen = qt_objects(), threading.Event(), []
    held = [
        jobs.run(lambda: gate.wait(5), on_result=seen.append, on_error=seen.append, may_stall=may_stall)
        for may_stall in (False, True)
    ]
    assert [each for key, each in qt_objects().items() if key not in before] == []
    assert not any(isinstance(job, QObject) for job in held)
    gate.set()
    qtbot.waitUntil(lambda: seen == [True, True])


def test_what_carries_the_calls_lives_as_long_as_the_application(jobs, qtbot):
    application = QCoreApplication.instance()
    assert jobs._messenger.thread() is application.thread()
    assert jobs._messenger.parent() is application
