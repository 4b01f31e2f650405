#!/usr/bin/python3
"""Small, tangled sets of records through real mounts, compared with standing.py and lens.py.

    tangle.py play STEMEFS DIR --seed WORD [--stores N] [--contexts N] [--keep-going]
    tangle.py shrink CASE STEMEFS

Each store holds a few graphs of one to three pairs on which few agents do everything that
can be done to a claim: they sign, vote, retract, supersede, follow up, name epochs; some
are admitted, stewards, or hold grants, for a while. Few agents, few objects and few times,
so that rules collide. All is signed beforehand and posted through the inbox in an order of
its own, with repetitions, targets often later than what refers to them.

After each part, after another start, after one without an index, and with running sums on
every pair, every lens file, every value file and claims.jsonl of every pair must be what
the reference makes of the same records: live, and under random contexts in random order.

`play` ends with status 1 at the first difference and leaves the case in a directory in DIR;
`shrink` leaves out of a case whatever it can and prints what remains.
"""

import argparse
import itertools
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # a test leaves nothing behind in the tree
import canon  # noqa: E402
import lens  # noqa: E402
from graph import (  # noqa: E402
    digest,
    encode_name,
    entry,
    for_json,
    key_of,
    known_as,
    read_or_none,
    show,
    text_of,
    with_signatures,
)
from standing import CLASSES, Cut, Moment, Number  # noqa: E402

SECOND = 10**9
DAY = 86_400 * SECOND
START = 1_704_067_200 * SECOND  # 2024-01-01; the youngest is of 2025, behind every clock
DAYS = 730
STAGES = canon.LIFECYCLES
KINDS_OF_SUPERSESSION = canon.SUPERSESSIONS[1:]


# --- what is said -----------------------------------------------------------------------


