#!/usr/bin/env bats
# Nothing changes but by a record: what is no place to write to says "Read-only file system".
# sanitizers: asan (what is refused is refused before threads share anything)
load common
load ../lib/records
load ../lib/furnish

setup() {
	start "allow_other${OPTIONS:+,$OPTIONS}"
	open_the_way
	furnish
	GRAPH=$(graph_of "$M")
}
teardown() { stop; }

# As it was before the test.
is_unchanged() {
	diff <(echo "$GRAPH") <(graph_of "$M")
}

# Try it all: change [UID] …, see change.py.
change() {
	as "$1" python3 "$TOP/tests/lib/change.py" "${@:2}"
}

@test "root is told EROFS, whatever it tries, wherever" {
	local pair=$M/subjects/Tesla_Inc/has_revenue
	change 0 refused EROFS "$M/README.md" "$M/events.jsonl" \
		"$M"/.stemefs/{status,version,limits,head,metrics} \
		"$pair"/{consensus,recency,skeptic,claims.jsonl,history.jsonl,value/consensus,why/consensus} \
		"$M/.stemefs/uid/0/receipts/long" "$M/.stemefs/uid/0/last_receipt"
	change 0 refused EROFS "$pair" "$pair/value" "$pair/why" "$M/.stemefs" "$M/.stemefs/uid" \
		"$M/.stemefs/uid/0" "$M/.stemefs/uid/0/receipts"
	# places for what nobody has mentioned yet can be made there, and nothing else
	EXCEPT='mkdir in' change 0 refused EROFS "$M/subjects" "$M/subjects/Tesla_Inc"
	# in the inbox, cp -p and rsync -X had better hear that there are no attributes
	EXCEPT='create|create dot|mkdir in|mknod in|setxattr|removexattr' change 0 refused EROFS "$M/inbox"
	# the mount point itself is busy before it is read-only
	EXCEPT='rmdir|rename' change 0 refused EROFS "$M"
	is_unchanged
}

@test "another user is told EROFS, or EACCES where the mode says so already" {
	local pair=$M/subjects/Tesla_Inc/has_revenue
	# to change modes, owners and times of, or link to, what belongs to somebody else, the
	# kernel says EPERM itself
	EXCEPT='chmod|chown|utime|link' change 1000 refused 'EROFS|EACCES' "$M/README.md" "$M/events.jsonl" \
		"$M"/.stemefs/{status,head} "$pair"/{consensus,claims.jsonl,value/consensus,why/consensus} \
		"$pair" "$pair/value" "$M/.stemefs" "$M/.stemefs/uid"
	# who may write there by its mode hears it from us
	EXCEPT='chmod|chown|utime|touch|mkdir in|rmdir|rename' change 1000 refused EROFS "$M/subjects" "$M/subjects/Tesla_Inc"
	EXCEPT='rmdir|rename|chmod|chown|utime' change 1000 refused 'EROFS|EACCES' "$M"
	is_unchanged
}

@test "ENOSYS, EINTR, EAGAIN and EPIPE are never answered" {
	local uid
	for uid in 0 1000; do
		change "$uid" never 'ENOSYS|EINTR|EAGAIN|EPIPE' "$M/README.md" "$M/inbox" "$M/subjects" \
			"$M/subjects/Tesla_Inc/ceo" "$M/subjects/Tesla_Inc/ceo/consensus" "$M/.stemefs"
	done
	python3 - "$M/subjects/Tesla_Inc/ceo" <<-'END'
		import errno, fcntl, os, select, sys
		path = sys.argv[1]
		fd, folder = os.open(f"{path}/consensus", os.O_RDONLY), os.open(path, os.O_RDONLY)
		def answer(call):
		    try:
		        call()
		        return "done"
		    except OSError as e:
		        return errno.errorcode[e.errno]
		assert answer(lambda: os.fsync(fd)) == "done"
		assert answer(lambda: os.fdatasync(fd)) == "done"
		assert answer(lambda: os.fsync(folder)) == "done"
		assert answer(lambda: os.posix_fallocate(fd, 0, 100)) == "EBADF"
		assert answer(lambda: os.ftruncate(fd, 0)) == "EINVAL"
		assert answer(lambda: os.write(fd, b"x")) == "EBADF"
		assert answer(lambda: fcntl.ioctl(fd, 0x5401)) == "ENOTTY"
		assert answer(lambda: fcntl.flock(fd, fcntl.LOCK_EX)) == "done"
		assert answer(lambda: fcntl.lockf(fd, fcntl.LOCK_SH)) == "done"
		assert answer(lambda: os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_WILLNEED)) == "done"
		assert answer(lambda: os.statvfs(fd)) == "done"
		out = os.memfd_create("copy")
		size = os.fstat(fd).st_size
		assert os.sendfile(out, fd, 0, size) == size
		assert answer(lambda: os.copy_file_range(fd, out, size, 0, 0)) in ("done", "EXDEV", "EINVAL")
		poll = select.poll()
		poll.register(fd, select.POLLIN)
		assert poll.poll(1000) == [(fd, select.POLLIN)]
	END
	[ "$(stat -f -c %T "$M")" = fuseblk ] || [ "$(stat -f -c %l "$M")" -eq 255 ]
	is_unchanged
}

