"""Images in and out: SimpleITK as oracle for geometry; hostile files tolerated with a warning or refused with a hint."""

import gzip
import hashlib
import os
import struct
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from core.base.errors import AppError, ImageReadError
from core.images.file import IMAGE_SUFFIXES, WRITABLE_SUFFIXES, image_name, read_image, write_image
from core.images.header import png_chunks
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource

in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)


def noise(shape: tuple[int, ...], dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, shape).astype(dtype)


def make_image(voxels: np.ndarray, grid: Grid | None = None, *, spacing_known: bool = True) -> Image:
    grid = grid or Grid.from_spacing(voxels.shape)
    return Image(
        voxels,
        grid,
        ImageSource(Path("made.png"), spacing_source=SpacingSource.FILE if spacing_known else SpacingSource.UNKNOWN),
    )


def refused(path: Path, *words: str) -> None:
    """Check that a file is refused with a sentence that names it or says these words, and with a hint."""
    with pytest.raises(ImageReadError) as caught:
        read_image(path)
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)


@st.composite
def oblique_images(draw: st.DrawFn) -> sitk.Image:
    """A small SimpleITK image, 2D or 3D, anywhere in space."""
    ndim = draw(st.sampled_from([2, 3]))
    size = draw(st.tuples(*[st.integers(2, 5)] * ndim))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    image = sitk.GetImageFromArray(noise(size[::-1], np.int16))
    rotation, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
    image.SetDirection(rotation.ravel().tolist())
    image.SetSpacing(draw(st.tuples(*[st.floats(0.05, 5)] * ndim)))
    image.SetOrigin(draw(st.tuples(*[st.floats(-300, 300)] * ndim)))
    return image


# --- geometry ---------------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_is_brought_from_ras_to_lps(tmp_path, suffix):
    path = tmp_path / f"volume{suffix}"
    affine = np.diag([0.5, 0.6, 0.7, 1.0])
    affine[:3, 3] = [1, 2, 3]
    nibabel.save(nibabel.Nifti1Image(noise((3, 4, 5)), affine), path)
    image = read_image(path)
    assert image.grid.shape == (5, 4, 3)
    np.testing.assert_allclose(image.grid.spacing_mm, [0.7, 0.6, 0.5], rtol=1e-6)
    ras_mm = affine @ [2, 3, 4, 1]
    np.testing.assert_allclose(image.grid.to_mm([4, 3, 2]), ras_mm[:3] * [-1, -1, 1], rtol=1e-6)


def test_nifti_version_2_is_refused(tmp_path):
    path = tmp_path / "volume.nii"
    nibabel.save(nibabel.Nifti2Image(noise((3, 4, 5), np.int16), np.eye(4)), path)
    refused(path, "version 1")


def test_big_endian_nifti_is_read(tmp_path):
    path = tmp_path / "volume.nii"
    voxels = noise((3, 4, 5), np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4), nibabel.Nifti1Header(endianness=">")), path)
    assert path.read_bytes()[:4] == struct.pack(">i", 348)
    np.testing.assert_array_equal(read_image(path).voxels, voxels.T)
    path.write_bytes(path.read_bytes()[:-1])
    refused(path, "incomplete")


def test_a_zipped_nifti_is_not_mixed_up_with_the_one_beside_it(tmp_path):
    write_image(make_image(noise((3, 4, 5))), tmp_path / "scan.nii")
    write_image(make_image(noise((3, 4, 5), seed=1)), tmp_path / "scan.nii.gz")
    np.testing.assert_array_equal(read_image(tmp_path / "scan.nii").voxels, noise((3, 4, 5)))
    image = read_image(tmp_path / "scan.nii.gz")
    np.testing.assert_array_equal(image.voxels, noise((3, 4, 5), seed=1))
    assert image.source.path == tmp_path / "scan.nii.gz"


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


# --- pixels -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_grey_stored_as_colour_is_the_grey_channel_exactly_and_silently(tmp_path, suffix):
    grey = noise((6, 7))
    path = tmp_path / f"grey{suffix}"
    PillowImage.fromarray(grey).convert("RGB").save(path)
    image = read_image(path)
    np.testing.assert_array_equal(image.voxels, grey)
    assert image.voxels.dtype == np.uint8
    assert image.source.warnings == ()


