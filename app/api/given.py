"""What the body of a request has to be like."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Body(BaseModel):
    """Nothing that we don't know, and no number for a truth or the other way round."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _whole(given: object) -> object:
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number; JSON knows no difference between 3 and 3.0."""
