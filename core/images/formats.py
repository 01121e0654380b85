"""The table of image formats: what each is called, ends in, begins with, and who reads it.

Suffix lists, filters of file dialogs, MIME types and the choice of a reader derive from it. A new format is one module that
reads it and one row here. Nothing is decoded in this module.
"""

import re
import stat
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

import SimpleITK as sitk

from core.images.dicom.volume import read_dicom
from core.images.itk import Content, quiet_itk
from core.images.nifti import header_beside, read_nifti
from core.images.nrrd_metaimage import read_volume
from core.images.pictures import read_picture

ShouldStop = Callable[[], bool] | None

_HEAD_BYTES = 512
_ZIPPED_HEAD_BYTES = 1 << 14
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class ImageFormat:
    """A format that Cairn reads.

    Attributes
    ----------
    name
        What people call it.
    suffixes
        What its files end in, the usual one first, in lower case. Only for dialogs and names: files are known by their content.
    begins
        Whether a file with these first bytes (up to 512, of a zipped file unzipped) is one.
    read
        Reads a file; what is doubtful is added to the list.
    mime_types
        What the shared MIME database of a Linux desktop calls it.
    writable
        Those of ``suffixes`` that Cairn also writes.
    flat
        Whether it holds pictures, with no place in space.
    """

    name: str
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]
    read: Callable[[Path, list[str], ShouldStop], Content]
    mime_types: tuple[str, ...]
    writable: tuple[str, ...] = ()
    flat: bool = False


def _begins_with(*magic: bytes, at: int = 0) -> Callable[[bytes], bool]:
    return lambda head: head[at : at + max(map(len, magic))].startswith(magic)


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:12] in (b"n+2\0\r\n\032\n", b"ni2\0\r\n\032\n")


def _picture(name: str, suffixes: tuple[str, ...], *magic: bytes, writable: tuple[str, ...] = ()) -> ImageFormat:
    def read(path: Path, warnings: list[str], _: ShouldStop) -> Content:
        return read_picture(path, name, warnings)

    return ImageFormat(
        name, suffixes, _begins_with(*magic), read, (f"image/{name.lower()}",), writable=writable, flat=True
    )


def _read_nrrd_or_meta(kind: str, path: Path, warnings: list[str], _: ShouldStop) -> Content:
    return read_volume(path, kind, warnings)


DICOM = ImageFormat(
    "DICOM", (".dcm", ".dicom"), _begins_with(b"DICM", at=128), read_dicom, ("application/dicom",)
)  # fmt: skip

IMAGE_FORMATS = (
    # First, since PS3.10 7.1 leaves the 128 bytes before it to anybody: they may begin like a TIFF file.
    DICOM,
    _picture("PNG", (".png",), b"\x89PNG\r\n\x1a\n", writable=(".png",)),
    _picture("JPEG", (".jpg", ".jpeg"), b"\xff\xd8\xff"),
    _picture(
        "TIFF", (".tif", ".tiff"), b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", writable=(".tif", ".tiff")
    ),
    _picture("BMP", (".bmp",), b"BM"),
    ImageFormat(
        "NIfTI", (".nii", ".nii.gz", ".hdr"), _is_nifti, read_nifti,
        ("application/x-nifti", "application/x-nifti-compressed"), writable=(".nii", ".nii.gz"),
    ),
    ImageFormat(
        "NRRD", (".nrrd", ".nhdr"), _begins_with(b"NRRD000"), partial(_read_nrrd_or_meta, "NRRD"),
        ("application/x-nrrd",), writable=(".nrrd",),
    ),
    ImageFormat(
        "MetaImage", (".mha", ".mhd"), lambda head: re.match(rb"\s*(ObjectType|NDims|Comment)\s*=", head) is not None,
        partial(_read_nrrd_or_meta, "MetaImage"), ("application/x-metaimage",), writable=(".mha",),
    ),
)  # fmt: skip
"""In the order in which they are tried."""

IMAGE_SUFFIXES = tuple(suffix for row in IMAGE_FORMATS for suffix in row.suffixes)
"""What file dialogs offer. Files are known by their content: DICOM files often have no suffix at all."""

WRITABLE_SUFFIXES = tuple(suffix for row in IMAGE_FORMATS for suffix in row.writable)

FLAT_SUFFIXES = tuple(suffix for row in IMAGE_FORMATS if row.flat for suffix in row.suffixes)

MIME_TYPES = tuple(mime_type for row in IMAGE_FORMATS for mime_type in row.mime_types)

FORMAT_NAMES = f"{', '.join(row.name for row in IMAGE_FORMATS[:-1])} and {IMAGE_FORMATS[-1].name}"
"""For sentences: the names of all formats."""

DIALOG_FILTER = ";;".join(
    [
        f"Images ({' '.join(f'*{suffix}' for suffix in IMAGE_SUFFIXES)} DICOMDIR)",
        *(f"{row.name} ({' '.join(f'*{suffix}' for suffix in row.suffixes)})" for row in IMAGE_FORMATS),
        "All files (*)",
    ]
)
"""The filter of a file dialog, as Qt writes them."""


def has_image_suffix(path: PurePath) -> bool:
    """Tell whether a file is called as images are."""
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def image_name(path: PurePath) -> str:
    """Return the name without its image suffix: ``scan`` for ``scan.nii.gz``, ``1.2.840`` for ``1.2.840``; of a folder all."""
    if isinstance(path, Path) and path.is_dir():
        return path.name or path.resolve().name or "image"
    suffix = max((s for s in IMAGE_SUFFIXES if path.name.lower().endswith(s)), key=len, default="")
    return path.name[: len(path.name) - len(suffix)] or path.name


@quiet_itk
def format_of(path: Path) -> ImageFormat | None:
    """Tell by its content which format a file has; None where it is none that Cairn reads.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return None  # reading a pipe or a device would never end
    head = _head_of(header_beside(path))
    known = next((row for row in IMAGE_FORMATS if row.begins(head)), None)
    # DICOM files from before the standard's part 10 lack the preamble; only their first tags tell.
    bare = known is None and head and sitk.ImageFileReader.GetImageIOFromFileName(str(path)) == "GDCMImageIO"
    return DICOM if bare else known


def _head_of(path: Path) -> bytes:
    """Return the first bytes of a file, of a zipped one those that are inside."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        if not head.startswith(_GZIP_MAGIC):
            return head
        zipped = head + stream.read(_ZIPPED_HEAD_BYTES)
    head = b""
    try:
        while zipped and len(head) < _HEAD_BYTES:  # an archive may have several members, and the first may be short
            unzip = zlib.decompressobj(wbits=31)  # 31: gzip
            head += unzip.decompress(zipped, _HEAD_BYTES - len(head))
            zipped = unzip.unused_data
    except zlib.error:
        pass  # zeros may follow the last member
    return head
