"""An analysis of the landmarks that the stand-in for the model finds, in 2D and in 3D."""

from pathlib import Path

OWN_ANALYSIS = """
name = "own"
title = "My own"
ndim = 2
source = "A test, 2026"

[landmarks]
S = ["Sella", "S"]
N = "Nasion"
Me = "Menton"
Go = "Gonion"
Ba = "Basion"

[[tracing]]
title = "Base"
through = ["S", "N"]

[[tracing]]
title = "Polygon"
kind = "outline"
through = ["S", "N", "Ba", "Me", "Go"]

[[tracing]]
title = "Profile"
kind = "soft tissue"
through = ["N", "Me"]

[[measurements]]
key = "SNMe"
title = "Angle at nasion"
how = { angle = ["S", "N", "Me"] }
definition = "The angle at nasion."
norms = [{ mean = 150, sd = 10, population = "adults" }, { mean = 179, sd = 2, population = "children" }]
large = "long face"
small = "short face"
classes = [{ name = "low", below = 170 }, { name = "high", from = 170 }]

[[measurements]]
key = "S–N"
how = { distance = ["S", "N"] }

[[measurements]]
key = "Ba–N"
how = { distance = ["Ba", "N"] }

[[measurements]]
key = "share"
title = "Share of the gap"
how = { percent = [{ distance = ["S", "N"] }, "gap"] }

[[measurements]]
key = "gap"
how = { offset = "Go", from = ["S", "N"] }
hidden = true
"""


def write_own(folder: Path, *, ndim: int = 2, name: str = "own.toml") -> Path:
    """Write the analysis, for images of a rank."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(OWN_ANALYSIS.replace("ndim = 2", f"ndim = {ndim}"), encoding="utf-8")
    return path
