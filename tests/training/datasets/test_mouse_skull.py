"""The mouse skulls: the folder as it is given out, what is refused, and the real one where it is there."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError, LandmarkFileError
from core.images.file import read_image
from core.landmark_files.file import write_landmarks
from core.schemes.file import read_scheme
from core.values.landmarks import Landmarks
from tests.support.model_fixtures import write_tiny_image
from training.datasets.mouse_skull import SCHEME, read_mouse_skulls

NAMES = read_scheme(SCHEME).names
SPLITS = {"train": ["A_J", "B6"], "validation": ["C3H"], "test": ["DBA"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a data set of four tiny volumes whose landmarks can be told apart, listed in another order than ours."""
    for folder in ("volumes", "landmarks"):
        (tmp_path / folder).mkdir()
    for number, name in enumerate(name for names in SPLITS.values() for name in names):
        write_tiny_image(tmp_path / "volumes" / f"{name}.nii.gz", shape=(16, 16, 16), spacing_mm=0.141)
        points_mm = np.arange(135.0).reshape(45, 3) + 1000 * number
        landmarks = Landmarks(NAMES, points_mm).subset(sorted(NAMES))
        write_landmarks(landmarks, tmp_path / "landmarks" / f"{name}.mrk.json")
    (tmp_path / "split.json").write_text(json.dumps(SPLITS), encoding="utf-8")
    return tmp_path


def test_each_split_holds_its_cases_in_the_order_of_the_list(root: Path) -> None:
    train = read_mouse_skulls(root, "train")
    assert [case.name for case in train] == ["A_J", "B6"]
    assert [case.name for case in read_mouse_skulls(root, "validation")] == ["C3H"]
    (test,) = read_mouse_skulls(root, "test")
    assert test.image_path == root / "volumes" / "DBA.nii.gz"
    assert test.landmarks.names == NAMES
    np.testing.assert_array_equal(test.landmarks.points_mm, np.arange(135.0).reshape(45, 3) + 3000)


def test_an_unknown_split_is_refused_with_those_there_are(root: Path) -> None:
    with pytest.raises(ConfigError, match="no split 'dev'") as caught:
        read_mouse_skulls(root, "dev")  # type: ignore[arg-type]
    assert "validation" in caught.value.hint


@pytest.mark.parametrize("text", [None, "{", "[]", "3", '{"train": ["A_J"]}'])
def test_a_folder_without_a_proper_list_is_refused(root: Path, text: str | None) -> None:
    (root / "split.json").unlink()
    if text is not None:
        (root / "split.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="no mouse skull data set") as caught:
        read_mouse_skulls(root, "test")
    assert "split.json" in caught.value.hint


def test_a_missing_volume_is_named(root: Path) -> None:
    (root / "volumes" / "B6.nii.gz").unlink()
    with pytest.raises(ConfigError, match=r"B6\.nii\.gz is missing"):
        read_mouse_skulls(root, "train")


def test_missing_and_foreign_landmarks_are_refused(root: Path) -> None:
    write_landmarks(Landmarks(("nose",), [[1, 2, 3]]), root / "landmarks" / "A_J.mrk.json")
    with pytest.raises(LandmarkFileError, match="nose"):
        read_mouse_skulls(root, "train")
    (root / "landmarks" / "DBA.mrk.json").unlink()
    with pytest.raises(LandmarkFileError, match="no file"):
        read_mouse_skulls(root, "test")


@pytest.mark.realdata
def test_the_real_data_set_holds_24_animals_whose_landmarks_lie_in_their_volumes() -> None:
    data = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
    root = data / "mouse_ct"
    if not root.is_dir():
        pytest.skip(f"the data sets are not at {data}; set CAIRN_DATA")
    splits = [read_mouse_skulls(root, split) for split in ("train", "validation", "test")]
    assert [len(cases) for cases in splits] == [18, 2, 4]
    assert len({case.name for cases in splits for case in cases}) == 24
    assert all(case.landmarks.located.all() for cases in splits for case in cases)
    case = splits[1][0]
    assert read_image(case.image_path).grid.contains(case.landmarks.points_mm).all()
