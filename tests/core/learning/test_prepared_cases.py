"""Images kept in memory for a training: what they are kept as, and how they lie."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.base.errors import ConfigError
from core.images.file import write_image
from core.learning.cases import Case
from core.learning.prepared_cases import PreparedCase, compact, mean_shape_of, prepare_case, with_rotation
from core.method.normalisation import Normalisation
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks


def case_of(voxels: np.ndarray, folder: Path) -> Case:
    """Write an image with two landmarks."""
    path = folder / "image.nrrd"
    write_image(Image(voxels, Grid.from_spacing(voxels.shape, 0.5), ImageSource(path)), path)
    return Case("image", path, Landmarks(("a", "b"), np.ones((2, voxels.ndim))))


def test_raw_values_too_large_for_float16_stay_what_they_are(tmp_path: Path) -> None:
    """The detector's 16 bits reach to 65535, of which float16 would make infinity, and 65400 to 65480 one value."""
    voxels = np.linspace(65400, 65535, 40 * 30).reshape(40, 30).round().astype(np.uint16)
    prepared = prepare_case(case_of(voxels, tmp_path), Normalisation("none"))
    np.testing.assert_array_equal(prepared.prepared.numpy(), voxels)
    seen = prepared.at_spacing(1.0).image
    assert torch.isfinite(seen).all()
    assert len(seen.unique()) > 100


@pytest.mark.parametrize("kind", ["equalize", "window", "zscore", "foreground"])
def test_normalised_values_are_kept_in_half_the_memory(kind: str, tmp_path: Path) -> None:
    voxels = np.random.default_rng(0).integers(0, 65536, (40, 30)).astype(np.uint16)
    normalisation = Normalisation(kind, 0.0, 65535.0)
    prepared = prepare_case(case_of(voxels, tmp_path), normalisation).prepared
    assert prepared.dtype == torch.float16
    assert torch.allclose(prepared.float(), normalisation(torch.from_numpy(voxels.astype("float32"))), atol=2e-3)


def test_an_outlier_that_float16_cannot_hold_keeps_the_image_in_float32() -> None:
    values = torch.tensor([0.1, 7e4])
    assert torch.equal(compact(values, "zscore"), values)


def prepared_case(points: list[list[float]]) -> PreparedCase:
    points_mm = torch.tensor(points)
    case = Case("x", Path("x"), Landmarks(("a", "b", "c"), points_mm.double().numpy()))
    return PreparedCase(case, torch.zeros(20, 20), torch.ones(2), points_mm)


def test_a_case_knows_how_it_is_rotated_against_the_mean_shape() -> None:
    upright, on_its_side = [[2.0, 3.0], [9.0, 3.0], [2.0, 6.0]], [[3.0, -2.0], [3.0, -9.0], [6.0, -2.0]]
    shape_mm = torch.tensor(mean_shape_of([prepared_case(upright)]))
    assert torch.allclose(shape_mm, torch.tensor(upright), atol=1e-4)
    for points, expected in ((upright, [[1.0, 0.0], [0.0, 1.0]]), (on_its_side, [[0.0, 1.0], [-1.0, 0.0]])):
        case = prepared_case(points)
        rotation = with_rotation(case.at_spacing(1.0), case, shape_mm).rotation
        assert rotation is not None
        assert torch.allclose(rotation, torch.tensor(expected), atol=1e-4)


def test_a_pose_cannot_be_normalised_where_no_case_is_complete() -> None:
    incomplete = prepared_case([[2.0, 3.0], [9.0, 3.0], [float("nan"), float("nan")]])
    with pytest.raises(ConfigError, match="no training case has all landmarks") as caught:
        mean_shape_of([incomplete])
    assert "any_pose" in caught.value.hint
