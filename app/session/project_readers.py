"""Keeps what is known of how far the readers of the window's project differ up to date, for whoever measures.

Asks the project in the background; what follows from it is `core.measuring`'s.
"""

from collections.abc import Callable, Mapping

from app.desk.desk import Desk
from app.desk.project_spread import spreads_in
from core.base.errors import AppError
from core.measuring.reader_spread import ReaderSpread


class ProjectReaders:
    """The readers of the window's project.

    Asked for anew where another project comes, cases come or go, such as with a colleague's copy, or another image is turned
    to: by then what was marked in the last one stands in the project.

    Parameters
    ----------
    desk
        Holds the project.
    take
        Called in the main thread with how far readers differ, by the rank of the images.
    """

    def __init__(self, desk: Desk, take: Callable[[Mapping[int, ReaderSpread]], object]) -> None:
        self._desk = desk
        self._take = take
        self._asking = False
        self._ask_again = False
        desk.project_changed.connect(self._project_changed)
        desk.cases_changed.connect(self.refresh)
        desk.current_changed.connect(self.refresh)

    def _project_changed(self) -> None:
        self._asking = self._ask_again = False  # an answer of the project before is not delivered
        self._take({})
        self.refresh()

    def refresh(self) -> None:
        """Ask the project; one question at a time."""
        if self._desk.project is None:
            return
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        self._desk.ask(spreads_in, self._answered, self._failed)

    def _answered(self, readers: Mapping[int, ReaderSpread]) -> None:
        self._take(readers)
        self._ended()

    def _failed(self, _: AppError) -> None:
        self._ended()  # intervals then come without readers; whoever needs the project itself tells what is wrong with it

    def _ended(self) -> None:
        self._asking = False
        if self._ask_again:
            self._ask_again = False
            self.refresh()
