/* The session: mount, serve, stop, and what is owed to those who wait.
 *
 * The end has an order. No request is handled any more; the answers still owed come from
 * the committer; then the handles that programs still have open are given back; only then
 * is the mount taken away and the session freed, since every answer goes through it. */
#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fs/fuse_impl.h"
#include "fs/log.h"

enum {
	THREADS = 8,	    /* none waits for a commit, so few are enough */
	IDLE_THREADS = 4,   /* kept; making one costs more than a request */
	WAKE_NS = 10000000, /* how often door_stop() calls again */
};

/* What libfuse said while mounting, for the sentence of a mount that failed: its functions
 * return only -1, and its log function has no context. */
static _Thread_local char said[256];
static _Thread_local bool mounting;

static void take_log(enum fuse_log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* A connection that was aborted is over, as one that was unmounted: the kernel says the
 * one or the other when a mount goes while a request is read. */
static bool is_abort(const char *line)
{
	static const char start[] = "fuse: reading device: ";

	return strncmp(line, start, sizeof(start) - 1) == 0 &&
	       strcmp(line + sizeof(start) - 1, strerror(ECONNABORTED)) == 0;
}

static void take_log(enum fuse_log_level level, const char *format, va_list args)
{
	char line[sizeof(said)];

	(void)vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	if (mounting && level <= FUSE_LOG_ERR)
		memcpy(said, line, sizeof(said));
	else if (!is_abort(line))
		log_line("%s", line);
}

/* ---- requests ---- */

struct caller caller_of(fuse_req_t req)
{
	const struct fuse_ctx *c = fuse_req_ctx(req);

	return (struct caller){.uid = c->uid, .gid = c->gid, .pid = c->pid};
}

void reply_error(fuse_req_t req, int r)
{
	switch (-r) {
	case EINTR: /* programs try again, for ever */
	case EAGAIN:
	case EPIPE:  /* programs end without a word */
	case ENOSYS: /* the kernel never asks again */
	case ENOMEM: /* not what a writer did wrong */
		r = -EIO;
		break;
	default:
		break;
	}
	(void)fuse_reply_err(req, -r);
}

void door_owe(struct door *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->owed++;
	(void)pthread_mutex_unlock(&d->lock);
}

void door_paid(struct door *d)
{
	(void)pthread_mutex_lock(&d->lock);
	if (--d->owed == 0)
		(void)pthread_cond_broadcast(&d->quiet);
	(void)pthread_mutex_unlock(&d->lock);
}

void handle_add(struct door *d, struct handle *h)
{
	(void)pthread_mutex_lock(&d->lock);
	h->next = &d->handles;
	h->prev = d->handles.prev;
	h->prev->next = h;
	d->handles.prev = h;
	(void)pthread_mutex_unlock(&d->lock);
}

void handle_free(struct door *d, struct handle *h)
{
	(void)pthread_mutex_lock(&d->lock);
	h->prev->next = h->next;
	h->next->prev = h->prev;
	(void)pthread_mutex_unlock(&d->lock);
	rendering_put(h->reading);
	if (h->sink)
		sink_close(h->sink);
	free(h);
}

/* ---- mount ---- */

/* A value inside -o, where commas and backslashes mean something. */
static void add_escaped(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == ',' || *text == '\\')
			buf_byte(b, '\\');
		buf_byte(b, (uint8_t)*text);
	}
}

static int new_session(struct door *d, const struct door_options *o)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_lowlevel_ops handlers = fuse_handlers;
	struct slice text = {0};
	BUF_AUTO(b);

	buf_str(&b, "fsname=");
	add_escaped(&b, o->source);
	buf_str(&b, ",default_permissions,nosuid,nodev,noexec,subtype=stemefs");
	if (o->moment) {
		frozen_handlers(&handlers);
		buf_byte(&b, '@');
		add_escaped(&b, o->moment);
	}
	if (o->allow_other)
		buf_str(&b, ",allow_other");
	if (o->read_only)
		buf_str(&b, ",ro");
	if (o->debug)
		buf_str(&b, ",debug");
	buf_byte(&b, 0);
	if (buf_view(&b, &text) < 0)
		return -ENOMEM;
	if (fuse_opt_add_arg(&args, "stemefs") < 0 ||
		fuse_opt_add_arg(&args, "-o") < 0 ||
		fuse_opt_add_arg(&args, (const char *)text.p) < 0) {
		fuse_opt_free_args(&args);
		return -ENOMEM;
	}
	d->session = fuse_session_new(&args, &handlers, sizeof(handlers), d);
	fuse_opt_free_args(&args);
	return d->session ? 0 : -EIO;
}

static void wake(int number)
{
	(void)number; /* its work is to interrupt */
}

static void wake_by_signal(void)
{
	struct sigaction a = {.sa_handler = wake}; /* without SA_RESTART */

	(void)sigaction(SIGUSR1, &a, NULL);
}

