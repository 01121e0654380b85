"""Finds the licence of everything that is in the frozen application, and refuses to go on where one is missing.

Starts from the list of files that are bundled, not from a list of names somebody has to keep: whatever is added to the
application later is found. Texts that a wheel forgets to bring lie in `frozen/licences`, in a folder with the wheel's name.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPLEMENTS = Path(__file__).with_name("frozen") / "licences"
INDEX_NAME = "THIRD-PARTY.txt"
OURS = "cairn-landmarks"
INTRODUCTION = """\
Cairn is made of the components below. Each has a folder of its name beside this file, with its licence.

Cairn itself is under the Apache License 2.0. The bundled models have terms of their own, which stand in the folder
cairn-landmarks, since they were trained on data that is not ours.

Qt and PySide6 are used under the GNU Lesser General Public License, version 3. They are separate shared libraries in the
folder PySide6, and may be replaced by other builds of the same version. Their source is at https://download.qt.io.

PyInstaller's starter is under the GNU General Public License with an exception: what it starts may have any licence.
"""
_TEXT_NAME = re.compile(r"licen[cs]e|copying|copyright|notice|authors|thirdparty|third-party", re.IGNORECASE)
_COMMON_LICENCE = re.compile(r"/usr/share/common-licenses/([A-Za-z]+[-\w.]*\w)")


class LicenceMissing(Exception):
    """Something is bundled whose licence nobody knows."""


@dataclass
class Component:
    """One thing that is bundled, with the texts that have to come with it.

    Attributes
    ----------
    name
        What its folder is called.
    version
        Of the distribution or package.
    licence
        What its metadata call the licence, in a few words; may be empty.
    texts
        Path of each text in the component's folder, and the file that holds it.
    """

    name: str
    version: str = ""
    licence: str = ""
    texts: dict[str, Path] = field(default_factory=dict)


def collect(sources: Iterable[str | Path], folder: Path, *, ignored: Path | None = None) -> list[Component]:
    """Write the licences of everything that ``sources`` belong to, and an index of them.

    Parameters
    ----------
    sources
        Files that are bundled, where they were taken from.
    folder
        Gets a folder per component and `INDEX_NAME`. Made anew.
    ignored
        Files below this folder were made by the build and belong to nobody else.

    Returns
    -------
    components
        By name.

    Raises
    ------
    LicenceMissing
        A file belongs to nothing that is known, or something has no text.
    """
    components = find_components(sources, ignored)
    missing = [component.name for component in components if not component.texts]
    if missing:
        raise LicenceMissing(f"No licence text was found for {', '.join(missing)}. Put it into {SUPPLEMENTS}/NAME.")
    shutil.rmtree(folder, ignore_errors=True)
    for component in components:
        for name, text in component.texts.items():
            target = folder / component.name / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, target)
    (folder / INDEX_NAME).write_text(_index(components), encoding="utf-8")
    return components


def _index(components: list[Component]) -> str:
    lines = [INTRODUCTION]
    for component in components:
        lines.append(" ".join(part for part in (component.name, component.version) if part))
        if component.licence:
            lines.append(f"    {component.licence}")
        lines += [f"    {component.name}/{name}" for name in sorted(component.texts)]
    return "\n".join(lines) + "\n"


def find_components(sources: Iterable[str | Path], ignored: Path | None = None) -> list[Component]:
    """Return what ``sources`` belong to, by name, with every text that could be found."""
    owner = _distributions_by_file()
    found: dict[str, Component] = {}
    for source in sorted({_normal(source) for source in sources}):
        path = Path(source)
        if ignored is not None and path.is_relative_to(ignored):
            continue
        distribution = owner.get(source)
        if distribution is not None:
            name = _canonical(distribution.name)
            if name not in found:
                found[name] = of_distribution(distribution)
        elif path.is_relative_to(ROOT) and not path.is_relative_to(sys.prefix):
            found.setdefault(OURS, Component(OURS))
        elif _is_of_python(path):
            found.setdefault("python", of_python())
        else:
            component = of_system_library(path)
            found.setdefault(component.name, component)
    if OURS in found:
        found[OURS] = _ours(found[OURS])
    for name, component in found.items():
        component.texts.update(_supplements(name))
    return [found[name] for name in sorted(found)]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _normal(path: str | Path) -> str:
    """Return a path as it is compared: Windows writes the same one in several ways."""
    return os.path.normcase(os.path.normpath(path))


def _distributions_by_file() -> dict[str, Distribution]:
    owner: dict[str, Distribution] = {}
    for distribution in distributions():
        folder = Path(str(distribution.locate_file("")))
        for base in {
            folder,
            folder.resolve(),
        }:  # an environment may be reached through a link, and PyInstaller names both ways
            for file in distribution.files or ():
                owner[_normal(base / file)] = distribution
    return owner


def of_distribution(distribution: Distribution) -> Component:
    """Return an installed distribution with the texts that lie beside its metadata or in its package."""
    metadata = distribution.metadata
    stated = [metadata[key] for key in ("License-Expression", "License") if key in metadata]
    classifiers = metadata.get_all("Classifier") or []
    stated += [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: ")]
    licence = next((short for short in map(_short, stated) if short), "")
    component = Component(_canonical(distribution.name), distribution.version, licence)
    for file in distribution.files or ():
        parts = file.parts
        in_metadata = len(parts) > 1 and parts[0].endswith(".dist-info")
        if in_metadata and (parts[1] == "licenses" or _TEXT_NAME.search(parts[1])):
            name = "/".join(parts[2:] if parts[1] == "licenses" else parts[1:])
        elif _TEXT_NAME.match(file.name) and file.suffix in ("", ".txt", ".md", ".rst"):
            name = "/".join(parts)
        else:
            continue
        path = Path(str(distribution.locate_file(file)))
        if path.is_file():
            component.texts[name] = path
    return component


def _short(licence: str) -> str:
    """Return the licence's name; some metadata hold its whole text instead."""
    first = licence.strip().splitlines()[0].strip() if licence.strip() else ""
    return first if len(first) <= 100 else ""


