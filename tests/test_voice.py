"""The voice of everything that people read: the phrases of the project's style table that must not come back."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("autograd_lite", "nn", "tests", "notebooks")
KINDS = {".py", ".js", ".css", ".ipynb", ".md"}

PHRASES = {
    r"\bgiv(?:es|ing)\b|\bmust give\b|\bwhat \S+ gave\b": "returns (functions), is (values)",
    r"(?<!there\s)\b(?:is|are|was|were) no (?!longer\b|more\b|one\b|different\b|better\b)[a-z]": "is not a ...",
    r"\bwhole numbers?\b": "integer",
    r"\bsuch as\b": "for example, like",
    r"\bthose of\b": "name the thing again, or the possessive",
    r"\bof (?:your|one's|somebody's) own\b": "user-defined, custom",
    r"\banew\b": "again",
    r"\bof use in\b": "used in",
    r"\b(?:written|write|writes|wrote|coded) by hand\b": "hand-written",
    r"\bhe?ld against\b": "checked against",
    r"\bproves? right\b": "checks",
    r"\bWhere to go on\b": "Where to go next",
    r"\bso (?:many|long|few)\b": "that number of, as long as",
    r"\b(?:is|are) best by\b": "say what it is: the monitored loss",
    r"\bmemory that (?:is kept|stays)\b": "preallocated buffers",
}


def prose(path):
    """The text of a file that a person wrote; of a notebook, its cells without their outputs."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def hits(text):
    """Each place with a phrase of the table, also across the end of a line, and what to write in its place."""
    for phrase, better in PHRASES.items():
        across_lines = phrase.replace(" ", r"[\s#]+")
        for match in re.finditer(across_lines, text, flags=re.IGNORECASE | re.MULTILINE):
            yield f"line {text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}: {better}"


FILES = [
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in KINDS),
    *(ROOT / name for name in ("README.md", "pyproject.toml", ".ci/run")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_voice_of_a_file(path):
    if path != Path(__file__):
        assert list(hits(prose(path))) == []


@pytest.mark.parametrize(
    "line",
    [
        "It gives 3.",
        "if it is no Value",
        "such as True",
        "Computes anew",
        "of a whole\n# number",
        "for so many points",
        "f must give a Value",
    ],
)
def test_a_phrase_is_found(line):
    assert list(hits(line))


@pytest.mark.parametrize(
    "line", ["there is no such file", "it is no longer there", "the given shape", "so much the better"]
)
def test_good_english_is_left_alone(line):
    assert not list(hits(line))
