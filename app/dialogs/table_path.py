"""The dialog that asks where to write a table, and as what: an Excel workbook or CSV.

Asks only; tables are `core.measuring.table`'s, and whoever asks writes them.
"""

from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from core.measuring.table import TABLE_SUFFIXES

KINDS = {f"{name} (*{suffix})": suffix for suffix, name in TABLE_SUFFIXES.items()}
"""Suffix by what the dialog calls it; Excel first, since a spreadsheet opens its own format rightly in every language."""


def table_path(parent: QWidget | None, title: str, suggestion: Path) -> Path | None:
    """Ask where to write a table; the dialog asks whether a file that is there may be replaced.

    Parameters
    ----------
    parent
        The window that the dialog belongs to.
    title
        Of the dialog.
    suggestion
        The name stands in the dialog without its suffix, which follows the kind of file that is chosen.

    Returns
    -------
    Path | None
        With a suffix unless a person typed a name with a dot; None where they thought better of it.
    """
    dialog = QFileDialog(parent, title, str(suggestion.parent), ";;".join(KINDS))
    try:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(KINDS[kind][1:]))
        first = next((kind for kind, suffix in KINDS.items() if suffix == suggestion.suffix), next(iter(KINDS)))
        dialog.selectNameFilter(first)
        dialog.setDefaultSuffix(KINDS[first][1:])  # added before the dialog looks whether such a file is there
        dialog.selectFile(suggestion.stem)
        return Path(dialog.selectedFiles()[0]) if dialog.exec() == QDialog.DialogCode.Accepted else None
    finally:
        dialog.deleteLater()
