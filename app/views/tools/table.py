"""The tools of a slice, in the order in which the sheet of keys and gestures lists what they do. No two take the same."""

from app.views.tools.looking import CrosshairTool, FitTool, LevelsTool, PanTool, ScrollTool, ZoomTool
from app.views.tools.marking import PickTool, PlaceTool, RulerTool, SelectTool
from app.views.tools.measuring import AngleTool, DistanceTool, HoldTool
from app.views.tools.tool import Tool

TOOLS: tuple[type[Tool], ...] = (
    SelectTool,
    PlaceTool,
    RulerTool,
    PickTool,
    HoldTool,
    DistanceTool,
    AngleTool,
    CrosshairTool,
    ScrollTool,
    ZoomTool,
    PanTool,
    LevelsTool,
    FitTool,
)
