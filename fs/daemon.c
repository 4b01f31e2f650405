/* Start: fork first, since LMDB and locked memory do not survive one; then signals (blocked
 * before there are threads, so that all inherit it, and taken by a thread of their own),
 * store, inbox, tree, mount. The child reports through a pipe: a struct error, whose code
 * is 0 when the mount has answered. A pipe that closes without a word is a child that
 * died.
 *
 * Stop: the door closes, which waits for the answers owed; then tree, inbox, store. */
#include "fs/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fs/command.h"
#include "fs/fuse.h"
#include "fs/log.h"
#include "fs/opening.h"

struct daemon {
	const struct daemon_options *o;
	int report; /* the pipe to who waits; -1: nobody, we run in the foreground */
	struct store *store;
	struct inbox *inbox;
	struct tree *tree;
	int directory;	   /* the store's */
	struct buf moment; /* of a frozen tree: its name, with a zero byte */

	sigset_t stops;
	pthread_t listener;
	bool listening;
	pthread_mutex_t lock; /* of door, while it is being opened, and of ended */
	struct door *door;
	bool ended; /* the listener has nothing to wait for any more */

	struct error error; /* why the mount did not answer */
};

/* ---- what the process may show of itself ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKS_ARE_TRACED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define LEAKS_ARE_TRACED 1
#endif

/* Keys are in memory: no core, and nobody traces us. */
static void harden(void)
{
	const struct rlimit none = {0};

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef LEAKS_ARE_TRACED /* LeakSanitizer attaches as a debugger does */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* One heap for all threads: they allocate little, and a heap for each grows by single pages,
 * keeps what its thread has freed, and makes the daemon half as large again. */
static void share_heap(void)
{
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_TOP_PAD, 1 << 20);
}

/* All standard streams up to this one. */
static void to_null(int last)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; null >= 0 && fd <= last; fd++)
		(void)dup2(null, fd);
	if (null > STDERR_FILENO)
		(void)close(null);
}

/* Whatever the shell had open would stay open as long as the mount: keep two. */
static void close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 3)
		(void)close_range(3, low - 1, 0);
	if (high > low + 1)
		(void)close_range(low + 1, high - 1, 0);
	(void)close_range(high + 1, ~0U, 0);
}

/* ---- signals ---- */

/* What ends us. A signal that was ignored when we started stays so: nohup(1), and the
 * background jobs of scripts. */
