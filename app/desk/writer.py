"""One thread that writes what the desk is told, in order, and keeps at it until the disk takes it.

Knows a project and functions of it, no window. What is refused for good is told and left out; what the disk refuses for now stays
first in the queue.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.base.errors import ProjectError, ProjectUnavailable

if TYPE_CHECKING:
    from core.project.store import Project

RETRY_S = 3.0
"""How long to wait before the disk is asked again."""


@dataclass(frozen=True)
class Order:
    """Something to be written.

    Attributes
    ----------
    write
        Does it, in one transaction, in the writer's thread.
    on_written
        Gets what it returned, in the writer's thread.
    on_refused
        Gets the reason where it can never be written, in the writer's thread.
    """

    write: Callable[["Project"], Any]
    on_written: Callable[[Any], None]
    on_refused: Callable[[ProjectError], None]


class Writer:
    """Writes to one project.

    Parameters
    ----------
    project
        An open project that can be written.
    on_change
        Called in the writer's thread when `pending` or `failing` has changed.
    retry_s
        How long to wait before the disk is asked again.
    orders
        What another writer has left, to be written first.
    """

    def __init__(
        self,
        project: "Project",
        on_change: Callable[[], None],
        *,
        retry_s: float = RETRY_S,
        orders: Sequence[Order] = (),
    ) -> None:
        self._project = project
        self._on_change = on_change
        self._retry_s = retry_s
        self._orders: deque[Order] = deque(orders)
        self._changed = threading.Condition()
        self._failing = ""
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="writing", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """How many orders are not on the disk yet."""
        return len(self._orders)

    @property
    def failing(self) -> str:
        """Why the disk does not take the first order now; empty where it does."""
        return self._failing

    @property
    def orders(self) -> tuple[Order, ...]:
        """What is not on the disk yet, the first one first."""
        with self._changed:
            return tuple(self._orders)

    def put(self, order: Order) -> None:
        """Have something written after all that was put before."""
        with self._changed:
            self._orders.append(order)
            self._changed.notify_all()
        self._on_change()

    def try_now(self) -> None:
        """Ask a disk that was full or away again at once."""
        with self._changed:
            self._changed.notify_all()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all is on the disk, or until it cannot be; tell which. Not for the main thread, nor for the writer's."""
        with self._changed:
            self._changed.wait_for(lambda: not self._orders or bool(self._failing), timeout_s)
            return not self._orders

    def close(self) -> None:
        """End the thread, once the order that it is at is through; what is left stays in `orders`."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._orders)
                if self._closing:
                    return
                order = self._orders[0]
            self._carry_out(order)

    def _carry_out(self, order: Order) -> None:
        try:
            outcome = order.write(self._project)
        except ProjectUnavailable as error:
            self._wait_for_the_disk(str(error))
            return
        except ProjectError as error:
            order.on_refused(error)
        else:
            order.on_written(outcome)
        with self._changed:
            self._orders.popleft()
            self._failing = ""
            self._changed.notify_all()
        self._on_change()

    def _wait_for_the_disk(self, sentence: str) -> None:
        with self._changed:
            is_news, self._failing = self._failing != sentence, sentence
            self._changed.notify_all()
        if is_news:
            self._on_change()
        with self._changed:
            if not self._closing:
                self._changed.wait(self._retry_s)
