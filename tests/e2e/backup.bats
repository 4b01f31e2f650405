#!/usr/bin/env bats
# A backup is the store at one moment, whoever writes meanwhile; a restore gives it back, or
# nothing.
# sanitizers: asan (a backup has one thread, and the daemon beside it those of other files)
load common
load ../lib/records
load ../lib/furnish

ARCHIVE=$TOP/tests/lib/archive.py

setup() {
	T=$BATS_TEST_TMPDIR
	start
	cd "$T" || return
}
teardown() {
	cd /
	touch "$T/stop"
	if mountpoint -q "$T/mnt2"; then "$STEMEFS" umount "$T/mnt2" || umount -l "$T/mnt2"; fi
	stop
	if mountpoint -q "$T/small"; then umount "$T/small" || umount -l "$T/small"; fi
}

# restored FILE [STORE]: unpack it, check it, and mount it on mnt2.
restored() {
	"$STEMEFS" restore "$1" "${2:-copy}"
	"$STEMEFS" check "${2:-copy}" > checked
	grep -q '^clean' checked
	mkdir -p mnt2
	"$STEMEFS" "${2:-copy}" mnt2 -o "log=$LOG"
}

# A log of some MiB: N records of 32 KiB each.
large() { # N [NAME]
	python3 - "$1" <<-'END' > "$M/inbox/${2:-large}"
		import json, random, sys
		random.seed(7)
		for i in range(int(sys.argv[1])):
		    print(json.dumps({"subject": "large%d" % (i % 50), "predicate": "p", "source": "s%d" % i,
		                      "object": "%032000x" % random.getrandbits(128000)}))
	END
}

# Lens files of a tree that follow from records alone.
lenses_of() {
	(cd "$1/subjects" && find . -type f \( -path '*/value/*' -o -path '*/why/*' -o -name 'c*' \
		-o -name recency -o -name median -o -name skeptic -o -name history.jsonl \) \
		! -name authority ! -name layered ! -name epoch -print0 | LC_ALL=C sort -z | xargs -0 b3sum --)
}

# (Loops count in `nth`: bats' run has a variable i of its own.)

# traced OPTION… COMMAND…: under strace, where a leak checker cannot work. Signals mean what
# they mean at a terminal: tests that run in the background of a shell, or under nohup, have
# inherited that some are ignored, and so would the command.
traced() {
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
		env --default-signal=INT,TERM,HUP strace -o trace "$@"
}

# Nothing but these names is there.
only() { # DIRECTORY NAME…
	local dir=$1
	shift
	[ "$(find "$dir" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' ')" = "$*" ]
}

@test "an unmounted store: every file is the same after a restore" {
	furnish
	graph_of "$M" > before
	unmount_store
	quiet "$STEMEFS" backup "$S" kg.tar
	[ -z "$output" ]
	[ "$(stat -c %a kg.tar)" = 600 ]
	python3 "$ARCHIVE" seal kg.tar
	python3 "$ARCHIVE" log kg.tar "$S"
	restored kg.tar
	graph_of mnt2 > after
	diff before after
	# the same wallet: the next claim is signed by the same agent
	claim next > mnt2/inbox/next
	[ "$("$STEMEFS" key list copy)" = "$("$STEMEFS" key list "$S")" ]
	[ "$(stat -c %a copy copy/wallet copy/wallet/0.key copy/wal | paste -sd' ')" = "700 700 600 700" ] ||
		[ "$(id -u)" -ne 0 ]
}

@test "any tar unpacks it, and the store mounts" {
	local tar=0 unpack
	furnish
	"$STEMEFS" backup "$S" kg.tar
	graph_of "$M" > before
	unmount_store
	for unpack in "tar xf kg.tar -C" "busybox tar xf kg.tar -C" "python3 -m tarfile -e kg.tar"; do
		tar=$((tar + 1))
		mkdir "by$tar"
		# shellcheck disable=SC2086 # the words of a command
		run --separate-stderr $unpack "by$tar"
		[ "$status" -eq 0 ] && [ -z "$stderr" ]
		only "by$tar" format tag.a tag.b wal wallet
		mkdir -p mnt2
		"$STEMEFS" "by$tar" mnt2 -o "log=$LOG"
		graph_of mnt2 > after
		diff before after
		"$STEMEFS" umount mnt2
	done
	# the same moment gives the same bytes, mounted or not
	"$STEMEFS" backup "$S" again.tar
	cmp kg.tar again.tar
}

