"""What stands, slow and plain: docs/standing.md as a program, and not the C code.

    moment = Moment(arrivals, Cut(at=17, tier="expert"))
    moment.pairs                    # {(subject, predicate): Pair}
    pair = moment.pairs["S", "P"]
    pair.candidates                 # {id: claim}, each with "signers", as they count
    pair.votes                      # those that count: target, agent, timestamp, id, weight
    moment.rights                   # who is trusted, and with what

An arrival is a dict: what came in, in one piece. Arrivals may repeat and stand in any
order; whatever the order, `seq` says when a thing came.

    kind          "assertion", "vote", "cosignature", "supersession", "epoch", "setting"
    seq           its number in the log; of one that was there already, any later one
    signatures    [(agent, signed_at in ns, signature in hex)]
    id            of all but cosignatures
    timestamp     ns, of all but cosignatures
    assertion     subject, predicate, object; parent, lifecycle, source_class, epoch, ...
    vote          target, weight (millionths, below 0: against)
    cosignature   target
    supersession  target; by, or without it a retraction
    epoch         name; supersedes and supersession
    setting       setting, agent, value (millionths of min_trust)
"""

from dataclasses import dataclass

MILLION = 1_000_000
TRUST_OF_MEMBERS = 500_000
TRUST_OF_STRANGERS = 10_000
MIN_TRUST = 300_000
CLASSES = ("regulatory", "clinical", "observational", "expert", "community", "anecdotal")
GOVERNED_STAGES = ("under_review", "approved")
GOVERNED_CLASSES = CLASSES[:2]
SET_ASIDE = ("deprecated", "rejected")
EDGES_ON_CYCLES = 1000


class Number(str):
    """A number as its canonical decimal text."""


def age(record):
    """Greater is newer."""
    return (record["timestamp"], record["id"])


def stage_of(claim):
    return claim.get("lifecycle") or "proposed"


@dataclass(frozen=True)
class Cut:
    """A context: what a reader asked not to see. None cuts nothing."""

    at: int | None = None  # seq
    at_time: int | None = None  # ns: what time it is there
    asof: int | None = None  # ns
    stage: str | None = None
    tier: str | None = None
    epoch: str | None = None  # a name, or an id

    def now(self, clock):
        """What time it is for the reader."""
        now = clock if self.at is None else self.at_time
        return now if self.asof is None else min(now, self.asof)


# --- 1. which records are seen ----------------------------------------------------------


def see(arrivals, cut):
    """The records that are seen, each once, with the agents whose signature is seen."""
    records, entries = {}, {}
    for r in arrivals:
        if cut.at is not None and r["seq"] > cut.at:
            continue
        if r["kind"] != "cosignature":
            records.setdefault(r["id"], r)
        known = entries.setdefault(r["target"] if r["kind"] == "cosignature" else r["id"], set())
        known.update(agent for agent, _, _ in r["signatures"])
    out = []
    for i, r in records.items():
        free = cut.asof is None or r["kind"] == "setting"
        if not free and r["timestamp"] > cut.asof:
            continue
        out.append(dict(r, signers=entries[i]))
    return out


# --- 2. who may do what -----------------------------------------------------------------


class Rights:
    def __init__(self, records):
        settings = sorted((r for r in records if r["kind"] == "setting"), key=age)
        newest = {(s["setting"], s.get("agent")): s["value"] for s in settings}
        self.admitted = {a for (name, a), v in newest.items() if name == "admit" and v}
        self.stewards = {a for (name, a), v in newest.items() if name == "steward" and v}
        self.governed = any(s["setting"] == "steward" and s["value"] for s in settings)
        self.min_trust = newest.get(("min_trust", None), MIN_TRUST)
        self.grants = {}
        for s in settings:
            if s["setting"] != "grant":
                continue
            if s["value"] is False:
                self.grants[s["agent"]] = set()
            else:
                self.grants.setdefault(s["agent"], set()).add(s["value"])

    def trust(self, agent):
        return TRUST_OF_MEMBERS if agent in self.admitted else TRUST_OF_STRANGERS

    def is_member(self, agent):
        return self.trust(agent) >= self.min_trust

    def granted(self, agent, source_class):
        return source_class in self.grants.get(agent, ())

    def stage(self, claim, behind):
        stage = stage_of(claim)
        if self.governed and stage in GOVERNED_STAGES and not behind & self.stewards:
            return "proposed"
        return stage

    def source_class(self, claim, behind):
        name = claim.get("source_class")
        if self.governed and name in GOVERNED_CLASSES:
            if not any(self.granted(a, name) for a in behind):
                return "anecdotal"
        return name


