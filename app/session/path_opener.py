"""Says who opens what was dropped, named on the command line or chosen: images, landmarks, projects, or several of these.

Knows files by their names; whether a file names the images of its landmarks is found out in a job. Opens nothing itself.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.desk import Desk
from app.session.document import Document
from app.session.file_names import is_landmark_file, may_list_cases, may_name_images
from app.session.jobs import Job, Jobs
from app.session.landmark_exchange import LandmarkExchange, named
from app.session.landmark_opener import LandmarkOpener
from app.session.opener import Opener
from app.session.projects import Projects, is_project
from app.session.questions import Questions
from app.session.shown_job import ShownJob

if TYPE_CHECKING:
    from app.session.preparation import Prepared


class PathOpener:
    """Hands paths to whom they concern.

    Parameters
    ----------
    document, desk
        What is open.
    jobs, questions, shown
        Who looks into files, who is told what is wrong, and where it is shown that they are looked into.
    opener, landmark_opener, projects, exchange
        Who opens images, landmarks of the open image, projects, and images by their landmarks.
    add
        Lets images follow those of the project.
    """

    def __init__(
        self,
        document: Document,
        desk: Desk,
        jobs: Jobs,
        questions: Questions,
        shown: ShownJob,
        *,
        opener: "Opener[Prepared]",
        landmark_opener: LandmarkOpener,
        projects: Projects,
        exchange: LandmarkExchange,
        add: Callable[[Sequence[Path]], None],
    ) -> None:
        self._document = document
        self._desk = desk
        self._jobs = jobs
        self._questions = questions
        self._shown = shown
        self._opener = opener
        self._landmark_opener = landmark_opener
        self._projects = projects
        self._exchange = exchange
        self._add = add
        self._opening: Job | None = None
        self._looking: set[Job] = set()

    def open(self, paths: Sequence[Path]) -> None:
        """Open images, and perhaps a landmark file for the first of them.

        A file with the landmarks of many images, a table of cases and the folder of the ISBI challenge stand for what they name.
        """
        if self._opening is not None:
            self.cancel(self._opening)  # what was wanted last counts
        projects = [path for path in paths if is_project(path)]
        others = [path for path in paths if path not in projects]

        def sorted_out(naming: Sequence[Path]) -> None:
            landmark_files = [path for path in others if is_landmark_file(path) and path not in naming]
            images = [path for path in others if path not in (*landmark_files, *naming)]
            if projects:
                self._projects.open(projects[0])
            if naming:
                self._exchange.open([*naming, *images])
            elif projects:
                self._add(images)
            elif images:
                self._opener.open(images, landmark_files[0] if landmark_files else None)
            elif landmark_files:
                self._landmark_opener.open(landmark_files[0])

        self._opening = self._sort_out(others, sorted_out, alone=self._has_no_image(others))

    def cancel(self, job: Job) -> bool:
        """Give up what is being opened where ``job`` looks into it, though its drive may not answer; tell whether it is."""
        if job not in self._looking:
            return False
        job.cancel()
        self._let_go(job)
        return True

    def _let_go(self, job: Job) -> None:
        self._looking.discard(job)
        self._shown.hide(job)

    def add(self, paths: Sequence[Path]) -> None:
        """Let images follow those that were opened just before; a landmark file among them is opened as ever."""
        others = [path for path in paths if not is_project(path)]

        def sorted_out(naming: Sequence[Path]) -> None:
            landmark_files = [path for path in others if is_landmark_file(path) and path not in naming]
            images = [path for path in others if path not in (*landmark_files, *naming)]
            for path in filter(is_project, paths):
                self._projects.open(path)
            if naming:
                self._exchange.open([*naming, *images], shows=False)
            elif self._desk.current is None:
                self._opener.add(images)
            else:
                self._add(images)
            for path in landmark_files:
                self._landmark_opener.open(path)

        self._sort_out(others, sorted_out, alone=self._has_no_image(others))

    def add_to_project(self, paths: Sequence[Path]) -> None:
        """Let images, or those that files of landmarks name, follow those of the project; what is open stays."""

        def sorted_out(naming: Sequence[Path]) -> None:
            if naming:
                self._exchange.open(paths, shows=False)
            else:
                self._add(paths)

        self._sort_out(paths, sorted_out, alone=True)

    def _has_no_image(self, paths: Sequence[Path]) -> bool:
        """Tell whether there is no image that landmarks could be laid on, neither open nor named."""
        is_named = any(not is_landmark_file(path) and not may_name_images(path) for path in paths)
        return self._document.image is None and not is_named

    def _sort_out(self, paths: Sequence[Path], then: Callable[[list[Path]], None], *, alone: bool) -> Job | None:
        """Call ``then`` with what is to be opened for the images that it names; at once, without a job, where nothing can be."""
        candidates = [path for path in paths if may_name_images(path) or may_list_cases(path)]
        if not candidates:
            then([])
            return None

        job = self._jobs.run(
            _sorted_out,
            candidates,
            alone,
            on_result=then,
            on_error=self._questions.show_error,
            on_end=lambda: self._let_go(job),
            may_stall=True,
        )
        self._looking.add(job)
        self._shown.show(job, f"Opening {named(candidates)}")
        return job


def _sorted_out(paths: Sequence[Path], alone: bool) -> list[Path]:
    from app.session.exchange_work import names_images

    return [path for path in paths if names_images(path, alone=alone)]
