"""Which images files and folders stand for, and what their results are called: pictures, series, and both mixed."""

import os
from pathlib import Path

import pytest

from app.commands import batch_plan
from app.commands.batch_plan import BatchItem, expand_folders, plan_files
from core.base.errors import AppError, ImageReadError
from core.images.file import read_image
from core.images.formats import image_name
from tests.support.dicom_fixtures import (
    SECRET,
    enhanced_groups,
    item,
    lit_stack,
    pixels,
    positions,
    write_dicom,
    write_dicomdir,
    write_enhanced,
    write_series,
)
from tests.support.model_fixtures import write_tiny_image

LIT = (1, 2, 3)


def names(*paths: Path) -> list[str]:
    return [item.name for item in expand_folders(paths)]


def series_of(count: int, folder: Path, **tags: object) -> list[Path]:
    return write_series(folder, lit_stack(count, LIT), positions(count), **tags)


def test_folder_stands_for_its_images_by_name(tmp_path):
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.png", "c.csv"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "without_suffix").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deeper.png").write_bytes(b"")
    assert [item.path.name for item in expand_folders([tmp_path])] == ["a.jpg", "b.PNG", "without_suffix"]


def test_image_named_twice_is_localized_once(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    for path in (first, second):
        path.write_bytes(b"")
    assert [item.path for item in expand_folders([second, tmp_path, first])] == [second, first]


def test_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ImageReadError, match=r"holds no images.*\.png"):
        expand_folders([tmp_path])


@pytest.mark.parametrize(
    "names",
    [("x/scan.png", "y/scan.png"), ("scan.png", "scan.jpg"), ("scan.png", "SCAN.png"), ("a/s.nii", "b/s.nii.gz")],
)
def test_two_images_of_one_name_are_refused(names):
    images = [BatchItem(Path(name), image_name(Path(name))) for name in names]
    with pytest.raises(AppError) as refusal:
        plan_files(images, Path("out"))
    assert all(str(image) in refusal.value.message for image in images)


def test_a_folder_that_is_a_series_is_one_image_of_its_name(tmp_path):
    series_of(4, tmp_path / "case 7")
    (item,) = expand_folders([tmp_path / "case 7"])
    assert item.name == "case 7"
    assert str(item) == str(tmp_path / "case 7")
    assert read_image(item.path, series=item.series).grid.shape == (4, 12, 10)


def test_series_in_deeper_folders_are_named_after_theirs(tmp_path):
    for name in ("anna", "bert"):
        series_of(3, tmp_path / "study" / name / "CT")
    series_of(5, tmp_path / "study" / "cora")
    assert names(tmp_path / "study") == ["anna-CT", "bert-CT", "cora"]


def test_several_series_in_one_folder_are_told_apart_by_their_numbers(tmp_path):
    series_of(3, tmp_path / "scan", name="a{}", SeriesNumber=2)
    series_of(4, tmp_path / "scan", name="b{}", SeriesNumber=5)
    items = expand_folders([tmp_path / "scan"])
    assert sorted(item.name for item in items) == ["scan-2", "scan-5"]
    assert any("(series 5)" in str(item) for item in items)


def test_series_without_distinct_numbers_are_counted(tmp_path):
    for name in ("a{}", "b{}"):
        series_of(3, tmp_path / "scan", name=name)
    assert names(tmp_path / "scan") == ["scan-1", "scan-2"]


def test_a_mixed_tree_gives_pictures_files_and_series(tmp_path):
    root = tmp_path / "all"
    write_tiny_image(root / "photo.png")
    write_tiny_image(root / "volume.nii.gz", shape=(3, 4, 5), spacing_mm=1.0)
    write_dicom(root / "radiograph", pixels())
    write_enhanced(root / "enhanced.dcm", lit_stack(4, LIT), enhanced_groups(positions(4)))
    series_of(3, root / "series")
    write_tiny_image(root / "series" / "not this.png")
    assert names(root) == ["enhanced", "photo", "radiograph", "series", "volume"]


