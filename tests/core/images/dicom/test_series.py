"""Series as scanners and archives leave them: which are found, what is proposed, what is refused and in which words."""

import os
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    MRImageStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from core.base.errors import Cancelled, ImageReadError
from core.images.dicom.series import find_series
from core.images.file import read_image
from tests.support.dicom_fixtures import (
    AXIAL,
    ROTATED,
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

# The program silences pydicom's warnings, which quote values; pytest sets its own filters.
pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:pydicom\b.*")


def only(folder: Path):
    (series,) = find_series(folder)
    return series


def test_a_series_is_described_without_opening_its_pixels(tmp_path):
    paths = write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4))
    for path in paths:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) - 12 * 10 * 2])
    series = only(tmp_path)
    assert series.paths == tuple(paths)
    assert series.modality == "CT"
    assert series.shape == (4, 12, 10)
    assert series.spacing_mm == pytest.approx((2.0, 0.5, 0.75))
    assert series.problem == ""
    assert not series.refused
    assert series.number == 3
    assert series.description == f"thorax of {SECRET}"
    assert series.patient == f"{SECRET} 4711"


def test_nothing_of_the_patient_is_in_the_repr_or_in_what_reading_says(tmp_path):
    write_series(tmp_path / "a", lit_stack(4, (1, 2, 3)), positions(4))
    write_series(tmp_path / "b", lit_stack(3, (1, 2, 3)), positions(4)[[0, 1, 3]])
    found = find_series(tmp_path)
    source = read_image(tmp_path).source
    said = repr(found) + repr(source).replace(source.sha256, "")  # by chance, a digest may hold the patient's number
    with pytest.raises(ImageReadError) as caught:
        read_image(tmp_path, series=found[1])
    assert "DOE" not in said + str(caught.value)
    assert "4711" not in said + str(caught.value)


@pytest.mark.parametrize("orientation", [AXIAL, ROTATED])
def test_slices_are_sorted_by_place_whatever_their_names_say(tmp_path, orientation):
    places = positions(5, orientation=orientation)
    paths = write_series(tmp_path, lit_stack(5, (1, 2, 3)), places[::-1], orientation, InstanceNumber=1)
    assert only(tmp_path).paths == tuple(reversed(paths))


def test_a_missing_slice_is_named_with_its_neighbours(tmp_path):
    write_series(tmp_path, lit_stack(6, (1, 2, 3)), positions(7)[[0, 1, 2, 4, 5, 6]])
    series = only(tmp_path)
    assert series.refused
    assert series.hint
    assert series.spacing_mm is None
    assert "A slice is missing between IM0002 and IM0003: they stand 4 mm apart, the others 2 mm." in series.problem


def test_several_gaps_are_counted(tmp_path):
    write_series(tmp_path, lit_stack(7, (1, 2, 3)), positions(11)[[0, 1, 4, 5, 6, 8, 9]])
    assert "2 slices are missing between IM0001 and IM0002" in only(tmp_path).problem
    assert "one more such gap" in only(tmp_path).problem


@pytest.mark.parametrize(
    ("heights", "verdict"),
    [
        ([0, 2, 4, 6.01, 8.01], "silent"),
        ([0, 0.5, 1, 1.508, 2], "silent"),  # positions rounded to a hundredth
        ([0, 2, 4.1, 6, 8], "noted"),
        ([0, 2, 4.6, 6.6, 8.6], "refused"),
        ([0, 2, 4, 7, 10, 13], "refused"),
        ([*range(20), *(19 + 1.08 * np.arange(1, 21))], "refused"),  # each step nearly right, together a slice astray
    ],
)
def test_uneven_steps_are_silent_noted_or_refused(tmp_path, heights, verdict):
    places = np.array([[1.0, 2.0, height] for height in heights])
    write_series(tmp_path, lit_stack(len(heights), (1, 2, 3)), places)
    series = only(tmp_path)
    assert series.refused == (verdict == "refused")
    assert ("The distance between slices" in series.problem) == (verdict != "silent")
    if verdict != "refused":
        assert series.spacing_mm[0] == pytest.approx(heights[-1] / (len(heights) - 1))


