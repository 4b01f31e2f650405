"""The lenses, slow and plain: what the files of a pair must hold, byte by byte.

Written from docs/lenses.md and not from the C code, with fractions where the code has
fixed point, sets where it has sorted arrays, and a loop wherever a loop will do.

    files = resolve(claims, votes, rights, "Tesla_Inc", "has_revenue", now)
    files["consensus"]        # b'{"subject":"Tesla_Inc",...}\\n'
    files["value/consensus"]  # b'96.7\\n', or None where there is no winner
    files["claims.jsonl"]

claims are the candidates by id, votes those that count, both as standing.py has them:

    claim   id, subject, predicate, object, timestamp (ns), signers {hex};
            lifecycle and source_class as they count; said_lifecycle and said_class as
            the record has them; hidden: its epoch is superseded;
            confidence (millionths or None), source, source_hash, parent, epoch,
            visual_hash, because, note: may be absent
    vote    id, target (an id), weight (millionths, below 0: against), timestamp, agent

An object is a str (text), Number (canonical decimal text), bool or {"ref": name}. rights
has trust(agent) in millionths and is_member(agent).
"""

from datetime import datetime, timezone
from decimal import Decimal, ROUND_HALF_UP, localcontext
from fractions import Fraction
from functools import lru_cache

from standing import MILLION, Number, age, cluster_key, stage_of

WORDS = 16
SHOWN = 16
UNSTATED = 500_000
PRIOR = 500_000
STAGES = ("approved", "under_review", "proposed", "deprecated", "rejected")
LENSES = (
    *("authority", "confidence", "consensus", "epoch"),
    *("layered", "median", "recency", "skeptic"),
)
TIERS = {  # class: tier, weight in tenths, half-life in days
    "regulatory": (0, 10, None),
    "clinical": (1, 8, 730),
    "observational": (2, 6, 365),
    "expert": (3, 5, 180),
    "community": (4, 3, 90),
    "anecdotal": (5, 1, 30),
    None: (6, 3, None),
}
TRILLION = 10**12
DAY = 86_400 * 10**9


# --- what people said -------------------------------------------------------------------


def confidence_of(claim):
    stated = claim.get("confidence")
    return UNSTATED if stated is None else stated


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


def words_of(claims, votes, agent, weigh):
    """The agent's newest words, at most WORDS: (age, cluster, claim id, value)."""
    said = [(age(c), c["id"], weigh(c), False) for c in statements(claims, agent)]
    said += [
        (age(v), v["target"], abs(v["weight"]), v["weight"] < 0)
        for v in votes
        if v["agent"] == agent and v["target"] in claims
    ]
    words = {}
    for when, target, value, against in said:
        cluster = cluster_key(claims[target]["object"])
        if cluster not in words or when > words[cluster][0]:
            words[cluster] = (when, cluster, target, value, against)
    return sorted(words.values(), reverse=True)[:WORDS]


# --- tiers and decay --------------------------------------------------------------------


def tier_of(claim):
    return TIERS[claim["source_class"]][0]


@lru_cache(maxsize=None)
def halved(days, half_life):
    """0.5 ** (days / half_life) in trillionths, floored."""
    if days % half_life == 0:
        return TRILLION >> days // half_life
    with localcontext() as context:
        context.prec = 100
        return int(TRILLION * Decimal("0.5") ** (Decimal(days) / Decimal(half_life)))


