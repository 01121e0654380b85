"""The analyses that a person has made: those of the project, and the files that hold theirs.

Puts them into the project, takes them out and saves them as files; what a project holds is read in jobs, and one that is wrong
costs no other. Measures nothing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from app.desk.desk import Desk
from app.session.analysis_choice import KeptAnalysis, Offer, kept_analysis
from app.session.jobs import Jobs
from app.session.questions import Questions
from app.session.view_state import ViewState
from core.base.errors import AppError
from core.base.files import reason_of, written_whole
from core.measuring.analysis import Analysis
from core.measuring.file import SUFFIX, parse_analysis, read_analysis_text
from core.project.analyses import ProjectAnalysis

if TYPE_CHECKING:
    from core.project.store import Project

OnText = Callable[[str], None]


class OwnAnalyses:
    """What a person has made.

    Parameters
    ----------
    desk
        Whose project they are kept in.
    jobs, questions, view_state
        Who reads and writes files, who is asked, and where it is said what is wrong.
    folder_of_images
        Tells where files are saved first.
    is_named
        Tells whether a person has named the project; an unnamed one is a day's work, which the next start goes on without.

    Attributes
    ----------
    kept
        The analyses of the project, by name; also those that cannot be used.
    """

    changed = Signal()
    """The project has other analyses."""
    project_left = Signal()
    """Another project was opened."""

    def __init__(
        self, desk: Desk, jobs: Jobs, questions: Questions, view_state: ViewState,
        folder_of_images: Callable[[], Path | None] = lambda: None, is_named: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self._desk = desk
        self._jobs = jobs
        self._questions = questions
        self._view = view_state
        self._folder_of_images = folder_of_images
        self._is_named = is_named
        self.kept: tuple[KeptAnalysis, ...] = ()
        desk.project_changed.connect(self._show_project)

    @property
    def may_change(self) -> bool:
        """Whether the project that is open can be changed at all."""
        return self._desk.keeps_work

    @property
    def keeps(self) -> bool:
        """Whether there is a project that takes analyses, and that a person will open again."""
        return self._desk.keeps_work and self._is_named()

    def _show_project(self) -> None:
        if not self._desk.goes_on:  # those of another project
            self._take(())
            self.project_left.emit()
        self.read()

    def read(self) -> None:
        """Read what the project has, in a job; what is wrong there is told once."""
        self._desk.ask(all_kept, self._take)

    def _take(self, kept: tuple[KeptAnalysis, ...]) -> None:
        told, wrong = _problems(self.kept), _problems(kept)
        mended = told - wrong
        if mended:
            self._view.messages = tuple(one for one in self._view.messages if one.text not in mended)
        for text in sorted(wrong):
            self._view.say(text, once=True)
        if kept != self.kept:
            self.kept = kept
            self.changed.emit()

    def find(self, name: str) -> KeptAnalysis | None:
        """Return the project's analysis of that name, None where it has none."""
        return next((one for one in self.kept if one.name == name), None)

    def put(self, name: str, text: str, analysis: Analysis, on_kept: Callable[[], object] = lambda: None) -> None:
        """Keep an analysis in the project under a name, in place of the one that has it."""
        put = ProjectAnalysis(name, analysis.ndim, text)

        def written(_: None) -> None:
            others = tuple(one for one in self.kept if one.name != name)
            self._take(
                tuple(sorted((*others, KeptAnalysis(name, text, analysis)), key=lambda one: one.name.casefold()))
            )
            on_kept()

        self._desk.change(lambda project: project.analyses.put(put), written)

    def ask_put(self, text: str, analysis: Analysis, on_kept: Callable[[], object] = lambda: None) -> None:
        """Keep an analysis in the project under its own name, asking first where another one would be lost."""
        there = self.find(analysis.name)
        if there is None or there.text == text or self._questions.replaces_analysis(analysis.name):
            self.put(analysis.name, text, analysis, on_kept)

    def ask_remove(self, name: str) -> None:
        """Take an analysis out of the project, once a person has said that they mean it."""
        if self.find(name) is not None and self._questions.removes_analysis(name):
            self.remove(name)

    def remove(self, name: str) -> None:
        """Take an analysis out of the project."""
        self._desk.change(
            lambda project: project.analyses.remove(name),
            lambda _: self._take(tuple(one for one in self.kept if one.name != name)),
        )

    # Files

    def read_text(self, offer: Offer, on_text: OnText) -> None:
        """Get the text of an analysis as its author wrote it."""
        if offer.kept is not None:
            on_text(offer.kept.text)
            return
        self._jobs.run(
            read_analysis_text, offer.analysis.name if offer.path is None else offer.path,
            on_result=on_text, on_error=self._questions.show_error, may_stall=True,
        )  # fmt: skip

    def ask_save(self, offer: Offer) -> None:
        """Ask for a file, and save an analysis there."""
        self.read_text(offer, lambda text: self.ask_save_text(offer.analysis.name, text))

    def ask_save_text(self, name: str, text: str) -> None:
        """Ask for a file, and save a text there; one that is wrong, too, so that it can be corrected elsewhere."""
        path = self.ask_path(name)
        if path is not None:
            self.write(path, text)

    def ask_path(self, name: str) -> Path | None:
        """Ask for a file for an analysis of a name."""
        folder = self._folder_of_images()
        return self._questions.analysis_save_path((folder or Path()) / f"{file_name(name)}{SUFFIX}")

    def ask_write(self, name: str, text: str, folder: Path | None, on_written: Callable[[Path], object]) -> None:
        """Save an analysis in a person's folder, asking first where another one is there; without a folder ask for a file."""
        if folder is None:
            path = self.ask_path(name)
            if path is not None:
                self.write(path, text, lambda: on_written(path))
            return
        there = folder / f"{file_name(name)}{SUFFIX}"

        def looked(exists: bool) -> None:
            if not exists or self._questions.replaces_analysis(name):
                self.write(there, text, lambda: on_written(there))

        self._jobs.run(there.exists, on_result=looked, on_error=self._questions.show_error, may_stall=True)

    def write(self, path: Path, text: str, on_written: Callable[[], object] = lambda: None) -> None:
        """Save a text as a file, in a job, and say so."""

        def written(_: None) -> None:
            self._view.say(f"Analysis saved to {path.name}.", is_warning=False)
            on_written()

        self._jobs.run(
            _write, path, text, on_result=written, on_error=self._questions.show_error, may_stall=True
        )  # fmt: skip


def file_name(name: str) -> str:
    """Return a name that any file system takes."""
    kept = "".join(letter if letter.isalnum() or letter in "-_ ." else "-" for letter in name).strip(" .")
    return kept or "analysis"


def read_with_text(path: Path) -> tuple[str, Analysis]:
    """Return the text of a file and the analysis in it."""
    text = read_analysis_text(path)
    return text, parse_analysis(text, path.name)


def _problems(kept: tuple[KeptAnalysis, ...]) -> frozenset[str]:
    """Return what is said of those that cannot be used."""
    problems = (one.problem for one in kept if one.problem is not None)
    return frozenset(f"{problem.message} {problem.hint or ''}".strip() for problem in problems)


def all_kept(project: "Project") -> tuple[KeptAnalysis, ...]:
    """Return the analyses of a project; for jobs."""
    return tuple(kept_analysis(one.name, one.text) for one in project.analyses.all())


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise AppError(f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk.") from error
