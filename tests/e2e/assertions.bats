#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# assertions/<id or prefix>/: one claim, what was signed and voted, what rests on it; and
# `echo typo > assertions/<id>/retract`, by hand.
load common
load ../lib/records
load ../lib/agents

setup() {
	start allow_other,autokey=all
	open_the_way
	post '{"subject":"s","predicate":"p","object":"red","confidence":0.9,"note":"why"}'
	RED=$ID A=$M/assertions/$ID
}
teardown() { stop; }

# post JSON: its id is in ID.
post() {
	echo "$1" > "$M/inbox/post"
	ID=$(receipt post id)
	ID=${ID##* }
}

# The state of a claim: state ID
state() {
	jq -r .state "$M/assertions/$1/claim.json"
}

# attr NAME FILE
attr() {
	getfattr --absolute-names --only-values -n "user.stemefs.$1" "$2"
}

# ---- reading ----

@test "claim.json is the claim as claims.jsonl prints it, and how it stands" {
	local line
	line=$(cat "$M/subjects/s/p/claims.jsonl")
	[ "$(cat "$A/claim.json")" = "${line%\}},\"state\":\"stands\"}" ]
	[ "$(wc -l < "$A/claim.json")" -eq 1 ]
}

@test "the record's bytes have the id as their hash" {
	[ "$(b3sum --no-names "$A/record")" = "$RED" ]
	[ "$(head -c 4 "$A/record")" = STM1 ]
	[ "$(stat -c %s "$A/record")" -eq "$(wc -c < "$A/record")" ]
}

@test "each signature verifies, with the id and the time that stand beside it" {
	as 1001 sh -c "echo yes > '$A/cosign'"
	[ "$(jq '.signatures | length' "$A/signatures.json")" -eq 2 ]
	[ "$(jq -r .id "$A/signatures.json")" = "$RED" ]
	python3 - "$A/signatures.json" <<-'END'
		import json, struct, sys
		from nacl.signing import VerifyKey
		whole = json.load(open(sys.argv[1]))
		agents = [s["agent"] for s in whole["signatures"]]
		assert agents == sorted(set(agents)), agents
		for s in whole["signatures"]:
		    message = b"stemefs/sign/v1\0" + bytes.fromhex(whole["id"])
		    message += struct.pack("<Q", int(s["signed_at_ns"]))
		    VerifyKey(bytes.fromhex(s["agent"])).verify(message, bytes.fromhex(s["signature"]))
	END
}

@test "jq keeps every digit of signed_at_ns, and it is signed_at" {
	local ns
	ns=$(jq -r '.signatures[0].signed_at_ns' "$A/signatures.json")
	[[ $ns =~ ^[0-9]{19}$ ]]
	[ "$(date -u -d "$(jq -r '.signatures[0].signed_at' "$A/signatures.json")" +%s%N)" = "$ns" ]
}

@test "by eight digits or more, in either case, each spelling a directory of its own" {
	local n
	for n in 8 9 20 63 64; do
		cmp "$A/claim.json" "$M/assertions/${RED:0:$n}/claim.json"
	done
	cmp "$A/record" "$M/assertions/$(tr a-f A-F <<< "${RED:0:16}")/record"
	[ ! -e "$M/assertions/${RED:0:7}" ]
	[ ! -e "$M/assertions/${RED}0" ]
	[ ! -e "$M/assertions/ffffffff" ]
	[ ! -e "$M/assertions/${RED:0:8}g" ]
	[ "$(ls "$M/assertions")" = "" ]
}

@test "a prefix that two claims share is nobody's, and stops being somebody's" {
	local first=30960e00 # found by trying: both ids start with it
	post '{"subject":"twin","predicate":"p","object":1,"timestamp":1578028414}'
	[ "${ID:0:8}" = "$first" ]
	[ "$(jq -r .id "$M/assertions/$first/claim.json")" = "$ID" ]
	post '{"subject":"twin","predicate":"p","object":1,"timestamp":1578085343}'
	[ "${ID:0:8}" = "$first" ]
	[ ! -e "$M/assertions/$first" ]
	[ ! -e "$M/assertions/$first/claim.json" ]
	[ "$(jq -r .id "$M/assertions/${ID:0:20}/claim.json")" = "$ID" ]
}

@test "votes.jsonl has the counted vote of each agent" {
	as 1001 sh -c "echo 0.3 > '$A/vote'; echo -0.5 > '$A/vote'"
	as 1002 sh -c "echo 1 > '$A/vote'"
	as 1003 sh -c "echo 1 > '$A/vote'; echo 0 > '$A/vote'"
	[ "$(jq -r .agent "$A/votes.jsonl")" = "$({ agent_of 1001; agent_of 1002; } | sort)" ]
	[ "$(jq -r --arg a "$(agent_of 1001)" 'select(.agent == $a).weight' "$A/votes.jsonl")" = -0.5 ]
	[ "$(jq -c 'keys' "$A/votes.jsonl" | sort -u)" = '["agent","id","timestamp","weight"]' ]
}

@test "used-by.jsonl: what rests on it, directly and through others, each once" {
	local b c d
	post "{\"subject\":\"b\",\"predicate\":\"p\",\"object\":1,\"because\":[\"$RED\"],\"timestamp\":1700000002}"
	b=$ID
	post "{\"subject\":\"c\",\"predicate\":\"p\",\"object\":{\"ref\":\"s\"},\"because\":[\"$RED\",\"$b\"],\"timestamp\":1700000001}"
	c=$ID
	post "{\"subject\":\"d\",\"predicate\":\"p\",\"object\":3,\"because\":[\"$b\",\"$c\"],\"timestamp\":1700000000}"
	d=$ID
	[ "$(jq -r '"\(.id) \(.depth) \(.via)"' "$A/used-by.jsonl")" = "$c 1 $RED
$b 1 $RED
$d 2 $c" ]
	[ "$(head -n 1 "$A/used-by.jsonl")" = "{\"id\":\"$c\",\"subject\":\"c\",\"predicate\":\"p\",\"object\":{\"ref\":\"s\"},\"depth\":1,\"via\":\"$RED\",\"state\":\"stands\",\"withdrawn_premises\":[]}" ]
	[ ! -s "$M/assertions/$d/used-by.jsonl" ]
}

@test "used-by.jsonl says which premises are gone, and what became of the users" {
	local b c
	post "{\"subject\":\"b\",\"predicate\":\"p\",\"object\":1,\"because\":[\"$RED\"]}"
	b=$ID
	post "{\"subject\":\"c\",\"predicate\":\"p\",\"object\":1,\"because\":[\"$b\",\"$RED\"]}"
	c=$ID
	echo 'the meter was broken' > "$M/assertions/$b/retract"
	[ "$(jq -c --arg c "$c" 'select(.id == $c).withdrawn_premises' "$A/used-by.jsonl")" = "[\"$b\"]" ]
	[ "$(jq -r --arg b "$b" 'select(.id == $b).state' "$A/used-by.jsonl")" = withdrawn ]
	echo 'a typo' > "$A/retract"
	[ "$(jq -c --arg c "$c" 'select(.id == $c).withdrawn_premises' "$A/used-by.jsonl")" = "[\"$b\",\"$RED\"]" ]
	# a premise that nobody knows is not withdrawn
	post "{\"subject\":\"e\",\"predicate\":\"p\",\"object\":1,\"because\":[\"$c\",\"${RED//[0-7]/f}\"]}"
	[ "$(jq -c .withdrawn_premises "$M/assertions/$c/used-by.jsonl")" = "[]" ]
}

@test "xattrs of a claim" {
	[ "$(attr id "$A/claim.json")" = "$RED" ]
	[ "$(attr object "$A/claim.json")" = red ]
	[ "$(attr confidence "$A/claim.json")" = 0.9 ]
	[ "$(attr status "$A/claim.json")" = stands ]
	[ "$(attr seq "$A/claim.json")" = "$(receipt post seq)" ]
	fails attr candidates "$A/claim.json"
	[ "$(getfattr --absolute-names -d "$A/claim.json" | grep -c user.stemefs)" -eq 5 ]
	[ "$(getfattr --absolute-names -d "$A/record")" = "" ]
	post '{"subject":"t","predicate":"p","object":1}'
	fails attr confidence "$M/assertions/$ID/claim.json"
	echo 'a typo' > "$A/retract"
	[ "$(attr status "$A/claim.json")" = withdrawn ]
}

# ---- saying something about it ----

@test "echo 0.8 > vote" {
	as 1001 sh -c "echo 0.8 > '$A/vote'"
	tail -n 1 "$M/events.jsonl" | jq -e --arg id "$RED" --arg agent "$(agent_of 1001)" \
		'.kind == "vote" and .vote == $id and .weight == 0.8 and .agents == [$agent]'
	printf -- '+1\n-0.25' > "$A/vote"
	[ "$(tail -n 2 "$M/events.jsonl" | jq -c .weight | paste -sd' ')" = "1 -0.25" ]
	[ "$(jq -r .kind "$M/.stemefs/last_receipt")" = vote ]
	echo > "$A/vote"
	refused EINVAL 'two is no weight' sh -c "echo two > '$A/vote'"
	refused EINVAL 'no weight' sh -c "echo '$RED 1' > '$A/vote'"
	refused EINVAL 'no weight' sh -c "echo 1.1 > '$A/vote'"
}

@test "echo yes > cosign" {
	as 1001 sh -c "echo yes > '$M/assertions/${RED:0:8}/cosign'"
	[ "$(jq -r '.signers[]' "$A/claim.json" | wc -l)" -eq 2 ]
	[ "$(jq -r '.signers[]' "$A/claim.json")" = "$({ agent_of 0; agent_of 1001; } | sort)" ]
	: > "$A/cosign"
	echo > "$A/cosign"
	as 1001 sh -c "echo again > '$A/cosign'" # said already
	[ "$(grep -c '"cosignature"' "$M/events.jsonl")" -eq 1 ]
}

@test "echo 'a typo' > retract" {
	echo 'a typo' > "$A/retract"
	tail -n 1 "$M/events.jsonl" | jq -e --arg id "$RED" '.retract == $id and .reason == "a typo"'
	[ "$(state "$RED")" = withdrawn ]
	[ "$(jq -c .signers "$A/claim.json")" = "[]" ]
	[ ! -e "$M/subjects/s/p/value/consensus" ]
	[ "$(b3sum --no-names "$A/record")" = "$RED" ]
	[ "$(jq '.signatures | length' "$A/signatures.json")" -eq 1 ] # what was signed stays signed
	[ "$(jq -r .kind "$M/.stemefs/last_receipt")" = supersession ]
}

@test "a retraction wants a reason, and says so in the write" {
	refused EINVAL reason sh -c "echo > '$A/retract'"
	refused EINVAL reason sh -c "echo '  ' > '$A/retract'"
	[[ $(why hint) == *retract* ]]
	refused EINVAL "" sh -c "echo '{\"retract\":\"$RED\",\"reason\":\"x\"}' > '$A/retract'"
	[[ $(why hint) == *inbox* ]]
	refused EINVAL reason sh -c "printf '\033[2Jx\n' > '$A/retract'"
	: > "$A/retract"
	touch "$A/retract"
	[ "$(state "$RED")" = stands ]
	[ "$(why path)" = "assertions/$RED/retract" ]
}

@test "nobody takes back what others signed" {
	fails as 1001 sh -c "echo 'I say so' > '$A/retract'"
	[ "$(as 1001 jq -r .code "$M/.stemefs/last_error")" = EPERM ]
	[ "$(grep -c '"retract"' "$M/events.jsonl")" -eq 0 ]
	[ "$(state "$RED")" = stands ]
}

@test "echo '<id> why' > supersede" {
	local blue
	post '{"subject":"s","predicate":"p","object":"blue"}'
	blue=$ID
	echo "${blue:0:8}  restated in the annual report " > "$A/supersede"
	tail -n 1 "$M/events.jsonl" | jq -e --arg red "$RED" --arg blue "$blue" \
		'.supersede == $red and .by == $blue and .reason == "restated in the annual report"'
	[ "$(state "$RED")" = replaced ]
	[ "$(jq -r .replaced_by "$A/claim.json")" = "$blue" ]
	[ "$(state "$blue")" = stands ]
	[ "$(value s p)" = blue ]
	[ "$(attr status "$A/claim.json")" = replaced ]
}

@test "supersede wants an id that is known, and a reason" {
	post '{"subject":"s","predicate":"p","object":"blue"}'
	refused EINVAL "reason is missing" sh -c "echo '$ID' > '$A/supersede'"
	refused EINVAL "no claim has the id" sh -c "echo 'ffffffffff because' > '$A/supersede'"
	refused EINVAL "no id" sh -c "echo 'because of this' > '$A/supersede'"
	refused EINVAL "the id is missing" sh -c "echo > '$A/supersede'"
	post '{"subject":"elsewhere","predicate":"p","object":"blue"}'
	refused EINVAL "" sh -c "echo '$ID because' > '$A/supersede'"
	[ "$(state "$RED")" = stands ]
}

@test "they read as empty, are written by everybody, and nothing else is" {
	local f
	for f in vote cosign retract supersede; do
		[ "$(stat -c '%a %s' "$A/$f")" = "666 0" ]
		[ "$(cat "$A/$f")" = "" ]
	done
	for f in claim.json record signatures.json votes.jsonl used-by.jsonl; do
		[ "$(stat -c %a "$A/$f")" = 444 ]
		fails sh -c "echo x > '$A/$f'"
	done
	fails touch "$A/new"
	fails mkdir "$A/dir"
	fails rm "$A/claim.json"
	[ "$(ls "$A" | paste -sd' ')" = "claim.json cosign record retract signatures.json supersede used-by.jsonl vote votes.jsonl" ]
}

@test "what claim.json says changes with the next write, and an open file does not" {
	exec 5< "$A/claim.json"
	echo 'a typo' > "$A/retract"
	[ "$(jq -r .state <&5)" = stands ]
	exec 5<&-
	[ "$(state "$RED")" = withdrawn ]
}

@test "counts_as: a stage that only stewards give, a class that was not granted" {
	agents steward
	"$STEMEFS" admit "$S" --steward "$(keys_of steward)"
	jq -nc '{subject:"g", predicate:"p", object:1, lifecycle:"approved", source_class:"clinical", timestamp:1700000000}' |
		signs steward
	ID=$(receipt steward id)
	[ "$(jq -c .counts_as "$M/assertions/$ID/claim.json")" = '{"source_class":"anecdotal"}' ]
	agents somebody
	jq -nc '{subject:"g", predicate:"p", object:2, lifecycle:"approved", source_class:"clinical", timestamp:1700000001}' |
		signs somebody
	ID=$(receipt somebody id)
	[ "$(jq -c .counts_as "$M/assertions/$ID/claim.json")" = '{"lifecycle":"proposed","source_class":"anecdotal"}' ]
	[ "$(jq -c 'has("counts_as")' "$A/claim.json")" = false ]
	# a setting changes what has been read already
	"$STEMEFS" admit "$S" --grant clinical "$(keys_of somebody)"
	[ "$(jq -c .counts_as "$M/assertions/$ID/claim.json")" = '{"lifecycle":"proposed"}' ]
	"$STEMEFS" admit "$S" --steward "$(keys_of somebody)"
	[ "$(jq -c .counts_as "$M/assertions/$ID/claim.json")" = null ]
	[ "$(jq -c .grants "$M/agents/$(keys_of somebody)/profile.json")" = '["clinical"]' ]
}

@test "a steward withdraws for all; the signatures stay" {
	as 1001 sh -c "echo 1 > '$M/subjects/s/p/assert'"
	"$STEMEFS" admit "$S" --steward "$(agent_of 1001)"
	as 1001 sh -c "echo 'proved wrong' > '$A/retract'"
	[ "$(state "$RED")" = withdrawn ]
	[ "$(jq -r '.signatures[].agent' "$A/signatures.json")" = "$(agent_of 0)" ]
	[ "$(jq -r .state "$M/agents/me/claims.jsonl")" = withdrawn ]
}

@test "in a context: read-only, and as it was" {
	local then
	then=$(readlink "$M/at/now")
	echo 'a typo' > "$A/retract"
	[ "$(jq -r .state "$M/at/$then/assertions/$RED/claim.json")" = stands ]
	[ "$(jq -r .state "$M/at/now/assertions/${RED:0:8}/claim.json")" = withdrawn ]
	cmp "$A/record" "$M/at/$then/assertions/$RED/record"
	[ "$(ls "$M/at/$then/assertions/$RED" | paste -sd' ')" = "claim.json record signatures.json used-by.jsonl votes.jsonl" ]
	[ ! -e "$M/at/$then/assertions/$RED/retract" ]
	[ ! -e "$M/at/seq-0/assertions/$RED" ]
}
