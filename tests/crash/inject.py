#!/usr/bin/python3 -B
"""Fail every call by which a store is changed, one after the other.

    tests/crash/inject.py [--kill] [--errors] [--dirsync] [--full | --cases N] [--scenes A,B]
                          [--only CASE] [--seed WORD] [--stemefs PROGRAM] [--keep]

A *scene* is a store and what is done with it: making one, the first key, writing, the end of
a segment, a torn end, an index that is lost, or damaged, `rebuild`, `check`, `put`. It is
played once untouched, which gives the list of its calls (tests/crash/faults.c counts write,
pwrite, writev, fsync, fdatasync, fallocate, ftruncate, create, rename, link, unlink and mkdir
below the store, those of LMDB included); then once for each call and each thing that can
happen to it.

--kill: the process dies before the n-th call, after it, or with half of it written; and again
at the m-th call of the start that follows. Then a start without faults comes up by itself and
shows what was acknowledged, at most one write more, byte for byte as the golden run had it;
so does one without the index; `check` finds the store clean.

--errors: the n-th call fails: EIO, ENOSPC, EINTR, EMFILE, a short write, a disk that is full
or dead from then on; or the n-th read does. The daemon lives. The write that met it is refused
with ENOSPC, EIO or EROFS, or holds. What was refused appears nowhere, not after a kill, a
start and a lost index either, and the next write succeeds; only after a failed sync of the
log, whether that one write was kept is known after the next start, and until then every write
is refused with EROFS, `.stemefs/status` says why, and reads go on.

--dirsync: strace watches each scene, and tests/crash/traced.py says in which order things must
reach the disk; the calls that it sees are those that faults.c counts.

A case has a name, scene:how:n or scene:how:n:m, which --only repeats with the same seed.
"""

import argparse
import errno
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from faults import CHANGES, READS
from harness import Failure, main, require
from scenes import Init, Theatre, Watch
from traced import check, strace, wait_for_end

RECOVERY = 24  # most starts have so many calls
EXPECTED = (  # what a daemon may say, when it was killed before
    "bytes of a write that was never acknowledged were cut",
    "nobody waits for the mount any more",
)
ANEW = ("the index was built anew",)  # it was damaged, or two starts did not come to their end
SYNCS = ("fsync", "fdatasync")
WRITES = ("write", "pwrite", "writev")

# What can happen to a call, by its kind: how: (what, errno, kinds that fail as well from then on).
FULL_DISK = "write pwrite writev fallocate create mkdir link"
DEAD_DISK = "write pwrite writev fsync fdatasync ftruncate fallocate create link rename unlink mkdir"
ERRORS = {
    "eio": ("fail", "EIO", ""),
    "enospc": ("fail", "ENOSPC", ""),
    "eintr": ("fail", "EINTR", ""),
    "emfile": ("fail", "EMFILE", ""),
    "nohole": ("fail", "EOPNOTSUPP", ""),
    "short": ("short", "", ""),
    "half": ("full", "ENOSPC", ""),  # half is written, and for the rest there is no room
    "halfdead": ("full", "EIO", ""),
    "fulldisk": ("fail", "ENOSPC", FULL_DISK),
    "deaddisk": ("fail", "EIO", DEAD_DISK),
}
OF_WRITES = ["eio", "enospc", "eintr", "short", "half", "halfdead", "fulldisk", "deaddisk"]
OF_SYNCS = ["eio", "enospc", "eintr", "deaddisk"]
OF_KIND = {
    "fallocate": ["eio", "enospc", "eintr", "nohole", "fulldisk", "deaddisk"],
    "ftruncate": ["eio", "enospc", "eintr", "deaddisk"],
    "create": ["eio", "enospc", "eintr", "emfile", "fulldisk", "deaddisk"],
    "unlink": ["eio", "deaddisk"],
    "pread": ["eio", "eintr"],
    "read": ["eio", "eintr"],
    "open": ["eio", "emfile"],
} | dict.fromkeys(WRITES, OF_WRITES) | dict.fromkeys(SYNCS, OF_SYNCS)  # fmt: skip
OF_NAMES = ["eio", "enospc", "deaddisk"]


def word_of(call):
    return call.split()[0]


# --- killed -----------------------------------------------------------------------------


def kill_cases(name, calls):
    for n, call in enumerate(calls, 1):
        yield f"{name}:kill:{n}"
        yield f"{name}:after:{n}"
        if word_of(call) in WRITES:
            yield f"{name}:within:{n}"


def killed(theatre, daemon, at, how, play):
    """Play with a kill at that call; False when it was never reached."""
    theatre.faults.arm(at, how)
    answer = play(daemon)
    fired = theatre.faults.fired()
    if fired:
        daemon.end()
    theatre.faults.rest()
    return bool(fired), answer


def start_and_stop(daemon):
    status, _ = daemon.try_start()
    if status == 0:
        daemon.call("umount", daemon.mount, "--wait")


def second_kill(theatre, scene, daemon, m):
    """The start after it is killed at its m-th call."""
    if isinstance(scene, Init) or (scene.command and m % 2):
        return killed(theatre, daemon, m, "kill", scene.run_command)[0]
    return killed(theatre, daemon, m, "kill", start_and_stop)[0]


