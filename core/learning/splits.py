"""Which of a person's cases are learnt from and which are kept to check with.

All images of one patient stay together. The choice depends on the cases' names alone, so the same cases are always dealt alike,
and a case that is added moves few others. Knows no images.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from core.learning.cases import Case

SHARE = 6
"""One case of so many is kept to check with: more would be missed in learning, fewer say too little."""
MOST = 30
"""More than these need not be kept: their errors are known well enough."""


def validation_count(cases: int) -> int:
    """Return how many of so many cases are to be kept to check with; at least one."""
    return min(MOST, max(1, round(cases / SHARE)))


def choose_validation(
    cases: Sequence[Case], groups: Sequence[str] = (), seed: int = 0
) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """Deal cases to those to learn from and those to check with, in their order.

    Parameters
    ----------
    cases
        At least two; names are unique.
    groups
        The patient of each case, empty where it is not known: then the case stands for itself. None at all may be given.
    seed
        Another seed deals otherwise.

    Returns
    -------
    train, validation
        Neither is empty, and no patient is in both, unless there is one patient only.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        patient = groups[number] if groups else ""
        members[f"patient {patient}" if patient else f"case {case.name}"].append(number)
    if len(members) == 1:
        members = {f"case {case.name}": [number] for number, case in enumerate(cases)}
    order = sorted(members, key=lambda key: hashlib.sha256(f"{seed} {key}".encode()).hexdigest())
    wanted = validation_count(len(cases))
    kept: list[int] = []
    for key in order:
        if len(kept) + len(members[key]) <= wanted:
            kept += members[key]
    if not kept:  # every patient has more images than are wanted
        kept = min((members[key] for key in order), key=len)
    chosen = set(kept)
    train = tuple(case for number, case in enumerate(cases) if number not in chosen)
    return train, tuple(cases[number] for number in sorted(chosen))