def test_a_slice_shifted_sideways_is_refused_by_name(tmp_path):
    places = positions(5)
    places[3, 0] += 4
    write_series(tmp_path, lit_stack(5, (1, 2, 3)), places)
    assert only(tmp_path).refused
    assert "IM0003 is shifted sideways by 4 mm" in only(tmp_path).problem


def test_a_tilted_gantry_is_noted_with_its_angle(tmp_path):
    places = positions(5)
    places[:, 1] += np.arange(5) * 2 * np.tan(np.radians(20))
    write_series(tmp_path, lit_stack(5, (1, 2, 3)), places)
    assert not only(tmp_path).refused
    assert "20.0°" in only(tmp_path).problem


@pytest.mark.parametrize(
    "mark",
    ["AcquisitionNumber", "TemporalPositionIdentifier", "EchoNumbers", "EchoTime", "DiffusionBValue", "TriggerTime"],
)
def test_slices_at_the_same_places_are_told_apart_by_what_they_say(tmp_path, mark):
    places = np.repeat(positions(4), 3, axis=0)
    voxels = np.stack([np.full((12, 10), number % 3, np.int16) for number in range(12)])
    write_series(tmp_path, voxels, places, Modality="MR", per_slice=[{mark: n % 3 + 1} for n in range(12)])
    found = find_series(tmp_path)
    assert [series.part for series in found] == ["1 of 3", "2 of 3", "3 of 3"]
    for number, series in enumerate(found):
        assert series.shape == (4, 12, 10)
        assert (read_image(tmp_path, series=series).voxels == number).all()
    image = read_image(tmp_path)
    assert (image.voxels == 0).all()
    assert any("3 series" in warning for warning in image.source.warnings)


def test_two_marks_together_tell_apart_what_one_cannot(tmp_path):
    places = np.repeat(positions(3), 4, axis=0)
    marks = [{"EchoTime": n % 2 + 1, "TemporalPositionIdentifier": n // 2 % 2} for n in range(12)]
    write_series(tmp_path, lit_stack(12, (1, 2, 3)), places, per_slice=marks)
    assert [series.shape[0] for series in find_series(tmp_path)] == [3, 3, 3, 3]


def test_slices_at_the_same_places_that_nothing_tells_apart_are_refused(tmp_path):
    write_series(tmp_path, lit_stack(8, (1, 2, 3)), np.repeat(positions(4), 2, axis=0))
    series = only(tmp_path)
    assert series.refused
    assert "same place, for example IM0000 and IM0001" in series.problem
    assert "copies" in series.hint


def test_a_copy_of_a_slice_counts_once(tmp_path):
    paths = write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4))
    shutil.copy(paths[1], tmp_path / "copy of IM0001")
    assert only(tmp_path).shape == (4, 12, 10)


def test_slices_with_one_copied_identifier_are_slices_all_the_same(tmp_path):
    """As scripts leave them that copy a header and change only the place."""
    write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4), SOPInstanceUID="1.2.3")
    assert only(tmp_path).shape == (4, 12, 10)


def test_two_patients_with_one_series_identifier_never_make_one_body(tmp_path):
    for number, patient in enumerate("AB"):
        places = positions(8)[4 * number : 4 * number + 4]
        write_series(tmp_path / patient, lit_stack(4, (1, 2, 3)), places, SeriesInstanceUID="1.2.3", PatientID=patient)
    assert [series.shape for series in find_series(tmp_path)] == [(4, 12, 10)] * 2
    (series,) = find_series(tmp_path / "A" / "IM0001")
    assert {path.parent.name for path in series.paths} == {"A"}


def test_slices_without_a_series_identifier_belong_with_those_of_their_folder(tmp_path):
    for name in "AB":
        write_series(tmp_path / name, lit_stack(4, (1, 2, 3)), positions(4), SeriesInstanceUID=None)
    found = find_series(tmp_path)
    assert [{path.parent.name for path in series.paths} for series in found] == [{"A"}, {"B"}]


def test_an_acquisition_number_alone_splits_nothing(tmp_path):
    marks = [{"AcquisitionNumber": n} for n in range(5)]
    write_series(tmp_path, lit_stack(5, (1, 2, 3)), positions(5), per_slice=marks)
    assert only(tmp_path).shape == (5, 12, 10)


