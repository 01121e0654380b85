"""The C++ runner's own readers see what Cairn's see, and stay sound whatever is in a file. Needs no LibTorch."""

import gzip
import os
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from core.base.errors import ImageReadError
from core.images.file import read_image
from core.landmark_files.contract import Written
from core.landmark_files.csv import write_csv
from core.models.metadata import read_model_info
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Author, Landmarks, Status
from tests.support.cpp_builds import built, compiles
from tests.support.model_fixtures import make_tiny_info

QUICK = ("-DCAIRN_WITH_TORCH=OFF", "-DCAIRN_BUILD_CHECKS=ON", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-O1")

VOXELS = (np.arange(3 * 4 * 5).reshape(3, 4, 5) * 7 % 50).astype("<i2")
RAW = VOXELS.tobytes()
NRRD = ("type: short", "dimension: 3", "sizes: 5 4 3", "endian: little")
PLACE = ("space directions: (0.5,0,0) (0,0,0.6) (0,-2,0)", "space origin: (1,2,3)")
META = ("ObjectType = Image", "NDims = 3", "BinaryData = True", "DimSize = 5 4 3", "ElementType = MET_SHORT")
SPACING = "ElementSpacing = 0.5 0.6 2"
TURNED = np.array([[0, 0, -1, 5], [0.6, 0.8, 0, 6], [-0.8, 0.6, 0, 7], [0, 0, 0, 1]]) @ np.diag([0.5, 0.6, 2, 1])
SHEARED = np.array([[0.5, 0.2, 0, 0], [0, 0.6, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])


@pytest.fixture(scope="session")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the checks, with the sanitizers where they work."""
    folder = tmp_path_factory.mktemp("readers")
    sanitizers = ("-fsanitize=address,undefined",)
    sanitize = "ON" if compiles(folder, os.environ.get("CXX", "c++"), *sanitizers) else "OFF"
    return built(folder, *QUICK, f"-DCAIRN_SANITIZE={sanitize}") / "check_readers"


def run(checker: Path, *arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(checker), *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)


def refusal_of(checker: Path, path: Path) -> str:
    """Return with which sentences a file is refused."""
    found = run(checker, "describe", path, path.with_suffix(".voxels"))
    assert found.returncode == 2, found.stdout + found.stderr
    return found.stderr.strip()


def assert_read_alike(checker: Path, path: Path) -> Image:
    """Check that the C++ reader and ours see the same image, and warn of the same."""
    voxels_path = path.with_name("voxels.bin")
    found = run(checker, "describe", path, voxels_path)
    assert found.returncode == 0, found.stderr
    lines = [line.split(" ", 1) for line in found.stdout.splitlines()]
    said = {key: value for key, value in lines if key != "warning"}
    image = read_image(path)
    shape = tuple(int(length) for length in said["shape"].split())
    assert shape == image.grid.shape
    matrix = np.array([float(number) for number in said["matrix"].split()]).reshape(image.ndim, -1)
    np.testing.assert_allclose(matrix, image.grid.mm_from_index[:-1], atol=1e-9)
    assert said["dtype"] == image.voxels.dtype.name
    np.testing.assert_array_equal(np.fromfile(voxels_path, said["dtype"]).reshape(shape), image.voxels)
    assert (said["spacing_known"] == "1") == image.source.spacing_known
    assert said["sha256"] == image.source.sha256
    assert tuple(value for key, value in lines if key == "warning") == image.source.warnings
    return image


def write_nrrd(path: Path, *lines: str, data: bytes = RAW) -> Path:
    path.write_bytes("\n".join(["NRRD0004", *lines, "", ""]).encode("latin-1") + data)
    return path


def write_meta(path: Path, *lines: str, data: bytes = RAW, where: str = "LOCAL") -> Path:
    path.write_bytes("\n".join([*lines, f"ElementDataFile = {where}", ""]).encode("latin-1") + data)
    return path


def write_nifti(
    path: Path, *, change: Callable[[nibabel.Nifti1Image], None] | None = None, patch: tuple[int, bytes] | None = None
) -> Path:
    image = nibabel.Nifti1Image(VOXELS.T, TURNED)
    if change is not None:
        change(image)
    nibabel.save(image, path)
    if patch is not None:
        data = path.read_bytes()
        path.write_bytes(data[: patch[0]] + patch[1] + data[patch[0] + len(patch[1]) :])
    return path


@pytest.mark.parametrize("suffix", [".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
def test_every_format_and_number_is_read_as_we_read_it(checker: Path, tmp_path: Path, suffix: str, dtype: str) -> None:
    for number, shape in enumerate([(3, 4, 5), (4, 5), (1, 4, 5), (3, 1, 5)]):
        image = sitk.GetImageFromArray((np.random.default_rng(number).random(shape) * 100).astype(dtype))
        image.SetSpacing([0.3, 0.5, 2.0][: len(shape)])
        image.SetOrigin([1.5, -20, 3][: len(shape)])
        image.SetDirection([0, 0.6, -0.8, 0, 0.8, 0.6, 1, 0, 0] if len(shape) == 3 else [0, -1, 1, 0])
        path = tmp_path / f"image{number}{suffix}"
        sitk.WriteImage(image, str(path), useCompression=number % 2 == 0)
        assert_read_alike(checker, path)


@pytest.mark.parametrize(
    "lines",
    [
        ("space: LPS", *PLACE),
        ("space: right-anterior-superior", *PLACE),
        ("space: LAS", *PLACE),
        ("space: scanner-xyz", *PLACE),
        ("space dimension: 3", *PLACE),
        ("space: RAS", "space directions: (0.5, 0, 0) (0, 0, 0.6)  (0, -2, 0)"),
        ("space: RAS", 'space units: "cm" "cm" "cm"', *PLACE),
        ("space: RAS", 'space units: "\xb5m" "\xb5m" "\xb5m"', "space directions: (500,0,0) (0,600,0) (0,0,2000)"),
        ("space: RAS", 'space units: "parsec" "mm" "mm"', *PLACE),
        ("# a comment: yes", "key:=value=odd", "content: x = y", "kinds: domain domain domain", "space: RAS", *PLACE),
        ("spacings: 0.5 0.6 2",),
        ("spacings: 0.5 0.6 nan",),
        (),
    ],
)
def test_geometry_of_nrrd(checker: Path, tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert_read_alike(checker, write_nrrd(tmp_path / "raw.nrrd", *NRRD, "encoding: raw", *lines))
    zipped = write_nrrd(tmp_path / "zipped.nrrd", *NRRD, "encoding: gzip", *lines, data=gzip.compress(RAW))
    assert_read_alike(checker, zipped)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (SPACING, "TransformMatrix = 0 1 0 -1 0 0 0 0 1", "Offset = 1 2 3", "AnatomicalOrientation = RAI"),
        (SPACING, "Rotation = 0 1 0 -1 0 0 0 0 1", "Position = 1 2 3"),
        ("ElementSize = 0.5 0.6 2",),
        (SPACING, "ElementByteOrderMSB = True"),
        (SPACING, "BinaryDataByteOrderMSB = True"),
        (SPACING, "DistanceUnits = cm"),
        (SPACING, "DistanceUnits = parsec"),
        (SPACING, "ElementToIntensityFunctionSlope = 2", "HeaderSize = 0"),
    ],
)
def test_geometry_of_meta_images(checker: Path, tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert_read_alike(checker, write_meta(tmp_path / "raw.mha", *META, *lines))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: None,
        lambda image: image.set_sform(None, 0),
        lambda image: image.set_qform(None, 0),
        lambda image: (image.set_sform(None, 0), image.set_qform(None, 0)),
        lambda image: (image.set_qform(TURNED @ np.diag([-1, 1, 1, 1]), 1), image.set_sform(None, 0)),
        lambda image: image.set_qform(np.diag([0.5, 0.6, 2, 1]), 1),
        lambda image: (image.set_qform(np.diag([0.5, 0.6, 2, 1]), 1), image.set_sform(SHEARED, 1)),
        lambda image: (image.set_qform(None, 0), image.set_sform(np.eye(4), 1)),
        lambda image: image.header.set_xyzt_units("micron"),
        lambda image: image.header.set_xyzt_units("unknown"),
    ],
)
def test_geometry_of_nifti(checker: Path, tmp_path: Path, change: Callable[[nibabel.Nifti1Image], None]) -> None:
    assert_read_alike(checker, write_nifti(tmp_path / "a.nii", change=change))
    assert_read_alike(checker, write_nifti(tmp_path / "b.nii.gz", change=change))


@pytest.mark.parametrize(
    "patch",
    [
        (112, struct.pack("<2f", 1.7, -3.3)),
        (112, struct.pack("<2f", float("nan"), 0)),
        (112, struct.pack("<2f", 0, 7)),
        (108, struct.pack("<f", float("nan"))),
        (40, struct.pack("<8h", 5, 5, 4, 3, 1, 1, 1, 1)),
        (40, struct.pack("<8h", 2, 5, 12, 1, 1, 1, 1, 1)),
    ],
    ids=["scaled", "no scale", "scale of 0", "no offset", "axes of one", "2D"],
)
def test_odd_headers_of_nifti(checker: Path, tmp_path: Path, patch: tuple[int, bytes]) -> None:
    assert_read_alike(checker, write_nifti(tmp_path / "a.nii", patch=patch))


def test_big_endian_files_are_turned_round(checker: Path, tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    nibabel.save(nibabel.Nifti1Image(VOXELS.T.astype(">i2"), TURNED, header), tmp_path / "big.nii")
    image = assert_read_alike(checker, tmp_path / "big.nii")
    np.testing.assert_array_equal(image.voxels, VOXELS)
    big = ("type: short", "dimension: 3", "sizes: 5 4 3", "endian: big", "encoding: raw", "spacings: 1 1 1")
    assert_read_alike(checker, write_nrrd(tmp_path / "big.nrrd", *big, data=VOXELS.astype(">i2").tobytes()))


def test_a_zipped_file_may_have_several_parts_and_zeros_after_them(checker: Path, tmp_path: Path) -> None:
    data = write_nifti(tmp_path / "a.nii").read_bytes()
    (tmp_path / "parts.nii.gz").write_bytes(gzip.compress(data[:200]) + gzip.compress(data[200:]) + b"\0" * 100)
    assert_read_alike(checker, tmp_path / "parts.nii.gz")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_nrrd(path, *NRRD, "encoding: raw", "spacings: 0.5 0.6 -2"),
        lambda path: write_nrrd(path, *NRRD, "encoding: raw", "space: RAS", "space directions: (1e-9,0,0) (0,1,0) (0,0,1)"),
        lambda path: write_meta(path, *META, "ElementSpacing = 0.5 -0.6 2"),
        lambda path: write_meta(path, *META[:3], "DimSize = 5 0 3", META[4], SPACING),
        lambda path: write_meta(path, *META[:3], "DimSize = 5 4", META[4], SPACING),
        lambda path: write_meta(path, *META, SPACING, where="missing.raw"),
        lambda path: write_meta(path, *META, SPACING, "CompressedData = True", data=zlib.compress(RAW)),
        lambda path: write_meta(
            path, *META, SPACING, "CompressedData = True", "CompressedDataSize = 20", data=zlib.compress(RAW)
        ),
        lambda path: write_nifti(path, patch=(40, struct.pack("<2h", 3, -5))),
        lambda path: write_nifti(path, patch=(40, struct.pack("<2h", 3, 32000))),
        lambda path: write_nifti(path, patch=(80, struct.pack("<f", 0))),
        lambda path: write_nifti(path, patch=(280, struct.pack("<f", float("nan")))),
        lambda path: write_nifti(path, patch=(108, struct.pack("<f", 1e20))),
        lambda path: write_nifti(path, patch=(70, struct.pack("<h", 32))),
        lambda path: write_nifti(path, patch=(70, struct.pack("<h", 1536))),
        lambda path: path.write_bytes(b""),
    ],
)  # fmt: skip
def test_what_we_refuse_is_refused_in_our_words(checker: Path, tmp_path: Path, write: Callable[[Path], object]) -> None:
    path = tmp_path / "image.nii"  # whatever it is: content counts, not the name
    write(path)
    with pytest.raises(ImageReadError) as refused:
        read_image(path)
    assert refusal_of(checker, path) == str(refused.value)


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda path: path.write_text("hello"), "is not an image that cairn-run can read"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: bzip2", "spacings: 1 1 1"), "in an encoding"),
        (lambda path: write_nrrd(path, *NRRD[:2], "sizes: 500000000 500000000 500000000", NRRD[3], "encoding: raw"),
         "is incomplete"),
        (lambda path: write_nrrd(path, *NRRD[:2], "sizes: 99999999999999999999 4 3", NRRD[3], "encoding: raw"),
         "header of image.nrrd is damaged"),
        (lambda path: write_nrrd(path, NRRD[0], "dimension: 4", "sizes: 5 4 3 1", NRRD[3], "encoding: raw"), "has 4 axes"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: raw", "kinds: RGB-color domain domain"), "several values per voxel"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: raw", "spacings: 1 1 1", "byte skip: -1"), "do not begin"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: raw", "spacings: 1 1 1", data=RAW[:-1]), "is incomplete"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: gzip", "spacings: 1 1 1", data=gzip.compress(RAW)[:-9]),
         "is incomplete"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: gzip", "spacings: 1 1 1",
                                 data=gzip.compress(RAW)[:-8] + bytes(8)), "is incomplete"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: raw", "space: RAS",
                                 "space directions: (0.5,0,0) (0.2,0.6,0) (0,0,2)"), "not at right angles"),
        (lambda path: write_nrrd(path, *NRRD, "encoding: raw", "space: RAS",
                                 "space directions: (0.5,0,0) (0.5,0,0) (0,0,2)"), "two of them are the same"),
        (lambda path: write_meta(path, *META, SPACING, "ElementNumberOfChannels = 3"), "several values per pixel"),
        (lambda path: write_meta(path, *META, SPACING, where="LIST"), "over several files"),
        (lambda path: write_meta(path, *META, SPACING, data=RAW[:-1]), "is incomplete"),
        (lambda path: write_nifti(path, change=lambda image: (image.set_qform(None, 0), image.set_sform(SHEARED, 1))),
         "not at right angles"),
        (lambda path: write_nifti(path, patch=(40, struct.pack("<5h", 4, 5, 4, 1, 3))), "several volumes"),
        (lambda path: write_nifti(path, patch=(70, struct.pack("<h", 128))), "is a colour image"),
        (lambda path: write_nifti(path, patch=(344, b"ni1\0")), "is only a header"),
    ],
)  # fmt: skip
def test_what_cairn_run_alone_refuses_is_said_plainly(
    checker: Path, tmp_path: Path, write: Callable[[Path], object], why: str
) -> None:
    made = tmp_path / "image.nii"
    write(made)
    path = made.rename(tmp_path / "image.nrrd")
    message = refusal_of(checker, path)
    assert why in message
    assert "image.nrrd" in message
    assert message.endswith(".")


def test_damaged_files_of_every_kind_are_survived(checker: Path, tmp_path: Path) -> None:
    nifti = write_nifti(tmp_path / "whole.nii")
    (tmp_path / "whole.gz").write_bytes(gzip.compress(nifti.read_bytes()))
    zipped = zlib.compress(RAW)
    compressed = (SPACING, "CompressedData = True", f"CompressedDataSize = {len(zipped)}")
    metadata = tmp_path / "whole.json"
    metadata.write_text(make_tiny_info().model_dump_json(indent=1), encoding="utf-8")
    files = [
        nifti,
        tmp_path / "whole.gz",
        write_nrrd(tmp_path / "raw.nrrd", *NRRD, "encoding: raw", "space: RAS", *PLACE),
        write_nrrd(tmp_path / "zipped.nrrd", *NRRD, "encoding: gzip", "spacings: 1 1 1", data=gzip.compress(RAW)),
        write_meta(tmp_path / "raw.mha", *META, SPACING, "TransformMatrix = 0 1 0 -1 0 0 0 0 1"),
        write_meta(tmp_path / "zipped.mha", *META, *compressed, data=zipped),
        metadata,
    ]
    found = run(checker, "torture", tmp_path, *files)
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.splitlines()) == len(files)


def test_the_metadata_of_the_bundled_models_is_accepted(checker: Path, tmp_path: Path) -> None:
    for model in sorted((Path(__file__).parents[2] / "assets" / "models").glob("*.pt")):
        path = tmp_path / f"{model.stem}.json"
        path.write_text(read_model_info(model).model_dump_json(), encoding="utf-8")
        found = run(checker, "torture", tmp_path, path)  # which asks first whether the file is accepted as it is
        assert found.returncode == 0, found.stderr


def test_tables_are_the_same_to_the_letter(checker: Path) -> None:
    names = ("plain", "with, comma", 'with "quotes"', "über", "absent")
    grid = Grid.from_spacing((20, 30, 40), (0.1, 0.25, 1 / 3))
    points_mm = np.array([[row / 3, 1e-7 * row, 12345678.9] for row in range(len(names))])
    points_mm[-1] = np.nan
    status = (*(Status.PREDICTED for _ in names[1:]), Status.ABSENT)
    half, sixteenth, unknown = np.full(5, 0.5), np.full(5, 0.0625), np.full(5, np.nan)
    landmarks = Landmarks(names, points_mm, half, sixteenth, unknown, status, (Author.MODEL,) * 5)
    odd_name = "two\u3000 blanks\tand\na\u2028line.nii"
    image = Image(np.zeros(grid.shape, np.uint8), grid, ImageSource(Path(odd_name), "abc"))
    found = run(checker, "table", odd_name, *names).stdout
    assert found.encode() == write_csv(landmarks, Written(image, "a \t model")).replace("\r\n", "\n").encode()


def test_numbers_are_written_as_python_writes_them(checker: Path) -> None:
    random = np.random.default_rng(5)
    numbers = [0.0, -0.0, 1.0, -2.5, 1e16, 123456789012345680.0, 1e-4, 1.5e-5, 5e-324, 1.7976931348623157e308, 0.0005]
    numbers += (random.normal(size=300) * 10.0 ** random.integers(-20, 20, 300)).tolist()
    found = run(checker, "numbers", text="\n".join(map(repr, numbers)))
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines() == [f"{number!r} {number:.3f}" for number in numbers]


@pytest.mark.slow
def test_without_zlib_only_compressed_images_are_refused(tmp_path: Path) -> None:
    program = built(tmp_path, *QUICK, "-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON") / "check_readers"
    assert_read_alike(program, write_nifti(tmp_path / "plain.nii"))
    zipped = zlib.compress(RAW)
    compressed = (SPACING, "CompressedData = True", f"CompressedDataSize = {len(zipped)}")
    for path in (
        write_nifti(tmp_path / "zipped.nii.gz"),
        write_nrrd(tmp_path / "zipped.nrrd", *NRRD, "encoding: gzip", "spacings: 1 1 1", data=gzip.compress(RAW)),
        write_meta(tmp_path / "zipped.mha", *META, *compressed, data=zipped),
    ):
        saying = f"{path.name} is compressed, and this cairn-run was built without zlib."
        assert refusal_of(program, path).startswith(saying)