@test "rm -rf changes nothing, and says so" {
	local uid
	for uid in 0 1000; do
		run as "$uid" sh -c "rm -rf \"$M\"/*"
		[ "$status" -eq 1 ]
		[[ $output == *"cannot remove '$M/README.md': "* ]]
		[[ $output == *"subjects/Tesla_Inc/has_revenue/consensus': "* ]]
		[ -z "$(grep -v 'Read-only file system$\|Permission denied$' <<< "$output")" ]
		is_unchanged
		run as "$uid" rm -rf "$M"
		[ "$status" -eq 1 ]
		is_unchanged
	done
	# of the inbox, one's own names are gone: bookkeeping
	[ -z "$(ls -A "$M/inbox")" ]
	run find "$M/subjects" -delete
	[ "$status" -eq 1 ]
	is_unchanged
}

@test "rename: EXDEV out of the inbox, EROFS from anywhere else" {
	claim moved > "$M/inbox/moved"
	GRAPH=$(graph_of "$M")
	rename() {
		python3 -c '
import errno, os, sys
try:
    os.rename(sys.argv[1], sys.argv[2])
    print("done")
except OSError as e:
    print(errno.errorcode[e.errno])' "$1" "$2"
	}
	[ "$(rename "$M/inbox/moved" "$M/subjects/moved2")" = EXDEV ]
	[ "$(rename "$M/inbox/moved" "$M/moved")" = EXDEV ]
	[ "$(rename "$M/inbox/moved" "$M/subjects/Tesla_Inc/ceo/consensus")" = EXDEV ]
	[ "$(rename "$M/inbox/moved" "$BATS_TEST_TMPDIR/moved")" = EXDEV ]
	[ "$(rename "$M/inbox/lane" "$M/subjects/lane")" = EXDEV ]
	[ "$(rename "$M/README.md" "$M/inbox/readme")" = EROFS ]
	[ "$(rename "$M/subjects/Tesla_Inc" "$M/subjects/Tesla")" = EROFS ]
	[ "$(rename "$M/subjects/Tesla_Inc/ceo/consensus" "$M/subjects/Tesla_Inc/ceo/skeptic")" = EROFS ]
	[ "$(rename "$M/events.jsonl" "$BATS_TEST_TMPDIR/events.jsonl")" = EXDEV ]
	[ -e "$M/inbox/moved" ]
	is_unchanged
	# mv then copies, and fails there
	fails mv "$M/inbox/moved" "$M/subjects/Tesla_Inc/"
	[[ $output == *"Read-only file system"* ]]
	[ -e "$M/inbox/moved" ]
	mv "$M/inbox/moved" "$BATS_TEST_TMPDIR/moved"
	[ "$(cat "$BATS_TEST_TMPDIR/moved")" = "$(claim moved)" ]
	is_unchanged
}

@test "access(2): who may read, write and enter what" {
	may() { # UID R|W|X PATH
		as "$1" python3 -c '
import os, sys
print("yes" if os.access(sys.argv[2], getattr(os, sys.argv[1] + "_OK")) else "no")' "$2" "$3"
	}
	local uid
	for uid in 0 1000; do
		[ "$(may "$uid" R "$M/subjects/Tesla_Inc/ceo/consensus")" = yes ]
		[ "$(may "$uid" X "$M/subjects/Tesla_Inc/ceo/consensus")" = no ]
		[ "$(may "$uid" X "$M/subjects/Tesla_Inc/ceo")" = yes ]
		[ "$(may "$uid" W "$M/subjects/Tesla_Inc/ceo/assert")" = yes ]
		[ "$(may "$uid" R "$M/subjects/Tesla_Inc/ceo/vote")" = yes ]
		[ "$(may "$uid" W "$M/inbox")" = yes ]
		[ "$(may "$uid" X "$M/inbox/long")" = no ]
		[ "$(may "$uid" F "$M/nothing")" = no ]
	done
	[ "$(may 1000 W "$M/subjects/Tesla_Inc/ceo/consensus")" = no ]
	[ "$(may 1000 W "$M/README.md")" = no ]
	[ "$(may 1000 R "$M/inbox/long")" = no ]
	[ "$(may 1000 X "$M/.stemefs/uid/0")" = no ]
	[ ! -x "$M/subjects/Tesla_Inc/ceo/consensus" ]
}

@test "nothing on the mount can be run" {
	printf '#!/bin/sh\necho ran\n' > "$M/inbox/.script"
	chmod 755 "$M/inbox/.script"
	fails "$M/inbox/.script"
	[ "$output" != ran ]
	findmnt -no OPTIONS "$M" | grep -q nosuid,nodev,noexec
}

@test "-o ro: reads as ever, and EROFS for every write" {
	unmount_store
	mount_store allow_other,ro
	is_unchanged
	fails sh -c "echo '{}' > '$M/inbox/x'"
	[[ $output == *"Read-only file system"* ]]
	fails sh -c "echo 1 > '$M/subjects/Tesla_Inc/ceo/assert'"
	[[ $output == *"Read-only file system"* ]]
	fails mkdir "$M/subjects/new"
	[[ $output == *"Read-only file system"* ]]
	EXCEPT=touch change 0 refused EROFS "$M/README.md" "$M/inbox" "$M/subjects" "$M/subjects/Tesla_Inc/ceo" "$M/subjects/Tesla_Inc/ceo/assert"
	findmnt -no OPTIONS "$M" | grep -q '^ro,'
	is_unchanged
}
