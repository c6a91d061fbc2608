"""Many patterns made of the few that there are, for benchmarks: content that is valid and nowhere twice the same.

Each copy has a number, and that number is in its slug and title, in the ids of its resources wherever they stand, in
the labels of its diagram, in every paragraph of its prose, every comment and every function of its code. So no cache
that goes by text can spare the work that a pattern of its own would be. The same arguments make the same bytes.

    python -m tests.bench.many_patterns 1000 FOLDER
"""

import multiprocessing
import os
import re
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import django

from tests.support.site import ROOT

CONTENT = ROOT / "patterns_content"
RECORDED = "recorded.json"
_LOGICAL_ID = re.compile(r"^  ([A-Z][a-z]+[A-Z]\w*):$", re.MULTILINE)
"""A resource whose name has two words: a name of one could be a property's as well."""
_OUTPUTS = {"SocketEndpoint"}
"""Names of outputs that labs look for: they are the same in every template."""
_MADE_BY_SAM = ("Role", "DeadLetters")
_BLOCK = re.compile(r"^( *)(- )?((?:\w+): >-)\n( +)", re.MULTILINE)
_LINE = re.compile(r"^( *(?:- )?(?:title|summary|question|answer|change): )([A-Z][^\"'>|{}\[\]#:\n]*)$", re.MULTILINE)
_LABEL = re.compile(r"(\{id: \w+,[^\n]*?\blabel: )([^,\"{}\n]+)(, at:)")
_COMMENT = re.compile(r"^( *# \w.*)$", re.MULTILINE)
_REGION = re.compile(r"^ *# (region|endregion)\b")
_DEFINITION = re.compile(r"^( *(?:async )?def .*:|\) -> .*:|[a-zA-Z_]\w* = [^#\n]*[^\\(\[{,\n])$", re.MULTILINE)
"""A function, or a name given in a module."""


@dataclass(frozen=True)
class Copy:
    source: Path
    number: int
    slugs: Mapping[str, str]
    """The copy to which a link to one of the originals leads."""

    @property
    def slug(self) -> str:
        return slug_of(self.source.name, self.number)

    def write(self, into: Path) -> None:
        """Write the copy's folder. Raises ValueError if it cannot be read as a pattern."""
        from catalogue.patterns.cloudformation.template import read_template
        from catalogue.patterns.content.pattern import read_pattern
        from catalogue.patterns.services.api_gateway.deployments import stamped

        folder = into / self.slug
        for file in sorted(self.source.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                target = folder / file.relative_to(self.source)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(self._varied(file), "utf-8")
        for name in ("template.yaml", "naive.yaml"):
            if (template := folder / name).exists():  # the copy's API has names of its own, and so has its deployment
                template.write_text(stamped(read_template(template, template.read_text("utf-8"))), "utf-8")
        pattern, errors = read_pattern(folder)
        if pattern is None:
            raise ValueError("\n".join(str(error) for error in errors))
        recorded = folder / RECORDED
        if recorded.exists():
            # The recording is of the original: it becomes the copy's with the hash of what that is made of.
            text = re.sub(
                r'("run_hash": ")[0-9a-f]+', rf"\g<1>{pattern.run_hash}", recorded.read_text("utf-8"), count=1
            )
            recorded.write_text(text, "utf-8")

    def _varied(self, file: Path) -> str:
        text = self._renamed(file.read_text("utf-8"))
        match file.suffix:
            case ".md":
                return self._prose(text)
            case ".yaml":
                return self._yaml(text)
            case ".py":
                return self._numbered(_COMMENT, _DEFINITION.sub(rf"\1  # {self.slug}", text))
        return text

    def _renamed(self, text: str) -> str:
        ids = set()
        for template in ("template.yaml", "naive.yaml"):
            if (self.source / template).exists():
                ids.update(_LOGICAL_ID.findall((self.source / template).read_text("utf-8")))
        ids -= _OUTPUTS
        if ids:
            longest_first = "|".join(sorted(ids, key=lambda id: (-len(id), id)))
            made = "|".join(_MADE_BY_SAM)
            text = re.sub(rf"(?<![\w:.-])({longest_first})({made})?\b", rf"\g<1>{self.number}\g<2>", text)
        originals = "|".join(sorted(self.slugs, key=len, reverse=True))
        own = rf'("pattern": "|/patterns/|\bpattern: )({originals})(?![\w-])'
        return re.sub(own, lambda found: found[1] + self._target(found[2]), text)

    def _target(self, original: str) -> str:
        return self.slug if original == self.source.name else self.slugs[original]

    def _prose(self, text: str) -> str:
        front, body = text.removeprefix("---\n").split("\n---\n", 1)
        front = re.sub(r"^aliases: .*\n", "", front, flags=re.MULTILINE)  # an old name leads to the original alone
        paragraphs = body.split("\n\n")
        fenced = False
        for place, paragraph in enumerate(paragraphs):
            plain = not fenced and re.match(r"[\w*`\"(-]|\[[^\[]", paragraph)
            paragraphs[place] = re.sub(
                r"^```yaml\n", rf"\g<0># Copy{self.number}.{place}\n", paragraph, flags=re.MULTILINE
            )
            fenced ^= paragraph.count("```") % 2 == 1
            if plain and "```" not in paragraph:
                paragraphs[place] += (
                    f"Copy{self.number}.{place}."  # one word with the last, so that no page grows too long
                )
        return f"---\n{self._yaml(front + '\n').rstrip('\n')}\n---\n" + "\n\n".join(paragraphs)

    def _yaml(self, text: str) -> str:
        text = _BLOCK.sub(rf"\1\2\3\n\4Number {self.number}:\n\4", text)
        text = _LINE.sub(rf"\1\2 {self.number}", text)
        text = _LABEL.sub(rf"\1\2 {self.number}\3", text)
        return self._numbered(_COMMENT, text)

    def _numbered(self, lines: re.Pattern[str], text: str) -> str:
        return lines.sub(lambda found: found[0] if _REGION.match(found[0]) else f"{found[0]} ({self.number})", text)


def make(count: int, into: Path, content: Path = CONTENT) -> list[Path]:
    """Write `count` patterns into the folder, on all cores; their folders, in the order in which they were made."""
    copies = [copy_of(index, count, content) for index in range(count)]
    into.mkdir(parents=True, exist_ok=True)
    write: Callable[[Copy], None] = partial(Copy.write, into=into)
    # Fresh processes: whoever calls may have threads, and a copy of those is not safe.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=context, initializer=_ready) as pool:
        list(pool.map(write, copies, chunksize=4))
    return [into / copy.slug for copy in copies]


def copy_of(index: int, count: int, content: Path = CONTENT) -> Copy:
    """The copy at this place of `count`. Its links lead to copies that are among them too."""
    sources = sorted(folder for folder in content.iterdir() if (folder / "pattern.md").exists())
    if count < len(sources):
        raise ValueError(f"At least {len(sources)} patterns are needed, so that every link leads somewhere.")
    number = index // len(sources) + 1
    there = {
        source.name: slug_of(source.name, number if (number - 1) * len(sources) + place < count else number - 1)
        for place, source in enumerate(sources)
    }
    return Copy(sources[index % len(sources)], number, there)


def slug_of(original: str, number: int) -> str:
    return f"{original}-{number}"


def _ready() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
    django.setup()


if __name__ == "__main__":
    made = make(int(sys.argv[1]), Path(sys.argv[2]))
    print(f"{len(made)} patterns in {sys.argv[2]}")
