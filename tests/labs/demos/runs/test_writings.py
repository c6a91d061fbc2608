"""Known texts are found in others, however many are known and however they overlap."""

from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.demos.runs.writings import TELLING, Writings

WORDS = st.text("ab", min_size=4, max_size=14)


def label(value: str) -> str:
    return f"<{value}>"


@given(st.lists(WORDS, max_size=60, unique=True), st.text("ab", max_size=80))
def test_no_known_text_stays(known: list[str], text: str) -> None:
    left = Writings((word, "x") for word in known).replaced(text, label)
    for part in left.split("<x>"):
        assert not any(word in part for word in known)


@given(st.integers(0, 100), st.integers(TELLING, 19))
def test_a_cut_off_text_is_found_by_its_beginning(others: int, length: int) -> None:
    secret = "Sesame-open-yourself"
    pairs = [(secret, "s"), *((f"another-{number:04}", "o") for number in range(others))]
    for end in ("", "…"):
        assert Writings(pairs).replaced(f"say {secret[:length]}{end}", label) == f"say <s>{end}"
    assert Writings(pairs).replaced(f"say {secret[: TELLING - 1]}", label) == f"say {secret[: TELLING - 1]}"


def test_thousands_of_known_texts_are_found_in_one_pass() -> None:
    known = [f"{number:04}-one-time-key" for number in range(5_000)]
    text = " ".join(known)
    left = Writings((word, word[:4]) for word in known).replaced(text, label)
    assert left == " ".join(label(word[:4]) for word in known)
