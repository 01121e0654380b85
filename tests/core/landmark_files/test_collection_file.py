"""Files of many cases, whatever their format: round trips, who is matched with what, whole or not at all, and the table."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files import collection_formats
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import open_collection, placed, write_collection
from core.landmark_files.collection_formats import COLLECTION_FORMATS, READABLE_KEYS, WRITABLE_KEYS
from core.values.grid import Grid
from core.values.landmarks import Author, Landmarks, Status
from tests.support.collection_fixtures import (
    NAMES,
    SCALED,
    UNSCALED,
    assert_same_positions,
    flat_cases,
    full_cases,
    images_of,
    read_collection,
    refused_collection,
    volume_cases,
)

FLAT_KEYS = ["csv", "mrk-json", "tps", "coco", "cvat", "labelme"]
SPACE_KEYS = ["csv", "mrk-json", "nnlandmark", "bids"]
SAYS_ALL_STATES = {"csv", "mrk-json"}
TELLS_ABSENT = {"cvat", "labelme"}


@pytest.mark.parametrize("key", FLAT_KEYS)
def test_pictures_come_back_as_they_were_written(tmp_path: Path, key: str) -> None:
    cases = flat_cases()
    assert write_collection(cases, tmp_path / "out", key) == ()
    path = tmp_path / "out"
    read = read_collection(path, images_of(cases), names=NAMES, key=key)
    assert_same_positions(read, cases)
    assert read.without_image == ()
    for again, case in zip(read.cases, cases, strict=True):
        assert again.landmarks.names == NAMES
        if key in SAYS_ALL_STATES:
            assert again.landmarks.status == case.landmarks.status
            assert again.landmarks.author == case.landmarks.author
        if key in TELLS_ABSENT:
            without = [
                status if status in (Status.ABSENT, Status.UNPLACED) else Status.PLACED
                for status in case.landmarks.status
            ]
            assert list(again.landmarks.status) == without


@pytest.mark.parametrize("key", ["tps", "coco"])
def test_what_cannot_be_told_apart_is_absent_where_another_landmark_was_placed(tmp_path: Path, key: str) -> None:
    cases = flat_cases()
    write_collection(cases, tmp_path / "out", key)
    read = read_collection(tmp_path / "out", images_of(cases), names=NAMES, key=key)
    placed_, absent = Status.PLACED, Status.ABSENT
    assert [case.landmarks.status for case in read.cases] == [(placed_, placed_, absent), (placed_, absent, placed_)]


@pytest.mark.parametrize("key", SPACE_KEYS)
def test_volumes_come_back_as_they_were_written(tmp_path: Path, key: str) -> None:
    cases = volume_cases()
    write_collection(cases, tmp_path / "out", key)
    read = read_collection(tmp_path / "out", images_of(cases), names=NAMES)
    assert_same_positions(read, cases)
    nowhere = Status.ABSENT if key in SAYS_ALL_STATES else Status.UNPLACED
    assert read.cases[0].landmarks.status == (Status.PLACED, Status.PLACED, nowhere)


def test_the_challenges_lists_come_back(tmp_path: Path) -> None:
    cases = full_cases()
    write_collection(cases, tmp_path / "lists", "isbi")
    assert (tmp_path / "lists" / "a.txt").read_text() == "7.50,3.25\n0.00,20.00\n13.00,12.00\n"
    assert_same_positions(read_collection(tmp_path / "lists", images_of(cases), names=NAMES), cases)
    refused_collection(tmp_path / "lists", images_of(cases), "without names")
    refused_collection(tmp_path / "lists", images_of(cases), "3 positions", "2 landmark names", names=NAMES[:2])


@pytest.mark.parametrize("key", READABLE_KEYS)
def test_a_format_is_recognised_and_no_other_takes_its_files(tmp_path: Path, key: str) -> None:
    form = collection_formats.collection_format(key)
    cases = full_cases() if key == "isbi" else flat_cases() if 2 in form.ndims else volume_cases()
    path = tmp_path / ("out" if form.is_folder else f"out{form.suffix}")
    write_collection(cases, path, key)
    assert open_collection(path).form.key == key


def test_a_case_without_some_landmarks_has_them_unplaced(tmp_path: Path) -> None:
    first, second = flat_cases()
    second = replace(second, landmarks=Landmarks(("menton", "gonion"), [[1, 2], [3, 4]]))
    write_collection([first, second], tmp_path / "out.json", "coco")
    read = read_collection(tmp_path / "out.json", [SCALED, UNSCALED])
    assert read.cases[0].landmarks.names == (*NAMES, "gonion")
    assert list(np.isnan(read.cases[1].landmarks.points_mm[:, 0])) == [True, True, False, False]


def test_landmarks_without_names_get_them_from_outside_or_are_numbered(tmp_path: Path) -> None:
    cases = flat_cases()
    write_collection(cases, tmp_path / "out.tps", "tps")
    assert read_collection(tmp_path / "out.tps", images_of(cases)).cases[0].landmarks.names == ("1", "2", "3")
    refused_collection(tmp_path / "out.tps", images_of(cases), "out.tps: line 1", "3 positions", "2", names=["a", "b"])


def test_images_that_are_not_at_hand_are_told_and_others_placed(tmp_path: Path) -> None:
    cases = flat_cases()
    write_collection(cases, tmp_path / "out.tps", "tps")
    collection = open_collection(tmp_path / "out.tps")
    assert collection.image_names == ("a.png", "b.jpg")
    read = placed(collection, [CaseImage("B.tif", UNSCALED.grid, UNSCALED.source)])
    assert [case.image.name for case in read.cases] == ["B.tif"]
    assert read.without_image == ("a.png",)


def test_folders_tell_images_of_one_name_apart(tmp_path: Path) -> None:
    case = full_cases()[0]
    cases = [
        replace(case, image=replace(case.image, name=name), landmarks=Landmarks(("a",), [[x, 2]]))
        for x, name in enumerate(("p1/scan.png", "p2/scan.png"))
    ]
    for key in ("coco", "labelme"):
        write_collection(cases, tmp_path / key, key)
        read = read_collection(tmp_path / key, images_of(cases), key=key)
        assert [again.landmarks.points_mm[0, 0] for again in read.cases] == [0, 1]
        deeper = [replace(case.image, name=f"data/{case.image.name}") for case in cases]
        read = read_collection(tmp_path / key, deeper[::-1], key=key)
        assert [again.landmarks.points_mm[0, 0] for again in read.cases] == [1, 0]
    path = tmp_path / "one.tps"
    path.write_text("LM=1\n1 2\nIMAGE=scan.png\nID=0\n", encoding="utf-8")
    refused_collection(path, images_of(cases), "scan.png may mean p1/scan.png, p2/scan.png")


def test_an_image_has_one_set_of_landmarks_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "two.tps"
    path.write_text("LM=1\n1 2\nIMAGE=a.png\nLM=1\n1 2\nIMAGE=A.PNG\n", encoding="utf-8")
    refused_collection(path, [SCALED], "two.tps", "several sets of landmarks of a.png")
    case = flat_cases()[0]
    for key in set(WRITABLE_KEYS) - {"wide-csv", "wide-parquet"}:
        ndim = collection_formats.collection_format(key).ndims[0]
        twice = [case, case] if ndim == 2 else volume_cases()[:1] * 2
        with pytest.raises(LandmarkFileError, match="several of") as caught:
            write_collection(twice, tmp_path / "twice", key)
        assert "reader" in caught.value.hint


def test_landmarks_all_outside_their_image_are_told(tmp_path: Path) -> None:
    path = tmp_path / "far.tps"
    path.write_text("LM=1\n1000 2000\nIMAGE=a.png\n", encoding="utf-8")
    warnings = read_collection(path, [SCALED]).cases[0].warnings
    assert warnings == ("far.tps: line 1 puts all landmarks outside a.png.",)


def test_cases_that_a_format_cannot_hold_are_left_out_and_told(tmp_path: Path) -> None:
    full, lacking = full_cases()[0], flat_cases()[1]
    notes = write_collection([full, lacking], tmp_path / "out.txt", "morphologika")
    assert len(notes) == 1
    assert "1 case was left out" in notes[0]
    assert "b.jpg" in notes[0]
    assert "[individuals]\n1\n" in (tmp_path / "out.txt").read_text()
    with pytest.raises(LandmarkFileError, match="every case"):
        write_collection([lacking], tmp_path / "none.txt", "morphologika")
    assert not (tmp_path / "none.txt").exists()


@pytest.mark.parametrize("key", ["tps", "coco", "cvat", "labelme", "isbi"])
def test_a_format_of_pictures_refuses_volumes(tmp_path: Path, key: str) -> None:
    with pytest.raises(LandmarkFileError, match=r"holds 2D landmarks, but volume\.nii\.gz is 3D"):
        write_collection(volume_cases(), tmp_path / "out", key)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["nnlandmark", "bids"])
def test_a_format_of_volumes_refuses_pictures(tmp_path: Path, key: str) -> None:
    with pytest.raises(LandmarkFileError, match=r"holds 3D landmarks, but a\.png is 2D"):
        write_collection(flat_cases(), tmp_path / "out", key)


def test_a_folder_is_only_written_where_nothing_is_lost(tmp_path: Path) -> None:
    cases = flat_cases()
    (tmp_path / "mine").mkdir()
    write_collection(cases, tmp_path / "mine", "labelme")  # an empty one is as good as none
    (tmp_path / "mine" / "precious.txt").write_text("precious")
    with pytest.raises(LandmarkFileError, match="not an empty folder"):
        write_collection(cases, tmp_path / "mine", "labelme")
    assert (tmp_path / "mine" / "precious.txt").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("key", ["coco", "labelme"])
def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path: Path, monkeypatch, key: str) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(LandmarkFileError, match="no space left") as caught:
        write_collection(flat_cases(), tmp_path / "out", key)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    case = full_cases()[0]
    case = replace(case, landmarks=Landmarks(("\ud800",), [[1, 2]]))
    for key in ("coco", "cvat", "labelme", "wide-csv"):
        with pytest.raises(LandmarkFileError, match="name"):
            write_collection([case], tmp_path / "out", key)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_collection_is_refused(tmp_path: Path) -> None:
    refused_collection(tmp_path / "none.tps", [SCALED], "no file or folder")
    (tmp_path / "empty").mkdir()
    assert "coco" in refused_collection(tmp_path / "empty", [SCALED], "empty is no folder").hint
    for name, text in (("a.xlsx", "x"), ("a.json", '{"a": 1}'), ("a.xml", "<html/>")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        refused_collection(tmp_path / name, [SCALED], name)
    refused_collection(tmp_path / "a.json", [SCALED], "a.json has no landmarks", key="csv")
    refused_collection(tmp_path / "empty", [SCALED], "cannot be read", key="tps")
    with pytest.raises(LandmarkFileError, match="no format xyz"):
        read_collection(tmp_path / "a.json", [SCALED], key="xyz")
    with pytest.raises(LandmarkFileError, match="does not read"):
        read_collection(tmp_path / "a.json", [SCALED], key="morphoj")
    with pytest.raises(LandmarkFileError, match="no landmarks to be written") as caught:
        write_collection([], tmp_path / "b.json", "coco")
    assert caught.value.hint


def test_a_reader_of_a_model_is_kept_by_cairns_own_tables(tmp_path: Path) -> None:
    case = flat_cases()[0]
    write_collection([replace(case, reader="skull 1.0")], tmp_path / "out", "csv")
    assert "# model: skull 1.0" in (tmp_path / "out" / "a.csv").read_text(encoding="utf-8")
    again = read_collection(tmp_path / "out", [SCALED], names=NAMES).cases[0]
    assert again.reader == "skull 1.0"
    assert again.landmarks.author[0] is Author.MODEL
    assert again.spacing_mm == pytest.approx((0.2, 0.1))


def test_landmarks_of_another_rank_than_their_image_are_a_mistake_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3D landmarks"):
        write_collection([CaseMarks(SCALED, Landmarks(("a",), [[1, 2, 3]]))], tmp_path / "out", "csv")


# --- the real thing ---


@pytest.mark.realdata
def test_the_challenges_own_folder_is_read() -> None:
    folder = (
        Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / "cephalometric"
    )
    if not folder.is_dir():
        pytest.skip(f"the data sets are not at {folder.parent}; set CAIRN_DATA")
    grid = Grid.from_spacing((2400, 1935), 0.1)
    images = [CaseImage(path.name, grid, SCALED.source) for path in sorted((folder / "RawImage").rglob("*.jpg"))]
    read = read_collection(folder / "400_senior", images, names=[str(number) for number in range(1, 20)])
    assert (len(read.cases), read.without_image) == (len(images), ())
    first = next(case for case in read.cases if case.image.name == "001.jpg")
    np.testing.assert_allclose(first.landmarks.point_mm("1"), [83.5, 99.6])
    assert all(grid.contains(case.landmarks.points_mm).all() for case in read.cases)
    assert {warning for case in read.cases for warning in case.warnings} == set()


# --- the table ---


def test_the_documentation_has_the_table() -> None:
    page = Path(__file__).parents[3] / "docs" / "landmark-files.md"
    expected = collection_formats.collections_table()
    assert expected in page.read_text(encoding="utf-8"), f"put this into {page.name}:\n{expected}"


def test_each_row_is_whole() -> None:
    assert len(set(WRITABLE_KEYS)) == len(WRITABLE_KEYS)
    assert {"tps", "coco", "wide-csv", "mrk-json", "csv"} <= set(WRITABLE_KEYS)
    for form in COLLECTION_FORMATS:
        assert (form.read is None) == (form.recognises is None)
        assert (form.write_file is None) != (form.write_folder is None)
        assert form.suffix.startswith(".")
