#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# The command line: the same files without a mount, and looking after a store.
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

COMMANDS="init mount umount run status check rebuild backup restore cat ls put key sign admit set version"

stemefs() {
	"$STEMEFS" "$@"
}

@test "--help of every command: exit 0, its arguments, on stdout alone" {
	local c word
	quiet stemefs --help
	for c in $COMMANDS; do
		grep -q "^  $c " <<< "$output"
	done
	for c in $COMMANDS; do
		quiet stemefs "$c" --help
		[[ ${lines[0]} == "usage: stemefs $c"* ]]
		[ "${#lines[1]}" -gt 10 ]
		[ "$(stemefs "$c" -h)" = "$output" ]
		# every option in the usage line is explained below it
		for word in $(grep -o -- '--[a-z]\+' <<< "${lines[0]}"); do
			[ "$(grep -c -- "$word" <<< "$output")" -ge 2 ]
		done
	done
	quiet stemefs mount --help
	for word in allow_other autokey clock log ro; do
		grep -q "^  $word" <<< "$output"
	done
}

@test "version, however it is asked" {
	quiet stemefs version
	[[ $output =~ ^stemefs\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$(stemefs --version)" = "$output" ]
	[ "$(stemefs -V)" = "$output" ]
	[ "$(stemefs cat --version)" = "$output" ]
	[ "$(stemefs cat "$S" .stemefs/version)" = "$output" ]
}

@test "wrong usage exits 1, with the usage on stderr" {
	local c
	run stemefs
	[ "$status" -eq 1 ]
	[[ $output == *"usage: stemefs"* ]]
	says 1 "neither a command nor a store; try stemefs status" stemefs statsu
	says 1 "neither a command nor a store" stemefs frobnicate
	for c in init status rebuild cat put; do
		says 1 "usage: stemefs $c" stemefs "$c"
		says 1 "--nonsense: unknown option" stemefs "$c" --nonsense "$S"
	done
	says 1 "usage: stemefs init" stemefs init a b
	says 1 "usage: stemefs cat" stemefs cat "$S"
	says 1 "usage: stemefs put" stemefs put "$S"
	says 1 "usage: stemefs key" stemefs key
	says 1 "usage: stemefs key" stemefs key forge x
	says 1 "usage: stemefs sign" stemefs sign
	says 1 "usage: stemefs admit" stemefs admit "$S"
	says 1 "usage: stemefs set" stemefs set "$S" min_trust
	says 8 "usage: stemefs check" stemefs check
	says 1 "takes no value" stemefs status "$S" --json=yes
}

@test "init makes a store that nobody else can read, and never over something" {
	quiet stemefs init new
	[ -z "$output" ]
	[ "$(stat -c %a new new/wallet new/wallet/store.key | paste -sd' ')" = '700 700 600' ]
	says 1 "" stemefs init new
	mkdir empty full
	touch full/file
	quiet stemefs init empty
	says 1 "full" stemefs init full
	says 1 "No such file" stemefs init a/b/c
	says 1 "" stemefs init /etc/passwd
	[ "$(ls full)" = file ]
	# two stores are two
	[ "$(stemefs key list new)" != "$(stemefs key list empty)" ]
}

@test "status: a table for people, JSON for scripts, with a mount and without" {
	quiet stemefs status "$S"
	grep -q '^writing  *yes$' <<< "$output"
	fails grep '^mounted' <<< "$output"
	quiet stemefs status "$S" --json
	jq -e --arg s "$S" '.store == $s and .seq == 0 and .damaged == 0 and (.head | length) == 64' <<< "$output"
	mount_store
	claim a > mnt/inbox/a
	quiet stemefs status "$S"
	grep -q "^mounted  *$M$" <<< "$output"
	quiet stemefs status --json "$S"
	[ "$output" = "$(cat mnt/.stemefs/status)" ]
	jq -e '.subjects == 1 and .claims == 1 and .records >= 1' <<< "$output"
	says 1 "No such file" stemefs status missing
	says 1 "" stemefs status /etc
}

@test "cat, ls and put give the same without a mount, and with one" {
	local files f
	mount_store
	furnish
	mapfile -t files < <(cd mnt && find README.md events.jsonl subjects .stemefs/{head,limits,version} -type f ! -path 'subjects/nobody/*' | sort)
	[ "${#files[@]}" -gt 200 ]
	(cd mnt && cat -- "${files[@]}") > through_mount
	stemefs cat "$S" "${files[@]}" | cmp - through_mount
	for f in '' subjects subjects/Tesla_Inc subjects/disputed/p/value subjects/numbers/p/why; do
		diff <(stemefs ls "$S" "$f" | sed 's/ -> .*//' | LC_ALL=C sort) <(find "mnt/$f" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort)
	done
	rmdir mnt/subjects/nobody/yet mnt/subjects/nobody
	stemefs ls "$S" subjects > listed
	unmount_store
	stemefs cat "$S" "${files[@]}" | cmp - through_mount
	stemefs ls "$S" subjects | cmp - listed
	stemefs cat "$S" /subjects//disputed/p/skeptic AGENTS.md > spelled
	cat <(stemefs cat "$S" subjects/disputed/p/skeptic) <(stemefs cat "$S" README.md) | cmp - spelled
}

@test "ls -l shows mode, owner, size and time; links say where they lead" {
	stemefs put "$S" inbox/a <<< "$(claim a)"
	quiet stemefs ls "$S" -l
	grep -Eq '^dr-xr-xr-x +0 .* \.stemefs$' <<< "$output"
	grep -Eq '^-r--r--r-- +0 +[1-9][0-9]+ 2026-01-01T00:00:00Z +README\.md$' <<< "$output"
	grep -Eq ' AGENTS\.md -> README\.md$' <<< "$output"
	grep -Eq '^drwxrwxrwt ' <<< "$output"
	[ "$(stemefs ls "$S" subjects/a/p/consensus)" = subjects/a/p/consensus ]
	quiet stemefs ls "$S" --long subjects/a/p
	[ "$(awk '$NF == "consensus" { print $3 }' <<< "$output")" -eq "$(stemefs cat "$S" subjects/a/p/consensus | wc -c)" ]
	mount_store
	[ "$(stemefs ls "$S" -l subjects/a/p | sort)" = "$(sort <<< "$output")" ]
}

@test "what is not there, or is no file, is a sentence and exit 1" {
	local mounted
	for mounted in no yes; do
		says 1 "subjects/nobody: No such file or directory" stemefs cat "$S" subjects/nobody
		says 1 "subjects: Is a directory" stemefs cat "$S" subjects
		says 1 "README.md/x: Not a directory" stemefs cat "$S" README.md/x
		says 1 "No such file" stemefs ls "$S" subjects/nobody
		says 1 '".." is not understood' stemefs cat "$S" subjects/../README.md
		says 1 "Read-only file system" stemefs put "$S" README.md < /dev/null
		says 1 "" stemefs put "$S" subjects/x/y/vote <<< '=1 1'
		says 1 "No such file" stemefs cat missing README.md
		# what can be shown is shown
		run stemefs cat "$S" nothing .stemefs/version
		[ "$status" -eq 1 ]
		[[ $output == *"nothing: No such file"*"stemefs 0."* ]]
		[ "$mounted" = yes ] || mount_store
	done
}

@test "put: records, values and votes; a refusal is exit 1 and a sentence" {
	local mounted
	for mounted in no yes; do
		claims 3 -1 "$mounted" | quiet stemefs put "$S" "inbox/$mounted"
		[ "$(stemefs cat "$S" "subjects/${mounted}2/is counted/value/consensus")" = 2 ]
		quiet stemefs put "$S" "subjects/fresh $mounted/p/assert" <<< 96.7
		[ "$(stemefs cat "$S" "subjects/fresh $mounted/p/value/consensus")" = 96.7 ]
		quiet stemefs put "$S" "subjects/fresh $mounted/p/vote" <<< '=96.7 1'
		says 1 "inbox/x: " stemefs put "$S" inbox/x <<< '{"subject":"never","predicate":"p","object":1,"confidence":1.5}'
		[[ $stderr == *confidence*1.5* ]]
		says 1 "no such key" stemefs put "$S" inbox/x <<< '{"subject":"never","predicate":"p","objekt":1}'
		[[ $stderr == *object* ]]
		says 1 "ends inside a value" stemefs put "$S" inbox/x <<< '{"subject":"never",'
		# what stands before the bad one is kept
		claims 3 1 "part $mounted" > part
		says 1 "confidence" stemefs put "$S" inbox/part < part
		[ "$(stemefs ls "$S" subjects | grep -c "^part $mounted")" -eq 1 ]
		fails stemefs cat "$S" subjects/never/p/consensus
		quiet stemefs put "$S" inbox/nothing < /dev/null
		[ "$mounted" = yes ] || mount_store
	done
	[ "$(stemefs cat "$S" events.jsonl | jq -s 'map(.seq) == [range(1; length + 1)]')" = true ]
}

@test "key: new, show, list" {
	local agent
	agent=$(stemefs key new a.key)
	[[ $agent =~ ^[0-9a-f]{64}$ ]]
	[ "$(stat -c %a a.key)" = 600 ]
	[ "$(stemefs key show a.key)" = "$agent" ]
	says 1 "exists" stemefs key new a.key
	[ "$(stemefs key show a.key)" = "$agent" ]
	says 1 "No such file" stemefs key show missing
	head -c 80 /dev/urandom > bad.key && chmod 600 bad.key
	says 1 "bad.key" stemefs key show bad.key
	chmod 644 a.key
	says 1 "a.key" stemefs key show a.key
	[ "$(stemefs key list "$S" | awk '{ print $1 }')" = store ]
	[ "$(stemefs key list "$S" | awk '{ print $2 }')" = "$(stemefs status --json "$S" | jq -r .store_key)" ]
	says 1 "" stemefs key list missing
	mount_store
	claim a > mnt/inbox/a
	[ "$(stemefs key list "$S" | awk '$1 == "0" { print $2 }')" = "$(jq -r '.signers[0]' mnt/subjects/a/p/consensus)" ]
}

@test "sign: one line for each record, verified by who takes it" {
	local agent
	agent=$(stemefs key new a.key)
	claims 3 > plain
	quiet stemefs sign --key a.key < plain
	[ "${#lines[@]}" -eq 3 ]
	jq -es --arg a "$agent" 'all(.[]; .signatures | length == 1 and .[0].agent == $a)' <<< "$output"
	stemefs put "$S" inbox/a <<< "$output"
	[ "$(stemefs cat "$S" "subjects/s1/is counted/consensus" | jq -r '.signers[0]')" = "$agent" ]
	# the same seed and time give the same bytes
	[ "$(stemefs sign --seed "$ONE_SEED" --at 2026-01-01T00:00:00Z < plain)" = "$(stemefs sign --at=1767225600 --seed="$ONE_SEED" < plain)" ]
	# a second signature joins the first
	quiet stemefs sign --seed "$ONE_SEED" < <(stemefs sign -k a.key < plain)
	jq -es 'all(.[]; .signatures | length == 2)' <<< "$output"
	# pretty ones, too; and no half ones
	[ "$(jq . plain | stemefs sign -k a.key | jq -c 'del(.signatures)')" = "$(stemefs sign -k a.key < plain | jq -c 'del(.signatures)')" ]
	run --separate-stderr stemefs sign -k a.key <<< "$(head -n 1 plain)"$'\n{"subject":1}'
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $stderr == *"record 2"* ]]
	says 1 "incomplete" stemefs sign -k a.key <<< '{"subject":"a"'
	says 1 "64 hex digits" stemefs sign --seed 12 < plain
	says 1 "No such file" stemefs sign -k missing < plain
	says 1 "--at" stemefs sign -k a.key --at yesterday < plain
	# somebody else's signature does not verify
	stemefs sign -k a.key < plain | jq -c '.object = 77' > forged
	says 1 "does not verify" stemefs put "$S" inbox/f < forged
}

