"""DICOM files made on the spot: which pixel size is believed, where slices stand, and what is refused."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    SecondaryCaptureImageStorage,
    XRayAngiographicImageStorage,
)

from core.base.errors import ImageReadError
from core.images.dicom.header import read_dicom_header
from core.images.dicom.series import find_series
from core.images.file import read_image
from core.values.image import SpacingSource
from tests.support.dicom_fixtures import SECRET, pixels, write_dicom


@pytest.mark.parametrize("name", ["scan.dcm", "IM000001", "scan.bin"])
def test_a_radiograph_is_2d_whatever_its_file_is_called(tmp_path, name):
    image = read_image(write_dicom(tmp_path / name, pixels(), PixelSpacing=[0.2, 0.3]))
    np.testing.assert_array_equal(image.voxels, pixels())
    assert image.voxels.dtype == np.uint16
    assert image.grid.shape == (5, 7)
    assert image.source.modality == "DX"
    assert image.source.original_grid.shape == (1, 5, 7)


def test_a_file_without_preamble_is_read(tmp_path):
    dataset = pydicom.dcmread(write_dicom(tmp_path / "scan.dcm", pixels()))
    bare = pydicom.Dataset()
    bare.update(dataset)
    bare.save_as(tmp_path / "bare", implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert (tmp_path / "bare").read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(read_image(tmp_path / "bare").voxels, pixels())


PIXEL = {"PixelSpacing": [0.1, 0.2]}
IMAGER = {"ImagerPixelSpacing": [0.12, 0.24]}
UNCORRECTED = {"PixelSpacing": [0.12, 0.24]}
NOMINAL = {"NominalScannedPixelSpacing": [0.5, 0.6]}


@pytest.mark.parametrize(
    ("tags", "spacing_mm", "source", "warned"),
    [
        (PIXEL | {"Modality": "CT"}, (0.1, 0.2), SpacingSource.DICOM, ""),
        (PIXEL | IMAGER | {"Modality": "CT"}, (0.1, 0.2), SpacingSource.DICOM, ""),
        (PIXEL | IMAGER | {"PixelSpacingCalibrationType": "FIDUCIAL"}, (0.1, 0.2), SpacingSource.DICOM_CALIBRATED, ""),
        (
            UNCORRECTED | IMAGER | {"PixelSpacingCalibrationType": "GEOMETRY"},
            (0.12, 0.24),
            SpacingSource.DICOM_CALIBRATED,
            "",
        ),
        (PIXEL | IMAGER, (0.1, 0.2), SpacingSource.DICOM_CALIBRATED, ""),
        (PIXEL | NOMINAL, (0.1, 0.2), SpacingSource.DICOM_CALIBRATED, ""),
        (
            PIXEL | IMAGER | {"EstimatedRadiographicMagnificationFactor": 1.2},
            (0.1, 0.2),
            SpacingSource.DICOM_CALIBRATED,
            "",
        ),
        (PIXEL, (0.1, 0.2), SpacingSource.DICOM_UNSTATED, ""),
        (PIXEL | {"Modality": "CR"}, (0.1, 0.2), SpacingSource.DICOM_UNSTATED, ""),
        (UNCORRECTED | IMAGER, (0.12, 0.24), SpacingSource.DETECTOR, "detector"),
        (
            {"PixelSpacing": [0.120001, 0.239999]} | IMAGER | {"EstimatedRadiographicMagnificationFactor": 1.2},
            (0.1, 0.2),
            SpacingSource.DETECTOR_CORRECTED,
            "",
        ),
        (IMAGER | {"EstimatedRadiographicMagnificationFactor": 1.2}, (0.1, 0.2), SpacingSource.DETECTOR_CORRECTED, ""),
        (IMAGER | {"EstimatedRadiographicMagnificationFactor": 1}, (0.12, 0.24), SpacingSource.DETECTOR, "detector"),
        (IMAGER | {"EstimatedRadiographicMagnificationFactor": 0}, (0.12, 0.24), SpacingSource.DETECTOR, "detector"),
        (IMAGER | {"EstimatedRadiographicMagnificationFactor": 120}, (0.12, 0.24), SpacingSource.DETECTOR, "detector"),
        (NOMINAL | {"PixelSpacing": [0.5, 0.6]}, (0.5, 0.6), SpacingSource.FILM_SCANNER, "film scanner"),
        (NOMINAL, (0.5, 0.6), SpacingSource.FILM_SCANNER, "film scanner"),
        ({}, None, SpacingSource.UNKNOWN, ""),
    ],
)
def test_the_pixel_size_follows_the_standard(tmp_path, tags, spacing_mm, source, warned):
    """DICOM PS3.3 10.7.1.1: a Pixel Spacing unlike the detector's or the scanner's is a corrected or calibrated one."""
    image = read_image(write_dicom(tmp_path / "scan.dcm", pixels(), **tags))
    assert image.source.spacing_source is source
    np.testing.assert_allclose(image.grid.spacing_mm, spacing_mm or (1, 1), rtol=1e-4)
    np.testing.assert_allclose(image.source.original_grid.spacing_mm[1:], spacing_mm or (1, 1), rtol=1e-4)
    assert any(warned in warning for warning in image.source.warnings) if warned else not image.source.warnings


@pytest.mark.parametrize("size", [[0, 0], [-0.1, 0.1], [0.1]])
def test_an_unusable_pixel_size_is_ignored_with_a_warning(tmp_path, size):
    image = read_image(write_dicom(tmp_path / "scan.dcm", pixels(), PixelSpacing=size))
    assert not image.source.spacing_known
    assert any("PixelSpacing" in warning for warning in image.source.warnings)
    fallback = read_image(write_dicom(tmp_path / "scan.dcm", pixels(), PixelSpacing=size, **IMAGER))
    np.testing.assert_allclose(fallback.grid.spacing_mm, (0.12, 0.24))


def test_an_absurd_pixel_size_is_refused(tmp_path):
    path = write_dicom(tmp_path / "scan.dcm", pixels(), PixelSpacing=[1e-7, 1e-7])
    with pytest.raises(ImageReadError, match="pixel size"):
        read_image(path)


@pytest.mark.parametrize(
    "orientation",
    [
        [1, 0, 0, 0, 1, 0],
        [0, 1, 0, 0, 0, -1],
        [0.8, 0.6, 0, 0, 0, -1],
    ],
)
def test_a_slice_stands_where_simpleitk_puts_it(tmp_path, orientation):
    path = write_dicom(
        tmp_path / "slice.dcm",
        pixels(dtype=np.int16),
        CTImageStorage,
        Modality="CT",
        PixelSpacing=[0.5, 0.75],
        ImagePositionPatient=[10, -20, 30],
        ImageOrientationPatient=orientation,
    )
    image = read_image(path)
    oracle = sitk.ReadImage(str(path))
    for row, column in [(0, 0), (4, 6), (2, 5)]:
        np.testing.assert_allclose(
            image.source.original_grid.to_mm([0, row, column]),
            oracle.TransformIndexToPhysicalPoint((column, row, 0)),
            atol=1e-6,
        )
        np.testing.assert_allclose(image.grid.to_mm([row, column]), [column * 0.75, row * 0.5])
    assert np.linalg.det(image.source.original_grid.mm_from_index[:3, :3]) == pytest.approx(
        np.linalg.det(np.reshape(oracle.GetDirection(), (3, 3))[:, ::-1]) * 0.5 * 0.75
    )


def test_a_senseless_orientation_is_ignored_with_a_warning(tmp_path):
    path = write_dicom(
        tmp_path / "slice.dcm",
        pixels(),
        CTImageStorage,
        Modality="CT",
        PixelSpacing=[0.5, 0.5],
        ImagePositionPatient=[1, 2, 3],
        ImageOrientationPatient=[1, 0, 0, 1, 0, 0],
    )
    header = read_dicom_header(path)
    np.testing.assert_array_equal(header.origin_mm, 0)
    assert any("orientation" in warning for warning in header.warnings)


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (12, np.uint16), (16, np.uint16)])
def test_monochrome1_is_inverted_exactly_once(tmp_path, bits, dtype):
    path = write_dicom(
        tmp_path / "film.dcm",
        pixels(dtype=dtype),
        PhotometricInterpretation="MONOCHROME1",
        BitsStored=bits,
        HighBit=bits - 1,
    )
    np.testing.assert_array_equal(read_image(path).voxels, 2**bits - 1 - pixels(dtype=dtype).astype(np.int64))


def test_a_rescale_is_applied_in_a_type_that_fits(tmp_path):
    whole = write_dicom(
        tmp_path / "whole.dcm", pixels(), CTImageStorage, Modality="CT", RescaleSlope=1, RescaleIntercept=-1024
    )
    image = read_image(whole)
    np.testing.assert_array_equal(image.voxels, pixels().astype(int) - 1024)
    assert image.voxels.dtype.kind == "i"
    half = write_dicom(
        tmp_path / "half.dcm", pixels(), CTImageStorage, Modality="CT", RescaleSlope=0.5, RescaleIntercept=-10
    )
    image = read_image(half)
    np.testing.assert_array_equal(image.voxels, pixels() * 0.5 - 10)
    assert image.voxels.dtype == np.float32


def test_colour_captures_become_luminance(tmp_path):
    colours = pixels((4, 6, 3), np.uint8)
    path = write_dicom(tmp_path / "capture.dcm", colours, SecondaryCaptureImageStorage, Modality="OT")
    image = read_image(path)
    np.testing.assert_allclose(image.voxels, colours @ [0.299, 0.587, 0.114], atol=0.51)
    assert any("colour" in warning for warning in image.source.warnings)


def test_colours_by_planes_are_those_by_pixels(tmp_path):
    colours = pixels((4, 6, 3), np.uint8)
    capture = {"storage": SecondaryCaptureImageStorage, "Modality": "OT"}
    by_pixel = write_dicom(tmp_path / "a", colours, **capture)
    planes = np.ascontiguousarray(colours.transpose(2, 0, 1)).tobytes()
    by_plane = write_dicom(tmp_path / "b", colours, **capture, PlanarConfiguration=1, PixelData=planes)
    np.testing.assert_array_equal(read_image(by_plane).voxels, read_image(by_pixel).voxels)


def test_a_palette_is_looked_up(tmp_path):
    indices, table = pixels((4, 6), np.uint8), np.arange(256, dtype=np.uint16) * 257
    tags: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{colour}PaletteColorLookupTableData"] = table[::-1].tobytes()
    path = write_dicom(tmp_path / "a", indices, SecondaryCaptureImageStorage, Modality="OT", **tags)
    np.testing.assert_array_equal(read_image(path).voxels, 255 - indices)


def test_a_deflated_file_is_read(tmp_path):
    path = write_dicom(tmp_path / "a", pixels(), PixelSpacing=[0.1, 0.1])
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    image = read_image(path)
    np.testing.assert_array_equal(image.voxels, pixels())
    np.testing.assert_allclose(image.grid.spacing_mm, 0.1)


def test_compressed_pixels_are_read(tmp_path):
    path = write_dicom(tmp_path / "scan.dcm", pixels((64, 80)))
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless)
    dataset.save_as(path)
    np.testing.assert_array_equal(read_image(path).voxels, pixels((64, 80)))


def test_of_a_film_the_first_frame_is_read_with_a_warning(tmp_path):
    frames = pixels((3, 5, 7))
    path = write_dicom(
        tmp_path / "film.dcm",
        frames,
        XRayAngiographicImageStorage,
        Modality="XA",
        NumberOfFrames=3,
        ImagerPixelSpacing=[0.2, 0.2],
        EstimatedRadiographicMagnificationFactor=2,
    )
    image = read_image(path)
    np.testing.assert_array_equal(image.voxels, frames[0])
    np.testing.assert_allclose(image.grid.spacing_mm, 0.1)
    assert any("3 frames" in warning for warning in image.source.warnings)


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
def test_truncated_files_are_refused(tmp_path, keep):
    path = write_dicom(tmp_path / "cut.dcm", pixels((64, 80)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(ImageReadError, match=r"cut\.dcm") as caught:
        read_image(path)
    assert caught.value.hint


def test_a_file_without_pixels_is_refused(tmp_path):
    path = write_dicom(tmp_path / "report.dcm", pixels(), PixelData=None)
    with pytest.raises(ImageReadError, match=r"report\.dcm"):
        read_image(path)


def test_nothing_of_the_patient_is_kept_or_said(tmp_path, capfd, caplog):
    path = write_dicom(tmp_path / "scan.dcm", pixels(), PatientAge="NOT AN AGE", PixelSpacing=[0.1, 0.1])
    image = read_image(path)
    source = repr(image.source).replace(image.source.sha256, "")  # by chance, a digest may hold the patient's number
    said = source + "".join(capfd.readouterr()) + caplog.text
    assert SECRET not in said
    assert "4711" not in said
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ImageReadError) as caught:
        read_image(path)
    assert SECRET not in str(caught.value) + "".join(capfd.readouterr()) + caplog.text


@pytest.mark.parametrize("kind", [b"HO", b"UL"])
def test_a_tag_that_cannot_be_decoded_counts_as_absent(tmp_path, kind):
    """One has no such kind of value, the other no such length."""
    path = write_dicom(tmp_path / "a.dcm", pixels(), PatientID="47110")
    data = path.read_bytes()
    assert data.count(b"\x10\x00\x20\x00LO") == 1
    path.write_bytes(data.replace(b"\x10\x00\x20\x00LO", b"\x10\x00\x20\x00" + kind))
    (series,) = find_series(path)
    assert series.patient == SECRET


def test_an_unknown_modality_is_not_kept(tmp_path):
    assert read_image(write_dicom(tmp_path / "scan.dcm", pixels(), Modality=None)).source.modality == ""