# --- 3. withdrawing ---------------------------------------------------------------------


@dataclass(frozen=True)
class Edge:
    """By the word of its agents, target takes the place of source."""

    source: str
    target: str
    age: tuple  # of the record that says so
    agents: frozenset


def reach(edges):
    """Of each claim with edges, whatever they lead to from there."""
    steps = {}
    for e in edges:
        steps.setdefault(e.source, set()).add(e.target)
    out = {}
    for start in steps:
        found, ahead = set(), [start]
        while ahead:
            new = steps.get(ahead.pop(), set()) - found
            found |= new
            ahead += new
        out[start] = found
    return out


def on_cycles(edges):
    ahead = reach(edges)
    return [e for e in edges if e.source in ahead.get(e.target, ())]


def between_cycles(edges):
    """Edges on cycles, and those that lead from one to another."""
    ahead = reach(edges)
    looped = {n for n in ahead if n in ahead[n]}
    behind = looped.union(*(ahead[n] for n in looped))
    before = looped | {n for n in ahead if ahead[n] & looped}
    return [e for e in edges if e.source in behind and e.target in before]


def apart(edges):
    """Lists of edges that hang together by their claims."""
    lists = []
    for e in edges:
        near = [part for part in lists if any({e.source, e.target} & {o.source, o.target} for o in part)]
        lists = [part for part in lists if part not in near] + [[e] + [o for part in near for o in part]]
    return lists


def without_cycles(edges, stewards):
    edges = list(edges)
    for knot in apart(between_cycles(edges)):
        if sum(len(e.agents) for e in knot) > EDGES_ON_CYCLES:
            edges = [e for e in edges if e not in knot or e.agents & stewards]
    while looped := on_cycles(edges):
        weak = [e for e in looped if not e.agents & stewards]
        edges.remove(max(weak or looped, key=lambda e: e.age))
    return edges


class Pair:
    """What stands on one pair. claims: all that are seen; records: those about them."""

    def __init__(self, claims, records, rights):
        self.rights = rights
        self.claims = claims
        self.signers = {i: c["signers"] for i, c in claims.items()}
        self.retractions = {}  # id: the agents that may
        for r in records:
            if r["kind"] == "supersession" and "by" not in r and r["target"] in claims:
                heard = {a for a in r["signers"] if self.may(a, r["target"])}
                self.retractions.setdefault(r["target"], set()).update(heard)
        self.edges = without_cycles(self.all_edges(records), set(self.rights.stewards))
        self.settle()
        self.moved = self.move([r for r in records if r["kind"] == "vote"])

    def may(self, agent, claim):
        return agent in self.signers[claim] or agent in self.rights.stewards

    def all_edges(self, records):
        said = [
            (r["target"], r["by"], r, r["signers"])
            for r in records
            if r["kind"] == "supersession" and "by" in r
        ]
        for i, c in self.claims.items():
            if c.get("parent"):
                said.append((c["parent"], i, c, c["signers"] - self.retracted(i)))
        for source, target, record, agents in said:
            if source in self.claims and target in self.claims and source != target:
                heard = frozenset(a for a in agents if self.may(a, source))
                if heard:
                    yield Edge(source, target, age(record), heard)

    def retracted(self, claim):
        return self.retractions.get(claim, set())

    def settle(self):
        """What nothing leads away from is decided first."""
        self.behind, self.stands, self.alive = {}, {}, {}
        waiting = set(self.claims)
        while waiting:
            ready = {
                i for i in waiting if not any(e.source == i and e.target in waiting for e in self.edges)
            }
            for i in ready:
                self.decide(i)
            waiting -= ready

    def away(self, claim):
        """The edges in force that lead away from it."""
        return [e for e in self.edges if e.source == claim and self.alive[e.target]]

    def decide(self, claim):
        heard = set(self.retracted(claim))
        for e in self.away(claim):
            heard |= e.agents
        self.behind[claim] = self.signers[claim] - heard
        self.stands[claim] = bool(self.behind[claim]) and not heard & self.rights.stewards
        self.alive[claim] = self.stands[claim] or bool(self.away(claim))

    # --- 4. votes ---

    def left(self, agent, claim):
        """It signed that once, and does not stand behind it."""
        return agent in self.signers[claim] - self.behind[claim]

    def destination(self, claim):
        """The claim that has its votes, None where they stay behind."""
        while not self.stands[claim]:
            ahead = [e for e in self.away(claim) if self.same_object(claim, e.target)]
            if not ahead:
                return None
            claim = max(ahead, key=lambda e: e.age).target
        return claim

    def same_object(self, a, b):
        return cluster_key(self.claims[a]["object"]) == cluster_key(self.claims[b]["object"])

    def move(self, votes):
        """The votes that count, each with the claim that it counts for."""
        newest = {}
        for v in votes:
            for agent in v["signers"]:
                key = (agent, v["target"])
                if v["target"] in self.claims and (key not in newest or age(v) > age(newest[key])):
                    newest[key] = v
        out = []
        for (agent, claim), v in newest.items():
            target = self.destination(claim)
            if v["weight"] != 0 and target and not self.left(agent, claim):
                out.append(dict(v, agent=agent, target=target))
        return out


