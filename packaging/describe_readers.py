"""Writes assets/readers/cephalometric-19.toml: how far two doctors differ on the training films of the ISBI 2015 challenge.

Takes the folder of the data set, reads their positions on the 150 training films, and nothing of its test films. Run by hand;
what it writes is data of the project, the positions themselves are not.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import tomli_w

from app.desk.project_spread import face_frame
from core.landmark_files.file import read_landmarks
from core.measuring.reader_spread import spread_of
from core.measuring.scatter import Scatter
from core.schemes.file import read_scheme
from core.values.landmarks import Landmarks

SCHEME = "cephalometric-19"
FILMS = 150
MM_PER_PX = 0.1
TABLE = Path(__file__).resolve().parent.parent / "assets" / "readers" / f"{SCHEME}.toml"
ABOUT = (
    "Dahlberg's error of two medical doctors who each marked the 150 training films of the ISBI 2015 challenge (0.1 mm per "
    "pixel), to the front and upwards, and the correlation between both. It holds what differs in their definitions, most of "
    "all at soft tissue pogonion. Written by packaging/describe_readers.py; C.-W. Wang et al., Medical Image "
    "Analysis 31, 2016; C. Lindner et al., Scientific Reports 6, 2016."
)


def table(data: Path) -> dict[str, object]:
    """Return what stands in the table, from the folder ``cephalometric`` of the data set."""
    names = read_scheme(SCHEME).names
    cases = [
        [
            Landmarks(
                names, MM_PER_PX * read_landmarks(data / doctor / f"{film:03d}.txt", names=names, ndim=2).points_mm
            )
            for doctor in ("400_senior", "400_junior")
        ]
        for film in range(1, FILMS + 1)
    ]
    spread_mm = {
        name: {key: round(figure, 2) for key, figure in asdict(scatter).items()}
        for name, scatter in spread_of(cases, (), face_frame).spread_mm.items()
        if isinstance(scatter, Scatter)
    }
    return {"readers": f"two doctors, {FILMS} films", "about": ABOUT, "spread_mm": spread_mm}


if __name__ == "__main__":
    TABLE.write_text(tomli_w.dumps(table(Path(sys.argv[1]))), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{TABLE} is written.\n")