def decay(claim, now):
    """In trillionths."""
    half_life = TIERS[claim["source_class"]][2]
    days = max(0, now // DAY - claim["timestamp"] // DAY)
    return TRILLION if half_life is None else halved(days, half_life)


def decayed_confidence(claim, now):
    return confidence_of(claim) * decay(claim, now) // TRILLION


# --- what it amounts to -----------------------------------------------------------------


class Tally:
    """The sums of one pair. weigh: what a statement of a claim weighs."""

    def __init__(self, claims, votes, rights, weigh=confidence_of):
        self.claims = claims
        self.clusters = {}
        self.own = {i: {"members": 0, "strangers": 0, "agents": 0} for i in claims}
        self.heard = set()
        self.opposed = False
        for claim in claims.values():
            key = cluster_key(claim["object"])
            cluster = self.clusters.setdefault(key, {"claims": [], "agents": 0})
            cluster["claims"].append(claim)
            cluster["members"] = cluster["strangers"] = 0  # for - against
        speakers = {a for c in claims.values() for a in c["signers"]}
        speakers |= {v["agent"] for v in votes}
        for agent in speakers:
            standing = "members" if rights.is_member(agent) else "strangers"
            for words in self.budgets(words_of, claims, votes, agent, weigh):
                self.hear(agent, words, rights.trust(agent), standing)
        self.judge()

    def budgets(self, words_of, claims, votes, agent, weigh):
        """The words that share one budget, for each that the agent has."""
        return [words_of(claims, votes, agent, weigh)]

    @property
    def agents(self):
        return len(self.heard)

    def hear(self, agent, words, budget, standing):
        if words:
            self.heard.add(agent)
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


class SetTally(Tally):
    """Of a pair with many values: each cluster is as a pair of its own."""

    def budgets(self, words_of, claims, votes, agent, weigh):
        for cluster in self.clusters.values():
            own = {c["id"]: c for c in cluster["claims"]}
            yield words_of(own, votes, agent, weigh)

    def judge(self):
        super().judge()
        self.conflict = Decimal(0)
        self.status = self.find_status()

    def find_status(self):
        status = super().find_status()
        return "agreed" if status == "contested" else status

    def holds(self, cluster):
        return cluster[self.counted] > 0

    def held(self):
        return [c for c in self.ranking if self.holds(c)]


def is_set(predicate):
    return predicate.endswith("[]") or predicate.startswith(("must_use:", "forbidden:", "prefer:"))


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


class View:
    """What a lens may look at: the pair, and parts of it weighed anew."""

    def __init__(self, claims, votes, rights, predicate, now):
        self.claims, self.votes, self.rights, self.now = claims, votes, rights, now
        self.of_sets = is_set(predicate)
        self.whole = self.tally(claims)
        self.current = self.tally({i: c for i, c in claims.items() if not c["hidden"]})
        self.layers = []  # (class, tally)
        for name in TIERS:
            mine = {i: c for i, c in claims.items() if c["source_class"] == name}
            if mine:
                weigh = lambda claim: decayed_confidence(claim, now)  # noqa: E731
                self.layers.append((name, self.tally(mine, weigh)))

    def tally(self, claims, weigh=confidence_of):
        kind = SetTally if self.of_sets else Tally
        votes = [v for v in self.votes if v["target"] in claims]
        return kind(claims, votes, self.rights, weigh)

    def deciding(self):
        """The layer that decides, or None."""
        answering = [t for _, t in self.layers if t.total]
        by_members = [t for t in answering if t.counted == "members"]
        return next(iter(by_members or answering), None)

    def authority(self, claim):
        """None where no member signed it."""
        trusts = [self.rights.trust(a) for a in claim["signers"] if self.rights.is_member(a)]
        if not trusts:
            return None
        weight = TIERS[claim["source_class"]][1]
        return confidence_of(claim) * max(trusts) * weight * decay(claim, self.now)


def by_recency(view):
    return lambda c: (
        -c["timestamp"],
        c.get("confidence") is None,
        -confidence_of(c),
        c["id"],
    )


def by_confidence(view):
    return lambda c: (
        -confidence_of(c),
        c.get("confidence") is None,
        -c["timestamp"],
        c["id"],
    )


def by_authority(view):
    return lambda c: (-view.authority(c), tier_of(c), -c["timestamp"], c["id"])


ORDERS = {"recency": by_recency, "confidence": by_confidence, "authority": by_authority}


def heard_by(lens, view, claims):
    """Those that a lens that chooses among claims would consider."""
    return [c for c in claims if lens != "authority" or view.authority(c) is not None]


def leading(tally):
    return tally.ranking[0]["leader"] if tally and tally.total else None


def tally_of(lens, view):
    """Where the answer and its numbers are from; None where no layer decides."""
    if lens == "epoch":
        return view.current
    return view.deciding() if lens == "layered" else view.whole


def pick(lens, view):
    """The winner of a pair that is no set."""
    tally = tally_of(lens, view)
    if lens in ORDERS:
        claims = heard_by(lens, view, view.claims.values())
        return min(claims, key=ORDERS[lens](view), default=None)
    if lens == "median":
        return median(tally)
    if lens == "skeptic" and tally.status == "contested":
        return None
    return leading(tally)


def median(tally):
    """The leading claim of the number in the middle of all support."""
    if not tally.total or not all_numbers(tally):
        return None
    reached = 0
    for cluster in by_number(tally):
        reached += cluster[tally.counted]
        if 2 * reached >= tally.total:
            return cluster["leader"]


def all_numbers(tally):
    return all(isinstance(c["leader"]["object"], Number) for c in tally.ranking)


def by_number(tally):
    return sorted(tally.ranking, key=lambda c: Decimal(c["leader"]["object"]))


def pick_held(lens, view):
    """What a set holds, as the lens shows it; None where it shows no sets."""
    if lens == "median":
        return None
    tally = tally_of(lens, view)
    held = tally.held() if tally else []
    if lens in ORDERS:
        best = {}
        for cluster in held:
            claims = heard_by(lens, view, cluster["claims"])
            if claims:
                best[min(map(ORDERS[lens](view), claims))] = cluster
        held = [best[k] for k in sorted(best)]
    return [c["leader"]["object"] for c in held]


# --- bytes ------------------------------------------------------------------------------

SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
HIDDEN = [(0, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200B, 0x200F), (0x202A, 0x202E)]
HIDDEN += [(0x2060, 0x2064), (0x2066, 0x2069), (0xFEFF, 0xFEFF)]
HIDDEN += [(0xE0001, 0xE0001), (0xE0020, 0xE007F)]


@lru_cache(maxsize=None)
def character(c):
    if ord(c) in SHORT:
        return SHORT[ord(c)]
    if any(low <= ord(c) <= high for low, high in HIDDEN):
        units = c.encode("utf-16-be").hex()
        return "".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4))
    return c


