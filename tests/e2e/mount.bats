#!/usr/bin/env bats
# Mounting and unmounting: it works at once, or it says in one sentence why not.
load common
load ../lib/records
load ../lib/furnish

setup() {
	cd "$BATS_TEST_TMPDIR"
	S=$BATS_TEST_TMPDIR/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	"$STEMEFS" init "$S"
	mkdir "$M"
}
teardown() { cd / && stop; }

# sentence STATUS TEXT COMMAND…: it fails so, with one sentence that has this text.
sentence() {
	says "$@"
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == "stemefs: "* ]]
	[ "$(wc -l <<< "$stderr")" -eq 1 ]
}

is_mounted() {
	mountpoint -q "${1:-$M}"
}

# gone PID: the daemon has ended (or waits for nobody to reap it).
gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# As nobody (fusermount3 wants a uid that has a name), who can open /dev/fuse here, as on
# most systems everybody can.
USER_ID=65534
as_user() {
	install -d -o "$USER_ID" -g "$USER_ID" "$BATS_TEST_TMPDIR/home"
	open_the_way
	[ -e "$BATS_TEST_TMPDIR/fuse" ] || mknod -m 666 "$BATS_TEST_TMPDIR/fuse" c 10 229 || skip "cannot make a device"
	unshare -m bash -euc 'mount --bind "$0/fuse" /dev/fuse && cd "$0/home" &&
		exec setpriv --reuid='"$USER_ID --regid=$USER_ID"' --clear-groups "$@"' "$BATS_TEST_TMPDIR" "$@"
}

# In a chroot, and where an administrator has turned them off, there are none.
wants_user_namespaces() {
	as_user unshare -Urm true 2>/dev/null || skip "no user namespaces here"
}

# ---- what is refused, before anything is mounted ----

@test "a missing store" {
	sentence 32 "No such file or directory; try stemefs init /nonexistent" "$STEMEFS" /nonexistent "$M"
	sentence 32 "No such file or directory" "$STEMEFS" mount ./nonexistent mnt
	[[ $stderr == *"./nonexistent"* ]]
}

@test "what is not a store" {
	mkdir other
	sentence 32 "is not a store; try stemefs init" "$STEMEFS" mount other mnt
	sentence 32 "is not a directory, so not a store" "$STEMEFS" /etc/passwd mnt
	echo 'something else' > other/format
	sentence 32 "" "$STEMEFS" mount other mnt
	fails is_mounted
}

@test "a mount point that is missing, a file, not empty, or the store" {
	sentence 32 "missing: No such file or directory; try mkdir missing" "$STEMEFS" "$S" missing
	sentence 32 "is not a directory" "$STEMEFS" "$S" /etc/passwd
	echo precious > mnt/file
	sentence 32 "not empty" "$STEMEFS" "$S" mnt
	[ "$(cat mnt/file)" = precious ]
	sentence 32 "lies in the store" "$STEMEFS" "$S" "$S/wal"
	sentence 32 "" "$STEMEFS" "$S" "$S"
	sentence 32 "would be hidden" "$STEMEFS" "$S" "$BATS_TEST_TMPDIR"
}

@test "a mount point, or a store, that is missing from the command line" {
	sentence 1 "DIR is missing" "$STEMEFS" mount "$S"
	sentence 1 "STORE and DIR are missing" "$STEMEFS" mount
	sentence 1 "too many arguments" "$STEMEFS" mount "$S" mnt mnt
}

@test "a store that is mounted already, and a mount point that is taken" {
	local pid
	mount_store
	pid=$(daemon_pid)
	mkdir other
	sentence 32 "is mounted already, on $M; try stemefs umount $M" "$STEMEFS" "$S" other
	sentence 32 "mounted" "$STEMEFS" "$S" mnt
	"$STEMEFS" init second
	sentence 32 "the store $S is mounted there already" "$STEMEFS" second mnt
	# even where this mount cannot be seen
	run unshare -m sh -c "umount '$M'; '$STEMEFS' '$S' other"
	[ "$status" -eq 32 ]
	[[ $output == *"in use by"*"$pid"* ]]
	[ "$(daemon_pid)" = "$pid" ]
	is_mounted
	fails is_mounted other
}

