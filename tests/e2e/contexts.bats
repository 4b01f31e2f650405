#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Context prefixes: the same tree, as it was then or of those claims alone.
load common
load ../lib/records
load ../lib/furnish
load ../lib/agents
setup() { start; }
teardown() { stop; }

# The value of the consensus on subject s, predicate p, through a prefix.
seen() {
	cat "$M/$1/subjects/${2:-s}/p/value/consensus"
}

absent() {
	[ ! -e "$M/$1" ]
	run -2 ls -d "$M/$1"
	[[ $output == *"No such file or directory"* ]]
}

# No line of $output is about what stands in or below a prefix.
enters_none() {
	# shellcheck disable=SC2154 # set by run
	run -1 grep -E "^$M/(at|asof|stage|tier|in-epoch|since)(/|:|\$)" <<< "$output"
}

last() {
	readlink "$M/at/now" | sed 's/^seq-//'
}

# When record N was received.
received() {
	sed -n "$1p" "$M/events.jsonl" | jq -r .received_at
}

# put SUBJECT OBJECT [jq filter]: a claim, with what the filter adds.
put() {
	claim "$1" "$2" | jq -c "${3:-.}" > "$M/inbox/put"
}

@test "ls, find and grep -r on the mount root end, fail nowhere, and enter no prefix" {
	furnish
	run -0 timeout 60 ls -aR "$M"
	enters_none
	run -0 --separate-stderr timeout 60 find "$M"
	[ -z "$stderr" ]
	enters_none
	run -0 --separate-stderr timeout 60 grep -r Tesla_Inc "$M/" --exclude-dir=inbox
	[ -z "$stderr" ]
	enters_none
	for prefix in at asof stage tier in-epoch since; do
		[ -d "$M/$prefix" ]
		[ -z "$(ls -A "$M/$prefix")" ]
	done
}

@test "a context holds the tree, with README.md and without inbox, receipts and .stemefs" {
	put s 1
	local name
	for name in README.md AGENTS.md subjects events.jsonl; do
		[ -n "$(find "$M/at/now/" -maxdepth 1 -name "$name")" ]
	done
	for name in inbox receipts .stemefs at asof since; do
		[ -z "$(find "$M/at/now/" -maxdepth 1 -name "$name")" ]
	done
	cmp "$M/README.md" "$M/at/now/AGENTS.md"
	[ ! -e "$M/stage/proposed/events.jsonl" ]
	absent at/now/inbox
	absent at/now/.stemefs
	absent stage/proposed/subjects/s/p/assert
	absent asof/2020/subjects/s
	absent asof/2020/events.jsonl
}

@test "at/seq-N is what was there after record N, byte for byte, and stays so" {
	local i n seen out=$BATS_TEST_TMPDIR/seqs
	mkdir "$out"
	for ((i = 1; i <= 8; i++)); do
		put "s$((i % 3))" "$i" ".source = \"r$i\" | .confidence = 0.$i"
		n=$(last)
		[ "$n" -eq "$(records)" ]
		contents_of "$M/subjects" | grep -vE '/(assert|vote)$' > "$out/$n" # no part of what was known
	done
	echo '=7 0.9' > "$M/subjects/s1/p/vote"
	for seen in "$out"/*; do
		n=${seen##*/}
		diff <(contents_of "$M/at/seq-$n/subjects") "$seen"
		[ "$(wc -l < "$M/at/seq-$n/events.jsonl")" -eq "$n" ]
		cmp "$M/at/seq-$n/events.jsonl" <(head -n "$n" "$M/events.jsonl")
	done
	[ -z "$(ls "$M/at/seq-0/subjects")" ]
	[ ! -s "$M/at/seq-0/events.jsonl" ]
	absent "at/seq-$(($(last) + 1))"
	put s0 9 # and then it is there
	[ -d "$M/at/seq-$(last)" ]
}

