"""Numbers and names in sentences to people."""

from collections.abc import Sequence

_LISTED = 8


def counted(count: int, what: str, many: str = "") -> str:
    """Return ``1 case`` or ``2 cases``; ``many`` is the plural of a word whose plural does not just end in s."""
    return f"{count} {what if count == 1 else many or f'{what}s'}"


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """Return names for a sentence, the first of them where they are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
