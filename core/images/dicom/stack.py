"""From loose DICOM slices to stacks: which of them make a volume together, where it stands, and what is wrong with it.

Works on geometry alone: no file is opened here. A stack is read rightly, read with a note, or refused with a sentence; it is
never guessed (docs/coordinates.md has the table of cases).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from core.base.errors import ImageReadError
from core.images.dicom.header import CROSS_SECTIONS, DicomHeader
from core.images.itk import check_spacing
from core.images.rectilinear import is_rectilinear, slant_note
from core.values.grid import FloatArray, Grid

PROJECTIONS = ("CR", "DX", "ES", "IO", "MG", "OP", "PX", "RF", "RG", "SM", "US", "XA", "XC")
"""Modalities whose files never stack, whatever their headers say; frames of one file that have their own places do."""

SILENT_PART, SILENT_MM = 0.01, 0.01
"""A step between slices may differ from the usual one by this part of it, or by these mm, without a word ..."""

NOTED_PART = 0.1
"""... and by this part with a note. Beyond it the series is refused."""

_EXPORT_AGAIN = (
    "Export the whole series again from the archive, or open it in 3D Slicer and save it as a volume with even steps."
)


@dataclass(frozen=True, eq=False)
class Slice:
    """One frame of one file.

    Attributes
    ----------
    path, frame
        Where its pixels are; frames count from 0.
    header
        Its geometry.
    marks
        What may tell it from another slice at the same place: acquisition, echo, time, ...; a value for each kind of mark.
    number
        Its place in the scanner's own order.
    film
        Whether it stands for a multi-frame file whose frames have no places of their own.
    """

    path: Path
    header: DicomHeader
    frame: int = 0
    marks: tuple[str, ...] = ()
    number: int = 0
    film: bool = False

    @property
    def stackable(self) -> bool:
        """Whether it can be part of a volume."""
        is_projection = self.header.modality in PROJECTIONS and self.header.frames == 1
        return self.header.placed and not self.film and not is_projection

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.path.name if self.header.frames == 1 else f"frame {self.frame + 1} of {self.path.name}"


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices that belong together, in the order of the array's first axis.

    Attributes
    ----------
    slices
        At least one.
    grid
        ``(z, y, x)`` grid, exact and possibly slanted; None where the stack is refused.
    problem, hint
        Why it is refused, and what can be done; both empty where it can be read.
    notes
        What is doubtful about it although it can be read.
    part
        ``"2 of 5"`` where a series holds several stacks at the same place, else ``""``.
    """

    slices: tuple[Slice, ...]
    grid: Grid | None = None
    problem: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    part: str = ""


def make_stacks(slices: Sequence[Slice]) -> list[Stack]:
    """Sort the slices of one DICOM series into stacks."""
    loose = [piece for piece in slices if not piece.stackable]
    lost = [piece for piece in loose if piece.header.modality in CROSS_SECTIONS and not piece.film]
    stacks: list[Stack] = []
    if len(lost) > 1:
        problem = f"The {len(lost)} slices do not say where they stand in the patient (for example {lost[0].name})."
        stacks.append(Stack(tuple(lost), problem=problem, hint=_EXPORT_AGAIN))
        loose = [piece for piece in loose if piece not in lost]
    stacks.extend(_single(piece) for piece in loose)
    for alike in _alike([piece for piece in slices if piece.stackable]):
        parts = _separated(alike)
        if parts is None:
            stacks.append(_doubled(alike))
            continue
        for number, part in enumerate(parts, start=1):
            stack = _stack(part, f"{number} of {len(parts)}" if len(parts) > 1 else "")
            stacks.append(replace(stack, notes=(*stack.notes, *_left_out(lost, stack))))
    return stacks


def _left_out(lost: Sequence[Slice], stack: Stack) -> list[str]:
    """Return a note where slices like those of a volume are not part of it because they do not say where they stand."""
    first = stack.slices[0].header
    same = [piece for piece in lost if (piece.header.rows, piece.header.columns) == (first.rows, first.columns)]
    if not same or len(stack.slices) == 1:
        return []
    count = f"{len(same)} slice{' does' if len(same) == 1 else 's do'}"
    return [f"{count} not say where they stand and were left out, for example {same[0].name}."]


def _single(piece: Slice, part: str = "") -> Stack:
    header = piece.header
    try:
        check_spacing(piece.path.name, header.spacing_mm or ())
    except ImageReadError as error:
        return Stack((piece,), problem=error.message, hint=error.hint, part=part)
    return Stack((piece,), header.grid(header.rows, header.columns), part=part)