@test "unknown options, with the one that was meant" {
	sentence 1 'unknown option "alow_other"; try allow_other' "$STEMEFS" "$S" mnt -o alow_other
	sentence 1 'unknown option "nonsense"' "$STEMEFS" "$S" mnt -o rw,nonsense=1
	sentence 1 "autokey" "$STEMEFS" "$S" mnt -o autokey=some
	sentence 1 "cache" "$STEMEFS" "$S" mnt -o cache=much
	sentence 1 "needs a value" "$STEMEFS" "$S" mnt -o log
	sentence 1 "takes no value" "$STEMEFS" "$S" mnt -o allow_other=1
	sentence 1 "unknown flag -q" "$STEMEFS" "$S" mnt -q
	sentence 32 "remount is not possible" "$STEMEFS" "$S" mnt -o remount
	sentence 32 "remount is not possible" "$STEMEFS" "$S" mnt -o remount,ro
	fails is_mounted
}

@test "a clock that is far behind the log" {
	mount_store
	claim a > "$M/inbox/a"
	unmount_store
	python3 "$TOP/tests/lib/later.py" "$S" 3600
	rm -r "$S/index"
	sentence 32 "clock=accept" "$STEMEFS" "$S" mnt
	[[ $stderr == *clock* ]]
	fails is_mounted
	"$STEMEFS" "$S" mnt -o clock=accept,log="$BATS_TEST_TMPDIR/clocklog"
	# times do not go back
	claim b > mnt/inbox/b
	[ "$(jq -s 'map(.received_at) == (map(.received_at) | sort)' mnt/events.jsonl)" = true ]
	unmount_store
	# what is within five minutes is nothing to speak of
	"$STEMEFS" init second && mkdir second_mnt
	"$STEMEFS" second second_mnt
	claim a > second_mnt/inbox/a
	"$STEMEFS" umount second_mnt
	python3 "$TOP/tests/lib/later.py" second 200
	rm -r second/index
	"$STEMEFS" second second_mnt
	"$STEMEFS" umount second_mnt
}

@test "what was refused leaves the store as it was" {
	local before
	before=$(find "$S" -type f -exec b3sum {} + | sort)
	sentence 1 "" "$STEMEFS" "$S" mnt -o nonsense
	sentence 32 "" "$STEMEFS" "$S" missing
	[ "$(find "$S" -type f -exec b3sum {} + | sort)" = "$before" ]
	mount_store
	claim a > "$M/inbox/a"
}

# ---- what works ----

@test "success means that the mount answers, and everything is there at once" {
	local i
	for i in 1 2 3 4 5; do
		"$STEMEFS" "$S" mnt -o log="$LOG"
		[ "$(stat -c %i mnt)" -eq 1 ]
		claim "s$i" "$i" > mnt/inbox/a
		[ "$(cat "mnt/subjects/s$i/p/value/consensus")" = "$i" ]
		"$STEMEFS" umount mnt
		[ -z "$(ls -A mnt)" ]
	done
	[ "$(findmnt -rn -t fuse.stemefs -o TARGET | grep -c "^$M$")" -eq 0 ]
}

@test "mountinfo names the store and the type; nosuid, nodev and noexec" {
	mount_store
	[ "$(findmnt -no SOURCE,FSTYPE "$M" | tr -s ' ')" = "$S fuse.stemefs" ]
	findmnt -no OPTIONS "$M" | grep -q 'nosuid,nodev,noexec.*default_permissions'
}

