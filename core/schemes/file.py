"""Reading and writing schemes: JSON files, which hold everything, and CSV lists of names for spreadsheets.

Owns the files; the bundled schemes lie in ``assets/schemes``. What else can be made a scheme of is `sources`' business.
"""

import csv
import io
import json
import re
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from core.base.assets import assets_folder
from core.base.complaints import first_complaint
from core.base.delimited_text import split_table
from core.base.errors import AppError, ConfigError, LandmarkFileError
from core.base.files import reason_of, written_whole
from core.schemes.draft import Draft, Row, finished
from core.schemes.scheme import SCHEMA_VERSION, Scheme, scheme_key

LARGEST_FILE_BYTES = 16 << 20
COLUMNS = ("name", "abbreviation", "definition", "mirrored", "colour")
"""Of a CSV list; only the first is needed."""
_SAID = re.compile(r"(title|ndim)\s*[:=]\s*(.*)", re.IGNORECASE)


def read_scheme(scheme: str | Path) -> Scheme:
    """Read a bundled scheme by its name, or any scheme by the path of its JSON file.

    Raises
    ------
    ConfigError
        There is no such scheme, or its file is wrong.
    """
    folder = assets_folder() / "schemes"
    path = Path(scheme) if Path(scheme).suffix.lower() == ".json" else folder / f"{scheme}.json"
    try:
        text = text_of(path)
    except FileNotFoundError as error:
        bundled = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
        raise ConfigError(
            f"There is no landmark scheme {scheme}.", f"Give the path of a .json file, or one of: {bundled}."
        ) from error
    return parse_scheme(text, path)


def parse_scheme(text: str, path: Path) -> Scheme:
    """Return the scheme that the text of a JSON file holds; ``path`` is for messages.

    Raises
    ------
    ConfigError
        It holds none, a wrong one, or one of a later version.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The landmark scheme {path.name} is not a readable JSON file.", "Check the file.") from error
    version = raw.get("schema_version", 1) if isinstance(raw, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ConfigError(
            f"The landmark scheme {path.name} is of version {version}, but this program reads up to {SCHEMA_VERSION}.",
            "Update Cairn.",
        )
    try:
        return Scheme.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(
            f"The landmark scheme {path.name} is wrong ({first_complaint(error)}).", "Correct the file."
        ) from error


@cache
def bundled_schemes() -> tuple[Scheme, ...]:
    """Return the schemes that come with Cairn, by name; none where they are nowhere."""
    try:
        return tuple(read_scheme(path) for path in sorted((assets_folder() / "schemes").glob("*.json")))
    except AppError:
        return ()


def write_scheme(scheme: Scheme, path: Path) -> None:
    """Write a scheme, as a CSV list where the file's name says so, else as JSON; whole or not at all.

    Raises
    ------
    ConfigError
        The file cannot be written.
    """
    text = csv_text(scheme) if path.suffix.lower() == ".csv" else f"{scheme.to_json()}\n"
    try:
        with written_whole(path) as temporary:
            temporary.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk."
        ) from error


def csv_text(scheme: Scheme) -> str:
    """Return a scheme as a list for spreadsheets: everything but pictures and what people say instead of its names."""
    out = io.StringIO(newline="")
    out.write(f"# title: {scheme.title}\n# ndim: {scheme.ndim}\n")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for mark in scheme.landmarks:
        definition = " ".join(mark.definition.split())
        table.writerow((mark.name, mark.abbreviation, definition, mark.mirrored or "", mark.colour))
    return out.getvalue()


def parse_list(text: str, path: Path, ndim: int) -> Scheme:
    """Return the scheme that a CSV list holds, or a mere list of names, one a line.

    Parameters
    ----------
    text, path
        What stands in the file, and its name.
    ndim
        Rank of the scheme where the list does not say it.

    Raises
    ------
    ConfigError
        It has columns that are unknown here, none with names, or names that make no scheme.
    """
    try:
        table = split_table(text, path)
    except LandmarkFileError as error:
        raise ConfigError(error.message, error.hint) from error
    said = {match[1].lower(): match[2].strip() for line in table.comments if (match := _SAID.fullmatch(line))}
    title = said.get("title", path.stem)
    rank = int(said["ndim"]) if said.get("ndim") in ("2", "3") else ndim
    if len(table.columns) == 1 and table.columns[0] not in COLUMNS:
        names = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        return _scheme(title, rank, [{"name": name} for name in names], path)
    unknown = [column for column in table.columns if column not in COLUMNS]
    if unknown or "name" not in table.columns:
        said_wrong = f"has the columns {', '.join(unknown)}, which a list of landmarks does not have" if unknown else ""
        raise ConfigError(
            f"{path.name} {said_wrong or 'has no column “name”'}.",
            f"Its first line is to name columns among: {', '.join(COLUMNS)}.",
        )
    cells = [dict(zip(table.columns, map(str.strip, row), strict=True)) for _, row in table.rows]
    return _scheme(title, rank, cells, path)


def _scheme(title: str, ndim: int, cells: list[dict[str, str]], path: Path) -> Scheme:
    keys = {cell["name"]: key for key, cell in reversed(list(enumerate(cells)))}
    rows = []
    for key, cell in enumerate(cells):
        partner = cell.get("mirrored", "")
        if partner and partner not in keys:
            raise ConfigError(
                f"{path.name} calls “{partner}” the mirror image of “{cell['name']}”, but has no such landmark.",
                "Correct the list.",
            )
        rows.append(
            Row(
                key, cell["name"], cell.get("abbreviation", ""), definition=cell.get("definition", ""),
                colour=cell.get("colour", ""), partner=keys[partner] if partner else None,
            )
        )  # fmt: skip
    try:
        return finished(Draft(title, 3 if ndim == 3 else 2, scheme_key(path.stem), tuple(rows)))
    except ConfigError as error:
        raise ConfigError(f"{path.name} holds no scheme. {error.message}", "Correct the list.") from error


def text_of(path: Path) -> str:
    """Return the text of a file, without a byte order mark.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ConfigError
        It is no text, too large, or cannot be read.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ConfigError(f"{path.name} is too large to be a landmark scheme.", "Choose another file.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read ({reason_of(error)}).", "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is not a text file in UTF-8.", "Save it as UTF-8 and try again.") from error
