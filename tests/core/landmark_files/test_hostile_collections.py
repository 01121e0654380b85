"""Damaged files of many cases, of every format that is read: read, or refused in a sentence with a hint; never anything else."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseImage
from core.landmark_files.collection_file import write_collection
from core.landmark_files.collection_formats import READABLE_KEYS, collection_format
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import suffix_of
from core.landmark_files.text_file import LARGEST_COLLECTION_BYTES
from tests.support.collection_fixtures import (
    NAMES,
    flat_cases,
    full_cases,
    images_of,
    read_collection,
    refused_collection,
    volume_cases,
)
from tests.support.landmark_fixtures import in_one_folder

PIECES = [*',;:"#=<>&[{]}\n\r\0-0é', "", "9" * 400, "1e999", "nan", "null", "NaN", "LM=", "<!DOCTYPE a>", "&x;", "true"]
damages = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.text(max_size=3)),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module", params=READABLE_KEYS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The key of a format and a file or folder of it that is whole."""
    form = collection_format(request.param)
    cases = full_cases() if form.needs_every_point else flat_cases() if 2 in form.ndims else volume_cases()
    path = tmp_path_factory.mktemp("whole") / ("whole" if form.is_folder else f"whole{form.suffix}")
    write_collection(cases, path, form.key)
    assert read_collection(path, images_of(cases), names=NAMES).cases
    return form.key, path


@in_one_folder
@given(damage=damages, cut=st.floats(0.3, 1.5), which=st.integers(0, 5), named=st.booleans())
def test_a_damaged_file_is_read_or_refused_in_a_sentence(tmp_path: Path, whole, damage, cut, which, named) -> None:
    key, original = whole
    path = tmp_path / original.name
    if original.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(original, path)
        files = sorted(path.iterdir())
        damaged = files[which % len(files)]
    else:
        shutil.copy(original, path)
        damaged = path
    content = damaged.read_bytes()
    text = content.decode()[: round(len(content) * cut)]
    for place, length, piece in damage:
        at = round(place * len(text))
        text = text[:at] + piece + text[at + length :]
    damaged.write_bytes(text.encode("utf-8", "surrogatepass"))
    form = collection_format(key)
    cases = full_cases() if form.needs_every_point else flat_cases() if 2 in form.ndims else volume_cases()
    if suffix_of(damaged) is not None:
        _opened_alone(damaged, images_of(cases) if named else [])
    read, refusal = None, None
    try:
        read = read_collection(path, images_of(cases), names=NAMES if named else None, key=key)
    except LandmarkFileError as error:
        refusal = error
    if read is None:
        assert refusal.message.endswith(".")
        assert refusal.hint
    else:
        assert all(case.landmarks.ndim == case.image.ndim for case in read.cases)


def _opened_alone(path: Path, images: list[CaseImage]) -> None:
    """Open a file of the folder, or the file itself, as one of a single image."""
    refusal = None
    try:
        read_landmark_file(path, image=images[0].without_pixels if images else None)
    except LandmarkFileError as error:
        refusal = error
    assert refusal is None or refusal.hint


@pytest.mark.parametrize("name", ["huge.tps", "huge.json", "huge.xml"])
def test_a_file_too_large_to_hold_landmarks_is_not_even_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.truncate(LARGEST_COLLECTION_BYTES + 1)  # a hole, not 256 MiB of disk
    refused_collection(path, images_of(flat_cases()), name, "too large")


@pytest.mark.parametrize("key", ["tps", "coco", "cvat", "nnlandmark"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / f"binary{collection_format(key).suffix}"
    path.write_bytes(b"\xff\xfe\x00LM=1")
    refused_collection(path, images_of(flat_cases()), path.name, "UTF-8", key=key)
    path.write_bytes(b" \n")
    refused_collection(path, images_of(flat_cases()), path.name, "empty", key=key)
