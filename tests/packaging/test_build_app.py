"""What decides what is in the frozen application; freezing itself takes minutes and is `make package`."""

import ast
import json
import plistlib
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest

from core.landmark_io import write_landmarks
from core.types import Landmarks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def packaging(monkeypatch):
    """Let scripts of packaging/ be imported as they import each other."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))


@pytest.fixture
def contents(packaging):
    from frozen import contents

    return contents


@pytest.fixture
def libraries(packaging):
    from frozen import libraries

    return libraries


@pytest.fixture
def sizes(packaging):
    from frozen import sizes

    return sizes


@pytest.fixture
def platform_files(packaging):
    from frozen import platform_files

    return platform_files


@pytest.fixture
def licences(packaging):
    import collect_licences

    return collect_licences


@pytest.fixture
def build_app(packaging):
    import build_app

    return build_app


# What goes in


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
        "assets/models/cephalometric-19.pt",
        "assets/samples/cephalogram.png",
        "cairn_landmarks-0.1.0.dist-info/METADATA",
        "numpy/_core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so",
    ],
)
def test_what_the_application_runs_on_stays(contents, name):
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
def test_what_nobody_needs_goes(contents, name):
    assert not contents.is_needed(name)
    assert not contents.is_needed(name.replace("/", "\\"))


def test_nothing_that_the_application_imports_is_excluded(contents):
    code = (
        "import sys, app.cli, app.batch, app.self_test, app.viewer, core.inference, core.model_file\n"
        "from core.assets import bundled_model_for\n"
        "core.model_file.load_model(bundled_model_for(2))\n"
        "sys.stdout.write('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert {"app.viewer", "torch", "SimpleITK", "PySide6.QtWidgets"} <= set(imported)
    excluded = contents.EXCLUDED_MODULES
    # Modules that others import where they are there, and do without where they are not: the frozen self-test proves it.
    optional = {"ssl", "_ssl", "readline", "_uuid", "pydoc_data", "mypy_extensions", "_distutils_hack", "curses"}
    taken = {name for name in imported for part in excluded if name == part or name.startswith(f"{part}.")}
    assert {name for name in taken if name.split(".")[0] not in optional} == set()


def test_every_exclusion_says_why(contents):
    assert all(reason.strip() for reason in contents.EXCLUDED_MODULES.values())


def test_torch_keeps_the_sources_that_it_reads_itself(contents):
    folder = Path(distribution("torch").locate_file("torch"))
    modes = contents.collection_modes(folder)
    assert modes.pop("torch") == "pyz"
    assert set(modes.values()) == {"pyz+py"}
    assert {"torch._functorch.config", "torch.fx.experimental._config", "torch.nn.functional"} <= set(modes)


def test_the_spec_is_python_and_makes_a_folder(contents):
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


def test_programs_that_the_application_starts_get_the_library_path_back(packaging, monkeypatch):
    import os

    from frozen import cairn_entry

    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/cairn/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/mine")
    cairn_entry.restore_library_path()
    assert (os.environ["LD_LIBRARY_PATH"], "LD_LIBRARY_PATH_ORIG" in os.environ) == ("/mine", False)


def test_without_a_console_a_problem_is_shown(packaging, monkeypatch, tmp_path):
    from frozen import cairn_entry

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


# Libraries


def test_the_table_of_libraries_knows_what_the_setup_installs(libraries):
    table = libraries.read_table()
    setup = (ROOT / "packaging" / "setup_environment.sh").read_text(encoding="utf-8")
    installed = {
        words[0]: words[1] for line in setup.splitlines() if len(words := line.split()) == 2 and ".so." in words[0]
    }
    assert len(installed) > 20
    assert {name: package for name, package in installed.items() if package not in table[name].packages} == {}


def test_a_line_of_the_table_that_is_not_understood_is_refused(libraries, tmp_path):
    path = tmp_path / "table.txt"
    path.write_text("# name package place\nlibx.so.1 libx1 elsewhere\n")
    with pytest.raises(ValueError, match=r"libx\.so\.1"):
        libraries.read_table(path)


@pytest.mark.skipif(
    shutil.which("cc") is None or shutil.which("objdump") is None, reason="needs a C compiler and binutils"
)
class TestLinuxLibraries:
    """Real libraries of one symbol each: ours needs `wanted`, that needs `deep`, and `gone` is needed by nobody."""

    @pytest.fixture
    def made(self, tmp_path):
        folder = tmp_path / "libraries"
        folder.mkdir()
        for name, needs in (
            ("deep", []),
            ("common", []),
            ("wanted", ["deep", "common"]),
            ("gone", []),
            ("ours", ["wanted"]),
        ):
            source = folder / f"{name}.c"
            calls = "".join(f"{need}();" for need in needs)
            declared = "".join(f"void {need}(void);" for need in needs)
            source.write_text(f"{declared} void {name}(void) {{ {calls} }}")
            command = [
                "cc",
                "-shared",
                "-fPIC",
                f"-Wl,-soname,lib{name}.so.1",
                "-o",
                folder / f"lib{name}.so.1",
                source,
            ]
            subprocess.run([*command, *(folder / f"lib{need}.so.1" for need in needs)], check=True)
            source.unlink()
        return folder

    @pytest.fixture
    def table(self, libraries):
        table = libraries.read_table()
        for name, bundled in (("wanted", True), ("deep", True), ("common", False)):
            soname = f"lib{name}.so.1"
            table[soname] = libraries.SystemLibrary(soname, (name,), bundled)
        return table

    def entries(self, made):
        system = [(path.name, str(path), "BINARY") for path in made.iterdir() if path.name != "libours.so.1"]
        return [*system, ("ours/libours.so.1", str(made / "libours.so.1"), "EXTENSION")]

    def test_needs_are_read(self, libraries, made):
        assert libraries.needed_by(made / "libwanted.so.1")[:2] == ["libdeep.so.1", "libcommon.so.1"]
        assert libraries.newest_glibc([Path(sys.executable).resolve()]) >= (2, 2)

    def test_only_what_is_needed_and_not_on_every_system_is_bundled(self, libraries, made, table):
        kept = {name for name, _, _ in libraries.without_system_libraries(self.entries(made), table)}
        assert kept == {"ours/libours.so.1", "libwanted.so.1", "libdeep.so.1"}

    def test_a_needed_library_that_nobody_has_listed_stays_and_is_reported(self, libraries, made, table):
        del table["libdeep.so.1"]
        kept = {name for name, _, _ in libraries.without_system_libraries(self.entries(made), table)}
        assert "libdeep.so.1" in kept
        (made / "libdeep.so.1").unlink()
        (made / "libcommon.so.1").unlink()
        (sentence,) = libraries.unexpected_libraries(made, table)
        assert sentence.startswith("libwanted.so.1 needs libdeep.so.1, which is not in the application")

    def test_a_library_that_every_system_has_may_not_be_bundled(self, libraries, made, table):
        (made / "_internal").mkdir()
        (made / "libcommon.so.1").rename(made / "_internal" / "libcommon.so.1")
        (made / "libgone.so.1").rename(made / "_internal" / "libgone.so.1")
        assert libraries.unexpected_libraries(made, table) == [
            "libcommon.so.1 is in the application although every system has its own.",
            "libgone.so.1 is in the application, and nobody has decided that it should be.",
        ]


# Licences


def names_of_runtime_distributions() -> set[str]:
    """Return Cairn's dependencies and what they need in turn, as far as it is installed here."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    to_follow = ["cairn-landmarks"]
    while to_follow:
        for line in requires(to_follow.pop()) or ():
            requirement = Requirement(line)
            name = requirement.name.lower().replace("_", "-")
            if (requirement.marker is None or requirement.marker.evaluate({"extra": ""})) and name not in found:
                found.add(name)
                to_follow.append(name)
    return found


