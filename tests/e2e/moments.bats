#!/usr/bin/env bats
# sanitizers: asan (its threads meet as those of a live mount do)
# A frozen mount shows one moment, read-only, whatever becomes of the live one beside it; and
# the kernel, which may keep everything, asks for nothing twice.
load common
load ../lib/records
load ../lib/furnish

setup() {
	start "allow_other${OPTIONS:+,$OPTIONS}"
	open_the_way
	F=$BATS_TEST_TMPDIR/frozen G=$BATS_TEST_TMPDIR/earlier
	mkdir "$F" "$G"
}

teardown() {
	[ -z "${WRITER:-}" ] || kill "$WRITER" 2> /dev/null || true
	umount "$BATS_TEST_TMPDIR/media" 2> /dev/null || true
	melt "$F"
	melt "$G"
	stop
}

# freeze MOMENT DIR [options]: show it there.
freeze() {
	"$STEMEFS" mount -o "at=$1,log=$LOG${3:+,$3}" "$S" "$2"
}

# The daemon behind a frozen mount; nothing where there is none.
daemon_of() { # DIR
	pgrep -f -- "^$STEMEFS .*$1( |\$)" || true
}

# Unmount, and wait for its daemon, which may have something to say to the log.
melt() { # DIR
	local pid
	mountpoint -q "$1" || return 0
	pid=$(daemon_of "$1")
	"$STEMEFS" umount "$1"
	[ -z "$pid" ] || eventually [ ! -e "/proc/$pid" ]
}

# All that there is to see of a tree: names, modes, owners, sizes, times, links; and bytes.
seen() {
	(cd "$1" && find . -printf '%P %y %m %U %s %T@ %l\n' | LC_ALL=C sort)
	contents_of "$1"
}

# The same bytes and attributes as below at/.
shows() { # DIR MOMENT
	diff <(seen "$1") <(seen "$M/at/$2")
}

# Less than furnish() does, for who does not need every kind of file: a link, a stage, and
# two who disagree.
some_facts() {
	cat > "$M/inbox/facts" <<-END
		{"subject":"Tesla_Inc","predicate":"ceo","object":{"ref":"Elon_Musk"}}
		{"subject":"Tesla_Inc","predicate":"has_revenue","object":96.7,"lifecycle":"approved"}
		{"subject":"Elon_Musk","predicate":"height","object":1.88}
	END
	claim disputed 1 | signed "$ONE_SEED" > "$M/inbox/one"
	claim disputed 2 | signed "$TWO_SEED" > "$M/inbox/two"
}

# Old pairs and some new ones, slowly enough that trees can be compared meanwhile.
write_on() {
	python3 - "$M" 3>&- <<-'END' &
		import json, os, sys, time
		with open(f"{sys.argv[1]}/inbox/writer", "w", buffering=1) as f:
		    for i in range(3000):
		        try:
		            for s in f"w{i % 6}", "disputed":
		                print(json.dumps({"subject": s, "predicate": "p", "object": i}), file=f)
		        except OSError:  # the daemon was killed
		            os._exit(0)
		        time.sleep(0.1)
	END
	WRITER=$!
	eventually [ -e "$M/subjects/w3" ]
}

@test "a frozen mount is what stands below at/, byte for byte, while writers write" {
	local first seq name
	furnish
	first=$(readlink "$M/at/now")
	freeze "seq-$((${first#seq-} / 2))" "$G"
	freeze now "$F" cache=1
	shows "$F" "$first"
	write_on
	shows "$F" "$first"
	shows "$G" "seq-$((${first#seq-} / 2))"
	melt "$F"
	# in the middle of their writing
	freeze now "$F"
	seq=$(findmnt -no FSTYPE "$F")
	[[ $seq == fuse.stemefs@seq-* ]]
	shows "$F" "${seq#*@}"
	[ "$(stat -f -c %l "$F")" -eq 255 ]
	# what is not listed is there, too
	for name in stage/approved tier/regulatory asof/2026-01-06; do
		diff <(seen "$F/$name/subjects") <(seen "$M/at/${seq#*@}/$name/subjects")
	done
	[ "$(cat "$F/subjects/nothing/p/consensus" 2>&1)" = "cat: $F/subjects/nothing/p/consensus: No such file or directory" ]
	[ ! -e "$F/inbox" ] && [ ! -e "$F/.stemefs" ] && [ ! -e "$F/at" ] && [ ! -e "$F/receipts" ]
}

