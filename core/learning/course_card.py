"""What a model that was learnt on the desk says about itself in words, and what it is called. Names no case and no person."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.base.wording import counted
from core.learning.configuration import CardConfig, TrainingConfig

if TYPE_CHECKING:
    from core.learning.trainable import TrainableModel

INTENDED_USE = "Suggestions for a person to check, on images like those that it learnt from."


def card_to_begin_with(modality: str, ndim: int, start: TrainingConfig | None) -> CardConfig:
    """Return the card of a model that is going to be learnt: what is known of its images, and the terms of the one before.

    Parameters
    ----------
    modality
        What the images are, in plain words; empty where nobody said.
    ndim
        Rank of the images.
    start
        Configuration of the model to go on from; None without one.
    """
    if start is None:
        return CardConfig(modality=modality or f"a person's own {ndim}D images", intended_use=INTENDED_USE)
    return CardConfig(
        modality=modality or start.card.modality,
        training_data=start.card.training_data,
        licence=start.card.licence,
        intended_use=start.card.intended_use or INTENDED_USE,
    )


def card_to_end_with(card: CardConfig, learnt: int, checked: int, minutes: float, parent: str) -> CardConfig:
    """Return the card with what was learnt.

    Parameters
    ----------
    card
        As `card_to_begin_with` made it.
    learnt, checked
        How many cases were learnt from, and how many checked with.
    minutes
        How long that took.
    parent
        Title of the model that it went on from; empty without one.
    """
    lasted = f"{minutes:.0f} minutes" if minutes >= 1.5 else "a minute"
    said = (
        f"{counted(learnt, 'case')} of a person's own, learnt in {lasted} and checked with {counted(checked, 'case')}"
    )
    if parent:
        before = f", which was made from: {card.training_data}" if card.training_data else ""
        said += f", going on from {parent}{before}"
    return card.model_copy(update={"training_data": f"{said.rstrip('.')}."})


def name_and_version(stem: str, start: "TrainableModel | None") -> tuple[str, str]:
    """Return what the model in a file ``stem`` is called, and its version.

    A number at the end of the file's name is the version: ``wings 3`` holds wings 3.0. Without one it is one further than that of
    the model it goes on from where both have the same name, else 1.0.
    """
    numbered = re.fullmatch(r"(.*\S) (\d{1,3})", stem)
    if numbered:
        return numbered[1], f"{int(numbered[2])}.0"
    if start is None or start.config.name != stem:
        return stem, "1.0"
    major, _, minor = start.config.version.partition(".")
    return stem, f"{major}.{int(minor) + 1}" if minor.isdecimal() else f"{start.config.version}.1"


def now_in_utc() -> str:
    """Return the time, ISO 8601 with the zone."""
    return datetime.now(UTC).isoformat(timespec="seconds")
