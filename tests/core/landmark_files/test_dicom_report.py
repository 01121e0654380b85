"""Structured reports of landmarks, read back by highdicom's own reader; the images are made on the spot."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from core.base.errors import LandmarkFileError
from core.images.dicom.header import quiet_pydicom
from core.images.file import read_image
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import write_collection
from core.values.landmarks import Landmarks, Status
from tests.support.collection_fixtures import flat_cases
from tests.support.dicom_fixtures import SECRET, lit_stack, pixels, positions, write_dicom, write_series

sr = pytest.importorskip("highdicom.sr", reason="structured reports are an extra")

NAMES = ("sella", "nasion", "menton", "gonion")
STATES = (Status.PREDICTED, Status.CONFIRMED, Status.ABSENT, Status.UNPLACED)
STUDY = {
    "AccessionNumber": "1",
    "StudyID": "1",
    "StudyDate": "",
    "StudyTime": "",
    "PatientBirthDate": "",
    "PatientSex": "",
}
STUDY |= {"ReferringPhysicianName": "", "StudyInstanceUID": pydicom.uid.generate_uid()}


def marks_on(image: CaseImage, index: list[list[float]]) -> CaseMarks:
    nowhere = [[np.nan] * image.ndim] * 2
    presence = [0.75, np.nan, 0.1, np.nan]
    landmarks = Landmarks(
        NAMES, image.grid.to_mm([*index, *nowhere]), presence, [0.5, *[np.nan] * 3], [1.5, *[np.nan] * 3], STATES
    )
    return CaseMarks(image, landmarks, reader="Ann Marie Lee")


def report_of(case: CaseMarks, folder: Path) -> "sr.ComprehensiveSR":
    write_collection([case], folder, "dicom-sr")
    (path,) = folder.iterdir()
    with quiet_pydicom:
        return sr.srread(path)


def groups_of(report: "sr.ComprehensiveSR") -> dict[str, object]:
    """The measurement groups of a report by the name of their landmark, as highdicom finds them."""
    content = report.content
    found = [*content.get_planar_roi_measurement_groups(), *content.get_image_measurement_groups()]
    return {group.tracking_identifier: group for group in found}


def test_points_of_a_picture_are_regions_of_that_picture(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "xray.dcm", pixels((12, 10)), PixelSpacing=[0.5, 0.25], **STUDY)
    case = marks_on(CaseImage.of(read_image(path)), [[3.25, 7.5], [0, 0]])
    report = report_of(case, tmp_path / "out")
    groups = groups_of(report)
    assert list(groups) == ["sella", "nasion", "menton"]  # nobody has said anything of the other
    roi = groups["sella"].roi
    np.testing.assert_allclose(roi.value, [[8.0, 3.75]])  # the centre of the first pixel is (0.5, 0.5)
    source = pydicom.dcmread(path)
    assert roi.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    (presence, spread, radius) = groups["sella"].get_measurements()
    assert (float(presence.value), float(spread.value), float(radius.value)) == (0.75, 0.5, 1.5)
    assert (spread.unit.value, radius.unit.value) == ("mm", "mm")
    said = {name: [one.value.value for one in group.get_qualitative_evaluations()] for name, group in groups.items()}
    assert said == {"sella": ["predicted", "model"], "nasion": ["confirmed", "person"], "menton": ["absent", "model"]}
    assert (report.StudyInstanceUID, report.PatientName) == (source.StudyInstanceUID, SECRET)
    assert report.SOPClassUID == pydicom.uid.ComprehensiveSRStorage
    assert "Lee^Ann Marie" in str(report)


def test_points_of_a_volume_stand_in_its_frame_of_reference(tmp_path: Path) -> None:
    frame = pydicom.uid.generate_uid()
    folder = tmp_path / "ct"
    write_series(folder, lit_stack(4, (1, 2, 3)), positions(4), FrameOfReferenceUID=frame, **STUDY)
    image = CaseImage.of(read_image(folder))
    assert image.ndim == 3
    case = marks_on(image, [[1, 2, 3], [0, 0, 0]])
    report = report_of(case, tmp_path / "out")
    roi = groups_of(report)["sella"].roi
    np.testing.assert_allclose(roi.value, case.landmarks.points_mm[:1], rtol=1e-6)
    assert roi.frame_of_reference_uid == frame
    assert report.SOPClassUID == pydicom.uid.Comprehensive3DSRStorage
    listed = tuple(sorted(folder.iterdir()))
    again = report_of(replace(case, image=replace(image, dicom_paths=listed)), tmp_path / "again")
    series = [s for study in again.CurrentRequestedProcedureEvidenceSequence for s in study.ReferencedSeriesSequence]
    assert sum(len(item.ReferencedSOPSequence) for item in series) == 4


def test_a_picture_that_is_no_dicom_file_is_refused(tmp_path: Path) -> None:
    case = flat_cases()[0]
    path = tmp_path / "a.png"
    path.write_bytes(b"no DICOM")
    case = replace(case, image=replace(case.image, source=replace(case.image.source, path=path)))
    with pytest.raises(LandmarkFileError, match=r"a\.png was not read from DICOM") as caught:
        write_collection([case], tmp_path / "out", "dicom-sr")
    assert caught.value.hint
    path.unlink()
    with pytest.raises(LandmarkFileError, match="cannot be read"):
        write_collection([case], tmp_path / "out", "dicom-sr")
    assert list(tmp_path.iterdir()) == []


def test_several_series_or_none_to_refer_to_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "ct"
    write_series(folder, lit_stack(4, (1, 2, 3)), positions(4), **STUDY)
    case = marks_on(CaseImage.of(read_image(folder)), [[1, 2, 3], [0, 0, 0]])
    with pytest.raises(LandmarkFileError, match="frame of reference"):
        write_collection([case], tmp_path / "out", "dicom-sr")
    write_dicom(folder / "other.dcm", pixels((12, 10)))
    with pytest.raises(LandmarkFileError, match="several DICOM series"):
        write_collection([case], tmp_path / "out", "dicom-sr")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_missing_highdicom_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(LandmarkFileError, match="highdicom") as caught:
        write_collection(flat_cases(), tmp_path / "out", "dicom-sr")
    assert "dicom-sr" in caught.value.hint
