#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# The graph as files: walked with cd in both directions; who cites a source, who says what,
# what belongs to an epoch, what is contested.
load common
load ../lib/records
load ../lib/agents

setup() {
	start allow_other,autokey=all
	open_the_way
}
teardown() { stop; }

# say SUBJECT PREDICATE OBJECT [JQ]: a claim with a timestamp of its own; its id is in ID.
TIME=1700000000
say() {
	TIME=$((TIME + 1))
	jq -nc --arg s "$1" --arg p "$2" --argjson o "$3" --argjson t "$TIME" \
		'{subject: $s, predicate: $p, object: $o, timestamp: $t} | '"${4:-.}" > "$M/inbox/say"
	ID=$(receipt say id)
}

# names DIR: what is listed there, in one line.
names() {
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' '
}

# ---- references ----

@test "the graph is walked with cd, there and back" {
	say Ada knows '{"ref":"Charles Babbage"}'
	say 'Charles Babbage' built '"an engine"'
	say Ada wrote '"notes"'
	[ "$(readlink "$M/subjects/Ada/knows/target")" = "../../Charles Babbage" ]
	[ ! -e "$M/subjects/Ada/wrote/target" ] && [ ! -L "$M/subjects/Ada/wrote/target" ]
	(cd "$M/subjects/Ada/knows/target" && [ "$(cat built/value/consensus)" = "an engine" ])
	[ "$(names "$M/subjects/Charles Babbage/_in")" = knows ]
	[ "$(readlink "$M/subjects/Charles Babbage/_in/knows/Ada")" = ../../../Ada ]
	[ "$(cat "$M/subjects/Charles Babbage/_in/knows/Ada/wrote/value/consensus")" = notes ]
	[ "$(cat "$M/subjects/Ada/knows/target/_in/knows/Ada/knows/target/built/value/recency")" = "an engine" ]
	[ ! -e "$M/subjects/Ada/_in" ]
	[[ " $(names "$M/subjects/Charles Babbage") " == *" _in "* ]]
	[[ " $(names "$M/subjects/Ada") " != *" _in "* ]]
}

@test "a reference leads somewhere, also to what nobody has said anything about" {
	say Ada knows '{"ref":"Nobody"}'
	(cd "$M/subjects/Ada/knows/target" && [ -d _in/knows ])
	[ "$(cat "$M/subjects/Nobody/_in/knows/Ada/knows/value/recency")" = Nobody ]
	[ "$(names "$M/subjects")" = Ada ]
	[ ! -e "$M/subjects/Somebody" ]
	mkdir -p "$M/subjects/Nobody/is"
	echo known > "$M/subjects/Nobody/is/assert"
	[ "$(names "$M/subjects")" = "Ada Nobody" ]
	[ -d "$M/subjects/Nobody/_in" ] && [ -d "$M/subjects/Nobody/is" ]
	say Ada2 knows '{"ref":"Gone"}'
	[ -d "$M/subjects/Gone" ]
	echo 'a typo' > "$M/assertions/$ID/retract"
	[ ! -e "$M/subjects/Gone" ]
}

@test "names that are no file names are encoded in links, and lead there" {
	say '.a/b' '-points %' '{"ref":"_c/d "}'
	say '_c/d ' p 1
	[ "$(cat "$M/subjects/%2Ea%2Fb/%2Dpoints %25/target/p/value/consensus")" = 1 ]
	[ "$(names "$M/subjects/%5Fc%2Fd%20/_in")" = "%2Dpoints %25" ]
	[ "$(readlink "$M/subjects/%5Fc%2Fd%20/_in/%2Dpoints %25/%2Ea%2Fb")" = ../../../%2Ea%2Fb ]
	[ -d "$M/subjects/%5Fc%2Fd%20/_in/%2Dpoints %25/%2Ea%2Fb/%2Dpoints %25" ]
}

@test "a claim called _in, or a subject, is another name" {
	say _in _in '{"ref":"_in"}'
	[ -d "$M/subjects/%5Fin/%5Fin" ]
	[ "$(readlink "$M/subjects/%5Fin/%5Fin/target")" = ../../%5Fin ]
	[ "$(readlink "$M/subjects/%5Fin/_in/%5Fin/%5Fin")" = ../../../%5Fin ]
}

