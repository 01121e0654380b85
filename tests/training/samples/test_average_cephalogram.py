"""The population average: on phantoms, and the bundled sample that it made."""

from pathlib import Path

import numpy as np
import pytest

from core.base.assets import assets_folder
from core.base.errors import ConfigError
from core.geometry.shapes import procrustes_mean
from core.images.file import read_image
from core.landmark_files.file import read_landmarks
from core.learning.cases import Case
from core.learning.phantom import PHANTOM_LANDMARKS
from core.schemes.file import read_scheme
from core.values.grid import Grid
from training.datasets.cephalometric import SPACING_MM, read_cephalometric
from training.datasets.phantom import write_phantom_dataset
from training.datasets.reading import default_root, read_cases
from training.samples.average_cephalogram import GRID, average_images, make_population_average, warp_index


def mean_of(cases: tuple[Case, ...]) -> np.ndarray:
    return procrustes_mean(np.stack([case.landmarks.points_mm for case in cases]))


def test_the_warp_takes_the_means_landmarks_from_the_images_landmarks() -> None:
    rng = np.random.default_rng(2)
    grid, image_grid = Grid.from_spacing((600, 500), 0.1), Grid.from_spacing((300, 260), 0.2)
    mean_index = rng.integers(50, 450, size=(9, 2))
    mean_mm = grid.to_mm(mean_index)
    points_mm = mean_mm * 1.05 + rng.normal(0, 1.0, mean_mm.shape)
    index = warp_index(image_grid, points_mm, mean_mm, grid)
    assert index.shape == (2, 600, 500)
    np.testing.assert_allclose(index[:, *mean_index.T].T, image_grid.to_index(points_mm), atol=0.5)


def test_the_average_of_phantoms_in_many_poses_is_sharp_at_their_landmarks(tmp_path: Path) -> None:
    path = write_phantom_dataset(tmp_path, 2, 10, shape=(220, 200), spacing_mm=0.5, suffix=".png")
    cases = read_cases("list", path, "train", PHANTOM_LANDMARKS)
    mean_mm, grid = mean_of(cases), Grid.from_spacing((220, 200), 0.5)
    heard: list[tuple[int, int]] = []
    average = average_images(cases, mean_mm, grid, lambda done, count: heard.append((done, count)))
    assert heard == [(done, 6) for done in range(1, 7)]
    assert average.dtype == np.uint8
    rows, columns = np.rint(grid.to_index(mean_mm)).astype(int).T
    large, small, dark, _ = average[rows, columns].astype(int).tolist()
    body = int(average[110, 100])
    assert small > large > body > dark
    # The small sphere's edge is where it belongs, not smeared by the poses: its bright part is centred on its landmark.
    near = np.argwhere(average > (small + body) / 2)
    near = near[np.linalg.norm(near - (rows[1], columns[1]), axis=1) < 15]
    np.testing.assert_allclose(near.mean(axis=0), (rows[1], columns[1]), atol=1.5)


def test_the_bundled_sample_is_a_cephalogram_with_known_landmarks() -> None:
    path = assets_folder() / "samples" / "cephalogram.png"
    image = read_image(path)
    assert image.source.spacing_known
    np.testing.assert_allclose(image.grid.spacing_mm, SPACING_MM)
    assert image.grid.shape == GRID.shape
    assert image.voxels.dtype == np.uint8
    assert path.stat().st_size < 4e6
    landmarks = read_landmarks(path.with_suffix(".csv"), image=image)
    assert landmarks.names == read_scheme("cephalometric-19").names
    assert image.grid.contains(landmarks.points_mm).all()
    # An average of 140 has no grain: neighbouring pixels hardly differ.
    assert np.abs(np.diff(image.voxels.astype(int), axis=1)).mean() < 1.0


@pytest.fixture
def real_cases() -> tuple[Case, ...]:
    folder = default_root("cephalometric")
    if folder is None or not folder.is_dir():
        pytest.skip(f"the cephalometric data set is not at {folder}; CAIRN_DATA says where it is")
    return read_cephalometric(folder, "train")


@pytest.mark.realdata
def test_the_bundled_configuration_is_the_mean_of_the_training_images(real_cases: tuple[Case, ...]) -> None:
    landmarks = read_landmarks(assets_folder() / "samples" / "cephalogram.csv")
    np.testing.assert_allclose(landmarks.points_mm, mean_of(real_cases), atol=1e-3)


@pytest.mark.realdata
def test_a_real_image_is_warped_exactly_at_its_landmarks(real_cases: tuple[Case, ...]) -> None:
    mean_mm = mean_of(real_cases)
    at = np.rint(GRID.to_index(mean_mm)).astype(int)
    for case in real_cases[:3]:
        index = warp_index(GRID, case.landmarks.points_mm, GRID.to_mm(at), GRID)
        np.testing.assert_allclose(index[:, *at.T].T, GRID.to_index(case.landmarks.points_mm), atol=1.0)


def test_without_the_data_set_one_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no cephalometric data set"):
        make_population_average(tmp_path / "nowhere")
