import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.frozen_fixtures import ROOT, import_script

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

libraries = import_script("frozen.libraries")


def test_the_table_of_libraries_knows_what_the_setup_installs():
    table = libraries.read_table()
    setup = (ROOT / "packaging" / "setup_environment.sh").read_text(encoding="utf-8")
    installed = {
        words[0]: words[1] for line in setup.splitlines() if len(words := line.split()) == 2 and ".so." in words[0]
    }
    assert len(installed) > 20
    assert {name: package for name, package in installed.items() if package not in table[name].packages} == {}


def test_a_line_of_the_table_that_is_not_understood_is_refused(tmp_path):
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
    def table(self):
        table = libraries.read_table()
        for name, bundled in (("wanted", True), ("deep", True), ("common", False)):
            soname = f"lib{name}.so.1"
            table[soname] = libraries.SystemLibrary(soname, (name,), bundled)
        return table

    def entries(self, made):
        system = [(path.name, str(path), "BINARY") for path in made.iterdir() if path.name != "libours.so.1"]
        return [*system, ("ours/libours.so.1", str(made / "libours.so.1"), "EXTENSION")]

    def test_needs_are_read(self, made):
        assert libraries.needed_by(made / "libwanted.so.1")[:2] == ["libdeep.so.1", "libcommon.so.1"]
        assert libraries.newest_glibc([Path(sys.executable).resolve()]) >= (2, 2)

    def test_only_what_is_needed_and_not_on_every_system_is_bundled(self, made, table):
        kept = {name for name, _, _ in libraries.without_system_libraries(self.entries(made), table)}
        assert kept == {"ours/libours.so.1", "libwanted.so.1", "libdeep.so.1"}

    def test_a_needed_library_that_nobody_has_listed_stays_and_is_reported(self, made, table):
        del table["libdeep.so.1"]
        kept = {name for name, _, _ in libraries.without_system_libraries(self.entries(made), table)}
        assert "libdeep.so.1" in kept
        (made / "libdeep.so.1").unlink()
        (made / "libcommon.so.1").unlink()
        (sentence,) = libraries.unexpected_libraries(made, table)
        assert sentence.startswith("libwanted.so.1 needs libdeep.so.1, which is not in the application")

    def test_a_library_that_every_system_has_may_not_be_bundled(self, made, table):
        (made / "_internal").mkdir()
        (made / "libcommon.so.1").rename(made / "_internal" / "libcommon.so.1")
        (made / "libgone.so.1").rename(made / "_internal" / "libgone.so.1")
        assert libraries.unexpected_libraries(made, table) == [
            "libcommon.so.1 is in the application although every system has its own.",
            "libgone.so.1 is in the application, and nobody has decided that it should be.",
        ]

    def test_search_paths_into_the_builders_folders_are_forgotten(self, tmp_path):
        source = tmp_path / "one.c"
        source.write_text("void one(void) {}")
        paths = {"absolute": "/home/somebody/python/lib", "relative": "$ORIGIN/../lib"}
        for name, path in paths.items():
            command = ["cc", "-shared", "-fPIC", f"-Wl,-rpath,{path}", "-o", tmp_path / f"{name}.so", source]
            subprocess.run(command, check=True)
        before = (tmp_path / "relative.so").read_bytes()
        libraries.forget_build_folders(tmp_path)
        assert b"somebody" not in (tmp_path / "absolute.so").read_bytes()
        assert (tmp_path / "relative.so").read_bytes() == before
        described = subprocess.run(
            ["objdump", "-p", tmp_path / "absolute.so"], capture_output=True, text=True, check=True
        )
        assert "$ORIGIN" in described.stdout