def test_slices_without_a_place_are_refused_together_and_readable_alone(tmp_path):
    paths = write_series(tmp_path, lit_stack(3, (1, 2, 3)), positions(3), per_slice=[{"ImagePositionPatient": []}] * 3)
    assert "3 slices do not say where they stand" in only(tmp_path).problem
    assert read_image(paths[1]).voxels[2, 3] == 1000


def test_a_slice_without_a_place_beside_placed_ones_is_left_out_and_said(tmp_path):
    own: list[dict[str, object]] = [{}, {}, {"ImagePositionPatient": ["1e999", "0", "0"]}, {}, {}]
    write_series(tmp_path, lit_stack(5, (1, 2, 3)), positions(4)[[0, 1, 1, 2, 3]], per_slice=own)
    image = read_image(tmp_path)
    assert image.grid.shape == (4, 12, 10)
    assert any("1 slice does not say" in warning and "IM0002" in warning for warning in image.source.warnings)


@pytest.mark.parametrize("size", [[], [0, 0], [1e-9, 1e-9], [5000, 5000]])
def test_slices_without_a_possible_pixel_size_are_refused_in_a_sentence(tmp_path, size):
    write_series(tmp_path, lit_stack(3, (1, 2, 3)), positions(3), PixelSpacing=size)
    assert only(tmp_path).refused
    assert "pixel size" in only(tmp_path).problem


# --- what is found and proposed ---------------------------------------------------------------------------------------------


def test_the_proposed_series_is_the_one_a_person_most_likely_means(tmp_path):
    short = write_series(tmp_path / "short", lit_stack(3, (1, 2, 3)), positions(3), SeriesNumber=1)
    holed = write_series(tmp_path / "holed", lit_stack(9, (1, 2, 3)), positions(10)[[0, 1, 2, 4, 5, 6, 7, 8, 9]])
    long = write_series(tmp_path / "deep" / "er", lit_stack(6, (1, 2, 3)), positions(6), SeriesNumber=7)
    planning = write_series(
        tmp_path / "planning", lit_stack(20, (1, 2, 3)), positions(20), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    screen = write_dicom(tmp_path / "screen", pixels((4, 6, 3), np.uint8), SecondaryCaptureImageStorage, Modality="OT")
    film = write_dicom(tmp_path / "film", pixels())
    found = find_series(tmp_path)
    assert [series.paths[0] for series in found] == [long[0], short[0], holed[0], planning[0], film, screen]
    assert [series.localizer for series in found] == [False, False, False, True, False, True]
    assert [series.is_volume for series in found] == [True, True, True, True, False, False]


def test_slices_of_one_series_that_differ_in_orientation_or_size_are_separate(tmp_path):
    uid = generate_uid()
    write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4), name="a{}", SeriesInstanceUID=uid)
    rotated = positions(3, orientation=ROTATED)
    write_series(tmp_path, lit_stack(3, (1, 2, 3)), rotated, ROTATED, name="b{}", SeriesInstanceUID=uid)
    write_series(tmp_path, lit_stack(2, (1, 2, 3), (6, 7)), positions(2), name="c{}", SeriesInstanceUID=uid)
    assert [series.shape for series in find_series(tmp_path)] == [(4, 12, 10), (3, 12, 10), (2, 6, 7)]


def test_other_files_in_the_folder_do_not_disturb(tmp_path):
    paths = write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4), name="{}")
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / "empty").touch()
    (tmp_path / ".hidden.dcm").write_bytes(paths[0].read_bytes())
    (tmp_path / "looks.txt").write_bytes(b"\x08\x00\x05\x00" + b"but is none" * 20)
    write_dicom(tmp_path / "report", pixels(), Rows=None, Columns=None, PixelData=None)
    assert only(tmp_path).paths == tuple(paths)


def test_files_without_preamble_and_suffix_are_found(tmp_path):
    for path in write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4)):
        bare = pydicom.Dataset()
        bare.update(pydicom.dcmread(path))
        bare.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
        assert path.read_bytes()[128:132] != b"DICM"
    assert only(tmp_path).shape == (4, 12, 10)
    assert read_image(tmp_path).voxels[1, 2, 3] == 1000