@test "target follows the consensus; _in has whoever claims it" {
	say Ada knows '{"ref":"X"}'
	say X p 1
	say Y p 1
	as 1001 sh -c "echo '{\"ref\":\"Y\"}' > '$M/subjects/Ada/knows/assert'"
	as 1001 sh -c "echo '={\"ref\":\"Y\"} 1' > '$M/subjects/Ada/knows/vote'"
	[ "$(readlink "$M/subjects/Ada/knows/target")" = ../../Y ]
	[ -L "$M/subjects/X/_in/knows/Ada" ]
	[ -L "$M/subjects/Y/_in/knows/Ada" ]
	# a text that reads like a reference is none
	say Ada says '"{\"ref\":\"X\"}"'
	say Ada ',"object":{"ref":"X"}' '"x"'
	[ "$(find "$M/subjects/Ada" -name target | wc -l)" -eq 1 ]
}

@test "who no longer points is gone from _in, and _in with the last one" {
	say X p 1
	say Ada knows '{"ref":"X"}'
	local ada=$ID
	say Bob knows '{"ref":"X"}'
	[ "$(names "$M/subjects/X/_in/knows")" = "Ada Bob" ]
	(
		cd "$M/subjects/X/_in/knows"
		echo 'a typo' > "$M/assertions/$ID/retract"
		[ "$(names .)" = Ada ]
		[ ! -e Bob ]
		[ ! -L Bob ]
	)
	echo 'a typo' > "$M/assertions/$ada/retract"
	[ ! -e "$M/subjects/X/_in" ]
	[ ! -e "$M/subjects/X/_in/knows" ]
	[[ " $(names "$M/subjects/X") " != *" _in "* ]]
}

@test "many point at one: each is listed once" {
	say hub p 1
	jq -nc 'range(500) | {subject: "s\(.)", predicate: "part of", object: {ref: "hub"}}' > "$M/inbox/many"
	jq -nc 'range(500) | {subject: "s\(.)", predicate: "part of", object: {ref: "hub"}, source: "again"}' > "$M/inbox/more"
	[ "$(find "$M/subjects/hub/_in/part of" -type l | wc -l)" -eq 500 ]
	[ "$(find "$M/subjects/hub/_in/part of" -type l -printf '%f\n' | sort -u | wc -l)" -eq 500 ]
	[ "$(find -L "$M/subjects/hub/_in/part of" -maxdepth 1 -type l | wc -l)" -eq 0 ] # none dangles
}

# ---- sources ----

@test "sources: everything that cites one" {
	say a p 1 '.source = "https://example.org/10-K?year=2023"'
	local a=$ID
	say b p 2 '.source = "https://example.org/10-K?year=2023"'
	say c p 3 '.source = "elsewhere"'
	say d p 4
	[ "$(names "$M/sources")" = "elsewhere https:%2F%2Fexample.org%2F10-K?year=2023" ]
	[ "$(jq -r .object "$M/sources/https:%2F%2Fexample.org%2F10-K?year=2023/claims.jsonl" | paste -sd' ')" = "1 2" ]
	[ "$(cat "$M/sources/elsewhere/claims.jsonl")" = "$(cat "$M/subjects/c/p/claims.jsonl")" ]
	[ ! -e "$M/sources/nowhere" ]
	[ ! -e "$M/sources/https:%2f%2fexample.org%2f10-K?year=2023" ] # one spelling
	echo 'a typo' > "$M/assertions/$a/retract"
	[ "$(jq -r '.state // "-"' "$M/sources/https:%2F%2Fexample.org%2F10-K?year=2023/claims.jsonl" | paste -sd' ')" = "withdrawn -" ]
	[[ $(head -n 1 "$M/sources/https:%2F%2Fexample.org%2F10-K?year=2023/claims.jsonl") == *',"state":"withdrawn"}' ]]
}

