#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# `echo 96.7 > assert` asserts that value on the pair, as a person means it.
load common
load ../lib/records
setup() {
	start
	mkdir -p "$M/subjects/s/p"
	PAIR=$M/subjects/s/p
}
teardown() { stop; }

write() { printf %s "$1" > "$PAIR/assert"; }

# means TEXT JSON: what is asserted by echo TEXT
means() {
	echo "$1" > "$PAIR/assert"
	[ "$(tail -n 1 "$M/events.jsonl" | jq -c '[.subject, .predicate, .object]')" = "[\"s\",\"p\",$2]" ] ||
		{ tail -n 1 "$M/events.jsonl"; false; }
	[ "$(jq -c .object "$PAIR/recency")" = "$2" ]
}

@test "numbers, exactly" {
	means 96.7 96.7
	means -1 -1
	means 0 0
	means 1e3 1000
	means 96.70 96.7
	local exact # jq would make a double of it
	for exact in 9007199254740993 0.1234567890123456789012345678901234 -1e999; do
		echo "$exact" > "$PAIR/assert"
		[ "$(cat "$PAIR/value/recency")" = "$exact" ]
	done
	refused EINVAL 999 write '1e1000
'
}

@test "text, with blanks in it and none around it" {
	means Berlin '"Berlin"'
	means '  New York City  ' '"New York City"'
	means $'tab\there\r' '"tab\there"'
	means "it's {not} JSON" '"it'\''s {not} JSON"'
	means 'Ünïcode ☃' '"Ünïcode ☃"'
	means '100 km' '"100 km"'
	means '3rd' '"3rd"'
	means '-v' '"-v"'
	means 'nullify' '"nullify"'
	means 'True' '"True"'
	means '[1,2]' '"[1,2]"'
}

@test "JSON: quoted text, true and false, references, records without their pair" {
	means '"quoted"' '"quoted"'
	means '"007"' '"007"'
	means '"null"' '"null"'
	means '" kept "' '" kept "'
	means '""' '""'
	means true true
	means ' false ' false
	means '{"ref":"Germany"}' '{"ref":"Germany"}'
	[ "$(jq -r .object.ref "$PAIR/recency")" = Germany ]
	means '{"object":7,"confidence":0.9,"source":"x"}' 7
	[ "$(jq -r '.claim_confidence, .source' "$PAIR/recency" | xargs)" = "0.9 x" ]
	means '{"object":8,"subject":"s","predicate":"p"}' 8
}

@test "what looks like a number and is none, null and NaN are refused with the hint to quote" {
	local text
	for text in 007 +359 2026-03-01 10.1.2.3 1,5 .5 1. - -- ... +1 '1 2' 12:30 null NaN; do
		refused EINVAL "$text" write "$text
"
		[[ $(why hint) == *"quote it"*"\"$text\""* ]]
		[ "$(why offset)" -eq 0 ]
		[ "$(why path)" = subjects/s/p/assert ]
	done
	[ "$(records)" -eq 0 ]
	for text in 007 +359 2026-03-01 null NaN; do
		means "\"$text\"" "\"$text\""
	done
}

@test "bad JSON is refused where it is bad" {
	refused EINVAL '"ref"' write '{"ref":7}
'
	[ "$(why offset)" -eq 7 ]
	refused EINVAL "" write '"open
'
	refused EINVAL "" write '{"ref":"x"
'
	refused EINVAL "" write '{"reff":"x"}
'
	refused EINVAL path write '{"subject":"other","object":1}
'
	refused EINVAL confidence write '{"object":1,"confidence":2}
'
	[ "$(why offset)" -eq 25 ]
	refused EINVAL "" write '{"object":1} {"object":2}
'
	refused EINVAL "34" write '12345678901234567890123456789012345
'
	refused EINVAL byte-order write $'\xef\xbb\xbfBerlin\n'
	refused EINVAL UTF-8 write $'caf\xe9\n'
	refused EINVAL control write $'bell\a\n'
}

@test "each line is a value; a bad one ends the stream there" {
	printf '1\n\n  two \n{"ref":"three"}\n' > "$PAIR/assert"
	[ "$(jq -c .object "$PAIR/history.jsonl" | xargs)" = '1 two {ref:three}' ]
	refused_at_second() { printf '4\nnull\n5\n' > "$PAIR/assert"; }
	fails refused_at_second
	[ "$(why offset)" -eq 2 ]
	[ "$(jq -c .object "$PAIR/history.jsonl" | xargs)" = '1 two {ref:three} 4' ]
	[ "$(jq -r .record "$M/.stemefs/last_receipt")" -eq 1 ]
}

