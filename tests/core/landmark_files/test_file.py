"""Landmark files of every format: names and their order, suffixes, whole or not at all, and the real thing."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import LandmarkFileError
from core.images.file import read_image
from core.landmark_files.csv import COLUMNS
from core.landmark_files.file import read_landmark_file, read_landmarks, write_landmarks
from core.values.landmarks import Landmarks, Status
from tests.support.landmark_fixtures import FLAT, OBLIQUE, refused, table


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
def test_names_give_the_order_and_what_is_missing_is_absent(tmp_path, suffix):
    path = tmp_path / f"points{suffix}"
    write_landmarks(Landmarks(("b", "a"), [[3.0, 4, 5], [1, 2, 3]], status=(Status.CORRECTED,) * 2), path)
    read = read_landmarks(path, names=["a", "c", "b"])
    assert read.names == ("a", "c", "b")
    assert read.status == (Status.CORRECTED, Status.ABSENT, Status.CORRECTED)
    np.testing.assert_array_equal(read.points_mm[[0, 2]], [[1, 2, 3], [3, 4, 5]])
    refused(path, "not known", "b", names=["a", "c"])


# --- the challenge's lists ---


def test_a_challenge_list_is_px_and_its_diagnosis_lines_are_ignored(tmp_path):
    path = table(tmp_path / "001.txt", "10,5", "3.5,4", "1", "2", "3")
    np.testing.assert_array_equal(read_landmarks(path, names=["a", "b"]).points_mm, [[10, 5], [3.5, 4]])
    np.testing.assert_allclose(read_landmarks(path, names=["a", "b"], image=FLAT).points_mm, [[1, 1], [0.35, 0.8]])
    assert read_landmarks(path, names=["a", "b"]).status == (Status.PLACED,) * 2


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["10,5"], ("1 positions", "2 landmark names")),
        (["10,5", "1,2", "3,4"], ("3 positions", "2 landmark names")),
        (["10,5", "a,b"], ("line 2",)),
        (["10,5", "1,2,3"], ("line 2",)),
        (["10,5", "nan,1"], ("line 2",)),
        (["10,5", "12 7", "1,2"], ("line 2",)),
    ],
)
def test_a_wrong_challenge_list_is_refused(tmp_path, lines, words):
    refused(table(tmp_path / "001.txt", *lines), *words, names=["a", "b"])


def test_a_challenge_list_needs_names_and_a_2d_image(tmp_path):
    path = table(tmp_path / "001.txt", "10,5")
    refused(path, "names")
    refused(path, "2D", names=["a"], image=OBLIQUE)


# --- files ---


def test_files_that_cannot_be_read_are_refused(tmp_path):
    refused(tmp_path / "missing.csv", "no file")
    refused(tmp_path / "points.xlsx", "suffix")
    (tmp_path / "folder.csv").mkdir()
    refused(tmp_path / "folder.csv", "cannot be read")


def test_a_file_too_large_to_hold_landmarks_is_not_even_read(tmp_path):
    path = tmp_path / "volume.json"
    with path.open("wb") as stream:
        stream.truncate(3 * 2**30)  # a hole, not 3 GiB of disk
    refused(path, "too large", "3072 MiB")


def test_many_points_are_read_in_no_time(tmp_path):
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm,z_mm", *(f"n{number},1,2,3" for number in range(40_000)))
    started = time.process_time()  # others may be busy on this computer
    assert len(read_landmarks(path)) == 40_000
    assert time.process_time() - started < 10  # comparing every name with every other would take longer


def test_a_landmark_file_may_be_called_anything_and_lie_anywhere(tmp_path):
    path = tmp_path / "Ordner ψ 1" / "Punkte ü.CSV"
    write_landmarks(Landmarks(("Wange é",), [[1, 2]]), path)
    assert read_landmarks(path).names == ("Wange é",)
    write_landmarks(Landmarks(("Wange é",), [[1, 2]]), path.with_name("Punkte ü.mrk.json"))
    assert read_landmarks(path.with_name("Punkte ü.mrk.json")).names == ("Wange é",)


@pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
@pytest.mark.parametrize(
    ("error", "word"),
    [(PermissionError(13, "Permission denied"), "open in another"), (OSError(28, "No space left"), "No space")],
)
def test_a_file_that_cannot_be_written_leaves_the_old_one_alone(tmp_path, monkeypatch, suffix, error, word):
    path = tmp_path / f"points{suffix}"
    path.write_bytes(b"precious")

    def fail(self, target):
        raise error

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(LandmarkFileError, match=word) as caught:
        write_landmarks(Landmarks(("a",), [[1, 2]]), path)
    assert caught.value.hint
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LandmarkFileError, match="cannot be written"):
        write_landmarks(Landmarks(("a",), [[1, 2]]), tmp_path / "file" / "points.csv")


def test_a_name_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(LandmarkFileError, match="name"):
        write_landmarks(Landmarks(("\ud800",), [[1, 2]]), tmp_path / "points.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(LandmarkFileError, match="suffix"):
        write_landmarks(Landmarks(("a",), [[1, 2]]), tmp_path / "points.txt")


def test_landmarks_and_image_of_different_rank_are_a_mistake_of_the_program(tmp_path):
    with pytest.raises(ValueError, match="2D landmarks"):
        write_landmarks(Landmarks(("a",), [[1, 2]]), tmp_path / "points.csv", image=OBLIQUE)
    with pytest.raises(ValueError, match="ndim"):
        read_landmarks(tmp_path / "points.csv", image=OBLIQUE, ndim=2)


def test_the_columns_are_those_agreed_on():
    assert ",".join(COLUMNS) == (
        "name,x_mm,y_mm,z_mm,x_px,y_px,z_px,presence,spread_mm,radius_mm,spread_px,radius_px,status,author"
    )


# --- the real thing ---


@pytest.fixture(scope="module")
def data_folder() -> Path:
    folder = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the data sets are not at {folder}; set CAIRN_DATA")
    return folder


@pytest.mark.realdata
def test_real_markups_lie_in_their_volume(data_folder):
    landmarks = read_landmarks(data_folder / "mouse_ct" / "landmarks" / "A_J.mrk.json")
    volume = read_image(data_folder / "mouse_ct" / "volumes" / "A_J.nii.gz")
    assert len(landmarks) == 45
    assert volume.grid.contains(landmarks.points_mm).all()


@pytest.mark.realdata
def test_real_markups_come_back_as_they_were_but_for_the_correction(data_folder, tmp_path):
    paths = sorted((data_folder / "mouse_ct" / "landmarks").glob("*.mrk.json"))
    assert len(paths) == 24
    for path in paths:
        document = json.loads(path.read_text(encoding="utf-8"))
        file = read_landmark_file(path)
        copy = tmp_path / path.name
        write_landmarks(file.landmarks, copy, template=file.template)
        assert json.loads(copy.read_text(encoding="utf-8")) == document
        name = file.landmarks.names[3]
        write_landmarks(file.landmarks.with_point(name, [1, 2, 3]), copy, template=file.template)
        document["markups"][0]["controlPoints"][3] |= {"position": [1.0, 2.0, 3.0], "description": "corrected"}
        assert json.loads(copy.read_text(encoding="utf-8")) == document


@pytest.mark.realdata
def test_real_challenge_lists_hold_19_points_on_the_radiograph(data_folder):
    names = [str(number) for number in range(1, 20)]
    folder = data_folder / "cephalometric"
    image = read_image(folder / "RawImage" / "TrainingData" / "001.jpg").with_spacing(0.1)
    landmarks = read_landmarks(folder / "400_senior" / "001.txt", names=names, image=image)
    np.testing.assert_allclose(landmarks.point_mm("1"), [83.5, 99.6])
    assert image.grid.contains(landmarks.points_mm).all()
