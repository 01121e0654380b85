"""TPS files of many specimens: as geomorph and StereoMorph write and read them, and the fly wings of ml-morph."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from core.images.file import read_image
from core.landmark_files.collection import CaseImage
from core.landmark_files.collection_file import open_collection, placed, write_collection
from core.landmark_files.file import read_landmarks
from core.values.grid import Grid
from core.values.landmarks import Status
from tests.support.collection_fixtures import (
    NAMES,
    SCALED,
    UNSCALED,
    assert_same_positions,
    flat_cases,
    images_of,
    read_collection,
    refused_collection,
)
from tests.support.landmark_fixtures import FLAT, table

# After the definition in geomorph's readland.tps and writeland.tps: missing points are NA, ID names the specimen.
GEOMORPH = (
    "LM=3",
    "10. 20.",
    "NA NA",
    "3.5 4",
    "ID=a",
    "",
    "LM=3",
    "1 2",
    "3 4",
    "-1.000 -1.000",
    "IMAGE=b.jpg",
    "ID=1",
)


def read_as_geomorph_does(text: str) -> tuple[np.ndarray, list[str]]:
    """Return points ``(specimens, L, 2)`` and image names by the steps of readland.tps (R/readland.tps.r of geomorph 4)."""
    lines = [line for line in text.splitlines() if line.strip() and "COMMENT=" not in line.upper()]
    counts = {int(line[3:]) for line in lines if line.upper().startswith("LM=")}
    scales = [float(line[6:]) for line in lines if line.upper().startswith("SCALE")]
    names = [line[6:] for line in lines if line.upper().startswith("IMAGE=")]
    assert len(counts) == 1
    numbers = [[float(part) for part in line.replace("\t", " ").split()] for line in lines if "=" not in line]
    points = np.array(numbers).reshape(len(names), counts.pop(), 2)
    points[points < 0] = np.nan  # negNA=TRUE, for what tpsDig writes
    return points * (np.array(scales)[:, None, None] if len(scales) == len(names) else 1), names


def test_what_is_written_geomorph_reads(tmp_path: Path) -> None:
    cases = flat_cases()
    write_collection(cases, tmp_path / "out.tps", "tps")
    points, names = read_as_geomorph_does((tmp_path / "out.tps").read_text())
    assert names == ["a.png", "b.jpg"]
    np.testing.assert_allclose(points[0], [[7.5, 20.75], [0, 4], [np.nan] * 2])
    np.testing.assert_allclose(points[1], [[30.5, 7.88], [np.nan] * 2, [2, 47]])


def test_a_scale_is_written_where_pixels_are_square_and_multiplies_to_mm(tmp_path: Path) -> None:
    image = CaseImage("a.png", Grid.from_spacing((24, 20), 0.1), SCALED.source)
    case = flat_cases()[0]
    case = type(case)(image, case.landmarks)
    write_collection([case], tmp_path / "out.tps", "tps")
    points, _ = read_as_geomorph_does((tmp_path / "out.tps").read_text())
    np.testing.assert_allclose(points[0, 0], [0.75, 0.1 * (24 - 6.5)])  # the y of 0.65 mm is row 6.5 here
    read = read_collection(tmp_path / "out.tps", [image]).cases[0]
    assert read.spacing_mm == (0.1, 0.1)
    assert read.warnings == ()


def test_missing_points_are_na_or_negative_and_an_id_may_name_the_image(tmp_path: Path) -> None:
    path = table(tmp_path / "geomorph.tps", *GEOMORPH)
    read = read_collection(path, [SCALED, UNSCALED], names=NAMES)
    first, second = (case.landmarks for case in read.cases)
    assert first.status == (Status.PLACED, Status.ABSENT, Status.PLACED)
    assert second.status == (Status.PLACED, Status.PLACED, Status.ABSENT)
    np.testing.assert_allclose(first.points_mm[0], [1.0, 0.8])
    one = table(tmp_path / "one.tps", *GEOMORPH[:5])
    assert read_landmarks(one, image=FLAT).status == (Status.PLACED, Status.ABSENT, Status.PLACED)


def test_a_file_without_any_name_belongs_to_the_only_image(tmp_path: Path) -> None:
    path = table(tmp_path / "one.tps", "LM=1", "1 2")
    assert read_collection(path, [SCALED]).cases[0].image is SCALED
    read = read_collection(path, [SCALED, UNSCALED])
    assert (read.cases, read.without_image) == ((), ("one.tps: line 1",))


def test_scales_and_curves_are_told_in_the_same_words_for_every_record(tmp_path: Path) -> None:
    curves = ("CURVES=1", "POINTS=1", "5 6", "SCALE=0.012")
    path = table(tmp_path / "many.tps", *GEOMORPH[:5], *curves, *GEOMORPH[6:], *curves)
    first, second = read_collection(path, [SCALED, UNSCALED]).cases
    assert len(first.warnings) == 2
    assert first.warnings == second.warnings


def test_another_number_of_landmarks_is_refused_with_the_place(tmp_path: Path) -> None:
    path = table(tmp_path / "odd.tps", *GEOMORPH, "LM=2", "1 2", "3 4", "IMAGE=c.png")
    third = CaseImage("c.png", SCALED.grid, SCALED.source)
    refused_collection(path, [SCALED, UNSCALED, third], "odd.tps", "2 landmarks of c.png", "3")
    refused_collection(path, [SCALED, UNSCALED, third], "odd.tps: line 13", "2 positions", "3", names=NAMES)
    refused_collection(path, [SCALED, UNSCALED], "odd.tps: line 1", "3 positions", "4", names=["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("LM=2", "1 2", "IMAGE=a.png"), ("line 3", "missing")),
        (("LM=1", "1 NA"), ("line 2", "not a point")),
        (("LM=1", "1 inf"), ("line 2", "not a point")),
        (("LM=1", "1e999 1"), ("line 2", "not a point")),
        (("LM=999999999999", "1 2"), ("ends before",)),
        (("LM3=1", "1 2 3"), ("3D",)),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, lines: tuple[str, ...], words: tuple[str, ...]) -> None:
    refused_collection(table(tmp_path / "wrong.tps", *lines), [SCALED], "wrong.tps", *words)


@pytest.mark.realdata
def test_the_wings_come_back_as_they_are(tmp_path: Path) -> None:
    folder = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / "fly_wings"
    if not folder.is_dir():
        pytest.skip(f"the data sets are not at {folder.parent}; set CAIRN_DATA")
    collection = open_collection(folder / "wings.tps")
    assert len(collection.image_names) == 58
    real = read_image(folder / "images" / collection.image_names[0])
    images = [CaseImage(name, real.grid, real.source) for name in collection.image_names]
    read = placed(collection, images)
    assert len(read.cases) == 58
    one = read_landmarks(folder / "wings.tps", image=real)
    np.testing.assert_array_equal(one.points_mm, read.cases[0].landmarks.points_mm)
    write_collection(read.cases, tmp_path / "again.tps", "tps")
    old, new = (
        re.findall(r"^(\d+\.?\d*) (\d+\.?\d*)$", path.read_text(), re.MULTILINE)
        for path in (folder / "wings.tps", tmp_path / "again.tps")
    )
    np.testing.assert_array_equal(np.array(new, dtype=float), np.array(old, dtype=float))
    assert len(old) == 58 * 12
    assert_same_positions(read_collection(tmp_path / "again.tps", images_of(list(read.cases))), list(read.cases), 1e-9)
