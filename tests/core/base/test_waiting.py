import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.base.errors import Cancelled
from core.base.waiting import held


def test_only_one_holds_the_lock() -> None:
    lock, inside, most = threading.Lock(), [], []

    def work(number: int) -> None:
        with held(lock):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert most == [1] * 8
    assert not lock.locked()


def test_who_is_told_to_stop_leaves_while_the_lock_is_taken() -> None:
    lock, stop = threading.Lock(), threading.Event()

    def wait() -> None:
        with held(lock, stop.is_set):
            raise AssertionError

    with ThreadPoolExecutor(1) as pool, lock:
        waiting = pool.submit(wait)
        time.sleep(0.1)
        assert not waiting.done()
        stop.set()
        with pytest.raises(Cancelled):
            waiting.result(timeout=5)


@pytest.mark.parametrize("asks_before", [0, 1])
def test_who_is_told_to_stop_never_enters_and_leaves_the_lock_free(asks_before: int) -> None:
    lock, answers = threading.Lock(), iter([False] * asks_before + [True])
    with pytest.raises(Cancelled), held(lock, lambda: next(answers)):
        raise AssertionError
    assert not lock.locked()


def test_an_error_inside_frees_the_lock() -> None:
    lock = threading.Lock()
    with pytest.raises(ZeroDivisionError), held(lock):
        raise ZeroDivisionError
    assert not lock.locked()
