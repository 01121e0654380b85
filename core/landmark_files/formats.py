"""The table of landmark formats: another one is a module that reads (and writes) it, and a row here.

Suffixes, the filters of dialogs and the table in docs/landmark-files.md come from here; the latter is held against it by a test.
"""

from pathlib import Path

from core.base.errors import LandmarkFileError
from core.landmark_files.bids import is_bids, read_bids
from core.landmark_files.challenge import read_challenge
from core.landmark_files.coco import is_coco, read_coco
from core.landmark_files.contract import Format
from core.landmark_files.csv import read_csv, write_csv
from core.landmark_files.cvat import read_cvat
from core.landmark_files.fcsv import read_fcsv, write_fcsv
from core.landmark_files.labelme import is_labelme, read_labelme
from core.landmark_files.markups import read_markups, write_markups
from core.landmark_files.nnlandmark import is_prediction, read_prediction
from core.landmark_files.slicer_table import is_slicer_table, read_slicer_table
from core.landmark_files.tps import read_tps, write_tps

FORMATS = (
    Format(
        "Cairn table",
        (".csv", ".tsv"),
        "everything that Cairn knows of landmarks, 2D and 3D",
        "Cairn, spreadsheets, scripts",
        read_csv,
        write_csv,
        keeps=True,
    ),
    Format(
        "3D Slicer table",
        (".csv", ".tsv"),
        "3D positions in mm, columns `label,l,p,s,…`",
        "3D Slicer: *Markups → Export to table*",
        read_slicer_table,
        recognises=is_slicer_table,
    ),
    Format(
        "3D Slicer markups",
        (".mrk.json", ".json"),
        "3D positions in mm, in words what else Cairn knows; schema 1.0.0 and later",
        "3D Slicer, Cairn",
        read_markups,
        write_markups,
        keeps=True,
    ),
    Format(
        "3D Slicer fiducials, old",
        (".fcsv",),
        "3D positions in mm, in words what else Cairn knows; Slicer 3 to 5",
        "3D Slicer, Cairn",
        read_fcsv,
        write_fcsv,
        keeps=True,
    ),
    Format(
        "TPS of tpsDig",
        (".tps",),
        "2D positions in px without names, a record for each image",
        "tpsDig, other programs of morphometrics, Cairn",
        read_tps,
        write_tps,
        keeps=True,
        loses="names, states, presence and radii",
    ),
    Format(
        "labelme",
        (".json",),
        "2D positions in px, a file for each image",
        "labelme",
        read_labelme,
        recognises=lambda text, _: is_labelme(text),
    ),
    Format(
        "COCO keypoints",
        (".json",),
        "2D positions in px of many images",
        "COCO, CVAT, other programs of computer vision",
        read_coco,
        recognises=lambda text, _: is_coco(text),
    ),
    Format(
        "CVAT for images 1.1",
        (".xml",),
        "2D positions in px of many images",
        "CVAT",
        read_cvat,
    ),
    Format(
        "nnLandmark prediction",
        (".json",),
        "3D positions in voxels, a file for each image",
        "nnLandmark",
        read_prediction,
        recognises=lambda text, _: is_prediction(text),
    ),
    Format(
        "BIDS sidecar",
        (".json",),
        "3D positions in voxels, beside each image",
        "MNE-BIDS, scripts",
        read_bids,
        recognises=lambda text, _: is_bids(text),
    ),
    Format(
        "Cephalometric challenge",
        (".txt",),
        "2D positions `x,y` in px without names, which come from a model or scheme",
        "the ISBI 2015 challenge",
        read_challenge,
        needs_names=True,
    ),
)

READABLE_SUFFIXES = tuple(dict.fromkeys(suffix for form in FORMATS for suffix in form.suffixes))
WRITABLE_SUFFIXES = tuple(form.suffixes[0] for form in FORMATS if form.write is not None)
LOSSLESS_SUFFIXES = tuple(form.suffixes[0] for form in FORMATS if form.write is not None and not form.loses)
"""Of the files in which a person's work can be kept: those that hold everything that Cairn knows of landmarks."""
SUFFIX_OF_FILTER = {
    f"{form.title} (*{form.suffixes[0]})": form.suffixes[0] for form in FORMATS if form.write is not None
}
"""Of what a dialog offers to write: the kinds of files as a person reads them, and the suffix of each."""


def suffix_of(path: Path, known: tuple[str, ...] = READABLE_SUFFIXES) -> str | None:
    """Return the longest of the suffixes with which a file's name ends, None where it is none of them."""
    return max((s for s in known if path.name.lower().endswith(s)), key=len, default=None)


def format_to_read(path: Path, text: str) -> Format:
    """Return the format of a file, by its suffix and, where several formats share that, by what it says."""
    suffix = suffix_of(path)
    rows = [form for form in FORMATS if suffix in form.suffixes]
    if not rows:
        raise _unknown_suffix(path, READABLE_SUFFIXES)
    recognised = [form for form in rows if form.recognises is not None and form.recognises(text, path)]
    return (recognised or [form for form in rows if form.recognises is None])[0]


def format_to_write(path: Path) -> Format:
    """Return the format in which a file of that name is written."""
    suffix = suffix_of(path, WRITABLE_SUFFIXES)
    for form in FORMATS:
        if form.write is not None and form.suffixes[0] == suffix:
            return form
    raise _unknown_suffix(path, WRITABLE_SUFFIXES)


def require_suffix(path: Path) -> None:
    """Refuse a file whose name says that it holds no landmarks, before it is read."""
    if suffix_of(path) is None:
        raise _unknown_suffix(path, READABLE_SUFFIXES)


def _unknown_suffix(path: Path, known: tuple[str, ...]) -> LandmarkFileError:
    return LandmarkFileError(
        f"{path.name} does not have the suffix of a landmark file.", f"Use one of {', '.join(known)}."
    )


def needs_names(path: Path) -> bool:
    """Tell by its name whether a file means nothing without names from a model or scheme."""
    suffix = suffix_of(path)
    return any(form.needs_names for form in FORMATS if suffix in form.suffixes)


def markdown_table() -> str:
    """Return the table of formats as the documentation has it."""
    rows = ["| format | suffix | read | written | holds | made by |", "| --- | --- | --- | --- | --- | --- |"]
    for form in FORMATS:
        first, *others = (f"`{suffix}`" for suffix in form.suffixes)
        suffixes = f"{first} ({', '.join(others)})" if others else first
        written = "no" if form.write is None else f"without {form.loses}" if form.loses else "yes"
        rows.append(f"| {form.title} | {suffixes} | yes | {written} | {form.holds} | {form.made_by} |")
    return "\n".join(rows)
