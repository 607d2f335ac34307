"""From an address to working clients: the only module that knows which backend is at the far end.

Google's own client talks to Google or to the local engine; every one of its errors is turned into
one of ours, with a cause and a cure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from core.buckets import Buckets, open_buckets, open_google_buckets
from core.cloud_settings import CloudSettings
from core.errors import BackendError, NotOffered
from core.google_account import GoogleAccount, find_account
from core.jobs.batch.features import FEATURES
from core.jobs.batch.request import BatchRequest
from core.jobs.billing.prices import PRICES, PriceTable
from core.jobs.service.google_client import google_annotator
from core.jobs.service.operation_status import OperationStatus, check_operation_name, read_status
from core.jobs.service.vision_errors import translate, translated

if TYPE_CHECKING:
    from google.cloud import vision

SUBMIT_TIMEOUT_S = 30.0
POLL_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
TRY_TIMEOUT_S = 60.0
LOCAL = "The local engine"
LOCAL_BACKEND = "local"
ENGINE_ON_CLOUD = "engine-on-cloud"
_TEXTS = ("does", "limits", "model", "licence")
# A restarted engine must be found again at once; gRPC's own back-off grows to two minutes.
_LOCAL_CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
)


@dataclass(frozen=True, slots=True)
class FeatureSupport:
    """What a backend really does for a feature, in plain sentences.

    Attributes:
        repeatable: whether the same picture gets the same answer whatever else the backend has
            seen; only then can an earlier answer be used again.
        files: whether pages of files (PDF, TIFF) are answered as well as pictures.
        gallery: names what the operator's gallery holds that its answers depend on; "" for none.
    """

    supported: bool
    does: str
    limits: str = ""
    model: str = ""
    licence: str = ""
    repeatable: bool = True
    files: bool = True
    gallery: str = ""


def with_file_features(
    request: BatchRequest, capabilities: Mapping[str, FeatureSupport]
) -> BatchRequest:
    """A request with what the backend answers for pages of files, too."""
    names = (n for n in request.features if n in capabilities and capabilities[n].files)
    return replace(request, file_features=tuple(names))


def _google_support() -> Mapping[str, FeatureSupport]:
    return MappingProxyType(
        {
            name: FeatureSupport(
                True,
                info.sentence,
                model="Google Cloud Vision",
                files=info.google_files,
            )
            for name, info in FEATURES.items()
        }
    )


@dataclass(frozen=True, slots=True)
class Backend:
    """Where to submit batches and keep pictures.

    Attributes:
        vision_address: ``host:port`` of a plain-text gRPC server; None for Google.
        storage_address: ``http://host:port`` of a storage emulator; None for Cloud Storage.
        project: the Google Cloud project that pays; None if that is not known.
        account: Google's credentials; None finds them when they are first needed.
        cloud: where Google is reached.
        capabilities: by feature name.
    """

    vision_address: str | None = None
    storage_address: str | None = None
    project: str | None = None
    account: GoogleAccount | None = None
    cloud: CloudSettings = field(default_factory=CloudSettings)
    capabilities: Mapping[str, FeatureSupport] = field(default_factory=_google_support)

    @classmethod
    def from_engine(cls, info: Mapping[str, Any]) -> Backend:
        """The local engine, from what it wrote into ``engine.json``.

        Raises:
            BackendError: a field is missing or of the wrong kind.
        """
        try:
            return cls(
                vision_address=str(info["vision_address"]),
                storage_address=str(info["storage_address"]),
                capabilities=MappingProxyType(
                    {
                        name: FeatureSupport(
                            supported=bool(support["supported"]),
                            repeatable=bool(support.get("repeatable", True)),
                            files=bool(support.get("files", True)),
                            **{k: str(support.get(k, "")) for k in _TEXTS},
                        )
                        for name, support in info["capabilities"].items()
                        if name in FEATURES
                    }
                ),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise BackendError(
                "The engine did not say where it listens",
                where="engine.json",
                then=f"Restart it. The fault: {error!r}.",
            ) from error

    @classmethod
    def of_google(cls, cloud: CloudSettings, account: GoogleAccount) -> Backend:
        """Google Cloud, as the settings and the credentials say."""
        return cls(project=account.project or None, account=account, cloud=cloud)

    @property
    def id(self) -> str:
        """Tells backends apart in the ledger; outlives a change of ports.

        Of Google it is the project that really pays, whatever named it.
        """
        if self.vision_address is None:
            return f"google:{self.project or ''}"
        if self.storage_address is not None:
            return LOCAL_BACKEND
        # Another endpoint is another storage, with other results in it.
        endpoint = self.cloud.storage_endpoint
        return f"{ENGINE_ON_CLOUD}:{endpoint}" if endpoint else ENGINE_ON_CLOUD


class Connection:
    """The clients of one backend, made when first used. Safe to share between threads."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    @property
    def id(self) -> str:
        """The backend's name in the ledger."""
        return self.backend.id

    @property
    def capabilities(self) -> Mapping[str, FeatureSupport]:
        """What this backend does for each feature."""
        return self.backend.capabilities

    def with_capabilities(self, capabilities: Mapping[str, FeatureSupport]) -> Connection:
        """The same clients; only what the backend does has changed."""
        changed = Connection(replace(self.backend, capabilities=capabilities))
        opened = ("account", "buckets", "annotator")
        changed.__dict__.update({n: self.__dict__[n] for n in opened if n in self.__dict__})
        return changed

    @property
    def prices(self) -> PriceTable:
        """The price list, marked as not charged where the backend is free."""
        return replace(PRICES, charged=self.backend.vision_address is None)

    @cached_property
    def account(self) -> GoogleAccount:
        """Google's credentials and who pays.

        Raises:
            BackendDenied: there are none that can be used.
            BackendUnavailable: the machine's metadata server does not answer.
        """
        return self.backend.account or find_account(self.backend.cloud)

    @property
    def payer(self) -> str:
        """Who pays for what is sent, in words; "" where nothing is charged.

        Raises:
            BackendDenied: nobody does, so that the service would refuse.
        """
        return self.account.paying if self.prices.charged else ""

    @cached_property
    def buckets(self) -> Buckets:
        """Cloud Storage, or its emulator; raises as ``account`` does."""
        if self.backend.storage_address is not None:
            return open_buckets(self.backend.storage_address)
        return open_google_buckets(self.account, self.backend.cloud)

    @cached_property
    def annotator(self) -> vision.ImageAnnotatorClient:
        """Google's own client, talking to this backend.

        Raises:
            BackendDenied: there are no credentials, or nobody pays.
        """
        if self.backend.vision_address is None:
            return google_annotator(self.account, self.backend.cloud)
        import grpc
        from google.cloud import vision
        from google.cloud.vision_v1.services.image_annotator.transports import (
            ImageAnnotatorGrpcTransport,
        )

        channel = grpc.insecure_channel(self.backend.vision_address, options=_LOCAL_CHANNEL)
        return vision.ImageAnnotatorClient(transport=ImageAnnotatorGrpcTransport(channel=channel))

    def prepare_bucket(self, name: str) -> None:
        """Make sure that our own bucket answers; the emulator's is created when missing.

        Raises:
            BucketError: it is missing, closed to us, or does not answer.
        """
        buckets = self.buckets.hurried(CONNECT_TIMEOUT_S)  # a storage that is away is tried again
        if self.backend.storage_address is not None:
            buckets.make_bucket(name)
        buckets.check_bucket(name)

    def check_ready(self) -> None:
        """Wait shortly until the service answers, before anything is marked as sent.

        Raises:
            BackendUnavailable: it does not.
            BackendDenied: there are no usable credentials.
        """
        import grpc
        from google.longrunning import operations_pb2, operations_pb2_grpc

        silent = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
        channel: grpc.Channel = getattr(self.annotator.transport, "grpc_channel")  # noqa: B009
        ask = operations_pb2.GetOperationRequest(name="operations/0")
        try:
            operations_pb2_grpc.OperationsStub(channel).GetOperation(
                ask, timeout=CONNECT_TIMEOUT_S, wait_for_ready=True
            )
        except grpc.RpcError as error:
            # Whatever else it says about an operation that does not exist: it is there.
            if error.code() not in silent:
                return
            where = self.backend.vision_address or self.backend.cloud.vision_host
            raise translate(error, where) from error

    def submit(
        self,
        request: vision.AsyncBatchAnnotateImagesRequest | vision.AsyncBatchAnnotateFilesRequest,
        check: Callable[[], None] = lambda: None,
    ) -> str:
        """Submit a batch once, without retries, and return the operation's name.

        Args:
            request: for pictures, or for one file.
            check: called as the last thing before the call; what it raises is raised, unsent.

        Raises:
            SubmissionUncertain: no clear answer: the batch may have been accepted.
            BackendError: any other kind means that it was not.
        """
        from google.cloud import vision

        client = self.annotator
        call: Callable[..., Any]
        if isinstance(request, vision.AsyncBatchAnnotateFilesRequest):
            call, output = client.async_batch_annotate_files, request.requests[0].output_config
        else:
            call, output = client.async_batch_annotate_images, request.output_config
        if self.backend.vision_address is None:
            request.parent = self.backend.cloud.parent(self.account.project)
        check()
        with translated(output.gcs_destination.uri, submitting=True):
            # The client's default retry could submit, and charge for, the same batch twice.
            operation = call(request=request, retry=None, timeout=SUBMIT_TIMEOUT_S)
            return str(operation.operation.name)

    def annotate_once(
        self, request: vision.BatchAnnotateImagesRequest | vision.BatchAnnotateFilesRequest
    ) -> dict[str, Any]:
        """Ask about one picture, or one page of a file, and wait; asked once, without retries.

        Returns:
            An ``AnnotateImageResponse`` as protobuf's JSON; its ``error`` may be set.

        Raises:
            SubmissionUncertain: no clear answer: it may be charged.
            BackendError: any other kind means that it was not asked.
        """
        from google.cloud import vision

        client, of_file = self.annotator, isinstance(request, vision.BatchAnnotateFilesRequest)
        call: Callable[..., Any]
        call = client.batch_annotate_files if of_file else client.batch_annotate_images
        if self.backend.vision_address is None:
            request.parent = self.backend.cloud.parent(self.account.project)
        with translated("Google Cloud Vision" if self.prices.charged else LOCAL, submitting=True):
            answer = call(request=request, retry=None, timeout=TRY_TIMEOUT_S)
        first = answer.responses[0] if answer.responses else None
        if of_file and first is not None and first.responses:
            first = first.responses[0]
        if first is None:
            return {"error": {"code": 13, "message": "The service gave no answer."}}
        text = type(first).to_json(
            first, use_integers_for_enums=False, always_print_fields_with_no_presence=False
        )
        said: dict[str, Any] = json.loads(text)
        return said

    def status(self, name: str) -> OperationStatus:
        """Ask for an operation by name.

        Raises:
            OperationNotFound: the service does not know it.
            BackendError: it could not be asked.
        """
        check_operation_name(name)
        with translated(name):
            answer = self.annotator.get_operation(
                request={"name": name}, retry=None, timeout=POLL_TIMEOUT_S
            )
        return read_status(answer)

    def cancel(self, name: str) -> None:
        """Ask for an operation to be cancelled.

        Raises:
            NotOffered: the service cannot cancel; the operation runs to its end.
            BackendError: it could not be asked.
        """
        check_operation_name(name)
        with translated(name):
            self.annotator.transport.operations_client.cancel_operation(
                name, retry=None, timeout=POLL_TIMEOUT_S
            )

    def operations(self, prefix: str) -> tuple[list[OperationStatus], bool]:
        """Operations that may be writing under a prefix, and whether they surely are.

        Where offered, the list is complete. A server that cannot filter gives all it has, and
        "surely" is false.

        Raises:
            NotOffered: this backend does not list operations.
            BackendError: it could not be asked.
        """
        from google.api_core.exceptions import InvalidArgument

        if self.backend.vision_address is None:
            # Google's Vision does not list them; an empty answer must never look like proof.
            raise NotOffered("Google Cloud Vision does not list operations", where=prefix)
        with translated(prefix):
            try:
                return self._listed(f'output_uri="{prefix}"'), True
            except InvalidArgument:
                return self._listed(""), False

    def _listed(self, wanted: str) -> list[OperationStatus]:
        pages = self.annotator.transport.operations_client.list_operations(
            "operations", wanted, retry=None, timeout=POLL_TIMEOUT_S
        )
        return [read_status(operation) for operation in pages]

    def close(self) -> None:
        """Close the channel, if one was opened."""
        if "annotator" in self.__dict__:
            self.annotator.transport.close()


def connect(backend: Backend) -> Connection:
    """A connection; nothing is opened before it is used."""
    return Connection(backend)
