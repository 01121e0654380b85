"""The C++ runner's own readers see what Cairn's see, and stay sound whatever is in a file. Needs no LibTorch.

What they must see is made from Cairn's readers: tests/support/image_vectors.py.
"""

import gzip
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.landmark_files.contract import Written
from core.landmark_files.csv import write_csv
from core.models.metadata import read_model_info
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Author, Landmarks, Status
from tests.support.cpp_builds import built, compiles
from tests.support.image_vectors import write_vectors
from tests.support.model_fixtures import make_tiny_info
from tests.support.volume_vectors import NRRD, PLACE, RAW, write_nifti, write_nrrd

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

QUICK = ("-DCAIRN_WITH_TORCH=OFF", "-DCAIRN_BUILD_CHECKS=ON", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-O1")
WITHOUT_ITK = "-DCMAKE_DISABLE_FIND_PACKAGE_ITK=ON"


@pytest.fixture(scope="session")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the checks without ITK, with the sanitizers where they work."""
    return build(tmp_path_factory.mktemp("readers"), WITHOUT_ITK)


@pytest.fixture(scope="session")
def itk_checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the checks with ITK; skip where it is missing."""
    program = build(tmp_path_factory.mktemp("itk-readers"))
    if "ITK_DIR:PATH=ITK_DIR-NOTFOUND" in program.with_name("CMakeCache.txt").read_text(encoding="utf-8"):
        pytest.skip("the readers that need ITK are not tested: its development files are missing")
    return program


def build(folder: Path, *options: str) -> Path:
    sanitizers = ("-fsanitize=address,undefined",)
    sanitize = "ON" if compiles(folder, os.environ.get("CXX", "c++"), *sanitizers) else "OFF"
    return built(folder, *QUICK, f"-DCAIRN_SANITIZE={sanitize}", *options) / "check_readers"


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the files to read, and the table of what Python makes of them."""
    return write_vectors(tmp_path_factory.mktemp("vectors"))


def run(checker: Path, *arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(checker), *map(str, arguments)]
    sanitizers = {"ASAN_OPTIONS": "allocator_may_return_null=1", "LSAN_OPTIONS": "print_suppressions=0"}
    return subprocess.run(
        command, input=text, capture_output=True, text=True, encoding="utf-8", env=os.environ | sanitizers, check=False
    )


def refusal_of(checker: Path, path: Path) -> str:
    """Return with which sentences a file is refused."""
    found = run(checker, "read", path)
    assert found.returncode == 2, found.stdout + found.stderr
    assert len(found.stderr.splitlines()) == 1
    return found.stderr.strip()


def test_images_are_read_and_refused_as_python_does(checker: Path, vectors: Path) -> None:
    found = run(checker, "vectors", vectors)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stderr == ""


@pytest.mark.slow
def test_with_itk_pictures_dicom_and_meta_images_are_too(itk_checker: Path, vectors: Path) -> None:
    found = run(itk_checker, "vectors", vectors)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_reader_that_differs_from_python_is_found_out(checker: Path, vectors: Path) -> None:
    table = json.loads(vectors.read_text(encoding="utf-8"))
    row = next(row for row in table["images"] if row["file"] == "both.nii")
    wrong_place, wrong_sentence = dict(row), dict(row, refusal="It is on fire.")
    wrong_place["mm_from_index"] = [[2 * step for step in row["mm_from_index"][0]], *row["mm_from_index"][1:]]
    wrong_map = dict(table["grids"][0], mm=[7.0, 7.0])
    changed = vectors.with_name("changed.json")
    changed.write_text(json.dumps({"images": [wrong_place, wrong_sentence], "grids": [wrong_map]}), encoding="utf-8")
    found = run(checker, "vectors", changed)
    assert found.returncode == 1
    assert found.stdout.splitlines() == ["both.nii: another grid", "both.nii: it was read", "grid 0: another map"]


@pytest.mark.slow
def test_damaged_files_that_itk_decodes_end_in_a_sentence(itk_checker: Path, vectors: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    for name in ("grey.png", "grey.jpg", "colour.tif", "grey.bmp", "film-pixel.dcm", "meta-placed.mha", "u2-0.mha"):
        whole = (vectors.parent / name).read_bytes()
        for number in range(12):
            data = bytearray(whole[: random.integers(1, len(whole))] if number % 3 == 0 else whole)
            for at in random.integers(0, min(len(data), 400), 3):
                data[at] = random.integers(0, 256)
            path = tmp_path / f"{number}-{name}"
            path.write_bytes(data)
            found = run(itk_checker, "read", path)
            assert found.returncode in (0, 2), f"{path}: {found.stderr}"
            if found.returncode == 2:
                assert path.name in found.stderr.splitlines()[-1]


def test_damaged_files_of_every_kind_are_survived(checker: Path, tmp_path: Path) -> None:
    nifti = write_nifti(tmp_path / "whole.nii")
    (tmp_path / "whole.gz").write_bytes(gzip.compress(nifti.read_bytes()))
    metadata = tmp_path / "whole.json"
    metadata.write_text(make_tiny_info().model_dump_json(indent=1), encoding="utf-8")
    files = [
        nifti,
        tmp_path / "whole.gz",
        write_nrrd(tmp_path / "raw.nrrd", *NRRD, "encoding: raw", "space: RAS", *PLACE),
        write_nrrd(tmp_path / "zipped.nrrd", *NRRD, "encoding: gzip", "spacings: 1 1 1", data=gzip.compress(RAW)),
        metadata,
    ]
    found = run(checker, "torture", tmp_path, *files)
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.splitlines()) == len(files)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 1_000_000,
        '{"schema_version": ' + "[" * 65 + "]" * 65 + "}",
        '{"name": "' + "a" * (17 << 20) + '"}',
        '{"schema_version": 1e999}',
        '{"name": "\\ud800"}',
        '{"name": "\x00"}',
        "NaN",
        "",
    ],
    ids=[
        "lists",
        "objects",
        "deep but whole",
        "long",
        "too large a number",
        "half a character",
        "zero",
        "NaN",
        "empty",
    ],
)
def test_hostile_metadata_is_refused(checker: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    assert "model.json holds no readable Cairn metadata." in refusal_of(checker, path)


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
    program = built(tmp_path, *QUICK, WITHOUT_ITK, "-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON") / "check_readers"
    assert run(program, "read", write_nifti(tmp_path / "plain.nii")).returncode == 0
    for path in (
        write_nifti(tmp_path / "zipped.nii.gz"),
        write_nrrd(tmp_path / "zipped.nrrd", *NRRD, "encoding: gzip", "spacings: 1 1 1", data=gzip.compress(RAW)),
    ):
        saying = f"{path.name} is compressed, and this cairn-run was built without zlib."
        assert refusal_of(program, path).startswith(saying)
