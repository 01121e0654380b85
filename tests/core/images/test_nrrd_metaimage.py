"""NRRD and MetaImage: slanted and oblique axes, byte orders, data files beside the header and missing ones."""

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from core.base import memory
from core.base.errors import ImageReadError
from core.images.file import read_image
from tests.support.image_fixtures import refused


def lit_volume(shape=(6, 7, 8), at=(3, 4, 5)) -> sitk.Image:
    voxels = np.zeros(shape, np.int16)
    voxels[at] = 300
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing((0.5, 0.6, 2.0))
    image.SetOrigin((10, -20, 30))
    image.SetDirection((0.8, 0, 0.6, 0.6, 0, -0.8, 0, 1, 0))
    return image


def lit_mm(image) -> np.ndarray:
    weight = image.voxels.astype(float)
    return image.grid.to_mm(np.average(np.argwhere(weight > 0), axis=0, weights=weight[weight > 0]))


@pytest.mark.parametrize("name", ["a.nhdr", "a.mhd", "a.nrrd", "a.mha"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_lit_voxel_comes_out_at_its_millimetres(tmp_path, name, compressed):
    volume = lit_volume()
    sitk.WriteImage(volume, str(tmp_path / name), useCompression=compressed)
    image = read_image(tmp_path / name)
    np.testing.assert_allclose(lit_mm(image), volume.TransformIndexToPhysicalPoint((5, 4, 3)), atol=1e-9)
    assert image.voxels.dtype == np.int16
    assert image.source.warnings == ()


def test_voxels_outlive_the_image_they_came_from(tmp_path):
    sitk.WriteImage(lit_volume(), str(tmp_path / "a.nrrd"))
    voxels = read_image(tmp_path / "a.nrrd").voxels
    others = [read_image(tmp_path / "a.nrrd").voxels for _ in range(20)]
    assert all(np.array_equal(voxels, other) for other in others)
    assert voxels[3, 4, 5] == 300
    assert voxels.sum() == 300
    assert not voxels.flags.writeable


@pytest.mark.parametrize(("name", "data"), [("a.nhdr", "a.raw"), ("a.mhd", "a.raw")])
def test_a_header_without_its_voxels_names_them(tmp_path, name, data):
    sitk.WriteImage(lit_volume(), str(tmp_path / name))
    (tmp_path / data).unlink()
    with pytest.raises(ImageReadError, match=r"a\.raw, which is not there") as caught:
        read_image(tmp_path / name)
    assert "a.raw" in caught.value.hint


@pytest.mark.parametrize("name", ["a.nhdr", "a.mhd"])
def test_a_truncated_data_file_is_refused(tmp_path, name):
    sitk.WriteImage(lit_volume(), str(tmp_path / name))
    data = tmp_path / "a.raw"
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(ImageReadError, match=name):
        read_image(tmp_path / name)


@pytest.mark.parametrize("name", ["Röntgen.nhdr", "Röntgen.mhd"])
def test_data_files_may_have_any_letters_in_their_names(tmp_path, name):
    sitk.WriteImage(lit_volume(), str(tmp_path / name))
    assert read_image(tmp_path / name).voxels[3, 4, 5] == 300


@pytest.mark.parametrize("endian", ["big", "little"])
def test_byte_orders_are_understood(tmp_path, endian):
    voxels = np.arange(24, dtype=np.int16).reshape(4, 3, 2) * 100
    header = f"NRRD0004\ntype: int16\ndimension: 3\nsizes: 2 3 4\nspacings: 1 1 1\nendian: {endian}\nencoding: raw\n\n"
    raw = voxels.astype(">i2" if endian == "big" else "<i2").tobytes()
    (tmp_path / "a.nrrd").write_bytes(header.encode() + raw)
    np.testing.assert_array_equal(read_image(tmp_path / "a.nrrd").voxels, voxels)


@pytest.mark.parametrize(
    "shear", ["(1,0,0) (0.3,1,0) (0,0,2)", "(1,0,0) (0,1,0) (0.5,0.4,2)", "(0,1,0) (1,0.2,0.1) (0,0,-2)"]
)
def test_slanted_axes_are_resampled_to_right_angles(tmp_path, shear):
    voxels = np.zeros((6, 7, 8), np.float32)
    voxels[3, 4, 5] = 300
    header = (
        f"NRRD0004\ntype: float\ndimension: 3\nsizes: 8 7 6\nspace: LPS\nspace directions: {shear}\n"
        "space origin: (5,6,7)\nendian: little\nencoding: raw\n\n"
    )
    (tmp_path / "a.nrrd").write_bytes(header.encode() + voxels.tobytes())
    columns = np.array([[float(part) for part in word.strip("()").split(",")] for word in shear.split()])
    image = read_image(tmp_path / "a.nrrd")
    np.testing.assert_allclose(lit_mm(image), [5, 6, 7] + np.array([5, 4, 3]) @ columns, atol=1e-4)
    assert image.voxels.sum() == pytest.approx(300, rel=1e-4)
    axes = image.grid.mm_from_index[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag(image.grid.spacing_mm**2), atol=1e-9)
    assert any("right angles" in warning for warning in image.source.warnings)


def test_a_slant_without_end_is_refused(tmp_path):
    header = (
        "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 8 7 6\nspace: LPS\n"
        "space directions: (1,0,0) (0,1,0) (900,0,1)\nencoding: raw\n\n"
    )
    (tmp_path / "a.nrrd").write_bytes(header.encode() + bytes(336))
    with pytest.raises(ImageReadError, match="slanted so much"):
        read_image(tmp_path / "a.nrrd")


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_a_volume_too_large_for_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch, name):
    sitk.WriteImage(lit_volume((100, 100, 100)), str(tmp_path / name))
    monkeypatch.setattr(memory, "available_bytes", lambda: 1_500_000)
    with pytest.raises(ImageReadError, match=r"a\.\w+ needs 2\.0 MB of memory, but only 1\.5 MB is available"):
        read_image(tmp_path / name)


# --- units, spaces, several volumes -----------------------------------------------------------------------------------------

FIELDS = "space: LPS\nspace directions: (0.5,0,0) (0,0.6,0) (0,0,2)\nspace origin: (10,20,30)\n"
PX = (1, 1, 2)
"""Column, row and slice of the lit voxel below."""


def small() -> np.ndarray:
    voxels = np.zeros((4, 3, 2), np.int16)
    voxels[PX[::-1]] = 300
    return voxels


def write_nrrd(path: Path, fields: str, data: bytes | None = None, sizes: str = "2 3 4") -> Path:
    head = f"NRRD0005\ntype: int16\ndimension: {len(sizes.split())}\nsizes: {sizes}\n{fields}endian: little\n"
    if "encoding" not in fields:
        head += "encoding: raw\n"
    path.write_bytes(f"{head}\n".encode() + (small().tobytes() if data is None else data))
    return path


def write_meta(path: Path, fields: str, data: bytes | None = None) -> Path:
    head = "ObjectType = Image\nNDims = 3\nDimSize = 2 3 4\nElementSpacing = 0.5 0.6 2\nOffset = 10 20 30\nBinaryData = True\n"
    tail = "ElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    path.write_bytes((head + fields + tail).encode() + (small().tobytes() if data is None else data))
    return path


@pytest.mark.parametrize(
    ("unit", "factor"), [("um", 1e-3), ("µm", 1e-3), ("microns", 1e-3), ("cm", 10), ("mm", 1), ("", 1), ("ells", 1)]
)
@pytest.mark.parametrize("key", ["space units", "units", "DistanceUnits"])
def test_units_become_millimetres(tmp_path, unit, factor, key):
    if key == "DistanceUnits":
        path = write_meta(tmp_path / "a.mha", f"DistanceUnits = {unit}\n" if unit else "")
    else:
        said = f'{key}: "{unit}" "{unit}" "{unit}"\n'
        where = (
            FIELDS if key == "space units" else "spacings: 0.5 0.6 2\naxis mins: 10 20 30\ncenters: node node node\n"
        )
        path = write_nrrd(tmp_path / "a.nrrd", where + said)
    image = read_image(path)
    np.testing.assert_allclose(lit_mm(image), np.array([10.5, 20.6, 34]) * factor, rtol=1e-9)
    said_so = [warning for warning in image.source.warnings if "measures in" in warning]
    assert bool(said_so) == (unit not in ("mm", ""))
    assert all(("taken as mm" in warning) == (unit == "ells") for warning in said_so)


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (1, 1, 1)),
        ("LPS", (1, 1, 1)),
        ("right-anterior-superior", (-1, -1, 1)),
        ("RAS", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
    ],
)
def test_every_patient_space_comes_out_as_lps(tmp_path, space, signs):
    image = read_image(write_nrrd(tmp_path / "a.nrrd", FIELDS.replace("LPS", space)))
    np.testing.assert_allclose(lit_mm(image), np.array([10.5, 20.6, 34]) * signs)
    assert image.source.warnings == ()


