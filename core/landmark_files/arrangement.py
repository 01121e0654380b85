"""Landmarks in the order of names that somebody wants: what a file lacks is filled in, what is not wanted is refused.

Also what a file says by silence. Values only; opens no file.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from core.base.errors import LandmarkFileError
from core.base.wording import listed
from core.values.landmarks import Landmarks, Status


def arranged(landmarks: Landmarks, names: Sequence[str], where: str, missing: Status) -> Landmarks:
    """Return ``landmarks`` in the order of ``names``.

    Parameters
    ----------
    landmarks, names
        What a file holds, and what is wanted.
    where
        The file, and the place in it where it holds many cases, for messages.
    missing
        What a landmark is that the file lacks: ``ABSENT`` or ``UNPLACED``.

    Raises
    ------
    LandmarkFileError
        A landmark is not among the names.
    """
    wanted = set(names)
    unknown = [name for name in landmarks.names if name not in wanted]
    if unknown:
        raise LandmarkFileError(
            f"{where} has landmarks that are not known here: {listed(unknown)}.", f"Known are: {', '.join(names)}."
        )
    has = set(landmarks.names)
    lacking = [name for name in names if name not in has]
    if not lacking:
        return landmarks if landmarks.names == tuple(names) else landmarks.subset(names)
    blank = Landmarks.unplaced(lacking, landmarks.ndim)
    return landmarks.joined(replace(blank, status=(missing,) * len(lacking))).subset(names)


def require_unique(names: Sequence[str], where: str) -> None:
    """Refuse names of which one stands twice; ``where`` is the file and the place in it."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise LandmarkFileError(
            f"{where} has several points called {listed(twice, 3)}.", "Give every landmark its own name."
        )


def implied(*, located: bool, any_located: bool) -> Status:
    """Return the state of a point of which nothing is said but whether it, and any point of its image, has a position.

    Of an image without any position nobody can have said that a landmark is missing: everything is still to be placed.
    """
    if located:
        return Status.PLACED
    return Status.ABSENT if any_located else Status.UNPLACED
