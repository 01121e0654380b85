"""Marks a field in which something is wrong, with the sentence that says what."""

from PySide6.QtWidgets import QWidget


def mark(field: QWidget, sentence: str) -> None:
    """Mark a field as wrong and say why in its tip; an empty sentence takes the mark away."""
    is_wrong = bool(sentence)
    if is_wrong != bool(field.property("wrong")):
        field.setProperty("wrong", is_wrong)
        field.style().unpolish(field)  # the style sheet looks at the property only then
        field.style().polish(field)
    if is_wrong:
        field.setToolTip(sentence)
        field.setAccessibleDescription(sentence)
    elif field.accessibleDescription():
        field.setToolTip("")
        field.setAccessibleDescription("")


def is_marked(field: QWidget) -> bool:
    """Tell whether something is wrong in a field."""
    return bool(field.property("wrong"))
