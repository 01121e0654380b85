"""Which case of one project is which of another, or of a list: by content, then by place, then by name and size.

Pure functions on cases. Opens no project and no image.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.project.cases import Case

_Key = Callable[[Case], Hashable | None]


@dataclass(frozen=True)
class Matches:
    """Which cases are the same.

    Attributes
    ----------
    found
        By the id of a case there, the case here.
    changed
        Ids of cases there whose path leads to another content here.
    """

    found: dict[int, Case] = field(default_factory=dict)
    changed: frozenset[int] = frozenset()


def match_cases(here: Sequence[Case], there: Sequence[Case], folders: tuple[Path, Path] | None = None) -> Matches:
    """Find for each case there the one here, each at most once.

    Parameters
    ----------
    here, there
        The cases.
    folders
        Of copies of one project, the folders of both: an image in the same place below them is the same. None for others.
    """
    found: dict[int, Case] = {}
    taken: set[int] = set()
    for unique, of_here, of_there in _rules(folders):
        candidates = _grouped([case for case in here if case.id not in taken], of_here)
        wanted = _grouped([case for case in there if case.id not in found], of_there)
        for key, cases in wanted.items():
            ours = candidates.get(key, [])
            if unique and (len(ours) > 1 or len(cases) > 1):
                continue  # nobody can tell which is which
            for one, other in zip(ours, cases, strict=False):
                if not _contradict(one, other):
                    found[other.id] = one
                    taken.add(one.id)
    places = {(case.path, case.series) for case in here}
    return Matches(found, frozenset(c.id for c in there if c.id not in found and (c.path, c.series) in places))


def _rules(folders: tuple[Path, Path] | None) -> list[tuple[bool, _Key, _Key]]:
    """Return by what cases are compared, the strictest first, and whether that must be the only such case."""
    rules: list[tuple[bool, _Key, _Key]] = [
        (False, rule, rule) for rule in (_content_and_place, _content_and_name, _content, _place)
    ]
    if folders is not None:
        rules.append((True, lambda case: _below(case, folders[0]), lambda case: _below(case, folders[1])))
    return [*rules, (True, _name_and_shape, _name_and_shape)]


def _content_and_place(case: Case) -> Hashable | None:
    return (case.sha256, case.path, case.series) if case.sha256 else None


def _content_and_name(case: Case) -> Hashable | None:
    return (case.sha256, case.name.casefold()) if case.sha256 else None


def _content(case: Case) -> Hashable | None:
    return case.sha256 or None


def _place(case: Case) -> Hashable | None:
    return case.path, case.series


def _below(case: Case, folder: Path) -> Hashable | None:
    if not case.path.is_relative_to(folder):
        return None
    return os.path.normcase(case.path.relative_to(folder)), case.series


def _name_and_shape(case: Case) -> Hashable | None:
    return None if case.geometry is None else (case.name.casefold(), case.series, case.geometry.grid.shape)


def _grouped(cases: Sequence[Case], of: _Key) -> dict[Hashable, list[Case]]:
    groups: dict[Hashable, list[Case]] = defaultdict(list)
    for case in cases:
        key = of(case)
        if key is not None:
            groups[key].append(case)
    return groups


def _contradict(one: Case, other: Case) -> bool:
    """Tell whether two images are known to be others."""
    if one.sha256 and other.sha256:
        return one.sha256 != other.sha256
    shapes = {case.geometry.grid.shape for case in (one, other) if case.geometry is not None}
    return len(shapes) > 1
