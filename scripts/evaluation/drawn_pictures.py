"""Draws pictures of Debian packages by chance: what LABEL_DETECTION is judged on.

    python -m scripts.evaluation.drawn_pictures FOLDER CONTENTS PACKAGES SEED COUNT [EARLIER ...]

CONTENTS: Debian's Contents indices of all suites, which ``apt-get update`` fetches where apt-file
is installed, unpacked into one file; PACKAGES: what ``apt-cache dumpavail`` prints. EARLIER: lists
of earlier draws, no package or source of which is drawn. Every package that holds a picture outside
``FURNITURE`` is in the draw, unless the texts of ``NAMED`` name it or a package of its source. They
go by the SHA-256 of SEED + name, at most three of one source; of each the first picture by the
SHA-256 of its path that can be decoded, has ``LEAST_SIDE`` pixels and is not nearly one that was
taken. Writes FOLDER/pictures and FOLDER/list.tsv, and prints what was passed over. Judged sets go
into ``drawn_pictures.tsv``, which ``NAMED`` takes in: to draw one of them again, go back to the
commit that added this module.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.engine.galleries.signatures import bits_apart, perceptual_hash
from core.pictures.picture import BadPicture, Picture, decode

LEAST_SIDE = 200  # pixels, of both sides
NEAR = 8  # bits of 64 in which two hashes of one picture may differ
MOST_OF_SOURCE = 3
MOST_MEGABYTES = 150  # of a package: larger ones are passed over, for the mirror's sake
AT_ONCE = 20  # packages in one apt-get download
NAMED = ("docs/models-trials.md", "scripts/build_data/picture_words.tsv", "scripts/evaluation/*")
PICTURE = re.compile(r"\.(jpe?g|png|webp)$", re.IGNORECASE)
# Of paths: what is drawn for buttons, for sheets of style or by a documentation tool itself.
FURNITURE = re.compile(
    "|".join(
        (
            r"(^|/)(icons?|pixmaps?|app-install|emoticons|smileys|mimetypes|hicolor|actions)/",
            r"(^|/)(\d+x\d+(@\dx)?|themes|feather|font-?awesome|glyphicons|callouts)/",
            r"(^|/)(_static|_sphinx_javascript_frameworks|stylesheet-images|jquery[^/]*)/",
            r"(^|/)javadoc/.*/resources/|/math/[0-9a-f]{40}\.png$|/cns11643/|/jsmath/",
            r"(^|/)(ui-(bg|icons)_|apple-touch-icon|favicon|mstile|android-chrome|forkme_)[^/]*$",
            r"(^|/)(nav_[a-z]+|tab_[a-z]+|sync_o\w+|ftv2\w+|bc_s\w*|bdwn|closed|open|doc)\.png$",
            r"(^|/)(folder\w*|splitbar|graph_legend|doxygen|form_\d+|search_[lmr])\.png$",
            # Graphs of classes and files that Doxygen and Sphinx draw: hundreds a package.
            r"(^|/)(class|struct|union|interface|namespace|group__|dir_)[A-Za-z0-9_]*\.png$",
            r"_(graph(_org)?|cgraph|icgraph|incl|dep|coll_map)\.png$|inherit_graph_\d+\.png$",
            r"/inheritance-[0-9a-f]+\.png$",
            r"(^|/)(home|up|down|left|right|next|prev|previous|back|note|tip|warning)\.png$",
            r"(^|/)(caution|important|(home|up|left|right)-insensitive)\.png$",
        )
    ),
    re.IGNORECASE,
)


class Drawn(NamedTuple):
    """A picture of the draw: its package, that one's source, its path and its pixels."""

    package: str
    source: str
    path: str
    width: int
    height: int


def order(seed: str, name: str) -> str:
    """By what names are sorted: as good as chance, and the same every time."""
    return sha256(f"{seed}{name}".encode()).hexdigest()


def candidates(contents: Path) -> dict[str, list[str]]:
    """Paths of pictures by package, furniture left out."""
    paths: dict[str, list[str]] = {}
    with contents.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            path, _, owners = line.rstrip("\n").rpartition(" ")
            path = path.rstrip()
            if PICTURE.search(path) and not FURNITURE.search(path):
                for owner in owners.split(","):
                    paths.setdefault(owner.rsplit("/", 1)[-1], []).append(path)
    return paths


