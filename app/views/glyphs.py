"""Which landmarks a slice shows, and how faintly: a pure function from values to what `landmark_items` draws.

A landmark of a volume is seen from the slices around its own, ever fainter and with its distance. Knows no Qt.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.session import wording
from core.geometry.planes import SlicePlane
from core.values.landmarks import Landmarks, Status

REACH_SLICES = 3.0
REACH_FRACTION = 0.02
"""A landmark is seen from this many slices away, or from this fraction of the volume's diagonal if that is more."""
NEAR_OPACITY, FAR_OPACITY = 0.7, 0.3
"""Of a landmark beside its own slice, and of one as far away as it is seen."""


class Names(Protocol):
    """What landmarks are called on the screen, and what lengths are measured in."""

    @property
    def unit(self) -> str:
        """``"mm"`` or ``"px"``."""

    def short_name(self, name: str) -> str:
        """Return the abbreviation of a landmark, or its name."""

    def display_name(self, name: str) -> str:
        """Return the whole name, as people say it."""


@dataclass(frozen=True)
class Glyph:
    """What is drawn of one landmark.

    Attributes
    ----------
    name, label
        Its name, and the text beside it.
    point_px
        Position on the slice.
    status
        Decides the colour.
    origin
        Decides the shape: how the position came about, which a person may have confirmed since.
    presence
        In [0, 1]; opacity.
    radii_px
        Half axes of the ring in image pixels; zero for none. It is what the slice cuts out of the sphere that holds the true
        position in 90 % of cases, or whose radius is the spread of the votes.
    calibrated
        Whether the ring is the first of these.
    nearness
        In (0, 1]; opacity, 1 in its own slice.
    distance
        Text that says how far it is from the slice; empty in its own.
    radius
        Text of the selected one: the radius that holds the true position in 90 % of cases; empty where it is not known.
    selected
        Whether it is the selected one.
    locked
        Whether it cannot be moved.
    """

    name: str
    label: str
    point_px: tuple[float, float]
    status: Status
    origin: Status
    presence: float = 1.0
    radii_px: tuple[float, float] = (0.0, 0.0)
    calibrated: bool = False
    nearness: float = 1.0
    distance: str = ""
    radius: str = ""
    selected: bool = False
    locked: bool = False

    @property
    def opacity(self) -> float:
        """Opacity in (0, 1]."""
        return (0.4 + 0.6 * self.presence) * self.nearness


def reach_mm(plane: SlicePlane) -> float:
    """Return how far from a slice a landmark is still seen."""
    diagonal_mm = float(np.linalg.norm(np.asarray(plane.grid.shape) * plane.grid.spacing_mm))
    return max(REACH_SLICES * plane.thickness_mm, REACH_FRACTION * diagonal_mm)


def glyphs_on(
    plane: SlicePlane, landmarks: Landmarks, selected: str | None, names: Names, locked: Collection[str] = ()
) -> list[Glyph]:
    """Return what a slice shows of the landmarks.

    Parameters
    ----------
    plane
        The slice.
    landmarks
        Those without a position are left out, and those far from the slice unless selected.
    selected
        Key of the selected one, which is labelled with its whole name.
    names
        Gives labels and the unit of distances, ``"mm"`` or ``"px"``; a document does.
    locked
        Keys of those that cannot be moved.
    """
    unit = names.unit
    depths = plane.depth_of(landmarks.points_mm)
    in_plane = np.abs(depths) <= 0.5
    distances_mm = np.where(in_plane, 0.0, depths * plane.thickness_mm)
    reach = reach_mm(plane)
    seen = landmarks.located & (np.abs(distances_mm) <= reach)
    if selected in landmarks.names:
        row = landmarks.index(selected)
        seen[row] = landmarks.located[row]
    points_px = plane.px_from_mm(landmarks.points_mm)
    calibrated, radii_mm = wording.is_calibrated(landmarks), wording.uncertainty_mm(landmarks)
    decimals = 1 if unit == "px" or plane.thickness_mm >= 0.5 else 2
    glyphs = []
    for row in np.flatnonzero(seen).tolist():
        name, status = landmarks.names[row], landmarks.status[row]
        predicted = status is Status.PREDICTED
        radius_mm = float(radii_mm[row]) if predicted and np.isfinite(radii_mm[row]) else 0.0
        cut_mm = max(0.0, radius_mm**2 - float(distances_mm[row]) ** 2) ** 0.5
        presence = float(landmarks.presence[row]) if predicted else 1.0
        remoteness = min(1.0, abs(float(distances_mm[row])) / reach)
        told = calibrated and radius_mm > 0 and name == selected
        distance = f"{distances_mm[row]:+.{decimals}f} {unit}".replace("-", "−")
        glyphs.append(
            Glyph(
                name=name,
                label=names.display_name(name) if name == selected else names.short_name(name),
                point_px=(float(points_px[row, 0]), float(points_px[row, 1])),
                status=status,
                origin=wording.origin(landmarks, name),
                presence=presence if np.isfinite(presence) else 1.0,
                radii_px=(cut_mm / plane.pixel_size_mm[0], cut_mm / plane.pixel_size_mm[1]),
                calibrated=calibrated,
                nearness=1.0 if in_plane[row] else NEAR_OPACITY + (FAR_OPACITY - NEAR_OPACITY) * remoteness,
                distance="" if in_plane[row] else distance,
                radius=wording.brief(radius_mm, unit) if told else "",
                selected=name == selected,
                locked=name in locked,
            )
        )
    return glyphs
