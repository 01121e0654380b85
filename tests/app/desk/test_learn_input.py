"""What of a project and of a list is learnt from, and what is left out with which words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.desk.case_tasks import set_size_where_unknown
from app.desk.learn_input import read_learn_input
from core.base.errors import ConfigError, ProjectError
from core.images.file import read_image, write_image
from core.landmark_files.file import write_landmarks
from core.learning.cases import read_case_image
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.schemes.sources import scheme_of_names
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks, Status

NAMES = ("left eye", "right eye", "nose")
ANNA, BEN, MODEL = Reader("Anna"), Reader("Ben"), Reader("some model 1.0", ReaderKind.MODEL)


def write_picture(path: Path, *, spacing_mm: float | None = 0.5) -> Image:
    rng = np.random.default_rng(len(path.stem))
    source = ImageSource(path, spacing_source=SpacingSource.FILE if spacing_mm else SpacingSource.UNKNOWN)
    image = Image(
        rng.integers(0, 255, (20, 30)).astype(np.uint8), Grid.from_spacing((20, 30), spacing_mm or 1.0), source
    )
    path.parent.mkdir(exist_ok=True)
    write_image(image, path)
    return read_image(path)


def marks(shift_mm: float = 0.0, status: tuple[Status, ...] = ()) -> Landmarks:
    return Landmarks(NAMES, np.array([[1.0, 2.0], [3.0, 2.5], [2.0, 4.0]]) + shift_mm, status=status)


class Made:
    """A project with pictures, as tests fill it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "p.cairn"
        self.project = Project.create(self.path)

    def add(self, name: str, *, spacing_mm: float | None = 0.5, done: bool = True, **said: str) -> int:
        image = write_picture(self.folder / "images" / f"{name}.png", spacing_mm=spacing_mm)
        (id_,) = self.project.add_cases([NewCase(image.source.path, name, **said)])
        self.project.set_case_image(id_, Geometry.of(image), image.source.sha256)
        if done:
            self.project.update_case(id_, done=True)
        return id_

    def read(self, id_: int, reader: Reader, landmarks: Landmarks) -> None:
        geometry = self.project.case(id_).geometry
        assert geometry is not None
        self.project.save_reading(Reading(id_, reader, landmarks, geometry))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_what_a_person_has_done_is_learnt_from_and_nothing_else(made: Made) -> None:
    done = made.add("a", patient_group="x", split="val")
    made.read(done, MODEL, marks(1.0))
    made.read(done, BEN, marks(2.0))
    made.read(done, ANNA, marks())
    made.read(made.add("not done", done=False), ANNA, replace(marks(), status=(Status.PREDICTED,) * 3))
    made.read(made.add("for testing", split="test"), ANNA, marks())
    excluded = made.add("excluded")
    made.read(excluded, ANNA, marks())
    made.project.update_case(excluded, excluded=True)
    made.read(made.add("model only"), MODEL, marks())
    made.read(made.add("open"), ANNA, marks(0, (Status.PLACED, Status.UNPLACED, Status.UNPLACED)))
    made.project.close()
    read = read_learn_input(made.path)
    (only,) = read.cases
    assert (only.case.name, only.group, only.split) == ("a", "x", "validation")
    np.testing.assert_array_equal(only.case.landmarks.points_mm, marks().points_mm)
    assert [(each.case, each.why) for each in read.left_out] == [
        ("model only", "Only a model has read it, no person."),
        ("open", "right eye and 1 more landmarks are neither placed nor called absent."),
    ]
    assert (read.unit, read.landmarks, read.partners) == ("mm", NAMES, ())
    assert read_case_image(only.case).grid.spacing_mm.tolist() == pytest.approx([0.5, 0.5], rel=1e-3)


def test_a_project_that_a_window_holds_is_looked_at(made: Made) -> None:
    made.read(made.add("a"), ANNA, marks())
    assert len(read_learn_input(made.path).cases) == 1
    made.project.close()


def test_the_projects_scheme_says_what_landmarks_become_in_a_mirror(made: Made) -> None:
    scheme = scheme_of_names(NAMES, 2, "face")
    eyes = [
        replace_mirrored(each, other)
        for each, other in zip(scheme.landmarks, (NAMES[1], NAMES[0], NAMES[2]), strict=True)
    ]
    made.project.set_scheme(scheme.model_copy(update={"landmarks": tuple(eyes)}))
    made.read(made.add("a"), ANNA, marks())
    made.project.close()
    assert read_learn_input(made.path).partners == (1, 0, 2)


def replace_mirrored(landmark, partner):
    return landmark.model_copy(update={"mirrored": partner})


