#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Taking back and replacing: one's own word, and nobody else's.
load common
load ../lib/records
load ../lib/agents
load ../lib/furnish

setup() {
	sums=1000000000
	[[ $BATS_TEST_DESCRIPTION != *"(running sums)" ]] || sums=1
	start "sums-from=$sums"
	what warm up | post # root has a key and is admitted
}
teardown() { stop; }

# id SUBJECT OBJECT: of the newest live claim of SUBJECT/p with this object.
id() {
	jq -r --arg o "$2" 'select(.object == $o).id' "$M/subjects/$1/p/claims.jsonl" | tail -n1
}

# any SUBJECT OBJECT: the same, withdrawn or not
any() {
	jq -r --arg o "$2" 'select(.object == $o).id' "$M/subjects/$1/p/history.jsonl" | tail -n1
}

retracts() { # ID [REASON]
	jq -nc --arg i "$1" --arg r "${2-a typo}" '{retract: $i, reason: $r}'
}

supersedes() { # ID BY
	jq -nc --arg i "$1" --arg b "$2" '{supersede: $i, by: $b, reason: "corrected"}'
}

post() { # as uid 0, by the wallet
	cat > "$M/inbox/post"
}

candidates() { # SUBJECT
	jq -rc '.object' "$M/subjects/$1/p/claims.jsonl" | paste -sd' '
}

# After another start, and after one without an index, every file is what it was.
nothing_changes_when_rebuilt() {
	graph_of "$M" > "$BATS_TEST_TMPDIR/before"
	unmount_store
	rm -r "$S/index"
	mount_store "sums-from=$sums"
	graph_of "$M" | diff - "$BATS_TEST_TMPDIR/before"
}

retracted_is_nowhere_but_in_history() {
	what s old | post
	what s new | post
	seq=$(records)
	retracts "$(id s new)" | post
	for lens in consensus recency confidence skeptic layered epoch; do
		[ "$(of s .object $lens)" = old ]
	done
	[ "$(candidates s)" = old ]
	grep -q '"object":"new"' "$M/subjects/s/p/history.jsonl"
	[ "$(jq -r .object "$M/at/seq-$seq/subjects/s/p/recency")" = new ]
	retracts "$(id s old)" | post
	[ "$(of s .status)" = none ]
	[ -d "$M/subjects/s/p" ]
	[ ! -e "$M/subjects/s/p/value/consensus" ]
	nothing_changes_when_rebuilt
}

@test "what is retracted is in no lens, in history, and in at/ before" {
	retracted_is_nowhere_but_in_history
}

@test "what is retracted is in no lens, in history, and in at/ before (running sums)" {
	retracted_is_nowhere_but_in_history
}

@test "who neither signed it nor is a steward cannot retract it" {
	members ann
	what s x | signs ann
	retracts "$(id s x)" > "$BATS_TEST_TMPDIR/record"
	refused EPERM "only who signed" cp "$BATS_TEST_TMPDIR/record" "$M/inbox/x"
	# one that comes signed is kept, and has no effect
	agents bob
	retracts "$(id s x)" | signs bob
	[ "$(of s .object)" = x ]
	grep -q '"retract"' "$M/subjects/s/p/history.jsonl"
}

@test "a retraction needs a reason, and something to retract" {
	what s x | post
	retracts "$(id s x)" "" > "$BATS_TEST_TMPDIR/empty"
	refused EINVAL reason cp "$BATS_TEST_TMPDIR/empty" "$M/inbox/x"
	jq -c 'del(.reason)' "$BATS_TEST_TMPDIR/empty" > "$BATS_TEST_TMPDIR/none"
	refused EINVAL reason cp "$BATS_TEST_TMPDIR/none" "$M/inbox/x"
	retracts "$(printf '%064d' 7)" > "$BATS_TEST_TMPDIR/unknown"
	refused EINVAL "no assertion has the id" cp "$BATS_TEST_TMPDIR/unknown" "$M/inbox/x"
}

cosign_then_retract() {
	members ann eve
	what s x | signs ann
	jq -nc --arg i "$(id s x)" '{cosign: $i}' | signs eve
	[ "$(jq '.signers | length' "$M/subjects/s/p/consensus")" -eq 2 ]
	retracts "$(id s x)" | signs eve
	[ "$(of s .object)" = x ]
	[ "$(jq -r '.signers[]' "$M/subjects/s/p/consensus")" = "$(keys_of ann)" ]
	# nor by replacing it with something of her own
	jq -nc --arg i "$(id s x)" '{cosign: $i}' | signs eve
	what s lie | signs eve
	supersedes "$(id s x)" "$(id s lie)" | signs eve
	[ "$(candidates s)" = "x lie" ]
	[ "$(jq -r 'select(.object == "x").signers[]' "$M/subjects/s/p/claims.jsonl")" = "$(keys_of ann)" ]
	nothing_changes_when_rebuilt
}

