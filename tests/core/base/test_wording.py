from core.base.wording import counted, listed


def test_a_number_of_things_is_told_in_the_singular_and_the_plural() -> None:
    assert [counted(count, "case") for count in (0, 1, 2)] == ["0 cases", "1 case", "2 cases"]
    assert [counted(count, "analysis", "analyses") for count in (1, 2)] == ["1 analysis", "2 analyses"]


def test_of_many_names_the_first_are_told() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
