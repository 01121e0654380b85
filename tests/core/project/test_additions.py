"""What paths and lists stand for in a project, and that all of it is added or nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ProjectError
from core.images.file import write_image
from core.landmark_files.file import write_landmarks
from core.project.additions import Addition, Marks, SchemeMismatch, add
from core.project.case_list import read_case_list
from core.project.cases import CaseState, Geometry, NewCase
from core.project.found_cases import Wishes, find_cases, find_listed
from core.project.readings import Reader, ReaderKind
from core.project.store import Project
from core.schemes.comparison import Fit
from core.schemes.file import read_scheme
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks, Status

ANNA = Reader("Anna")
GEOMETRY = Geometry(Grid.from_spacing((24, 20), 0.5), SpacingSource.DATA_SET)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        yield made


def picture(path: Path, *, known: bool = True) -> Image:
    """Write a small picture and return it as it is read."""
    source = ImageSource(path, spacing_source=SpacingSource.FILE if known else SpacingSource.UNKNOWN)
    voxels = np.arange(480, dtype=np.uint8).reshape(24, 20)
    image = Image(voxels, Grid.from_spacing((24, 20), 0.5 if known else 1.0), source)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(image, path)
    return image


def marks(*names: str, value: float = 1.0, status: Status = Status.PLACED) -> Landmarks:
    points = np.full((len(names), 2), value)
    return Landmarks(names, points, presence=np.full(len(names), 0.9), status=(status,) * len(names))


def addition(folder: Path, name: str, *said: Marks) -> Addition:
    return Addition(NewCase(folder / f"{name}.png", name), GEOMETRY, name * 64, said)


def scheme(*names: str) -> Scheme:
    return Scheme(name="s", title="S", ndim=2, landmarks=tuple(SchemeLandmark(name=n, abbreviation=n) for n in names))


def test_images_are_cases_and_only_once(project: Project, tmp_path: Path) -> None:
    for name in ("a10", "a2"):
        picture(tmp_path / "images" / f"{name}.png")
    found = find_cases([tmp_path / "images", tmp_path / "images" / "a2.png"], Wishes())
    assert (found.notes, found.problems) == ((), ())
    first, second = add(project, found.cases), add(project, found.cases)
    assert [case.name for case in project.cases(first.ids)] == ["a2", "a10"]
    assert (first.new, second.new, second.ids) == (2, 0, first.ids)
    assert project.case(1).geometry is None  # nothing was read that need not be


def test_landmarks_beside_images_come_along_as_whose_they_are(project: Project, tmp_path: Path) -> None:
    for name, status in (("mine", Status.CONFIRMED), ("its", Status.PREDICTED)):
        image = picture(tmp_path / f"{name}.png")
        write_landmarks(marks("sella", status=status), tmp_path / f"{name}.csv", image=image, model="cephalo 1")
    stranger = picture(tmp_path / "foreign.png")
    write_landmarks(marks("sella"), tmp_path / "x.csv", image=stranger)
    (tmp_path / "x.csv").rename(tmp_path / "plain.csv")
    picture(tmp_path / "plain.png")
    found = find_cases([tmp_path], Wishes(reader="Anna"))
    ids = add(project, found.cases).ids
    readers = {project.case(id_).name: [reading.reader for reading in project.readings(id_)] for id_ in ids}
    assert readers == {
        "foreign": [],
        "its": [Reader("cephalo 1", ReaderKind.MODEL)],
        "mine": [ANNA],
        "plain": [],
    }
    [note] = found.notes
    assert "another image" in note
    assert project.scheme(2) is not None
    [edit] = project.edits(project.find_case(tmp_path / "mine.png") or 0, ANNA)
    assert edit.text == "Import mine.csv"


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    found = find_cases([tmp_path / n for n in ("notes.txt", "none.png", "empty")], Wishes())
    assert found.cases == ()
    assert [sentence.split(" ")[0] for sentence in found.problems] == ["There", "The", str(tmp_path / "notes.txt")]


def test_a_folder_of_the_challenge_has_two_readers(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "isbi"
    picture(folder / "RawImage" / "TrainingData" / "001.png", known=False)
    picture(folder / "RawImage" / "Test1Data" / "151.png", known=False)
    for name, shift in (("senior", 0), ("junior", 2)):
        (folder / f"400_{name}").mkdir()
        for number in ("001", "151"):
            lines = [f"{row % 19 + shift},{row}" for row in range(19)]
            (folder / f"400_{name}" / f"{number}.txt").write_text("\n".join([*lines, "1", "2"]))
    found = find_cases([folder], Wishes(spacing_mm=(0.1,)))
    assert found.problems == ()
    added = add(project, found.cases)
    assert (added.new, added.readings) == (2, 4)
    assert {case.name: case.split for case in project.cases(added.ids)} == {"001": "train", "151": "test"}
    assert project.scheme(2) is not None
    assert project.scheme(2).names == read_scheme("cephalometric-19").names  # type: ignore[union-attr]
    junior = project.reading(added.ids[0], Reader("junior"))
    assert junior is not None
    np.testing.assert_allclose(junior.landmarks.points_mm[3], [0.5, 0.3])
    assert project.case(added.ids[0]).state is CaseState.DONE


def test_a_list_says_whose_and_for_what(project: Project, tmp_path: Path) -> None:
    image = picture(tmp_path / "images" / "a.png", known=False)
    picture(tmp_path / "images" / "b.png", known=False)
    for name, value in (("anna", 1.0), ("ben", 3.0)):
        write_landmarks(marks("sella", value=value), tmp_path / f"{name}.csv", image=image)
    (tmp_path / "list.csv").write_text(
        "image,landmarks,split,group,spacing,reader\n"
        "images/a.png,anna.csv,train,p1,0.5,Anna\n"
        "images/a.png,ben.csv,,,,Ben\n"
        "images/b.png,,test,p2,,\n"
    )
    found = find_listed(read_case_list(tmp_path / "list.csv"), Wishes())
    assert found.problems == ()
    added = add(project, found.cases)
    assert (added.new, added.readings) == (2, 2)
    first, second = project.cases(added.ids)
    assert (first.split, first.patient_group, second.split, second.patient_group) == ("train", "p1", "test", "p2")
    assert first.geometry is not None
    assert first.geometry.grid.spacing_mm.tolist() == [0.5, 0.5]
    positions = {reading.reader.name: reading.landmarks.points_mm[0, 0] for reading in project.readings(first.id)}
    assert positions == pytest.approx({"Anna": 0.5, "Ben": 1.5})


def test_a_list_names_the_line_of_what_cannot_be_read(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    shutil.copy(tmp_path / "b.png", tmp_path / "a.csv")
    (tmp_path / "list.csv").write_text("image,landmarks\na.png,a.csv\nb.png,\n")
    found = find_listed(read_case_list(tmp_path / "list.csv"), Wishes())
    assert found.cases == ()
    assert len(found.problems) == 2
    assert found.problems[0].startswith("list.csv: line 3")
    assert "a.csv" in found.problems[1]


def test_landmarks_that_do_not_fit_the_scheme_need_a_decision(project: Project, tmp_path: Path) -> None:
    project.set_scheme(scheme("sella", "nasion"))
    new = [addition(tmp_path, "a", Marks(ANNA, marks("Sella", "menton"), "a.csv"))]
    with pytest.raises(SchemeMismatch) as caught:
        add(project, new)
    assert "“Sella” is probably “sella”" in str(caught.value)
    assert "menton" in str(caught.value)
    assert project.case_ids() == []


@pytest.mark.parametrize(
    ("fit", "of_scheme", "of_reading"),
    [
        (Fit.FILE, ("Sella", "menton"), ("Sella", "menton")),
        (Fit.SCHEME, ("sella", "nasion"), ("sella", "nasion")),
        (Fit.BOTH, ("sella", "nasion", "menton"), ("sella", "nasion", "menton")),
    ],
)
def test_a_decision_says_whose_names_hold(
    project: Project, tmp_path: Path, fit: Fit, of_scheme: tuple[str, ...], of_reading: tuple[str, ...]
) -> None:
    project.set_scheme(scheme("sella", "nasion"))
    [id_] = add(project, [addition(tmp_path, "a", Marks(ANNA, marks("Sella", "menton")))], fit=fit).ids
    held, [reading] = project.scheme(2), project.readings(id_)
    assert held is not None
    assert (held.names, reading.landmarks.names) == (of_scheme, of_reading)
    assert "nasion" not in of_reading or reading.landmarks.status[1] is Status.UNPLACED


def test_a_landmark_that_is_missing_is_no_question(project: Project, tmp_path: Path) -> None:
    project.set_scheme(scheme("sella", "nasion"))
    [id_] = add(project, [addition(tmp_path, "a", Marks(ANNA, marks("nasion")))]).ids
    [reading] = project.readings(id_)
    assert reading.landmarks.names == ("sella", "nasion")
    assert reading.landmarks.stated == (Status.UNPLACED, Status.PLACED)


def test_what_a_reader_has_said_stays_unless_it_is_to_be_replaced(project: Project, tmp_path: Path) -> None:
    [id_] = add(project, [addition(tmp_path, "a", Marks(ANNA, marks("sella", value=1.0)))]).ids
    later = [addition(tmp_path, "a", Marks(ANNA, marks("sella", value=2.0)))]
    again = add(project, [addition(tmp_path, "a", Marks(ANNA, marks("sella", value=1.0)))])
    assert (again.readings, again.kept) == (0, [])
    assert add(project, later).kept == ["a"]
    assert project.readings(id_)[0].landmarks.points_mm[0, 0] == 1.0
    replaced = add(project, later, replacing=True)
    assert (replaced.readings, replaced.kept) == (1, [])
    assert project.readings(id_)[0].landmarks.points_mm[0, 0] == 2.0
    assert project.edits(id_, ANNA)[-1].before["sella"]["position"] == [1.0, 1.0]


def test_a_pixel_size_that_somebody_has_set_stays(project: Project, tmp_path: Path) -> None:
    [id_] = project.add_cases([NewCase(tmp_path / "a.png", "a")])
    by_hand = Geometry(Grid.from_spacing((24, 20), 0.25), SpacingSource.PERSON)
    project.set_case_image(id_, by_hand, "a" * 64)
    add(project, [addition(tmp_path, "a", Marks(ANNA, marks("sella", value=1.0)))])
    [reading] = project.readings(id_)
    assert reading.geometry.grid == by_hand.grid
    np.testing.assert_allclose(reading.landmarks.points_mm, [[0.5, 0.5]])


def test_pixel_sizes_must_fit_the_axes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", known=False)
    found = find_cases([tmp_path / "a.png"], Wishes(spacing_mm=(1.0, 1.0, 1.0)))
    assert found.cases == ()
    [problem] = found.problems
    assert "3 pixel sizes" in problem


def test_a_list_of_a_folder_with_several_images_wants_one(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / "images" / f"{name}.png")
    (tmp_path / "list.csv").write_text("image\nimages\n")
    [problem] = find_listed(read_case_list(tmp_path / "list.csv"), Wishes()).problems
    assert "holds 2 images" in problem


def test_nothing_is_half_added(project: Project, tmp_path: Path) -> None:
    project.set_scheme(scheme("sella"))
    with pytest.raises(ProjectError):
        add(project, [addition(tmp_path, "a"), addition(tmp_path, "b", Marks(ANNA, marks("menton")))])
    assert project.case_ids() == []
