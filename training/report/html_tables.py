"""Tables and figures as HTML: escaped text, right-aligned numbers, captions that the style sheet counts.

Knows nothing of evaluations: takes data frames, columns and pictures, and returns strings.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from training.evaluation.metrics import ALL
from training.report.figures import ReportFigure
from training.report.number_text import number

ROWS_ON_A_PAGE = 48
"""A longer table may be cut when printed; its head is then repeated."""


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


def row_of(frame: pd.DataFrame, label: str) -> pd.Series:
    """Return the row of a table with unique rows."""
    return frame.loc[[label]].iloc[0]


def number_column(head: str, key: str, digits: int = 2) -> Column:
    """Return a column of the numbers under ``key``."""
    return Column(head, lambda row: number(row[key], digits))


def word_column(head: str, key: str) -> Column:
    """Return a column of the words under ``key``."""
    return Column(head, lambda row: str(row[key]), numeric=False)


def table_html(frame: pd.DataFrame, columns: Sequence[Column], caption: str, index_head: str = "landmark") -> str:
    """Return a data frame as a table; its index is the first column, a row called ``all`` is set apart.

    Parameters
    ----------
    frame
        One row of the table per row.
    columns
        The columns behind the first.
    caption
        Full sentences, plain text.
    index_head
        What the index holds.
    """
    heads = [f"<th scope='col'>{escape(index_head)}</th>", *(_head(column) for column in columns)]
    rows = []
    for label, row in frame.iterrows():
        total = label == ALL
        name = "all landmarks" if total else str(label)
        cells = [f"<th scope='row'>{escape(name)}</th>", *(_cell(column, row) for column in columns)]
        rows.append(f"<tr{' class=total' if total else ''}>{''.join(cells)}</tr>")
    body = "\n".join(rows)
    return (
        f"<figure class='table{' long' if len(rows) > ROWS_ON_A_PAGE else ''}'><figcaption>{escape(caption)}</figcaption>\n"
        f"<div class=scroll><table><thead><tr>{''.join(heads)}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div></figure>\n"
    )


def _head(column: Column) -> str:
    return f"<th scope='col'{' class=n' if column.numeric else ''}>{escape(column.head)}</th>"


def _cell(column: Column, row: pd.Series) -> str:
    return f"<td{' class=n' if column.numeric else ''}>{escape(column.text(row))}</td>"


def figure_html(figure: ReportFigure) -> str:
    """Return a picture with its caption; the pixels stand in the text itself, so that one file is the whole report."""
    data = base64.b64encode(figure.png).decode("ascii")
    alternative = figure.caption.split(".")[0]
    return (
        f"<figure class=picture><img src='data:image/png;base64,{data}' alt='{escape(alternative, quote=True)}'>"
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>\n"
    )


def paragraph_html(text: str) -> str:
    """Return plain text as a paragraph."""
    return f"<p>{escape(text)}</p>\n"
