"""The walk through everything that wants an eye, from case to case, the most doubtful first.

Asks the project for the queue in a job, and keeps which doubts were seen on this walk. Selects nothing and opens nothing: whoever
asks gets the next doubt. Knows no Qt.
"""

from collections.abc import Callable
from functools import partial

from app.desk.desk import Desk
from core.base.errors import AppError
from core.project.review import Doubt, Queue, review_queue

_Seen = tuple[int, str]


class ReviewWalk:
    """One walk, which ends where nothing is left that was not seen.

    Parameters
    ----------
    desk
        Whose cases.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen: set[_Seen] = set()
        self._asking = False
        self._queue: Queue | None = None
        self._changed: set[int] = set()
        desk.project_changed.connect(self._begin)
        desk.case_changed.connect(self._note_change)

    def go_on(self, name: str | None, go: Callable[[Doubt | None, int], object]) -> None:
        """Find what comes after a landmark of the open case: what else is doubtful in it, then the most doubtful other case.

        Parameters
        ----------
        name
            The selected landmark, which counts as seen.
        go
            Called with what comes next and how many doubts there are, None at the end of the walk, which then begins anew.
        """
        if self._asking:
            return
        current = self._desk.current
        if current is not None and name is not None:
            self._seen.add((current, name))
        self._asking = True

        def take(queue: Queue) -> None:
            self._asking, self._queue = False, queue
            open_ = [doubt for doubt in queue.doubts if (doubt.case_id, doubt.name) not in self._seen]
            here = [doubt for doubt in open_ if doubt.case_id == self._desk.current]
            following = next(iter([*here, *open_]), None)
            if following is None:
                self._seen.clear()
            else:
                self._seen.add((following.case_id, following.name))
            go(following, len(queue.doubts))

        def fail(error: AppError) -> None:
            self._asking, self._queue = False, None
            self._desk.refused.emit(error)

        changed, self._changed = self._changed, set()
        self._desk.ask(partial(review_queue, earlier=self._queue, changed=changed), take, fail)
        if self._desk.project is None:
            self._asking = False

    def _note_change(self, case_id: int) -> None:
        self._changed.add(case_id)

    def _begin(self) -> None:
        self._seen.clear()
        self._changed.clear()
        self._queue = None
        self._asking = False  # what was asked of another project never comes
