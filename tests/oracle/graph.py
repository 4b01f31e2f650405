#!/usr/bin/python3
"""Random graphs of signed records, played through a real mount and compared with lens.py.

    graph.py make PLAN --seed WORD --graphs N [--pairs N] [--records N]
    graph.py play PLAN STEMEFS STORE MOUNT [--order WORD] [--from X] [--to Y]
                  [--checks N] [--writers N]
    graph.py check PLAN MOUNT

A plan is a set of records of many agents on many pairs, all signed, and which of the
agents are to be members in the end. It is a function of its seed.

`play` posts the part from X to Y (0..1) of a plan in an order, in batches and with
repetitions that are functions of --order; posts and admissions go through the mount, by
as many writers at a time as asked. On the way (--checks times) and in the end it compares
every lens file, every value file and claims.jsonl of pairs with what lens.py makes of the
records that were posted so far, byte by byte. `check` does that for a whole plan. Exit
status 1 and a comparison on stderr when something differs.
"""

import argparse
import hashlib
import os
import pickle
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True  # a test leaves nothing behind in the tree
import canon  # noqa: E402
import lens  # noqa: E402
from standing import Moment, Number  # noqa: E402

SECOND = 10**9
START = 1_704_067_200 * SECOND  # 2024-01-01: behind every clock

ODD = ['a "b" \\', "two\nlines\tand", "żółć", "\u200bhidden\u202e", "\U000e0041", "😀"]
WORDS = ["ES256", "es256", "96", "true", " blanks ", "{", ""]
SPELLINGS = ["96", "96.0", "9.6e1", "960E-1", "0", "-0", "-1", "96.7", "96.75", "1e21", "1.5e-9"]
SPELLINGS += ["-0.25", "1000000", "1e999", "100000000000000000000", "12345678901234567890.12345"]


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def key_of(name):
    """(public key, seed): the agent of a name."""
    seed = hashlib.sha256(name.encode()).digest()
    return canon.ed25519(seed, b"")[0].hex(), seed


# --- a graph ----------------------------------------------------------------------------


class Graph:
    """Agents, and what they say on some pairs: small numbers everywhere, for ties."""

    def __init__(self, seed, number, pairs, target):
        self.rng = rng = random.Random(f"{seed}/{number}")
        self.name = f"{seed}/{number}"
        count = rng.choice([1, 2, 3, 3, 6, 6, 12, 40])
        self.agents = [key_of(f"{self.name}/{i}") for i in range(count)]
        share = rng.choice([0, 0.3, 0.7, 1])
        self.members = [a for a, _ in self.agents if rng.random() < share]
        self.pairs = []
        self.claims = []  # (fields, signers)
        self.votes = []  # (fields of the claim or None, time, weight, signers)
        self.cosignatures = []  # (fields of the claim or None, signers)
        for i in range(pairs):
            prefix = "g" if i % 2 else rng.choice([".g", "_", " ", "x/%", "ü"])
            subject = f"{prefix}{number}"
            self.pairs.append((subject, rng.choice(["p", "-p", "a/b", "has revenue"]) + str(i)))
            self.fill(*self.pairs[-1], target)

    def palette(self):
        """All numbers, all text, or everything; few or many."""
        rng = self.rng
        numbers = [Number(n) for n in SPELLINGS] + [Number(i * 7 + 5) for i in range(30)]
        names = [*ODD, *WORDS, *(f"v{i}" for i in range(30))]
        mixed = [True, False, {"ref": "ES256"}, {"ref": "a/b c"}, *numbers[:5], *names[:9]]
        if rng.random() < 0.05:
            names.append("long " * rng.randrange(1, 6000))
        palette = rng.choice([numbers, numbers, names, mixed])
        return rng.sample(palette, min(len(palette), rng.choice([1, 2, 3, 6, 30, 40])))

    def fill(self, subject, predicate, target):
        rng = self.rng
        agents = [a for a, _ in self.agents]
        objects = self.palette()
        spread = rng.choice([1, 3, 1000])
        sources = [None, "https://example.org/a", "label", *(f"s{i}" for i in range(40))]
        sources = sources[: rng.choice([1, 2, 3, 43])]
        weights = rng.choice([[0, 500_000, 1_000_000], [1], [0], range(1_000_001)])
        stages = rng.choice([["proposed"], canon.LIFECYCLES[:3], canon.LIFECYCLES])
        sizes = [target] if target else [0, 1, 1, 2, 5, 15, 15, 40, 90]
        talker = rng.choice(agents) if rng.random() < 0.2 else None

        def when():
            return START + rng.randrange(spread) * rng.choice([1, 500_000_000])

        first = len(self.claims)
        for _ in range(rng.choice(sizes)):
            claim = {"subject": subject, "predicate": predicate, "object": rng.choice(objects)}
            claim["timestamp"] = when()
            self.put(claim, "confidence", rng.choice([None, 500_000, rng.choice(weights)]))
            self.put(claim, "source", rng.choice(sources))
            self.put(claim, "source_class", rng.choice([None, None, *canon.CLASSES]))
            self.put(claim, "lifecycle", rng.choice([None, *stages]))
            if rng.random() < 0.1:
                claim["note"] = rng.choice(["why\nnot", "ünsure", "x" * 300])
                claim["parent"] = digest(self.name, "nobody's")
                claim["source_hash"] = digest(self.name, "evidence")
            if rng.random() < 0.1:
                claim["epoch"] = digest(self.name, "epoch")
                claim["visual_hash"] = "00ff00ff12345678"
                claim["because"] = [digest(self.name, i) for i in range(rng.choice([1, 16]))]
            signers = rng.sample(agents, min(len(agents), rng.choice([1, 1, 1, 1, 2, 3])))
            self.claims.append((claim, [talker] if talker else signers))
        self.votes_on(self.claims[first:], weights, when, target)

    def put(self, claim, key, value):
        if value is not None:
            claim[key] = value

    def votes_on(self, claims, weights, when, target):
        """What is said about the claims; their ids come later."""
        rng = self.rng
        agents = [a for a, _ in self.agents]
        targets = [c for c, _ in claims] + [None]
        for _ in range(rng.choice([target] if target else [0, 0, 1, 5, 20, 60])):
            weight = rng.choice([1, 1, -1]) * rng.choice([0, *rng.choices(weights, k=4)])
            signers = rng.sample(agents, min(len(agents), rng.choice([1, 1, 1, 1, 3])))
            self.votes.append((rng.choice(targets), when(), weight, signers))
        for _ in range(rng.choice([0, 0, 3, 10])):
            self.cosignatures.append((rng.choice(targets), [rng.choice(agents)]))