def text(s):
    return '"' + "".join(map(character, s)) + '"'


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


def analysis(view):
    """What skeptic shows of all clusters."""
    tally, out = view.whole, {"clusters": []}
    for c in tally.ranking[:SHOWN]:
        shown = {"object": c["leader"]["object"]}
        if view.of_sets:
            shown["held"] = tally.holds(c)
        elif tally.total:
            shown["share"] = fraction(c[tally.counted], tally.total)
        shown |= {"agents": c["agents"], "claims": len(c["claims"])}
        out["clusters"].append(shown)
    if len(tally.ranking) > SHOWN:
        out["more"] = len(tally.ranking) - SHOWN
    if tally.ranking and not view.of_sets and all_numbers(tally):
        numbers = by_number(tally)
        out["spread"] = {"min": numbers[0]["leader"]["object"]}
        if tally.total:
            out["spread"]["median"] = median(tally)["object"]
        out["spread"]["max"] = numbers[-1]["leader"]["object"]
    return out


def strata(view):
    """What layered shows of all layers."""
    out = {"layers": [], "unseen": []}
    for name, tally in view.layers:
        shown = {"tier": None if name is None else TIERS[name][0], "class": name or "unclassified"}
        if view.of_sets:
            shown["objects"] = [c["leader"]["object"] for c in tally.held()]
        elif tally.total:
            strongest = tally.ranking[0]
            shown["object"] = strongest["leader"]["object"]
            shown["share"] = fraction(strongest[tally.counted], tally.total)
        shown["conflict"] = four_places(tally.conflict)
        shown["status"] = tally.status
        shown |= {"candidates": len(tally.claims), "agents": tally.agents}
        out["layers"].append({k: v for k, v in shown.items() if v is not None})
    unseen = []
    for c in view.whole.ranking:
        tiers = [tier_of(claim) for claim in c["claims"]]
        if any(3 <= t <= 5 for t in tiers) and not any(t <= 2 for t in tiers):
            shown = {"object": c["leader"]["object"], "agents": c["agents"]}
            unseen.append(shown | {"claims": len(c["claims"])})
    out["unseen"] = unseen[:SHOWN]
    if len(unseen) > SHOWN:
        out["more_unseen"] = len(unseen) - SHOWN
    return out


