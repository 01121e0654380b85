"""Two images of one patient compared: superimposed, what has moved, what has changed, and what is to be said about it.

Pure: no files, no images and no Qt. What cannot be told without a pixel size is left out, with a sentence.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.base.errors import AppError
from core.measuring.analysis import Analysis
from core.measuring.measure import frame_of, positions_mm
from core.measuring.primitives import FloatArray
from core.measuring.quantities import MM
from core.measuring.registration import Displacement, Registered, Registration, displacements, register
from core.measuring.scatter import Spreads
from core.measuring.superposition import Change, changes, require_same_rank
from core.values.landmarks import Landmarks

PX = "px"
_SHORT_WAYS = 1.0
"""Where all ways are shorter, in mm or px, a tenth is too coarse."""
_SIDES_3D = (("forward", (0.0, -1.0, 0.0)), ("up", (0.0, 0.0, 1.0)), ("left", (1.0, 0.0, 0.0)))
_SIDES_OF_PICTURE = (("right", (1.0, 0.0)), ("up", (0.0, -1.0)))


@dataclass(frozen=True, eq=False)
class Moment:
    """The landmarks of one image, at the time when it was taken.

    Attributes
    ----------
    landmarks
        In ``unit``.
    unit
        ``"mm"``, or ``"px"`` where the pixel size is not known.
    """

    landmarks: Landmarks
    unit: str = MM


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two images of one patient tell.

    Attributes
    ----------
    earlier, later
        The two.
    registration
        How the later was to be laid on the earlier one; None where nobody has said.
    registered
        Where it came to lie; None where it could not be, and ``trouble`` says why.
    changes
        Each measurement at both times; empty without an analysis.
    displacements
        The way of each landmark that both have; empty where it was not superimposed.
    sides
        Names of directions, and unit vectors ``(D,)`` on the earlier image that the ways are told along.
    notes
        Sentences that belong to it.
    trouble
        Why the images are not superimposed; empty where they are.
    """

    earlier: Moment
    later: Moment
    registration: Registration | None
    registered: Registered | None
    changes: tuple[Change, ...]
    displacements: tuple[Displacement, ...]
    sides: tuple[tuple[str, FloatArray], ...]
    notes: tuple[str, ...]
    trouble: str = ""

    @property
    def unit(self) -> str:
        """Unit of the ways: that of the earlier image."""
        return self.earlier.unit

    @property
    def way_decimals(self) -> int:
        """Digits after the point with which ways are told: more where all of them are short, as in a mouse."""
        longest = max((way.length_mm for way in self.displacements), default=0.0)
        return 2 if 0.05 <= longest < _SHORT_WAYS else 1


def compare(
    earlier: Moment,
    later: Moment,
    registration: Registration | None,
    analysis: Analysis | None = None,
    *,
    population: str = "",
    spread_mm: Spreads | None = None,
) -> Comparison:
    """Superimpose two images of one patient, and measure both.

    Parameters
    ----------
    earlier, later
        What is compared.
    registration
        How the later is laid on the earlier one; None measures only.
    analysis
        What is measured, of the rank of both; None superimposes only.
    population
        Whose norms count.
    spread_mm
        For landmarks that a person placed: standard deviation of one reader's position along an axis, mm, by name, as
        `core.measuring.reader_spread` knows it. Not used where positions are px.

    Raises
    ------
    AppError
        One is a volume and the other is not, or the analysis measures images of another rank.
    """
    require_same_rank(earlier.landmarks, later.landmarks)
    if analysis is not None and analysis.ndim != earlier.landmarks.ndim:
        raise AppError(
            f"These landmarks are {earlier.landmarks.ndim}D, but {analysis.name} measures {analysis.ndim}D images.",
            "Choose another analysis.",
        )
    found: tuple[Change, ...] = ()
    if analysis is not None:
        units = earlier.unit, later.unit
        found = changes(
            analysis, earlier.landmarks, later.landmarks, units=units, population=population, spread_mm=spread_mm
        )
    registered: Registered | None = None
    ways: tuple[Displacement, ...] = ()
    trouble = ""
    if registration is not None:
        try:
            _require_common_unit(registration, earlier, later)
            registered = register(registration, earlier.landmarks, later.landmarks)
            spreads = [spread_mm if spread_mm is not None and one.unit == MM else {} for one in (earlier, later)]
            ways = displacements(
                registration, registered, earlier.landmarks, later.landmarks, spread_mm=(spreads[0], spreads[1])
            )
        except AppError as error:
            trouble = str(error)
    notes = _notes(earlier, later, registration, registered)
    return Comparison(
        earlier, later, registration, registered, found, ways, _sides(earlier, analysis), tuple(notes), trouble
    )


def _require_common_unit(registration: Registration, earlier: Moment, later: Moment) -> None:
    if earlier.unit != later.unit and not registration.scaled:
        which = "earlier" if earlier.unit == PX else "later"
        raise AppError(
            f"The pixel size of the {which} image is not known, so the two cannot be superimposed in their true sizes.",
            "Set its pixel size, or scale the later image to the earlier one.",
        )


def _notes(
    earlier: Moment, later: Moment, registration: Registration | None, registered: Registered | None
) -> Iterable[str]:
    unknown = [which for which, one in (("earlier", earlier), ("later", later)) if one.unit == PX]
    if len(unknown) == 1:
        yield f"The pixel size of the {unknown[0]} image is not known: angles and ratios are compared, lengths are not."
    elif unknown:
        yield "The pixel sizes are not known: angles and ratios are compared, and ways are in px of the earlier image."
    if registered is None or registration is None:
        return
    if registered.mirrored:
        yield "The later image looks to the other side and was turned over."
    if registration.scaled:
        yield (
            f"The later image was scaled by {registered.scale:.3f} to be superimposed, which hides growth along what it was "
            "scaled to; the measurements are those of the images as they are."
        )
    elif earlier.landmarks.ndim == 3:
        yield "Nothing was scaled."
    elif earlier.unit == later.unit == MM:
        yield "Nothing was scaled: where the two images were magnified differently, lengths differ by that alone."
    else:
        yield "Nothing was scaled: pixels of both images were taken to be of the same size."


def _sides(earlier: Moment, analysis: Analysis | None) -> tuple[tuple[str, FloatArray], ...]:
    """Return which ways are told apart: in the face's own directions where they are known, else in the picture's."""
    if earlier.landmarks.ndim == 3:
        return tuple((name, np.array(side)) for name, side in _SIDES_3D)
    frame = None if analysis is None else frame_of(analysis, positions_mm(analysis, earlier.landmarks))
    if frame is None:
        return tuple((name, np.array(side)) for name, side in _SIDES_OF_PICTURE)
    return ("forward", frame.anterior), ("up", frame.superior)
