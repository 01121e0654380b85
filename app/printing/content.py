"""What a report says, in which order: facts, measurements, what could not be measured and why, whose norms, which model.

Values and sentences, without Qt: how they look on paper is `pages`' affair. Says nothing of the patient, and of the file no more
than its name.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from app.session import wording
from app.session.free_rows import FreeListRow
from app.session.measurement_rows import MeasurementRow, norm_text, rows_of
from core.measuring.analysis import Analysis
from core.measuring.measure import Measured
from core.measuring.reader_spread import NOTHING, ReaderSpread
from core.models.metadata import ModelInfo
from core.values.grid import Grid
from core.values.image import SpacingSource
from core.values.landmarks import NOMINAL_COVERAGE, Landmarks, Status

TITLE = "Cairn report"
"""What the file itself is called: never the patient or the image."""
NOT_FOR_DIAGNOSIS = "Not for diagnosis. Norms hold for the people of their source."
_INTERVALS = (
    f"Each interval holds the true value in {100 * NOMINAL_COVERAGE:g} % of cases, as far as the landmarks tell. "
    "How far the image itself misleads (projection, a tilted head, magnification) is not in it."
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
"""In English wherever the computer is at home, as everything else on the page."""
_MOST_NAMED = 8
"""Measurements outside of their norms that are named beside the picture; all of them stand in the table."""
_UNDECIDED = "A question mark stands behind a class that the interval does not decide."


@dataclass(frozen=True)
class ModelSaid:
    """What is known of the model that found landmarks.

    Attributes
    ----------
    title
        Name and version.
    info
        Its metadata; None where only its title is known.
    limits
        What its card says it is for and was not tried on, as plain text; empty where it has no card.
    """

    title: str
    info: ModelInfo | None = None
    limits: str = ""


@dataclass(frozen=True, eq=False)
class ReportSubject:
    """What a report is about.

    Attributes
    ----------
    analysis, measured
        By what was measured, and what came of it.
    landmarks
        Where they lie, and who said so.
    display_name
        What a person calls a landmark.
    spacing_mm, spacing_source
        Size of a pixel in numpy order, mm, and where it comes from; no numbers where the image is not at hand.
    case_name
        Name of the image's file; empty where it is to be left out.
    reader
        Who has read it; empty where nobody said.
    model
        What found landmarks of it; None where no model did.
    made_on
        The day of the report.
    told_by
        Whose differences tell how uncertain landmarks are that were placed by hand.
    free
        Distances and angles that were measured by hand: what each is, with its value and whose it is.
    """

    analysis: Analysis
    measured: tuple[Measured, ...]
    landmarks: Landmarks
    display_name: Callable[[str], str]
    spacing_mm: tuple[float, ...]
    spacing_source: SpacingSource
    case_name: str
    reader: str
    model: ModelSaid | None
    made_on: date
    told_by: ReaderSpread = NOTHING
    free: tuple[FreeListRow, ...] = ()


@dataclass(frozen=True)
class Said:
    """A heading with what stands under it, a paragraph each."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class ReportContent:
    """Everything that a report says.

    Attributes
    ----------
    title
        What was measured.
    case_name
        Name of the image; may be empty.
    facts
        What stands beside the picture: names with what belongs to them, in one line or several.
    rows
        The measurements that have a value, in the order of the analysis.
    unmeasured
        What has none: reasons with the names of the measurements.
    notes
        What stands below the table.
    date
        The day of the report, in words.
    """

    title: str
    case_name: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[MeasurementRow, ...]
    unmeasured: tuple[tuple[str, str], ...]
    notes: tuple[Said, ...]
    date: str


def report_content(subject: ReportSubject) -> ReportContent:
    """Return what a report says of its subject."""
    day = subject.made_on
    made_on = f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    facts = [
        ("Date of report", made_on),
        ("Reader", subject.reader),
        ("Pixel size" if subject.landmarks.ndim == 2 else "Voxel size", _pixel_size(subject)),
        ("Landmarks", _provenance(subject)),
        ("Moved or placed by a person", _by_hand(subject)),
        ("Model", _model_title(subject)),
    ]
    known = tuple(one for one in subject.measured if one.known)
    facts.append(("Outside the usual range", _outside(known)))
    return ReportContent(
        subject.analysis.title,
        subject.case_name,
        tuple((name, text) for name, text in facts if text),
        rows_of(known),
        _unmeasured(subject.measured),
        tuple(said for said in _notes(subject, known) if said.paragraphs),
        made_on,
    )


