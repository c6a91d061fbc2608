"""How wide the diagrams' labels are and where they break: the server draws, so it cannot ask a browser."""

_WIDTHS = {
    0.26: " `'ijl|,.I",
    0.32: "!/:;\\ft-[]r",
    0.38: "(){}",
    0.48: '"*_vyz$s17ckx',
    0.54: "02345689JLaeghnu#?FbdopqT",
    0.62: "SZ+<=>EPV^~ABKXYCRU",
    0.68: "&DHNwGOQ",
    0.86: "Mm%W@",
}
"""Advance widths of Archivo at its label width and weight 600, in ems, rounded up by class of letter."""

_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_UNKNOWN = 0.6


def text_width(text: str, size: float) -> float:
    """Width in the units of `size` (the font size), never less than the drawn one."""
    return sum(_WIDTH_OF.get(letter, _UNKNOWN) for letter in text) * size


def wrap(text: str, size: float, width: float, most: int) -> list[str]:
    """`text` in at most `most` lines, none wider than `width` if that can be; the last takes what is left."""
    words = text.split()
    lines: list[str] = []
    while words:
        line = words.pop(0)
        while words and (len(lines) == most - 1 or text_width(f"{line} {words[0]}", size) <= width):
            line = f"{line} {words.pop(0)}"
        lines.append(line)
    return lines


def balanced(text: str, size: float, most: int) -> list[str]:
    """`text` in at most `most` lines with the widest of them as narrow as can be."""
    words = text.split()
    if len(words) < 2 or most < 2:
        return [text] if text else []
    splits = ([" ".join(words[:cut]), *balanced(" ".join(words[cut:]), size, most - 1)] for cut in range(1, len(words)))
    return min(splits, key=lambda lines: max(text_width(line, size) for line in lines))
