"""A pixel size that a person set, exported, forgotten and opened again: landmarks never leave their pixels unasked."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from core.base.errors import LandmarkFileError, PixelSizeNeeded
from core.images.file import read_image
from core.landmark_files.file import Belonging, belongs_to, read_landmark_file, read_landmarks, write_landmarks
from core.values.grid import Grid
from core.values.image import Image, SpacingSource
from core.values.landmarks import Author, Landmarks, Status
from tests.support.landmark_fixtures import OBLIQUE, UNSCALED, make_image, refused, table

EVERY = pytest.mark.parametrize("suffix", [".csv", ".mrk.json", ".fcsv"])
RULED_MM = (0.2, 0.1)
PLACES_PX = np.array([[7.25, 3.5], [12.0, 19.75]])


def measured(spacing_mm: tuple[float, float] | None) -> Image:
    """Return the X-ray with a pixel size, or as its file has it: without one."""
    return UNSCALED if spacing_mm is None else UNSCALED.with_spacing(spacing_mm)


def found_on(image: Image) -> Landmarks:
    """Return landmarks at the same pixels of the image, whatever its pixel size; spread 4 px, radius 10 px."""
    unit_mm = float(image.grid.spacing_mm.mean()) if image.source.spacing_known else 1.0
    return Landmarks(
        ("sella", "nasion", "lost"),
        np.vstack([image.grid.to_mm(PLACES_PX[:, ::-1]), [np.nan, np.nan]]),
        [0.9, 0.8, 0.1],
        np.full(3, 4 * unit_mm),
        np.full(3, 10 * unit_mm),
        (Status.PREDICTED, Status.CONFIRMED, Status.ABSENT),
        (Author.MODEL, Author.PERSON, Author.MODEL),
    )


@EVERY
@pytest.mark.parametrize("then", [None, RULED_MM])
@pytest.mark.parametrize("now", [None, RULED_MM, (0.3, 0.45)])
def test_landmarks_stay_on_their_pixels_whatever_is_known_of_their_size(tmp_path: Path, suffix: str, then, now) -> None:
    path = tmp_path / f"scan{suffix}"
    write_landmarks(found_on(measured(then)), path, image=measured(then))
    image = measured(now)
    file = read_landmark_file(path, image=image)
    expected = found_on(image)
    assert (file.landmarks.names, file.landmarks.status) == (expected.names, expected.status)
    assert file.landmarks.author == expected.author
    px = image.grid.to_index(file.landmarks.points_mm[:2])[:, ::-1]
    np.testing.assert_allclose(px, PLACES_PX, atol=0.0101)
    unit_mm = 1.0 if now is None else float(np.mean(now))
    np.testing.assert_allclose(file.landmarks.spread_mm, 4 * unit_mm, rtol=0.02)
    np.testing.assert_allclose(file.landmarks.radius_mm, 10 * unit_mm, rtol=0.02)
    assert file.spacing_mm == (None if then is None else pytest.approx(then))
    assert belongs_to(file, image) is Belonging.YES
    changed = then is not None and now not in (None, then)
    assert len(file.warnings) == changed
    if changed:
        assert "0.1 x 0.2 mm" in file.warnings[0]
        assert "0.45 x 0.3 mm" in file.warnings[0]


@EVERY
def test_a_recorded_pixel_size_can_be_taken_over_and_gives_the_millimetres_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    before = found_on(measured(RULED_MM))
    write_landmarks(before, path, image=measured(RULED_MM))
    file = read_landmark_file(path, image=UNSCALED)
    image = UNSCALED.with_spacing(file.spacing_mm, SpacingSource.LANDMARK_FILE)
    again = read_landmark_file(path, image=image)
    np.testing.assert_allclose(again.landmarks.points_mm, before.points_mm, atol=5.1e-4)
    np.testing.assert_allclose(again.landmarks.radius_mm, before.radius_mm, atol=5.1e-3)
    content = path.read_bytes()
    assert b"set by hand" in content
    write_landmarks(again.landmarks, path, image=image, template=again.template)
    assert path.read_bytes() == content


@pytest.mark.parametrize("suffix", [".mrk.json", ".fcsv"])
def test_slicer_files_that_do_not_say_a_pixel_size_are_asked_about(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    write_landmarks(Landmarks(("a", "b"), [[1.5, 2.5], [np.nan, np.nan]]), path)  # nobody knows for which image
    refused(path, "mm", "pixel size", image=UNSCALED, error=PixelSizeNeeded)
    read = read_landmark_file(path, image=UNSCALED, mm_is_px=True)
    np.testing.assert_array_equal(read.landmarks.points_mm[0], [1.5, 2.5])
    assert read.spacing_mm is None
    np.testing.assert_array_equal(read_landmarks(path, image=measured(RULED_MM)).points_mm[0], [1.5, 2.5])
    assert belongs_to(read, UNSCALED) is Belonging.UNKNOWN


def test_slicers_table_without_a_pixel_size_is_asked_about(tmp_path: Path) -> None:
    path = table(tmp_path / "points.csv", "label,l,p,s", "a,1,2,0")
    refused(path, "mm", image=UNSCALED, error=PixelSizeNeeded)
    np.testing.assert_array_equal(read_landmarks(path, image=UNSCALED, mm_is_px=True).points_mm, [[1, 2]])


def test_a_list_of_names_needs_no_pixel_size(tmp_path: Path) -> None:
    path = tmp_path / "names.mrk.json"
    write_landmarks(Landmarks(("a",), [[np.nan, np.nan]], status=(Status.UNPLACED,)), path)
    assert read_landmarks(path, image=UNSCALED).status == (Status.UNPLACED,)


@pytest.mark.parametrize("suffix", [".mrk.json", ".fcsv"])
def test_what_slicer_threw_away_is_asked_for_and_px_are_still_known_as_px(tmp_path: Path, suffix: str) -> None:
    """Slicer writes a file anew without the keys and comment lines that it does not know, but with the descriptions."""

    def saved_by_slicer(path: Path) -> Path:
        text = path.read_text(encoding="utf-8")
        if suffix == ".fcsv":
            text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# Cairn "))
        else:
            document = json.loads(text)
            del document["cairn"]
            text = json.dumps(document)
        path.write_text(text, encoding="utf-8")
        return path

    path = tmp_path / f"scan{suffix}"
    write_landmarks(found_on(measured(RULED_MM)), path, image=measured(RULED_MM))
    refused(saved_by_slicer(path), "mm", image=UNSCALED, error=PixelSizeNeeded)
    write_landmarks(found_on(UNSCALED), path, image=UNSCALED)
    read = read_landmarks(saved_by_slicer(path), image=measured(RULED_MM))
    np.testing.assert_allclose(read.points_mm[:2], found_on(measured(RULED_MM)).points_mm[:2], atol=1e-9)
    np.testing.assert_allclose(read.radius_mm, found_on(measured(RULED_MM)).radius_mm)


def test_a_table_by_hand_keeps_its_px_and_does_not_pretend_to_know_a_radius(tmp_path: Path) -> None:
    path = table(tmp_path / "points.csv", "name,x_mm,y_mm,x_px,y_px,radius_mm", "a,1,1,10,5,2")
    file = read_landmark_file(path, image=UNSCALED)
    np.testing.assert_array_equal(file.landmarks.points_mm, [[10, 5]])
    assert np.isnan(file.landmarks.radius_mm).all()
    assert "radius" in file.warnings[0]


@EVERY
def test_a_resampled_copy_is_met_in_millimetres(tmp_path: Path, suffix: str) -> None:
    coarse = make_image(Grid.from_spacing((12, 10), (0.4, 0.2)))
    coarse = replace(coarse, source=replace(coarse.source, sha256="cd" * 32))
    path = tmp_path / f"scan{suffix}"
    before = found_on(measured(RULED_MM))
    write_landmarks(before, path, image=measured(RULED_MM))
    file = read_landmark_file(path, image=coarse)
    np.testing.assert_allclose(file.landmarks.points_mm, before.points_mm, atol=5.1e-4)
    assert belongs_to(file, coarse) is Belonging.UNKNOWN
    assert file.warnings == ()


@EVERY
def test_a_volume_is_met_in_millimetres(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"volume{suffix}"
    landmarks = Landmarks(("a",), [[1.25, -2, 3]])
    write_landmarks(landmarks, path, image=OBLIQUE, model="skull 1.0")
    file = read_landmark_file(path, image=OBLIQUE)
    np.testing.assert_allclose(file.landmarks.points_mm, landmarks.points_mm, atol=1e-9)
    assert (file.image_name, file.image_sha256, file.model) == ("volume.nii.gz", "ab" * 32, "skull 1.0")
    other = replace(OBLIQUE, grid=Grid((6, 7, 8), OBLIQUE.grid.mm_from_index @ np.diag([2, 2, 2, 1.0])))
    other = replace(other, source=replace(other.source, sha256="cd" * 32))
    np.testing.assert_allclose(read_landmarks(path, image=other).points_mm, landmarks.points_mm, atol=1e-9)


@EVERY
def test_the_pixel_size_of_a_slice_in_space_may_be_measured_anew(tmp_path: Path, suffix: str) -> None:
    volume = sitk.GetImageFromArray(np.zeros((1, 24, 20), np.uint8))
    volume.SetSpacing((0.5, 0.75, 1))
    volume.SetOrigin((10, 20, 30))
    volume.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    sitk.WriteImage(volume, str(tmp_path / "slice.nrrd"))
    image = read_image(tmp_path / "slice.nrrd")
    path = tmp_path / f"points{suffix}"
    write_landmarks(Landmarks(("a",), image.grid.to_mm([[4, 7]])), path, image=image)
    now = image.with_spacing((0.3, 0.2))
    np.testing.assert_allclose(now.grid.to_index(read_landmarks(path, image=now).points_mm), [[4, 7]], atol=5e-3)


@pytest.mark.parametrize(
    ("name", "digest", "expected"),
    [
        ("scan.png", "ab" * 32, Belonging.YES),
        ("renamed.png", "ab" * 32, Belonging.YES),
        ("SCAN.png", "", Belonging.YES),
        ("scan.png", "cd" * 32, Belonging.UNKNOWN),
        ("other.png", "cd" * 32, Belonging.NO),
        ("other.png", "", Belonging.NO),
    ],
)
@EVERY
def test_a_file_knows_its_image_by_content_and_then_by_name(tmp_path: Path, suffix, name, digest, expected) -> None:
    written = make_image(UNSCALED.grid, name=name)
    written = replace(written, source=replace(written.source, sha256=digest))
    path = tmp_path / f"points{suffix}"
    write_landmarks(Landmarks(("a",), [[1, 2]]), path, image=written)
    file = read_landmark_file(path, image=measured(RULED_MM))
    assert (file.image_name, file.image_sha256) == (name, digest)
    assert belongs_to(file, UNSCALED) is expected


def test_what_a_comment_says_in_a_table_by_hand_is_believed_only_where_it_makes_sense(tmp_path: Path) -> None:
    for size in ("pixel size 0 x 0 mm", "pixel size 1e999 x 1 mm", "pixel size 1 mm", "pixel size large", ""):
        path = table(tmp_path / "a.csv", "# image: scan.png", f"# size: 20 x 24 px, {size}", "name,x_mm,y_mm", "a,1,1")
        assert read_landmark_file(path, image=measured(RULED_MM)).spacing_mm is None
        with pytest.raises(LandmarkFileError):
            read_landmarks(path, image=UNSCALED)
    for record in ({"pixel_size_mm": [0.1, "x"]}, {"pixel_size_mm": 5, "image": 7}, [], "x", {"size_px": [1e400, 2]}):
        path = tmp_path / "a.mrk.json"
        document = {"markups": [{"type": "Fiducial", "controlPoints": [{"label": "a", "position": [1, 2, 0]}]}]}
        path.write_text(json.dumps(document | {"cairn": record}), encoding="utf-8")
        file = read_landmark_file(path, image=measured(RULED_MM))
        assert (file.spacing_mm, file.image_name) == (None, "")


def test_a_spreadsheet_may_put_the_comments_into_quotation_marks(tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        '"# image: a ""b"".png (sha256 abcd)";;',
        "# size: 20 x 24 px, pixel size 0.1 x 0.2 mm;;",
        "# model: none;;",
        "name;x_mm;y_mm",
        "a;1;1",
    )
    file = read_landmark_file(path, image=UNSCALED)
    assert (file.image_name, file.image_sha256, file.spacing_mm, file.model) == ('a "b".png', "abcd", (0.2, 0.1), "")
    np.testing.assert_allclose(file.landmarks.points_mm, [[10, 5]])