def test_names_in_any_script_and_links_in_a_circle_do_not_disturb(tmp_path):
    folder = tmp_path / "Kopf größe 頭"
    write_series(folder, lit_stack(4, (1, 2, 3)), positions(4))
    (folder / "loop").symlink_to(tmp_path)
    assert only(tmp_path).shape == (4, 12, 10)
    assert read_image(folder / "IM0002").voxels[1, 2, 3] == 1000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_keeps_nobody_waiting(tmp_path):
    write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4))
    os.mkfifo(tmp_path / "pipe.dcm")
    assert only(tmp_path).notes == ()
    with pytest.raises(ImageReadError, match="is not a file"):
        read_image(tmp_path / "pipe.dcm")


def test_the_dicomdir_of_a_folder_is_not_damaged(tmp_path):
    write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4))
    write_dicomdir(tmp_path, {})
    assert only(tmp_path).notes == ()


@pytest.mark.parametrize("opened", ["", "IM0001.dcm"])
def test_empty_files_and_links_to_nothing_are_left_out_and_said(tmp_path, opened):
    write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4), name="IM{:04d}.dcm")
    (tmp_path / "IM0004.dcm").touch()
    (tmp_path / "IM0005.dcm").symlink_to(tmp_path / "nothing")
    (series,) = find_series(tmp_path / opened)
    assert series.notes == ("2 damaged, empty or unreadable files were left out, for example IM0004.dcm.",)
    assert series.shape == (4, 12, 10)


def test_a_damaged_file_is_left_out_and_said(tmp_path):
    write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4))
    broken = write_dicom(tmp_path / "broken", pixels())
    broken.write_bytes(broken.read_bytes()[:200])
    (series,) = find_series(tmp_path)
    assert series.notes == ("1 damaged, empty or unreadable file was left out, for example broken.",)
    assert series.notes[0] in read_image(tmp_path).source.warnings


def test_folders_without_dicom_are_no_error_to_search_and_one_to_read(tmp_path):
    assert find_series(tmp_path) == ()
    with pytest.raises(ImageReadError, match="holds no DICOM images"):
        read_image(tmp_path)
    (tmp_path / "scan.nii.gz").touch()
    with pytest.raises(ImageReadError, match=r"scan\.nii\.gz"):
        read_image(tmp_path)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(ImageReadError, match="no longer there"):
        find_series(tmp_path / "missing")


def test_a_search_can_be_stopped_and_tells_how_far_it_is(tmp_path):
    write_series(tmp_path, lit_stack(20, (1, 2, 3)), positions(20))
    fractions = []
    find_series(tmp_path, progress=lambda fraction, _: fractions.append(fraction))
    assert fractions == [0.0, 0.8]
    with pytest.raises(Cancelled):
        find_series(tmp_path, should_stop=lambda: True)


def test_a_dicomdir_stands_for_what_it_lists(tmp_path):
    short = write_series(tmp_path / "in" / "a", lit_stack(3, (1, 2, 3)), positions(3))
    long = write_series(tmp_path / "in" / "b", lit_stack(5, (1, 2, 3)), positions(5))
    names = {f"SER{folder}/IM{n}": path for folder, paths in enumerate((short, long)) for n, path in enumerate(paths)}
    table = write_dicomdir(tmp_path / "cd", names)
    write_series(tmp_path / "cd" / "unlisted", lit_stack(9, (1, 2, 3)), positions(9))
    assert [series.shape[0] for series in find_series(table)] == [5, 3]
    image = read_image(table)
    assert image.source.path == tmp_path / "cd"
    assert image.voxels[1, 2, 3] == 1000
    assert any("DICOMDIR holds 2 series" in warning for warning in image.source.warnings)
    for name in ("SER0", "SER1"):
        (tmp_path / "cd" / name).rename(tmp_path / "cd" / name.lower())  # as copied from a disc
    assert [series.shape[0] for series in find_series(table)] == [5, 3]
    (tmp_path / "cd" / "ser1" / "IM4").unlink()
    assert [series.shape[0] for series in find_series(table)] == [4, 3]
    assert any("1 file" in note for note in find_series(table)[0].notes)
    for name in ("ser0", "ser1"):
        shutil.rmtree(tmp_path / "cd" / name)
    assert [series.shape[0] for series in find_series(table)] == [9]


