"""NIfTI files: nibabel as oracle for voxels and millimetres; which geometry counts; pairs of files; odd kinds of numbers."""

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.base import memory
from core.base.errors import Cancelled, ImageReadError
from core.images.file import read_image, write_image
from core.images.formats import image_name
from tests.support.image_fixtures import make_image, noise, refused

LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0])
AFFINE = np.array([[0.5, 0, 0, 1], [0, 0.6, 0, 2], [0, 0, 0.7, 3], [0, 0, 0, 1.0]])
MOVED = AFFINE + np.array([[0, 0, 0, 10], [0] * 4, [0] * 4, [0] * 4])
SHEARED = AFFINE + np.array([[0, 0.2, 0, 0], [0] * 4, [0] * 4, [0] * 4])
LIT = (4, 2, 1)
"""Array index (z, y, x) of the bright voxel below."""


def lit_voxels(dtype: type = np.int16) -> np.ndarray:
    """Return dark voxels in NIfTI's order x, y, z, but for one."""
    voxels = np.zeros((7, 8, 9), dtype)
    voxels[1, 2, 4] = 100
    return voxels


def save(
    path: Path,
    voxels: np.ndarray,
    sform: np.ndarray | None = None,
    qform: np.ndarray | None = None,
    *,
    sform_code: int = 1,
    qform_code: int = 1,
    **header: object,
) -> Path:
    image = nibabel.Nifti1Image(voxels, None)
    image.header.set_qform(AFFINE if qform is None else qform, qform_code if qform is not None else 0)
    image.header.set_sform(sform, sform_code if sform is not None else 0)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


def lit_mm(image) -> np.ndarray:
    weight = image.voxels.astype(float)
    return image.grid.to_mm(np.average(np.argwhere(weight > 0), axis=0, weights=weight[weight > 0]))


def patch(path: Path, offset: int, layout: str, *numbers: float) -> None:
    """Overwrite some numbers of a header."""
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, offset, *numbers)
    path.write_bytes(data)


def expected_mm(affine: np.ndarray) -> np.ndarray:
    return LPS_FROM_RAS @ (affine @ [1, 2, 4, 1])[:3]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64, np.int8, np.uint32]),
    form=st.sampled_from(["sform", "qform"]),
    endian=st.sampled_from("<>"),
    suffix=st.sampled_from([".nii", ".nii.gz"]),
    version=st.sampled_from([1, 2]),
)
def test_any_pose_and_kind_of_numbers_agrees_with_nibabel(tmp_path, seed, kind, form, endian, suffix, version):
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation * rng.uniform(0.1, 3, 3)
    affine[:3, 3] = rng.uniform(-200, 200, 3)
    voxels = rng.integers(0, 100, (3, 4, 5)).astype(kind)
    make = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    image = make(voxels, None, make.header_class(endianness=endian))
    image.header.set_data_dtype(kind)
    image.header.set_qform(affine, 1 if form == "qform" else 0)
    image.header.set_sform(affine, 1 if form == "sform" else 0)
    path = tmp_path / f"volume{suffix}"
    nibabel.save(image, path)
    read = read_image(path)
    np.testing.assert_array_equal(read.voxels, voxels.T)
    assert read.voxels.dtype == kind
    assert read.source.warnings == ()
    ijk = rng.uniform(-3, 8, 3)
    np.testing.assert_allclose(
        read.grid.to_mm(np.flip(ijk)), LPS_FROM_RAS @ (nibabel.load(path).affine @ [*ijk, 1])[:3], atol=1e-3
    )


# --- which geometry counts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1), (4, 1)])
def test_where_sform_and_qform_differ_the_sform_counts_and_it_is_said(tmp_path, codes):
    path = save(tmp_path / "a.nii", lit_voxels(), MOVED, AFFINE, sform_code=codes[0], qform_code=codes[1])
    image = read_image(path)
    np.testing.assert_allclose(lit_mm(image), expected_mm(MOVED), atol=1e-5)
    assert image.source.warnings == ("The file holds two different geometries, sform and qform; the sform was used.",)


def test_a_difference_by_rounding_is_none(tmp_path):
    path = save(tmp_path / "a.nii", lit_voxels(), AFFINE + 1e-6, AFFINE)
    assert read_image(path).source.warnings == ()


@pytest.mark.parametrize(("form", "affine"), [("sform", MOVED), ("qform", AFFINE)])
def test_the_only_geometry_counts_in_silence(tmp_path, form, affine):
    image = read_image(save(tmp_path / "a.nii", lit_voxels(), **{form: affine}))
    np.testing.assert_allclose(lit_mm(image), expected_mm(affine), atol=1e-5)
    assert image.source.warnings == ()