def _pixel_size(subject: ReportSubject) -> str:
    if subject.spacing_source is SpacingSource.UNKNOWN:
        return "not known, so lengths are not measured"
    if not subject.spacing_mm:
        return subject.spacing_source.phrase
    sizes = [f"{size:.4g}" for size in reversed(subject.spacing_mm)]
    size = sizes[0] if len(set(sizes)) == 1 else " × ".join(sizes)
    return f"{size} mm ({subject.spacing_source.phrase})"


_ORIGINS = {
    Status.PREDICTED: "found by the model",
    Status.CORRECTED: "found by the model and moved by a person",
    Status.PLACED: "placed by a person",
    Status.ABSENT: "not in the image",
    Status.UNPLACED: "not placed",
}


def _provenance(subject: ReportSubject) -> str:
    """Return how many landmarks came from where, and how many of the model's a person has confirmed."""
    landmarks = subject.landmarks
    counts = dict.fromkeys(_ORIGINS, 0)
    confirmed = 0
    for name, status in zip(landmarks.names, landmarks.status, strict=True):
        origin = wording.origin(landmarks, name)
        counts[origin] += 1
        confirmed += status is Status.CONFIRMED and origin is Status.PREDICTED
    said = []
    for status, count in counts.items():
        if not count:
            continue
        words = f"{count} {_ORIGINS[status]}"
        if status is Status.PREDICTED:
            words += {0: ", not confirmed by a person", count: ", confirmed by a person"}.get(
                confirmed, f", {confirmed} of them confirmed by a person"
            )
        said.append(words)
    return "; ".join(said)


def _model_title(subject: ReportSubject) -> str:
    """Return the name of the model, also where it is not known which it was; empty where none has said anything."""
    if subject.model is not None:
        return subject.model.title
    origins = {wording.origin(subject.landmarks, name) for name in subject.landmarks.names}
    return "not recorded" if origins & {Status.PREDICTED, Status.CORRECTED} else ""


def _by_hand(subject: ReportSubject) -> str:
    landmarks = subject.landmarks
    by_hand = [name for name in landmarks.names if wording.origin(landmarks, name) in (Status.CORRECTED, Status.PLACED)]
    if not by_hand or len(by_hand) == int(landmarks.located.sum()):
        return ""  # none, or all, which the line above says
    return ", ".join(subject.display_name(name) for name in by_hand)


def _outside(known: Sequence[Measured]) -> str:
    """Return what lies outside of its norm in words, the farthest first; empty where nothing has a norm."""
    compared = [one for one in known if one.within_norm is not None]
    outside = [one for one in compared if not one.within_norm]
    outside.sort(key=lambda one: -abs(np.nan_to_num(one.deviation_sd)))  # a range alone has no distance in SD: last
    said = [f"{one.measurement.name}: {one.in_words}" for one in outside[:_MOST_NAMED]]
    if len(outside) > _MOST_NAMED:
        said.append(f"{len(outside) - _MOST_NAMED} more")
    if compared and not outside:
        return f"none of {len(compared)}"
    return "\n".join(said)


def _unmeasured(measured: Sequence[Measured]) -> tuple[tuple[str, str], ...]:
    names: dict[str, list[str]] = {}
    for one in measured:
        if not one.known:
            names.setdefault(one.reason, []).append(one.measurement.name)
    return tuple((reason, ", ".join(called)) for reason, called in names.items())


def _notes(subject: ReportSubject, known: Sequence[Measured]) -> list[Said]:
    return [
        Said("Measured by hand", _by_hand_measured(subject.free)),
        Said("How to read it", _reading_aid(known, subject.told_by)),
        Said("About this analysis", _paragraphs(subject.analysis.about)),
        Said("Norms", _norms(known)),
        Said("Definitions", _definitions(subject.analysis, known)),
        Said("Model", _model(subject.model)),
    ]


def _by_hand_measured(rows: Sequence[FreeListRow]) -> tuple[str, ...]:
    """Return distances and angles that were drawn into the image, each with whose it is where there are several."""
    several = len({row.reader for row in rows}) > 1
    return tuple(f"{row.name}: {row.value}{f' ({row.reader})' if several and row.reader else ''}" for row in rows)