def test_colour_becomes_luminance_with_a_warning(tmp_path):
    colours = noise((6, 7, 3))
    PillowImage.fromarray(colours).save(tmp_path / "colour.png")
    image = read_image(tmp_path / "colour.png")
    np.testing.assert_allclose(image.voxels, colours @ [0.299, 0.587, 0.114], atol=0.51)
    assert image.voxels.dtype == np.uint8
    assert any("colour" in warning for warning in image.source.warnings)


def test_alpha_is_ignored(tmp_path):
    grey = noise((6, 7))
    rgba = np.stack([grey, grey, grey, noise((6, 7), seed=1)], axis=-1)
    PillowImage.fromarray(rgba).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png").voxels, grey)


def test_sixteen_bits_stay_sixteen_bits(tmp_path):
    voxels = noise((6, 7), np.uint16) * 257
    PillowImage.fromarray(voxels).save(tmp_path / "deep.png")
    image = read_image(tmp_path / "deep.png")
    assert image.voxels.dtype == np.uint16
    np.testing.assert_array_equal(image.voxels, voxels)


def test_a_palette_is_looked_up(tmp_path):
    grey = noise((6, 7))
    PillowImage.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_image(tmp_path / "palette.png").voxels, grey)


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


def test_a_tiff_of_several_pages_is_a_volume_of_unknown_size(tmp_path):
    pages = [PillowImage.fromarray(noise((4, 5), seed=page)) for page in range(3)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:], dpi=(254, 254))
    image = read_image(tmp_path / "pages.tif")
    assert image.grid == Grid.from_spacing((3, 4, 5))
    assert not image.source.spacing_known
    np.testing.assert_array_equal(image.voxels[2], noise((4, 5), seed=2))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_rotated_as_viewers_rotate_it(tmp_path, orientation):
    dark_top_left = np.full((16, 24), 250, np.uint8)
    dark_top_left[:8, :8] = 5
    exif = PillowImage.Exif()
    exif[274] = orientation
    PillowImage.fromarray(dark_top_left).save(tmp_path / "photo.jpg", exif=exif, quality=95, dpi=(254, 127))
    from PIL import ImageOps

    expected = np.asarray(ImageOps.exif_transpose(PillowImage.open(tmp_path / "photo.jpg")))
    image = read_image(tmp_path / "photo.jpg")
    assert image.voxels.shape == expected.shape
    np.testing.assert_allclose(image.voxels.astype(float), expected.astype(float), atol=4)
    np.testing.assert_allclose(image.grid.spacing_mm, [0.2, 0.1] if orientation < 5 else [0.1, 0.2])
    assert any("rotated" in warning for warning in image.source.warnings) == (orientation > 1)


def test_a_tiff_on_its_side_is_refused_and_one_on_its_head_is_rotated(tmp_path):
    voxels = noise((6, 7))
    PillowImage.fromarray(voxels).save(tmp_path / "head.tif", tiffinfo={274: 3})
    np.testing.assert_array_equal(read_image(tmp_path / "head.tif").voxels, voxels[::-1, ::-1])
    PillowImage.fromarray(voxels).save(tmp_path / "side.tif", tiffinfo={274: 6})
    refused(tmp_path / "side.tif", "side.tif", "lying on its side")


