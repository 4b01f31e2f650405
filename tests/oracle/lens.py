"""The lenses, slow and plain: what the files of a pair must hold, byte by byte.

Written from docs/lenses.md and not from the C code, with fractions where the code has
fixed point, sets where it has sorted arrays, and a loop wherever a loop will do.

    files = resolve(records, trust, "Tesla_Inc", "has_revenue")
    files["consensus"]        # b'{"subject":"Tesla_Inc",...}\\n'
    files["value/consensus"]  # b'96.7\\n', or None where there is no winner
    files["claims.jsonl"]

A record is a dict:

    kind          "assertion", "vote" or "cosignature"
    assertion     id, subject, predicate, object, timestamp (ns), signers [hex];
                  confidence (millionths or None), source, source_class, lifecycle,
                  source_hash, parent, epoch, visual_hash, because, note: may be absent
    vote          id, target (an id), weight (millionths, below 0: against), timestamp,
                  agent
    cosignature   target, signers

An object is a str (text), Number (canonical decimal text), bool or {"ref": name}. Records
may repeat and stand in any order; votes and cosignatures of what is not there have no
effect. trust maps agents to millionths; whoever is missing has TRUST_OF_STRANGERS.
Retractions, supersessions and transitions are the caller's: leave out what they withdraw.
"""

from datetime import datetime, timezone
from decimal import Decimal, ROUND_HALF_UP, localcontext
from fractions import Fraction

MILLION = 1_000_000
TRUST_OF_STRANGERS = 10_000
MIN_TRUST = 300_000
WORDS = 16
SHOWN = 16
UNSTATED = 500_000
PRIOR = 500_000
STAGES = ("approved", "under_review", "proposed", "deprecated", "rejected")
LIVE_STAGES = STAGES[:3]
LENSES = ("confidence", "consensus", "recency", "skeptic")


class Number(str):
    """A number as its canonical decimal text."""


# --- what people said -------------------------------------------------------------------


def live_claims(records, subject, predicate, stages=LIVE_STAGES):
    """The claims of the pair by id, each with all who signed it."""
    claims = {}
    for r in records:
        if r["kind"] != "assertion" or r["subject"] != subject:
            continue
        if r["predicate"] != predicate or stage_of(r) not in stages:
            continue
        claim = claims.setdefault(r["id"], dict(r, signers=set()))
        claim["signers"] |= set(r["signers"])
    for r in records:
        if r["kind"] == "cosignature" and r["target"] in claims:
            claims[r["target"]]["signers"] |= set(r["signers"])
    return claims


def stage_of(claim):
    return claim.get("lifecycle") or "proposed"


def confidence_of(claim):
    stated = claim.get("confidence")
    return UNSTATED if stated is None else stated


def age(record):
    """Greater is newer."""
    return (record["timestamp"], record["id"])


def cluster_key(obj):
    if isinstance(obj, dict):
        return ("ref", obj["ref"])
    if isinstance(obj, bool):
        return ("bool", str(obj))
    return ("number" if isinstance(obj, Number) else "text", str(obj))


def statements(claims, agent):
    """Of the agent's claims from one source, the newest."""
    newest = {}
    for claim in claims.values():
        if agent not in claim["signers"]:
            continue
        source = claim.get("source")
        if source not in newest or age(claim) > age(newest[source]):
            newest[source] = claim
    return list(newest.values())


def counted_votes(claims, records, agent):
    """Of the agent's votes on one claim, the newest; of weight 0 it is none."""
    newest = {}
    for r in records:
        if r["kind"] != "vote" or r["agent"] != agent or r["target"] not in claims:
            continue
        if r["target"] not in newest or age(r) > age(newest[r["target"]]):
            newest[r["target"]] = r
    return [v for v in newest.values() if v["weight"] != 0]


def words_of(claims, records, agent):
    """The agent's newest words, at most WORDS: (age, cluster, claim id, value)."""
    said = [(age(c), c["id"], confidence_of(c), False) for c in statements(claims, agent)]
    said += [
        (age(v), v["target"], abs(v["weight"]), v["weight"] < 0)
        for v in counted_votes(claims, records, agent)
    ]
    words = {}
    for when, target, value, against in said:
        cluster = cluster_key(claims[target]["object"])
        if cluster not in words or when > words[cluster][0]:
            words[cluster] = (when, cluster, target, value, against)
    return sorted(words.values(), reverse=True)[:WORDS]


# --- what it amounts to -----------------------------------------------------------------


