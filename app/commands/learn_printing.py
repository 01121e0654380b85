"""What ``cairn learn`` shows: lines of JSON for a program, a bar and sentences for a person, and how good the model is."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from core.base.wording import counted
from core.learning import course_events as events

_WORSE_CASES = 5
"""So many cases that became worse are named."""


class LinePrinter:
    """Writes each event as a line of JSON, until nobody reads any more.

    Parameters
    ----------
    write
        Writes a line and flushes it.
    on_silence
        Called once nobody reads.
    """

    def __init__(self, write: Callable[[str], None], on_silence: Callable[[], None]) -> None:
        self._write = write
        self._on_silence = on_silence
        self._is_read = True

    def tell(self, event: events.Event) -> None:
        """Write an event."""
        if not self._is_read:
            return
        try:
            self._write(f"{event.to_line()}\n")
        except (OSError, ValueError):  # a closed pipe, or a closed stream
            self._is_read = False
            self._on_silence()


class LearnDisplay:
    """Shows a person how far it is: a bar on a terminal, else a line for each validation.

    Parameters
    ----------
    console, bar
        Where to, and the bar on it.
    """

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console = console
        self._bar = bar
        self._task: TaskID = bar.add_task("", total=1.0, note="")
        self._error: float | None = None

    def tell(self, event: events.Event) -> None:
        """Show an event."""
        match event:
            case events.Begin():
                self._begin(event)
            case events.Reading():
                self._show("Reading images", event.done / event.total)
            case events.Plan():
                self._say(f"This will take about {minutes(event.seconds)}.")
            case events.Step():
                self._step(event)
            case events.Calibrating():
                self._show("Finding out how sure the model may be", event.done / event.total)
            case events.Comparing():
                self._show("Comparing with the model before", event.done / event.total)
            case events.Writing():
                self._show("Writing the model", event.done / event.total)
            case _:
                pass

    def _begin(self, event: events.Begin) -> None:
        verb = "Goes on learning" if event.resumed else "Learns"
        start = f", starting from {event.start}" if event.start else ""
        self._say(f"{verb} from {event.learn} cases and checks with {event.check}{start}.")
        for each in event.left_out:
            self._say(f"Left out {each.case}: {each.why}")

    def _step(self, event: events.Step) -> None:
        unit = "mm" if event.error_mm is not None else "px"
        error, best = (event.error_mm, event.best_mm) if unit == "mm" else (event.error_px, event.best_px)
        stage = f"Stage {event.stage + 1} of {event.stages}"
        note = f"{minutes(event.seconds_left)} left"
        if error is not None and best is not None:
            note = f"error {error:.2f} {unit}, best {best:.2f} {unit}, {note}"
        self._show(stage, event.iteration / max(1, event.iterations), note)
        if not self._console.is_terminal and error is not None and error != self._error:
            self._say(f"{stage}: {event.iteration} of {event.iterations} iterations, {note}")
        self._error = error

    def _show(self, what: str, share: float, note: str = "") -> None:
        self._bar.update(self._task, description=what, completed=share, note=note)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def progress_bar(console: Console) -> Progress:
    """Return the bar of a `LearnDisplay`, which shows on a terminal only."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def minutes(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:
        return f"{round(seconds)} seconds"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def comparison_lines(comparison: events.Comparison) -> list[str]:
    """Return how good the model is, in sentences."""
    unit, new, old = comparison.unit, comparison.new, comparison.old
    cases = counted(comparison.cases, "case")
    within = f"within {comparison.within:g} {unit}"

    def said(errors: events.Errors) -> str:
        return f"median error {errors.median:.2f} {unit}, mean {errors.mean:.2f} {unit}, {100 * errors.within:.0f} % {within}."

    lines = [f"On {cases} that it did not learn from: {said(new)}"]
    if old is not None:
        lines.append(f"The model before on the same cases: {said(old)}")
    worse = sorted(
        (
            (each.new - each.old, each.case)
            for each in comparison.details
            if each.new is not None and each.old is not None and each.new > each.old
        ),
        reverse=True,
    )
    if worse:
        named = ", ".join(case for _, case in worse[:_WORSE_CASES])
        more = f" and {len(worse) - _WORSE_CASES} more" if len(worse) > _WORSE_CASES else ""
        lines.append(f"Worse than before: {named}{more}.")
    return lines


def comparison_table(comparison: events.Comparison) -> Table:
    """Return the median error of each landmark."""
    table = Table("landmark", title=f"Median errors in {comparison.unit}", title_justify="left")
    if comparison.old is not None:
        table.add_column("before", justify="right")
    table.add_column("now", justify="right")
    for each in comparison.landmarks:
        cells = [each.old, each.new] if comparison.old is not None else [each.new]
        table.add_row(each.name, *("" if value is None else f"{value:.2f}" for value in cells))
    return table
