"""The word that someone meant: the nearest of the words that the catalogue has."""

import re
from collections import defaultdict
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]{4,40}")


class Words:
    """The words of some texts, to be compared with a mistyped one."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: dict[str, int] = defaultdict(int)
        for text in texts:
            for word in _WORD.findall(text.lower()):
                self._counts[word] += 1
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word in self._counts:
            self._by_letter[word[0]].append(word)

    def nearest(self, typed: str) -> str | None:
        """The nearest word, the commonest of several; None if none is near, or if it is there as typed.

        One wrong, missing, added or swapped letter is allowed up to six letters, two beyond. Words that begin with
        another letter count only if the first two letters of either are swapped or one is missing.
        """
        typed = typed.lower()
        if len(typed) < 4 or len(typed) > 40 or typed in self._counts:
            return None
        most = 1 if len(typed) <= 6 else 2
        best: tuple[int, int, str] | None = None
        for letter in dict.fromkeys(typed[:2]):
            for word in self._by_letter.get(letter, ()):
                if abs(len(word) - len(typed)) > most:
                    continue
                far = distance(typed, word, most)
                if far <= most:
                    candidate = (far, -self._counts[word], word)
                    best = candidate if best is None else min(best, candidate)
        return None if best is None else best[2]


def distance(one: str, other: str, most: int) -> int:
    """How many letters must be changed, added, removed or swapped with their neighbor; `most` + 1 if more than `most`.

    https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance, the optimal string alignment.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
