from itertools import product

import pytest
from PySide6.QtCore import QPoint, Qt

from app.session.free_measuring import Handle
from app.session.view_state import Mode
from app.views.gestures import GESTURES
from app.views.tools.table import TOOLS
from app.views.tools.tool import Act, Pointer
from core.values.landmarks import Landmarks
from tests.support.viewer_fixtures import make_image

BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton)


def pointers():
    """Everything that the mouse can do."""
    handles = (None, Handle("u", 0), Handle("u", None))
    for act, shift, ctrl, name, handle in product(Act, (False, True), (False, True), (None, "a"), handles):
        for button in BUTTONS if act in (Act.PRESS, Act.DOUBLE_CLICK) else (Qt.MouseButton.NoButton,):
            yield Pointer(act, (5.0, 5.0), (5.0, 5.0), QPoint(), name, button, shift=shift, ctrl=ctrl, handle=handle)


@pytest.mark.parametrize("shape", [(80, 60), (10, 80, 60)])
@pytest.mark.parametrize("mode", list(Mode))
def test_no_two_tools_take_the_same_and_every_press_and_wheel_is_taken(controller, mode, shape):
    image = make_image(shape)
    controller.document.set_image(image, Landmarks((), [[]] * 0), None)
    controller.view_state.mode = mode
    tools = [make(controller, None) for make in TOOLS]
    for pointer in pointers():
        takers = [type(tool).__name__ for tool in tools if tool.takes(pointer)]
        assert len(takers) <= 1, f"{pointer} is taken by {takers}"
        if pointer.act in (Act.PRESS, Act.WHEEL):
            assert takers, f"nobody takes {pointer}"


def test_every_mode_has_one_tool():
    assert sorted(tool.mode for tool in TOOLS if tool.mode is not None) == sorted(Mode)


def test_the_sheet_lists_what_every_tool_says_of_itself():
    for tool in TOOLS:
        assert set(tool.gestures) <= set(GESTURES)
        assert tool.gestures or tool.banner is not tool.__mro__[-2].banner, "neither the sheet nor a banner explains it"
    assert len(set(GESTURES)) == len(GESTURES)
    assert any("Arrow keys" in gesture.what and "frame" in gesture.what for gesture in GESTURES)