@test "the same when claims are withdrawn and replaced, epochs superseded, trust given and taken" {
	local out=$BATS_TEST_TMPDIR/seqs seen first second day=0
	mkdir "$out"
	agents ada bob cora
	# what the tree says now, but for what is written to
	keep() {
		graph_of "$M" | grep -vE ' \./(README.md|events.jsonl)$| \.stemefs/head$|/(assert|vote)$' > "$out/$(last)"
	}
	say() { # AGENT RECORD
		jq -c ".timestamp = \"2026-01-0$((++day % 9 + 1))T00:00:00Z\"" <<< "$2" | signs "$1"
		keep
	}
	say ada '{"subject":"s","predicate":"p","object":1,"source":"x","source_class":"clinical"}'
	first=$(jq -r .id "$M/subjects/s/p/claims.jsonl")
	admit ada
	keep
	say bob '{"subject":"s","predicate":"p","object":2,"lifecycle":"approved"}'
	second=$(jq -r 'select(.object == 2) | .id' "$M/subjects/s/p/claims.jsonl")
	admit bob
	keep
	say cora "{\"vote\":\"$first\",\"weight\":1}"
	say cora "{\"vote\":\"$second\",\"weight\":-0.5}"
	admit cora
	keep
	say ada '{"epoch":"old"}'
	say ada '{"subject":"s","predicate":"q","object":{"ref":"t"},"epoch":"'"$(jq -r .id "$M/epochs/old/epoch.json")"'"}'
	say ada '{"subject":"s","predicate":"p","object":1,"parent":"'"$first"'","lifecycle":"under_review","source":"y"}'
	say ada '{"epoch":"new","supersession":"replace","supersedes":"'"$(jq -r .id "$M/epochs/old/epoch.json")"'"}'
	say bob '{"subject":"s","predicate":"p","object":3,"source":"z"}'
	say bob "{\"supersede\":\"$second\",\"by\":\"$(jq -r 'select(.object == 3) | .id' "$M/subjects/s/p/claims.jsonl")\",\"reason\":\"new\"}"
	say ada '{"profile":{"name":"Ada"}}'
	say cora '{"subject":"t","predicate":"tags[]","object":"a"}'
	say ada '{"subject":"t","predicate":"tags[]","object":"b"}'
	revoke bob
	keep
	say ada "{\"retract\":\"$(jq -r 'select(.object == 1) | .id' "$M/subjects/s/p/claims.jsonl")\",\"reason\":\"typo\"}"
	say ada "{\"retract\":\"$first\",\"reason\":\"typo\"}"
	for seen in "$out"/*; do
		echo "at/seq-${seen##*/}"
		diff <(cd "$M/at/seq-${seen##*/}" && find . -type f ! -name README.md ! -name events.jsonl -print0 |
			LC_ALL=C sort -z | xargs -0r b3sum --) "$seen"
	done
	# and after the index is made again
	unmount_store
	rm -r "$S/index"
	mount_store
	for seen in "$out"/*; do
		diff <(cd "$M/at/seq-${seen##*/}" && find . -type f ! -name README.md ! -name events.jsonl -print0 |
			LC_ALL=C sort -z | xargs -0r b3sum --) "$seen"
	done
}

