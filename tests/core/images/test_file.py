"""Images in and out: SimpleITK as oracle for geometry; hostile files tolerated with a warning or refused with a hint."""

import hashlib
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from core.images.file import read_image, write_image
from core.images.formats import IMAGE_SUFFIXES
from core.values.grid import Grid
from tests.support.image_fixtures import in_one_folder, make_image, noise, oblique_images, refused


@in_one_folder
@given(oblique_images(), st.sampled_from([".nrrd", ".mha", ".mhd", ".nhdr"]), st.data())
def test_the_grid_puts_every_index_where_simpleitk_does(tmp_path, image, suffix, data):
    path = tmp_path / f"volume{suffix}"
    sitk.WriteImage(image, str(path))
    read = read_image(path)
    on_disk = sitk.ReadImage(str(path))
    np.testing.assert_array_equal(read.voxels, sitk.GetArrayFromImage(on_disk))
    assert read.voxels.dtype == np.int16
    assert read.source.spacing_known
    index = data.draw(st.tuples(*[st.floats(-3, 8)] * read.ndim))
    expected_mm = on_disk.TransformContinuousIndexToPhysicalPoint(index[::-1])
    np.testing.assert_allclose(read.grid.to_mm(index), expected_mm, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_single_slice_becomes_2d_and_remembers_where_it_stood(tmp_path, axis):
    shape = [4, 5, 6]
    shape[axis] = 1
    image = sitk.GetImageFromArray(noise(tuple(shape)))
    image.SetSpacing((0.5, 0.6, 0.7))
    image.SetOrigin((10, 20, 30))
    path = tmp_path / "slice.mha"
    sitk.WriteImage(image, str(path))
    read = read_image(path)
    in_plane = np.delete([0.7, 0.6, 0.5], axis)
    assert read.ndim == 2
    assert read.grid == Grid.from_spacing(read.voxels.shape, in_plane.tolist())
    assert read.source.original_grid.shape == tuple(shape)
    np.testing.assert_allclose(read.source.original_grid.to_mm([0, 0, 0]), [10, 20, 30])
    np.testing.assert_array_equal(read.voxels, np.squeeze(sitk.GetArrayFromImage(image)))


def test_a_rank_2_image_has_no_other_grid(tmp_path):
    write_image(make_image(noise((4, 5)), Grid.from_spacing((4, 5), 0.1)), tmp_path / "flat.png")
    assert read_image(tmp_path / "flat.png").source.original_grid is None


def test_the_source_says_where_an_image_came_from(tmp_path):
    folder = tmp_path / "Röntgen ψ und Leerzeichen"
    path = folder / "Bild ü 1.png"
    write_image(make_image(noise((4, 5))), path)
    source = read_image(str(path)).source
    assert source.path == path
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.modality == ""
    assert source.warnings == ()


@pytest.mark.parametrize(("name", "suffix"), [("photo.png", "JPEG"), ("photo.jpg", "PNG"), ("photo", "BMP")])
def test_the_content_counts_not_the_suffix(tmp_path, name, suffix):
    PillowImage.fromarray(noise((6, 7))).save(tmp_path / name, format=suffix)
    assert read_image(tmp_path / name).grid.shape == (6, 7)


def test_nan_voxels_load_with_a_warning(tmp_path):
    voxels = np.zeros((3, 4, 5), np.float32)
    voxels[1, 2, 3] = np.nan
    write_image(make_image(voxels), tmp_path / "nan.nrrd")
    image = read_image(tmp_path / "nan.nrrd")
    assert np.isnan(image.voxels).sum() == 1
    assert any("NaN" in warning for warning in image.source.warnings)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_of_a_4d_file_the_first_volume_is_read_with_a_warning(tmp_path, suffix):
    volume = sitk.GetImageFromArray(noise((3, 4, 5), np.int16))
    volume.SetSpacing((0.5, 1, 2))
    volume.SetDirection((0, 1, 0, -1, 0, 0, 0, 0, 1))
    path = tmp_path / f"series{suffix}"
    sitk.WriteImage(sitk.JoinSeries([volume, volume + 1]), str(path))
    image = read_image(path)
    np.testing.assert_array_equal(image.voxels, sitk.GetArrayFromImage(volume))
    np.testing.assert_allclose(
        image.grid.to_mm([1, 2, 3]), volume.TransformIndexToPhysicalPoint((3, 2, 1)), rtol=1e-6, atol=1e-6
    )
    assert any("2 volumes" in warning for warning in image.source.warnings)


def test_what_is_no_file_is_refused(tmp_path):
    refused(tmp_path / "missing.png", "no file", "missing.png")
    refused(tmp_path, "folder")
    (tmp_path / "empty.png").touch()
    refused(tmp_path / "empty.png", "empty")


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_what_is_no_image_is_refused_whatever_it_is_called(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    path.write_text("These are words, not pixels.\n" * 50)
    refused(path, path.name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_refused(tmp_path):
    path = tmp_path / "secret.png"
    write_image(make_image(noise((4, 5))), path)
    path.chmod(0)
    refused(path, "secret.png")


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.98])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".nii", ".nii.gz", ".nrrd", ".mha"])
def test_truncated_files_are_refused(tmp_path, suffix, keep):
    path = tmp_path / f"cut{suffix}"
    sitk.WriteImage(sitk.GetImageFromArray(noise((64, 80))), str(path), useCompression=suffix == ".nrrd")
    assert read_image(path).grid.shape == (64, 80)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    refused(path, "cut")


def test_numbers_that_are_no_brightness_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    vectors = sitk.GetImageFromArray(rng.normal(size=(4, 5, 6, 3)), isVector=True)
    sitk.WriteImage(vectors, str(tmp_path / "field.nrrd"))
    refused(tmp_path / "field.nrrd", "3 values per pixel")
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 4, 5), np.complex64), np.eye(4)), tmp_path / "complex.nii")
    refused(tmp_path / "complex.nii", "complex")


@pytest.fixture(scope="module")
def data_folder() -> Path:
    folder = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the data sets are not at {folder}; set CAIRN_DATA")
    return folder


@pytest.mark.realdata
def test_the_challenge_radiographs_do_not_know_their_pixel_size(data_folder):
    image = read_image(data_folder / "cephalometric" / "RawImage" / "TrainingData" / "001.jpg")
    assert image.grid == Grid.from_spacing((2400, 1935))
    assert not image.source.spacing_known
    assert image.voxels.dtype == np.uint8
    assert image.source.warnings == ()


@pytest.mark.realdata
def test_the_mouse_volumes_know_theirs(data_folder):
    image = read_image(data_folder / "mouse_ct" / "volumes" / "A_J.nii.gz")
    assert image.ndim == 3
    assert image.source.spacing_known
    np.testing.assert_allclose(image.grid.spacing_mm, 0.141, atol=1e-3)
