#!/usr/bin/python3
"""The first process of the guest: mounts, looks at what is there, writes until the power
goes. What it has to do stands in job.json, in the directory that the kernel's command line
names (power=…) and that the host shares.

    {"stemefs": …, "here": …, "modules": …, "preload": …, "ext4": mount options,
     "init": bool, "look": {…} or null, "write": {"seed": …, "round": …} or null,
     "breaks": "store" or "disk" or null}

It speaks through its serial line, where a line that was written has left the guest:

    looking, looked      report.json, events and *.tar of the shared directory are complete
    writing
    a WRITER N           write N of this writer was answered: it is acknowledged
    x WRITER N ERROR     it failed
    s BYTES SHA256       a reader saw events.jsonl like this
    broken               all writers have failed; broken.json; waits for a line
    error …              something that should have worked did not
"""

import ctypes
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
import tty

DISK, MOUNT, HOST = "/run/disk", "/run/mount", "/run/host"
STORE, LOG = DISK + "/store", "/run/log"
FINIT_MODULE = 313
READER = "reader"


def mount(kind, source, target, options="rw"):
    os.makedirs(target, exist_ok=True)
    subprocess.run(["mount", "-t", kind, "-o", options, source, target], check=True)


def load_module(path):
    fd = os.open(path, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).syscall(FINIT_MODULE, fd, b"", 0) != 0:
        raise OSError(ctypes.get_errno(), "the module cannot be loaded", path)
    os.close(fd)


