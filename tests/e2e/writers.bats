#!/usr/bin/env bats
# What people and programs write files with works in inbox/, and each of them reports that
# a bad record was refused, in the way in which it reports a full disk.
load common
load ../lib/records
setup() {
	start
	DIR=$BATS_TEST_TMPDIR/elsewhere
	mkdir "$DIR"
	N=$(few 40 20)
	claims "$N" > "$DIR/good"
	claims "$N" 7 t > "$DIR/bad" # the eighth has a bad value
}
teardown() { stop; }

# works WRITER: WRITER FILE NAME brings the FILE to inbox/NAME, or says that it cannot.
works() {
	local writer=$1
	"$writer" "$DIR/good" f
	[ "$(ls "$M/subjects" | wc -l)" -eq "$N" ]
	[ "$(value "s$((N - 1))" "is counted")" -eq $((N - 1)) ]
	[ "$(receipt f status)" = "$(yes accepted | head -n "$N" | paste -sd' ')" ]
	cmp "$M/inbox/f" "${2:-$DIR/good}" # reads back
	[ "$(ls -A "$M/inbox")" = f ]

	refuses "$writer"
}

# The bad file is refused where the user sees it; what stands before the bad record is kept.
refuses() {
	fails "$1" "$DIR/bad" g
	[ "$(why code)" = EINVAL ]
	[[ $(why message) == '"confidence": 1.5 is over 1' ]]
	[ "$(ls "$M/subjects" | grep -c ^t)" -eq 7 ]
	[ "$(tail -n 1 "$M/receipts/g" | jq .record)" -eq 7 ]
}

write_cp() { cp "$1" "$M/inbox/$2"; }
@test "cp" { works write_cp; }

write_cp_p() { cp -p "$1" "$M/inbox/$2"; }
@test "cp -p" { works write_cp_p; }

write_cat() { cat "$1" > "$M/inbox/$2"; }
@test "cat" { works write_cat; }

write_tee() { tee "$M/inbox/$2" < "$1" > "$DIR/copy"; }
@test "tee" {
	works write_tee
	cmp "$DIR/copy" "$DIR/bad"
}

write_dd() { dd bs=7 status=none if="$1" of="$M/inbox/$2"; }
@test "dd bs=7" { works write_dd; }

write_jq() { jq -c . "$1" > "$M/inbox/$2"; }
@test "jq -c" {
	works write_jq
	claims "$(few 2000 200)" -1 u | jq -c . > "$M/inbox/many"
	[ "$(ls "$M/subjects" | grep -c ^u)" -eq "$(few 2000 200)" ]
	[ "$(jq -r .status "$M/receipts/many" | sort | uniq -c | xargs)" = "$(few 2000 200) accepted" ]
}

write_jq_pretty() { jq . "$1" > "$M/inbox/$2"; }
@test "jq, pretty-printed" {
	jq . "$DIR/good" > "$DIR/pretty"
	works write_jq_pretty "$DIR/pretty"
}

# bash hands over one line at a time
write_echo() { echo "$(jq . "$1")" > "$M/inbox/$2"; }
@test "echo of pretty-printed JSON in bash" {
	jq . "$DIR/good" > "$DIR/pretty"
	works write_echo "$DIR/pretty"
}

write_python() {
	python3 -c 'import sys
with open(sys.argv[2], "w") as f:
    for line in open(sys.argv[1]):
        f.write(line)' "$1" "$M/inbox/$2"
}
@test "python, with open" {
	works write_python
	[[ $output == *"OSError: [Errno 22] Invalid argument"* ]]
}

write_python_json() {
	python3 -c 'import json, sys
with open(sys.argv[2], "w") as f:
    for line in open(sys.argv[1]):
        json.dump(json.loads(line), f, indent=2)' "$1" "$M/inbox/$2"
}
@test "python, json.dump with an indent and nothing between the values" {
	write_python_json "$DIR/good" f
	[ "$(ls "$M/subjects" | wc -l)" -eq "$N" ]
	refuses write_python_json
}

write_node() {
	node -e 'const fs = require("fs");
		fs.writeFileSync(process.argv[2], fs.readFileSync(process.argv[1]))' "$1" "$M/inbox/$2"
}
@test "node, writeFileSync" {
	works write_node
	[[ $output == *EINVAL* ]]
}

write_node_stream() {
	node -e 'const fs = require("fs");
		fs.createReadStream(process.argv[1], {highWaterMark: 100})
			.pipe(fs.createWriteStream(process.argv[2]))' "$1" "$M/inbox/$2"
}
@test "node, a stream" { works write_node_stream; }

