# stemefs: one Makefile, no recursion. Objects of each mode stay apart in build/<mode>/.
# `make help` lists the targets.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
MODE ?= release
B := build/$(MODE)

# Defined before the := that uses them, or a sanitizer build would silently be none.
MODE_release := -O2 -g
MODE_asan := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_tsan := -O1 -g1 -fsanitize=thread -fno-omit-frame-pointer
MODE_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_cov := -O0 -g --coverage

PKGS := fuse3 lmdb libsodium libcjson
DEB_BUILD := gcc make pkg-config libfuse3-dev fuse3 liblmdb-dev libsodium-dev libcjson-dev librust-blake3-dev
DEB_CHECK := bats jq b3sum openssl python3 python3-nacl strace attr rsync zsh busybox-static nodejs git xxd procps
DEB_LINT := clang clang-format clang-tidy libclang-rt-14-dev libsqlite3-dev shellcheck
DEB_BENCH := python3 jq sqlite3 libsqlite3-dev
DEB_POWER := user-mode-linux e2fsprogs libeatmydata1 python3

# BLAKE3: a system library where there is one, else the official C code that Debian ships
# inside the source of the Rust crate.
BLAKE3_PC := $(shell pkg-config --exists libblake3 2>/dev/null && echo yes)
ifeq ($(BLAKE3_PC),yes)
BLAKE3_CFLAGS := $(subst -I,-isystem ,$(shell pkg-config --cflags libblake3))
BLAKE3_LIBS := $(shell pkg-config --libs libblake3)
else
BLAKE3_DIR := $(lastword $(sort $(wildcard /usr/share/cargo/registry/blake3-*/c)))
BLAKE3_CFLAGS := -isystem $(BLAKE3_DIR)
BLAKE3_SRC := blake3.c blake3_dispatch.c blake3_portable.c
ifeq ($(shell uname -m),x86_64)
BLAKE3_SRC += $(addsuffix _x86-64_unix.S,blake3_sse2 blake3_sse41 blake3_avx2 blake3_avx512)
else ifeq ($(shell uname -m),aarch64)
BLAKE3_SRC += blake3_neon.c
BLAKE3_DEF := -DBLAKE3_USE_NEON=1
endif
endif

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla \
	-Wformat=2 -Wundef -Wno-missing-field-initializers $(WERROR)
LENSES := $(sort $(patsubst core/lens_%.c,%,$(wildcard core/lens_*.c)))
CPPFLAGS_OURS := -D_GNU_SOURCE -DSTEMEFS_VERSION='"$(VERSION)"' -I. \
	$(subst -I,-isystem ,$(shell pkg-config --cflags $(PKGS) 2>/dev/null)) $(BLAKE3_CFLAGS)
CFLAGS_OURS := -std=c17 -fno-common -fstack-protector-strong -fPIE $(WARN) \
	$(CPPFLAGS_OURS) $(CPPFLAGS) $(MODE_$(MODE)) $(CFLAGS)
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) $(BLAKE3_LIBS) -pthread
LINK = $(CC) $(MODE_$(MODE)) -pie $(LDFLAGS)

