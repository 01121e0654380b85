"""Damaged landmark files of every format: read, or refused in a sentence with a hint; never anything else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import LandmarkFileError
from core.landmark_files.file import read_landmark_file, write_landmarks
from core.landmark_files.formats import FORMATS
from core.values.landmarks import Landmarks, Status
from tests.support.landmark_fixtures import FLAT, UNSCALED, in_one_folder

WHOLE = Landmarks(
    ("sella", "nasion, soft", "lost"),
    [[1, 2], [0.25, 3], [np.nan] * 2],
    [0.9, np.nan, 0.1],
    [0.4, np.nan, np.nan],
    [1.2, np.nan, np.nan],
    (Status.PREDICTED, Status.PLACED, Status.ABSENT),
)
ONLY_READ = {".txt": "10,5\n3,4\n1,2\n1\n2\n", ".tsv": "label\tl\tp\ts\na\t1\t2\t0\nb\t\t\t\n"}
SUFFIXES = [form.suffixes[0] for form in FORMATS if form.write is not None] + list(ONLY_READ)


@pytest.fixture(scope="module", params=SUFFIXES)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """The suffix of a format and a file of it that is whole."""
    path = tmp_path_factory.mktemp("whole") / f"whole{request.param}"
    if request.param in ONLY_READ:
        path.write_text(ONLY_READ[request.param], encoding="utf-8")
    else:
        write_landmarks(WHOLE, path, image=FLAT, model="a model")
    assert len(read_landmark_file(path, image=FLAT, names=WHOLE.names if request.param == ".txt" else None).landmarks)
    return request.param, path.read_bytes()


PIECES = [*',;"#=\n\r\0[{-0é', "", "9" * 400, "1e999", "nan", "null", "mm", "px", "LM="]
damages = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.text(max_size=3)),
    min_size=1,
    max_size=4,
)


@in_one_folder
@given(damage=damages, cut=st.floats(0.3, 1.5), image=st.sampled_from([FLAT, UNSCALED, None]))
def test_a_damaged_file_is_read_or_refused_in_a_sentence(tmp_path: Path, whole, damage, cut, image) -> None:
    suffix, content = whole
    text = content.decode()[: round(len(content) * cut)]
    for place, length, piece in damage:
        at = round(place * len(text))
        text = text[:at] + piece + text[at + length :]
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    names = WHOLE.names if suffix == ".txt" else None
    file, refusal = None, None
    try:
        file = read_landmark_file(path, names=names, image=image, ndim=2)
    except LandmarkFileError as error:
        refusal = error
    if file is None:
        assert path.name in refusal.message
        assert refusal.hint
        return
    assert file.landmarks.ndim == 2
    if image is not None and file.template is not None:
        write_landmarks(file.landmarks, path, image=image, template=file.template)
        again = read_landmark_file(path, names=names, image=image)
        assert again.landmarks.names == file.landmarks.names
        np.testing.assert_allclose(again.landmarks.points_mm, file.landmarks.points_mm, rtol=1e-6, atol=0.0051)
