from pathlib import Path

import pytest

from core.base.errors import ConfigError
from core.learning.configuration import mirror_partners, parse_config, read_config

PRESETS = sorted((Path(__file__).parents[3] / "training" / "presets").glob("*.toml"))

GOOD = """
name = "x"
ndim = 2
landmarks = ["a", "b"]
data = { kind = "list", root = "cases.csv" }
normalisation = { kind = "zscore" }
card = { modality = "phantom" }
[global_stage]
spacing_mm = 1.0
crop = [64, 64]
optimisation = { iterations = 10 }
[[local_stages]]
spacing_mm = 0.5
optimisation = { iterations = 10 }
"""


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_valid(path: Path) -> None:
    config, text = read_config(path)
    assert config.name
    assert "seed" in text


def test_defaults_are_the_papers() -> None:
    config = parse_config(GOOD, "x.toml")
    first, local = config.global_stage, config.local_stages[0]
    assert (first.stem_channels, first.channels, first.pairs) == (16, (32, 64, 128, 256), (3, 4, 6, 3))
    assert (local.channels, local.pairs, local.shared_trunk, local.placement) == ((32, 64), (1, 1), False, "uniform")
    assert (first.optimisation.batch, first.optimisation.learning_rate) == (4, 1e-3)
    assert (first.optimisation.schedule, first.optimisation.vote_weight) == ("constant", 0.0)
    assert first.augmentation.rotation_deg == first.augmentation.noise == 0.0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("spacing_mm = 1.0", "spacng_mm = 1.0", "there is no key global_stage.spacng_mm"),
        (
            "iterations = 10 }",
            "iterations = 10, learning_rat = 1 }",
            "there is no key global_stage.optimisation.learning_rat",
        ),
        ('kind = "zscore"', "low = 3", "the key normalisation.kind is missing"),
        ("spacing_mm = 0.5", "spacing_mm = -0.5", "greater than 0"),
        ("crop = [64, 64]", "crop = [64, 30]", "at least the network's stride, 32"),
        ("crop = [64, 64]", "crop = [64, 64, 64]", "2 sides"),
        ("spacing_mm = 0.5", "spacing_mm = 0.5\ncrop = 15", "multiple of the network's stride, 2"),
        ("spacing_mm = 0.5", "spacing_mm = 0.5\nchannels = [8]", "one entry per ResNet-block"),
        ("ndim = 2", "ndim = two", "not valid TOML"),
        ("spacing_mm = 1.0", "spacing_mm = 1.0\nlabel_patches = 1.0", "needs posterior"),
        ("spacing_mm = 1.0", 'spacing_mm = 1.0\nnetwork = "encoder-decoder"', 'needs regression = "linear"'),
        (
            "spacing_mm = 1.0",
            'spacing_mm = 1.0\nnetwork = "encoder-decoder"\nregression = "linear"\npool_before = [true, true, true, true]',
            "no pool_before",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_in_a_sentence(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=r"x\.toml") as caught:
        parse_config(GOOD.replace(old, new, 1), "x.toml")
    assert says in caught.value.message
    assert caught.value.hint


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "binary.toml")


def test_an_encoder_decoder_has_small_patches_whatever_its_depth() -> None:
    keys = 'spacing_mm = 1.0\nnetwork = "encoder-decoder"\nregression = "linear"\nposterior = "soft-max"\nlabel_patches = 1.0'
    config = parse_config(GOOD.replace("spacing_mm = 1.0", keys).replace("crop = [64, 64]", "crop = [4, 8]"), "x.toml")
    assert config.global_stage.stride(2) == config.global_stage.stride(3) == 4
    plain = parse_config(GOOD, "x.toml").global_stage
    assert (plain.stride(2), plain.stride(3)) == (32, 8)


@pytest.mark.parametrize(
    ("mirrored", "says"),
    [
        ('[["a", "z"]]', "mirrored names z, which is none of the landmarks"),
        ('[["a", "b"], ["c", "a"]]', "mirrored gives a two partners"),
    ],
)
def test_partners_must_be_landmarks_and_one_each(mirrored: str, says: str) -> None:
    text = PRESETS[0].read_text().split("\n[", 1)
    names = '["a", "b", "c"]'
    head = "\n".join(line for line in text[0].splitlines() if not line.startswith("landmarks"))
    with pytest.raises(ConfigError, match=says):
        parse_config(f"{head}\nlandmarks = {names}\nmirrored = {mirrored}\n[{text[1]}", "mine.toml")


def test_partners_are_rows_and_a_scheme_knows_its_own() -> None:
    config, _ = read_config(PRESETS[0])
    named = {**config.model_dump(), "landmarks": ("a", "b", "c", "d"), "mirrored": (("a", "c"), ("d", "d"))}
    assert mirror_partners(type(config).model_validate(named)) == (2, -1, 0, 3)
    assert mirror_partners(type(config).model_validate({**named, "mirrored": ()})) == (-1, -1, -1, -1)
    with pytest.raises(ValueError, match="a scheme says it by itself"):
        type(config).model_validate({**named, "landmarks": "cephalometric-19"})
