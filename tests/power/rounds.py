"""The rounds of one store: boot, look at what the cut before has left, write, cut."""

import json
import random
import shutil
import subprocess
import time
from ast import literal_eval
from pathlib import Path

from afterwards import Failure, History, Said, Tree, check_report, require, torn_ends
from disk import LOSSES, Disk
from machine import HERE, CannotRun, Machine
from vhost import FLUSH, WRITE
from watch import FRAME, LOG, Watch

DISK_SIZE = 64 << 20
ENOUGH = 20  # seconds of writing; then the power goes, whatever it waits for
LATE = 180  # seconds; the guest is slow, and the machine may be busy
EXT4 = ["rw", "rw", "data=journal", "data=writeback", "nodelalloc"]
# Where the disk fails, data=journal is left out: when such an ext4 gives up, it lets nobody
# write to index/lock.mdb any more, and that is memory of LMDB's: the daemon ends by SIGBUS.
EXT4_FAILING = [x for x in EXT4 if x != "data=journal"]
BLOCKS = [1024, 4096, 4096]
TRIGGERS = {
    "request": (WRITE, FLUSH),
    "flush": (FLUSH,),
    "log": (LOG,),
    "acknowledgement": None,
    "time": None,
}
HOW_MUCH = [*LOSSES, "sectors", "sectors"]


def roughly(rng, most):
    """1 to most; small numbers are likelier than large ones."""
    return rng.choice([int(most ** rng.random()), rng.randint(1, most)])