@test "an empty store" {
	"$STEMEFS" init empty
	quiet "$STEMEFS" backup empty e.tar
	restored e.tar
	claim first > mnt2/inbox/first
	[ "$(cat mnt2/subjects/first/p/value/consensus)" = 1 ]
}

@test "another user unpacks it" {
	[ "$(id -u)" -eq 0 ] || skip "only root can be another user"
	claim a > "$M/inbox/a"
	"$STEMEFS" backup "$S" kg.tar
	open_the_way
	install -d -o 1234 -g 1234 theirs
	chown 1234 kg.tar
	as 1234 tar xf kg.tar -C theirs
	[ "$(stat -c %u theirs/format theirs/wal/* theirs/wallet/store.key | sort -u)" = 1234 ]
	as 1234 "$STEMEFS" restore kg.tar theirs/store
	as 1234 "$STEMEFS" check theirs/store > checked
	grep -q '^clean' checked
}

# writer NAME: many records in each write, until there is a file called stop; the number of
# those that were acknowledged stands in acked.NAME.
writer() {
	local i n=0
	for ((i = 0; i < 2000; i++)); do
		[ ! -e stop ] || break
		claims "$((i % 9 + 1))" -1 "w$1x$((i % 20))y" | jq -c --arg v "$i" '.object = $v | .source = $v' > "next.$1"
		cp "next.$1" "$M/inbox/$1" || { touch "failed.$1"; break; }
		n=$((n + i % 9 + 1))
		echo "$n" > "new.$1" && mv "new.$1" "acked.$1"
	done
}

acked() {
	cat acked.* | awk '{ n += $1 } END { print n }'
}

@test "a store that is being written to: all that was acknowledged, whole commits, nothing else" {
	local writers=() nth w before seq last=0
	claims 20 > "$M/inbox/first"
	for w in 1 2 3 4; do
		echo 0 > "acked.$w"
		writer "$w" 3>&- &
		writers+=($!)
	done
	for ((nth = 1; nth <= $(few 6 2); nth++)); do
		before=$(acked)
		quiet "$STEMEFS" backup "$S" "kg$nth.tar"
		# writers go on meanwhile: nobody was kept waiting for long, and none had an error
		seq=$(python3 "$ARCHIVE" log "kg$nth.tar" "$S")
		[ "$seq" -ge "$((before + 20))" ]
		[ "$seq" -gt "$last" ]
		last=$seq
		sleep 0.3
	done
	touch stop
	for w in "${writers[@]}"; do wait "$w"; done
	[ "$(find . -name 'failed.*')" = "" ]
	for ((nth = 1; nth <= $(few 6 2); nth += $(few 5 1))); do
		restored "kg$nth.tar" "copy$nth"
		seq=$(wc -l < mnt2/events.jsonl)
		[ "$seq" = "$(python3 "$ARCHIVE" log "kg$nth.tar" "$S")" ]
		cmp <(head -n "$seq" "$M/events.jsonl") mnt2/events.jsonl
		lenses_of "$M/at/seq-$seq" > live
		lenses_of mnt2 > copied
		[ "$(wc -l < live)" -gt 200 ]
		diff live copied
		[ "$(jq -r .head mnt2/.stemefs/status)" = "$(cat mnt2/.stemefs/head)" ]
		"$STEMEFS" umount mnt2
	done
}

@test "in a mount of its own, where run has the store" {
	claim a > "$M/inbox/a"
	unmount_store
	"$STEMEFS" run "$S" -- true || skip "cannot run here"
	"$STEMEFS" run "$S" -- "$STEMEFS" backup "$S" "$T/kg.tar"
	restored kg.tar
	[ -e mnt2/subjects/a/p/consensus ]
}

@test "several segments, in little memory" {
	local kib
	[ "$(few 1 0)" = 1 ] || skip "64 MiB of log take too long under a sanitizer"
	large 2100
	claim between > "$M/inbox/between"
	large 300 more
	[ "$(find "$S/wal" -name '*.wal' | wc -l)" -ge 2 ]
	kib=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$STEMEFS" backup "$S" kg.tar)
	[ "$kib" -lt 32768 ]
	python3 "$ARCHIVE" log kg.tar "$S"
	[ "$(python3 "$ARCHIVE" frames kg.tar | wc -l)" = "$(find "$S/wal" -name '*.wal' | wc -l)" ]
	restored kg.tar
	cmp "$M/events.jsonl" mnt2/events.jsonl
}

