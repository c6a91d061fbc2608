"""Places and sizes as class names, digit by digit: the site's Content-Security-Policy lets no element bring a style.

`static/css/site/places.css` holds a rule for each digit, and adds them up.
"""


def left(percent: float) -> str:
    """Classes of a distance from the left edge, to a tenth of a percent: `l1-2 l2-3 l3-4` is 23.4 %."""
    return _percent("l", percent)


def width(percent: float) -> str:
    """Classes of a width, to a tenth of a percent."""
    return _percent("w", percent)


def pixels(count: int) -> str:
    """Classes of a picture's own width from 0 to 9,999 points."""
    digits = f"{min(max(count, 0), 9_999):04}"
    return " ".join(f"p{place}-{digit}" for place, digit in enumerate(digits, 1) if digit != "0")


def _percent(name: str, percent: float) -> str:
    tenths = round(min(max(percent, 0.0), 100.0) * 10)
    digits = ("10", "0", "0") if tenths == 1000 else tuple(f"{tenths:03}")
    return " ".join(f"{name}{place}-{digit}" for place, digit in enumerate(digits, 1) if digit != "0")
