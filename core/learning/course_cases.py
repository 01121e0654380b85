"""Which cases a course learns from and which it checks with, and which it must do without, with the reason.

Deals cases and opens images to find out which can be read; knows no networks and no folder. Loads no torch before images are
prepared: a window says how cases would be dealt at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.base.errors import AppError, ConfigError
from core.base.wording import counted
from core.learning.cases import Case, read_case_image
from core.learning.course_events import LeftOut
from core.learning.course_request import MarkedCase
from core.learning.requirements import check_cases
from core.learning.splits import choose_validation, validation_count

if TYPE_CHECKING:
    from core.learning.course_folder import Begun
    from core.learning.prepared_cases import PreparedCase
    from core.method.normalisation import Normalisation


@dataclass(frozen=True, eq=False)
class Dealt:
    """Cases to learn from and to check with, and those that were left out."""

    learn: tuple[Case, ...]
    check: tuple[Case, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def all(self) -> tuple[Case, ...]:
        """The cases to learn from, then those to check with."""
        return (*self.learn, *self.check)

    def without(self, left_out: Sequence[LeftOut]) -> "Dealt":
        """Return what stays without some cases.

        Raises
        ------
        ConfigError
            Too little stays.
        """
        if not left_out:
            return self
        gone = {each.case for each in left_out}
        learn = tuple(case for case in self.learn if case.name not in gone)
        check = tuple(case for case in self.check if case.name not in gone)
        _check_what_is_left([*learn, *check], left_out)
        if not check or not learn:
            what = "learn from" if check else "check with"
            raise ConfigError(f"{_said(left_out)} No case to {what} is left.", "Mend these images, or mark other ones.")
        return Dealt(learn, check, (*self.left_out, *left_out))


def _check_what_is_left(cases: Sequence[Case], left_out: Sequence[LeftOut]) -> None:
    """Refuse too few cases, and say why others are left out."""
    try:
        check_cases(cases)
    except ConfigError as error:
        raise ConfigError(f"{_said(left_out)} {error.message}", error.hint) from error


def _said(left_out: Sequence[LeftOut]) -> str:
    more = f" So it is with {len(left_out) - 1} more." if len(left_out) > 1 else ""
    return f"{left_out[0].case}: {left_out[0].why}{more}"


def deal_again(marked: Sequence[MarkedCase], unreadable: Sequence[LeftOut], left_out: Sequence[LeftOut]) -> Dealt:
    """Deal marked cases without those whose images turned out to be unreadable; ``left_out`` are others.

    Raises
    ------
    ConfigError
        Too few stay.
    """
    gone = {each.case for each in unreadable}
    readable = [each for each in marked if each.case.name not in gone]
    _check_what_is_left([each.case for each in readable], unreadable)
    return deal(readable, (*left_out, *unreadable))


def deal(marked: Sequence[MarkedCase], left_out: Sequence[LeftOut] = ()) -> Dealt:
    """Deal marked cases to those to learn from and those to check with, as a person has said where one has.

    Raises
    ------
    ConfigError
        There are too few, or they do not belong together, see `core.learning.requirements.check_cases`.
    """
    cases = [each.case for each in marked]
    try:
        check_cases(cases)
    except ConfigError as error:
        if not left_out:
            raise
        others = f"{counted(len(left_out), 'case')} could not be used ({left_out[0].case}: {left_out[0].why})"
        raise ConfigError(f"{error.message} {others}.", error.hint) from error
    named = {each.case.name for each in marked if each.split == "validation"}
    if named:
        patients = {each.group for each in marked if each.split == "validation" and each.group}
        named |= {each.case.name for each in marked if not each.split and each.group in patients}
    else:
        free = [each for each in marked if not each.split]
        chosen = free if len(free) >= 2 * validation_count(len(cases)) and len(free) > 1 else marked
        _, kept = choose_validation([each.case for each in chosen], [each.group for each in chosen])
        named = {case.name for case in kept}
    learn = tuple(case for case in cases if case.name not in named)
    if not learn:
        raise ConfigError("All cases are to check with, none is to learn from.", "Give most of them the split train.")
    return Dealt(learn, tuple(case for case in cases if case.name in named), tuple(left_out))


def deal_as_before(marked: Sequence[MarkedCase], begun: "Begun", left_out: Sequence[LeftOut] = ()) -> Dealt:
    """Return the cases of a course that goes on, dealt as when it began.

    Raises
    ------
    ConfigError
        Too few of them are left.
    """
    by_name = {each.case.name: each.case for each in marked}
    learn = tuple(by_name[name] for name in begun.learn if name in by_name)
    check = tuple(by_name[name] for name in begun.check if name in by_name)
    told = {each.case for each in left_out}
    before = {*begun.learn, *begun.check}
    late = [LeftOut(case=name, why="It was marked after this began.") for name in by_name if name not in before]
    gone = [
        LeftOut(case=name, why="It was here when this began and no longer is.")
        for name in (*begun.learn, *begun.check)
        if name not in by_name and name not in told
    ]
    dealt = Dealt(learn, check, (*left_out, *late))
    return dealt.without(gone) if gone else dealt


def unreadable(cases: Sequence[Case]) -> list[LeftOut]:
    """Return which images cannot be read, with the sentence that says why."""
    found = []
    for case in cases:
        try:
            read_case_image(case)
        except AppError as error:
            found.append(LeftOut(case=case.name, why=str(error)))
    return found


def prepare_readable(
    cases: Sequence[Case], normalisation: "Normalisation", progress: Callable[[int], None]
) -> "tuple[list[PreparedCase], list[LeftOut]]":
    """Prepare all cases whose images can be read; return the others with the reason. ``progress`` hears how many are done."""
    from core.learning.prepared_cases import prepare_case

    prepared: list[PreparedCase] = []
    left_out: list[LeftOut] = []
    for number, case in enumerate(cases, 1):
        try:
            prepared.append(prepare_case(case, normalisation))
        except AppError as error:
            left_out.append(LeftOut(case=case.name, why=str(error)))
        progress(number)
    return prepared, left_out


def with_unique_names(marked: Sequence[MarkedCase]) -> list[MarkedCase]:
    """Return the cases with a number behind names that occur more than once."""
    seen: dict[str, int] = {}
    found = []
    for each in marked:
        count = seen[each.case.name] = seen.get(each.case.name, 0) + 1
        named = each.case if count == 1 else replace(each.case, name=f"{each.case.name} ({count})")
        found.append(replace(each, case=named))
    return found