@test "a source too long for a file name is called by its hash, and by nothing else" {
	local long hash
	long=$(printf 'x%.0s' {1..300})
	hash=$(printf %s "$long" | b3sum --no-names)
	say a p 1 ".source = \"$long\""
	say b p 2 ".source = \"${long:0:255}\""
	say c p 3 ".source = \"_$hash\""
	[ "$(names "$M/sources")" = "%5F$hash _$hash ${long:0:255}" ]
	[ "$(jq .object "$M/sources/_$hash/claims.jsonl")" = 1 ]
	[ "$(jq .object "$M/sources/%5F$hash/claims.jsonl")" = 3 ]
	[ ! -e "$M/sources/_$(printf %s "${long:0:255}" | b3sum --no-names)" ]
	[ ! -e "$M/sources/_${hash^^}" ]
	[ ! -e "$M/sources/_" ]
}

@test "sources by the thousand, each listed once" {
	jq -nc 'range(2000) | {subject: "s", predicate: "p", object: ., source: "r\(.)"}' > "$M/inbox/many"
	[ "$(find "$M/sources" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2000 ]
	[ "$(find "$M/sources" -name claims.jsonl -print0 | xargs -0 cat | jq -r .source | sort -u | wc -l)" -eq 2000 ]
}

# ---- agents ----

@test "agents: who they are and what they said" {
	local me key
	say a p 1
	me=$(agent_of)
	members bob
	key=$(keys_of bob)
	what t no '.timestamp = 1700000000' | signs bob
	# the store has admitted them: it speaks, too
	[ "$(names "$M/agents")" = "$(printf '%s\n' by-name me "$me" "$key" "$(jq -r .store_key "$M/.stemefs/status")" |
		LC_ALL=C sort | paste -sd' ')" ]
	[ "$(jq -c . "$M/agents/$key/profile.json")" = "{\"agent\":\"$key\",\"trust\":0.5,\"admitted\":true,\"steward\":false,\"grants\":[],\"claims\":1}" ]
	[ "$(cat "$M/agents/$key/claims.jsonl")" = "$(cat "$M/subjects/t/p/claims.jsonl")" ]
	"$STEMEFS" admit "$S" --steward "$key"
	[ "$(jq -c .steward "$M/agents/$key/profile.json")" = true ]
	[ ! -e "$M/agents/${key^^}" ]
	[ ! -e "$M/agents/${key:0:20}" ]
	[ ! -e "$M/agents/${key//[0-7]/f}" ]
}

@test "agents/me is the caller's own key, and is missing where there is none" {
	[ ! -L "$M/agents/me" ]
	[[ " $(names "$M/agents") " != *" me "* ]]
	say a p 1
	[ "$(readlink "$M/agents/me")" = "$(agent_of 0)" ]
	[ "$(jq -r .agent "$M/agents/me/profile.json")" = "$(agent_of 0)" ]
	fails as 1001 readlink "$M/agents/me"
	as 1001 sh -c "echo 2 > '$M/subjects/a/p/assert'"
	[ "$(as 1001 readlink "$M/agents/me")" = "$(agent_of 1001)" ]
	[ "$(readlink "$M/agents/me")" = "$(agent_of 0)" ]
	[ "$(as 1001 jq -r .object "$M/agents/me/claims.jsonl")" = 2 ]
}

@test "agents/by-name has every key that claims a name now" {
	say a p 1
	echo '{"profile":{"name":"Ada"}}' > "$M/inbox/p"
	as 1001 sh -c "echo '{\"profile\":{\"name\":\"Ada\"}}' > '$M/inbox/p1'"
	as 1002 sh -c "echo '{\"profile\":{\"name\":\".B/b\"}}' > '$M/inbox/p2'"
	[ "$(names "$M/agents/by-name")" = "%2EB%2Fb Ada" ]
	[ "$(names "$M/agents/by-name/Ada")" = "$({ agent_of 0; agent_of 1001; } | LC_ALL=C sort | paste -sd' ')" ]
	[ "$(readlink "$M/agents/by-name/Ada/$(agent_of 0)")" = "../../$(agent_of 0)" ]
	[ "$(jq -r .name "$M/agents/by-name/Ada/$(agent_of 1001)/profile.json")" = Ada ]
	[[ $(jq -r .since "$M/agents/by-name/%2EB%2Fb/$(agent_of 1002)/profile.json") == 20* ]]
	[ ! -e "$M/agents/by-name/Ada/$(agent_of 1002)" ]
	echo '{"profile":{"name":"Lovelace"}}' > "$M/inbox/p"
	[ "$(names "$M/agents/by-name/Ada")" = "$(agent_of 1001)" ]
	as 1001 sh -c "echo '{\"profile\":{\"name\":\"Eve\"}}' > '$M/inbox/p1'"
	[ ! -e "$M/agents/by-name/Ada" ]
	[ "$(names "$M/agents/by-name")" = "%2EB%2Fb Eve Lovelace" ]
}

@test "an agent's claims: what it cosigned too, oldest first" {
	say b p 1
	local b=$ID
	as 1001 sh -c "echo '{\"subject\":\"a\",\"predicate\":\"p\",\"object\":2}' > '$M/inbox/x'; echo yes > '$M/assertions/$b/cosign'"
	[ "$(jq .object "$M/agents/$(agent_of 1001)/claims.jsonl" | paste -sd' ')" = "1 2" ]
	[ "$(jq .claims "$M/agents/$(agent_of 1001)/profile.json")" -eq 2 ]
}

# ---- epochs ----

@test "epochs: what an epoch is, and what superseded it" {
	echo '{"epoch":"GAAP 2024","timestamp":1700000000}' > "$M/inbox/e"
	local old new
	old=$(receipt e id)
	say a p 1 '.epoch = "GAAP 2024"'
	echo '{"epoch":"GAAP/2025","supersedes":"GAAP 2024","supersession":"replace","timestamp":1700000001}' > "$M/inbox/e"
	new=$(receipt e id)
	say b p 2 '.epoch = "GAAP/2025"'
	[ "$(names "$M/epochs")" = "GAAP 2024 GAAP%2F2025" ]
	[ "$(cat "$M/epochs/GAAP 2024/epoch.json")" = "{\"id\":\"$old\",\"name\":\"GAAP 2024\",\"timestamp\":\"2023-11-14T22:13:20Z\",\"signers\":[\"$(agent_of)\"],\"superseded_by\":[{\"id\":\"$new\",\"name\":\"GAAP/2025\",\"supersession\":\"replace\",\"in_force\":true}],\"hidden\":true}" ]
	[ "$(cat "$M/epochs/GAAP%2F2025/epoch.json")" = "{\"id\":\"$new\",\"name\":\"GAAP/2025\",\"timestamp\":\"2023-11-14T22:13:21Z\",\"signers\":[\"$(agent_of)\"],\"supersedes\":\"$old\",\"supersession\":\"replace\",\"in_force\":true,\"superseded_by\":[],\"hidden\":false}" ]
	[ "$(jq .object "$M/epochs/GAAP 2024/claims.jsonl")" = 1 ]
	[ "$(jq .object "$M/epochs/GAAP%2F2025/claims.jsonl")" = 2 ]
	cmp "$M/epochs/GAAP 2024/epoch.json" "$M/epochs/$old/epoch.json"
	[ ! -e "$M/epochs/GAAP 2026" ]
}

@test "a name that several epochs bear: a line for each, their claims in one order" {
	agents one two
	jq -nc '{epoch: "E", timestamp: 1700000000}' | signs one
	jq -nc '{epoch: "E", timestamp: 1700000001}' | signs two
	local one two
	one=$(receipt one id) two=$(receipt two id)
	say a p 1 ".epoch = \"$two\""
	say b p 2 ".epoch = \"$one\""
	say c p 3 ".epoch = \"$two\""
	[ "$(jq -r .id "$M/epochs/E/epoch.json")" = "$one
$two" ]
	[ "$(jq .object "$M/epochs/E/claims.jsonl" | paste -sd' ')" = "1 2 3" ]
	[ "$(jq .object "$M/epochs/$one/claims.jsonl" | paste -sd' ')" = "2" ]
}

# ---- conflicts ----

@test "conflicts: links to what is contested now, and one file to search" {
	say agreed p 1
	say 'dis/puted' 'p q' '"yes"'
	as 1001 sh -c "echo no > '$M/subjects/dis%2Fputed/p q/assert'"
	[ "$(names "$M/conflicts")" = "dis%2Fputed" ]
	[ "$(readlink "$M/conflicts/dis%2Fputed/p q")" = "../../subjects/dis%2Fputed/p q" ]
	[ "$(jq -r .status "$M/conflicts/dis%2Fputed/p q/skeptic")" = contested ]
	[ "$(jq -c . "$M/conflicts.jsonl")" = '{"subject":"dis/puted","predicate":"p q","status":"contested","conflict":1,"clusters":[{"object":"no","share":0.5,"agents":1,"claims":1},{"object":"yes","share":0.5,"agents":1,"claims":1}]}' ]
	[ "$(grep -rl puted "$M/conflicts.jsonl")" = "$M/conflicts.jsonl" ]
	[ ! -e "$M/conflicts/agreed" ]
	[ ! -e "$M/conflicts/nothing" ]
}

@test "a conflict that ends is gone at once, also for who stands in it" {
	say d p '"yes"'
	as 1001 sh -c "echo no > '$M/subjects/d/p/assert'"
	(
		cd "$M/conflicts/d"
		[ -L p ]
		as 1001 sh -c "echo yes > '$M/subjects/d/p/assert'; echo '=no -1' > '$M/subjects/d/p/vote'"
		[ ! -L p ]
		[ "$(names "$M/conflicts")" = "" ]
	)
	[ ! -e "$M/conflicts/d" ]
	[ "$(stat -c %s "$M/conflicts.jsonl")" -eq 0 ]
}

@test "conflicts.jsonl shows the sixteen strongest values and counts the rest" {
	local i
	for i in {1..18}; do
		as $((1000 + i)) sh -c "echo '{\"subject\":\"many\",\"predicate\":\"p\",\"object\":$i}' > '$M/inbox/y$i'"
	done
	[ "$(jq '.clusters | length' "$M/conflicts.jsonl")" -eq 16 ]
	[ "$(jq .more "$M/conflicts.jsonl")" -eq 2 ]
}

# ---- all of it ----

@test "in a context the same graph, as it is there" {
	say X p 1
	say Ada knows '{"ref":"X"}' '.source = "r"'
	local then ada=$ID
	then=$M/$(cd "$M" && echo "at/$(readlink at/now)")
	echo 'a typo' > "$M/assertions/$ada/retract"
	say d p 1 '.lifecycle = "approved" | .source = "s"'
	as 1001 sh -c "echo 2 > '$M/subjects/d/p/assert'"
	[ "$(readlink "$then/subjects/Ada/knows/target")" = ../../X ]
	[ "$(cat "$then/subjects/X/_in/knows/Ada/knows/target/p/value/consensus")" = 1 ]
	[ ! -e "$M/subjects/X/_in" ]
	[ "$(names "$then/sources")" = r ]
	[ "$(jq -r '.state // "-"' "$then/sources/r/claims.jsonl" "$M/sources/r/claims.jsonl" | paste -sd' ')" = "- withdrawn" ]
	[[ " $(names "$then/agents") " == *" $(agent_of) "* ]]
	[[ " $(names "$then/agents") " != *" $(agent_of 1001) "* ]]
	[[ " $(names "$M/agents") " == *" $(agent_of 1001) "* ]]
	[ "$(names "$then/conflicts")" = "" ]
	[ "$(names "$M/conflicts")" = d ]
	[ "$(names "$M/stage/approved/conflicts")" = "" ]
	[ ! -s "$M/stage/approved/conflicts.jsonl" ]
}

@test "the index is disposable: the same files after it was made anew" {
	say X p 1
	say Ada knows '{"ref":"X"}' '.source = "r"'
	echo '{"epoch":"E"}' > "$M/inbox/e"
	say a p 1 '.epoch = "E" | .because = ["'"$ID"'"]'
	echo '{"profile":{"name":"Ada"}}' > "$M/inbox/p"
	as 1001 sh -c "echo 2 > '$M/subjects/a/p/assert'"
	all() {
		(cd "$M" && find assertions sources agents epochs conflicts conflicts.jsonl subjects \
			-type f ! -name assert ! -name vote -print0 | LC_ALL=C sort -z | xargs -0 b3sum --
			find assertions sources agents epochs conflicts subjects -type l -printf '%p %l\n' | LC_ALL=C sort
			cd "assertions/$ID" && b3sum -- *.json* record)
	}
	all > "$BATS_TEST_TMPDIR/before"
	unmount_store
	rm -r "$S/index"
	mount_store allow_other,autokey=all
	all > "$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/before")" -gt 50 ]
}
