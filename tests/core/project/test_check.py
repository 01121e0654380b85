"""Checking a project: damage is told, images that are missing, moved or changed are named and found again."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ProjectError
from core.base.files import sha256_of
from core.images.file import write_image
from core.project.cases import Geometry, NewCase
from core.project.check import Checked, check, relocate
from core.project.readings import Reader, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks

GRID = Grid.from_spacing((24, 20), 0.5)


def picture(path: Path, value: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(Image(np.full((24, 20), value, np.uint8), GRID, ImageSource(path)), path)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Three images that were read, and one that was only added."""
    paths = [picture(tmp_path / "images" / f"{name}.png", value) for value, name in enumerate("abcd")]
    with Project.create(tmp_path / "study.cairn") as made:
        ids = made.add_cases([NewCase(path, path.stem) for path in paths])
        for id_, path in zip(ids[:3], paths, strict=False):
            made.set_case_image(id_, Geometry(GRID), sha256_of(path))
        made.save_reading(Reading(1, Reader("Anna"), Landmarks(("sella",), np.ones((1, 2))), Geometry(GRID)), "Place")
        yield made


def test_a_sound_project_has_nothing_to_say(project: Project) -> None:
    seen: list[tuple[int, int]] = []
    assert check(project, lambda done, of: seen.append((done, of))) == Checked()
    assert seen[-1] == (4, 4)


def test_missing_and_changed_images_are_named(project: Project) -> None:
    images = project.folder / "images"
    (images / "a.png").unlink()
    picture(images / "b.png", 77)
    picture(images / "d.png", 78)  # was never read, so that nobody knows what it was
    found = check(project)
    assert [(one.case.name, one.moved_to) for one in found.missing] == [("a", None)]
    assert [case.name for case in found.changed] == ["b"]
    assert found.damage == ()


def test_images_that_moved_are_found_by_name_and_content(project: Project, tmp_path: Path) -> None:
    images, new = project.folder / "images", tmp_path / "archive" / "2026"
    new.mkdir(parents=True)
    (images / "a.png").rename(new / "a.png")
    picture(tmp_path / "archive" / "a.png", 99)  # another image of that name
    (images / "b.png").rename(new / "renamed.png")
    (images / "d.png").rename(new / "d.png")
    found = check(project)
    assert [one.case.name for one in found.missing] == ["a", "b", "d"]
    moved = relocate(project, found.missing, tmp_path / "archive")
    assert [case.path for case in moved] == [new / "a.png", new / "renamed.png", new / "d.png"]
    assert check(project) == Checked()
    assert project.reading(1, Reader("Anna")) is not None


def test_where_several_may_be_meant_none_is_taken(project: Project, tmp_path: Path) -> None:
    (project.folder / "images" / "d.png").unlink()
    for name in ("x", "y"):
        picture(tmp_path / "archive" / name / "d.png", 5)
    assert relocate(project, check(project).missing, tmp_path / "archive") == []


def test_of_several_that_were_never_read_the_one_counts_that_lies_there_as_before(
    project: Project, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "archive"
    ids = project.add_cases([NewCase(picture(old / name / "film.png", 5), name) for name in ("anna", "ben")])
    old.rename(new)
    moved = relocate(project, check(project).missing, new)
    assert [(case.id, case.path) for case in moved] == [
        (id_, new / name / "film.png") for id_, name in zip(ids, ("anna", "ben"), strict=True)
    ]


def test_a_project_that_moved_with_part_of_its_images_finds_them(project: Project, tmp_path: Path) -> None:
    project.close()
    moved = tmp_path / "moved"
    (moved / "images").mkdir(parents=True)
    (project.folder / "images" / "a.png").rename(moved / "images" / "a.png")
    with Project.open(project.path) as again:
        again.save_copy(moved / "study.cairn")
    with Project.open(moved / "study.cairn") as copy:
        [missing] = check(copy).missing
        assert missing.moved_to == moved / "images" / "a.png"
        [case] = relocate(copy, [missing])
        assert case.path == missing.moved_to
        assert check(copy) == Checked()


def test_damaged_readings_are_told(project: Project) -> None:
    with project._file.transaction() as file:
        file.execute("UPDATE reading SET states = 'zz'")
    [damage] = check(project).damage
    assert "what was said of a" in damage


def test_a_folder_that_is_not_there_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no folder"):
        relocate(project, [], tmp_path / "none")