class Graph:
    """A few pairs and all that is said about them: items are (kind, fields, signers)."""

    def __init__(self, rng, name):
        self.rng, self.name = rng, name
        self.agents = dict(key_of(f"{name}/{i}") for i in range(rng.choice([2, 3, 3, 4, 6])))
        self.items = []
        self.times = self.times_of()
        self.epochs = [self.epoch(i) for i in range(rng.choice([0, 1, 2, 3, 5]))]
        self.claims = []  # (id, pair)
        self.votes = []
        plain = [(f"{name}", f"p{i}") for i in range(rng.choice([1, 2, 3]))]
        odd = rng.choice(["has[]", "forbidden:x", "must_use:", "prefer:y", "p[]", "[]", "Forbidden:x"])
        self.pairs = plain[:-1] + [(name, odd)] if rng.random() < 0.3 else plain
        palettes = [self.palette() for _ in self.pairs]
        sources = rng.sample([None, "a", "b", "c"], rng.choice([1, 2, 4]))
        self.habits = {
            "sources": sources,
            "stages": rng.choice([STAGES[:1], STAGES[:3], STAGES]),
            "classes": rng.choice([[None], [None, *CLASSES], CLASSES[:3], CLASSES]),
            "confidences": rng.choice([[None], [None, 500_000, 800_000], [0, 1, 1_000_000], range(1_000_001)]),
        }
        for _ in range(rng.choice([1, 2, 3, 5, 8, 12, 20])):
            i = rng.randrange(len(self.pairs))
            self.claim(self.pairs[i], palettes[i])
        for _ in range(rng.choice([0, 2, 5, 10])):
            self.vote()
        for _ in range(rng.choice([0, 0, 1, 3, 6, 12])):
            self.supersede()
        for _ in range(rng.choice([0, 0, 1, 2, 4])):
            self.retract()
        for _ in range(rng.choice([0, 0, 1, 3, 6])):
            self.cosign()

    def times_of(self):
        rng = self.rng
        near = START + rng.randrange(DAYS) * DAY + rng.choice([0, DAY - 1, rng.randrange(DAY)])
        steps = rng.choice([[0], [0, 1], [0, SECOND, 2 * SECOND], [0, DAY, 90 * DAY]])
        close = [min(near + s, START + DAYS * DAY - 1) for s in steps]
        far = [START + rng.randrange(DAYS * DAY) for _ in range(rng.choice([2, 5]))]
        return rng.choice([close, far, close + far])

    def when(self):
        return self.rng.choice(self.times)

    def palette(self):
        rng = self.rng
        numbers = [Number(n) for n in ("96", "96.05", "-1", "1e30", "0", "7.5")]
        mixed = ["ES256", "es256", True, {"ref": "ES256"}, Number("96"), "96"]
        return rng.sample(rng.choice([numbers, numbers, mixed]), rng.choice([1, 2, 3, 5]))

    def some(self, most=2):
        agents = list(self.agents)
        return self.rng.sample(agents, min(len(agents), self.rng.choice([1, 1, 1, most])))

    def put(self, kind, fields, signers):
        fields = {k: v for k, v in fields.items() if v is not None}
        found = canon.record_id(for_json(fields)).hex()
        if found not in {i for i, *_ in self.items}:
            self.items.append((found, kind, fields, signers))
        return found

    def nobodys(self):
        return digest(self.name, "nobody's")

    def epoch(self, i):
        rng = self.rng
        known = [e for e, kind, *_ in self.items if kind == "epoch"] + [self.nobodys()]
        fields = {"epoch": f"era {self.name}{rng.randrange(3)}", "timestamp": self.when()}
        if i and rng.random() < 0.8:
            fields |= {"supersedes": rng.choice(known), "supersession": rng.choice(KINDS_OF_SUPERSESSION)}
        return self.put("epoch", fields, self.some())

    def claim(self, pair, palette):
        rng, habits = self.rng, self.habits
        fields = {"subject": pair[0], "predicate": pair[1], "object": rng.choice(palette)}
        fields |= {
            "timestamp": self.when(),
            "confidence": rng.choice(habits["confidences"]),
            "source": rng.choice(habits["sources"]),
            "source_class": rng.choice(habits["classes"]),
            "lifecycle": rng.choice(habits["stages"]),
            "note": rng.choice([None, None, "one", "two"]),
        }
        if rng.random() < 0.4 and self.epochs:
            fields["epoch"] = rng.choice([*self.epochs, *self.epochs, self.nobodys()])
        if rng.random() < 0.35:
            fields["parent"] = self.target(pair)
        self.claims.append((self.put("assertion", fields, self.some(3)), pair))

    def target(self, pair=None):
        """A claim, mostly on the pair; rarely one that nobody made."""
        rng = self.rng
        near = [i for i, p in self.claims if pair in (None, p)]
        if near and rng.random() < 0.9:
            return rng.choice(near)
        return rng.choice([i for i, _ in self.claims] + [self.nobodys()])

    def vote(self):
        weight = self.rng.choice([1, 1, -1]) * self.rng.choice([0, 1, 500_000, 1_000_000])
        fields = {"vote": self.target(), "weight": weight, "timestamp": self.when()}
        self.votes.append(self.put("vote", fields, self.some()))

    def signers_of(self, target):
        """Somebody who signed it, mostly: else it would rarely matter."""
        own = [s for i, _, _, signers in self.items if i == target for s in signers]
        return [self.rng.choice(own)] if own and self.rng.random() < 0.7 else self.some()

    def supersede(self):
        target = self.target()
        pair = next((p for i, p in self.claims if i == target), None)
        by = self.target(pair)
        if by != target:
            fields = {"supersede": target, "by": by, "reason": "r", "timestamp": self.when()}
            self.put("supersession", fields, self.signers_of(target))

    def retract(self):
        target = self.target()
        fields = {"retract": target, "reason": "r", "timestamp": self.when()}
        self.put("supersession", fields, self.signers_of(target))

    def cosign(self):
        """Of any record; of a claim most of all."""
        targets = [i for i, *_ in self.items if i] + [i for i, _ in self.claims] * 3
        self.items.append((None, "cosignature", {"cosign": self.rng.choice(targets)}, self.some()))


def settings_of(rng, graphs):
    """Who may do what, for a while. Without a steward in the history, a store is ungoverned."""
    out = []
    governed = rng.random() < 0.6

    def put(name, agent, value, when):
        out.append({"setting": name, "agent": agent, "value": value, "timestamp": when})

    for graph in graphs:
        for agent in graph.agents:
            for _ in range(rng.choice([0, 1, 1, 2])):
                put("admit", agent, rng.random() < 0.8, graph.when())
            for _ in range(rng.choice([0, 0, 0, 1, 2]) if governed else 0):
                put("steward", agent, rng.random() < 0.7, graph.when())
            for _ in range(rng.choice([0, 0, 1, 2])):
                put("grant", agent, rng.choice([False, *CLASSES[:2] * 2, CLASSES[3]]), graph.when())
    if rng.random() < 0.2:
        value = rng.choice([0, 10_000, 10_001, 500_000, 600_000])
        out.append({"setting": "min_trust", "value": value, "timestamp": START})
    return out


# --- records ----------------------------------------------------------------------------


