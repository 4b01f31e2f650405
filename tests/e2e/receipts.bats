#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Every record that was written has a receipt that says what became of it, the same one
# however its bytes came; and writing again what one is not sure of is safe.
load common
load ../lib/records
setup() { start allow_other,autokey=all; }
teardown() { stop; }

# A fresh store and mount.
afresh() {
	stop
	rm -rf "$S"
	start
}

by_cp() { cp "$1" "$M/inbox/f"; }
by_cat() { cat "$1" > "$M/inbox/f"; }
by_dd() { dd bs=7 status=none if="$1" of="$M/inbox/f"; }
by_jq() { jq -c . "$1" > "$M/inbox/f"; }
by_python() {
	python3 -c 'import sys
with open(sys.argv[2], "w") as f:
    for line in open(sys.argv[1]):
        f.write(line)' "$1" "$M/inbox/f"
}

@test "the 1,204th of 2,000 records is bad: same ids and same receipts, whoever writes them" {
	local n bad writer file=$BATS_TEST_TMPDIR/records first=$BATS_TEST_TMPDIR/first
	n=$(few 2000 200)
	bad=$(few 1203 123)
	claims "$n" "$bad" > "$file"
	for writer in by_cp by_cat by_dd by_jq by_python; do
		afresh
		fails "$writer" "$file"
		[ -e "$first" ] || cp "$M/receipts/f" "$first"
		cmp "$M/receipts/f" "$first"
		[ "$(why offset)" = "$(tail -n 1 "$first" | jq .offset)" ]
	done
	# … and what they say is right
	[ "$(wc -l < "$first")" -eq $((bad + 1)) ]
	head -n "$bad" "$first" | jq -e -s 'all(.status == "accepted" and .object_kind == "number")'
	head -n "$bad" "$first" | jq -r .id > "$BATS_TEST_TMPDIR/ids"
	# the independent implementation is slow: every hundredth
	cmp <(head -n "$bad" "$file" | awk 'NR % 100 == 1' | python3 "$CANON" id) \
		<(awk 'NR % 100 == 1' "$BATS_TEST_TMPDIR/ids")
	[ "$(sort -u "$BATS_TEST_TMPDIR/ids" | wc -l)" -eq "$bad" ]
	cmp "$BATS_TEST_TMPDIR/ids" <(jq -r 'select(.kind == "assertion").id' "$M/events.jsonl")
	tail -n 1 "$first" | jq -e --argjson bad "$bad" \
		--argjson offset "$(head -n "$bad" "$file" | wc -c)" \
		--argjson inside "$(sed -n $((bad + 1))p "$file" | grep -bo '1\.5' | cut -d: -f1)" '
		.status == "refused" and .error == "EINVAL" and .record == $bad and
		.offset == $offset + $inside'
}

@test "accepted: the id, the place in the log, and what the object was read as" {
	echo '{"subject":"a","predicate":"p","object":1,"timestamp":"2020-01-01T00:00:00Z"}' > "$M/inbox/f"
	[ "$(receipt f status)" = accepted ]
	[ "$(receipt f id)" = "$(python3 "$CANON" id < "$M/inbox/f")" ]
	[ "$(receipt f seq)" = "$(tail -n 1 "$M/events.jsonl" | jq .seq)" ]
	echo '{"subject":"a","predicate":"p","object":"1"}
		{"subject":"a","predicate":"p","object":false}
		{"subject":"a","predicate":"p","object":{"ref":"1"}}
		{"subject":"a","predicate":"p","object":-1e30}' > "$M/inbox/f"
	[ "$(receipt f object_kind)" = "text bool ref number" ]
	[ "$(jq -s 'map(.seq) | .[1] - .[0] == 1 and .[3] - .[0] == 3' "$M/receipts/f")" = true ]
	echo "{\"vote\":\"$(jq -r .id "$M/receipts/f" | head -n 1)\",\"weight\":1}" > "$M/inbox/v"
	[ "$(receipt v kind)" = vote ]
}