# --- ids and signatures -----------------------------------------------------------------


def hash_all(bodies):
    """BLAKE3 of many, by b3sum: canon.py's own is slow. The first are held against it."""
    ids = []
    with tempfile.TemporaryDirectory() as name:
        for start in range(0, len(bodies), 2000):
            files = []
            for i, body in enumerate(bodies[start : start + 2000]):
                files.append(f"{name}/{i}")
                Path(files[-1]).write_bytes(body)
            out = subprocess.run(
                ["b3sum", "--no-names", *files], check=True, stdout=subprocess.PIPE, text=True
            )
            ids += out.stdout.split()
    for body, found in list(zip(bodies, ids))[:5]:
        assert canon.blake3(body).hex() == found
    assert len(ids) == len(bodies)
    return ids


def millionths(n):
    """As the text of a JSON number; canon.py reads it back to n."""
    sign, n = ("-", -n) if n < 0 else ("", n)
    return canon.Number(f"{sign}{n // 10**6}.{n % 10**6:06d}")


def for_json(fields):
    """The record that is posted, with canon.py's numbers."""
    out = dict(fields)
    if "timestamp" in out:
        out["timestamp"] = canon.rfc3339(out["timestamp"])
    for key in ("confidence", "weight"):
        if key in out:
            out[key] = millionths(out[key])
    if out.get("setting") == "min_trust":
        out["value"] = millionths(out["value"])
    if isinstance(out.get("object"), Number):
        out["object"] = canon.Number(out["object"])
    return out


def known_as(kind, fields, record_id, signatures):
    """The same as standing.py wants it."""
    out = dict(fields, kind=kind, id=record_id, signatures=signatures)
    for key in ("vote", "supersede", "retract", "cosign"):
        if key in out:
            out["target"] = out.pop(key)
    if kind == "epoch":
        out["name"] = out.pop("epoch")
    if isinstance(out.get("object"), Number):
        out["object"] = Number(canon.decimal(out["object"]))
    return out


def entry(seed, target, at):
    """(agent, signed_at, signature): as a record has it under it."""
    message = b"stemefs/sign/v1\0" + bytes.fromhex(target) + at.to_bytes(8, "little")
    agent, signature = canon.ed25519(seed, message)
    return (agent.hex(), at, signature.hex())


def sign(rng, target, agents, seeds):
    return [entry(seeds[a], target, START + rng.randrange(3) * SECOND) for a in agents]


def with_signatures(fields, signatures):
    """The record that is posted, signed."""
    names = ("agent", "signed_at", "signature")
    entries = [dict(zip(names, (a, canon.rfc3339(at), s))) for a, at, s in signatures]
    return dict(for_json(fields), signatures=entries)


def text_of(rng, record):
    """One of the many ways to write a record down."""
    items = list(record.items())
    if rng.random() < 0.5:
        rng.shuffle(items)
    text = canon.dumps(dict(items))
    if rng.random() < 0.1:  # as a pretty-printer has it; no string holds a bare newline
        text = "{\n  " + text[1:-1] + "\n}"
    return text