@pytest.mark.parametrize("space", ["space: scanner-xyz", "space: 3D-left-handed", "space dimension: 3"])
def test_a_space_that_is_not_the_patients_is_said(tmp_path, space):
    image = read_image(write_nrrd(tmp_path / "a.nrrd", FIELDS.replace("space: LPS", space)))
    assert any("left and right are not certain" in warning for warning in image.source.warnings)


@pytest.mark.parametrize("first", [True, False])
def test_of_a_list_of_volumes_the_first_is_read_and_it_is_said(tmp_path, first):
    volumes = np.stack([small(), small() * 2], axis=-1 if first else 0)
    directions, kinds = "(0.5,0,0) (0,0.6,0) (0,0,2)", "domain domain domain"
    fields = "space: LPS\nspace origin: (10,20,30)\n"
    if first:
        fields += f"space directions: none {directions}\nkinds: list {kinds}\n"
    else:
        fields += f"space directions: {directions} none\nkinds: {kinds} list\n"
    path = write_nrrd(tmp_path / "a.nrrd", fields, volumes.tobytes(), "2 2 3 4" if first else "2 3 4 2")
    image = read_image(path)
    np.testing.assert_array_equal(image.voxels, small())
    np.testing.assert_allclose(lit_mm(image), [10.5, 20.6, 34])
    assert image.source.warnings == ("The file holds 2 volumes; only the first was read.",)


