"""Log lines: one an event whatever it says, with ids, and never a secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import logs
from core.logs import BLOT, LineFormatter, about, fields, set_up

ROOT = Path(__file__).parents[1]
SECRETS = {
    "postgresql://me:hunter2-xyz@db/x": "hunter2-xyz",
    "GET /b/o?alt=media&X-Goog-Signature=abcdef012345&x=1": "abcdef012345",
    "https://x/y?Expires=1&Signature=abcdef%2B012345": "abcdef%2B012345",
    "Authorization: Bearer abc.def-ghi_jkl": "abc.def-ghi_jkl",
    "token ya29.A0ARrdaM-x_y": "A0ARrdaM-x_y",
    "jwt eyJhbGciOi.eyJzdWIi.c2lnbmF0": "eyJzdWIi",
    '{"private_key": "abcdefgh", "x": 1}': "abcdefgh",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\nxyz\n-----END RSA PRIVATE KEY-----": "MIIEabc",
    "cookie_secret = 'q9w8e7r6t5'": "q9w8e7r6t5",
    "password=correct-horse rest": "correct-horse",
    "the value is from-the-env-77": "from-the-env-77",
    "https://u:pw@123/456@h/x": "123",
    "postgresql://u:p%40w!@h/db": "p%40w!",
    "key AIzaSyA-1234567890_abcdefghijklmnopqrstu": "AIzaSyA",
    "access GOOG1EABCDEF": "GOOG1EABCDEF",
    "X-Goog-Signature=abcdef0123456789": "abcdef0123456789",
    "aws_secret_access_key=abcd": "abcd",
    "token=abcdef": "abcdef",
    "api_key=abcdefgh": "abcdefgh",
    "apiKey: abcdefgh": "abcdefgh",
    "x-goog-api-key: abcdefgh": "abcdefgh",
    "Bearer ya29abc": "ya29abc",
    "PASSWORD='correct horse battery'": "horse",
    "db_password = a,b;c&horse": "horse",
    '"password": "se cret"': "cret",
    'password: se\\"cret': "cret",
    '"password": "se\\"cret"': "cret",
    '{"body": "{\\"password\\": \\"se cret\\"}"}': "cret",
    "passphrase: b'se cret'": "cret",
    "eyJhbGciOi.eyJ.abc": "eyJhbGciOi",
    "refresh 1//0gabcdefghijklmnopqrstuv": "0gabcdefghijklmnopqrstuv",
    "client GOCSPX-abc_def": "abc_def",
}
ORDINARY = (
    "12 tokens: a, b",
    "gs://bucket/token/password.jpg",
    "http://127.0.0.1:8501/explore?job=20260101-000000-abcdef",
    "picture=NAME#17 said no",
    "author: Ada",
)


def record(message: str, *args: object, fault: Exception | None = None) -> logging.LogRecord:
    info = (type(fault), fault, None) if fault else None
    return logging.LogRecord("a.b", logging.INFO, "f.py", 1, message, args, info)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(("text", "secret"), SECRETS.items())
def test_no_secret_is_logged(text: str, secret: str, as_json: bool) -> None:
    values = logs._values({"STREAMLIT_AUTH_COOKIE_SECRET": "from-the-env-77", "HOME": "/root"})
    formatter = LineFormatter(as_json=as_json, secrets=values)
    with about(job=text):
        for one in (record("%s", text), record("x", fault=ValueError(text))):
            line = formatter.format(one)
            assert secret not in line and BLOT in line


@pytest.mark.parametrize("form", ["p w/77+%&", "p%20w%2F77%2B%25%26", "p+w%2F77%2B%25%26"])
def test_a_secret_of_the_environment_in_any_form(form: str) -> None:
    values = logs._values({"MY_TOKEN": "p w/77+%&"})
    line = LineFormatter(secrets=values).format(record("said <%s>", form))
    assert "77" not in line.partition("said")[2]  # before it stands a time, of any milliseconds


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_reported_as_it_is(text: str) -> None:
    assert LineFormatter().format(record("%s", text)).endswith(text)


def test_a_long_text_is_looked_through_in_little_time() -> None:
    begun = time.process_time()
    for text in (
        "a" * 200_000,
        "a." * 100_000,
        "password=" * 20_000,
        "x://" * 50_000,
        "'" * 200_000,
    ):
        LineFormatter().format(record("%s", text))
    assert time.process_time() - begun < 10  # a square of it would take minutes


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "text", ["a\nlevel=ERROR forged", "a\r\nb", "\x1b[31mred", "a\u2028b\u0085c", "\x00", "\u202ex"]
)
def test_text_from_outside_stays_on_its_line(text: str, as_json: bool) -> None:
    formatter = LineFormatter(as_json=as_json)
    with about(operation=text):
        line = formatter.format(record("picture %s", text, fault=OSError(text)))
    assert len(line.splitlines()) == 1 and line.isprintable()
    if as_json:
        assert json.loads(line)["message"] == f"picture {text}"


def test_ids_come_from_the_context_and_from_the_message() -> None:
    as_json = LineFormatter(as_json=True)
    with about(job="j1"), about(operation="o"):
        entry = json.loads(as_json.format(record("operation=projects/p/operations/7 ended")))
    assert (entry["job"], entry["operation"]) == ("j1", "projects/p/operations/7")
    assert (entry["message"], entry["level"], entry["logger"]) == ("ended", "INFO", "a.b")
    assert "job" not in json.loads(as_json.format(record("nothing")))
    line = LineFormatter().format(record("operation=projects/p/operations/7 accepted: %d", 3))
    assert line.endswith("level=INFO logger=a.b operation=projects/p/operations/7 accepted: 3")


def test_level_and_format_by_the_environment() -> None:
    code = "from core import logs; import logging; logs.set_up(); logs.set_up()\n"
    code += "logging.getLogger('x').info('no'); logging.getLogger('x').warning('yes')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"CONTACT_SHEET_LOG": "json", "CONTACT_SHEET_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["message"] == "yes"


def test_a_level_that_is_none_is_the_usual_one() -> None:
    root = logging.getLogger()
    before, handlers = root.level, list(root.handlers)
    try:
        set_up({"CONTACT_SHEET_LOG_LEVEL": "loud"})
        assert root.level == logging.INFO
    finally:
        root.setLevel(before)
        root.handlers[:] = handlers


@pytest.mark.parametrize("as_json", [False, True])
def test_fields_are_named_and_as_harmless_as_the_rest(as_json: bool) -> None:
    one = record("accepted")
    vars(one).update(
        fields(job="j\nx=1", pictures=3, seconds=1.5, operation="", usd="Bearer abcdefghijk")
    )
    with about(job="outer", operation="o", picture=""):
        line = LineFormatter(as_json=as_json).format(one)
    assert len(line.splitlines()) == 1 and "abcdefghijk" not in line
    if as_json:
        entry = json.loads(line)
        assert (entry["job"], entry["pictures"], entry["seconds"]) == ("j\nx=1", 3, 1.5)
        assert entry["operation"] == "o" and "picture" not in entry
    else:
        assert 'job="j\\nx=1" operation=o pictures=3 seconds=1.5' in line
