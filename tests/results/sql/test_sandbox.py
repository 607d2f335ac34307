"""Questions in SQL are answered from the batch's tables, and reach nothing else."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.errors import QuestionError
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.sql.sandbox import FAULTS, MAX_SQL, SandboxLimits, ask
from core.results.sql.stored_tables import StoredTables, mentioned
from core.results.vocabulary import LIKELIHOODS


@pytest.fixture
def tables(store: Store, tmp_path: Path) -> StoredTables:
    return StoredTables(store.views, tmp_path)


def frame(tables: StoredTables, sql: str, **more: object) -> pd.DataFrame:
    return ask(tables, sql, **more).frame  # type: ignore[arg-type]


def fault(tables: StoredTables, sql: str, **limits: float) -> QuestionError:
    with pytest.raises(QuestionError) as caught:
        ask(tables, sql, limits=SandboxLimits(**limits))  # type: ignore[arg-type]
    assert caught.value.then
    return caught.value


def test_answers_are_those_of_the_charts(tables: StoredTables, store: Store) -> None:
    labels = frame(
        tables,
        "SELECT label, count(DISTINCT picture) AS pictures FROM labels"
        " GROUP BY label ORDER BY pictures DESC, label LIMIT 5",
    )
    expected = store.labels(Filters.empty(), 5)
    assert sorted(labels["pictures"], reverse=True) == expected["pictures"].tolist()
    adult = frame(tables, "SELECT adult, count(*) AS n FROM safe_search GROUP BY adult")
    chart = store.safe_search(Filters.empty()).query("category == 'adult' and pictures > 0")
    assert dict(zip(adult["adult"], adult["n"], strict=True)) == dict(
        zip(chart["likelihood"], chart["pictures"], strict=True)
    )


def test_likelihoods_have_names_and_levels_and_colours_are_texts(tables: StoredTables) -> None:
    likelihoods = frame(tables, "SELECT DISTINCT adult, adult_level FROM safe_search")
    assert {LIKELIHOODS[level] for level in likelihoods["adult_level"]} == set(likelihoods["adult"])
    assert (
        likelihoods["adult"] == [LIKELIHOODS[level] for level in likelihoods["adult_level"]]
    ).all()
    color = frame(tables, "SELECT color FROM colors LIMIT 1")["color"][0]
    assert len(color) == 7 and color[0] == "#" and int(color[1:], 16) >= 0
    levels = frame(tables, "SELECT DISTINCT safe_likelihood FROM pictures")["safe_likelihood"]
    assert set(levels.dropna()) <= set(LIKELIHOODS)


def test_narrowed_to_the_pictures_that_pass(tables: StoredTables) -> None:
    every = (
        "SELECT count(*) AS n FROM pictures UNION ALL SELECT count(DISTINCT picture) FROM labels"
    )
    some = frame(tables, every, chosen=[3, 5, 8])["n"].tolist()
    assert some[0] == 3 and some[1] <= 3
    assert frame(tables, every, chosen=[])["n"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("sql", "columns", "rows"),
    [
        ("SHOW TABLES", ["name"], None),
        ("DESCRIBE labels", ["column_name"], None),
        ("SUMMARIZE labels", ["column_name"], None),
        ("EXPLAIN SELECT * FROM labels", ["explain_key"], None),
        ("FROM pictures LIMIT 2;", ["picture"], 2),
        ("WITH a AS (SELECT 1 AS one) FROM a -- and no more", ["one"], 1),
        ("PIVOT safe_search ON adult USING count(*)", [], None),
        ("SELECT 1 AS a, 2 AS a, 3 AS a_2", ["a_0", "a_1", "a_2_2"], 1),
        ("SELECT [1, 2] AS list, {'x': 1} AS struct, INTERVAL 1 DAY AS i, 'é' AS \"ü\"", [], 1),
        (
            "SELECT DATE '2026-11-28' AS day, 1.5::DECIMAL(4, 2) AS d, 2::HUGEINT AS h, NULL AS n",
            [],
            1,
        ),
        ("SELECT '\\xAA'::BLOB AS bytes, true AS yes, uuid() AS id, TIME '12:00' AS t", [], 1),
        ("SELECT TIMESTAMP '9999-12-31 23:59:59' AS far, 'infinity'::FLOAT AS inf", [], 1),
        ("SELECT polygon FROM objects LIMIT 1", ["polygon"], None),
        ("SELECT * FROM pictures WHERE false", ["picture"], 0),
    ],
)
def test_what_analysts_write(
    tables: StoredTables, sql: str, columns: list[str], rows: int | None
) -> None:
    answer = frame(tables, sql)
    assert list(answer.columns)[: len(columns)] == columns
    assert rows is None or len(answer) == rows
    assert not any("stored_" in str(name) for name in answer.columns)
    answer.to_csv()


SECRET = "secret-of-the-machine"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "FROM read_text('{file}')",
        "FROM read_blob('{file}')",
        "FROM '{file}'",
        "FROM glob('/*')",
        "FROM sniff_csv('{file}')",
        "FROM read_json('{file}')",
        "FROM read_parquet('https://127.0.0.1:1/x.parquet')",
        "FROM read_csv('/proc/self/environ')",
        "FROM read_blob('/proc/self/fd/0')",
        "FROM query('FROM read_text(''{file}'')')",
        "COPY pictures TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "IMPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/out.db' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '{file}'",
        "SET enable_external_access = true",
        "SET memory_limit = '64GB'",
        "RESET memory_limit",
        "SET GLOBAL lock_configuration = false",
        "PRAGMA enable_external_access = true",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CREATE SECRET (TYPE s3)",
        "CREATE TABLE x AS SELECT 1",
        "CREATE MACRO f() AS 1",
        "DROP VIEW pictures",
        "DELETE FROM pictures",
        "INSERT INTO labels SELECT * FROM labels",
        "UPDATE pictures SET picture = 1",
        "CHECKPOINT",
        "BEGIN",
        "VACUUM",
        "USE memory",
        "DETACH memory",
        "PREPARE q AS SELECT 1",
        "EXECUTE q",
        "DEALLOCATE q",
        "SELECT getenv('HOME')",
        "SELECT * FROM question",
        "SELECT * FROM table",
        "SELECT * FROM sys",
        "EXPLAIN ANALYZE COPY pictures TO '{folder}/out.csv'",
        "SELECT 1; COPY pictures TO '{folder}/out.csv'",
        "SELECT 1; SELECT 2",
        "",
        "   ;  ",
        "-- nothing",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "SELECT nothing FROM pictures",
        "SELECT 1/0::INTEGER + 'x'::INTEGER",
        "SELECT \x00",
        "SELECT '\ud800'",
    ],
)
def test_what_reaches_further_is_refused(tables: StoredTables, tmp_path: Path, sql: str) -> None:
    folder = tmp_path / "else"
    folder.mkdir()
    file = folder / "secret.csv"
    file.write_text(SECRET)
    refused = fault(tables, sql.format(file=file, folder=folder) if "{f" in sql else sql)
    assert refused.what in [what for what, _ in FAULTS.values()]
    assert refused.what not in (FAULTS["broke"][0], FAULTS["time"][0])
    assert SECRET not in str(refused)
    assert [path.name for path in folder.iterdir()] == ["secret.csv"]


def test_settings_tell_nothing_of_the_machine(
    tables: StoredTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", f"/{SECRET}")
    monkeypatch.setenv("CONTACT_SHEET_SECRET", SECRET)
    settings = frame(tables, "SELECT name, value FROM duckdb_settings()").to_csv()
    assert SECRET not in settings


ENDLESS = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) FROM r"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "limits", "kind"),
    [
        ("SELECT count(*) FROM range(1000000000000)", {"wall_s": 2.0}, "time"),
        ("SELECT count(*) FROM labels a, labels b, labels c, colors d", {"wall_s": 2.0}, "time"),
        ("SELECT count(*) FROM range(1000000000000)", {"cpu_s": 2}, "time"),
        (ENDLESS, {"rows": 10**9, "size": 10**9, "wall_s": 3.0}, "time"),
        ("SELECT repeat('x', 2000000000)", {}, "memory"),
        ("SELECT list(a.range) FROM range(300000000) a", {}, "memory"),
        ("SELECT a.range FROM range(300000000) a ORDER BY hash(a.range)", {}, "memory"),
    ],
)  # fmt: skip
def test_what_takes_too_much_is_ended(
    tables: StoredTables, sql: str, limits: dict[str, float], kind: str
) -> None:
    started = time.monotonic()
    assert fault(tables, sql, **limits).what in {FAULTS[kind][0], FAULTS["broke"][0]}
    assert time.monotonic() - started < 100


def test_a_large_answer_stops_at_its_limit_and_says_so(tables: StoredTables) -> None:
    answer = ask(tables, "SELECT range, 'a text' AS text FROM range(1000000000)")
    assert (len(answer.frame), answer.more) == (SandboxLimits().rows, True)
    wide = ask(tables, "SELECT repeat('x', 10000) AS x FROM range(100000)")
    assert wide.more and 0 < len(wide.frame) < 10_000
    assert not ask(tables, "FROM range(100000)").more


def test_a_cancelled_question_ends_its_process(
    tables: StoredTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)

    class Cancelled(BaseException):
        pass

    looks = 0

    def alive() -> None:
        nonlocal looks
        looks += 1
        if looks > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask(tables, "SELECT count(*) FROM range(1000000000000)", alive=alive)
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_many_at_once_wait_for_their_turn(tables: StoredTables) -> None:
    counts: list[int] = []

    def one(number: int) -> None:
        sql = f"SELECT count(*) + {number} AS n FROM pictures"
        counts.append(int(frame(tables, sql)["n"][0]))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert sorted(counts) == [300, 301, 302, 303, 304, 305]


def test_only_tables_that_are_named_are_handed_over() -> None:
    names = ["pictures", "labels", "words"]
    assert mentioned("select * from LABELS join Pictures using (picture)", names) == names[:2]
    assert mentioned("SHOW TABLES", names) == names
    assert mentioned("SELECT 'labels'", names) == ["labels"]


def test_too_long(tables: StoredTables) -> None:
    with pytest.raises(QuestionError, match="characters"):
        ask(tables, "SELECT 1 --" + "x" * MAX_SQL)
