"""The table of landmark formats: another one is a module that reads (and writes) it, and a row here.

Suffixes, the filters of dialogs and the list in docs/landmark-files.md come from this table.
"""

from pathlib import Path

from core.base.errors import LandmarkFileError
from core.landmark_files.challenge import read_challenge
from core.landmark_files.contract import Format
from core.landmark_files.csv import read_csv, write_csv
from core.landmark_files.fcsv import read_fcsv, write_fcsv
from core.landmark_files.markups import read_markups, write_markups
from core.landmark_files.slicer_table import is_slicer_table, read_slicer_table

FORMATS = (
    Format(
        "Cairn table",
        (".csv", ".tsv"),
        "everything that Cairn knows of 2D and 3D landmarks; Cairn, spreadsheets, scripts",
        read_csv,
        write_csv,
        keeps=True,
    ),
    Format(
        "3D Slicer table",
        (".csv", ".tsv"),
        "3D positions in mm (`label,l,p,s,…`); 3D Slicer: *Markups → Export to table*",
        read_slicer_table,
        recognises=is_slicer_table,
    ),
    Format(
        "3D Slicer markups",
        (".mrk.json", ".json"),
        "3D positions in mm and what Slicer shows of them, schema 1.0.0 and later; 3D Slicer, Cairn",
        read_markups,
        write_markups,
        keeps=True,
    ),
    Format(
        "3D Slicer fiducials, old",
        (".fcsv",),
        "3D positions in mm, Slicer 3 to 5; 3D Slicer, Cairn",
        read_fcsv,
        write_fcsv,
        keeps=True,
    ),
    Format(
        "Cephalometric challenge",
        (".txt",),
        "2D positions, `x,y` in px per line, without names: they come from the model or the scheme",
        read_challenge,
    ),
)

READABLE_SUFFIXES = tuple(dict.fromkeys(suffix for form in FORMATS for suffix in form.suffixes))
WRITABLE_SUFFIXES = tuple(form.suffixes[0] for form in FORMATS if form.write is not None)


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
