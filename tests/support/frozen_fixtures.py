"""Lets tests import the scripts of packaging/ as these import each other."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def import_script(name: str) -> ModuleType:
    """Return a module of packaging/, which is no package: its own folder is where its scripts look."""
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "packaging"))
