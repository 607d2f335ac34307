"""Google's Vision over TLS, in front of the embedded engine: its words, tokens and names."""

from __future__ import annotations

import hashlib
import threading
from concurrent import futures
from typing import Any

import grpc
from google.cloud import vision
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2

from tests.kit.standin.desk import OWN, PERSON, Desk, Keys

Code = grpc.StatusCode
CONSOLE = "https://console.developers.google.com"
ENABLE = f"{CONSOLE}/apis/api/vision.googleapis.com/overview?project=123456789012"
BILLING = f"{CONSOLE}/billing/enable?project=123456789012"
SERVICE = {"service": "vision.googleapis.com", "consumer": "projects/123456789012"}
RETRY_S = 7
HANGS_S = 40.0  # longer than any client waits
BATCHES: dict[str, Any] = {
    "AsyncBatchAnnotateImages": vision.AsyncBatchAnnotateImagesRequest.pb(),
    "AsyncBatchAnnotateFiles": vision.AsyncBatchAnnotateFilesRequest.pb(),
}


def _info(reason: str, **metadata: str) -> details.ErrorInfo:
    metadata = {**SERVICE, **metadata}
    return details.ErrorInfo(reason=reason, domain="googleapis.com", metadata=metadata)


# Fault -> status, words and details, as Google documents them and users report them.
FAULTS: dict[str, tuple[grpc.StatusCode, str, tuple[Any, ...]]] = {
    "api_disabled": (
        Code.PERMISSION_DENIED,
        "Cloud Vision API has not been used in project 123456789012 before or it is disabled. "
        f"Enable it by visiting {ENABLE} then retry. If you enabled this API recently, wait a few "
        "minutes for the action to propagate to our systems and retry.",
        (_info("SERVICE_DISABLED", serviceTitle="Cloud Vision API", activationUrl=ENABLE),),
    ),
    "billing": (
        Code.PERMISSION_DENIED,
        "This API method requires billing to be enabled. Please enable billing on project "
        f"#123456789012 by visiting {BILLING} then retry.",
        (_info("BILLING_DISABLED"),),
    ),
    "no_quota_project": (
        Code.PERMISSION_DENIED,
        "Your application is authenticating by using local Application Default Credentials. The "
        "vision.googleapis.com API requires a quota project, which is not set by default.",
        (_info("SERVICE_DISABLED", consumer="projects/764086051850"),),
    ),
    "user_project": (
        Code.PERMISSION_DENIED,
        "Caller does not have required permission to use project demo-project. Grant the caller "
        "the roles/serviceusage.serviceUsageConsumer role.",
        (_info("USER_PROJECT_DENIED", consumer="projects/demo-project"),),
    ),
    "token": (
        Code.UNAUTHENTICATED,
        "Request had invalid authentication credentials.",
        (_info("ACCESS_TOKEN_EXPIRED"),),
    ),
    "quota": (
        Code.RESOURCE_EXHAUSTED,
        "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'.",
        (
            _info("RATE_LIMIT_EXCEEDED", quota_limit_value="1800"),
            details.RetryInfo(retry_delay=duration_pb2.Duration(seconds=RETRY_S)),
        ),
    ),
    "perimeter": (
        Code.PERMISSION_DENIED,
        "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: uQ-1",
        (_info("SECURITY_POLICY_VIOLATED", uid="uQ-1"),),
    ),
    "org_policy": (
        Code.FAILED_PRECONDITION,
        "Operation denied by org policy: constraints/gcp.resourceLocations",
        (_info("LOCATION_ORG_POLICY_VIOLATED"),),
    ),
    "no_such_project": (Code.PERMISSION_DENIED, "Invalid.", (_info("CONSUMER_INVALID"),)),
    "invalid": (Code.INVALID_ARGUMENT, "Request must specify image and features.", ()),
    "hangs": (Code.DEADLINE_EXCEEDED, "No answer for as long as the client waits.", ()),
    "unavailable": (Code.UNAVAILABLE, "The service is currently unavailable.", ()),
    "internal": (Code.INTERNAL, "Internal error encountered.", ()),
    "unknown": (Code.UNKNOWN, "Stream removed", ()),
    "cancelled": (Code.CANCELLED, "The operation was cancelled.", ()),
    "aborted": (Code.ABORTED, "The operation was aborted.", ()),
    "data_loss": (Code.DATA_LOSS, "Unrecoverable data loss or corruption.", ()),
    "unimplemented": (Code.UNIMPLEMENTED, "Operation is not implemented.", ()),
    "not_found": (Code.NOT_FOUND, "Operation not found.", ()),
}
# Those that say nothing about whether a batch was taken; every other one is a refusal.
LOST = ("hangs", "unavailable", "internal", "unknown", "cancelled", "aborted", "data_loss")


