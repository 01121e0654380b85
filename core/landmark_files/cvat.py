"""CVAT for images 1.1: one XML file with the points of many images (docs.cvat.ai, XML annotation format).

Text in, records in px out, and back. Read are points, each named by its label, and the points of a skeleton; written are
skeletons, since only these can say that a point is outside, which is absent here. CVAT counts from the corner of the first
pixel. XML that defines entities or document types is refused before anything of it is expanded.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from defusedxml import ElementTree as SafeTree
from defusedxml.common import DefusedXmlException

from core.base.delimited_text import finite_number
from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseMarks
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.placing import px_from_mm
from core.landmark_files.precision import PX_DECIMALS, fixed_text
from core.landmark_files.px_record import CORNER_TO_CENTRE_PX, PxRecord, px_points, record_of, require_names
from core.landmark_files.text_file import LARGEST_COLLECTION_BYTES, plain_size, text_of
from core.values.landmarks import Author, Status

_SKELETON = "landmarks"
_HINT = "Export the task from CVAT again, as CVAT for images 1.1."
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_cvat(text: str) -> bool:
    """Tell by its elements whether an XML file is one of CVAT's."""
    return "<annotations" in text


def read_cvat(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of the wanted image, or of the only one.

    Raises
    ------
    LandmarkFileError
        The file is damaged, or has no landmarks of that image.
    """
    return record_of(_records(text, path), wanted.image, path).placed(wanted)


def cvat_records(path: Path) -> list[PxRecord]:
    """Return the landmarks of all images that have any.

    Raises
    ------
    LandmarkFileError
        The file is damaged or of another kind, or an image has two points of one name.
    """
    return _records(text_of(path, LARGEST_COLLECTION_BYTES), path)


def _records(text: str, path: Path) -> list[PxRecord]:
    root = _root(text, path)
    if root.find("track") is not None:
        raise LandmarkFileError(f"{path.name} is a file of CVAT for video.", _HINT)
    records = (_record(image, path) for image in root.iterfind("image"))
    return [record for record in records if record is not None]


def _root(text: str, path: Path) -> ElementTree.Element:
    """Return the root of a file, or refuse what is not XML, not CVAT's, or defines anything."""
    try:
        root: ElementTree.Element = SafeTree.fromstring(text.encode("utf-8"), forbid_dtd=True)
    except DefusedXmlException as error:
        raise LandmarkFileError(f"{path.name} defines XML entities, which Cairn does not read.", _HINT) from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise LandmarkFileError(f"{path.name} is not valid XML: {error}.", _HINT) from error
    if root.tag != "annotations":
        raise LandmarkFileError(f"{path.name} holds no annotations of CVAT.", _HINT)
    return root


def _record(image: ElementTree.Element, path: Path) -> PxRecord | None:
    """Return what is said of one image, None where it has no points."""
    name = image.get("name", "")
    where = f"{path.name}: image {name or image.get('id', '')}"
    names: list[str] = []
    points: list[tuple[float, float]] = []
    outside: list[bool] = []
    for shape in [*image.iterfind("points"), *image.iterfind("skeleton/points")]:
        label = shape.get("label", "").strip()
        if not label:
            raise LandmarkFileError(f"{where} has a point without a label.", _HINT)
        given = _points(shape.get("points", ""), f"{where} ({label})")
        names += [label] if len(given) == 1 else [f"{label} {number}" for number in range(1, len(given) + 1)]
        is_outside = shape.get("outside") == "1"
        points += [(np.nan, np.nan)] * len(given) if is_outside else given
        outside += [is_outside] * len(given)
    if not names:
        return None
    require_names(names, where)
    size = _size(image.get("width")), _size(image.get("height"))
    status = tuple(Status.ABSENT if is_outside else Status.PLACED for is_outside in outside)
    return PxRecord(where, name, px_points(points, 2), tuple(names), status, size_px=size if all(size) else ())


def _points(text: str, where: str) -> list[tuple[float, float]]:
    """Return the points of a shape, ``x,y;x,y``, counted from the centre of the first pixel."""
    points = []
    for pair in text.split(";"):
        numbers = [finite_number(part.strip()) for part in pair.split(",")]
        if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
            raise LandmarkFileError(f'{where} has "{pair[:40]}" where x,y is expected.', _HINT)
        points.append((numbers[0] - CORNER_TO_CENTRE_PX, numbers[1] - CORNER_TO_CENTRE_PX))
    return points


def _size(text: str | None) -> int:
    return plain_size(finite_number(text or ""))


def write_cvat(cases: Sequence[CaseMarks]) -> str:
    """Return a file with a skeleton for each case; absent points are outside, unplaced ones are left out.

    Raises
    ------
    LandmarkFileError
        A name has a character that XML cannot hold.
    """
    names = cases[0].landmarks.names
    for name in [*names, *(case.image.name for case in cases)]:
        if _NO_XML.search(name):
            raise LandmarkFileError(f"The name {name!r} cannot be written in XML.", "Rename it.")
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    _add_task(root, names, len(cases))
    for number, case in enumerate(cases):
        _add_image(root, number, case)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _add_task(root: ElementTree.Element, names: Sequence[str], count: int) -> None:
    """Say which labels there are: a skeleton, and the points that belong to it."""
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    for key, text in (("name", "Landmarks from Cairn"), ("size", str(count)), ("mode", "annotation")):
        ElementTree.SubElement(task, key).text = text
    labels = ElementTree.SubElement(task, "labels")
    for name, kind, parent in [(_SKELETON, "skeleton", ""), *((name, "points", _SKELETON) for name in names)]:
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = name
        ElementTree.SubElement(label, "type").text = kind
        ElementTree.SubElement(label, "attributes")
        if parent:
            ElementTree.SubElement(label, "parent").text = parent


def _add_image(root: ElementTree.Element, number: int, case: CaseMarks) -> None:
    height, width = case.image.grid.shape
    size = {"width": str(width), "height": str(height)}
    image = ElementTree.SubElement(root, "image", {"id": str(number), "name": case.image.name} | size)
    landmarks = case.landmarks
    if all(status is Status.UNPLACED for status in landmarks.stated):
        return
    skeleton = ElementTree.SubElement(image, "skeleton", {"label": _SKELETON, "source": "manual", "z_order": "0"})
    px = px_from_mm(case.image.grid, landmarks.points_mm) + CORNER_TO_CENTRE_PX
    for name, point, status, author in zip(landmarks.names, px, landmarks.stated, landmarks.author, strict=True):
        if status is Status.UNPLACED:
            continue
        is_absent = status is Status.ABSENT
        place = "0.00,0.00" if is_absent else ",".join(fixed_text(value, PX_DECIMALS) for value in point)
        ElementTree.SubElement(
            skeleton,
            "points",
            {
                "label": name,
                "source": "auto" if author is Author.MODEL else "manual",
                "outside": str(int(is_absent)),
                "occluded": "0",
                "points": place,
            },
        )
