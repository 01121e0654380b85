"""Joins document, view state, editor, desk and jobs, and says who does what: opening, saving, finding landmarks, closing.

Everything a person can do goes through here, or through one of its parts; widgets only pass it on. Holds no widget: what must be
asked goes through `Questions`, what must be shown through `Document` and `ViewState`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.case_list import CaseList
from app.desk.desk import Desk
from app.desk.trusted_models import TrustedModels, trusted_path
from app.session.analysis_editing import AnalysisEditing
from app.session.background_search import BackgroundSearch, Choice
from app.session.case_opener import CaseOpener
from app.session.cases import Cases
from app.session.checking import Checking, NextCase
from app.session.document import Document
from app.session.editor import Editor
from app.session.file_names import Sample, sample_path
from app.session.free_measuring import FreeMeasuring
from app.session.jobs import Jobs
from app.session.kept_choices import keep_scheme, keep_size
from app.session.landmark_exchange import LandmarkExchange
from app.session.landmark_opener import LandmarkOpener
from app.session.landmark_search import LandmarkSearch
from app.session.learning import Learning, StartLearning, start_process
from app.session.localization import localize_image
from app.session.measuring import Measuring
from app.session.model_choice import ModelChoice
from app.session.navigation import Navigator
from app.session.opener import Opener
from app.session.own_analyses import OwnAnalyses
from app.session.path_opener import PathOpener
from app.session.pixel_sizes import PixelSizes
from app.session.placing import Placing
from app.session.preparation import Left, how_left
from app.session.project_readers import ProjectReaders
from app.session.projects import Projects, is_project
from app.session.questions import Questions, Unsaved
from app.session.review_guide import ReviewGuide
from app.session.saving import Saver
from app.session.schemes import Schemes
from app.session.showing import Showing
from app.session.shown_job import ShownJob
from app.session.typed_positions import TypedPositions
from app.session.undo import UndoHistories
from app.session.view_state import ViewState
from app.session.window_presets import AUTOMATIC, Preset
from core.base.errors import AppError
from core.images.file import read_image
from core.project.readings import Reader
from core.values.image import Image
from core.values.prediction import Prediction

if TYPE_CHECKING:
    from app.desk.background import Background
    from app.desk.events import Event
    from core.project.merge import Merged

Proceed = Callable[[], object]

CACHED_BYTES = 1 << 30
"""How much memory the images may take to which a person can go back at once."""


class Controller:
    """Owns document, view state, editor and jobs, and joins them.

    Parameters
    ----------
    questions
        Who answers.
    model_path
        Model to use in place of the bundled ones.
    read, localize
        What opens an image and what finds its landmarks; both run in worker threads.
    opens_saved_work
        Whether an image is opened with the landmark file that lies beside it, where there is one.
    background
        Makes what localizes the other cases meanwhile, given who hears of it; nothing does where omitted.
    start_learning
        Starts the process in which networks learn.
    """

    def __init__(
        self,
        questions: Questions,
        model_path: Path | None = None,
        *,
        read: Callable[..., Image] = read_image,
        localize: Callable[..., Prediction] = localize_image,
        opens_saved_work: bool = True,
        background: Callable[[Callable[["Event"], None]], "Background"] | None = None,
        start_learning: StartLearning = start_process,
    ) -> None:
        self.document = Document()
        self.view_state = ViewState()
        self.undo_stack = UndoHistories()
        self.navigator = Navigator(self.document, self.view_state)
        self.editor = Editor(self.document, self.view_state, self.undo_stack, self.navigator)
        self.checking = Checking(self.document, self.editor, self.view_state)
        self.placing = Placing(self.document, self.editor, self.view_state, self.navigator)
        self.typed_positions = TypedPositions(self.document, self.editor, self.view_state)
        self.jobs = Jobs()
        self.questions = questions
        self.desk = Desk(self.jobs, Reader("I"))
        self.cases = Cases(self.desk, self.document, self.view_state, self.undo_stack, most_bytes=CACHED_BYTES)
        self.own_analyses = OwnAnalyses(
            self.desk, self.jobs, questions, self.view_state, folder_of_images=lambda: self.folder,
            is_named=lambda: bool(self.projects.name),
        )  # fmt: skip
        self.measuring = Measuring(
            self.document, self.view_state, self.navigator, is_blind=lambda: self.cases.blind, jobs=self.jobs,
            questions=questions, own=self.own_analyses,
        )  # fmt: skip
        self.readers = ProjectReaders(self.desk, self.measuring.take_readers)
        self.analysis_editing = AnalysisEditing(
            self.document, self.view_state, self.measuring, self.own_analyses, self.jobs, questions
        )
        self.free_measuring = FreeMeasuring(
            self.desk, self.cases, self.document, self.view_state, self.navigator, self.undo_stack
        )
        self._shown = ShownJob(self.view_state)
        self._had_project = False
        parts = self.document, self.editor, self.view_state
        work = self.jobs, questions, self._shown
        self.search = LandmarkSearch(*parts, *work, localize, model_path)
        self.pixel_sizes = PixelSizes(
            *parts, questions, listed=lambda: self.opener.paths, count=lambda: self.case_list.counts.total,
            find_again=lambda: self._find_again(),
        )  # fmt: skip
        self.saver = Saver(*parts, *work)
        self.landmark_opener = LandmarkOpener(
            *parts, self.saver, *work, when_safe=self._when_safe, ask_pixel_size=self.pixel_sizes.ask,
            stop_search=self.search.stop,
        )  # fmt: skip
        self.opener = Opener(
            self.document, *work, read, prepare=lambda path: self.showing.preparation(path), when_safe=self._when_safe,
            show=lambda prepared, landmarks_path: self.showing.show(prepared, landmarks_path), say=self.view_state.say,
            announce=lambda name: setattr(self.view_state, "opening", name),
        )  # fmt: skip
        self.case_list = CaseList(self.desk)
        self.case_opener = CaseOpener(
            self.desk, self.cases, self.case_list, self.opener, questions, self.view_state, read,
            prepare=lambda path, kept: self.showing.preparation(path, kept),
            show_again=lambda case_id: self.showing.show_again(case_id),
        )  # fmt: skip
        self.projects = Projects(self.desk, self.jobs, questions, self.view_state, when_safe=self._when_safe)
        self.exchange = LandmarkExchange(
            self.desk, self.case_list, self.jobs, self._shown, questions, self.view_state,
            suggestion=lambda: self.projects.suggested(self.folder), arrived=lambda came: self.showing.take_arrival(came),
        )  # fmt: skip
        self.models = ModelChoice(
            self.desk, self.jobs, questions, forget_choice=self.search.forget_choice,
            remembered=lambda: self.search.remembered,
        )  # fmt: skip
        self.learning = Learning(self.desk, self.jobs, questions, self.view_state, self.models, start=start_learning)
        self.background = BackgroundSearch(
            self.desk, self.jobs, lambda: Choice(self.search.chosen, self.search.remembered, self.models.trusted), background
        )  # fmt: skip
        self.review = ReviewGuide(
            self.desk, self.document, self.editor, self.view_state, self.jobs, self.case_opener.open
        )
        self.schemes = Schemes(
            *parts, self.placing, questions, stop_search=self.search.stop, has_next=lambda: self.has_neighbour(1),
            open_next=lambda: self.open_neighbour(1),
        )  # fmt: skip
        self.showing = Showing(
            document=self.document, view_state=self.view_state, editor=self.editor, desk=self.desk, cases=self.cases,
            case_list=self.case_list, projects=self.projects, search=self.search, background=self.background,
            schemes=self.schemes, models=self.models, landmark_opener=self.landmark_opener, saver=self.saver,
            pixel_sizes=self.pixel_sizes, jobs=self.jobs, questions=questions, opens_saved_work=opens_saved_work,
            opener=self.opener, case_opener=self.case_opener,
        )  # fmt: skip
        self.path_opener = PathOpener(
            self.document, self.desk, *work, opener=self.opener, landmark_opener=self.landmark_opener,
            projects=self.projects, exchange=self.exchange, add=self.showing.add,
        )  # fmt: skip
        self.checking.next_case = NextCase(lambda: self.has_neighbour(1), lambda: self.open_neighbour(1), "&Next image")
        self.schemes.chosen.connect(lambda ndim, scheme: keep_scheme(self.desk, ndim, scheme))
        self.schemes.chosen.connect(lambda *_: self.background.look_again())
        self.pixel_sizes.said_of_all.connect(lambda spacing_mm: keep_size(self.desk, spacing_mm))
        self.desk.refused.connect(self.projects.tell_refused)
        self.desk.project_changed.connect(self._show_project)
        self.desk.cases_removed.connect(self.showing.leave_removed)
        self.desk.reader_changed.connect(self._reader_changed)
        self.projects.reader_told.connect(lambda _: self.cases.keep_held_back())
        self.cases.held_back.reader_wanted.connect(lambda: self.jobs.post(self._ask_reader))
        self.cases.held_back.said_before.connect(self._show_said_before)
        self.cases.blind_changed.connect(self.measuring.refresh)
        self.cases.blind_changed.connect(lambda _: self.showing.read_anew())
        self.background.answered.connect(self.showing.take_answer)
        self.models.changed.connect(self.showing.change_model)
        self.search.trust = self.models.use
        self.search.new_scheme = self.schemes.ask_new
        self.view_state.events.show_vectors.connect(lambda _: self.showing.find_vectors())

    # Opening

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open what was dropped or named on the command line."""
        self.path_opener.open(paths)

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Let what came from outside follow what was opened just before."""
        self.path_opener.add(paths)

    def ask_open_image(self) -> None:
        """Ask for an image and open it."""
        path = self.questions.image_path(self.folder)
        if path is not None:
            self.open_paths([path])

    def ask_open_folder(self) -> None:
        """Ask for a folder, such as one with DICOM slices, and open what is in it."""
        path = self.questions.image_folder(self.folder)
        if path is not None:
            self.opener.open([path])

    def ask_open_landmarks(self) -> None:
        """Ask for a landmark file and open it."""
        path = self.questions.landmarks_path(self.folder)
        if path is not None:
            self.landmark_opener.open(path)

    def open_sample(self, sample: Sample) -> None:
        """Open one of the images that come with Cairn."""
        path = sample_path(sample)
        if path is not None:
            self.open_paths([path])

    @property
    def image_paths(self) -> tuple[Path, ...]:
        """The images that were opened together."""
        return self.opener.paths

    @property
    def folder(self) -> Path | None:
        """Folder of the open image, where dialogs start."""
        image = self.document.image
        return None if image is None else image.source.path.parent

    def ask_add_images(self) -> None:
        """Ask for images, or files of landmarks that name theirs, and let them follow those of the project."""
        self.path_opener.add_to_project(self.questions.image_paths(self.folder))

    def ask_add_folder(self) -> None:
        """Ask for a folder, and let the images in it follow those of the project."""
        path = self.questions.image_folder(self.folder)
        self.showing.add([] if path is None else [path])

    def has_neighbour(self, step: int) -> bool:
        """Tell whether there is a next or previous image."""
        return (self.case_opener if self.desk.current is not None else self.opener).has_neighbour(step)

    def open_neighbour(self, step: int) -> None:
        """Open the next or previous image."""
        walks = self.case_opener if self.desk.current is not None else self.opener
        walks.open_neighbour(step)

    @property
    def place(self) -> tuple[int, int] | None:
        """Which image of how many is open, from 1; None where there is only one, or none."""
        place, count = self.case_opener.place, self.case_opener.count
        if self.desk.current is None:
            image, paths = self.document.image, self.image_paths
            count = len(paths)
            place = paths.index(image.source.path) if image is not None and image.source.path in paths else None
        return (place + 1, count) if place is not None and count > 1 else None

    # The project

    def begin_session(self, folder: Path, paths: Sequence[Path] = ()) -> None:
        """Begin an unnamed project in a folder, so that nothing is lost, unless a project is among the ``paths`` to open."""
        self.models.trusted = TrustedModels(trusted_path(folder))
        if any(map(is_project, paths)):
            self.projects.sessions = folder
        else:
            self.projects.begin_session(folder, offers_earlier=not paths)

    def _show_project(self) -> None:
        """Show the case of another project that was open last, or no image."""
        if self.desk.goes_on:
            return
        self.showing.belongs_elsewhere = self.opener.paths  # they belong to the project that was left
        if self._had_project:  # what is being read was asked of that one, too, and its cases have numbers of their own
            self.opener.cancel()
        self._had_project = True
        self.showing.show_nothing()
        self.desk.ask(how_left, self._go_on)

    def _go_on(self, left: Left) -> None:
        self.schemes.start_with(left.schemes)
        case_id = left.case_id
        if case_id is not None and self.desk.current is None and not self.view_state.opening:
            self.case_opener.open(case_id)
        self.background.localize_new()

    def _ask_reader(self) -> None:
        """Ask who has just said something; without an answer it is kept under the name that was proposed."""
        if self.cases.held_back.waits:
            self.projects.ask_reader()
            self.desk.reader_is_known = True
            self.cases.keep_held_back()

    def _reader_changed(self) -> None:
        if not self.cases.held_back.any:  # what is shown is theirs, and about to be kept
            self.showing.read_anew()

    def _show_said_before(self) -> None:
        self.showing.read_anew()
        self.questions.show_error(
            AppError(
                "You have read this image before, and what you said then stays.", "Do once more what you did last."
            )
        )

    def take_merged(self, merged: "Merged") -> None:
        """Show what a merge has brought of this reader, whose next step would else be kept in its place, and of analyses."""
        self.own_analyses.read()
        self.free_measuring.read_anew()
        if any(reader in (None, self.desk.reader) for _, reader in merged.touched):
            self.showing.read_anew()

    # Finding landmarks and saving them

    def start_localization(self) -> None:
        """Find the landmarks in the background; what a person has decided on stays, and who reads blind is told why not."""
        if self.cases.blind:
            told = "You read blind, so the model does not look for landmarks here. “Blind reading” in the View menu ends that."
            self.view_state.say(told, is_warning=False)
        else:
            self.search.start()

    def _find_again(self) -> None:
        """Find the landmarks anew, now that the pixel size is known; who reads blind is shown no answer."""
        if not self.cases.blind:
            self.search.start()

    def ask_model(self) -> None:
        """Ask for a model file, show what it says about itself, and find the landmarks with it."""
        self.search.ask_model()

    @property
    def localizing(self) -> bool:
        """Whether a search for landmarks runs that nobody has cancelled."""
        return self.search.running

    def save(self) -> None:
        """Save the landmarks to the file they belong to, asking for one the first time."""
        self.saver.save()

    def save_as(self) -> None:
        """Ask where to save the landmarks, and save them there."""
        self.saver.save_as()

    # Pixel size

    def ask_pixel_size(self) -> None:
        """Ask for the pixel size, or start measuring it on a ruler in the image."""
        self.pixel_sizes.ask()

    def click_ruler(self, point_px: tuple[float, float]) -> None:
        """Take one end of the ruler; after the second one ask for its length."""
        self.pixel_sizes.click(point_px)

    # Looking and naming

    def reset_levels(self) -> None:
        """Go back to the brightness and contrast that suit the image."""
        self.apply_preset(AUTOMATIC)

    def apply_preset(self, preset: Preset) -> None:
        """Show the image in named grey levels."""
        if self.document.image is not None:
            self.view_state.levels = preset.levels(self.document.image)

    def leave_mode(self) -> None:
        """Esc: put back what is dragged, give up what is being measured, or else return to looking around."""
        if not self.editor.cancel_drag() and not self.free_measuring.cancel():
            self.schemes.stop_through_all()
            self.pixel_sizes.stop_measuring()

    def ask_rename(self) -> None:
        """Ask for a new name for the selected landmark."""
        name = self.view_state.selected
        new_name = None if name is None else self.questions.landmark_name(name)
        if new_name is not None:
            self.editor.rename(new_name)

    # Leaving, and what is going on

    def close(self, hide: Proceed = lambda: None, close_again: Proceed = lambda: None) -> bool:
        """Ask about unsaved work; tell whether the window may close, which then has been hidden and waits for nothing.

        Where a file has to be written first, ``close_again`` is called once that has gone well.
        """
        if not self.analysis_editing.cancel() or not self.learning.may_leave():
            return False
        agreed: list[bool] = []
        asking = True

        def leave() -> None:
            if asking:
                agreed.append(True)
            else:
                close_again()

        self._when_safe(leave)
        asking = False
        if not agreed:
            return False
        self._ask_reader()
        self.cases.note()
        if not self.exchange.is_written(close_again) or not self.projects.is_written(close_again):
            return False
        hide()  # a network on a large volume takes a while to hear that it shall stop
        self.background.close()
        self.learning.close()
        self.jobs.shut_down()
        self.desk.close()
        return True

    def cancel_job(self) -> None:
        """Stop what the progress bar shows."""
        job = self._shown.job
        if job is None:
            return
        if self.opener.is_reading(job):
            self.opener.cancel()
        elif not any(one.cancel(job) for one in (self.path_opener, self.landmark_opener, self.exchange)):
            self.search.cancel(job)

    def _when_safe(self, proceed: Proceed) -> None:
        """Go on once nothing would be lost: what is being written is waited for, unsaved work is asked about."""
        self.editor.end_drag()
        self.cases.note()  # another project may come, to which this cannot be told any more
        image = self.document.image
        if self.saver.running:
            self.saver.when_written(lambda: self._when_safe(proceed), anyway=proceed)
        elif image is None or not self.document.modified or self.cases.holds_work:
            proceed()
        else:
            answer = self.questions.unsaved(image.source.path.name)
            if answer is Unsaved.SAVE:
                self.saver.save(lambda: self._when_safe(proceed))
            elif answer is Unsaved.DISCARD:
                proceed()