static int mount_failed(const struct door_options *o, struct error *err)
{
	int r = fail(err, EIO, "cannot be mounted on %s: %s", o->mountpoint,
		*said ? said : "fusermount3 refused");

	if (o->allow_other && geteuid() != 0)
		return fail_hint(err, "user_allow_other in /etc/fuse.conf");
	if (access("/dev/fuse", F_OK) < 0)
		return fail_hint(err,
			"loading the fuse module, or --device /dev/fuse "
			"--cap-add SYS_ADMIN for a container");
	if (geteuid() != 0)
		return fail_hint(
			err, "fusermount3 (package fuse3), or `stemefs run`");
	return r;
}

int door_open(const struct door_options *o, struct door **out, struct error *err)
{
	struct door *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return fail(err, ENOMEM, "out of memory");
	d->tree = o->tree;
	d->store = o->store;
	d->server = pthread_self();
	d->handles.next = d->handles.prev = &d->handles;
	d->descriptor = strncmp(o->mountpoint, "/dev/fd/", strlen("/dev/fd/")) == 0;
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_cond_init(&d->quiet, NULL);
	wake_by_signal();
	fuse_set_log_func(take_log);
	said[0] = '\0';
	d->mountpoint = strdup(o->mountpoint);
	r = d->mountpoint ? nodes_new(o->tree, &d->nodes) : -ENOMEM;
	if (r == 0)
		r = held_new(&d->held);
	if (r == 0 && o->moment)
		r = frozen_new(&d->frozen);
	mounting = true;
	if (r == 0)
		r = new_session(d, o);
	if (r == 0 && fuse_session_mount(d->session, d->mountpoint) < 0) {
		fuse_session_destroy(d->session);
		d->session = NULL;
		r = -EIO;
	}
	mounting = false;
	if (r == -EIO)
		r = mount_failed(o, err);
	else if (r < 0)
		r = fail(err, -r, "cannot mount: %s", strerror(-r));
	if (r < 0) {
		door_close(d);
		return r;
	}
	shed_start(d);
	told_start(d, o->watched);
	*out = d;
	return 0;
}

/* ---- serve ---- */

struct question {
	const char *path;
	int answer;
};

/* Without descriptors: who waits for an answer of ours cannot be killed, and while it
 * shares the descriptors of a daemon that was killed, /dev/fuse stays open and no answer
 * ever comes. */
static void *ask(void *ctx)
{
	struct question *q = ctx;
	struct stat st;

	(void)close_range(0, ~0U, CLOSE_RANGE_UNSHARE);
	q->answer = stat(q->path, &st) < 0 ? -errno : 0;
	if (q->answer == 0 && st.st_ino != NODE_ROOT)
		q->answer =
			-ENOTCONN; /* it is gone again: what answered lies below */
	return NULL;
}

/* Knock from outside: the mount is up when it has answered, and not before. */
static void *knock(void *ctx)
{
	struct door *d = ctx;
	struct question q = {.path = d->mountpoint};
	pthread_t asker;
	int rc = pthread_create(&asker, NULL, ask, &q);

	if (rc == 0)
		(void)pthread_join(asker, NULL);
	d->ready(d->ready_ctx, rc ? -rc : q.answer);
	return NULL;
}

int door_serve(struct door *d, void (*ready)(void *ctx, int error), void *ctx)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int r;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(config, 0);
	fuse_loop_cfg_set_max_threads(config, THREADS);
	fuse_loop_cfg_set_idle_threads(config, IDLE_THREADS);
	d->ready = ready;
	d->ready_ctx = ctx;
	if (ready && !d->descriptor)
		d->knocking = pthread_create(&d->knocker, NULL, knock, d) == 0;
	r = fuse_session_loop_mt(d->session, config);
	atomic_store(&d->ended, true);
	fuse_loop_cfg_destroy(config);
	return r > 0 || r == -ECONNABORTED ? 0 : r; /* > 0: ended by a signal */
}

void door_stop(struct door *d)
{
	const struct timespec pause = {.tv_nsec = WAKE_NS};

	shed_stop(d);
	told_stop(d);
	fuse_session_exit(d->session);
	/* The loop looks at the flag and then waits: a call in between is lost, so call
	 * until it has heard. */
	while (!atomic_load(&d->ended)) {
		(void)pthread_kill(d->server, SIGUSR1);
		(void)nanosleep(&pause, NULL);
	}
}

static void wait_for_answers(struct door *d)
{
	(void)pthread_mutex_lock(&d->lock);
	while (d->owed)
		(void)pthread_cond_wait(&d->quiet, &d->lock);
	(void)pthread_mutex_unlock(&d->lock);
}

void door_close(struct door *d)
{
	if (!d)
		return;
	shed_stop(d);
	told_stop(d);
	wait_for_answers(d);
	while (d->handles.next != &d->handles)
		handle_free(d, d->handles.next);
	if (d->session) {
		fuse_session_unmount(d->session);
		fuse_session_destroy(d->session);
	}
	if (d->knocking)
		(void)pthread_join(d->knocker, NULL);
	held_free(d->held);
	frozen_free(d->frozen);
	nodes_free(d->nodes);
	free(d->mountpoint);
	(void)pthread_cond_destroy(&d->quiet);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}
