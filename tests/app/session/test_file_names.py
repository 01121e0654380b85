from pathlib import Path

import pytest

from app.session.file_names import Sample, can_be_written, is_landmark_file, landmarks_path_beside, sample_path


@pytest.mark.parametrize(
    ("name", "is_folder", "expected"),
    [("scan.nii.gz", False, "scan.csv"), ("1.2.840", False, "1.2.840.csv"), ("series.dcm", True, "series.dcm.csv")],
)
def test_landmarks_are_proposed_beside_their_image_or_folder(tmp_path, name, is_folder, expected):
    path = tmp_path / name
    if is_folder:
        path.mkdir()
    assert landmarks_path_beside(path) == tmp_path / expected


def test_the_present_folder_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "thorax").mkdir()
    monkeypatch.chdir(tmp_path / "thorax")
    assert landmarks_path_beside(Path()) == tmp_path / "thorax.csv"


def test_the_root_of_a_drive_has_one_too():
    assert landmarks_path_beside(Path("/")) == Path("/image.csv")


@pytest.mark.parametrize("sample", Sample)
def test_samples_are_there_and_keep_their_own_landmarks(sample):
    path = sample_path(sample)
    assert path.is_file()
    proposed = landmarks_path_beside(path)
    assert proposed.parent == Path.home()
    assert path.with_name(proposed.name).is_file()


def test_landmark_files_are_known_by_their_names():
    assert is_landmark_file(Path("a/SCAN.MRK.JSON"))
    assert not is_landmark_file(Path("scan.nii.gz"))
    assert can_be_written(Path("scan.csv"))
    assert not can_be_written(Path("scan.txt"))