def four_places(conflict):
    return fraction(int(conflict * 10000), 10000)


def of_the_winner(winner):
    stated = winner.get("confidence")
    out = {
        "id": winner["id"],
        "claim_confidence": None if stated is None else fraction(stated),
        "signers": sorted(winner["signers"]),
        "timestamp": moment(winner["timestamp"]),
        "source": winner.get("source"),
        "source_class": winner["source_class"],
    }
    if winner["source_class"] != winner["said_class"]:
        out["declared"] = winner["said_class"]
    return out | {"lifecycle": winner["lifecycle"], "epoch": winner.get("epoch")}


def resolution(view, subject, predicate, lens):
    """The line of a lens, and the objects of its value/, None for none."""
    tally = tally_of(lens, view)
    about = view.current if lens == "epoch" else view.whole
    winner = None if view.of_sets else pick(lens, view)
    objects = pick_held(lens, view) if view.of_sets else [winner["object"]] if winner else None
    fields = {"subject": subject, "predicate": predicate}
    if view.of_sets:
        fields["objects"] = objects
    elif winner:
        support = tally.clusters[cluster_key(winner["object"])][tally.counted]
        fields["object"] = winner["object"]
        fields["confidence"] = fraction(support, tally.total + PRIOR)
    fields["lens"] = lens
    fields["status"] = tally.status if tally else "none"
    fields["conflict"] = four_places(tally.conflict if tally else Decimal(0))
    if winner and tally.total:
        fields["share"] = fraction(support, tally.total)
    fields |= {"candidates": len(about.claims), "agents": about.agents}
    if winner:
        fields |= of_the_winner(winner)
    if lens == "skeptic":
        fields |= analysis(view)
    if lens == "layered":
        fields |= strata(view)
    return line(fields), objects


def claim_line(claim):
    stated = claim.get("confidence")
    fields = {k: claim[k] for k in ("id", "subject", "predicate", "object")}
    fields["confidence"] = None if stated is None else fraction(stated)
    fields["timestamp"] = moment(claim["timestamp"])
    for key in ("source", "source_hash"):
        fields[key] = claim.get(key)
    fields["source_class"] = claim["said_class"]
    fields["lifecycle"] = claim["said_lifecycle"]
    for key in ("parent", "epoch", "visual_hash", "because", "note"):
        fields[key] = claim.get(key)
    fields["signers"] = sorted(claim["signers"])
    return line(fields)


def resolve(claims, votes, rights, subject, predicate, now):
    """The bytes of each file of the pair; None where there is no such file."""
    view = View(claims, votes, rights, predicate, now)
    files = {}
    for lens in LENSES:
        files[lens], objects = resolution(view, subject, predicate, lens)
        bares = "".join(bare(o) + "\n" for o in objects or ())
        files["value/" + lens] = bares.encode() if objects else None
    files["claims.jsonl"] = b"".join(
        claim_line(c) for c in sorted(claims.values(), key=age)
    )
    return files


def files_of(pair, moment, names, now):
    """The same of a pair as standing.py has it."""
    return resolve(pair.candidates, pair.votes, moment.rights, *names, now)
