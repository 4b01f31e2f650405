/* The durable sink: whoever writes while a sync is under way shares the next one. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/floor.h"

enum {
	WAITING_MAX = 4096,   /* more writers at once than any run here has */
	FILE_BYTES = 8 << 20, /* then from the front again */
	ZEROS = 1 << 16,
};

struct batch {
	fuse_req_t waiting[WAITING_MAX];
	size_t sizes[WAITING_MAX];
	size_t n, bytes;
	char data[FILE_BYTES];
};

struct sink {
	int fd, index; /* -1: only one file */
	off_t at;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct batch *open, *closed;
};

static void answer(const struct batch *b, int failed)
{
	for (size_t i = 0; i < b->n; i++)
		if (failed)
			(void)fuse_reply_err(b->waiting[i], failed);
		else
			(void)fuse_reply_write(b->waiting[i], b->sizes[i]);
}

static struct batch *next_batch(struct sink *s)
{
	struct batch *b = NULL;

	(void)pthread_mutex_lock(&s->lock);
	while (s->open->n == 0)
		(void)pthread_cond_wait(&s->filled, &s->lock);
	b = s->open;
	s->open = s->closed;
	s->closed = b;
	(void)pthread_mutex_unlock(&s->lock);
	return b;
}

static bool keep(int fd, const struct batch *b, off_t at)
{
	return pwrite(fd, b->data, b->bytes, at) == (ssize_t)b->bytes &&
	       fdatasync(fd) == 0;
}

static void *commit(void *ctx)
{
	struct sink *s = ctx;

	for (;;) {
		struct batch *b = next_batch(s);
		int failed = 0;

		if (s->at + (off_t)b->bytes > FILE_BYTES)
			s->at = 0;
		if (!keep(s->fd, b, s->at) ||
			(s->index >= 0 && !keep(s->index, b, s->at)))
			failed = EIO;
		s->at += (off_t)b->bytes;
		answer(b, failed);
		b->n = b->bytes = 0;
	}
	return NULL;
}

static int zeroed_file(const char *path)
{
	static const char zeros[ZEROS];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		err(1, "%s", path);
	for (off_t at = 0; at < FILE_BYTES; at += ZEROS)
		if (pwrite(fd, zeros, ZEROS, at) != ZEROS)
			err(1, "%s", path);
	if (fsync(fd) < 0)
		err(1, "%s", path);
	return fd;
}

struct sink *sink_new(const char *log, const char *index)
{
	struct sink *s = calloc(1, sizeof(*s));
	pthread_t thread;

	if (!s)
		err(1, "floor");
	s->fd = zeroed_file(log);
	s->index = index ? zeroed_file(index) : -1;
	s->open = calloc(1, sizeof(*s->open));
	s->closed = calloc(1, sizeof(*s->closed));
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->filled, NULL);
	if (!s->open || !s->closed || pthread_create(&thread, NULL, commit, s) != 0)
		errx(1, "floor: no room for its log");
	(void)pthread_detach(thread);
	return s;
}

void sink_take(struct sink *s, fuse_req_t req, const char *data, size_t size)
{
	struct batch *b = NULL;

	(void)pthread_mutex_lock(&s->lock);
	b = s->open;
	if (b->n == WAITING_MAX || size > FILE_BYTES - b->bytes) {
		(void)pthread_mutex_unlock(&s->lock);
		(void)fuse_reply_err(req, EIO);
		return;
	}
	memcpy(b->data + b->bytes, data, size);
	b->bytes += size;
	b->sizes[b->n] = size;
	b->waiting[b->n++] = req;
	(void)pthread_cond_signal(&s->filled);
	(void)pthread_mutex_unlock(&s->lock);
}