def _alike(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Group slices of the same size, pixel size and orientation."""
    groups: list[list[Slice]] = []
    for piece in slices:
        for group in groups:
            if _fit(piece.header, group[0].header):
                group.append(piece)
                break
        else:
            groups.append([piece])
    return groups


def _fit(one: DicomHeader, other: DicomHeader) -> bool:
    same_size = (one.rows, one.columns) == (other.rows, other.columns)
    if not same_size or (one.spacing_mm is None) != (other.spacing_mm is None):
        return False
    same_spacing = np.allclose(one.spacing_mm or 1, other.spacing_mm or 1, rtol=1e-3, atol=0)
    return same_spacing and np.allclose(one.directions, other.directions, atol=1e-3)


def _heights_mm(slices: Sequence[Slice]) -> FloatArray:
    """Return how high ``(n,)`` each slice stands along the first one's normal."""
    return np.stack([piece.header.origin_mm for piece in slices]) @ slices[0].header.normal


def _crowd(slices: Sequence[Slice]) -> int:
    """Return the largest number of slices at one place."""
    heights = np.sort(_heights_mm(slices))
    closest_mm = min(0.01, 0.1 * min(slices[0].header.spacing_mm or (1.0,)))
    starts = np.flatnonzero(np.diff(heights, prepend=-np.inf) > closest_mm)
    return int(np.diff(starts, append=len(heights)).max())


def _separated(slices: list[Slice]) -> list[list[Slice]] | None:
    """Split slices of which several stand at one place by the marks that tell them apart; None where no mark does."""
    crowd = _crowd(slices)
    if crowd == 1:
        return [slices]
    kinds = range(len(slices[0].marks))
    splits: list[list[list[Slice]]] = []
    for chosen in [*combinations(kinds, 1), *combinations(kinds, 2)]:
        groups: dict[tuple[str, ...], list[Slice]] = {}
        for piece in slices:
            groups.setdefault(tuple(piece.marks[kind] for kind in chosen), []).append(piece)
        parts = list(groups.values())
        whole = len(parts) == crowd or min(len(part) for part in parts) > 1
        if whole and all(_crowd(part) == 1 for part in parts):
            splits.append(parts)
    return min(splits, key=len) if splits else None


def _doubled(slices: Sequence[Slice]) -> Stack:
    order = np.argsort(_heights_mm(slices), kind="stable")
    heights = _heights_mm(slices)[order]
    first = int(np.argmin(np.diff(heights)))
    one, other = (slices[int(order[at])] for at in (first, first + 1))
    return Stack(
        tuple(slices[int(at)] for at in order),
        problem=f"Several slices stand at the same place, for example {one.name} and {other.name}, "
        "and nothing in them says which belong together.",
        hint="Remove copies from the folder, or export every acquisition as a series of its own.",
    )


def _stack(slices: Sequence[Slice], part: str) -> Stack:
    """Make one stack of slices that stand at different places."""
    heights = _heights_mm(slices)
    ordered = tuple(slices[int(at)] for at in np.argsort(heights))
    heights = np.sort(heights)
    first = ordered[0].header
    if len(ordered) == 1:
        return _single(ordered[0], part)
    notes: list[str] = []
    if first.spacing_mm is None:
        problem = f"The slices do not state their pixel size (for example {ordered[0].name})."
        return Stack(ordered, problem=problem, hint=_EXPORT_AGAIN, part=part)
    problem = _uneven(ordered, heights, notes) or _scattered(ordered)
    if problem:
        return Stack(ordered, problem=problem, hint=_EXPORT_AGAIN, part=part)
    columns_mm = np.column_stack(
        [
            (ordered[-1].header.origin_mm - first.origin_mm) / (len(ordered) - 1),
            first.directions * first.spacing_mm,
        ]
    )
    try:
        check_spacing(ordered[0].path.name, np.linalg.norm(columns_mm, axis=0).tolist())
    except ImageReadError as error:
        return Stack(ordered, problem=error.message, hint=error.hint, part=part)
    matrix = np.eye(4)
    matrix[:3, :3] = columns_mm
    matrix[:3, 3] = first.origin_mm
    grid = Grid((len(ordered), first.rows, first.columns), matrix)
    if not is_rectilinear(grid):
        notes.append(slant_note(grid))
    return Stack(ordered, grid, notes=tuple(notes), part=part)


def _uneven(ordered: Sequence[Slice], heights: FloatArray, notes: list[str]) -> str:
    """Return what is wrong with the steps between the slices, ``""`` where they can be read; a doubt goes into ``notes``."""
    steps = np.diff(heights)
    usual = float(np.median(steps))
    astray = np.abs(steps - usual)
    worst = int(np.argmax(astray))
    low, high = float(steps.min()), float(steps.max())
    even = np.linspace(heights[0], heights[-1], len(heights))
    moved_mm = float(np.abs(heights - even).max())
    if astray[worst] <= min(max(SILENT_PART * usual, SILENT_MM), NOTED_PART * usual) and moved_mm <= 0.1 * usual:
        return ""
    if astray[worst] <= NOTED_PART * usual and moved_mm <= 0.5 * usual:
        mean_mm = float(steps.mean())
        notes.append(
            f"The distance between slices varies from {low:.3g} to {high:.3g} mm; {mean_mm:.4g} mm is used throughout, "
            f"so that points may be up to {moved_mm:.2g} mm off along the stack."
        )
        return ""
    between = f"{ordered[worst].name} and {ordered[worst + 1].name}"
    times = float(steps[worst]) / usual
    if times >= 1.5 and abs(times - round(times)) <= 2 * NOTED_PART:
        count = round(times) - 1
        gaps = int((steps > 1.5 * usual).sum())
        elsewhere = f", and there are {gaps - 1} more such gaps" if gaps > 2 else ", and there is one more such gap"
        return (
            f"{'A slice is' if count == 1 else f'{count} slices are'} missing between {between}: they stand "
            f"{steps[worst]:.4g} mm apart, the others {usual:.4g} mm{elsewhere if gaps > 1 else ''}."
        )
    return f"The distance between slices changes from {low:.4g} to {high:.4g} mm, most of all between {between}."


def _scattered(ordered: Sequence[Slice]) -> str:
    """Return what is wrong where slices are shifted sideways against each other, and not evenly as by a tilt."""
    origins = np.stack([piece.header.origin_mm for piece in ordered])
    line = np.linspace(origins[0], origins[-1], len(ordered))
    normal = ordered[0].header.normal
    off = origins - line
    sideways = np.linalg.norm(off - np.outer(off @ normal, normal), axis=1)
    worst = int(np.argmax(sideways))
    if sideways[worst] <= 0.5 * min(ordered[0].header.spacing_mm or (1.0,)):
        return ""
    return f"{ordered[worst].name} is shifted sideways by {sideways[worst]:.3g} mm against the other slices."