class Store:
    """One disk and its store from the first mount on, through a few cuts."""

    def __init__(self, given, directory, number):
        self.given, self.number = given, number
        self.seed = f"{given.seed}/{number}"
        self.rng = random.Random(self.seed)  # from each boot on another one
        self.boots = 0
        self.directory = Path(directory)
        self.image = self.directory / "disk.img"
        self.life = self.rng.randint(2, 6)  # rounds
        self.history, self.said = History(), []
        self.cuts = self.recovery_cuts = self.records = 0
        self.unflushed = self.torn = self.lost_sectors = self.pairs = 0
        self.what = "the first start"  # is being done, for a message

    def make_disk(self):
        self.image.unlink(missing_ok=True)
        with open(self.image, "wb") as f:
            f.truncate(DISK_SIZE)
        self.ext4 = self.given.ext4 or self.rng.choice(EXT4_FAILING if self.given.failing else EXT4)
        command = ["mkfs.ext4", "-q", "-F", "-b", str(self.rng.choice(BLOCKS)), str(self.image)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise CannotRun(f"mkfs.ext4: {done.stderr}")

    # --- one boot

    def machine(self):
        self.boots += 1
        self.rng = random.Random(f"{self.seed}/{self.boots}")
        if self.given.keep:
            shutil.copy(self.image, self.directory / "before-boot.img")
        self.disk, self.watch = Disk(self.image, DISK_SIZE), Watch()
        self.disk.lies = self.given.lying_disk
        return Machine(self.directory, self.given.shim, self.disk, self.watch)

    def job(self, **more):
        job = {"stemefs": self.given.stemefs, "here": str(HERE), "modules": self.given.modules}
        job |= {"preload": self.given.preload, "ext4": self.ext4, "init": False, "look": None}
        return job | {"write": None, "breaks": None} | more

    def how_to_look(self):
        forget = self.rng.choice(["rebuild", "index"])
        return {"forget": forget, "check_first": self.rng.random() < 0.5}

    def wait_for(self, machine, word, heard=None, seconds=LATE):
        """Hears lines until one is this word; False when the power went instead."""
        end = time.monotonic() + seconds
        while True:
            words = machine.hear(end - time.monotonic())
            if not words:
                raise Failure(f"the guest hangs: it does not come to say {word!r}")
            if words[0] == word:
                return True
            if self.is_over(words):
                return False
            if heard:
                heard.hear(words)

    def is_over(self, words):
        """Has the power gone? Raises when something else has ended the guest."""
        if words[0] == "error":
            raise Failure("in the guest:\n" + literal_eval(" ".join(words[1:])))
        if words[0] == "gone":
            raise CannotRun(f"the guest ended by itself; see {self.directory}/console")
        return words[0] == "cut"

    def power_off(self, machine, said=None):
        """The guest is killed; of what its disk had in the cache, some is lost."""
        machine.kill()
        for words in machine.rest():
            if said:
                said.hear(words)
        self.unflushed += any(FRAME in data for _, data in self.disk.cache)
        how = self.rng.choice(HOW_MUCH)
        self.disk.lose(self.rng, how)
        self.disk.close()
        self.cuts += 1
        self.lost_sectors += self.disk.lost
        self.what += f"; of the disk's cache {LOSSES[how]}"

    # --- rounds

    def play(self):
        """Rounds of writing, each ended by a cut; after the last one only a look."""
        self.make_disk()
        for number in range(self.life + 1):
            if self.given.failing and number:
                self.fail_and_look(number)
            else:
                self.look_and_write(number, last=number == self.life)

    def look_and_write(self, number, last):
        while True:
            with self.machine() as machine:
                if not self.boot(machine, number, writing=not last):
                    continue  # the power went in the recovery
                if last:
                    return
                self.write_and_cut(machine, number)
                return

    def boot(self, machine, number, writing, breaks=None):
        """As far as "writing", or "looked" where nothing is to be written."""
        rng = self.rng
        first = number == 0
        look = None if first else self.how_to_look()
        write = {"seed": self.seed, "round": number} if writing else None
        again = self.how_to_look() if breaks else None
        before = self.what
        started = time.time()
        machine.start(self.job(init=first, look=look, write=write, breaks=breaks, look_again=again))
        self.wait_for(machine, "looking")
        if not first and rng.random() < self.given.in_recovery:
            self.watch.arm(roughly(rng, 120), where=rng.choice(["before", "after"]))
        if look and not self.wait_for(machine, "looked"):
            self.what = f"{before}; in the recovery of it"
            self.recovery_cuts += 1
            self.power_off(machine)
            return False
        self.watch.disarm()
        if look:
            self.compare(started, everything=not writing)
        if writing and not self.wait_for(machine, "writing"):
            raise CannotRun("the power went although nobody had cut it")
        return True

    def write_and_cut(self, machine, number):
        rng = self.rng
        said = Said(self.seed, number)
        self.said.append(said)
        trigger = self.given.at or rng.choice([*TRIGGERS, "flush", "log"])
        self.what = f"cut {self.cuts + 1} of store {self.number}, by {trigger}"
        if TRIGGERS[trigger]:
            n = roughly(rng, 40 if trigger == "log" else 200)
            where = "after" if trigger == "log" else rng.choice(["before", "before", "after"])
            self.what += f" {n}, {where}"
            self.watch.arm(n, TRIGGERS[trigger], where)
            self.listen_for(machine, said, ENOUGH)
        elif trigger == "time":
            self.listen_for(machine, said, rng.random() * rng.choice([1, 6]))
        else:
            self.listen_for(machine, said, LATE, roughly(rng, 100))
        self.power_off(machine, said)
        self.records += said.records()

    def listen_for(self, machine, said, seconds, answers=None):
        """For some time, or until so many writes were answered, or the power goes."""
        end = time.monotonic() + seconds
        while answers is None or answers > 0:
            words = machine.hear(end - time.monotonic())
            if not words:
                require(answers is None, "the guest hangs: no write is answered")
                return
            if self.is_over(words):
                return
            said.hear(words)
            if answers is not None and words[0] == "a":
                answers -= 1

    # --- a disk that fails for a while

    def fail_and_look(self, number):
        rng = self.rng
        with self.machine() as machine:
            if not self.boot(machine, number, True, breaks=rng.choice(["store", "disk"])):
                return
            said = Said(self.seed, number, may_fail=True)
            self.said.append(said)
            kinds = rng.choice([(WRITE, FLUSH), (FLUSH,), (WRITE,)])
            n = roughly(rng, 400)
            names = " and ".join({WRITE: "writes", FLUSH: "flushes"}[k] for k in kinds)
            self.what = f"cut {self.cuts + 1} of store {self.number}; before it {names} fail from request {n} on"
            self.watch.arm(n, failing=kinds)
            require(self.wait_for(machine, "broken", said), "the power went although nobody had cut it")
            self.check_broken(said)
            self.watch.disarm()
            machine.tell("mended")
            require(self.wait_for(machine, "looked"), "the power went although nobody had cut it")
            self.records += said.records()
            self.compare(time.time(), everything=False, failed=True)
            self.power_off(machine)

    def check_broken(self, said):
        """Writers hear EIO, and EROFS once a sync has failed; reading goes on. Where ext4 gave
        up before a sync of the log was tried, that can go on with EIO.
        """
        wrong = {w: e for w, e in said.failed.items() if e not in ("EIO", "EROFS")}
        require(not wrong, "writers met other errors than EIO and EROFS:", wrong)
        report = json.loads((self.directory / "broken.json").read_text())
        synced = report["status"]["writing"] == "yes"  # so far as it knows
        wanted = "EIO" if synced else "EROFS"
        require(report["write"] == wanted, "a later write was not refused by", wanted, "but:", report["write"])
        require(not synced or "EROFS" not in said.failed.values(), "EROFS, and status does not say why")
        require(any(e == "EIO" for e in said.failed.values()), "no writer heard EIO:", said.failed)
        self.history.extend((self.directory / "events").read_bytes())
        self.history.check_writes(said)
        self.given.sentences.add(report["status"]["writing"])

    # --- afterwards

    def compare(self, since, everything, failed=False):
        report = json.loads((self.directory / "report.json").read_text())
        check_report(report)
        self.torn += torn_ends(report)
        self.history.extend((self.directory / "events").read_bytes())
        for said in self.said:
            self.history.check_seen(said)
            self.history.check_writes(said)
        tree = Tree(self.directory / "before.tar")
        tree.check_same(Tree(self.directory / "after.tar"))
        newest = f"p{self.said[-1].number}"
        self.pairs += tree.check_pairs(self.history, lambda names: everything or names[1] == newest, since)
