"""The window of compared shapes: plots and tables say what was computed, clicks lead to cases, pictures are drawings."""

from xml.etree import ElementTree

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage

from app.desktop.chrome import DARK, LIGHT, palette
from app.dialogs.shape_deformation import DeformationFigure
from app.dialogs.shape_scatter import ELLIPSE_SHARE, concentration_ellipse
from app.dialogs.shapes_window import ShapesWindow
from app.session.comparing_shapes import ComparingShapes
from app.session.document import Document
from app.session.editor import Editor
from app.session.navigation import Navigator
from app.session.shape_study import Grouping
from app.session.undo import UndoHistories
from app.session.view_state import ViewState
from core.measuring.morphometrics import outlier_fence
from core.project.store import Project
from tests.support.desk_fixtures import ANNA, BEN, open_desk
from tests.support.shape_fixtures import NAMES, configurations, reading, swapped, write_shapes

GROUPS = ["left", "right"] * 6


class Opened:
    """A window over a project, without a main window."""

    def __init__(self, desk, jobs, folder):
        document, view = Document(), ViewState()
        editor = Editor(document, view, UndoHistories(), Navigator(document, view))
        self.opened = []
        self.blind = False
        self.picture = folder / "picture.png"
        self.desk = desk
        self.comparing = ComparingShapes(
            desk, document, editor, view, jobs, is_blind=lambda: self.blind, open_case=self.opened.append
        )
        self.proposed = []
        self.window = ShapesWindow(self.comparing, lambda: folder / "tables", self.ask_picture, lambda names: True)

    def ask_picture(self, proposed):
        self.proposed.append(proposed)
        return self.picture


@pytest.fixture
def make(desk_jobs, tmp_path, qtbot):
    made = []

    def opened(points, **options):
        path = tmp_path / f"study{len(made)}.cairn"
        ids = write_shapes(path, points, **options)
        desk = open_desk(desk_jobs, path)
        qtbot.waitUntil(lambda: desk.project is not None)
        one = Opened(desk, desk_jobs, tmp_path)
        one.ids = ids
        made.append(one)
        one.comparing.refresh()
        one.window.show()
        qtbot.waitUntil(lambda: not one.comparing.comparing)
        for tab in (1, 2, 3, 0):  # each is filled when it is looked at
            one.window.tabs.setCurrentIndex(tab)
        return one

    yield opened
    qtbot.waitUntil(lambda: not desk_jobs.busy)
    for one in made:
        one.window.close()
        one.window.deleteLater()
        one.desk.close()


@pytest.fixture
def flat(make):
    return make(swapped(configurations(), 5), groups=GROUPS)


def dots(figure):
    return [
        item
        for item in figure.plot.getPlotItem().items
        if isinstance(item, pg.ScatterPlotItem) and item.opts["hoverable"]
    ]


def placed(figure):
    """Where each case's dot is, by its number."""
    return {spot.data(): (spot.pos().x(), spot.pos().y()) for item in dots(figure) for spot in item.points()}


def click(figure, case_id):
    item, spot = next((item, spot) for item in dots(figure) for spot in item.points() if spot.data() == case_id)
    item.sigClicked.emit(item, [spot], None)


def choose(box, row):
    box.setCurrentIndex(row)
    box.activated.emit(row)


def test_dots_are_the_scores_along_the_chosen_components(flat):
    window, study = flat.window, flat.comparing.study
    scores = study.compared.space.scores
    assert placed(window.scatter) == {
        id_: pytest.approx((scores[row, 0], scores[row, 1])) for row, id_ in enumerate(flat.ids)
    }
    choose(window.across, 2)
    choose(window.up, 3)
    assert placed(window.scatter) == {
        id_: pytest.approx((scores[row, 2], scores[row, 3])) for row, id_ in enumerate(flat.ids)
    }
    axis = window.scatter.plot.getAxis("bottom").labelText
    assert axis == f"PC3 ({100 * study.compared.space.shares[2]:.1f} % of the variance)"
    assert window.told.text().startswith("12 cases with 5 landmarks")