write_rsync() { rsync -a "$1" "$M/inbox/$2"; }
@test "rsync -a" {
	works write_rsync
	# it writes a scratch name, so it is the rename that is refused
	[[ $output == *"Invalid argument"* ]]
}

write_rsync_inplace() { rsync --inplace "$1" "$M/inbox/$2"; }
@test "rsync --inplace" { works write_rsync_inplace; }

write_install() { install -m 640 "$1" "$M/inbox/$2"; }
@test "install" { works write_install; }

write_mv() {
	cp "$1" "$DIR/moved"
	mv "$DIR/moved" "$M/inbox/$2"
}
@test "mv from elsewhere" {
	setfattr -n user.origin -v here "$DIR/good" || true # mv takes attributes along if it can
	works write_mv
	[ -e "$DIR/moved" ] # what was refused is not gone
	write_mv "$DIR/good" f # onto a name that is there
	[ ! -e "$DIR/moved" ]
	[ "$(receipt f status | xargs -n 1 | sort -u)" = duplicate ]
}

# Write a temporary name, then rename: scratch, or a name like any other.
write_dot_tmp() {
	cat "$1" > "$M/inbox/.$2.tmp" && mv "$M/inbox/.$2.tmp" "$M/inbox/$2"
}
@test "a hidden temporary name, renamed" {
	works write_dot_tmp
	# refused by the rename, and still there to be looked at
	cmp "$M/inbox/.g.tmp" "$DIR/bad"
	[ ! -e "$M/inbox/g" ]
}

write_tmp() {
	cat "$1" > "$M/inbox/$2.tmp.123" && mv "$M/inbox/$2.tmp.123" "$M/inbox/$2"
}
@test "a temporary name, renamed" {
	write_tmp "$DIR/good" f
	cmp "$M/inbox/f" "$DIR/good"
	[ "$(receipt f status | xargs -n 1 | sort -u)" = accepted ]
	[ "$(ls "$M/inbox")" = f ]
	[ "$(ls "$M/receipts/")" = f ]
	fails write_tmp "$DIR/bad" g
	[ "$(why path)" = inbox/g.tmp.123 ]
	[ "$(ls "$M/subjects" | grep -c ^t)" -eq 7 ]
}

@test "an atomic writer in python: exclusive, fsync, chmod, rename onto a name that is there" {
	write_atomically() {
		python3 - "$1" "$M/inbox/$2" <<-'END'
			import os, sys, tempfile
			path = sys.argv[2]
			fd, name = tempfile.mkstemp(prefix=".", dir=os.path.dirname(path))
			with os.fdopen(fd, "wb") as f:
			    f.write(open(sys.argv[1], "rb").read())
			    f.flush()
			    os.fsync(f.fileno())
			os.chmod(name, 0o644)
			os.replace(name, path)
		END
	}
	claim old > "$M/inbox/f"
	write_atomically "$DIR/good" f
	cmp "$M/inbox/f" "$DIR/good"
	[ "$(receipt f status | wc -w)" -eq "$N" ]
	[ "$(ls -A "$M/inbox")" = f ]
	refuses write_atomically
}

