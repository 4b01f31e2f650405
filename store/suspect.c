#include "store/suspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/files.h"

static const char doubt[] = "doubt";
static const char starting[] = "starting";

void suspect_init(struct suspect *s)
{
	s->dir = -1;
	atomic_init(&s->raised, false);
	(void)pthread_mutex_init(&s->lock, NULL);
	s->text[0] = '\0';
}

void suspect_free(struct suspect *s)
{
	(void)pthread_mutex_destroy(&s->lock);
}

void suspect_raise(struct suspect *s, const char *format, ...)
{
	va_list args;

	if (atomic_exchange(&s->raised, true))
		return;
	(void)pthread_mutex_lock(&s->lock);
	va_start(args, format);
	(void)vsnprintf(s->text, sizeof(s->text), format, args);
	va_end(args);
	(void)pthread_mutex_unlock(&s->lock);
	/* on a full or failed disk the next start will have to find it again */
	(void)file_create(s->dir, doubt, slice_str(s->text), NULL);
}

void suspect_lower(struct suspect *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->text[0] = '\0';
	(void)pthread_mutex_unlock(&s->lock);
	atomic_store(&s->raised, false);
}

void suspect_text(struct suspect *s, char out[SUSPECT_TEXT])
{
	(void)pthread_mutex_lock(&s->lock);
	memcpy(out, s->text, SUSPECT_TEXT);
	(void)pthread_mutex_unlock(&s->lock);
}

/* The text of a small file; "" where there is none. */
static void read_text(int dir, const char *name, char out[SUSPECT_TEXT])
{
	BUF_AUTO(text);

	out[0] = '\0';
	if (file_read(dir, name, SUSPECT_TEXT - 1, &text) == 0)
		(void)snprintf(
			out, SUSPECT_TEXT, "%.*s", (int)text.n, (char *)text.p);
}

void suspect_left(int store_dir, char out[SUSPECT_TEXT])
{
	read_text(store_dir, doubt, out);
	for (const char *p = out; *p; p++)
		if (*p < ' ' || *p > '~') {
			(void)snprintf(out, SUSPECT_TEXT,
				"an earlier start left a doubt that is no text");
			return;
		}
}

int suspect_settle(int store_dir)
{
	if (unlinkat(store_dir, doubt, 0) < 0 &&
		unlinkat(store_dir, doubt, AT_REMOVEDIR) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(store_dir) < 0 ? -errno : 0;
}

/* A note will do: this is about a process that dies, and what it wrote outlives that. */
static void note_starts(int dir, int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", n);

	file_note(dir, starting, slice_of((const uint8_t *)text, (size_t)length));
}

unsigned suspect_starting(int store_dir)
{
	char text[SUSPECT_TEXT];
	long before;

	read_text(store_dir, starting, text);
	before = strtol(text, NULL, 10);
	if (before < 0 || before > SUSPECT_STARTS)
		before = SUSPECT_STARTS;
	note_starts(store_dir, (int)before + 1);
	return (unsigned)before;
}

void suspect_progress(int store_dir)
{
	note_starts(store_dir, 0);
}

void suspect_started(int store_dir)
{
	(void)unlinkat(store_dir, starting, 0);
}
