"""Procrustes alignment, shape space, outliers and swaps: against published implementations, and by shapes made for it."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from core.landmark_files.file import read_landmarks
from core.landmark_files.tps import tps_records
from core.measuring.morphometrics import align, mirrored, outliers, probable_swap, shape_space, tangent
from core.measuring.primitives import FloatArray

FLAT = np.array(
    [
        [[0, 0], [10, 1], [12, 7], [5, 11], [-2, 6]],
        [[1, 0], [11, 3], [11, 9], [4, 11], [-2, 5]],
        [[0, -1], [22, 1], [25, 15], [10, 24], [-3, 11]],
        [[0, 0], [9, -1], [13, 6], [7, 11], [-1, 7]],
        [[5, 5], [4, 15], [-3, 18], [-6, 9], [0, 3]],
        [[1, 1], [10, 2], [13, 8], [5, 12], [-1, 6]],
    ],
    dtype=np.float64,
)
DEEP = np.array(
    [
        [[0, 0, 0], [10, 1, 2], [12, 7, 1], [5, 11, 8], [-2, 6, 3], [4, 4, 9]],
        [[1, 0, 0], [11, 3, 1], [11, 9, 2], [4, 11, 9], [-2, 5, 3], [5, 4, 8]],
        [[0, 0, -1], [9, -1, 3], [13, 6, 2], [6, 11, 7], [-1, 7, 4], [3, 5, 10]],
        [[0, 5, 5], [2, 4, 15], [1, -3, 18], [8, -6, 9], [3, 0, 3], [9, 1, 8]],
        [[2, 0, -2], [21, 3, 4], [24, 13, 0], [11, 23, 17], [-5, 13, 6], [8, 9, 17]],
    ],
    dtype=np.float64,
)
SLICERMORPH_FLAT = (0.035149195, 0.073411515, 0.054693548, 0.084243636, 0.072269456, 0.058416208)
SLICERMORPH_DEEP = (0.032078973, 0.103165277, 0.130244179, 0.086674749, 0.106760665)
"""Procrustes distances to the mean by doGPA and procDist of SlicerMorph (GPA/Support/gpa_lib.py, commit 0af9aea), whose mean is
the plain average of the aligned shapes."""
MORPHOPS_FLAT_SIZES = (15.1657508881, 14.7377067416, 32.5392071200, 15.6332977967, 15.8113883008, 14.8323969742)
MORPHOPS_DEEP_SIZES = (17.3925271309, 17.0342791649, 17.9490018293, 18.0277563773, 35.8840726042)
"""Centroid sizes by morphops 0.1.13."""
MORPHOPS_FLAT_VARIANCES = (0.00221228917, 0.00192850194, 0.00064783962, 0.00025564905, 0.00002440071)
"""Variances in tangent space by gpa(do_project=True, no_reflect=True) of morphops 0.1.13, which turns all shapes at last onto the
mean without the last one: good to some 2e-7."""


def distances_to_average(shapes: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(shapes - shapes.mean(axis=0), axis=(1, 2)))


@pytest.mark.parametrize(
    ("configurations", "distances", "sizes"),
    [(FLAT, SLICERMORPH_FLAT, MORPHOPS_FLAT_SIZES), (DEEP, SLICERMORPH_DEEP, MORPHOPS_DEEP_SIZES)],
)
def test_alignment_is_that_of_published_programs(
    configurations: FloatArray, distances: tuple[float, ...], sizes: tuple[float, ...]
) -> None:
    alignment = align(configurations)
    np.testing.assert_allclose(distances_to_average(alignment.shapes), distances, rtol=0, atol=1e-6)
    np.testing.assert_allclose(alignment.centroid_sizes, sizes, rtol=1e-10)


def test_variances_in_tangent_space_are_those_of_morphops() -> None:
    np.testing.assert_allclose(shape_space(align(FLAT)).variances[:5], MORPHOPS_FLAT_VARIANCES, rtol=0, atol=1e-6)


def test_a_shape_lies_from_another_as_scipy_says() -> None:
    """Of two shapes scipy tells 1 − (sum of the singular values)², the square of the full Procrustes distance."""
    first, second = FLAT[0], FLAT[4]
    alignment = align(np.stack([first, first, second]))
    partial = float(np.linalg.norm(alignment.shapes[0] - alignment.shapes[2]))
    onto_first = align(np.stack([first] * 1000 + [second]))  # the mean is all but the first
    pairwise = float(np.linalg.norm(onto_first.shapes[0] - onto_first.shapes[-1]))
    *_, disparity = procrustes(first, second)
    cosine = 1 - pairwise**2 / 2
    assert 1 - cosine**2 == pytest.approx(disparity, abs=1e-6)
    assert partial == pytest.approx(pairwise, abs=1e-9)  # all means of two shapes lie between them


def test_place_size_and_orientation_change_nothing_but_the_sizes() -> None:
    generator = np.random.default_rng(3)
    alignment = align(DEEP)
    turned = np.stack([points @ Rotation.random(rng=generator).as_matrix().T for points in DEEP])
    moved = 2.5 * turned + generator.normal(scale=50, size=(len(DEEP), 1, 3))
    again = align(moved)
    np.testing.assert_allclose(again.distances, alignment.distances, atol=1e-9)
    np.testing.assert_allclose(again.centroid_sizes, 2.5 * alignment.centroid_sizes)
    np.testing.assert_allclose(shape_space(again).variances, shape_space(alignment).variances, atol=1e-9)


def test_a_mirrored_shape_is_another_shape() -> None:
    mirrored = FLAT.copy()
    mirrored[2, :, 0] *= -1
    assert align(mirrored).distances[2] > 10 * align(FLAT).distances[2]


@pytest.mark.parametrize("flipped", [(3,), (0,), (1, 4, 7, 8), (0, 2, 4, 6, 8)])
def test_mirror_images_among_others_are_found_however_they_lie(flipped: tuple[int, ...]) -> None:
    generator = np.random.default_rng(5)
    configurations = DEEP[0] + generator.normal(scale=0.3, size=(11, 6, 3))
    configurations[list(flipped), :, 1] *= -1
    turned = np.stack([points @ Rotation.random(rng=generator).as_matrix().T for points in configurations])
    assert mirrored(align(turned)) == flipped


def test_of_as_many_mirror_images_as_others_those_are_meant_that_do_not_lie_as_the_first() -> None:
    configurations = sample(6, 2)
    configurations[[1, 3, 5], :, 0] *= -1
    assert mirrored(align(configurations)) == (1, 3, 5)


def test_neither_a_swap_nor_what_is_flat_in_space_is_a_mirror_image() -> None:
    swapped = sample(20, 3)
    swapped[4, [1, 2]] = swapped[4, [2, 1]]
    assert mirrored(align(swapped)) == ()
    flat = np.concatenate([sample(20, 3), np.random.default_rng(1).normal(scale=0.3, size=(20, 5, 1))], axis=2)
    flat[6, :, 2] *= -1
    assert mirrored(align(flat)) == ()


def test_what_is_aligned_is_centred_of_size_one_and_lies_as_the_first_configuration() -> None:
    alignment = align(DEEP)
    np.testing.assert_allclose(alignment.shapes.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(alignment.shapes, axis=(1, 2)), 1)
    assert np.linalg.norm(alignment.mean) == pytest.approx(1)
    cross = (DEEP[0] - DEEP[0].mean(axis=0)).T @ alignment.mean
    np.testing.assert_allclose(cross, cross.T, atol=1e-9)  # no rotation brings the mean closer to it
    np.testing.assert_allclose(alignment.distances, np.linalg.norm(alignment.shapes - alignment.mean, axis=(1, 2)))


def test_tangent_space_touches_at_the_mean_and_the_components_span_it() -> None:
    alignment = align(DEEP)
    projected, space = tangent(alignment), shape_space(alignment)
    np.testing.assert_allclose(np.einsum("nld,ld->n", projected - alignment.mean, alignment.mean), 0, atol=1e-12)
    flat = space.components.reshape(len(space.components), -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(len(flat)), atol=1e-12)
    rebuilt = space.mean + np.einsum("nk,kld->nld", space.scores, space.components)
    np.testing.assert_allclose(rebuilt, projected, atol=1e-9)
    np.testing.assert_allclose(space.scores.var(axis=0, ddof=1), space.variances, atol=1e-15)
    assert space.shares.sum() == pytest.approx(1)


def test_a_component_is_the_direction_in_which_one_landmark_was_moved() -> None:
    base = FLAT[0]
    steps = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) * 0.01
    configurations = np.stack([base + step * np.eye(5)[:, [3]] * [0.0, 1.0] for step in steps])
    space = shape_space(align(configurations))
    assert space.shares[0] > 0.9999
    ends = space.at(0, 2.0) - space.at(0, -2.0)
    np.testing.assert_allclose(ends, 4 * np.sqrt(space.variances[0]) * space.components[0])
    assert np.linalg.norm(ends, axis=1).argmax() == 3
    np.testing.assert_allclose(space.at(1, 0.0), space.mean)


def test_equal_shapes_have_no_variance_and_no_outlier() -> None:
    alignment = align(np.stack([FLAT[0], 2 * FLAT[0], FLAT[0] + 7]))
    assert shape_space(alignment).shares.tolist() == [0.0, 0.0]
    np.testing.assert_allclose(alignment.distances, 0, atol=1e-12)


def sample(count: int, seed: int) -> FloatArray:
    """Cases alike but for noise of 3 % of their extent."""
    generator = np.random.default_rng(seed)
    return np.asarray(FLAT[0] + generator.normal(scale=0.3, size=(count, 5, 2)))


@pytest.mark.parametrize("count", [6, 40])
def test_swapped_landmarks_are_an_outlier_and_named(count: int) -> None:
    configurations = sample(count, 1)
    configurations[4, [1, 2]] = configurations[4, [2, 1]]
    alignment = align(configurations)
    assert outliers(alignment)[0] == 4
    swap = probable_swap(alignment, 4)
    assert swap is not None
    assert (swap.first, swap.second) == (1, 2)
    corrected = configurations.copy()
    corrected[4, [1, 2]] = corrected[4, [2, 1]]
    assert swap.without == pytest.approx(align(corrected).distances[4], abs=0.01)
    assert swap.without < 0.5 * swap.distance


def test_a_landmark_that_lies_elsewhere_is_an_outlier_but_no_swap() -> None:
    configurations = sample(40, 2)
    configurations[7, 3] += [0.0, 9.0]
    alignment = align(configurations)
    assert outliers(alignment) == (7,)
    assert probable_swap(alignment, 7) is None


@pytest.mark.parametrize(
    "wrong",
    [FLAT[:2], FLAT[:, :2], np.zeros((4, 5, 2)), np.where(FLAT == 25, np.nan, FLAT)],
    ids=["two cases", "two landmarks", "no extent", "a point that is not known"],
)
def test_what_has_no_shapes_is_refused(wrong: FloatArray) -> None:
    with pytest.raises(ValueError, match="landmark"):
        align(wrong)


def real(*parts: str) -> FloatArray:
    path = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no data set at {path}; CAIRN_DATA says where its parent is")
    if path.suffix == ".tps":
        return np.stack([record.points_px for record in tps_records(path)])
    names = tuple(read_landmarks(next(iter(path.iterdir()))).names)
    return np.stack([read_landmarks(file, names=names).points_mm for file in sorted(path.glob("*.mrk.json"))])


SLICERMORPH_MICE = (
    0.035797938,
    0.036219312,
    0.038898255,
    0.039825037,
    0.025929994,
    0.036029041,
    0.034243516,
    0.036799343,
    0.038933599,
    0.052720419,
    0.035445322,
    0.033210182,
    0.032554288,
    0.05017705,
    0.027321552,
    0.033558616,
    0.036204378,
    0.035262934,
    0.021407278,
    0.028256382,
    0.029030442,
    0.036921866,
    0.034546438,
    0.032283763,
)
MORPHOPS_MICE_VARIANCES = (0.000273482314, 0.000205053264, 0.000131007493, 0.000114942298, 0.000083975139)


@pytest.mark.realdata
def test_mouse_skulls_have_the_distances_of_slicermorph_and_the_variances_of_morphops() -> None:
    alignment = align(real("mouse_ct", "landmarks"))
    np.testing.assert_allclose(distances_to_average(alignment.shapes), SLICERMORPH_MICE, rtol=0, atol=1e-8)
    np.testing.assert_allclose(shape_space(alignment).variances[:5], MORPHOPS_MICE_VARIANCES, rtol=0, atol=1e-9)


@pytest.mark.realdata
@pytest.mark.parametrize(
    "parts",
    [("fly_wings", "wings.tps"), ("hippocampus", "landmarks"), ("mouse_ct", "landmarks")],
    ids=["wings", "hippocampi", "mice"],
)
def test_a_swap_put_into_real_cases_is_found_and_none_where_there_is_none(parts: tuple[str, ...]) -> None:
    configurations = real(*parts)
    clean = align(configurations)
    assert [row for row in range(len(configurations)) if probable_swap(clean, row) is not None] == []
    generator = np.random.default_rng(5)
    for _ in range(5):
        row = int(generator.integers(len(configurations)))
        pair = sorted(generator.choice(configurations.shape[1], 2, replace=False).tolist())
        swapped = configurations.copy()
        swapped[row, pair] = swapped[row, pair[::-1]]
        alignment = align(swapped)
        assert row in outliers(alignment)
        swap = probable_swap(alignment, row)
        assert swap is not None
        assert [swap.first, swap.second] == pair