class Tally:
    """The sums of one pair."""

    def __init__(self, claims, records, trust, min_trust):
        self.claims = claims
        self.clusters = {}
        self.own = {i: {"members": 0, "strangers": 0, "agents": 0} for i in claims}
        self.agents = 0
        self.opposed = False
        for claim in claims.values():
            key = cluster_key(claim["object"])
            cluster = self.clusters.setdefault(key, {"claims": [], "agents": 0})
            cluster["claims"].append(claim)
            cluster["members"] = cluster["strangers"] = 0  # for - against
        speakers = {a for c in claims.values() for a in c["signers"]}
        speakers |= {r["agent"] for r in records if r["kind"] == "vote"}
        for agent in speakers:
            budget = trust.get(agent, TRUST_OF_STRANGERS)
            standing = "members" if budget >= min_trust else "strangers"
            self.hear(words_of(claims, records, agent), budget, standing)
        self.judge()

    def hear(self, words, budget, standing):
        self.agents += 1 if words else 0
        total = sum(value for _, _, _, value, _ in words)
        for _, key, target, value, against in words:
            gift = 0
            if total:
                greatest = max(w[3] for w in words)
                gift = int(Fraction(budget * greatest * value, total * MILLION))
            signed = -gift if against else gift
            self.clusters[key][standing] += signed
            self.own[target][standing] += signed
            self.opposed = self.opposed or against
            if not against:
                self.clusters[key]["agents"] += 1
                self.own[target]["agents"] += 1

    def judge(self):
        for cluster in self.clusters.values():
            for standing in ("members", "strangers"):
                cluster[standing] = max(0, cluster[standing])
            cluster["leader"] = min(cluster["claims"], key=self.claim_order)
        self.ranking = sorted(self.clusters.values(), key=self.cluster_order)
        members = sum(c["members"] for c in self.ranking)
        self.counted = "members" if members > 0 else "strangers"
        self.total = sum(c[self.counted] for c in self.ranking)
        self.conflict = conflict([c[self.counted] for c in self.ranking])
        self.status = self.find_status()

    def claim_order(self, claim):
        own = self.own[claim["id"]]
        return (
            -own["members"],
            -own["strangers"],
            STAGES.index(stage_of(claim)),
            -own["agents"],
            -claim["timestamp"],
            claim["id"],
        )

    def cluster_order(self, cluster):
        leader = cluster["leader"]
        return (
            -cluster["members"],
            -cluster["strangers"],
            STAGES.index(stage_of(leader)),
            -cluster["agents"],
            -leader["timestamp"],
            leader["id"],
        )

    def find_status(self):
        if self.total == 0:
            return "none"
        if self.agents == 1:
            return "single"
        if len(self.ranking) == 1 and not self.opposed:
            return "unanimous"
        return "agreed" if self.conflict < Decimal("0.4") else "contested"


def conflict(supports):
    """Entropy of the shares over its greatest value, to four decimals."""
    heard = [s for s in supports if s > 0 and s * 20 >= max(supports)]
    if len(heard) < 2:
        return Decimal(0)
    with localcontext() as context:
        context.prec = 50
        total = Decimal(sum(heard))
        shares = [Decimal(s) / total for s in heard]
        value = -sum(p * p.ln() for p in shares) / Decimal(len(heard)).ln()
        # First to thirty digits: an exact tie must not hang on the fiftieth.
        value = value.quantize(Decimal(1).scaleb(-30))
        return value.quantize(Decimal("0.0001"), ROUND_HALF_UP)


# --- lenses -----------------------------------------------------------------------------


def pick_consensus(tally):
    return tally.ranking[0]["leader"] if tally.total else None


def pick_recency(tally):
    return min(
        tally.claims.values(),
        key=lambda c: (
            -c["timestamp"],
            c.get("confidence") is None,
            -confidence_of(c),
            c["id"],
        ),
        default=None,
    )


def pick_confidence(tally):
    return min(
        tally.claims.values(),
        key=lambda c: (
            -confidence_of(c),
            c.get("confidence") is None,
            -c["timestamp"],
            c["id"],
        ),
        default=None,
    )


def pick_skeptic(tally):
    return None if tally.status == "contested" else pick_consensus(tally)


# --- bytes ------------------------------------------------------------------------------

SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
HIDDEN = [(0, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200B, 0x200F), (0x202A, 0x202E)]
HIDDEN += [(0x2060, 0x2064), (0x2066, 0x2069), (0xFEFF, 0xFEFF)]
HIDDEN += [(0xE0001, 0xE0001), (0xE0020, 0xE007F)]


def text(s):
    out = ""
    for c in s:
        if ord(c) in SHORT:
            out += SHORT[ord(c)]
        elif any(low <= ord(c) <= high for low, high in HIDDEN):
            units = c.encode("utf-16-be").hex()
            out += "".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4))
        else:
            out += c
    return '"' + out + '"'


