"""Writes a training configuration as TOML, for configurations that a program derives from a person's.

Reading and checking is `core/learning/configuration.py`'s; what is written here reads back as the same configuration.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.learning.configuration import TrainingConfig


def format_config(config: TrainingConfig) -> str:
    """Return the configuration as TOML text that `core.learning.configuration.parse_config` reads back unchanged."""
    return "\n".join(_lines(config.model_dump(), "")) + "\n"


def _lines(table: Mapping[str, Any], path: str) -> list[str]:
    """Return a table's own values, then its tables; None stands for a key that is left out."""
    values = {key: value for key, value in table.items() if value is not None}
    lines = [f"{key} = {_value(value)}" for key, value in values.items() if not _holds_tables(value)]
    for key, value in values.items():
        name = f"{path}{key}"
        if isinstance(value, Mapping):
            lines += ["", f"[{name}]", *_lines(value, f"{name}.")]
        elif _holds_tables(value):
            for entry in value:
                lines += ["", f"[[{name}]]", *_lines(entry, f"{name}.")]
    return lines


def _holds_tables(value: object) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(isinstance(entry, Mapping) for entry in value)
    return isinstance(value, Mapping)


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(entry) for entry in value)}]"
    return repr(value)