@pytest.mark.parametrize("encoding", ["ascii", "hex"])
def test_voxels_in_words_are_understood(tmp_path, encoding):
    data = " ".join(map(str, small().ravel())) if encoding == "ascii" else small().tobytes().hex()
    image = read_image(write_nrrd(tmp_path / "a.nrrd", f"{FIELDS}encoding: {encoding}\n", data.encode()))
    np.testing.assert_array_equal(image.voxels, small())


@pytest.mark.parametrize(
    ("skip", "before"), [("byte skip: 7", b"1234567"), ("byte skip: -1", b"123"), ("line skip: 2", b"a\nb\n")]
)
def test_what_stands_before_the_voxels_is_skipped(tmp_path, skip, before):
    image = read_image(write_nrrd(tmp_path / "a.nrrd", f"{FIELDS}{skip}\n", before + small().tobytes()))
    np.testing.assert_array_equal(image.voxels, small())


def test_a_partly_unknown_voxel_size_is_unknown(tmp_path):
    image = read_image(write_nrrd(tmp_path / "a.nrrd", "spacings: nan 0.6 2\n"))
    assert not image.source.spacing_known
    np.testing.assert_array_equal(image.grid.spacing_mm, [1, 1, 1])


# --- MetaImage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])
def test_meta_images_have_a_byte_order_too(tmp_path, key):
    image = read_image(write_meta(tmp_path / "a.mha", f"{key} = True\n", small().astype(">i2").tobytes()))
    np.testing.assert_array_equal(image.voxels, small())