def test_a_file_without_orientation_is_read_with_a_warning(tmp_path):
    image = read_image(save(tmp_path / "a.nii", lit_voxels()))
    np.testing.assert_allclose(image.grid.spacing_mm, [0.7, 0.6, 0.5], rtol=1e-6)
    assert any("left and right" in warning for warning in image.source.warnings)


def test_a_sheared_sform_gives_way_to_the_qform(tmp_path):
    image = read_image(save(tmp_path / "a.nii", lit_voxels(), SHEARED, AFFINE))
    np.testing.assert_allclose(lit_mm(image), expected_mm(AFFINE), atol=1e-5)
    assert any("qform was used" in warning for warning in image.source.warnings)


def test_a_sheared_sform_alone_is_resampled_to_right_angles(tmp_path):
    image = read_image(save(tmp_path / "a.nii", lit_voxels(np.float32), SHEARED))
    np.testing.assert_allclose(lit_mm(image), expected_mm(SHEARED), atol=0.01)
    axes = image.grid.mm_from_index[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag(image.grid.spacing_mm**2), atol=1e-9)
    assert any("right angles" in warning for warning in image.source.warnings)


def test_two_voxel_sizes_are_said(tmp_path):
    path = save(tmp_path / "a.nii", lit_voxels(), np.diag([1.0, 1.0, 1.0, 1.0]))
    assert any("two different voxel sizes" in warning for warning in read_image(path).source.warnings)


@pytest.mark.parametrize(("units", "factor"), [(1, 1e3), (2, 1.0), (3, 1e-3), (0, 1.0)])
def test_units_are_converted_to_millimetres(tmp_path, units, factor):
    affine = AFFINE / factor
    affine[3, 3] = 1
    image = read_image(save(tmp_path / "a.nii", lit_voxels(), affine, xyzt_units=units))
    np.testing.assert_allclose(lit_mm(image), expected_mm(AFFINE), rtol=1e-5)
    assert any("converted to mm" in warning for warning in image.source.warnings) == (units in (1, 3))


def test_voxels_of_a_few_micrometres_in_a_file_in_metres_keep_the_usual_choice(tmp_path):
    """Their matrix is so small in metres that it must not be taken for one without volume."""
    qform = AFFINE * 0.05e-3
    sform = MOVED * 0.05e-3
    qform[3, 3] = sform[3, 3] = 1
    image = read_image(save(tmp_path / "a.nii", lit_voxels(), sform, qform, xyzt_units=1))
    np.testing.assert_allclose(lit_mm(image), expected_mm(sform) * 1e3, rtol=1e-5)
    assert "The file holds two different geometries, sform and qform; the sform was used." in image.source.warnings


@pytest.mark.parametrize("handedness", [1.0, 0.0, -1.0])
def test_a_mirroring_qform_agrees_with_nibabel(tmp_path, handedness):
    path = save(tmp_path / "a.nii", lit_voxels(), None, AFFINE)
    patch(path, 76, "<f", handedness or 1.0)  # nibabel refuses the 0 that the standard takes for 1
    oracle = nibabel.load(path).affine
    patch(path, 76, "<f", handedness)
    np.testing.assert_allclose(lit_mm(read_image(path)), expected_mm(oracle), atol=1e-5)


def test_a_quaternion_that_is_too_long_turns_and_does_not_enlarge(tmp_path):
    path = save(tmp_path / "a.nii", lit_voxels(), None, AFFINE)
    patch(path, 256, "<3f", 0.9, 0.5, 0.3)
    oracle = sitk.ReadImage(str(path))
    image = read_image(path)
    np.testing.assert_allclose(image.grid.spacing_mm, [0.7, 0.6, 0.5], rtol=1e-6)
    np.testing.assert_allclose(lit_mm(image), oracle.TransformIndexToPhysicalPoint((1, 2, 4)), atol=1e-5)


def test_an_axis_with_one_sample_needs_no_step(tmp_path):
    path = save(tmp_path / "a.nii", lit_voxels()[:, :, 4:5], None, AFFINE)
    patch(path, 88, "<f", 0.0)
    image = read_image(path)
    np.testing.assert_allclose(image.grid.spacing_mm, [0.6, 0.5], rtol=1e-6)
    np.testing.assert_allclose(
        image.source.original_grid.to_mm([0, 2, 1]), LPS_FROM_RAS @ (AFFINE @ [1, 2, 0, 1])[:3], atol=1e-5
    )


# --- voxels -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stated", [0.0, 352.0, float("nan"), -5.0])
def test_voxels_begin_behind_the_header_whatever_a_careless_program_stated(tmp_path, stated):
    path = save(tmp_path / "a.nii", lit_voxels(), AFFINE)
    patch(path, 108, "<f", stated)
    np.testing.assert_array_equal(read_image(path).voxels, lit_voxels().T)


