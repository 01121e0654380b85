"""DICOM structured reports of landmarks: TID 1500, Measurement Report, by highdicom (an optional extra of the package).

Only written, a report for each image, which must have been read from DICOM. Points of a picture refer to that picture, in px
from the corner of its first pixel (PS3.3 C.18.6); points of a volume stand in mm in its frame of reference, LPS as
everywhere in DICOM (C.18.9). Patient and study are those of the source, copied from file to file; nothing of them goes
anywhere else.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.image_names import file_stems
from core.landmark_files.placing import px_from_mm
from core.landmark_files.px_record import CORNER_TO_CENTRE_PX
from core.values.landmarks import Status, author_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SCHEME = "99CAIRN"
"""Designator of codes that no standard has; private ones begin with 99 (PS3.16, section 8)."""
_SERIES_NUMBER = 900


def write_dicom_reports(cases: Sequence[CaseMarks]) -> Iterator[tuple[str, bytes]]:
    """Give the report of each case with its name; nobody has said anything of unplaced landmarks, and neither does it.

    Raises
    ------
    LandmarkFileError
        highdicom is not installed, or an image was not read from DICOM files that a report can refer to.
    """
    try:
        import highdicom  # noqa: F401 - a second to import, and a sentence where it is missing
    except ImportError as error:
        raise LandmarkFileError(
            "Structured reports are written by highdicom, which is not installed.",
            "Use a Cairn that was installed with: pip install cairn-landmarks[dicom-sr].",
        ) from error
    for case, stem in zip(cases, file_stems([case.image.name for case in cases]), strict=True):
        report = _report(case, _sources(case.image))
        stream = io.BytesIO()
        report.save_as(stream)
        yield f"{stem}.dcm", stream.getvalue()


def _sources(image: CaseImage) -> list[Dataset]:
    """Return the DICOM files of an image without their pixels.

    Raises
    ------
    LandmarkFileError
        There are none, or those of several series.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    path = image.source.path
    paths = image.dicom_paths or (sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else (path,))
    sources: list[Dataset] = []
    for file in paths:
        try:
            sources.append(pydicom.dcmread(file, stop_before_pixels=True))
        except InvalidDicomError:
            continue  # such as a DICOMDIR's neighbours; whether anything is left is asked below
        except OSError as error:
            raise LandmarkFileError(
                f"The DICOM files of {image.name} cannot be read ({error.strerror}).", "Check where they are."
            ) from error
    sources = [source for source in sources if "SeriesInstanceUID" in source and "SOPInstanceUID" in source]
    if not sources:
        raise LandmarkFileError(
            f"{image.name} was not read from DICOM, so no structured report can refer to it.",
            "Leave it out, or choose another format.",
        )
    if len({source.SeriesInstanceUID for source in sources}) > 1:
        raise LandmarkFileError(
            f"The folder of {image.name} holds several DICOM series.", "Put its series into a folder of its own."
        )
    return sources


def _report(case: CaseMarks, sources: Sequence[Dataset]) -> Dataset:
    """Return the report of one case."""
    from highdicom import UID, sr

    content = sr.MeasurementReport(
        observation_context=_observer(case),
        procedure_reported=sr.CodedConcept("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=_groups(case, sources),
    )
    kind = sr.ComprehensiveSR if case.image.ndim == 2 else sr.Comprehensive3DSR
    try:
        return kind(
            evidence=sources,
            content=content,
            series_instance_uid=UID(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=UID(),
            instance_number=1,
            manufacturer="Cairn",
            series_description="Landmarks",
        )
    except (AttributeError, ValueError) as error:
        raise LandmarkFileError(
            f"The DICOM files of {case.image.name} lack what a structured report must repeat.",
            "Choose another format for this image.",
        ) from error


def _observer(case: CaseMarks) -> Any:
    """Return who said so: the program, and a person where one is named."""
    from highdicom import UID, sr
    from pydicom.sr.codedict import codes

    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(uid=UID(), name="Cairn"),
    )
    if not case.reader:
        return sr.ObservationContext(observer_device_context=device)
    person = sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(name=_person_name(case.reader)),
    )
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _person_name(reader: str) -> str:
    """Return a name as DICOM writes names: the family's first, a caret, the others; what separates there is not taken over."""
    *given, family = reader.replace("^", " ").replace("=", " ").replace("\\", " ").split() or [""]
    return "^".join([family, " ".join(given)])[:64]