@test "relative paths, blanks and odd names" {
	local odd=$'o d\\d\n,é'
	mkdir -p "$odd/sub"
	"$STEMEFS" init "$odd/s t"
	cd "$odd"
	quiet "$STEMEFS" "s t" sub
	claim a > sub/inbox/a
	quiet "$STEMEFS" status "./s t"
	[[ $output == *"mounted"*"$odd/sub"* ]]
	quiet "$STEMEFS" cat "s t" subjects/a/p/value/consensus
	[ "$output" = 1 ]
	quiet "$STEMEFS" umount ./sub
	ln -s sub link
	quiet "$STEMEFS" ../store link/
	[ -e sub/README.md ]
	quiet "$STEMEFS" umount link
	[ ! -e sub/README.md ]
}

@test "stemefs STORE DIR and stemefs mount STORE DIR, with options in any place" {
	quiet "$STEMEFS" -o ro "$S" mnt
	findmnt -no OPTIONS "$M" | grep -q '^ro'
	quiet "$STEMEFS" umount mnt
	quiet "$STEMEFS" mount -v "$S" mnt
	[ "$output" = "stemefs: $S mounted on $M" ]
	quiet "$STEMEFS" umount mnt
	quiet "$STEMEFS" mount "$S" -o rw mnt -o noatime
	is_mounted
}

@test "the daemon keeps nothing of who started it" {
	local pid
	exec 7> held
	mount_store
	exec 7>&-
	pid=$(daemon_pid)
	[ "$(readlink "/proc/$pid/cwd")" = / ]
	[ -z "$(find "/proc/$pid/fd" -lname "$BATS_TEST_TMPDIR/held")" ]
	[ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ]
	[ "$(ps -o tty= -p "$pid" | tr -d ' ')" = '?' ]
	# a pipe that waits for its writers sees the end of it
	[ "$(timeout 20 sh -c "'$STEMEFS' umount '$M' && '$STEMEFS' '$S' '$M' -o log='$LOG' 2>&1" | cat)" = "" ]
	is_mounted
}

# ---- mount(8) ----

@test "the helper: STORE DIR -o … as mount(8) calls it, and with its flags" {
	ln -s "$STEMEFS" mount.stemefs
	quiet ./mount.stemefs "$S" mnt -o rw
	is_mounted
	"$STEMEFS" umount mnt
	quiet ./mount.stemefs "$S" mnt -n -o rw,nosuid,nodev -t fuse.stemefs
	is_mounted
	"$STEMEFS" umount mnt
	quiet ./mount.stemefs "$S" mnt -v -o rw
	[[ $output == *"mounted on $M"* ]]
	"$STEMEFS" umount mnt
	quiet "$STEMEFS" mount.stemefs "$S" mnt -o rw
	is_mounted
}

@test "the helper: -f is fake, which checks and mounts nothing" {
	ln -s "$STEMEFS" mount.stemefs
	quiet ./mount.stemefs "$S" mnt -f -o rw
	fails is_mounted
	[ ! -s "$S/lock" ] || gone "$(daemon_pid)"
	sentence 32 "No such file" ./mount.stemefs /nonexistent mnt -f -o rw
	sentence 32 "No such file" ./mount.stemefs "$S" missing -fnv -o rw
	sentence 1 'unknown option' ./mount.stemefs "$S" mnt -f -o rw,nonsense
}

@test "the helper: options of fstab are passed over, and with -s unknown ones" {
	ln -s "$STEMEFS" mount.fuse.stemefs
	quiet ./mount.fuse.stemefs "$S" mnt -o rw,user,users,owner,group,nofail,_netdev,relatime,noauto,defaults,x-systemd.automount,x-gvfs-show,suid,dev
	is_mounted
	"$STEMEFS" umount mnt
	quiet ./mount.fuse.stemefs "$S" mnt -s -o rw,nonsense,other=7
	is_mounted
	"$STEMEFS" umount mnt
	sentence 32 "remount is not possible" ./mount.fuse.stemefs "$S" mnt -o remount,rw
}