@test "who cosigns and then retracts takes away its own word only" { cosign_then_retract; }
@test "who cosigns and then retracts takes away its own word only (running sums)" { cosign_then_retract; }

@test "a replacement must be there, stand, and be about the same" {
	what s x | post
	what other y | post
	supersedes "$(id s x)" "$(printf '%064d' 7)" > "$BATS_TEST_TMPDIR/nowhere"
	refused EINVAL "no assertion has the id" cp "$BATS_TEST_TMPDIR/nowhere" "$M/inbox/x"
	supersedes "$(id s x)" "$(id other y)" > "$BATS_TEST_TMPDIR/elsewhere"
	refused EINVAL "it cannot take the place" cp "$BATS_TEST_TMPDIR/elsewhere" "$M/inbox/x"
	supersedes "$(id s x)" "$(id s x)" > "$BATS_TEST_TMPDIR/itself"
	refused EINVAL "nothing supersedes itself" cp "$BATS_TEST_TMPDIR/itself" "$M/inbox/x"
	# signed ones are kept, without effect
	members ann
	what s z | signs ann
	supersedes "$(id s z)" "$(printf '%064d' 7)" | signs ann
	supersedes "$(id s z)" "$(id other y)" | signs ann
	supersedes "$(id s x)" "$(id s z)" | signs ann # a stranger to x
	[ "$(candidates s)" = "x z" ]
}

