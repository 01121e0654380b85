"""Which analyses are offered for an image, and in which order."""

from app.session.analysis_choice import offers_for, read_found
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import NAMES


def test_bundled_analyses_that_the_landmarks_allow_come_first_then_own_ones_then_the_rest(tmp_path):
    found = read_found(None, [write_own(tmp_path)])
    offers = offers_for(found, 2, {*NAMES, "Articulare"})
    keys = [offer.key for offer in offers]
    places = [offer.path is not None for offer in offers]
    own = places.index(True)
    assert all(offer.fits for offer in offers[:own])
    assert not any(offer.fits for offer in offers[own + 1 :])
    assert keys[0] == "jarabak"  # the only one that has all its landmarks
    assert (offers[0].possible, offers[0].total) == (13, 13)
    assert "kim" in keys[own + 1 :]
    assert offers[own].text == "My own  (3 of 4)"  # what is hidden does not count


def test_analyses_of_another_rank_are_not_offered(tmp_path):
    found = read_found(None, [write_own(tmp_path, ndim=3)])
    assert [offer.key for offer in offers_for(found, 3, NAMES)] == [str(tmp_path / "own.toml")]
    assert all(offer.path is None for offer in offers_for(found, 2, NAMES))


def test_a_folder_need_not_exist_and_a_wrong_file_costs_only_itself(tmp_path):
    assert read_found(tmp_path / "nowhere", []).own == ()
    write_own(tmp_path)
    (tmp_path / "wrong.toml").write_text('name = "wrong"', encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no analysis", encoding="utf-8")
    found = read_found(tmp_path, [tmp_path / "own.toml", tmp_path / "gone.toml"])
    assert [one.path.name for one in found.own] == ["own.toml"]  # once, though named twice
    assert [problem.message.split()[2] for problem in found.problems] == ["wrong.toml", "no"]
