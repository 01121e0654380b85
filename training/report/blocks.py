"""What the sections of a report are made of: tables, pictures and paragraphs, as plain values.

Knows nothing of evaluations and nothing of HTML: `page.html.jinja` gives these values their form.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from training.evaluation.metrics import ALL
from training.report.figures import ReportFigure
from training.report.number_text import number


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    head
        What it holds, with the unit.
    text
        Makes a cell of a row of the data frame.
    numeric
        Whether cells are numbers, which stand to the right.
    """

    head: str
    text: Callable[[pd.Series], str]
    numeric: bool = True


@dataclass(frozen=True)
class Cell:
    """The text of one cell; numbers stand to the right."""

    text: str
    numeric: bool


@dataclass(frozen=True)
class Row:
    """One line of a table; a total is set apart."""

    label: str
    cells: tuple[Cell, ...]
    is_total: bool


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    Attributes
    ----------
    caption
        Full sentences.
    heads
        Of all columns, that of the labels first.
    rows
        From top to bottom.
    """

    kind: ClassVar[str] = "table"
    caption: str
    heads: tuple[Cell, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Picture:
    """A figure with its caption."""

    kind: ClassVar[str] = "picture"
    caption: str
    png: bytes

    @property
    def base64(self) -> str:
        """The pixels as text, so that one file is the whole report."""
        return base64.b64encode(self.png).decode("ascii")

    @property
    def alternative(self) -> str:
        """What stands for the picture where it cannot be seen."""
        return self.caption.split(".")[0]


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    kind: ClassVar[str] = "paragraph"
    text: str


Block = Table | Picture | Paragraph


def row_of(frame: pd.DataFrame, label: str) -> pd.Series:
    """Return the row of a table with unique rows."""
    return frame.loc[[label]].iloc[0]


def number_column(head: str, key: str, digits: int = 2) -> Column:
    """Return a column of the numbers under ``key``."""
    return Column(head, lambda row: number(row[key], digits))


def word_column(head: str, key: str) -> Column:
    """Return a column of the words under ``key``."""
    return Column(head, lambda row: str(row[key]), numeric=False)


def make_table(frame: pd.DataFrame, columns: Sequence[Column], caption: str, index_head: str = "landmark") -> Table:
    """Make a table of a data frame; its index is the first column, a row called ``all`` is the total.

    Parameters
    ----------
    frame
        One row of the table per row.
    columns
        The columns behind the first.
    caption
        Full sentences.
    index_head
        What the index holds.
    """
    rows = []
    for label, values in frame.iterrows():
        is_total = label == ALL
        cells = tuple(Cell(column.text(values), column.numeric) for column in columns)
        rows.append(Row("all landmarks" if is_total else str(label), cells, is_total))
    heads = (Cell(index_head, numeric=False), *(Cell(column.head, column.numeric) for column in columns))
    return Table(caption, heads, tuple(rows))


def make_picture(figure: ReportFigure) -> Picture:
    """Make a block of a figure."""
    return Picture(figure.caption, figure.png)
