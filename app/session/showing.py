"""Shows images: what is known of their landmarks, or who finds them, and what else was opened together with them.

Between what was read and the document. Belongs to the main thread; what touches the disk is `preparation`, in jobs.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.case_list import CaseList
from app.desk.desk import Desk
from app.desk.kept_case import KeptCase
from app.session import landmark_edits
from app.session.background_search import BackgroundSearch
from app.session.case_opener import CaseOpener
from app.session.cases import Cases, levels_of, model_answer
from app.session.document import Document
from app.session.editor import Editor
from app.session.jobs import Jobs
from app.session.landmark_exchange import Arrival
from app.session.landmark_opener import LandmarkOpener
from app.session.landmark_search import BY_HAND, LandmarkSearch, Model, doubt_about, too_small_for
from app.session.model_choice import ModelChoice
from app.session.opener import Opener
from app.session.pixel_sizes import PixelSizes
from app.session.preparation import Prepared, fitting, listed_once_open, prepare
from app.session.projects import Projects
from app.session.questions import Questions
from app.session.saved_work import SavedWork
from app.session.saving import Saver
from app.session.schemes import Schemes
from app.session.view_state import Mode, ViewState
from core.base.errors import AppError
from core.images.dicom.series import Series
from core.images.listing import Listing
from core.project.cases import Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.values.image import Image, SpacingSource, print_resolution_warning

if TYPE_CHECKING:
    from core.models.image_task import ImageAnswer
    from core.models.metadata import ModelInfo


@dataclass(eq=False, kw_only=True)
class Showing:
    """Shows images.

    Attributes
    ----------
    document, view_state, editor
        Where they are shown.
    desk, cases, case_list, projects
        What the project knows of them, and in which order they are listed.
    search, background, schemes
        What finds the landmarks of the one that is shown and of the others, and which are wanted.
    landmark_opener, saver, pixel_sizes
        What is known of an image beside the project.
    jobs, questions
        Who looks for other images, and who is told what is wrong.
    opens_saved_work
        Whether the landmark file beside an image is opened with it.
    models
        Which models the project is localized by.
    opener, case_opener
        What was opened together, and who opens what was added; given once they are there.
    belongs_elsewhere
        Images that were opened together and belong to the project already, or to one that was left.
    """

    document: Document
    view_state: ViewState
    editor: Editor
    desk: Desk
    cases: Cases
    case_list: CaseList
    projects: Projects
    search: LandmarkSearch
    background: BackgroundSearch
    schemes: Schemes
    landmark_opener: LandmarkOpener
    saver: Saver
    pixel_sizes: PixelSizes
    jobs: Jobs
    questions: Questions
    opens_saved_work: bool
    models: ModelChoice
    opener: Opener[Prepared]
    case_opener: CaseOpener[Prepared]
    belongs_elsewhere: tuple[Path, ...] = ()

    def preparation(self, path: Path, kept: KeptCase | None = None) -> Callable[[Image, Series | None], Prepared]:
        """Return what completes an image in the job that has read it."""
        return partial(
            prepare,
            path=path,
            kept=kept,
            desk=self.desk,
            sessions=self.projects.sessions,
            chosen=self.search.chosen,
            chosen_before=dict(self.search.remembered),
            trusted=self.models.trusted,
            said=self.pixel_sizes.said_about(path),
            finds_work=self.opens_saved_work and not self.cases.blind,
            remembered=self.saver.file_of(path),
        )

    def show(self, prepared: Prepared, landmarks_path: Path | None) -> None:
        """Show an image that was read, with what is known of its landmarks, or with those of a file that came with it."""
        image, model, kept = prepared.image, prepared.model, prepared.kept
        self._leave_case()
        if kept is not None and self.cases.lay_open(kept.case.id) and not kept.image_changed:
            self.show_again(kept.case.id, image)
            self._add_rest()
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
            self.view_state.say(warning, once=warning == _said_of_all_alike(image))
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
        self.find_vectors()

    def _begin_landmarks(self, prepared: Prepared, info: "ModelInfo | None", *, takes_work: bool) -> bool:
        """Start with what is known of an image's landmarks; tell whether there is anything."""
        image, kept = prepared.image, prepared.kept
        work = prepared.work if takes_work and not self.cases.blind else SavedWork()
        shown = answer = None
        geometry = Geometry.of(image)
        if kept is not None:
            shown = kept.shown(blind=self.cases.blind) or prepared.earlier
            if shown is not None and self.cases.blind:
                shown = replace(shown, landmarks=landmark_edits.decided_only(shown.landmarks))
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
            if shown.reader.kind is ReaderKind.PERSON and shown.reader != self.desk.reader and not is_earlier:
                self.view_state.say(
                    f"These are the landmarks of {shown.reader.name}. What you change is kept as yours beside them.",
                    is_warning=False,
                )
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
            self.search.start(asked=False)

    def find_vectors(self) -> None:
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

    def show_again(self, case_id: int, image: Image | None = None) -> None:
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
        self.find_vectors()

    def show_nothing(self) -> None:
        """Show no image, of whatever case or project."""
        self.editor.cancel_drag()
        self.search.stop()
        if self.document.image is not None:
            self.cases.begin_history()
            self.document.close()

    def leave_removed(self, case_ids: Collection[int]) -> None:
        """Show what follows in the list where the open case was taken out of the project, else what is before it."""
        current, wanted = self.desk.current, self.case_opener.wanted
        following = self._listed_beside(current, case_ids)
        self.cases.forget_removed(case_ids)
        if current in case_ids:
            self.opener.cancel()
            self.show_nothing()
            if following is not None:
                self.case_opener.open(following)
        elif current is not None and wanted in case_ids:
            self.case_opener.open(current)  # which gives up what is being opened

    def _listed_beside(self, case_id: int | None, but: Collection[int]) -> int | None:
        """Return the nearest case behind one in the list, else before it, without some of them."""
        row, ids = self.case_list.row_of(case_id), self.case_list.ids
        if row is None:
            return None
        return next((id_ for id_ in (*ids[row:], *reversed(ids[:row])) if id_ not in but), None)

    def _add_rest(self) -> None:
        """Let the images that were opened together with the present one become cases behind it."""
        if self.desk.keeps_work and self.opener.paths is not self.belongs_elsewhere:
            self.belongs_elsewhere = self.opener.paths
            self.add(self.opener.others)

    def take_arrival(self, came: Arrival) -> None:
        """Show what has come into the project: in the first of the cases, or else in the open one."""
        self.schemes.start_with(came.schemes)
        wanted = next(iter(came.to_show), self.case_opener.wanted)
        if came.is_seen:
            self._forget_cases(wanted)
        if wanted is not None and (came.is_seen or came.to_show):
            self.case_opener.open(wanted, then=came.tell)
        else:
            came.tell()
        self.background.localize_new()

    def read_anew(self) -> None:
        """Show the open case as another reader, or one who reads blind, is to see it, or as a merge has left it."""
        wanted = self.case_opener.wanted
        self._forget_cases(wanted)
        if wanted is not None:
            self.case_opener.open(wanted)

    def _forget_cases(self, wanted: int | None) -> None:
        """Let go of how cases were left, since the project knows better; ``wanted`` is about to be opened."""
        self.editor.end_drag()
        if wanted is not None:
            self.opener.cancel()  # what is being read was prepared for the other reader
        self.cases.leave()
        self.cases.forget()
        if wanted is None:
            return
        image = self.document.image
        self.view_state.opening = "" if image is None else image.source.path.name  # nothing is marked in it meanwhile

    def take_answer(self, case_id: int, answer: "ImageAnswer") -> None:
        """Show what was found in the background where its case is open and the model has said nothing yet."""
        if case_id != self.desk.current:
            self.cases.drop_untouched(case_id)
            return
        image, before = self.document.image, self.document.prediction
        info = self._info_of(answer.model)
        if image is None or info is None or self.cases.blind or (before is not None and before.model == answer.model):
            return
        if answer.grid == image.grid:
            self.search.stop()
            said = Reading(case_id, Reader(answer.model, ReaderKind.MODEL), answer.landmarks, Geometry.of(image))
            self.editor.apply_prediction(model_answer(said), info)

    def _info_of(self, title: str) -> "ModelInfo | None":
        """Return what the model of that name says about itself where it is the one in use, None where the open image has none."""
        model, shown = self.search.model, self.document.model_info
        if not isinstance(model, AppError) and model[1].title == title:
            return model[1]
        return shown if shown is not None and self.document.prediction is None else None

    def change_model(self, ndim: int, model: Model | AppError) -> None:
        """Find landmarks by another model from now on: in the open image at once where nobody has said anything about it."""
        self.cases.change_model(ndim, model)
        self.background.localize_again()
        image = self.document.image
        if image is None or image.ndim != ndim:
            return
        self.search.use(model)
        info = None if isinstance(model, AppError) else model[1]
        if not self.cases.has_reading and not self.cases.blind and self.schemes.wants(info):
            self.view_state.mode = Mode.NAVIGATE  # who was about to place landmarks is shown where they are
            self._find_landmarks(image, model)

    def add(self, paths: Sequence[Path]) -> None:
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


def _said_of_all_alike(image: Image) -> str:
    """Return the warning that a film has in common with all others of its scanner, empty where there is none."""
    if image.source.spacing_source is not SpacingSource.PRINT_RESOLUTION:
        return ""
    y_mm, x_mm = image.grid.spacing_mm
    return print_resolution_warning(x_mm, y_mm)
