"""The text of landmark files: bounded in size, UTF-8, without a byte order mark; and JSON in it, of plain numbers only.

Opens files and knows no format. What the text means is for the readers to say.
"""

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from core.base.errors import LandmarkFileError

LARGEST_FILE_BYTES = 32 * 1024 * 1024
"""Files above this hold no landmarks of one image; some 70,000 points fit into it."""
LARGEST_COLLECTION_BYTES = 256 * 1024 * 1024
"""Files above this hold no landmarks of many images; COCO's own annotations of 118,000 photographs fit into it."""
_PLAIN_ARRAY = re.compile(r'\[\n\s+([^\[\]{}"]*?)\n\s+\]')
_BETWEEN_ITEMS = re.compile(r",\n\s+")
_EXPORT_AGAIN = "Export the file again."
_LARGEST_NUMBER = 1e300


def text_of(path: Path, largest_bytes: int = LARGEST_FILE_BYTES) -> str:
    """Return a file's text without a byte order mark, its line ends untouched.

    Raises
    ------
    LandmarkFileError
        The file is missing, unreadable, too large, empty or not UTF-8.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= largest_bytes else b""
    except FileNotFoundError as error:
        raise LandmarkFileError(f"There is no file {path}.", "Check the path.") from error
    except OSError as error:
        raise LandmarkFileError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    if size > largest_bytes:
        raise LandmarkFileError(
            f"{path.name} is too large to be a landmark file ({size / 2**20:.0f} MiB).", "Choose a file with landmarks."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LandmarkFileError(
            f"{path.name} is not a text file in UTF-8 (byte {error.start + 1}).", "Save it as UTF-8 and try again."
        ) from error
    if not text.strip():
        raise LandmarkFileError(f"{path.name} is empty.", "Choose a file with landmarks.")
    return text


def json_object(text: str, path: Path) -> dict[str, Any]:
    """Return the object that a JSON file is.

    Raises
    ------
    LandmarkFileError
        It is cut off, nested too deeply, something else than an object, gives a key twice or a number that is none.
    """
    try:
        document = json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, path),
            parse_constant=lambda word: _no_number(word, path),
        )
    except json.JSONDecodeError as error:
        raise LandmarkFileError(
            f"{path.name} is not valid JSON: {error.msg} in line {error.lineno}.", _EXPORT_AGAIN
        ) from error
    except ValueError as error:
        raise LandmarkFileError(f"{path.name} is not valid JSON.", _EXPORT_AGAIN) from error
    except RecursionError as error:
        raise LandmarkFileError(f"{path.name} is nested too deeply.", _EXPORT_AGAIN) from error
    if not isinstance(document, dict):
        raise LandmarkFileError(f"{path.name} holds no JSON object.", "Choose a file with landmarks.")
    return document


def json_text(document: Any) -> str:
    """Return a document as it is written: readable, any letters as they are, one line end at its end."""
    return in_lines(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def in_lines(indented: str) -> str:
    """Return indented JSON with each list of plain numbers in one line."""
    return _PLAIN_ARRAY.sub(lambda match: f"[{_BETWEEN_ITEMS.sub(', ', match[1])}]", indented)


def plain_number(value: Any) -> float | None:
    """Return the finite number that a value of a JSON file is, None where it is anything else."""
    if type(value) not in (int, float) or not -_LARGEST_NUMBER < value < _LARGEST_NUMBER:
        return None
    return float(value)


def plain_point(value: Any, ndim: int) -> tuple[float, ...] | None:
    """Return the point of ``ndim`` numbers that a list of a JSON file is, None where it is anything else."""
    numbers = [plain_number(part) for part in value] if isinstance(value, list) else []
    given = tuple(number for number in numbers if number is not None)
    return given if len(given) == len(numbers) == ndim else None


def plain_size(value: Any) -> int:
    """Return a number of pixels, 0 where a value of a JSON file is none."""
    number = plain_number(value)
    return int(number) if number is not None and number >= 1 and math.floor(number) == number else 0


def _object(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise LandmarkFileError(f"{path.name} gives {twice} twice in one place.", "Remove one of them.")
    return found


def _no_number(word: str, path: Path) -> NoReturn:
    raise LandmarkFileError(f"{path.name} has {word} where a number is expected.", _EXPORT_AGAIN)