@test "what was read once is read again without a request" {
	some_facts
	# the paths of one pair, a link on the way to one, a listing, a large file
	jq -nc 'range(900) | {subject:"large", predicate:"p", object:("x" * 300), source:"s\(.)"}' > "$M/inbox/large"
	freeze now "$F" debug,log="$LOG.requests"
	python3 - "$F" "$LOG.requests" <<-'END'
		import os, sys, time
		top, log = sys.argv[1:]
		pair = f"{top}/subjects/Tesla_Inc/ceo"
		files = [f"{pair}/consensus", f"{pair}/value/skeptic", f"{pair}/why/recency", f"{pair}/history.jsonl",
		         f"{pair}/target/height/consensus", f"{top}/README.md", f"{top}/events.jsonl",
		         f"{top}/subjects/large/p/claims.jsonl", f"{top}/stage/approved/subjects/Tesla_Inc/has_revenue/consensus"]
		def walk():
		    out = []
		    for path in files:
		        with open(path, "rb", buffering=0) as f:
		            out.append(f.readall())
		            os.fstat(f.fileno())
		        out.append(os.stat(path).st_mtime_ns)
		    for path in [top, f"{top}/subjects", f"{top}/conflicts/disputed", pair, f"{pair}/value"]:
		        out.append(sorted(e.name for e in os.scandir(path)))
		    for name in ["nothing", ".git", "subjects/nobody", "assertions/00000000"]:
		        assert not os.path.exists(f"{top}/{name}")
		    out.append(os.readlink(f"{pair}/target"))
		    return out
		def requests():
		    with open(log) as f:
		        return [line for line in f if " opcode: " in line and "FORGET" not in line]
		first = walk()
		assert len(first[files.index(f"{top}/subjects/large/p/claims.jsonl") * 2]) > 300000
		# Longer than a live mount lets the kernel believe anything. Not only once: what the
		# kernel has kept, the machine's owner may have it drop.
		for _ in range(5):
		    time.sleep(1.2)
		    before = requests()
		    assert walk() == first
		    after = [line for line in requests()[len(before):] if "IOCTL" not in line]
		    if not after:
		        break
		assert not after, after
		asked = " ".join(before)
		for name in ["OPEN (14)", "OPENDIR (27)", "FLUSH (25)"]:
		    assert asked.count(f"opcode: {name}") == 1, name
		assert "RELEASE" not in asked
	END
	melt "$F"
}

@test "it goes on while the live one stops, starts, is killed, and gets a new index" {
	local before seq pid
	some_facts
	seq=$(readlink "$M/at/now")
	freeze "$seq" "$F"
	freeze "$seq" "$G"
	before=$(seen "$M/at/$seq")
	pid=$(daemon_of "$G")
	unmount_store
	claims 20 -1 direct | "$STEMEFS" put "$S" inbox/direct
	[ "$(cat "$F/subjects/disputed/p/consensus")" = "$(cat "$G/subjects/disputed/p/consensus")" ]
	mount_store allow_other
	claims 20 -1 later > "$M/inbox/later"
	write_on
	kill_daemon
	[ "$(seen "$F")" = "$before" ]
	kill "$WRITER" 2> /dev/null || true
	rm -r "$S/index"
	mount_store allow_other
	# none of this was read there before: it goes over to the new index
	[ "$(seen "$G")" = "$before" ]
	sleep 0.3
	claims 5 -1 more > "$M/inbox/more"
	[ ! -e "$G/subjects/more0" ]
	run grep -c 'index.*deleted' "/proc/$pid/maps"
	[ "$output" -eq 0 ]
	# and the moment is the same for one that is mounted now
	melt "$F"
	freeze "$seq" "$F"
	[ "$(seen "$F")" = "$before" ]
}

@test "of a store that nobody has mounted, that was killed, that lost its index" {
	local before seq
	some_facts
	seq=$(readlink "$M/at/now")
	before=$(seen "$M/at/$seq")
	unmount_store
	freeze now "$F"
	[ "$(seen "$F")" = "$before" ]
	[ "$(findmnt -no FSTYPE,OPTIONS "$F" | grep -c "^fuse.stemefs@$seq *ro,nosuid,nodev,noexec")" -eq 1 ]
	# it holds nothing: others write, here and with a mount
	claim direct | "$STEMEFS" put "$S" inbox/x
	"$STEMEFS" check "$S" > /dev/null
	mount_store allow_other
	kill_daemon
	rm -r "$S/index"
	freeze "$seq" "$G"
	[ "$(seen "$G")" = "$before" ]
	[ "$("$STEMEFS" cat "$S" subjects/direct/p/value/consensus)" = 1 ]
	[ "$("$STEMEFS" status "$S" | grep -c ^mounted)" -eq 0 ]
}

@test "a time is the moment that at/<time> is" {
	local t
	write_on
	t=@$(date +%s.%N)
	freeze "$t" "$F"
	[ "$(findmnt -no FSTYPE "$F")" = "fuse.stemefs@$t" ]
	shows "$F" "$t"
	melt "$F"
	freeze 2020-01-01 "$F"
	[ -z "$(ls "$F/subjects")" ]
	[ "$(wc -c < "$F/events.jsonl")" -eq 0 ]
	freeze -1s "$G"
	[[ $(findmnt -no FSTYPE "$G") =~ ^fuse.stemefs@20[0-9-]+T[0-9:]+Z$ ]]
}

