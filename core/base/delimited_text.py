"""Tables in text files: comments, separators, quoting and decimal signs, whatever people and spreadsheets make of them.

Text in, cells and numbers out, each with its line. What the columns mean is for the readers of a format to say.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.errors import LandmarkFileError

_COMMENTS = re.compile(r'(?:(?:"?#[^\r\n]*|[ \t,;]*)(?:\r\n|\r|\n))*')
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Table:
    """A table as it stands in a file.

    Attributes
    ----------
    path
        The file, for messages.
    columns
        What its first line calls the columns, in small letters.
    separator
        What stands between the cells.
    rows
        The number of each line in the file, and its cells.
    comments
        The comment lines before the table, without their mark.
    """

    path: Path
    columns: tuple[str, ...]
    separator: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    comments: tuple[str, ...] = ()

    def texts(self, column: str) -> list[str]:
        """Return the cells of a column, empty ones where there is no such column."""
        if column not in self.columns:
            return [""] * len(self.rows)
        index = self.columns.index(column)
        return [cells[index] for _, cells in self.rows]

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return ``(rows, columns)`` numbers, NaN where a cell is empty or says so, or where there is no such column.

        Raises
        ------
        LandmarkFileError
            A cell holds something else.
        """
        texts = [self.texts(column) for column in columns]
        flat = [cell for cells in texts for cell in cells]
        decimal_comma = self.separator != "," and any("," in c for c in flat) and not any("." in c for c in flat)
        values = np.full((len(self.rows), len(columns)), np.nan)
        for row, (line, _) in enumerate(self.rows):
            for index, column in enumerate(columns):
                cell = texts[index][row].strip()
                if cell.lower() in ("", "nan"):
                    continue
                number = finite_number(cell.replace(",", ".") if decimal_comma else cell)
                if number is None:
                    raise line_error(self.path, line, f'has "{cell}" in the column {column}, which is not a number')
                values[row, index] = number
        return values


def finite_number(text: str) -> float | None:
    """Return the number that ``text`` is in plain notation, None where it is anything else or infinite."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if np.isfinite(number) else None


def split_table(text: str, path: Path) -> Table:
    """Split a table into cells, whatever its separator; comment lines before it are skipped, and so are empty lines.

    Raises
    ------
    LandmarkFileError
        A line has more or fewer cells than there are columns, or a quotation mark is never closed.
    """
    comments = _COMMENTS.match(text)
    body = text[comments.end() :] if comments else text
    skipped = len(re.findall(r"\r\n|\r|\n", text[: len(text) - len(body)]))
    first_line = re.split(r"[\r\n]", body, maxsplit=1)[0]
    separator = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        columns = tuple(cell.strip().lower() for cell in next(reader, []))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = skipped + reader.line_num
            if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
                raise line_error(path, line, f"has {len(cells)} columns instead of {len(columns)}")
            rows.append((line, tuple(cells[: len(columns)])))
    except csv.Error as error:
        raise line_error(path, skipped + reader.line_num, f"cannot be split into columns ({error})") from error
    return Table(path, columns, separator, tuple(rows), tuple(_comments(text[: len(text) - len(body)])))


def _comments(head: str) -> Iterator[str]:
    """Give the comment lines before a table, without what a spreadsheet puts around them: quotation marks, separators."""
    for line in re.split(r"\r\n|\r|\n", head):
        quoted = re.fullmatch(r'"#((?:[^"]|"")*)"[,;\t ]*', line)
        if quoted:
            yield quoted[1].replace('""', '"').strip()
        elif line.startswith("#"):
            yield line[1:].strip(",;\t ")


def line_error(
    path: Path, line: int, complaint: str, hint: str = "Correct the line and try again."
) -> LandmarkFileError:
    """Return the error that a line of a file is wrong."""
    return LandmarkFileError(f"{path.name}: line {line} {complaint}.", hint)
