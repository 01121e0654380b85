"""Two models side by side, in words and rows: what the comparison of a model that was learnt says. Pure; draws nothing."""

from dataclasses import dataclass

from app.session.wording import decimals_of
from core.base.wording import counted
from core.learning.course_events import CaseChange, Comparison, Errors
from core.project.models import ProjectModel

_FEW = 5
"""With fewer cases to check with, a figure says little of a model."""
_ALIKE = 0.05
"""Share of the old error by which the median must differ to be called better or worse."""


@dataclass(frozen=True)
class Row:
    """A line of a table: what, by the model before, by the new one, and whether that is better (None: neither)."""

    what: str
    old: str
    new: str
    is_better: bool | None = None


def comparison_of(model: ProjectModel) -> Comparison | None:
    """Return how a model did, None where nobody compared or what is kept of it cannot be understood."""
    if not model.comparison:
        return None
    try:
        return Comparison.model_validate_json(model.comparison)
    except ValueError:
        return None


def sentence(model: ProjectModel, comparison: Comparison | None, before: str) -> str:
    """Say what came of it, in two or three sentences; ``before`` is what the model before is called."""
    if comparison is None:
        return f"{model.name} was learnt. Nothing is known of how good it is."
    unit, new, old = comparison.unit, comparison.new, comparison.old
    who = "it learnt nothing" if old is None else "neither learnt"
    on = f"on {counted(comparison.cases, 'case')} that {who} from"
    now = f"{model.name} has a median error of {_length(new.median, unit)} {on}"
    few = " So few say little: look at its suggestions on other images, too." if comparison.cases < _FEW else ""
    if old is None:
        return f"{now}.{few}"
    share = (new.median - old.median) / max(old.median, 1e-9)
    how = "better" if share < -_ALIKE else "worse" if share > _ALIKE else "about as good"
    return f"{now}; {before or 'the model before'} has {_length(old.median, unit)}. The new one is {how}.{few}"


def figure_rows(comparison: Comparison) -> tuple[Row, ...]:
    """Return median, mean and the share within the distance that counts."""
    unit, old, new = comparison.unit, comparison.old, comparison.new

    def row(what: str, field: str) -> Row:
        before = None if old is None else float(getattr(old, field))
        return _row(what, before, float(getattr(new, field)), unit)

    within = f"within {comparison.within:g} {unit}"
    share = Row(within, _percent(old), _percent(new), None if old is None else _better(-old.within, -new.within))
    return (row("median", "median"), row("mean", "mean"), share)


def landmark_rows(comparison: Comparison) -> tuple[Row, ...]:
    """Return a line for each landmark."""
    return tuple(_row(one.name, one.old, one.new, comparison.unit) for one in comparison.landmarks)


def cases_to_show(comparison: Comparison) -> tuple[CaseChange, ...]:
    """Return the cases, first those that became worse most; without a model before, the largest errors first."""
    known = [one for one in comparison.details if one.new is not None]
    return tuple(sorted(known, key=lambda one: (one.old or 0.0) - (one.new or 0.0)))


def worse_count(comparison: Comparison) -> int:
    """Return how many cases became worse."""
    return sum(one.old is not None and one.new is not None and one.new > one.old for one in comparison.details)


def case_row(change: CaseChange, unit: str) -> Row:
    """Return the line of a case."""
    return _row(change.case, change.old, change.new, unit)


def _row(what: str, old: float | None, new: float | None, unit: str) -> Row:
    better = None if old is None or new is None else _better(old, new)
    return Row(what, _length(old, unit), _length(new, unit), better)


def _better(old: float, new: float) -> bool | None:
    return None if abs(new - old) < 1e-9 else new < old


def _percent(errors: Errors | None) -> str:
    return "–" if errors is None else f"{100 * errors.within:.0f} %"


def _length(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.{decimals_of(unit)}f} {unit}"