@test "admit: a stranger's word counts as a member's, and no longer with --revoke" {
	local agent mounted
	agent=$(stemefs key new a.key)
	for mounted in no yes; do
		claim "s $mounted" | stemefs sign -k a.key > "signed $mounted"
		stemefs put "$S" inbox/a < "signed $mounted"
		support() { stemefs cat "$S" "subjects/s $mounted/p/consensus" | jq .confidence; }
		[ "$(support)" = 0.009900 ] || [ "$(support)" = 0.0099 ]
		quiet stemefs admit "$S" "$agent"
		[ "$(support)" = 0.333333 ]
		quiet stemefs admit "$S" "$agent"
		quiet stemefs admit --revoke "$S" "$agent"
		[[ $(support) == 0.0099* ]]
		[ "$mounted" = yes ] || mount_store
	done
	says 1 "is no agent's key" stemefs admit "$S" 123
	says 1 "No such file" stemefs admit missing "$agent"
}

@test "admit --steward: the stages that they set count, others' no longer; and back" {
	local ann bob mounted
	ann=$(stemefs key new a.key) bob=$(stemefs key new b.key)
	for mounted in no yes; do
		approved() { stemefs cat "$S" "stage/approved/subjects/s $mounted/p/value/consensus"; }
		claim "s $mounted" 1 | jq -c '.lifecycle = "approved"' | stemefs sign -k a.key > a
		claim "s $mounted" 2 | jq -c '.lifecycle = "approved"' | stemefs sign -k b.key > b
		stemefs put "$S" inbox/a < a
		stemefs put "$S" inbox/b < b
		quiet stemefs admit "$S" "$ann" "$bob"
		# nobody has been appointed yet: everybody's word on stages counts
		[ "$mounted" = yes ] || [ "$(approved)" = 2 ]
		quiet stemefs admit --steward "$S" "$ann"
		[ "$(approved)" = 1 ]
		stemefs cat "$S" "subjects/s $mounted/p/consensus" | jq -e '.candidates == 2'
		quiet stemefs admit "$S" --revoke "$ann" --steward
		fails approved
		# ann is a member still
		stemefs cat "$S" "subjects/s $mounted/p/why/consensus" | jq -e '[.clusters[].support] == [0.25, 0.25]'
		[ "$mounted" = yes ] || mount_store
	done
}

