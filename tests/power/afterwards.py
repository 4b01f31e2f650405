"""What must hold after a power cut, from what the guest delivered and what it had said.

Nothing here runs in the guest, or shares code with the program: the lenses are those of
tests/oracle.
"""

import hashlib
import itertools
import json
import sys
import tarfile
import time
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "oracle"))

import canon  # noqa: E402
import lens  # noqa: E402
from standing import Moment, Number  # noqa: E402
from workload import WRITERS, writes  # noqa: E402

DAY = 86_400
CUT_OFF = "bytes of a write that was never acknowledged were cut"


class Failure(Exception):
    """Something was lost, or is wrong."""


def require(holds, *words):
    if not holds:
        raise Failure(" ".join(str(w) for w in words))


class Said:
    """What the guest said in one round: what was acknowledged, and what a reader saw."""

    def __init__(self, seed, number, may_fail=False):
        self.seed, self.number, self.may_fail = seed, number, may_fail
        self.answered = dict.fromkeys(range(WRITERS), 0)  # how many writes of each
        self.failed = {}  # writer: the name of the error
        self.seen = []  # (bytes of events.jsonl, their hash)

    def hear(self, words):
        if words[0] == "a":
            writer, n = int(words[1]), int(words[2])
            require(n == self.answered[writer], "the acknowledgements of writer", writer, "have a gap")
            self.answered[writer] += 1
        elif words[0] == "x":
            require(self.may_fail, "a write failed:", *words[1:])
            self.failed[int(words[1])] = words[3]
        elif words[0] == "s":
            self.seen.append((int(words[1]), words[2]))

    def records(self):
        """How many records were acknowledged."""
        out = 0
        for writer, n in self.answered.items():
            for write in itertools.islice(writes(self.seed, self.number, writer), n):
                out += len(write.claims) + (write.vote is not None)
        return out


class History:
    """events.jsonl of a store as far as it was ever seen: it only grows."""

    def __init__(self):
        self.data = b""
        self.events = []
        self.claims = {}  # by object
        self.votes = set()  # (id of the claim, weight)

    def extend(self, data):
        if not data.startswith(self.data):
            pairs = zip(data, self.data)
            at = next((i for i, (x, y) in enumerate(pairs) if x != y), len(data))
            raise Failure(f"events.jsonl had {len(self.data)} bytes, and is not what it was from byte {at} on")
        fresh = data[len(self.data) :]
        require(not fresh or fresh.endswith(b"\n"), "the last line of events.jsonl is cut")
        for line in fresh.splitlines():
            event = json.loads(line, parse_int=Number, parse_float=Number)
            self.events.append(event)
            require(event["seq"] == str(len(self.events)), "seq", event["seq"], "on line", len(self.events))
            if event["kind"] == "assertion":
                require(event["object"] not in self.claims, "twice in events.jsonl:", event["object"])
                self.claims[event["object"]] = event
            elif event["kind"] == "vote":
                self.votes.add((event["vote"], float(event["weight"])))
        self.data = data

    # --- against what was said

    def check_seen(self, said):
        for size, digest in said.seen:
            require(len(self.data) >= size, "a reader had seen", size, "bytes of events.jsonl; there are", len(self.data))
            require(hashlib.sha256(self.data[:size]).hexdigest() == digest,
                    "the first", size, "bytes of events.jsonl are not what a reader had seen")  # fmt: skip

    def check_writes(self, said):
        """What was acknowledged is there; of a write under way its first records, or none.
        What is there is what was written."""
        wanted = set()
        for writer, answered in said.answered.items():
            for write in itertools.islice(writes(said.seed, said.number, writer), answered + 1):
                wanted.update(c["object"] for c in write.claims)
                if write.n < answered:
                    self.check_answered(said, writer, write)
                there = [self.is_there(c) for c in write.claims]
                require(there == sorted(there, reverse=True), "of a write of writer", writer,
                        "that nobody answered there is not a first part, but", there)  # fmt: skip
        extra = {o for o in self.claims if o.startswith(f"r{said.number}.")} - wanted
        require(not extra, "nobody has written", sorted(extra)[:3])

    def check_answered(self, said, writer, write):
        lost = [c["object"] for c in write.claims if not self.is_there(c)]
        require(not lost, f"round {said.number}, writer {writer}, write {write.n}: of {len(write.claims)}",
                f"acknowledged records {len(lost)} are lost, the first {lost[:1]}")  # fmt: skip
        if write.vote:
            on, weight = write.vote
            target = self.claims.get(on, {}).get("id")
            require((target, weight) in self.votes, f"round {said.number}, write {write.n}:",
                    "an acknowledged vote is lost, on", on)  # fmt: skip

    def is_there(self, claim):
        """And every field of it is what was written."""
        event = self.claims.get(claim["object"])
        if event is None:
            return False
        for key, value in claim.items():
            found = float(event[key]) if key == "confidence" else event.get(key)
            require(found == value, claim["object"], "was written with", key, value, "and has", found)
        return True

    # --- against the reference

    def arrivals(self):
        """The same records as tests/oracle/standing.py wants them."""
        return [as_arrival(e) for e in self.events]