@test "what is no moment is refused, and what goes only with writing" {
	local last tomorrow
	claim a > "$M/inbox/a"
	last=$(readlink "$M/at/now")
	tomorrow=$(date -u -d tomorrow +%FT%TZ)
	says 32 'there is no record of that number; try at=seq-'"${last#seq-}"', the last' freeze seq-999 "$F"
	says 32 "at=$tomorrow is not past yet" freeze "$tomorrow" "$F"
	says 1 'at cannot be "yesterday"; try at=TIME|seq-N|now' freeze yesterday "$F"
	says 1 'at cannot be "seq-x"' "$STEMEFS" run -o at=seq-x "$S" -- true
	says 1 'autokey is for mounts that take writes' freeze now "$F" autokey=all
	says 1 'scrub is for mounts that take writes' "$STEMEFS" run -o at=now,scrub=5 "$S" -- true
	says 32 'the store '"$S"' is mounted there already' freeze now "$M"
	says 32 'is mounted already, on '"$M" "$STEMEFS" "$S" "$F"
	[ -z "$(ls -A "$F")" ]
}

@test "nothing can be changed, and the caller is who calls" {
	local uid mine
	"$STEMEFS" umount "$M"
	mount_store allow_other,autokey=all
	claim ours > "$M/inbox/a"
	as 1000 sh -c "echo '$(claim theirs)' > $M/inbox/b"
	freeze now "$F" allow_other
	for uid in 0 1000 0; do
		mine=$(as "$uid" readlink "$F/agents/me")
		[ "$mine" = "$(as "$uid" readlink "$M/agents/me")" ]
		[ "$(as "$uid" jq -r .agent "$F/agents/me/profile.json")" = "$mine" ]
	done
	[ "$(as 0 readlink "$F/agents/me")" != "$(as 1000 readlink "$F/agents/me")" ]
	fails as 1001 readlink "$F/agents/me"
	EXCEPT='rmdir|rename' as 0 python3 "$TOP/tests/lib/change.py" refused EROFS "$F/README.md" "$F/subjects" \
		"$F/subjects/ours/p" "$F/subjects/ours/p/consensus" "$F/events.jsonl"
	fails sh -c "echo 1 > '$F/subjects/ours/p/assert'"
	[ "$(as 1000 cat "$F/subjects/theirs/p/value/consensus")" = 1 ]
	# the live one is found as ever, and stays when this one goes
	"$STEMEFS" status "$S" | grep -q "^mounted *$M\$"
	melt "$F"
	claim again > "$M/inbox/a"
}

@test "mount(8)'s helper, and a namespace of one's own" {
	local t
	claim a > "$M/inbox/a"
	t=$(readlink "$M/at/now")
	claim b > "$M/inbox/b"
	"$STEMEFS" mount.stemefs "$S" "$F" -o "rw,noatime,log=$LOG,at=$t"
	[ "$(ls "$F/subjects")" = a ]
	# shellcheck disable=SC2016
	quiet "$STEMEFS" run -o "at=$t,log=$LOG" "$S" -- sh -c 'ls subjects; cat "$STEMEFS_MNT/subjects/a/p/value/consensus"'
	[ "$output" = $'a\n1' ]
}

@test "a store that cannot be written: as it is, but never under a writer" {
	local media=$BATS_TEST_TMPDIR/media seq
	claim a > "$M/inbox/a"
	seq=$(readlink "$M/at/now")
	mkdir "$media"
	mount --bind "$S" "$media" && mount -o remount,ro,bind "$media" || skip "no bind mounts here"
	says 32 'is being written to, and read-only here' "$STEMEFS" "$media" "$F" -o at=now
	kill_daemon
	# what a start would have to look at was looked at, and is as it must be
	"$STEMEFS" "$media" "$F" -o "at=now,log=$LOG"
	[ "$(ls "$F/subjects")" = a ]
	melt "$F"
	cp -r "$S/index" "$BATS_TEST_TMPDIR/older"
	mount_store allow_other
	claim b > "$M/inbox/b"
	kill_daemon
	rm -r "$S/index"
	says 32 'the index is not there, and here nothing can be written to mend that' \
		"$STEMEFS" "$media" "$F" -o at=now
	cp -r "$BATS_TEST_TMPDIR/older" "$S/index"
	says 32 'the index is behind the log, and here nothing can be written to mend that' \
		"$STEMEFS" "$media" "$F" -o at=now
	mount_store allow_other
	unmount_store
	"$STEMEFS" "$media" "$F" -o "at=$seq,log=$LOG"
	[ "$(ls "$F/subjects")" = a ]
	# nobody may write over what is read without a note
	says 32 'is in use' "$STEMEFS" "$S" "$M"
	melt "$F"
	mount_store allow_other
	shows "$M/at/$seq" "$seq"
}
