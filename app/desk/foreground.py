"""Localizes many images while the caller waits: in child processes where they pay, else one after the other in this process.

Tells what happens as `app.desk.background` does, but in the caller's own thread. For command lines: a window never waits.
"""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from app.desk.background import Background
from app.desk.crew_plan import CrewPlan, usable_cores
from app.desk.events import Done, Event, Failed, Key, Overall, Started
from app.desk.worker import problem_of
from core.base.errors import AppError, ModelFileError
from core.models.image_task import ImageTask, ImageWork

_ASK_EVERY_S = 0.2
"""How often Ctrl-C is looked for on systems where waiting for an event cannot be interrupted."""

Tasks = Sequence[tuple[Key, ImageTask]]


def localize(tasks: Tasks, crew: CrewPlan | None, on_event: Callable[[Event], None]) -> None:
    """Localize images until all of them are done or have failed; whatever ends this, no process is left.

    Parameters
    ----------
    tasks
        What to do, each under a key of the caller's.
    crew
        How many processes work, `app.desk.crew_plan.crew_for`; None for this one alone.
    on_event
        Gets every event; what it raises ends everything.

    Raises
    ------
    ModelFileError
        The model that was asked for cannot be loaded, so that every image would fail.
    RuntimeError
        The program is wrong; with the traceback of the child.
    """
    if crew is None:
        _localize_here(tasks, on_event)
    elif tasks:
        _localize_in_children(tasks, crew, on_event)


def _localize_here(tasks: Tasks, on_event: Callable[[Event], None]) -> None:
    work = ImageWork(usable_cores())
    for model in dict.fromkeys(task.model for _, task in tasks):
        if model is not None:
            work.load(model)
    count, failed = len(tasks), 0
    for number, (key, task) in enumerate(tasks):

        def progress(fraction: float, _doing: str, number: int = number, failed: int = failed) -> None:
            on_event(Overall(number - failed, failed, 1, count - number - 1, (number + fraction) / count))

        on_event(Started(key))
        progress(0.0, "")
        try:
            answer = work.run(task, work.read(task, _go_on), progress, _go_on)
        except (AppError, OSError, MemoryError) as error:
            failed += 1
            on_event(Failed(key, problem_of(error).sentence))
        else:
            on_event(Done(key, answer))
        on_event(Overall(number + 1 - failed, failed, 0, count - number - 1, (number + 1) / count))


def _go_on() -> bool:
    """Never ask to stop: Ctrl-C does."""
    return False


def _localize_in_children(tasks: Tasks, crew: CrewPlan, on_event: Callable[[Event], None]) -> None:
    events: SimpleQueue[Event] = SimpleQueue()
    background = Background(events.put, crew)
    try:
        background.submit(tasks)
        while True:
            try:
                event = events.get(timeout=_ASK_EVERY_S)
            except Empty:
                continue
            if isinstance(event, Failed):
                if event.details:
                    raise RuntimeError(event.details)
                if event.kind == ModelFileError.__name__ and tasks[0][1].model is not None:
                    raise ModelFileError(event.sentence)
            on_event(event)
            if isinstance(event, Overall) and not event.busy:
                return
    finally:
        background.close()
