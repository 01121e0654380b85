"""What is measured in the open image, as a value that a job can take along. Knows no document and no window."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.session.measurement_rows import has_hand_placed, has_radii
from core.measuring.analysis import Analysis
from core.measuring.measure import Measured, measure
from core.measuring.quantities import MM
from core.measuring.reader_spread import NOTHING, ReaderSpread, spread_for
from core.values.landmarks import Landmarks


@dataclass(frozen=True, eq=False)
class MeasuredSubject:
    """What is measured: equal only to itself, so that a late answer is recognised.

    Attributes
    ----------
    analysis, landmarks
        By what, and what.
    unit
        Of the positions, ``"mm"`` or ``"px"``.
    population
        Whose norms are preferred.
    readers
        How far readers differ.
    """

    analysis: Analysis
    landmarks: Landmarks
    unit: str
    population: str
    readers: ReaderSpread = NOTHING

    @property
    def is_uncertain(self) -> bool:
        """Whether anything may tell how uncertain a landmark is: its radius, or the differences of readers."""
        told_by_readers = self.unit == MM and bool(self.analysis.readers or self.readers.spread_mm)
        return has_radii(self.landmarks) or (told_by_readers and has_hand_placed(self.landmarks))

    def measured(self, *, intervals: bool) -> tuple[Measured, ...]:
        """Measure; with ``intervals`` in a job, since it takes a while and reads the tables of readers that come with Cairn."""
        spread_mm = spread_for(self.analysis, self.readers).spread_mm if intervals else None
        return measure(
            self.analysis, self.landmarks, unit=self.unit, spread_mm=spread_mm, population=self.population,
            intervals=intervals,
        )  # fmt: skip

    def told_by(self, measured: Sequence[Measured]) -> ReaderSpread:
        """Return whose differences told how uncertain landmarks are; nothing where none did, as without intervals."""
        if not any(one.by_readers for one in measured):
            return NOTHING
        return spread_for(
            self.analysis, self.readers
        )  # the job that computed these intervals has read it from the disk