class Plan:
    """records: (JSON text, record for lens.py); pairs; members: who is one in the end."""

    def __init__(self, seed, graphs, pairs, target):
        self.seed = seed
        rng = random.Random(f"{seed}/signatures")
        made = [Graph(seed, i, pairs, target) for i in range(graphs)]
        seeds = {a: s for g in made for a, s in g.agents}
        self.agents = list(seeds)
        self.members = {a for g in made for a in g.members}
        self.pairs = [p for g in made for p in g.pairs]
        self.records = []

        claims = [c for g in made for c in g.claims]
        bodies = [canon.canonical(for_json(fields)) for fields, _ in claims]
        ids = hash_all(bodies)
        id_of = {id(fields): i for (fields, _), i in zip(claims, ids)}
        for (fields, signers), i in zip(claims, ids):
            self.add(rng, "assertion", fields, i, signers, seeds)

        votes = []
        for g in made:
            for fields, when, weight, signers in g.votes:
                target = id_of[id(fields)] if fields else digest(g.name, "nobody's")
                votes.append(({"vote": target, "weight": weight, "timestamp": when}, signers))
        ids = hash_all([canon.canonical(for_json(fields)) for fields, _ in votes])
        for (fields, signers), i in zip(votes, ids):
            self.add(rng, "vote", fields, i, signers, seeds)
            if rng.random() < 0.03:
                stranger = rng.choice(self.agents)
                self.cosign(rng, i, [stranger], seeds)
        for g in made:
            for fields, signers in g.cosignatures:
                target = id_of[id(fields)] if fields else digest(g.name, "nobody's")
                self.cosign(rng, target, signers, seeds)

    def add(self, rng, kind, fields, record_id, signers, seeds):
        """Some say the same together, others one after the other."""
        together = rng.random() < 0.5
        for group in [signers] if together else [[s] for s in signers]:
            signatures = sign(rng, record_id, group, seeds)
            text = text_of(rng, with_signatures(fields, signatures))
            self.records.append((text, known_as(kind, fields, record_id, signatures)))

    def cosign(self, rng, target, signers, seeds):
        self.add(rng, "cosignature", {"cosign": target}, target, signers, seeds)


# --- playing a plan ---------------------------------------------------------------------


class Known:
    """What has been posted so far, as standing.py wants it."""

    def __init__(self, plan):
        self.plan = plan
        self.records = []
        self.members = set()

    def moment(self):
        admitted = [admission(a) for a in self.members]
        return Moment(self.records + admitted)


def admission(agent):
    """Of settings only the effect is known here: they are posted by the program."""
    signatures = [("the store's key", START, "")]
    fields = {"setting": "admit", "agent": agent, "value": True, "timestamp": START}
    return known_as("setting", fields, digest(agent), signatures)


def encode_name(name):
    """A name as a file name."""
    out = ""
    for i, c in enumerate(name):
        edge = i in (0, len(name) - 1)
        hidden = any(low <= ord(c) <= high for low, high in lens.HIDDEN)
        if c in "/%" or hidden or (i == 0 and c in ".-_") or (edge and c == " "):
            c = "".join("%%%02X" % b for b in c.encode())
        out += c
    return out


