"""Which image a name in a file means, and what files are called that are written for images."""

import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files.image_names import file_stems, matched, stem_of, told_apart


@pytest.mark.parametrize(
    ("said", "images", "expected"),
    [
        (["a.png", "b.png"], ["b.png", "A.PNG"], [1, 0]),
        ([r"C:\pictures\a.png"], ["a.png"], [0]),
        (["train/a.png"], ["data/test/a.png", "data/train/a.png"], [1]),
        (["a.jpg", "a.png"], ["a.png"], [None, 0]),  # the other image is not this one
        (["a.jpg"], ["a.png"], [0]),
        (["case_1"], ["case_1_0000.nii.gz", "case_10_0000.nii.gz"], [0]),
        (["1.2.840"], ["1.2.840", "1.2.841"], [0]),
        (["scan.v2"], ["scan.v1.png", "scan.v2.png"], [1]),
        ([""], ["a.png"], [None]),
    ],
)
def test_the_strictest_likeness_counts(said: list[str], images: list[str], expected: list[int | None]) -> None:
    assert matched(said, images, "file") == expected


def test_what_is_not_clear_is_refused() -> None:
    with pytest.raises(LandmarkFileError, match=r"file: a\.png may mean x/a\.png, y/a\.png"):
        matched(["a.png"], ["x/a.png", "y/a.png"], "file")
    with pytest.raises(LandmarkFileError, match="several sets"):
        matched(["x/a.png", "y/a.png"], ["a.png"], "file")


def test_names_are_as_short_as_they_tell_images_apart() -> None:
    assert stem_of("folder/brain.nii.gz") == "brain"
    assert told_apart(["x/a.png", "x/b.png"]) == ["a.png", "b.png"]
    assert told_apart(["x/a.png", "y/A.png"]) == ["x/a.png", "y/A.png"]
    assert file_stems(["x/a.png", "x/b.png"]) == ["a", "b"]
    assert file_stems(["a.png", "a.jpg"]) == ["a.png", "a.jpg"]
    assert file_stems(["x/a.png", "y/a.png"]) == ["x_a.png", "y_a.png"]
    assert file_stems(["x/a.png", "x_a.png"]) == ["a", "x_a"]
    assert len(set(file_stems(["x/a", "y/a", "x_a"]))) == 3
