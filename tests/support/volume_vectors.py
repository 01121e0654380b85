"""NRRD, NIfTI and MetaImage files to which every reader must give the same answer: sound, odd and damaged ones."""

import gzip
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK as sitk

from core.images.itk import AnyArray

VOXELS = (np.arange(3 * 4 * 5).reshape(3, 4, 5) * 7 % 50).astype("<i2")
RAW = VOXELS.tobytes()
NRRD = ("type: short", "dimension: 3", "sizes: 5 4 3", "endian: little")
PLACE = ("space directions: (0.5,0,0) (0,0,0.6) (0,-2,0)", "space origin: (1,2,3)")
META = ("ObjectType = Image", "NDims = 3", "BinaryData = True", "DimSize = 5 4 3", "ElementType = MET_SHORT")
SPACING = "ElementSpacing = 0.5 0.6 2"
ROTATED = np.array([[0, 0, -1, 5], [0.6, 0.8, 0, 6], [-0.8, 0.6, 0, 7], [0, 0, 0, 1]]) @ np.diag([0.5, 0.6, 2, 1])
SHEARED = np.array([[0.5, 0.2, 0, 0], [0, 0.6, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])


@dataclass(frozen=True)
class Vector:
    """A file, and what is known about it.

    Attributes
    ----------
    name
        Of the file or folder to open; unique, and with the suffix that its content has.
    write
        Writes it, given its path; files beside it may have any name that begins with its stem.
    truth
        Voxels in numpy order and ``mm_from_index``, where they are known without any reader.
    refused
        Whether Python's readers refuse it.
    cairn_run_says
        Part of the sentence with which cairn-run refuses what Python's readers read, or refuse in words of their own.
    needs_itk
        Whether cairn-run reads this format only where it was built with ITK.
    levels_apart
        By how many grey levels two sound decoders may differ: the standard of JPEG leaves the rounding open.
    """

    name: str
    write: Callable[[Path], object]
    truth: tuple[AnyArray, AnyArray] | None = None
    refused: bool = False
    cairn_run_says: str = ""
    needs_itk: bool = False
    levels_apart: int = 0


def volume_vectors() -> Iterator[Vector]:
    """Yield them all."""
    yield from _formats_and_numbers()
    yield from _nrrd()
    yield from _meta_images()
    yield from _nifti()
    yield from _refused_alike()
    yield from _refused_by_cairn_run()


def write_nrrd(path: Path, *lines: str, data: bytes = RAW) -> Path:
    """Write an NRRD file of these header lines and bytes."""
    path.write_bytes("\n".join(["NRRD0004", *lines, "", ""]).encode("latin-1") + data)
    return path


def write_meta(path: Path, *lines: str, data: bytes = RAW, where: str = "LOCAL") -> Path:
    """Write a MetaImage file of these header lines and bytes."""
    path.write_bytes("\n".join([*lines, f"ElementDataFile = {where}", ""]).encode("latin-1") + data)
    return path


def write_nifti(
    path: Path, *, change: Callable[[nibabel.Nifti1Image], object] | None = None, patch: tuple[int, bytes] | None = None
) -> Path:
    """Write a NIfTI file; ``change`` its image before, or ``patch`` bytes of the file after it is written."""
    image = nibabel.Nifti1Image(VOXELS.T, ROTATED)
    if change is not None:
        change(image)
    nibabel.save(image, path)
    if patch is not None:
        data = path.read_bytes()
        path.write_bytes(data[: patch[0]] + patch[1] + data[patch[0] + len(patch[1]) :])
    return path


def _write_itk(path: Path, image: sitk.Image, compressed: bool) -> None:
    sitk.WriteImage(image, str(path), useCompression=compressed)


def _write_lines(path: Path, lines: tuple[str, ...], data: bytes = RAW) -> None:
    write_nrrd(path, *NRRD, *lines, data=data)


def _write_meta_lines(path: Path, lines: tuple[str, ...]) -> None:
    write_meta(path, *META, *lines)


def _formats_and_numbers() -> Iterator[Vector]:
    """Yield every format with every type of number, as volumes, rotated and flat, compressed and not."""
    for suffix in (".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz"):
        for dtype in ("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"):
            for number, shape in enumerate([(3, 4, 5), (4, 5), (1, 4, 5), (3, 1, 5)]):
                image = sitk.GetImageFromArray((np.random.default_rng(number).random(shape) * 100).astype(dtype))
                image.SetSpacing([0.3, 0.5, 2.0][: len(shape)])
                image.SetOrigin([1.5, -20, 3][: len(shape)])
                image.SetDirection([0, 0.6, -0.8, 0, 0.8, 0.6, 1, 0, 0] if len(shape) == 3 else [0, -1, 1, 0])
                matrix = np.eye(4)
                if number == 0:
                    matrix[:3, :3] = (np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing())[:, ::-1]
                    matrix[:3, 3] = image.GetOrigin()
                yield Vector(
                    f"{dtype}-{number}{suffix}",
                    partial(_write_itk, image=image, compressed=number % 2 == 0),
                    truth=(sitk.GetArrayFromImage(image), matrix) if number == 0 else None,
                    needs_itk=suffix in (".mha", ".mhd"),
                )


def _nrrd() -> Iterator[Vector]:
    lps = np.array([[0, 0, 0.5, 1], [-2, 0, 0, 2], [0, 0.6, 0, 3], [0, 0, 0, 1.0]])
    signs = {"LPS": (1, 1, 1), "RAS": (-1, -1, 1), "LAS": (1, -1, 1)}
    cases: dict[str, tuple[tuple[str, ...], AnyArray | None]] = {
        "lps": (("space: LPS", *PLACE), lps),
        "ras": (("space: right-anterior-superior", *PLACE), np.diag([*signs["RAS"], 1]) @ lps),
        "las": (("space: LAS", *PLACE), np.diag([*signs["LAS"], 1]) @ lps),
        "scanner": (("space: scanner-xyz", *PLACE), lps),
        "dimension": (("space dimension: 3", *PLACE), lps),
        "blanks": (("space: RAS", "space directions: (0.5, 0, 0) (0, 0, 0.6)  (0, -2, 0)"), None),
        "cm": (("space: RAS", 'space units: "cm" "cm" "cm"', *PLACE), None),
        "micrometre": (
            ("space: RAS", 'space units: "\xb5m" "\xb5m" "\xb5m"', "space directions: (500,0,0) (0,600,0) (0,0,2000)"),
            np.diag([-1, -1, 1, 1]) @ np.array([[0, 0, 0.5, 0], [0, 0.6, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1]]),
        ),
        "parsec": (("space: RAS", 'space units: "parsec" "mm" "mm"', *PLACE), np.diag([*signs["RAS"], 1]) @ lps),
        "comments": (
            ("# a comment: yes", "key:=value=odd", "content: x = y", "kinds: domain domain domain", "space: RAS", *PLACE),
            np.diag([*signs["RAS"], 1]) @ lps,
        ),
        "spacings": (("spacings: 0.5 0.6 2",), None),
        "nan": (("spacings: 0.5 0.6 nan",), None),
        "nothing": ((), None),
    }  # fmt: skip
    for name, (lines, matrix) in cases.items():
        truth = None if matrix is None else (VOXELS, matrix)
        yield Vector(f"raw-{name}.nrrd", partial(_write_lines, lines=("encoding: raw", *lines)), truth)
        yield Vector(
            f"zipped-{name}.nrrd",
            partial(_write_lines, lines=("encoding: gzip", *lines), data=gzip.compress(RAW)),
            truth,
        )
    big = ("type: short", "dimension: 3", "sizes: 5 4 3", "endian: big", "encoding: raw", "space: LPS", *PLACE)
    yield Vector("big.nrrd", lambda path: write_nrrd(path, *big, data=VOXELS.astype(">i2").tobytes()), (VOXELS, lps))


def _meta_images() -> Iterator[Vector]:
    placed = np.array([[0, 0.6, 0, 1], [0, 0, 0.5, 2], [2, 0, 0, 3], [0, 0, 0, 1.0]]) @ np.diag([1, -1, 1, 1])
    cases: dict[str, tuple[tuple[str, ...], AnyArray | None]] = {
        "nothing": ((), None),
        "placed": (
            (SPACING, "TransformMatrix = 0 1 0 -1 0 0 0 0 1", "Offset = 1 2 3", "AnatomicalOrientation = RAI"), placed
        ),
        "rotation": ((SPACING, "Rotation = 0 1 0 -1 0 0 0 0 1", "Position = 1 2 3"), placed),
        "size": (("ElementSize = 0.5 0.6 2",), None),
        "big": ((SPACING, "ElementByteOrderMSB = True"), None),
        "big-binary": ((SPACING, "BinaryDataByteOrderMSB = True"), None),
        "cm": ((SPACING, "DistanceUnits = cm"), None),
        "parsec": ((SPACING, "DistanceUnits = parsec"), None),
        "slope": ((SPACING, "ElementToIntensityFunctionSlope = 2", "HeaderSize = 0"), None),
    }  # fmt: skip
    for name, (lines, matrix) in cases.items():
        yield Vector(
            f"meta-{name}.mha",
            partial(_write_meta_lines, lines=lines),
            None if matrix is None else (VOXELS, matrix),
            needs_itk=True,
        )


def _nifti() -> Iterator[Vector]:
    def without(image: nibabel.Nifti1Image) -> None:
        image.set_sform(None, 0)
        image.set_qform(None, 0)

    changes: dict[str, Callable[[nibabel.Nifti1Image], object]] = {
        "both": lambda image: image.set_qform(ROTATED, 1),
        "qform": lambda image: (image.set_qform(ROTATED, 1), image.set_sform(None, 0)),
        "sform": lambda image: image.set_qform(None, 0),
        "no-form": without,
        "mirrored": lambda image: (image.set_qform(ROTATED @ np.diag([-1, 1, 1, 1]), 1), image.set_sform(None, 0)),
        "two-forms": lambda image: image.set_qform(np.diag([0.5, 0.6, 2, 1]), 1),
        "sheared": lambda image: (image.set_qform(np.diag([0.5, 0.6, 2, 1]), 1), image.set_sform(SHEARED, 1)),
        "two-sizes": lambda image: (image.set_qform(None, 0), image.set_sform(np.eye(4), 1)),
        "micron": lambda image: image.header.set_xyzt_units("micron"),
        "no-unit": lambda image: image.header.set_xyzt_units("unknown"),
    }
    lps = np.diag([-1, -1, 1, 1]) @ ROTATED[:, [2, 1, 0, 3]]
    for name, change in changes.items():
        truth = (VOXELS, lps) if name in ("both", "qform", "sform", "no-unit") else None
        for suffix in (".nii", ".nii.gz"):
            yield Vector(f"{name}{suffix}", partial(write_nifti, change=change), truth)
    patches = {
        "scaled": (112, struct.pack("<2f", 1.7, -3.3)),
        "no-scale": (112, struct.pack("<2f", float("nan"), 0)),
        "scale-of-zero": (112, struct.pack("<2f", 0, 7)),
        "no-offset": (108, struct.pack("<f", float("nan"))),
        "axes-of-one": (40, struct.pack("<8h", 5, 5, 4, 3, 1, 1, 1, 1)),
        "flat": (40, struct.pack("<8h", 2, 5, 12, 1, 1, 1, 1, 1)),
    }
    for name, patch in patches.items():
        yield Vector(f"{name}.nii", partial(write_nifti, patch=patch))

    def big(path: Path) -> None:
        header = nibabel.Nifti1Header(endianness=">")
        nibabel.save(nibabel.Nifti1Image(VOXELS.T.astype(">i2"), ROTATED, header), path)

    def parts(path: Path) -> None:
        data = write_nifti(path.with_name("parts-whole.nii")).read_bytes()
        path.write_bytes(gzip.compress(data[:200]) + gzip.compress(data[200:]) + b"\0" * 100)

    yield Vector("big.nii", big, (VOXELS, lps))
    yield Vector("parts.nii.gz", parts, (VOXELS, lps))


def _refused_alike() -> Iterator[Vector]:
    """Yield what both sides refuse in the same words."""
    zipped = zlib.compress(RAW)
    files: dict[str, Callable[[Path], object]] = {
        "negative.nrrd": lambda path: write_nrrd(path, *NRRD, "encoding: raw", "spacings: 0.5 0.6 -2"),
        "tiny.nrrd": lambda path: write_nrrd(
            path, *NRRD, "encoding: raw", "space: RAS", "space directions: (1e-9,0,0) (0,1,0) (0,0,1)"
        ),
        "negative.mha": lambda path: write_meta(path, *META, "ElementSpacing = 0.5 -0.6 2"),
        "zero.mha": lambda path: write_meta(path, *META[:3], "DimSize = 5 0 3", META[4], SPACING),
        "contradiction.mha": lambda path: write_meta(path, *META[:3], "DimSize = 5 4", META[4], SPACING),
        "lonely.mhd": lambda path: write_meta(path, *META, SPACING, where="missing.raw"),
        "no-length.mha": lambda path: write_meta(path, *META, SPACING, "CompressedData = True", data=zipped),
        "cut-length.mha": lambda path: write_meta(
            path, *META, SPACING, "CompressedData = True", "CompressedDataSize = 20", data=zipped
        ),
        "negative-size.nii": lambda path: write_nifti(path, patch=(40, struct.pack("<2h", 3, -5))),
        "large-size.nii": lambda path: write_nifti(path, patch=(40, struct.pack("<2h", 3, 32000))),
        "no-step.nii": lambda path: write_nifti(path, patch=(80, struct.pack("<f", 0))),
        "nan-form.nii": lambda path: write_nifti(path, patch=(280, struct.pack("<f", float("nan")))),
        "far-offset.nii": lambda path: write_nifti(path, patch=(108, struct.pack("<f", 1e20))),
        "complex.nii": lambda path: write_nifti(path, patch=(70, struct.pack("<h", 32))),
        "rare.nii": lambda path: write_nifti(path, patch=(70, struct.pack("<h", 1536))),
        "empty.nii": lambda path: path.write_bytes(b""),
    }
    for name, write in files.items():
        yield Vector(name, write, refused=True, needs_itk=name.endswith((".mha", ".mhd")))


def _refused_by_cairn_run() -> Iterator[Vector]:
    """Yield what cairn-run refuses in words of its own, whether or not Python's readers read it."""
    raw = "encoding: raw"
    nrrd: dict[str, tuple[str, Callable[[Path], object]]] = {
        "bzip2": ("in an encoding", lambda path: write_nrrd(path, *NRRD, "encoding: bzip2", "spacings: 1 1 1")),
        "huge": ("is incomplete", lambda path: write_nrrd(path, *NRRD[:2], "sizes: 500000 500000 500000", NRRD[3], raw)),
        "endless": ("is damaged", lambda path: write_nrrd(path, *NRRD[:2], f"sizes: {10**20} 4 3", NRRD[3], raw)),
        "4d": ("has 4 axes", lambda path: write_nrrd(path, NRRD[0], "dimension: 4", "sizes: 5 4 3 1", NRRD[3], raw)),
        "colour": ("several values per voxel", lambda path: write_nrrd(path, *NRRD, raw, "kinds: RGB-color domain domain")),
        "skip": ("do not begin", lambda path: write_nrrd(path, *NRRD, raw, "spacings: 1 1 1", "byte skip: -1")),
        "cut": ("is incomplete", lambda path: write_nrrd(path, *NRRD, raw, "spacings: 1 1 1", data=RAW[:-1])),
        "cut-zip": ("is incomplete", lambda path: write_nrrd(
            path, *NRRD, "encoding: gzip", "spacings: 1 1 1", data=gzip.compress(RAW)[:-9])),
        "checksum": ("is incomplete", lambda path: write_nrrd(
            path, *NRRD, "encoding: gzip", "spacings: 1 1 1", data=gzip.compress(RAW)[:-8] + bytes(8))),
        "slanted": ("not at right angles", lambda path: write_nrrd(
            path, *NRRD, raw, "space: RAS", "space directions: (0.5,0,0) (0.2,0.6,0) (0,0,2)")),
        "same-axes": ("two of them are the same", lambda path: write_nrrd(
            path, *NRRD, raw, "space: RAS", "space directions: (0.5,0,0) (0.5,0,0) (0,0,2)")),
    }  # fmt: skip
    for name, (says, write) in nrrd.items():
        yield Vector(f"own-{name}.nrrd", write, cairn_run_says=says)
    meta: dict[str, tuple[str, Callable[[Path], object]]] = {
        "colour": ("values per pixel that are no colours", lambda path: write_meta(
            path, *META, SPACING, "ElementNumberOfChannels = 3", data=RAW * 3)),
        "list": ("over several files", lambda path: write_meta(path, *META, SPACING, where="LIST")),
        "cut": ("is incomplete", lambda path: write_meta(path, *META, SPACING, data=RAW[:-1])),
    }  # fmt: skip
    for name, (says, write) in meta.items():
        yield Vector(f"own-{name}.mha", write, cairn_run_says=says, needs_itk=True)
    nifti: dict[str, tuple[str, Callable[[Path], object]]] = {
        "slanted": ("not at right angles", lambda path: write_nifti(
            path, change=lambda image: (image.set_qform(None, 0), image.set_sform(SHEARED, 1)))),
        "volumes": ("several volumes", lambda path: write_nifti(path, patch=(40, struct.pack("<5h", 4, 5, 4, 1, 3)))),
        "colour": ("is a colour image", lambda path: write_nifti(path, patch=(70, struct.pack("<h", 128)))),
        "header": ("is only a header", lambda path: write_nifti(path, patch=(344, b"ni1\0"))),
    }  # fmt: skip
    for name, (says, write) in nifti.items():
        yield Vector(f"own-{name}.nii", write, cairn_run_says=says)
    yield Vector(
        "text.nrrd", lambda path: path.write_text("hello"), cairn_run_says="is not an image that cairn-run can read"
    )
