"""Lists of a person's own images: what is read, and what wrong ones get."""

import csv
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError, ImageReadError, LandmarkFileError
from core.images.file import write_image
from core.learning.cases import read_case_image
from core.learning.phantom import PHANTOM_LANDMARKS, make_phantom
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from training.datasets.phantom import write_phantom_dataset
from training.datasets.reading import read_cases

SHAPE = (40, 32)


@pytest.fixture
def list_path(tmp_path: Path) -> Path:
    return write_phantom_dataset(tmp_path, 2, 5, shape=SHAPE, spacing_mm=0.5)


def rewrite(path: Path, change: dict[tuple[int, str], str]) -> None:
    """Change cells of a list, by row and column."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for (row, column), value in change.items():
        rows[row][column] = value
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("suffix", [".nrrd", ".png", ".mha"])
@pytest.mark.parametrize("landmark_suffix", [".csv", ".mrk.json", ".fcsv"])
def test_a_written_data_set_reads_back(tmp_path: Path, suffix: str, landmark_suffix: str) -> None:
    path = write_phantom_dataset(
        tmp_path, 2, 5, shape=SHAPE, spacing_mm=0.5, suffix=suffix, landmark_suffix=landmark_suffix
    )
    sizes = [len(read_cases("list", path, split, PHANTOM_LANDMARKS)) for split in ("train", "validation", "test")]
    assert sizes == [3, 1, 1]
    case = read_cases("list", path, "validation", PHANTOM_LANDMARKS)[0]
    assert case.name == "phantom-003"
    _, truth = make_phantom(2, 3, SHAPE, 0.5)
    np.testing.assert_allclose(case.landmarks.points_mm, truth.points_mm, atol=1e-3)
    image = read_case_image(case)
    assert image.grid.shape == SHAPE
    np.testing.assert_allclose(image.grid.spacing_mm, 0.5, rtol=1e-3)


def test_volumes_and_absent_landmarks_read_back(tmp_path: Path) -> None:
    path = write_phantom_dataset(tmp_path, 3, 5, shape=(12, 20, 24), spacing_mm=(2, 1, 1), absent_every=2)
    cases = read_cases("list", path, "train", PHANTOM_LANDMARKS)
    assert cases[0].landmarks.ndim == 3
    assert [int(case.landmarks.located.sum()) for case in cases] == [4, 3, 4]
    assert not cases[1].landmarks.located[0]


def test_names_may_be_taken_from_the_files(list_path: Path) -> None:
    assert read_cases("list", list_path, "test")[0].landmarks.names == PHANTOM_LANDMARKS


def test_a_landmark_that_no_file_holds_is_absent_everywhere(list_path: Path) -> None:
    case = read_cases("list", list_path, "test", (*PHANTOM_LANDMARKS, "Tail"))[0]
    assert case.landmarks.located.tolist() == [True, True, True, True, False]


def test_some_of_the_landmarks_can_be_read(list_path: Path) -> None:
    whole = read_cases("list", list_path, "test")[0].landmarks
    case = read_cases("list", list_path, "test", (PHANTOM_LANDMARKS[3], PHANTOM_LANDMARKS[0]))[0]
    assert case.landmarks.names == (PHANTOM_LANDMARKS[3], PHANTOM_LANDMARKS[0])
    np.testing.assert_array_equal(case.landmarks.points_mm, whole.points_mm[[3, 0]])


def test_an_unknown_name_where_one_is_missing_is_refused(list_path: Path) -> None:
    with pytest.raises(LandmarkFileError, match="Tip of the rod"):
        read_cases("list", list_path, "test", (*PHANTOM_LANDMARKS[:3], "Tip of the root"))


def test_an_image_without_pixel_size_needs_one_from_the_data_set(list_path: Path) -> None:
    name = "phantom-004.png"
    voxels = make_phantom(2, 4, SHAPE, 0.5, dtype=np.uint8)[0].voxels
    image = Image(voxels, Grid.from_spacing(SHAPE), ImageSource(Path(name), spacing_source=SpacingSource.UNKNOWN))
    write_image(image, list_path.parent / name)
    rewrite(list_path, {(4, "image"): name})
    with pytest.raises(ConfigError, match="does not say its pixel size"):
        read_cases("list", list_path, "test")
    case = read_cases("list", list_path, "test", spacing_mm=0.5)[0]
    np.testing.assert_allclose(read_case_image(case).grid.spacing_mm, 0.5)


def test_a_pixel_size_that_contradicts_the_file_is_refused(list_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"says its spacing is 0\.5 × 0\.5 mm, its data set says 0\.1 mm"):
        read_cases("list", list_path, "test", spacing_mm=0.1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({(1, "split"): "training"}, "Row 3 .* unknown split 'training'"),
        ({(1, "split"): ""}, "Row 3 .* not complete"),
        ({(2, "image"): "nowhere.nrrd"}, "Row 4 .* nowhere.nrrd, which does not exist"),
        ({(2, "landmarks"): "nowhere.csv"}, "Row 4 .* nowhere.csv, which does not exist"),
        ({(3, "image"): "phantom-000.nrrd"}, "names phantom-000.nrrd twice"),
        ({(3, "image"): "./phantom-000.nrrd"}, "names ./phantom-000.nrrd twice"),
    ],
)
def test_a_wrong_row_is_named_whichever_split_is_read(
    list_path: Path, change: dict[tuple[int, str], str], complaint: str
) -> None:
    rewrite(list_path, change)
    with pytest.raises(ConfigError, match=complaint):
        read_cases("list", list_path, "test")


def test_wrong_columns_a_missing_split_and_a_missing_list_are_refused(list_path: Path) -> None:
    with pytest.raises(ConfigError, match="no rows of the split 'test1'"):
        read_cases("list", list_path, "test1")
    with pytest.raises(ConfigError, match="no data set list"):
        read_cases("list", list_path.with_name("other.csv"), "test")
    list_path.write_text(list_path.read_text().replace("landmarks", "points"))
    with pytest.raises(ConfigError, match="has the columns split, image, points"):
        read_cases("list", list_path, "test")
    list_path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_cases("list", list_path, "test")


def test_a_damaged_image_is_refused(list_path: Path) -> None:
    (list_path.parent / "phantom-004.nrrd").write_bytes(b"NRRD0004\n")
    with pytest.raises(ImageReadError):
        read_cases("list", list_path, "test")


def test_flat_images_and_volumes_do_not_mix(list_path: Path) -> None:
    write_phantom_dataset(list_path.parent / "volumes", 3, 3, shape=(12, 14, 16))
    rewrite(list_path, {(0, "image"): "volumes/phantom-000.nrrd", (0, "landmarks"): "volumes/phantom-000.csv"})
    with pytest.raises(ConfigError, match="is 2D, those before are 3D"):
        read_cases("list", list_path, "train")