def kill_case(theatre, case):
    """Returns how often it was killed."""
    name, how, n, *second = case.split(":")
    scene = theatre.scenes[name]
    daemon = scene.prepare()
    with Watch(daemon):
        fired, acknowledged = killed(theatre, daemon, int(n), how, scene.play)
        times = int(fired)
        if fired and second:
            times += second_kill(theatre, scene, daemon, int(second[0]))
        if int(n) % 3 == 0 and not isinstance(scene, Init):
            status, said = daemon.check()
            require(status in (0, 1), "check after the kill:", status, said)
        scene.settle(daemon, acknowledged, int(fired), fired and how == "within")
        expected = EXPECTED + ANEW * bool(second or how == "within" or name == "aside")
        expected += ("made again from the other copy of the tag key",) * (name == "tag")
        unexpected = [line for line in daemon.said() if not any(e in line for e in expected)]
        require(not unexpected, "the daemon said:", *unexpected)
    return times


# --- failed -----------------------------------------------------------------------------


def error_cases(name, calls):
    for n, call in enumerate(calls, 1):
        for how in OF_KIND.get(word_of(call), OF_NAMES):
            yield f"{name}:{how}:{n}"


def read_cases(name, calls):
    for n, call in enumerate(calls, 1):
        for how in OF_KIND[word_of(call)]:
            yield f"{name}:read-{how}:{n}"


def refusal(scene, daemon, step, error, code):
    """Step `step` was refused: what must be so at once. True when the log is dead."""
    allowed = [errno.EIO, errno.ENOSPC, errno.EROFS] + [errno.EMFILE] * (code == "EMFILE")
    require(error.errno in allowed, "step", step, "is refused with", error,
            daemon.read(".stemefs/last_error"))  # fmt: skip
    require(daemon.pids(), "the daemon died of", error)
    why = daemon.status()["writing"]
    require(daemon.read(".stemefs/last_error"), "a refused write without a last_error")
    scene.verify(daemon, step, 0)
    if "until the next mount" not in why:
        require(error.errno != errno.EROFS, "EROFS, and status says only", why)
        return False
    require("sync" in why, "status says only", why)
    _, error = scene.write(daemon, step)
    require(error and error.errno == errno.EROFS, "the log is dead, and a write ends with", error)
    return True


def endure(theatre, scene, daemon, n, code):
    """Play a scene whose n-th call fails: (acknowledged, how many more there may be)."""
    status, said = daemon.try_start()
    if status != 0:
        require(status > 0 and "stemefs:" in said, "the mount failed without a sentence:", status, said)
        require("died" not in said and not daemon.pids(), "the mount failed, and the daemon", daemon.pids(), said)
        return scene.base, 0
    done, error = scene.write(daemon, scene.base)
    while error:
        dead = refusal(scene, daemon, done, error, code)
        theatre.faults.heal()
        if dead or n % 2:  # and it is killed: nothing of what was refused is there then either
            return done, int(dead)
        before, (done, error) = done, scene.write(daemon, done)
        require(done > before, "step", before, "is refused again, without a fault:", error)
    require(daemon.pids(), "the daemon died")
    daemon.call("umount", daemon.mount, "--wait")
    return done, 0


def endure_command(scene, daemon):
    """The same of a scene that is a command."""
    status, said = scene.run_command(daemon)
    require(status >= 0, scene.command, "died:", status, said)
    require(status == 0 or said, scene.command, "ended with", status, "and without a word")
    if scene.adds() and status == 0:
        return scene.base + 1, 0
    return scene.base, int("is known after" in said)


def error_case(theatre, case):
    """Returns how often it failed."""
    name, how, n = case.split(":")
    scene, n = theatre.scenes[name], int(n)
    classes = READS if how.startswith("read-") else CHANGES
    what, code, kinds = ERRORS[how.removeprefix("read-")]
    daemon = scene.prepare()
    with Watch(daemon):
        theatre.faults.arm(n, what, code, kinds, classes)
        if scene.command:
            acknowledged, more = endure_command(scene, daemon)
        else:
            acknowledged, more = endure(theatre, scene, daemon, n, code)
        fired = theatre.faults.fired()
        daemon.end()
        theatre.faults.rest()
        scene.settle(daemon, acknowledged, more)
        reports = [line for line in daemon.said() if "Sanitizer" in line or "runtime error" in line]
        require(not reports, "the daemon said:", *reports)
    return int(bool(fired))


# --- traced -----------------------------------------------------------------------------


def trace_scene(theatre, name):
    """(acknowledgements, of records, calls) of a scene whose trace is as it must be."""
    scene = theatre.scenes[name]
    daemon = scene.prepare()
    theatre.faults.rest()
    with Watch(daemon):
        file = daemon.directory / "trace"
        there = [str(p) for p in Path(daemon.store).rglob("*")]
        daemon.before = strace(file)
        acknowledged = scene.play(daemon)
        lines = wait_for_end(file)
        daemon.before = ()
        seen, counted = check(lines, daemon.store, there), Counter(
            tuple(c.split()) for c in theatre.faults.calls())  # fmt: skip
        require(seen[2] == counted, "strace and faults.c saw other calls:", seen[2] - counted, counted - seen[2])
        scene.settle(daemon, acknowledged, 0)
    return seen[0], seen[1], sum(counted.values())


