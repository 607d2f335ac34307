"""A real PostgreSQL server for tests, started and thrown away by them."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.engine.home import free_ports

PASSWORD = "not-for-the-log"  # of a server that lives for one test run, on loopback
READY_S = 30.0


@contextmanager
def server() -> Iterator[str]:
    """A server of its own folder and port; the SQLAlchemy URL of a database on it.

    Uses PostgreSQL's programs where they are installed. They refuse to run as root, so root's tests
    run them as the packages' user ``postgres``, or as ``nobody``.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="contact-sheet-postgres-"))
    owner = _owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    as_owner: dict[str, Any] = (
        {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid}
    )
    (port,) = free_ports([0])
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        init: list[str | Path] = [
            programs / "initdb",
            "-D",
            folder / "data",
            "-U",
            "tests",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        init += ["--auth=scram-sha-256", f"--pwfile={secret}", "--locale=C.UTF-8"]
        subprocess.run(init, cwd=folder, check=True, capture_output=True, **as_owner)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(programs / "postgres", "-D", folder / "data", "-p", str(port)),
                    *("-c", "listen_addresses=127.0.0.1", "-k", folder, "-F"),
                ],
                cwd=folder,
                stdout=log,
                stderr=log,
                **as_owner,
            )
        url = f"postgresql+psycopg://tests:{PASSWORD}@127.0.0.1:{port}/postgres"
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # does not wait for clients, as SIGTERM does
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_schema(url: str) -> str:
    """A URL under which the server's database looks empty."""
    schema = f"t{secrets.token_hex(6)}"
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.exec_driver_sql(f"CREATE SCHEMA {schema}")
    engine.dispose()
    return f"{url}?options=-csearch_path%3D{schema}"


def _programs() -> Path:
    pytest.importorskip("psycopg", reason="pip install -r requirements-cluster.txt")
    found = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found is None and not debian:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    return Path(found).resolve().parent if found else debian[-1].parent


def _owner() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            engine.connect().close()
            return
        except sa.exc.OperationalError:
            time.sleep(0.05)
    raise AssertionError("the PostgreSQL server did not start")
