"""Landmark schemes: the bundled one, and what wrong ones get."""

import json
from pathlib import Path

import pytest

from core.base.errors import ConfigError
from core.schemes.file import read_scheme
from core.schemes.scheme import LARGEST_PICTURE_BYTES, Scheme, SchemeLandmark, picture_text, require_picture


def test_the_bundled_cephalometric_scheme_has_the_challenges_order() -> None:
    scheme = read_scheme("cephalometric-19")
    assert scheme.ndim == 2
    assert len(scheme.names) == 19
    assert (scheme.names[0], scheme.abbreviations[0]) == ("Sella", "S")
    assert (scheme.names[9], scheme.abbreviations[9]) == ("Gonion", "Go")
    assert (scheme.names[15], scheme.abbreviations[15]) == ("Soft tissue pogonion", "Pog'")
    assert (scheme.names[18], scheme.abbreviations[18]) == ("Articulare", "Ar")


def test_the_bundled_mouse_scheme_knows_left_from_right() -> None:
    """Mirroring twice changes nothing, and a midline landmark becomes itself."""
    scheme = read_scheme("mouse-skull-45")
    mirrored = scheme.mirrored
    assert (scheme.ndim, len(mirrored)) == (3, 45)
    assert all(mirrored[mirrored[row]] == row for row in range(45) if mirrored[row] >= 0)
    in_pairs = [row for row in range(45) if mirrored[row] not in (row, -1)]
    assert len(in_pairs) > 20


def test_a_scheme_without_sides_has_no_mirror_images() -> None:
    assert set(read_scheme("cephalometric-19").mirrored) == {-1}


def test_mirrored_names_become_rows(tmp_path: Path) -> None:
    marks = [("left", "right"), ("middle", "middle"), ("right", "left"), ("lonely", None)]
    landmarks = [{"name": name, "abbreviation": name, "mirrored": partner} for name, partner in marks]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"name": "mine", "title": "Mine", "ndim": 3, "landmarks": landmarks}))
    assert read_scheme(path).mirrored == (2, 1, 0, -1)


def test_a_scheme_may_lie_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    landmarks = [{"name": "left", "abbreviation": "l"}, {"name": "right", "abbreviation": "r"}]
    path.write_text(json.dumps({"name": "mine", "title": "Mine", "ndim": 3, "landmarks": landmarks}))
    assert read_scheme(path).names == ("left", "right")


def test_an_unknown_scheme_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no landmark scheme toes") as caught:
        read_scheme("toes")
    assert "cephalometric-19" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"landmarks": [{"name": "a", "abbreviation": "x"}, {"name": "a", "abbreviation": "y"}]},
            "names must be unique",
        ),
        (
            {"landmarks": [{"name": "a", "abbreviation": "x"}, {"name": "b", "abbreviation": "x"}]},
            "abbreviations must be",
        ),
        ({"landmarks": [{"name": "a", "abbreviation": "x", "mirrored": "b"}]}, "a and b are not each other's"),
        (
            {
                "landmarks": [
                    {"name": "a", "abbreviation": "x", "mirrored": "b"},
                    {"name": "b", "abbreviation": "y", "mirrored": "b"},
                ]
            },
            "a and b are not each other's",
        ),
        ({"landmarks": []}, "landmarks"),
        ({"ndim": 4}, "ndim"),
        ({"colour": "red"}, "colour"),
        ({"landmarks": [{"name": "a", "abbreviation": "x", "colour": "red"}]}, "colour"),
        ({"landmarks": [{"name": "a\nb", "abbreviation": "x"}]}, "name"),
        ({"landmarks": [{"name": "a", "abbreviation": "x", "picture": "AAAA"}]}, "no PNG"),
        ({"landmarks": [{"name": "a", "abbreviation": "x", "picture": "?"}]}, "base64"),
        ({"schema_version": 3}, "of version 3"),
        ({"schema_version": "2"}, "schema_version"),
    ],
)
def test_a_wrong_scheme_is_refused(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    right = {"name": "mine", "title": "Mine", "ndim": 2, "landmarks": [{"name": "a", "abbreviation": "x"}]}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(right | change))
    with pytest.raises(ConfigError, match=complaint):
        read_scheme(path)


def test_a_scheme_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match="not a readable JSON"):
        read_scheme(path)


def test_version_1_is_read_and_version_2_written(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    old = {"schema_version": 1, "name": "mine", "title": "Mine", "ndim": 2}
    path.write_text(json.dumps(old | {"landmarks": [{"name": "a", "abbreviation": "x"}]}))
    scheme = read_scheme(path)
    assert scheme.schema_version == 2
    path.write_text(scheme.to_json())
    assert json.loads(scheme.to_json())["schema_version"] == 2
    assert read_scheme(path) == scheme


def test_pictures_are_bounded(png: bytes) -> None:
    require_picture(png)
    wide = png[:16] + (2000).to_bytes(4, "big") + png[20:]
    for wrong, complaint in ((png + bytes(LARGEST_PICTURE_BYTES), "KiB"), (wide, "1024"), (png[:12], "no PNG")):
        with pytest.raises(ValueError, match=complaint):
            require_picture(wrong)


def test_pictures_are_bounded_together(png: bytes) -> None:
    text = picture_text(png + bytes(LARGEST_PICTURE_BYTES - len(png)))
    marks = [SchemeLandmark(name=f"{n}", abbreviation=f"{n}", picture=text) for n in range(33)]
    with pytest.raises(ValueError, match="8 MiB together"):
        Scheme(name="mine", title="Mine", ndim=2, landmarks=tuple(marks))
    assert len(Scheme(name="mine", title="Mine", ndim=2, landmarks=tuple(marks[:32])).landmarks) == 32
