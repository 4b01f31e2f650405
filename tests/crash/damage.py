#!/usr/bin/python3
"""Damage a store on disk, mount it, and see that nothing but what was damaged is missing.

    tests/crash/damage.py [--full] [--flips N] [--cuts N] [--torn N] [--sectors N]
                          [--behind N] [--segments N] [--indexes N] [--only CASE]
                          [--original DIRECTORY] [--seed WORD] [--stemefs PROGRAM] [--keep]

Each case is one damage to a copy of one store: a flipped bit in any region of any file; the log
cut at any byte of its last frames; the last batch with some of its sectors missing, applied by
the index or not; any one sector overwritten; a flip in what the index does not know yet; a
segment that is removed, cut, swapped, copied, replaced; an index that is anything but what it
was. damaged.py says what must hold of each. N is how many of each kind are tried, chosen by the
seed; --full tries them all, and 2,000 flips.

A failure names its case, and --only CASE tries that one alone. The keys of a store are another
for each run, and with them a few bytes of it: --original keeps the store that all cases start
from in a directory, or takes the one that is there, and then everything is the same.
"""

import argparse
import collections
import random
import shutil
import sys
from pathlib import Path

import damage_flips
import damage_index
import damage_log
from damaged import examine
from harness import Failure, main, require
from original import Original

# option: (kind of its cases, names(original, rng, count), case(original, name), how many, of all)
KINDS = {
    "flips": ("flip", damage_flips.names, damage_flips.case, 40, 2000),
    "cuts": ("cut", damage_log.cut_names, damage_log.cut_case, 12, 1 << 30),
    "torn": ("torn", damage_log.torn_names, damage_log.torn_case, 12, 400),
    "sectors": ("sector", damage_log.sector_names, damage_log.sector_case, 12, 1 << 30),
    "behind": ("behind", damage_log.behind_names, damage_log.behind_case, 6, 200),
    "segments": ("segment", damage_log.segment_names, damage_log.segment_case, 20, 1 << 30),
    "indexes": ("index", damage_index.names, damage_index.case, 14, 1 << 30),
}
WORST = 8  # problems that are printed of one case


def chosen(given, original):
    """The cases, one after another."""
    if given.only:
        made = [k[2] for k in KINDS.values() if k[0] == given.only.split(":")[0]]
        require(made, "there is no kind of case", given.only)
        yield made[0](original, given.only)
        return
    for option, (_, names, case, few, all_of_them) in KINDS.items():
        count = getattr(given, option)
        if count is None:
            count = all_of_them if given.full else few
        for name in names(original, random.Random(f"{given.seed} {option}"), count):
            yield case(original, name)


def print_table(kinds):
    """What was counted of each kind of case, less what is 0 everywhere."""
    for kind, count in sorted(kinds.items()):
        said = ", ".join(f"{n} {what}" for what, n in sorted(count.items()) if n and what != "cases")
        print(f"{count['cases']:5} {kind}: {said or 'nothing happened'}")


def try_all(given, directory, kinds, failed):
    original = Original(given.stemefs, given.original or directory / "original", directory, given.seed)
    for number, case in enumerate(chosen(given, original)):
        found = examine(original, case, directory / f"case{number}")
        kinds[case.kind].update(found.count)
        kinds[case.kind]["cases"] += 1
        if found.problems:
            failed.append(case.name)
            print(f"--only '{case.name}':", flush=True)
            for problem in found.problems[:WORST]:
                print(f"    {problem}", flush=True)
            if not given.keep:
                shutil.rmtree(found.daemon.directory, ignore_errors=True)


def run(given, directory):
    kinds, failed = collections.defaultdict(collections.Counter), []
    try:
        try_all(given, directory, kinds, failed)
    finally:
        print_table(kinds)
    total = sum(k["cases"] for k in kinds.values())
    if failed:
        raise Failure(f"{len(failed)} of {total} cases failed, the first of them {failed[0]}")
    print(f"{total} cases of damage")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in KINDS:
        parser.add_argument(f"--{option}", type=int)
    parser.add_argument("--full", action="store_true", help="all cases, and 2,000 flips")
    parser.add_argument("--only", help="one case, by its name")
    parser.add_argument("--original", type=Path, help="keep the undamaged store there, or take it")
    sys.exit(main(parser, run))
