"""DICOM files made on the spot, small and complete: single ones, series of slices, enhanced multi-frame files."""

import shutil
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    generate_uid,
)

from core.images.dicom.header import quiet_pydicom
from core.values.image import Image

SECRET = "DOE^JANE"


def pixels(shape: tuple[int, ...] = (5, 7), dtype: type = np.uint16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def write_dicom(
    path: Path, voxels: np.ndarray, storage: UID = DigitalXRayImageStorageForPresentation, **tags: object
) -> Path:
    """Write a small DICOM file; ``tags`` are set, or removed where None."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = storage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = storage, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.Modality = SECRET, "4711", "DX"
    colours = voxels.shape[-1] if voxels.ndim == 3 and voxels.shape[-1] == 3 else 1
    dataset.Rows, dataset.Columns = voxels.shape[:2] if colours == 3 else voxels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = colours, "RGB" if colours == 3 else "MONOCHROME2"
    if colours == 3:
        dataset.PlanarConfiguration = 0
    bits = voxels.dtype.itemsize * 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, int(voxels.dtype.kind == "i")
    dataset.PixelData = voxels.tobytes() + b"\0" * (voxels.nbytes % 2)
    with quiet_pydicom:  # some tests want values that cannot be
        for keyword, value in tags.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(path, enforce_file_format=True)
    return path


AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ROTATED = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
PIXEL_MM = (0.5, 0.75)
"""Pixel size ``(y, x)`` of the slices below."""
SIZE = (12, 10)
"""Rows and columns of the slices below."""


def normal_of(orientation: tuple[float, ...]) -> np.ndarray:
    return np.cross(orientation[:3], orientation[3:])


def positions(count: int, step_mm: float = 2.0, orientation: tuple[float, ...] = AXIAL) -> np.ndarray:
    """Return evenly stacked ImagePositionPatient ``(count, 3)``."""
    return np.asarray([10.0, -20.0, 30.0] + np.arange(count)[:, None] * step_mm * normal_of(orientation))


def lit_stack(count: int, at: tuple[int, int, int], size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return ``(count, rows, columns)`` int16 voxels, dark but for one."""
    voxels = np.full((count, *size), 10, np.int16)
    voxels[at] = 1000
    return voxels


def place_mm(position: np.ndarray, row: float, column: float, orientation: tuple[float, ...] = AXIAL) -> np.ndarray:
    """Return where a pixel of a slice stands, by the standard's equation C.7.6.2.1-1."""
    along_row, along_column = np.array(orientation[:3]), np.array(orientation[3:])
    return np.asarray(position) + along_row * PIXEL_MM[1] * column + along_column * PIXEL_MM[0] * row


def lit_mm(image: Image) -> np.ndarray:
    """Return the millimetres of the bright spot: its centre of mass, since resampling may have spread it."""
    weight = np.clip(image.voxels.astype(float) - 50, 0, None)
    index = np.argwhere(weight > 0)
    return image.grid.to_mm(np.average(index, axis=0, weights=weight[weight > 0]))


def write_series(
    folder: Path,
    voxels: np.ndarray,
    places: np.ndarray,
    orientation: tuple[float, ...] = AXIAL,
    *,
    name: str = "IM{:04d}",
    per_slice: list[dict[str, object]] | None = None,
    **tags: object,
) -> list[Path]:
    """Write one CT file per slice; ``tags`` go into all of them, ``per_slice`` into each its own."""
    folder.mkdir(parents=True, exist_ok=True)
    common = {
        "Modality": "CT",
        "SeriesInstanceUID": generate_uid(),
        "SeriesDescription": f"thorax of {SECRET}",
        "SeriesNumber": 3,
        "PixelSpacing": list(PIXEL_MM),
        "ImageOrientationPatient": list(orientation),
    } | tags
    paths = []
    for number, (pixels_of_slice, place) in enumerate(zip(voxels, places, strict=True)):
        own = per_slice[number] if per_slice else {}
        placed = {"ImagePositionPatient": [float(value) for value in place], "InstanceNumber": number + 1}
        path = folder / name.format(number)
        paths.append(write_dicom(path, pixels_of_slice, CTImageStorage, **(common | placed | own)))
    return paths


def enhanced_groups(
    places: np.ndarray, orientation: tuple[float, ...] = AXIAL, **extra: list[Dataset]
) -> dict[str, Sequence]:
    """Return the shared and per-frame functional groups of an enhanced file; ``extra`` holds a macro's item per frame."""
    shared, plane, measures = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = list(orientation)
    measures.PixelSpacing = list(PIXEL_MM)
    shared.PlaneOrientationSequence = Sequence([plane])
    shared.PixelMeasuresSequence = Sequence([measures])
    frames = []
    for number, place in enumerate(places):
        frame, position = Dataset(), Dataset()
        position.ImagePositionPatient = [float(value) for value in place]
        frame.PlanePositionSequence = Sequence([position])
        for keyword, items in extra.items():
            setattr(frame, keyword, Sequence([items[number]]))
        frames.append(frame)
    return {
        "SharedFunctionalGroupsSequence": Sequence([shared]),
        "PerFrameFunctionalGroupsSequence": Sequence(frames),
    }


def write_enhanced(path: Path, voxels: np.ndarray, groups: dict[str, Sequence], **tags: object) -> Path:
    """Write an enhanced CT file of ``(frames, rows, columns)`` voxels."""
    return write_dicom(
        path, voxels, EnhancedCTImageStorage, Modality="CT", NumberOfFrames=len(voxels), **groups, **tags
    )


def item(**tags: object) -> Dataset:
    """Return a sequence item with these tags."""
    made = Dataset()
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    return made


def write_dicomdir(folder: Path, files: dict[str, Path]) -> Path:
    """Write a medium with copies of ``files`` under these paths, and its table of contents."""
    records = [item(DirectoryRecordType="PATIENT", PatientName=SECRET)]
    for name, file in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / name)
        records.append(item(DirectoryRecordType="IMAGE", ReferencedFileID=name.split("/")))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    table = item(DirectoryRecordSequence=Sequence(records))
    table.file_meta = meta
    table.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"
