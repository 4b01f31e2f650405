"""What is said in a tangle: the records of tangle.py, and how they are signed."""

import json
import subprocess

import canon
from graph import digest, entry, for_json, key_of, known_as, text_of, with_signatures
from standing import CLASSES, Number

SECOND = 10**9
DAY = 86_400 * SECOND
START = 1_704_067_200 * SECOND  # 2024-01-01; the youngest is of 2025, behind every clock
DAYS = 730
STAGES = canon.LIFECYCLES
KINDS_OF_SUPERSESSION = canon.SUPERSESSIONS[1:]


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
