"""The voxels of DICOM series: a spot lit at known millimetres must come out at those millimetres, whatever the files are like."""

import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from core.base import memory
from core.base.errors import Cancelled, ImageReadError
from core.images.dicom.series import find_series
from core.images.file import read_image
from core.images.formats import image_name
from tests.support.dicom_fixtures import (
    AXIAL,
    ROTATED,
    enhanced_groups,
    item,
    lit_mm,
    lit_stack,
    place_mm,
    positions,
    write_enhanced,
    write_series,
)

LIT = (3, 7, 4)
COUNT = 6


@pytest.mark.parametrize(
    "orientation", [AXIAL, ROTATED, (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)]
)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_lit_voxel_comes_out_at_its_millimetres(tmp_path, orientation, reverse):
    places = positions(COUNT, orientation=orientation)
    order = slice(None, None, -1 if reverse else 1)
    write_series(tmp_path, lit_stack(COUNT, LIT)[order], places[order], orientation)
    image = read_image(tmp_path)
    np.testing.assert_allclose(lit_mm(image), place_mm(places[3], 7, 4, orientation), atol=1e-9)
    assert image.voxels.dtype == np.int16
    assert image.source.path == tmp_path
    assert image.source.modality == "CT"
    assert image.source.spacing_known
    assert image.source.warnings == ()
    assert image_name(image.source.path) == tmp_path.name


