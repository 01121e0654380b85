"""What is wrong with an analysis that is being written, and where: a sentence for each field, so that it can be mended there.

What is found here is what `analysis` would refuse, measurement by measurement; each can be tried alone, though others are wrong.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ValidationError

from core.measuring.analysis import Analysis, Measurement
from core.measuring.constructions import Malformed
from core.measuring.draft import Draft
from core.measuring.parts import Path, Place, complaint, part_of
from core.measuring.quantities import Quantity, read_quantity

HOW = "how"
DIRECTIONS = "directions"
"""The field of what leads to the front and upwards."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Attributes
    ----------
    field
        Where: the key of the analysis or the measurement, such as ``"key"``, ``"how"`` or ``"norms.0.sd"``; empty for the whole.
    sentence
        What is wrong, to a person.
    measurement
        Place of the measurement; None for the analysis as a whole.
    path
        Which part of ``how``.
    """

    field: str
    sentence: str
    measurement: int | None = None
    path: Path = ()


def problems_of(draft: Draft) -> tuple[Problem, ...]:
    """Return everything that is wrong, that of the whole first, then in the order of the measurements."""
    raw = draft.raw
    found = list(_of_fields(raw))
    found += _of_measurements(draft)
    if not found:
        try:
            Analysis.model_validate(raw)
        except ValidationError as error:
            found.append(Problem("", _sentence(error.errors()[0]["msg"])))
    found.sort(key=lambda one: -1 if one.measurement is None else one.measurement)
    return tuple(dict.fromkeys(found))


def alone(draft: Draft, place: int) -> Analysis | None:
    """Return an analysis of one measurement and those that it builds on, whatever else is wrong; None where these are."""
    measurements = draft.measurements
    by_key = {str(one.get("key", "")): one for one in reversed(measurements)}
    one = measurements[place]
    needed = {str(one.get("key", "")) or "?": one}
    waiting = list(_others(one.get(HOW), draft.ndim))
    while waiting:
        key = waiting.pop()
        if key not in needed and key in by_key:
            needed[key] = by_key[key]
            waiting += _others(by_key[key].get(HOW), draft.ndim)
    raw = {
        "name": "?", "title": "?", "ndim": draft.ndim,
        "landmarks": {symbol: list(names) for symbol, names in draft.landmarks.items()},
        "measurements": [_bare(key, said) for key, said in needed.items()],
    } | {key: draft.raw[key] for key in ("anterior", "superior", "axes") if key in draft.raw}  # fmt: skip
    try:
        return Analysis.model_validate(raw)
    except ValidationError:
        return None


def _bare(key: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a measurement as it is written where that is right, else without what is only said of it."""
    try:
        Measurement.model_validate(dict(said))
    except ValidationError:
        return {"key": key, HOW: said.get(HOW)}
    return dict(said) | {"key": key, "hidden": False}