@test "a file that is there stays, unless --force" {
	claim a > "$M/inbox/a"
	echo mine > kg.tar
	says 8 "kg.tar: there is one already; try --force" "$STEMEFS" backup "$S" kg.tar
	[ "$(cat kg.tar)" = mine ]
	mkdir directory
	says 8 "directory: there is one already" "$STEMEFS" backup "$S" directory --force
	# what fails leaves what was there
	says 8 "is no stemefs store" "$STEMEFS" backup "$T/directory" kg.tar --force
	[ "$(cat kg.tar)" = mine ]
	quiet "$STEMEFS" backup "$S" kg.tar --force
	python3 "$ARCHIVE" seal kg.tar
	ln -s elsewhere link
	says 8 "link: there is one already, and it is no plain file" "$STEMEFS" backup "$S" link -f
	says 8 "No such file" "$STEMEFS" backup "$S" nowhere/kg.tar
	says 8 "No such file" "$STEMEFS" backup nowhere new.tar
	[ ! -e new.tar ]
	[ -z "$(find . -name '*.part')" ]
}

@test "- is standard output and standard input, and no terminal" {
	claim a > "$M/inbox/a"
	"$STEMEFS" backup "$S" - | "$STEMEFS" restore - copy
	"$STEMEFS" backup "$S" - | cat > piped.tar
	"$STEMEFS" backup "$S" kg.tar
	cmp kg.tar piped.tar
	"$STEMEFS" check copy > checked
	grep -q '^clean: 2 records' checked
	run script -qec "$STEMEFS backup $S -" /dev/null
	[ "$status" -eq 8 ]
	[[ $output == *"is a terminal"* ]]
	# a reader that goes away ends it
	run bash -c 'set -o pipefail; "$1" backup "$2" - | true' - "$STEMEFS" "$S"
	[ "$status" -ne 4 ]
}

@test "a full disk: a sentence, and nothing left behind" {
	mkdir small
	mount -t tmpfs -o size=1m none small 2> /dev/null || skip "cannot mount a tmpfs here"
	large 60
	echo old > small/old
	says 8 "small/kg.tar: the disk is full after" "$STEMEFS" backup "$S" small/kg.tar
	only small old
	says 8 "the disk is full after" "$STEMEFS" backup "$S" small/old --force
	only small old
	[ "$(cat small/old)" = old ]
	run bash -c '"$1" backup "$2" - > /dev/full' - "$STEMEFS" "$S"
	[ "$status" -eq 8 ]
	[[ $output == *"standard output: the disk is full"* ]]
	# restoring
	"$STEMEFS" backup "$S" kg.tar
	says 8 "No space left" "$STEMEFS" restore kg.tar small/store
	only small old
	# room for the log, and none for the index
	umount small
	mount -t tmpfs -o "size=$(($(stat -c %s kg.tar) / 1024 + 64))k" none small
	says 8 "No space left" "$STEMEFS" restore kg.tar small/store
	only small
}

@test "a backup that is killed leaves no file of that name, and the next one clears up" {
	local nth
	large 60
	# a stopped one is one that is still at work
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 strace -o trace -e trace=write \
		-e inject=write:signal=STOP:when=3 "$STEMEFS" backup "$S" kg.tar 3>&- &
	eventually test -s kg.tar.part
	only "$T" "$(printf '%s\n' kg.tar.part log mnt store trace | paste -sd' ')"
	says 8 "kg.tar.part: another backup is writing there" "$STEMEFS" backup "$S" kg.tar
	kill -9 "$(pgrep -P $!)"
	wait $! || true
	[ ! -e kg.tar ] && [ -e kg.tar.part ]
	quiet "$STEMEFS" backup "$S" kg.tar
	[ ! -e kg.tar.part ]
	python3 "$ARCHIVE" seal kg.tar
	# signals that ask: nothing is left
	for nth in INT TERM HUP; do
		run traced -e trace=write -e "inject=write:signal=$nth:when=3" "$STEMEFS" backup "$S" "asked$nth.tar"
		[ "$status" -gt 128 ] # by the signal
		[ -z "$(find . -name 'asked*')" ]
	done
}