def test_everything_that_the_application_needs_has_a_licence_text(licences):
    names = names_of_runtime_distributions()
    assert {"torch", "numpy", "pyside6-essentials", "simpleitk", "shiboken6"} <= names
    sources = [_a_file_of(distribution(name)) for name in names]
    components = {component.name: component for component in licences.find_components(sources)}
    assert names <= set(components)
    assert [name for name, component in components.items() if not component.texts] == []
    assert {"LGPL-3.0.txt", "GPL-3.0.txt"} <= set(components["pyside6-essentials"].texts)
    assert "mkl.txt" in components["torch"].texts


def _a_file_of(found) -> str:
    return str(next(found.locate_file(file) for file in found.files if file.suffix in (".py", ".so")))


def test_licences_are_written_with_an_index(licences, tmp_path):
    import json as module_of_python

    sources = [module_of_python.__file__, _a_file_of(distribution("pydicom")), ROOT / "assets" / "models" / "any.pt"]
    made = tmp_path / "build" / "made.zip"
    components = licences.collect([*sources, made], tmp_path / "licences", ignored=tmp_path / "build")
    assert [component.name for component in components] == ["cairn-landmarks", "pydicom", "python"]
    index = (tmp_path / "licences" / "THIRD-PARTY.txt").read_text(encoding="utf-8")
    written = {path.relative_to(tmp_path / "licences").as_posix() for path in (tmp_path / "licences").rglob("*.*")}
    assert all(name in index for name in written - {"THIRD-PARTY.txt"})
    assert f"pydicom {distribution('pydicom').version}" in index
    assert (tmp_path / "licences" / "cairn-landmarks" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (tmp_path / "licences" / "cairn-landmarks" / "models" / "cephalometric-19.md").is_file()


def test_a_component_without_a_licence_is_named(licences, tmp_path, monkeypatch):
    monkeypatch.setattr(licences, "SUPPLEMENTS", tmp_path)
    with pytest.raises(licences.LicenceMissing, match="No licence text was found for shiboken6"):
        licences.collect([_a_file_of(distribution("shiboken6"))], tmp_path / "licences")
    assert not (tmp_path / "licences").exists()


def test_a_file_that_belongs_to_nothing_is_named(licences, tmp_path):
    stray = tmp_path / "libstray.so.7"
    stray.write_bytes(b"")
    with pytest.raises(licences.LicenceMissing, match=r"libstray\.so\.7 belongs to no distribution"):
        licences.collect([stray], tmp_path / "licences")


# Sizes


def test_sizes_are_counted_by_part(sizes, tmp_path):
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
        "Samples, icons, schemes": 1,
    }
    assert list(sizes.largest_files(tmp_path, 2)) == [
        "_internal/torch/lib/libtorch.so",
        "_internal/PySide6/Qt/lib/libQt6Core.so.6",
    ]