# --- physical resolution ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_a_resolution_somebody_set_is_believed_with_a_warning(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    PillowImage.fromarray(noise((6, 7))).save(path, dpi=(254, 127))
    image = read_image(path)
    assert image.source.spacing_known
    np.testing.assert_allclose(image.grid.spacing_mm, [0.2, 0.1], rtol=1e-4)
    assert any("print resolution" in warning for warning in image.source.warnings)
    assert image.source.spacing_source is SpacingSource.PRINT_RESOLUTION


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
@pytest.mark.parametrize("dpi", [(72, 72), (96, 96), (1, 1), (40000, 40000), (254, 100)])
def test_a_resolution_nobody_set_or_nobody_can_mean_is_not_believed(tmp_path, suffix, dpi):
    path = tmp_path / f"scan{suffix}"
    PillowImage.fromarray(noise((6, 7))).save(path, dpi=dpi)
    image = read_image(path)
    assert not image.source.spacing_known
    assert image.grid == Grid.from_spacing((6, 7))
    assert image.source.warnings == ()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_no_resolution_is_an_unknown_one(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    PillowImage.fromarray(noise((6, 7))).save(path)
    assert not read_image(path).source.spacing_known


def test_a_resolution_without_a_unit_is_none(tmp_path):
    PillowImage.fromarray(noise((6, 7))).save(tmp_path / "scan.tif", tiffinfo={282: 254.0, 283: 254.0, 296: 1})
    assert not read_image(tmp_path / "scan.tif").source.spacing_known
    PillowImage.fromarray(noise((6, 7))).save(tmp_path / "scan.jpg")
    data = bytearray((tmp_path / "scan.jpg").read_bytes())
    at = data.find(b"JFIF\0") + 7
    data[at : at + 5] = struct.pack(">BHH", 0, 254, 254)
    (tmp_path / "scan.jpg").write_bytes(data)
    assert not read_image(tmp_path / "scan.jpg").source.spacing_known


def test_dots_per_centimetre_are_understood(tmp_path):
    PillowImage.fromarray(noise((6, 7))).save(tmp_path / "scan.jpg")
    data = bytearray((tmp_path / "scan.jpg").read_bytes())
    at = data.find(b"JFIF\0") + 7
    data[at : at + 5] = struct.pack(">BHH", 2, 100, 50)
    (tmp_path / "scan.jpg").write_bytes(data)
    np.testing.assert_allclose(read_image(tmp_path / "scan.jpg").grid.spacing_mm, [0.2, 0.1])


def test_a_png_scale_written_by_itk_programs_is_known_without_a_warning(tmp_path):
    image = sitk.GetImageFromArray(noise((6, 7)))
    image.SetSpacing((0.125, 0.25))
    sitk.WriteImage(image, str(tmp_path / "itk.png"))
    read = read_image(tmp_path / "itk.png")
    np.testing.assert_allclose(read.grid.spacing_mm, [0.25, 0.125])
    assert read.source.warnings == ()
    assert read.source.spacing_source is SpacingSource.FILE


def test_an_itk_tiff_or_png_without_a_spacing_stays_unknown(tmp_path):
    for name in ("itk.tif", "itk.png"):
        sitk.WriteImage(sitk.GetImageFromArray(noise((6, 7))), str(tmp_path / name))
        assert not read_image(tmp_path / name).source.spacing_known


def test_a_volume_that_does_not_say_its_voxel_size_is_read_with_a_warning(tmp_path):
    header = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 3 4\nencoding: raw\n"
    (tmp_path / "a.nrrd").write_bytes(header + b"\n" + bytes(24))
    (tmp_path / "b.nrrd").write_bytes(header + b"spacings: nan nan nan\n\n" + bytes(24))
    meta = b"ObjectType = Image\nNDims = 3\nDimSize = 2 3 4\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    (tmp_path / "c.mha").write_bytes(meta + bytes(24))
    for name in ("a.nrrd", "b.nrrd", "c.mha"):
        image = read_image(tmp_path / name)
        assert not image.source.spacing_known
        assert image.grid.shape == (4, 3, 2)
        assert any("voxel size" in warning for warning in image.source.warnings)


def nrrd(path: Path, *lines: str) -> Path:
    header = "\n".join(("NRRD0004", "type: uint8", "dimension: 3", "sizes: 2 3 4", "encoding: raw", *lines))
    path.write_bytes(header.encode() + b"\n\n" + bytes(24))
    return path


def test_slanted_axes_and_foreign_units_are_read_with_a_warning(tmp_path):
    slanted = nrrd(
        tmp_path / "a.nrrd",
        "space: left-posterior-superior",
        "space directions: (1,0,0) (0.5,1,0) (0,0,1)",
        'space units: "um" "um" "um"',
    )
    image = read_image(slanted)
    axes = image.grid.mm_from_index[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag(image.grid.spacing_mm**2), atol=1e-12)
    assert any("right angles" in warning for warning in image.source.warnings)
    assert any("um" in warning for warning in image.source.warnings)


@pytest.mark.parametrize("spacing", ["0 1 1", "-1 1 1", "1e-30 1 1", "1e9 1 1", "inf 1 1"])
def test_impossible_spacings_are_refused(tmp_path, spacing):
    refused(nrrd(tmp_path / "a.nrrd", f"spacings: {spacing}"), "a.nrrd")
    meta = f"ObjectType = Image\nNDims = 3\nDimSize = 2 3 4\nElementSpacing = {spacing}\nElementType = MET_UCHAR\n"
    (tmp_path / "a.mha").write_bytes(meta.encode() + b"ElementDataFile = LOCAL\n" + bytes(24))
    refused(tmp_path / "a.mha", "a.mha")


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan"), 1e-9])
def test_impossible_nifti_spacings_are_refused(tmp_path, spacing):
    path = tmp_path / "a.nii"
    nibabel.save(nibabel.Nifti1Image(noise((3, 4, 5)), np.eye(4)), path)
    data = bytearray(path.read_bytes())
    data[80:84] = struct.pack("<f", spacing)
    data[252:256] = bytes(4)
    path.write_bytes(data)
    refused(path, "a.nii", "pixel size")


def test_axes_without_volume_are_refused(tmp_path):
    flat = nrrd(tmp_path / "a.nrrd", "space: LPS", "space directions: (1,0,0) (1,0,0) (0,0,1)")
    refused(flat, "right angles")
    path = tmp_path / "flat.nii"
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 1] = affine[:3, 0]
    squashed = nibabel.Nifti1Image(noise((3, 4, 5)), None)
    squashed.header.set_sform(affine, 1)
    nibabel.save(squashed, path)
    refused(path, "do not span a volume")


