"""Text search: what is typed finds what people mean, and the marks stand where it was found."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.results.columns.text_fold import fold, fold_with_places
from core.results.columns.text_query import TextQuery
from core.results.query.filters import Filters
from core.results.query.picture.annotations import Annotations, Shape
from core.results.query.picture.text_hits import snippet, with_hits
from core.results.query.store import Store
from tests.kit.results.shards import failed, labelled, response, store_of

# Letters of many scripts, loose accents, odd spaces, punctuation, half-width and stacked marks.
MIXED = st.text(
    st.sampled_from("aZé_-.' \n\t\u3000ßİıŁæК東京がｶﾞ゙ไทย한국हिन्\u0301\u0307\u200d\u0000½ﬁＡ")
    | st.characters(exclude_categories=["Cs"]),
    max_size=40,
)


@pytest.mark.parametrize(
    ("text", "query", "matches"),
    [
        ("Total: 12.50 EUR", "total", True),
        ("Total: 12.50 EUR", "TOTAL eur", True),
        ("Total: 12.50 EUR", "12.50", True),
        ("Total: 12.50 EUR", "12,50", True),  # punctuation does not matter
        ("Total: 12.50 EUR", "tot", False),  # words are whole
        ("Total: 12.50 EUR", "tot*", True),
        ("Total: 12.50 EUR", "otal*", False),
        ("Total: 12.50 EUR", "total usd", False),  # all of them
        ("Thank you\nvery much", '"thank you very"', True),
        ("you thank", '"thank you"', False),
        ("you thank", "thank you", True),
        ("Thank you", "“thank you”", True),  # as telephones type quotes
        ("Thank you", '"thank you', True),  # not closed
        ("Thank you", '"thank yo"', False),
        ("a draft invoice", "invoice -draft", False),
        ("an invoice", "invoice -draft", True),
        ("an invoice", "-draft", True),
        ("a draft", "-draft", False),
        ("thank you", '-"thank you"', False),
        ("you thank", '-"thank you"', True),
        ("Café CRÈME", "cafe creme", True),
        ("Cafe creme", "café crème", True),
        ("cafe\u0301", "café", True),
        ("Łódź Straße", "lodz STRASSE", True),
        ("ΑΘΗΝΑ", "αθήνα", True),
        ("Привёт", "привет", True),
        ("İSTANBUL", "istanbul", True),
        ("well-known", "well-known", True),
        ("well known", "well-known", True),
        ("known well", "well-known", False),
        ("don't", "don’t", True),
        ("領収書を発行", "領収", True),
        ("東\n京 タワー", "東京", True),  # lines of scripts without spaces go on
        ("東京", "京都", False),
        ("ｶﾞｲﾄﾞ", "ガイド", True),
        ("ガイド", "カイト", False),  # these marks spell, they are no accents
        ("서울은 좋다", "서울", True),  # particles cling
        ("ภาษาไทย", "ไทย", True),
        ("हिन्दी भाषा", "हिन्दी", True),
        ("東京 tower", "tower 東京 -大阪", True),
        ("anything", "***", False),  # nothing to look for is not found
        ("anything", '"" -', False),
        ("100% <b>", "100", True),
    ],
)
def test_what_finds_what(text: str, query: str, matches: bool) -> None:
    parsed = TextQuery.parse(query)
    assert parsed.matches(fold(text)) is matches
    store = store_of(response("gs://b/1.jpg", full_text_annotation={"text": text}))
    assert store.ids(Filters(text=query)) == ([0] if matches else [])


def test_only_pictures_with_text_are_searched() -> None:
    store = store_of(
        labelled("gs://b/0.jpg", "Cat"),
        failed("gs://b/1.jpg"),
        response("gs://b/2.jpg", full_text_annotation={"text": "paid"}),
        response("gs://b/3.jpg", full_text_annotation={"text": "a draft"}),
    )
    assert store.ids(Filters(text="-draft")) == [2]
    assert store.ids(Filters(text="draft")) == [3]
    assert store.ids(Filters(text="draft paid")) == []


def test_pictures_without_any_text() -> None:
    assert store_of(labelled("gs://b/0.jpg", "Cat")).ids(Filters(text="cat")) == []


@settings(deadline=None)  # other work on the machine is no fault
@given(MIXED)
def test_folding_is_the_same_both_ways(text: str) -> None:
    folded, placed = fold(text), fold_with_places(text)
    assert folded == placed.text
    assert folded.startswith(" ") and folded.endswith(" ") and "  " not in folded
    assert fold(folded) == folded
    assert len(placed.starts) == len(placed.ends) == len(placed.text)
    assert placed.starts == sorted(placed.starts)
    assert placed.original == unicodedata.normalize("NFC", text)


@settings(deadline=None)
@given(MIXED, MIXED)
def test_nothing_that_is_typed_can_break_a_search(query: str, text: str) -> None:
    parsed = TextQuery.parse(query)
    placed = fold_with_places(text)
    hits = parsed.hits(placed)
    assert bool(hits) <= any(term in placed.text for term in parsed.wanted)
    assert all(0 <= start < end <= len(placed.original) for start, end in hits)
    assert all(a[1] <= b[0] for a, b in pairwise(hits))
    said = "".join(part for part, _ in snippet(text, parsed).parts)
    assert "\n" not in said


def marked(text: str, query: str, width: int = 160) -> str:
    """A snippet with its hits in brackets."""
    excerpt = snippet(text, TextQuery.parse(query), width)
    return "".join(f"[{part}]" if hit else part for part, hit in excerpt.parts)


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Total: 12.50 EUR", "total eur", "[Total]: 12.50 [EUR]"),
        ("Le Café\ncrème", "cafe", "Le [Café] crème"),
        ("say thank  you now", '"thank you"', "say [thank you] now"),
        ("invoices, invoice", "invoice*", "[invoice]s, [invoice]"),
        ("発行 領\n収書", "領収", "発行 [領 収]書"),
        ("nothing here", "total", "nothing here"),
        ("a draft", "a -draft", "[a] draft"),
        ("<b>bold</b>", "bold", "<b>[bold]</b>"),
        ("", "x", ""),
    ],
)
def test_hits_are_marked_in_the_text(text: str, query: str, expected: str) -> None:
    assert marked(text, query) == expected


def test_a_snippet_is_cut_around_its_first_hit() -> None:
    text = f"{'before ' * 50}NEEDLE{' after' * 50} needle"
    excerpt = snippet(text, TextQuery.parse("needle"))
    said = "".join(part for part, _ in excerpt.parts)
    assert said.startswith("… before") and said.endswith(" …") and len(said) < 175
    assert [part for part, hit in excerpt.parts if hit] == ["NEEDLE"]
    assert excerpt.hits == 2
    assert marked("x" * 1000 + " needle", "needle", 60).endswith("[needle]")


def words(*names: str) -> Annotations:
    shapes = [Shape("word", name, None, ((n, 0), (n + 1, 1))) for n, name in enumerate(names)]
    return Annotations(0, "gs://b/a.jpg", shapes=(Shape("object", "Total", 0.9, ()), *shapes))


@pytest.mark.parametrize(
    ("names", "query", "hits"),
    [
        (("Total", ":", "TOTAL", "12"), "total", [0, 2]),
        (("Thank", "you", "you"), '"thank you"', [0, 1]),
        (("領", "収", "書", "を"), "領収書", [0, 1, 2]),
        (("Cafe\u0301", "x"), "cafe", [0]),
        (("invoices",), "invoice*", [0]),
        (("a", "b"), "-a", []),
        (("a", "b"), "", []),
        (("", "", "a", ""), "a", [2]),
    ],
)
def test_found_words_become_hits(names: tuple[str, ...], query: str, hits: list[int]) -> None:
    before = words(*names)
    after = with_hits(before, TextQuery.parse(query))
    kinds = [shape.kind for shape in after.shapes]
    assert [n for n, kind in enumerate(kinds[1:]) if kind == "hit"] == hits
    assert kinds[0] == "object"
    assert [s.points for s in after.shapes] == [s.points for s in before.shapes]


def test_generated_texts_answer_as_plain_python_does(store: Store) -> None:
    texts = dict(
        zip(
            store.tables["texts"]["picture"].to_pylist(),
            store.tables["texts"]["text"].to_pylist(),
            strict=True,
        )
    )
    expected = [n for n, text in texts.items() if "invoice" in text.lower().split()]
    assert expected and store.ids(Filters(text="invoice")) == expected
    rest = [n for n, text in texts.items() if "invoice" not in text.lower().split()]
    assert store.ids(Filters(text="-invoice")) == rest
