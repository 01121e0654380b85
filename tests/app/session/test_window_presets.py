from dataclasses import replace

import numpy as np
import pytest

from app.session.window_level import percentile_levels
from app.session.window_presets import AUTOMATIC, is_ct, presets_for
from core.values.image import Image
from tests.support.viewer_fixtures import make_image


def image_with(low, high, dtype=np.int16, modality=""):
    ramp = make_image((10, 12, 14))
    voxels = np.linspace(low, high, ramp.voxels.size).reshape(ramp.voxels.shape).astype(dtype)
    return Image(voxels, ramp.grid, replace(ramp.source, modality=modality))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (image_with(-1024, 3000), True),
        (image_with(-1024, 3000, np.float32), True),
        (image_with(0, 3000, modality="CT"), True),
        (image_with(-1024, 3000, modality="MR"), False),
        (image_with(0, 3000), False),
        (image_with(-200, 3000), False),
        (image_with(0, 255, np.uint8), False),
        (image_with(-3000, -1000), False),
    ],
)
def test_ct_is_known_by_its_file_or_its_values(image, expected):
    assert is_ct(image) is expected
    names = [preset.name for preset in presets_for(image)]
    assert names[0] == "Automatic"
    assert ("Bone" in names) is expected
    assert len(set(names)) == len(names)


def test_without_an_image_there_are_none():
    assert presets_for(None) == ()


def test_the_windows_of_tissues_are_those_of_radiology():
    image = image_with(-1024, 3000)
    levels = {preset.name: preset.levels(image) for preset in presets_for(image)}
    assert levels["Brain"] == (0, 80)
    assert levels["Lung"] == (-1350, 150)
    assert levels["Vessels"] == (0, 600)
    assert levels["Soft tissue"] == (-160, 240)
    assert levels["Bone"] == (-500, 1300)


def test_percentiles_follow_the_values():
    image = image_with(0, 1000)
    automatic, contrast, full = (preset.levels(image) for preset in presets_for(image))
    assert automatic == AUTOMATIC.levels(image) == percentile_levels(image.voxels)
    assert contrast == pytest.approx((20, 980), abs=1)
    assert full == (0, 1000)


def test_titles_tell_the_figures():
    titles = [preset.title for preset in presets_for(image_with(-1024, 3000))]
    assert "Lung (L −600, W 1500)" in titles
    assert "More contrast (2 to 98 % of the values)" in titles
    assert "Full range" in titles