@test "the script mount.stemefs starts the program that was built beside it" {
	mkdir -p tree/build/release
	cp "$TOP/mount.stemefs" tree/
	ln -s "$STEMEFS" tree/build/release/stemefs
	quiet tree/mount.stemefs "$S" mnt -o rw
	is_mounted
	"$STEMEFS" umount mnt
	ln -s tree/mount.stemefs mount.stemefs
	quiet env -i ./mount.stemefs "$S" mnt -o rw
	is_mounted
	"$STEMEFS" umount mnt
	# one that is installed
	mkdir sbin
	cp "$TOP/mount.stemefs" sbin/
	run env PATH=/nonexistent /bin/sh sbin/mount.stemefs "$S" mnt -o rw
	[ "$status" -eq 0 ] || [[ $output == *"not installed"* ]]
}

@test "mount -t stemefs and mount -t fuse.stemefs" {
	# where it is installed, for mount(8) to find; in a namespace of our own
	unshare -m bash -euc '
		mkdir up work && mount -t tmpfs none work && mkdir work/{up,work}
		mount -t overlay -o lowerdir=/sbin,upperdir=work/up,workdir=work/work none /sbin
		ln -sf "$1" /sbin/mount.stemefs
		ln -sf "$1" /sbin/mount.fuse.stemefs
		mount -t stemefs "$2" "$3" -o noatime
		[ -e "$3/README.md" ]
		"$1" umount "$3"
		mount -t fuse.stemefs "$2" "$3"
		[ -e "$3/README.md" ]
		umount "$3"
		status=0
		mount -t stemefs /nonexistent "$3" 2> err || status=$?
		[ "$status" -eq 32 ]
		grep "stemefs: /nonexistent: No such file" err' - "$STEMEFS" "$S" "$M" || {
		grep -q overlay /proc/filesystems && return 1
		skip "no overlay"
	}
}

# ---- the end of it ----

@test "SIGTERM unmounts and ends the daemon" {
	local pid
	mount_store
	claim a > mnt/inbox/a
	pid=$(daemon_pid)
	kill -TERM "$pid"
	eventually gone "$pid"
	fails is_mounted
	[ -z "$(ls -A mnt)" ]
	mount_store
	[ "$(value a p)" = 1 ]
}

@test "SIGTERM while a file is open, and while writers write" {
	local pid writer
	mount_store
	claim a > mnt/inbox/a
	pid=$(daemon_pid)
	(i=0; while claim "s$((i++))" > mnt/inbox/w; do :; done) 2> /dev/null 3>&- &
	writer=$!
	exec 6< mnt/subjects/a/p/consensus
	sleep 0.2
	kill -TERM "$pid"
	eventually gone "$pid"
	exec 6<&-
	eventually gone "$writer"
	wait "$writer" || true
	fails is_mounted
	mount_store
	# none that was acknowledged is lost: whole and in order
	[ "$(jq -s 'map(.seq) == [range(1; length + 1)]' mnt/events.jsonl)" = true ]
	[ "$(value a p)" = 1 ]
}

@test "umount, fusermount3 -u and stemefs umount end the daemon; then it mounts again at once" {
	local pid how
	for how in "umount" "fusermount3 -u" "$STEMEFS umount"; do
		mount_store
		claim "${how//[^a-z]/_}" > mnt/inbox/a
		pid=$(daemon_pid)
		$how "$M"
		fails is_mounted
		mount_store
		[ "$(daemon_pid)" != "$pid" ]
		unmount_store
		eventually gone "$pid"
	done
	mount_store
	[ "$(jq -s length mnt/events.jsonl)" -eq 4 ]
}

