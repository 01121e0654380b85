"""Which analyses there are for an image, and how much of each its landmarks allow: bundled ones, the project's, a person's files.

Pure but for `read_found`, which reads files and runs in a job. Measures nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.base.errors import AppError
from core.base.files import reason_of
from core.measuring.analysis import Analysis
from core.measuring.file import SUFFIX, AnalysisError, bundled_analyses, parse_analysis, read_analysis
from core.measuring.measure import names_by_symbol
from core.measuring.reader_spread import readers_tables

MOST_OWN = 200
"""Files of a person's folder that are read at most."""


@dataclass(frozen=True)
class OwnAnalysis:
    """An analysis of a person's own, and the file that holds it."""

    path: Path
    analysis: Analysis


@dataclass(frozen=True)
class KeptAnalysis:
    """An analysis of the project.

    Attributes
    ----------
    name
        What the project knows it by.
    text
        What its author wrote.
    analysis
        What that says; None where it cannot be used.
    problem
        Why not.
    """

    name: str
    text: str
    analysis: Analysis | None
    problem: AppError | None = field(default=None, compare=False)


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
    readers
        The tables that tell how readers differ, by name.
    """

    bundled: tuple[Analysis, ...] = ()
    own: tuple[OwnAnalysis, ...] = ()
    problems: tuple[AppError, ...] = ()
    readers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Offer:
    """An analysis that can be chosen for an image.

    Attributes
    ----------
    analysis
        The analysis.
    path
        The file of a person's own; None where it is in none.
    possible, total
        How many of its measurements have all their landmarks, and how many it has.
    kept
        How the project has it; None where it does not.
    """

    analysis: Analysis
    path: Path | None
    possible: int
    total: int
    kept: KeptAnalysis | None = None

    @property
    def key(self) -> str:
        """What it is remembered by: the name, the name in the project, or the path of a person's own."""
        if self.kept is not None:
            return kept_key(self.kept.name)
        return self.analysis.name if self.path is None else str(self.path)

    @property
    def is_own(self) -> bool:
        """Whether a person has made it."""
        return self.path is not None or self.kept is not None

    @property
    def fits(self) -> bool:
        """Whether anything of it can be measured."""
        return self.possible > 0

    @property
    def text(self) -> str:
        """What it is called in a list."""
        where = ", in the project" if self.kept is not None else ""
        return f"{self.analysis.title}  ({self.possible} of {self.total}{where})"


def kept_key(name: str) -> str:
    """Return what an analysis of the project is remembered by."""
    return f"project: {name}"


def kept_analysis(name: str, text: str) -> KeptAnalysis:
    """Return what the text of the project's analysis says, or why it says nothing."""
    try:
        return KeptAnalysis(name, text, parse_analysis(text, f"{name} of this project"))
    except AnalysisError as error:
        is_later = error.hint == "Update Cairn."
        hint = error.hint if is_later else "Correct it in the editor, or take it out of the project."
        return KeptAnalysis(name, text, None, AppError(error.message, hint))


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
    return FoundAnalyses(bundled_analyses(), tuple(own), tuple(problems), readers_tables())


def offers_for(
    found: FoundAnalyses, ndim: int, names: Collection[str], kept: Sequence[KeptAnalysis] = ()
) -> tuple[Offer, ...]:
    """Return the analyses of a rank of images, in the order in which they are listed.

    Those of the project that the landmarks allow come first, then bundled ones, whole before in part; then what else a person has
    made, and last what would need other landmarks altogether.
    """
    bundled = [_offer(analysis, None, names) for analysis in found.bundled if analysis.ndim == ndim]
    own = [_offer(one.analysis, one.path, names) for one in found.own if one.analysis.ndim == ndim]
    usable = [(one, one.analysis) for one in kept if one.analysis is not None and one.analysis.ndim == ndim]
    ours = [replace(_offer(analysis, None, names), kept=one) for one, analysis in usable]
    return tuple(sorted((*ours, *bundled, *own), key=_place))


class OfferCache:
    """Keeps the offers of `offers_for`, which are asked for at each move of a landmark, until something has changed."""

    def __init__(self) -> None:
        self._asked: tuple[FoundAnalyses, int, frozenset[str], Sequence[KeptAnalysis]] | None = None
        self._offers: tuple[Offer, ...] = ()

    def offers(
        self, found: FoundAnalyses, ndim: int, names: frozenset[str], kept: Sequence[KeptAnalysis]
    ) -> tuple[Offer, ...]:
        """Return them."""
        asked = self._asked
        is_same = asked is not None and asked[0] is found and asked[3] is kept and asked[1:3] == (ndim, names)
        if not is_same:
            self._asked = found, ndim, names, kept
            self._offers = offers_for(found, ndim, names, kept)
        return self._offers


def _offer(analysis: Analysis, path: Path | None, names: Collection[str]) -> Offer:
    known = names_by_symbol(analysis, names)
    shown = [one for one in analysis.measurements if not one.hidden]
    possible = sum(all(symbol in known for symbol in analysis.symbols_of(one.key)) for one in shown)
    return Offer(analysis, path, possible, len(shown))


def _place(offer: Offer) -> tuple[int, str]:
    if offer.is_own:
        return -1 if offer.kept is not None and offer.fits else 2, offer.analysis.title.casefold()
    whole = offer.possible == offer.total
    return (0 if whole else 1) if offer.fits else 3, offer.analysis.title.casefold()