@test "a failing sync is no backup" {
	claim a > "$M/inbox/a"
	run traced -e trace=fsync -e inject=fsync:error=EIO:when=1 "$STEMEFS" backup "$S" kg.tar
	[ "$status" -eq 8 ]
	[[ $output == *"kg.tar: Input/output error"* ]]
	[ -z "$(find . -name 'kg.tar*')" ]
}

# flip FILE OFFSET: another byte there.
flip() {
	python3 - "$@" <<-'END'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    byte = f.read(1)[0]
		    f.seek(int(sys.argv[2]))
		    f.write(bytes([byte ^ 0x55]))
	END
}

@test "damage in the log is copied as it is, and named, by backup and by restore" {
	local nth
	claims 30 > "$M/inbox/first"
	unmount_store
	flip "$S/wal/0000000000000000.wal" 3000
	: > "$LOG"
	says 4 "damaged: log offsets" "$STEMEFS" backup "$S" kg.tar
	cmp <(tar xOf kg.tar wal/0000000000000000.wal) "$S/wal/0000000000000000.wal" 2>&1 | grep -q '^cmp: EOF on /dev' ||
		cmp -n "$(tar xOf kg.tar wal/0000000000000000.wal | wc -c)" <(tar xOf kg.tar wal/0000000000000000.wal) \
			"$S/wal/0000000000000000.wal"
	says 4 "damaged: log offsets" "$STEMEFS" restore kg.tar copy
	run "$STEMEFS" check copy
	[ "$status" -eq 4 ]
	# mounted, too; and damage at the very end of the log
	"$STEMEFS" "$S" "$M" -o log=/dev/null
	says 4 "damaged: log offsets" "$STEMEFS" backup "$S" live.tar
	"$STEMEFS" umount "$M"
	"$STEMEFS" init end
	"$STEMEFS" end "$M" -o log=/dev/null
	claims 5 > "$M/inbox/some"
	"$STEMEFS" umount "$M"
	nth=$("$STEMEFS" cat end .stemefs/status | jq .log_bytes)
	flip end/wal/0000000000000000.wal $((nth - 40))
	for nth in 1 2; do
		says 4 "damaged: log offsets" "$STEMEFS" backup end "end$nth.tar"
		says 4 "damaged: log offsets" "$STEMEFS" restore "end$nth.tar" "endcopy$nth"
		"$STEMEFS" end "$M" -o log=/dev/null
		says 4 "damaged:" "$STEMEFS" backup end "endlive$nth.tar"
		"$STEMEFS" umount "$M"
		rm -r end/index # what the index knew goes, and it is still damage
	done
}

@test "what is no part of a store is left out, with a sentence; no link is followed" {
	local text
	claim a > "$M/inbox/a"
	echo secret > "$T/outside"
	ln -s "$T/outside" "$S/wallet/7.key"
	ln -s "$T/outside" "$S/wallet/.link"
	echo notes > "$S/notes.txt"
	echo x > "$S/wal/readme"
	mkfifo "$S/wallet/pipe"
	echo half > "$S/wallet/8.key.tmp.123"
	mkdir "$S/quarantine"
	echo torn > "$S/quarantine/0000000000000080.torn"
	run --separate-stderr "$STEMEFS" backup "$S" kg.tar
	[ "$status" -eq 0 ]
	for text in "wallet/7.key: is left out: it is a symbolic link" "wallet/.link: is left out" \
		"notes.txt: is left out" "wal/readme: is left out" "wallet/pipe: is left out"; do
		[[ $stderr == *"$text"* ]]
	done
	[ "$(wc -l <<< "$stderr")" -eq 5 ]
	[ "$(tar tf kg.tar | grep -v '^wal/' | LC_ALL=C sort | paste -sd' ')" = \
		"format quarantine/ quarantine/0000000000000080.torn tag.a tag.b wallet/ wallet/$(id -u).agent wallet/$(id -u).key wallet/store.key" ]
	fails grep -q secret kg.tar
	restored kg.tar
	[ "$(cat copy/quarantine/*)" = torn ]
	rm -r "$S/wallet/pipe" "$S/wallet/7.key" "$S/wallet/.link"
}