either_order() {
	members ann
	for order in "target by word" "word target by" "by word target" "word by target"; do
		s=s${order// /}
		what "$s" old '.timestamp = "2026-01-01T00:00:00Z"' |
			"$STEMEFS" sign --key "$BATS_TEST_TMPDIR/ann.key" > "$BATS_TEST_TMPDIR/target"
		what "$s" new '.timestamp = "2026-01-02T00:00:00Z"' |
			"$STEMEFS" sign --key "$BATS_TEST_TMPDIR/ann.key" > "$BATS_TEST_TMPDIR/by"
		supersedes "$(python3 "$CANON" id < "$BATS_TEST_TMPDIR/target")" \
			"$(python3 "$CANON" id < "$BATS_TEST_TMPDIR/by")" | jq -c '.timestamp = "2026-01-03T00:00:00Z"' |
			"$STEMEFS" sign --key "$BATS_TEST_TMPDIR/ann.key" > "$BATS_TEST_TMPDIR/word"
		for part in $order; do cat "$BATS_TEST_TMPDIR/$part" > "$M/inbox/x"; done
		[ "$(candidates "$s")" = new ]
	done
	nothing_changes_when_rebuilt
}

@test "a supersession may come before its target and its replacement" { either_order; }
@test "a supersession may come before its target and its replacement (running sums)" { either_order; }

votes_stay() {
	members ann bob
	what s right '.note = "teh note" | .source = "a"' | signs ann
	what s wrong '.source = "b"' | signs ann
	on s right 1 | signs bob
	[ "$(of s '.object, .share')" = "right 0.833333" ]
	what s right '.note = "the note" | .source = "a"' | signs ann
	supersedes "$(jq -r 'select(.note == "teh note").id' "$M/subjects/s/p/claims.jsonl")" \
		"$(jq -r 'select(.note == "the note").id' "$M/subjects/s/p/claims.jsonl")" | signs ann
	[ "$(jq -r .note "$M/subjects/s/p/claims.jsonl" | grep -c teh)" -eq 0 ]
	[ "$(of s '.object, .share, .candidates')" = "right 0.833333 2" ]
	# into another value they do not go
	what s other '.source = "a"' | signs ann
	supersedes "$(id s right)" "$(id s other)" | signs ann
	[ "$(of s '.candidates, .agents')" = "2 1" ]
	nothing_changes_when_rebuilt
}

@test "a corrected note keeps the votes, another value does not get them" { votes_stay; }
@test "a corrected note keeps the votes, another value does not get them (running sums)" { votes_stay; }

transition() {
	what s x | post
	what s x ".parent = \"$(id s x)\" | .lifecycle = \"approved\"" | post
	[ "$(of s '.candidates, .lifecycle')" = "1 approved" ]
	[ "$(jq -r .status "$M/stage/proposed/subjects/s/p/consensus")" = none ]
	what s x ".parent = \"$(id s x)\" | .lifecycle = \"deprecated\"" | post
	[ "$(of s '.candidates, .status')" = "0 none" ]
	[ "$(jq -r .lifecycle "$M/stage/deprecated/subjects/s/p/consensus")" = deprecated ]
	# somebody else's version takes nobody's place
	members ann
	what t y | post
	what t y ".parent = \"$(id t y)\" | .lifecycle = \"rejected\"" | signs ann
	[ "$(of t '.candidates, .lifecycle')" = "1 proposed" ]
	nothing_changes_when_rebuilt
}

@test "a stage that a signer sets takes the place of the version before" { transition; }
@test "a stage that a signer sets takes the place of the version before (running sums)" { transition; }

cycle() {
	members ann
	for o in x y z; do what s $o | signs ann; done
	# statements share one source: give each its own, so that all are heard
	x=$(id s x) y=$(id s y) z=$(id s z)
	i=0
	for edge in "$x $y" "$y $z" "$z $x"; do
		i=$((i + 1))
		# shellcheck disable=SC2086
		supersedes $edge | jq -c ".timestamp = \"2026-01-0${i}T00:00:00Z\"" | signs ann
	done
	[ "$(candidates s)" = z ] # the newest edge, from z, is ignored
	nothing_changes_when_rebuilt
}

@test "of supersessions in a circle the newest is ignored" { cycle; }
@test "of supersessions in a circle the newest is ignored (running sums)" { cycle; }

stewards() {
	members ann
	agents sue eve
	what s x '.lifecycle = "approved" | .source_class = "regulatory"' | signs ann
	[ "$(of s '.lifecycle, .source_class')" = "approved regulatory" ]
	"$STEMEFS" admit "$S" --steward "$(keys_of sue)"
	# what was declared counts no more, and is shown
	[ "$(of s '.lifecycle, .source_class, .declared')" = "proposed anecdotal regulatory" ]
	what own y '.lifecycle = "approved"' > "$BATS_TEST_TMPDIR/approved"
	refused EPERM "only a steward" cp "$BATS_TEST_TMPDIR/approved" "$M/inbox/x"
	# a grant, and a steward's name under it
	"$STEMEFS" admit "$S" --grant regulatory "$(keys_of ann)"
	[ "$(of s '.lifecycle, .source_class, .declared')" = "proposed regulatory absent" ]
	jq -nc --arg i "$(id s x)" '{cosign: $i}' | signs sue
	[ "$(of s '.lifecycle, .source_class')" = "approved regulatory" ]
	# a steward withdraws for all; one that is none any more does not
	retracts "$(id s x)" | signs sue
	[ "$(of s .status)" = none ]
	"$STEMEFS" admit "$S" --steward --revoke "$(keys_of sue)"
	[ "$(of s '.object, .lifecycle')" = "x proposed" ]
	nothing_changes_when_rebuilt
}

@test "once stewards are, stages and the highest classes are given, not declared" { stewards; }
@test "once stewards are, stages and the highest classes are given, not declared (running sums)" { stewards; }

@test "an epoch's name is its author's, and only who signed it supersedes it" {
	members ann
	echo '{"epoch":"GAAP 2024"}' | signs ann
	echo '{"epoch":"GAAP 2024"}' > "$BATS_TEST_TMPDIR/same"
	refused EPERM "is there already" cp "$BATS_TEST_TMPDIR/same" "$M/inbox/x"
	echo '{"epoch":"mine","supersedes":"GAAP 2024","supersession":"replace"}' > "$BATS_TEST_TMPDIR/over"
	refused EPERM "only who signed the epoch" cp "$BATS_TEST_TMPDIR/over" "$M/inbox/x"
	what s x '.epoch = "GAAP 2024"' | post
	[ "$(of s .object epoch)" = x ]
	# one that comes signed is kept, without effect: eve has no right to that epoch
	agents eve
	old=$(jq -r '.epoch' "$M/subjects/s/p/consensus")
	jq -nc --arg t "$old" '{epoch: "eve", supersedes: $t, supersession: "replace"}' | signs eve
	[ "$(of s .object epoch)" = x ]
	jq -nc --arg t "$old" '{epoch: "GAAP 2025", supersedes: $t, supersession: "replace"}' | signs ann
	[ "$(of s .status epoch)" = none ]
	[ "$(of s .object)" = x ]
	[ "$(jq -r .object "$M/in-epoch/GAAP 2024/subjects/s/p/epoch" | head -n1)" = null ]
	[ "$(jq -r .object "$M/in-epoch/GAAP 2024/subjects/s/p/consensus")" = x ]
	[ ! -e "$M/in-epoch/unknown" ]
}

@test "a name that several epochs have must be given by id" {
	agents ann eve
	echo '{"epoch":"e"}' | signs ann
	echo '{"epoch":"e"}' | signs eve
	what s x '.epoch = "e"' > "$BATS_TEST_TMPDIR/by_name"
	refused EINVAL "means 2 epochs" cp "$BATS_TEST_TMPDIR/by_name" "$M/inbox/x"
	what s x '.epoch = "nobody made it"' > "$BATS_TEST_TMPDIR/unknown"
	refused EINVAL "is not known" cp "$BATS_TEST_TMPDIR/unknown" "$M/inbox/x"
	what s x | jq -c --arg e "$(jq -r 'select(.kind == "epoch").id' "$M/events.jsonl" | head -n1)" '.epoch = $e' | post
	[ "$(of s .object)" = x ]
}

@test "a stranger does not capture the name of an epoch" {
	agents eve
	members ann
	echo '{"epoch":"e"}' | signs ann
	echo '{"epoch":"e","timestamp":"2020-01-01T00:00:00Z"}' | signs eve # older, and later
	what s x '.epoch = "e"' | post
	[ "$(of s .epoch)" = "$(jq -r --arg a "$(keys_of ann)" 'select(.kind == "epoch" and .agents == [$a]).id' "$M/events.jsonl")" ]
	# nor before it is there
	echo '{"epoch":"f"}' | signs eve
	echo '{"epoch":"f"}' | post
	what t y '.epoch = "f"' | post
	[ "$(of t .epoch)" = "$(jq -r 'select(.kind == "epoch").id' "$M/events.jsonl" | tail -n1)" ]
	# the author's own, said again, is the same
	echo '{"epoch":"f"}' | post
	[ "$(jq -r .status "$M/receipts/post" | tail -n1)" = duplicate ]
}

@test "what was taken back is said again with another time" {
	what s x '.timestamp = "2026-01-01T00:00:00Z"' > "$BATS_TEST_TMPDIR/x"
	post < "$BATS_TEST_TMPDIR/x"
	retracts "$(id s x)" | post
	refused EINVAL "you have withdrawn" cp "$BATS_TEST_TMPDIR/x" "$M/inbox/x"
	what s x '.timestamp = "2026-01-02T00:00:00Z"' | post
	[ "$(of s .object)" = x ]
	# and a retried one that no longer stands is no duplicate
	what s y | post
	retracts "$(id s y)" | post
	what s y | post
	[ "$(of s .object recency)" = y ]
}

@test "a chain of fifty epochs hides all but the last" {
	echo '{"epoch":"e0"}' | post
	what s v0 '.epoch = "e0" | .source = "0"' | post
	for i in {1..50}; do
		echo "{\"epoch\":\"e$i\",\"supersedes\":\"e$((i - 1))\",\"supersession\":\"replace\"}" | post
		echo "{\"subject\":\"s\",\"predicate\":\"p\",\"object\":\"v$i\",\"epoch\":\"e$i\",\"source\":\"$i\"}" | post
	done
	[ "$(of s '.object, .candidates' epoch)" = "v50 1" ]
	[ "$(of s .candidates)" = 51 ]
	[ "$(jq -r .object "$M/in-epoch/e17/subjects/s/p/consensus")" = v17 ]
	# refining hides nothing; but what is hidden takes along what it refines
	echo '{"epoch":"r","supersedes":"e50","supersession":"refine"}' | post
	[ "$(of s .object epoch)" = v50 ]
	echo '{"epoch":"last","supersedes":"r","supersession":"invalidate"}' | post
	[ "$(of s .status epoch)" = none ]
	nothing_changes_when_rebuilt
}

chain_of_fifty() {
	members ann
	what s x '.note = "0"' | post
	on s x 0.7 | signs ann
	before=$(id s x)
	for i in {1..50}; do # without the jq of `what` and `supersedes`, which is slow to start
		echo "{\"subject\":\"s\",\"predicate\":\"p\",\"object\":\"x\",\"note\":\"$i\"}" | post
		after=$(id s x)
		echo "{\"supersede\":\"$before\",\"by\":\"$after\",\"reason\":\"corrected\"}" | post
		before=$after
	done
	[ "$(of s '.candidates, .agents')" = "1 2" ] # the vote has come along
	[ "$(jq -r .note "$M/subjects/s/p/claims.jsonl")" = 50 ]
	nothing_changes_when_rebuilt
}

@test "a chain of fifty supersessions ends at the last, with the votes" { chain_of_fifty; }
@test "a chain of fifty supersessions ends at the last, with the votes (running sums)" { chain_of_fifty; }
