"""What paths stand for, and what the results are called: pictures, series, both mixed, and what cannot be read among them."""

import os
from pathlib import Path

import pytest

from core.base.errors import Cancelled, ImageReadError
from core.images import listing
from core.images.file import read_image
from core.images.listing import image_at, list_images, series_key
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
    return [item.name for item in list_images(paths).images]


def series_of(count: int, folder: Path, **tags: object) -> list[Path]:
    return write_series(folder, lit_stack(count, LIT), positions(count), **tags)


def test_folder_stands_for_its_images_by_name(tmp_path):
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.png", "c.csv"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "without_suffix").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deeper.png").write_bytes(b"")
    assert [item.path.name for item in list_images([tmp_path]).images] == ["a.jpg", "b.PNG", "without_suffix"]


def test_image_named_twice_is_localized_once(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    for path in (first, second):
        path.write_bytes(b"")
    assert [item.path for item in list_images([second, tmp_path, first]).images] == [second, first]


def test_a_folder_without_images_is_a_problem_and_costs_no_other_path(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing here")
    write_tiny_image(tmp_path / "scan.png")
    found = list_images([tmp_path / "empty", tmp_path / "missing", tmp_path / "scan.png"])
    assert [image.name for image in found.images] == ["missing", "scan"]
    (problem,) = found.problems
    assert "empty holds no image" in problem.message
    assert ".png" in problem.hint


def test_a_bad_file_among_good_ones_stays_in_its_place(tmp_path):
    good = [write_tiny_image(tmp_path / name) for name in ("a.png", "b.png")]
    (tmp_path / "letter.docx").write_bytes(b"PK not an image")
    paths = [good[0], tmp_path / "letter.docx", good[1]]
    assert [image.path for image in list_images(paths).images] == paths
    assert [image.path for image in list_images([tmp_path]).images] == good


def test_images_of_a_folder_come_in_the_order_in_which_people_count(tmp_path):
    for number in (10, 9, 1):
        write_tiny_image(tmp_path / f"scan{number}.png")
    assert names(tmp_path) == ["scan1", "scan9", "scan10"]


def test_looking_can_be_stopped(tmp_path):
    series_of(3, tmp_path)
    with pytest.raises(Cancelled):
        list_images([tmp_path], should_stop=lambda: True)


def test_a_folder_that_is_a_series_is_one_image_of_its_name(tmp_path):
    series_of(4, tmp_path / "case 7")
    (item,) = list_images([tmp_path / "case 7"]).images
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
    items = list_images([tmp_path / "scan"]).images
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
    found = list_images([tmp_path])
    assert [image.name for image in found.images] == ["ct"]
    assert "left out (1)" in found.notes[0]
    assert [series.localizer for series in found.series] == [False, True]
    assert names(tmp_path / "plan") == ["plan"]


def test_all_slices_of_a_series_named_one_by_one_are_one_image(tmp_path):
    paths = series_of(4, tmp_path)
    (item,) = list_images(paths).images
    assert item.name == "IM0000"
    assert read_image(item.path, series=item.series).grid.shape == (4, 12, 10)
    assert len(list_images([tmp_path, paths[2], tmp_path]).images) == 1


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
    found = list_images(paths)
    assert [image.name for image in found.images] == ["IM0000"]
    assert found.notes == (f"{paths[0]}: The file is one of 3 slices of a series in its folder, which is taken whole.",)


def test_a_dicomdir_that_lists_nothing_is_not_passed_over(tmp_path):
    table = write_dicomdir(tmp_path, {})
    (item,) = list_images([table]).images
    with pytest.raises(ImageReadError, match=f"{tmp_path} holds no DICOM images"):
        read_image(item.path, series=item.series)


def test_one_file_that_cannot_be_opened_costs_no_other(tmp_path, monkeypatch):
    for name in ("a.png", "locked", "locked.png"):
        (tmp_path / name).write_bytes(b"")

    def open_or_not(path: Path) -> str:
        if path.name.startswith("locked"):
            raise PermissionError(13, "Permission denied")
        return ""

    monkeypatch.setattr(listing, "format_of", open_or_not)
    assert names(tmp_path) == ["a", "locked"]
    assert [item.path.name for item in list_images([tmp_path]).images] == ["a.png", "locked.png"]


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
    assert not any("DOE" in f"{item.name} {item} {item!r}" for item in list_images([tmp_path]).images)


def test_a_picture_is_found_by_its_path_alone(tmp_path):
    write_tiny_image(tmp_path / "scan.png")
    (image,) = list_images([tmp_path / "scan.png"]).images
    assert series_key(image) == ""
    assert image_at(image.path, "").path == image.path


def test_each_series_of_a_folder_is_found_again_by_its_key_which_holds_nothing_of_the_patient(tmp_path):
    for name, count in (("first", 4), ("second", 5)):
        (tmp_path / "study" / name).mkdir(parents=True)
        series_of(count, tmp_path / "study" / name)
    everything = list_images([tmp_path / "study"]).images
    assert len({(image.path, series_key(image)) for image in everything}) == 2
    for image in everything:
        assert SECRET not in series_key(image)
        assert image_at(image.path, series_key(image)).series == image.series
    with pytest.raises(ImageReadError, match="no longer"):
        image_at(everything[0].path, "0" * 16)


def test_one_slice_and_a_single_file_lead_to_their_series_without_a_key(tmp_path):
    slices = series_of(3, tmp_path)
    (image,) = list_images([slices[1]]).images
    assert series_key(image) == ""
