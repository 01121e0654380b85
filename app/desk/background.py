"""Localizes many images in child processes while the program does something else.

What is asked for is done in one thread of its own, which also tells what happens. No Qt: whoever has a window brings the events
into its main thread. Which image comes when, and what becomes of failures, is decided in `app.desk.dispatcher`.
"""

import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import cast

from app.desk.child import Child
from app.desk.crew_plan import CrewPlan, plan_crew
from app.desk.dispatcher import Dispatcher
from app.desk.events import Event, Key
from core.models.image_task import ImageTask

IMAGE_WORK = "core.models.image_task:ImageWork"

_REPORT_EVERY_S = 1.0
"""How often the time that is left is told anew while nothing else happens."""


class Background:
    """Localizes images in child processes, the ones of highest priority first.

    Nothing is started before the first image is submitted; processes without work end after a while, and start again when needed.
    An image during which its process ends is tried once more, with nothing else running; if that ends too, it has failed.

    Parameters
    ----------
    on_event
        Gets every `app.desk.events.Event`, one after the other, in the background's own thread. Must not wait long, nor raise.
    plan
        How much of the computer to take; `plan_crew` decides, in that thread, where omitted.
    work_name
        What the children work with, ``"package.module:Class"``.
    idle_s
        After how long without work the processes end.

    Examples
    --------
    >>> background = Background(signal.emit)
    >>> background.submit([(case.number, ImageTask(case.path)) for case in cases])
    >>> background.prioritise(shown.number, 1)
    >>> background.close()
    """

    def __init__(
        self,
        on_event: Callable[[Event], None],
        plan: CrewPlan | None = None,
        *,
        work_name: str = IMAGE_WORK,
        idle_s: float = 60.0,
    ) -> None:
        self._on_event = on_event
        self._plan = plan
        self._work_name = work_name
        self._idle_s = idle_s
        self._asked: deque[Callable[[Dispatcher], None]] = deque()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._woken = False
        self._wake: Connection | None = None

    def submit(self, tasks: Iterable[tuple[Key, ImageTask]], priority: int = 0) -> None:
        """Have images localized, each with a key of the caller's, in this order among those of equal priority.

        What waits or runs under one of the keys is replaced.
        """
        batch = list(tasks)

        def add(dispatcher: Dispatcher) -> None:
            for key, task in batch:
                dispatcher.submit(key, task, priority)

        self._ask(add)

    def prioritise(self, key: Key, priority: int) -> None:
        """Give an image that waits another priority; larger comes first."""
        self._ask(lambda dispatcher: dispatcher.prioritise(key, priority))

    def cancel(self, key: Key) -> None:
        """Take an image off the list; one that runs is left within a second, in the middle of a network, too."""
        self._ask(lambda dispatcher: dispatcher.cancel(key))

    def cancel_all(self) -> None:
        """Take everything off the list that waits or runs."""
        self._ask(Dispatcher.cancel_all)

    def retry(self, keys: Sequence[Key] | None = None) -> None:
        """Try images again that have failed; all of them where omitted."""
        self._ask(lambda dispatcher: dispatcher.retry(keys))

    def pause(self) -> None:
        """Begin no further image; those that have begun come to their end."""
        self._ask(lambda dispatcher: dispatcher.pause(True))  # noqa: FBT003 - it is what is set

    def resume(self) -> None:
        """Go on after `pause`."""
        self._ask(lambda dispatcher: dispatcher.pause(False))  # noqa: FBT003 - it is what is set

    def close(self) -> None:
        """End all processes at once, and the thread; no event comes afterwards. Takes a fraction of a second."""
        with self._guard:
            self._closing = True
            thread = self._thread
            self._wake_up()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _ask(self, what: Callable[[Dispatcher], None]) -> None:
        with self._guard:
            if self._closing:
                return
            self._asked.append(what)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="background", daemon=True)
                self._thread.start()
            self._wake_up()

    def _wake_up(self) -> None:
        """Let the thread look at what it was asked for; once is enough, else the pipe could fill. Called with the guard held."""
        if self._wake is not None and not self._woken:
            self._woken = True
            self._wake.send_bytes(b"!")

    def _work(self) -> None:
        # Ctrl-C in a terminal reaches all its processes. The children inherit that it is blocked here, so that none dies of it
        # with a traceback while it starts; on Windows, which cannot block it, they ignore it as soon as they can.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        waking, wake = multiprocessing.Pipe(duplex=False)
        with self._guard:
            self._wake = wake
        dispatcher = Dispatcher(self._on_event, self._plan or plan_crew(), self._work_name, self._idle_s)
        try:
            while self._do_as_asked(dispatcher):
                dispatcher.dispatch()
                self._listen(dispatcher, waking)
        finally:
            dispatcher.end()
            with self._guard:
                self._wake = None
            waking.close()
            wake.close()

    def _do_as_asked(self, dispatcher: Dispatcher) -> bool:
        """Do what was asked for since; tell whether to go on."""
        while True:
            with self._guard:
                if self._closing:
                    return False
                if not self._asked:
                    return True
                what = self._asked.popleft()
            what(dispatcher)

    def _listen(self, dispatcher: Dispatcher, waking: Connection) -> None:
        """Wait until a child says something, a deadline comes or something is asked for; pass on what the children said."""
        children = {child.connection: child for child in dispatcher.children}
        deadline_s = dispatcher.next_deadline_s()
        at_work = any(child.running is not None for child in dispatcher.children)
        timeouts_s = [max(0.0, deadline_s - time.monotonic())] if deadline_s is not None else []
        timeouts_s += [_REPORT_EVERY_S] if at_work else []
        heard = wait([waking, *children], min(timeouts_s, default=None))
        for connection in heard:
            if connection is waking:
                with self._guard:
                    waking.recv_bytes()
                    self._woken = False
            else:
                _hear(dispatcher, children[cast(Connection, connection)])


def _hear(dispatcher: Dispatcher, child: Child) -> None:
    """Take one message of a child, or its end."""
    message = None
    with suppress(EOFError, OSError):  # an end in the middle of a message is an end
        message = child.connection.recv()
    if message is None:
        dispatcher.lose(child)
    else:
        dispatcher.hear(child, message)
