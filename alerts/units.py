"""Numbers, units and names as a mechanic writes them."""

_TEXTS = {
    "Celsius": "°C",
    "percent": "%",
    "degrees": "°",
    "ratio": "",
    "m/s^2": "m/s²",
    "gear": "",
    "Ohm": "Ω",
    "kOhm": "kΩ",
}


def unit_text(unit: str) -> str:
    """The catalogue's unit as people write it."""
    return _TEXTS.get(unit, unit)


def quantity(value: float, unit: str) -> str:
    """`6.2 °C`: three significant digits, no sign of zero."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text or '0'} {unit_text(unit)}".rstrip()


def inner(text: str) -> str:
    """As it stands within a sentence: "Coolant pump" -> "coolant pump", "SCR" stays."""
    return text[:1].lower() + text[1:] if text[1:2] == text[1:2].lower() else text


def days_text(days: float) -> str:
    """`9 days`, `a day`, `5 hours`, `an hour`."""
    if days >= 1.5:
        return f"{days:.0f} days"
    hours = days * 24
    return "a day" if days >= 0.75 else f"{hours:.0f} hours" if hours >= 1.5 else "an hour"