def millionths(number):
    return int(Decimal(number) * 1_000_000)


def as_arrival(event):
    out = {k: v for k, v in event.items() if k not in ("agents", "received_at")}
    out["seq"] = int(out["seq"])
    out["timestamp"] = canon.nanoseconds(event["timestamp"])
    out["signatures"] = [(a, 0, "") for a in event["agents"]]
    for key in ("confidence", "weight"):
        if key in out:
            out[key] = millionths(out[key])
    if "vote" in out:
        out["target"] = out.pop("vote")
    return out


class Tree:
    """The files of a mount, from its tar."""

    def __init__(self, path):
        self.files, self.times = {}, {}
        with tarfile.open(path) as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if member.isfile():
                    self.files[name] = tar.extractfile(member).read()
                    self.times[name] = member.mtime
                else:
                    self.files[name] = member.type

    def check_same(self, other):
        for name in sorted(self.files.keys() | other.files.keys()):
            mine, theirs = self.files.get(name), other.files.get(name)
            require(mine == theirs, f"{name} is not the same when the index was built anew:\n{mine}\n{theirs}")
            mine, theirs = self.times.get(name), other.times.get(name)
            require(mine == theirs, f"the time of {name} is not the same when the index was built anew: {mine}, {theirs}")

    def check_pairs(self, history, wanted, since):
        """Every file of these pairs has the bytes that the reference gives them."""
        if since // DAY != time.time() // DAY:
            return 0  # some lenses change with the day
        moment = Moment(history.arrivals())
        found = {tuple(n.split("/")[1:3]) for n in self.files if n.startswith("subjects/") and n.count("/") == 2}
        found = {(s, p) for s, p in found if not p.startswith("_")}
        require(found == set(moment.pairs), "pairs that are there, or not:", sorted(found ^ set(moment.pairs)))
        checked = 0
        for names, pair in moment.pairs.items():
            if not wanted(names):
                continue
            checked += 1
            for file, content in lens.files_of(pair, moment, names, time.time_ns()).items():
                path = f"subjects/{names[0]}/{names[1]}/{file}"
                require(self.files.get(path) == content, f"{path} is\n{self.files.get(path)}\ninstead of\n{content}")
        return checked


def check_report(report, tolerated=()):
    """The store came up by itself, and has nothing to say but that a torn end was cut."""
    expected = (CUT_OFF, *tolerated)
    odd = [x for x in report["log"] if x[:1] != "#" and not any(e in x for e in expected)]
    require(not odd, "the daemon said:", *odd)
    require(report["status"]["writing"] == "yes", "the store takes no writes:", report["status"]["writing"])
    require(report["status"]["damaged"] == 0, "damage:", report["status"])
    for tool in ("check_first", "check"):
        code, text = report.get(tool, [0, ""])
        require(code in (0, 1), f"stemefs check, exit status {code}: {text}")
    code, text = report.get("rebuild", [0, ""])
    require(code == 0, f"stemefs rebuild, exit status {code}: {text}")


def torn_ends(report):
    return sum(CUT_OFF in x for x in report["log"])
