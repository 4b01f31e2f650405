#!/usr/bin/env python3
"""Random pairs and the files that tests/oracle/lens.py expects of them.

    lens_cases.py SEED COUNT

prints, for tests/unit/test_lens_oracle.c, lines of words (texts in hex, "-" for none):

    pair SUBJECT PREDICATE
    trust AGENT MILLIONTHS
    claim ID TIMESTAMP CONFIDENCE SOURCE CLASS LIFECYCLE EPOCH OBJECT-KIND OBJECT
    sign ID AGENT
    vote ID TARGET TIMESTAMP WEIGHT AGENT
    want FILE BYTES
"""

import hashlib
import random
import sys

sys.dont_write_bytecode = True  # a test leaves nothing behind in the tree
from lens import Number, resolve  # noqa: E402

KINDS = {"text": 1, "number": 2, "bool": 3, "ref": 4}
LIFECYCLES = ["proposed", "under_review", "approved"]
CLASSES = ["regulatory", "clinical", "observational", "expert", "community", "anecdotal"]
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
    """Records and trust of one pair: small numbers everywhere, for the sake of ties."""
    rng = random.Random(seed)
    agents = [digest(seed, "agent", i) for i in range(rng.choice([1, 2, 3, 6, 12]))]
    trusts = rng.choice([[500_000], [10_000], [0, 10_000, 299_999, 300_000, 1_000_000]])
    trust = {a: rng.choice(trusts) for a in agents}
    objects = objects_of(rng)
    times = rng.choice([1, 3, 1000])
    sources = [None, "https://example.org/a", "label", *(f"s{i}" for i in range(40))]
    sources = sources[: rng.choice([1, 2, 3, 43])]
    weights = rng.choice([[0, 500_000, 1_000_000], [1], [0], range(1_000_001)])

    def when():
        return 1_767_225_600 * 10**9 + rng.randrange(times) * rng.choice([1, 500_000_000])

    records = []
    for i in range(rng.choice([0, 1, 2, 5, 15, 60, 90])):
        claim = {
            "kind": "assertion",
            "id": digest(seed, "claim", i),
            "subject": "S\u202e/1",
            "predicate": "P",
            "object": rng.choice(objects),
            "timestamp": when(),
            "confidence": rng.choice([None, 500_000, rng.choice(weights)]),
            "source": rng.choice(sources),
            "source_class": rng.choice([None, *CLASSES]),
            "lifecycle": rng.choice(LIFECYCLES),
            "epoch": rng.choice([None, None, digest("epoch")]),
            "signers": rng.sample(agents, rng.choice([1, 1, min(2, len(agents))])),
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
            "agent": rng.choice(agents),
        }
        records.append(vote)
    for i in range(rng.choice([0, 0, 3])):
        signers = [rng.choice(agents)]
        records.append({"kind": "cosignature", "target": rng.choice(ids), "signers": signers})
    records += rng.sample(records, len(records) // 4)  # repeated
    rng.shuffle(records)
    return records, trust


def word(v):
    return "-" if v is None else str(v)


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
        "-" if r["source_class"] is None else CLASSES.index(r["source_class"]),
        LIFECYCLES.index(r["lifecycle"]),
        *(word(r["epoch"]), KINDS[kind], hexed(str(obj))),
    ]


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for n in range(seed, seed + count):
        records, trust = graph(n)
        subject, predicate = "S\u202e/1", "P"
        print("pair", hexed(subject), hexed(predicate))
        for agent, millionths in trust.items():
            print("trust", agent, millionths)
        for r in records:
            if r["kind"] == "assertion":
                print(*claim_words(r))
            if r["kind"] == "vote":
                words = (r["id"], r["target"], r["timestamp"], r["weight"], r["agent"])
                print("vote", *words)
            for agent in r.get("signers", []):
                print("sign", r.get("id") or r["target"], agent)
        for file, content in resolve(records, trust, subject, predicate).items():
            print("want", file, "-" if content is None else hexed(content))


if __name__ == "__main__":
    main()