def test_voxels_may_begin_at_an_odd_place_behind_an_extension(tmp_path):
    path = save(tmp_path / "a.nii", lit_voxels(), AFFINE)
    patch(path, 108, "<f", 357.0)
    data = path.read_bytes()
    path.write_bytes(data[:352] + b"\1\2\3\4\5" + data[352:])
    np.testing.assert_array_equal(read_image(path).voxels, lit_voxels().T)
    image = nibabel.Nifti1Image(lit_voxels(), AFFINE)
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"x" * 100))
    nibabel.save(image, path)
    np.testing.assert_array_equal(read_image(path).voxels, lit_voxels().T)


def test_an_archive_may_have_several_members(tmp_path):
    data = save(tmp_path / "a.nii", lit_voxels(), AFFINE).read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(data[:400]) + gzip.compress(data[400:]))
    np.testing.assert_array_equal(read_image(tmp_path / "b.nii.gz").voxels, lit_voxels().T)


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_long_integers_are_kept(tmp_path, kind):
    image = nibabel.Nifti1Image(lit_voxels(kind), AFFINE, dtype=kind)
    nibabel.save(image, tmp_path / "a.nii")
    read = read_image(tmp_path / "a.nii")
    np.testing.assert_array_equal(read.voxels, lit_voxels(kind).T)
    assert read.voxels.dtype == kind


def test_axes_of_one_sample_at_the_end_are_no_further_volumes(tmp_path):
    image = read_image(save(tmp_path / "a.nii", lit_voxels()[..., None, None], AFFINE))
    assert image.grid.shape == (9, 8, 7)
    assert image.source.warnings == ()


@pytest.mark.parametrize("scale", [(0.0, 5.0), (float("nan"), float("nan"))])
def test_a_slope_that_means_none_leaves_the_numbers_as_they_are(tmp_path, scale):
    path = save(tmp_path / "a.nii", lit_voxels(), AFFINE)
    patch(path, 112, "<2f", *scale)
    read = read_image(path)
    np.testing.assert_array_equal(read.voxels, lit_voxels().T)
    assert read.voxels.dtype == np.int16


def test_a_slope_is_applied_once(tmp_path):
    path = save(tmp_path / "a.nii", lit_voxels(), AFFINE)
    patch(path, 112, "<2f", 2.5, -3)
    image = read_image(path)
    np.testing.assert_allclose(image.voxels, nibabel.load(path).get_fdata().T)
    assert image.voxels.dtype == np.float32


def test_of_several_volumes_the_first_is_read(tmp_path):
    voxels = np.stack([lit_voxels(), lit_voxels() + 1], axis=-1)
    image = read_image(save(tmp_path / "a.nii.gz", voxels, AFFINE))
    np.testing.assert_array_equal(image.voxels, lit_voxels().T)
    assert image.source.warnings == ("The file holds 2 volumes; only the first was read.",)


def test_colours_become_brightness(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 3)).astype(np.uint8)
    packed = colours.view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    image = read_image(save(tmp_path / "a.nii", packed, AFFINE))
    np.testing.assert_allclose(image.voxels, (colours @ [0.299, 0.587, 0.114]).T, atol=0.51)
    assert any("colour" in warning for warning in image.source.warnings)


def test_vectors_are_refused(tmp_path):
    with pytest.raises(ImageReadError, match="3 values per pixel"):
        read_image(save(tmp_path / "a.nii", np.zeros((3, 4, 5, 1, 3), np.float32), AFFINE))


def test_a_rank_2_file_is_2d(tmp_path):
    image = read_image(save(tmp_path / "a.nii", lit_voxels()[:, :, 4], AFFINE))
    assert image.grid.shape == (8, 7)
    np.testing.assert_allclose(lit_mm(image), expected_mm(AFFINE)[:2], atol=1e-5)


def test_a_rank_2_file_that_stands_upright_keeps_its_place(tmp_path):
    upright = AFFINE[[0, 2, 1, 3]]
    image = read_image(save(tmp_path / "a.nii", lit_voxels()[:, :, 4], upright))
    assert image.grid.shape == (8, 7)
    np.testing.assert_allclose(
        image.source.original_grid.to_mm([0, 2, 1]), LPS_FROM_RAS @ (upright @ [1, 2, 0, 1])[:3], atol=1e-5
    )


# --- pairs, and what is missing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opened", [".hdr", ".img"])
def test_a_pair_of_header_and_voxels_is_one_image(tmp_path, opened):
    pair = nibabel.Nifti1Pair(lit_voxels(), None)
    pair.header.set_sform(AFFINE, 1)
    nibabel.save(pair, tmp_path / "a.img")
    image = read_image(tmp_path / f"a{opened}")
    np.testing.assert_array_equal(image.voxels, lit_voxels().T)
    np.testing.assert_allclose(lit_mm(image), expected_mm(AFFINE), atol=1e-5)
    assert image_name(tmp_path / "a.hdr") == "a"


