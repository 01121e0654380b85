"""MorphoJ's and Morphologika's files, read back by the rules of MorphoJ's guide and the steps of geomorph's reader."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import write_collection
from core.values.grid import Grid
from core.values.landmarks import Landmarks
from tests.support.collection_fixtures import OTHER_VOLUME, SCALED, full_cases, volume_cases

EXPECTED = np.array([[[7.5, 20.75], [0, 4], [13, 12]], [[30.5, 7.88], [39, 1], [2, 47]]])
"""The two pictures' points with y upwards from the lower edge, as in their TPS file."""


def read_as_morphoj_does(text: str) -> tuple[list[str], np.ndarray]:
    """Return identifiers and numbers by morphometrics.uk/MorphoJ_guide/fundamentals/fileTypes.htm, row/column format.

    Tabs, commas and semicolons delimit; the first line is a heading if any entry after the first is no number.
    """
    rows = [
        [cell.strip() for cell in line.replace(",", "\t").replace(";", "\t").split("\t")] for line in text.splitlines()
    ]

    def is_number(cell: str) -> bool:
        try:
            float(cell)
        except ValueError:
            return False
        return " " not in cell

    if not all(is_number(cell) for cell in rows[0][1:]):
        rows = rows[1:]
    assert all(is_number(cell) for row in rows for cell in row[1:])
    return [row[0] for row in rows], np.array([[float(cell) for cell in row[1:]] for row in rows])


def read_as_geomorph_does(text: str) -> tuple[list[str], np.ndarray, list[str]]:
    """Return names, points ``(n, p, k)`` and labels by the steps of R/read.morphologika.r."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert not any("\t" in line for line in lines)

    def after(section: str, count: int = 1) -> list[str]:
        at = next(number for number, line in enumerate(lines) if section in line.lower())
        return lines[at + 1 : at + 1 + count]

    n, p, k = (int(after(section)[0]) for section in ("individuals", "landmarks", "dimensions"))
    raw = [line for line in after("rawpoints", n * p + n) if "'" not in line]
    points = np.array([float(number) for line in raw for number in line.split()]).reshape(n, p, k)
    has_labels = any("label" in line.lower() for line in lines)
    return after("names", n), points, after("labelvalues", n) if has_labels else []


def test_morphoj_reads_coordinates_and_classifiers(tmp_path: Path) -> None:
    first, second = full_cases()
    cases = [replace(first, image=replace(first.image, name="a; left, b.png")), second]
    write_collection(cases, tmp_path / "out", "morphoj")
    names, points = read_as_morphoj_does((tmp_path / "out" / "coordinates.txt").read_text())
    assert names == ["a left b.png", "b.jpg"]
    np.testing.assert_allclose(points.reshape(2, 3, 2), EXPECTED)
    lines = (tmp_path / "out" / "classifiers.txt").read_text().splitlines()
    assert lines == ["ID\tgroup", "a left b.png\tCanis lupus", "b.jpg\t-"]


def test_without_groups_there_are_no_classifiers(tmp_path: Path) -> None:
    write_collection(full_cases()[1:], tmp_path / "out", "morphoj")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["coordinates.txt"]


def test_geomorph_reads_points_names_and_labels(tmp_path: Path) -> None:
    write_collection(full_cases(), tmp_path / "out.txt", "morphologika")
    names, points, labels = read_as_geomorph_does((tmp_path / "out.txt").read_text())
    assert names == ["a.png", "b.jpg"]
    assert labels == ["Canis_lupus", "-"]
    np.testing.assert_allclose(points, EXPECTED)


def test_a_name_cannot_end_the_section_or_begin_a_comment(tmp_path: Path) -> None:
    case = full_cases()[1]
    case = replace(case, image=replace(case.image, name="[b] 'the \"old\" one'.jpg"))
    write_collection([case], tmp_path / "out.txt", "morphologika")
    names, points, _ = read_as_geomorph_does((tmp_path / "out.txt").read_text())
    assert names == ["(b) the old one .jpg"]
    np.testing.assert_allclose(points[0], EXPECTED[1])


@pytest.mark.parametrize("key", ["morphoj", "morphologika"])
def test_volumes_are_in_lps_mm(tmp_path: Path, key: str) -> None:
    case = volume_cases()[1]
    write_collection([case], tmp_path / "out", key)
    if key == "morphoj":
        points = read_as_morphoj_does((tmp_path / "out" / "coordinates.txt").read_text())[1].reshape(3, 3)
    else:
        points = read_as_geomorph_does((tmp_path / "out").read_text())[1][0]
    np.testing.assert_allclose(points, case.landmarks.points_mm, atol=5e-4)


def test_pictures_with_a_pixel_size_are_in_mm_with_their_shape_kept(tmp_path: Path) -> None:
    image = CaseImage("a.png", Grid.from_spacing((24, 20), (0.2, 0.1)), SCALED.source)
    landmarks = Landmarks(("a", "b"), image.grid.to_mm([[0, 0], [3, 4]]))
    write_collection([CaseMarks(image, landmarks)], tmp_path / "out.txt", "morphologika")
    points = read_as_geomorph_does((tmp_path / "out.txt").read_text())[1][0]
    np.testing.assert_allclose(np.linalg.norm(points[1] - points[0]), np.hypot(0.4, 0.6), atol=1e-3)
    assert points[0, 1] > points[1, 1]  # what is higher in the picture is higher here


def test_units_and_ranks_are_not_mixed(tmp_path: Path) -> None:
    scaled = CaseMarks(SCALED, Landmarks(("sella", "nasion", "menton"), [[1, 2], [1, 1], [0, 0]]))
    space = CaseMarks(OTHER_VOLUME, Landmarks(("sella", "nasion", "menton"), [[1, 2, 3]] * 3))
    for others, word in (([scaled], "no common unit"), ([space], "2D and some 3D")):
        with pytest.raises(LandmarkFileError, match=word) as caught:
            write_collection([full_cases()[1], *others], tmp_path / "out", "morphologika")
        assert caught.value.hint
    assert list(tmp_path.iterdir()) == []