# --- files that are no images -----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_truncated_tiffs_are_refused(tmp_path, compression):
    path = tmp_path / "cut.tif"
    PillowImage.fromarray(noise((64, 80))).save(path, compression=compression)
    np.testing.assert_array_equal(read_image(path).voxels, noise((64, 80)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.7)])
    refused(path, "cut.tif")


def test_a_truncated_jpeg_with_a_whole_thumbnail_inside_is_refused(tmp_path):
    thumbnail = tmp_path / "thumbnail.jpg"
    PillowImage.fromarray(noise((8, 8))).save(thumbnail)
    path = tmp_path / "photo.jpg"
    PillowImage.fromarray(noise((64, 80))).save(path)
    data = path.read_bytes()
    segment = b"Exif\0\0" + thumbnail.read_bytes()
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    path.write_bytes(data)
    assert read_image(path).grid.shape == (64, 80)
    path.write_bytes(data[:-100])
    refused(path, "incomplete")


def test_progressive_jpegs_and_bytes_after_the_end_are_tolerated(tmp_path):
    path = tmp_path / "photo.jpg"
    PillowImage.fromarray(noise((64, 80))).save(path, progressive=True)
    path.write_bytes(path.read_bytes() + b"appended by a camera")
    assert read_image(path).grid.shape == (64, 80)


def test_a_damaged_nifti_archive_is_refused(tmp_path):
    path = tmp_path / "volume.nii.gz"
    nibabel.save(nibabel.Nifti1Image(noise((30, 40, 50)), np.eye(4)), path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    refused(path, "volume.nii.gz")
    path.write_bytes(gzip.compress(b"no image" * 100))
    refused(path, "volume.nii.gz")


def test_numbers_that_are_no_brightness_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    vectors = sitk.GetImageFromArray(rng.normal(size=(4, 5, 6, 3)), isVector=True)
    sitk.WriteImage(vectors, str(tmp_path / "field.nrrd"))
    refused(tmp_path / "field.nrrd", "3 values per pixel")
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 4, 5), np.complex64), np.eye(4)), tmp_path / "complex.nii")
    refused(tmp_path / "complex.nii", "complex")


def test_grey_with_transparency_is_refused_with_the_way_out(tmp_path):
    PillowImage.fromarray(noise((6, 7))).convert("LA").save(tmp_path / "la.png")
    refused(tmp_path / "la.png", "transparency")


def test_a_header_that_promises_more_than_memory_is_refused(tmp_path):
    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    data = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    refused(tmp_path / "bomb.png", "bomb.png")


# --- writing ----------------------------------------------------------------------------------------------------------------

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
    names = [name for name, _ in png_chunks((tmp_path / "unknown.png").read_bytes())]
    assert b"pHYs" not in names
    assert b"sCAL" not in names


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


def test_every_writable_suffix_can_be_offered_for_reading():
    assert set(WRITABLE_SUFFIXES) <= set(IMAGE_SUFFIXES)


# --- the real thing ---------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("scan.png", "scan"),
        ("scan.PNG", "scan"),
        ("scan.nii.gz", "scan"),
        ("scan.v2.jpg", "scan.v2"),
        ("1.2.840.10008", "1.2.840.10008"),
        ("IM0001", "IM0001"),
        (".png", ".png"),
    ],
)
def test_result_is_named_like_the_image(file, name):
    assert image_name(Path("folder") / file) == name
