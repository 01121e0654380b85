"""The Linux packages, made out of a placeholder application: what is in them, and what is refused."""

import gzip
import hashlib
import io
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from tests.support.installer_fixtures import (
    PACKAGING,
    ROOT,
    TIME_S,
    VERSION,
    make_app,
    needs,
    run,
    run_builder,
    the_archive,
    the_deb,
)

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`


def ar_members(path: Path) -> dict[str, bytes]:
    content = path.read_bytes()
    assert content.startswith(b"!<arch>\n")
    place, members = 8, {}
    while place < len(content):
        header = content[place : place + 60]
        assert header.endswith(b"`\n")
        size = int(header[48:58])
        members[header[:16].decode().strip()] = content[place + 60 : place + 60 + size]
        place += 60 + size + size % 2
    return members


# ---- icons


def test_icons_have_their_sizes(builder, tmp_path):
    builder.render(builder.DRAWING, tmp_path)
    for size in (16, 24, 32, 48, 64, 128, 256, 512):
        with Image.open(tmp_path / f"cairn-{size}.png") as picture:
            assert picture.size == (size, size)
            assert picture.getchannel("A").getextrema() == (0, 255), "drawn, and on nothing"
    with Image.open(tmp_path / "cairn.ico") as picture:
        assert picture.info["sizes"] == {(size, size) for size in (16, 24, 32, 48, 64, 128, 256)}
    with Image.open(tmp_path / "cairn.icns") as picture:
        assert {(16, 16, 2), (512, 512, 1), (512, 512, 2)} <= set(picture.info["sizes"])


def test_a_drawing_that_is_none_is_refused(builder, tmp_path):
    (tmp_path / "not.svg").write_text("no drawing")
    with pytest.raises(builder.AppError, match="cannot be drawn"):
        builder.render(tmp_path / "not.svg", tmp_path / "icons")
    assert not (tmp_path / "icons").exists()


# ---- the .deb


def test_deb_holds_the_application_and_what_desktops_read(built):
    members = ar_members(the_deb(built))
    assert list(members) == ["debian-binary", "control.tar.gz", "data.tar.xz"]
    assert members["debian-binary"] == b"2.0\n"
    with tarfile.open(fileobj=io.BytesIO(members["data.tar.xz"])) as data:
        entries = {entry.name.removeprefix("./"): entry for entry in data}
        wrapper = data.extractfile("./usr/bin/cairn").read().decode()
    assert {(e.uname, e.gname, e.uid, e.gid, e.mtime) for e in entries.values()} == {("root", "root", 0, 0, TIME_S)}
    modes = {
        0o755 if entry.isdir() or name in ("opt/cairn/cairn", "usr/bin/cairn") else 0o644
        for name, entry in entries.items()
    }
    assert modes == {entry.mode for entry in entries.values() if not entry.issym()}
    assert entries["opt/cairn/cairn"].mode == 0o755
    assert entries["opt/cairn/_internal/Qt/libone.so"].linkname == "libone.so.1.2"
    assert "opt/cairn/_internal/größe.txt" in entries
    assert 'exec /opt/cairn/cairn "$@"' in wrapper
    own = {name for name, entry in entries.items() if not entry.isdir() and not name.startswith("opt/cairn/")}
    assert {name for name in own if "/icons/" not in name} == {
        "usr/bin/cairn",
        "usr/share/applications/cairn.desktop",
        "usr/share/applications/z-cairn-open-with.desktop",
        "usr/share/doc/cairn/CHANGELOG.md.gz",
        "usr/share/doc/cairn/changelog.gz",
        "usr/share/doc/cairn/copyright",
        "usr/share/lintian/overrides/cairn",
        "usr/share/man/man1/cairn.1.gz",
        "usr/share/metainfo/org.cairn_landmarks.cairn.metainfo.xml",
        "usr/share/mime/packages/cairn.xml",
    }
    assert len([name for name in own if "/icons/" in name]) == 9


def test_deb_control_has_version_needs_and_sums_and_no_scripts(built):
    members = ar_members(the_deb(built))
    with tarfile.open(fileobj=io.BytesIO(members["control.tar.gz"])) as control:
        assert {entry.name for entry in control if entry.isfile()} == {"./control", "./md5sums"}
        text = control.extractfile("./control").read().decode()
        sums = control.extractfile("./md5sums").read().decode()
    fields = dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith(" "))
    assert fields["Version"] == VERSION
    assert fields["Depends"] == "libc6 (>= 2.34), libgl1, libglib2.0-0t64 | libglib2.0-0"
    assert fields["Maintainer"] == "A Person <person@cairn.invalid>"
    assert int(fields["Installed-Size"]) > 20
    with tarfile.open(fileobj=io.BytesIO(members["data.tar.xz"])) as data:
        files = {entry.name.removeprefix("./"): data.extractfile(entry).read() for entry in data if entry.isfile()}
    noted = {name: digest for digest, name in (line.split("  ", 1) for line in sums.splitlines())}
    assert noted == {name: hashlib.md5(content).hexdigest() for name, content in files.items()}