objects = $(patsubst %.c,$B/%.o,$(wildcard $1/*.c))
# A layer is an archive, and may use only the archives to its right.
ARCHIVES := $B/libfs.a $B/libstore.a $B/libcore.a $B/libblake3.a
PROGRAM := $B/stemefs

.DEFAULT_GOAL := all
.PHONY: all deps demo check asan tsan fuzz bench lint format headers install uninstall clean help
.DELETE_ON_ERROR:

## all: build the program (default)
all: $(PROGRAM)

# Short lines; `make V=1` shows the commands.
$V.SILENT:
define say
@printf '%-5s %s\n' $1 $@
endef

$(PROGRAM): $B/fs/main.o $(ARCHIVES)
	$(call say,LINK)
	$(LINK) -o $@ $^ $(LDLIBS)

$B/libfs.a: $(filter-out $B/fs/main.o,$(call objects,fs))
$B/libstore.a: $(call objects,store)
$B/libcore.a: $(call objects,core)
$B/libblake3.a: $(addprefix $B/blake3/,$(addsuffix .o,$(BLAKE3_SRC)))
$B/%.a:
	@rm -f $@
	$(call say,AR)
	$(AR) rcs $@ $^

$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(CC) $(CFLAGS_OURS) -MMD -MP -c -o $@ $<
$B/core/lens.o: CFLAGS_OURS += '-DLENS_LIST(X)=$(foreach l,$(LENSES),X($l))'
$B/core/lens.o: $(wildcard core/lens_*.c)

# Somebody else's code: their warnings are theirs.
$B/blake3/%.o: $(BLAKE3_DIR)/%
	@mkdir -p $(@D)
	$(call say,CC)
	$(CC) -O2 -g -fPIE $(BLAKE3_DEF) $(filter -fsanitize=%,$(MODE_$(MODE))) -c -o $@ $<

## check: all tests (unit tests, then real mounts)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
ifeq ($(MODE),tsan)
# core starts no threads: tests/run would leave these out
UNIT_SOURCES := $(shell grep -lP '#include ["<]((store|fs)/|pthread|tests/unit/(?!tap\.h))' $(UNIT_SOURCES))
endif
UNIT := $(patsubst %.c,$B/%,$(UNIT_SOURCES))
$B/tests/unit/test_%: $B/tests/unit/test_%.o $(ARCHIVES)
	$(call say,LINK)
	$(LINK) -o $@ $^ $(LDLIBS)
.PRECIOUS: $B/tests/unit/%.o $B/tests/fuzz/%.o

check:
	@tests/deps $(DEB_BUILD) $(DEB_CHECK)
	@$(MAKE) --no-print-directory built-tests
	@tests/run $(MODE)
.PHONY: built-tests
built-tests: $(PROGRAM) $(UNIT) $(if $(filter release,$(MODE)),bench-tools) $B/tests/crash/stemefs-small $B/tests/crash/faults.so \
	$B/tests/visible/visible

# The program with segments of 2 KiB, and what stands between a program and the disk.
$B/tests/crash/stemefs-small: $B/tests/crash/small_segments.o $B/fs/main.o $(ARCHIVES)
	$(call say,LINK)
	$(LINK) -o $@ $^ $(LDLIBS)
$B/tests/crash/faults.so: tests/crash/faults.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -g -fPIC -shared -o $@ $<

# Writes and looks: it shares no code with the program.
$B/tests/visible/visible: $(call objects,tests/visible)
	$(call say,LINK)
	$(LINK) -o $@ $^

## asan, tsan: the same tests on a build with AddressSanitizer and UBSan, or ThreadSanitizer
asan tsan:
	@$(MAKE) --no-print-directory MODE=$@ check

## powercut: cut the power under a guest CUTS times (20); SEED=word for a run again
CUTS ?= 20
powercut:
	@tests/deps $(DEB_BUILD) $(DEB_POWER)
	@$(MAKE) --no-print-directory all
	@tests/power/cut --stemefs $(PROGRAM) --cuts $(CUTS) $(if $(SEED),--seed '$(SEED)')
	@tests/power/cut --stemefs $(PROGRAM) --cuts 5 --at acknowledgement --preload libeatmydata.so --expect-loss
.PHONY: powercut

## crash: the whole fault harness: every call killed twice, every error, every cut, every flip (an hour)
crash:
	@tests/deps $(DEB_BUILD) $(DEB_CHECK)
	@$(MAKE) --no-print-directory built-tests
	tests/crash/inject.py --stemefs $(PROGRAM) --dirsync --kill --errors --full $(if $(SEED),--seed '$(SEED)')
	tests/crash/damage.py --stemefs $(PROGRAM) --full $(if $(SEED),--seed '$(SEED)')
	tests/crash/cut.py --stemefs $(PROGRAM) --cuts 2000 $(if $(SEED),--seed '$(SEED)')
	tests/crash/kill.py --stemefs $(PROGRAM) --rounds 500 $(if $(SEED),--seed '$(SEED)')
.PHONY: crash

## mutants: break one promise after another; the tests must notice (MUTANTS=--quick: those that it names)
mutants:
	@tests/deps $(DEB_BUILD) $(DEB_CHECK) libeatmydata1
	@tests/mutants/run $(MUTANTS)
.PHONY: mutants

## fuzz: every decoder of outside bytes, FUZZ_SECONDS each (60)
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst %.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz:
	@tests/deps $(DEB_BUILD) $(DEB_LINT)
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang build-fuzzers
	@tests/fuzz/run $(FUZZ_SECONDS)
.PHONY: build-fuzzers
build-fuzzers: $(FUZZERS)
build/fuzz/tests/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o $(ARCHIVES)
	$(call say,LINK)
	$(LINK) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

## lint: layers, headers, format, warnings as errors on gcc and clang, clang-tidy, shellcheck
SOURCES := $(wildcard core/*.[ch] store/*.[ch] fs/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] tests/visible/*.[ch] bench/*.[ch])
lint:
	@tests/deps $(DEB_BUILD) $(DEB_LINT)
	@$(MAKE) --no-print-directory lint-all
.PHONY: lint-all
lint-all:
	@LINT_CPP="$$(printf '%s' '$(subst ','\'',$(CPPFLAGS_OURS))')" tests/lint

## format: lay the sources out as .clang-format says
format:
	clang-format -i $(SOURCES)

## deps: install what building and testing needs (Debian packages; as root or with sudo)
deps:
	@tests/deps $(DEB_BUILD) $(DEB_CHECK) $(DEB_LINT)

## demo: install what is missing, build, mount, ingest real data, show answers
demo:
	@tests/deps $(DEB_BUILD) jq
	@$(MAKE) --no-print-directory all
	@examples/countries/demo $(PROGRAM)

## bench: every ratio to a floor of the same run, in under three minutes; bench-full: an hour
BENCH ?= --quick
bench:
	@tests/deps $(DEB_BUILD)
	@$(MAKE) --no-print-directory all bench-tools
	@bench/run $(BENCH) $(PROGRAM)
bench-full:
	@$(MAKE) --no-print-directory bench BENCH='--full --json $B/bench.json --svg $B/bench.svg'
	@bench/grow --to $(or $(GROW_TO),1e6) --svg $B/growth.svg $(PROGRAM) $B/growth
## deps-bench: the peers to compare with (sqlite3, jq); bench/data needs npm, too
deps-bench:
	@tests/deps $(DEB_BUILD) $(DEB_BENCH)

# The sqlite peer is built where its header is.
BENCH_TOOLS = client engines floor $(if $(wildcard /usr/include/sqlite3.h),sqlite)
bench-tools: $(addprefix $B/bench/,$(BENCH_TOOLS))
$B/bench/client: $B/bench/client_ops.o
$B/bench/floor: $B/bench/floor_sink.o
$B/bench/sqlite: LDLIBS += -lsqlite3
$(addprefix $B/bench/,client engines floor sqlite): %: %.o
	$(call say,LINK)
	$(LINK) -o $@ $^ $(LDLIBS)
.PHONY: bench-full bench-tools deps-bench

## install, uninstall: into DESTDIR/PREFIX; the mount helpers into DESTDIR/sbin
install: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/stemefs
	install -D -m 755 mount.stemefs $(DESTDIR)/sbin/mount.stemefs
	ln -sf mount.stemefs $(DESTDIR)/sbin/mount.fuse.stemefs
	for m in man/*.[158]; do \
		install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/} || exit 1; done
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/stemefs $(DESTDIR)/sbin/mount.stemefs $(DESTDIR)/sbin/mount.fuse.stemefs
	for m in man/*.[158]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done

clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## //p' Makefile

-include $(shell find $B -name '*.d' 2>/dev/null)
