"""The setup for Windows, the image for macOS and the workflows that build all three."""

import os
import plistlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.installer_fixtures import (
    PACKAGING,
    ROOT,
    VERSION,
    make_app,
    make_windows_app,
    needs,
    run,
    run_builder,
)

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`


@pytest.mark.parametrize("script", ["linux/install.sh", "linux/AppRun", "macos/make_dmg.sh"])
def test_shell_scripts_are_clean_and_can_be_run(script):
    assert os.access(PACKAGING / script, os.X_OK)
    checked = run(needs("shellcheck"), PACKAGING / script)
    assert checked.returncode == 0, checked.stdout


# ---- Windows, macOS, workflows


def test_windows_setup_compiles_without_a_warning(builder, tmp_path):
    needs("makensis")
    make_windows_app(tmp_path)
    assert run_builder(builder, tmp_path, "--windows") == 0
    assert (tmp_path / "dist" / f"cairn-{VERSION}-windows-x86_64-setup.exe").read_bytes().startswith(b"MZ")
    assert f"cairn-{VERSION}-windows" in (tmp_path / "dist" / "SHA256SUMS").read_text()


def test_windows_setup_signs_what_it_makes(builder, tmp_path, monkeypatch):
    needs("makensis")
    make_windows_app(tmp_path)
    monkeypatch.setenv("CAIRN_SIGN_COMMAND", f"{shutil.which('stat')} --printf=%n\\n")
    assert run_builder(builder, tmp_path, "--windows") == 0
    monkeypatch.setenv("CAIRN_SIGN_COMMAND", "false")
    assert run_builder(builder, tmp_path, "--windows") == 2


def test_windows_setup_refuses_another_systems_application(builder, tmp_path, capsys):
    needs("makensis")
    make_app(tmp_path)
    assert run_builder(builder, tmp_path, "--windows") == 2
    assert "no application for Windows" in capsys.readouterr().err


def test_windows_uninstaller_removes_exactly_what_was_installed(builder, tmp_path):
    make_windows_app(tmp_path)
    lines = sys.modules["windows.setup_program"]._uninstall_lines(tmp_path / "cairn").splitlines()
    assert lines == [
        r'Delete "$INSTDIR\cairn-cli.exe"',
        r'Delete "$INSTDIR\_internal\ü $$x\one two.dll"',
        r'RMDir "$INSTDIR\_internal\ü $$x"',
        r'RMDir "$INSTDIR\_internal"',
        r'Delete "$INSTDIR\Cairn.exe"',
    ]


def test_windows_shortcut_has_the_id_of_the_window():
    named = re.search(r'AppUserModelID\("(.*?)"\)', (ROOT / "app" / "window" / "viewer.py").read_text())[1]
    assert f'APP_USER_MODEL_ID "{named}"' in (PACKAGING / "windows" / "cairn.nsi").read_text()


def test_entitlements_are_a_property_list():
    entitlements = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert set(entitlements.values()) == {True}
    assert "com.apple.security.cs.allow-jit" in entitlements


def test_dmg_script_refuses_other_systems():
    if sys.platform == "darwin":
        pytest.skip("this is macOS")
    refused = run(PACKAGING / "macos" / "make_dmg.sh")
    assert refused.returncode == 2
    assert "only be made on macOS" in refused.stderr


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps_of(workflow: Path) -> list[dict]:
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_name_only_paths_that_exist(workflow):
    named = {
        path
        for step in steps_of(workflow)
        for path in re.findall(r"(?<![\w./])(?:packaging|app|core|docs)/[\w./-]+", step.get("run", ""))
    }
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_few_rights_and_pinned_actions(workflow):
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(workflow.read_text())["permissions"] == {"contents": "read"}
    used = [step["uses"] for step in steps_of(workflow) if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@(v\d+|[0-9a-f]{40})", action) for action in used)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_take_the_torch_of_the_project(workflow):
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    wanted = next(line for line in dependencies if re.match(r"torch\b", line))
    named = {torch for step in steps_of(workflow) for torch in re.findall(r'"(torch[<>=][^"]*)"', step.get("run", ""))}
    assert named == {wanted}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_shell_in_workflows_is_clean(workflow):
    shellcheck = needs("shellcheck")
    for step in steps_of(workflow):
        text = re.sub(r"\$\{\{.*?\}\}", "x", step.get("run", ""))
        checked = subprocess.run(
            [shellcheck, "-s", "bash", "-"], input=text, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout
