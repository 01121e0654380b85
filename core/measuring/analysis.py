"""An analysis: named measurements with definition, source and norms, as a data file says it; never free code.

Values only, checked on construction: every symbol has a landmark, units go together, no measurement builds on itself. Reading
and writing files is `file`'s business, computing `measure`'s.
"""

from collections.abc import Iterator
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.measuring.constructions import Malformed
from core.measuring.quantities import Quantity, read_quantity

SCHEMA_VERSION = 1
LARGEST_ANALYSIS = 500
"""Measurements of one analysis at most."""

OneLine = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(max_length=4000)]
Pair = tuple[Key, Key]


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Norm(_Value):
    """What is usual in a population.

    Attributes
    ----------
    mean, sd
        Mean and standard deviation, in the measurement's unit.
    low, high
        The usual range, where a source gives a range instead.
    population, age, sex
        Whose norm it is, in words; empty where the source does not say.
    source
        Where the norm is published, where it is not the measurement's own source.
    """

    mean: float | None = None
    sd: Annotated[float, Field(gt=0)] | None = None
    low: float | None = None
    high: float | None = None
    population: OneLine = ""
    age: OneLine = ""
    sex: OneLine = ""
    source: OneLine = ""

    @model_validator(mode="after")
    def _says_something(self) -> "Norm":
        if self.mean is None and (self.low is None or self.high is None):
            raise ValueError("a norm has a mean, with an SD where it is known, or low and high")
        if self.sd is not None and self.mean is None:
            raise ValueError("an SD needs a mean")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low ({self.low:g}) is above high ({self.high:g})")
        return self

    @property
    def range(self) -> tuple[float, float] | None:
        """The usual range: as given, or a standard deviation to both sides of the mean; None where neither is known."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return None if self.mean is None or self.sd is None else (self.mean - self.sd, self.mean + self.sd)


class ValueClass(_Value):
    """A class that a value can belong to: ``from`` … ``to`` with both ends, ``above`` or ``below`` without.

    The first class of a measurement that fits counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    name: Key
    from_: float | None = Field(default=None, alias="from")
    to: float | None = None
    above: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        """Return whether ``value`` belongs to it."""
        return (
            (self.from_ is None or value >= self.from_)
            and (self.to is None or value <= self.to)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


class Measurement(_Value):
    """One measurement.

    Attributes
    ----------
    key
        What other measurements and tables call it: “SNA”.
    title
        What a person reads; the key where empty.
    how
        The quantity, as `quantities.read_quantity` reads it.
    definition
        What it is, in words.
    source
        Where it is defined and, unless the norms say otherwise, where these come from.
    checked
        With what else definition, sign and norms were compared, and what differed there; empty where nothing was found.
    group
        Under what heading it stands.
    decimals
        Digits after the point that are shown.
    norms
        What is usual; the first one counts unless another population is chosen.
    large, small
        What a value far above, or below, the norm is called: “upper jaw forward”.
    classes
        What its values are classed as.
    hidden
        True for what other measurements build on and nobody reads.
    """

    key: Key
    title: OneLine = ""
    how: dict[str, Any]
    definition: Text = ""
    source: OneLine = ""
    checked: OneLine = ""
    group: OneLine = ""
    decimals: Annotated[int, Field(ge=0, le=6)] = 1
    norms: tuple[Norm, ...] = ()
    large: OneLine = ""
    small: OneLine = ""
    classes: tuple[ValueClass, ...] = ()
    hidden: bool = False

    @property
    def name(self) -> str:
        """What a person reads."""
        return self.title or self.key

    def class_of(self, value: float) -> str:
        """Return the name of the class that ``value`` belongs to, empty where there is none."""
        return next((one.name for one in self.classes if one.holds(value)), "")


class Tracing(_Value):
    """A line that is drawn through landmarks.

    Attributes
    ----------
    kind
        ``plane`` is a straight line that goes on a little beyond its two ends, ``outline`` joins landmarks by straight lines,
        ``soft tissue`` is an outline of the soft tissue.
    through
        Symbols of the landmarks, in order.
    """

    title: OneLine
    kind: Literal["plane", "outline", "soft tissue"] = "plane"
    through: Annotated[tuple[Key, ...], Field(min_length=2)]


class Analysis(_Value):
    """A set of measurements that belong together.

    Attributes
    ----------
    name
        What commands call it; the file's name without suffix.
    title
        What a person calls it.
    ndim
        Rank of the images it belongs to, 2 or 3.
    source
        The publication of the analysis as a whole.
    about
        What it is for, and what it leaves out.
    landmarks
        For each symbol the names under which a landmark set may hold it: the scheme's name first.
    anterior, superior
        Pairs of symbols that lead to the front, and upwards: the first known pair of each says how the image lies. Needed
        where a measurement has a sign.
    axes
        What “anterior” is: where these pairs lead (``landmarks``), so that a turned picture gives the same numbers, or along
        the rows of the image (``image``), where a publication reckons so; the pairs then only say whether it is mirrored.
    readers
        Name of the table in ``assets/readers`` that says how far readers of these landmarks differ, where a project does not;
        empty for none.
    tracing
        What is drawn.
    measurements
        In the order in which they are shown.
    """

    schema_version: Literal[1] = 1
    name: Key
    title: OneLine
    ndim: Literal[2, 3]
    source: OneLine = ""
    about: Text = ""
    landmarks: dict[Key, tuple[Key, ...]]
    anterior: tuple[Pair, ...] = ()
    superior: tuple[Pair, ...] = ()
    axes: Literal["landmarks", "image"] = "landmarks"
    readers: Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9-]*$")] = ""
    tracing: tuple[Tracing, ...] = ()
    measurements: Annotated[tuple[Measurement, ...], Field(min_length=1, max_length=LARGEST_ANALYSIS)]

    @field_validator("landmarks", mode="before")
    @classmethod
    def _listed(cls, raw: Any) -> Any:
        """Let one name stand for a list of one."""
        return (
            {key: (names,) if isinstance(names, str) else names for key, names in raw.items()}
            if isinstance(raw, dict)
            else raw
        )

    @model_validator(mode="after")
    def _consistent(self) -> "Analysis":
        keys = [measurement.key for measurement in self.measurements]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"two measurements are called {twice}")
        self._require_known("the directions", (symbol for pair in (*self.anterior, *self.superior) for symbol in pair))
        for line in self.tracing:
            self._require_known(f"the tracing {line.title}", line.through)
        for key, quantity in self.quantities.items():
            self._require_known(f"the measurement {key}", quantity.symbols())
            foreign = next((other for other in quantity.others() if other not in keys), None)
            if foreign is not None:
                raise ValueError(f"the measurement {key} builds on {foreign}, which is not there")
            if quantity.needs_frame() and not (self.anterior and self.superior):
                raise ValueError(
                    f"the measurement {key} has a sign, so the analysis must say what is anterior and superior"
                )
        _ = self.units
        return self

    def _require_known(self, what: str, symbols: Iterator[str] | tuple[str, ...]) -> None:
        for symbol in symbols:
            if symbol not in self.landmarks:
                known = ", ".join(self.landmarks)
                raise ValueError(f"{what} needs a landmark {symbol}, which is not among {known}")

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """How each measurement is computed, by key."""
        read = {}
        for measurement in self.measurements:
            try:
                read[measurement.key] = read_quantity(measurement.how, self.ndim)
            except Malformed as error:
                raise ValueError(f"the measurement {measurement.key} is wrong: {error}") from error
        return read

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The keys in an order in which each measurement comes after those that it builds on."""
        graph = {key: set(quantity.others()) for key, quantity in self.quantities.items()}
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise ValueError(f"measurements build on each other in a circle: {' → '.join(error.args[1])}") from error

    @cached_property
    def units(self) -> dict[str, str]:
        """Unit of each measurement, by key."""
        units: dict[str, str] = {}
        for key in self.order:
            try:
                units[key] = self.quantities[key].unit(units)
            except Malformed as error:
                raise ValueError(f"the measurement {key} is wrong: {error}") from error
        return units

    def needs_frame(self, key: str) -> bool:
        """Return whether the sign of a measurement, or of one that it builds on, depends on how the image lies."""
        quantity = self.quantities[key]
        return quantity.needs_frame() or any(map(self.needs_frame, quantity.others()))

    @cached_property
    def _symbols(self) -> dict[str, tuple[str, ...]]:
        """Symbols of each measurement by key: asked of every measurement at each move of a landmark."""
        found: dict[str, tuple[str, ...]] = {}
        for key in self.order:
            symbols = dict.fromkeys(self.quantities[key].symbols())
            for other in self.quantities[key].others():
                symbols |= dict.fromkeys(found[other])
            found[key] = tuple(symbols)
        return found

    def symbols_of(self, key: str) -> tuple[str, ...]:
        """Return the symbols of all landmarks that a measurement needs, also through others, each once."""
        return self._symbols[key]
