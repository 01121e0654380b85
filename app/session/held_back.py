"""What a person has said before it was known who reads: held back until they have been asked, which happens once.

Writes through the desk and asks nobody itself. Belongs to the main thread.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from psygnal import Signal

from app.desk.desk import Desk
from core.project.readings import Reader, Reading

if TYPE_CHECKING:
    from core.project.store import Project


class HeldBack:
    """Holds readings back.

    Parameters
    ----------
    desk
        Where they go in the end.

    Attributes
    ----------
    waits
        Whether a person waits to be asked.
    """

    reader_wanted = Signal()
    """A person has said something: they are to be asked who they are, and `Cases.keep_held_back` to be called."""
    said_before = Signal()
    """Something was not kept, since the reader had read that case before."""

    def __init__(self, desk: Desk) -> None:
        self.waits = False
        self._desk = desk
        self._readings: dict[int, tuple[Reading, str]] = {}
        self._writes: list[tuple[int, Callable[[Reader], object]]] = []

    @property
    def any(self) -> bool:
        """Whether a reading is held back."""
        return bool(self._readings)

    def holds(self, case_id: int) -> bool:
        """Tell whether a reading of a case is held back."""
        return case_id in self._readings

    def put(self, reading: Reading, text: str, *, asks: bool) -> None:
        """Hold back what is said of a case from now on; with ``asks``, somebody has just said it and is to be asked."""
        self._readings[reading.case_id] = reading, text
        if asks:
            self._ask()

    def put_write(self, case_id: int, write: Callable[[Reader], object]) -> None:
        """Hold back something else that somebody has just done to a case; ``write`` keeps it, given the reader."""
        self._writes.append((case_id, write))
        self._ask()

    def _ask(self) -> None:
        if not self.waits:
            self.waits = True
            self.reader_wanted.emit()

    def drop(self, case_id: int) -> None:
        """Forget what is held back of a case."""
        self._readings.pop(case_id, None)
        self._writes = [one for one in self._writes if one[0] != case_id]

    def clear(self) -> None:
        """Forget everything."""
        self._readings.clear()
        self._writes.clear()
        self.waits = False

    def let_go(self) -> None:
        """Keep everything as the reader's, but not over what the same reader has said of a case before."""
        held, writes = list(self._readings.values()), list(self._writes)
        self.clear()
        for _, keep in writes:
            keep(self._desk.reader)
        for reading, text in held:
            said = replace(reading, reader=self._desk.reader)
            write = partial(_keep_first, reading=said, text=text, shown=reading.reader)
            self._desk.change(write, partial(self._tell, reading.case_id))

    def _tell(self, case_id: int, is_kept: bool) -> None:
        if is_kept:
            self._desk.case_changed.emit(case_id)
        else:
            self.said_before.emit()


def _keep_first(project: "Project", *, reading: Reading, text: str, shown: Reader) -> bool:
    """Keep the first that a person says, unless they have said something before that was not shown; tell whether it was kept."""
    if reading.reader != shown and project.reading(reading.case_id, reading.reader) is not None:
        return False
    project.save_reading(reading, text)
    return True
