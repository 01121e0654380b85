"""Which lines are drawn: of the whole analysis, and of one measurement."""

import numpy as np

from app.session.tracing import ARC, BEYOND, Stroke, measured_angles, measured_lines, traced_lines
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


def angles(how, points, key="SNMe", ndim=2):
    text = OWN_ANALYSIS.replace('how = { angle = ["S", "N", "Me"] }', f"how = {how}").replace(
        "ndim = 2", f"ndim = {ndim}"
    )
    return measured_angles(parse_analysis(text, "own"), key, points)


def test_an_angle_has_an_arc_at_its_vertex_from_side_to_side():
    (mark,) = measured_angles(ANALYSIS, "SNMe", POINTS)
    from_vertex = mark.arc_mm - POINTS["N"]
    assert np.allclose(np.linalg.norm(from_vertex, axis=1), 10 * ARC)  # of the shorter side
    assert np.allclose(from_vertex[0], [-10 * ARC, 0])
    assert np.allclose(from_vertex[-1], [0, 10 * ARC])
    assert mark.legs_mm == ()


def test_a_difference_of_angles_has_an_arc_for_each_and_none_hides_the_other():
    how = '{ difference = [{ angle = ["S", "N", "Me"] }, { angle = ["S", "N", "Go"] }] }'
    first, second = angles(how, POINTS)
    assert np.linalg.norm(first.arc_mm[0] - POINTS["N"]) != np.linalg.norm(second.arc_mm[0] - POINTS["N"])


def test_lines_that_meet_go_on_to_where_they_do_and_have_their_arc_there():
    points = POINTS | {"S": np.array([2.0, 0.0]), "Me": np.array([0.0, 2.0]), "Go": np.array([0.0, 12.0])}
    (mark,) = angles('{ angle_between = [["S", "N"], ["Me", "Go"]] }', points)
    assert np.allclose(np.linalg.norm(mark.arc_mm, axis=1), 8 * ARC)  # about where they meet, the origin
    assert np.allclose(mark.arc_mm[0], [8 * ARC, 0])
    assert np.allclose(mark.arc_mm[-1], [0, 8 * ARC])
    assert [leg.tolist() for leg in mark.legs_mm] == [[[0, 0], [2, 0]], [[0, 0], [0, 2]]]
    (opposite,) = angles('{ angle_between = [["N", "S"], ["Go", "Me"]] }', points)
    assert np.allclose(opposite.arc_mm, mark.arc_mm)  # where the lines are, not beyond


def test_lines_that_meet_far_away_have_the_arc_between_one_and_a_parallel_of_the_other():
    points = POINTS | {"Me": np.array([0.0, 30.0]), "Go": np.array([10.0, 31.0])}
    (mark,) = angles('{ angle_between = [["S", "N"], ["Me", "Go"]] }', points)
    ((start, end),) = mark.legs_mm
    assert np.allclose(start, [0, 30])
    assert end[1] == 30
    turned = np.degrees(np.arctan2(*(mark.arc_mm[-1] - start)[::-1]))
    assert np.isclose(turned, np.degrees(np.arctan2(1, 10)))


def test_flat_and_unknown_angles_have_no_arc_and_other_measurements_none():
    assert measured_angles(ANALYSIS, "SNMe", POINTS | {"Me": np.array([30.0, 0.0])}) == ()
    assert measured_angles(ANALYSIS, "SNMe", POINTS | {"Me": NOWHERE}) == ()
    assert measured_angles(ANALYSIS, "S–N", POINTS) == ()


def test_in_space_an_arc_lies_in_the_plane_of_its_sides():
    points = {name: np.append(point, 7.0) for name, point in POINTS.items()}
    (mark,) = angles('{ angle = ["S", "N", "Me"] }', points, ndim=3)
    assert np.allclose(mark.arc_mm[:, 2], 7)
    (skew,) = angles(
        '{ angle_between = [["S", "N"], ["Me", "Go"]] }', points | {"Me": np.array([3.0, 4.0, 1.0])}, ndim=3
    )
    assert np.allclose(skew.legs_mm[0][0], [3, 4, 1])