def test_groups_are_parted_by_form_and_can_be_put_together(flat):
    window = flat.window
    assert window.grouping.currentText() == "Patient group"
    assert len(dots(window.scatter)) == 2
    assert len({item.opts["symbol"] for item in dots(window.scatter)}) == 2
    legend = window.scatter.plot.getPlotItem().legend
    assert [label.text for _, label in legend.items] == ["left (6)", "right (6)"]
    curves = len(window.scatter.plot.getPlotItem().curves)
    window.ellipses.setChecked(True)
    assert len(window.scatter.plot.getPlotItem().curves) == curves + 2
    choose(window.grouping, list(Grouping).index(Grouping.NOTHING))
    assert len(dots(window.scatter)) == 1
    assert not legend.isVisible()
    flat.comparing.refresh()  # what was chosen stays


def test_an_ellipse_holds_its_share_of_a_normal_distribution():
    generator = np.random.default_rng(1)
    places = generator.normal(size=(20000, 2)) @ [[2.0, 0.5], [0.0, 0.7]] + [3, 4]
    outline = concentration_ellipse(places)
    inverse = np.linalg.inv(np.cov(places.T))
    away = places - places.mean(axis=0)
    reach = outline[:-1] - places.mean(axis=0)
    radius = np.einsum("nd,de,ne->n", reach, inverse, reach)
    np.testing.assert_allclose(radius, radius[0])
    assert np.mean(np.einsum("nd,de,ne->n", away, inverse, away) < radius[0]) == pytest.approx(ELLIPSE_SHARE, abs=0.01)


def test_the_mouse_over_a_dot_is_told_the_case_and_a_click_leads_to_it(flat):
    window, outlier = flat.window, flat.ids[5]
    for figure in (window.scatter, window.distances):
        item, spot = next((item, spot) for item in dots(figure) for spot in item.points() if spot.data() == outlier)
        item.sigHovered.emit(item, [spot], None)
        assert figure.named == "case 05: outlier, possibly Nasion and Menton swapped"
        item.sigHovered.emit(item, [], None)
        assert figure.named == ""
        click(figure, outlier)
    click(window.scatter, flat.ids[0])
    assert flat.opened == [outlier, outlier, flat.ids[0]]


def test_a_real_click_on_a_dot_leads_to_its_case(flat, qtbot):
    window = flat.window
    window.tabs.setCurrentIndex(1)
    qtbot.waitExposed(window)
    for _ in range(2):  # axes make room for their figures when they are drawn, and the plot follows
        window.distances.grab()
        qtbot.wait(30)
    place = placed(window.distances)[flat.ids[5]]
    view = window.distances.plot
    on_screen = view.mapFromScene(view.getViewBox().mapViewToScene(QPointF(*place)))
    qtbot.mouseMove(view.viewport(), on_screen)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=on_screen)
    assert flat.opened == [flat.ids[5]]


def test_distances_stand_in_order_with_the_fence(flat):
    figure, compared = flat.window.distances, flat.comparing.study.compared
    places = placed(figure)
    for row, id_ in enumerate(flat.ids):
        assert places[id_][1] == pytest.approx(compared.alignment.distances[row])
        assert places[id_][0] == 1 + int((compared.alignment.distances < compared.alignment.distances[row]).sum())
    (fence,) = [item for item in figure.plot.getPlotItem().items if isinstance(item, pg.InfiniteLine)]
    assert fence.value() == pytest.approx(outlier_fence(compared.alignment))


def test_outliers_are_listed_with_what_may_be_wrong_and_a_click_leads_to_the_case(flat, qtbot):
    table = flat.window.outliers
    flat.window.tabs.setCurrentIndex(1)
    assert table.rowCount() == 1
    assert [table.item(0, column).text() for column in (0, 2)] == ["case 05", "possibly Nasion and Menton swapped"]
    told = []
    table.case_clicked.connect(lambda case_id, names: told.append((case_id, names)))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(table.item(0, 0)).center())
    assert told == [(flat.ids[5], ("Nasion", "Menton"))]
    assert flat.opened == [flat.ids[5]]