def _of_fields(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with single fields, whatever they say together."""
    if raw.get("title") == "":
        yield Problem("title", "Give it a name.")
    if not raw.get("measurements"):
        yield Problem("measurements", "An analysis needs a measurement: add one.")
    try:
        Analysis.model_validate(raw)
    except ValidationError as error:
        for details in error.errors():
            where = [str(part) for part in details["loc"]]
            if not where or (where[0] == "measurements" and (len(where) < 2 or not where[1].isdigit())):
                continue
            sentence = _field_sentence(where[-1], details["type"], details["msg"], details["input"])
            if where[0] == "measurements":
                field = ".".join(where[2:]) or "key"
                if not (field == HOW or field.startswith("how.")):
                    yield Problem(field, sentence, int(where[1]))
            else:
                field = where[0] if where[0] not in ("anterior", "superior") else DIRECTIONS
                yield Problem(field, sentence)


def _field_sentence(field: str, kind: str, message: str, said: Any) -> str:
    if kind in ("missing", "string_too_short") and field in ("key", "name", "title"):
        return "Give it a name."
    if kind == "extra_forbidden":
        return f"Nobody knows what “{field}” means: is it misspelt?"
    if kind in ("float_parsing", "float_type", "finite_number", "int_parsing", "int_type"):
        return f"“{said}” is not a number."
    return _sentence(message)


def _sentence(message: str) -> str:
    said = message.removeprefix("Value error, ")
    return f"{said[:1].upper()}{said[1:]}."


def _of_measurements(draft: Draft) -> list[Problem]:
    measurements, ndim, known = draft.measurements, draft.ndim, draft.landmarks
    keys = [str(one.get("key", "")) for one in measurements]
    counts = Counter(key for key in keys if key)
    found: list[Problem] = []
    quantities: dict[str, Quantity] = {}
    for place, (key, one) in enumerate(zip(keys, measurements, strict=True)):
        if counts[key] > 1 and key in keys[:place]:
            found.append(Problem("key", f"There is another measurement called {key}.", place))
        part = part_of(one.get(HOW, {}), Place.TERM, ndim, whole=True)
        wrong = complaint(part, ndim)
        if wrong is None:
            wrong = _unknown(part_leaves=list(part.leaves()), known=known, keys=counts)
        if wrong is not None:
            found.append(Problem(HOW, wrong[1], place, wrong[0]))
            continue
        try:
            quantity = read_quantity(one[HOW], ndim)
        except (Malformed, KeyError) as error:
            found.append(Problem(HOW, _sentence(str(error)), place))
            continue
        if not set(quantity.symbols()) <= set(known) or not set(quantity.others()) <= set(keys):
            strange = sorted((set(quantity.symbols()) - set(known)) | (set(quantity.others()) - set(keys)))
            found.append(Problem(HOW, f"There is no {strange[0]} here.", place))
            continue
        quantities.setdefault(key, quantity)
        if quantity.needs_frame() and not (draft.raw.get("anterior") and draft.raw.get("superior")):
            found.append(
                Problem(
                    DIRECTIONS,
                    f"{key or 'A measurement'} has a sign, so say which landmarks lead to the front, and upwards.",
                )
            )
    return found + _of_units(quantities, keys)


def _unknown(
    part_leaves: list[tuple[Path, Any]], known: Mapping[str, Any], keys: Mapping[str, int]
) -> tuple[Path, str] | None:
    """Return where a landmark or another measurement is named that is not there."""
    for path, leaf in part_leaves:
        if leaf.form == "landmark" and leaf.value not in known:
            return path, f"There is no landmark {leaf.value} in this analysis: choose another, or add it."
        if leaf.form == "other" and leaf.value not in keys:
            return path, f"There is no measurement called {leaf.value}."
    return None


def _of_units(quantities: Mapping[str, Quantity], keys: list[str]) -> list[Problem]:
    """Return which measurements build on themselves, and which reckon with units that do not go together."""
    left = dict(quantities)
    found: list[Problem] = []
    while True:
        graph = {key: set(one.others()) & set(left) for key, one in left.items()}
        try:
            order = tuple(TopologicalSorter(graph).static_order())
            break
        except CycleError as error:
            ring = list(error.args[1])
            said = f"Measurements build on each other in a circle: {' → '.join(ring)}."
            for key in dict.fromkeys(ring):
                found.append(Problem(HOW, said, keys.index(key)))
                del left[key]
    units: dict[str, str] = {}
    for key in order:
        if not set(left[key].others()) <= set(units):
            continue  # what it builds on is wrong, and told there
        try:
            units[key] = left[key].unit(units)
        except Malformed as error:
            found.append(Problem(HOW, _sentence(str(error)), keys.index(key)))
    return found


def _others(how: Any, ndim: int) -> Iterator[str]:
    part = part_of(how, Place.TERM, ndim, whole=True)
    yield from (str(leaf.value) for _, leaf in part.leaves() if leaf.form == "other")
