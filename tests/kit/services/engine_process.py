"""A real engine process and real clients, for tests."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import grpc
from google.cloud import vision
from google.cloud.vision_v1.services.image_annotator.transports import (
    ImageAnnotatorGrpcTransport,
)
from google.longrunning import operations_pb2, operations_pb2_grpc
from PIL import Image

from core.buckets import Buckets, open_buckets

ROOT = Path(__file__).parents[3]
LABELS = vision.Feature(type_=vision.Feature.Type.LABEL_DETECTION)
CROP_HINTS = vision.Feature(type_=vision.Feature.Type.CROP_HINTS)
PRODUCT_SEARCH = vision.Feature(type_=vision.Feature.Type.PRODUCT_SEARCH)
BUCKET = "contact-sheet"


class EngineProcess:
    """``python -m tests.kit.services.fake_engine`` (or the module given) over one home.

    ``annotated()`` tells every annotation that really took place, in all of its lives.
    """

    def __init__(self, home: Path, module: str = "tests.kit.services.fake_engine") -> None:
        self.home = home
        self.log = home / "annotated.log"
        self.delay_s = 0.0
        self.cloud = ""  # address of a storage that stands for Cloud Storage
        self.process: subprocess.Popen[bytes] | None = None
        self._module = module
        self._channels: list[grpc.Channel] = []

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a process without waiting for it."""
        self.home.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {
            "FAKE_KIT_LOG": str(self.log),
            "FAKE_KIT_DELAY_S": str(self.delay_s),
            "PYTHONWARNINGS": "error",
        }
        with (self.home / "engine.stderr").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", self._module, "--home", str(self.home), *options],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
            )

    def start(self, *options: str, timeout: float = 60) -> EngineProcess:
        """Start it and wait until it says that it is ready."""
        self.process = process = self.launch(*options)
        note = self.home / "engine" / "engine.json"

        def ready() -> bool:
            assert process.poll() is None, self.stderr()
            try:  # an engine that starts takes away what a killed one left
                return bool(json.loads(note.read_text())["pid"] == process.pid)
            except FileNotFoundError:
                return False

        until(ready, timeout)
        return self

    def facts(self) -> dict[str, Any]:
        """engine.json."""
        facts: dict[str, Any] = json.loads((self.home / "engine" / "engine.json").read_text())
        return facts

    def stderr(self) -> str:
        """What it logged, in all of its lives."""
        return (self.home / "engine.stderr").read_text(errors="replace")

    def kill(self) -> None:
        """kill -9, which no process can notice."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        for channel in self._channels:
            channel.close()
        self._channels.clear()
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(30)
        self.process = None
        return code

    def channel(self) -> grpc.Channel:
        """A new connection."""
        self._channels.append(grpc.insecure_channel(self.facts()["vision_address"]))
        return self._channels[-1]

    def client(self) -> vision.ImageAnnotatorClient:
        """Google's own client."""
        return vision.ImageAnnotatorClient(
            transport=ImageAnnotatorGrpcTransport(channel=self.channel())
        )

    def operations(self) -> operations_pb2_grpc.OperationsStub:
        """Google's own stub for operations."""
        return operations_pb2_grpc.OperationsStub(self.channel())

    def buckets(self) -> Buckets:
        """Where its pictures are."""
        return open_buckets(self.cloud or self.facts()["storage_address"])

    def annotated(self) -> list[str]:
        """One line an annotation."""
        return self.log.read_text().splitlines() if self.log.exists() else []


def on_cloud(address: str) -> dict[str, str]:
    """Settings of an engine whose pictures are in a storage that stands for Cloud Storage."""
    return {
        "CONTACT_SHEET_BACKEND": "engine-on-cloud",
        "CONTACT_SHEET_BUCKET": BUCKET,
        "CONTACT_SHEET_STORAGE_ENDPOINT": address,
        "CONTACT_SHEET_STORAGE_ACCESS": "anonymous",
    }


def until(true: Callable[[], bool], timeout: float = 30) -> None:
    """Look again and again until something is true.

    Raises:
        AssertionError: it did not come true in time.
    """
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def picture(width: int = 60, height: int = 40, colour: Any = "white", kind: str = "PNG") -> bytes:
    """A picture file of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return file.getvalue()


def image(uri: str, features: Sequence[vision.Feature] = (LABELS,)) -> vision.AnnotateImageRequest:
    """A request for one picture of a bucket."""
    source = vision.ImageSource(image_uri=uri)
    return vision.AnnotateImageRequest(image=vision.Image(source=source), features=features)


def batch(
    requests: Iterable[vision.AnnotateImageRequest], prefix: str, batch_size: int = 0
) -> vision.AsyncBatchAnnotateImagesRequest:
    """A request for many."""
    return vision.AsyncBatchAnnotateImagesRequest(
        requests=list(requests),
        output_config=vision.OutputConfig(
            gcs_destination=vision.GcsDestination(uri=prefix), batch_size=batch_size
        ),
    )


def submit(engine: EngineProcess, request: vision.AsyncBatchAnnotateImagesRequest) -> str:
    """Send it as the dashboard does; the operation's name."""
    sent = engine.client().async_batch_annotate_images(request=request, retry=None, timeout=30)
    return str(sent.operation.name)


def wait(engine: EngineProcess, name: str, timeout: float = 60) -> operations_pb2.Operation:
    """The operation, once it is done."""
    stub = engine.operations()

    def get() -> operations_pb2.Operation:
        return stub.GetOperation(operations_pb2.GetOperationRequest(name=name), timeout=10)

    until(lambda: bool(get().done), timeout)
    return get()


def state(operation: operations_pb2.Operation) -> vision.OperationMetadata.State:
    """The state in its metadata."""
    metadata = vision.OperationMetadata.pb()()
    assert operation.metadata.Unpack(metadata)
    return vision.OperationMetadata.State(metadata.state)


def shards(engine: EngineProcess, prefix: str) -> dict[str, vision.BatchAnnotateImagesResponse]:
    """All shards under a prefix by the end of their name, read as the official samples do."""
    buckets = engine.buckets()
    return {
        shard.uri.removeprefix(prefix): vision.BatchAnnotateImagesResponse.from_json(
            buckets.read(shard.uri)
        )
        for shard in buckets.list_objects(prefix)
    }


def upload(engine: EngineProcess, folder: str, pictures: Sequence[bytes]) -> list[str]:
    """Put pictures into the bucket; their addresses in order."""
    buckets = engine.buckets()
    uris = [f"gs://{BUCKET}/{folder}/{number:04d}.png" for number in range(len(pictures))]
    for uri, data in zip(uris, pictures, strict=True):
        buckets.write(uri, data, "image/png")
    return uris
