"""The table of image formats: files are known by their content, and all lists derive from one place."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image as PillowImage

from core.images.file import read_image
from core.images.formats import (
    DIALOG_FILTER,
    DICOM,
    IMAGE_FORMATS,
    IMAGE_SUFFIXES,
    MIME_TYPES,
    WRITABLE_SUFFIXES,
    format_of,
    image_name,
)
from core.project.store import MIME_TYPE as PROJECT_TYPE
from tests.support.dicom_fixtures import pixels, write_dicom
from tests.support.image_fixtures import noise

PACKAGING = Path(__file__).parents[3] / "packaging"
LINUX = PACKAGING / "linux"


@pytest.mark.parametrize(
    "preamble", [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\x89PNG\r\n\x1a\n", b"BM", b"NRRD0004\n"]
)
def test_a_dicom_file_may_begin_like_any_other(tmp_path, preamble):
    """DICOM PS3.10 7.1: the 128 bytes before DICM are for anybody, so that a file may be a TIFF as well."""
    path = write_dicom(tmp_path / "scan.dcm", pixels())
    path.write_bytes(preamble + path.read_bytes()[len(preamble) :])
    assert format_of(path) is DICOM
    image = read_image(path)
    assert image.source.modality == "DX"
    assert (image.voxels == pixels()).all()


def test_no_two_formats_share_a_suffix_and_what_is_written_can_be_read():
    assert len(set(IMAGE_SUFFIXES)) == len(IMAGE_SUFFIXES)
    assert set(WRITABLE_SUFFIXES) <= set(IMAGE_SUFFIXES)
    for row in IMAGE_FORMATS:
        assert set(row.writable) <= set(row.suffixes)


def test_a_dialog_offers_every_suffix_among_all_images_and_at_its_format():
    first, *others = re.findall(r"\(([^)]*)\)", DIALOG_FILTER)
    assert set(first.split()) == {f"*{suffix}" for suffix in IMAGE_SUFFIXES} | {"DICOMDIR"}
    assert {pattern for part in others[:-1] for pattern in part.split()} == {f"*{suffix}" for suffix in IMAGE_SUFFIXES}


def test_the_desktop_is_told_of_the_same_formats():
    entry = (LINUX / "z-cairn-open-with.desktop").read_text(encoding="utf-8")
    stated = re.search(r"^MimeType=(.*)$", entry, re.MULTILINE)
    assert stated is not None
    assert {name for name in stated.group(1).split(";") if name} == set(MIME_TYPES)
    metainfo = ElementTree.parse(LINUX / "metainfo.xml")
    assert {element.text for element in metainfo.iter("mediatype")} <= {*MIME_TYPES, PROJECT_TYPE}


def test_the_formats_that_linux_does_not_know_are_described_with_the_same_suffixes():
    namespace = "{http://www.freedesktop.org/standards/shared-mime-info}"
    described = {
        element.attrib["type"]: {glob.attrib["pattern"][1:] for glob in element.iter(f"{namespace}glob")}
        for element in ElementTree.parse(LINUX / "cairn-mime.xml").iter(f"{namespace}mime-type")
    }
    for row in IMAGE_FORMATS:
        own = set().union(*(described.get(mime_type, set()) for mime_type in row.mime_types))
        # The header of a NIfTI pair shares its suffix with too many other programs to claim it.
        assert not own or own == set(row.suffixes) - {".hdr"}
    assert set(described) <= {*MIME_TYPES, PROJECT_TYPE}


@pytest.mark.parametrize("page", ["README.md", "packaging/README.md"])
def test_the_pages_for_people_name_every_format(page):
    text = (PACKAGING.parent / page).read_text(encoding="utf-8")
    assert [row.name for row in IMAGE_FORMATS if row.name not in text] == []


def test_windows_and_macos_are_told_of_the_same_formats():
    setup = (PACKAGING / "windows" / "cairn.nsi").read_text(encoding="utf-8")
    offered = set(re.findall(r"^\s*!insertmacro \$\{do\} (\.\w+)$", setup, re.MULTILINE))
    # Windows and macOS see the last suffix only, and .hdr and .dicom belong to other programs first.
    assert offered == set(IMAGE_SUFFIXES) - {".nii.gz", ".hdr", ".dicom"}
    (documents,) = re.findall(
        r"^_DOCUMENT_TYPES = \(\n(.*?)^\)",
        (PACKAGING / "frozen" / "platform_files.py").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    volumes = {suffix for row in IMAGE_FORMATS if not row.flat for suffix in row.suffixes} - {".hdr", ".nii.gz"}
    assert volumes | {".gz"} <= {f".{suffix}" for suffix in re.findall(r'"(\w+)"', documents)}
    assert all(f'"public.{name}"' in documents for name in ("png", "jpeg", "tiff"))


def test_a_file_is_known_by_its_content_and_text_by_none(tmp_path):
    PillowImage.fromarray(noise((6, 7))).save(tmp_path / "photo.png", format="JPEG")
    found = format_of(tmp_path / "photo.png")
    assert found is not None
    assert found.name == "JPEG"
    (tmp_path / "text.png").write_text("These are words.")
    assert format_of(tmp_path / "text.png") is None


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("scan.png", "scan"),
        ("scan.PNG", "scan"),
        ("scan.nii.gz", "scan"),
        ("scan.v2.jpg", "scan.v2"),
        ("1.2.840.10008", "1.2.840.10008"),
        ("IM0001", "IM0001"),
        (".png", ".png"),
    ],
)
def test_result_is_named_like_the_image(file, name):
    assert image_name(Path("folder") / file) == name
