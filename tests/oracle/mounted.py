"""A store under test: its mount, what came into it, and what its files must hold.

The directory that a Store is given has the store, its mount and the log of its daemon.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import canon
import lens
from graph import encode_name, read_or_none, show
from standing import CLASSES, Cut, Moment

SECOND = 10**9
DAY = 86_400 * SECOND
STAGES = canon.LIFECYCLES

class Refused(Exception):
    """A batch of sound records was not taken."""


class Store:
    """A store, its mount, and all that came into it so far."""

    def __init__(self, stemefs, place, like=None):
        """like: a store without records, whose key signed the settings to come."""
        self.stemefs, self.place = stemefs, Path(place)
        self.store, self.mount = self.place / "store", self.place / "mnt"
        self.log = self.place / "log"
        self.arrivals = []
        self.played = []  # all that was done: what, ..., the seq by then
        self.batches = 0
        self.mount.mkdir(parents=True)
        if like:
            shutil.copytree(like, self.store)
        else:
            subprocess.run([stemefs, "init", self.store], check=True, stdout=subprocess.DEVNULL)
        self.times = {}  # received_at by seq

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if os.path.ismount(self.mount):
            self.stop()

    def start(self, options=""):
        self.played.append(("start", options, self.last()))
        options = ",".join(o for o in (f"log={self.log}", options) if o)
        subprocess.run([self.stemefs, self.store, self.mount, "-o", options], check=True)

    def stop(self):
        subprocess.run([self.stemefs, "umount", self.mount], check=True)
        said = [x for x in self.log.read_text().splitlines() if x[:1] != "#"] if self.log.exists() else []
        if said:
            sys.exit("the daemon said: " + "\n".join(said))

    def forget_index(self):
        self.played.append(("forget", self.last()))
        shutil.rmtree(self.store / "index")

    def post(self, records):
        """Through the inbox; the receipts tell what each became."""
        name = f"batch-{self.batches}"
        self.batches += 1
        data = "".join(t + "\n" for t, _ in records).encode()
        begun = len(self.played)
        self.played += [("post", name, t, known, self.last()) for t, known in records]
        with open(self.mount / "inbox" / name, "wb", buffering=0) as f:
            try:
                f.write(data)
            except OSError as e:
                error = read_or_none(self.mount / ".stemefs" / "last_error")
                raise Refused(f"{name}: {e}\n{show(error)}") from e
        lines = (self.mount / "receipts" / name).read_text().splitlines()
        if len(lines) != len(records):
            sys.exit(f"{len(records)} records, {len(lines)} receipts")
        for line, (text, known) in zip(lines, records):
            receipt = json.loads(line)
            seq = receipt.get("seq", self.played[begun - 1][-1])
            self.played[begun] = ("post", name, text, known, seq)
            begun += 1
            if receipt["status"] == "accepted":
                self.arrivals.append(dict(known, seq=receipt["seq"]))
            elif receipt["status"] != "duplicate":
                sys.exit(line)
        for line in (self.mount / "events.jsonl").read_text().splitlines():
            event = json.loads(line)
            self.times[event["seq"]] = canon.nanoseconds(event["received_at"])

    def last(self):
        return max(self.times, default=0)


# --- contexts --------------------------------------------------------------------------

class Context:
    """A path prefix and what it means."""

    def __init__(self, *cuts):
        """cuts: (directories, fields of Cut)"""
        self.cuts = cuts
        self.path = "/".join(p for p, _ in cuts)
        self.cut = Cut(**{k: v for _, fields in cuts for k, v in fields.items()})


def at_cut(rng, store):
    seq = rng.randint(1, store.last())
    if rng.random() < 0.5:
        return f"at/seq-{seq}", {"at": seq, "at_time": store.times[seq]}
    when = store.times[seq] + rng.choice([0, 0, 1, -1])
    seen = [n for n, t in store.times.items() if t <= when]
    return f"at/{canon.rfc3339(when)}", {"at": max(seen, default=0), "at_time": when}


def asof_cut(rng, store):
    stamps = [r["timestamp"] for r in store.arrivals if "timestamp" in r]
    when = rng.choice(stamps) + rng.choice([-1, 0, 0, 0, 1, SECOND, rng.randrange(100) * DAY])
    return spelled(rng, "asof", min(when, time.time_ns() - DAY))


def spelled(rng, prefix, when):
    """A way to write the moment down, maybe a rougher one: that is what is meant, then."""
    kind = rng.choice(["exact", "exact", "exact", "seconds", "minute", "day", "month", "year"])
    if kind == "exact":
        return f"{prefix}/{canon.rfc3339(when)}", {prefix: when}
    if kind == "seconds":
        when -= when % SECOND
        return f"{prefix}/@{when // SECOND}", {prefix: when}
    t = datetime.fromtimestamp(when // SECOND, timezone.utc)
    if kind == "minute":
        when -= when % (60 * SECOND)
        return f"{prefix}/{t:%Y-%m-%dT%H:%M}", {prefix: when}
    form = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[kind]
    day = t.replace(hour=0, minute=0, second=0)
    while f"{day:{form}}" == f"{t:{form}}":  # to the end of it
        day += timedelta(days=1)
    end = int(day.timestamp()) * SECOND - 1
    if end > time.time_ns() - DAY:
        return f"{prefix}/{canon.rfc3339(when)}", {prefix: when}
    return f"{prefix}/{t:{form}}", {prefix: end}


def epoch_cut(rng, store):
    epochs = [r for r in store.arrivals if r["kind"] == "epoch"]
    if not epochs:
        return "in-epoch/none", {"epoch": "none"}
    name = rng.choice(epochs)[rng.choice(["name", "name", "id"])]
    return f"in-epoch/{encode_name(name)}", {"epoch": name}


def random_context(rng, store):
    cuts = []
    while not cuts:
        if rng.random() < 0.45:
            cuts.append(at_cut(rng, store))
        if rng.random() < 0.45:
            cuts.append(asof_cut(rng, store))
        if rng.random() < 0.25:
            stage = rng.choice(STAGES)
            cuts.append((f"stage/{stage}", {"stage": stage}))
        if rng.random() < 0.25:
            tier = rng.choice(CLASSES)
            cuts.append((f"tier/{tier}", {"tier": tier}))
        if rng.random() < 0.25:
            cuts.append(epoch_cut(rng, store))
    rng.shuffle(cuts)
    return Context(*cuts)


# --- comparing -------------------------------------------------------------------------

class Expected:
    """The files of all pairs in one context."""

    def __init__(self, store, context, pairs):
        self.context = context
        moment = Moment(store.arrivals, context.cut)
        self.day = time.time_ns() // DAY
        now = context.cut.now(time.time_ns())
        self.files = {}
        for names in pairs:
            pair = moment.pairs.get(names)
            self.files[names] = lens.files_of(pair, moment, names, now) if pair else None

    def is_fresh(self):
        """Some files are of the day."""
        return self.context.cut.at or self.context.cut.asof or self.day == time.time_ns() // DAY


def names_in(place):
    """What a directory lists, less what is ours."""
    try:
        return {n for n in os.listdir(place) if not n.startswith("_")}
    except FileNotFoundError:
        return set()


def differences(store, expected):
    """(path, what it holds, what it should)"""
    root = store.mount / expected.context.path / "subjects"
    subjects = {}
    for (subject, predicate), files in expected.files.items():
        if files is not None:
            subjects.setdefault(encode_name(subject), set()).add(encode_name(predicate))
    yield from unlike(root, names_in(root), set(subjects))
    for subject, predicates in subjects.items():
        yield from unlike(root / subject, names_in(root / subject), predicates)
    yield from unlike_conflicts(store, expected)
    for (subject, predicate), files in expected.files.items():
        place = root / encode_name(subject) / encode_name(predicate)
        if files is None:
            yield from unlike(place, os.path.lexists(place), False)
            continue
        values = {f.split("/")[1] for f, c in files.items() if f[:6] == "value/" and c is not None}
        yield from unlike(place / "value", names_in(place / "value"), values)
        for file, content in files.items():
            yield from unlike(place / file, read_or_none(place / file), content)


def unlike_conflicts(store, expected):
    """conflicts/ lists what is contested, and nothing else."""
    root = store.mount / expected.context.path / "conflicts"
    contested = {
        f"{encode_name(s)}/{encode_name(p)}"
        for (s, p), files in expected.files.items()
        if files and b'"status":"contested"' in files["consensus"]
    }
    found = {f"{s}/{p}" for s in names_in(root) for p in names_in(root / s)}
    yield from unlike(root, found, contested)


def unlike(path, found, wanted):
    if found != wanted:
        yield str(path), found, wanted


def agree(store, expected):
    """The first difference, or None."""
    return next(differences(store, expected), None)


def told(difference):
    def plain(x):
        return show(x) if x is None or isinstance(x, bytes) else f"{x}\n"

    path, found, wanted = difference
    return f"{path} is\n{plain(found)}instead of\n{plain(wanted)}"
