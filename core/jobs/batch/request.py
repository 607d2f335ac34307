"""One batch's settings, checked when built, and the protobuf requests made of them.

Limits: cloud.google.com/vision/docs/batch and the fields' own documentation in
``google/cloud/vision/v1/image_annotator.proto``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import RequestError
from core.jobs.batch import billing_labels
from core.jobs.batch.features import (
    DEFAULT_SHARD_SIZE,
    FEATURES,
    MAX_RESULTS,
    MODELS,
    PICTURES_PER_OPERATION,
    SHARD_SIZES,
    shard_size_for,
)

if TYPE_CHECKING:
    from google.cloud import vision

T = TypeVar("T")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")  # BCP 47, as language_hints wants
MAX_ASPECT_RATIOS = 16  # CropHintsParams.aspect_ratios
RATIO_LIMITS = (0.05, 20.0)
LEGACY_LAYOUT = "legacy_layout"  # TextDetectionParams.advanced_ocr_options
LONGEST = range(640, 20_001)  # what uploads may be shrunk to: the least that the service recommends


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What to do with every picture of a batch.

    Attributes:
        features: names from ``FEATURES``, each once.
        max_results: for the features that take it; None leaves it to the service.
        language_hints: BCP 47 codes for the text features; empty lets the service detect.
        aspect_ratios: width / height of wanted crops, e.g. 1.7778; empty gives the best crop.
        batch_size: pictures a result shard, 1 to 100; None lets it follow the batch's size.
        web_geo: let web detection use the picture's EXIF position.
        file_features: those of ``features`` that are asked of pages of files as well.
        model: of ``MODELS``: "" is the service's usual one, which is "builtin/stable".
        text_confidence: TEXT_DETECTION says how sure it is of each word, as document text does.
        legacy_layout: the text features find blocks by rules, as they did before the model.
        labels: (key, value) of the bill, besides those of ``billing_labels.of_job``.
        longest: uploads whose longer side has more pixels are made so small; 0 leaves them.

    Raises:
        RequestError: naming every bad field at once.
    """

    features: tuple[str, ...]
    max_results: int | None = None
    language_hints: tuple[str, ...] = ()
    aspect_ratios: tuple[float, ...] = ()
    batch_size: int | None = DEFAULT_SHARD_SIZE
    web_geo: bool = False
    file_features: tuple[str, ...] = ()
    model: str = ""
    text_confidence: bool = False
    legacy_layout: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    longest: int = 0

    def __post_init__(self) -> None:
        bad = faults(
            self.features,
            self.max_results,
            self.language_hints,
            self.aspect_ratios,
            self.batch_size,
            model=self.model,
            labels=self.labels,
            longest=self.longest,
        )
        if bad:
            raise RequestError(
                "The batch's settings cannot be used",
                where=", ".join(bad),
                then=" ".join(bad.values()),
            )

    def asked_of(self, *, paged: bool) -> tuple[str, ...]:
        """Features that are asked of pictures, or of pages of files."""
        return self.file_features if paged else self.features

    def to_json(self) -> str:
        """For the ledger."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> BatchRequest:
        """The inverse of ``to_json``; fields added by later versions are ignored."""
        values: dict[str, Any] = json.loads(text)
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("features", "language_hints", "aspect_ratios", "file_features"):
            known[name] = tuple(known.get(name, ()))
        known["labels"] = tuple((key, value) for key, value in known.get("labels", ()))
        return cls(**known)

    def sized(self, pictures: int) -> BatchRequest:
        """With the size of shards that a batch of so many pictures and pages gets."""
        if self.batch_size is not None:
            return self
        return replace(self, batch_size=shard_size_for(pictures))

    def shard_size(self, pictures: int) -> int:
        """Pictures a shard, in a batch of so many."""
        return self.batch_size or shard_size_for(pictures)

    def shards(self, pictures: int) -> int:
        """How many shards one operation of that many pictures writes."""
        return math.ceil(pictures / self.shard_size(pictures))

    def to_protos(
        self, uris: Sequence[str], prefix: str
    ) -> list[vision.AsyncBatchAnnotateImagesRequest]:
        """Requests of at most 2,000 pictures each, in order.

        Args:
            uris: ``gs://`` addresses.
            prefix: ``gs://.../`` folder; part N writes under ``prefix/part-000N/``.
        """
        return [
            self.to_proto(part, f"{prefix.rstrip('/')}/{part_name(number)}/")
            for number, part in enumerate(split(uris), start=1)
        ]

    def to_proto(
        self, uris: Sequence[str], prefix: str, labels: Mapping[str, str] | None = None
    ) -> vision.AsyncBatchAnnotateImagesRequest:
        """One request; the shards' names begin with the prefix exactly as given.

        Args:
            labels: of the bill; None for the batch's own alone.

        Raises:
            RequestError: no picture, or more than one operation takes.
        """
        from google.cloud import vision

        if not 1 <= len(uris) <= PICTURES_PER_OPERATION:
            raise RequestError(
                f"One operation takes 1 to {PICTURES_PER_OPERATION:,} pictures, not {len(uris):,}",
                where=prefix,
            )
        features, context = self.asked_features(paged=False), self.context()
        return vision.AsyncBatchAnnotateImagesRequest(
            requests=[
                vision.AnnotateImageRequest(
                    image=vision.Image(source=vision.ImageSource(image_uri=uri)),
                    features=features,
                    image_context=context,
                )
                for uri in uris
            ],
            output_config=vision.OutputConfig(
                gcs_destination=vision.GcsDestination(uri=prefix),
                batch_size=self.shard_size(len(uris)),
            ),
            labels=dict(self.labels) if labels is None else labels,
        )

    def to_file_proto(
        self,
        uri: str,
        file_type: str,
        prefix: str,
        labels: Mapping[str, str] | None = None,
    ) -> vision.AsyncBatchAnnotateFilesRequest:
        """One request for all pages of one file; offline the service takes no range of pages.

        Args:
            file_type: media type of the file.
            prefix, labels: as for ``to_proto``; the prefix is no other file's.

        Raises:
            RequestError: no feature is asked of files.
        """
        from google.cloud import vision

        self.check_files(uri)
        output = vision.OutputConfig(
            gcs_destination=vision.GcsDestination(uri=prefix),
            batch_size=self.batch_size or DEFAULT_SHARD_SIZE,
        )
        return vision.AsyncBatchAnnotateFilesRequest(
            requests=[
                vision.AsyncAnnotateFileRequest(
                    input_config=vision.InputConfig(
                        gcs_source=vision.GcsSource(uri=uri), mime_type=file_type
                    ),
                    features=self.asked_features(paged=True),
                    image_context=self.context(),
                    output_config=output,
                )
            ],
            labels=dict(self.labels) if labels is None else labels,
        )

    def check_files(self, where: str) -> None:
        """See that something is asked of files of pages.

        Raises:
            RequestError: nothing is; ``where`` names one of them.
        """
        if not self.file_features:
            raise RequestError(
                "None of the chosen features is answered for files of pages",
                where=where,
                then="Choose Text or Document text, or leave the file out.",
            )

    def asked_features(self, *, paged: bool) -> list[vision.Feature]:
        """What is asked of each picture, or page of a file, as the wire has it."""
        return [self._feature(name) for name in self.asked_of(paged=paged)]

    def _feature(self, name: str) -> vision.Feature:
        from google.cloud import vision

        limit = self.max_results if FEATURES[name].takes_max_results else None
        return vision.Feature(
            type_=getattr(vision.Feature.Type, name), max_results=limit or 0, model=self.model
        )

    def context(self) -> vision.ImageContext | None:
        """Settings of single features, as the wire has them; None if there are none."""
        from google.cloud import vision

        context = vision.ImageContext(language_hints=list(self.language_hints))
        if self.aspect_ratios:
            context.crop_hints_params = vision.CropHintsParams(
                aspect_ratios=list(self.aspect_ratios)
            )
        if self.web_geo:
            context.web_detection_params = vision.WebDetectionParams(include_geo_results=True)
        if self.text_confidence or self.legacy_layout:
            context.text_detection_params = vision.TextDetectionParams(
                enable_text_detection_confidence_score=self.text_confidence,
                advanced_ocr_options=[LEGACY_LAYOUT] if self.legacy_layout else [],
            )
        return context if vision.ImageContext.pb(context).ByteSize() else None


def faults(
    features: Sequence[str],
    max_results: int | None = None,
    language_hints: Sequence[str] = (),
    aspect_ratios: Sequence[float] = (),
    batch_size: int | None = DEFAULT_SHARD_SIZE,
    *,
    model: str = "",
    labels: Sequence[tuple[str, str]] = (),
    longest: int = 0,
) -> dict[str, str]:
    """What is wrong with the fields of a ``BatchRequest``: field -> sentence; empty if nothing."""
    bad: dict[str, str] = {}
    if wrong_features := _features_fault(features):
        bad["features"] = wrong_features
    if max_results is not None and (type(max_results) is not int or max_results not in MAX_RESULTS):
        bad["max_results"] = f"Max results must be 1 to {MAX_RESULTS[-1]}."
    wrong = [hint for hint in language_hints if not _LANGUAGE.match(hint)]
    if wrong:
        bad["language_hints"] = (
            f"Not a language code such as en or zh-Hant: {', '.join(wrong)[:100]}."
        )
    if wrong_ratios := _ratios_fault(aspect_ratios):
        bad["aspect_ratios"] = wrong_ratios
    if batch_size is not None and (type(batch_size) is not int or batch_size not in SHARD_SIZES):
        bad["batch_size"] = f"A shard holds {SHARD_SIZES[0]} to {SHARD_SIZES[-1]} pictures."
    if model not in MODELS:
        bad["model"] = f"The service's models are {' and '.join(filter(None, MODELS))}."
    if wrong_label := billing_labels.fault(labels):
        bad["labels"] = wrong_label
    if type(longest) is not int or (longest and longest not in LONGEST):
        bad["longest"] = f"Uploads are made smaller to {LONGEST[0]:,} to {LONGEST[-1]:,} pixels."
    return bad


def _features_fault(features: Sequence[str]) -> str:
    unknown = [name for name in features if name not in FEATURES]
    if not features:
        return "Choose at least one feature."
    if unknown:
        return f"There is no feature {', '.join(map(str, unknown))}."
    return "Ask for each feature once." if len(set(features)) < len(features) else ""


def _ratios_fault(ratios: Sequence[float]) -> str:
    low, high = RATIO_LIMITS
    if any(not low <= ratio <= high for ratio in ratios):  # false for nan as well
        return f"An aspect ratio is width / height, {low:g} to {high:g}."
    many = len(ratios) > MAX_ASPECT_RATIOS
    return f"The service takes up to {MAX_ASPECT_RATIOS} aspect ratios." if many else ""


def split(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The pictures in portions that one operation takes, in order."""
    for start in range(0, len(items), PICTURES_PER_OPERATION):
        yield items[start : start + PICTURES_PER_OPERATION]


def attempt_prefix(job_prefix: str, attempt: int, part: int) -> str:
    """Where one operation writes: never used by any other, so that nothing is overwritten."""
    return f"{job_prefix.rstrip('/')}/try-{attempt}/{part_name(part)}/"


def part_name(part: int) -> str:
    """Folder of an operation's shards within its attempt."""
    return f"part-{part:04d}"
