"""The field's own words, one for each thing (docs/reference/glossary.md). Each failure says where, what, and which word to use instead."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.tidy.test_tidy import ROOT, tracked

GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"
THIS_FILE = Path(__file__).resolve()

IDENTIFIERS = {
    "house houses": "VenueServices is what a dialect is built with (`services`)",
    "surroundings": "Environment",
    "beside": "ServeHooks for what runs with a server; else say what it is",
    "duty duties": "PeriodicTasks",
    "usher ushers": "Dispatcher",
    "gatekeeper doorkeeper": "Authenticator",
    "frontdoor": "RestHandler",
    "rooms": "routes",
    "desk desks": "WalletService or MerchantService",
    "happening happenings": "AccountEvent",
    "courier couriers": "WebhookClient",
    "parcel parcels": "a queued message of the SendQueue",
    "asking": "admin_client",
    "told": "what it holds: events, messages, reply, fields; `caught_up` for a follower",
    "settling": "drain, or wait_until_…; `settle` is for withdrawals and trades",
    "refusal refusals": "rejection",
    "turn turns": "tick (one round of the event loop), or PendingReply",
}
"""A part of an identifier (`a_b`, `AbCd`) to what to write. Names of tests are sentences, held by the rules for text."""

WHOLE_IDENTIFIERS = {
    "Wanted": "EventFilter",
    "Letter": "Webhook",
    "Books": "Commands or View",
    "Failure": "…Rejection for a value, …Failed for an exception",
    "Reject": "…Rejection; `RejectReason` is the core's code for why",
    "settle": "drain (sequencer), acknowledge (journal), wait_until_… (tests); `settle` is for withdrawals and trades",
}

MODULES = {"asking": "admin_client", "listing": "provisioning", "house": "venue_services", "doorkeeper": "authenticator"}

TEXT = {
    r"can not": "cannot",
    r"how-manieth": "the number of …, or its position",
    r"histor(y|ies) rests?": "say what state it is in: idle, or complete up to a seq",
    r"surroundings": "environment",
    r"ushers?": "dispatcher",
    r"(gate|door)keepers?": "authenticator",
    r"front[ -]?doors?": "the REST handler",
    r"(trading|wallet|merchant|the) desks?": "the wallet service or the merchant service",
    r"happenings?": "event",
    r"couriers?": "webhook client",
    r"parcels?": "queued message",
    r"duty|duties": "periodic task",
    r"in the house|the house's|house rules?": "the venue's, or the project's",
    r"(a|this|same|one|each|per|every) turn(?! on| off)|turns? of the (event )?loop|turn's end": "tick",
    r"refusals?": "rejection",
    r"Wanted": "EventFilter",
    r"informations|advices|softwares|feedbacks": "these have no plural",
    r"(allows?|permits?) to (?!be\b)": "lets …, or makes it possible to …",
    r"is since|are since": "has been since",
    r"according the": "according to the",
    r"as well the": "the … too",
    r"at the moment when": "when",
    r"under the condition that": "if",
    r"in dependence of": "depending on",
    r"the hereby|hereinafter|aforementioned": "say which one",
    r"resp\.": "or, and",
    r"adress(es)?|occured|seperate(ly|d)?|recieved?": "a misspelling",
    r"(is|are|was|were) told as|told in": "is sent as, is reported as; who is told something is a person or a client",
    r"how it (looks|is called) like": "what it looks like, what it is called",
}
"""A pattern of whole words in comments, docstrings, messages and documents to what to write."""

PYTHON = ("src/*.py", "src/*.pyi", "tests/*.py", "benchmarks/*.py", "scripts/*.py")
DOCUMENTS = ("*.md", "*.toml", "Makefile", "scripts/*", "*.js", "*.mjs")
RUST = ("core/*.rs",)

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_BANNED_PARTS = {word: remedy for words, remedy in IDENTIFIERS.items() for word in words.split()}
_BANNED_TEXT = [
    (re.compile(rf"\b(?:{pattern})\b", 0 if pattern[0].isupper() else re.IGNORECASE), remedy) for pattern, remedy in TEXT.items()
]


def parts(identifier: str) -> set[str]:
    """Its words, in small letters, and each two neighbours as one."""
    words = [word.lower() for word in _PARTS.findall(identifier)]
    return {*words, *(first + second for first, second in pairwise(words))}


def banned_in_identifier(identifier: str) -> Iterator[tuple[str, str]]:
    if identifier in WHOLE_IDENTIFIERS:
        yield identifier, WHOLE_IDENTIFIERS[identifier]
    if not identifier.startswith("test_"):
        yield from ((identifier, _BANNED_PARTS[part]) for part in sorted(parts(identifier) & _BANNED_PARTS.keys()))


def banned_in_text(text: str) -> Iterator[tuple[str, str]]:
    for pattern, remedy in _BANNED_TEXT:
        yield from ((match.group(), remedy) for match in pattern.finditer(text))


def words_of_python(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, word, remedy) of what an identifier, a comment or a text must not say."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            found = list(banned_in_identifier(token.string))
            if token.string.startswith("test_"):
                found += banned_in_text(token.string.replace("_", " "))
        elif token.type in (tokenize.COMMENT, tokenize.STRING):
            for offset, line in enumerate(token.string.splitlines()):
                yield from ((token.start[0] + offset, word, remedy) for word, remedy in banned_in_text(line))
            continue
        else:
            continue
        yield from ((token.start[0], word, remedy) for word, remedy in found)


def words_of_rust(source: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(source.splitlines(), 1):
        code, _, comment = line.partition("//")
        yield from ((number, word, remedy) for word, remedy in banned_in_text(comment))
        # A function without parameters is a test as a rule, and named in a sentence.
        for identifier in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", re.sub(r"\bfn \w+\(\)", "", code)):
            yield from ((number, word, remedy) for word, remedy in banned_in_identifier(identifier))


def words_of_document(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        yield from ((number, word, remedy) for word, remedy in banned_in_text(line))


def offences(path: Path) -> list[str]:
    source = path.read_text()
    if path.suffix in (".py", ".pyi"):
        found = words_of_python(source)
    elif path.suffix == ".rs":
        found = words_of_rust(source)
    else:
        found = words_of_document(source)
    return [f"{path.relative_to(ROOT)}:{line}: {word!r}: write {remedy}" for line, word, remedy in found]


@pytest.mark.parametrize("kind", [PYTHON, RUST, DOCUMENTS], ids=["Python", "Rust", "documents"])
def test_the_old_words_are_gone(kind: tuple[str, ...]) -> None:
    found = [offence for path in tracked(*kind) if path != THIS_FILE for offence in offences(path)]
    assert not found, "One word, one meaning, and the field's own (docs/reference/glossary.md):\n" + "\n".join(found)


def test_no_module_has_an_old_name() -> None:
    found = [f"{path.relative_to(ROOT)}: name it {MODULES[path.stem]}" for path in tracked(*PYTHON) if path.stem in MODULES]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("class TradingDesk: ...", ["TradingDesk"]),
        ("told = 1", ["told"]),
        ("front_door = 1", ["front_door"]),
        ("class FrontDoor: ...", ["FrontDoor"]),
        ("def turn(): ...", ["turn"]),
        ("return_value = returned", []),
        ("rejected = RejectReason", []),
        ("class Failure: ...", ["Failure"]),
        ("on_failure = 1", []),
        ('"""It can not be."""', ["can not"]),
        ("'Once a turn of the loop'", ["a turn"]),
        ("# each in turn", []),
        ("# Trades are told as they are.", ["are told as"]),
        ("def test_refusals_are_words(): ...", ["refusals"]),
        ("letters = 'abc'", []),
        ("class Letter: ...", ["Letter"]),
        ("service.settle()", ["settle"]),
        ("WITHDRAWAL_SETTLE", []),
    ],
)
def test_what_the_list_catches_and_what_not(source: str, caught: list[str]) -> None:
    assert sorted({word for _line, word, _remedy in words_of_python(source)}) == sorted(set(caught))


TERMS = [line.split("|")[1].strip() for line in GLOSSARY.read_text().splitlines() if line.startswith("| ")][1:]


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    assert len(TERMS) > 40
    assert sorted(set(TERMS), key=str.lower) == TERMS


def test_no_line_of_the_glossary_explains_an_old_word() -> None:
    assert not [term for term in TERMS for word in re.findall(r"[a-z]+", term) if word in _BANNED_PARTS]


def test_every_class_that_the_list_recommends_exists() -> None:
    """A remedy that names a class which is not there helps nobody."""
    defined = {
        node.name
        for path in tracked("src/*.py", "tests/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    recommended = {
        name
        for remedy in (*IDENTIFIERS.values(), *WHOLE_IDENTIFIERS.values())
        for name in re.findall(r"(?<!…)\b[A-Z][a-z]+[A-Z]\w+", remedy)
    }
    assert recommended <= defined, sorted(recommended - defined)
