"""install.sh of the portable archive: it comes and goes without a trace, and touches nothing that is not its own."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.installer_fixtures import VERSION, needs, run, the_archive

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`


class Home:
    """A home folder with a name that breaks careless scripts, and the portable archive unpacked elsewhere."""

    def __init__(self, folder: Path, built: Path) -> None:
        self.path = folder / "Jörg O'Müller $x & `y`"
        self.path.mkdir(parents=True)
        with tarfile.open(the_archive(built)) as archive:
            archive.extractall(folder / "un packed", filter="data")
        self.unpacked = folder / "un packed" / f"cairn-{VERSION}"
        self.program = self.path / ".local" / "bin" / "cairn"
        self.application = self.path / ".local" / "opt" / "cairn"

    def install(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.path), "PATH": os.environ["PATH"]}
        return run(self.unpacked / "install.sh", *arguments, environment=environment)

    def versions(self) -> list[str]:
        return sorted(path.name for path in self.application.glob("version-*") if path.is_dir())


@pytest.fixture
def home(tmp_path: Path, built: Path) -> Home:
    if not sys.platform.startswith("linux"):
        pytest.skip("install.sh is for Linux")
    return Home(tmp_path, built)


def test_the_portable_folder_runs_where_it_lies(home):
    assert run(home.unpacked / "AppRun", "a b", "ö").stdout == "[a b][ö]"


def test_install_run_and_remove_leaves_nothing(home):
    done = home.install()
    assert (done.returncode, done.stderr) == (0, "")
    assert "export PATH=" in done.stdout
    assert run(home.program, "x y", "$HOME").stdout == "[x y][$HOME]"
    assert (home.path / ".local/share/icons/hicolor/512x512/apps/cairn.png").is_file()
    removed = run(
        home.application / "install.sh", "--uninstall", environment={"HOME": str(home.path), "PATH": os.environ["PATH"]}
    )
    assert (removed.returncode, removed.stderr) == (0, "")
    assert list(home.path.iterdir()) == []


def test_installed_desktop_entry_starts_the_program(home):
    home.install()
    folder = home.path / ".local/share/applications"
    checked = run(needs("desktop-file-validate"), *folder.glob("*.desktop"))
    assert (checked.returncode, checked.stdout) == (0, "")
    entry = folder / "z-cairn-open-with.desktop"
    (home.application / "current" / "cairn").write_text('#!/bin/sh\nprintf "[%s]" "$@" >"$HOME/said"\n')
    started = run(needs("gio"), "launch", entry, home.path, environment={**os.environ, "HOME": str(home.path)})
    assert started.returncode == 0, started.stderr
    assert (home.path / "said").read_text() == f"[{home.path}]"


def test_upgrade_leaves_an_open_program_its_files(home):
    home.install()
    older = home.versions()
    # A script's executable is its interpreter, so the placeholder must be a program of its own to be seen running.
    shutil.copy(shutil.which("sleep"), home.application / "current" / "sleep")
    with (home.application / f"{older[0]}.files").open("a") as stream:
        stream.write("sleep\n")
    running = subprocess.Popen([home.application / older[0] / "sleep", "60"])
    try:
        assert home.install("--uninstall").returncode == 1
        done = home.install()
        assert done.returncode == 0
        assert "still open" in done.stderr
        assert len(home.versions()) == 2
        assert (home.application / "current").readlink().name not in older
    finally:
        running.kill()
        running.wait()
    assert home.install().returncode == 0
    assert len(home.versions()) == 1
    assert home.versions() != older
    assert home.install("--uninstall").returncode == 0
    assert list(home.path.iterdir()) == []


def test_files_of_others_survive(home):
    theirs = home.path / ".local" / "bin" / "other"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    home.install()
    notes = home.application / "current" / "_internal" / "my notes.txt"
    notes.write_text("mine")
    kept = notes.resolve()
    removed = home.install("--uninstall")
    assert removed.returncode == 0
    assert "not Cairn's" in removed.stderr
    assert sorted(path for path in home.path.rglob("*") if path.is_file()) == sorted([theirs, kept])


def test_a_command_of_that_name_is_not_replaced(home):
    home.program.parent.mkdir(parents=True)
    home.program.write_text("another cairn")
    refused = home.install()
    assert refused.returncode == 1
    assert "was not installed by this script" in refused.stderr
    assert [path for path in home.path.rglob("*") if path.is_file()] == [home.program]


def test_a_program_that_does_not_start_is_not_installed(home):
    home.install()
    version = home.versions()
    (home.unpacked / "opt/cairn/cairn").write_text("#!/bin/sh\necho 'libGL.so.1 is missing' >&2\nexit 2\n")
    refused = home.install()
    assert refused.returncode == 1
    assert "libGL.so.1 is missing" in refused.stderr
    assert home.versions() == version
    assert run(home.program, "still").stdout == "[still]"
    home.install("--uninstall")
    assert home.install().returncode == 1
    assert list(home.path.iterdir()) == []


def test_prefix_takes_everything(home, tmp_path):
    prefix = tmp_path / "elsewhere ü"
    assert home.install("--prefix", prefix).returncode == 0
    assert list(home.path.iterdir()) == []
    assert run(prefix / "bin" / "cairn", "a").stdout == "[a]"
    assert (prefix / "share" / "applications" / "cairn.desktop").is_file()
    assert home.install(f"--prefix={prefix}", "--uninstall").returncode == 0
    assert not prefix.exists()


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--prefix"]])
def test_install_script_refuses_what_it_does_not_know(home, arguments):
    refused = home.install(*arguments)
    assert refused.returncode == 2
    assert "--help" in refused.stderr
