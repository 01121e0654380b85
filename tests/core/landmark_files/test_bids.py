"""BIDS sidecars, after the specification's place for landmarks of an MR image, nibabel telling what a voxel is; bad ones."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from core.images.file import read_image
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import write_collection
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import format_to_read
from core.values.landmarks import Landmarks, Status
from tests.support.collection_fixtures import VOLUME, flat_cases, read_collection, refused_collection, volume_cases
from tests.support.landmark_fixtures import OBLIQUE, refused

# As mne_bids.write_anat puts it beside an image; by the BIDS specification in voxels, the first of which is 0, 0, 0.
SIDECAR: dict[str, Any] = {
    "RepetitionTime": 2.3,
    "AnatomicalLandmarkCoordinates": {"LPA": [3.0, 2.5, 1.0], "NAS": [7, 0, 4]},
}
# The specification's example of a file that has a coordinate system of its own.
COORDSYSTEM = SIDECAR | {"AnatomicalLandmarkCoordinateSystem": "CapTrak", "AnatomicalLandmarkCoordinateUnits": "mm"}


def written(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_the_sidecars_of_a_data_set_are_read_wherever_they_lie(tmp_path: Path) -> None:
    written(tmp_path / "dataset_description.json", {"Name": "heads", "BIDSVersion": "1.9.0"})
    written(tmp_path / "sub-01" / "anat" / "sub-01_T1w.json", SIDECAR)
    written(tmp_path / "sub-01" / "meg" / "sub-01_coordsystem.json", COORDSYSTEM)
    image = CaseImage("sub-01/anat/sub-01_T1w.nii.gz", VOLUME.grid, VOLUME.source)
    case = read_collection(tmp_path, [image], names=["NAS", "RPA", "LPA"]).cases[0]
    np.testing.assert_allclose(case.landmarks.points_mm[[2, 0]], VOLUME.grid.to_mm([[1, 2.5, 3], [4, 0, 7]]))
    assert case.landmarks.status[1] is Status.UNPLACED


def test_one_sidecar_is_opened_like_any_landmark_file(tmp_path: Path) -> None:
    path = written(tmp_path / "volume.json", SIDECAR)
    assert format_to_read(path, path.read_text()).title == "BIDS sidecar"
    landmarks = read_landmark_file(path, image=OBLIQUE).landmarks
    np.testing.assert_allclose(landmarks.point_mm("LPA"), VOLUME.grid.to_mm([1, 2.5, 3]))


def test_a_sidecar_that_begins_with_its_landmarks_is_no_file_of_many_images(tmp_path: Path) -> None:
    key = "AnatomicalLandmarkCoordinates"
    path = written(tmp_path / "volume.json", {key: SIDECAR[key]})
    refused_collection(path, [VOLUME], "no file with the landmarks of many images")
    assert read_landmark_file(path, image=OBLIQUE).landmarks.names == ("LPA", "NAS")


def test_millimetres_are_those_of_nibabels_affine(tmp_path: Path) -> None:
    affine = np.array([[0, -1.5, 0, 10], [0.8, 0, 0, -20], [0, 0, 2.0, 5], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(np.zeros((5, 6, 7), np.int16), affine), tmp_path / "sub-01_T1w.nii.gz")
    image = CaseImage.of(read_image(tmp_path / "sub-01_T1w.nii.gz"))
    point_lps = image.grid.to_mm([3, 2, 1])
    write_collection([CaseMarks(image, Landmarks(("NAS",), [point_lps]))], tmp_path / "out", "bids")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "sub-01_T1w.json",
        "sub-01_T1w_coordsystem.json",
    ]
    sidecar = json.loads((tmp_path / "out" / "sub-01_T1w.json").read_text())
    assert sidecar == {"AnatomicalLandmarkCoordinates": {"NAS": [1, 2, 3]}}
    system = json.loads((tmp_path / "out" / "sub-01_T1w_coordsystem.json").read_text())
    np.testing.assert_allclose(system["AnatomicalLandmarkCoordinates"]["NAS"], (affine @ [1, 2, 3, 1])[:3])
    assert system["AnatomicalLandmarkCoordinateUnits"] == "mm"
    assert "RAS" in system["AnatomicalLandmarkCoordinateSystemDescription"]
    assert system["IntendedFor"] == "sub-01_T1w.nii.gz"


def test_a_landmark_without_a_position_is_not_written(tmp_path: Path) -> None:
    write_collection(volume_cases(), tmp_path / "out", "bids")
    assert "menton" not in (tmp_path / "out" / "volume.json").read_text()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (COORDSYSTEM, ("coordinate system of its own",)),
        ({"AnatomicalLandmarkCoordinates": {"NAS": [1, 2]}}, ("NAS", "[x, y, z]")),
        ({"AnatomicalLandmarkCoordinates": {"NAS": "n/a"}}, ("NAS",)),
        ({"AnatomicalLandmarkCoordinates": {"NAS": [1, 2, True]}}, ("NAS",)),
        ({"AnatomicalLandmarkCoordinates": [1, 2, 3]}, ("by name",)),
        ({"AnatomicalLandmarkCoordinates": {" ": [1, 2, 3]}}, ("without a name",)),
        ('{"AnatomicalLandmarkCoordinates": {"NAS": [1, 2, 3], "NAS": [1, 2, 3]}}', ("NAS twice",)),
        ('{"AnatomicalLandmarkCoordinates": {"NAS": [1', ("not valid JSON",)),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, document: Any, words: tuple[str, ...]) -> None:
    path = written(tmp_path / "volume.json", document)
    refused(path, *words, image=OBLIQUE)
    refused_collection(tmp_path, [VOLUME], "volume.json", *words, key="bids")


def test_voxels_are_no_pixels_of_a_picture(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", SIDECAR)
    refused_collection(path, [flat_cases()[0].image], "a.json", "3D positions", key="bids")
