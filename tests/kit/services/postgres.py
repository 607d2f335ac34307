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
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.engine.home import free_ports

PASSWORD = "not-for-the-log"  # of a server that lives for one test run, on loopback
READY_S = 30.0


@dataclass
class Server:
    """A server that runs.

    Attributes:
        url: SQLAlchemy's, of a database on it.
    """

    url: str
    _command: list[str | Path]
    _folder: Path
    _as_owner: dict[str, Any]
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, stdout=log, stderr=log, **self._as_owner
            )
        _wait_for(self.url, self._process)

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT does not wait for clients, as SIGTERM does; SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server of its own, see ``running``; skips the test where there is none."""
    pytest.importorskip("psycopg", reason="pip install -r requirements-cluster.txt")
    if not installed():
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    with running() as postgres:
        yield postgres.url


@contextmanager
def running() -> Iterator[Server]:
    """A server of its own folder and port.

    Uses PostgreSQL's programs where they are installed. They refuse to run as root, so root's tests
    run them as the packages' user ``postgres``, or as ``nobody``.
    """
    programs = _programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="contact-sheet-postgres-"))
    owner = _owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    as_owner: dict[str, Any] = (
        {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid}
    )
    (port,) = free_ports([0])
    url = f"postgresql+psycopg://tests:{PASSWORD}@127.0.0.1:{port}/postgres"
    command: list[str | Path] = [
        *(programs / "postgres", "-D", folder / "data", "-p", str(port)),
        *("-c", "listen_addresses=127.0.0.1", "-k", folder, "-F"),
    ]
    postgres = Server(url, command, folder, as_owner)
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        init: list[str | Path] = [programs / "initdb", "-D", folder / "data", "-U", "tests"]
        init += ["--no-sync", "-E", "UTF8"]
        init += ["--auth=scram-sha-256", f"--pwfile={secret}", "--locale=C.UTF-8"]
        subprocess.run(init, cwd=folder, check=True, capture_output=True, **as_owner)
        postgres.start()
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def new_schema(url: str) -> str:
    """A URL under which the server's database looks empty."""
    schema = f"t{secrets.token_hex(6)}"
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.exec_driver_sql(f"CREATE SCHEMA {schema}")
    engine.dispose()
    return f"{url}?options=-csearch_path%3D{schema}"


def installed() -> bool:
    """Whether there is a server to run, and a driver for it."""
    return _programs() is not None and find_spec("psycopg") is not None


def _programs() -> Path | None:
    program = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if program is None:
        return debian[-1].parent if debian else None
    return Path(program).resolve().parent


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