@test "refused: errno, message, which record and where" {
	both() { { claim a; claim b 'NaN'; } > "$M/inbox/f"; }
	bad() { claim b 'NaN' | cat - <(claim c) > "$M/inbox/g"; }
	fails bad
	jq -e '.status == "refused" and .error == "EINVAL" and .record == 0 and .offset == 40 and
		(.message | contains("NaN")) and (.hint | contains("quote"))' "$M/receipts/g"
	[ "$(wc -l < "$M/receipts/g")" -eq 1 ]
	fails both
	[ "$(receipt f status)" = "accepted refused" ]
	[ "$(tail -n 1 "$M/receipts/f" | jq .record)" -eq 1 ]
}

@test "last_receipt is the newest line, with its path" {
	claims 3 > "$M/inbox/f"
	[ "$(jq -r .path "$M/.stemefs/last_receipt")" = inbox/f ]
	[ "$(jq -r .id "$M/.stemefs/last_receipt")" = "$(tail -n 1 "$M/receipts/f" | jq -r .id)" ]
	echo 7 > "$M/subjects/s0/is counted/assert"
	[ "$(jq -r .path "$M/.stemefs/last_receipt")" = "subjects/s0/is counted/assert" ]
	[ "$(jq -r .status "$M/.stemefs/last_receipt")" = accepted ]
	bad() { echo nonsense > "$M/inbox/f"; }
	fails bad
	[ "$(jq -r .status "$M/.stemefs/last_receipt")" = refused ]
	[ "$(jq -r .offset "$M/.stemefs/last_receipt")" -eq 0 ]
}

@test "errors.jsonl grows by a line for every refusal, and last_error is its last" {
	local i
	bad() { echo "{\"nonsense$1\":1}" > "$M/inbox/f"; }
	for i in 1 2 3; do
		fails bad $i
		[ "$(wc -l < "$M/.stemefs/errors.jsonl")" -eq $i ]
		cmp <(tail -n 1 "$M/.stemefs/errors.jsonl") "$M/.stemefs/last_error"
		[[ $(why message) == *nonsense$i* ]]
	done
	claim a > "$M/inbox/f" # good ones add nothing
	[ "$(wc -l < "$M/.stemefs/errors.jsonl")" -eq 3 ]
	[ "$(stat -L -c %s "$M/.stemefs/errors.jsonl")" -eq "$(wc -c < "$M/.stemefs/errors.jsonl")" ]
}

@test "receipts are listed by name, and a new beginning takes the old one away" {
	claim a > "$M/inbox/f"
	claim b > "$M/inbox/g"
	[ "$(ls "$M/receipts/" | xargs)" = "f g" ]
	claim c > "$M/inbox/f"
	[ "$(wc -l < "$M/receipts/f")" -eq 1 ]
	[ "$(receipt f id)" = "$(jq -r .id "$M/subjects/c/p/consensus")" ]
	claim d >> "$M/inbox/f"
	[ "$(wc -l < "$M/receipts/f")" -eq 2 ]
	rm "$M/inbox/f" # the receipt stays: it is about records, not about the name
	[ "$(wc -l < "$M/receipts/f")" -eq 2 ]
	[ ! -e "$M/receipts/none" ]
}

@test "the same record again is a duplicate, with the same id and place" {
	claims 3 > "$M/inbox/f"
	claims 3 > "$M/inbox/g"
	[ "$(receipt g status)" = "duplicate duplicate duplicate" ]
	[ "$(receipt g id)" = "$(receipt f id)" ]
	[ "$(receipt g seq)" = "$(receipt f seq)" ]
	[ "$(records)" -eq 4 ]
	# in one stream too
	claims 5 | sort - <(claims 5) > "$M/inbox/h"
	[ "$(receipt h status | xargs -n 1 | sort | uniq -c | xargs)" = "2 accepted 8 duplicate" ]
	unmount_store
	mount_store
	claims 5 > "$M/inbox/f"
	[ "$(receipt f status | xargs -n 1 | sort -u)" = duplicate ]
}

