"""The challenge's data set: a made-up copy of its folders, and the real one where it is there."""

from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError, LandmarkFileError
from core.learning.cases import read_case_image
from training.datasets.cephalometric import read_cephalometric
from training.datasets.reading import DataKind, default_root, read_cases, usual_root
from training.evaluation.evaluation import observer_errors_mm
from training.evaluation.metrics import summarize


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folders of images 141 to 150, as the challenge names them; empty images, since nobody opens them here."""
    images = tmp_path / "RawImage" / "TrainingData"
    images.mkdir(parents=True)
    for number in range(141, 151):
        (images / f"{number}.jpg").touch()
        for observer, shift in (("400_senior", 0), ("400_junior", 4)):
            (tmp_path / observer).mkdir(exist_ok=True)
            lines = [f"{10 * row + shift},{number}" for row in range(19)]
            (tmp_path / observer / f"{number}.txt").write_text("\n".join([*lines, "1", "2"]))
    return tmp_path


def test_truth_is_the_mean_of_both_observers_in_mm(folder: Path) -> None:
    cases = read_cephalometric(folder, "validation")
    assert [case.name for case in cases] == [str(number) for number in range(141, 151)]
    case = cases[1]
    np.testing.assert_allclose(case.landmarks.points_mm[3], (3.2, 14.2))
    np.testing.assert_allclose(case.observers[0].points_mm[3], (3.0, 14.2))
    np.testing.assert_allclose(case.observers[1].points_mm[3], (3.4, 14.2))
    np.testing.assert_allclose(observer_errors_mm(case), 0.4)


def test_a_subset_of_the_landmarks_can_be_read(folder: Path) -> None:
    case = read_cases("cephalometric", folder, "validation", ("Nasion", "Sella"))[0]
    assert case.landmarks.names == case.observers[1].names == ("Nasion", "Sella")
    np.testing.assert_allclose(case.landmarks.point_mm("Nasion"), (1.2, 14.1))
    with pytest.raises(ConfigError, match="no landmark Toe"):
        read_cases("cephalometric", folder, "validation", ("Sella", "Toe"))


@pytest.mark.parametrize("missing", ["RawImage/TrainingData/145.jpg", "400_senior/145.txt", "400_junior/145.txt"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ConfigError, match=f"{missing} is missing"):
        read_cephalometric(folder, "validation")


def test_a_damaged_annotation_is_named(folder: Path) -> None:
    (folder / "400_junior" / "148.txt").write_text("12,x\n")
    with pytest.raises(LandmarkFileError, match=r"148\.txt"):
        read_cephalometric(folder, "validation")


def test_a_missing_folder_and_an_unknown_split_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no cephalometric data set"):
        read_cephalometric(folder / "elsewhere", "train")
    with pytest.raises(ConfigError, match="no split 'test2'"):
        read_cephalometric(folder, "test2")  # type: ignore[arg-type]


def test_the_data_sets_are_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_DATA", str(tmp_path))
    assert default_root("cephalometric") == tmp_path / "cephalometric"
    assert default_root("list") is None


@pytest.mark.parametrize("kind", ["cephalometric", "mouse-skull", "list"])
def test_without_it_nothing_is_guessed_from_where_the_code_lies(
    kind: DataKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAIRN_DATA", raising=False)
    assert default_root(kind) is None
    assert usual_root(kind, tmp_path) == tmp_path
    with pytest.raises(ConfigError, match="Nothing says where the data set is") as caught:
        usual_root(kind)
    assert "--data" in caught.value.hint
    assert ("CAIRN_DATA" in caught.value.hint) is (kind != "list")


@pytest.fixture
def real_folder() -> Path:
    folder = default_root("cephalometric")
    if folder is None or not folder.is_dir():
        pytest.skip(f"the cephalometric data set is not at {folder}; CAIRN_DATA says where it is")
    return folder


@pytest.mark.realdata
def test_the_papers_split(real_folder: Path) -> None:
    sizes = {split: len(read_cases("cephalometric", real_folder, split)) for split in ("train", "validation", "test1")}
    assert sizes == {"train": 140, "validation": 10, "test1": 150}


@pytest.mark.realdata
def test_the_images_get_their_pixel_size_and_hold_their_landmarks(real_folder: Path) -> None:
    case = read_cephalometric(real_folder, "validation")[0]
    image = read_case_image(case)
    np.testing.assert_allclose(image.grid.spacing_mm, 0.1)
    assert image.grid.shape == (2400, 1935)
    assert image.grid.contains(case.landmarks.points_mm).all()


@pytest.mark.realdata
def test_how_much_the_observers_disagree_on_test1(real_folder: Path) -> None:
    cases = read_cephalometric(real_folder, "test1")
    errors_mm = np.stack([observer_errors_mm(case) for case in cases])
    table = summarize(errors_mm, np.isfinite(errors_mm), cases[0].landmarks.names)
    assert table.loc["all", "mean_mm"] == pytest.approx(2.363, abs=5e-4)
    assert table.loc["all", "median_mm"] == pytest.approx(1.712, abs=5e-4)
    # They used different definitions of this one.
    assert table["mean_mm"].idxmax() == "Soft tissue pogonion"
    assert table.loc["Soft tissue pogonion", "mean_mm"] == pytest.approx(6.51, abs=5e-3)
