#!/usr/bin/env bats
# A name of anything is a file name, and every name has one spelling.
# sanitizers: asan (how names are spelled, which no two threads share)
load common
load ../lib/records
setup() { start; }
teardown() { stop; }

# The names and how they are spelled as files.
table() {
	cat <<-'END'
		["plain", "plain"]
		["two words", "two words"]
		["a/b", "a%2Fb"]
		["/", "%2F"]
		["../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"]
		["100%", "100%25"]
		["%2F", "%252F"]
		[".", "%2E"]
		["..", "%2E."]
		[".hidden", "%2Ehidden"]
		["-rf", "%2Drf"]
		["--help", "%2D-help"]
		["_in", "%5Fin"]
		["a.b-c_d", "a.b-c_d"]
		[" ", "%20"]
		["   ", "%20%20%20"]
		["  in  the  middle  ", "%20%20in  the  middle%20%20"]
		[" .x", "%20.x"]
		["$HOME; `ls` && \"x\" 'y' \\ | * ? [a] {b} ~ # ! < > & (c)", "$HOME; `ls` && \"x\" 'y' \\ | * ? [a] {b} ~ # ! < > & (c)"]
		["a:b=c,d@e+f^g", "a:b=c,d@e+f^g"]
		["日本語 ünï©ode 🦀", "日本語 ünï©ode 🦀"]
		["\u202Egnp.exe", "%E2%80%AEgnp.exe"]
		["zero\u200Bwidth", "zero%E2%80%8Bwidth"]
		["join\u200Der", "join%E2%80%8Der"]
		["\uFEFFbom", "%EF%BB%BFbom"]
		["iso\u2066late\u2069", "iso%E2%81%A6late%E2%81%A9"]
		["arabic\u061Cmark", "arabic%D8%9Cmark"]
		["caf\u00E9", "caf\u00E9"]
		["cafe\u0301", "cafe\u0301"]
		["Caf\u00E9", "Café"]
		["tab[]", "tab[]"]
		["must_use:x", "must_use:x"]
	END
}

# exists PATH: open(2) finds it; what it was answered is in $output.
answer() {
	python3 - "$1" <<-'END'
		import errno, os, sys
		try:
		    os.stat(sys.argv[1].encode("utf-8", "surrogateescape"))
		    print("found")
		except OSError as e:
		    print(errno.errorcode[e.errno])
	END
}

@test "hostile names: spelled as they should be, as subjects and as predicates" {
	table | jq -c '{subject: .[0], predicate: "p", object: .[1]}, {subject: "s", predicate: .[0], object: .[1]}' > "$M/inbox/names"
	python3 - "$M/subjects" <(table) <<-'END'
		import json, os, sys
		top, names = sys.argv[1], [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
		assert len(names) > 30
		listed = os.listdir(top)
		assert len(listed) == len(set(listed)) == len(names) + 1, len(listed)
		ours = ["_constraints", "_summary.md"]
		assert sorted(os.listdir(f"{top}/s")) == sorted([file for _, file in names] + ours)
		for name, file in names:
		    assert file in listed, (name, file)
		    for path, key in [(f"{top}/{file}/p", "subject"), (f"{top}/s/{file}", "predicate")]:
		        said = json.load(open(f"{path}/consensus", encoding="utf-8"))
		        assert said[key] == name, (said[key], name)
		        assert open(f"{path}/value/consensus", encoding="utf-8").read() == file + "\n"
	END
}

@test "the names survive a remount, find, tar and a loop in a shell" {
	local n=0 f
	table | jq -c '{subject: .[0], predicate: .[0], object: .[1]}' > "$M/inbox/names"
	unmount_store
	mount_store
	for f in "$M"/subjects/*; do
		[ "$(cat "$f/${f##*/}/value/consensus")" = "${f##*/}" ]
		n=$((n + 1))
	done
	[ "$n" -eq "$(table | wc -l)" ]
	[ "$(find "$M/subjects" -mindepth 2 -maxdepth 2 -type d | wc -l)" -eq "$n" ]
	tar -C "$M" -cf - subjects | tar -C "$BATS_TEST_TMPDIR" -xf -
	diff -r "$M/subjects" "$BATS_TEST_TMPDIR/subjects"
}

@test "NFC and NFD of a name are two subjects, and so are two cases" {
	table | jq -c 'select(.[0] | ascii_downcase | startswith("caf")) | {subject: .[0], predicate: "p", object: .[0]}' > "$M/inbox/a"
	[ "$(ls "$M/subjects" | wc -l)" -eq 3 ]
	[ "$(cat "$M/subjects/"$'caf\xc3\xa9'/p/value/consensus | xxd -p)" = 636166c3a90a ]
	[ "$(cat "$M/subjects/"$'cafe\xcc\x81'/p/value/consensus | xxd -p)" = 63616665cc810a ]
}

@test "one spelling for each name: any other is no such file" {
	local s=$M/subjects f
	jq -nc '"a/b", "plain", "100%", ".x", " x", "é", "-", "z\u200Bw" | {subject: ., predicate: "p", object: 1}' > "$M/inbox/a"
	for f in 'a%2Fb' plain '100%25' '%2Ex' '%20x' é '%2D' 'z%E2%80%8Bw'; do
		[ "$(answer "$s/$f/p/consensus")" = found ]
	done
	for f in 'a%2fb' '%61%2Fb' 'a%252Fb' '%70lain' 'plai%6E' 'PLAIN' '100%' '100%2' '100%2525' '%2ex' \
		'.x' '%2E%78' ' x' '+x' '%C3%A9' '-' '%2D%' '%' '%%' '%0' '%00' 'plain%00' '%2' '%GG' 'plain ' \
		'z%e2%80%8bw' $'z\xe2\x80\x8bw' '%FF' $'\xff' $'\xc3' '%C3' '%ED%A0%80' '%C0%AF'; do
		[ "$(answer "$s/$f")" = ENOENT ]
		[ "$(answer "$s/plain/$f")" = ENOENT ]
	done
}

