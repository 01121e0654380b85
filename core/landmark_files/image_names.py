"""Which image a name in a file of many means: with its folders or without, with its suffix, another one or none.

Names only; opens no file.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from core.base.errors import LandmarkFileError
from core.base.wording import listed
from core.landmark_files.image_record import base_name

_CHANNEL = re.compile(r"_0000$")
"""What nnU-Net puts behind a case's name to make the name of its first image."""


def stem_of(name: str) -> str:
    """Return the name of an image without its folders and its suffix; ``.gz`` and what stands before it are one."""
    path = PurePosixPath(base_name(name))
    return PurePosixPath(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def _path(name: str) -> str:
    return re.sub(r"/{2,}", "/", name.strip().replace("\\", "/")).removeprefix("./").casefold()


def _base(name: str) -> str:
    return base_name(name).casefold()


def _stem(name: str) -> str:
    return stem_of(name).casefold()


_RULES: tuple[tuple[Callable[[str], str], Callable[[str], str]], ...] = (
    (_path, _path),
    (_base, _base),
    (_base, _stem),
    (_base, lambda name: _CHANNEL.sub("", _stem(name))),
    (_stem, _stem),
)
"""By what a name in a file and the name of an image are compared, the strictest first."""


def matched(said: Sequence[str], images: Sequence[str], what: str) -> list[int | None]:
    """Return for each name that a file says the number of the image that it means, None where it means none of them.

    An image that one rule has given away is not there for the weaker ones: beside ``a.png``, ``a.jpg`` means another image.

    Parameters
    ----------
    said
        Names from the file.
    images
        Names of the images, the folders of which may be longer or shorter than in the file.
    what
        The file, for messages.

    Raises
    ------
    LandmarkFileError
        A name may mean several images, or several names mean the same one.
    """
    found: list[int | None] = [None] * len(said)
    taken: set[int] = set()
    for of_file, of_image in _RULES:
        by_key: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(images):
            if number not in taken:
                by_key[of_image(name)].append(number)
        now: set[int] = set()
        for row, name in enumerate(said):
            candidates = by_key.get(of_file(name), []) if found[row] is None and name else []
            if not candidates:
                continue
            number = _nearest(name, candidates, images, what)
            if number in now:
                raise LandmarkFileError(
                    f"{what} has several sets of landmarks of {images[number]}.", "Leave one of them in the file."
                )
            now.add(number)
            found[row] = number
        taken |= now
    return found


def _nearest(name: str, candidates: Sequence[int], images: Sequence[str], what: str) -> int:
    """Return the image with which a name shares most of its folders, from the last one on."""
    if len(candidates) == 1:
        return candidates[0]
    folders = _folders(name)

    def shared(number: int) -> int:
        same = [ours == theirs for ours, theirs in zip(folders, _folders(images[number]), strict=False)]
        return [*same, False].index(False)

    most = max(map(shared, candidates))
    best = [number for number in candidates if shared(number) == most]
    if len(best) > 1:
        raise LandmarkFileError(
            f"{what}: {name} may mean {listed([images[number] for number in best], 3)}.",
            "Give the images different names, or write their folders into the file.",
        )
    return best[0]


def _folders(name: str) -> list[str]:
    """Return the folders of a name, the nearest first."""
    return list(reversed(_path(name).split("/")[:-1]))


def told_apart(names: Sequence[str]) -> list[str]:
    """Return the names of images as short as they tell them apart: without their folders where no two are then the same."""
    bases = [base_name(name) for name in names]
    return (
        bases if len({base.casefold() for base in bases}) == len(bases) else [name.replace("\\", "/") for name in names]
    )


def file_stems(names: Sequence[str]) -> list[str]:
    """Return for each image the name without suffix of the file that is written for it, all of them different.

    Folders become part of the name where they are needed, and a suffix stays where only that tells two images apart.
    """
    for made in (
        [stem_of(name) for name in names],
        [base_name(name) for name in names],
        [re.sub(r"[\\/:]+", "_", name) for name in names],
    ):
        if len({stem.casefold() for stem in made}) == len(made) and all(made):
            return made
    return [f"{number:04d}_{stem_of(name)}" for number, name in enumerate(names, start=1)]
