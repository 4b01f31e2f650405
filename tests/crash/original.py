"""The store that the cases of damage start from: its log is known frame by frame, and so is the
tree of files of a store that never had some of its records."""

import json
import os
import shutil
from pathlib import Path

import wal
from harness import Daemon, Workload, require, text_of, timestamp, tree, write_to

FIRST = {"subject": "first", "predicate": "p", "object": 0, "timestamp": timestamp(0)}
AFTER = {"subject": "after", "predicate": "p", "object": "after", "timestamp": timestamp(5000)}
TELLING = ("subjects/after/p/history.jsonl", "subjects/after/_summary.md")
BATCH = 20  # records of the last write


def note(n, size):
    return {"subject": f"s{n % 4}", "predicate": "p", "object": f"claim {n}", "note": "x" * size,
            "timestamp": timestamp(n)}  # fmt: skip


def steps(work):
    """The writes, one after another: those of the workload, then what else a log may hold, then
    a large batch. The ids that they need are those of the claims so far."""
    for number in range(work.count):
        yield work.step(number)
    yield [{"epoch": "spring", "timestamp": timestamp(900)}]
    yield [{"subject": "wide", "predicate": "p", "object": "w" * 9000, "epoch": "spring",
            "source": "https://example.org/1", "timestamp": timestamp(901)}]  # fmt: skip
    yield [{"subject": "s0", "predicate": "rests", "object": {"ref": "s1"}, "because": work.ids[:3],
            "timestamp": timestamp(902)}]  # fmt: skip
    yield [note(1000 + n, work.rng.choice([1, 300, 900])) for n in range(9)]
    yield [note(1100 + n, work.rng.choice([1, 200, 700])) for n in range(BATCH)]


class Trees:
    """Of a store that has some of the records: before AFTER was written, and then."""

    def __init__(self, before, after, events):
        self.before, self.after, self.events = before, after, events


def without_times(files, after):
    """A tree with AFTER, less all that tells when AFTER came and under which number."""
    out = {k: v for k, v in files.items() if k not in TELLING}
    if isinstance(out.get("events.jsonl"), bytes):
        lines = out["events.jsonl"].splitlines(keepends=True)
        out["events.jsonl"] = b"".join(x for x in lines if after not in x)
    return out