static void block_stops(struct daemon *d)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction now;

	(void)sigemptyset(&d->stops);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i] == SIGTERM ||
			sigaction(numbers[i], NULL, &now) < 0 ||
			now.sa_handler != SIG_IGN)
			(void)sigaddset(&d->stops, numbers[i]);
	(void)pthread_sigmask(SIG_BLOCK, &d->stops, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void *listen_for_stops(void *ctx)
{
	struct daemon *d = ctx;
	struct door *door;
	int number;

	while (sigwait(&d->stops, &number) != 0)
		;
	(void)pthread_mutex_lock(&d->lock);
	door = d->ended ? NULL : d->door;
	if (!door &&
		!d->ended) /* nothing is mounted: to be killed is always harmless */
		_exit(EXIT_SYSTEM);
	(void)pthread_mutex_unlock(&d->lock);
	if (door)
		door_stop(door);
	return NULL;
}

/* ---- start ---- */

static bool may_make_key(void *ctx, uid_t uid)
{
	const struct daemon *d = ctx;

	switch (d->o->options->autokey) {
	case AUTOKEY_ALL:
		return true;
	case AUTOKEY_OWNER:
		return uid == getuid();
	default:
		return false;
	}
}

static int open_store(struct daemon *d, struct error *err)
{
	const struct options *o = d->o->options;
	struct store_options options = {
		.accept_clock = o->clock == CLOCK_ACCEPT,
		.sums_from = o->sums_from,
		.scrub_mib = o->scrub,
	};
	int r = *o->at ? open_frozen(d->o->store, o->at, &d->store, err)
		       : open_patiently(d->o->store, &options, &d->store, err);

	if (r < 0)
		return r;
	d->directory = open(d->o->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->directory < 0 ? fail(err, errno, "%s", strerror(errno)) : 0;
}

/* No inbox: nothing can be written. */
static int freeze_tree(struct daemon *d, struct error *err)
{
	int r = tree_freeze(d->tree, slice_str(d->o->options->at), &d->moment, err);

	buf_byte(&d->moment, 0);
	return r == 0 && d->moment.failed ? fail(err, ENOMEM, "out of memory") : r;
}

static int open_tree(struct daemon *d, struct error *err)
{
	struct inbox_options inbox = {
		.store = d->store, .may_make_key = may_make_key, .ctx = d};
	struct tree_options tree = {
		.store = d->store,
		.owner = getuid(),
		.group = getgid(),
		.cache_bytes = (size_t)d->o->options->cache << 20,
	};
	bool frozen = *d->o->options->at;
	int r = frozen ? 0 : inbox_new(&inbox, &d->inbox);

	if (r == 0) {
		tree.inbox = d->inbox;
		r = tree_new(&tree, &d->tree);
	}
	if (r < 0)
		return fail(err, -r, "cannot start: %s", strerror(-r));
	return frozen ? freeze_tree(d, err) : 0;
}

static int open_door(struct daemon *d, struct error *err)
{
	struct door_options o = {
		.tree = d->tree,
		.mountpoint = d->o->mountpoint,
		.source = d->o->store,
		.watched = *d->o->options->at ? NULL : d->store,
		.store = d->directory,
		.allow_other = d->o->options->allow_other,
		.read_only = d->o->options->read_only,
		.moment = d->moment.n ? (const char *)d->moment.p : NULL,
		.debug = d->o->options->debug,
	};
	int r;

	/* A stop that comes now waits until it is known what there is to unmount. */
	(void)pthread_mutex_lock(&d->lock);
	r = door_open(&o, &d->door, err);
	(void)pthread_mutex_unlock(&d->lock);
	return r;
}

/* What recovery found is worth a line: nobody asks for `status` after each start. */
static void log_findings(struct daemon *d)
{
	struct store_status *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	store_status(d->store, s);
	if (s->torn_bytes)
		log_line("%s: %llu bytes of a write that was never acknowledged "
			 "were cut off the log and are kept in quarantine",
			d->o->store, (unsigned long long)s->torn_bytes);
	if (*s->tag)
		log_line("%s: %s", d->o->store, s->tag);
	if (*s->index)
		log_line("%s: the index was built anew: %s", d->o->store, s->index);
	if (s->damaged)
		log_line("%s: the log is damaged: %s", d->o->store, s->damage);
	if (*s->clock)
		log_line("%s: %s", d->o->store, s->clock);
	free(s);
}

static void report(struct daemon *d, const struct error *e)
{
	ssize_t n = write(d->report, e, sizeof(*e));

	(void)close(d->report);
	d->report = -1;
	if (n != (ssize_t)sizeof(*e) && e->code == 0) {
		/* Who asked for the mount is gone, and does not know that there is one.
		 * Through the listener: this thread may be one that a stop waits for. */
		log_line("%s: nobody waits for the mount any more", d->o->store);
		(void)kill(getpid(), SIGTERM);
	}
}

static void mounted(void *ctx, int error)
{
	struct daemon *d = ctx;
	struct error ok = {.code = 0, .offset = -1};

	if (error < 0) {
		(void)fail(&d->error, -error, "the mount on %s does not answer: %s",
			d->o->mountpoint, strerror(-error));
		(void)kill(getpid(), SIGTERM);
		return;
	}
	if (d->report < 0)
		return;
	to_null(STDERR_FILENO);
	log_take_stderr();
	report(d, &ok);
}

/* ---- life ---- */

static int serve(struct daemon *d, struct error *err)
{
	int r = open_store(d, err);

	if (r == 0)
		r = open_tree(d, err);
	if (r == 0)
		log_findings(d);
	if (r == 0)
		r = open_door(d, err);
	if (r < 0)
		return r;
	r = door_serve(d->door, mounted, d);
	if (r < 0)
		return fail(err, -r, "the mount ended: %s", strerror(-r));
	return 0;
}

/* The listener hears that there is nothing left to stop. Not by cancelling it: a frame that
 * is unwound by force stays poisoned for AddressSanitizer. */
static void end_listener(struct daemon *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->ended = true;
	(void)pthread_mutex_unlock(&d->lock);
	(void)kill(getpid(), SIGTERM); /* blocked in every thread but for sigwait */
	(void)pthread_join(d->listener, NULL);
}

static void stop(struct daemon *d)
{
	if (d->listening)
		end_listener(d);
	door_close(d->door);
	tree_free(d->tree);
	inbox_free(d->inbox);
	store_close(d->store);
	buf_free(&d->moment);
	if (d->directory >= 0)
		(void)close(d->directory);
	(void)pthread_mutex_destroy(&d->lock);
}

/* From here on this process is the daemon. why says what went wrong, if it did. */
static int live(const struct daemon_options *o, int report_to, struct error *why)
{
	struct daemon d = {.o = o, .report = report_to, .directory = -1};
	int r = log_open(o->options->log, report_to < 0, why);

	harden();
	share_heap();
	if (o->die_with_parent)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (r == 0 && chdir("/") < 0)
		r = fail(why, errno, "/: %s", strerror(errno));
	(void)umask(0077);
	(void)pthread_mutex_init(&d.lock, NULL);
	block_stops(&d);
	if (r == 0)
		r = -pthread_create(&d.listener, NULL, listen_for_stops, &d);
	d.listening = r == 0;
	if (r == 0)
		r = serve(&d, why);
	stop(&d);
	if (r == 0 && d.error.code) {
		*why = d.error;
		r = -d.error.code;
	}
	if (r < 0 && d.report >= 0)
		report(&d, why);
	else if (r < 0 && report_to >= 0)
		log_line("%s: %s", o->store, why->message);
	return r;
}

int daemon_run(const struct daemon_options *o, struct error *err)
{
	return live(o, -1, err);
}

/* In the child: a session of its own, and nothing of what the shell had open. */
static void live_apart(const struct daemon_options *o, int report_to)
{
	static const char descriptor[] = "/dev/fd/";
	struct error why = {.code = EIO, .message = "cannot start"};
	int fd = report_to;

	(void)setsid();
	if (strncmp(o->mountpoint, descriptor, strlen(descriptor)) == 0)
		fd = (int)strtol(o->mountpoint + strlen(descriptor), NULL, 10);
	close_others(report_to, fd);
	to_null(STDIN_FILENO);
	exit(live(o, report_to, &why) < 0 ? EXIT_MOUNT : EXIT_OK);
}

/* What the child says, or that it died. */
static int hear(int from, pid_t pid, struct error *err)
{
	struct error said;
	ssize_t n;
	int status;

	do
		n = read(from, &said, sizeof(said));
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(said) && said.code == 0)
		return 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(said))
		return fail(err, EIO, "the daemon ended before the mount answered");
	*err = said;
	return -said.code;
}

int daemon_start(const struct daemon_options *o, pid_t *pid, struct error *err)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, errno, "pipe: %s", strerror(errno));
	(void)fflush(NULL);
	*pid = fork();
	if (*pid < 0) {
		r = fail(err, errno, "fork: %s", strerror(errno));
		(void)close(ends[0]);
		(void)close(ends[1]);
		return r;
	}
	if (*pid == 0)
		live_apart(o, ends[1]);
	(void)close(ends[1]);
	r = hear(ends[0], *pid, err);
	(void)close(ends[0]);
	return r;
}
