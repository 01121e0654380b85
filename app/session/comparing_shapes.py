"""Compares the shapes of the desk's cases, and leads from a conspicuous one to its image.

Owns whose readings count, what was computed of them and whether that is out of date. Reads, computes and writes in jobs only. Who
reads blind gets their own marks compared, and nothing that others or a model have said. Knows no Qt.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from app.desk.desk import Desk
from app.desk.read_cases import read_case
from app.session.document import Document
from app.session.editor import Editor
from app.session.jobs import Jobs
from app.session.landmark_edits import moved
from app.session.shape_study import Answer, PlacedLandmark, ShapeStudy, Wish, answer
from app.session.view_state import MessageAction, ViewState
from core.base.errors import AppError
from core.base.files import reason_of, written_whole
from core.measuring.landmark_case import LandmarkCase
from core.measuring.shape_tables import tables, write
from core.project.readings import Reader, ReaderKind

if TYPE_CHECKING:
    from core.project.store import Project

_LONGEST_FLUSH_S = 10.0


class ComparingShapes:
    """The comparison.

    Parameters
    ----------
    desk
        Whose cases.
    document, editor, view_state
        What lies open, who selects and exchanges landmarks, and where it is said which.
    jobs
        Who writes files, and what waits until a case is shown.
    is_blind
        Tells whether the person must not see what others and models have said.
    open_case
        Opens a case, given its number.
    analyses
        Tells where a person's own analyses lie, which others they have opened and by which they measure images of each rank.
    """

    changed = Signal()
    """There is a new comparison or none, another sentence, or it is out of date."""

    def __init__(
        self,
        desk: Desk,
        document: Document,
        editor: Editor,
        view_state: ViewState,
        jobs: Jobs,
        *,
        is_blind: Callable[[], bool],
        open_case: Callable[[int], object],
        analyses: Callable[[], tuple[Path | None, Sequence[Path], Mapping[int, str]]] = lambda: (None, (), {}),
    ) -> None:
        self._desk = desk
        self._document = document
        self._editor = editor
        self._view = view_state
        self._jobs = jobs
        self._is_blind = is_blind
        self._open_case = open_case
        self._analyses = analyses
        self._readers: tuple[Reader, ...] = ()
        self._reader: Reader | None = None
        self._landmarks: tuple[PlacedLandmark, ...] = ()
        self._without: frozenset[str] = frozenset()
        self._study: ShapeStudy | None = None
        self._told = ""
        self._asked = 0
        self._comparing = False
        self._is_stale = False
        self._wish = Wish()
        self._changed_meanwhile: set[int] = set()
        self._coming: tuple[int, tuple[str, ...]] | None = None
        desk.case_changed.connect(self._note_change)
        desk.cases_changed.connect(self._note_cases)
        desk.project_changed.connect(self._leave_project)
        desk.reader_changed.connect(self._reader_changed)
        desk.current_changed.connect(self._arrive)

    # What there is

    @property
    def study(self) -> ShapeStudy | None:
        """What was computed last; None where nothing can be compared."""
        return self._study

    @property
    def told(self) -> str:
        """Why there is no comparison, in a sentence; empty where there is one."""
        return self._told

    @property
    def comparing(self) -> bool:
        """Whether it is being computed."""
        return self._comparing

    @property
    def is_stale(self) -> bool:
        """Whether readings have changed since."""
        return self._is_stale

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Whose readings can be chosen; none for who reads blind."""
        return () if self._is_blind() else self._readers

    @property
    def reader(self) -> Reader | None:
        """Whose readings count; None for those of each case's person who changed it last, else the model's."""
        return self._desk.reader if self._is_blind() else self._reader

    @property
    def landmarks(self) -> tuple[PlacedLandmark, ...]:
        """The landmarks that the cases have, also those that do not count."""
        return self._landmarks

    @property
    def without(self) -> frozenset[str]:
        """The landmarks that do not count."""
        return self._without

    # Comparing

    def choose_landmarks(self, without: Collection[str]) -> None:
        """Compare without some landmarks, such as one that many cases lack."""
        if frozenset(without) != self._without:
            self._without = frozenset(without)
            self.refresh()

    def choose_reader(self, reader: Reader | None) -> None:
        """Compare what another reader has said."""
        if reader != self._reader and not self._is_blind():
            self._reader = reader
            self.refresh()

    def refresh(self) -> None:
        """Compare what stands in the project now."""
        self._asked += 1
        if self._desk.project is None:
            self._put(None, "There is no project whose cases could be compared.")
            return
        asked, desk, blind = self._asked, self._desk, self._is_blind()
        folder, opened, keys = self._analyses()
        wish = Wish(self.reader, blind, self._without, folder, tuple(opened), dict(keys))
        self._wish = wish
        self._changed_meanwhile.clear()
        self._comparing, self._is_stale = True, False
        self.changed.emit()

        def ask(project: "Project") -> Answer:
            desk.flush(_LONGEST_FLUSH_S)  # what was done last counts
            return answer(project, wish)

        def take(found: Answer) -> None:
            if asked == self._asked:
                self._readers, self._landmarks = found.readers, found.landmarks
                self._put(found.study, "" if found.problem is None else str(found.problem))

        def fail(error: AppError) -> None:
            if asked == self._asked:
                self._put(None, str(error))

        desk.ask(ask, take, fail)

    def _put(self, found: ShapeStudy | None, told: str = "") -> None:
        self._study, self._told, self._comparing = found, told, False
        self.changed.emit()
        meanwhile, self._changed_meanwhile = self._changed_meanwhile, set()
        for case_id in meanwhile:
            self._note_change(case_id)

    def _note_change(self, case_id: int) -> None:
        """Look whether a case that has changed has another shape now: a note or the time spent on it are no reason."""
        if self._comparing:
            self._changed_meanwhile.add(case_id)
            return
        found, wish, asked = self._study, self._wish, self._asked
        if self._is_stale:
            return
        if found is None:
            self._say_stale()
            return

        def read(now: LandmarkCase | None) -> None:
            if asked == self._asked and not self._is_stale and found.differs(case_id, now):
                self._say_stale()

        self._desk.ask(partial(read_case, case_id=case_id, reader=wish.reader, only_decided=wish.only_decided), read)

    def _note_cases(self) -> None:
        if not self._is_stale:
            self._say_stale()

    def _say_stale(self) -> None:
        self._is_stale = True
        self.changed.emit()

    def forget(self) -> None:
        """Show nothing any more: who may see what has changed, or other cases have come."""
        self._asked += 1
        self._coming = None
        self._landmarks = ()
        self._put(None)

    def _leave_project(self) -> None:
        if self._desk.goes_on:
            if self._comparing:
                self.refresh()  # what was asked of the file before is not answered any more
        else:
            self._readers, self._reader, self._without = (), None, frozenset()
            self.forget()

    def _reader_changed(self) -> None:
        if self._is_blind():
            self.forget()

    # To the image

    def go_to(self, case_id: int, names: Sequence[str] = ()) -> None:
        """Show a case, and select the first of the landmarks that were possibly swapped in it."""
        self._coming = (case_id, tuple(names))
        if case_id == self._desk.current:
            self._arrive()
        else:
            self._open_case(case_id)

    def _arrive(self) -> None:
        """Select once the case is shown with all that belongs to it; who opens another case has left the way."""
        coming, current = self._coming, self._desk.current
        if coming is None or current is None:
            return
        self._coming = None
        if coming[0] == current and coming[1]:
            self._jobs.post(partial(self._show_swap, *coming))

    def _show_swap(self, case_id: int, names: tuple[str, ...]) -> None:
        if case_id != self._desk.current or not all(self._editor.is_located(name) for name in names):
            return
        first, second = names
        self._editor.select(first, centre=True)
        titles = [self._document.display_name(name) for name in names]
        self._view.say(
            f"Possibly {titles[0]} and {titles[1]} are swapped here: the case is more like the others the other way round.",
            actions=[MessageAction("&Exchange them", partial(self._exchange, case_id, first, second))],
        )

    def _exchange(self, case_id: int, first: str, second: str) -> None:
        """Put each of two landmarks where the other one is, in one step that can be undone."""
        landmarks = self._document.landmarks
        if case_id != self._desk.current or landmarks is None or not {first, second} <= set(landmarks.names):
            return
        if not any(self._editor.refuses(name) for name in (first, second)):
            exchanged = moved(landmarks, first, landmarks.point_mm(second))
            exchanged = moved(exchanged, second, landmarks.point_mm(first))
            self._editor.push(landmarks, exchanged, f"Exchange {first} and {second}")

    # To files

    def save_tables(
        self,
        folder: Path,
        replaces: Callable[[Sequence[str]], bool],
        on_saved: Callable[[str], None],
        on_error: Callable[[AppError], None],
    ) -> None:
        """Write the tables that ``cairn shapes`` writes into a folder.

        Parameters
        ----------
        folder
            It need not exist.
        replaces
            Asks whether files of these names may be replaced.
        on_saved, on_error
            Get a sentence about what was written, or why nothing was.
        """
        found = self._study
        if found is None:
            return

        def look() -> tuple[dict[str, str], list[str]]:
            texts = tables(found.compared)
            return texts, [name for name in texts if (folder / name).is_file()]

        def looked(outcome: tuple[dict[str, str], list[str]]) -> None:
            texts, there = outcome
            if there and not replaces(there):
                return
            *others, last = texts
            sentence = f"Wrote {', '.join(others)} and {last} to {folder}."
            self._jobs.run(
                write, texts, folder, on_result=lambda _: on_saved(sentence), on_error=on_error, may_stall=True
            )

        self._jobs.run(look, on_result=looked, on_error=on_error, may_stall=True)

    def save_picture(
        self, path: Path, content: bytes, on_saved: Callable[[str], None], on_error: Callable[[AppError], None]
    ) -> None:
        """Write a picture that was drawn."""
        self._jobs.run(
            _write, path, content,
            on_result=lambda _: on_saved(f"Saved {path.name}."), on_error=on_error, may_stall=True,
        )  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    try:
        with written_whole(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise AppError(f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk.") from error


def reader_title(reader: Reader | None) -> str:
    """Return what a choice of readings is called."""
    if reader is None:
        return "Whoever read each case last, else the model"
    return f"{reader.name} (model)" if reader.kind is ReaderKind.MODEL else reader.name
