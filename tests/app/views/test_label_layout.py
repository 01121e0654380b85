import numpy as np

from app.views.label_layout import label_corners

SCREEN = np.array([0.0, 0.0, 400.0, 300.0])


def boxes(points, sizes, clearance=8.0):
    corners = label_corners(np.array(points, float), np.array(sizes, float), np.full(len(points), clearance), SCREEN)
    return np.concatenate([corners, corners + sizes], axis=1)


def overlap(a, b):
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def test_a_lonely_label_stands_to_the_right_of_its_point():
    box = boxes([[100, 100]], [[40, 12]])[0]
    assert box[0] == 108
    assert (box[1] + box[3]) / 2 == 100


def test_labels_of_close_points_cover_neither_each_other_nor_the_points():
    points = [[100, 100], [112, 104], [106, 90]]
    found = boxes(points, [[30, 12]] * 3)
    for row, box in enumerate(found):
        for other in found[row + 1 :]:
            assert overlap(box, other) == 0
        for x, y in points:
            assert overlap(box, (x - 5, y - 5, x + 5, y + 5)) == 0


def test_the_first_in_order_gets_the_best_place():
    points, sizes = np.array([[100.0, 100], [100, 101]]), np.full((2, 2), [30.0, 12])
    clearances = np.full(2, 4.0)
    alone = label_corners(points[1:], sizes[1:], clearances[1:], SCREEN)
    assert np.array_equal(label_corners(points, sizes, clearances, SCREEN, [1, 0])[1], alone[0])


def test_no_points_no_labels():
    assert label_corners(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), SCREEN).shape == (0, 2)


def test_a_label_stays_on_the_screen_and_clear_of_a_large_point():
    at_the_right, at_the_top_left = boxes([[390, 100], [3, 2]], [[40, 12]] * 2, clearance=14)
    assert at_the_right[2] == 390 - 14
    assert min(at_the_top_left) >= 0
    assert overlap(at_the_top_left, (-10, -11, 16, 15)) == 0
