"""What marked cases must be before anything can be learnt from them, each demand with the sentence for who does not meet it.

Looks at landmarks only; opens no image. Whether images agree on knowing their pixel size is told to it.
"""

from collections.abc import Sequence

import numpy as np

from core.base.errors import ConfigError
from core.learning.cases import Case

FEWEST_CASES = 5
"""Fewer cannot be learnt from and checked with."""
BETTER_CASES = 20


def check_cases(cases: Sequence[Case]) -> None:
    """Refuse cases that nothing can be learnt from.

    Parameters
    ----------
    cases
        All marked cases, those to check with included.

    Raises
    ------
    ConfigError
        There are too few; they differ in rank or in the names of their landmarks; a landmark is marked nowhere, or in fewer
        than two cases; all marks lie at one spot.
    """
    _check_number(len(cases))
    _check_ranks(cases)
    _check_names(cases)
    _check_marks(cases)
    _check_spots(cases)


def check_pixel_sizes(names: Sequence[str], known: Sequence[bool]) -> None:
    """Refuse images that know their pixel size beside such that do not: lengths could not be compared.

    Raises
    ------
    ConfigError
        Some are known and some are not.
    """
    if any(known) and not all(known):
        without = [name for name, is_known in zip(names, known, strict=True) if not is_known]
        raise ConfigError(
            f"The pixel size of {_listed(without)} is not known, that of other images is.",
            "Give these images their pixel size, or leave them out.",
        )


def _check_number(count: int) -> None:
    if count >= FEWEST_CASES:
        return
    there = {0: "There is no marked case", 1: "There is one marked case"}.get(count, f"There are {count} marked cases")
    raise ConfigError(
        f"{there}; to learn, at least {FEWEST_CASES} are needed.",
        f"Mark {FEWEST_CASES - count} more; better are {BETTER_CASES}.",
    )


def _check_ranks(cases: Sequence[Case]) -> None:
    flat = [case.name for case in cases if case.landmarks.ndim == 2]
    if flat and len(flat) < len(cases):
        solid = [case.name for case in cases if case.landmarks.ndim == 3]
        raise ConfigError(
            f"Some cases are 2D (such as {flat[0]}) and some are 3D (such as {solid[0]}).",
            f"Learn from one kind at a time: {len(flat)} are 2D, {len(solid)} are 3D.",
        )


def _check_names(cases: Sequence[Case]) -> None:
    names = cases[0].landmarks.names
    for case in cases[1:]:
        if case.landmarks.names == names:
            continue
        others = [name for name in case.landmarks.names if name not in names]
        lacking = [name for name in names if name not in case.landmarks.names]
        said = "the same landmarks in another order"
        if others or lacking:
            parts = [f"also {_listed(others)}"] * bool(others) + [f"no {_listed(lacking)}"] * bool(lacking)
            said = " and ".join(parts)
        raise ConfigError(
            f"The cases name their landmarks differently: {case.name} has {said}, unlike {cases[0].name}.",
            "Give all cases the same landmarks, in the same order.",
        )


def _check_marks(cases: Sequence[Case]) -> None:
    times = np.sum([case.landmarks.located for case in cases], axis=0)
    for wanted, said in ((0, "in no case"), (1, "in one case only")):
        found = [name for name, count in zip(cases[0].landmarks.names, times, strict=True) if count == wanted]
        if found:
            verb = "is" if len(found) == 1 else "are"
            raise ConfigError(
                f"{_listed(found)} {verb} marked {said} of {len(cases)}.",
                f"Mark it in at least {FEWEST_CASES} cases, or leave it out of the landmarks.",
            )


def _check_spots(cases: Sequence[Case]) -> None:
    for case in cases:
        marked = case.landmarks.points_mm[case.landmarks.located]
        if len(marked) > 1 and np.ptp(marked, axis=0).max() < 1e-3:
            raise ConfigError(
                f"All {len(marked)} marks of {case.name} lie at one spot.",
                "Mark them where they belong, or leave it out.",
            )
    if len(cases[0].landmarks.names) == 1:
        places = np.concatenate([case.landmarks.points_mm[case.landmarks.located] for case in cases])
        if np.ptp(places, axis=0).max() < 1e-3:
            raise ConfigError(
                f"{cases[0].landmarks.names[0]} lies at the very same spot in all cases.",
                "Mark it in each image where it belongs.",
            )


def _listed(names: Sequence[str]) -> str:
    """Return names as a person lists them, no more than three."""
    if len(names) > 3:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
