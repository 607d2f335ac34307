"""``make licences``: writes docs/licences.md from what is installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.doctor.machine import ROOT, requirements
from core.engine.annotators.capabilities import CAPABILITIES
from core.engine.models.catalog import MODELS
from core.jobs.samples.samples import write_samples

PAGE = ROOT / "docs" / "licences.md"
TEMPLATE = """# Licences

Written by `make licences` from what is installed. Contact Sheet itself ships none of this: pip and
npm fetch it from its authors' packages.

## Packages

All that `requirements.txt` brings, as each package states it. `opencv-python-headless` bundles
FFmpeg (LGPL-2.1); `pypdfium2` bundles PDFium (Apache-2.0, BSD-3-Clause); `pikepdf` bundles qpdf
(Apache-2.0).

{packages}

## Models

Fetched by the engine and checked by SHA-256; licences are those of the weights.

{models}

What answers each feature, models of ordinary packages included:

{features}

### Fitted words of labels

`core/engine/models/picture_words.npz` is the project's own: coefficients of logistic regressions,
with no part of a picture in it. They were fitted on pictures of these Debian packages
(`scripts/build_data/picture_words.tsv`); licences as the packages state them for their pictures:

- public domain: openclipart-png, pysiogame
- GPL-2 or later: extremetuxracer-data, freeciv-data, kgeography-data, kstars-data, lincity-ng-data,
  neverball-data, openarena-081-textures, openuniverse-common, parley-data, stellarium-data,
  warmux-data; GPL-2: tuxpaint-stamps-default; GPL-3 or later: fotoxx-common
- GPL-2 or later and others: krita-data (CC0), marble-data
  (LGPL-2.1, CC0), sweethome3d (CC BY 4.0), ufoai-textures (CC BY-SA 3.0), wesnoth-1.16-data
  (CC BY-SA 4.0)
- CC BY-SA 3.0 or 4.0, some public domain: debian-handbook, endless-sky-data, lugaru-data, scratch
- GFDL 1.2 or later: gimp-help-en
- wallpapers, CC BY-SA 3.0 or 4.0, CC BY 4.0 or GPL-2 or later: gnome-backgrounds,
  lomiri-wallpapers-16.04 and -20.04, mate-backgrounds, plasma-workspace-wallpapers, ukui-wallpapers

and on photographs of these public repositories (`scripts/build_data/picture_repositories.tsv` names
each with its commit):

- CC BY 4.0, or as the caption says: OpenStax' textbooks of anthropology, physics and economics
- CC BY, CC BY-SA, CC0 or public domain, as each picture's caption says, with its author: other
  textbooks of OpenStax, whose own text is under other terms and not used
- CC BY 2.0: flower_photos by the TensorFlow team, whose LICENSE.txt names the photographers
- MIT: GroceryStoreDataset (Marcus Klasson and others), ffml_dataset (Bettina-Elena Fülöp, Ioan
  Cristea), CarND-LaneLines-P1 (Udacity); CC0: clothing-dataset-small (Alexey Grigorev and
  contributors); Unlicense: based.cooking

## Sample pictures

{samples}
"""


def closure(wanted: Iterable[Requirement]) -> list[str]:
    """Names of installed distributions that the requirements bring, directly or not."""
    licences: dict[str, str] = {}
    waiting = list(wanted)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in licences or not applies:
            continue
        distribution = metadata.distribution(requirement.name)
        licences[name] = distribution.metadata["Name"]
        waiting += map(Requirement, distribution.requires or ())
    return sorted(licences.values(), key=str.lower)


def _packages() -> str:
    names = closure(requirements(ROOT / "requirements.txt"))
    command = [sys.executable, "-m", "piplicenses", "--format=markdown", "--with-urls"]
    command += ["--no-version", "--from=mixed", "--with-system", "--packages", *names]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _models() -> str:
    return table(
        "model | package | licence",
        [(m.name, f"{m.package} {m.version}", m.licence) for m in MODELS.values()],
    )


def _features() -> str:
    rows = [(c.feature, c.model, c.licence) for c in CAPABILITIES.values() if c.model]
    return table("feature | model | licence", rows)


def _samples() -> str:
    with tempfile.TemporaryDirectory() as folder:
        samples = write_samples(Path(folder))
    return table("picture | licence | credit", [(s.title, s.licence, s.credit) for s in samples])


def table(head: str, rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; each row once."""
    columns = head.count("|") + 1
    lines = dict.fromkeys(f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([f"| {head} |", "|---" * columns + "|", *lines])


if __name__ == "__main__":
    text = TEMPLATE.format(
        packages=_packages(), models=_models(), features=_features(), samples=_samples()
    )
    PAGE.write_text(text)