def sources(packages: Path) -> dict[str, tuple[str, int]]:
    """Source and bytes of each package that apt knows."""
    known: dict[str, tuple[str, int]] = {}
    for block in packages.read_text(encoding="utf-8", errors="replace").split("\n\n"):
        fields: dict[str, str] = dict(
            re.findall(r"^(Package|Source|Size): (\S+)", block, re.MULTILINE)
        )
        if "Package" in fields:
            name = fields["Package"]
            known[name] = (fields.get("Source", name), int(fields.get("Size", 0)))
    return known


def named() -> set[str]:
    """All words of the texts of ``NAMED`` that could be packages."""
    texts = [
        path.read_text()
        for pattern in NAMED
        for path in sorted(Path().glob(pattern))
        if path.suffix in (".md", ".py", ".tsv") and path.name != Path(__file__).name
    ]
    words = (word for text in texts for word in re.findall(r"[a-z0-9][a-z0-9+.-]+", text))
    return {word.rstrip(".+-") for word in words}


def earlier(lists: list[Path]) -> set[str]:
    """The packages of earlier draws."""
    rows = (row for path in lists for row in csv.DictReader(path.open(), delimiter="\t"))
    return {row["package"] for row in rows}


def download(names: list[str], folder: Path) -> None:
    """Have apt fetch packages; each alone where one of them cannot be had."""
    command = ["apt-get", "download", "-qq"]
    done = subprocess.run([*command, *names], cwd=folder, check=False, capture_output=True)
    if done.returncode and len(names) > 1:
        for name in names:
            download([name], folder)


def first_picture(
    package: str, paths: list[str], archive: Path, seen: list[int]
) -> tuple[str, bytes, Picture] | None:
    """The first picture that counts; its hash is added to those seen."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", str(archive), folder], check=True)
        for path in sorted(paths, key=lambda path: order("", path)):
            file = Path(folder, path)
            if file.is_symlink() or not file.is_file():
                continue
            try:
                picture = decode(file.read_bytes())
            except BadPicture as error:
                print(f"{package}: {path} is left out: {error}")
                continue
            if min(picture.width, picture.height) < LEAST_SIDE:
                continue
            phash = perceptual_hash(picture.scaled(256))
            if all(bits_apart(phash, other) > NEAR for other in seen):
                seen.append(phash)
                return path, file.read_bytes(), picture
    return None


def draw(options: argparse.Namespace) -> Iterator[tuple[Drawn, bytes]]:
    """The pictures of a draw, in its order."""
    paths, known = candidates(options.contents), sources(options.packages)
    passed = {known[name][0] for name in named() | earlier(options.earlier) if name in known}
    names = [name for name in paths if name in known and known[name][0] not in passed]
    print(f"{len(paths)} packages hold pictures, {len(names)} are in the draw")
    names.sort(key=lambda name: order(options.seed, name))
    of_source, seen = Counter[str](), list[int]()
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        with tempfile.TemporaryDirectory() as folder:
            wanted = [name for name in some if known[name][1] <= MOST_MEGABYTES * 1_000_000]
            download(wanted, Path(folder))
            for name in some:
                archive = next(Path(folder).glob(f"{name}_*.deb"), None)
                if of_source[known[name][0]] >= MOST_OF_SOURCE or archive is None:
                    print(f"{name} is passed over: {known[name][1]} bytes, or its source's fourth")
                    continue
                first = first_picture(name, paths[name], archive, seen)
                if first is None:
                    print(f"{name} is passed over: no new picture is large enough")
                    continue
                of_source[known[name][0]] += 1
                path, content, picture = first
                yield Drawn(name, known[name][0], path, picture.width, picture.height), content


def main() -> None:
    """Draw, write and list."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("folder", "contents", "packages"):
        parser.add_argument(name, type=Path)
    parser.add_argument("seed")
    parser.add_argument("count", type=int)
    parser.add_argument("earlier", type=Path, nargs="*")
    options = parser.parse_args()
    (options.folder / "pictures").mkdir(parents=True)
    with (options.folder / "list.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["number", *Drawn._fields])
        for number, (drawn, content) in enumerate(islice(draw(options), options.count), 1):
            suffix = Path(drawn.path).suffix.lower()
            (options.folder / "pictures" / f"{number:03}{suffix}").write_bytes(content)
            writer.writerow([number, *drawn])
            file.flush()
            print(number, *drawn)


if __name__ == "__main__":
    main()