@test "a place is made under its one spelling; any other is EINVAL, with the right one" {
	local s=$M/subjects
	mkdir -p "$s/a%2Fb/%2Ex"
	echo 1 > "$s/a%2Fb/%2Ex/assert"
	[ "$(jq -r '.subject + " " + .predicate' "$s/a%2Fb/%2Ex/consensus")" = 'a/b .x' ]
	for f in 'c%2fd' '.y' '50%' 'e ' $'\xff' '_z'; do
		fails mkdir "$s/$f"
		[[ $output == *"Invalid argument"* ]]
		[ "$(why code)" = EINVAL ]
	done
	[[ $(why hint) == *%5Fz* ]]
	[ "$(ls "$s")" = 'a%2Fb' ]
}

@test "names of the greatest length, and over it" {
	local s=$M/subjects long
	long=$(printf '%0240d' 0)
	claim "$long" > "$M/inbox/a"
	[ "$(cat "$s/$long/p/value/consensus")" = 1 ]
	# 85 slashes are 255 bytes once they are escaped
	long=$(printf '%085d' 0 | tr 0 /)
	claim "$long" > "$M/inbox/a"
	[ "$(cat "$s/${long//\//%2F}/p/value/consensus")" = 1 ]
	[ "$(ls "$s" | awk '{ print length }' | paste -sd' ')" = '255 240' ]
	# predicates
	jq -nc '{subject:"s", predicate:("p" * 200), object:1}' > "$M/inbox/a"
	[ "$(ls "$s/s" | grep -v '^_' | wc -c)" -eq 201 ]
	# longer ones are refused
	for record in '{subject:("0" * 241), predicate:"p", object:1}' '{subject:("/" * 86), predicate:"p", object:1}' \
		'{subject:"s", predicate:("p" * 201), object:1}' '{subject:("é" * 121), predicate:"p", object:1}'; do
		fails sh -c "jq -nc '$record' > '$M/inbox/b'"
		[[ $(why code) == EINVAL || $(why code) == ENAMETOOLONG ]]
	done
	[ "$(ls "$s" | wc -l)" -eq 3 ]
	# and looked up
	[ "$(answer "$s/$(printf '%0255d' 0)")" = ENOENT ]
	[ "$(answer "$s/$(printf '%0256d' 0)")" = ENAMETOOLONG ]
	[ "$(answer "$s/$(printf '%04000d' 0)")" = ENAMETOOLONG ]
	[ "$(answer "$M/$(printf '%0256d' 0)")" = ENAMETOOLONG ]
	[ "$(answer "$M/inbox/$(printf '%0256d' 0)")" = ENAMETOOLONG ]
	fails mkdir "$s/$(printf '%0256d' 0)"
	[[ $output == *"File name too long"* ]]
	fails sh -c "echo > '$M/inbox/$(printf '%0256d' 0)'"
	[[ $output == *"too long"* ]]
}

@test "names that no record may hold: empty, control characters, not UTF-8" {
	local bad
	for bad in '""' '"a\u0000b"' '"a\nb"' '"\t"' '"\u001b[31mred"' '"\u007f"' '"\u0085"' '"\u009b"' '"\ud800"'; do
		refused EINVAL "" sh -c "printf '%s\n' '{\"subject\":$bad,\"predicate\":\"p\",\"object\":1}' > '$M/inbox/a'"
		refused EINVAL "" sh -c "printf '%s\n' '{\"subject\":\"s\",\"predicate\":$bad,\"object\":1}' > '$M/inbox/a'"
	done
	refused EINVAL UTF-8 sh -c "printf '{\"subject\":\"a\\377\",\"predicate\":\"p\",\"object\":1}\n' > '$M/inbox/a'"
	[ -z "$(ls "$M/subjects")" ]
}

@test "no name can stand for an entry of ours, nor lead out of the tree" {
	jq -nc '"consensus", "value", "_constraints", "..", "inbox", ".stemefs" | {subject: ., predicate: ., object: .}' > "$M/inbox/a"
	[ "$(LC_ALL=C ls "$M")" = "$(printf '%s\n' AGENTS.md README.md agents assertions conflicts \
		conflicts.jsonl epochs events.jsonl inbox receipts sources subjects)" ]
	[ "$(cat "$M/subjects/consensus/consensus/consensus" | jq -r .object)" = consensus ]
	[ "$(cat "$M/subjects/value/value/value/consensus")" = value ]
	[ "$(cat "$M/subjects/%2E./%2E./value/consensus")" = .. ]
	[ "$(cat "$M/subjects/%5Fconstraints/%5Fconstraints/value/consensus")" = _constraints ]
	[ -z "$(ls -d "$M"/subjects/_* 2> /dev/null)" ]
	[ "$(cd "$M/subjects/value/.." && ls | wc -l)" -eq 6 ]
}

@test "names in the inbox are any bytes" {
	local name
	for name in 'a b' '-rf' $'new\nline' $'\xff\xfe' 'ü' '%2F' "$(printf '%0255d' 0)"; do
		claim "s$((n += 1))" > "$M/inbox/$name"
		[ "$(cat "$M/inbox/$name")" = "$(claim "s$n")" ]
	done
	[ "$(find "$M/inbox" -type f -printf x | wc -c)" -eq 7 ]
	[ "$(records)" -eq 8 ]
	rm "$M/inbox/"*
	[ -z "$(ls -A "$M/inbox")" ]
}
