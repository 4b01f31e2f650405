#!/usr/bin/env python3
"""docs/standing.md by hand: what standing.py must make of small stories.

Ids and agents are letters, times small numbers; everything is on one pair unless it says
otherwise. Exits 1 with the first story that does not hold.
"""

import itertools
import sys

sys.dont_write_bytecode = True  # a test leaves nothing behind in the tree
from standing import Cut, Moment  # noqa: E402

PAIR = ("S", "P")


class Story:
    """Records as they come in; seq counts from 1."""

    def __init__(self):
        self.arrivals = []

    def add(self, kind, who, signed_at, **fields):
        fields = {k: v for k, v in fields.items() if v is not None}
        at = fields.get("timestamp", 0) if signed_at is None else signed_at
        signatures = [(a, at, f"{a}{at}") for a in who]
        seq = len(self.arrivals) + 1
        self.arrivals.append(dict(fields, kind=kind, seq=seq, signatures=signatures))
        return self

    def claim(self, i, by="a", t=1, obj="red", pair=PAIR, signed_at=None, **more):
        names = {"subject": pair[0], "predicate": pair[1]}
        return self.add("assertion", by, signed_at, id=i, timestamp=t, object=obj, **names, **more)

    def cosign(self, target, by, signed_at=0):
        return self.add("cosignature", by, signed_at, target=target)

    def vote(self, target, by, weight=1, t=1, i=None):
        i = i or f"v{len(self.arrivals):03}"
        return self.add("vote", by, None, id=i, target=target, weight=weight, timestamp=t)

    def supersede(self, target, by_claim, by, t=1, i=None):
        i = i or f"s{len(self.arrivals):03}"
        return self.add("supersession", by, None, id=i, target=target, by=by_claim, timestamp=t)

    def retract(self, target, by, t=1):
        i = f"r{len(self.arrivals):03}"
        return self.add("supersession", by, None, id=i, target=target, timestamp=t)

    def epoch(self, i, by="a", t=1, name=None, over=None, how=None):
        return self.add(
            "epoch", by, None, id=i, name=name or i, timestamp=t, supersedes=over, supersession=how
        )

    def set(self, name, agent, value=True, t=1):
        i = f"t{len(self.arrivals):03}"
        fields = {"id": i, "setting": name, "agent": agent, "value": value, "timestamp": t}
        return self.add("setting", "K", None, **fields)

    def steward(self, agent, value=True, t=1):
        return self.set("steward", agent, value, t)

    def pair(self, names=PAIR, **cut):
        return Moment(self.arrivals, Cut(**cut)).pairs.get(names)

    def stand(self, **cut):
        """The candidates and who stands behind them: "x:ab y:c"."""
        pair = self.pair(**cut)
        if pair is None:
            return None
        told = pair.candidates.items()
        return " ".join(f"{i}:{''.join(sorted(c['signers']))}" for i, c in sorted(told))

    def votes(self, **cut):
        """The votes that count: "a+x b-y"."""
        votes = self.pair(**cut).votes
        return " ".join(sorted(v["agent"] + "-+"[v["weight"] > 0] + v["target"] for v in votes))

    def hidden(self, **cut):
        return "".join(sorted(Moment(self.arrivals, Cut(**cut)).epochs.hidden))

    def lifecycle(self, i, **cut):
        return self.pair(**cut).counted[i]["lifecycle"]

    def source_class(self, i, **cut):
        return self.pair(**cut).counted[i]["source_class"]


checked = 0


def same(found, wanted):
    global checked
    checked += 1
    if found != wanted:
        caller = sys._getframe(1)
        sys.exit(f"{caller.f_code.co_name}, line {caller.f_lineno}: {found!r}, not {wanted!r}")


# --- the stories ------------------------------------------------------------------------


def a_retraction_takes_away_its_authors_own_word():
    s = Story().claim("x", "ab").vote("x", "a").vote("x", "c")
    same(s.stand(), "x:ab")
    same(s.votes(), "a+x c+x")
    s.retract("x", "a")
    same(s.stand(), "x:b")
    same(s.votes(), "c+x")
    s.vote("x", "a", t=9)  # whatever its age
    same(s.votes(), "c+x")
    s.retract("x", "c")  # never signed it
    same(s.votes(), "c+x")
    s.retract("x", "b")
    same(s.stand(), "")


def a_steward_retracts_for_all():
    s = Story().claim("x", "ab").retract("x", "c")
    same(s.stand(), "x:ab")
    s.steward("c")
    same(s.stand(), "")
    s.steward("c", False, t=2)
    same(s.stand(), "x:ab")


def cosigning_first_changes_nothing_about_that():
    s = Story().claim("x", "a").cosign("x", "c").retract("x", "c")
    same(s.stand(), "x:a")