@pytest.mark.parametrize("seed", range(6))
def test_any_orientation_with_numbers_as_files_round_them_comes_out_right(tmp_path, seed):
    """Cosines of six digits and positions of a hundredth of a mm, as scanners write them, in any order of files."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    orientation = tuple(np.round(rotation[:, :2].T.ravel(), 6).tolist())
    places = positions(COUNT, step_mm=1.25, orientation=orientation)
    order = rng.permutation(COUNT)
    write_series(tmp_path, lit_stack(COUNT, LIT)[order], np.round(places[order], 2), orientation)
    image = read_image(tmp_path)
    np.testing.assert_allclose(lit_mm(image), place_mm(places[3], 7, 4, orientation), atol=0.01)
    assert image.source.warnings == ()


def test_only_positions_and_orientation_place_the_slices(tmp_path):
    own = [{"SliceLocation": -5.0 * number, "InstanceNumber": 7} for number in range(COUNT)]
    tags = {"SliceThickness": 9, "SpacingBetweenSlices": -3, "PatientPosition": "FFS"}
    write_series(tmp_path, lit_stack(COUNT, LIT), positions(COUNT, -2.0), per_slice=own, **tags)
    image = read_image(tmp_path)
    np.testing.assert_allclose(lit_mm(image), place_mm(positions(COUNT, -2.0)[3], 7, 4), atol=1e-9)
    np.testing.assert_allclose(image.grid.spacing_mm, [2, 0.5, 0.75])


def test_simpleitk_agrees_where_a_series_is_simple(tmp_path):
    places = positions(COUNT, orientation=ROTATED)
    voxels = np.random.default_rng(0).integers(-500, 500, (COUNT, 12, 10)).astype(np.int16)
    paths = write_series(tmp_path, voxels, places, ROTATED)
    oracle = sitk.ReadImage([str(path) for path in paths])
    image = read_image(tmp_path)
    np.testing.assert_array_equal(image.voxels, sitk.GetArrayFromImage(oracle))
    for index in [(0, 0, 0), (5, 11, 9), (2, 3, 4)]:
        expected_mm = oracle.TransformIndexToPhysicalPoint(index[::-1])
        np.testing.assert_allclose(image.grid.to_mm(index), expected_mm, atol=1e-6)


@pytest.mark.parametrize("tilt_mm", [0.8, -0.8])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_tilted_gantry_is_made_right(tmp_path, tilt_mm, axis):
    places = positions(COUNT)
    places[:, axis] += np.arange(COUNT) * tilt_mm
    voxels = lit_stack(COUNT, LIT)
    voxels[0, 0, 0] = voxels[5, 11, 9] = 1000  # the corners must not fall off
    write_series(tmp_path, voxels, places)
    image = read_image(tmp_path)
    axes = image.grid.mm_from_index[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag([2.0**2, 0.5**2, 0.75**2]), atol=1e-12)
    assert any("slant of 21.8°" in warning for warning in image.source.warnings)
    for number, row, column in [LIT, (0, 0, 0), (5, 11, 9)]:
        only_slice = np.zeros_like(image.voxels)
        only_slice[number] = image.voxels[number]
        spot = np.argwhere(only_slice > 50)
        centre = np.average(spot, axis=0, weights=only_slice[only_slice > 50])
        tolerance_mm = 0.02 if number == LIT[0] else 0.375  # half a pixel where the border cuts the spot
        np.testing.assert_allclose(image.grid.to_mm(centre), place_mm(places[number], row, column), atol=tolerance_mm)
    assert image.voxels.min() == 10
    assert image.voxels.dtype == np.int16


def test_a_slant_too_small_to_matter_is_kept_exactly(tmp_path):
    places = positions(COUNT)
    places[:, 1] += np.arange(COUNT) * 0.015
    write_series(tmp_path, lit_stack(COUNT, LIT), places)
    image = read_image(tmp_path)
    assert image.grid.shape == (COUNT, 12, 10)
    assert image.source.warnings == ()
    np.testing.assert_allclose(lit_mm(image), place_mm(places[3], 7, 4), atol=1e-9)


def test_slightly_uneven_steps_are_averaged_and_said(tmp_path):
    places = positions(COUNT)
    places[3, 2] += 0.1
    write_series(tmp_path, lit_stack(COUNT, LIT), places)
    image = read_image(tmp_path)
    assert any("up to 0.1 mm off" in warning for warning in image.source.warnings)
    np.testing.assert_allclose(lit_mm(image), place_mm(places[3], 7, 4), atol=0.1001)


def test_a_series_with_a_hole_is_refused(tmp_path):
    write_series(tmp_path, lit_stack(COUNT, LIT), positions(COUNT + 1)[[0, 1, 2, 4, 5, 6]])
    with pytest.raises(ImageReadError, match="missing between IM0002 and IM0003") as caught:
        read_image(tmp_path)
    assert "archive" in caught.value.hint


def test_a_single_slice_in_a_folder_is_2d(tmp_path):
    places = positions(1, orientation=ROTATED)
    write_series(tmp_path, lit_stack(1, (0, 7, 4)), places, ROTATED)
    image = read_image(tmp_path)
    assert image.grid.shape == (12, 10)
    np.testing.assert_allclose(image.grid.spacing_mm, (0.5, 0.75))
    np.testing.assert_allclose(image.source.original_grid.to_mm([0, 7, 4]), place_mm(places[0], 7, 4, ROTATED))


def test_of_two_series_the_longer_is_read_and_the_other_on_request(tmp_path):
    write_series(tmp_path / "a", lit_stack(3, (1, 2, 3)), positions(3))
    write_series(tmp_path / "b", lit_stack(COUNT, LIT), positions(COUNT))
    image = read_image(tmp_path)
    assert image.grid.shape[0] == COUNT
    assert image.source.warnings == ("The folder holds 2 series of images; the first was read, CT of 6 slices.",)
    assert image.source.path == tmp_path
    other = read_image(tmp_path, series=find_series(tmp_path)[1])
    assert other.grid.shape[0] == 3
    assert other.source.warnings == ()


# --- pixels -----------------------------------------------------------------------------------------------------------------


def test_monochrome1_is_inverted_exactly_once(tmp_path):
    voxels = lit_stack(3, (1, 7, 4)).astype(np.uint16)
    write_series(tmp_path, voxels, positions(3), PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_image(tmp_path).voxels, 65535 - voxels)


def test_each_slice_has_its_own_rescale(tmp_path):
    voxels = np.random.default_rng(0).integers(0, 200, (3, 12, 10)).astype(np.uint16)
    scales = [(1, 0), (0.5, -3), (2.5, 7)]
    own = [{"RescaleSlope": slope, "RescaleIntercept": intercept} for slope, intercept in scales]
    write_series(tmp_path, voxels, positions(3), Modality="PT", per_slice=own)
    image = read_image(tmp_path)
    expected = np.stack([part * slope + intercept for part, (slope, intercept) in zip(voxels, scales, strict=True)])
    np.testing.assert_allclose(image.voxels, expected, rtol=1e-6)
    assert image.voxels.dtype == np.float32


@pytest.mark.parametrize(("intercept", "brightest", "dtype"), [(-1024, 4000, np.int16), (0, 60000, np.int32)])
def test_a_ct_is_kept_in_16_bits_where_its_values_fit(tmp_path, intercept, brightest, dtype):
    voxels = np.full((3, 12, 10), 24, np.uint16)
    voxels[2, 5, 5] = brightest
    own = (
        {"RescaleSlope": 1, "RescaleIntercept": intercept} if intercept else {"RescaleSlope": 1, "RescaleIntercept": -1}
    )
    write_series(tmp_path, voxels, positions(3), **own)
    image = read_image(tmp_path)
    assert image.voxels.dtype == dtype
    np.testing.assert_array_equal(image.voxels, voxels.astype(int) + own["RescaleIntercept"])


def test_the_pixel_size_of_a_cross_section_is_the_patients(tmp_path):
    write_series(tmp_path, lit_stack(3, (1, 7, 4)), positions(3), ImagerPixelSpacing=[1.5, 1.5])
    np.testing.assert_allclose(read_image(tmp_path).grid.spacing_mm, [2, 0.5, 0.75])


@pytest.mark.parametrize(("signed", "lowest"), [(0, 0x800), (1, -0x800)])
def test_twelve_bits_keep_their_sign(tmp_path, signed, lowest):
    voxels = np.zeros((3, 12, 10), np.uint16)
    voxels[1, 7, 4], voxels[0, 0, 0] = 0x7FF, 0x800
    write_series(tmp_path, voxels, positions(3), BitsStored=12, HighBit=11, PixelRepresentation=signed)
    image = read_image(tmp_path)
    assert image.voxels[1, 7, 4] == 0x7FF
    assert image.voxels[0, 0, 0] == lowest


def test_slices_with_and_without_a_sign_go_into_a_type_that_holds_both(tmp_path):
    signed = lit_stack(4, (1, 7, 4))
    signed[0, 0, 0] = -3024  # as scanners pad
    unsigned = np.full((2, 12, 10), 60000, np.uint16)
    for name, voxels, places in (("a{}", signed[:2], positions(4)[:2]), ("b{}", unsigned, positions(4)[2:])):
        write_series(tmp_path, voxels, places, name=name, SeriesInstanceUID="1.2.3")
    image = read_image(tmp_path)
    np.testing.assert_array_equal(image.voxels, np.concatenate([signed[:2].astype(int), unsigned]))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLosslessSV1])
def test_compressed_slices_are_read(tmp_path, syntax):
    voxels = lit_stack(3, (1, 7, 4)).astype(np.uint16)
    for path, part in zip(write_series(tmp_path, voxels, positions(3)), voxels, strict=True):
        oracle = sitk.GetImageFromArray(part[None])
        dataset = pydicom.dcmread(path)
        if syntax is RLELossless:
            dataset.compress(syntax)
        else:
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.PixelData = pydicom.encaps.encapsulate([encoded(oracle, path.with_suffix(".enc"), syntax)])
        dataset.save_as(path)
    np.testing.assert_array_equal(read_image(tmp_path).voxels, voxels)


def encoded(image: sitk.Image, path: Path, syntax: str) -> bytes:
    """Return the compressed bytes of one slice, as SimpleITK's own DICOM writer makes them."""
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetFileName(str(path))
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG2000" if syntax == JPEG2000Lossless else "JPEG")
    writer.Execute(image)
    data = pydicom.dcmread(path)
    path.unlink()
    return next(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1))


