"""A User-Mode Linux with one disk, and the line to it.

    with Machine(directory, disk, watch) as machine:
        machine.start(job)                # see inside.py
        for words in machine.lines(60): …
        machine.kill()                    # the power goes
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from pathlib import Path

from vhost import Door

HERE = Path(__file__).resolve().parent
UML = "/usr/bin/linux.uml"
MODULES = ["drivers/block/virtio_blk.ko", "fs/fuse/fuse.ko"]
VIRTIO_BLOCK = 2
MEMORY = 192 << 20


class CannotRun(Exception):
    """This machine cannot do it, or the harness itself is broken."""


def modules():
    """Of User-Mode Linux, those that the guest loads."""
    found = sorted(Path("/usr/lib/uml/modules").glob("*/kernel"))
    if not os.access(UML, os.X_OK) or not found:
        raise CannotRun(f"there is no {UML} with its modules; install the package user-mode-linux")
    return [str(found[-1] / m) for m in MODULES]


def build_shim(directory):
    """xstate.c, for processors that are younger than the guest's kernel."""
    shim = f"{directory}/xstate.so"
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", shim, str(HERE / "xstate.c")]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise CannotRun(f"tests/power/xstate.c cannot be compiled: {done.stderr}")
    return shim


def place_of_memory(directory):
    """The guest's memory is a file; in a container /dev/shm may be too small for it."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        free = 0
    return "/dev/shm" if free > 2 * MEMORY else str(directory)


class Machine:
    def __init__(self, directory, shim, disk, watch):
        self.directory, self.shim = Path(directory), shim
        self.watch = watch
        self.socket = self.directory / "disk.sock"
        self.socket.unlink(missing_ok=True)
        self.disk, self.door = disk, Door(str(self.socket), disk, watch)
        self.said = queue.Queue()
        watch.tell = self.said
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.kill()

    def start(self, job):
        (self.directory / "job.json").write_text(json.dumps(job))
        init = self.directory / "init"
        shutil.copy(HERE / "inside.py", init)
        from_guest, to_host = os.pipe()
        from_host, self.to_guest = os.pipe()
        command = [UML, f"mem={MEMORY}", "rootfstype=hostfs", "root=/dev/root", "ro", f"init={init}",
                   f"power={self.directory}", f"virtio_uml.device={self.socket}:{VIRTIO_BLOCK}",
                   f"uml_dir={self.directory}/uml", "con=null", "con0=null,fd:1", "ssl=null",
                   f"ssl0=fd:{from_host},fd:{to_host}", "loglevel=5"]  # fmt: skip
        self.server = threading.Thread(target=self.serve)
        self.server.start()
        with open(self.directory / "console", "ab") as console:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env=dict(os.environ, LD_PRELOAD=self.shim, TMPDIR=place_of_memory(self.directory)),
                pass_fds=(from_host, to_host), start_new_session=True)  # fmt: skip
        os.close(to_host)
        os.close(from_host)
        self.listener = threading.Thread(target=self.listen, args=[from_guest])
        self.listener.start()

    def serve(self):
        self.door.serve()
        self.said.put(["cut"])

    def listen(self, fd):
        with open(fd, "rb") as f:
            for line in f:
                if line.endswith(b"\n"):
                    self.said.put(line.decode().rstrip("\r\n").split(" "))
        self.said.put(["gone"])

    def tell(self, line):
        os.write(self.to_guest, line.encode() + b"\n")

    def hear(self, seconds):
        """The next line as words; [] when there is none for so long."""
        try:
            return self.said.get(timeout=max(seconds, 0))
        except queue.Empty:
            return []

    def kill(self):
        """Nothing that the guest does from here on reaches the disk; then it is gone."""
        self.door.stop()
        self.server.join()
        group, process, self.process = self.process.pid, self.process, None
        os.killpg(group, signal.SIGKILL)
        process.wait()
        self.listener.join(timeout=20)
        if self.listener.is_alive():
            raise CannotRun(f"processes of the guest outlive SIGKILL; their group is {group}")
        os.close(self.to_guest)
        self.door.close()
        if self.door.failure:
            raise CannotRun(f"the disk's server failed: {self.door.failure!r}")

    def rest(self):
        """What had been said before the end and not been heard yet."""
        while not self.said.empty():
            yield self.said.get()
