"""What goes into the frozen application, and its first lines; freezing itself takes minutes and is `make package`."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.support.frozen_fixtures import ROOT, import_script

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

contents = import_script("frozen.contents")
cairn_entry = import_script("frozen.cairn_entry")


@pytest.mark.parametrize(
    "name",
    [
        "torch/bin/torch_shm_manager",  # `import torch` fails without it
        "torch/lib/libtorch_cpu.so",
        "torch/lib/torch_cpu.dll",
        "torch/_functorch/config.py",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/plugins/platforms/qwindows.dll",
        "PySide6/plugins/styles/qmodernwindowsstyle.dll",
        "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
        "PySide6/Qt/plugins/platformthemes/libqxdgdesktopportal.so",
        "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "PySide6/Qt/plugins/imageformats/libqjpeg.so",
        "PySide6/Qt/plugins/iconengines/libqsvgicon.so",
        "PySide6/Qt/plugins/wayland-shell-integration/libxdg-shell.so",
        "PySide6/Qt/plugins/wayland-decoration-client/libadwaita.so",
        "PySide6/Qt/plugins/wayland-graphics-integration-client/libqt-plugin-wayland-egl.so",
        "PySide6/Qt/plugins/xcbglintegrations/libqxcb-glx-integration.so",
        "PySide6/Qt/lib/libQt6Network.so.6",
        "PySide6/Qt/lib/libQt6WaylandClient.so.6",
        "PySide6/QtNetwork.abi3.so",
        "libQt6Svg.so.6",
        "PySide6/QtSvg.abi3.so",  # pictures as SVG
        "PySide6/Qt6Svg.dll",
        "assets/models/cephalometric-19.pt",
        "assets/samples/cephalogram.png",
        "cairn_landmarks-0.1.0.dist-info/METADATA",
        "numpy/_core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so",
    ],
)
def test_what_the_application_runs_on_stays(name):
    assert contents.is_needed(name)
    assert contents.is_needed(name.replace("/", "\\"))


@pytest.mark.parametrize(
    "name",
    [
        "torch/test/test_tensor",
        "torch/include/torch/all.h",
        "torch/bin/test_jit",
        "torch/bin/protoc",
        "torch/lib/libtorchbind_test.so",
        "torch/lib/torch_cpu.lib",
        "PySide6/Qt/translations/qt_de.qm",
        "PySide6/translations/qt_de.qm",
        "PySide6/Qt/qml/QtQuick/qmldir",
        "PySide6/Qt/plugins/tls/libqopensslbackend.so",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/plugins/platforms/libqvnc.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/imageformats/libqpdf.so",
        "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
        "PySide6/Qt/plugins/wayland-graphics-integration-server/libqt-wayland-compositor-drm-egl-server-buffer.so",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "libQt6Qml.so.6",
        "PySide6/Qt6Quick.dll",
        "PySide6/opengl32sw.dll",
        "pydicom/data/test_files/CT_small.dcm",
        "pyqtgraph/examples/Plotting.py",
        "numpy/core/tests/data.txt",
    ],
)
def test_what_nobody_needs_goes(name):
    assert not contents.is_needed(name)
    assert not contents.is_needed(name.replace("/", "\\"))


def test_nothing_that_the_application_imports_is_excluded():
    code = (
        "import sys, pkgutil, importlib, app, core\n"
        "for package in (app, core):\n"
        "    for module in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):\n"
        "        importlib.import_module(module.name)\n"
        "from core.models.bundled import bundled_model_for\n"
        "core.models.file.load_model(bundled_model_for(2))\n"
        "sys.stdout.write('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert {"app.window.viewer", "torch", "SimpleITK", "PySide6.QtWidgets", "sqlite3", "filelock"} <= set(imported)
    assert {"defusedxml.ElementTree", "core.project.store", "app.desk.worker", "core.schemes.file"} <= set(imported)
    excluded = contents.EXCLUDED_MODULES
    # Modules that others import where they are there, and do without where they are not: the frozen self-test proves it.
    optional = {"ssl", "_ssl", "readline", "_uuid", "pydoc_data", "mypy_extensions", "_distutils_hack", "curses"}
    taken = {name for name in imported for part in excluded if name == part or name.startswith(f"{part}.")}
    assert {name for name in taken if name.split(".")[0] not in optional} == set()


def test_the_extras_of_the_package_stay_out():
    for extra in ("dicom-sr", "parquet"):
        (needed,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
        assert re.split(r"\W", needed)[0] in contents.EXCLUDED_MODULES


def test_every_exclusion_says_why():
    assert all(reason.strip() for reason in contents.EXCLUDED_MODULES.values())


def test_torch_keeps_the_sources_that_it_reads_itself():
    folder = Path(distribution("torch").locate_file("torch"))
    modes = contents.collection_modes(folder)
    assert modes.pop("torch") == "pyz"
    assert set(modes.values()) == {"pyz+py"}
    assert {"torch._functorch.config", "torch.fx.experimental._config", "torch.nn.functional"} <= set(modes)


def test_the_spec_is_python_and_makes_a_folder():
    tree = ast.parse((ROOT / "packaging" / "cairn.spec").read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert {"Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE"} <= called
    upx = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "upx"]
    assert len(upx) == 2
    assert all(isinstance(value, ast.Constant) and value.value is False for value in upx)


def test_the_entry_script_runs_the_command_line():
    entry = ROOT / "packaging" / "frozen" / "cairn_entry.py"
    done = subprocess.run([sys.executable, entry, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"cairn {tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']}\n"


def test_programs_that_the_application_starts_get_the_library_path_back(monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/cairn/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/mine")
    cairn_entry.restore_library_path()
    assert (os.environ["LD_LIBRARY_PATH"], "LD_LIBRARY_PATH_ORIG" in os.environ) == ("/mine", False)


def test_without_a_console_a_problem_is_shown(monkeypatch, tmp_path):
    shown: list[str] = []
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "argv", ["Cairn.exe", str(tmp_path / "gone.dcm")])
    assert cairn_entry.run_without_console(shown.append) == 2
    (sentence,) = shown
    assert sentence.startswith("cairn: There is no file")
    monkeypatch.setattr(sys, "argv", ["Cairn.exe", "--version"])
    assert cairn_entry.run_without_console(shown.append) == 0
    assert len(shown) == 1
