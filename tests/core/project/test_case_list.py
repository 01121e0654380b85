"""Lists of cases: what they may say, and that every line that is wrong is named."""

from pathlib import Path

import pytest

from core.base.errors import ProjectError
from core.project.case_list import ListedCase, is_case_list, parse_spacing, read_case_list


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png", "a.csv"):
        (tmp_path / "images" / name).write_bytes(b"x")
    return tmp_path


def written(folder: Path, *lines: str) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_list_says_what_belongs_together(folder: Path) -> None:
    path = written(
        folder,
        "image,landmarks,split,group,spacing,reader",
        "images/a.png,images/a.csv,train,p7,0.1,Anna",
        "images/b.png,,test,,0.1 x 0.2,",
    )
    assert is_case_list(path)
    images = folder / "images"
    assert read_case_list(path).cases == (
        ListedCase(2, images / "a.png", images / "a.csv", "train", "p7", (0.1,), "Anna"),
        ListedCase(3, images / "b.png", None, "test", "", (0.2, 0.1), ""),
    )


def test_only_the_image_is_needed_and_spreadsheets_write_semicolons(folder: Path) -> None:
    path = written(folder, "\ufeffsplit;image", "train;images/b.png", "", ";images/a.png")
    assert [(case.image.name, case.split) for case in read_case_list(path).cases] == [("b.png", "train"), ("a.png", "")]


def test_an_image_may_have_several_readers_but_no_line_twice(folder: Path) -> None:
    lines = ("image,reader", "images/a.png,Anna", "images/a.png,Ben", "images/a.png,Anna")
    listed = read_case_list(written(folder, *lines))
    assert [case.reader for case in listed.cases] == ["Anna", "Ben"]
    assert listed.problems == ("line 4 names the same image as line 2",)


def test_every_line_that_is_wrong_is_named(folder: Path) -> None:
    path = written(
        folder,
        "image,landmark,spacing,landmarks",
        "images/a.png,,0.1,images/none.csv",
        "images/c.png,,0.1,",
        "images/b.png,,zero,",
        ",,0.1,",
        "images/b.png,,0.1,",
    )
    listed = read_case_list(path)
    assert [case.line for case in listed.cases] == [6]
    with pytest.raises(ProjectError) as caught:
        listed.require_whole()
    said = str(caught.value)
    assert said.startswith("list.csv: line 1 has the unknown column landmark; line 2 names a landmark file that is not")
    assert "line 3 names an image that is not there (images/c.png)" in said
    assert "line 4 has a spacing" in said
    assert "line 5 names no image" in said
    assert "--skip" in said


def test_many_wrong_lines_are_counted(folder: Path) -> None:
    path = written(folder, "image", *(f"images/{number}.png" for number in range(9)))
    with pytest.raises(ProjectError, match=r"line 6 names .*; and 4 more\. "):
        read_case_list(path).require_whole()


def test_what_is_no_list_is_refused(folder: Path) -> None:
    landmarks = written(folder, "landmark,x_mm,y_mm", "sella,1,2")
    assert not is_case_list(landmarks)
    with pytest.raises(ProjectError, match="no column “image”"):
        read_case_list(landmarks)
    assert not is_case_list(written(folder, "landmark,image,x_px,y_px"))
    assert not is_case_list(written(folder, "image,group,reader,unit,Sella_x,Sella_y,Sella_status"))
    for path, sentence in (
        (folder / "none.csv", "There is no file"),
        (written(folder, "image"), "names no image"),
    ):
        with pytest.raises(ProjectError, match=sentence):
            read_case_list(path)
    (folder / "list.csv").write_bytes(b"image\n\xff\xfe\n")
    with pytest.raises(ProjectError, match="UTF-8"):
        read_case_list(folder / "list.csv")
    with pytest.raises(ProjectError, match="line 2 has 2 columns instead of 1"):
        read_case_list(written(folder, "image", "a.png,b.png"))


@pytest.mark.parametrize(
    ("text", "spacing_mm"),
    [
        ("0.1", (0.1,)),
        ("0,1", (0.1,)),
        ("0.1x0.2x3", (3.0, 0.2, 0.1)),
        ("0", None),
        ("-1", None),
        ("nan", None),
        ("x", None),
    ],
)
def test_spacings(text: str, spacing_mm: tuple[float, ...] | None) -> None:
    assert parse_spacing(text) == spacing_mm
