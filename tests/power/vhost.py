"""The door to a Disk for User-Mode Linux: a block device over a vhost-user socket.

    door = Door("disk.sock", disk)     # then: linux.uml virtio_uml.device=disk.sock:2
    door.serve()                       # in a thread of its own, until the guest has gone
    door.stop()                        # no further request is looked at

The guest maps its memory into this process and puts requests there (virtio 1.0, split
rings; the vhost-user protocol as arch/um/drivers/virtio_uml.c speaks it). Its own ubd
driver would not do: what that is told goes to the host's page cache, which outlives the
guest, so that a flush that nobody asked for would never be missed.

A watch, if there is one, sees each request before and after it is done, and may say that the
power goes now (Cut), or that the request fails (Broken).
"""

import array
import mmap
import os
import selectors
import socket
import struct
import threading

# virtio-blk
FLUSH_FEATURE, BLOCK_SIZE_FEATURE, SEG_MAX_FEATURE = 1 << 9, 1 << 6, 1 << 2
VERSION_1, PROTOCOL_FEATURES = 1 << 32, 1 << 30
READ, WRITE, FLUSH, GET_ID = 0, 1, 4, 8
OK, ERROR, UNSUPPORTED = 0, 1, 2
SECTOR = 512
SEGMENTS = 64

# vhost-user: requests and the bits of their headers
GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 1, 2, 3, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL = 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, SET_SLAVE_REQ_FD, GET_CONFIG = 15, 16, 21, 24
REPLY, NEED_REPLY = 1 << 2, 1 << 3
REPLY_ACK, SLAVE_REQ, CONFIG = 1 << 3, 1 << 5, 1 << 9

NEXT, DEVICE_WRITES = 1, 2  # of a descriptor


class Cut(Exception):
    """The power goes now."""


class Broken(Exception):
    """This request fails."""


class Memory:
    """The guest's memory, as far as it has shown it."""

    def __init__(self):
        self.regions = []  # (guest address, size, mapping)

    def map(self, table, fds):
        (count,) = struct.unpack_from("<I", table)
        self.regions = []
        for i, fd in zip(range(count), fds):
            guest, size, _, offset = struct.unpack_from("<QQQQ", table, 8 + 32 * i)
            self.regions.append((guest, size, memoryview(mmap.mmap(fd, size, offset=offset))))
            os.close(fd)

    def at(self, address, length):
        for guest, size, view in self.regions:
            if guest <= address and address + length <= guest + size:
                return view[address - guest : address - guest + length]
        raise ValueError(f"the guest means {length} bytes at {address:#x}, where it has no memory")


class Ring:
    """A virtqueue: chains of descriptors that the guest fills and we use."""

    def __init__(self, memory):
        self.memory = memory
        self.size = self.seen = self.used = 0
        self.kick = self.call = None

    def place(self, descriptors, used, available):
        self.table = self.memory.at(descriptors, 16 * self.size)
        self.available = self.memory.at(available, 4 + 2 * self.size)
        self.answers = self.memory.at(used, 4 + 8 * self.size)

    def waiting(self):
        """The heads of the chains that are there now."""
        (end,) = struct.unpack_from("<H", self.available, 2)
        while self.seen != end:
            yield struct.unpack_from("<H", self.available, 4 + 2 * (self.seen % self.size))[0]
            self.seen = (self.seen + 1) & 0xFFFF

    def chain(self, head):
        """(what the device reads, what it writes): lists of views."""
        reads, writes, i = [], [], head
        for _ in range(self.size):
            address, length, flags, following = struct.unpack_from("<QIHH", self.table, 16 * i)
            (writes if flags & DEVICE_WRITES else reads).append(self.memory.at(address, length))
            if not flags & NEXT:
                return reads, writes
            i = following
        raise ValueError("a chain of descriptors has no end")

    def answer(self, head, length):
        struct.pack_into("<II", self.answers, 4 + 8 * (self.used % self.size), head, length)
        self.used = (self.used + 1) & 0xFFFF
        struct.pack_into("<H", self.answers, 2, self.used)

    def interrupt(self):
        if self.call is not None:
            os.write(self.call, struct.pack("<Q", 1))


