"""What differs between a scheme and landmarks, and what becomes of the landmarks by each choice."""

import numpy as np

from core.schemes.comparison import Fit, difference, fitted
from core.schemes.file import read_scheme
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values.landmarks import Landmarks, Status

CEPHALOGRAM = read_scheme("cephalometric-19")


def scheme_of(*names: str) -> Scheme:
    marks = tuple(SchemeLandmark(name=name, abbreviation=name) for name in names)
    return Scheme(name="mine", title="Mine", ndim=2, landmarks=marks)


def landmarks_of(*names: str) -> Landmarks:
    return Landmarks(names, np.arange(2.0 * len(names)).reshape(-1, 2))


def test_what_is_the_same_fits() -> None:
    found = difference(CEPHALOGRAM, CEPHALOGRAM.names)
    assert found.fits
    assert found.sentences() == ()


def test_missing_extra_and_order_are_told_apart() -> None:
    found = difference(scheme_of("a", "b", "c"), ("c", "a", "zebra"))
    assert (found.missing, found.extra, found.other_order) == (("b",), ("zebra",), True)
    assert found.renames == {}
    assert found.sentences() == (
        "Not in the scheme: zebra.", "In the scheme only: b.", "They stand in another order.",
    )  # fmt: skip
    assert found.needs_decision
    assert not difference(scheme_of("a", "b"), ("b",)).needs_decision


def test_names_that_are_likely_to_mean_the_same_are_found() -> None:
    names = ("sella", "N", "lower_incisor_tip", "Pog'", "Gonoin", "Zygion")
    assert difference(CEPHALOGRAM, names).renames == {
        "sella": "Sella", "N": "Nasion", "lower_incisor_tip": "Lower incisal incision", "Pog'": "Soft tissue pogonion",
        "Gonoin": "Gonion",
    }  # fmt: skip


def test_sides_and_numbers_are_never_taken_for_misspellings() -> None:
    assert difference(scheme_of("Left condyle", "Molar 1"), ("Right condyle", "Molar 2")).renames == {}
    assert difference(scheme_of("Molar 1"), ("Mollar 1",)).renames == {"Mollar 1": "Molar 1"}
    assert difference(scheme_of("Pogonion"), ("Gonion",)).renames == {}


def test_numbers_stand_for_the_landmarks_in_order_where_there_are_as_many() -> None:
    assert difference(scheme_of("tip", "notch"), ("1", "2")).renames == {"1": "tip", "2": "notch"}
    assert difference(scheme_of("tip", "notch"), ("1", "2", "3")).renames == {}


def test_long_lists_are_counted() -> None:
    (sentence,) = difference(scheme_of(*"abcdefg"), ("a",)).sentences()
    assert sentence == "In the scheme only: b, c, d, e and 2 more."


def test_each_choice_gives_its_names() -> None:
    scheme, landmarks = scheme_of("a", "b", "c"), landmarks_of("x", "B", "a")
    renames = difference(scheme, landmarks.names).renames
    assert fitted(landmarks, scheme, Fit.FILE, renames) is landmarks
    by_scheme = fitted(landmarks, scheme, Fit.SCHEME, renames)
    assert by_scheme.names == ("a", "b", "c")
    assert by_scheme.status == (Status.PLACED, Status.PLACED, Status.UNPLACED)
    np.testing.assert_array_equal(by_scheme.points_mm[:2], landmarks.points_mm[[2, 1]])
    both = fitted(landmarks, scheme, Fit.BOTH)
    assert both.names == ("a", "b", "c", "x", "B")
    assert fitted(landmarks, scheme, Fit.BOTH, {"x": "a"}).names == ("a", "b", "c", "x", "B")