@pytest.mark.parametrize("key", ["TransformMatrix", "Rotation", "Orientation"])
def test_the_rows_of_a_transform_matrix_are_the_axes(tmp_path, key):
    image = read_image(write_meta(tmp_path / "a.mha", f"{key} = 0 1 0 -1 0 0 0 0 1\nAnatomicalOrientation = LPI\n"))
    np.testing.assert_allclose(lit_mm(image), [10 - 0.6, 20 + 0.5, 34])


@pytest.mark.parametrize("order", [("Spacing", "Size"), ("Size", "Spacing")])
def test_the_spacing_counts_and_not_the_size_of_the_elements(tmp_path, order):
    sizes = {"Spacing": "0.5 0.6 2", "Size": "9 9 9"}
    path = write_meta(tmp_path / "a.mha", "")
    lines = "".join(f"Element{key} = {sizes[key]}\n" for key in order)
    path.write_bytes(path.read_bytes().replace(b"ElementSpacing = 0.5 0.6 2\n", lines.encode()))
    np.testing.assert_allclose(read_image(path).grid.spacing_mm, [2, 0.6, 0.5])


@pytest.mark.parametrize("name", ["a.mha", "a.mhd"])
@pytest.mark.parametrize("place", [0.5, 0.999])
def test_damaged_compressed_voxels_are_refused(tmp_path, name, place):
    voxels = np.random.default_rng(0).integers(0, 1000, (10, 20, 30)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(tmp_path / name), useCompression=True)
    np.testing.assert_array_equal(read_image(tmp_path / name).voxels, voxels)
    stored = tmp_path / name.replace(".mhd", ".zraw")
    data = bytearray(stored.read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    stored.write_bytes(data)
    with pytest.raises(ImageReadError, match=f"compressed voxels of {name} are damaged"):
        read_image(tmp_path / name)


def test_compressed_voxels_of_untold_length_are_refused(tmp_path):
    zipped = zlib.compress(small().tobytes())
    length = f"CompressedDataSize = {len(zipped)}\n"
    path = write_meta(tmp_path / "a.mha", f"CompressedData = True\n{length}", zipped)
    np.testing.assert_array_equal(read_image(path).voxels, small())
    write_meta(path, "CompressedData = True\n", zipped)
    with pytest.raises(ImageReadError, match="CompressedDataSize"):
        read_image(path)


@pytest.mark.parametrize(("good", "bad"), [("NDims = 3", "NDims =-3"), ("NDims = 3", "NDims = 4"), ("2 3 4", "2 3 0")])
def test_axes_that_cannot_be_are_refused_before_simpleitk_stumbles_over_them(tmp_path, good, bad):
    path = write_meta(tmp_path / "a.mha", "")
    path.write_bytes(path.read_bytes().replace(good.encode(), bad.encode()))
    with pytest.raises(ImageReadError, match=r"header of a\.mha is damaged"):
        read_image(path)


def test_compressed_voxels_in_several_files_are_refused(tmp_path):
    path = write_meta(tmp_path / "a.mhd", "CompressedData = True\n")
    path.write_bytes(path.read_bytes().replace(b"LOCAL", b"a%d.zraw 0 3 1"))
    with pytest.raises(ImageReadError, match="several files"):
        read_image(path)


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


def test_axes_without_volume_are_refused(tmp_path):
    flat = nrrd(tmp_path / "a.nrrd", "space: LPS", "space directions: (1,0,0) (1,0,0) (0,0,1)")
    refused(flat, "right angles")