def test_a_dicomdir_cannot_lead_out_of_its_folder(tmp_path):
    (outside,) = write_series(tmp_path / "secret", lit_stack(1, (0, 2, 3)), positions(1))
    table = write_dicomdir(tmp_path / "cd", {"inside/../../cd/IM": outside})
    (tmp_path / "cd" / "IM").unlink()
    assert outside.exists()
    assert find_series(table) == ()


def test_one_file_of_a_series_stands_for_the_whole_series(tmp_path):
    paths = write_series(tmp_path, lit_stack(4, (1, 2, 3)), positions(4))
    write_series(tmp_path, lit_stack(6, (1, 2, 3)), positions(6), name="other{}")
    series = only(paths[2])
    assert series.paths == tuple(paths)
    image = read_image(paths[2])
    assert image.source.path == paths[2]
    assert image.grid.shape == (4, 12, 10)
    assert any("one of 4 slices" in warning for warning in image.source.warnings)


def test_a_radiograph_does_not_look_around(tmp_path):
    uid = generate_uid()
    for name in ("a", "b"):
        write_dicom(tmp_path / name, pixels(), SeriesInstanceUID=uid, PixelSpacing=[0.1, 0.1])
    image = read_image(tmp_path / "a")
    assert image.ndim == 2
    assert image.source.warnings == ()
    assert len(find_series(tmp_path)) == 2


# --- enhanced multi-frame files ---------------------------------------------------------------------------------------------


def test_an_enhanced_file_is_a_volume_by_its_functional_groups(tmp_path):
    places = positions(4)[[2, 0, 3, 1]]
    series = only(write_enhanced(tmp_path / "enhanced", lit_stack(4, (0, 2, 3)), enhanced_groups(places)))
    assert series.shape == (4, 12, 10)
    assert series.spacing_mm == pytest.approx((2.0, 0.5, 0.75))
    assert len(series.paths) == 1


def test_several_stacks_of_an_enhanced_file_are_several_series(tmp_path):
    times = [item(TemporalPositionIndex=number % 2 + 1) for number in range(6)]
    groups = enhanced_groups(np.repeat(positions(3), 2, axis=0), FrameContentSequence=times)
    voxels = np.stack([np.full((12, 10), number % 2, np.int16) for number in range(6)])
    path = write_enhanced(tmp_path / "enhanced", voxels, groups)
    found = find_series(path)
    assert [series.part for series in found] == ["1 of 2", "2 of 2"]
    assert (read_image(path).voxels == 0).all()
    assert any("2 series" in warning for warning in read_image(path).source.warnings)
    assert (read_image(path, series=found[1]).voxels == 1).all()


@pytest.mark.parametrize("described", [3, 5])
def test_more_or_fewer_descriptions_than_frames_are_refused(tmp_path, described):
    path = write_enhanced(tmp_path / "enhanced", lit_stack(4, (0, 2, 3)), enhanced_groups(positions(described)))
    with pytest.raises(ImageReadError, match=f"enhanced says that it holds 4 frames, but describes {described}"):
        read_image(path)


@pytest.mark.parametrize("modality", ["XA", "MG", "CT"])
def test_frames_with_places_of_their_own_stack_whatever_the_modality(tmp_path, modality):
    path = write_enhanced(tmp_path / "enhanced", lit_stack(4, (1, 2, 3)), enhanced_groups(positions(4)))
    dataset = pydicom.dcmread(path)
    dataset.Modality = modality  # rotational angiography, tomosynthesis
    dataset.save_as(path)
    assert only(path).shape == (4, 12, 10)


def test_a_missing_frame_is_named(tmp_path):
    groups = enhanced_groups(positions(5)[[0, 1, 3, 4]])
    path = write_enhanced(tmp_path / "enhanced", lit_stack(4, (0, 2, 3)), groups)
    with pytest.raises(ImageReadError, match="between frame 2 of enhanced and frame 3 of enhanced"):
        read_image(path)


def test_magnetic_resonance_is_a_cross_section_too(tmp_path):
    write_series(tmp_path, lit_stack(3, (1, 2, 3)), positions(3), Modality="MR", SOPClassUID=MRImageStorage)
    assert only(tmp_path).modality == "MR"
