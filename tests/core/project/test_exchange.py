"""Files of many images and the cases of a project: each finds the other, whatever the file calls its images."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import LandmarkFileError, ProjectError
from core.images.file import read_image, write_image
from core.landmark_files.collection_formats import WRITABLE_KEYS, collection_format
from core.landmark_files.file import write_landmarks
from core.project.additions import add
from core.project.cases import Geometry
from core.project.exchange import export, find_in_file, image_name_of
from core.project.found_cases import Wishes, find_cases
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks, Status
from tests.support.dicom_fixtures import lit_stack, positions, write_series

ANNA, BEN = Reader("Anna"), Reader("Ben")


def picture(path: Path, *, known: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = Grid.from_spacing((24, 20), 0.5 if known else 1.0)
    source = ImageSource(path, spacing_source=SpacingSource.FILE if known else SpacingSource.UNKNOWN)
    write_image(Image(np.arange(480, dtype=np.uint8).reshape(24, 20), grid, source), path)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Two pictures that Anna and, one of them, Ben have read; two landmarks, each with a position."""
    for name in ("a", "b"):
        picture(tmp_path / "images" / f"{name}.png")
    with Project.create(tmp_path / "study.cairn") as made:
        add(made, find_cases([tmp_path / "images"], Wishes()).cases)
        say(made, 1, ANNA, 1.0)
        say(made, 2, ANNA, 2.0)
        say(made, 1, BEN, 3.0)
        yield made


def say(project: Project, id_: int, reader: Reader, x: float) -> None:
    image = read_image(project.case(id_).path)
    marks = Landmarks(("sella", "nasion"), np.array([[x, 2.0], [3.0, 4.0]]))
    project.set_case_image(id_, Geometry.of(image), image.source.sha256)
    project.save_reading(Reading(id_, reader, marks, Geometry.of(image)), "Place")


def anew(project: Project) -> Iterator[Project]:
    """Another project of the same images, of which nobody has read anything."""
    with Project.create(project.folder / "anew.cairn") as other:
        add(other, find_cases([project.folder / "images"], Wishes()).cases)
        yield other


READ_AGAIN = [key for key in WRITABLE_KEYS if collection_format(key).read and 2 in collection_format(key).ndims]


@pytest.mark.parametrize("key", READ_AGAIN)
def test_what_is_exported_can_be_imported(project: Project, key: str) -> None:
    path = project.folder / f"out{collection_format(key).suffix}"
    count, notes = export(project, project.case_ids(), path, key, ANNA)
    assert (count, notes) == (2, ())
    for other in anew(project):
        names = ("sella", "nasion")
        marks = tuple(SchemeLandmark(name=name, abbreviation=name) for name in names)
        other.set_scheme(Scheme(name="s", title="S", ndim=2, landmarks=marks))
        added = add(other, find_in_file(other, path, "Anna", key).cases)
        assert added.readings == 2
        for id_ in (1, 2):
            ours, theirs = project.reading(id_, ANNA), other.reading(id_, ANNA)
            assert ours is not None
            assert theirs is not None
            assert theirs.landmarks.names == names
            np.testing.assert_allclose(theirs.landmarks.points_mm, ours.landmarks.points_mm, atol=0.006)
        assert add(other, find_in_file(other, path, "Anna", key).cases).readings == 0


def test_one_reader_speaks_for_a_case_unless_all_are_wanted(project: Project) -> None:
    table = project.folder / "wide.csv"
    export(project, project.case_ids(), table, "wide-csv")
    rows = [line.split(",")[:3] for line in table.read_text().splitlines()[1:]]
    assert rows == [["images/a.png", "", "Ben"], ["images/b.png", "", "Anna"]]
    count, _ = export(project, project.case_ids(), table, "wide-csv", everybody=True)
    assert count == 3
    with pytest.raises(LandmarkFileError, match="several of images/a"):
        export(project, project.case_ids(), project.folder / "all.tps", "tps", everybody=True)
    with pytest.raises(ProjectError, match="Eve has not read any"):
        export(project, project.case_ids(), table, "wide-csv", Reader("Eve"))


