"""Learning in a project, beside the work on it: asked for, followed, suspended, stopped, left for later, and what comes of it.

The networks learn in a child process that `app.desk.learning_process` starts; what it tells comes to the main thread here. The
project's writer puts models into the project and keeps what is under way. Draws nothing; asks through `Questions`.
"""

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from psygnal import Signal

from app.desk import learning_files
from app.desk.desk import Desk
from app.desk.learning_files import LearnWish, Unfinished
from app.desk.learning_process import Ended, LearningProcess, LearningTask, learn_command
from app.session.course_progress import CourseProgress
from app.session.jobs import Jobs
from app.session.learning_offer import LearnOffer, learn_offer
from app.session.model_choice import ModelChoice
from app.session.questions import LeaveLearning, Questions
from app.session.view_state import ViewState
from core.base.errors import AppError
from core.learning.course_events import Event, Failed, Stopped
from core.project.models import ProjectModel

StartLearning = Callable[[LearningTask, Callable[[Event | Ended], None]], LearningProcess]


def start_process(task: LearningTask, hear: Callable[[Event | Ended], None]) -> LearningProcess:
    """Start the process that does a task."""
    return LearningProcess(learn_command(task), hear)


class Learning:
    """Lets a project's models learn.

    Parameters
    ----------
    desk, jobs, questions, view_state
        Whose project, who works, who is asked, and where it is said what came of it.
    models
        Who decides about models.
    start
        Starts the process.
    now
        The clock, seconds.

    Attributes
    ----------
    progress
        How far it is; None where nothing is under way.
    paused
        Whether it rests.
    stopping
        Whether it was asked to stop and keep the best.
    unfinished
        What was begun in this project earlier and can go on, None where nothing.
    waiting
        A model that somebody has still to decide about, None where there is none.
    """

    changed = Signal()
    """One of the attributes has changed."""
    begun = Signal()
    """It has begun, or goes on."""
    learnt = Signal(ProjectModel)
    """A model was made, and stands in the project."""

    def __init__(
        self,
        desk: Desk,
        jobs: Jobs,
        questions: Questions,
        view_state: ViewState,
        models: ModelChoice,
        *,
        start: StartLearning = start_process,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.progress: CourseProgress | None = None
        self.paused = self.stopping = False
        self.unfinished: Unfinished | None = None
        self.waiting: ProjectModel | None = None
        self._desk = desk
        self._jobs = jobs
        self._questions = questions
        self._view = view_state
        self._models = models
        self._start = start
        self._now = now
        self._process: LearningProcess | None = None
        self._calls: deque[Callable[[], object]] = deque()
        self._course: Unfinished | None = None
        self._failure: AppError | None = None
        self._left = False
        self._asking = False
        self._worked_s = 0.0
        self._since_s: float | None = None
        desk.project_changed.connect(self._change_project)
        models.listed_anew.connect(self._look)

    # Beginning

    @property
    def running(self) -> bool:
        """Whether something is under way, resting or not."""
        return self.progress is not None

    def ask(self) -> None:
        """Ask from which model and for how long to learn, and begin."""
        if self._asking or self.running or not self._desk.keeps_work:
            return
        self._asking = True

        def answered(offer: LearnOffer) -> None:
            self._asking = False
            wish = self._questions.learn_wish(offer)
            if wish is not None and not self.running:
                self.begin(wish)

        def failed(error: AppError) -> None:
            self._asking = False
            self._questions.show_error(error)

        # What was done last may be about these very cases, so it is written first.
        self._desk.change(lambda _: None, lambda _: self._desk.ask(learn_offer, answered, failed))

    def begin(self, wish: LearnWish) -> None:
        """Learn from the marked cases as they are now."""
        self._show_begin(wish.minutes, "" if wish.start is None else wish.start.title)
        self._desk.change(partial(learning_files.set_out, wish=wish), self._launch)

    def go_on(self) -> None:
        """Go on with what was begun earlier, or after a pause."""
        if self.paused and self._process is not None:
            self.paused, self._since_s = False, self._now()
            self._in_background(self._process.resume)
            self.changed.emit()
        elif not self.running and self.unfinished is not None:
            unfinished, self.unfinished = self.unfinished, None
            self._show_begin(unfinished.task.minutes, unfinished.start_title)
            self._launch(unfinished)

    def give_up(self) -> None:
        """Forget what was begun earlier."""
        unfinished, self.unfinished = self.unfinished, None
        if unfinished is not None:
            self._desk.change(partial(learning_files.tidy_up, unfinished=unfinished))
        self.changed.emit()

    def _show_begin(self, minutes: float, start: str) -> None:
        self.progress = CourseProgress(minutes=minutes, start=start)
        self.paused = self.stopping = False
        self._failure, self._left = None, False
        self._worked_s, self._since_s = 0.0, self._now()
        self.begun.emit()
        self.changed.emit()

    def _launch(self, course: Unfinished) -> None:
        """Start the process, in a job."""
        self._course = course

        def hear(event: Event | Ended) -> None:
            self._jobs.post(partial(self._take, course, event))

        def started(process: LearningProcess) -> None:
            if self._course is not course:  # another project came, or it was cancelled meanwhile
                self._in_background(process.leave)
                return
            self._process = process
            self.changed.emit()

        def failed(error: AppError) -> None:
            self._questions.show_error(error)
            self._end()
            self._look()

        self._jobs.run(self._start, course.task, hear, on_result=started, on_error=failed, may_stall=True)

    # While it runs

    def pause(self) -> None:
        """Let it rest; the minutes granted do not pass meanwhile."""
        if self._process is not None and not self.paused:
            self.paused = True
            self._count()
            self._since_s = None
            self._in_background(self._process.pause)
            self.changed.emit()

    def stop(self) -> None:
        """Stop, and make a model of the best that was learnt."""
        if self._process is not None and not self.stopping:
            if self.paused:
                self.go_on()
            self.stopping = True
            self._in_background(self._process.stop)
            self.changed.emit()

    def cancel(self) -> None:
        """Stop, and throw away what was learnt."""
        course, process = self._course, self._process
        self._end()
        if course is not None:
            self._jobs.run(
                partial(_kill, process),
                on_result=lambda _: self._desk.change(partial(learning_files.tidy_up, unfinished=course)),
                on_error=self._questions.show_error,
                may_stall=True,
            )

    def _take(self, course: Unfinished, event: Event | Ended) -> None:
        """Take what the process told, in the main thread."""
        if course is not self._course or self.progress is None:
            return
        if isinstance(event, Ended):
            self._take_end(course, event)
            return
        self._left = self._left or isinstance(event, Stopped)
        if isinstance(event, Failed):
            self._failure = AppError(event.sentence, event.hint)
        self._count()
        self.progress = self.progress.after(event, self._worked_s / 60)
        self.changed.emit()

    def _take_end(self, course: Unfinished, ended: Ended) -> None:
        done = None if self.progress is None else self.progress.done
        failure, left = self._failure, self._left
        self._end()
        if done is not None:
            self._desk.change(partial(learning_files.take_in, unfinished=course, done=done), self._trust)
        elif failure is not None:
            self._desk.change(partial(learning_files.tidy_up_unless_begun, unfinished=course), lambda _: self._look())
            self._questions.show_error(failure)
        else:
            self._look()
            if ended.code != 0 and not left:
                self._questions.show_error(
                    AppError(
                        f"Learning has ended unexpectedly ({_manner(ended.code)}).",
                        "What was learnt until then is kept: “Go on” below the worklist goes on with it.",
                    )
                )

    def _trust(self, model: ProjectModel) -> None:
        """Trust a model that was made here, and let a person decide about it."""

        def trusted() -> None:
            self.waiting = model
            self.learnt.emit(model)
            self.changed.emit()

        self._models.trust(model, trusted)
        self._models.listed_anew.emit()

    def _end(self) -> None:
        self.progress, self._process, self._course = None, None, None
        self.paused = self.stopping = False
        self._since_s = None
        self.changed.emit()

    def _count(self) -> None:
        """Count the time that was worked; resting does not count."""
        now = self._now()
        if self._since_s is not None:
            self._worked_s += now - self._since_s
        self._since_s = now

    def _in_background(self, call: Callable[[], object]) -> None:
        """Have the process told something, one thing after the other: to go on must not come before to rest."""
        self._calls.append(call)
        if len(self._calls) == 1:
            self._call_next()

    def _call_next(self) -> None:
        def ended() -> None:
            self._calls.popleft()
            if self._calls:
                self._call_next()

        self._jobs.run(
            self._calls[0], on_result=lambda _: None, on_error=self._questions.show_error, on_end=ended, may_stall=True
        )

    # Other projects, and the end of the window

    def _change_project(self) -> None:
        if self._desk.goes_on:
            return
        self.leave()
        self.unfinished = self.waiting = None
        self._look()
        self.changed.emit()

    def _look(self) -> None:
        """Find out whether something was begun in this project that can go on, and whether a model waits for a decision."""

        def found(left: learning_files.LeftBehind) -> None:
            if not self.running:
                self.unfinished = left.unfinished
                self.waiting = left.waiting
                self.changed.emit()

        self._desk.ask(learning_files.left_behind, found, lambda _: None)

    def may_leave(self) -> bool:
        """Ask whether to leave what is under way for later; tell whether the window may close, or show another project."""
        if self.progress is None:
            return True
        answer = self._questions.leaves_learning(self.progress.left_s)
        if answer is LeaveLearning.GIVE_UP:
            self.cancel()
        return answer is not LeaveLearning.STAY

    def leave(self) -> None:
        """Let the process save how far it is, in the background."""
        process = self._process
        if self.running:
            self._end()
            self._view.say("Learning rests. It can go on once its project is opened again.", is_warning=False)
        if process is not None:
            self._in_background(process.leave)

    def close(self) -> None:
        """Let the process save how far it is and end; may wait for it, so hide the window first."""
        process, self._process = self._process, None
        self._course = None
        if process is not None:
            process.leave()


def _kill(process: LearningProcess | None) -> None:
    if process is not None:
        process.kill()


def _manner(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return "memory ran out, perhaps" if code == -9 else f"signal {-code}"