def a_supersession_moves_its_signer_and_the_votes_of_others():
    s = Story().claim("x", "ab").claim("y", "a", t=2).supersede("x", "y", "a")
    s.vote("x", "a").vote("x", "c")
    same(s.stand(), "x:b y:a")
    same(s.votes(), "c+x")  # it stands: they stay
    s.supersede("x", "y", "b")
    same(s.stand(), "y:a")
    same(s.votes(), "c+y")


def votes_stay_behind_when_the_object_changes():
    s = Story().claim("x", "a").claim("y", "a", t=2, obj="blue").supersede("x", "y", "a")
    s.vote("x", "c").vote("y", "d")
    same(s.votes(), "d+y")


def votes_follow_a_chain_to_what_stands():
    s = Story().claim("x").claim("y", t=2).claim("z", t=3).vote("x", "c")
    s.supersede("x", "y", "a").supersede("y", "z", "a")
    same((s.stand(), s.votes()), ("z:a", "c+z"))
    s.retract("z", "a")
    same((s.stand(), s.votes()), ("y:a", "c+y"))  # nothing is in force anymore that led to z


def of_two_ways_votes_take_the_newest_with_the_same_object():
    s = Story().claim("w", obj="blue").claim("x").claim("y", t=2).claim("z", t=3).vote("x", "c")
    s.supersede("x", "z", "a", t=5, i="s1").supersede("x", "y", "a", t=5, i="s2")
    s.supersede("x", "w", "a", t=9)
    same(s.votes(), "c+y")


def strangers_and_unknown_targets_make_no_edge():
    s = Story().claim("x").claim("y", "b", t=2).supersede("x", "y", "b")
    same(s.stand(), "x:a y:b")
    s.supersede("x", "nobody's", "a")
    same(s.stand(), "x:a y:b")
    s.claim("z", "a", pair=("S", "Q")).supersede("x", "z", "a")
    same(s.stand(), "x:a y:b")
    s.steward("b")
    same(s.stand(), "y:b")


def a_transition_takes_its_parents_place():
    s = Story().claim("x", "a").vote("x", "c").claim("y", "a", t=2, parent="x", lifecycle="approved")
    same((s.stand(), s.votes()), ("y:a", "c+y"))
    s.claim("z", "b", t=3, parent="y")  # by a stranger to y
    same(s.stand(), "y:a z:b")
    s.retract("y", "a")  # a transition that is taken back replaces nothing
    same((s.stand(), s.votes()), ("x:a z:b", "c+x"))


def a_rejected_transition_leaves_nothing():
    s = Story().claim("x").claim("y", t=2, parent="x", lifecycle="rejected")
    same(s.stand(), "")
    same(s.stand(stage="rejected"), "y:a")
    same(s.stand(stage="proposed"), "")
    same(s.stand(stage="approved"), None)


def of_a_cycle_the_newest_edge_is_ignored():
    s = Story().claim("x").claim("y", t=2).supersede("x", "y", "a", t=5).supersede("y", "x", "a", t=6)
    same(s.stand(), "y:a")
    s.supersede("y", "x", "a", t=4)  # older: now the one at 5 is the newest that lies on a cycle
    same(s.stand(), "x:a")
    t = Story().claim("x").claim("y", t=2)
    t.supersede("x", "y", "a", t=5, i="s2").supersede("y", "x", "a", t=5, i="s1")
    same(t.stand(), "x:a")
    # with all who signed it
    u = Story().claim("x", "ab").claim("y", "ab").supersede("x", "y", "a", t=5)
    u.supersede("y", "x", "ab", t=6)
    same(u.stand(), "x:b y:ab")


def a_replacement_counts_only_while_it_is_alive():
    s = Story().claim("x").claim("y", "b", t=2).supersede("x", "y", "a")
    same(s.stand(), "y:b")
    s.retract("y", "b")
    same(s.stand(), "x:a")
    s = Story().claim("x").claim("y", t=2).claim("z", "b", t=3, obj="blue")
    s.supersede("x", "y", "a").supersede("y", "z", "a")
    same(s.stand(), "z:b")  # y does not stand, and is alive


def of_votes_the_newest_counts():
    s = Story().claim("x").vote("x", "c", 1, t=2).vote("x", "c", -1, t=1)
    same(s.votes(), "c+x")
    s.vote("x", "c", 0, t=3)
    same(s.votes(), "")
    t = Story().claim("x").vote("x", "c", 1, i="v1").vote("x", "c", -1, i="v2")
    same(t.votes(), "c-x")


def once_governed_stages_are_given_by_stewards():
    s = Story().claim("x", "a", lifecycle="approved").claim("y", "b", lifecycle="under_review")
    s.claim("z", "a", lifecycle="deprecated")
    same(s.lifecycle("x"), "approved")
    same(s.stand(stage="approved"), "x:a")
    s.steward("b")
    same(s.lifecycle("x"), "proposed")
    same(s.lifecycle("y"), "under_review")
    same(s.stand(stage="proposed"), "x:a")
    same(s.stand(stage="deprecated"), "z:a")
    s.steward("b", False, t=2)
    same(s.lifecycle("y"), "proposed")  # governed for good
    s.steward("c", t=3).cosign("x", "c")
    same(s.lifecycle("x"), "approved")
    same(s.lifecycle("x", at=4), "proposed")
    same(s.lifecycle("x", at=3), "approved")
    same(s.lifecycle("x", asof=1), "approved")  # settings are not cut