def value(v):
    """Any JSON value; a Number and a Decimal stand bare."""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (Number, int)):
        return str(v)
    if isinstance(v, str):
        return text(v)
    if isinstance(v, dict):
        return "{" + ",".join(text(k) + ":" + value(v[k]) for k in v) + "}"
    return "[" + ",".join(value(item) for item in v) + "]"


def fraction(numerator, denominator=MILLION):
    """Floored to millionths, in the short form."""
    millionths = numerator * MILLION // denominator
    digits = "%d.%06d" % (millionths // MILLION, millionths % MILLION)
    return Number(digits.rstrip("0").rstrip("."))


def moment(ns):
    whole = datetime.fromtimestamp(ns // 10**9, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    digits = ("%09d" % (ns % 10**9)).rstrip("0")
    return whole + ("." + digits if digits else "") + "Z"


def bare(obj):
    if isinstance(obj, dict):
        return obj["ref"]
    return value(obj) if isinstance(obj, bool) else str(obj)


def line(fields):
    present = {k: v for k, v in fields.items() if v is not None}
    return (value(present) + "\n").encode()


def analysis(tally):
    """What skeptic shows of all clusters."""
    out = {"clusters": []}
    for c in tally.ranking[:SHOWN]:
        shown = {"object": c["leader"]["object"]}
        if tally.total:
            shown["share"] = fraction(c[tally.counted], tally.total)
        shown |= {"agents": c["agents"], "claims": len(c["claims"])}
        out["clusters"].append(shown)
    if len(tally.ranking) > SHOWN:
        out["more"] = len(tally.ranking) - SHOWN
    objects = [(c["leader"]["object"], c[tally.counted]) for c in tally.ranking]
    if objects and all(isinstance(o, Number) for o, _ in objects):
        out["spread"] = spread(sorted(objects, key=lambda o: Decimal(o[0])), tally.total)
    return out


def spread(objects, total):
    out = {"min": objects[0][0]}
    if total:
        reached = 0
        for number, support in objects:
            reached += support
            if Fraction(reached, total) >= Fraction(1, 2):
                out["median"] = number
                break
    return out | {"max": objects[-1][0]}


def resolution(tally, subject, predicate, lens, winner):
    fields = {"subject": subject, "predicate": predicate}
    support = 0
    if winner:
        support = tally.clusters[cluster_key(winner["object"])][tally.counted]
        fields["object"] = winner["object"]
        fields["confidence"] = fraction(support, tally.total + PRIOR)
    fields["lens"] = lens
    fields["status"] = tally.status
    fields["conflict"] = fraction(int(tally.conflict * 10000), 10000)
    if winner and tally.total:
        fields["share"] = fraction(support, tally.total)
    fields["candidates"] = len(tally.claims)
    fields["agents"] = tally.agents
    if winner:
        stated = winner.get("confidence")
        fields["id"] = winner["id"]
        fields["claim_confidence"] = None if stated is None else fraction(stated)
        fields["signers"] = sorted(winner["signers"])
        fields["timestamp"] = moment(winner["timestamp"])
        fields["source"] = winner.get("source")
        fields["source_class"] = winner.get("source_class")
        fields["lifecycle"] = stage_of(winner)
        fields["epoch"] = winner.get("epoch")
    if lens == "skeptic":
        fields |= analysis(tally)
    return line(fields)


def claim_line(claim):
    stated = claim.get("confidence")
    fields = {k: claim[k] for k in ("id", "subject", "predicate", "object")}
    fields["confidence"] = None if stated is None else fraction(stated)
    fields["timestamp"] = moment(claim["timestamp"])
    for key in ("source", "source_hash", "source_class"):
        fields[key] = claim.get(key)
    fields["lifecycle"] = stage_of(claim)
    for key in ("parent", "epoch", "visual_hash", "because", "note"):
        fields[key] = claim.get(key)
    fields["signers"] = sorted(claim["signers"])
    return line(fields)


def resolve(records, trust, subject, predicate, min_trust=MIN_TRUST, stages=LIVE_STAGES):
    """The bytes of each file of the pair; None where there is no such file."""
    claims = live_claims(records, subject, predicate, stages)
    tally = Tally(claims, records, trust, min_trust)
    files = {}
    for lens in LENSES:
        winner = globals()["pick_" + lens](tally)
        files[lens] = resolution(tally, subject, predicate, lens, winner)
        files["value/" + lens] = (bare(winner["object"]) + "\n").encode() if winner else None
    files["claims.jsonl"] = b"".join(
        claim_line(c) for c in sorted(claims.values(), key=age)
    )
    return files
