"""The bundled models are found wherever an installer may put them."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.base.assets import assets_folder

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

PROJECT = Path(__file__).parents[3]
FOLDER = "share/cairn-landmarks/assets"
ASK = "from core.base import assets; print(assets.__file__); print(assets.assets_folder())"

needs_pip = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="pip is not in this environment")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with what finds the assets and a few of these, where pyproject.toml puts them."""
    files = {
        f"cairn_landmarks-0.1.0.data/data/{FOLDER}/models/model.md": "a card",
        f"cairn_landmarks-0.1.0.data/data/{FOLDER}/schemes/scheme.json": "{}",
        "cairn_landmarks-0.1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: cairn-landmarks\nVersion: 0.1.0\n",
        "cairn_landmarks-0.1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    for name in ("core/__init__.py", "core/base/__init__.py", "core/base/assets.py", "core/base/errors.py"):
        files[name] = (PROJECT / name).read_text(encoding="utf-8")
    files["cairn_landmarks-0.1.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    path = tmp_path_factory.mktemp("wheel") / "cairn_landmarks-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that sees what a person or the system has installed."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    command = [sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", str(folder)]
    subprocess.run(command, check=True, timeout=120)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@needs_pip
@pytest.mark.parametrize("way", ["into the environment", "--user", "--prefix", "--target"])
def test_they_are_found_however_pip_installs(wheel: Path, python: Path, tmp_path: Path, way: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    environment |= {"PYTHONUSERBASE": str(tmp_path / "own"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    place = {"into the environment": [], "--user": ["--user"]}.get(way, [way, str(tmp_path / "there")])
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", "--quiet"]
    install += ["--ignore-installed", *place, str(wheel)]
    done = subprocess.run(
        install, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    if way in ("--prefix", "--target"):
        ours = next(path for path in (tmp_path / "there").rglob("core") if path.is_dir())
        environment["PYTHONPATH"] = str(ours.parent)
    asked = subprocess.run(
        [python, "-c", ASK], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
    )
    assert asked.returncode == 0, asked.stderr
    module, folder = map(Path, asked.stdout.splitlines())
    root = python.parents[1] if way == "into the environment" else tmp_path
    assert module.is_relative_to(root)
    assert folder.is_relative_to(root)
    assert folder.as_posix().endswith(FOLDER)
    if way == "into the environment":
        undo = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "uninstall",
            "--yes",
            "--quiet",
            "cairn-landmarks",
        ]
        subprocess.run(undo, check=True, env=environment, cwd=tmp_path, timeout=300)


def test_in_a_checkout_they_are_the_projects_own() -> None:
    assert assets_folder() == PROJECT / "assets"


def test_in_the_frozen_application_they_are_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assets" / "models").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert assets_folder() == tmp_path / "assets"