def cluster_key(obj):
    if isinstance(obj, dict):
        return ("ref", obj["ref"])
    if isinstance(obj, bool):
        return ("bool", str(obj))
    return ("number" if isinstance(obj, Number) else "text", str(obj))


# --- 6. epochs --------------------------------------------------------------------------


class Epochs:
    def __init__(self, records, rights):
        self.known = {r["id"]: r for r in records if r["kind"] == "epoch"}
        self.edges = []  # (id, what it supersedes, how)
        for i, e in self.known.items():
            target = self.known.get(e.get("supersedes"))
            if target and e["signers"] & (target["signers"] | rights.stewards):
                self.edges.append((i, target["id"], e["supersession"]))
        self.hidden = {t for _, t, how in self.edges if how != "refine"}
        while more := {t for i, t, _ in self.edges if i in self.hidden} - self.hidden:
            self.hidden |= more

    def named(self, name):
        """The ids that bear a name, or the one that it spells."""
        return {i for i, e in self.known.items() if name in (e["name"], i)}


# --- 5. candidates, and all together ----------------------------------------------------


class Moment:
    """All that one context shows of a set of arrivals."""

    def __init__(self, arrivals, cut=Cut()):
        self.cut = cut
        records = see(arrivals, cut)
        self.rights = Rights(records)
        self.epochs = Epochs(records, self.rights)
        self.in_epoch = None if cut.epoch is None else self.epochs.named(cut.epoch)
        claims = {r["id"]: r for r in records if r["kind"] == "assertion"}
        place = {i: (c["subject"], c["predicate"]) for i, c in claims.items()}
        grouped = {p: ({}, []) for p in place.values()}
        for i, c in claims.items():
            grouped[place[i]][0][i] = c
        for r in records:
            if r["kind"] in ("vote", "supersession") and r["target"] in place:
                grouped[place[r["target"]]][1].append(r)
        self.pairs = {}
        for names, (mine, about) in grouped.items():
            pair = Pair(mine, about, self.rights)
            self.choose(pair)
            if pair.there:
                self.pairs[names] = pair

    def choose(self, pair):
        """The candidates among what stands; and whether the pair is there at all."""
        pair.counted = {i: self.as_it_counts(pair, i) for i in pair.claims}
        pair.there = any(self.shows(c) for c in pair.counted.values())
        pair.candidates = {
            i: c
            for i, c in pair.counted.items()
            if pair.stands[i] and self.shows(c) and (self.cut.stage or c["lifecycle"] not in SET_ASIDE)
        }
        pair.votes = [v for v in pair.moved if v["target"] in pair.candidates]

    def as_it_counts(self, pair, claim):
        c, behind = pair.claims[claim], pair.behind[claim]
        return dict(
            c,
            signers=behind,
            lifecycle=self.rights.stage(c, behind),
            source_class=self.rights.source_class(c, behind),
            said_lifecycle=stage_of(c),
            said_class=c.get("source_class"),
            hidden=c.get("epoch") in self.epochs.hidden,
        )

    def shows(self, claim):
        cut = self.cut
        if cut.stage is not None and claim["lifecycle"] != cut.stage:
            return False
        if cut.tier is not None:
            name = claim["source_class"]
            if name is None or CLASSES.index(name) > CLASSES.index(cut.tier):
                return False
        return self.in_epoch is None or claim.get("epoch") in self.in_epoch
