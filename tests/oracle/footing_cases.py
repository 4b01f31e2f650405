#!/usr/bin/env python3
"""Random pairs on which claims are withdrawn and replaced, and what standing.py leaves of them.

    footing_cases.py SEED COUNT

prints, for tests/unit/test_footing_oracle.c, lines of words; claims and voters are told by
their numbers, claims in the order of (timestamp, id), voters in that of their keys:

    case SEED GOVERNED
    voter STEWARD GRANTS
    claim ID TIMESTAMP CLUSTER LIFECYCLE CLASS PARENT
    sign CLAIM VOTER
    vote CLAIM VOTER WEIGHT
    withdraw CLAIM VOTER TIMESTAMP ID BY
    stands CLAIM LIFECYCLE CLASS VOTER...
    counts CLAIM VOTER WEIGHT
    end
"""

import hashlib
import random
import sys

sys.dont_write_bytecode = True  # a test leaves nothing behind in the tree
from standing import CLASSES, Moment, age  # noqa: E402

LIFECYCLES = ["proposed", "under_review", "approved", "deprecated", "rejected"]
PAIR = {"subject": "S", "predicate": "P"}


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def story(seed):
    """The records of one pair, and the agents."""
    rng = random.Random(seed)
    agents = sorted(digest(seed, "agent", i) for i in range(rng.choice([1, 2, 3, 5])))
    objects = ["red", "blue"][: rng.choice([1, 2])]
    times = rng.choice([1, 2, 5, 100])
    stages = rng.choice([LIFECYCLES[:1], LIFECYCLES])
    records, ids = [], []

    def add(kind, signers, **fields):
        i = digest(seed, len(records))
        fields = {k: v for k, v in fields.items() if v is not None}
        fields |= {"id": i, "timestamp": rng.randrange(times), "kind": kind}
        records.append(dict(fields, signatures=[(a, 0, "") for a in signers]))
        return i

    def some():
        return rng.sample(agents, min(len(agents), rng.choice([1, 1, 1, 2, 3])))

    def a_claim():
        return rng.choice(ids) if rng.random() < 0.97 else digest(seed, "nobody's")

    for _ in range(rng.choice([1, 2, 3, 5, 8, 15])):
        parent = a_claim() if ids and rng.random() < rng.choice([0, 0.5]) else None
        stage, source_class = rng.choice(stages), rng.choice([None, *CLASSES])
        names = dict(PAIR, object=rng.choice(objects), parent=parent, lifecycle=stage)
        ids.append(add("assertion", some(), source_class=source_class, **names))
    for _ in range(rng.choice([0, 1, 3, 10])):
        add("vote", some(), target=a_claim(), weight=rng.choice([0, 1, 1, -1]))
    knot = [rng.choice([450, 700])] if rng.random() < 0.01 else []
    for _ in range(*knot or [rng.choice([0, 1, 2, 5, 10, 40])]):
        by = None if rng.random() < 0.25 else a_claim()
        add("supersession", some(), target=a_claim(), by=by)
    for agent in agents:
        if rng.random() < 0.15:
            add("setting", ["K"], setting="steward", agent=agent, value=rng.random() < 0.7)
        if rng.random() < 0.5:
            add("setting", ["K"], setting="grant", agent=agent, value=rng.choice(CLASSES[:3]))
    return agents, records


def number(names, name):
    return "-" if name is None else names.index(name)


def newest_votes(records, claims):
    newest = {}
    for r in records:
        if r["kind"] == "vote" and r["target"] in claims:
            for agent, _, _ in r["signatures"]:
                key = (r["target"], agent)
                newest[key] = max(newest.get(key, r), r, key=age)
    return newest


def tell(seed):
    agents, records = story(seed)
    moment = Moment(records)
    pair, rights = moment.pairs["S", "P"], moment.rights
    print("case", seed, int(rights.governed))
    for a in agents:
        grants = sum(1 << CLASSES.index(c) for c in rights.grants.get(a, ()))
        print("voter", int(a in rights.stewards), grants)
    claims = sorted(pair.claims, key=lambda i: age(pair.claims[i]))
    objects = ["red", "blue"]
    for i in claims:
        c = pair.claims[i]
        stage, name = LIFECYCLES.index(c["lifecycle"]), number(CLASSES, c.get("source_class"))
        words = (objects.index(c["object"]), stage, name, c.get("parent", "-"))
        print("claim", i, c["timestamp"], *words)
    for n, i in enumerate(claims):
        for a in sorted(pair.claims[i]["signers"]):
            print("sign", n, agents.index(a))
    for (target, agent), v in newest_votes(records, claims).items():
        print("vote", claims.index(target), agents.index(agent), v["weight"])
    for r in records:
        if r["kind"] == "supersession" and r["target"] in claims:
            for agent, _, _ in r["signatures"]:
                words = (claims.index(r["target"]), agents.index(agent), r["timestamp"])
                print("withdraw", *words, r["id"], r.get("by", "-"))
    for n, i in enumerate(claims):
        if pair.stands[i]:
            c = pair.counted[i]
            stage, name = LIFECYCLES.index(c["lifecycle"]), number(CLASSES, c["source_class"])
            print("stands", n, stage, name, *(agents.index(a) for a in sorted(c["signers"])))
    for v in pair.moved:
        print("counts", claims.index(v["target"]), agents.index(v["agent"]), v["weight"])
    print("end")


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for n in range(seed, seed + count):
        tell(n)


if __name__ == "__main__":
    main()