@test "another spelling of the same record is a duplicate" {
	echo '{"subject":"a","predicate":"p","object":96,"confidence":0.5,"timestamp":"2020-01-01T00:00:00Z"}' > "$M/inbox/f"
	echo '{"timestamp":1577836800.0, "object":9.60e1, "lifecycle":"proposed",
	 "confidence":5e-1, "subject":"\u0061","predicate":"p"}' > "$M/inbox/g"
	echo '{"subject":"a","predicate":"p","object":96.0,"confidence":0.50000001,"timestamp":"2020-01-01T01:00:00+01:00"}' > "$M/inbox/h"
	[ "$(receipt g status) $(receipt h status)" = "duplicate duplicate" ]
	[ "$(receipt g id)" = "$(receipt f id)" ]
}

@test "an unsigned record without a timestamp, written again, is a duplicate" {
	claim a 1 > "$M/inbox/f"
	claim a 1 > "$M/inbox/g"
	echo 1 > "$M/subjects/a/p/assert"
	[ "$(receipt g status)" = duplicate ]
	[ "$(receipt g id)" = "$(receipt f id)" ]
	[ "$(jq -r .status "$M/.stemefs/last_receipt")" = duplicate ]
	[ "$(records)" -eq 2 ]
	unmount_store # it is the store that remembers
	mount_store
	claim a 1 > "$M/inbox/h"
	[ "$(receipt h status)" = duplicate ]
}

@test "a different value is a new claim, and so is going back to the old one" {
	claim a 1 > "$M/inbox/f"
	claim a 2 > "$M/inbox/f"
	[ "$(receipt f status)" = accepted ]
	claim a 1 > "$M/inbox/f"
	[ "$(receipt f status)" = accepted ]
	[ "$(cat "$M/subjects/a/p/value/recency")" = 1 ]
	echo '{"subject":"a","predicate":"p","object":1,"confidence":0.6}' > "$M/inbox/f"
	[ "$(receipt f status)" = accepted ]
	echo '{"subject":"a","predicate":"p","object":1,"source":"s"}' > "$M/inbox/f"
	[ "$(receipt f status)" = accepted ]
	[ "$(wc -l < "$M/subjects/a/p/history.jsonl")" -eq 5 ]
}

@test "with a timestamp it says when, and is a claim of its own" {
	claim a 1 > "$M/inbox/f"
	echo '{"subject":"a","predicate":"p","object":1,"timestamp":"2020-01-01T00:00:00Z"}' > "$M/inbox/f"
	[ "$(receipt f status)" = accepted ]
	[ "$(records)" -eq 3 ]
}

@test "a retry of twice in one stream is answered twice" {
	{ claim a; claim a; claim b; claim a; } > "$M/inbox/f"
	[ "$(receipt f status)" = "accepted duplicate accepted duplicate" ]
	[ "$(receipt f id | xargs -n 1 | sort -u | wc -l)" -eq 2 ]
}

@test "another user's same words are not a retry" {
	open_the_way
	claim a > "$M/inbox/f"
	as 1000 sh -c "echo '$(claim a)' > '$M/inbox/g'"
	[ "$(as 1000 jq -r .status "$M/receipts/g")" = accepted ]
	[ "$(jq .agents "$M/subjects/a/p/consensus")" -eq 2 ]
}

@test "a time ahead of the clock is refused, and so is one in milliseconds" {
	ahead() { echo "{\"subject\":\"a\",\"predicate\":\"p\",\"object\":1,\"timestamp\":$(($(date +%s) + $1))}" > "$M/inbox/f"; }
	claim first > "$M/inbox/f" # our key is made and admitted
	refused EINVAL "ahead" ahead 3600
	[ "$(receipt f status) $(receipt f record)" = "refused 0" ]
	ahead 2
	[ "$(receipt f status)" = accepted ]
	milliseconds() { echo '{"subject":"a","predicate":"p","object":1,"timestamp":1577836800000}' > "$M/inbox/f"; }
	refused EINVAL timestamp milliseconds
	[[ $(why hint)$(why message) == *millisecond* ]]
}