def test_planning_images_and_screenshots_beside_a_series_are_left_out_and_said(tmp_path):
    series_of(4, tmp_path / "ct")
    series_of(2, tmp_path / "plan", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    said = []
    assert [item.name for item in expand_folders([tmp_path], said.append)] == ["ct"]
    assert "left out (1)" in said[0]
    assert names(tmp_path / "plan") == ["plan"]


def test_all_slices_of_a_series_named_one_by_one_are_one_image(tmp_path):
    paths = series_of(4, tmp_path)
    (item,) = expand_folders(paths)
    assert item.name == "IM0000"
    assert read_image(item.path, series=item.series).grid.shape == (4, 12, 10)
    assert len(expand_folders([tmp_path, paths[2], tmp_path])) == 1


def test_times_at_the_same_places_are_images_of_their_own(tmp_path):
    per_slice = [{"TemporalPositionIdentifier": number // 3 + 1} for number in range(6)]
    places = positions(3)[[0, 1, 2, 0, 1, 2]]
    write_series(tmp_path / "perfusion", lit_stack(6, LIT), places, per_slice=per_slice)
    assert names(tmp_path / "perfusion") == ["perfusion-1", "perfusion-2"]


def test_one_file_of_several_stacks_is_several_images_alone_as_in_its_folder(tmp_path):
    echoes = [item(EffectiveEchoTime=float(number % 2 + 1)) for number in range(6)]
    groups = enhanced_groups(positions(3).repeat(2, axis=0), MREchoSequence=echoes)
    path = write_enhanced(tmp_path / "head.dcm", lit_stack(6, LIT), groups)
    assert names(path) == names(tmp_path) == ["head-1", "head-2"]


def test_one_slice_stands_for_its_series_and_it_is_said_once(tmp_path):
    paths = series_of(3, tmp_path)
    said: list[str] = []
    (item,) = expand_folders(paths, said.append)
    assert item.name == "IM0000"
    assert said == [
        f"{paths[0]}: The file is one of 3 slices of a series in its folder; the whole series is localized."
    ]


def test_a_dicomdir_that_lists_nothing_is_not_passed_over(tmp_path):
    table = write_dicomdir(tmp_path, {})
    (item,) = expand_folders([table])
    with pytest.raises(ImageReadError, match=f"{tmp_path} holds no DICOM images"):
        read_image(item.path, series=item.series)


def test_one_file_that_cannot_be_opened_costs_no_other(tmp_path, monkeypatch):
    for name in ("a.png", "locked", "locked.png"):
        (tmp_path / name).write_bytes(b"")

    def open_or_not(path: Path) -> str:
        if path.name.startswith("locked"):
            raise PermissionError(13, "Permission denied")
        return ""

    monkeypatch.setattr(batch_plan, "format_of", open_or_not)
    assert names(tmp_path) == ["a", "locked"]
    assert [item.path.name for item in expand_folders([tmp_path])] == ["a.png", "locked.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert names(tmp_path / "pipe.png") == ["pipe"]


def test_a_dicomdir_stands_for_its_series(tmp_path):
    paths = series_of(3, tmp_path / "in")
    table = write_dicomdir(tmp_path / "disc", {f"SER1/IM{number}": path for number, path in enumerate(paths)})
    assert names(table) == ["SER1"]
    assert names(table, tmp_path / "disc") == ["SER1"]


def test_reports_are_not_meant_but_damaged_files_are(tmp_path):
    write_dicom(tmp_path / "report", pixels(), Rows=None, Columns=None, PixelData=None)
    damaged = write_dicom(tmp_path / "scan", pixels())
    damaged.write_bytes(damaged.read_bytes()[:200])
    assert names(tmp_path) == ["scan"]


def test_names_never_come_from_the_patient(tmp_path):
    series_of(3, tmp_path / "case", name="a{}", PatientName=SECRET)
    series_of(3, tmp_path / "case", name="b{}", PatientName=SECRET)
    assert not any("DOE" in f"{item.name} {item} {item!r}" for item in expand_folders([tmp_path]))