@test "at/<time> is at/seq-N of the last record received by then, in every spelling" {
	local n when seconds
	put s 1 '.source = "a"'
	n=$(last) when=$(received "$(last)")
	put s 2 '.source = "b" | .confidence = 1'
	[ "$(seen "at/$when")" = 1 ]
	[ "$(seen "at/$(received "$(last)")")" = 2 ]
	diff <(contents_of "$M/at/$when") <(contents_of "$M/at/seq-$n")
	seconds=$(jq -nr --arg t "${when%%.*}Z" '$t | sub("ZZ$"; "Z") | fromdate')
	[[ $when != *.* ]] || { seconds+=.${when##*.} && seconds=${seconds%Z}; }
	[ "$(seen "at/@$seconds")" = 1 ]
	[ "$(seen "at/$(sed 's/Z$//; s/:\(..\):/\1/' <<< "$when")")" = 1 ]
	[ -z "$(ls "$M/at/2020/subjects")" ]
	[ -z "$(ls "$M/at/2020-02-29T2100/subjects")" ]
}

@test "a time that is not past does not exist; a period has begun before it ends" {
	local today
	today=$(date -u +%F)
	for prefix in at asof; do
		absent "$prefix/${today%%-*}"
		absent "$prefix/${today%-*}"
		absent "$prefix/$today"
		absent "$prefix/2500-01-01T00:00:00Z"
		absent "$prefix/@9999999999"
	done
	absent since/2500
	[ -d "$M/since/$today" ] # it was there at midnight
	[ -d "$M/at/$(date -u -d yesterday +%F)" ]
	[ -d "$M/at/$(date -u -d '1 minute ago' +%FT%H:%M)" ]
	# a second that comes is there as soon as it is past
	local soon=@$(($(date +%s) + 2))
	[ ! -e "$M/at/$soon" ]
	eventually [ -e "$M/at/$soon" ]
}

@test "at/-24h, asof/-7d and since/-90s are links, counted back at each look" {
	[ -L "$M/at/-24h" ]
	local ago
	ago=$(readlink "$M/at/-24h")
	((${ago#@} <= $(date +%s) - 86400 && ${ago#@} >= $(date +%s) - 86410))
	[ -L "$M/asof/-7d" ] && [ -d "$M/asof/-7d/subjects" ]
	[ -f "$M/since/-90s/changed.jsonl" ]
	sleep 1.1
	[ "$(readlink "$M/at/-24h")" != "$ago" ]
	absent at/-24x
	absent at/-1.5h
	absent at/-999999d
}

@test "names that mean nothing are absent, and .. leaves as everywhere" {
	put s 1
	for name in at/at at/x at/seq-01 at/seq- at/seq--1 at/2026-13 at/now/at at/now/at/now \
		asof/now stage/none stage/Approved tier/7 tier/experts in-epoch/nobody in-epoch/%41 \
		stage/approved/stage/approved asof/2020/tier/expert/asof/2020 since/2020/subjects \
		since/2020/at since/2020/x; do
		absent "$name"
	done
	[ "$(cd -P "$M/at/now/subjects/s/../../.." && pwd)" = "$M/at" ]
	[ "$(cd -P "$M/at/.." && ls)" = "$(ls "$M")" ]
}

@test "asof/<time> sees what had been claimed by then, whenever it arrived" {
	put s 2 '.timestamp = "2026-02-01T00:00:00Z" | .confidence = 1 | .source = "b"'
	put s 1 '.timestamp = "2026-01-01T10:00:00Z" | .source = "a"'
	[ "$(seen asof/2026-01-31)" = 1 ]
	[ "$(seen asof/2026-01-01)" = 1 ] # its end
	[ "$(seen asof/2026-02-01T00:00)" = 2 ]
	absent asof/2026-01-01T09:59:59/subjects/s
	[ -z "$(ls "$M/asof/2025/subjects")" ]
	[ "$(wc -l < "$M/asof/2026-01/subjects/s/p/history.jsonl")" -eq 1 ]
	# one that arrives later, and says that it is older, is seen there too
	put s 3 '.timestamp = "2026-01-02T00:00:00Z" | .confidence = 1 | .source = "c"'
	[ "$(seen asof/2026-01-31)" = 3 ]
}

@test "stage/ and tier/ choose among the claims that stand" {
	put s 1 '.lifecycle = "approved" | .source_class = "clinical" | .source = "a" | .confidence = 0.2'
	put s 2 '.lifecycle = "proposed" | .source_class = "expert" | .source = "b" | .confidence = 0.9'
	put s 3 '.lifecycle = "deprecated" | .source = "c" | .confidence = 1'
	put t 4 '.lifecycle = "rejected"'
	[ "$(seen stage/approved)" = 1 ]
	[ "$(seen stage/proposed)" = 2 ]
	[ "$(seen stage/deprecated)" = 3 ]
	[ "$(seen stage/rejected t)" = 4 ]
	absent stage/under_review/subjects/s
	absent stage/approved/subjects/t
	[ "$(ls "$M/stage/approved/subjects")" = s ]
	[ "$(seen tier/clinical)" = 1 ]
	[ "$(seen tier/anecdotal)" = 2 ]
	absent tier/regulatory/subjects/s
	[ "$(seen tier/anecdotal/stage/approved)" = 1 ]
	[ "$(wc -l < "$M/tier/clinical/subjects/s/p/claims.jsonl")" -eq 1 ]
}

@test "in-epoch/<name> sees the claims of that epoch, superseded or not" {
	echo '{"epoch":"old"}' > "$M/inbox/epoch"
	echo '{"epoch":"new","supersedes":"old","supersession":"replace"}' > "$M/inbox/epoch"
	put s 1 '.epoch = "old" | .source = "a"'
	put s 2 '.epoch = "new" | .source = "b"'
	put s 3 '.source = "c"'
	[ "$(seen in-epoch/old)" = 1 ]
	[ "$(seen in-epoch/new)" = 2 ]
	[ "$(wc -l < "$M/in-epoch/old/subjects/s/p/claims.jsonl")" -eq 1 ]
	# an epoch that was not known then is not there, in either order
	[ -d "$M/at/seq-$(last)/in-epoch/new" ]
	absent at/seq-1/in-epoch/new
	absent in-epoch/new/at/seq-1
}

@test "prefixes compose in any order, to the same bytes" {
	local i cuts first order path
	for ((i = 0; i < 12; i++)); do
		put "s$((i % 2))" "$((i % 4))" ".source = \"r$i\" |
			.timestamp = (1767225600 + $i * 86400 | todate) |
			.lifecycle = ([\"proposed\", \"approved\"][$i % 3] // \"proposed\") |
			.source_class = [\"clinical\", \"expert\", \"community\"][$i % 3]"
	done
	cuts=("at/seq-10" "asof/2026-01-07" "stage/proposed" "tier/expert")
	first=$(contents_of "$M/${cuts[0]}/${cuts[1]}/${cuts[2]}/${cuts[3]}")
	[ "$(wc -l <<< "$first")" -gt 20 ]
	for order in 3210 1032 2031 0312; do
		path=$M
		for ((i = 0; i < 4; i++)); do path+=/${cuts[${order:i:1}]}; done
		[ "$(contents_of "$path")" = "$first" ]
	done
}

@test "nothing is taken under a context: EROFS, whatever is tried" {
	furnish
	local pair=at/now/subjects/Tesla_Inc/has_revenue here
	for here in at/now stage/approved; do
		here=$M/$here/subjects
		python3 "$TOP/tests/lib/change.py" refused EROFS "$here" "$here/Tesla_Inc" "$here/Tesla_Inc/has_revenue" \
			"$here/Tesla_Inc/has_revenue"/{consensus,claims.jsonl,value,value/consensus}
	done
	python3 "$TOP/tests/lib/change.py" refused EROFS "$M/at" "$M/at/seq-1" "$M/at/seq-1/events.jsonl" \
		"$M/since/2026" "$M/since/2026/changed.jsonl" "$M/since/2026/events.jsonl"
	run -1 mkdir "$M/at/now/x" "$M/at/seq-1/subjects/x" "$M/stage/approved/subjects/Tesla_Inc/x"
	[ "$(grep -c 'Read-only file system' <<< "$output")" -eq 3 ]
	run -1 bash -c 'echo 1 > "$1"' - "$M/$pair/assert"
	[[ $output == *"Read-only file system"* ]]
	absent "stage/approved/subjects/nobody" # made, and nothing said
}

@test "links in a context stay in it" {
	echo '{"subject":"Tesla_Inc","predicate":"ceo","object":{"ref":"Elon_Musk"}}' > "$M/inbox/a"
	put Elon_Musk 1
	local from=at/now/stage/proposed/subjects/Tesla_Inc/ceo/target
	[[ $(cd -P "$M/$from" && pwd) == "$M"/at/seq-*/stage/proposed/subjects/Elon_Musk ]]
	[ "$(cat "$M/$from/p/value/consensus")" = 1 ]
	# every link below leads somewhere in there
	local link
	while read -r link; do
		[[ $(realpath -e "$link") == "$M"/at/seq-* ]]
	done < <(find "$M/at/now/" -type l)
}

@test "since/<time>/events.jsonl is the feed behind a moment, and grows" {
	put s 1 '.source = "a"'
	local n when
	n=$(last) when=$(received "$(last)")
	[ ! -s "$M/since/$when/events.jsonl" ]
	put s 2 '.source = "b"'
	put t 1
	cmp "$M/since/$when/events.jsonl" <(tail -n +$((n + 1)) "$M/events.jsonl")
	cmp "$M/since/seq-$n/events.jsonl" "$M/since/$when/events.jsonl"
	cmp "$M/since/2020/events.jsonl" "$M/events.jsonl"
	[ "$(stat -c %s "$M/since/$when/events.jsonl")" -eq "$(wc -c < "$M/since/$when/events.jsonl")" ]
	# at/ is its end
	[ "$(wc -l < "$M/at/seq-$((n + 1))/since/$when/events.jsonl")" -eq 1 ]
	[ ! -s "$M/at/seq-$((n - 1))/since/$when/events.jsonl" ]
	tail --pid=$$ -n +1 -s 0.1 -f "$M/since/$when/events.jsonl" > "$BATS_TEST_TMPDIR/feed" 3>&- &
	local tail=$!
	put u 1
	eventually grep -q '"subject":"u"' "$BATS_TEST_TMPDIR/feed"
	kill "$tail"
	wait "$tail" || true
}

@test "since/<time>/changed.jsonl has the pairs whose answer is another one, before and after" {
	put same 1
	put other 1 '.source = "a"'
	put gone 1
	local n when id changed
	n=$(last) when=$(received "$(last)")
	[ ! -s "$M/since/$when/changed.jsonl" ]
	put same 1 '.source = "again"'
	put other 2 '.source = "b" | .confidence = 1'
	put new '"x"'
	id=$(jq -r .id "$M/subjects/gone/p/claims.jsonl")
	echo "{\"retract\":\"$id\",\"reason\":\"typo\"}" > "$M/inbox/retract"
	changed=$M/since/$when/changed.jsonl
	[ "$(jq -r .subject "$changed" | paste -sd' ')" = "gone new other" ]
	grep -xF '{"subject":"gone","predicate":"p","before":{"object":1,"status":"single"},"after":{"status":"none"}}' "$changed"
	grep -xF '{"subject":"new","predicate":"p","after":{"object":"x","status":"single"}}' "$changed"
	grep -xF '{"subject":"other","predicate":"p","before":{"object":1,"status":"single"},"after":{"object":2,"status":"single"}}' "$changed"
	[ "$(stat -c %s "$changed")" -eq "$(wc -c < "$changed")" ]
	# with an end, and among some claims alone
	[ "$(jq -r .subject "$M/at/seq-$((n + 2))/since/$when/changed.jsonl")" = other ]
	[ ! -s "$M/at/seq-$n/since/$when/changed.jsonl" ]
	[ ! -s "$M/stage/approved/since/$when/changed.jsonl" ]
	cmp "$M/stage/proposed/since/$when/changed.jsonl" "$changed"
}

@test "a set that gained or lost a value has changed, with all its objects" {
	local tags='.predicate = "tags[]"'
	put s '"a"' "$tags"
	local n
	n=$(last)
	put s '"b"' "$tags | .source = \"x\""
	[ "$(jq -c .before.objects "$M/since/seq-$n/changed.jsonl")" = '["a"]' ]
	[ "$(jq -c '.after.objects | sort' "$M/since/seq-$n/changed.jsonl")" = '["a","b"]' ]
}

@test "the command line and the mount show the same contexts" {
	put s 1
	put s 2 '.source = "b"'
	"$STEMEFS" cat "$S" at/seq-2/subjects/s/p/consensus > "$BATS_TEST_TMPDIR/mounted"
	unmount_store
	"$STEMEFS" cat "$S" at/seq-2/subjects/s/p/consensus | cmp - "$BATS_TEST_TMPDIR/mounted"
	[ "$("$STEMEFS" cat "$S" at/now/stage/proposed/subjects/s/p/value/recency)" = 2 ]
	[ "$("$STEMEFS" ls "$S" at/now)" = "$("$STEMEFS" ls "$S" at/seq-3)" ]
	fails "$STEMEFS" cat "$S" at/seq-99/README.md
	mount_store
}
