from types import SimpleNamespace
from typing import Any

import pytest

from core.learning.course_card import name_and_version


def model(name: str, version: str) -> Any:
    return SimpleNamespace(config=SimpleNamespace(name=name, version=version))


@pytest.mark.parametrize(
    ("stem", "start", "expected"),
    [
        ("wings", None, ("wings", "1.0")),
        ("wings 3", None, ("wings", "3.0")),
        ("wings 3", model("wings", "2.0"), ("wings", "3.0")),
        ("wings", model("wings", "1.0"), ("wings", "1.1")),
        ("wings", model("wings", "3.9"), ("wings", "3.10")),
        ("wings", model("wings", "beta"), ("wings", "beta.1")),
        ("wings", model("cephalometric-19", "1.1"), ("wings", "1.0")),
        ("Bogotá 2019", None, ("Bogotá 2019", "1.0")),  # a year is no version
        ("7", None, ("7", "1.0")),
    ],
)
def test_a_model_is_called_like_its_file(stem: str, start: Any, expected: tuple[str, str]) -> None:
    assert name_and_version(stem, start) == expected
