"""The setup program for Windows: hands version, folder and sizes to NSIS, whose script is cairn.nsi.

Runs wherever makensis is, Linux included; what the setup does on a computer stands in the script alone.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path, PureWindowsPath

from PIL import Image
from release import InstallerError, Release

from core.base.files import written_whole

SIDE_PICTURE_SIZE = (2 * 164, 2 * 314)
SIDE_PICTURE_BLUE = "#17324b"
SCRIPT = Path(__file__).resolve().parent / "cairn.nsi"


def setup_name(release: Release) -> str:
    """Return the file name of the setup."""
    return f"cairn-{release.version}-windows-x86_64-setup.exe"


def write_setup(path: Path, app: Path, icons: Path, release: Release) -> None:
    """Compile the setup; a warning of makensis is an error.

    Where the environment has ``CAIRN_SIGN_COMMAND``, the programs, the uninstaller and the setup are signed by that command
    line, to which a file's name is added.

    Parameters
    ----------
    path
        The setup; it appears only when it is whole.
    app
        The frozen application for Windows.
    icons
        The folder that `render_icons.render` wrote.
    release
        Version.

    Raises
    ------
    InstallerError
        makensis is missing or refuses the script, or ``app`` is no application for Windows.
    """
    makensis = shutil.which("makensis")
    if makensis is None:
        raise InstallerError("makensis is missing.", "Install NSIS 3, on Debian by: apt-get install nsis")
    if not (app / "Cairn.exe").is_file() or not (app / "_internal").is_dir():
        raise InstallerError(f"{app} holds no application for Windows.", "Build it there: packaging/build_app.py")
    with written_whole(path) as whole, tempfile.TemporaryDirectory() as folder:
        uninstall_list = Path(folder) / "uninstall_list.nsh"
        uninstall_list.write_text(_uninstall_lines(app), encoding="utf-8")
        side_picture = Path(folder) / "side.bmp"
        _side_picture(icons / "cairn-256.png").save(side_picture)
        defines = {
            "VERSION": release.version,
            "FILE_VERSION": release.windows_version,
            "APP_DIR": app.resolve(),
            "ICON": (icons / "cairn.ico").resolve(),
            "SIDE_PICTURE": side_picture,
            "OUTPUT": whole.resolve(),
            "UNINSTALL_LIST": uninstall_list,
        }
        if "CAIRN_SIGN_COMMAND" in os.environ:
            defines["SIGN_COMMAND"] = os.environ["CAIRN_SIGN_COMMAND"]
        command = [
            makensis,
            "-V2",
            "-WX",
            "-INPUTCHARSET",
            "UTF8",
            *(f"-D{name}={value}" for name, value in defines.items()),
        ]
        compiled = subprocess.run([*command, str(SCRIPT)], capture_output=True, text=True, check=False)  # noqa: S603
        if compiled.returncode != 0:
            raise InstallerError(f"makensis refused the script: {compiled.stdout.strip()} {compiled.stderr.strip()}")


def _side_picture(icon: Path) -> Image.Image:
    """Return what stands left on the first and last page: the icon on its own blue, twice as fine as NSIS asks for."""
    picture = Image.new("RGB", SIDE_PICTURE_SIZE, SIDE_PICTURE_BLUE)
    with Image.open(icon) as drawn:
        left, top = (SIDE_PICTURE_SIZE[0] - drawn.width) // 2, (SIDE_PICTURE_SIZE[1] - drawn.height) // 2
        picture.paste(drawn, (left, top), drawn)
    return picture


def _uninstall_lines(app: Path) -> str:
    """Return the NSIS lines that remove exactly the application's files, and then the folders that are empty."""
    paths = sorted(app.rglob("*"), reverse=True)  # what a folder holds comes before the folder
    names = [(path, str(PureWindowsPath(path.relative_to(app))).replace("$", "$$")) for path in paths]
    return "".join(f'{"RMDir" if path.is_dir() else "Delete"} "$INSTDIR\\{name}"\n' for path, name in names)
