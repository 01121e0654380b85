"""What build_app.py checks and reports; a whole build takes minutes and is `make package`."""

import ast
import json
import plistlib
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

from core.landmark_files.file import write_landmarks
from core.values.landmarks import Landmarks
from tests.support.frozen_fixtures import import_script

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

build_app = import_script("build_app")
sizes = import_script("frozen.sizes")
platform_files = import_script("frozen.platform_files")


def test_sizes_are_counted_by_part(tmp_path):
    for name, size in (
        ("cairn", 10),
        ("_internal/torch/lib/libtorch.so", 500),
        ("_internal/PySide6/Qt/lib/libQt6Core.so.6", 60),
        ("_internal/libffi.so.8", 7),
        ("_internal/libpython3.11.so.1.0", 20),
        ("_internal/assets/models/a.pt", 40),
        ("_internal/assets/icons/a.svg", 1),
        ("_internal/pydantic_core/core.so", 3),
        ("licenses/torch/LICENSE", 2),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    (tmp_path / "_internal" / "libQt6Core.so.6").symlink_to("PySide6/Qt/lib/libQt6Core.so.6")
    assert sizes.sizes_by_component(tmp_path) == {
        "torch": 500,
        "Qt and PySide6": 60,
        "Bundled models": 40,
        "Python": 20,
        "Program and Python modules": 10,
        "System libraries": 7,
        "Other Python packages": 3,
        "Licences": 2,
        "Samples, icons, schemes, analyses": 1,
    }
    assert list(sizes.largest_files(tmp_path, 2)) == [
        "_internal/torch/lib/libtorch.so",
        "_internal/PySide6/Qt/lib/libQt6Core.so.6",
    ]


def test_what_is_too_large_is_said():
    assert sizes.too_large(999_000_000, 259_000_000) is None
    assert sizes.too_large(999_000_000, None) is None
    assert sizes.too_large(1_001_000_000, None) == "The application takes 1001 MB unpacked, and may take 1000 MB."
    assert sizes.too_large(1, 261_000_000) == "The application takes 261 MB compressed, and may take 260 MB."


def test_the_torch_that_fits_is_asked_for():
    cpu, cuda = build_app.Torch("2.13.0+cpu", ""), build_app.Torch("2.13.0", "12.6")
    assert build_app.unfit_torch(cpu, with_cuda=False) is None
    assert build_app.unfit_torch(cuda, with_cuda=True) is None
    assert "several GB" in str(build_app.unfit_torch(cuda, with_cuda=False))
    assert "torch==2.13.0+cpu" in str(build_app.unfit_torch(cuda, with_cuda=False))
    assert "no build with CUDA" in str(build_app.unfit_torch(cpu, with_cuda=True))
    assert build_app.installed_torch().version == distribution("torch").version


def test_the_numbers_of_two_self_tests_are_compared(tmp_path):
    landmarks = Landmarks(("a", "b"), [[1.0, 2.0], [3.0, 4.0]])
    for name, shift_mm in (("one", 0.0), ("other", 0.25)):
        moved = landmarks.with_point("b", [3.0, 4.0 + shift_mm])
        write_landmarks(moved, tmp_path / name / "sample.csv")
    assert build_app.difference_mm(tmp_path / "one", tmp_path / "one") == 0
    assert build_app.difference_mm(tmp_path / "one", tmp_path / "other") == 0.25
    write_landmarks(landmarks.without_point("a"), tmp_path / "other" / "sample.csv")
    with pytest.raises(build_app.BuildError, match="finds other landmarks"):
        build_app.difference_mm(tmp_path / "one", tmp_path / "other")
    with pytest.raises(build_app.BuildError, match="same files"):
        build_app.difference_mm(tmp_path / "one", tmp_path)


def test_the_program_is_compared_with_the_checkout_that_was_frozen(tmp_path, monkeypatch):
    code = tmp_path / "checkout" / "app" / "commands"
    code.mkdir(parents=True)
    for folder in (code.parent, code):
        (folder / "__init__.py").touch()
    (code / "cli.py").write_text("def run(arguments):\n    raise SystemExit('this checkout')\n")
    monkeypatch.setattr(build_app, "ROOT", tmp_path / "checkout")
    frozen = tmp_path / "frozen"
    frozen.write_text("#!/bin/sh\n")
    frozen.chmod(0o755)
    said = []
    monkeypatch.setattr(build_app.sys.stderr, "write", said.append)
    with pytest.raises(build_app.BuildError, match="--self-test failed with exit code 1"):
        build_app.check_itself(frozen)
    assert "this checkout" in "".join(said)


def test_a_new_build_takes_the_place_of_the_old_one(tmp_path):
    for folder, text in ((tmp_path / "new" / "cairn", "new"), (tmp_path / "cairn", "old")):
        folder.mkdir(parents=True)
        (folder / "version").write_text(text)
    (tmp_path / "cairn" / "left-over").touch()
    build_app.put_in_place(tmp_path / "new" / "cairn", tmp_path / "cairn")
    assert [path.name for path in (tmp_path / "cairn").iterdir()] == ["version"]
    assert (tmp_path / "cairn" / "version").read_text() == "new"


def test_a_build_that_fails_leaves_the_old_one_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / "cairn").mkdir()
    (tmp_path / "cairn" / "version").write_text("old")
    broken = tmp_path / "broken.spec"
    broken.write_text("raise SystemExit('This spec is broken.')")
    monkeypatch.setattr(build_app, "SPEC", broken)
    monkeypatch.setattr(build_app, "ROOT", tmp_path)
    assert build_app.main(["--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "build_app: PyInstaller could not make the application. It says above why.\n"
    assert (tmp_path / "cairn" / "version").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.spec", "build", "cairn"]


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(build_app, "unfit_torch", lambda torch, with_cuda: None)
    (tmp_path / "file").touch()
    assert build_app.main(["--output", str(tmp_path / "file" / "dist")]) == 2
    assert re.fullmatch(r"build_app: .*dist cannot be read or written: [^.]+\.\n", capsys.readouterr().err)


def test_windows_learns_the_version(tmp_path):
    path = Path(platform_files.windows_version("1.2.3rc1", "Cairn", tmp_path))
    tree = ast.parse(path.read_text(encoding="utf-8"), mode="eval")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    fixed = {word.arg: word.value for call in calls for word in call.keywords}
    assert ast.literal_eval(fixed["filevers"]) == ast.literal_eval(fixed["prodvers"]) == (1, 2, 3, 0)
    said = dict(ast.literal_eval(ast.Tuple(call.args)) for call in calls if call.func.id == "StringStruct")
    assert (said["FileVersion"], said["OriginalFilename"]) == ("1.2.3rc1", "Cairn.exe")


def test_macos_learns_what_cairn_opens():
    plist = plistlib.loads(plistlib.dumps(platform_files.info_plist()))
    types = plist["CFBundleDocumentTypes"]
    suffixes = {suffix for kind in types for suffix in kind.get("CFBundleTypeExtensions", ())}
    assert {"dcm", "nii", "gz", "nrrd", "mha"} <= suffixes
    images = [kind for kind in types if kind["CFBundleTypeName"] != "Cairn project"]
    assert {kind["LSHandlerRank"] for kind in images} == {"Alternate"}
    assert plist["CFBundleShortVersionString"] == platform_files.project_version()
    assert json.dumps(plist)