def _is_of_python(path: Path) -> bool:
    """Tell whether a file belongs to Python itself: its library, or what its installer put beside the interpreter."""
    if path.is_relative_to(sysconfig.get_path("stdlib")) or path.is_relative_to(sysconfig.get_path("platstdlib")):
        return True
    # Where Python is the system's own, everything is below its prefix.
    its_alone = sys.base_prefix not in ("/usr", "/usr/local") and path.is_relative_to(sys.base_prefix)
    return its_alone or path.name.lower().startswith("libpython")


def of_python() -> Component:
    """Return Python with its licence, which names those of the libraries in it."""
    version = sysconfig.get_python_version()
    component = Component("python", sys.version.split()[0], "Python-2.0")
    for path in (
        Path(sysconfig.get_path("stdlib")) / "LICENSE.txt",
        Path(sys.base_prefix) / "LICENSE.txt",
        Path(f"/usr/share/doc/python{version}/copyright"),
    ):
        if path.is_file():
            component.texts[path.name] = path
            break
    return component


def of_system_library(path: Path) -> Component:
    """Return the Debian package that a library came from, with its copyright file and the licences that this refers to."""
    package = _debian_package(path)
    if package is None:
        if (SUPPLEMENTS / path.name).is_dir():
            return Component(path.name)
        raise LicenceMissing(
            f"{path} belongs to no distribution and no Debian package, so that its licence is not known. Leave it out, or put "
            f"its licence into {SUPPLEMENTS / path.name}."
        )
    component = Component(package)
    copyright_path = Path("/usr/share/doc") / package / "copyright"
    if copyright_path.is_file():
        component.texts["copyright"] = copyright_path
        text = copyright_path.read_text(encoding="utf-8", errors="replace")
        for name in sorted(set(_COMMON_LICENCE.findall(text))):
            common = Path("/usr/share/common-licenses") / name
            if common.is_file():
                component.texts[f"common-licenses/{name}"] = common
    return component


def _debian_package(path: Path) -> str | None:
    if shutil.which("dpkg-query") is None:
        return None
    # Where /lib is a link to /usr/lib, packages may list either name.
    names = {str(path), str(path.resolve())}
    names |= {name.removeprefix("/usr") for name in names if name.startswith("/usr/lib")}
    for name in sorted(names):
        command = ["dpkg-query", "--search", name]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if answer.returncode == 0:
            return answer.stdout.split(":", maxsplit=1)[0].split(",")[0].strip()
    return None


def _ours(component: Component) -> Component:
    """Return Cairn with its licence and the cards of its models, which tell theirs."""
    component.texts["LICENSE"] = ROOT / "LICENSE"
    for card in sorted((ROOT / "assets" / "models").glob("*.md")):
        component.texts[f"models/{card.name}"] = card
    return component


def _supplements(name: str) -> dict[str, Path]:
    folder = SUPPLEMENTS / name
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
