#!/usr/bin/env bats
# Plain tools read every kind of file, and all of them read the same bytes.
# sanitizers: asan (one client that only reads, by ways that contexts, frozen and tree take as well)
load common
load ../lib/records
load ../lib/furnish

setup_file() {
	share_mount
	export REF=$BATS_FILE_TMPDIR/ref
	python3 "$TOP/tests/lib/copy.py" "$M" "$REF"
	export SAME
	SAME=$(contents_of "$REF")
	# the comparison means something: all kinds of places, no empty tree
	[ "$(files_of "$REF" | wc -l)" -gt 200 ]
}
teardown_file() { stop; }
setup() { OUT=$BATS_TEST_TMPDIR/out && mkdir "$OUT"; }

# What is in $OUT is what is on the mount.
is_same() {
	diff <(echo "$SAME") <(contents_of "${1:-$OUT}")
}

# together COMMAND…: told about all files at once, it says the same of the mount and of the
# copy outside.
together() {
	local list=$BATS_TEST_TMPDIR/list expected=$BATS_TEST_TMPDIR/expected
	files_of "$REF" | tr '\n' '\0' > "$list"
	(cd "$REF" && xargs -0 "$@" < "$list") > "$expected"
	[ -s "$expected" ]
	(cd "$M" && xargs -0 "$@" < "$list") | cmp - "$expected"
}

# each COMMAND…: COMMAND FROM TO copies one of every kind of file.
each() {
	local f
	while read -r f; do
		"$@" "$M/$f" "$OUT/copy"
		cmp "$OUT/copy" "$REF/$f" || { echo "$*: $f"; return 1; }
	done < <(kinds_of "$REF")
}

contents_size() {
	find "$REF" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }'
}

@test "stat(2) says of every file how many bytes it has" {
	diff <(cd "$M" && find . -type f -printf '%s %p\n' | sort) \
		<(cd "$REF" && find . -type f -printf '%s %p\n' | sort)
}

@test "every file that holds something takes up blocks, so du has something to add" {
	[ -z "$(find "$M" -type f -size +0c -printf '%b %p\n' | grep '^0 ')" ]
	[ -z "$(find "$M" -type f ! -empty -exec du -B1 -- {} + | grep -P '^0\t')" ]
	[ "$(du -sb "$M" | cut -f1)" -ge "$(contents_size)" ]
	[ "$(du -sk "$M" | cut -f1)" -gt 60 ]
}

@test "find visits everything without an error" {
	quiet find "$M"
	quiet find "$M" -type f -size +0 -newermt 2000-01-01
	[ "$(find "$M" -type f | wc -l)" -eq "$(find "$REF" -type f | wc -l)" ]
}

@test "other walkers find as much as find does" {
	local n
	n=$(find "$M" | wc -l)
	[ "$(perl -MFile::Find -e 'find({no_chdir => 1, wanted => sub {print "$_\n"}}, $ARGV[0])' "$M" | wc -l)" -eq "$n" ]
	[ "$(busybox find "$M" | wc -l)" -eq "$n" ]
	[ "$(zsh -c 'print -l -- $1 $1/**/*(D)' - "$M" | wc -l)" -eq "$n" ]
	[ "$(python3 -c 'import os, sys; print(1 + sum(len(d) + len(f) for _, d, f in os.walk(sys.argv[1])))' "$M")" -eq "$n" ]
	# Directories do not pretend to count their subdirectories: fts(3) and old finds would
	# look for no more than that.
	[ "$(find "$M" -type d -printf '%n\n' | sort -u)" = 1 ]
}

@test "ls -lR lists everything without an error" {
	quiet ls -laR "$M"
	quiet ls -laRZ "$M"
}

@test "grep -r reads everything, without a complaint" {
	quiet grep -r . "$M"
	diff <(cd "$M" && grep -r '' . | sort) <(cd "$REF" && grep -r '' . | sort)
}

@test "cat, busybox cat and busybox cp" {
	together cat
	together busybox cat
	quiet busybox cp -a "$M/." "$OUT"
	is_same
}

@test "cp -r, and cp -a with all that it preserves" {
	quiet cp -r "$M/." "$OUT"
	is_same
	rm -r "$OUT" && mkdir "$OUT"
	quiet cp -a "$M/." "$OUT"
	is_same
	[ "$OUT/subjects/Tesla_Inc/ceo/consensus" -ot "$M/subjects/numbers/p/consensus" ]
}

@test "install, and dd in blocks of any size" {
	each install -m 600
	each copy_blocks 997
	each copy_blocks 1M
}
copy_blocks() {
	dd if="$2" of="$3" bs="$1" status=none
}

@test "tar, packed and unpacked" {
	tar -C "$M" -cf "$BATS_TEST_TMPDIR/t.tar" . 2> "$BATS_TEST_TMPDIR/err"
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
	tar -C "$OUT" -xf "$BATS_TEST_TMPDIR/t.tar"
	is_same
	quiet tar -C "$M" -df "$BATS_TEST_TMPDIR/t.tar"
	# a second archive is the same bytes: nothing moved by being read
	tar -C "$M" -cf - . | cmp - "$BATS_TEST_TMPDIR/t.tar"
}

