"""The most specific labels, and which labels are kinds of each other."""

from __future__ import annotations

import numpy as np

from core.results.columns.name_counts import NameColumn
from core.results.columns.specific_labels import SpecificLabels, unrelated
from core.results.figures.sheet import label_bars, safe_tiles
from core.results.query.filters import Filters
from tests.kit.results.labelled import labelled

BROADER = {"Poodle": "Dog", "Dog": "Mammal", "Mammal": "Animal", "Cat": "Mammal"}


def column(*pictures: dict[str, float]) -> NameColumn:
    names = sorted({name for labels in pictures for name in labels})
    rows = [
        (n, names.index(name), s) for n, labels in enumerate(pictures) for name, s in labels.items()
    ]
    owners, codes, scores = (np.array(part) for part in zip(*rows, strict=True))
    return NameColumn(owners, codes, scores.astype(np.float32), names, len(pictures))


def test_a_broader_term_of_the_same_picture_is_left_out() -> None:
    specific = SpecificLabels(
        column(
            {"Animal": 0.9, "Dog": 0.8, "Poodle": 0.5},
            {"Mammal": 0.9, "Dog": 0.7, "Poodle": 0.6},
            {"Cat": 0.4, "Animal": 0.9},
            {"Dog": 0.3},
            {"Sofa": 0.9, "Animal": 0.2},
        ),
        BROADER,
    )
    frame = specific.count(None)
    # Dog is the most specific in one of its three pictures, Animal in one of its three.
    assert frame["label"].tolist() == ["Poodle", "Cat", "Sofa"]
    assert frame["pictures"].tolist() == [2, 1, 1] == frame["whole"].tolist()
    assert [specific.of(n)[0] for n in range(5)] == ["Poodle", "Poodle", "Cat", "Dog", "Sofa"]
    assert np.float32(specific.of(1)[1]) == np.float32(0.6)


def test_of_print_what_every_page_has_is_left_out() -> None:
    """Scans were counted as Text, as Font and as Document: the same pictures three times."""
    store = labelled([["Document", "Font", "Text"]] * 3 + [["Font", "Text"]] + [["Font"], ["Cat"]])
    frame = store.specific().count(None)
    assert frame[["label", "pictures"]].values.tolist() == [["Document", 3], ["Cat", 1]]
    assert [store.specific().of(n)[0] for n in (0, 3, 4, 5)] == ["Document", "Text", "Font", "Cat"]
    letters = labelled([["Handwriting", "Text", "Font", "Writing"]])
    assert letters.specific().count(None)["label"].tolist() == ["Handwriting"]
    assert store.co_occurrence(Filters()).empty


def test_a_bar_says_what_a_click_on_it_gives_and_keeps_the_whole() -> None:
    store = labelled([["Dog", "Poodle"], ["Poodle"], ["Cat"], []])
    filters = Filters(labels=("Cat",))
    frame = store.specific().count(store.mask(filters, None), first=filters.labels)
    assert frame["label"].tolist() == ["Cat", "Poodle"]
    assert frame["pictures"].tolist() == [1, 0] and frame["whole"].tolist() == [1, 2]
    for label, whole in zip(frame["label"], frame["whole"], strict=True):
        assert store.count(Filters(labels=(label,))) == whole
    assert store.specific().present(store.mask(filters, None)) == 1
    assert store.specific().of(3) == ("", 0.0)


def test_a_chosen_label_is_shown_however_rare_or_broad() -> None:
    store = labelled([["Dog", "Poodle"]] * 3 + [["Cat"]] * 2 + [["Sofa"]])
    frame = store.specific().count(None, top=2, first=("Sofa",))
    assert frame["label"].tolist() == ["Poodle", "Sofa"]
    frame = store.specific().count(None, first=("Dog",))
    assert "Dog" in frame["label"].tolist()


def test_a_label_and_what_it_is_a_kind_of_are_no_pair() -> None:
    apart = unrelated(["Poodle", "Animal", "Cat", "Qwx"], BROADER)
    assert not apart[0, 1] and not apart[1, 0] and not apart[1, 2]
    assert apart[0, 2] and apart[3].all()
    store = labelled([["Dog", "Poodle", "Sofa"]] * 2)
    pairs = store.co_occurrence(Filters())
    label_pairs = {frozenset(pair) for pair in zip(pairs["label"], pairs["other"], strict=True)}
    assert label_pairs == {frozenset(("Dog", "Sofa")), frozenset(("Poodle", "Sofa"))}


def test_bars_hold_the_part_inside_the_whole() -> None:
    store = labelled([["<b>Qwx</b>"], ["<b>Qwx</b>"], ["Cat"]])
    frame = store.specific().count(np.array([True, False, False]))
    figure = label_bars(frame, "light", ["<b>Qwx</b>"])
    whole, part, before, behind = figure.data
    assert list(whole.x) == [2, 1] and list(part.x) == [1, 0]
    assert list(part.customdata) == ["<b>Qwx</b>", "Cat"]
    texts = [text.strip() for text in (*before.text, *behind.text)]
    assert "<b>1</b> of 2" in texts and not any("<b>Qwx" in text for text in texts)
    assert before.hoverinfo == behind.hoverinfo == "skip"
    grown = label_bars(store.specific().count(None), grows=True)
    assert "<b>2+</b>" in [text.strip() for text in grown.data[-1].text]


def test_tiles_say_a_part_of_the_whole() -> None:
    store = labelled([["Cat"], ["Cat"]], safe=[{"adult": "LIKELY"}, {"adult": "UNLIKELY"}])
    frame = store.safe_search(Filters())
    frame["whole"] = frame["pictures"]
    frame.loc[frame["likelihood"] == "LIKELY", "pictures"] = 0
    frame = frame[frame["category"] == "adult"]
    figure = safe_tiles(frame, "dark", [("adult", "UNLIKELY")])
    tiles, numbers = figure.data
    assert list(numbers.text) == ["·", "·", "<b>1</b>", "·", "<b>0</b> of 1", "·"]
    assert list(tiles.base) == [0, 1, 2, 3, 4, 5]
    assert tiles.customdata[2] == ["adult", "UNLIKELY"]
    assert len(figure.layout.shapes) == 1


def test_a_tile_says_no_more_than_it_has_room_for() -> None:
    """The rest stands under the pointer: numbers of a large batch would lie on each other."""
    store = labelled([["Cat"]], safe=[{"adult": "LIKELY"}])
    frame = store.safe_search(Filters())
    frame = frame[frame["category"] == "adult"].assign(pictures=1_783, whole=11_876)
    tiles, numbers = safe_tiles(frame).data
    assert set(numbers.text) == {"<b>1,783</b>"}
    assert "1,783 of 11,876 pictures" in tiles.hovertext[0]
    assert set(safe_tiles(frame.assign(pictures=55, whole=281)).data[1].text) == {
        "<b>55</b> of 281"
    }
    tiles, numbers = safe_tiles(frame.assign(pictures=1_234_567, whole=1_234_567), grows=True).data
    assert set(numbers.text) == {"<b>1.2M+</b>"} and "1,234,567 of" in tiles.hovertext[0]
