"""Makes this process one like the frozen application, as far as Python sees it: what is left out cannot be imported, and only
those sources can be read that are collected.

Run as ``python -m tests.support.frozen_surroundings SCRIPT [ARGUMENTS]``, before anything else is imported.
"""

import importlib.util
import linecache
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.support.frozen_fixtures import ROOT, import_script

contents = import_script("frozen.contents")


class _Frozen(MetaPathFinder):
    """Finds the stand-ins, and refuses what is left out."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in contents.STAND_INS:
            return importlib.util.spec_from_file_location(name, contents.STAND_INS[name])
        if any(name == left_out or name.startswith(f"{left_out}.") for left_out in contents.EXCLUDED_MODULES):
            raise ModuleNotFoundError(f"No module named {name!r}: it is not in the frozen application", name=name)
        return None


def _module_at(path: Path, folders: Sequence[Path]) -> str | None:
    """Return the name of the module whose source is ``path``, where it lies in one of the folders of packages."""
    for folder in folders:
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).with_suffix("").parts
            return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return None


def surround() -> None:
    """Begin to be like the frozen application."""
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    torch_folder = Path(spec.origin).parent
    modes = contents.collection_modes(torch_folder)
    real = linecache.updatecache

    def collected_only(filename: str, module_globals: dict[str, Any] | None = None) -> list[str]:
        name = _module_at(Path(filename), (torch_folder.parent, ROOT))
        if name is not None and not contents.keeps_source(name, modes):
            return []
        return real(filename, module_globals)

    linecache.updatecache = collected_only  # inspect reads sources by it
    sys.meta_path.insert(0, _Frozen())


if __name__ == "__main__":
    surround()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
