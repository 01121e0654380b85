"""Opens the cases of the desk's project, and walks from one to the next in the order in which they are listed.

A case that lay open before is shown at once; else its image is read in a job, and looked for where it has moved. What happens
with an image that was read is the controller's business.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from app.desk.case_list import CaseList
from app.desk.desk import Desk
from app.desk.kept_case import ImageMissing, KeptCase, find_image, kept_case, look_in
from app.session.cases import Cases
from app.session.opener import Opener
from app.session.questions import Questions
from app.session.view_state import ViewState
from core.base.errors import AppError, ImageReadError
from core.base.wording import counted
from core.images.dicom.series import Series
from core.images.listing import image_at
from core.project.readings import Reader
from core.values.image import Image

if TYPE_CHECKING:
    from core.project.store import Project

_LONGEST_FLUSH_S = 10.0
Prepared = TypeVar("Prepared")
Prepare = Callable[[Path, KeptCase | None], Callable[[Image, Series | None], Prepared]]


class CaseOpener(Generic[Prepared]):
    """Opens cases.

    Parameters
    ----------
    desk, cases, case_list
        Which there are, which lay open before, and in which order a person walks through them.
    opener
        Who reads.
    questions, view_state
        Who is asked, and where it is said what was skipped.
    read
        What reads an image.
    prepare
        Gives what finds out, in the reading job, all else that showing an image needs.
    show_again
        Shows a case that lay open before.
    """

    def __init__(
        self,
        desk: Desk,
        cases: Cases,
        case_list: CaseList,
        opener: Opener[Prepared],
        questions: Questions,
        view_state: ViewState,
        read: Callable[..., Image],
        *,
        prepare: Prepare[Prepared],
        show_again: Callable[[int], object],
    ) -> None:
        self._desk = desk
        self._cases = cases
        self._opener = opener
        self._questions = questions
        self._view = view_state
        self._read = read
        self._prepare = prepare
        self._show_again = show_again
        self._list = case_list
        self._skipped: list[AppError] = []
        self._then: Callable[[], object] = lambda: None
        self._wanted: int | None = None
        desk.current_changed.connect(self._arrived)
        desk.project_changed.connect(self._start_anew)

    # The order

    @property
    def place(self) -> int | None:
        """The place of the open case among those that are listed, from 0; None where it is not among them."""
        return self._list.row_of(self._desk.current)

    @property
    def count(self) -> int:
        """How many cases are listed."""
        return len(self._list.ids)

    def has_neighbour(self, step: int) -> bool:
        """Tell whether there is a next or previous case."""
        return self._neighbour(self._desk.current, step) is not None

    def open_neighbour(self, step: int) -> None:
        """Open the next or previous case."""
        case_id = self._neighbour(self._desk.current, step)
        if case_id is not None:
            self.open(case_id, step)

    def _neighbour(self, case_id: int | None, step: int) -> int | None:
        if case_id is None:
            return None
        place = self._list.row_of(case_id)
        if place is None:  # filtered out: the way leads into the list at its beginning, or at its end
            place = -1 if step > 0 else self.count
        if not 0 <= place + step < self.count:
            return None
        return self._list.ids[place + step]

    # Opening

    def open(self, case_id: int, step: int = 0, *, then: Callable[[], object] = lambda: None) -> None:
        """Show a case; where it cannot be opened and ``step`` is not 0, the one that follows in that direction.

        ``then`` is called once it is shown or cannot be, since what is said before goes with the case that is left.
        """
        self._skipped, self._then = [], then
        self._open(case_id, step)

    @property
    def wanted(self) -> int | None:
        """The case that is being opened, else the one that is open; None where none is."""
        return self._desk.current if self._wanted is None else self._wanted

    def _start_anew(self) -> None:
        self._wanted = None

    def _arrived(self) -> None:
        if self._desk.current is not None:
            self._wanted = None

    def _open(self, case_id: int, step: int) -> None:
        if self._desk.current == case_id:
            self._wanted = None
            self._opener.cancel()
            self._ended()
            return
        self._wanted = case_id
        if self._cases.has_pixels(case_id):
            self._opener.switch(partial(self._show_left, case_id))
        else:
            self._desk.ask(lambda project: project.case(case_id).path.name, partial(self._read_case, case_id, step))

    def _read_case(self, case_id: int, step: int, name: str) -> None:
        project = self._desk.project
        if project is None or self._wanted != case_id:  # another case was asked for meanwhile
            return
        load = partial(_load, self._desk, project, case_id, self._desk.reader, self._read, self._prepare)
        self._opener.open_by(name, load, partial(self._failed, case_id, step), then=self._ended)

    def _show_left(self, case_id: int) -> None:
        self._show_again(case_id)
        self._ended()

    def _ended(self) -> None:
        """Say what was skipped on the way, and go on."""
        if len(self._skipped) == 1:
            self._view.say(f"{self._skipped[0].message} It was skipped.")
        elif self._skipped:
            self._view.say(f"{len(self._skipped)} images were skipped. The first one: {self._skipped[0].message}")
        self._skipped = []
        then, self._then = self._then, lambda: None
        then()

    def _failed(self, case_id: int, step: int, error: AppError) -> None:
        self._wanted = None
        if isinstance(error, ImageReadError) and not isinstance(error, ImageMissing) and self._desk.keeps_work:
            self._desk.update_case(case_id, problem=str(error))
        following = self._neighbour(case_id, step) if step else None
        if following is not None:
            self._skipped.append(error)
            self._open(following, step)
        elif isinstance(error, ImageMissing) and self._desk.keeps_work:
            self._ask_where(case_id, error)
        else:
            self._ended()
            self._questions.show_error(error)

    def _ask_where(self, case_id: int, error: AppError) -> None:
        folder = self._questions.missing_image_folder(error)
        if folder is None:
            return

        def looked(found: int) -> None:
            if found:
                self._desk.cases_changed.emit()
                self._view.say(f"{counted(found, 'image')} found in {folder.name}.", is_warning=False)
                self.open(case_id)
            else:
                self._questions.show_error(
                    ImageReadError(
                        f"No image of this project is in {folder}.",
                        "An image is known by its name and its content. Choose the folder that it lies in itself.",
                    )
                )

        self._desk.ask(partial(_looked_in, folder=folder), looked)


def _looked_in(project: "Project", *, folder: Path) -> int:
    try:
        return look_in(project, folder)
    except OSError as error:
        raise ImageReadError(f"{folder} cannot be read ({error.strerror}).", "Check the drive.") from error


def _load(
    desk: Desk,
    project: "Project",
    case_id: int,
    reader: Reader,
    read: Callable[..., Image],
    prepare: Prepare[Prepared],
    *,
    progress: Callable[[float, str], None],  # noqa: ARG001 - reading does not know how far it is
    should_stop: Callable[[], bool],
) -> Prepared:
    """Read the image of a case and prepare it; in a job."""
    desk.flush(_LONGEST_FLUSH_S)  # what was done last may be about this very case
    kept = kept_case(project, case_id, reader)
    listed = image_at(find_image(project, kept.case), kept.case.series, should_stop)
    image = read(listed.path, series=listed.series, should_stop=should_stop)
    return prepare(listed.path, kept)(image, listed.series)
