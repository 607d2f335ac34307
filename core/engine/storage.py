"""Where pictures and shards are: the local Cloud Storage, or Google's by the user's credentials.

The only place of the engine where clients of a storage are made.
"""

from __future__ import annotations

from core.buckets import Buckets, open_buckets, open_google_buckets
from core.cloud_settings import CloudSettings
from core.google_account import find_account

# The address of a local Cloud Storage, or how the real one is reached. It can be sent to workers:
# credentials are none of it, and each machine finds its own.
Storage = str | CloudSettings
PATIENCE_S = 60.0


def open_storage(storage: Storage) -> Buckets:
    """A connection.

    Raises:
        BackendDenied: there are no credentials for Cloud Storage, or they cannot be used.
        BackendUnavailable: the machine's metadata server does not answer.
    """
    if isinstance(storage, str):
        return open_buckets(storage)
    return open_google_buckets(find_account(storage), storage, PATIENCE_S)