class Door:
    def __init__(self, path, disk, watch=None):
        self.disk, self.watch = disk, watch
        self.memory, self.ring = Memory(), None
        self.back = None
        self.stopped = threading.Event()
        self.failure = None
        self.events = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(1)
        self.wake_up = os.eventfd(0)
        self.events.register(self.listener, selectors.EVENT_READ, self.accept)
        self.events.register(self.wake_up, selectors.EVENT_READ, lambda: None)

    # --- life

    def serve(self):
        try:
            while not self.stopped.is_set():
                for key, _ in self.events.select():
                    if not self.stopped.is_set():
                        key.data()
        except Cut:
            pass
        except Exception as e:  # to be told by who started the thread
            self.failure = e
        self.stopped.set()

    def stop(self):
        self.stopped.set()
        os.eventfd_write(self.wake_up, 1)

    def close(self):
        self.events.close()
        self.listener.close()
        os.close(self.wake_up)
        if hasattr(self, "socket"):
            self.socket.close()
        for fd in (self.back, *((self.ring.kick, self.ring.call) if self.ring else ())):
            if fd is not None:
                os.close(fd)

    def accept(self):
        self.socket, _ = self.listener.accept()
        self.events.register(self.socket, selectors.EVENT_READ, self.message)

    # --- what the guest's driver sets up

    def message(self):
        header, ancillary, _, _ = self.socket.recvmsg(12, socket.CMSG_SPACE(64))
        if len(header) < 12:
            self.stopped.set()
            return
        request, flags, size = struct.unpack("<III", header)
        body = self.socket.recv(size, socket.MSG_WAITALL) if size else b""
        fds = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        reply = self.handle(request, body, list(fds))
        if reply is None and flags & NEED_REPLY:
            reply = struct.pack("<Q", 0)
        if reply is not None:
            self.socket.sendall(struct.pack("<III", request, 1 | REPLY, len(reply)) + reply)

    def handle(self, request, body, fds):
        """Do what a message asks; the body of the reply, if it must have one."""
        if request == GET_FEATURES:
            offered = FLUSH_FEATURE | BLOCK_SIZE_FEATURE | SEG_MAX_FEATURE
            return struct.pack("<Q", offered | VERSION_1 | PROTOCOL_FEATURES)
        if request == GET_PROTOCOL_FEATURES:
            return struct.pack("<Q", REPLY_ACK | SLAVE_REQ | CONFIG)
        if request == GET_CONFIG:
            return body[:12] + self.config().ljust(len(body) - 12, b"\0")[: len(body) - 12]
        if request == SET_MEM_TABLE:
            self.memory.map(body, fds)
        elif request in (SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, SET_VRING_KICK, SET_VRING_CALL):
            self.set_up_ring(request, body, fds)
        elif request == SET_SLAVE_REQ_FD:
            self.back = fds[0]  # never used, but its interrupt is the one of the requests, too
        elif request == GET_VRING_BASE:
            return struct.pack("<II", 0, self.ring.seen)
        return None

    def config(self):
        """struct virtio_blk_config: capacity, size_max, seg_max, geometry, blk_size"""
        return struct.pack("<QIIII", self.disk.size // SECTOR, 0, SEGMENTS, 0, SECTOR)

    def set_up_ring(self, request, body, fds):
        self.ring = ring = self.ring or Ring(self.memory)
        if request == SET_VRING_NUM:
            ring.size = struct.unpack("<II", body)[1]
        elif request == SET_VRING_BASE:
            ring.seen = ring.used = struct.unpack("<II", body)[1]
        elif request == SET_VRING_ADDR:
            _, _, descriptors, used, available, _ = struct.unpack("<IIQQQQ", body)
            ring.place(descriptors, used, available)
        elif request == SET_VRING_KICK:
            ring.kick = fds[0]
            self.events.register(ring.kick, selectors.EVENT_READ, self.kicked)
        elif fds:
            ring.call = fds[0]

    # --- requests

    def kicked(self):
        os.read(self.ring.kick, 8)
        done = True
        while done:  # the guest may add to the ring while we look at it
            self.disk.settled()
            done = False
            for head in self.ring.waiting():
                if self.stopped.is_set():
                    return
                self.ring.answer(head, self.serve_one(head))
                done = True
            if done:
                self.ring.interrupt()

    def serve_one(self, head):
        """One request; how many bytes went back."""
        reads, writes = self.ring.chain(head)
        kind, _, sector = struct.unpack("<IIQ", bytes(reads[0])[:16])
        status, answer = writes[-1], 1
        status[0] = OK
        data = b"".join(reads[1:])
        try:
            if self.watch:
                self.watch.before(kind, data)
            if kind == READ:
                answer += self.read(sector, writes[:-1])
            elif kind == WRITE:
                self.disk.write(sector * SECTOR, data)
            elif kind == FLUSH:
                self.disk.flush()
            elif kind == GET_ID:
                writes[0][:] = b"power".ljust(len(writes[0]), b"\0")
            else:
                status[0] = UNSUPPORTED
            if self.watch:
                self.watch.after(kind, data)
        except Broken:
            status[0] = ERROR
        return answer

    def read(self, sector, views):
        at = sector * SECTOR
        for view in views:
            view[:] = self.disk.read(at, len(view))
            at += len(view)
        return at - sector * SECTOR
