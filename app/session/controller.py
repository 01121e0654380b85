"""Joins document, view state, editor, desk and jobs, and says who does what: opening, saving, finding landmarks, closing.

Everything a person can do goes through here, or through one of its parts; widgets only pass it on. Holds no widget: what must be
asked goes through `Questions`, what must be shown through `Document` and `ViewState`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.case_list import CaseList
from app.desk.desk import Desk
from app.desk.kept_case import KeptCase
from app.session.background_search import BackgroundSearch
from app.session.case_opener import CaseOpener
from app.session.cases import Cases, levels_of, model_answer
from app.session.checking import Checking, NextCase
from app.session.document import Document
from app.session.editor import Editor
from app.session.file_names import Sample, is_landmark_file, sample_path
from app.session.jobs import Jobs
from app.session.landmark_opener import LandmarkOpener
from app.session.landmark_search import (
    BY_HAND,
    LandmarkSearch,
    Model,
    doubt_about,
    too_small_for,
)
from app.session.localization import localize_image
from app.session.navigation import Navigator
from app.session.opener import Opener
from app.session.pixel_sizes import PixelSizes
from app.session.placing import Placing
from app.session.preparation import Left, Prepared, fitting, how_left, listed_once_open, prepare
from app.session.projects import Projects, is_project
from app.session.questions import Questions, Unsaved
from app.session.review_guide import ReviewGuide
from app.session.saved_work import SavedWork
from app.session.saving import Saver
from app.session.schemes import Schemes
from app.session.shown_job import ShownJob
from app.session.typed_positions import TypedPositions
from app.session.undo import UndoHistories
from app.session.view_state import ViewState
from app.session.window_presets import AUTOMATIC, Preset
from core.base.errors import AppError
from core.images.dicom.series import Series
from core.images.file import read_image
from core.images.listing import Listing
from core.project.cases import Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.values.image import Image
from core.values.prediction import Prediction

if TYPE_CHECKING:
    from app.desk.background import Background
    from app.desk.events import Event
    from core.models.image_task import ImageAnswer
    from core.models.metadata import ModelInfo
    from core.schemes.scheme import Scheme

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
        self._opens_saved_work = opens_saved_work
        self._shown = ShownJob(self.view_state)
        parts = self.document, self.editor, self.view_state
        work = self.jobs, questions, self._shown
        self.search = LandmarkSearch(*parts, *work, localize, model_path)
        self.pixel_sizes = PixelSizes(*parts, questions, listed=lambda: self.opener.paths, find_again=self.search.start)
        self.saver = Saver(*parts, *work)
        self.landmark_opener = LandmarkOpener(
            *parts,
            self.saver,
            *work,
            when_safe=self._when_safe,
            ask_pixel_size=self.pixel_sizes.ask,
            stop_search=self.search.stop,
        )
        self.opener = Opener(
            self.document,
            *work,
            read,
            prepare=self._preparation,
            when_safe=self._when_safe,
            show=self._show_image,
            say=self.view_state.say,
            announce=lambda name: setattr(self.view_state, "opening", name),
        )
        self.case_list = CaseList(self.desk)
        self.case_opener = CaseOpener(
            self.desk, self.cases, self.case_list, self.opener, questions, self.view_state, read,
            prepare=self._preparation, show_again=self._show_again,
        )  # fmt: skip
        self.projects = Projects(self.desk, self.jobs, questions, self.view_state, when_safe=self._when_safe)
        self.background = BackgroundSearch(
            self.desk, self.jobs, lambda: (self.search.chosen, self.search.remembered), background
        )
        self.review = ReviewGuide(self.desk, self.editor, self.view_state, self.jobs, self.case_opener.open)
        self.schemes = Schemes(
            *parts,
            self.placing,
            questions,
            stop_search=self.search.stop,
            has_next=lambda: self.has_neighbour(1),
            open_next=lambda: self.open_neighbour(1),
        )
        self.checking.next_case = NextCase(lambda: self.has_neighbour(1), lambda: self.open_neighbour(1), "&Next image")
        self._added_rest: tuple[Path, ...] = ()
        self._leaving_unwritten = False
        self._writing_rest = False
        self.schemes.chosen.connect(self._keep_scheme)
        self.desk.refused.connect(questions.show_error)
        self.desk.project_changed.connect(self._show_project)
        self.desk.reader_changed.connect(self._read_anew)
        self.cases.blind_changed.connect(lambda _: self._read_anew())
        self.background.answered.connect(self._take_answer)
        self.view_state.events.show_vectors.connect(lambda _: self._find_vectors())

    # Opening

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open what was dropped or named on the command line: images, and perhaps a landmark file for the first of them."""
        projects = [path for path in paths if is_project(path)]
        landmark_files = [path for path in paths if is_landmark_file(path)]
        images = [path for path in paths if path not in landmark_files and path not in projects]
        if projects:
            self.projects.open(projects[0])
            if images:
                self._add_to_project(images)
        elif images:
            self.opener.open(images, landmark_files[0] if landmark_files else None)
        elif landmark_files:
            self.landmark_opener.open(landmark_files[0])

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Let images follow those that were opened just before; a landmark file among them is opened as ever."""
        images = [path for path in paths if not is_landmark_file(path) and not is_project(path)]
        if self.desk.current is None:
            self.opener.add(images)
        else:
            self._add_to_project(images)
        for path in filter(is_project, paths):
            self.projects.open(path)
        for path in filter(is_landmark_file, paths):
            self.landmark_opener.open(path)

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
        """Ask for images, and let them follow those of the project."""
        self._add_to_project(self.questions.image_paths(self.folder))

    def ask_add_folder(self) -> None:
        """Ask for a folder, and let the images in it follow those of the project."""
        path = self.questions.image_folder(self.folder)
        self._add_to_project([] if path is None else [path])

    def _add_to_project(self, paths: Sequence[Path]) -> None:
        """Let what paths stand for follow the cases of the project; the first of them is shown where none is."""
        if not paths:
            return

        def listed(listing: Listing) -> None:
            for sentence in (*listing.notes, *(str(problem) for problem in listing.problems)):
                self.view_state.say(sentence)
            if listing.images:
                self.desk.add_cases(listing.images, added)

        def added(ids: list[int]) -> None:
            if self.desk.current is None and not self.view_state.opening:
                self.case_opener.open(ids[0])
            self.background.localize_new()

        self.jobs.run(
            listed_once_open,
            tuple(paths),
            self.desk,
            on_result=listed,
            on_error=self.questions.show_error,
            may_stall=True,
        )

    def has_neighbour(self, step: int) -> bool:
        """Tell whether there is a next or previous image."""
        walks = self.case_opener if self.desk.current is not None else self.opener
        return walks.has_neighbour(step)

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

    def _preparation(self, path: Path, kept: KeptCase | None = None) -> Callable[[Image, Series | None], Prepared]:
        """Return what completes an image in the job that has read it."""
        return partial(
            prepare,
            path=path,
            kept=kept,
            desk=self.desk,
            sessions=self.projects.sessions,
            chosen=self.search.chosen,
            chosen_before=dict(self.search.remembered),
            said=self.pixel_sizes.said_about(path),
            finds_work=self._opens_saved_work and not self.cases.blind,
            remembered=self.saver.file_of(path),
        )

    def _show_image(self, prepared: Prepared, landmarks_path: Path | None) -> None:
        image, model, kept = prepared.image, prepared.model, prepared.kept
        self._leave_case()
        if kept is not None and self.cases.lay_open(kept.case.id) and not kept.image_changed:
            self._show_again(kept.case.id, image)
            if landmarks_path is not None:
                self.landmark_opener.open(landmarks_path)
            return
        self.cases.begin_history()
        self.view_state.begin(image)
        self.search.use(model)
        self.schemes.begin(image)
        info = None if isinstance(model, AppError) else model[1]
        has_landmarks = self._begin_landmarks(prepared, info, takes_work=landmarks_path is None)
        for warning in image.source.warnings:
            self.view_state.say(warning)
        if prepared.trouble:
            self.view_state.say(prepared.trouble)
        self.projects.say_read_only()
        self._add_rest()
        if landmarks_path is not None:
            self.landmark_opener.open(landmarks_path)
        elif not has_landmarks and not self.cases.blind and self.schemes.wants(info):
            self._find_landmarks(image, model)
        if landmarks_path is None:
            self.schemes.shown(info)
        self.background.localize_new()
        self._find_vectors()

    def _begin_landmarks(self, prepared: Prepared, info: "ModelInfo | None", *, takes_work: bool) -> bool:
        """Start with what is known of an image's landmarks; tell whether there is anything."""
        image, kept = prepared.image, prepared.kept
        work = prepared.work if takes_work else SavedWork()
        shown = answer = None
        geometry = Geometry.of(image)
        if kept is not None:
            shown = kept.shown(blind=self.cases.blind) or prepared.earlier
            answer = None if self.cases.blind else kept.model
            self._say_what_changed(kept)
            if levels := levels_of(kept.case):
                self.view_state.levels = levels
                self.view_state.inverted = bool(kept.case.view.get("inverted", False))
        shown, answer = fitting(shown, geometry), fitting(answer, geometry)
        prediction = None if answer is None else model_answer(answer)
        taken_over = ""
        if shown is not None:
            self.landmark_opener.begin_with(image, shown.landmarks, info, prediction, work)
            self.view_state.locked = shown.locked
            is_earlier = kept is not None and kept.shown(blind=self.cases.blind) is None
            taken_over = "Take over from an earlier session" if is_earlier else ""
        elif work.file is None and prediction is not None:
            self.landmark_opener.begin_with(image, prediction.landmarks, info, prediction, work)
        elif self.landmark_opener.begin(image, work, info):
            taken_over = "Open the landmark file"
        if kept is not None:
            self.cases.begin(kept, prepared.model, taken_over=taken_over)
        return shown is not None or prediction is not None or bool(taken_over)

    def _say_what_changed(self, kept: KeptCase) -> None:
        name = kept.case.path.name
        if kept.unfit:
            self.view_state.say(
                f"{name} is another image now, of another size. The landmarks in the project are kept but have no place in it, "
                "and what you do here is not kept in the project."
            )
        elif kept.image_changed:
            self.view_state.say(
                f"{name} has changed since it was read first. Its landmarks stay where they are: check whether they still fit."
            )

    def _find_landmarks(self, image: Image, model: Model | AppError) -> None:
        """Find the landmarks of an image just opened, unless the model can hardly know such an image, which is said."""
        too_small, doubt = too_small_for(image, model), doubt_about(image, model)
        if too_small:
            self.view_state.say(f"{too_small} {BY_HAND}")
        elif doubt:
            self.view_state.say(f"{doubt} Ctrl+L looks for them anyway.")
        else:
            if self.desk.current is not None:
                self.background.leave_to_window(self.desk.current)
            self.search.start()

    def _find_vectors(self) -> None:
        """Find the vectors that a person wants to see where only the landmarks are known."""
        prediction = self.document.prediction
        if (
            self.view_state.show_vectors
            and prediction is not None
            and not prediction.fields
            and not self.search.running
        ):
            self.search.start()

    def _leave_case(self) -> None:
        left = self.desk.current
        was_searching = self.search.running
        self.cases.leave()
        if left is not None and was_searching:
            self.search.stop()
            self.background.take_back(left)

    def _show_again(self, case_id: int, image: Image | None = None) -> None:
        """Show a case as it was left."""
        self._leave_case()
        self.schemes.begin(self.cases.left_image(case_id))
        model = self.cases.resume(case_id, image)
        self.search.use(model)
        info = None if isinstance(model, AppError) else model[1]
        shown, landmarks = self.document.image, self.document.landmarks
        is_blank = landmarks is not None and not any(landmarks.located) and self.document.prediction is None
        if shown is not None and is_blank and not self.cases.blind and self.schemes.wants(info):
            self._find_landmarks(shown, model)
        self.schemes.shown(info)
        self._find_vectors()

    def _add_rest(self) -> None:
        """Let the images that were opened together with the present one become cases behind it."""
        if self.desk.keeps_work and self.opener.paths is not self._added_rest:
            self._added_rest = self.opener.paths
            self._add_to_project(self.opener.others)

    def _take_answer(self, case_id: int, answer: "ImageAnswer") -> None:
        """Show what was found in the background where its case is open and the model has said nothing yet."""
        if case_id != self.desk.current:
            self.cases.drop_untouched(case_id)
            return
        image, info = self.document.image, self.document.model_info
        if image is None or info is None or self.document.prediction is not None or self.cases.blind:
            return
        if answer.grid == image.grid:
            self.search.stop()
            said = Reading(case_id, Reader(answer.model, ReaderKind.MODEL), answer.landmarks, Geometry.of(image))
            self.editor.apply_prediction(model_answer(said), info)

    # The project

    def begin_session(self, folder: Path, paths: Sequence[Path] = ()) -> None:
        """Begin an unnamed project in a folder, so that nothing is lost, unless a project is among the ``paths`` to open."""
        if any(map(is_project, paths)):
            self.projects.sessions = folder
        else:
            self.projects.begin_session(folder, offers_earlier=not paths)

    def _show_project(self) -> None:
        """Show the case of another project that was open last, or no image."""
        if self.desk.goes_on:
            return
        self._added_rest = self.opener.paths  # they belong to the project that was left
        if self.document.image is not None:
            self.cases.begin_history()
            self.document.close()
        self.desk.ask(how_left, self._go_on)

    def _go_on(self, left: Left) -> None:
        self.schemes.start_with(left.schemes)
        case_id = left.case_id
        if case_id is not None and self.desk.current is None and not self.view_state.opening:
            self.case_opener.open(case_id)
        self.background.localize_new()

    def _keep_scheme(self, ndim: int, scheme: "Scheme | None") -> None:
        if not self.desk.keeps_work:
            return
        if scheme is None:
            self.desk.change(lambda project: project.remove_scheme(ndim))
        else:
            self.desk.change(lambda project: project.set_scheme(scheme))

    def _read_anew(self) -> None:
        """Show the open case as another reader, or one who reads blind, is to see it."""
        wanted = self.case_opener.wanted
        self.editor.end_drag()
        if wanted is None:
            return
        self.cases.leave()
        self.cases.forget()
        image = self.document.image
        self.view_state.opening = "" if image is None else image.source.path.name  # nothing is marked in it meanwhile
        self.case_opener.open(wanted)

    # Finding landmarks and saving them

    def start_localization(self) -> None:
        """Find the landmarks in the background; what a person has decided on stays."""
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
        """Esc: put a dragged landmark back, or else return to looking around."""
        if not self.editor.cancel_drag():
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
        agreed: list[bool] = []
        asking = True

        def leave() -> None:
            if asking:
                agreed.append(True)
            else:
                close_again()

        self._when_safe(leave)
        asking = False
        if not agreed or not self._is_written(close_again):
            return False
        hide()  # a network on a large volume takes a while to hear that it shall stop
        self.background.close()
        self.jobs.shut_down()
        self.desk.close()
        return True

    def _is_written(self, close_again: Proceed) -> bool:
        """Tell whether the project holds everything; else write the rest first, or ask where the disk does not take it."""
        self.cases.note()
        if not self.desk.pending or self._leaving_unwritten:
            return True
        if self._writing_rest:
            return False
        self._writing_rest = True

        def tried(is_written: bool) -> None:
            self._writing_rest = False
            desk = self.desk
            if not is_written and desk.pending:
                self._leaving_unwritten = self.questions.leaves_unwritten(desk.pending, desk.failing)
            if is_written or self._leaving_unwritten:
                close_again()

        self.jobs.run(self.desk.flush, 5.0, on_result=tried, on_error=self.questions.show_error, may_stall=True)
        return False

    def cancel_job(self) -> None:
        """Stop what the progress bar shows."""
        job = self._shown.job
        if job is None:
            return
        if self.opener.is_reading(job):
            self.opener.cancel()
        elif not self.landmark_opener.cancel(job):
            self.search.cancel(job)

    def _when_safe(self, proceed: Proceed) -> None:
        """Go on once nothing would be lost: what is being written is waited for, unsaved work is asked about."""
        self.editor.end_drag()
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
