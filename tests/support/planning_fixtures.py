"""Facts of tasks like those that people have, without their images."""

from typing import Any

from core.learning.facts import Facts

WINGS = Facts(
    cases=40,
    ndim=2,
    landmarks=tuple(f"wing {number}" for number in range(1, 13)),
    unit="px",
    spacing_mm=1.0,
    extent_mm=(480.0, 632.0),
    object_mm=535.0,
    wander_mm=18.0,
    rotation_deg=3.0,
    posed=False,
    size_spread=0.08,
    mirror=(),
    intensities="picture",
    low=119.0,
    high=240.0,
    some_absent=False,
)
"""Pictures of wings, all alike."""


def facts(**changes: Any) -> Facts:
    """Return the facts of the wings with some of them changed."""
    return Facts(**{**vars(WINGS), **changes})


SKULLS = facts(
    cases=12,
    ndim=3,
    landmarks=tuple(str(number) for number in range(45)),
    unit="mm",
    spacing_mm=0.141,
    extent_mm=(23.3, 24.0, 24.0),
    object_mm=23.0,
    wander_mm=0.85,
    rotation_deg=171.0,
    posed=True,
    size_spread=0.054,
    intensities="in air",
)
"""Heads in any pose."""

BRAINS = facts(
    cases=6,
    ndim=3,
    landmarks=tuple(str(number) for number in range(19)),
    unit="mm",
    spacing_mm=1.0,
    extent_mm=(180.0, 220.0, 180.0),
    object_mm=120.0,
    wander_mm=5.0,
    rotation_deg=9.0,
    size_spread=0.05,
    intensities="filled",
)
"""Few volumes."""