def _groups(case: CaseMarks, sources: Sequence[Dataset]) -> list[Any]:
    """Return a group of measurements for each landmark of which something is said."""
    from highdicom import UID, sr

    landmarks = case.landmarks
    groups: list[Any] = []
    point_of = _regions(case, sources)
    kind = _coded("landmark", "Anatomical landmark")
    for row, (name, status, author) in enumerate(zip(landmarks.names, landmarks.stated, landmarks.author, strict=True)):
        if status is Status.UNPLACED:
            continue
        by = author_of(status, np.nan, author)
        said = {
            "tracking_identifier": sr.TrackingIdentifier(uid=UID(), identifier=name),
            "finding_type": kind,
            "measurements": _measurements(case, row),
            "qualitative_evaluations": [
                sr.QualitativeEvaluation(_coded("status", "Status of landmark"), _coded(status, status)),
                sr.QualitativeEvaluation(_coded("author", "Who has said so first"), _coded(by, by)),
            ],
        }
        if status is Status.ABSENT:
            groups.append(sr.MeasurementsAndQualitativeEvaluations(**said))
        else:
            groups.append(sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=point_of(row), **said))
    return groups


def _regions(case: CaseMarks, sources: Sequence[Dataset]) -> Any:
    """Return what makes the region of a landmark, which is a point.

    Raises
    ------
    LandmarkFileError
        The source has several frames or no frame of reference.
    """
    from highdicom import sr

    if case.image.ndim == 3:
        frame = {source.get("FrameOfReferenceUID") for source in sources}
        if len(frame) != 1 or None in frame:
            raise LandmarkFileError(
                f"The DICOM files of {case.image.name} have no common frame of reference.",
                "Choose another format for this image.",
            )
        points = case.landmarks.points_mm
        return lambda row: sr.ImageRegion3D(sr.GraphicTypeValues3D.POINT, points[row : row + 1], str(*frame))
    if len(sources) > 1 or int(sources[0].get("NumberOfFrames") or 1) > 1:
        raise LandmarkFileError(
            f"{case.image.name} is one picture of several in its DICOM files.", "Choose another format for this image."
        )
    px = px_from_mm(case.image.grid, case.landmarks.points_mm) + CORNER_TO_CENTRE_PX
    source = sr.SourceImageForRegion(sources[0].SOPClassUID, sources[0].SOPInstanceUID)
    return lambda row: sr.ImageRegion(sr.GraphicTypeValues.POINT, px[row : row + 1], source)


def _measurements(case: CaseMarks, row: int) -> list[Any]:
    """Return what the model knows of a landmark: its presence, spread and radius."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    length = codes.UCUM.Millimeter if case.image.unit == "mm" else sr.CodedConcept("{pixels}", "UCUM", "pixels")
    figures = (
        (_coded("presence", "Probability of presence"), case.landmarks.presence[row], codes.UCUM.NoUnits),
        (_coded("spread", "Distance of the votes from their mean"), case.landmarks.spread_mm[row], length),
        (_coded("radius90", "Radius that holds the position in 90 % of cases"), case.landmarks.radius_mm[row], length),
    )
    return [sr.Measurement(name, float(value), unit) for name, value, unit in figures if np.isfinite(value)]


def _coded(value: str, meaning: str) -> Any:
    from highdicom import sr

    return sr.CodedConcept(value, _SCHEME, meaning)