@test "admit --grant: the classes of those who were granted them count; and back" {
	local ann bob
	ann=$(stemefs key new a.key) bob=$(stemefs key new b.key)
	seen() { stemefs cat "$S" tier/clinical/subjects/s/p/claims.jsonl | jq -r .object | sort | paste -sd' '; }
	claim s 1 | jq -c '.source_class = "clinical"' | stemefs sign -k a.key > a
	claim s 2 | jq -c '.source_class = "regulatory"' | stemefs sign -k b.key > b
	cat a b | stemefs put "$S" inbox/ab
	[ "$(seen)" = "1 2" ]
	quiet stemefs admit "$S" "$(stemefs key new steward.key)" --steward
	[ -z "$(seen)" ]
	# a grant admits
	quiet stemefs admit "$S" "$ann" --grant clinical
	[ "$(seen)" = 1 ]
	stemefs cat "$S" subjects/s/p/consensus | jq -e '.object == 1 and .share == 1'
	quiet stemefs admit "$S" "$ann" "$bob" --grant=regulatory
	[ "$(seen)" = "1 2" ]
	quiet stemefs admit "$S" --revoke "$ann" --grant all
	[ "$(seen)" = 2 ]
	stemefs cat "$S" subjects/s/p/why/consensus | jq -e '[.clusters[].support] == [0.25, 0.25]'
	says 1 "taken back together; try --revoke --grant all" stemefs admit "$S" --revoke "$bob" --grant regulatory
	for word in all false clinic ''; do
		says 1 "is no source class; try regulatory" stemefs admit "$S" "$bob" --grant "$word"
	done
	[ "$(seen)" = 2 ]
}

