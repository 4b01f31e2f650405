#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Who speaks is who opened the file; nobody can speak for somebody else.
load common
load ../lib/records
setup() {
	start allow_other,autokey=all
	open_the_way
}
teardown() { stop; }

# The agents that signed the only claim on a subject: signers SUBJECT
signers() {
	jq -r '.signers | join(" ")' "$M/subjects/$1/p/consensus"
}

remount() {
	unmount_store
	mount_store "$@"
}

@test "every uid has a key of its own, and keeps it" {
	local root
	claim a > "$M/inbox/f"
	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/g'"
	as 1001 sh -c "echo '$(claim c)' > '$M/inbox/h'"
	[ "$(signers a)" = "$(agent_of 0)" ]
	[ "$(signers b)" = "$(agent_of 1000)" ]
	[ "$(signers c)" = "$(agent_of 1001)" ]
	[ "$(printf '%s\n' "$(signers a)" "$(signers b)" "$(signers c)" | sort -u | grep -c '^[0-9a-f]\{64\}$')" -eq 3 ]
	root=$(signers a)
	remount allow_other,autokey=all
	claim d > "$M/inbox/f"
	[ "$(signers d)" = "$root" ]
	[ "$(jq -r 'select(.kind == "setting").agent' "$M/events.jsonl" | sort -u | wc -l)" -eq 3 ]
	[ "$(records)" -eq 7 ] # four claims, three admissions
}

@test "many first writes at once make one key" {
	local i writers=()
	for i in 1 2 3 4 5 6 7 8; do
		as 1000 sh -c "echo '$(claim "s$i")' > '$M/inbox/n$i'" &
		writers+=($!)
	done
	wait "${writers[@]}"
	for i in 1 2 3 4 5 6 7 8; do
		[ "$(signers "s$i")" = "$(agent_of 1000)" ]
	done
	[ "$(grep -c '"admit"' "$M/events.jsonl")" -eq 1 ]
}

@test "opened by root, written by another: root speaks" {
	as 1000 sh -c "echo '$(claim a)' >&3" 3> "$M/inbox/f"
	[ "$(signers a)" = "$(agent_of 0)" ]
	[ "$(agent_of 1000)" = "" ]
	[ "$(jq -r .status "$M/receipts/f")" = accepted ]
}

@test "opened by another, written by root: the other speaks" {
	python3 - "$M/inbox/f" "$(claim a)" <<-'END'
		import os, socket, sys
		ours, theirs = socket.socketpair()
		if os.fork() == 0:
		    os.setresgid(1000, 1000, 1000)
		    os.setresuid(1000, 1000, 1000)
		    fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600)
		    socket.send_fds(theirs, [b"x"], [fd])
		    os._exit(0)
		theirs.close()  # so that a child that fails is not waited for
		_, (fd,), _, _ = socket.recv_fds(ours, 1, 1)
		assert os.getuid() == 0
		os.write(fd, sys.argv[2].encode())
	END
	[ "$(signers a)" = "$(agent_of 1000)" ]
	[ "$(agent_of 0)" = "" ]
	[ "$(as 1000 jq -r .status "$M/receipts/f")" = accepted ]
}

@test "a process that changes its uid after the open speaks as before" {
	python3 - "$M/inbox" "$(claim a)" "$(claim b)" <<-'END'
		import os, sys
		os.seteuid(1000)
		fd = os.open(sys.argv[1] + "/f", os.O_WRONLY | os.O_CREAT)
		os.seteuid(0)
		os.write(fd, sys.argv[2].encode())
		fd = os.open(sys.argv[1] + "/g", os.O_WRONLY | os.O_CREAT)
		os.setresuid(1000, 1000, 1000)
		os.write(fd, sys.argv[3].encode())
	END
	[ "$(signers a)" = "$(agent_of 1000)" ]
	[ "$(signers b)" = "$(agent_of 0)" ]
}

@test "assert and vote sign for who opens them, too" {
	claim a > "$M/inbox/f"
	as 1000 sh -c "echo 2 > '$M/subjects/a/p/assert'"
	[ "$(tail -n 1 "$M/events.jsonl" | jq -r '.agents[0]')" = "$(agent_of 1000)" ]
	as 1001 sh -c "echo '=2 1' >&3" 3> "$M/subjects/a/p/vote"
	[ "$(tail -n 1 "$M/events.jsonl" | jq -r '.kind, .agents[0]' | xargs)" = "vote $(agent_of 0)" ]
}