@test "umount: what is in use, and what is no mount of ours" {
	mount_store
	(cd mnt && sentence 32 "is in use; try" "$STEMEFS" umount "$M")
	is_mounted
	sentence 32 "no store is mounted there" "$STEMEFS" umount "$BATS_TEST_TMPDIR"
	sentence 32 "No such file" "$STEMEFS" umount missing
	sentence 1 "one DIR is expected" "$STEMEFS" umount
	sentence 1 "one DIR is expected" "$STEMEFS" umount mnt mnt
	# lazily it goes, and lives on until its user has gone
	exec 6< mnt/README.md
	quiet "$STEMEFS" umount -l mnt
	fails is_mounted
	[[ $(head -n 1 <&6) == "# stemefs"* ]]
	exec 6<&-
	eventually gone "$(daemon_pid)"
	quiet "$STEMEFS" "$S" mnt -o log="$LOG"
	quiet "$STEMEFS" umount --wait mnt
}

@test "kill -9: the same command again, over the dead mount, and nothing is lost" {
	local pid
	mount_store
	claim a 7 > mnt/inbox/a
	pid=$(daemon_pid)
	kill -9 "$pid"
	eventually gone "$pid"
	fails ls mnt
	[[ $output == *connect* ]] # not connected any more, or aborted just now
	run "$STEMEFS" "$S" mnt -o log="$LOG"
	[ "$status" -eq 0 ]
	[ "$output" = "stemefs: mnt: a dead mount was there; detached" ]
	[ "$(value a p)" = 7 ]
	[ "$(findmnt -rn -t fuse.stemefs -o TARGET | grep -c "^$M$")" -eq 1 ]
	# and unmounting a dead one
	kill -9 "$(daemon_pid)"
	quiet "$STEMEFS" umount mnt
	fails is_mounted
	mount_store
	[ "$(value a p)" = 7 ]
}

@test "in the foreground with -f, until it is told to end" {
	"$STEMEFS" "$S" mnt -f 2> err 3>&- &
	local pid=$!
	eventually is_mounted
	[ "$(daemon_pid)" = "$pid" ]
	claim a > mnt/inbox/a
	kill -TERM "$pid"
	wait "$pid"
	fails is_mounted
	[ ! -s err ]
}

# ---- who else ----

@test "allow_other lets other users in, and without it nobody" {
	open_the_way
	mount_store
	fails as 1000 ls "$M"
	[[ $output == *"Permission denied"* ]]
	fails as 1000 cat "$M/README.md"
	unmount_store
	mount_store allow_other
	claim a > mnt/inbox/a
	[ "$(as 1000 cat "$M/subjects/a/p/value/consensus")" = 1 ]
	[ "$(as 1000 readlink "$M/receipts")" = .stemefs/uid/1000/receipts ]
}

@test "autokey: none, owner, all" {
	open_the_way
	mount_store allow_other,autokey=none
	fails sh -c "echo '$(claim a)' > '$M/inbox/a'"
	[ "$(why code)" = EACCES ]
	unmount_store
	mount_store allow_other
	claim a > mnt/inbox/a
	fails as 1000 sh -c "echo '$(claim b)' > '$M/inbox/b'"
	[[ $(as 1000 cat "$M/.stemefs/last_error") == *"has no key"*"autokey=all"* ]]
	[ ! -e mnt/subjects/b ]
	unmount_store
	mount_store allow_other,autokey=all
	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/b'"
	[ "$(jq -r '.signers[0]' mnt/subjects/b/p/consensus)" = "$(agent_of 1000)" ]
	[ "$(agent_of 1000)" != "$(agent_of 0)" ]
}

@test "a plain user mounts, writes and unmounts" {
	[ -e /etc/mtab ] || skip "no /etc/mtab, which fusermount3 reads"
	as_user bash -euc '
		"$0" init s && mkdir m && "$0" s m
		echo "{\"subject\":\"a\",\"predicate\":\"p\",\"object\":1}" > m/inbox/a
		[ "$(cat m/subjects/a/p/value/consensus)" = 1 ]
		[ "$(stat -c %u m)" = "$1" ]
		"$0" umount m
		[ -z "$(ls -A m)" ]
		"$0" s m && fusermount3 -u m' "$STEMEFS" "$USER_ID"
}