@test "busybox tar" {
	busybox tar -C "$M" -cf - . | busybox tar -C "$OUT" -xf -
	is_same
}

@test "rsync -a, which has nothing to do the second time" {
	quiet rsync -a "$M/" "$OUT/"
	is_same
	quiet rsync -ai "$M/" "$OUT/"
	[ -z "$output" ]
	quiet rsync -aic "$M/" "$OUT/"
	[ -z "$output" ]
}

@test "git add takes a mount for a work tree" {
	local git=(git -C "$M" --git-dir="$BATS_TEST_TMPDIR/repo" --work-tree="$M")
	export HOME=$BATS_TEST_TMPDIR GIT_CONFIG_NOSYSTEM=1
	git init -q --bare "$BATS_TEST_TMPDIR/repo"
	"${git[@]}" config core.bare false
	quiet "${git[@]}" add -A .
	[ -z "$("${git[@]}" diff --name-only)" ]
	"${git[@]}" checkout-index -a --prefix="$OUT/"
	is_same
}

@test "git add, where the mount is bound into the work tree" {
	export HOME=$BATS_TEST_TMPDIR GIT_CONFIG_NOSYSTEM=1
	export M OUT
	mkdir "$BATS_TEST_TMPDIR/repo"
	unshare -m bash -euc '
		cd "$0" && git init -q . && mkdir facts && mount --bind "$M" facts
		git add -A facts && git -c user.name=a -c user.email=a@b commit -qm facts
		git status --porcelain | { ! grep .; }
		git archive HEAD facts | tar -C "$OUT" -x' "$BATS_TEST_TMPDIR/repo"
	is_same "$OUT/facts"
}

@test "python: a shared mapping" {
	quiet python3 "$TOP/tests/lib/copy.py" "$M" "$OUT" mmap
	is_same
}

@test "python: shutil.copytree" {
	quiet python3 -c 'import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], symlinks=True, dirs_exist_ok=True)' "$M" "$OUT"
	is_same
}

@test "node: readFileSync, copyFileSync and a stream" {
	local how
	for how in 'fs.writeFileSync(to, fs.readFileSync(from))' 'fs.copyFileSync(from, to)' \
		'fs.createReadStream(from).pipe(fs.createWriteStream(to))'; do
		rm -rf "$OUT"
		files_of "$REF" | node -e '
			const path = require("path"), [top, out] = process.argv.slice(1);
			for (const f of fs.readFileSync(0, "utf8").split("\n").filter(f => f)) {
				const from = path.join(top, f), to = path.join(out, f);
				fs.mkdirSync(path.dirname(to), {recursive: true});
				'"$how"';
			}' "$M" "$OUT"
		is_same
	done
}

@test "head, tail and sed, asked for everything" {
	together head -qc 10000000
	together tail -qc +1
	together tail -qn +1
	together sed -n p
}

@test "tools that go by the size: wc, head, tail, split, truncate -r" {
	together wc -c
	together head -qc -5
	together tail -qc 100
	together tail -qn 2
	truncate -r "$M/events.jsonl" "$OUT/sized"
	[ "$(stat -c %s "$OUT/sized")" -eq "$(stat -c %s "$REF/events.jsonl")" ]
	(cd "$OUT" && split -n 7 "$M/events.jsonl" && cat x??) | cmp - "$REF/events.jsonl"
}

@test "tools on standard input: wc, tac, busybox tail" {
	local f
	while read -r f; do
		[ "$(wc -c < "$M/$f")" -eq "$(stat -c %s "$REF/$f")" ]
		cmp <(tac < "$M/$f") <(tac "$REF/$f")
		cmp <(tac "$M/$f") <(tac "$REF/$f")
		cmp <(busybox tail -n 3 < "$M/$f") <(busybox tail -n 3 < "$REF/$f")
	done < <(kinds_of "$REF")
}

@test "cmp, diff and b3sum, straight from the mount" {
	quiet diff -r --no-dereference "$M/subjects" "$REF/subjects"
	[ "$(contents_of "$M")" = "$SAME" ]
}

@test "reading from the middle and past the end" {
	local f=subjects/long/text/consensus size
	size=$(stat -c %s "$REF/$f")
	cmp <(dd if="$M/$f" bs=1 skip=4093 count=7 status=none) <(dd if="$REF/$f" bs=1 skip=4093 count=7 status=none)
	[ "$(tail -c 1 "$M/$f" | xxd -p)" = 0a ]
	python3 - "$M/$f" "$size" <<-'END'
		import os, sys
		fd, size = os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2])
		assert os.pread(fd, 10, size) == b""
		assert os.pread(fd, 10, size + 100000) == b""
		assert len(os.pread(fd, 100, size - 3)) == 3
		assert os.lseek(fd, 0, os.SEEK_END) == size
		assert os.lseek(fd, 5, os.SEEK_DATA) == 5
		assert os.lseek(fd, 5, os.SEEK_HOLE) == size
	END
}
