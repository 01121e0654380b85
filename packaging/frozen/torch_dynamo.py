"""Stands in for `torch._dynamo` in the frozen application: what torch's optimizers ask of it where nothing is compiled.

They import it for two things: to keep torch's compiler out of a function, and to tell it where to stop. The real one brings the
compiler, sympy and ONNX, some 800 modules; nothing here is ever compiled, so both come to nothing. Knows nothing else.
"""

from collections.abc import Callable
from typing import TypeVar

_Function = TypeVar("_Function", bound=Callable[..., object])


def disable(fn: _Function, recursive: bool = True, *, reason: str | None = None, wrapping: bool = True) -> _Function:  # noqa: ARG001
    """Return ``fn``, which no compiler sees anyway."""
    return fn


def graph_break(msg: str = "") -> None:
    """Do nothing: there is no graph."""