class Vision:
    """The server; ``address`` is where it listens."""

    def __init__(self, desk: Desk, keys: Keys, engine: str) -> None:
        self._desk = desk
        options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        self._engine = grpc.insecure_channel(engine, options=options)
        self._known: dict[
            str, str
        ] = {}  # Google's name -> the engine's; "" of one of a paused service
        self._server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[_Every(self)])
        pair = (keys.key.read_bytes(), keys.certificate.read_bytes())
        port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        self.address = f"localhost:{port}"
        self._server.start()

    def stop(self) -> None:
        """Close everything."""
        self._server.stop(None).wait()
        self._engine.close()

    def answer(self, method: str, data: bytes, context: grpc.ServicerContext) -> bytes:
        """One call, whichever it is."""
        short = method.rpartition("/")[2]
        metadata = {k: v for k, v in context.invocation_metadata() if isinstance(v, str)}
        named = metadata.get("x-goog-user-project")
        facts: dict[str, Any] = {"named": named, "units": 0, "pictures": 0, "parent": ""}
        if short in BATCHES:
            request = BATCHES[short].FromString(data)
            # Of a file of pages nobody knows here how many there are: units of one.
            facts["units"] = sum(len(one.features) for one in request.requests)
            facts["pictures"] = len(request.requests)
            facts["parent"] = request.parent
        who = self._desk.who(metadata.get("authorization"))
        facts["payer"] = payer = self._desk.payer(who, named) if who else None
        rule = self._desk.pick("vision", short)
        fault = rule.fault if rule and not rule.after else ""
        if who is None:
            fault = "token"
        elif who == PERSON and named is None:
            fault = fault or "no_quota_project"
        elif payer in self._desk.closed_projects:
            fault = fault or "user_project"
        line = self._desk.came("vision", short, **facts)
        if fault:
            line["answer"] = fault
            self._refuse(context, fault, payer)
        try:
            response = self._forward(method, short, data)
        except grpc.RpcError as error:
            line["answer"] = str(error.code())
            context.abort(error.code(), error.details() or "")
        line["answer"] = rule.fault if rule else "ok"
        line["accepted"] = short in BATCHES
        if rule:
            self._refuse(context, rule.fault, payer)
        return response

    def _forward(self, method: str, short: str, data: bytes) -> bytes:
        if short == "GetOperation":
            name = operations_pb2.GetOperationRequest.FromString(data).name
            if name not in self._known:
                raise _NotFound
            if not self._known[name]:
                return self._operation(name, name in self._desk.finished)
            mine = operations_pb2.GetOperationRequest(name=self._known[name])
            data = mine.SerializeToString()
        elif short not in BATCHES:
            raise _Unimplemented
        elif self._desk.paused:
            name = f"projects/{OWN}/operations/{len(self._known):016x}"
            self._known[name] = ""
            return self._operation(name, done=False)
        call: Any = self._engine.unary_unary(method)
        operation = operations_pb2.Operation.FromString(call(data, timeout=30))
        number = hashlib.sha256(operation.name.encode()).hexdigest()[:16]
        google = f"projects/{OWN}/operations/{number}"
        self._known[google] = operation.name
        operation.name = google
        return bytes(operation.SerializeToString())

    def _operation(self, name: str, done: bool) -> bytes:
        operation = operations_pb2.Operation(name=name, done=done)
        state = vision.OperationMetadata(state="DONE" if done else "RUNNING")
        operation.metadata.Pack(vision.OperationMetadata.pb(state))
        if done:
            operation.response.Pack(vision.AsyncBatchAnnotateImagesResponse.pb()())
        return bytes(operation.SerializeToString())

    def _refuse(self, context: grpc.ServicerContext, fault: str, payer: str | None) -> None:
        if fault == "hangs":
            _wait_for_end(context)
        code, words, error_details = FAULTS[fault]
        if fault == "user_project" and payer:
            words = words.replace(OWN, payer)
            error_details = (_info("USER_PROJECT_DENIED", consumer=f"projects/{payer}"),)
        status = status_pb2.Status(code=code.value[0], message=words)
        for detail in error_details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        if error_details:
            trailer = ("grpc-status-details-bin", status.SerializeToString())
            context.set_trailing_metadata((trailer,))
        context.abort(code, words)


def _wait_for_end(context: grpc.ServicerContext) -> None:
    """Until the client has given up."""
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait(HANGS_S)


class _InjectedError(grpc.RpcError):
    def __init__(self, fault: str) -> None:
        self._fault = FAULTS[fault]

    def code(self) -> grpc.StatusCode:
        return self._fault[0]

    def details(self) -> str:
        return self._fault[1]


_NotFound, _Unimplemented = _InjectedError("not_found"), _InjectedError("unimplemented")


class _Every(grpc.GenericRpcHandler):
    def __init__(self, vision: Vision) -> None:
        self._vision = vision

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        method = call.method
        return grpc.unary_unary_rpc_method_handler(
            lambda data, context: self._vision.answer(method, data, context)
        )