def deliver(name, data):
    """Into the shared directory, and out of our page cache."""
    with open(f"{HOST}/{name}", "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())


class Guest:
    def __init__(self, job, line):
        self.job, self.line = job, line
        self.stemefs = job["stemefs"]

    def say(self, *words):
        os.write(self.line, (" ".join(str(w) for w in words) + "\n").encode())

    # --- the daemon

    def start(self):
        """0, or the exit status of the mount."""
        os.makedirs(MOUNT, exist_ok=True)
        environment = dict(os.environ)
        if self.job["preload"]:
            environment["LD_PRELOAD"] = self.job["preload"]
        command = [self.stemefs, STORE, MOUNT, "-o", f"log={LOG}"]
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise RuntimeError(f"the mount failed: {done.stderr.strip()}")

    def stop(self):
        subprocess.run([self.stemefs, "umount", MOUNT, "--wait"], check=True)

    def mount_disk(self):
        mount("ext4", "/dev/vda", DISK, self.job["ext4"])

    def unmount_disk(self):
        subprocess.run(["umount", DISK], check=True)

    # --- looking

    def tool(self, *words):
        """[exit status, what it said]"""
        done = subprocess.run([self.stemefs, *words, STORE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return [done.returncode, done.stdout.strip()]

    def tree(self, name):
        """All that the mount shows, less what is of this mount only."""
        leave_out = ["./inbox", "./receipts", "./.stemefs"]
        command = ["tar", "-cf", f"/run/{name}", "-C", MOUNT, *(f"--exclude={x}" for x in leave_out), "."]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise RuntimeError(f"the tree cannot be read: {done.stderr.strip()}")
        with open(f"/run/{name}", "rb") as f:
            deliver(name, f.read())
        os.unlink(f"/run/{name}")

    def look(self, how):
        """Leaves the store mounted again."""
        report = {}
        if how["check_first"]:
            report["check_first"] = self.tool("check")
        self.start()
        with open(f"{MOUNT}/.stemefs/status", "rb") as f:
            report["status"] = json.load(f)
        with open(f"{MOUNT}/events.jsonl", "rb") as f:
            deliver("events", f.read())
        self.tree("before.tar")
        self.stop()
        if how["forget"] == "rebuild":
            report["rebuild"] = self.tool("rebuild")
        else:
            shutil.rmtree(f"{STORE}/index")
        self.start()
        self.tree("after.tar")
        self.stop()
        report["check"] = self.tool("check")
        self.start()
        report["log"] = open(LOG).read().splitlines() if os.path.exists(LOG) else []
        deliver("report.json", json.dumps(report).encode())

    # --- writing

    def fork(self, work, *arguments):
        pid = os.fork()
        if pid == 0:
            try:
                work(*arguments)
            except BaseException:
                self.say("error", repr(traceback.format_exc()))
            os._exit(0)
        return pid

    def write(self, writer):
        from workload import put, writes

        for write in writes(self.job["write"]["seed"], self.job["write"]["round"], writer):
            try:
                put(MOUNT, writer, write)
            except OSError as e:
                self.say("x", writer, write.n, errno.errorcode[e.errno])
                return
            self.say("a", writer, write.n)

    def watch(self):
        while True:
            with open(f"{MOUNT}/events.jsonl", "rb") as f:
                data = f.read()
            self.say("s", len(data), hashlib.sha256(data).hexdigest())
            time.sleep(0.1)

    def write_until_the_end(self):
        from workload import WRITERS

        self.say("writing")
        writers = [self.fork(self.write, w) for w in range(WRITERS)]
        if not self.job["breaks"]:
            self.fork(self.watch)
            while True:
                time.sleep(3600)
        for pid in writers:
            os.waitpid(pid, 0)

    # --- a disk that fails for a while

    def tell_what_is_broken(self):
        """What a user meets when the log could not be synced."""
        report = {}
        try:
            with open(f"{MOUNT}/inbox/later", "wb", buffering=0) as f:
                f.write(b'{"subject":"s0","predicate":"later","object":"later"}\n')
            report["write"] = "taken"
        except OSError as e:
            report["write"] = errno.errorcode[e.errno]
        with open(f"{MOUNT}/.stemefs/status", "rb") as f:
            report["status"] = json.load(f)
        with open(f"{MOUNT}/events.jsonl", "rb") as f:
            deliver("events", f.read())
        for pid in os.listdir(f"{MOUNT}/subjects"):
            os.listdir(f"{MOUNT}/subjects/{pid}")
        deliver("broken.json", json.dumps(report).encode())

    def mend(self):
        """The disk works again: mount anew, the ext4 below too if it gave up or we are told to."""
        os.read(self.line, 100)
        self.stop()
        if self.job["breaks"] == "disk" or not self.disk_takes_writes():
            self.unmount_disk()
            self.mount_disk()
        if os.path.exists(LOG):  # what was said about the failure was right
            os.rename(LOG, LOG + ".broken")

    def disk_takes_writes(self):
        try:
            with open(f"{DISK}/probe", "w") as f:
                f.write("x")
                f.flush()
                os.fsync(f.fileno())
        except OSError:
            return False
        return True

    def last_words(self):
        """The log of the daemon, and how it ended if it did: we are everybody's parent."""
        said = open(LOG).read() if os.path.exists(LOG) else ""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return said
            if pid == 0:
                return said
            if status:
                said += f"process {pid} ended with status {os.waitstatus_to_exitcode(status)}\n"

    # --- all of it

    def run(self):
        job = self.job
        self.say("looking")
        self.mount_disk()
        if job["init"]:
            subprocess.run([self.stemefs, "init", STORE], check=True, stdout=subprocess.DEVNULL)
            self.start()
        if job["look"]:
            self.look(job["look"])
            self.say("looked")
        if job["write"]:
            self.write_until_the_end()
        if job["breaks"]:
            self.tell_what_is_broken()
            self.say("broken")
            self.mend()
            self.look(job["look_again"])
            self.say("looked")
            time.sleep(3600)  # until the power goes


def main():
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    mount("proc", "proc", "/proc")
    mount("sysfs", "sys", "/sys")
    mount("tmpfs", "run", "/run")
    mount("hostfs", "none", HOST, os.environ["power"])
    line = os.open("/dev/ttyS0", os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    with open(f"{HOST}/job.json", encoding="utf-8") as f:
        guest = Guest(json.load(f), line)
    sys.path.insert(0, guest.job["here"])
    try:
        for module in guest.job["modules"]:
            load_module(module)
        guest.run()
    except BaseException:
        guest.say("error", repr(traceback.format_exc() + guest.last_words()))
    time.sleep(3600)


if __name__ == "__main__":
    main()