def test_the_digest_is_that_of_all_bytes_in_order(tmp_path):
    paths = write_series(tmp_path, lit_stack(3, (1, 7, 4)), positions(3))
    everything = b"".join(path.read_bytes() for path in paths)
    assert read_image(tmp_path).source.sha256 == hashlib.sha256(everything).hexdigest()


# --- enhanced multi-frame files ---------------------------------------------------------------------------------------------


def test_frames_are_sorted_by_place(tmp_path):
    places = positions(COUNT, orientation=ROTATED)
    mixed = [2, 0, 5, 3, 1, 4]
    path = write_enhanced(tmp_path / "enhanced", lit_stack(COUNT, LIT)[mixed], enhanced_groups(places[mixed], ROTATED))
    image = read_image(path)
    np.testing.assert_allclose(lit_mm(image), place_mm(places[3], 7, 4, ROTATED), atol=1e-9)
    assert image.grid.shape == (COUNT, 12, 10)
    assert image.source.path == path
    assert image.source.warnings == ()


@pytest.mark.parametrize("alike", [True, False])
def test_frames_have_their_own_rescale(tmp_path, alike):
    voxels = np.random.default_rng(0).integers(0, 200, (3, 12, 10)).astype(np.uint16)
    scales = [(2.0, -100.0)] * 3 if alike else [(2.0, -100.0), (0.5, 3.0), (1.0, 0.0)]
    items = [item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU") for slope, intercept in scales]
    groups = enhanced_groups(positions(3), PixelValueTransformationSequence=items)
    image = read_image(write_enhanced(tmp_path / "enhanced", voxels, groups))
    expected = np.stack([part * slope + intercept for part, (slope, intercept) in zip(voxels, scales, strict=True)])
    np.testing.assert_allclose(image.voxels, expected, rtol=1e-6)


# --- what goes wrong on the way ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_truncated_slice_is_refused_by_name(tmp_path, keep):
    paths = write_series(tmp_path, lit_stack(COUNT, LIT), positions(COUNT))
    data = paths[2].read_bytes()
    header = len(data) - 12 * 10 * 2
    paths[2].write_bytes(data[: header + int(240 * keep)])
    with pytest.raises(ImageReadError, match="IM0002") as caught:
        read_image(tmp_path)
    assert caught.value.hint


def test_a_slice_that_vanishes_is_refused_by_name(tmp_path):
    paths = write_series(tmp_path, lit_stack(COUNT, LIT), positions(COUNT))
    (series,) = find_series(tmp_path)
    paths[4].unlink()
    with pytest.raises(ImageReadError, match=r"IM0004 is no longer there"):
        read_image(tmp_path, series=series)


def test_reading_can_be_stopped_between_slices(tmp_path):
    write_series(tmp_path, lit_stack(COUNT, LIT), positions(COUNT))
    (series,) = find_series(tmp_path)
    asked = []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        read_image(tmp_path, series=series, should_stop=should_stop)
    assert len(asked) == 4


def test_a_series_too_large_for_the_memory_says_how_much_it_needs(tmp_path, monkeypatch):
    write_series(tmp_path, lit_stack(COUNT, LIT), positions(COUNT))
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(ImageReadError, match=r"needs 0\.1 MB of memory, but only 0\.1 MB is available"):
        read_image(tmp_path)