@test "restore refuses what is not whole or not what was written, and leaves nothing" {
	local size cut at
	claims 30 > "$M/inbox/first"
	"$STEMEFS" backup "$S" kg.tar
	size=$(stat -c %s kg.tar)
	mkdir place
	for cut in 0 1 511 512 513 1024 5000 $((size - 3584)) $((size - 3072)) $((size - 2560)) $((size - 1024)) $((size - 512)) $((size - 1)); do
		head -c "$cut" kg.tar > cut.tar
		says 8 "cut.tar: " "$STEMEFS" restore cut.tar place/store
		only place
	done
	# every block has a byte that cannot be changed
	for ((at = 0; at < size - 1024; at += $(few 512 4096))); do
		cp kg.tar bad.tar
		flip bad.tar "$at"
		says 8 "bad.tar: " "$STEMEFS" restore bad.tar place/store
		only place
	done
	cat kg.tar kg.tar > two.tar
	says 8 "goes on behind its end" "$STEMEFS" restore two.tar place/store
	only place
	tar cf other.tar kg.tar
	says 8 "other.tar: " "$STEMEFS" restore other.tar place/store
	says 8 "/dev/null: ends early" "$STEMEFS" restore /dev/null place/store
	says 8 "No such file" "$STEMEFS" restore nowhere.tar place/store
	only place
	# zeros behind the end, as a tape has them, are nothing
	head -c 10240 /dev/zero | cat kg.tar - > padded.tar
	"$STEMEFS" restore padded.tar place/store
}

@test "restore refuses an archive that somebody made up, and nothing leaves the directory" {
	local how
	claim a > "$M/inbox/a"
	"$STEMEFS" backup "$S" kg.tar
	mkdir place
	OTHER=$T/other
	export OTHER
	"$STEMEFS" init "$OTHER"
	for how in up absolute link device long stranger twice behind format otherkey notag; do
		rm -f /tmp/escaped
		python3 "$ARCHIVE" forge kg.tar "$how" > "$how.tar"
		says 8 "" "$STEMEFS" restore "$how.tar" place/store
		[ -n "$stderr" ]
		only place
		[ ! -e /tmp/escaped ] && [ ! -e escaped ]
	done
	# the forger knows its trade
	python3 "$ARCHIVE" forge kg.tar plain > plain.tar
	quiet "$STEMEFS" restore plain.tar place/store
}

@test "restore takes a directory that is empty, and no other" {
	claim a > "$M/inbox/a"
	"$STEMEFS" backup "$S" kg.tar
	mkdir -p empty/lost+found full
	echo mine > full/file
	says 8 "full: is not empty (it has file)" "$STEMEFS" restore kg.tar full
	only full file
	says 8 "File exists" "$STEMEFS" restore kg.tar kg.tar || says 8 "Not a directory" "$STEMEFS" restore kg.tar kg.tar
	says 8 "is in use" "$STEMEFS" restore kg.tar "$S"
	unmount_store
	says 8 "is not empty" "$STEMEFS" restore kg.tar "$S"
	quiet "$STEMEFS" restore kg.tar empty
	says 8 "is not empty" "$STEMEFS" restore kg.tar empty
	"$STEMEFS" check empty > checked
	# one that is refused stays, empty
	mkdir kept
	head -c 3000 kg.tar > cut.tar
	says 8 "ends early" "$STEMEFS" restore cut.tar kept
	only kept
}

@test "a restore that is killed is no store, and the next one clears up" {
	local n
	large 60
	"$STEMEFS" backup "$S" kg.tar
	for n in 2 5 8; do
		run traced -e trace=write -e "inject=write:signal=KILL:when=$n" "$STEMEFS" restore kg.tar copy
		[ "$status" -ne 0 ]
		[ ! -e copy/format ]
		[ -e copy/.restoring ]
		fails "$STEMEFS" check copy
	done
	restored kg.tar
	cmp mnt2/events.jsonl "$M/events.jsonl"
}

@test "a damaged archive can still be unpacked by hand, and the mount names what is lost" {
	local at
	claims 30 > "$M/inbox/first"
	"$STEMEFS" backup "$S" kg.tar
	at=$(python3 -c 'import tarfile; print(next(m.offset_data for m in tarfile.open("kg.tar") if m.name.endswith(".wal")))')
	flip kg.tar $((at + 2000))
	says 8 "its checksum does not hold" "$STEMEFS" restore kg.tar copy
	mkdir hand
	tar xf kg.tar -C hand
	run "$STEMEFS" check hand
	[ "$status" -eq 4 ]
}
