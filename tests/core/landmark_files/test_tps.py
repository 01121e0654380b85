"""tpsDig's .tps: y counts upwards, one record for each image, and nothing of the other records is touched."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import LandmarkFileError
from core.images.file import read_image
from core.landmark_files.file import Belonging, belongs_to, read_landmark_file, read_landmarks, write_landmarks
from core.values.grid import Grid
from core.values.landmarks import Author, Landmarks, Status
from tests.support.landmark_fixtures import FLAT, OBLIQUE, UNSCALED, make_image, refused, table

SECOND = make_image(Grid.from_spacing((24, 20)), name="second.jpg")
TWO = (
    "LM=2",
    "10. 20.",
    "3.5 4",
    "IMAGE=scan.png",
    "ID=0",
    "lm=2",
    "1 2",
    "-1.00000 -1.00000",
    r"IMAGE=C:\My pictures\second.JPG",
    "ID=1",
    "SCALE=0.012",
    "CURVES=1",
    "POINTS=2",
    "5 6",
    "7 8",
)


def test_the_record_of_the_open_image_is_read_with_y_from_its_lower_edge(tmp_path: Path) -> None:
    path = table(tmp_path / "wings.tps", *TWO)
    file = read_landmark_file(path, image=UNSCALED)
    assert file.landmarks.names == ("1", "2")
    np.testing.assert_array_equal(file.landmarks.points_mm, [[10, 24 - 20], [3.5, 24 - 4]])
    assert file.landmarks.status == (Status.PLACED,) * 2
    assert file.landmarks.author == (Author.PERSON,) * 2
    assert (file.image_name, file.spacing_mm, file.warnings) == ("scan.png", None, ())
    assert belongs_to(file, UNSCALED) is Belonging.YES
    np.testing.assert_allclose(read_landmarks(path, image=FLAT).points_mm, [[1, 0.8], [0.35, 4]])


def test_missing_points_scales_and_curves_are_told(tmp_path: Path) -> None:
    path = table(tmp_path / "wings.tps", *TWO)
    image = make_image(UNSCALED.grid, name="second.jpg", spacing_known=False)
    file = read_landmark_file(path, image=image, names=["tip", "base"])
    assert file.landmarks.names == ("tip", "base")
    assert file.landmarks.status == (Status.PLACED, Status.ABSENT)
    assert len(file.warnings) == 2
    assert "0.012" in file.warnings[0]
    assert "curves" in file.warnings[1]
    assert len(read_landmark_file(path, image=SECOND).warnings) == 1  # its size is known, so the scale is not needed


def test_a_list_without_any_point_is_still_to_be_placed(tmp_path: Path) -> None:
    path = table(tmp_path / "new.tps", "LM=1", "-1 -1")
    assert read_landmarks(path, image=UNSCALED).status == (Status.UNPLACED,)


def test_an_only_record_is_read_whatever_it_names_and_the_other_name_is_told(tmp_path: Path) -> None:
    path = table(tmp_path / "one.tps", "", "LM=1", "1 2", "", "IMAGE=other.jpg")
    assert belongs_to(read_landmark_file(path, image=UNSCALED), UNSCALED) is Belonging.NO
    path = table(tmp_path / "one.tps", "LM=1", "1 2")
    assert belongs_to(read_landmark_file(path, image=UNSCALED), UNSCALED) is Belonging.UNKNOWN


def test_an_image_that_was_saved_as_another_kind_of_picture_is_found(tmp_path: Path) -> None:
    path = table(tmp_path / "wings.tps", *TWO)
    tiff = make_image(UNSCALED.grid, name="second.tif")
    file = read_landmark_file(path, image=tiff)
    np.testing.assert_array_equal(file.landmarks.points_mm[0], [1, 22])
    assert belongs_to(file, tiff) is Belonging.NO  # so that a person is asked
    write_landmarks(file.landmarks.with_point("2", [5, 4]), path, image=tiff, template=file.template)
    assert path.read_text(encoding="utf-8").splitlines() == [*TWO[:7], "5.00 20.00", *TWO[8:]]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("LM=1", "1 2", "IMAGE=a.jpg", "LM=1", "1 2", "IMAGE=b.jpg"), ("scan.png", "a.jpg, b.jpg")),
        (("LM=1", "1 2", "LM=1", "1 2"), ("scan.png",)),
        (("LM=1", "1 2", "IMAGE=scan.png", "LM=1", "1 2", "IMAGE=scan.png"), ("2 records", "scan.png")),
        (("LM3=1", "1 2 3"), ("3D",)),
        (("LM=2", "1 2", "IMAGE=scan.png"), ("line 3", "1 points are missing")),
        (("LM=2", "1 2"), ("ends before",)),
        (("LM=1", "1 2", "3 4"), ("line 3",)),
        (("LM=1", "1 2 3"), ("line 2", "not a point")),
        (("LM=1", "1 nan"), ("line 2", "not a point")),
        (("LM=x",), ("line 1", '"x"')),
        (("IMAGE=scan.png",), ("line 1", "LM")),
        (("hello",), ("line 1",)),
        (("LM=1", "1 2", "IMAGE=scan.png", "LM=1", "1 x"), ("line 5",)),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, lines: tuple[str, ...], words: tuple[str, ...]) -> None:
    refused(table(tmp_path / "wings.tps", *lines), *words, image=UNSCALED)


def test_a_tps_file_needs_a_2d_image_and_as_many_names_as_points(tmp_path: Path) -> None:
    path = table(tmp_path / "wings.tps", *TWO)
    refused(path, "image")
    refused(path, "volume", image=OBLIQUE)
    refused(path, "2 positions", "3 landmark names", image=UNSCALED, names=["a", "b", "c"])


def test_a_new_file_reads_like_this_and_back(tmp_path: Path) -> None:
    path = tmp_path / "scan.tps"
    square = UNSCALED.with_spacing(0.1)
    landmarks = Landmarks(("a", "b", "c"), [[1, 0.4], [0.123456, 2.3], [np.nan] * 2])
    write_landmarks(landmarks, path, image=square)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "LM=3",
        "10.00 20.00",
        "1.23 1.00",
        "-1 -1",
        "IMAGE=scan.png",
        "ID=0",
        "SCALE=0.100000",
        "COMMENT=Cairn: SCALE is in mm",
    ]
    file = read_landmark_file(path, names=landmarks.names, image=UNSCALED)
    assert (file.spacing_mm, file.warnings) == ((0.1, 0.1), ())
    np.testing.assert_allclose(file.landmarks.points_mm, landmarks.points_mm * 10, atol=5.1e-3)
    assert file.landmarks.status == landmarks.status
    write_landmarks(landmarks, path, image=FLAT)
    assert "SCALE" not in path.read_text(encoding="utf-8")  # pixels are not square, and the file has one number


def test_what_a_tps_file_cannot_hold_is_refused(tmp_path: Path) -> None:
    for landmarks, options in ((Landmarks(("a",), [[1, 2]]), {}), (Landmarks(("a",), [[1, 2, 3]]), {"image": OBLIQUE})):
        with pytest.raises(LandmarkFileError) as caught:
            write_landmarks(landmarks, tmp_path / "a.tps", **options)
        assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_a_point_that_was_moved_changes_its_line(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "wings.tps"
    path.write_bytes(line_end.join([*TWO, ""]).encode())
    before = path.read_bytes()
    file = read_landmark_file(path, image=SECOND)
    write_landmarks(file.landmarks, path, image=SECOND, template=file.template)
    assert path.read_bytes() == before
    write_landmarks(file.landmarks.with_point("1", [1.5, 3]), path, image=SECOND, template=file.template)
    changed = [*TWO]
    changed[6] = "1.50 21.00"
    assert path.read_bytes() == line_end.join([*changed, ""]).encode()


def test_other_records_stay_where_points_come_or_an_image_has_none_yet(tmp_path: Path) -> None:
    path = table(tmp_path / "wings.tps", *TWO)
    template = read_landmark_file(path, image=UNSCALED).template
    write_landmarks(Landmarks(("1", "2", "3"), [[1, 1], [2, 2], [3, 3]]), path, image=UNSCALED, template=template)
    assert path.read_text(encoding="utf-8").splitlines() == ["LM=3", "1.00 23.00", "2.00 22.00", "3.00 21.00", *TWO[3:]]
    third = make_image(UNSCALED.grid, name="third.jpg", spacing_known=False)
    write_landmarks(Landmarks(("1",), [[1, 1]]), path, image=third, template=template)
    assert path.read_text(encoding="utf-8").splitlines() == [*TWO, "LM=1", "1.00 23.00", "IMAGE=third.jpg", "ID=0"]


@pytest.mark.realdata
def test_the_wings_carry_their_landmarks(tmp_path: Path) -> None:
    """On dark veins, not beside them; upside down they would lie in the bright field between."""
    folder = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / "fly_wings"
    if not folder.is_dir():
        pytest.skip(f"the data sets are not at {folder.parent}; set CAIRN_DATA")
    text = (folder / "wings.tps").read_text(encoding="utf-8")
    names = re.findall(r"IMAGE=(.*)", text)
    assert len(names) == 58
    darker = 0
    for name in names[:10]:
        image = read_image(folder / "images" / name)
        file = read_landmark_file(folder / "wings.tps", image=image)
        assert len(file.landmarks) == 12
        assert image.grid.contains(file.landmarks.points_mm).all()
        rows, columns = np.round(image.grid.to_index(file.landmarks.points_mm)).astype(int).T
        darker += int((image.voxels[rows, columns] < image.voxels[image.grid.shape[0] - 1 - rows, columns]).sum())
        copy = tmp_path / "wings.tps"
        write_landmarks(file.landmarks, copy, image=image, template=file.template)
        assert copy.read_bytes() == (folder / "wings.tps").read_bytes()
    assert darker > 100  # of 120