def test_all_cases_are_listed_by_figures_and_those_left_out_come_last(make):
    points = configurations(9)
    points[:, :, :] *= np.linspace(1.3, 0.5, 9)[:, None, None]
    points[4, 2] = np.nan
    one = make(points)
    table = one.window.cases
    titles = [table.horizontalHeaderItem(column).text() for column in range(table.columnCount())]
    assert titles == ["Case", "State", "Reader", "Centroid size (px)", "Distance", "Remark"]
    assert table.item(8, 5).text() == "left out: lacks Menton"
    table.sortItems(3)
    sizes = [table.item(row, 3).text() for row in range(9)]
    assert sizes[-1] == ""
    assert [float(size) for size in sizes[:-1]] == sorted(float(size) for size in sizes[:-1])
    assert table.item(0, 0).text() == "case 08"
    assert one.window.warning.text() == "1 case left out: case 04 (lacks Menton)."


def test_mirror_images_are_warned_of(make):
    points = configurations(9)
    points[6] *= [1, -1]
    one = make(points)
    assert "1 case is a mirror image of the others" in one.window.warning.text()
    assert "case 06" in one.window.warning.text()


def test_the_slider_moves_the_landmarks_along_the_component_and_the_grid_with_them(flat):
    tab, space = flat.window.deformation, flat.comparing.study.compared.space
    before = np.column_stack(tab.figure.grid_places)
    assert len(before) > 1000
    choose(tab.component, 1)
    tab.slider.setValue(20)
    assert tab.where.text() == "+2.0 SD"
    x, y = tab.figure.landmarks.getData()
    np.testing.assert_allclose(np.column_stack([x, y]), space.at(1, 2.0))
    after = np.column_stack(tab.figure.grid_places)
    np.testing.assert_array_equal(np.isnan(before), np.isnan(after))
    assert np.nanmax(np.abs(after - before)) > 0.01
    tab.mean.click()
    np.testing.assert_allclose(np.column_stack(tab.figure.grid_places), before, atol=1e-9)
    ways = np.linalg.norm(space.components[1], axis=1)
    assert tab.moved.text().startswith(f"Most moved along PC2: {NAMES[ways.argmax()]}")
    assert all(button.isHidden() for button in tab.sides)


def test_a_shape_in_space_is_seen_from_a_side_and_turns_with_the_mouse(make):
    one = make(configurations(10, ndim=3))
    tab, mean = one.window.deformation, one.comparing.study.compared.space.mean
    figure = tab.figure
    assert all(not button.isHidden() for button in tab.sides)
    assert len(figure.grid_places[0]) == 0
    front, _, above = tab.sides
    front.click()  # the patient's right is on the left, and above is up
    np.testing.assert_allclose(np.column_stack(figure.landmarks.getData()), mean[:, [0, 2]] * [1, -1], atol=1e-9)
    above.click()
    np.testing.assert_allclose(np.abs(np.column_stack(figure.landmarks.getData())), np.abs(mean[:, [0, 1]]), atol=1e-9)
    before = np.column_stack(figure.landmarks.getData())
    figure.plot.getViewBox().turned.emit(40.0, -25.0)
    after = np.column_stack(figure.landmarks.getData())
    assert np.abs(after - before).max() > 0.05
    depth_of = [np.sqrt(np.maximum((mean**2).sum(axis=1) - (places**2).sum(axis=1), 0)) for places in (before, after)]
    assert not np.allclose(*depth_of)  # it was turned in space, not in the plane


def test_a_drag_over_a_flat_shape_does_not_turn_it(flat):
    assert not flat.window.deformation.figure.plot.getViewBox().turns


@pytest.mark.parametrize("tab", [0, 1, 2])
def test_pictures_are_drawn_on_white_as_png_and_as_drawing(flat, tab, qtbot):
    window = flat.window
    window.tabs.setCurrentIndex(tab)
    assert window.save_picture.isEnabled()
    window.save_picture.click()
    qtbot.waitUntil(lambda: window.told.text() == "Saved picture.png.")
    picture = QImage(str(flat.picture))
    assert picture.width() == 2000
    assert picture.pixelColor(3, 3).name() == "#ffffff"
    colours = {picture.pixel(x, y) for x in range(0, 2000, 3) for y in range(0, picture.height(), 3)}
    assert len(colours) > 10
    flat.picture = flat.picture.with_suffix(".svg")
    window.save_picture.click()
    qtbot.waitUntil(lambda: window.told.text() == "Saved picture.svg.")
    drawing = flat.picture.read_text(encoding="utf-8")
    ElementTree.fromstring(drawing)
    assert "<image" not in drawing
    assert drawing.count("<path") + drawing.count("<polyline") + drawing.count("<circle") > 12
    assert flat.proposed[0] == ("shape-space.png", "procrustes-distances.png", "deformation.png")[tab]


