"""The installers' builder, and one build of a placeholder application for all tests that only look at it."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.installer_fixtures import PACKAGING, TIME_S, make_app, run_builder


@pytest.fixture(scope="session")
def builder() -> ModuleType:
    sys.path.insert(0, str(PACKAGING))
    try:
        return importlib.import_module("build_installers")
    finally:
        sys.path.remove(str(PACKAGING))


@pytest.fixture(scope="session")
def built(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    make_app(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", str(TIME_S))
        assert run_builder(builder, folder, "--maintainer", "A Person <person@cairn.invalid>") == 0
    return folder / "dist"
