"""How a scheme and landmarks from elsewhere differ, and landmarks made to fit: by the file, by the scheme, or by both.

Pure functions on names and landmarks. What is to be done about a difference, a person decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from enum import StrEnum

from core.base.wording import listed
from core.schemes.scheme import Scheme, SchemeLandmark, numbered
from core.values.landmarks import Landmarks

ALIKE = 0.8
"""How alike two names must be, by `difflib`'s ratio, for one to be taken for the other misspelt."""
MOST_NAMED = 4
"""How many names a sentence lists before it counts the others."""


class Fit(StrEnum):
    """Whose names landmarks shall have that do not fit the scheme."""

    FILE = "file"
    SCHEME = "scheme"
    BOTH = "both"


@dataclass(frozen=True)
class Difference:
    """What differs between a scheme and the names of landmarks.

    Attributes
    ----------
    missing
        Names of the scheme that the landmarks lack, in its order.
    extra
        Names of the landmarks that the scheme lacks, in their order.
    renames
        Which of ``extra`` is likely to be which of ``missing``.
    other_order
        Whether the names that both have stand in another order.
    by_position
        Whether ``renames`` is no guess at all: the landmarks have numbers only, and as many as there are names.
    """

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    other_order: bool = False
    by_position: bool = False

    @property
    def fits(self) -> bool:
        """Whether nothing differs."""
        return not (self.missing or self.extra or self.other_order)

    @property
    def needs_decision(self) -> bool:
        """Whether a person must say what to do: a landmark yet to be placed and another order are no question."""
        return bool(self.extra)

    def sentences(self) -> tuple[str, ...]:
        """Say what differs, one sentence each."""
        said = []
        unknown = [name for name in self.extra if name not in self.renames]
        unseen = [name for name in self.missing if name not in self.renames.values()]
        if unknown:
            said.append(f"Not in the scheme: {listed(unknown, MOST_NAMED)}.")
        if unseen:
            said.append(f"In the scheme only: {listed(unseen, MOST_NAMED)}.")
        if self.renames:
            pairs = [f"“{old}” is probably “{new}”" for old, new in self.renames.items()]
            said.append(f"{listed(pairs, MOST_NAMED)}.")
        if self.other_order:
            said.append("They stand in another order.")
        return tuple(said)


def difference(scheme: Scheme, names: Sequence[str]) -> Difference:
    """Return what differs between a scheme and the names of landmarks."""
    known = set(scheme.names)
    missing = tuple(name for name in scheme.names if name not in names)
    extra = tuple(name for name in names if name not in known)
    shared = [name for name in names if name in known]
    other_order = shared != [name for name in scheme.names if name in shared]
    if len(extra) == len(names) == len(scheme.names) and list(names) == numbered(len(names)):
        return Difference(missing, extra, dict(zip(names, scheme.names, strict=True)), other_order, by_position=True)
    return Difference(missing, extra, _likely_renames(scheme, missing, extra), other_order)


def fitted(landmarks: Landmarks, scheme: Scheme, fit: Fit, renames: Mapping[str, str] | None = None) -> Landmarks:
    """Return landmarks with the names that ``fit`` asks for.

    Parameters
    ----------
    landmarks
        Any.
    scheme
        Whose names and order they get, unless it is `Fit.FILE`, which changes nothing.
    fit
        `Fit.SCHEME` leaves out what the scheme does not know, `Fit.BOTH` lets it follow at the end. What the landmarks lack
        is not placed.
    renames
        Old names and those of the scheme that are meant; names that would then occur twice stay.
    """
    if fit is Fit.FILE:
        return landmarks
    meant = {old: new for old, new in (renames or {}).items() if new not in landmarks.names}
    called = replace(landmarks, names=tuple(meant.get(name, name) for name in landmarks.names))
    missing = [name for name in scheme.names if name not in called.names]
    complete = called.joined(Landmarks.unplaced(missing, called.ndim))
    known = set(scheme.names)
    others = [name for name in called.names if name not in known] if fit is Fit.BOTH else []
    return complete.subset((*scheme.names, *others))


def _likely_renames(scheme: Scheme, missing: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
    """Return which names of landmarks are likely to mean which names of the scheme."""
    renames: dict[str, str] = {}
    wanted = [mark for mark in scheme.landmarks if mark.name in missing]
    for name in extra:  # what is the same but for capitals, or is the abbreviation, comes before what is only alike
        same = [mark.name for mark in wanted if _plain(name) in _said(mark) and mark.name not in renames.values()]
        if len(same) == 1:
            renames[name] = same[0]
    for name in extra:
        if name in renames:
            continue
        left = [mark.name for mark in wanted if mark.name not in renames.values()]
        alike = [other for other in left if _alikeness(name, other) >= ALIKE and _digits(name) == _digits(other)]
        if len(alike) == 1:
            renames[name] = alike[0]
    return {name: renames[name] for name in extra if name in renames}


def _said(mark: SchemeLandmark) -> set[str]:
    said = (mark.name, mark.abbreviation, mark.display_name, mark.display_abbreviation)
    return {_plain(text) for text in said} - {""}


def _plain(text: str) -> str:
    """Return a name without capitals, spaces and punctuation, except for the stroke that marks soft tissue."""
    return "".join(letter for letter in text.casefold() if letter.isalnum() or letter in "'′")


def _digits(text: str) -> str:
    """Return the digits of a name: “molar 1” is not “molar 2”, however alike they look."""
    return "".join(letter for letter in text if letter.isdigit())


def _alikeness(one: str, other: str) -> float:
    words = {"left", "right", "upper", "lower", "anterior", "posterior", "superior", "inferior", "medial", "lateral"}
    if words & set(one.casefold().split()) != words & set(other.casefold().split()):
        return 0.0
    if abs(len(one) - len(other)) > 1:  # gonion is no misspelt pogonion
        return 0.0
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