def posted(rng, kind, fields, record_id, signatures):
    """(what is written to the inbox, the arrival)"""
    text = text_of(rng, with_signatures(fields, signatures))
    return text, known_as(kind, fields, record_id, signatures)


def posts_of(rng, graph):
    """Signed together or one after the other; now and then once more, at another time."""
    out = []
    for record_id, kind, fields, signers in graph.items:
        target = record_id or fields["cosign"]
        entries = [
            entry(graph.agents[s], target, rng.choice([fields.get("timestamp", START), graph.when()]))
            for s in signers
        ]
        again = [entry(graph.agents[s], target, graph.when()) for s in signers if rng.random() < 0.1]
        pieces = [entries] if rng.random() < 0.5 else [[e] for e in entries]
        for piece in pieces + [[e] for e in again]:
            out.append(posted(rng, kind, fields, record_id, piece))
    return out


def sign_settings(rng, stemefs, store, settings):
    """With the store's own key, by the program: nobody else has it."""
    done = subprocess.run(
        [stemefs, "sign", "--key", f"{store}/wallet/store.key"],
        input="".join(canon.dumps(for_json(s)) + "\n" for s in settings),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    out = []
    for fields, signed in zip(settings, done.stdout.splitlines()):
        s = json.loads(signed)["signatures"][0]
        signatures = [(s["agent"], canon.nanoseconds(s["signed_at"]), s["signature"])]
        record_id = canon.record_id(for_json(fields)).hex()
        out.append(posted(rng, "setting", fields, record_id, signatures))
    return out


# --- a store ----------------------------------------------------------------------------


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


# --- contexts ---------------------------------------------------------------------------


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


# --- comparing --------------------------------------------------------------------------


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


# --- playing ----------------------------------------------------------------------------

SUMS = ["", "sums-from=1", "sums-from=3", "sums-from=1000000000"]


class Disagreement(Exception):
    """Something differs; it has been told."""


class Game:
    """One store from a seed, played to the end."""

    def __init__(self, given, seed):
        self.given, self.seed = given, seed
        self.rng = rng = random.Random(seed)
        self.place = Path(given.dir, digest(seed)[:8])
        self.graphs = [Graph(rng, f"{digest(seed)[:4]}{i}") for i in range(rng.choice([1, 2, 4]))]
        self.pairs = [p for g in self.graphs for p in g.pairs]
        self.compared = 0

    def play(self):
        rng = self.rng
        with Store(self.given.stemefs, self.place) as store:
            self.store = store
            shutil.copytree(store.store, self.place / "empty")
            records = [p for g in self.graphs for p in posts_of(rng, g)]
            records += sign_settings(rng, store.stemefs, store.store, settings_of(rng, self.graphs))
            records += rng.sample(records, len(records) // 8)
            rng.shuffle(records)
            store.start(rng.choice(SUMS))
            parts = rng.choice([1, 2, 3])
            for i in range(parts):
                part = records[len(records) * i // parts : len(records) * (i + 1) // parts]
                try:
                    self.post(part)
                except Refused as e:
                    self.fail(Context(), ("inbox", str(e), None))
                contexts = self.contexts(self.given.contexts if i == parts - 1 else 1)
                self.compare(contexts)
                if i < parts - 1 and rng.random() < 0.4:
                    self.again(rng.random() < 0.5, rng.choice(SUMS))
            self.again(True, rng.choice(SUMS))
            self.compare(contexts)
            self.again(rng.random() < 0.5, "sums-from=1")
            self.compare(contexts)
        shutil.rmtree(self.place)

    def post(self, records):
        while records:
            n = self.rng.choice([1, 3, 10, 50, 50])
            self.store.post(records[:n])
            records = records[n:]

    def again(self, without_index, options):
        self.store.stop()
        if without_index:
            self.store.forget_index()
        self.store.start(options)

    def contexts(self, count):
        some = [random_context(self.rng, self.store) for _ in range(count)]
        return [Expected(self.store, c, self.pairs) for c in [Context(), *some]]

    def compare(self, contexts):
        for i, expected in enumerate(contexts):
            if not expected.is_fresh():
                expected = contexts[i] = Expected(self.store, expected.context, self.pairs)
            difference = agree(self.store, expected)
            self.compared += sum(len(f) for f in expected.files.values() if f)
            if difference:
                self.fail(expected.context, difference)

    def fail(self, context, difference):
        print(told(difference), file=sys.stderr)
        (self.place / "case").write_bytes(pickle.dumps((self.pairs, self.store.played, context)))
        raise Disagreement(f"seed {self.seed!r}, context {context.path!r}; kept in {self.place}")


def play(given):
    compared, failed = 0, 0
    for i in range(given.stores):
        game = Game(given, f"{given.seed}/{i}")
        try:
            game.play()
        except Disagreement as e:
            print(e, file=sys.stderr)
            failed += 1
            if not given.keep_going:
                break
        compared += game.compared
    if failed:
        sys.exit(f"{failed} stores differ")
    print(f"{given.stores} stores, {compared} files: as the reference has them")


# --- shrinking --------------------------------------------------------------------------


def file_of(difference):
    """Which file, whatever the context: the part behind that."""
    return difference[0].partition("/mnt/")[2].rpartition("subjects/")[2]


class Case:
    """What did not agree, and all that was done until then."""

    def __init__(self, given):
        self.given, self.trials, self.file = given, 0, None
        found = pickle.loads(Path(given.case, "case").read_bytes())
        self.pairs, self.played, self.context = found

    def shrink(self):
        self.difference = self.differs(self.played)
        if not self.difference:
            sys.exit("that case agrees by now")
        self.file = file_of(self.difference)
        size = len(self.played) // 2
        while size:
            start = 1  # a start there must be
            while start < len(self.played):
                fewer = self.played[:start] + self.played[start + size :]
                difference = self.differs(fewer)
                if difference:
                    self.played, self.difference = fewer, difference
                else:
                    start += size
            size //= 2
        self.tell()

    def differs(self, played):
        """The difference after this."""
        self.trials += 1
        place = Path(self.given.case, f"trial-{self.trials}")
        with Store(self.given.stemefs, place, Path(self.given.case, "empty")) as store:
            try:
                self.replay(store, played)
                expected = Expected(store, self.moved(store, played), self.pairs)
                difference = agree(store, expected)
            except Refused as e:
                difference = ("/mnt/inbox", str(e), None)
        shutil.rmtree(place)
        same = difference and self.file in (None, file_of(difference))
        return difference if same else None

    def replay(self, store, played):
        for (what, name), steps in itertools.groupby(played, lambda step: step[:2]):
            steps = list(steps)
            if what == "post":
                store.post([(text, known) for _, _, text, known, _ in steps])
                continue
            if os.path.ismount(store.mount):
                store.stop()
            if what == "forget":
                store.forget_index()
            elif what == "start":
                store.start(name)
        if not os.path.ismount(store.mount):
            store.start()

    def moved(self, store, played):
        """The context, where the log is shorter."""
        if self.context.cut.at is None:
            return self.context
        old = [step[-1] for step in played if step[0] == "post"]
        new = [step[-1] for step in store.played if step[0] == "post"]
        before = max((n for o, n in zip(old, new) if o <= self.context.cut.at), default=0)
        when = store.times.get(before, 0)
        if "at/seq-" in self.context.path or not before:
            cut = (f"at/seq-{before}", {"at": before, "at_time": when})
        else:
            last = max(n for n, t in store.times.items() if t <= when)
            cut = (f"at/{canon.rfc3339(when)}", {"at": last, "at_time": when})
        return Context(*(cut if "at" in fields else (p, fields) for p, fields in self.context.cuts))

    def tell(self):
        """With short names for agents and ids."""
        out, known = "", [step[3] for step in self.played if step[0] == "post"]
        for step in self.played:
            shown = step[2].replace("\n", " ") if step[0] == "post" else " ".join(map(str, step[:-1]))
            out += f"{shown}\n"
        out += told(self.difference)
        agents = [a for r in known for a, _, _ in r["signatures"]]
        agents += [r["agent"] for r in known if r.get("agent")]
        for i, x in enumerate(dict.fromkeys(r["id"] for r in known if r["id"])):
            out = out.replace(x, f"<{i}>")
        for i, x in enumerate(dict.fromkeys(agents)):
            out = out.replace(x, f"agent-{i}")
        print(re.sub(r',?"signature":"[0-9a-f]*"', "", out))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    playing = commands.add_parser("play")
    playing.add_argument("stemefs")
    playing.add_argument("dir")
    playing.add_argument("--seed", required=True)
    playing.add_argument("--stores", type=int, default=5)
    playing.add_argument("--contexts", type=int, default=6)
    playing.add_argument("--keep-going", action="store_true")
    shrinking = commands.add_parser("shrink")
    shrinking.add_argument("case")
    shrinking.add_argument("stemefs")
    given = parser.parse_args()
    play(given) if given.command == "play" else Case(given).shrink()


if __name__ == "__main__":
    main()
