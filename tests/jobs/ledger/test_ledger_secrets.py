"""No part of a ledger's password is told, in whatever form its URL holds it."""

from __future__ import annotations

import pytest

from core.errors import LedgerError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.places import address

SECRET = "S3cret"
AT = "127.0.0.1:1/db"
URLS = {
    f"postgresql+psycopg://ada:S3cretPw@{AT}": AT,
    f"postgresql+psycopg://ada:S3cret@Pw@{AT}": AT,
    f"postgresql+psycopg://ada:S3cret%40Pw@{AT}": AT,
    f"postgresql+psycopg://ada:S3cretPw#x@{AT}": AT,
    f"postgresql+psycopg://ada:x/S3cretPw@{AT}": AT,
    f"postgresql+psycopg://ada:S3cretPw?x@{AT}": address.SETTING,
    f"postgresql+psycopg://{AT}?user=ada&password=S3cretPw": AT,
    f"postgresql+psycopg://{AT}?user=ada&password=x@S3cretPw": address.SETTING,
    f"postgresql+psycopg://ada@{AT}?passfile=/S3cretPw": AT,
    "postgres://ada:S3cretPw@h/db": "h/db",
    "postgresql+psycopg://ada:S3cretPw@127.0.0.1:badport/db": "127.0.0.1:badport/db",
    "postgresql+psycopg:/ada:S3cretPw@h": address.SETTING,
    "S3cretPw": address.SETTING,
    "ada:S3cretPw@h": address.SETTING,
    f"postgresql+psycopg://ada:S3cretPw@{AT}?options=-c%20x%3DS3cretPw": AT,
    "postgresql+psycopg:///db?host=127.0.0.1&port=1&password=S3cretPw&connect_timeout=zz": "/db",
    f"postgresql+psycopg://ada:S3cretPw@{AT}?bogus=S3cretPw": AT,
}


@pytest.mark.parametrize(("url", "where"), URLS.items())
def test_no_password_is_shown(url: str, where: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger(url)
    said = f"{caught.value} {caught.value.where} {caught.value.then}"
    assert SECRET not in said and "Pw" not in said
    assert caught.value.where == where


def test_a_file_is_named() -> None:
    assert address.shown("sqlite:////a/b.sqlite3?x=1") == "sqlite:////a/b.sqlite3"
    assert address.secrets("sqlite:////a/b@c:d.sqlite3") == ()
