"""The draw of pictures that labels are judged on; no package is fetched."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.evaluation.drawn_pictures import candidates, first_picture, named, order, sources


def picture(seed: int, side: int) -> bytes:
    """A PNG of coarse noise, unlike that of any other seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A package with two copies of one picture, another one, a small one and a broken one."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: some\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\n"
        "Description: x\n"
    )
    share = root / "usr/share/some"
    share.mkdir(parents=True)
    for name, content in (
        *(
            ("a.png", picture(1, 300)),
            ("copy.png", picture(1, 400)),
            ("other.png", picture(2, 300)),
        ),
        *(("small.png", picture(3, 100)), ("broken.png", b"no picture")),
    ):
        (share / name).write_bytes(content)
    subprocess.run(["dpkg-deb", "--build", root, tmp_path / "some.deb"], check=True)
    return tmp_path / "some.deb"


def test_pictures_of_packages_without_furniture(tmp_path: Path) -> None:
    contents = tmp_path / "contents"
    contents.write_text(
        "usr/share/some/screen shot.PNG          doc/some\n"
        "usr/share/icons/hicolor/some.png        doc/some\n"
        "usr/share/doc/some/html/tab_a.png       doc/some\n"
        "usr/share/doc/some/html/classFoo__inherit__graph.png doc/some\n"
        "usr/share/doc/both/map.jpg              doc/both-a,contrib/doc/both-b\n"
        "usr/bin/some                            doc/some\n"
    )
    assert candidates(contents) == {
        "some": ["usr/share/some/screen shot.PNG"],
        "both-a": ["usr/share/doc/both/map.jpg"],
        "both-b": ["usr/share/doc/both/map.jpg"],
    }


def test_a_package_without_a_source_is_its_own(tmp_path: Path) -> None:
    known = tmp_path / "packages"
    known.write_text(
        "Package: kig\nSize: 12\n\nPackage: kig-data\nSource: kig (4:22)\nSize: 7\nTag: x\n"
    )
    assert sources(known) == {"kig": ("kig", 12), "kig-data": ("kig", 7)}


def test_packages_of_earlier_sets_and_of_the_fit_are_named() -> None:
    assert {"kig", "kpat", "tuxpaint-stamps-default", "lomiri-wallpapers-16.04"} <= named()


def test_the_order_is_the_seeds() -> None:
    names = ["a", "b", "c", "d", "e"]
    by = {seed: sorted(names, key=lambda name: order(seed, name)) for seed in ("x", "y")}
    assert by["x"] != by["y"]
    assert sorted(by["y"], key=lambda name: order("x", name)) == by["x"]


def test_small_broken_and_repeated_pictures_are_passed_over(archive: Path) -> None:
    names = ("a", "copy", "other", "small", "broken", "absent")
    paths = [f"usr/share/some/{name}.png" for name in names]
    seen: list[int] = []
    taken = [first_picture("some", paths, archive, seen) for _ in range(3)]
    chosen = {Path(one[0]).stem for one in taken if one}
    assert taken[2] is None and len(chosen) == 2
    assert "other" in chosen and chosen < {"a", "copy", "other"}