def test_the_same_build_gives_the_same_bytes(builder, built, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(TIME_S))
    make_app(tmp_path)
    assert run_builder(builder, tmp_path, "--maintainer", "A Person <person@cairn.invalid>") == 0
    for path in (the_deb(built), the_archive(built)):
        assert (tmp_path / "dist" / path.name).read_bytes() == path.read_bytes()


def test_dpkg_reads_the_deb(built, tmp_path):
    dpkg_deb = needs("dpkg-deb")
    assert run(dpkg_deb, "--field", the_deb(built), "Package").stdout == "cairn\n"
    listing = run(dpkg_deb, "--contents", the_deb(built))
    assert listing.returncode == 0, listing.stderr
    assert all(" root/root " in line for line in listing.stdout.splitlines())
    assert run(dpkg_deb, "--extract", the_deb(built), tmp_path).returncode == 0
    assert run(tmp_path / "opt/cairn/cairn", "a b").stdout == "[a b]"


def test_debian_versions_sort_candidates_before_releases(builder):
    release = sys.modules["release"].Release
    assert [release(v, 0).debian_version for v in ("1.2.0", "1.2.0rc1", "1.2.0.dev3")] == [
        "1.2.0",
        "1.2.0~rc1",
        "1.2.0~dev3",
    ]
    assert [release(v, 0).windows_version for v in ("1.2.0", "1.2rc1", "1.2.3.4")] == ["1.2.0.0", "1.2.0.0", "1.2.3.4"]


def test_sums_name_both_installers(built):
    lines = (built / "SHA256SUMS").read_text().splitlines()
    expected = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}" for p in (the_archive(built), the_deb(built))]
    assert lines == expected


# ---- what is refused


def test_what_cannot_be_packed_is_refused_in_a_sentence(builder, tmp_path, capsys):
    assert run_builder(builder, tmp_path) == 2
    assert "There is no folder" in capsys.readouterr().err
    app = make_app(tmp_path)
    (app / "licenses" / "THIRD-PARTY.txt").unlink()
    assert run_builder(builder, tmp_path) == 2
    assert "holds no licences" in capsys.readouterr().err
    (app / "licenses" / "THIRD-PARTY.txt").touch()
    (app / "_internal" / "link").symlink_to("/etc/hostname")
    assert run_builder(builder, tmp_path) == 2
    assert "leads out of the application" in capsys.readouterr().err
    (app / "_internal" / "link").unlink()
    (app / "cairn").write_bytes(b"\x7fELF" + bytes(14) + b"\xb7\0")
    assert run_builder(builder, tmp_path) == 2
    assert "no program for x86-64" in capsys.readouterr().err
    assert list((tmp_path / "dist").iterdir()) == []


def test_a_list_of_libraries_that_is_not_understood_is_refused(builder, tmp_path, capsys):
    make_app(tmp_path)
    (tmp_path / "odd.txt").write_text("libc.so.6 libc6\n")
    assert run_builder(builder, tmp_path, "--libraries", str(tmp_path / "odd.txt")) == 2
    assert "not understood" in capsys.readouterr().err


def test_an_installer_that_is_too_large_is_refused(builder, tmp_path, capsys, monkeypatch):
    make_app(tmp_path)
    monkeypatch.setattr(builder, "LARGEST_INSTALLER_MB", 0.001)
    assert run_builder(builder, tmp_path) == 2
    assert "more than the" in capsys.readouterr().err
    assert list((tmp_path / "dist").iterdir()) == []


