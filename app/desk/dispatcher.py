"""Who works on what: gives images to children, and decides what becomes of those that fail, crash, or are too large.

All of it runs in the one thread of `app.desk.background`, which waits for the children. Starts no thread.
"""

import time
from collections.abc import Callable, Sequence

from app.desk.child import Child
from app.desk.crew_plan import CrewPlan
from app.desk.events import Advanced, Cancelled, Done, Event, Failed, Key, Overall, Started
from app.desk.pace import Pace
from app.desk.waiting_line import Entry, WaitingLine
from app.desk.worker import Ended, Problem, Progressed, Read, Ready, Run, Stop, Stopped, TooLarge
from core.models.image_task import ImageAnswer, ImageTask

_STOPS_WITHIN_S = 0.5
"""How long a child may take to leave an image by itself, between two stages; then it is ended."""
_CRASHES = 2
"""After so many ended processes an image has failed."""
_FALSE_STARTS = 3
"""After so many processes in a row that ended before they could work, none is started any more."""
_ON_GPU = 1
"""Children where the networks run on a GPU, which they would only share."""


class Dispatcher:
    """What there is to do, and who does it.

    Parameters
    ----------
    tell
        Gets every event.
    plan
        How many children there may be.
    work_name
        What they work with.
    idle_s
        After how long without work the children end and give back their memory.
    """

    def __init__(self, tell: Callable[[Event], None], plan: CrewPlan, work_name: str, idle_s: float) -> None:
        self.children: list[Child] = []
        self._tell = tell
        self._plan = plan
        self._work_name = work_name
        self._idle_s = idle_s
        self._most = plan.children
        self._line = WaitingLine()
        self._entries: dict[Key, Entry] = {}
        self._failed: dict[Key, Entry] = {}
        self._number = self._first_number = 0
        self._done = 0
        self._false_starts = 0
        self._paused = False
        self._pace = Pace()
        self._told = Overall()

    # --- what a person asks for ---

    def submit(self, key: Key, task: ImageTask, priority: int) -> None:
        """Put an image into the line; one of that key that waits or runs already is replaced."""
        if not self._entries:
            self._done, self._first_number, self._pace = 0, self._number, Pace()
        self._withdraw(key)
        self._failed.pop(key, None)
        self._add(Entry(key, task, self._number, priority))

    def prioritise(self, key: Key, priority: int) -> None:
        """Let an image come earlier or later; one that runs is not touched."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.priority = priority
            if entry in self._line:
                self._line.add(entry)

    def cancel(self, key: Key) -> None:
        """Take an image off the list, whether it waits, runs or has failed."""
        if self._withdraw(key) or self._failed.pop(key, None) is not None:
            self._tell(Cancelled(key))

    def cancel_all(self) -> None:
        """Take everything off the list that waits or runs."""
        for key in list(self._entries):
            self.cancel(key)

    def retry(self, keys: Sequence[Key] | None) -> None:
        """Put images that have failed into the line again; all of them where None is given."""
        for key in list(self._failed) if keys is None else keys:
            failed = self._failed.pop(key, None)
            if failed is not None:
                self._add(Entry(key, failed.task, self._number, failed.priority))

    def pause(self, paused: bool) -> None:
        """Begin no further image, or go on."""
        self._paused = paused

    # --- what the children say ---

    def hear(self, child: Child, message: Ready | Progressed | Ended) -> None:
        """Take a message of a child."""
        if isinstance(message, Ready):
            child.ready, self._false_starts = True, 0
            if message.device != "cpu":
                self._most = min(self._most, _ON_GPU)
        elif child.running is None or child.running.number != message.number:
            pass  # it is of an image that was given up meanwhile
        elif isinstance(message, Progressed):
            if self._is_wanted(child.running):
                child.running.fraction = message.fraction
                self._tell(Advanced(child.running.key, message.fraction, message.doing))
        else:
            entry, child.running, child.told_to_stop_s = child.running, None, None
            if self._is_wanted(entry):
                self._conclude(entry, message.outcome)

    def lose(self, child: Child) -> None:
        """Take note that a child has ended, by itself or by our hand."""
        self.children.remove(child)
        manner = child.reap()
        entry, ahead = child.running, child.ahead
        if child.dismissed:
            return
        if not child.ready:
            self._false_starts += 1
            if self._false_starts >= _FALSE_STARTS and not any(other.ready for other in self.children):
                self._give_up(f"the last one ended with {manner}")
        if ahead is not None:
            ahead.alone = True  # reading it may have been what the process died of
        if entry is not None and self._is_wanted(entry):
            entry.crashes += 1
            entry.alone = True
            if entry.crashes >= _CRASHES:
                sentence = (
                    f"The process that worked on this image ended twice ({manner}). Try it again after closing other programs; "
                    "if it ends again, the file is probably damaged in a way that Cairn does not expect."
                )
                self._fail(entry, Failed(entry.key, sentence))
            else:
                self._line.add(entry)

    # --- who does what ---

    def dispatch(self) -> None:
        """Give work to whoever has none; start children where there is more; end those that are idle, slow to stop, too many."""
        now_s = time.monotonic()
        self._end_children(now_s)
        if not self._paused:
            self._give_work()
        for child in self.children:
            has_work = child.running is not None or (len(self._line) > 0 and not self._paused)
            child.idle_since_s = None if has_work else child.idle_since_s or now_s
        if any(child.running is not None for child in self.children):
            self._pace.go(now_s)
        else:
            self._pace.rest(now_s)
        self._tell_overall(now_s)

    def next_deadline_s(self) -> float | None:
        """Return when `dispatch` has something to do although nobody says anything, on the monotonic clock."""
        stops = [child.told_to_stop_s + _STOPS_WITHIN_S for child in self.children if child.told_to_stop_s is not None]
        idles = [child.idle_since_s + self._idle_s for child in self.children if child.idle_since_s is not None]
        return min([*stops, *idles], default=None)

    def end(self) -> None:
        """End every child at once."""
        for child in self.children:
            child.kill()
        while self.children:
            self.children.pop().reap()

    def _add(self, entry: Entry) -> None:
        self._number += 1
        self._entries[entry.key] = entry
        self._line.add(entry)

    def _withdraw(self, key: Key) -> bool:
        """Forget an image that waits or runs; tell whether there was one."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self._line.remove(entry)
        for child in self.children:
            if child.ahead is entry:
                child.send(Stop(entry.number))
                child.ahead = None
            if child.running is entry:
                child.send(Stop(entry.number))
                child.told_to_stop_s = time.monotonic()
        return True

    def _is_wanted(self, entry: Entry) -> bool:
        return self._entries.get(entry.key) is entry

    def _conclude(self, entry: Entry, outcome: ImageAnswer | Problem | TooLarge | Stopped) -> None:
        """Decide what becomes of an image that a child has come to an end with."""
        entry.fraction = 0.0
        if isinstance(outcome, ImageAnswer):
            del self._entries[entry.key]
            self._done += 1
            self._pace.count(time.monotonic())
            self._tell(Done(entry.key, outcome))
        elif isinstance(outcome, Problem) and (entry.alone or not outcome.lack_of_memory):
            self._fail(entry, Failed(entry.key, outcome.sentence, outcome.kind, outcome.details))
        elif isinstance(outcome, Stopped):
            self._line.add(entry)  # nobody wanted that; it has its turn again
        else:
            entry.alone = True
            self._line.add(entry)

    def _fail(self, entry: Entry, event: Failed) -> None:
        self._entries.pop(entry.key, None)
        self._failed[entry.key] = entry
        self._pace.count(time.monotonic())
        self._tell(event)

    def _give_up(self, manner: str) -> None:
        """Let everything fail that waits, since no process can be started."""
        self._false_starts = 0
        sentence = f"No process for localizing in the background can be started ({manner}). Start Cairn again."
        for entry in self._line:
            self._line.remove(entry)
            self._fail(entry, Failed(entry.key, sentence))

    def _end_children(self, now_s: float) -> None:
        for child in self.children:
            slow = child.told_to_stop_s is not None and now_s >= child.told_to_stop_s + _STOPS_WITHIN_S
            unused = child.idle_since_s is not None and now_s >= child.idle_since_s + self._idle_s
            if slow or unused:
                child.kill()
        for child in self._crew[self._most :]:
            if child.running is None:
                child.kill()

    @property
    def _crew(self) -> list[Child]:
        """The children without those that are being ended: what these were given now would be lost with them."""
        return [child for child in self.children if not child.dismissed]

    def _give_work(self) -> None:
        first = self._line.first()
        at_work = [child for child in self._crew if child.running is not None]
        if first is None or any(child.running.alone for child in at_work if child.running):
            return
        self._start_children(1 if first.alone else len(self._line) + len(at_work))
        if first.alone:
            idle = [child for child in self._crew if child.ready]
            if not at_work and idle:
                self._run(idle[0], first)
            return
        for child in self._crew[: self._most]:
            if child.ready and child.running is None:
                entry = self._best_for(child)
                if entry is None:
                    return
                self._run(child, entry)
        for child in self._crew:
            if child.running is not None and child.ahead is None:
                self._read_ahead(child)

    def _start_children(self, useful: int) -> None:
        while len(self._crew) < min(self._most, useful):
            try:
                self.children.append(Child(self._work_name, self._plan))
            except OSError:
                self._most = max(1, len(self.children))  # the system has no room for more
                if not self.children:
                    self._give_up("the system refuses it")
                return

    def _best_for(self, child: Child) -> Entry | None:
        """Return what an idle child shall work on; of equal priority rather what it has read ahead than what another one has."""
        first = self._line.first()
        if first is None or first.alone:
            return None
        if child.ahead is not None and child.ahead.priority == first.priority and child.ahead in self._line:
            return child.ahead
        elsewhere = {other.ahead for other in self.children if other is not child}
        free = self._line.first(lambda entry: entry not in elsewhere)
        return free if free is not None and free.priority == first.priority and not free.alone else first

    def _run(self, child: Child, entry: Entry) -> None:
        for other in self.children:
            if other.ahead is entry:
                other.ahead = None
                if other is not child:
                    other.send(Stop(entry.number))
        self._line.remove(entry)
        child.running, child.told_to_stop_s = entry, None
        child.send(Run(entry.number, entry.task, None if entry.alone else self._plan.share_bytes))
        self._tell(Started(entry.key))

    def _read_ahead(self, child: Child) -> None:
        read = {other.ahead for other in self.children}
        entry = self._line.first(lambda waiting: waiting not in read)
        if entry is not None and not entry.alone:
            child.ahead = entry
            child.send(Read(entry.number, entry.task))

    def _tell_overall(self, now_s: float) -> None:
        running = [child.running for child in self.children if child.running and self._is_wanted(child.running)]
        parts = sum(entry.fraction for entry in running)
        done, waiting = self._done, len(self._line)
        failed = sum(entry.number >= self._first_number for entry in self._failed.values())
        total = done + failed + len(running) + waiting
        fraction = (done + failed + parts) / total if total else 0.0
        left_s = self._pace.left_s(len(running) + waiting - parts, now_s)
        overall = Overall(
            done,
            failed,
            len(running),
            waiting,
            fraction,
            None if left_s is None else float(round(left_s)),
            self._paused,
        )
        if overall != self._told:
            self._told = overall
            self._tell(overall)