class Original:
    """Stores under .place: `stopped` (cleanly), `killed`, `segmented` (stopped, of many small
    segments); `older` and `oldest`, indexes of the first two from before the last step and from
    an early one, `other`, one of another store, `fork`, one of a copy that went its own way."""

    def __init__(self, program, place, scratch, seed, count=12):
        self.program, self.place, self.scratch, self.cache = program, Path(place), Path(scratch), {}
        if not (self.place / "done").exists():
            self.make(seed, count)
        self.logs = {s: wal.Log(self.place / s) for s in ("stopped", "segmented")}
        self.logs["killed"] = self.logs["stopped"]
        self.log = self.logs["stopped"]
        self.batch = [f for f in self.log.frames if f.batch == self.log.frames[-1].batch]
        require(len(self.batch) == BATCH, "the last batch has", len(self.batch), "records")
        self.log.prove(self.place / "stopped", self.scratch / "proof")
        self.last_seq = self.log.frames[-1].seq
        self.agent = (self.place / "agent").read_text()
        golden = self.without(())
        require(golden.before == self.tree_of("stopped"), "the log written anew gives another tree")
        require(golden.before == self.tree_of("segmented"), "small segments give another tree")

    def make(self, seed, count):
        shutil.rmtree(self.place, ignore_errors=True)
        work = Workload(seed, count)
        daemon = Daemon(self.program, self.place / "making").init()
        try:
            daemon.start()
            self.fill(daemon, work)
            daemon.kill()
        finally:
            daemon.end()
        shutil.copytree(daemon.store, self.place / "killed")
        require(not daemon.said(), "the original said:", daemon.said())
        daemon.start()
        daemon.stop()
        shutil.move(daemon.store, self.place / "stopped")
        self.segment()
        self.others()
        (self.place / "done").touch()

    def fill(self, daemon, work):
        write_to(f"{daemon.mount}/inbox/first", text_of([FIRST]))
        (self.place / "agent").write_text(os.readlink(f"{daemon.mount}/agents/me"))
        for number, records in enumerate(steps(work)):
            if number == 3:
                shutil.copytree(f"{daemon.store}/index", self.place / "oldest")
            shutil.rmtree(self.place / "older", ignore_errors=True)
            shutil.copytree(f"{daemon.store}/index", self.place / "older")
            write_to(f"{daemon.mount}/inbox/step{number}", text_of(records))
            lines = [json.loads(x) for x in daemon.read("events.jsonl").splitlines()]
            work.ids = [e["id"] for e in lines if e["kind"] == "assertion" and e["id"] not in work.gone]

    def segment(self):
        daemon = Daemon(self.program, self.place / "segmenting")
        shutil.copytree(self.place / "stopped", daemon.store)
        shutil.rmtree(f"{daemon.store}/index")
        log = wal.Log(daemon.store)
        log.write(daemon.store, log.frames, segment_max=4000)
        self.once(daemon)
        shutil.move(daemon.store, self.place / "segmented")

    def others(self):
        other = Daemon(self.program, self.place / "stranger").init()
        self.once(other, note(1, 500))
        shutil.copytree(f"{other.store}/index", self.place / "other")
        fork = Daemon(self.program, self.place / "forking")
        shutil.copytree(self.place / "stopped", fork.store)
        shutil.rmtree(f"{fork.store}/index")
        log = wal.Log(fork.store)
        log.write(fork.store, log.frames[:-BATCH])
        self.once(fork, *(note(1200 + n, 400) for n in range(BATCH)))
        shutil.move(f"{fork.store}/index", self.place / "fork")

    @staticmethod
    def once(daemon, *records):
        """Mount, write, stop."""
        try:
            daemon.start()
            if records:
                write_to(f"{daemon.mount}/inbox/x", text_of(records))
            daemon.stop()
        finally:
            daemon.end()
        require(not daemon.said(), daemon.store, "said:", daemon.said())

    def tree_of(self, name):
        """Of one of the stores, which stays as it is."""
        daemon = Daemon(self.program, self.scratch / "reading")
        shutil.rmtree(daemon.store, ignore_errors=True)
        shutil.copytree(self.place / name, daemon.store)
        try:
            daemon.start()
            found = tree(daemon.mount)
            daemon.stop()
        finally:
            daemon.end()
        return found

    def without(self, lost):
        """The Trees of a store that never had the records with these numbers."""
        lost = frozenset(lost)
        if lost not in self.cache:
            self.cache[lost] = self.make_without(lost)
        return self.cache[lost]

    def make_without(self, lost):
        daemon = Daemon(self.program, self.scratch / "reference")
        shutil.rmtree(daemon.store, ignore_errors=True)
        shutil.copytree(self.place / "stopped", daemon.store)
        shutil.rmtree(f"{daemon.store}/index")
        self.log.write(daemon.store, [f for f in self.log.frames if f.seq not in lost])
        try:
            daemon.start()
            before = tree(daemon.mount)
            write_to(f"{daemon.mount}/inbox/after", text_of([AFTER]))
            after = tree(daemon.mount)
            daemon.stop()
        finally:
            daemon.end()
        require(not daemon.said(), "a store without", sorted(lost), "said:", daemon.said())
        self.after_id = json.loads(after["subjects/after/p/claims.jsonl"])["id"].encode()
        events = before["events.jsonl"].splitlines()
        whole = self.cache[frozenset()].events if lost else events
        kept = [x for x in whole if json.loads(x)["seq"] not in lost]
        require([json.loads(x)["id"] for x in events] == [json.loads(x)["id"] for x in kept],
                "a store without", sorted(lost), "has other events")  # fmt: skip
        return Trees(before, without_times(after, self.after_id), events)