def test_a_file_of_many_images_is_a_project(project: Project) -> None:
    path = project.folder / "marks.tps"
    export(project, project.case_ids(), path, "tps", ANNA)
    (project.folder / "images" / "b.png").unlink()
    with Project.create(project.folder / "new.cairn") as new:
        found = find_cases([path], Wishes(reader="Anna"))
        [note] = found.notes
        assert "names 1 image that are not here: b.png" in note or "names 1 image" in note
        [id_] = add(new, found.cases).ids
        assert new.case(id_).path == project.folder / "images" / "a.png"
        [reading] = new.readings(id_)
        assert (reading.reader, reading.landmarks.names) == (ANNA, ("1", "2"))
    (project.folder / "images" / "a.png").unlink()
    [problem] = find_cases([path], Wishes()).problems
    assert "None of the images" in problem


def test_a_file_with_another_number_of_landmarks_is_refused_in_a_sentence(project: Project) -> None:
    marks = tuple(SchemeLandmark(name=name, abbreviation=name) for name in ("sella", "nasion"))
    project.set_scheme(Scheme(name="s", title="S", ndim=2, landmarks=marks))
    path = project.folder / "marks.tps"
    path.write_text("LM=3\n1 1\n2 2\n3 3\nIMAGE=a.png\n")
    with pytest.raises(LandmarkFileError, match="3"):
        find_in_file(project, path, "Eve")


def test_a_file_of_one_image_finds_its_case(project: Project) -> None:
    image = read_image(project.case(2).path)
    marks = Landmarks(("sella",), np.array([[7.0, 7.0]]), status=(Status.PREDICTED,), presence=np.array([0.9]))
    write_landmarks(marks, project.folder / "b.csv", image=image)
    assert add(project, find_in_file(project, project.folder / "b.csv", "cephalo 1").cases).ids == [2]
    found = project.reading(2, Reader("cephalo 1", ReaderKind.MODEL))
    assert found is not None
    assert found.landmarks.point_mm("sella").tolist() == [7.0, 7.0]
    (project.folder / "b.csv").rename(project.folder / "stranger.csv")
    other = Landmarks(("sella",), np.array([[7.0, 7.0]]))
    write_landmarks(other, project.folder / "stranger.csv")
    with pytest.raises(LandmarkFileError, match="belongs to no case"):
        find_in_file(project, project.folder / "stranger.csv", "Eve")


def test_a_pixel_size_is_taken_over_only_where_that_is_asked_for(project: Project) -> None:
    path = project.folder / "marks.tps"
    export(project, project.case_ids(), path, "tps", ANNA)
    for name in "ab":
        picture(project.folder / "images" / f"{name}.png", known=False)
    for taking in (False, True):
        with Project.create(project.folder / f"{taking}.cairn") as other:
            add(other, find_cases([project.folder / "images"], Wishes()).cases)
            found = find_in_file(other, path, "Anna", take_spacing=taking)
            assert any("was not taken over" in note for note in found.notes) is not taking
            id_ = add(other, found.cases).ids[0]
            case, [reading] = other.case(id_), other.readings(id_)
            assert case.geometry is not None
            assert case.geometry.spacing_known is taking
            positions_px = np.array([[2.0, 4.0], [6.0, 8.0]])
            np.testing.assert_allclose(reading.landmarks.points_mm, positions_px * (0.5 if taking else 1.0))


def test_series_of_a_folder_have_names_of_their_own(tmp_path: Path) -> None:
    write_series(tmp_path / "scans" / "ct", lit_stack(4, (1, 2, 3)), positions(4))
    with Project.create(tmp_path / "study.cairn") as project:
        [id_] = add(project, find_cases([tmp_path / "scans" / "ct"], Wishes()).cases).ids
        case = project.case(id_)
        assert case.series
        assert image_name_of(project, case) == "scans/ct"
        image = read_image(case.path)
        marks = Landmarks(("apex",), np.asarray(image.grid.to_mm(np.array([[1.0, 1.0, 1.0]]))))
        project.save_reading(Reading(id_, ANNA, marks, Geometry.of(image)), "Place")
        export(project, [id_], tmp_path / "wide.csv", "wide-csv")
        assert (tmp_path / "wide.csv").read_text().splitlines()[1].startswith("scans/ct,,Anna,mm,")


def test_images_that_are_no_case_are_named(project: Project) -> None:
    path = project.folder / "marks.tps"
    path.write_text("LM=1\n4 4\nIMAGE=x.png\n")
    with pytest.raises(LandmarkFileError, match=r"No case of the project is in marks\.tps\. It names x\.png"):
        find_in_file(project, path, "Anna")