@test "a last line without a newline ends at close" {
	printf 'one\ntwo' > "$PAIR/assert"
	[ "$(cat "$PAIR/value/recency")" = two ]
	python3 - "$PAIR/assert" <<-'END'
		import errno, os, sys
		fd = os.open(sys.argv[1], os.O_WRONLY)
		os.write(fd, b"nul")
		os.write(fd, b"l")
		try:
		    os.close(fd)
		except OSError as e:
		    assert e.errno == errno.EINVAL
		else:
		    sys.exit("close did not mind")
	END
	[[ $(why hint) == *quote* ]]
	[ "$(wc -l < "$PAIR/history.jsonl")" -eq 2 ]
	printf '%s' 3.0 | dd bs=1 status=none of="$PAIR/assert"
	[ "$(cat "$PAIR/value/recency")" = 3 ]
}

@test "blank lines assert nothing" {
	echo > "$PAIR/assert"
	printf ' \n\t\n\n' > "$PAIR/assert"
	: > "$PAIR/assert"
	touch "$PAIR/assert"
	[ "$(records)" -eq 0 ]
}

@test "assert reads as empty, and everybody may write to it" {
	echo 1 > "$PAIR/assert"
	[ "$(cat "$PAIR/assert")" = "" ]
	[ "$(stat -c '%a %s' "$PAIR/assert")" = "666 0" ]
	echo 2 >> "$PAIR/assert"
	echo 3 | tee "$PAIR/assert"
	[ "$(wc -l < "$PAIR/claims.jsonl")" -eq 3 ]
	fails rm -f "$PAIR/assert"
	chmod 666 "$PAIR/assert"
}

@test "mkdir -p makes a place for what nobody has mentioned yet" {
	mkdir -p "$M/subjects/New/pred"
	[ "$(ls "$M/subjects" | xargs)" = "New s" ]
	[ "$(ls "$M/subjects/New")" = pred ]
	[ "$(jq -r .status "$M/subjects/New/pred/consensus" 2>/dev/null || echo none)" = none ]
	echo 1 > "$M/subjects/New/pred/assert"
	[ "$(value New pred)" = 1 ]
	[ "$(records)" -eq 2 ]
	mkdir -p "$M/subjects/New/pred" # it is there
	mkdir -p "$M/subjects/a%2Fb/über uns"
	echo x > "$M/subjects/a%2Fb/über uns/assert"
	[ "$(tail -n 1 "$M/events.jsonl" | jq -r '.subject + " " + .predicate')" = "a/b über uns" ]
	rmdir "$M/subjects/s/p" "$M/subjects/s" # nothing was asserted there
	[ ! -e "$M/subjects/s" ]
	fails rmdir "$M/subjects/New/pred"
}

@test "a place is forgotten at unmount unless something was asserted there" {
	mkdir -p "$M/subjects/kept/p" "$M/subjects/kept/q"
	echo 1 > "$M/subjects/kept/p/assert"
	unmount_store
	mount_store
	[ "$(ls "$M/subjects")" = kept ]
	[ "$(ls "$M/subjects/kept" | xargs)" = "_summary.md p" ]
}

@test "places that no claim could have are refused" {
	local long
	printf -v long '%0241d' 0
	fails mkdir "$M/subjects/$long"
	fails mkdir "$M/subjects/s/${long:0:201}"
	fails mkdir "$M/subjects/.hidden"
	fails mkdir "$M/subjects/a%2fb"
	[[ $(why hint) == *"upper-case"* ]]
	fails mkdir "$M/subjects/s/p/deeper"
	[ "$(ls -A "$M/subjects")" = s ]
}

@test "asserted again within minutes it is a duplicate" {
	echo 1 > "$PAIR/assert"
	echo 1.0 > "$PAIR/assert"
	[ "$(jq -r .status "$M/.stemefs/last_receipt")" = duplicate ]
	[ "$(records)" -eq 2 ]
}

@test "in every shell" {
	local shell
	for shell in bash dash "busybox sh" zsh; do
		$shell -c 'echo "$1" > "$2"' sh "$shell" "$PAIR/assert"
		[ "$(cat "$PAIR/value/recency")" = "$shell" ]
		fails $shell -c 'echo 007 > "$1"' sh "$PAIR/assert"
	done
	[ "$(records)" -eq 5 ]
}
