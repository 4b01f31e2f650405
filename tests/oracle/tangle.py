#!/usr/bin/python3
"""Small, tangled sets of records through real mounts, compared with standing.py and lens.py.

    tangle.py play STEMEFS DIR --seed WORD [--stores N] [--contexts N] [--keep-going]
    tangle.py shrink CASE STEMEFS

Each store holds a few graphs of one to three pairs on which few agents do everything that
can be done to a claim: they sign, vote, retract, supersede, follow up, name epochs; some
are admitted, stewards, or hold grants, for a while. Few agents, few objects and few times,
so that rules collide. All is signed beforehand and posted through the inbox in an order of
its own, with repetitions, targets often later than what refers to them.

After each part, after another start, after one without an index, and with running sums on
every pair, every lens file, every value file and claims.jsonl of every pair must be what
the reference makes of the same records: live, and under random contexts in random order.

`play` ends with status 1 at the first difference and leaves the case in a directory in DIR;
`shrink` leaves out of a case whatever it can and prints what remains.
"""

import argparse
import pickle
import random
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # a test leaves nothing behind in the tree
from graph import digest  # noqa: E402
from mounted import Context, Expected, Refused, Store, agree, random_context, told  # noqa: E402
from shrink import Case  # noqa: E402
from tangled import Graph, posts_of, settings_of, sign_settings  # noqa: E402

SUMS = ["", "sums-from=1", "sums-from=3", "sums-from=1000000000"]


class Disagreement(Exception):
    """Something differs; it has been told."""


class Game:
    """One store from a seed, played to the end."""

    def __init__(self, given, seed):
        self.given, self.seed = given, seed
        self.rng = rng = random.Random(seed)
        self.place = Path(given.dir, digest(seed)[:8])
        self.graphs = [Graph(rng, f"{digest(seed)[:4]}{i}") for i in range(rng.choice([1, 2, 4]))]
        self.pairs = [p for g in self.graphs for p in g.pairs]
        self.compared = 0

    def play(self):
        rng = self.rng
        with Store(self.given.stemefs, self.place) as store:
            self.store = store
            shutil.copytree(store.store, self.place / "empty")
            records = [p for g in self.graphs for p in posts_of(rng, g)]
            records += sign_settings(rng, store.stemefs, store.store, settings_of(rng, self.graphs))
            records += rng.sample(records, len(records) // 8)
            rng.shuffle(records)
            store.start(rng.choice(SUMS))
            parts = rng.choice([1, 2, 3])
            for i in range(parts):
                part = records[len(records) * i // parts : len(records) * (i + 1) // parts]
                try:
                    self.post(part)
                except Refused as e:
                    self.fail(Context(), ("inbox", str(e), None))
                contexts = self.contexts(self.given.contexts if i == parts - 1 else 1)
                self.compare(contexts)
                if i < parts - 1 and rng.random() < 0.4:
                    self.again(rng.random() < 0.5, rng.choice(SUMS))
            self.again(True, rng.choice(SUMS))
            self.compare(contexts)
            self.again(rng.random() < 0.5, "sums-from=1")
            self.compare(contexts)
        shutil.rmtree(self.place)

    def post(self, records):
        while records:
            n = self.rng.choice([1, 3, 10, 50, 50])
            self.store.post(records[:n])
            records = records[n:]

    def again(self, without_index, options):
        self.store.stop()
        if without_index:
            self.store.forget_index()
        self.store.start(options)

    def contexts(self, count):
        some = [random_context(self.rng, self.store) for _ in range(count)]
        return [Expected(self.store, c, self.pairs) for c in [Context(), *some]]

    def compare(self, contexts):
        for i, expected in enumerate(contexts):
            if not expected.is_fresh():
                expected = contexts[i] = Expected(self.store, expected.context, self.pairs)
            difference = agree(self.store, expected)
            self.compared += sum(len(f) for f in expected.files.values() if f)
            if difference:
                self.fail(expected.context, difference)

    def fail(self, context, difference):
        print(told(difference), file=sys.stderr)
        (self.place / "case").write_bytes(pickle.dumps((self.pairs, self.store.played, context)))
        raise Disagreement(f"seed {self.seed!r}, context {context.path!r}; kept in {self.place}")


def play(given):
    compared, failed = 0, 0
    for i in range(given.stores):
        game = Game(given, f"{given.seed}/{i}")
        try:
            game.play()
        except Disagreement as e:
            print(e, file=sys.stderr)
            failed += 1
            if not given.keep_going:
                break
        compared += game.compared
    if failed:
        sys.exit(f"{failed} stores differ")
    print(f"{given.stores} stores, {compared} files: as the reference has them")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    playing = commands.add_parser("play")
    playing.add_argument("stemefs")
    playing.add_argument("dir")
    playing.add_argument("--seed", required=True)
    playing.add_argument("--stores", type=int, default=5)
    playing.add_argument("--contexts", type=int, default=6)
    playing.add_argument("--keep-going", action="store_true")
    shrinking = commands.add_parser("shrink")
    shrinking.add_argument("case")
    shrinking.add_argument("stemefs")
    given = parser.parse_args()
    play(given) if given.command == "play" else Case(given).shrink()


if __name__ == "__main__":
    main()