def _reading_aid(known: Sequence[Measured], told_by: ReaderSpread) -> tuple[str, ...]:
    said = []
    if any(math.isfinite(one.low) for one in known):
        exact = dict.fromkeys(name for one in known if math.isfinite(one.low) for name in one.exact)
        narrow = f" Taken as exact, so that intervals with them are too narrow: {', '.join(exact)}." if exact else ""
        readers = told_by.sources_of(dict.fromkeys(name for one in known for name in one.by_readers))
        whose = (
            f" Of landmarks placed by hand, the differences of readers tell: {'; '.join(readers)}." if readers else ""
        )
        said.append(_INTERVALS + whose + narrow)
    elif known:
        said.append("There are no intervals, because nothing says how uncertain these landmarks are.")
    if any(one.class_name and not one.class_decided for one in known):
        said.append(_UNDECIDED)
    if any(math.isfinite(one.deviation_sd) for one in known):
        said.append(
            "The line runs through the deviations from the mean of the norm, from −3 to +3 standard deviations (SD); "
            "the band is one SD to both sides."
        )
    return tuple(said)


def _norms(known: Sequence[Measured]) -> tuple[str, ...]:
    """Return whose norms were compared with, and where they are published, each with its measurements."""
    whose: dict[str, list[str]] = {}
    for one in known:
        if one.norm is None or not norm_text(one):
            continue
        people = ", ".join(part for part in (one.norm.population, one.norm.age, one.norm.sex) if part)
        source = one.norm.source or one.measurement.source
        said = people or "The source does not say whose norms these are"
        key = ". Source: ".join(_ended(part) for part in (said, source) if part)
        whose.setdefault(key, []).append(one.measurement.name)
    return _shared(whose, len(known))


def _definitions(analysis: Analysis, known: Sequence[Measured]) -> tuple[str, ...]:
    """Return where the measurements are defined; those of the analysis itself once."""
    sources: dict[str, list[str]] = {}
    for one in known:
        if one.measurement.source and one.measurement.source != analysis.source:
            sources.setdefault(one.measurement.source, []).append(one.measurement.name)
    said = [_sentence(analysis.source)] if analysis.source else []
    return (*said, *_shared(sources, len(known)))


def _shared(names_by_text: Mapping[str, Sequence[str]], count: int) -> tuple[str, ...]:
    """Return texts with the names that each is said of; without names where it is said of all ``count``."""
    return tuple(
        _sentence(text) if len(names) == count else f"{', '.join(names)}: {_sentence(text)}"
        for text, names in names_by_text.items()
    )


def _model(model: ModelSaid | None) -> tuple[str, ...]:
    if model is None:
        return ()
    info = model.info
    if info is None:
        return (f"{model.title}. Nothing more is known of it on this computer.",)
    errors = [error.mean_mm for error in info.validation_errors]
    said = [f"{model.title}, for: {_sentence(info.modality)}"]
    if model.limits or info.intended_use:
        said.append(model.limits or _sentence(info.intended_use))  # the card says the same at more length
    if errors:
        said.append(
            f"Mean error on the images by which it was chosen: {np.mean(errors):.2f} mm; that of the worst landmark: "
            f"{max(errors):.2f} mm. On other images it may be larger."
        )
    if info.training_data:
        said.append(f"Trained on: {_sentence(info.training_data)}")
    if info.licence:
        said.append(f"Licence: {_sentence(info.licence)}")
    return tuple(said)


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _ended(text: str) -> str:
    return text.strip().rstrip(".")


def _sentence(text: str) -> str:
    return f"{_ended(text)}." if text.strip() else ""


def limits_in_card(card: str) -> str:
    """Return what a model's card says it is for and was not tried on, as plain text; empty where it says nothing.

    Parameters
    ----------
    card
        Markdown, with the section “What it is for”.
    """
    section = card.partition("\n## What it is for\n")[2].partition("\n## ")[0]
    plain = section.replace("**", "").replace("`", "")
    return " ".join(plain.split())


def pixel_size_of(grid: Grid) -> tuple[float, ...]:
    """Return the size of a pixel or voxel in numpy order, mm."""
    return tuple(grid.spacing_mm.tolist())