def test_a_compression_that_fails_leaves_nothing(builder, tmp_path, capfd, monkeypatch):
    app = make_app(tmp_path)
    (app / "_internal" / "large").write_bytes(bytes(1 << 20))  # more than a pipe takes before anybody reads
    failing = tmp_path / "failing-xz"
    failing.write_text("#!/bin/sh\necho 'no room' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(sys.modules["linux.file_tree"].shutil, "which", lambda name: str(failing))
    assert run_builder(builder, tmp_path) == 2
    assert "xz could not compress the package. See what it says above" in capfd.readouterr().err
    assert list((tmp_path / "dist").iterdir()) == []


def test_without_the_program_xz_the_archive_is_the_same_tree(builder, built, tmp_path, monkeypatch):
    make_app(tmp_path)
    monkeypatch.setattr(sys.modules["linux.file_tree"].shutil, "which", lambda name: None)
    assert run_builder(builder, tmp_path) == 0
    with tarfile.open(the_archive(tmp_path / "dist")) as slow, tarfile.open(the_archive(built)) as quick:
        assert slow.getnames() == quick.getnames()


def test_dependencies_of_the_real_list_can_be_named(builder):
    packages = sys.modules["linux.dependencies"].debian_packages()
    assert "libegl1" in packages
    assert "libglib2.0-0t64 | libglib2.0-0" in packages
    assert not any("libc6" in package for package in packages)


# ---- what desktops read


ENTRIES = ("cairn.desktop", "z-cairn-open-with.desktop")


def test_desktop_entries_are_valid():
    checked = run(needs("desktop-file-validate"), *(PACKAGING / "linux" / name for name in ENTRIES))
    assert (checked.returncode, checked.stdout) == (0, "")


def test_other_viewers_stay_the_default(tmp_path):
    update, gio = needs("update-desktop-database"), needs("gio")
    folder = tmp_path / "share" / "applications"
    folder.mkdir(parents=True)
    for name in ENTRIES:
        (folder / name).write_text((PACKAGING / "linux" / name).read_text().replace("Exec=cairn", "Exec=true"))
    types = "MimeType=image/png;application/dicom;"
    (folder / "weasis.desktop").write_text(f"[Desktop Entry]\nType=Application\nName=W\nExec=true %F\n{types}\n")
    assert run(update, folder).returncode == 0
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path / "share")}
    for file_type in ("image/png", "application/dicom"):
        told = run(gio, "mime", file_type, environment=environment).stdout
        default, _, offered = told.partition("\n")
        assert default.endswith(": weasis.desktop")
        assert "z-cairn-open-with.desktop" in offered
    assert "z-cairn-open-with.desktop" in run(gio, "mime", "application/x-nifti", environment=environment).stdout


def test_desktop_entry_belongs_to_the_window():
    entry, offered = ((PACKAGING / "linux" / name).read_text() for name in ENTRIES)
    assert 'setDesktopFileName("cairn")' in (ROOT / "app" / "window" / "viewer.py").read_text()
    assert "\nExec=cairn %F\n" in entry
    assert "\nExec=cairn %F\n" in offered
    types = re.search(r"^MimeType=(.*);$", offered, flags=re.MULTILINE)[1].split(";")
    own = re.findall(r'mime-type type="(.*?)"', (PACKAGING / "linux" / "cairn-mime.xml").read_text())
    told = re.findall(r"<mediatype>(.*?)<", (PACKAGING / "linux" / "metainfo.xml").read_text())
    projects = set(re.search(r"^MimeType=(.*);$", entry, flags=re.MULTILINE)[1].split(";"))
    assert set(own) <= set(types) | projects
    assert set(types) | projects == set(told)
    assert not set(types) & projects


def test_software_centres_can_read_what_it_is(built, tmp_path):
    appstreamcli = needs("appstreamcli")
    name = "usr/share/metainfo/org.cairn_landmarks.cairn.metainfo.xml"
    with tarfile.open(the_archive(built)) as archive:
        archive.extract(f"cairn-{VERSION}/{name}", tmp_path, filter="data")
    path = tmp_path / f"cairn-{VERSION}" / name
    assert f'version="{VERSION}" date="2025-06-15"' in path.read_text()
    checked = run(appstreamcli, "validate", "--no-net", path)
    assert checked.returncode == 0, checked.stdout


def test_file_types_are_known_by_name_and_content(tmp_path):
    update, gio = needs("update-mime-database"), needs("gio")
    (tmp_path / "mime" / "packages").mkdir(parents=True)
    shutil.copy(PACKAGING / "linux" / "cairn-mime.xml", tmp_path / "mime" / "packages" / "cairn.xml")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    updated = run(update, tmp_path / "mime", environment=environment)
    assert (updated.returncode, updated.stderr) == (0, "")
    starts = {
        "a.nii": (bytes(400), "application/x-nifti"),
        "a.nii.gz": (b"\x1f\x8b\x08", "application/x-nifti-compressed"),
        "a.nrrd": (b"NRRD0004\n", "application/x-nrrd"),
        "b.nhdr": (b"NRRD0005\n", "application/x-nrrd"),
        "a.mha": (b"ObjectType = Image\n", "application/x-metaimage"),
        "a.mhd": (b"NDims = 3\n", "application/x-metaimage"),
        "nameless-nifti": (bytes(344) + b"n+1\0" + bytes(8), "application/x-nifti"),
        "nameless-nrrd": (b"NRRD0004\ntype: short\n", "application/x-nrrd"),
    }
    for name, (content, expected) in starts.items():
        (tmp_path / name).write_bytes(content)
        told = run(gio, "info", "-a", "standard::content-type", tmp_path / name, environment=environment).stdout
        assert f"standard::content-type: {expected}\n" in told, name


def test_manual_is_filled_in(built):
    with tarfile.open(the_archive(built)) as archive:
        manual = gzip.decompress(archive.extractfile(f"cairn-{VERSION}/usr/share/man/man1/cairn.1.gz").read()).decode()
    assert f'"Cairn {VERSION}"' in manual
    assert "@" not in manual