def test_a_table_has_no_picture_and_tables_are_written(flat, tmp_path, qtbot):
    flat.window.tabs.setCurrentIndex(3)
    assert not flat.window.save_picture.isEnabled()
    flat.window.save_tables.click()
    qtbot.waitUntil(lambda: flat.window.told.text().startswith("Wrote shapes.csv"))
    assert (tmp_path / "tables" / "components.csv").is_file()


def test_what_cannot_be_compared_is_said_in_place_of_plots(make):
    one = make(configurations(2))
    assert one.window.told.text().startswith(
        "2 cases of 2 have a position of every landmark; to compare shapes takes 3."
    )
    assert one.window.tabs.isHidden()
    assert not one.window.save_tables.isEnabled()
    assert not one.window.save_picture.isEnabled()


def test_another_reader_is_compared(flat, qtbot):
    for id_, positions in zip(flat.ids, configurations(seed=8), strict=True):
        flat.desk.store(reading(id_, positions, BEN))
    flat.window.tabs.setCurrentIndex(1)
    flat.comparing.refresh()
    qtbot.waitUntil(lambda: not flat.comparing.comparing)
    window = flat.window
    assert [window.reader.itemText(row) for row in range(window.reader.count())][1:] == ["Anna", "Ben"]
    choose(window.reader, 2)
    qtbot.waitUntil(lambda: not flat.comparing.comparing)
    assert flat.comparing.reader == BEN
    assert "Nasion" not in [window.outliers.item(row, 2).text() for row in range(window.outliers.rowCount())]
    np.testing.assert_allclose(flat.comparing.study.compared.found.points, configurations(seed=8))
    flat.blind = True
    flat.comparing.forget()
    assert window.tabs.isHidden()
    assert (window.reader.currentText(), window.reader.isEnabled()) == (ANNA.name, False)


def test_it_is_told_that_readings_have_changed_and_who_comes_back_sees_them(flat, qtbot):
    flat.desk.store(reading(flat.ids[5], configurations()[5]))
    qtbot.waitUntil(lambda: "Readings have changed since" in flat.window.told.text())
    flat.window.tabs.setCurrentIndex(1)
    assert flat.window.outliers.rowCount() == 1
    flat.window.update_if_stale()
    qtbot.waitUntil(lambda: flat.window.outliers.rowCount() == 0)
    assert "changed" not in flat.window.told.text()


def test_the_open_case_is_marked(flat):
    figure = flat.window.scatter
    flat.window.mark_current(flat.ids[3])
    cross = next(
        item for item in figure.plot.getPlotItem().items if getattr(item, "opts", {}).get("symbol") == "crosshair"
    )
    x, y = cross.getData()
    assert (x[0], y[0]) == pytest.approx(placed(figure)[flat.ids[3]])
    flat.window.mark_current(None)
    assert len(cross.getData()[0]) == 0


def test_landmarks_on_a_line_have_a_deformation_without_a_grid(make):
    points = configurations(8)
    points[:, :, 1] = 0.5 * points[:, :, 0] + 3
    one = make(points)
    figure = one.window.deformation.figure
    assert isinstance(figure, DeformationFigure)
    assert len(figure.grid_places[0]) == 0
    assert len(figure.landmarks.getData()[0]) == len(NAMES)


def test_another_project_leaves_nothing_of_the_one_before(flat, tmp_path, qtbot):
    flat.desk.open(lambda: Project.create(tmp_path / "other.cairn"))
    qtbot.waitUntil(lambda: flat.window.tabs.isHidden())
    assert flat.window.outliers.rowCount() == 0


