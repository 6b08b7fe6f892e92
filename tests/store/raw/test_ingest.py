"""What is ingested is kept once, whole, without its secrets, and knows where it comes from."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import StoreError
from store.raw import RawStore, ingest
from store.traces.importers import read_recorded
from tests.store.raw.conftest import Raw, call

RUNS = st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=5)), max_size=12)


def test_an_event_leads_back_to_its_bytes(raw: Raw) -> None:
    path = raw.file("a.jsonl", b"", call(0), call(1, observation="zweites Böötchen"))
    raw.ingest(path)

    _, second = next(raw.store.runs()).calls
    event = raw.store.event(second.event)

    (span,) = event.spans
    assert (
        orjson.loads(path.read_bytes()[span.start : span.end]) == event.raw == call(1, observation="zweites Böötchen")
    )
    assert (event.path, event.line, event.form) == (str(path), 3, "jsonl")
    assert event.file == hashlib.sha256(path.read_bytes()).hexdigest()


def test_ingesting_twice_changes_nothing(raw: Raw) -> None:
    path = raw.file("a.jsonl", call(0), call(1), call(0, "t2"))
    first = raw.ingest(path)
    before = raw.everything()

    again = raw.ingest(path)

    assert (first.events, again.events, again.known) == (3, 0, 1)
    assert raw.everything() == before


def test_the_same_content_is_known_under_another_name_and_packed(raw: Raw) -> None:
    path = raw.file("a.jsonl", call(0), call(1))
    raw.ingest(path)
    (raw.folder / "b.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))

    assert raw.ingest(raw.folder).known == 2
    assert raw.store.counts()["events"] == 2


def test_equal_calls_of_two_runs_and_of_one_are_kept_apart(raw: Raw) -> None:
    same = {"arguments": {}, "observation": "pong"}
    raw.ingest(raw.file("a.jsonl", call(0, "t1", **same), call(1, "t1", **same), call(0, "t2", **same)))
    raw.ingest(raw.file("b.jsonl", call(0, "t1", **same)))

    assert [len(run.calls) for run in raw.store.runs()] == [2, 1, 1]
    assert len({one.event for run in raw.store.runs() for one in run.calls}) == 4


def test_ids_are_the_same_on_every_machine(raw: Raw, tmp_path: Path) -> None:
    path = raw.file("a.jsonl", call(0), call(1))
    raw.ingest(path)
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_bytes(path.read_bytes())
    with RawStore(tmp_path / "other.db") as other:
        ingest(other, [elsewhere], tell=print)
        theirs = [one.event for run in other.runs() for one in run.calls]

    assert [one.event for run in raw.store.runs() for one in run.calls] == theirs


def test_a_file_that_has_grown_adds_what_is_new(raw: Raw) -> None:
    raw.ingest(raw.file("a.jsonl", call(0), call(1)))
    ids = [one.event for run in raw.store.runs() for one in run.calls]

    done = raw.ingest(raw.file("a.jsonl", call(0), call(1), call(2)))

    (run,) = raw.store.runs()
    assert (done.events, done.again) == (1, 2)
    assert [one.event for one in run.calls][:2] == ids
    assert len(run.calls) == 3


def test_a_file_that_was_rewritten_is_another_one(raw: Raw) -> None:
    raw.ingest(raw.file("a.jsonl", call(0)))
    raw.ingest(raw.file("a.jsonl", call(0, observation="rewritten")))

    assert [run.calls[0].text for run in raw.store.runs()] == ["boat 0", "rewritten"]


def test_secrets_never_reach_the_store_and_references_hold(raw: Raw) -> None:
    token = "ghp_" + "a1B2c3D4e5" * 4
    raw.ingest(
        raw.file(
            "a.jsonl",
            call(0, tool="log_in", observation=orjson.dumps({"access_token": token}).decode()),
            call(1, arguments={"token": token}, observation=f"hello, your token {token} works"),
        )
    )

    first, second = next(raw.store.runs()).calls
    assert token.encode() not in raw.store.path.read_bytes()
    assert orjson.loads(first.text)["access_token"] == second.arguments["token"] in second.text
    assert raw.store.event(first.event).redacted == (("/observation", "github-token"),)
    assert raw.store.counts()["redacted"] == 2


def test_what_is_read_from_the_store_is_what_is_read_from_the_file(raw: Raw) -> None:
    path = raw.file("a.jsonl", call(0, task_id="x", domain="boats"), call(1, is_error=True), call(0, "t2"))
    raw.ingest(path)

    assert [one for run in raw.store.runs() for one in run.calls][2] == list(read_recorded([path]))[2]
    assert [one.is_error for run in raw.store.runs() for one in run.calls] == [False, True, False]


def test_shards_share_out_the_runs(raw: Raw) -> None:
    raw.ingest(raw.file("a.jsonl", *(call(0, f"t{n}") for n in range(50))))

    shards = [[run.id for run in raw.store.runs(shard, 3)] for shard in range(3)]

    assert all(shards)
    assert sorted(one for shard in shards for one in shard) == sorted(run.id for run in raw.store.runs())
    assert raw.store.run(shards[0][0]).id == shards[0][0]


def test_tools_are_found_by_the_key_that_calls_name(raw: Raw) -> None:
    defined = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}
    raw.ingest(raw.file("tools.jsonl", {"schema_key": "boats:look", "schema": defined}))
    raw.ingest(raw.file("a.jsonl", call(0, tool="look", schema_key="boats:look"), call(1, schema_key="unknown")))

    (run,) = raw.store.runs()
    assert run.tools == ({"name": "look", "description": "Looks.", "inputSchema": {"type": "object"}},)


@given(RUNS, RUNS)
def test_order_and_repetition_of_ingestions_do_not_matter(tmp_path_factory, one, two) -> None:  # type: ignore[no-untyped-def]
    stores = []
    for order in ((0, 1), (1, 0, 1, 0)):
        raw = Raw(tmp_path_factory.mktemp("raw"))
        files = [
            raw.file(name, *(call(n, run, observation=text) for n, (run, text) in enumerate(runs)))
            for name, runs in (("one.jsonl", one), ("two.jsonl", two))
        ]
        for index in order:
            raw.ingest(files[index])
        stores.append({row[0] for row in raw.everything()})
        raw.store.close()
    assert stores[0] == stores[1]


# Bad input


def test_files_that_cannot_be_read_are_told_and_the_others_are_kept(raw: Raw) -> None:
    whole = gzip.compress(b"\n".join(orjson.dumps(call(n, observation=f"{n * 7919}")) for n in range(2000)), mtime=0)
    (raw.folder / "cut.jsonl.gz").write_bytes(whole[:-3000])
    raw.file("empty.jsonl")
    raw.file("else.json", {"hello": 1})
    raw.file("good.jsonl", call(0))
    (raw.folder / ".hidden").write_text("{}")

    done = raw.ingest(raw.folder, raw.folder / "gone.jsonl")

    assert (done.files, done.unread) == (2, 3)
    assert [told.partition(";")[0].partition(": ")[2][:28] for told in raw.told] == [
        "the packed file ends early",
        "nothing in it is one of: a t",
        "there is nothing in it",
        "cannot be read: No such file",
    ]
    assert 100 < done.events < 2000


def test_an_empty_folder_is_told(raw: Raw) -> None:
    raw.ingest(raw.folder)

    assert [told.rpartition(": ")[2] for told in raw.told] == ["there is no file in this folder"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_other_encodings_are_read(raw: Raw, encoding: str) -> None:
    path = raw.folder / "a.jsonl"
    lines = [orjson.dumps(call(n, observation=f"Boot Nº {n} – ä€😀")).decode() for n in range(3)]
    path.write_bytes("\n".join(lines).encode(encoding))

    raw.ingest(path)

    assert [one.text for one in next(raw.store.runs()).calls] == [f"Boot Nº {n} – ä€😀" for n in range(3)]
    assert raw.told == []


def test_latin_1_inside_of_utf_8_is_read_and_told(raw: Raw) -> None:
    path = raw.file(
        "a.jsonl", call(0, observation="Fähre"), orjson.dumps(call(1, observation="?")).replace(b"?", b"B\xf6ot")
    )

    raw.ingest(path)

    assert [one.text for one in next(raw.store.runs()).calls] == ["Fähre", "Böot"]
    assert raw.told == ["a.jsonl:2: not all of it is UTF-8; what is not is read as Latin-1"]


def test_an_observation_of_300_000_tokens_is_kept_whole(raw: Raw) -> None:
    long = "a row of the table, " * 60_000
    raw.ingest(raw.file("a.jsonl", call(0, observation=long)))

    assert next(raw.store.runs()).calls[0].text == long


def test_a_call_that_stands_twice_is_told_and_kept_once(raw: Raw) -> None:
    raw.ingest(raw.file("a.jsonl", call(0), call(0, observation="another answer"), call(1)))

    assert [one.text for one in next(raw.store.runs()).calls] == ["boat 0", "boat 1"]
    assert raw.told == ["a.jsonl:2: call 0 of trajectory 't1' stands here again; left out"]


def test_what_is_no_json_for_others_is_told_and_left_out(raw: Raw) -> None:
    raw.ingest(raw.file("a.jsonl", orjson.dumps(call(0)).replace(b'"B-0"', b"1e999"), call(1)))

    assert [one.index for one in next(raw.store.runs()).calls] == [0]
    assert raw.told == ["a.jsonl:1: not a JSON object; left out"]


def test_a_file_that_is_rewritten_while_it_is_read_is_not_kept(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    path = raw.file("a.jsonl", *(call(n) for n in range(3000)))
    text = path.read_bytes()
    progress = iter([lambda: path.write_bytes(text.replace(b"boat 2999", b"BOAT 2999"))])

    done = ingest(
        raw.store, [path], tell=lambda one: raw.told.append(str(one)), progress=lambda *_: next(progress, print)()
    )

    assert (done.events, done.unread, raw.store.counts()["events"]) == (0, 1, 0)
    assert raw.told == [f"{path}: it changed while it was read; nothing of it is kept, so ingest it again"]


def test_a_file_that_grows_while_it_is_read_is_kept_as_it_was(raw: Raw) -> None:
    path = raw.file("a.jsonl", *(call(n) for n in range(3000)))

    def grow(*_: object) -> None:
        with path.open("ab") as file:
            file.write(orjson.dumps(call(3000 + file.tell())) + b"\n")

    done = ingest(raw.store, [path], tell=lambda one: raw.told.append(str(one)), progress=grow)

    assert (done.events, raw.told) == (3000, [])
    assert raw.ingest(path).events == 4


def test_a_kill_in_the_middle_leaves_nothing_half(raw: Raw, tmp_path: Path) -> None:
    path = raw.file("a.jsonl", *(call(n) for n in range(2500)))
    program = f"""
