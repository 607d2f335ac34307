"""Google's client for Vision, with the project that pays, the endpoint and the certificates set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.cloud_settings import CloudSettings
from core.errors import BackendDenied
from core.google_account import GoogleAccount
from core.jobs.service.vision_errors import translated

if TYPE_CHECKING:
    import grpc
    from google.cloud import vision

# requests, which Cloud Storage and the token servers are asked with, knows these; gRPC does not.
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
GRPC_CA_VARIABLE = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


def google_annotator(account: GoogleAccount, cloud: CloudSettings) -> vision.ImageAnnotatorClient:
    """The client for Google's service.

    Raises:
        BackendDenied: nobody pays, or the file of certificates cannot be read.
    """
    from google.cloud import vision
    from google.cloud.vision_v1.services.image_annotator.transports import (
        ImageAnnotatorGrpcTransport,
    )

    account.check()
    with translated("Google Cloud Vision"):
        return vision.ImageAnnotatorClient(
            credentials=account.credentials,
            client_options=account.client_options(cloud.vision_host),
            transport=partial(ImageAnnotatorGrpcTransport, ssl_channel_credentials=_own_roots()),
        )


def ca_file(env: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The file of trusted certificates that is set for requests, and the variable that names it."""
    named = [name for name in CA_VARIABLES if env.get(name)]
    return (env[named[0]], named[0]) if named else ("", "")


def _own_roots() -> grpc.ChannelCredentials | None:
    """The same certificates for gRPC as for everything else; None leaves them to gRPC."""
    path, name = ca_file()
    if not path or os.environ.get(GRPC_CA_VARIABLE):
        return None
    import grpc

    try:
        return grpc.ssl_channel_credentials(Path(path).read_bytes())
    except OSError as error:
        raise BackendDenied(
            f"The file of certificates cannot be read: {error.strerror}",
            where=name,
            then="Let it name a file in PEM format.",
        ) from error
