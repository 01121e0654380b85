import numpy as np

from app.label_layout import label_corners


def boxes(points, sizes, clearance=8.0):
    corners = label_corners(np.array(points, float), np.array(sizes, float), clearance)
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
    alone = label_corners(points[1:], sizes[1:], 4)
    assert np.array_equal(label_corners(points, sizes, 4, [1, 0])[1], alone[0])


def test_no_points_no_labels():
    assert label_corners(np.zeros((0, 2)), np.zeros((0, 2)), 8).shape == (0, 2)
