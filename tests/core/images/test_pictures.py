"""PNG, JPEG, TIFF and BMP files: pixels as everybody sees them, and a physical size only where it can be believed."""

import struct
import zlib

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image as PillowImage

from core.images.file import read_image
from core.values.grid import Grid
from core.values.image import SpacingSource
from tests.support.image_fixtures import noise, refused


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


def test_a_picture_of_an_itk_program_without_a_spacing_stays_unknown(tmp_path):
    for name in ("itk.tif", "itk.png", "itk.jpg"):
        sitk.WriteImage(sitk.GetImageFromArray(noise((6, 7))), str(tmp_path / name))
        assert not read_image(tmp_path / name).source.spacing_known


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
