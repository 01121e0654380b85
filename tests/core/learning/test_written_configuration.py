"""Configurations written by the program read back as what they were."""

from pathlib import Path

import pytest

from core.learning.configuration import format_config, parse_config, read_config

PRESETS = sorted((Path(__file__).parents[3] / "training" / "presets").glob("*.toml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_reads_back_unchanged(path: Path) -> None:
    config, _ = read_config(path)
    assert parse_config(format_config(config), "again") == config


def test_names_with_quotes_and_other_letters_read_back() -> None:
    config, _ = read_config(PRESETS[0])
    names = ("Pog'", 'the "tip"', "back\\slash", "Spitze über\tallem", "line\nbreak", "\x7f")
    changed = config.model_copy(update={"landmarks": names, "local_stages": ()})
    assert parse_config(format_config(changed), "again") == changed
