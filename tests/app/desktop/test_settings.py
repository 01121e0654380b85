from pathlib import Path

import pytest

from app.desktop.settings import MOST_RECENT, SCHEMA_VERSION, Settings, settings_path
from app.desktop.theme import Theme


def test_what_was_set_is_there_at_the_next_start(tmp_path):
    path = tmp_path / "new folder" / "settings.ini"
    settings = Settings(path)
    settings.set("view/theme", Theme.LIGHT)
    settings.set("view/radiological", value=False)
    settings.set("window/table_2d", (300, 56, 60))
    settings.set("folders/images", Path("/scans, old/Müller"))
    settings.add_recent_file(Path("/scans, old/Müller/a & b.png"))
    again = Settings(path)
    assert again.choice("view/theme", Theme.SYSTEM) is Theme.LIGHT
    assert again.flag("view/radiological", default=True) is False
    assert again.numbers("window/table_2d") == (300, 56, 60)
    assert again.path("folders/images") == Path("/scans, old/Müller")
    assert again.recent_files == (Path("/scans, old/Müller/a & b.png"),)
    assert again.text("schema_version") == str(SCHEMA_VERSION)
    again.set("view/theme", None)
    assert Settings(path).choice("view/theme", Theme.SYSTEM) is Theme.SYSTEM


@pytest.mark.parametrize(
    "written", ["", "[view]\ntheme=purple\nradiological=perhaps\n", "\x00\xff[[[=", "[recent]\nfiles={"]
)
def test_what_makes_no_sense_counts_as_nothing(tmp_path, written):
    path = tmp_path / "settings.ini"
    path.write_text(written, encoding="latin-1")
    settings = Settings(path)
    assert settings.choice("view/theme", Theme.SYSTEM) is Theme.SYSTEM
    assert settings.flag("view/radiological", default=True) is True
    assert settings.numbers("window/table_2d") == ()
    assert settings.recent_files == ()


def test_settings_of_a_later_cairn_are_left_alone(tmp_path):
    path = tmp_path / "settings.ini"
    path.write_text("[General]\nschema_version=99\n[view]\ntheme=light\n")
    before = path.read_bytes()
    settings = Settings(path)
    assert settings.choice("view/theme", Theme.SYSTEM) is Theme.SYSTEM
    settings.set("view/theme", Theme.DARK)
    del settings
    assert path.read_bytes() == before


def test_recent_files_are_few_unique_and_the_latest_first():
    settings = Settings()
    for number in range(MOST_RECENT + 3):
        settings.add_recent_file(Path(f"/{number}.png"))
    settings.add_recent_file(Path("/5.png"))
    files = settings.recent_files
    assert files[0] == Path("/5.png")
    assert len(files) == len(set(files)) == MOST_RECENT


def test_who_wants_no_files_remembered_has_none_in_the_file(tmp_path):
    path = tmp_path / "settings.ini"
    settings = Settings(path)
    settings.add_recent_file(Path("/patients/Doe.png"))
    settings.set("folders/images", Path("/patients"))
    settings.remembers_files = False
    settings.add_recent_file(Path("/patients/Roe.png"))
    assert settings.recent_files == ()
    del settings
    assert "patients" not in path.read_text()


def test_the_file_lies_among_a_persons_configuration():
    assert settings_path().name == "settings.ini"
    assert "Cairn" in settings_path().parts


def test_lists_of_paths_are_kept_and_nonsense_is_none(tmp_path):
    settings = Settings(tmp_path / "settings.ini")
    settings.set_paths("analyses/opened", [tmp_path / "a.toml", tmp_path / "b, c.toml"])
    again = Settings(tmp_path / "settings.ini")
    assert again.paths("analyses/opened") == (tmp_path / "a.toml", tmp_path / "b, c.toml")
    assert again.folder == tmp_path
    again.set_paths("analyses/opened", [])
    assert again.text("analyses/opened") == ""
    for text in ("{", "3", '{"a": 1}'):
        again.set("analyses/opened", text)
        assert again.paths("analyses/opened") == ()