def trace_all(theatre, names):
    require(shutil.which("strace"), "strace is not there")
    total = [0, 0, 0]
    for name in names:
        try:
            total = [a + b for a, b in zip(total, trace_scene(theatre, name))]
        except Failure as e:
            raise Failure(f"the trace of {name}: {e}") from None
    print("traced: {} acknowledgements, {} of records, {} calls: each in its order".format(*total), flush=True)


# --- all of it --------------------------------------------------------------------------


def repeat(given, case):
    return f"tests/crash/inject.py --seed {given.seed} --stemefs {given.stemefs} --only {case}"


def play(given, theatre, cases, one):
    """How often something happened; all failures are told, then it fails."""
    failed = happened = 0
    for done, case in enumerate(cases):
        if done and done % 1000 == 0:
            print(f"{done} of {len(cases)}", flush=True)
        try:
            happened += one(theatre, case)
        except (Failure, OSError, subprocess.SubprocessError) as e:
            failed += 1
            call = theatre.called.get(":".join(case.split(":")[:1] + case.split(":")[2:3]), "")
            print(f"{case} ({call}): {e}\n  {repeat(given, case)}", flush=True)
            if given.keep or failed >= 20:
                raise Failure(f"{failed} cases failed") from None
    require(not failed, failed, "of", len(cases), "cases failed")
    return happened


def first_kills(name, calls):
    """Those that a second one may follow: after a call is before the next."""
    return [case for case in kill_cases(name, calls) if ":after:" not in case]


def kill_twice(theatre, case):
    """A first kill, and every call of the start after it."""
    total = quiet = 0
    for m in range(1, 4 * RECOVERY):
        try:
            times = kill_case(theatre, f"{case}:{m}")
        except Failure as e:
            raise Failure(f"and at call {m} of the start after it (--only {case}:{m}): {e}") from None
        total += times
        quiet = 0 if times == 2 else quiet + 1
        if quiet == 2:  # of a command and of a mount, which take turns
            return total
    raise Failure(f"a start with more than {4 * RECOVERY} calls")


def twice(given, rng, cases):
    """(what, cases, who plays one): each third, at every call of the start that follows; or
    each at one of them."""
    if given.full:
        return "killed twice", rng.sample(cases, len(cases) // 3), kill_twice
    return "killed twice", [f"{case}:{rng.randint(1, RECOVERY)}" for case in cases], kill_case


def list_calls(theatre, names):
    """{scene: (its changes, its reads)}, told when a case fails."""
    listed = {name: (theatre.calls(theatre.scenes[name], CHANGES), theatre.calls(theatre.scenes[name], READS))
              for name in names}  # fmt: skip
    for name, (changes, _) in listed.items():
        for n, call in enumerate(changes, 1):
            theatre.called[f"{name}:{n}"] = call
    print("calls:", ", ".join(f"{name} {len(changes)}" for name, (changes, _) in listed.items()), flush=True)
    return listed


def sorts(given, rng, theatre, names):
    """(what it is, its cases, who plays one) of each sort of cases."""
    listed = list_calls(theatre, names)
    if given.kill:
        yield "killed once", [c for n in names for c in kill_cases(n, listed[n][0])], kill_case
        yield twice(given, rng, [c for n in names for c in first_kills(n, listed[n][0])])
    if given.errors:
        yield "calls that fail", [c for n in names for c in error_cases(n, listed[n][0])], error_case
        yield "reads that fail", [c for n in names for c in read_cases(n, listed[n][1])], error_case


def run(given, directory):
    theatre = Theatre(given, directory)
    names = given.scenes.split(",") if given.scenes else list(theatre.scenes)
    if given.only:
        one = kill_case if given.only.split(":")[1] in ("kill", "after", "within") else error_case
        print(given.only, "happened", one(theatre, given.only), "times")
        return
    if given.dirsync:
        trace_all(theatre, names)
    if not (given.kill or given.errors):
        return
    rng = random.Random(given.seed)
    for what, cases, one in sorts(given, rng, theatre, names):
        cases = cases if given.full else rng.sample(cases, min(given.cases, len(cases)))
        print(f"{what}: {len(cases)} cases, and it happened {play(given, theatre, cases, one)} times", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kill", action="store_true", help="kills")
    parser.add_argument("--errors", action="store_true", help="errors")
    parser.add_argument("--dirsync", action="store_true", help="the order of calls, by strace")
    parser.add_argument("--full", action="store_true", help="every case there is, not a sample")
    parser.add_argument("--cases", type=int, default=100, help="how many of each sort (100)")
    parser.add_argument("--scenes", help="only these, with commas")
    parser.add_argument("--only", help="one case, by its name")
    main(parser, run)
