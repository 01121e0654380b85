import pytest

from app.session.landmark_names import display_name, short_name
from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info


@pytest.fixture(scope="module")
def cephalometric():
    return read_model_info(bundled_model_for(2))


@pytest.mark.parametrize(
    ("name", "shown", "short"),
    [
        ("Subspinale", "Subspinale (A)", "A"),
        ("Supramentale", "Supramentale (B)", "B"),
        ("Lower incisal incision", "Lower incisor tip (L1)", "L1"),
        ("Upper incisal incision", "Upper incisor tip (U1)", "U1"),
        ("Soft tissue pogonion", "Soft tissue pogonion (Pog')", "Pog'"),
        ("Point 1", "Point 1", "Point 1"),
    ],
)
def test_people_read_what_people_say(cephalometric, name, shown, short):
    assert (display_name(name, cephalometric), short_name(name, cephalometric)) == (shown, short)


def test_every_bundled_landmark_has_a_name_of_its_own(cephalometric):
    for info in (cephalometric, read_model_info(bundled_model_for(3))):
        for said in (display_name, short_name):
            assert len({said(name, info) for name in info.landmarks}) == len(info.landmarks)


def test_numbers_stay_numbers():
    assert display_name("12", read_model_info(bundled_model_for(3))) == "12"


def test_a_model_of_another_kind_uses_its_own_abbreviations(cephalometric):
    other = cephalometric.model_copy(
        update={"landmarks": ("Lower incisal incision", "Tip"), "abbreviations": ("X", "T")}
    )
    assert display_name("Lower incisal incision", other) == "Lower incisal incision (X)"
    assert display_name("Tip", other) == "Tip (T)"
    bare = cephalometric.model_copy(update={"landmarks": ("Tip",), "abbreviations": ()})
    assert display_name("Tip", bare) == "Tip"


def test_without_a_model_a_name_is_a_name():
    assert display_name("Sella", None) == "Sella"
