#!/usr/bin/env python3
"""Random pairs and the files that tests/oracle/lens.py expects of them.

    lens_cases.py SEED COUNT

prints, for tests/unit/test_lens_oracle.c, lines of words (texts in hex, "-" for none):

    pair SUBJECT PREDICATE IS-SET NOW
    trust AGENT MILLIONTHS
    claim ID TIMESTAMP CONFIDENCE SOURCE CLASS LIFECYCLE EPOCH OBJECT-KIND OBJECT
    counts ID CLASS LIFECYCLE HIDDEN
    sign ID AGENT
    vote ID TARGET TIMESTAMP WEIGHT AGENT
    want FILE BYTES
"""

import hashlib
import random
import sys

sys.dont_write_bytecode = True  # a test leaves nothing behind in the tree
from lens import is_set, resolve  # noqa: E402
from standing import MIN_TRUST, Moment, Number  # noqa: E402

KINDS = {"text": 1, "number": 2, "bool": 3, "ref": 4}
DAY = 86_400 * 10**9
START = 1_767_225_600 * 10**9  # 2026
LIFECYCLES = ["proposed", "under_review", "approved"]
CLASSES = ["regulatory", "clinical", "observational", "expert", "community", "anecdotal"]
SUBJECT = "S\u202e/1"
NAMES = ["ES256", "es256", 'a "b" \\', "two\nlines\tand", "żółć", "\u200bhidden\u202e", "\U000e0041"]
NUMBERS = ["0", "-1", "96.7", "96.75", "1e21", "1.5e-9", "-0.25", "1000000", "1e999"]


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def objects_of(rng):
    """A palette: all numbers, all text, or everything; few or many."""
    names = [*NAMES, *(f"v{i}" for i in range(30))]
    numbers = [Number(n) for n in NUMBERS] + [Number(i * 7 + 5) for i in range(30)]
    references = [{"ref": n} for n in ("ES256", "Other")]
    palette = rng.choice(
        [numbers, names, [True, False, *references, *numbers[:4], *names[:4]]]
    )
    return rng.sample(palette, min(len(palette), rng.choice([1, 2, 3, 6, 30, 37])))


def graph(seed):
    """Predicate, records and trust of one pair: small numbers everywhere, for the sake of ties."""
    rng = random.Random(seed)
    agents = [digest(seed, "agent", i) for i in range(rng.choice([1, 2, 3, 6, 12]))]
    trusts = rng.choice([[500_000], [10_000], [0, 10_000, 299_999, 300_000, 1_000_000]])
    trust = {a: rng.choice(trusts) for a in agents}
    objects = objects_of(rng)
    times = rng.choice([1, 3, 1000])
    sources = [None, "https://example.org/a", "label", *(f"s{i}" for i in range(40))]
    sources = sources[: rng.choice([1, 2, 3, 43])]
    weights = rng.choice([[0, 500_000, 1_000_000], [1], [0], range(1_000_001)])

    step = rng.choice([1, 500_000_000, DAY, 30 * DAY])
    predicate = rng.choice(["P", "P", "P", "p[]", "prefer:p", "must_use:", "forbidden:p", "[]p"])

    def when():
        return START + rng.randrange(times) * rng.choice([1, step])

    records = []
    for i in range(rng.choice([0, 1, 2, 5, 15, 60, 90])):
        claim = {
            "kind": "assertion",
            "id": digest(seed, "claim", i),
            "subject": SUBJECT,
            "predicate": predicate,
            "object": rng.choice(objects),
            "timestamp": when(),
            "confidence": rng.choice([None, 500_000, rng.choice(weights)]),
            "source": rng.choice(sources),
            "source_class": rng.choice([None, *CLASSES]),
            "lifecycle": rng.choice(LIFECYCLES),
            "epoch": rng.choice([None, None, digest("epoch")]),
            "signatures": signed(rng.sample(agents, rng.choice([1, 1, min(2, len(agents))]))),
        }
        records.append(claim)
    ids = [r["id"] for r in records] + [digest("nobody's")]
    for i in range(rng.choice([0, 1, 5, 60])):
        vote = {
            "kind": "vote",
            "id": digest(seed, "vote", i),
            "target": rng.choice(ids),
            "timestamp": when(),
            "weight": rng.choice([1, 1, -1]) * rng.choice([0, *rng.choices(weights, k=4)]),
            "signatures": signed([rng.choice(agents)]),
        }
        records.append(vote)
    for i in range(rng.choice([0, 0, 3])):
        signatures = signed([rng.choice(agents)])
        records.append({"kind": "cosignature", "target": rng.choice(ids), "signatures": signatures})
    records += rng.sample(records, len(records) // 4)  # repeated
    rng.shuffle(records)
    return predicate, records, trust


class Rights:
    """Who is trusted how much: here anything goes."""

    def __init__(self, trust):
        self.trust = trust.get

    def is_member(self, agent):
        return self.trust(agent) >= MIN_TRUST


def as_they_count(rng, pair):
    """What a claim says of itself need not be what counts."""
    for c in pair.candidates.values() if pair else ():
        if rng.random() < 0.2:
            c["lifecycle"] = "proposed"
        if c["source_class"] in CLASSES[:2] and rng.random() < 0.3:
            c["source_class"] = "anecdotal"
        c["hidden"] = bool(c.get("epoch")) and rng.random() < 0.5


def signed(agents):
    return [(a, 0, "") for a in agents]


def word(v):
    return "-" if v is None else str(v)


def class_word(name):
    return "-" if name is None else CLASSES.index(name)


def hexed(s):
    raw = s if isinstance(s, bytes) else s.encode()
    return raw.hex() or '""'


def claim_words(r):
    obj = r["object"]
    kind = "number" if isinstance(obj, Number) else "text"
    if isinstance(obj, bool):
        kind, obj = "bool", "true" if obj else "false"
    elif isinstance(obj, dict):
        kind, obj = "ref", obj["ref"]
    source = r["source"]
    return [
        *("claim", r["id"], r["timestamp"], word(r["confidence"])),
        "-" if source is None else hexed(source),
        class_word(r["source_class"]),
        LIFECYCLES.index(r["lifecycle"]),
        *(word(r["epoch"]), KINDS[kind], hexed(str(obj))),
    ]


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for n in range(seed, seed + count):
        predicate, records, trust = graph(n)
        rng = random.Random(f"{n} counted")
        now = START + rng.choice([-DAY, 0, 1, DAY, 45 * DAY, 200 * DAY, rng.randrange(4000) * DAY])
        print("pair", hexed(SUBJECT), hexed(predicate), int(is_set(predicate)), now)
        for agent, millionths in trust.items():
            print("trust", agent, millionths)
        for r in records:
            if r["kind"] == "assertion":
                print(*claim_words(r))
            for agent, _, _ in r["signatures"]:
                if r["kind"] == "vote":
                    print("vote", r["id"], r["target"], r["timestamp"], r["weight"], agent)
                else:
                    print("sign", r.get("id") or r["target"], agent)
        pair = Moment(records).pairs.get((SUBJECT, predicate))
        as_they_count(rng, pair)
        claims, votes = (pair.candidates, pair.votes) if pair else ({}, [])
        for i, c in claims.items():
            words = (class_word(c["source_class"]), LIFECYCLES.index(c["lifecycle"]))
            print("counts", i, *words, int(c["hidden"]))
        files = resolve(claims, votes, Rights(trust), SUBJECT, predicate, now)
        for file, content in files.items():
            print("want", file, "-" if content is None else hexed(content))


if __name__ == "__main__":
    main()