# What vim does to a file that is there.
write_vim() {
	python3 - "$1" "$M/inbox/$2" <<-'END'
		import os, sys
		text = open(sys.argv[1], "rb").read()
		path = sys.argv[2]
		folder, name = os.path.split(path)
		swap = os.path.join(folder, ".%s.sw" % name)
		os.close(os.open(path, os.O_CREAT | os.O_RDWR))
		for end in "p", "px":
		    os.close(os.open(swap + end, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
		os.unlink(swap + "px")
		fd = os.open(swap + "p", os.O_RDWR)
		os.write(fd, b"b0VIM 9.0\0\0\0\0" + bytes(4000))
		test = os.path.join(folder, "4913")
		os.close(os.open(test, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
		os.chown(test, os.getuid(), os.getgid())
		os.unlink(test)
		os.rename(path, path + "~")
		out = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
		try:
		    os.ftruncate(out, 0)
		    while text:
		        text = text[os.write(out, text[:8192]):]
		    os.fsync(out)
		finally:
		    os.close(out)
		os.chmod(path, 0o644)
		os.unlink(path + "~")
		os.write(fd, b"b0VIM, done")
		os.close(fd)
		os.unlink(swap + "p")
	END
}
@test "vim" { works write_vim; }

@test "sed -i" {
	claim a 1 > "$M/inbox/f"
	sed -i 's/1/2/' "$M/inbox/f"
	[ "$(cat "$M/inbox/f")" = "$(claim a 2)" ]
	[ "$(value a p)" = 2 ]
	[ "$(ls -A "$M/inbox")" = f ]
	refused EINVAL "missing brace" sed -i 's/}$//' "$M/inbox/f"
	[ "$(cat "$M/inbox/f")" = "$(claim a 2)" ]
}

@test "perl -i" {
	command -v perl || skip "no perl"
	claim a 1 > "$M/inbox/f"
	perl -pi -e 's/1/2/' "$M/inbox/f"
	[ "$(cat "$M/inbox/f")" = "$(claim a 2)" ]
	[ "$(value a p)" = 2 ]
	refused EINVAL "confidence" perl -pi -e 's/}$/,"confidence":7}/' "$M/inbox/f"
}

@test "perl, print and close" {
	command -v perl || skip "no perl"
	write_perl() {
		perl -e 'open(IN, "<", $ARGV[0]); open(OUT, ">", $ARGV[1]) or die;
			print OUT $_ while <IN>; close(OUT) or die "close: $!"' "$1" "$M/inbox/$2"
	}
	works write_perl
}

@test "append: echo >>" {
	claim a 1 >> "$M/inbox/f"
	claim b 2 >> "$M/inbox/f"
	[ "$(value a p)$(value b p)" = 12 ]
	[ "$(cat "$M/inbox/f")" = "$(claim a 1; claim b 2)" ]
	[ "$(receipt f status)" = "accepted accepted" ]
	append() { echo "$1" >> "$M/inbox/f"; }
	refused EINVAL "not a JSON object" append oops
	[ "$(receipt f status)" = "accepted accepted refused" ]
}

@test "heredocs, wrapped by hand" {
	cat > "$M/inbox/f" <<-END
		{"subject": "a", "predicate": "p",
		 "object": {"ref": "b"},
		 "confidence": 0.5}

		{
			"subject":
				"b", "predicate": "p", "object":
				2 }
	END
	[ "$(value a p)$(value b p)" = b2 ]
	wrap() {
		cat > "$M/inbox/f" <<-END
			{"subject": "c", "predicate": "p"
			 "object": 1}
		END
	}
	refused EINVAL "missing brace" wrap
}

@test "touch makes no record" {
	touch "$M/inbox/f"
	[ -e "$M/inbox/f" ]
	[ ! -s "$M/inbox/f" ]
	touch -d '2020-02-02 02:02' "$M/inbox/f"
	[ "$(records)" -eq 0 ]
	[ ! -e "$M/receipts/f" ]
	[ ! -s "$M/.stemefs/last_error" ]
	: > "$M/inbox/f"
	[ "$(records)" -eq 0 ]
	claim a > "$M/inbox/f" # and the name is as good as any
	[ "$(value a p)" = 1 ]
}

# Read first, write over it without O_TRUNC, cut it to its length.
write_over() {
	python3 - "$1" "$M/inbox/$2" <<-'END'
		import os, sys
		text = open(sys.argv[1], "rb").read()
		fd = os.open(sys.argv[2], os.O_RDONLY | os.O_CREAT, 0o644)
		before = os.read(fd, 1 << 20)
		os.close(fd)
		out = os.open(sys.argv[2], os.O_WRONLY)
		try:
		    os.pwrite(out, text, 0)
		    os.ftruncate(out, len(text))
		finally:
		    os.close(out)
		sys.stdout.buffer.write(before)
	END
}
@test "an agent that reads first, then writes over it and cuts it" {
	works write_over
	claim other > "$DIR/next"
	run write_over "$DIR/next" f
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat "$DIR/good")" ] # what it read
	[ "$(cat "$M/inbox/f")" = "$(claim other)" ]
	[ "$(value other p)" = 1 ]
}

@test "many names at once" {
	local i writers=()
	for i in 1 2 3 4 5 6 7 8; do
		claims "$N" -1 "m$i-" > "$M/inbox/many$i" &
		writers+=($!)
	done
	wait "${writers[@]}"
	[ "$(ls "$M/subjects" | wc -l)" -eq $((8 * N)) ]
	for i in 1 2 3 4 5 6 7 8; do
		[ "$(wc -l < "$M/receipts/many$i")" -eq "$N" ]
	done
}

@test "one name, many writers at once: each its own stream" {
	local i writers=()
	for i in 1 2 3 4 5 6; do
		claims "$N" -1 "m$i-" | dd bs=50 status=none of="$M/inbox/shared" conv=notrunc &
		writers+=($!)
	done
	wait "${writers[@]}"
	[ "$(ls "$M/subjects" | wc -l)" -eq $((6 * N)) ]
	[ "$(jq -r .status "$M/receipts/shared" | sort | uniq -c | xargs)" = "$((6 * N)) accepted" ]
}