def read_or_none(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def show(content):
    return "(no such file)" if content is None else content.decode()


def compare(plan, known, mount, pairs):
    """How many files of the pairs differ; the first is shown."""
    moment = known.moment()
    bad = 0
    for subject, predicate in pairs:
        place = Path(mount, "subjects", encode_name(subject), encode_name(predicate))
        pair = moment.pairs.get((subject, predicate))
        if not pair:
            expected = {"claims.jsonl": None}
        else:
            now = time.time_ns()
            expected = lens.files_of(pair, moment, (subject, predicate), now)
            values = {f.split("/")[1] for f, c in expected.items() if c and f.startswith("value/")}
            listed = set(os.listdir(place / "value"))
            if listed != values:
                bad += 1
                print(f"{place}/value lists {listed}, not {values}", file=sys.stderr)
        for file, content in expected.items():
            found = read_or_none(place / file)
            if found == content:
                continue
            bad += 1
            if bad == 1:
                print(f"{place}/{file} is\n{show(found)}", file=sys.stderr)
                print(f"instead of\n{show(content)}", file=sys.stderr)
    return bad


def admit(given, agents, *options):
    for start in range(0, len(agents), 500):
        command = [given.stemefs, "admit", given.store, *agents[start : start + 500], *options]
        subprocess.run(command, check=True)


def post(mount, name, text, cuts):
    """Write a batch to an inbox file, cut anywhere."""
    data = text.encode("utf-8", "surrogatepass")
    fd = os.open(f"{mount}/inbox/{name}", os.O_WRONLY | os.O_CREAT)
    try:
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            if os.write(fd, data[start:end]) != end - start:
                raise OSError("a short write")
    finally:
        os.close(fd)


def batches_of(rng, records):
    """In random pieces, with repetitions now and later."""
    records = list(records)
    records += rng.sample(records, len(records) // 6)
    rng.shuffle(records)
    while records:
        n = rng.choice([1, 2, 5, 20, 100, 400, 400])
        yield records[:n]
        del records[:n]


def post_all(given, rng, batches):
    """By several writers at a time. The order in which they get in is nobody's."""
    waiting = list(enumerate(batches))[::-1]
    failures = []
    seeds = [rng.random() for _ in range(given.writers)]

    def work(own):
        mine = random.Random(own)
        while waiting and not failures:
            try:
                n, batch = waiting.pop()
            except IndexError:
                return
            text = "".join(t + "\n" for t, _ in batch)
            size = len(text.encode())
            cuts = sorted(mine.randrange(size) for _ in range(mine.choice([0, 0, 1, 3])))
            try:
                post(given.mount, f"batch-{n}", text, cuts)
            except OSError as e:
                failures.append(f"batch-{n}: {e}")

    threads = [threading.Thread(target=work, args=(s,)) for s in seeds]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        error = read_or_none(f"{given.mount}/.stemefs/last_error")
        sys.exit(f"{failures[0]}\n{show(error)}")


def change_members(given, rng, plan, known):
    """Some come, some go."""
    coming = [a for a in plan.agents if rng.random() < 0.3]
    going = [a for a in sorted(known.members) if rng.random() < 0.2 and a not in coming]
    if coming:
        admit(given, coming)
    if going:
        admit(given, going, "--revoke")
    known.members = (known.members | set(coming)) - set(going)


def settle_members(given, plan, known):
    coming = sorted(plan.members - known.members)
    going = sorted(known.members - plan.members)
    if coming:
        admit(given, coming)
    if going:
        admit(given, going, "--revoke")
    known.members = set(plan.members)


def play(given, plan):
    order = random.Random(given.order)
    records = list(plan.records)
    order.shuffle(records)
    start, end = (round(len(records) * x) for x in (given.start, given.end))
    known = Known(plan)
    known.records = [r for _, r in records[:start]]
    if given.start > 0:
        known.members = set(plan.members)
    bad = 0
    steps = given.checks + 1
    for step in range(steps):
        first, last = (start + (end - start) * i // steps for i in (step, step + 1))
        part = records[first:last]
        post_all(given, order, batches_of(order, part))
        known.records += [r for _, r in part]
        if step < given.checks:
            change_members(given, order, plan, known)
            some = order.sample(plan.pairs, (len(plan.pairs) + 2) // 3)
            bad = compare(plan, known, given.mount, some)
            if bad:
                sys.exit(f"{bad} files differ after {len(known.records)} records")
    settle_members(given, plan, known)
    bad = compare(plan, known, given.mount, plan.pairs) if given.compare else 0
    if bad:
        sys.exit(f"{bad} files differ in the end")
    print(f"{len(plan.pairs)} pairs, {len(known.records)} records: as lens.py has them")


def check(given, plan):
    known = Known(plan)
    known.records = [r for _, r in plan.records]
    known.members = set(plan.members)
    bad = compare(plan, known, given.mount, plan.pairs)
    if bad:
        sys.exit(f"{bad} files differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("plan", type=Path)
    making.add_argument("--seed", required=True)
    making.add_argument("--graphs", type=int, required=True)
    making.add_argument("--pairs", type=int, default=3, help="per graph")
    making.add_argument("--records", type=int, help="claims, and votes, on each pair")
    playing = commands.add_parser("play")
    checking = commands.add_parser("check")
    for sub in (playing, checking):
        sub.add_argument("plan", type=Path)
    playing.add_argument("stemefs")
    playing.add_argument("store")
    for sub in (playing, checking):
        sub.add_argument("mount")
    playing.add_argument("--order", default="0")
    playing.add_argument("--from", dest="start", type=float, default=0)
    playing.add_argument("--to", dest="end", type=float, default=1)
    playing.add_argument("--checks", type=int, default=0)
    playing.add_argument("--writers", type=int, default=3)
    playing.add_argument("--no-compare", dest="compare", action="store_false")
    given = parser.parse_args()
    if given.command == "make":
        plan = Plan(given.seed, given.graphs, given.pairs, given.records)
        given.plan.write_bytes(pickle.dumps(plan))
        print(f"{len(plan.pairs)} pairs, {len(plan.records)} records")
        return
    plan = pickle.loads(given.plan.read_bytes())
    play(given, plan) if given.command == "play" else check(given, plan)


if __name__ == "__main__":
    main()
