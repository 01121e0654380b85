"""Named grey levels for the tissues people look for, and which of them suit an image. Pure arithmetic; knows no Qt."""

from dataclasses import dataclass

from app.session.window_level import Levels, percentile_levels
from core.values.image import Image

AIR_HU = -900
"""An image that reaches from here to above 0 is taken for CT where its file does not say: air has −1000 Hounsfield units."""


@dataclass(frozen=True)
class Preset:
    """One entry of the window menu.

    Attributes
    ----------
    name
        As in the menu.
    centre_hu, width_hu
        Middle and width of the window in Hounsfield units; ignored where ``percentiles`` are given.
    percentiles
        Percentiles of the image's values that become black and white.
    """

    name: str
    centre_hu: float = 0.0
    width_hu: float = 0.0
    percentiles: tuple[float, float] | None = None

    def levels(self, image: Image) -> Levels:
        """Return the values of ``image`` that are drawn black and white."""
        if self.percentiles is not None:
            return percentile_levels(image.voxels, *self.percentiles)
        return self.centre_hu - self.width_hu / 2, self.centre_hu + self.width_hu / 2

    @property
    def title(self) -> str:
        """Name and figures, for the menu."""
        if self.percentiles is None:
            return f"{self.name} (L {self.centre_hu:g}, W {self.width_hu:g})".replace("-", "−")
        low, high = self.percentiles
        return self.name if (low, high) == (0, 100) else f"{self.name} ({low:g} to {high:g} % of the values)"


AUTOMATIC = Preset("Automatic", percentiles=(0.5, 99.5))
"""What an image opens with."""

_CT = (
    Preset("Bone", 400, 1800),
    Preset("Soft tissue", 40, 400),
    Preset("Lung", -600, 1500),
    Preset("Brain", 40, 80),
    Preset("Vessels", 300, 600),
)
_ANY = (AUTOMATIC, Preset("More contrast", percentiles=(2, 98)), Preset("Full range", percentiles=(0, 100)))


def presets_for(image: Image | None) -> tuple[Preset, ...]:
    """Return the presets that suit an image: tissues for CT, percentiles for any; none without an image."""
    if image is None:
        return ()
    return (*_ANY, *_CT) if is_ct(image) else _ANY


def is_ct(image: Image) -> bool:
    """Tell whether the values are Hounsfield units: the file says so, or they look like it."""
    if image.source.modality:
        return image.source.modality == "CT"
    darkest, brightest = percentile_levels(image.voxels, 0, 100)
    return darkest <= AIR_HU and brightest > 0
