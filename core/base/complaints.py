"""What pydantic finds wrong with a file, as a phrase that fits into a sentence to a person."""

from typing import Any

from pydantic import ValidationError


def first_complaint(error: ValidationError) -> str:
    """Say in one phrase what pydantic found wrong: a misspelt key before the missing one that it causes."""
    complaints: Any = error.errors()
    details = next((c for c in complaints if c["type"] == "extra_forbidden"), complaints[0])
    where = ".".join(str(part) for part in details["loc"])
    if details["type"] == "extra_forbidden":
        return f"there is no key {where}"
    if details["type"] == "missing":
        return f"the key {where} is missing"
    return f"{where}: {details['msg']}" if where else str(details["msg"])
