"""nnLandmark's files, against the layout of its readme and its own export, with nibabel telling what a voxel is; and bad ones."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from core.images.file import read_image
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import open_collection, write_collection
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import format_to_read
from core.values.landmarks import Landmarks, Status
from tests.support.collection_fixtures import (
    OTHER_VOLUME,
    SCALED,
    VOLUME,
    images_of,
    read_collection,
    refused_collection,
    volume_cases,
)
from tests.support.landmark_fixtures import OBLIQUE, refused

# readme.md of github.com/MIC-DKFZ/nnLandmark, section Additional JSONs.
POSITIONS: dict[str, Any] = {
    "volume": {"landmark_1": [3, 2, 1], "landmark_2": [7, 0, 4]},
    "case_xyz": {"landmark_1": [13, 19, 89]},
}
SPACINGS = {"volume": {"image_spacing": [0.5, 1.0, 2.0], "annotation_spacing": None}}
LABELS = {"landmark_2": 2, "landmark_1": 1}
# inference/nnLandmark/export_prediction.py there: a file of its own for each case, by label.
PREDICTION = {
    "1": {"coordinates": [3, 2, 1], "likelihood": 0.37},
    "2": {"coordinates": [None, None, None], "likelihood": 0.0},
}


def written(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path / "all_landmarks_voxel.json", POSITIONS)
    written(tmp_path / "spacing.json", SPACINGS)
    written(tmp_path / "name_to_label.json", LABELS)
    return tmp_path


def test_a_data_sets_folder_and_its_file_are_read(folder: Path) -> None:
    image = CaseImage("imagesTr/volume_0000.nii.gz", VOLUME.grid, VOLUME.source)
    for path in (folder, folder / "all_landmarks_voxel.json"):
        read = read_collection(path, [image])
        np.testing.assert_allclose(read.cases[0].landmarks.points_mm, VOLUME.grid.to_mm([[1, 2, 3], [4, 0, 7]]))
        assert read.cases[0].landmarks.names == ("landmark_1", "landmark_2")
        assert read.cases[0].spacing_mm == (2.0, 1.0, 0.5)
        assert read.without_image == ("case_xyz",)


def test_a_folder_of_predictions_is_read_with_the_names_beside_it(tmp_path: Path) -> None:
    written(tmp_path / "volume.json", PREDICTION)
    written(tmp_path / "plans.json", {"plans_name": "nnUNetResEncUNetMPlans"})
    read = read_collection(tmp_path, [VOLUME])
    assert read.cases[0].landmarks.names == ("1", "2")
    assert read_collection(tmp_path, [VOLUME], names=["b", "a"]).cases[0].landmarks.names == ("b", "a")
    written(tmp_path / "name_to_label.json", LABELS)
    landmarks = read_collection(tmp_path, [VOLUME]).cases[0].landmarks
    assert landmarks.names == ("landmark_1", "landmark_2")
    assert landmarks.status == (Status.PREDICTED, Status.ABSENT)
    assert np.isnan(landmarks.presence).all()  # a likelihood is no probability
    np.testing.assert_allclose(landmarks.points_mm[0], VOLUME.grid.to_mm([1, 2, 3]))


def test_one_prediction_is_opened_like_any_landmark_file(tmp_path: Path) -> None:
    path = written(tmp_path / "volume.json", PREDICTION)
    assert format_to_read(path, path.read_text()).title == "nnLandmark prediction"
    assert read_landmark_file(path, image=OBLIQUE, names=["sella", "nasion"]).landmarks.names == ("sella", "nasion")
    refused(path, "2 positions", "3 landmark names", image=OBLIQUE, names=["a", "b", "c"])


def test_what_is_written_is_laid_out_as_in_the_readme(tmp_path: Path) -> None:
    write_collection(volume_cases(), tmp_path / "out", "nnlandmark")
    said = {path.name: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    assert said["all_landmarks_voxel.json"] == {
        "volume": {"sella": [3, 2.5, 1], "nasion": [7, 0, 4]},
        "other": {"sella": [2, 1, 0.5], "nasion": [6, 5, 4], "menton": [2, 2, 2]},
    }
    assert said["spacing.json"]["other"] == {"image_spacing": [0.25, 0.5, 2.0], "annotation_spacing": None}
    assert said["name_to_label.json"] == {"sella": 1, "nasion": 2, "menton": 3}


def test_a_voxel_is_where_nibabel_has_it(tmp_path: Path) -> None:
    """By nnLandmark's own conversion (Dataset732_Afids/02_label_json.py): the inverse of nibabel's affine times RAS mm."""
    affine = np.array([[0, -1.5, 0, 10], [0.8, 0, 0, -20], [0, 0, 2.0, 5], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(np.zeros((5, 6, 7), np.int16), affine), tmp_path / "brain.nii.gz")
    image = CaseImage.of(read_image(tmp_path / "brain.nii.gz"))
    point_lps = np.array([4.0, 18.5, 9.0])
    write_collection([CaseMarks(image, Landmarks(("a",), [point_lps]))], tmp_path / "out", "nnlandmark")
    voxel = json.loads((tmp_path / "out" / "all_landmarks_voxel.json").read_text())["brain"]["a"]
    np.testing.assert_allclose(affine @ [*voxel, 1], [-4.0, -18.5, 9.0, 1], atol=0.02)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"volume": {"a": [1, 2]}}, ("case volume (a)", "[x, y, z]")),
        ({"volume": {"a": [1, 2, "3"]}}, ("case volume (a)",)),
        ({"volume": {"a": [1, None, 3]}}, ("case volume (a)",)),
        ({"volume": [1, 2, 3]}, ("case volume", "by name")),
        ({"volume": {"": [1, 2, 3]}}, ("case volume", "without a name")),
        ('{"volume": {"a": [1, 2, 3], "a": [1, 2, 3]}}', ("a twice",)),
        ('{"volume": {"a": [1, 2, NaN]}}', ("NaN",)),
        ('{"volume": {"a": [1, 2, 1e999]}}', ("case volume (a)",)),
        ('{"volume": {"a": [1, 2', ("not valid JSON",)),
        ("[]", ("no JSON object",)),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, document: Any, words: tuple[str, ...]) -> None:
    path = written(tmp_path / "all_landmarks_voxel.json", document)
    refused_collection(tmp_path, [VOLUME], path.name, *words, key="nnlandmark")


def test_a_picture_is_refused(folder: Path) -> None:
    picture = CaseImage("volume.png", SCALED.grid, SCALED.source)
    refused_collection(folder, [picture], "case volume", "3D positions", "2D")
    assert open_collection(folder).image_names == ("volume", "case_xyz")
    assert images_of(volume_cases()) == [VOLUME, OTHER_VOLUME]
