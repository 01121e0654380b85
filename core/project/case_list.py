"""Lists of cases in CSV files: which images, with which landmarks, for what, and whose.

Reads the list and looks whether the files it names are there; opens none of them and no project.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.base.delimited_text import finite_number, split_table
from core.base.errors import LandmarkFileError, ProjectError
from core.base.files import reason_of

COLUMNS = ("image", "landmarks", "split", "group", "spacing", "reader")
"""What a list may say of a case; only the first is needed."""
LARGEST_FILE_BYTES = 64 << 20
CASE_LIST_SUFFIXES = (".csv", ".tsv")
_NAMED = 5
"""How many lines a sentence names before it counts the others."""


@dataclass(frozen=True)
class ListedCase:
    """One line of a list.

    Attributes
    ----------
    line
        Its number in the file.
    image
        A file, or the folder of a DICOM series.
    landmarks
        A landmark file, None where the line names none.
    split, group, reader
        As the list says; empty where it does not.
    spacing_mm
        Size of a pixel in mm in numpy order, one number for every axis or one for each; None where the list does not say.
    """

    line: int
    image: Path
    landmarks: Path | None = None
    split: str = ""
    group: str = ""
    spacing_mm: tuple[float, ...] | None = None
    reader: str = ""


@dataclass(frozen=True)
class CaseList:
    """What a list says.

    Attributes
    ----------
    path
        The list.
    cases
        The lines that can be used.
    problems
        What is wrong with the others, each as words that follow the list's name: ``line 4 names an image that …``.
    """

    path: Path
    cases: tuple[ListedCase, ...]
    problems: tuple[str, ...] = ()

    def require_whole(self) -> None:
        """Raise `ProjectError` that names the lines where anything is wrong."""
        if not self.problems:
            return
        shown = "; ".join(self.problems[:_NAMED])
        more = f"; and {len(self.problems) - _NAMED} more" if len(self.problems) > _NAMED else ""
        raise ProjectError(f"{self.path.name}: {shown}{more}.", "Correct the list, or leave these out with --skip.")


def is_case_list(path: Path) -> bool:
    """Tell whether a file is a table of cases rather than of landmarks: its first line names a column ``image``, and no axes."""
    columns = _columns_of(path)
    return "image" in columns and not _have_axes(columns)


def is_table_of_positions(path: Path) -> bool:
    """Tell whether a file is one table of all cases, a line an image, as Cairn and others write it: ``image`` and axes."""
    columns = _columns_of(path)
    return "image" in columns and "name" not in columns and _have_axes(columns)


def _columns_of(path: Path) -> tuple[str, ...]:
    """Return the columns that the first line of a table names; none where a file is no table."""
    if path.suffix.lower() not in CASE_LIST_SUFFIXES or not path.is_file():
        return ()
    try:
        with path.open("rb") as stream:
            head = stream.read(4096).decode("utf-8-sig", errors="replace")
        return tuple(split_table(head.splitlines()[0] if head else "", path).columns)
    except (OSError, LandmarkFileError):
        return ()


def _have_axes(columns: Sequence[str]) -> bool:
    return any(column.startswith(("x", "y")) or column.endswith(("_x", "_y")) for column in columns)


def read_case_list(path: Path) -> CaseList:
    """Read a list; its paths are relative to its own folder.

    Raises
    ------
    ProjectError
        It cannot be read, is no table, or has no column ``image``.
    """
    table_text = _text(path)
    try:
        table = split_table(table_text, path)
    except LandmarkFileError as error:
        raise ProjectError(error.message, error.hint) from error
    if "image" not in table.columns:
        raise ProjectError(
            f"{path.name} has no column “image”.", f"Its first line is to name columns among: {', '.join(COLUMNS)}."
        )
    unknown = [column or "(without a name)" for column in table.columns if column not in COLUMNS]
    problems = [f"line 1 has the unknown column {column}" for column in unknown]
    cases: list[ListedCase] = []
    seen: dict[tuple[Path, str], int] = {}
    for line, cells in table.rows:
        said = dict(zip(table.columns, (cell.strip() for cell in cells), strict=True))
        case, wrong = _case(path.absolute().parent, line, said)
        if not wrong:
            first = seen.setdefault((case.image, case.reader), line)
            wrong = [f"line {line} names the same image as line {first}"] if first != line else []
        problems += wrong
        if not wrong:
            cases.append(case)
    if not cases and not problems:
        raise ProjectError(f"{path.name} names no image.", "Write a line for each image.")
    return CaseList(path, tuple(cases), tuple(problems))


def _case(folder: Path, line: int, said: dict[str, str]) -> tuple[ListedCase, list[str]]:
    """Return the case of a line, and what is wrong with it."""
    wrong = []
    image, landmarks = folder / said["image"], said.get("landmarks", "")
    if not said["image"]:
        wrong.append(f"line {line} names no image")
    elif not image.exists():
        wrong.append(f"line {line} names an image that is not there ({said['image']})")
    if landmarks and not (folder / landmarks).is_file():
        wrong.append(f"line {line} names a landmark file that is not there ({landmarks})")
    spacing = said.get("spacing", "")
    spacing_mm = parse_spacing(spacing) if spacing else None
    if spacing and spacing_mm is None:
        wrong.append(f"line {line} has a spacing that is not a number of mm above zero ({spacing})")
    case = ListedCase(
        line, image, folder / landmarks if landmarks else None, said.get("split", ""), said.get("group", ""), spacing_mm,
        said.get("reader", ""),
    )  # fmt: skip
    return case, wrong


def parse_spacing(text: str) -> tuple[float, ...] | None:
    """Return the pixel size that ``0.1``, or ``0.1 x 0.2`` along x and y, gives, in numpy order; None where it is none."""
    parts: Sequence[str] = text.lower().replace("×", "x").replace(";", "x").split("x")
    sizes = [finite_number(part.strip().replace(",", ".")) for part in parts]
    given = tuple(size for size in reversed(sizes) if size is not None and size > 0)
    return given if len(given) == len(sizes) and len(given) <= 3 else None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ProjectError(f"{path.name} is too large to be a list of cases.", "Choose another file.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ProjectError(f"There is no file {path}.", "Check the path.") from error
    except OSError as error:
        raise ProjectError(f"{path.name} cannot be read ({reason_of(error)}).", "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path.name} is not a text file in UTF-8.", "Save it as UTF-8 and try again.") from error
