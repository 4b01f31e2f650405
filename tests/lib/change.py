"""Try every way to change something, and say what each is answered.

	change.py refused ERRNO[|ERRNO…] PATH…   everything is tried on every path
	change.py never ERRNO[|ERRNO…] PATH…     whatever is answered, it is not this

A directory is changed itself and in what it holds; a file as a file, and as a source and a
target of links and renames. Exits 1, with a line for each answer that was not expected.
"""
import errno
import os
import socket
import stat
import sys


def tried(name, path, call):
    try:
        call()
        return f"{name} {path}: done", None
    except OSError as e:
        return f"{name} {path}: {errno.errorcode[e.errno]}", errno.errorcode[e.errno]


def bind(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)


def on_file(path):
    folder = os.path.dirname(path)
    other = os.path.join(folder, "renamed by nobody")
    for flags, name in [(os.O_WRONLY, "O_WRONLY"), (os.O_RDWR, "O_RDWR"),
                        (os.O_WRONLY | os.O_APPEND, "O_APPEND"),
                        (os.O_WRONLY | os.O_TRUNC, "O_TRUNC"),
                        (os.O_RDONLY | os.O_TRUNC, "O_RDONLY|O_TRUNC"),
                        (os.O_WRONLY | os.O_CREAT, "O_CREAT")]:
        yield f"open {name}", lambda flags=flags: os.close(os.open(path, flags))
    yield "truncate", lambda: os.truncate(path, 0)
    yield "truncate longer", lambda: os.truncate(path, 1 << 30)
    yield "unlink", lambda: os.unlink(path)
    yield "rename", lambda: os.rename(path, other)
    yield "link", lambda: os.link(path, other)


def on_directory(path):
    new = os.path.join(path, "made by nobody")
    yield "create", lambda: os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    yield "create dot", lambda: os.close(os.open(os.path.join(path, ".a.tmp"), os.O_WRONLY | os.O_CREAT))
    yield "mkdir in", lambda: os.mkdir(new)
    yield "symlink in", lambda: os.symlink("x", new)
    yield "mkfifo in", lambda: os.mkfifo(new)
    yield "socket in", lambda: bind(new)
    yield "mknod in", lambda: os.mknod(new, stat.S_IFREG | 0o644)
    yield "rmdir", lambda: os.rmdir(path)
    yield "rename", lambda: os.rename(path, path + " renamed")


def on_any(path):
    yield "chmod", lambda: os.chmod(path, 0o777)
    yield "chown", lambda: os.chown(path, os.getuid(), os.getgid())
    yield "utime", lambda: os.utime(path, (1, 1))
    yield "touch", lambda: os.utime(path)
    yield "setxattr", lambda: os.setxattr(path, "user.x", b"1")
    yield "removexattr", lambda: os.removexattr(path, "user.x")


def main():
    how, expected, paths = sys.argv[1], sys.argv[2].split("|"), sys.argv[3:]
    skipped = os.environ.get("EXCEPT", "").split("|")
    bad = n = 0
    for path in paths:
        kind = on_directory if os.path.isdir(path) else on_file
        for name, call in list(kind(path)) + list(on_any(path)):
            if name in skipped:
                continue
            text, answer = tried(name, path, call)
            n += 1
            if (answer in expected) != (how == "refused"):
                print(text)
                bad = 1
    if not n:
        sys.exit("nothing was tried")
    sys.exit(bad)


main()
