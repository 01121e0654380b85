"""Guards the shape of the house: where things lie, and rules that no linter knows."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app", "core", "training")
LARGEST_FILE_BYTES = 40 * 1024 * 1024


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("this is no git checkout, so there is no list of the project's own files")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def source_files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def lines_with(pattern: str, *, allowed: tuple[str, ...] = ()) -> list[str]:
    found = []
    for path in source_files():
        name = path.relative_to(ROOT).as_posix()
        if name in allowed:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(pattern, line):
                found.append(f"{name}:{number}: {line.strip()}")
    return found


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_top_level_holds_exactly_the_known_folders():
    known = {*PACKAGES, "assets", "docs", "packaging", "tests", ".ci", ".github"}
    folders = {path.relative_to(ROOT).parts[0] for path in tracked_files() if len(path.relative_to(ROOT).parts) > 1}
    assert folders <= known, f"new top-level folders: {folders - known}"
    assert {*PACKAGES, "docs", "packaging", "tests"} <= folders


def test_packages_have_empty_inits():
    for package in PACKAGES:
        for init in (ROOT / package).rglob("__init__.py"):
            assert init.read_text(encoding="utf-8") == "", f"{init} must stay empty"
        assert (ROOT / package / "__init__.py").exists()


@pytest.mark.parametrize("folder", ["tests", "packaging"])
def test_no_package_shadows_another(folder):
    # tests/core/__init__.py would make `import core` find the tests, packaging/__init__.py would shadow PyPI's packaging.
    assert list((ROOT / folder).rglob("__init__.py")) == []


def test_packaging_holds_no_module_of_the_library_packaging():
    import packaging

    library = {path.name for path in Path(packaging.__file__).parent.iterdir()} - {"__pycache__"}
    ours = {path.name for path in (ROOT / "packaging").iterdir()}
    assert "version.py" in library
    assert ours & library == set()


def test_the_library_packaging_is_found_from_the_root():
    code = "import packaging.version, sys; sys.stdout.write(packaging.version.__file__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not Path(found.stdout).is_relative_to(ROOT / "packaging")


def test_version_is_written_in_one_place():
    version = project()["project"]["version"]
    assert lines_with(rf"(?<!torch\.)(?<!PySide6\.)__version__|[\"']{re.escape(version)}[\"']") == []
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_citation_names_the_version_and_the_paper():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {project()['project']['version']}\n" in citation
    assert "doi: 10.1109/TMI.2020.3009002" in citation


def test_actions_are_pinned_by_commit():
    uses = [
        line.split("uses:")[1].strip()
        for workflow in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
        for line in workflow.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*", use)] == []


def test_packages_say_that_they_are_typed():
    assert [package for package in PACKAGES if not (ROOT / package / "py.typed").exists()] == []


def test_licence_is_the_whole_apache_2_text():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert all(f"\n   {section}. " in text for section in range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in text
    assert project()["project"]["license"] == "Apache-2.0"


def test_no_large_files():
    large = [path for path in tracked_files() if path.stat().st_size > LARGEST_FILE_BYTES]
    assert large == []


def test_no_image_of_the_data_sets_is_committed():
    # The challenge's files are called 001.jpg … 300.jpg (bmp, tif), the mouse volumes are NIfTI files.
    images = [path for path in tracked_files() if re.fullmatch(r"\d{3}\.(jpe?g|bmp|tiff?|png)", path.name.lower())]
    volumes = [path.name for path in tracked_files() if path.name.lower().endswith((".nii", ".nii.gz"))]
    assert images == []
    assert volumes == ["mouse_skull.nii.gz"]  # the average of many, see training/samples/average_skull.py


def test_blind_except_only_at_the_last_stops():
    # The job runner, the exception hook and the command line show a person what happened; nobody else may swallow it.
    allowed = (
        "app/commands/learn.py",  # which tells it the window, and raises it again
        "app/desk/worker.py",
        "app/session/jobs.py",
        "app/desktop/exception_hook.py",
        "core/base/command_line.py",
        "core/models/fresh_run.py",
    )
    assert lines_with(r"except\s*(\(?\s*(Base)?Exception\b|:)", allowed=allowed) == []


def test_axes_are_reversed_only_where_simpleitk_is_met():
    # Everything else goes through Grid, which already contains the reversal (docs/coordinates.md).
    assert lines_with(r"::\s*-1\s*[\],]", allowed=("core/images/itk.py",)) == []


TORCHSCRIPT = ("core/models/export.py", "core/models/file.py", "core/models/fresh_run.py")
"""The last one is a program by itself, which knows nothing of Cairn."""


def test_deprecation_of_torchscript_is_silenced_only_where_it_is_used():
    # Ignoring everything, or deprecations, or what torch says; other libraries are named by their module.
    pattern = r"simplefilter|filterwarnings\((?!.*module=)"
    assert lines_with(pattern, allowed=TORCHSCRIPT) == []


def test_torchscript_stays_behind_the_files_that_own_it():
    pattern = r"torch\.jit\.(script|load|save|freeze|optimize_for_inference)\("
    assert lines_with(pattern, allowed=TORCHSCRIPT) == []


def test_modules_say_what_they_own():
    for path in source_files():
        if path.name == "__init__.py":
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, f"{path.relative_to(ROOT)} opens without saying what it owns"


def test_files_stay_readable_in_one_sitting():
    limits = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source_files()}
    long = {str(path.relative_to(ROOT)): lines for path, lines in limits.items() if lines > 450}
    assert long == {}


def test_modules_have_no_empty_names():
    refused = ("util", "utils", "helper", "helpers", "manager", "handler", "common", "misc")
    found = [path for path in source_files() if any(part in refused for part in path.stem.split("_"))]
    assert found == []


def test_the_command_lines_exist():
    from importlib import import_module

    scripts = project()["project"]["scripts"]
    assert set(scripts) == {"cairn", "cairn-train"}
    for target in scripts.values():
        module, function = target.split(":")
        assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("script", [".ci/run", "packaging/setup_environment.sh"])
def test_scripts_can_be_run(script):
    listing = subprocess.run(["git", "ls-files", "-s", script], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("this is no git checkout")
    assert listing.stdout.startswith("100755")


def test_readme_names_the_libraries_that_the_setup_installs():
    script = (ROOT / "packaging" / "setup_environment.sh").read_text(encoding="utf-8")
    packages = re.findall(r"^lib[\w.+-]+\.so[.\d]* (\S+)$", script, flags=re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(packages) > 20
    assert [package for package in packages if package not in readme.split()] == []


def test_links_in_the_documents_lead_somewhere():
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in tracked_files()
        if page.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert dead == []
