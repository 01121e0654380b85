"""Which lines are drawn: of the whole analysis, and of one measurement."""

import numpy as np

from app.session.tracing import BEYOND, Stroke, measured_lines, traced_lines
from core.measuring.file import bundled_analyses, parse_analysis
from tests.support.measuring_fixtures import OWN_ANALYSIS

ANALYSIS = parse_analysis(OWN_ANALYSIS, "own")
NOWHERE = np.full(2, np.nan)
POINTS = {
    "S": np.array([0.0, 0.0]), "N": np.array([10.0, 0.0]), "Me": np.array([10.0, 20.0]), "Go": np.array([15.0, 5.0]),
    "Ba": NOWHERE,
}  # fmt: skip


def test_planes_go_on_beyond_their_ends_and_outlines_do_not():
    lines = {stroke: [line for line in traced_lines(ANALYSIS, POINTS) if line.stroke is stroke] for stroke in Stroke}
    (plane,) = lines[Stroke.PLANE]
    assert np.allclose(plane.ends_mm, [[-10 * BEYOND, 0], [10 + 10 * BEYOND, 0]])
    (soft,) = lines[Stroke.SOFT_TISSUE]
    assert np.allclose(soft.ends_mm, [[10, 0], [10, 20]])


def test_an_outline_is_not_drawn_across_a_landmark_that_is_not_known():
    outline = [line.ends_mm.tolist() for line in traced_lines(ANALYSIS, POINTS) if line.stroke is Stroke.OUTLINE]
    assert outline == [[[0, 0], [10, 0]], [[10, 20], [15, 5]]]


def test_without_landmarks_nothing_is_drawn():
    nothing = dict.fromkeys(POINTS, NOWHERE)
    assert traced_lines(ANALYSIS, nothing) == ()
    assert measured_lines(ANALYSIS, "SNMe", nothing) == ()
    assert measured_lines(ANALYSIS, "Ba–N", POINTS) == ()
    on_one_spot = dict.fromkeys(POINTS, POINTS["S"])
    assert traced_lines(ANALYSIS, on_one_spot) == ()
    assert measured_lines(ANALYSIS, "SNMe", on_one_spot) == ()


def test_an_angle_is_shown_by_its_sides():
    lines = measured_lines(ANALYSIS, "SNMe", POINTS)
    ends = {frozenset(map(tuple, line.tolist())) for line in lines}
    assert ends == {frozenset({(0.0, 0.0), (10.0, 0.0)}), frozenset({(10.0, 0.0), (10.0, 20.0)})}


def test_what_builds_on_another_measurement_shows_its_lines_too_and_a_line_reaches_its_perpendicular():
    lines = measured_lines(ANALYSIS, "share", POINTS)
    ends = [line.tolist() for line in lines]
    assert [[15.0, 0.0], [15.0, 5.0]] in ends  # from the foot to gonion
    base = [line for line in ends if line[0][1] == line[1][1] == 0.0]
    assert base
    assert all(line == [[0.0, 0.0], [15.0, 0.0]] for line in base)  # as far as the foot


def test_a_line_without_ends_goes_as_far_as_the_landmarks_of_its_measurement():
    text = OWN_ANALYSIS.replace(
        'how = { distance = ["S", "N"] }',
        'how = { offset = "Go", from = { through = "N", perpendicular_to = ["S", "N"] } }',
    )
    perpendicular, way = measured_lines(parse_analysis(text, "own"), "S–N", POINTS)
    assert np.allclose(way, [[10, 5], [15, 5]])
    assert np.allclose(perpendicular[:, 0], 10)
    assert np.allclose(sorted(perpendicular[:, 1]), [0, 5])


def test_every_measurement_of_every_bundled_analysis_has_lines():
    rng = np.random.default_rng(0)
    for analysis in bundled_analyses():
        points = {symbol: rng.uniform(0, 100, analysis.ndim) for symbol in analysis.landmarks}
        for one in analysis.measurements:
            lines = measured_lines(analysis, one.key, points)
            assert lines, (analysis.name, one.key)
            assert all(np.isfinite(line).all() for line in lines)
