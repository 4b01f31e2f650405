#!/usr/bin/env bats
# What was opened stays as it was; what is opened later is never stale.
load common
load ../lib/records
setup() { start; }
teardown() { stop; }

@test "a file that is open keeps its bytes and its size; the next open sees the new ones" {
	python3 - "$M" <<-'END'
		import json, os, sys
		m = sys.argv[1]
		def put(value):
		    with open(f"{m}/inbox/a", "w") as f:
		        f.write(json.dumps({"subject": "s", "predicate": "p", "object": value}))
		files = ["consensus", "recency", "skeptic", "value/consensus", "why/consensus",
		         "claims.jsonl", "history.jsonl"]
		put("old" * 3000)
		whole = {f: open(f"{m}/subjects/s/p/{f}", "rb").read() for f in files}
		half = {f: open(f"{m}/subjects/s/p/{f}", "rb", buffering=0) for f in files}
		begun = {f: half[f].read(1000) for f in files}
		put("new and longer" * 2000)
		put("short")
		for f in files:
		    assert os.fstat(half[f].fileno()).st_size == len(whole[f]), f
		    assert begun[f] + half[f].read() == whole[f], f
		    assert os.pread(half[f].fileno(), 500, 10) == whole[f][10:510], f
		    now = open(f"{m}/subjects/s/p/{f}", "rb").read()
		    assert now != whole[f] and b"short" in now, f
		    assert os.stat(f"{m}/subjects/s/p/{f}").st_size == len(now), f
		    assert os.fstat(half[f].fileno()).st_size == len(whole[f]), f
	END
}

@test "handles of different versions each see their own, in any order" {
	python3 - "$M" <<-'END'
		import os, random, sys
		m, versions = sys.argv[1], []
		path = f"{m}/subjects/s/p/value/consensus"
		os.makedirs(f"{m}/subjects/s/p")
		for i in range(12):
		    text = f"v{i}-" * (i * 700 % 5000 + 1)
		    with open(f"{m}/subjects/s/p/assert", "w") as f:
		        f.write(text + "\n")
		    versions.append((os.open(path, os.O_RDONLY), text.encode() + b"\n"))
		random.seed(1)
		for _ in range(200):
		    fd, expected = random.choice(versions)
		    at, n = random.randrange(6000), random.randrange(3000)
		    assert os.pread(fd, n, at) == expected[at:at + n]
		    assert os.fstat(fd).st_size == len(expected)
		for fd, _ in versions:
		    os.close(fd)
		assert open(path, "rb").read() == versions[-1][1]
	END
}

@test "a mapping of the old version stays, and a new one is of the new" {
	python3 - "$M" <<-'END'
		import mmap, os, sys
		m = sys.argv[1]
		path = f"{m}/subjects/s/p/value/consensus"
		os.makedirs(f"{m}/subjects/s/p")
		def put(text):
		    with open(f"{m}/subjects/s/p/assert", "w") as f:
		        f.write(text + "\n")
		def mapped():
		    with open(path, "rb") as f:
		        return mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)
		a, b, c = ("a" * 20000, "b" * 30000, "c" * 10)
		put(a)
		first = mapped()
		assert first[:10] == b"a" * 10  # the rest is not in memory yet
		put(b)
		second = mapped()
		put(c)
		third = mapped()
		assert first[:] == a.encode() + b"\n"
		assert second[:] == b.encode() + b"\n"
		assert third[:] == c.encode() + b"\n"
		assert len(first) == 20001
	END
}

@test "what was looked up before a write and is opened after it has the new bytes, all of them" {
	python3 - "$M" <<-'END'
		import os, sys, time
		m = sys.argv[1]
		path = f"{m}/subjects/s/p/value/consensus"
		os.makedirs(f"{m}/subjects/s/p")
		def put(text):
		    with open(f"{m}/subjects/s/p/assert", "w") as f:
		        f.write(text + "\n")
		for old, new in [("a" * 9000, "b" * 20000), ("c" * 20000, "d" * 9000), ("e", "f")]:
		    put(old)
		    reader = os.open(path, os.O_RDONLY)
		    looked_up = os.open(path, os.O_PATH)
		    put(new)
		    def read(fd):
		        return b"".join(iter(lambda: os.read(fd, 3000), b"")).decode()
		    # for a moment it may pass for one open(2) that began before the write
		    for moment in range(100):
		        late = os.open(f"/proc/self/fd/{looked_up}", os.O_RDONLY)
		        text = read(late)
		        assert text in (old + "\n", new + "\n")
		        if text == new + "\n":
		            break
		        os.close(late)
		        time.sleep(0.1)
		    assert text == new + "\n"
		    assert read(reader) == old + "\n"
		    assert open(path).read() == new + "\n"
		    for fd in (reader, looked_up, late):
		        os.close(fd)
	END
}

@test "a reader that is slow gets one version, through cat and a pipe" {
	mkdir -p "$M/subjects/s/p"
	head -c 30000 /dev/zero | tr '\0' o > "$M/subjects/s/p/assert"
	{
		read -rN 10 -u 3 first
		head -c 31000 /dev/zero | tr '\0' n > "$M/subjects/s/p/assert"
		rest=$(cat <&3)
	} 3< "$M/subjects/s/p/value/consensus"
	[ "${first}${rest}" = "$(head -c 30000 /dev/zero | tr '\0' o)" ]
	[ "$(cat "$M/subjects/s/p/value/consensus")" = "$(head -c 31000 /dev/zero | tr '\0' n)" ]
}

