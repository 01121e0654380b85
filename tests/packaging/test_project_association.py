"""Project files on the desktops: each knows them by name, by content where it looks, and opens them with Cairn."""

import os
import plistlib
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.project.paths import SUFFIX
from core.project.schema import APPLICATION_ID
from core.project.store import MIME_TYPE, Project
from tests.support.frozen_fixtures import import_script
from tests.support.installer_fixtures import PACKAGING, make_windows_app, needs, run, run_builder

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

LINUX = PACKAGING / "linux"
SETUP = (PACKAGING / "windows" / "cairn.nsi").read_text(encoding="utf-8")


@pytest.fixture
def types(tmp_path: Path) -> Path:
    """Return a folder of file types with Cairn's beside those of the system."""
    update = needs("update-mime-database")
    packages = tmp_path / "share" / "mime" / "packages"
    packages.mkdir(parents=True)
    shutil.copy(LINUX / "cairn-mime.xml", packages / "cairn.xml")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "share")}
    updated = run(update, packages.parent, environment=environment)
    assert (updated.returncode, updated.stderr) == (0, "")
    return tmp_path / "share"


def type_of(path: Path, share: Path) -> str:
    environment = {**os.environ, "XDG_DATA_HOME": str(share)}
    told = run(needs("gio"), "info", "-a", "standard::content-type", path, environment=environment).stdout
    return re.search(r"standard::content-type: (.*)$", told, flags=re.MULTILINE)[1]


def make_project(path: Path) -> Path:
    with Project.create(path):
        pass
    return path


# ---- Linux


def test_linux_knows_a_project_by_its_name_and_without_one_by_its_content(types, tmp_path):
    project = make_project(tmp_path / f"patients{SUFFIX}")
    assert type_of(project, types) == MIME_TYPE
    nameless = project.rename(tmp_path / "patients")
    assert type_of(nameless, types) == MIME_TYPE


def test_linux_leaves_other_databases_to_others(types, tmp_path):
    path = tmp_path / "addresses"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE person (name TEXT)")
    if not Path("/usr/share/mime/packages/freedesktop.org.xml").exists():
        pytest.skip("shared-mime-info has no types of its own here")
    assert type_of(path, types) == "application/vnd.sqlite3"


def test_the_magic_is_what_every_project_has(tmp_path):
    head = make_project(tmp_path / f"a{SUFFIX}").read_bytes()[:100]
    namespace = "{http://www.freedesktop.org/standards/shared-mime-info}"
    described = {
        element.attrib["type"]: element
        for element in ElementTree.parse(LINUX / "cairn-mime.xml").iter(f"{namespace}mime-type")
    }
    (begins,) = described[MIME_TYPE].iterfind(f"{namespace}magic/{namespace}match")
    (number,) = begins.iterfind(f"{namespace}match")
    assert head.startswith(begins.attrib["value"].replace("\\0", "\0").encode())
    offset = int(number.attrib["offset"])
    assert int(number.attrib["value"], 16) == int.from_bytes(head[offset : offset + 4], "big") == APPLICATION_ID
    assert [glob.attrib["pattern"] for glob in described[MIME_TYPE].iterfind(f"{namespace}glob")] == [f"*{SUFFIX}"]


def test_linux_opens_projects_with_cairn_whatever_reads_databases(types):
    update, gio = needs("update-desktop-database"), needs("gio")
    folder = types / "applications"
    folder.mkdir()
    for name in ("cairn.desktop", "z-cairn-open-with.desktop"):
        text = (LINUX / name).read_text().replace("Exec=cairn", "Exec=true")
        (folder / name).write_text(text)
    browser = "[Desktop Entry]\nType=Application\nName=B\nExec=true %F\nMimeType=application/vnd.sqlite3;\n"
    (folder / "a-browser.desktop").write_text(browser)
    assert run(update, folder).returncode == 0
    environment = {"PATH": os.environ["PATH"], "HOME": str(types), "XDG_DATA_HOME": str(types)}
    told = run(gio, "mime", MIME_TYPE, environment=environment).stdout
    assert told.partition("\n")[0].endswith(": cairn.desktop"), told


# ---- Windows


def test_windows_opens_projects_with_cairn_and_forgets_them_with_it():
    assert f'!define PROJECT_SUFFIX "{SUFFIX}"' in SETUP
    assert f'"Content Type" "{MIME_TYPE}"' in SETUP
    claim, give_up = (
        re.search(rf"^!macro {name}\n(.*?)^!macroend", SETUP, flags=re.MULTILINE | re.DOTALL)[1]
        for name in ("ClaimProjects", "GiveUpProjects")
    )
    installing, removing = SETUP.split('Section "Uninstall"')
    assert "!insertmacro ClaimProjects" in installing
    assert "!insertmacro GiveUpProjects" in removing
    type_key, suffix_key = r"${CLASSES}\${PROJECT_PROGID}", r"${CLASSES}\${PROJECT_SUFFIX}"
    assert f'WriteRegStr HKCU "{suffix_key}" "" "${{PROJECT_PROGID}}"' in claim
    assert '!insertmacro OpenCommand "${PROJECT_PROGID}"' in claim
    # Everything that is written for the suffix is removed, values by name, and the type as a whole.
    written = re.findall(rf'WriteRegStr HKCU "{re.escape(suffix_key)}(\S*)" "(.*?)"', claim)
    removed = re.findall(rf'DeleteRegValue HKCU "{re.escape(suffix_key)}(\S*)" "(.*?)"', give_up)
    assert sorted(written) == sorted(removed)
    assert f'DeleteRegKey HKCU "{type_key}"' in give_up


def test_windows_setup_with_the_association_compiles(builder, tmp_path):
    needs("makensis")
    make_windows_app(tmp_path)
    assert run_builder(builder, tmp_path, "--windows") == 0


# ---- macOS


def test_macos_owns_projects_and_nothing_else():
    plist = plistlib.loads(plistlib.dumps(import_script("frozen.platform_files").info_plist()))
    (declared,) = plist["UTExportedTypeDeclarations"]
    tags = declared["UTTypeTagSpecification"]
    assert tags == {"public.filename-extension": [SUFFIX[1:]], "public.mime-type": [MIME_TYPE]}
    assert "public.data" in declared["UTTypeConformsTo"]
    owned = [kind for kind in plist["CFBundleDocumentTypes"] if kind["LSHandlerRank"] == "Owner"]
    assert [kind["LSItemContentTypes"] for kind in owned] == [[declared["UTTypeIdentifier"]]]
    assert owned[0]["CFBundleTypeRole"] == "Editor"
