"""A case that did not agree, made smaller: whatever can be left out of it is."""

import itertools
import os
import pickle
import re
import shutil
import sys
from pathlib import Path

import canon
from mounted import Context, Expected, Refused, Store, agree, told

def file_of(difference):
    """Which file, whatever the context: the part behind that."""
    before, _, behind = difference[0].rpartition("/subjects/")
    return behind if before else os.path.basename(behind)


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