@test "the same words with the same time, said by another, are one claim with two signers" {
	local words='{"subject":"a","predicate":"p","object":1,"timestamp":"2020-01-01T00:00:00Z"}'
	echo "$words" > "$M/inbox/f"
	as 1000 sh -c "echo '$words' > '$M/inbox/g'"
	[ "$(as 1000 jq -r .id "$M/receipts/g")" = "$(receipt f id)" ]
	[ "$(signers a | xargs -n 1 | sort)" = "$( (agent_of 0; agent_of 1000) | sort)" ]
	as 1000 sh -c "echo '$words' > '$M/inbox/g'"
	[ "$(as 1000 jq -r .status "$M/receipts/g")" = duplicate ]
	[ "$(jq .candidates "$M/subjects/a/p/consensus")" -eq 1 ]
}

# A uid without a key is told so, and nothing is stored.
refused_without_key() { # UID TEXT
	local before
	before=$(records)
	fails as "$1" bash -c "echo '$2' > '$M/inbox/of$1'"
	[[ $output == *"Permission denied"* ]]
	[ "$(records)" -eq "$before" ]
	as "$1" jq -e '.code == "EACCES" and (.message | contains("key")) and
		(.hint | contains("autokey=all"))' "$M/.stemefs/last_error"
	[ "$(as "$1" jq -r .status "$M/receipts/of$1")" = refused ]
	[ "$(agent_of "$1")" = "" ]
}

@test "by default the one who mounts has a key, and others are refused with a hint" {
	remount allow_other
	claim a > "$M/inbox/f"
	[ "$(signers a)" = "$(agent_of 0)" ]
	refused_without_key 1000 "$(claim b)"
	fails as 1000 sh -c "echo 2 > '$M/subjects/a/p/assert'"
	[ "$(records)" -eq 2 ]
	# what is signed already needs no key here
	"$STEMEFS" key new "$BATS_TEST_TMPDIR/key"
	claim b | "$STEMEFS" sign --key "$BATS_TEST_TMPDIR/key" > "$BATS_TEST_TMPDIR/signed"
	chmod 644 "$BATS_TEST_TMPDIR/signed"
	as 1000 cp "$BATS_TEST_TMPDIR/signed" "$M/inbox/g"
	[ "$(signers b)" = "$("$STEMEFS" key show "$BATS_TEST_TMPDIR/key")" ]
}

@test "autokey=none: nobody gets a key, and who has one keeps it" {
	remount allow_other,autokey=none
	refused_without_key 0 "$(claim a)"
	remount allow_other,autokey=all
	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/f'"
	remount allow_other,autokey=none
	as 1000 sh -c "echo '$(claim c)' > '$M/inbox/f'"
	[ "$(signers c)" = "$(agent_of 1000)" ]
	refused_without_key 0 "$(claim d)"
}

@test "what became of somebody's writes is his own business" {
	local file
	bad() { as 1000 sh -c "echo nonsense > '$M/inbox/bad'"; }
	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/f'"
	fails bad
	as 1000 cat "$M/.stemefs/uid/1000/last_error" | jq -e .message
	for file in last_error last_receipt errors.jsonl receipts/f receipts; do
		as 1000 test -e "$M/.stemefs/uid/1000/$file"
		fails as 1001 cat "$M/.stemefs/uid/1000/$file"
		[[ $output == *"Permission denied"* ]]
		fails as 1001 ls "$M/.stemefs/uid/1000/$file"
		fails cat "$M/.stemefs/uid/1000/$file" # root neither
	done
	[ "$(stat -c '%a %u' "$M/.stemefs/uid/0")" = "700 0" ]
	[ "$(as 1000 ls "$M/.stemefs/uid")" = 1000 ]
	[ "$(as 1001 ls "$M/.stemefs/uid")" = 1001 ]
	[ "$(as 1001 ls "$M/receipts/")" = "" ]
	[ "$(as 1001 cat "$M/.stemefs/last_error")" = "" ]
	[ "$(as 1000 readlink "$M/receipts")" = .stemefs/uid/1000/receipts ]
	[ "$(as 1001 readlink "$M/receipts")" = .stemefs/uid/1001/receipts ]
	[ "$(readlink "$M/receipts")" = .stemefs/uid/0/receipts ]
}

@test "keys are in the wallet, for nobody else to read, and never on the mount" {
	claim a > "$M/inbox/f"
	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/g'"
	[ "$(stat -c %a "$S/wallet")" = 700 ]
	[ "$(find "$S/wallet" -type f | wc -l)" -ge 3 ] # two users, and the store
	[ "$(find "$S/wallet" -type f ! -perm 600)" = "" ]
}
