"""A damaged store before a real mount, and what must hold of it.

examine() copies a store (of original.py), damages the copy as a Case says, and then mounts it,
reads every file, writes, mounts it again, checks and repairs it. At each moment

- every file has the bytes of the whole store, or those of the store without exactly the damaged
  records, or cannot be read (EIO); and where no record is damaged there is no EIO;
- not a byte of the log is changed, but for a torn end, which is in quarantine;
- what is written is taken under a number that was never given;
- `stemefs check` names the offset of each damaged record, and so does the start that notices:
  the one that reads it, and at the latest the one after a mount that met it;
- after a repair the tree is exactly that of the store without the damaged records.
"""

import collections
import json
import re
import shutil
import subprocess
from pathlib import Path

from harness import LATE, Daemon, Failure, text_of, tree, write_to
from original import AFTER, without_times

CRASHES = ("AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:", "Assertion")


class Case:
    """One damage: .act(store) does it. What is to be expected where the bytes do not tell:

    store     which of the stores of the Original, index    present, absent, or a name of its
    lost      the numbers of the records that are gone, where more are than were damaged
    silent    nobody can tell that something is gone: what knew of it is gone as well
    torn      what is gone was never acknowledged, as far as anybody can tell
    named     log offsets that `check` has to name although no record is gone
    odd       `check` may find something although no record is gone
    refused   parts of sentences that the mount may be refused with
    writes    False: a write may be refused (with a sentence)
    aside     files that are not looked at
    then(examination)  what else is to be looked at, while it is mounted"""

    def __init__(self, name, act, store="stopped", index="present", lost=None, silent=False, torn=False,
                 named=(), odd=False, refused=(), writes=True, then=None):  # fmt: skip
        self.name, self.act, self.store, self.index = name, act, store, index
        self.lost, self.silent, self.torn, self.named = lost, silent, torn, list(named)
        self.odd, self.refused, self.writes, self.then = odd, refused, writes, then
        self.aside = set()
        self.kind = name.split(":")[0]


def log_bytes(store):
    """{name: bytes} of the files of the log; of no link, which could lead anywhere."""
    folder = Path(store, "wal")
    files = folder.iterdir() if folder.is_dir() else []
    return {p.name: p.read_bytes() for p in files if p.is_file() and not p.is_symlink()}


def damaged_records(log, before):
    """(numbers of those whose bytes are not what they were, of those that have it in the padding
    or in a field that says nothing only)."""
    lost, perhaps = set(), set()
    for f in log.frames:
        base = max(b for b in log.bases if b <= f.offset)
        content = before.get(f"{base:016x}.wal", b"")
        now = content[f.offset - base : f.end - base]
        was = log.content[base][f.offset - base : f.end - base]
        if now == was:
            continue
        fields = f.fields()
        harmless = [range(*fields[k]) for k in ("zero", "padding")]
        changed = [i for i in range(len(was)) if now[i : i + 1] != was[i : i + 1]]
        alone = all(any(i in r for r in harmless) for i in changed)
        (perhaps if alone else lost).add(f.seq)
    return lost, perhaps


def stretch_of(finding):
    """(from, to) as a finding of `check` has it, or as its sentence says."""
    said = re.match(r"log offsets? (\d+)(?: to (\d+))?", finding["text"])
    a = finding.get("from", int(said[1]) if said else -1)
    return a, finding.get("to", int(said[2] or said[1]) if said else -1)


