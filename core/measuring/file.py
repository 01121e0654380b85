"""Reading and writing analyses: TOML files, the bundled ones in ``assets/analyses`` and a person's own.

Owns the files; what an analysis may say is `analysis`' business.
"""

import tomllib
from functools import cache
from pathlib import Path

import tomli_w
from pydantic import ValidationError

from core.base.assets import assets_folder
from core.base.complaints import first_complaint
from core.base.errors import AppError
from core.base.files import reason_of, written_whole
from core.measuring.analysis import SCHEMA_VERSION, Analysis

SUFFIX = ".toml"
LARGEST_FILE_BYTES = 1 << 20


class AnalysisError(AppError):
    """An analysis cannot be found, read or written."""


def read_analysis(analysis: str | Path) -> Analysis:
    """Read a bundled analysis by its name, or any analysis by the path of its TOML file.

    Raises
    ------
    AnalysisError
        There is no such analysis, or its file is wrong; says where.
    """
    return parse_analysis(read_analysis_text(analysis), _path_of(analysis).name)


def _path_of(analysis: str | Path) -> Path:
    path = Path(analysis)
    return path if path.suffix.lower() == SUFFIX else assets_folder() / "analyses" / f"{analysis}{SUFFIX}"


def read_analysis_text(analysis: str | Path) -> str:
    """Return the text of a bundled analysis by its name, or of any by the path of its file, as its author wrote it.

    Raises
    ------
    AnalysisError
        There is no such file, or none that holds a text.
    """
    path = _path_of(analysis)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        bundled = ", ".join(one.name for one in bundled_analyses())
        raise AnalysisError(
            f"There is no analysis {analysis}.", f"Give the path of a {SUFFIX} file, or one of: {bundled}."
        ) from error
    except OSError as error:
        raise AnalysisError(f"The analysis {path.name} cannot be read: {reason_of(error)}.") from error
    if len(data) > LARGEST_FILE_BYTES:
        raise AnalysisError(
            f"The analysis {path.name} is larger than {LARGEST_FILE_BYTES >> 20} MiB.", "Check the file."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnalysisError(f"The analysis {path.name} is not UTF-8 text.", "Save it as UTF-8.") from error


def parse_analysis(text: str, called: str) -> Analysis:
    """Return the analysis that the text of a TOML file holds; ``called`` is the file's name, for messages.

    Raises
    ------
    AnalysisError
        It holds none, a wrong one, or one of a later version.
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise AnalysisError(
            f"The analysis {called} is not a readable TOML file: {error}.", "Correct the file."
        ) from error
    version = raw.get("schema_version", 1)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise AnalysisError(
            f"The analysis {called} is of version {version}, but this program reads up to {SCHEMA_VERSION}.",
            "Update Cairn.",
        )
    try:
        return Analysis.model_validate(raw)
    except ValidationError as error:
        raise AnalysisError(f"The analysis {called} is wrong: {_complaint(error)}.", "Correct the file.") from error


def analysis_text(analysis: Analysis) -> str:
    """Return the text of an analysis' TOML file."""
    return tomli_w.dumps(analysis.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def write_analysis(path: Path, analysis: Analysis) -> None:
    """Write an analysis as a TOML file, whole or not at all.

    Raises
    ------
    AnalysisError
        It cannot be written there.
    """
    try:
        with written_whole(path) as temporary:
            temporary.write_text(analysis_text(analysis), encoding="utf-8", newline="\n")
    except OSError as error:
        raise AnalysisError(
            f"The analysis cannot be written to {path.name}: {reason_of(error)}.", "Choose another folder."
        ) from error


@cache
def bundled_analyses() -> tuple[Analysis, ...]:
    """Return the analyses that come with Cairn, by name; none where they are nowhere."""
    try:
        folder = assets_folder() / "analyses"
    except AppError:
        return ()
    return tuple(read_analysis(path) for path in sorted(folder.glob(f"*{SUFFIX}")))


def _complaint(error: ValidationError) -> str:
    """Say what is wrong, with the key of the measurement in place of its number."""
    return first_complaint(error).removeprefix("Value error, ")
