from importlib.metadata import distribution, distributions, requires

import pytest

from tests.support.frozen_fixtures import ROOT, import_script

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

licences = import_script("collect_licences")


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


def test_everything_that_the_application_needs_has_a_licence_text():
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


def test_licences_are_written_with_an_index(tmp_path):
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


def test_an_environment_that_is_reached_through_a_link_is_known_by_both_names(tmp_path, monkeypatch):
    installed = distribution("pydicom").locate_file("").resolve()
    link = tmp_path / "environment"
    link.symlink_to(installed, target_is_directory=True)
    monkeypatch.setattr(licences, "distributions", lambda: distributions(path=[str(link)]))
    for folder in (link, installed):
        (component,) = licences.find_components([folder / "pydicom" / "__init__.py"])
        assert component.name == "pydicom"


def test_a_component_without_a_licence_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(licences, "SUPPLEMENTS", tmp_path)
    with pytest.raises(licences.LicenceMissing, match="No licence text was found for shiboken6"):
        licences.collect([_a_file_of(distribution("shiboken6"))], tmp_path / "licences")
    assert not (tmp_path / "licences").exists()


def test_a_file_that_belongs_to_nothing_is_named(tmp_path):
    stray = tmp_path / "libstray.so.7"
    stray.write_bytes(b"")
    with pytest.raises(licences.LicenceMissing, match=r"libstray\.so\.7 belongs to no distribution"):
        licences.collect([stray], tmp_path / "licences")
