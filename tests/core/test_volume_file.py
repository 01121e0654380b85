"""NRRD and MetaImage: slanted and oblique axes, byte orders, data files beside the header and missing ones."""

import numpy as np
import pytest
import SimpleITK as sitk

from core import memory
from core.errors import ImageReadError
from core.image_io import read_image


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
    with pytest.raises(ImageReadError, match=r"a\.\w+ needs 2\.0 MB of memory, but only 1\.5 MB are available"):
        read_image(tmp_path / name)