@test "in a user namespace, where one is root by name only" {
	wants_user_namespaces
	as_user unshare -Urm bash -euc '
		"$0" init s && mkdir m && "$0" s m
		echo "{\"subject\":\"a\",\"predicate\":\"p\",\"object\":1}" > m/inbox/a
		[ "$(cat m/subjects/a/p/value/consensus)" = 1 ]
		"$0" umount m' "$STEMEFS"
}

# ---- stemefs run ----

@test "run: the command sees the store as files, and nobody else does" {
	quiet "$STEMEFS" run "$S" -- sh -c 'echo "{\"subject\":\"a\",\"predicate\":\"p\",\"object\":5}" > inbox/a && cat "$STEMEFS_MNT/subjects/a/p/value/consensus"; pwd; findmnt -rn -t fuse.stemefs -o SOURCE | grep -c "'"$S"'"'
	[ "${lines[0]}" = 5 ]
	[[ ${lines[1]} == /tmp/stemefs.* ]]
	[ "${lines[2]}" -eq 1 ]
	[ ! -e "${lines[1]}" ]
	[ "$(findmnt -rn -t fuse.stemefs -o SOURCE | grep -cx "$S")" -eq 0 ]
	gone "$(daemon_pid)"
	mount_store
	[ "$(value a p)" = 5 ]
}

@test "run: exit status, signals, standard streams" {
	run "$STEMEFS" run "$S" -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
	run "$STEMEFS" run "$S" -- sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
	sentence 127 "No such file" "$STEMEFS" run "$S" -- no_such_command
	sentence 126 "Permission denied" "$STEMEFS" run "$S" -- /etc/passwd
	[ "$(echo in | "$STEMEFS" run -o ro "$S" cat)" = in ]
	run "$STEMEFS" run -o ro "$S" -- mkdir subjects/a
	[ "$status" -eq 1 ]
	sentence 32 "No such file" "$STEMEFS" run /nonexistent -- true
	sentence 1 "expected" "$STEMEFS" run "$S"
	sentence 1 "expected" "$STEMEFS" run "$S" --
	sentence 1 "unknown option" "$STEMEFS" run -o nonsense "$S" -- true
}

@test "run: without any privilege, keeping one's uid" {
	wants_user_namespaces
	as_user bash -euc '
		"$0" init s
		[ "$("$0" run s -- id -u)" = "$1" ]
		"$0" run s -- sh -c "echo 1 > inbox/a" 2> /dev/null && exit 9
		echo "{\"subject\":\"a\",\"predicate\":\"p\",\"object\":1}" > a.json
		"$0" run s -- sh -c "cp \"\$0\" inbox/ && cat subjects/a/p/value/consensus" "$PWD/a.json" | grep -x 1
		[ "$("$0" key list s | cut -d" " -f1 | sort | paste -sd" ")" = "$1 store" ]
		status=0; "$0" run s -- sh -c "exit 7" || status=$?
		[ "$status" -eq 7 ]
		unshare -Urm "$0" run s -- cat subjects/a/p/value/consensus' "$STEMEFS" "$USER_ID"
}

# ---- the index is disposable ----

@test "without its index a store shows the same tree" {
	local before
	mount_store
	furnish
	before=$(graph_of "$M")
	unmount_store
	rm -r "$S/index"
	mount_store
	[ "$(graph_of "$M")" = "$before" ]
	# also one that is no index at all
	unmount_store
	find "$S/index" -type f -exec sh -c 'head -c 20000 /dev/urandom > "$1"' - {} \;
	"$STEMEFS" "$S" mnt -o log="$BATS_TEST_TMPDIR/indexlog"
	[ "$(graph_of "$M")" = "$before" ]
}
