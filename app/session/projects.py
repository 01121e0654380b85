"""Projects as a whole: the unnamed one of each window, and making, opening and saving named ones.

What must be asked goes through `Questions`; files are opened in jobs. Which image is shown then is the controller's business.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from app.desk.desk import Desk
from app.desk.project_model import bring_along
from app.desk.session_files import EarlierSession, earlier_sessions, is_session, new_session, open_session
from app.session.jobs import Jobs
from app.session.questions import Questions
from app.session.view_state import Message, MessageAction, ViewState
from core.base.errors import AppError
from core.project.paths import SUFFIX, models_folder
from core.project.readings import Reader

if TYPE_CHECKING:
    from core.project.store import Project

Proceed = Callable[[], object]


class Projects:
    """Puts projects on the desk.

    Parameters
    ----------
    desk
        Where they are put.
    jobs, questions, view_state
        Who opens files, who is asked, and where it is said what was found.
    when_safe
        Calls its argument once nothing would be lost.

    Attributes
    ----------
    sessions
        The folder of the unnamed projects, None while this window has none.
    """

    used = Signal(Path)
    """A named project was opened or saved."""
    reader_told = Signal(str)
    """A person has said who reads."""

    def __init__(
        self,
        desk: Desk,
        jobs: Jobs,
        questions: Questions,
        view_state: ViewState,
        *,
        when_safe: Callable[[Proceed], None],
    ) -> None:
        self.sessions: Path | None = None
        self._desk = desk
        self._jobs = jobs
        self._questions = questions
        self._view = view_state
        self._when_safe = when_safe
        self._offer: Message | None = None
        self._changing = False
        self._told_read_only = False
        self._complaint = ""
        self._leaving_unwritten = False
        self._writing_rest = False
        desk.saving_changed.connect(self._tell_saving)

    @property
    def name(self) -> str:
        """What a person has called the project; empty for an unnamed one."""
        project = self._desk.project
        if project is None or (self.sessions is not None and is_session(project.path, self.sessions)):
            return ""
        return project.path.stem

    # The unnamed project

    def begin_session(self, folder: Path, *, offers_earlier: bool = True) -> None:
        """Begin an unnamed project in a folder; where an earlier one has been left there, offer to go on with it."""
        self.sessions = folder
        self._desk.open(
            partial(new_session, folder),
            (lambda: self.look_for_earlier(self._offer_earlier)) if offers_earlier else (lambda: None),
            self._say_unkept,
        )

    def _say_unkept(self, error: AppError) -> None:
        self._view.say(f"{error.message} What you do is kept only where you save it.")

    def look_for_earlier(self, on_found: Callable[[list[EarlierSession]], None]) -> None:
        """Look for the sessions that no window has open, the latest first; none where this window keeps none itself."""
        if self.sessions is None:
            on_found([])
            return
        self._jobs.run(earlier_sessions, self.sessions, on_result=on_found, on_error=lambda _: None, may_stall=True)

    def _offer_earlier(self, found: list[EarlierSession]) -> None:
        if not found or self._desk.current is not None or self.name:
            return
        latest = found[0]
        what = latest.first_name if latest.images == 1 else f"{latest.images} images"
        text = f"You worked on {what} {when(latest.changed, date.today())}."
        go_on = MessageAction("&Go on with it" if latest.images == 1 else "&Go on", partial(self.resume, latest.path))
        self._view.say(text, actions=[go_on, MessageAction("&Start anew", lambda: None)])
        self._offer = Message(text)

    def resume(self, path: Path) -> None:
        """Go on with an earlier session."""
        self._when_safe(partial(self._desk.open, partial(open_session, path), on_error=self._questions.show_error))

    # Named projects

    def ask_new(self) -> None:
        """Ask where to make a project, and make it."""
        path = self._questions.new_project_path(self._suggestion("Project"))
        if path is not None:
            self._open_by(partial(_create, with_suffix(path)), with_suffix(path))

    def ask_open(self) -> None:
        """Ask for a project and open it."""
        path = self._questions.project_path(self._folder)
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Open a project; where another window has it open, it is read-only, which is said."""
        project = self._desk.project
        if project is not None and project.path == path.absolute():
            return
        self._open_by(partial(_open, path), path)

    def ask_save_as(self) -> None:
        """Ask where to save the whole project, and go on in that file."""
        project = self._desk.project
        if project is None or self._changing:
            return
        suggestion = self._suggestion(f"{self.name} copy" if self.name else "Project")
        path = self._questions.new_project_path(suggestion)
        if path is None:
            return
        path = with_suffix(path)
        old, was_unnamed = project.path, not self.name
        self._changing = True

        def saved() -> None:
            self._changing = False
            self._view.say(
                f"The project is saved as {path.name}. Every change goes there from now on.", is_warning=False
            )
            if was_unnamed:
                self._desk.change(
                    lambda project: bring_along(project, models_folder(old)),
                    lambda _: self._jobs.run(
                        _forget_session, old, on_result=lambda _: None, on_error=lambda _: None, may_stall=True
                    ),
                )
            self._is_used(path)

        self._desk.go_on_in(path, saved, self._failed)

    def _open_by(self, opener: Callable[[], "Project"], path: Path) -> None:
        def proceed() -> None:
            if self._desk.failing and not self._questions.leaves_unwritten(self._desk.pending, self._desk.failing):
                return
            self._desk.open(opener, partial(self._opened, path), self._failed)

        self._when_safe(proceed)

    def _failed(self, error: AppError) -> None:
        self._changing = False
        self._questions.show_error(error)
        if self._desk.project is None and self.sessions is not None:
            self.begin_session(self.sessions, offers_earlier=False)

    def _opened(self, path: Path) -> None:
        if self._offer is not None:
            self._view.dismiss(self._offer)
        self._told_read_only = False
        if not self._desk.read_only_because:
            self._is_used(path)
        elif self._desk.current is None:
            self.say_read_only(again=True)

    def say_read_only(self, *, again: bool = False) -> None:
        """Say once over an image that a project is read-only, and what can be done; ``again`` to be said anew."""
        because, project = self._desk.read_only_because, self._desk.project
        if because and project is not None and not self._told_read_only:
            self._told_read_only = not again
            self._view.say(
                f"{project.path.name} is read-only. {because}",
                actions=[MessageAction("&Save a copy…", self.ask_save_as)],
            )

    def tell_refused(self, error: AppError) -> None:
        """Tell that something was not kept: of a read-only project over the image, not in a box at each step."""
        if self._desk.read_only_because:
            self._view.say(error.message, actions=[MessageAction("&Save a copy…", self.ask_save_as)])
        else:
            self._questions.show_error(error)

    def _is_used(self, path: Path) -> None:
        self.used.emit(path.absolute())

    def _tell_saving(self) -> None:
        """Say once that the disk does not take what is done, and that it does again."""
        failing = self._desk.failing
        if failing == self._complaint:
            return
        before, self._complaint = self._complaint, failing
        if before:
            self._view.dismiss(Message(_kept(before)))
        if failing:
            self._view.say(_kept(failing), actions=[MessageAction("Save &project as…", self.ask_save_as)])
        elif before:
            self._view.say("The project can be written again; nothing was lost.", is_warning=False)

    def is_written(self, close_again: Proceed) -> bool:
        """Tell whether the project holds everything; else write the rest first, or ask where the disk does not take it."""
        if not self._desk.pending or self._leaving_unwritten:
            return True
        if self._writing_rest:
            return False
        self._writing_rest = True

        def tried(is_written: bool) -> None:
            self._writing_rest = False
            desk = self._desk
            if not is_written and desk.pending:
                self._leaving_unwritten = self._questions.leaves_unwritten(desk.pending, desk.failing)
            if is_written or self._leaving_unwritten:
                close_again()

        self._jobs.run(self._desk.flush, 5.0, on_result=tried, on_error=self._questions.show_error, may_stall=True)
        return False

    # Who reads

    def ask_reader(self) -> None:
        """Ask who reads; what is done from now on is kept as theirs."""
        name = self._questions.reader_name(self._desk.reader.name)
        if name is not None and name.strip():
            self._desk.reader_is_known = True
            self._desk.reader = Reader(name.strip())
            self.reader_told.emit(name.strip())

    def suggested(self, folder: Path | None) -> Path:
        """Return where landmarks of all cases may be kept, without a suffix; ``folder`` is that of the open image."""
        return (self._folder or folder or Path.home()) / (f"{self.name} landmarks" if self.name else "Landmarks")

    @property
    def _folder(self) -> Path | None:
        project = self._desk.project
        return project.path.parent if project is not None and self.name else None

    def _suggestion(self, name: str) -> Path:
        return (self._folder or Path.home()) / f"{name}{SUFFIX}"


def _kept(complaint: str) -> str:
    return f"{complaint} What you do is kept in this window and tried again every few seconds."


def is_project(path: Path) -> bool:
    """Tell by its name whether a file is a project."""
    return path.suffix.lower() == SUFFIX


def with_suffix(path: Path) -> Path:
    """Return a path that ends as projects do."""
    return path if is_project(path) else path.with_name(f"{path.name}{SUFFIX}")


def when(moment: datetime, today: date) -> str:
    """Return when something was, as people say it: ``"yesterday at 17:05"``."""
    days = (today - moment.date()).days
    clock = f"{moment:%H:%M}"
    if days <= 0:
        return f"today at {clock}"
    if days == 1:
        return f"yesterday at {clock}"
    return f"on {moment.day} {moment:%B %Y}"


def _create(path: Path) -> "Project":
    from core.project.store import Project

    return Project.create(path)


def _open(path: Path) -> "Project":
    from core.project.store import Project

    return Project.open(path)


def _forget_session(path: Path) -> None:
    """Remove an unnamed project of which a named copy has been made."""
    from app.desk.session_files import remove_session

    remove_session(path)