def test_a_tab_shows_the_comparison_that_there_is_when_it_is_looked_at(flat, qtbot):
    flat.desk.store(reading(flat.ids[5], configurations()[5]))
    flat.window.tabs.setCurrentIndex(0)
    flat.comparing.refresh()
    qtbot.waitUntil(lambda: not flat.comparing.comparing)
    flat.window.tabs.setCurrentIndex(1)
    assert flat.window.outliers.rowCount() == 0
    assert flat.window.distances.study is flat.comparing.study


@pytest.mark.parametrize("tab", [0, 1, 2])
def test_a_double_click_brings_everything_back_into_view(flat, tab, qtbot):
    flat.window.tabs.setCurrentIndex(tab)
    figure = (flat.window.scatter, flat.window.distances, flat.window.deformation.figure)[tab]
    figure.grab()
    before = figure.plot.getViewBox().viewRect()
    figure.plot.getViewBox().translateBy(x=10.0, y=3.0)
    figure.grab()
    assert not figure.plot.getViewBox().viewRect().intersects(before)
    view, left = figure.plot.viewport(), Qt.MouseButton.LeftButton
    qtbot.mouseDClick(view, left, pos=view.rect().center())
    qtbot.mouseRelease(view, left, pos=view.rect().center())
    figure.grab()
    assert figure.plot.getViewBox().viewRect().center().x() == pytest.approx(
        before.center().x(), abs=0.2 * before.width()
    )


def test_which_landmarks_count_is_asked_with_how_many_cases_lack_each(make, qtbot):
    points = configurations(8)
    points[:6, 4] = np.nan
    one = make(points)
    assert one.window.tabs.isHidden()
    choice = one.window._ask_landmarks()
    items = [choice.list.item(row) for row in range(5)]
    assert [item.text() for item in items] == [*NAMES[:4], "Porion  (lacking in 6 of 8)"]
    ok = choice.buttons.button(choice.buttons.StandardButton.Ok)
    for item in items[2:]:
        item.setCheckState(Qt.CheckState.Unchecked)
    assert not ok.isEnabled()
    choice.everyone.click()
    assert choice.without == frozenset()
    items[4].setCheckState(Qt.CheckState.Unchecked)
    ok.click()
    qtbot.waitUntil(lambda: one.window.tabs.isVisible())
    assert one.window.warning.text() == "Compared without Porion."
    assert one.window.told.text().startswith("8 cases with 4 landmarks")
    again = one.window._ask_landmarks()
    assert again.without == {"Porion"}
    again.reject()


def test_names_stand_beside_the_landmarks_unless_they_are_many_or_not_wanted(flat):
    tab = flat.window.deformation

    def shown():
        return [item.toPlainText() for item in tab.figure.plot.getPlotItem().items if isinstance(item, pg.TextItem)]

    tab.slider.setValue(20)
    assert set(NAMES) <= set(shown())
    tab.names.click()
    assert not set(NAMES) & set(shown())
    np.testing.assert_allclose(
        np.column_stack(tab.figure.landmarks.getData()), flat.comparing.study.compared.space.at(0, 2.0)
    )
    tab.show_study(flat.comparing.study)
    assert not tab.names.isChecked()


def test_another_theme_is_followed(flat, qapp):
    before = qapp.palette()
    try:
        for colours in (LIGHT, DARK):
            qapp.setPalette(palette(colours))
            qapp.processEvents()
            for tab, figure in enumerate((flat.window.scatter, flat.window.distances, flat.window.deformation.figure)):
                flat.window.tabs.setCurrentIndex(tab)
                picture = figure.grab().toImage()
                assert picture.pixelColor(2, 2).name() == colours.panel
                assert len(dots(figure)) >= 1
    finally:
        qapp.setPalette(before)


def test_cases_that_are_all_alike_have_plots_too(make, qtbot):
    one = make(np.repeat(configurations(1), 5, axis=0), groups=["a", "a", "a", "a", "b"])
    choose(one.window.grouping, list(Grouping).index(Grouping.PATIENT_GROUP))
    one.window.ellipses.setChecked(True)
    one.window.deformation.slider.setValue(30)
    for tab in range(4):
        one.window.tabs.setCurrentIndex(tab)
        one.window.grab()
    assert len(placed(one.window.scatter)) == 5
    assert one.window.outliers.rowCount() == 0