def test_an_image_that_has_changed_since_is_not_taken_for_the_one_that_was_marked(made: Made) -> None:
    made.read(made.add("a"), ANNA, marks())
    made.project.close()
    (only,) = read_learn_input(made.path).cases
    write_picture(made.folder / "images" / "a.png", spacing_mm=0.25)
    with pytest.raises(ConfigError, match="has changed since it was marked"):
        read_case_image(only.case)


def test_a_size_that_a_person_gave_holds_and_marks_lie_on_the_same_pixels(made: Made) -> None:
    id_ = made.add("a", spacing_mm=None)
    made.read(id_, ANNA, marks())
    set_size_where_unknown(made.project, (0.5, 0.5))
    made.project.close()
    read = read_learn_input(made.path)
    assert read.unit == "mm"
    np.testing.assert_allclose(read.cases[0].case.landmarks.points_mm, marks().points_mm * 0.5)
    np.testing.assert_allclose(read_case_image(read.cases[0].case).grid.spacing_mm, 0.5)


def test_without_any_pixel_size_a_pixel_counts_as_one(made: Made) -> None:
    made.read(made.add("a", spacing_mm=None), ANNA, marks())
    made.project.close()
    read = read_learn_input(made.path)
    assert read.unit == "px"
    np.testing.assert_allclose(read_case_image(read.cases[0].case).grid.spacing_mm, 1.0)
    with pytest.raises(ConfigError, match=r"sizes|axes") as told:
        read_case_image(replace(read.cases[0].case, spacing_mm=(1.0, 1.0, 1.0), overrules=False))
    assert "2" in str(told.value)


# Lists


def write_list(folder: Path, text: str, count: int = 3) -> Path:
    for number in range(count):
        image = write_picture(folder / f"i{number}.png")
        write_landmarks(marks(), folder / f"i{number}.csv", image=image)
    path = folder / "list.csv"
    path.write_text(text)
    return path


def test_a_list_says_splits_and_patients(tmp_path: Path) -> None:
    path = write_list(
        tmp_path,
        "image,landmarks,split,group\ni0.png,i0.csv,train,a\ni1.png,i1.csv,validation,b\ni2.png,i2.csv,test,c\n",
    )
    read = read_learn_input(path)
    assert [(each.case.name, each.split, each.group) for each in read.cases] == [
        ("i0", "train", "a"),
        ("i1", "validation", "b"),
    ]


def test_lines_that_lead_nowhere_are_left_out_with_their_number(tmp_path: Path) -> None:
    path = write_list(tmp_path, "image,landmarks\ni0.png,i0.csv\nnone.png,i1.csv\ni2.png,\ni1.png,i1.csv\n")
    (tmp_path / "i1.png").write_bytes(b"")
    read = read_learn_input(path)
    assert [each.case.name for each in read.cases] == ["i0"]
    assert [(each.case, each.why.replace(f"{tmp_path}/", "")) for each in read.left_out] == [
        ("list.csv", "Line 3 names an image that is not there (none.png)."),
        ("list.csv", "Line 5: i1.png is not an image that Cairn can read."),
        ("i2", "There are no landmarks of it."),
    ]


def test_a_split_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write_list(tmp_path, "image,landmarks,split\ni0.png,i0.csv,learn\n")
    with pytest.raises(ConfigError, match="unknown split learn"):
        read_learn_input(path)


def test_a_landmark_that_a_file_lacks_is_not_in_its_image_and_the_order_does_not_matter(tmp_path: Path) -> None:
    path = write_list(tmp_path, "image,landmarks\ni0.png,i0.csv\ni1.png,i1.csv\ni2.png,i2.csv\n")
    image = read_image(tmp_path / "i1.png")
    write_landmarks(marks().subset(("nose", "left eye")), tmp_path / "i1.csv", image=image)
    write_landmarks(marks().subset(("nose", "right eye", "left eye")), tmp_path / "i2.csv", image=image)
    read = read_learn_input(path)
    assert {each.case.landmarks.names for each in read.cases} == {NAMES}
    assert read.cases[1].case.landmarks.located.tolist() == [True, False, True]
    np.testing.assert_allclose(read.cases[2].case.landmarks.points_mm, marks().points_mm, atol=1e-3)


def test_cases_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    path = write_list(tmp_path, "image,landmarks\ni0.png,i0.csv\nother/i0.png,i0.csv\n")
    write_picture(tmp_path / "other" / "i0.png")
    assert [each.case.name for each in read_learn_input(path).cases] == ["i0", "i0 (2)"]


def test_a_file_that_is_neither_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.cairn"
    path.write_text("no project")
    with pytest.raises(ProjectError):
        read_learn_input(path)
