"""Which analyses there are for an image, and how much of each its landmarks allow: those that come with Cairn and a person's own.

Pure but for `read_found`, which reads files and runs in a job. Measures nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.base.errors import AppError
from core.base.files import reason_of
from core.measuring.analysis import Analysis
from core.measuring.file import SUFFIX, AnalysisError, bundled_analyses, read_analysis
from core.measuring.measure import names_by_symbol

MOST_OWN = 200
"""Files of a person's folder that are read at most."""


@dataclass(frozen=True)
class OwnAnalysis:
    """An analysis of a person's own, and the file that holds it."""

    path: Path
    analysis: Analysis


@dataclass(frozen=True)
class FoundAnalyses:
    """What there is to choose from.

    Attributes
    ----------
    bundled
        What comes with Cairn.
    own
        What a person has made.
    problems
        What is wrong with files of theirs.
    """

    bundled: tuple[Analysis, ...] = ()
    own: tuple[OwnAnalysis, ...] = ()
    problems: tuple[AppError, ...] = ()


@dataclass(frozen=True)
class Offer:
    """An analysis that can be chosen for an image.

    Attributes
    ----------
    analysis
        The analysis.
    path
        The file of a person's own; None where it comes with Cairn.
    possible, total
        How many of its measurements have all their landmarks, and how many it has.
    """

    analysis: Analysis
    path: Path | None
    possible: int
    total: int

    @property
    def key(self) -> str:
        """What it is remembered by: the name, or the path of a person's own."""
        return self.analysis.name if self.path is None else str(self.path)

    @property
    def fits(self) -> bool:
        """Whether anything of it can be measured."""
        return self.possible > 0

    @property
    def text(self) -> str:
        """What it is called in a list."""
        return f"{self.analysis.title}  ({self.possible} of {self.total})"


def read_found(folder: Path | None, opened: Sequence[Path]) -> FoundAnalyses:
    """Return all analyses: the bundled ones, those of a person's folder and those that they opened elsewhere.

    Parameters
    ----------
    folder
        A person's own; it need not exist.
    opened
        Files outside of it.
    """
    paths: list[Path] = []
    problems: list[AppError] = []
    if folder is not None:
        try:
            paths = sorted(path for path in folder.glob("*") if path.suffix.lower() == SUFFIX)[:MOST_OWN]
        except OSError as error:
            problems.append(AppError(f"The folder {folder} cannot be read: {reason_of(error)}."))
    own = []
    for path in dict.fromkeys((*paths, *opened)):
        try:
            own.append(OwnAnalysis(path, read_analysis(path)))
        except AnalysisError as error:
            problems.append(error)
    return FoundAnalyses(bundled_analyses(), tuple(own), tuple(problems))


def offers_for(found: FoundAnalyses, ndim: int, names: Collection[str]) -> tuple[Offer, ...]:
    """Return the analyses of a rank of images, in the order in which they are listed.

    Bundled ones that the landmarks allow come first, whole before in part; then a person's own, and last what would need other
    landmarks altogether.
    """
    bundled = [_offer(analysis, None, names) for analysis in found.bundled if analysis.ndim == ndim]
    own = [_offer(one.analysis, one.path, names) for one in found.own if one.analysis.ndim == ndim]
    return tuple(sorted((*bundled, *own), key=_place))


def _offer(analysis: Analysis, path: Path | None, names: Collection[str]) -> Offer:
    known = names_by_symbol(analysis, names)
    shown = [one for one in analysis.measurements if not one.hidden]
    possible = sum(all(symbol in known for symbol in analysis.symbols_of(one.key)) for one in shown)
    return Offer(analysis, path, possible, len(shown))


def _place(offer: Offer) -> tuple[int, str]:
    if offer.path is not None:
        return 2, offer.analysis.title.casefold()
    whole = offer.possible == offer.total
    return (0 if whole else 1) if offer.fits else 3, offer.analysis.title.casefold()