def test_a_header_without_its_voxels_names_them(tmp_path):
    nibabel.save(nibabel.Nifti1Pair(lit_voxels(), AFFINE), tmp_path / "a.img")
    (tmp_path / "a.img").unlink()
    with pytest.raises(ImageReadError, match=r"a\.img, which is not there") as caught:
        read_image(tmp_path / "a.hdr")
    assert "a.img" in caught.value.hint


def test_a_damaged_header_is_refused(tmp_path):
    path = save(tmp_path / "a.nii", lit_voxels(), AFFINE)
    data = bytearray(path.read_bytes())
    data[44:46] = struct.pack("<h", -8)
    path.write_bytes(data)
    with pytest.raises(ImageReadError, match="damaged"):
        read_image(path)


def test_an_archive_with_a_wrong_checksum_is_refused(tmp_path):
    path = save(tmp_path / "a.nii.gz", lit_voxels(), AFFINE)
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ImageReadError, match=r"a\.nii\.gz is incomplete"):
        read_image(path)


def test_reading_can_be_stopped(tmp_path):
    with pytest.raises(Cancelled):
        read_image(save(tmp_path / "a.nii", lit_voxels(), AFFINE), should_stop=lambda: True)


def test_a_volume_too_large_for_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = save(tmp_path / "a.nii.gz", lit_voxels(), AFFINE)
    head = bytearray(gzip.decompress(path.read_bytes())[:400])
    head[40:56] = struct.pack("<8h", 3, 30000, 30000, 30000, 1, 1, 1, 1)
    path.write_bytes(gzip.compress(bytes(head)))
    monkeypatch.setattr(memory, "available_bytes", lambda: 8_000_000_000)
    with pytest.raises(ImageReadError, match=r"needs 54000\.0 GB of memory, but only 8\.0 GB is available"):
        read_image(path)


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


def save_version_2(path: Path, *, pair: bool = False) -> np.ndarray:
    voxels = noise((3, 4, 5), np.int16)
    make = nibabel.Nifti2Pair if pair else nibabel.Nifti2Image
    image = make(voxels, AFFINE)
    image.header.set_slope_inter(2, -3)
    nibabel.save(image, path)
    return np.asarray(nibabel.load(path).dataobj).T


def test_version_2_is_read_from_a_pair_too(tmp_path):
    expected = save_version_2(tmp_path / "a.img", pair=True)
    for opened in ("a.img", "a.hdr"):
        image = read_image(tmp_path / opened)
        np.testing.assert_array_equal(image.voxels, expected)
        np.testing.assert_allclose(image.grid.to_mm([4, 2, 1]), expected_mm(AFFINE), atol=1e-5)


@pytest.mark.parametrize("keep", [300, 400, 539, 560, 600])
def test_a_truncated_version_2_is_refused(tmp_path, keep):
    path = tmp_path / "cut.nii"
    save_version_2(path)
    path.write_bytes(path.read_bytes()[:keep])
    refused(path, "cut.nii")


@pytest.mark.parametrize(
    ("offset", "layout", "number"), [(16, "<q", 9), (16, "<q", -1), (24, "<q", 0), (24, "<q", 2**62)]
)
def test_a_damaged_version_2_header_is_refused(tmp_path, offset, layout, number):
    path = tmp_path / "a.nii"
    save_version_2(path)
    patch(path, offset, layout, number)
    refused(path, "a.nii")


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


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan"), 1e-9])
def test_impossible_nifti_spacings_are_refused(tmp_path, spacing):
    path = tmp_path / "a.nii"
    nibabel.save(nibabel.Nifti1Image(noise((3, 4, 5)), np.eye(4)), path)
    data = bytearray(path.read_bytes())
    data[80:84] = struct.pack("<f", spacing)
    data[252:256] = bytes(4)
    path.write_bytes(data)
    refused(path, "a.nii", "pixel size")


def test_a_damaged_nifti_archive_is_refused(tmp_path):
    path = tmp_path / "volume.nii.gz"
    nibabel.save(nibabel.Nifti1Image(noise((30, 40, 50)), np.eye(4)), path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    refused(path, "volume.nii.gz")
    path.write_bytes(gzip.compress(b"no image" * 100))
    refused(path, "volume.nii.gz")


def test_axes_without_volume_are_refused(tmp_path):
    path = tmp_path / "flat.nii"
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 1] = affine[:3, 0]
    squashed = nibabel.Nifti1Image(noise((3, 4, 5)), None)
    squashed.header.set_sform(affine, 1)
    nibabel.save(squashed, path)
    refused(path, "do not span a volume")
