#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Extended attributes: what a script wants of a lens file without parsing JSON.
load common
load ../lib/records
load ../lib/furnish
setup_file() { share_mount; }
teardown_file() { stop; }

# attr NAME FILE
attr() {
	getfattr --absolute-names --only-values -n "user.stemefs.$1" "$2"
}

# refuses ERRNO get|set|remove NAME FILE…: a call for each file, and what it answers.
refuses() {
	python3 - "$@" <<-'END'
		import errno, os, sys
		expected, what, name = sys.argv[1:4]
		call = {"get": lambda path: os.getxattr(path, name),
		        "set": lambda path: os.setxattr(path, name, b"x"),
		        "remove": lambda path: os.removexattr(path, name)}[what]
		for path in sys.argv[4:]:
		    try:
		        call(path)
		        sys.exit(f"{what} {name} {path}: done")
		    except OSError as e:
		        if e.errno != getattr(errno, expected):
		            sys.exit(f"{what} {name} {path}: {e}, not {expected}")
	END
}

@test "getfattr -d shows them all on a lens file" {
	run getfattr --absolute-names -d "$M/subjects/Tesla_Inc/has_revenue/consensus"
	[ "$status" -eq 0 ]
	[ "$(grep -o 'user\.stemefs\.[a-z]*' <<< "$output" | LC_ALL=C sort | paste -sd' ')" = \
		"user.stemefs.candidates user.stemefs.confidence user.stemefs.conflict user.stemefs.id user.stemefs.object user.stemefs.seq user.stemefs.status" ]
}

@test "they say what the file says" {
	python3 - "$M/subjects" <<-'END'
		import errno, glob, json, os, sys
		n = 0
		for lens in ["consensus", "recency", "skeptic", "confidence"]:
		    for path in glob.glob(f"{sys.argv[1]}/*/*/{lens}"):
		        said = json.load(open(path), parse_float=str, parse_int=str)
		        for key in ["id", "confidence", "conflict", "status", "candidates"]:
		            try:
		                value = os.getxattr(path, f"user.stemefs.{key}").decode()
		            except OSError as e:
		                assert e.errno == errno.ENODATA
		                value = None
		            assert value == said.get(key), (path, key, value)
		            n += 1
		assert n > 200, n
	END
}

@test "object is the bare value, seq the place of the winning claim in the log" {
	local dir=$M/subjects/Tesla_Inc id
	[ "$(attr object "$dir/has_revenue/consensus")" = 96.7 ]
	[ "$(attr object "$dir/ceo/recency")" = Elon_Musk ]
	[ "$(attr object "$dir/motto/consensus")" = "$(cat "$dir/motto/value/consensus")" ]
	id=$(attr id "$dir/has_revenue/consensus")
	[ "$(attr seq "$dir/has_revenue/consensus")" -eq "$(jq --arg id "$id" 'select(.id == $id) | .seq' "$M/events.jsonl")" ]
}

@test "they follow each write" {
	local f=$M/subjects/followed/p/consensus
	claim followed 1 | signed "$ONE_SEED" > "$M/inbox/f"
	[ "$(attr object "$f") $(attr status "$f") $(attr conflict "$f")" = "1 single 0" ]
	claim followed 2 | signed "$TWO_SEED" > "$M/inbox/f"
	[ "$(attr status "$f") $(attr conflict "$f") $(attr candidates "$f")" = "contested 1 2" ]
}

@test "without a winner there is nothing of one" {
	local f=$M/subjects/unsupported/p/consensus key
	for key in id object confidence seq; do
		refuses ENODATA get "user.stemefs.$key" "$f"
	done
	[ "$(attr status "$f")" = none ]
	run getfattr --absolute-names -d "$f"
	[[ $output == *status* && $output != *stemefs.id* ]]
}

@test "a long object is answered, but not listed: copies must fit on any filesystem" {
	local f=$M/subjects/long/text/consensus
	[ "$(attr object "$f" | wc -c)" -eq 32768 ]
	run getfattr --absolute-names -d "$f"
	[[ $output == *stemefs.id* && $output != *stemefs.object* ]]
	cp --preserve=xattr "$f" "$BATS_TEST_TMPDIR/copy"
}

@test "unknown names are ENODATA, other namespaces EOPNOTSUPP" {
	local files name
	files=("$M" "$M/README.md" "$M/subjects/Tesla_Inc" "$M/subjects/Tesla_Inc/ceo/consensus"
		"$M/subjects/Tesla_Inc/ceo/claims.jsonl" "$M/events.jsonl" "$M/inbox/long" "$M/inbox")
	for name in user.nothing user.stemefs.nothing user.stemefs user.stemefs.; do
		refuses ENODATA get "$name" "${files[@]}"
	done
	for name in security.selinux security.capability trusted.x system.posix_acl_access; do
		refuses EOPNOTSUPP get "$name" "${files[@]}"
	done
}

@test "none can be set or removed" {
	local files
	files=("$M/README.md" "$M/subjects/Tesla_Inc/ceo" "$M/subjects/Tesla_Inc/ceo/consensus" "$M/events.jsonl")
	refuses EROFS set user.x "${files[@]}"
	refuses EROFS set user.stemefs.id "${files[@]}"
	refuses EROFS remove user.stemefs.id "${files[@]}"
	refuses EOPNOTSUPP set trusted.x "${files[@]}"
	refuses EOPNOTSUPP set security.x "${files[@]}"
	fails setfattr -n user.stemefs.status -v agreed "$M/subjects/Tesla_Inc/ceo/consensus"
	[[ $output == *"Read-only file system"* ]]
}

@test "ls -l and a room too small do not fail" {
	quiet ls -lR "$M"
	quiet ls -lZ "$M/subjects"
	python3 - "$M/subjects/Tesla_Inc/ceo/consensus" <<-'END'
		import ctypes, errno, os, sys
		libc, path = ctypes.CDLL(None, use_errno=True), sys.argv[1].encode()
		room = ctypes.create_string_buffer(4096)
		def errno_of(n):
		    return ctypes.get_errno() if n < 0 else 0
		n = libc.getxattr(path, b"user.stemefs.id", None, 0)
		assert n == 64, n
		assert errno_of(libc.getxattr(path, b"user.stemefs.id", room, 63)) == errno.ERANGE
		assert libc.getxattr(path, b"user.stemefs.id", room, 64) == 64
		n = libc.listxattr(path, None, 0)
		assert n > 0
		assert errno_of(libc.listxattr(path, room, n - 1)) == errno.ERANGE
		assert libc.listxattr(path, room, n) == n
	END
}