def once_governed_the_highest_classes_are_granted():
    s = Story().claim("x", "a", source_class="clinical").claim("y", "b", source_class="expert")
    s.set("grant", "b", "clinical")
    same(s.source_class("x"), "clinical")
    s.steward("c")
    same(s.source_class("x"), "anecdotal")
    same(s.source_class("y"), "expert")
    same(s.stand(tier="clinical"), None)
    s.set("grant", "a", "regulatory").set("grant", "a", "clinical")
    same(s.stand(tier="clinical"), "x:a")
    same(s.stand(tier="regulatory"), None)
    s.set("grant", "a", False, t=0)  # older ones: none
    same(s.source_class("x"), "clinical")
    s.set("grant", "a", False, t=2)
    same(s.source_class("x"), "anecdotal")
    s.set("grant", "a", "clinical", t=3)
    same(s.source_class("x"), "clinical")
    s.cosign("x", "b").retract("x", "a")  # those count who still stand behind it
    same(s.source_class("x"), "clinical")
    s.set("grant", "b", False, t=2)
    same(s.source_class("x"), "anecdotal")


def a_moment_shows_what_was_known_then():
    s = Story().vote("x", "c").retract("x", "a").claim("x", "a").cosign("x", "b")
    same(s.stand(at=1), None)
    same(s.stand(at=3), "")
    same(s.stand(at=4), "x:b")
    same(s.votes(at=4), "c+x")
    same(s.stand(at=0), None)


def asof_shows_what_had_been_claimed_by_then():
    s = Story().claim("x", "a", t=10, signed_at=12).cosign("x", "b", 15).cosign("x", "c", 12)
    s.retract("x", "a", t=20).vote("x", "d", t=11)
    same(s.stand(asof=9), None)
    same(s.stand(asof=10), "x:abc")  # a signature is of the time of what it signs
    same(s.stand(asof=20), "x:bc")
    same((s.votes(asof=10), s.votes(asof=11)), ("", "d+x"))


def contexts_choose_among_what_stands():
    s = Story().epoch("e", name="old").epoch("f", name="old").epoch("g", name="new")
    s.claim("x", "a", epoch="e", source_class="expert").claim("y", "b", epoch="f")
    s.claim("z", "c", epoch="g").claim("w", "d", epoch="h").claim("v", "d")
    same(s.stand(epoch="old"), "x:a y:b")
    same(s.stand(epoch="e"), "x:a")
    same(s.stand(epoch="old", tier="community"), "x:a")
    same(s.stand(tier="community"), "x:a")
    same(s.stand(epoch="none"), None)
    s.vote("x", "k").vote("z", "k")
    same(s.votes(epoch="new"), "k+z")
    s.supersede("x", "z", "a")  # what took its place may lie elsewhere
    same(s.stand(epoch="old"), "y:b")


def epochs_hide_what_they_replace_and_all_below():
    s = Story().epoch("1").epoch("2", over="1", how="refine").epoch("3", over="2", how="refine")
    same(s.hidden(), "")
    s.epoch("4", over="3", how="replace")
    same(s.hidden(), "123")  # what a hidden epoch refines is hidden with it
    s = Story().epoch("1").epoch("2", "b", over="1", how="replace")
    same(s.hidden(), "")  # by a stranger
    s.steward("b")
    same(s.hidden(), "1")
    s = Story().epoch("1").epoch("2", "b", t=2, over="1", how="invalidate").cosign("2", "a", 5)
    same(s.hidden(), "1")
    same(s.hidden(asof=1), "")
    same(s.hidden(asof=2), "1")
    same(s.hidden(at=2), "")
    s = Story().epoch("2", over="1", how="replace")
    same(s.hidden(), "")


def nothing_depends_on_the_order():
    s = Story().claim("x", "ab").claim("y", "a", t=2, parent="x").supersede("y", "x", "b", t=3)
    s.vote("x", "c").retract("y", "b").cosign("y", "b")
    seen = set()
    for order in itertools.permutations(s.arrivals):
        t = Story()
        t.arrivals = [dict(r, seq=n) for n, r in enumerate([*order, *order[:2]])]
        seen.add((t.stand(), t.votes()))
    same(len(seen), 1)


def main():
    stories = [f for n, f in globals().items() if callable(f) and f.__module__ == "__main__"]
    stories = [f for f in stories if not isinstance(f, type) and f not in (same, main)]
    for story in stories:
        story()
    print(f"{len(stories)} stories, {checked} checks: hold")


if __name__ == "__main__":
    main()
