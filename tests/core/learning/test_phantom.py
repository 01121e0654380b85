"""Phantoms: the same at every call, with landmarks where they can be seen."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from core.learning.phantom import PHANTOM_LANDMARKS, _blurred, _rotation, make_phantom


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_seed_always_makes_the_same_phantom_and_another_makes_another(ndim: int) -> None:
    (image, landmarks), (again, same), (other, elsewhere) = (make_phantom(ndim, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(image.voxels, again.voxels)
    assert landmarks == same
    assert landmarks.names == PHANTOM_LANDMARKS
    assert not np.array_equal(image.voxels, other.voxels)
    assert np.linalg.norm(landmarks.points_mm - elsewhere.points_mm, axis=1).min() > 0.5


@pytest.mark.parametrize(
    ("shape", "spacing_mm", "origin_mm"),
    [((96, 80), 1.0, None), ((96, 80), (0.5, 0.7), (-30.0, 12.0)), ((30, 64, 60), (2.0, 1.0, 1.1), (5.0, -7.0, 90.0))],
)
def test_landmarks_lie_where_their_parts_are_seen(
    shape: tuple[int, ...], spacing_mm: float | tuple[float, ...], origin_mm: tuple[float, ...] | None
) -> None:
    """The intensity-weighted centre of each sphere, found in the voxels, is its landmark."""
    ndim = len(shape)
    for seed in range(5):
        image, landmarks = make_phantom(ndim, seed, shape, spacing_mm, origin_mm=origin_mm)
        assert image.grid.contains(landmarks.points_mm).all()
        samples_mm = image.grid.to_mm(np.moveaxis(np.indices(shape), 0, -1))
        for name in PHANTOM_LANDMARKS[:3]:
            empty, _ = make_phantom(ndim, seed, shape, spacing_mm, origin_mm=origin_mm, absent=(name,))
            part = np.abs(image.voxels.astype(float) - empty.voxels)
            centre_mm = np.average(samples_mm.reshape(-1, ndim), axis=0, weights=part.ravel())
            np.testing.assert_allclose(centre_mm, landmarks.point_mm(name), atol=0.3 * image.grid.spacing_mm.max())


def test_the_rod_ends_at_its_tip() -> None:
    image, landmarks = make_phantom(2, 1, (200, 200), 0.5)
    empty, _ = make_phantom(2, 1, (200, 200), 0.5, absent=("Tip of the rod",))
    rod_mm = image.grid.to_mm(np.argwhere(image.voxels - empty.voxels > 0.3))
    tip_mm = landmarks.point_mm("Tip of the rod")
    distances_mm = np.linalg.norm(rod_mm - rod_mm.mean(axis=0), axis=1)
    assert np.linalg.norm(rod_mm - tip_mm, axis=1).min() < 0.6
    assert np.linalg.norm(tip_mm - rod_mm.mean(axis=0)) == pytest.approx(distances_mm.max(), abs=0.8)


def test_an_absent_landmark_has_no_position_and_no_part() -> None:
    image, landmarks = make_phantom(2, 3, absent=("Small sphere",))
    whole, there = make_phantom(2, 3)
    assert landmarks.located.tolist() == [True, False, True, True]
    row, column = np.rint(image.grid.to_index(there.point_mm("Small sphere"))).astype(int)
    assert whole.voxels[row, column] - image.voxels[row, column] == pytest.approx(0.75, abs=1e-5)
    with pytest.raises(ValueError, match="no landmark Nose"):
        make_phantom(2, 3, absent=("Nose",))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
def test_voxels_have_the_type_asked_for_and_use_its_range(dtype: type) -> None:
    voxels = make_phantom(3, 0, dtype=dtype)[0].voxels
    assert voxels.dtype == dtype
    exact = make_phantom(3, 0)[0].voxels
    assert np.corrcoef(voxels.ravel(), exact.ravel())[0, 1] > 0.999


def test_a_shape_of_another_rank_is_refused() -> None:
    with pytest.raises(ValueError, match="3D phantom has 3 sides"):
        make_phantom(3, 0, (20, 20))


@pytest.mark.parametrize("shape", [(20,), (7, 30), (9, 12, 10)])
def test_the_background_is_blurred_as_scipy_blurs(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(3).standard_normal(shape)
    deviations = np.linspace(0.8, 3.0, len(shape))  # the kernel is longer than the shortest side
    np.testing.assert_allclose(_blurred(values, deviations), gaussian_filter(values, deviations), atol=1e-12)


def test_angles_turn_as_in_scipy() -> None:
    angles_deg = np.array([12.0, -35.0, 71.0])
    expected = Rotation.from_euler("zyx", angles_deg, degrees=True).as_matrix()
    np.testing.assert_allclose(_rotation(angles_deg), expected, atol=1e-12)
    about_z = Rotation.from_euler("z", 12.0, degrees=True).as_matrix()
    np.testing.assert_allclose(_rotation(angles_deg[:1]), about_z, atol=1e-12)
