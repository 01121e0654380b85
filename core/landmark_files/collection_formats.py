"""The table of formats that hold many cases: another one is a module that reads or writes it, and a row here.

Keys on command lines and the table in docs/landmark-files.md come from here; the latter is held against it by a test.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from core.base.errors import LandmarkFileError
from core.landmark_files.bids import bids_records, is_bids, write_bids
from core.landmark_files.case_files import files_reader, files_writer, has_files
from core.landmark_files.challenge import read_challenge, write_challenge
from core.landmark_files.coco import coco_records, is_coco, write_coco
from core.landmark_files.collection import CollectionFormat
from core.landmark_files.csv import read_csv, write_csv
from core.landmark_files.cvat import cvat_records, is_cvat, write_cvat
from core.landmark_files.dicom_report import write_dicom_reports
from core.landmark_files.labelme import is_labelme, labelme_records, write_labelme
from core.landmark_files.markups import read_markups, write_markups
from core.landmark_files.morphoj import write_morphoj
from core.landmark_files.morphologika import write_morphologika
from core.landmark_files.nnlandmark import (
    POSITIONS,
    is_all_positions,
    is_prediction,
    nnlandmark_records,
    write_nnlandmark,
)
from core.landmark_files.text_file import LARGEST_COLLECTION_BYTES, text_of
from core.landmark_files.tps import tps_records, write_all_tps
from core.landmark_files.wide_table import write_wide_csv, write_wide_parquet

_LOOKED_AT = 1000
"""So many files of a folder are looked at; one that has none of its kind among these is another folder."""


def _file(suffix: str, is_it: Callable[[str], bool] | None = None) -> Callable[[Path], bool]:
    """Return what tells whether a path is a file with that suffix whose text is recognised."""

    def recognises(path: Path) -> bool:
        if not path.is_file() or not path.name.lower().endswith(suffix):
            return False
        return is_it is None or is_it(text_of(path, LARGEST_COLLECTION_BYTES))

    return recognises


def _folder(suffix: str, is_it: Callable[[str], bool], pattern: str = "*") -> Callable[[Path], bool]:
    """Return what tells whether a path is a folder with a file of that suffix that is recognised by its text."""

    def is_one(file: Path) -> bool:
        try:
            return is_it(text_of(file, LARGEST_COLLECTION_BYTES))
        except LandmarkFileError:
            return False  # it may be anything; the reader says what is wrong with those that it takes

    def recognises(path: Path) -> bool:
        files = path.glob(f"{pattern}{suffix}") if path.is_dir() else ()
        return any(is_one(file) for file in sorted(islice(files, _LOOKED_AT)))

    return recognises


def _either(*tests: Callable[[Path], bool]) -> Callable[[Path], bool]:
    return lambda path: any(test(path) for test in tests)


COLLECTION_FORMATS = (
    CollectionFormat(
        "csv",
        "Cairn tables",
        ".csv",
        "a table for each image, with everything that Cairn knows of its landmarks",
        "Cairn, spreadsheets, scripts",
        recognises=has_files(".csv"),
        read=files_reader(".csv", read_csv),
        write_folder=files_writer(".csv", write_csv),
    ),
    CollectionFormat(
        "mrk-json",
        "3D Slicer markups",
        ".mrk.json",
        "a file for each image, in mm",
        "3D Slicer, Cairn",
        recognises=has_files(".mrk.json"),
        read=files_reader(".mrk.json", read_markups),
        write_folder=files_writer(".mrk.json", write_markups),
    ),
    CollectionFormat(
        "tps",
        "TPS of tpsDig",
        ".tps",
        "px without names, y upwards; a record for each image",
        "tpsDig, geomorph and other programs of morphometrics",
        ndims=(2,),
        recognises=_file(".tps"),
        read=tps_records,
        write_file=write_all_tps,
        loses="names, states, presence and radii",
        names_are_numbers=True,
    ),
    CollectionFormat(
        "coco",
        "COCO keypoints",
        ".json",
        "px with names and whether each is labelled; an annotation for each image",
        "COCO, CVAT, mmpose, detectron2",
        ndims=(2,),
        recognises=_file(".json", is_coco),
        read=coco_records,
        write_file=write_coco,
        loses="what tells absent from unplaced, who said it, presence and radii",
    ),
    CollectionFormat(
        "cvat",
        "CVAT for images 1.1",
        ".xml",
        "px with names and whether each is outside; a skeleton for each image",
        "CVAT",
        ndims=(2,),
        recognises=_file(".xml", is_cvat),
        read=cvat_records,
        write_file=write_cvat,
        loses="who said it, presence and radii",
    ),
    CollectionFormat(
        "labelme",
        "labelme",
        ".json",
        "px with names; a file for each image",
        "labelme",
        ndims=(2,),
        recognises=_folder(".json", is_labelme),
        read=labelme_records,
        write_folder=write_labelme,
        loses="who said it, presence and radii",
    ),
    CollectionFormat(
        "nnlandmark",
        "nnLandmark",
        ".json",
        f"voxels with names; `{POSITIONS}`, spacings and labels, or a prediction for each image",
        "nnLandmark",
        ndims=(3,),
        recognises=_either(
            lambda path: path.is_dir() and (path / POSITIONS).is_file(),
            _folder(".json", is_prediction),
            _file(".json", lambda text: is_all_positions(text) and not is_bids(text)),
        ),
        read=nnlandmark_records,
        write_folder=write_nnlandmark,
        loses="absent landmarks, who said it, presence and radii",
    ),
    CollectionFormat(
        "bids",
        "BIDS sidecars",
        ".json",
        "voxels with names in the JSON beside each image, and mm in `…_coordsystem.json`",
        "MNE-BIDS, scripts",
        ndims=(3,),
        recognises=_folder(".json", is_bids, "**/*"),
        read=bids_records,
        write_folder=write_bids,
        loses="absent landmarks, who said it, presence and radii",
    ),
    CollectionFormat(
        "isbi",
        "Cephalometric challenge",
        ".txt",
        "px without names; a list for each image",
        "the ISBI 2015 challenge",
        ndims=(2,),
        recognises=has_files(".txt"),
        read=files_reader(".txt", read_challenge),
        write_folder=files_writer(".txt", write_challenge),
        loses="cases with a landmark without position, names, states, presence and radii",
        needs_names=True,
        needs_every_point=True,
    ),
    CollectionFormat(
        "morphoj",
        "MorphoJ",
        ".txt",
        "mm, or px where no pixel size is known; coordinates, and groups as classifiers",
        "MorphoJ",
        write_folder=write_morphoj,
        loses="cases with a landmark without position, names, states, presence and radii",
        needs_every_point=True,
    ),
    CollectionFormat(
        "morphologika",
        "Morphologika",
        ".txt",
        "mm, or px where no pixel size is known; with groups",
        "Morphologika, geomorph, MorphoJ",
        write_file=write_morphologika,
        loses="cases with a landmark without position, names, states, presence and radii",
        needs_every_point=True,
    ),
    CollectionFormat(
        "wide-csv",
        "One table of all cases",
        ".csv",
        "a line for each case and reader; mm or px with everything that Cairn knows of its landmarks",
        "R, SPSS, spreadsheets",
        write_file=write_wide_csv,
        many_readers=True,
    ),
    CollectionFormat(
        "wide-parquet",
        "One table of all cases, Parquet",
        ".parquet",
        "the same with full precision",
        "pandas, R, DuckDB",
        write_file=write_wide_parquet,
        many_readers=True,
        extra="parquet",
    ),
    CollectionFormat(
        "dicom-sr",
        "DICOM structured reports",
        ".dcm",
        "a report (TID 1500) for each DICOM image: points in px of the slice, or in mm of the volume",
        "PACS and DICOM viewers",
        write_folder=write_dicom_reports,
        extra="dicom-sr",
    ),
)

READABLE_KEYS = tuple(form.key for form in COLLECTION_FORMATS if form.read is not None)
WRITABLE_KEYS = tuple(form.key for form in COLLECTION_FORMATS)
"""All: each format is written, and some are also read."""

NAMING_SUFFIXES = (".tps", ".json", ".xml")
"""How files end that hold the landmarks of many images and name these."""


def collection_format(key: str) -> CollectionFormat:
    """Return the format with that key.

    Raises
    ------
    LandmarkFileError
        There is none.
    """
    for form in COLLECTION_FORMATS:
        if form.key == key:
            return form
    raise LandmarkFileError(f"There is no format {key}.", f"Use one of {', '.join(WRITABLE_KEYS)}.")


def format_of_collection(path: Path) -> CollectionFormat:
    """Return the format of a file or folder, by its suffix and, where several formats share that, by what it says.

    Raises
    ------
    LandmarkFileError
        It is of none of them.
    """
    for form in _BY_PRECISION:
        if form.recognises is not None and form.recognises(path):
            return form
    kind = "folder" if path.is_dir() else "file"
    raise LandmarkFileError(
        f"{path.name} is no {kind} with the landmarks of many images that Cairn knows.",
        f"Name its format, one of {', '.join(READABLE_KEYS)}, or open its files one by one.",
    )


_BY_PRECISION = sorted(
    (form for form in COLLECTION_FORMATS if form.recognises is not None),
    key=lambda form: form.key in ("csv", "isbi"),
)
"""What is recognised by a suffix that many other files have is asked last."""


def collections_table() -> str:
    """Return the table of formats as the documentation has it."""
    rows = ["| format | key | what | read | written | holds | for |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for form in COLLECTION_FORMATS:
        what = f"folder of `{form.suffix}`" if form.is_folder else f"`{form.suffix}`"
        written = f"without {form.loses}" if form.loses else "yes"
        if form.extra:
            written += f"; takes `cairn-landmarks[{form.extra}]`"
        read = "yes" if form.read is not None else "no"
        rows.append(f"| {form.title} | `{form.key}` | {what} | {read} | {written} | {form.holds} | {form.made_by} |")
    return "\n".join(rows)