@test "set: a rule of the store changes at once; what it does not know is refused" {
	local mounted
	claim s | stemefs sign --seed "$ONE_SEED" > signed
	stemefs put "$S" inbox/a < signed
	counted() { stemefs cat "$S" subjects/s/p/why/consensus | jq -r .totals.counted; }
	for mounted in no yes; do
		[ "$(counted)" = strangers ]
		quiet stemefs set "$S" min_trust 0.01
		[ "$(counted)" = members ]
		quiet stemefs set "$S" min_trust 3e-1
		[ "$mounted" = yes ] || mount_store
	done
	says 1 "min_trust wants a number from 0 to 1" stemefs set "$S" min_trust 1.5
	says 1 "min_trust wants a number from 0 to 1" stemefs set "$S" min_trust low
	says 1 "unknown setting" stemefs set "$S" max_trust 1
	says 1 "is about an agent; try stemefs admit --help" stemefs set "$S" steward true
	says 1 "No such file" stemefs set missing min_trust 0.3
	[ "$(counted)" = strangers ]
}

@test "check: 0 clean, 8 when mounted or missing" {
	mount_store
	furnish
	says 8 "is mounted on $M" stemefs check "$S"
	unmount_store
	quiet stemefs check "$S"
	[[ $output == *" 0 findings" ]]
	quiet stemefs check --json "$S"
	jq -e '.result == "clean" and .frames > 30 and .signatures >= .frames and .pairs > 10 and .bad == 0 and .findings == []' <<< "$output"
	says 8 "No such file" stemefs check missing
	says 8 "" stemefs check /etc
}

@test "a daemon that was killed leaves a mount behind, and nobody takes it for the store" {
	mount_store
	claim a > "$M/inbox/a"
	stat "$M" > /dev/null # the kernel has the attributes of the root from now on
	kill -9 "$(daemon_pid)"
	until fails ls "$M" 2> /dev/null; do sleep 0.01; done
	quiet stemefs status "$S"
	fails grep '^mounted' <<< "$output"
	[ "$(stemefs cat "$S" subjects/a/p/value/consensus)" ]
	quiet stemefs check "$S"
	quiet stemefs umount "$M"
}