import os, signal
from store.raw import RawStore, ingest
ingest(RawStore({str(tmp_path / "killed.db")!r}), [{str(path)!r}], tell=print,
       progress=lambda path, done, of: done > of / 2 and os.kill(os.getpid(), signal.SIGKILL))
"""
    killed = subprocess.run([sys.executable, "-c", program], env={**os.environ}, check=False)
    assert killed.returncode == -signal.SIGKILL

    with RawStore(tmp_path / "killed.db") as store:
        assert store.counts()["events"] == 0
        ingest(store, [path], tell=print)
        theirs = [one.event for run in store.runs() for one in run.calls]
    raw.ingest(path)
    assert [one.event for run in raw.store.runs() for one in run.calls] == theirs


def test_several_processes_ingest_into_one_store(raw: Raw, tmp_path: Path) -> None:
    paths = [raw.file(f"{n}.jsonl", *(call(k, f"t{n}") for k in range(50))) for n in range(4)]
    names = [str(path) for path in paths]
    store = tmp_path / "shared.db"
    program = f"""
from store.raw import RawStore, ingest
ingest(RawStore({str(store)!r}), {names!r}, tell=print)
"""
    workers = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(2)]

    assert [(worker.communicate()[0], worker.returncode) for worker in workers] == [(b"", 0)] * 2
    with RawStore(store) as shared:
        assert shared.counts()["events"] == 200
        assert len(list(shared.runs())) == 4


def test_another_database_is_refused_and_a_newer_store_too(tmp_path: Path) -> None:
    for name, sql, told in (
        ("other.db", "CREATE TABLE boats (id TEXT)", "is another database"),
        ("newer.db", "PRAGMA user_version = 9", "was made by a newer mcp-sim"),
    ):
        with closing(sqlite3.connect(tmp_path / name)) as database:
            database.execute(sql)
        with pytest.raises(StoreError, match=told):
            RawStore(tmp_path / name)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("no database at all, but long enough to be looked at as one")
    with pytest.raises(StoreError, match=r"a\.db cannot be used as a store of raw events"):
        RawStore(tmp_path / "a.db")


def test_nothing_in_the_store_can_be_changed(raw: Raw) -> None:
    raw.ingest(raw.file("a.jsonl", call(0)))
    for sql in ("UPDATE event SET line = 7", "DELETE FROM event"):
        with pytest.raises(Exception, match="raw events"):
            raw.store.db.execute(sql)


def test_an_unknown_id_is_told(raw: Raw) -> None:
    with pytest.raises(StoreError, match="has no event 'abc'"):
        raw.store.event("abc")
    with pytest.raises(StoreError, match="has no run 'abc'"):
        raw.store.run("abc")
    with pytest.raises(ValueError, match="no shard 2 of 2"):
        next(raw.store.runs(2, 2))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_runs(tmp_path: Path) -> None:
    def peak(runs: int) -> int:
        """Bytes that a process holds at most while it ingests and reads so many."""
        path = tmp_path / f"{runs}.jsonl"
        with path.open("wb") as file:
            file.writelines(orjson.dumps(call(0, f"run {n}")) + b"\n" for n in range(runs))
        program = f"""
import resource
from store.raw import RawStore, ingest
with RawStore({str(tmp_path / f"{runs}.db")!r}) as raw:
    ingest(raw, [{str(path)!r}], tell=print)
    assert sum(len(run.calls) for run in raw.runs()) == {runs}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert peak(45_000) < peak(22_000) + 20 * 2**20
