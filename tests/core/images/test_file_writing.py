"""Images out: what is written is read again with the same voxels and grid; what a format cannot hold is refused."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from core.base.errors import AppError
from core.images.file import read_image, write_image
from core.values.grid import Grid
from tests.support.image_fixtures import in_one_folder, make_image, noise, oblique_images

believable = st.floats(0.01, 0.25)


@in_one_folder
@given(st.tuples(believable, believable).filter(lambda s: max(s) < 2 * min(s)), st.sampled_from([np.uint8, np.uint16]))
def test_a_png_carries_its_pixel_size_exactly(tmp_path, spacing_mm, dtype):
    image = make_image(noise((5, 6), dtype), Grid.from_spacing((5, 6), spacing_mm))
    write_image(image, tmp_path / "scan.png")
    read = read_image(tmp_path / "scan.png")
    assert read.grid == image.grid
    assert read.source.spacing_known
    assert read.source.warnings == ()
    np.testing.assert_array_equal(read.voxels, image.voxels)
    assert read.voxels.dtype == dtype


def test_a_png_says_its_pixel_size_to_other_programs_too(tmp_path):
    write_image(make_image(noise((5, 6)), Grid.from_spacing((5, 6), (0.2, 0.1))), tmp_path / "scan.png")
    picture = PillowImage.open(tmp_path / "scan.png")
    picture.load()
    assert picture.info["dpi"] == pytest.approx((254, 127), rel=1e-4)
    assert sitk.ReadImage(str(tmp_path / "scan.png")).GetSpacing() == (0.1, 0.2)


def test_a_png_of_one_millimetre_pixels_and_one_of_unknown_size_are_told_apart(tmp_path):
    write_image(make_image(noise((5, 6))), tmp_path / "known.png")
    write_image(make_image(noise((5, 6)), spacing_known=False), tmp_path / "unknown.png")
    assert read_image(tmp_path / "known.png").source.spacing_known
    assert not read_image(tmp_path / "unknown.png").source.spacing_known
    known, unknown = ((tmp_path / name).read_bytes() for name in ("known.png", "unknown.png"))
    for chunk in (b"pHYs", b"sCAL"):
        assert chunk in known
        assert chunk not in unknown


def test_a_tiff_carries_its_pixel_size(tmp_path):
    image = make_image(noise((5, 6), np.float32), Grid.from_spacing((5, 6), (0.2, 0.1)))
    write_image(image, tmp_path / "scan.tif")
    read = read_image(tmp_path / "scan.tif")
    np.testing.assert_allclose(read.grid.spacing_mm, [0.2, 0.1], rtol=1e-6)
    np.testing.assert_array_equal(read.voxels, image.voxels)
    write_image(make_image(noise((5, 6)), spacing_known=False), tmp_path / "unknown.tif")
    assert not read_image(tmp_path / "unknown.tif").source.spacing_known


@in_one_folder
@given(oblique_images(), st.sampled_from([".nrrd", ".mha", ".nii", ".nii.gz"]))
def test_what_is_written_is_read_again(tmp_path, made, suffix):
    sitk.WriteImage(made, str(tmp_path / "made.nrrd"))
    image = read_image(tmp_path / "made.nrrd")
    path = tmp_path / f"copy{suffix}"
    write_image(image, path)
    read = read_image(path)
    np.testing.assert_array_equal(read.voxels, image.voxels)
    assert read.voxels.dtype == image.voxels.dtype
    tolerance = 1e-3 if suffix.startswith(".nii") else 1e-9  # NIfTI has float32 only
    np.testing.assert_allclose(read.grid.mm_from_index, image.grid.mm_from_index, atol=tolerance)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii.gz"])
def test_a_slice_goes_back_to_its_place(tmp_path, suffix):
    volume = sitk.GetImageFromArray(noise((1, 5, 6), np.int16))
    volume.SetSpacing((0.5, 0.75, 2))
    volume.SetOrigin((10, 20, 30))
    volume.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    sitk.WriteImage(volume, str(tmp_path / "slice.nrrd"))
    image = read_image(tmp_path / "slice.nrrd")
    write_image(image, tmp_path / f"copy{suffix}")
    copy = sitk.ReadImage(str(tmp_path / f"copy{suffix}"))
    for index in [(0, 0, 0), (5, 4, 0)]:
        np.testing.assert_allclose(
            copy.TransformIndexToPhysicalPoint(index), volume.TransformIndexToPhysicalPoint(index), atol=1e-5
        )
    assert read_image(tmp_path / f"copy{suffix}").grid == image.grid


def test_a_slice_whose_pixel_size_a_person_set_goes_back_with_that_size(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(noise((1, 5, 6))), str(tmp_path / "slice.nrrd"))
    image = read_image(tmp_path / "slice.nrrd").with_spacing((0.3, 0.2))
    write_image(image, tmp_path / "copy.nrrd")
    assert sitk.ReadImage(str(tmp_path / "copy.nrrd")).GetSpacing() == (0.2, 0.3, 1.0)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (make_image(noise((3, 4, 5))), "volume.png"),
        (make_image(noise((3, 4, 5))), "volume.tif"),
        (make_image(noise((4, 5), np.float32)), "real.png"),
        (make_image(noise((4, 5), np.int16)), "signed.png"),
        (make_image(noise((4, 5)), Grid.from_spacing((4, 5), 1, (3, 4))), "moved.png"),
        (make_image(noise((3, 4, 5)), spacing_known=False), "unknown.nii.gz"),
        (make_image(noise((4, 5))), "photo.jpg"),
        (make_image(noise((4, 5))), "no_suffix"),
        (make_image(noise((4, 5), np.float16)), "half.nrrd"),
        (
            make_image(noise((3, 4, 5)), Grid((3, 4, 5), [[0, 0.5, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])),
            "sheared.nii",
        ),
    ],
)
def test_what_a_format_cannot_hold_is_refused_and_nothing_is_left_behind(tmp_path, image, name):
    with pytest.raises(AppError) as caught:
        write_image(image, tmp_path / name)
    assert name in caught.value.message
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "scan.png"
    path.write_bytes(b"precious")

    def locked(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(AppError, match="cannot be written") as caught:
        write_image(make_image(noise((4, 5))), path)
    assert caught.value.hint
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]
