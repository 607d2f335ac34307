"""The sample batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.errors import PictureError
from core.jobs.batch.folder import from_folder
from core.jobs.samples import samples as sample_batch
from core.jobs.samples.samples import Sample, write_samples
from core.jobs.sending.preflight.preflight import check
from tests.kit.services.jobs_rig import REQUEST


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.fixture(scope="module")
def samples(folder: Path) -> list[Sample]:
    return write_samples(folder)


def test_enough_and_varied(samples: list[Sample], folder: Path) -> None:
    assert 38 <= len(samples) <= 42
    assert len({sample.title for sample in samples}) == len(samples)
    assert len({sample.path.suffix for sample in samples}) >= 4
    # The folder holds these and nothing else: nothing half-written.
    assert sorted(folder.iterdir()) == sorted(sample.path for sample in samples)


def test_every_one_says_its_licence(samples: list[Sample]) -> None:
    assert all(sample.licence and sample.credit for sample in samples)
    by = {sample.path.name: sample for sample in samples}
    # The two that ask for credit by name.
    for name, author in (("china.jpg", "danielbuechele"), ("flower.jpg", "vultilion")):
        assert by[name].licence == "CC BY 2.0"
        assert by[name].credit.startswith(author)


def test_all_but_the_broken_one_can_be_sent(samples: list[Sample], folder: Path) -> None:
    preflight = check(
        from_folder(folder).pictures, replace(REQUEST, file_features=REQUEST.features)
    )
    (fault,) = preflight.faults
    assert (fault.where, fault.fatal) == ("broken.jpg", True)
    assert (len(preflight.good), preflight.pages) == (len(samples) - 1, 3)
    for sample in filter(lambda sample: sample.is_picture, samples):
        with Image.open(sample.path) as image:
            image.load()
            assert min(image.size) >= 150
            colours = image.convert("RGB").getcolors(256)
            assert colours is None or len(colours) > 1, "nothing was drawn"


def test_second_time_writes_nothing(samples: list[Sample], folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert write_samples(folder) == samples
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_photographs_come_first_and_all_stay_small(samples: list[Sample]) -> None:
    assert not any("Contact Sheet" in sample.credit for sample in samples[:11])
    assert sum(path.stat().st_size for path in sample_batch.FOLDER.iterdir()) < 6_000_000
    assert {path.name for path in sample_batch.FOLDER.iterdir()} == {s.path.name for s in samples}


def test_no_place_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PictureError, match="cannot be written"):
        write_samples(tmp_path / "file")
