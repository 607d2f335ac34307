"""Tesseract's data for scripts that PP-OCR has no letters for: where it is, and how to get it.

Debian's packages (Apache-2.0; tessdata_fast 4.1.0) are taken from where they are installed, or from
the engine's own folder, which ``fetch`` fills by ``apt-get download``: that needs no root, and apt
checks the packages' signatures.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

FOLDER = "tessdata"  # below the folder of the models
FETCH_TIMEOUT_S = 120.0
# Where packages of Debian (Tesseract 4 and 5), Fedora, Arch and Homebrew put them.
SYSTEM = (
    Path("/usr/share/tesseract-ocr"),
    Path("/usr/share/tessdata"),
    Path("/usr/share/tesseract"),
    Path("/usr/local/share/tessdata"),
    Path("/opt/homebrew/share/tessdata"),
)


@dataclass(frozen=True, slots=True)
class LanguageData:
    """One file of Tesseract.

    Attributes:
        script: ISO 15924 code of what it reads.
        name: for a person.
        file: its stem; ``.traineddata`` follows.
        package: of Debian and Ubuntu.
    """

    script: str
    name: str
    file: str
    package: str


# Cyrillic by its script: one file reads Russian, Ukrainian, Bulgarian and Serbian alike (0 to 0.3 %
# of the characters wrong). The other scripts' own files were worse than their main language's.
_ALL = (
    LanguageData("Cyrl", "Cyrillic", "Cyrillic", "tesseract-ocr-script-cyrl"),
    LanguageData("Grek", "Greek", "ell", "tesseract-ocr-ell"),
    LanguageData("Hang", "Korean", "kor", "tesseract-ocr-kor"),
    LanguageData("Arab", "Arabic", "ara", "tesseract-ocr-ara"),
    LanguageData("Hebr", "Hebrew", "heb", "tesseract-ocr-heb"),
    LanguageData("Thai", "Thai", "tha", "tesseract-ocr-tha"),
    LanguageData("Deva", "Devanagari", "hin", "tesseract-ocr-hin"),
)
LANGUAGE_DATA: Mapping[str, LanguageData] = MappingProxyType({one.script: one for one in _ALL})


def installed(models: Path) -> dict[str, Path]:
    """The file of each script that is there, by script."""
    files = {}
    for script, data in LANGUAGE_DATA.items():
        for folder in (models / FOLDER, *SYSTEM):
            path = next(iter(sorted(folder.glob(f"**/{data.file}.traineddata"))), None)
            if path is not None:
                files[script] = path
                break
    return files


def missing(models: Path) -> list[LanguageData]:
    """What is not there."""
    there = installed(models)
    return [data for script, data in LANGUAGE_DATA.items() if script not in there]


def how_to_get(absent: list[LanguageData]) -> str:
    """What to do about it, in one sentence."""
    packages = " ".join(data.package for data in absent)
    return (
        f"On Debian or Ubuntu: apt-get install {packages}; elsewhere install Tesseract's data "
        f"({', '.join(data.file for data in absent)}), and start the engine again."
    )


def fetch(models: Path, report: Callable[[str], None] = lambda _: None) -> list[LanguageData]:
    """Fetch what is missing from Debian, where its clients are.

    Returns:
        What is still missing; never raises, since everything else can be read without.
    """
    absent = missing(models)
    if not absent or not all(map(shutil.which, ("apt-get", "dpkg-deb"))):
        return absent
    folder = models / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    report("Fetching what reads other scripts (16 MB, once)")
    with tempfile.TemporaryDirectory(dir=models, prefix=".making-") as work:
        # What fails once fails again: no network, or a distribution without these packages.
        all(_fetch_one(data, Path(work) / data.file, folder) for data in absent)
    return missing(models)


def _fetch_one(data: LanguageData, work: Path, folder: Path) -> bool:
    work.mkdir()
    options = ["-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20"]
    if not _ran(["apt-get", "download", *options, data.package], work):
        return False
    for package in work.glob("*.deb"):
        if _ran(["dpkg-deb", "-x", str(package), str(work / "unpacked")], work):
            for made in work.glob(f"unpacked/**/{data.file}.traineddata"):
                made.replace(folder / made.name)  # whole or not at all
    return True


def _ran(command: list[str], where: Path) -> bool:
    try:
        done = subprocess.run(
            command, cwd=where, capture_output=True, timeout=FETCH_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
