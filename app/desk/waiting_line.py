"""The images that wait, in the order in which they will be taken: priority first, then as they came.

Priorities change at any time. A plain value of one thread; knows no processes.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.desk.events import Key
from core.models.image_task import ImageTask


@dataclass(eq=False)
class Entry:
    """An image that waits, is worked on, or has failed.

    Attributes
    ----------
    number
        Tells it from every other entry, those of the same key too, and says who came first.
    priority
        Larger comes first.
    alone
        Whether nothing else may run meanwhile: it is large, or a process that had to do with it has ended.
    crashes
        How many processes have ended while they ran it.
    fraction
        How much of it is done while it runs.
    """

    key: Key
    task: ImageTask
    number: int
    priority: int = 0
    alone: bool = False
    crashes: int = 0
    fraction: float = 0.0

    @property
    def rank(self) -> tuple[int, int]:
        """What sorts entries: the smallest comes first."""
        return -self.priority, self.number


@dataclass(order=True)
class _Place:
    rank: tuple[int, int]
    entry: Entry = field(compare=False)


class WaitingLine:
    """Entries by rank. Whoever changes the priority of one that waits calls `add` again."""

    def __init__(self) -> None:
        self._heap: list[_Place] = []
        self._waiting: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, entry: Entry) -> bool:
        return entry.number in self._waiting

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._waiting.values()))

    def add(self, entry: Entry) -> None:
        """Put an entry at its place, which may have changed."""
        self._waiting[entry.number] = entry
        heapq.heappush(self._heap, _Place(entry.rank, entry))
        if len(self._heap) > 2 * len(self._waiting) + 64:  # most are places that entries have left
            self._heap = [_Place(waiting.rank, waiting) for waiting in self._waiting.values()]
            heapq.heapify(self._heap)

    def remove(self, entry: Entry) -> None:
        """Take an entry out; it need not be in."""
        self._waiting.pop(entry.number, None)

    def first(self, wanted: Callable[[Entry], bool] = lambda _: True, most: int = 64) -> Entry | None:
        """Return the first entry that is wanted among the ``most`` first, None where there is none; it stays in the line."""
        looked_at: list[_Place] = []
        try:
            while self._heap and len(looked_at) < most:
                place = heapq.heappop(self._heap)
                current = self._waiting.get(place.entry.number)
                if current is None or current.rank != place.rank:
                    continue
                if looked_at and looked_at[-1].entry is current:
                    continue  # it was added twice at one rank
                looked_at.append(place)
                if wanted(current):
                    return current
            return None
        finally:
            for place in looked_at:
                heapq.heappush(self._heap, place)
