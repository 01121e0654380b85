"""Schemes from whatever a person has: lists, landmark files, models; and what is written comes back."""

from pathlib import Path

import numpy as np
import pytest

from core.base.errors import AppError, ConfigError
from core.landmark_files.file import write_landmarks
from core.schemes.file import bundled_schemes, read_scheme, write_scheme
from core.schemes.scheme import Scheme, picture_text
from core.schemes.sources import scheme_from_file
from core.values.landmarks import Landmarks
from tests.support.viewer_fixtures import make_model_file


def test_what_is_written_as_json_comes_back_whole_and_as_csv_without_pictures(tmp_path: Path, png: bytes) -> None:
    raw = read_scheme("olfactory-2").model_dump(mode="json")
    raw["landmarks"][0] |= {"picture": picture_text(png), "colour": "#12ab34"}
    raw["landmarks"][1] |= {"definition": 'Says "left",\nin two lines'}
    scheme = Scheme.model_validate(raw)
    write_scheme(scheme, tmp_path / "mine.json")
    assert scheme_from_file(tmp_path / "mine.json", 2) == scheme
    assert scheme.landmarks[0].picture_png == png
    write_scheme(scheme, tmp_path / "olfactory-2.csv")
    read = scheme_from_file(tmp_path / "olfactory-2.csv", 2)
    assert (read.name, read.title, read.ndim, read.mirrored) == ("olfactory-2", scheme.title, 3, (1, 0))
    assert read.landmarks[0].colour == "#12ab34"
    assert read.landmarks[0].picture == ""
    assert read.landmarks[1].definition == 'Says "left", in two lines'


def test_a_mere_list_of_names_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "Fly wing.csv"
    path.write_text("Humeral break\nTip\nNotch\n", encoding="utf-8")
    scheme = scheme_from_file(path, 2)
    assert (scheme.name, scheme.title, scheme.ndim) == ("fly-wing", "Fly wing", 2)
    assert scheme.names == ("Humeral break", "Tip", "Notch")
    path.write_text("name;abbreviation\nTip;T\nNotch;\n", encoding="utf-8")
    assert scheme_from_file(path, 3).abbreviations == ("T", "Notch")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,weight\nTip,3\n", "columns weight"),
        ("abbreviation,definition\nT,the tip\n", "no column “name”"),
        ("name,mirrored\nTip,Tail\n", "no such landmark"),
        ("name\nTip\nTip\n", "2 landmarks called “Tip”"),
        ("name,colour\nTip,red\n", "colour"),
        ("name,mirrored\na,b\nb,\n", "not each other's"),
    ],
)
def test_a_wrong_list_is_refused_in_a_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        scheme_from_file(path, 2)


@pytest.mark.parametrize("name", ["points.csv", "points.mrk.json", "points.fcsv"])
def test_a_landmark_file_gives_its_names(tmp_path: Path, name: str) -> None:
    write_landmarks(Landmarks(("Tip", "Notch"), np.ones((2, 3))), tmp_path / name)
    scheme = scheme_from_file(tmp_path / name, 2)
    assert (scheme.names, scheme.ndim, scheme.title) == (("Tip", "Notch"), 3, "points")


def test_a_tps_file_gives_numbers(tmp_path: Path) -> None:
    path = tmp_path / "wings.tps"
    path.write_text("LM=3\r\n1 2\r\n3 4\r\n5 6\r\nIMAGE=a.jpg\r\nID=0\r\n" * 2, encoding="utf-8")
    assert scheme_from_file(path, 3).names == ("1", "2", "3")
    assert scheme_from_file(path, 3).ndim == 2
    path.write_text("LM=1\n1 2\nID=0\nLM=2\n1 2\n3 4\nID=1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="different numbers of landmarks: 1, 2"):
        scheme_from_file(path, 2)


def test_a_model_gives_what_it_finds_with_what_a_bundled_scheme_knows_of_it(tmp_path: Path) -> None:
    scheme = scheme_from_file(make_model_file(tmp_path / "model.pt"), 2)
    assert scheme.abbreviations == ("S", "N", "Me", "Go")
    assert scheme.landmarks[3].definition.startswith("Most outward point of the angle of the mandible")


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.xlsx", "x"), ("a.csv", ""), ("a.json", "{"), ("a.tps", "nothing"), ("a.pt", "no archive"), ("gone.csv", None)],
)
def test_what_tells_no_names_gets_a_sentence(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(AppError, match=name):
        scheme_from_file(tmp_path / name, 2)


def test_every_bundled_scheme_can_be_read() -> None:
    assert {scheme.name for scheme in bundled_schemes()} >= {"cephalometric-19", "mouse-skull-45"}
    assert all(mark.definition for mark in read_scheme("cephalometric-19").landmarks)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_scheme(read_scheme("olfactory-2"), tmp_path / "file" / "mine.json")