class Examination:
    """What became of a Case: .problems (sentences), and what was counted."""

    def __init__(self, original, case, place):
        self.original, self.case = original, case
        self.daemon = Daemon(original.program, place)
        self.problems, self.count = [], collections.Counter()
        self.log = original.logs[case.store]

    def wrong(self, what, *words):
        self.count[what] += 1
        self.problems.append(f"{what}: " + " ".join(str(w) for w in words))

    def said(self):
        """The lines of the daemon's log, which may quote bytes that were damaged."""
        log = self.daemon.log
        return log.read_bytes().decode(errors="replace").splitlines() if log.exists() else []

    # --- before

    def prepare(self):
        store = self.daemon.store
        shutil.copytree(self.original.place / self.case.store, store)
        if self.case.index != "present":
            shutil.rmtree(f"{store}/index")
        if self.case.index not in ("present", "absent"):
            shutil.copytree(self.original.place / self.case.index, f"{store}/index")
        self.case.act(Path(store))
        self.before = log_bytes(store)
        self.lost, self.perhaps = damaged_records(self.log, self.before)
        if self.case.lost is not None:
            self.lost, self.perhaps = set(self.case.lost), set()
        self.frames = {f.seq: f for f in self.log.frames}
        self.nameless = self.untold()

    def untold(self):
        """Of the lost records those behind all bytes that are left, or that the end of the file
        cuts, with no index that knew of them: nobody can tell that they were whole."""
        if self.case.torn or self.case.silent:
            return self.lost
        if self.case.index == "present":
            return set()
        files = {int(n[:16], 16): b for n, b in self.before.items() if len(n) == 20 and b.strip(b"\0")}
        data = max((base + len(b.rstrip(b"\0")) for base, b in files.items()), default=0)
        end = max((base + len(b) for base, b in files.items()), default=0)
        return {s for s in self.lost if self.frames[s].offset >= data or self.frames[s].end > end}

    def choices(self, moment):
        sets = [set(), self.lost, self.lost | self.perhaps]
        return [getattr(self.original.without(s), moment) for s in sets]

    # --- what the mount shows

    def look(self, moment):
        """Every file is as it was, or as it must be without the records, or not there to read."""
        files = tree(self.daemon.mount)
        if "ENOTCONN" in files.values():
            return self.wrong("crash", "the daemon is gone;", moment)
        if moment == "after" and self.wrote:
            files = without_times(files, self.original.after_id)
        elif moment == "after":
            moment = "before"
        choices = self.choices(moment)
        for path in sorted(set(files).union(*choices) - self.case.aside):
            self.judge(path, files, [c.get(path) for c in choices], moment)

    def judge(self, path, files, allowed, moment):
        found = files.get(path)
        if found in allowed:
            return
        above = [str(p) for p in Path(path).parents]
        if found == "EIO" or (found is None and any(files.get(p) == "EIO" for p in above)):
            self.count["EIO"] += 1
            if not self.lost and not self.perhaps:
                self.wrong("needless EIO", path, "cannot be read, and no record is damaged;", moment)
            elif len(set(allowed)) == 1:
                self.count["EIO beside it"] += 1
            return
        self.wrong("wrong bytes", path, f"is {found!r:.200}, and not {allowed[0]!r:.200};", moment)

    def status(self):
        try:
            return self.daemon.status()
        except (OSError, ValueError) as e:
            self.wrong("no status", e)
            return {}

    def must_notice(self, again):
        """Does a start read the damaged frames, or has a mount met them, so that it has to say so?"""
        if not self.lost - self.nameless:
            return False
        if again or self.case.index == "absent":
            return True
        first = self.original.batch[0].seq
        return self.case.index in ("older", "oldest") and max(self.lost) >= first

    def notice(self, status, again=False):
        damaged = status.get("damaged", 0)
        said = [x for x in self.said() if "the log is damaged" in x]
        if self.must_notice(again) and (not damaged or not said):
            self.wrong("not named", "the start read the damage, and says", status.get("damage"), said)
        if damaged and not (self.lost or self.perhaps or self.case.named or self.case.odd):
            self.wrong("false alarm", status["damage"])
        if damaged and "log offsets" not in status.get("damage", ""):
            self.wrong("not named", "status says of the damage:", status.get("damage"))
        self.count["noticed at start"] += damaged > 0
        for line in self.said():
            if any(word in line for word in CRASHES):
                self.wrong("crash", line)

    # --- what may be written

    def write(self):
        self.wrote = False
        if 1 in self.lost | self.perhaps:  # it admits the key, and what is written brings another
            return
        try:
            write_to(f"{self.daemon.mount}/inbox/after", text_of([AFTER]))
            self.wrote = True
        except OSError as e:
            self.count["write refused"] += 1
            why = self.daemon.read(".stemefs/last_error")
            if self.case.writes or b"message" not in why:
                self.wrong("write refused", e, why)
            return
        seq = self.status().get("seq")
        if seq is not None and seq <= self.original.last_seq and not self.nameless:
            self.wrong("number given twice", seq, "after", self.original.last_seq)

    def compare_log(self):
        """Nothing of the log is changed, but for a torn end, which is in quarantine."""
        now, store = log_bytes(self.daemon.store), Path(self.daemon.store)
        torn = {int(p.name[:16], 16): p.read_bytes() for p in store.glob("quarantine/*.torn")}
        self.count["torn"] += len(torn)
        if torn and not (self.case.torn or self.case.silent or self.case.odd):
            self.wrong("cut", "what was acknowledged was cut off at", list(torn))
        for name, was in self.before.items():
            base, kept = int(name[:16], 16) if len(name) == 20 else 0, len(was.rstrip(b"\0"))
            cut = [o - base for o in torn if base <= o < base + len(was)]
            if cut and torn[base + cut[0]].rstrip(b"\0") != was[cut[0] : kept]:
                self.wrong("rewritten", "quarantine has other bytes than", name, "had at", cut[0])
            kept = min([kept, *cut])
            if now.get(name, b"")[:kept] != was[:kept]:
                self.wrong("rewritten", "bytes of", name, "were changed")

    # --- check, and repair

    def check(self, *options):
        code, said = self.daemon.check("--json", *options)
        try:
            found = json.loads(said.splitlines()[-1])
        except (IndexError, ValueError):
            self.wrong("no check", code, said[:500])
            return code
        if code not in (0, 1, 4):
            self.wrong("no check", code, said[:500])
        stretches = [stretch_of(f) for f in found["findings"]]
        missing = self.lost - self.nameless
        for offset in [self.frames[s].offset for s in sorted(missing)] + self.case.named:
            named = any(a <= offset < max(b, a + 1) for a, b in stretches)
            self.count["named" if named else "not named"] += 1
            if not named or code != 4:
                self.wrong("not named", f"log offset {offset}: check says", code, stretches[:5])
        if code == 4 and not (missing or self.perhaps or self.case.named or self.case.odd):
            self.wrong("false alarm", "check:", [f["text"] for f in found["findings"]][:5])
        return code

    def final(self):
        """After the repair: exactly the tree without what is damaged."""
        files = tree(self.daemon.mount)
        if self.wrote:
            files = without_times(files, self.original.after_id)
        choices = self.choices("after" if self.wrote else "before")[1:]
        if files in choices:
            return
        for path in sorted((set(files) | set(choices[0])) - self.case.aside):
            if files.get(path) != choices[0].get(path):
                return self.wrong("wrong after repair", f"{path} is {files.get(path)!r:.300}, and not",
                                  f"{choices[0].get(path)!r:.300}")  # fmt: skip

    # --- all of it

    def mounted(self, then):
        status, said = self.daemon.try_start(before=("timeout", str(LATE)))
        if status != 0:
            return self.refusal(status, said)
        then()
        self.daemon.stop()
        return True

    def refusal(self, status, said):
        if status == 124:
            self.wrong("hang", "the mount does not come to an end")
            self.daemon.end()
            return False
        self.count["mount refused"] += 1
        if status < 0 or not any(part in said for part in self.case.refused):
            self.wrong("refused", status, said)
        if log_bytes(self.daemon.store) != self.before:
            self.wrong("rewritten", "by a mount that was refused")
        self.daemon.end()
        return False

    def first(self):
        self.look("before")
        self.notice(self.status())
        self.write()
        if self.case.then:
            self.case.then(self)

    def second(self):
        self.look("after")
        self.notice(self.status(), again=True)

    def run(self):
        self.prepare()
        self.count["records damaged"] = len(self.lost)
        if self.mounted(self.first):
            self.compare_log()
            self.mounted(self.second)
            self.count["index built anew"] += any("index was built anew" in x for x in self.said())
            if self.check() != 0 or self.lost:
                self.check("--repair")
                self.mounted(self.final)
                self.compare_log()
        return self


def examine(original, case, place):
    """The Examination of a Case, in a directory that goes away."""
    found = Examination(original, case, place)
    try:
        found.run()
    except (Failure, OSError, subprocess.SubprocessError) as e:
        found.wrong("crash", e, found.said())
        found.daemon.end()
    except BaseException:
        found.daemon.end()
        raise
    if not found.problems:
        shutil.rmtree(place, ignore_errors=True)
    return found