def test_what_is_too_large_is_said(sizes):
    assert sizes.too_large(999_000_000, 259_000_000) is None
    assert sizes.too_large(999_000_000, None) is None
    assert sizes.too_large(1_001_000_000, None) == "The application takes 1001 MB unpacked, and may take 1000 MB."
    assert sizes.too_large(1, 261_000_000) == "The application takes 261 MB compressed, and may take 260 MB."


# The build


def test_the_torch_that_fits_is_asked_for(build_app):
    cpu, cuda = build_app.Torch("2.13.0+cpu", ""), build_app.Torch("2.13.0", "12.6")
    assert build_app.unfit_torch(cpu, with_cuda=False) is None
    assert build_app.unfit_torch(cuda, with_cuda=True) is None
    assert "several GB" in str(build_app.unfit_torch(cuda, with_cuda=False))
    assert "torch==2.13.0+cpu" in str(build_app.unfit_torch(cuda, with_cuda=False))
    assert "no build with CUDA" in str(build_app.unfit_torch(cpu, with_cuda=True))
    assert build_app.installed_torch().version == distribution("torch").version


def test_the_numbers_of_two_self_tests_are_compared(build_app, tmp_path):
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


def test_a_new_build_takes_the_place_of_the_old_one(build_app, tmp_path):
    for folder, text in ((tmp_path / "new" / "cairn", "new"), (tmp_path / "cairn", "old")):
        folder.mkdir(parents=True)
        (folder / "version").write_text(text)
    (tmp_path / "cairn" / "left-over").touch()
    build_app.put_in_place(tmp_path / "new" / "cairn", tmp_path / "cairn")
    assert [path.name for path in (tmp_path / "cairn").iterdir()] == ["version"]
    assert (tmp_path / "cairn" / "version").read_text() == "new"


def test_a_build_that_fails_leaves_the_old_one_alone(build_app, tmp_path, monkeypatch, capsys):
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


# Windows and macOS


def test_windows_learns_the_version(platform_files, tmp_path):
    path = Path(platform_files.windows_version("1.2.3rc1", "Cairn", tmp_path))
    tree = ast.parse(path.read_text(encoding="utf-8"), mode="eval")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    fixed = {word.arg: word.value for call in calls for word in call.keywords}
    assert ast.literal_eval(fixed["filevers"]) == ast.literal_eval(fixed["prodvers"]) == (1, 2, 3, 0)
    said = dict(ast.literal_eval(ast.Tuple(call.args)) for call in calls if call.func.id == "StringStruct")
    assert (said["FileVersion"], said["OriginalFilename"]) == ("1.2.3rc1", "Cairn.exe")


def test_macos_learns_what_cairn_opens(platform_files):
    plist = plistlib.loads(plistlib.dumps(platform_files.info_plist()))
    types = plist["CFBundleDocumentTypes"]
    suffixes = {suffix for kind in types for suffix in kind.get("CFBundleTypeExtensions", ())}
    assert {"dcm", "nii", "gz", "nrrd", "mha"} <= suffixes
    assert {kind["LSHandlerRank"] for kind in types} == {"Alternate"}
    assert plist["CFBundleShortVersionString"] == platform_files.project_version()
    assert json.dumps(plist)
