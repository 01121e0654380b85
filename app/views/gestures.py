"""What can be done with the mouse, or by keys in the image, as the sheet of keys and gestures lists it.

Derived from the tools and the 3D view, which say themselves what they do. The counterpart of `actions`.
"""

from app.views import nudging
from app.views.scene_view import SceneView
from app.views.tools.table import TOOLS
from app.views.tools.tool import Gesture

GESTURES: tuple[Gesture, ...] = (
    *(gesture for tool in TOOLS for gesture in tool.gestures),
    *SceneView.gestures,
    nudging.GESTURE,
    Gesture("F2 or double-click in the table", "Type a position"),
    Gesture("Hold H", "Hide landmarks, vectors and crosshair"),
)