@test "every later read sees it: write, then read in another process, never stale" {
	local i n pair=$M/subjects/s/p pad
	n=$(few 300 40)
	pad=$(printf '%500s' '' | tr ' ' z)
	mkdir -p "$pair"
	for ((i = 1; i <= n; i++)); do
		echo "v${pad:0:i % 13 * 38}-$i" > "$pair/assert"
		size=$(stat -c %s "$pair/value/consensus")
		value=$(cat "$pair/value/consensus")
		[ "${value##*-}" = "$i" ]
		[ "$size" -eq $((${#value} + 1)) ]
	done
	[ "$(wc -l < "$M/events.jsonl")" -eq $((n + 1)) ]
}

@test "the same by path and by listing: stat, ls -l, find -size, test -e" {
	local i n pad
	n=$(few 30 10)
	pad=$(printf '%50s' '' | tr ' ' x)
	for ((i = 1; i <= n; i++)); do
		[ ! -e "$M/subjects/s$i" ]
		claim "s$i" "\"${pad:0:i}\"" > "$M/inbox/a"
		[ -e "$M/subjects/s$i/p/value/consensus" ]
		[ "$(find "$M/subjects/s$i/p/value" -name consensus -size "$((i + 1))c" | wc -l)" -eq 1 ]
		[ "$(ls "$M/subjects" | wc -l)" -eq "$i" ]
	done
}

@test "readers beside a writer: every read is one whole version, and none goes back" {
	timeout 100 python3 "$TOP/tests/lib/watch.py" "$M" "$(few 200 25)" 3
}

@test "readers of a large file beside a writer: every open has the size of its bytes" {
	python3 - "$M" <<-'END'
		import json, os, sys, threading
		m, over = sys.argv[1], threading.Event()
		def put(i):
		    with open(f"{m}/inbox/a", "w") as f:
		        f.write(json.dumps({"subject": "s", "predicate": "p", "object": i,
		                            "note": "n" * 2000}))
		def write():
		    i = 1000
		    while not over.is_set() and i < 1400: # each open renders all of it
		        put(i)
		        i += 1
		        over.wait(0.005)
		for i in range(600):
		    put(i)
		writer = threading.Thread(target=write)
		writer.start()
		sizes = []
		try:
		    for _ in range(60):
		        fd = os.open(f"{m}/subjects/s/p/claims.jsonl", os.O_RDONLY)
		        size = os.fstat(fd).st_size
		        content = b"".join(iter(lambda: os.read(fd, 1 << 20), b""))
		        sizes.append((size, os.fstat(fd).st_size, len(content)))
		        os.close(fd)
		finally:
		    over.set()
		    writer.join()
		assert sizes[0][0] > 1 << 20 and sizes[0] < sizes[-1]
		assert [s for s in sizes if len(set(s)) > 1] == []
	END
}

@test "events.jsonl grows under an open handle" {
	python3 - "$M" <<-'END'
		import json, os, sys
		m = sys.argv[1]
		def put(i):
		    with open(f"{m}/inbox/a", "w") as f:
		        f.write(json.dumps({"subject": "s", "predicate": "p", "object": i, "source": str(i)}))
		put(0)
		fd = os.open(f"{m}/events.jsonl", os.O_RDONLY)
		log = b""
		def read():
		    global log
		    while True:
		        piece = os.read(fd, 700)
		        if not piece:
		            return
		        log += piece
		for i in range(1, 30):
		    read()
		    assert os.read(fd, 100) == b""
		    assert os.fstat(fd).st_size == len(log)
		    put(i)
		    assert os.stat(f"{m}/events.jsonl").st_size > len(log)
		    assert os.fstat(fd).st_size > len(log)
		read()
		assert log == open(f"{m}/events.jsonl", "rb").read()
		lines = [json.loads(l) for l in log.splitlines()]
		assert [l["seq"] for l in lines] == list(range(1, 32)), [l["seq"] for l in lines]
		assert [l["object"] for l in lines if l["kind"] == "assertion"] == list(range(30))
		# any read is cheap and right: each line by its offset
		at = 0
		for line in log.splitlines(True):
		    assert os.pread(fd, len(line), at) == line
		    at += len(line)
	END
}

@test "tail -f follows events.jsonl" {
	claim a > "$M/inbox/a"
	tail --pid=$$ -n +1 -s 0.1 -f "$M/events.jsonl" > "$BATS_TEST_TMPDIR/feed" 3>&- &
	local tail=$!
	claim b > "$M/inbox/a"
	eventually grep -q '"subject":"b"' "$BATS_TEST_TMPDIR/feed"
	claim c > "$M/inbox/a"
	eventually grep -q '"subject":"c"' "$BATS_TEST_TMPDIR/feed"
	kill "$tail"
	wait "$tail" || true
	cmp "$BATS_TEST_TMPDIR/feed" "$M/events.jsonl"
}

@test "an open handle survives that what was rendered is forgotten" {
	local before after
	unmount_store
	mount_store cache=1
	mkdir -p "$M/subjects/s/p"
	echo first > "$M/subjects/s/p/assert"
	exec 5< "$M/subjects/s/p/claims.jsonl"
	before=$(b3sum < "$M/subjects/s/p/claims.jsonl")
	jq -nc 'range(30) | {subject:"big\(.)", predicate:"p", object:("y" * 30000)}' > "$M/inbox/big"
	after=$(cat "$M"/subjects/big*/p/[ch]* | b3sum)
	[ "$(b3sum <&5)" = "$before" ]
	exec 5<&-
	# what was forgotten is rendered again, to the same bytes
	[ "$(cat "$M/subjects/s/p/value/consensus")" = first ]
	[ "$(cat "$M"/subjects/big*/p/[ch]* | b3sum)" = "$after" ]
}
