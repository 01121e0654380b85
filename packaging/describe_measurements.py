"""Writes docs/measurements.md: every measurement of the bundled analyses with definition, unit, norms and source.

All of it comes from the data files in assets/analyses; nothing is said of a measurement here that does not stand there.
"""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from core.measuring.analysis import Analysis, Measurement, Norm, ValueClass
from core.measuring.file import bundled_analyses
from core.schemes.file import read_scheme

PAGE = Path(__file__).resolve().parent.parent / "docs" / "measurements.md"
MODELS_LANDMARKS = "cephalometric-19"
"""The scheme whose landmarks a bundled model finds on X-rays."""
NOT_COMPARED = "not compared"
INTRODUCTION = """\
# Measurements

Every measurement of the analyses that come with Cairn, made of the files in `assets/analyses` by
`.venv/bin/python packaging/describe_measurements.py`: change those, not this page. How to measure, and what an analysis of
your own may say: [measuring.md](measuring.md).

Signs hold for a face however it lies in the image: forward is to the side of the nose. A norm that reads “82 ± 2” is mean and
standard deviation, “62 to 65” the usual range. A norm holds for the people of whom it was taken, and for lengths also for
the enlargement of their films. Short names in the column of sources stand for the source above the table. None of this is a
diagnosis.

**Compared with** says what else definition, sign and norms were held against, and what stands otherwise there. Few of the
publications themselves were at hand: mostly it is programs and papers that cite them, so agreement means that others read the
publication alike. Where nothing was found, definition and norms are to be held against the publication before anybody relies
on them. The short names:

| | |
| --- | --- |
| Digital Crown | *Cartographie scientifique globale des analyses*, 2026: the notes of an open program \
(github.com/hraaaaf/Digital_crown) from the publications of Steiner, Tweed, McNamara and Ricketts |
| WebCeph | github.com/Ryoichi916/WebCeph, `src/analyses` at 40c9178, which names the publication of each figure |
| YomCeph | github.com/yomismtz/-ngulos-cefalometricos: its tables of reference values and its audit of references, 2026 |
| Cephalometric | github.com/alexcorvi/cephalometric, `src/literature/analysis` |
| Downs 1956 | W. B. Downs, Analysis of the dentofacial profile, Angle Orthodontist 26, which repeats the figures of 1948, \
in the digest slideshare.net/slideshow/downs-analysis-51555621 |
| Progress in Orthodontics 2016 | doi 10.1186/s40510-016-0147-8, table 2, after Kim 1974 and Kim and Vietas 1978 |
| PMC6562227 | table 1 of that article, definitions of soft tissue measurements |
| Wang 2016 | the benchmark of the analysis `isbi-2015` |
| analyzeceph.com, ortho-analyser.com | pages on the analyses of Jarabak, and on the Eastman correction |
"""


def page() -> str:
    """Return the text of the page."""
    return "\n".join(chain([INTRODUCTION], *map(_analysis, bundled_analyses())))


def _analysis(analysis: Analysis) -> Iterator[str]:
    yield f"## {analysis.title} (`{analysis.name}`)\n"
    yield f"{_full(analysis.about)}\n"
    yield f"Source: {_full(analysis.source)}\n"
    shown = [one for one in analysis.measurements if not one.hidden]
    yield "| measurement | definition | unit | norm | source | compared with |\n| --- | --- | --- | --- | --- | --- |"
    for one in shown:
        compared = one.checked or NOT_COMPARED
        cells = (_name(one), _definition(analysis, one), analysis.units[one.key], _usual(one), one.source, compared)
        yield f"| {' | '.join(map(_cell, cells))} |"
    yield ""
    found = read_scheme(MODELS_LANDMARKS).names
    needed = dict.fromkeys(symbol for one in shown for symbol in analysis.symbols_of(one.key))
    lacking = [symbol for symbol in needed if not set(analysis.landmarks[symbol]) & set(found)]
    if lacking:
        named = ", ".join(f"{analysis.landmarks[symbol][0]} ({symbol})" for symbol in lacking)
        yield f"Not found by the bundled model, so to be placed by a person or another model: {named}.\n"


def _name(one: Measurement) -> str:
    return f"**{one.name}**" if one.name == one.key else f"**{one.name}** (`{one.key}`)"


def _definition(analysis: Analysis, one: Measurement) -> str:
    needs = f"Needs {', '.join(analysis.symbols_of(one.key))}."
    words = "; ".join(f"{which}: {said}" for which, said in (("large", one.large), ("small", one.small)) if said)
    return " ".join(
        part for part in (one.definition, f"{words[0].upper()}{words[1:]}." if words else "", needs) if part
    )


def _usual(one: Measurement) -> str:
    return "; ".join((*map(_norm, one.norms), *map(_class, one.classes)))


def _norm(norm: Norm) -> str:
    if norm.mean is None:
        said = f"{_number(norm.low)} to {_number(norm.high)}"
    else:
        said = _number(norm.mean) + ("" if norm.sd is None else f" ± {_number(norm.sd)}")
    whose = ", ".join(part for part in (norm.population, norm.age, norm.sex) if part)
    return " ".join(
        part for part in (said, f"({whose})" if whose else "", f"[{norm.source}]" if norm.source else "") if part
    )


def _class(one: ValueClass) -> str:
    limits = (("above", one.above), ("below", one.below), ("from", one.from_), ("to", one.to))
    return f"{one.name}: {' '.join(f'{word} {_number(limit)}' for word, limit in limits if limit is not None)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}".replace("-", "−")


def _full(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{PAGE} is written.\n")