@test "a store that has lost the file format is one all the same: what to do is said" {
	rm "$S/format"
	says 8 "the file format in it is lost; try echo stemefs store 1 > $S/format" stemefs check "$S"
	says 32 "the file format in it is lost" stemefs "$S" "$M"
	echo stemefs store 1 > "$S/format"
	quiet stemefs check "$S"
}

@test "check: 4 for a flipped byte, with its place; everything else is still there" {
	local wal
	claims 20 | stemefs put "$S" inbox/a
	wal=$(find "$S/wal" -name '*.wal')
	# a byte of the tenth record's payload
	at=$(python3 - "$wal" <<-'END'
		import struct, sys
		with open(sys.argv[1], "r+b") as f:
		    log, at = f.read(), 128
		    for _ in range(9):
		        at += 72 + (struct.unpack_from("<I", log, at + 4)[0] + 7) // 8 * 8
		    f.seek(at + 72 + 60)
		    f.write(bytes([log[at + 72 + 60] ^ 1]))
		    print(struct.unpack_from("<Q", log, at + 8)[0])
	END
	)
	run stemefs check "$S"
	[ "$status" -eq 4 ]
	[[ $output == *"$at"* ]]
	run stemefs check "$S" --json
	[ "$status" -eq 4 ]
	jq -e --arg at "$at" '.result == "damaged" and .bad > 0 and (.findings | map(select(.text | contains($at))) | length) > 0' <<< "$output"
	# the log before and behind it is served, from an index that was made anew
	says 4 "$at" stemefs rebuild "$S"
	[ "$(stemefs ls "$S" subjects | wc -l)" -eq 19 ]
	rm -r "$S/index"
	"$STEMEFS" "$S" "$M" -o log="$BATS_TEST_TMPDIR/damagelog"
	jq -e --arg at "$at" '.damaged == 1 and (.damage | contains($at))' mnt/.stemefs/status
	grep -q "$at" "$BATS_TEST_TMPDIR/damagelog"
	unmount_store
	run stemefs check "$S"
	[ "$status" -eq 4 ]
	claim later | stemefs put "$S" inbox/later
	[ "$(stemefs cat "$S" subjects/later/p/value/consensus)" = 1 ]
}

@test "rebuild: every file has the same bytes and the same time afterwards" {
	local before times
	mount_store
	furnish
	before=$(graph_of "$M")
	times() { find "$M/subjects" "$M/events.jsonl" -not -path '*/nobody*' -printf '%P %T@ %s %i\n' | LC_ALL=C sort; }
	times=$(times)
	says 1 "is mounted on $M" stemefs rebuild "$S"
	unmount_store
	quiet stemefs rebuild "$S"
	quiet stemefs check "$S"
	mount_store
	diff <(echo "$before") <(graph_of "$M")
	diff <(echo "$times" | grep -v '^ ') <(times | grep -v '^ ') | head -n 20
	[ "$(times | grep -v '^ ')" = "$(echo "$times" | grep -v '^ ')" ]
	unmount_store
	says 1 "No such file" stemefs rebuild missing
}

@test "the same set of records in another order gives the same lens files and claims" {
	{
		claims 30 | signed "$ONE_SEED"
		claim x 1 | signed "$ONE_SEED"
		claim x 2 | signed "$TWO_SEED"
		claim x 1 | jq -c '.source = "b"' | signed "$TWO_SEED"
	} > records
	stemefs init one && stemefs init two
	stemefs put one inbox/a < records
	shuf --random-source=<(yes) records | while read -r record; do
		stemefs put two inbox/a <<< "$record"
	done
	stemefs put two inbox/again < records
	files() { stemefs run "$1" -- sh -c 'find subjects -type f ! -name history.jsonl -print0 | LC_ALL=C sort -z | xargs -0 b3sum'; }
	[ "$(files one | wc -l)" -gt 400 ]
	diff <(files one) <(files two)
}

@test "the daemon and the command line do not fight for a store" {
	local i pid
	mount_store
	for i in 1 2 3; do
		claim "c$i" | stemefs put "$S" inbox/c 3>&- &
		pid=$!
		claim "m$i" > "mnt/inbox/m$i"
		wait "$pid"
	done
	[ "$(stemefs ls "$S" subjects | wc -l)" -eq 6 ]
	unmount_store
	# several at once without a mount take turns
	claims 5 -1 x > x
	stemefs put "$S" inbox/x < x 3>&- &
	pid=$!
	claim y | quiet stemefs put "$S" inbox/y
	wait "$pid"
	stemefs cat "$S" events.jsonl | cmp - <(stemefs cat "$S" events.jsonl)
	[ "$(stemefs ls "$S" subjects | wc -l)" -eq 12 ]
	quiet stemefs check "$S"
}
