/* A header, and where its fields stand; numbers are octal text.
 *
 *	  0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12
 *	148 sum 8 | 156 type 1 | 157 link 100 | 257 "ustar" 0 "00" | 265 user 32
 *	297 group 32 | 329 device 8 + 8 | 345 prefix 155 | 500 zeros
 *
 * The sum is that of all bytes, its own read as blanks. */
#include "store/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "store/files.h"

enum {
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_DEVICE = 329,
	AT_PREFIX = 345,
	SHORT = 8, /* bytes of a number */
	LONG = 12,
	TYPE_FILE = '0',
	TYPE_DIRECTORY = '5',
	TYPE_GLOBAL = 'g',
};

static const char magic[] = "ustar\00000"; /* and version 00 */

/* ---- headers ---- */

static void put_number(uint8_t *field, size_t n, uint64_t value)
{
	char text[32];

	/* what has no room as octal digits stands as bytes, as GNU tar has it: uids of
	 * large directories */
	if (value >> (3 * (n - 1))) {
		memset(field, 0, n);
		field[0] = 0x80;
		for (size_t i = n; i > 1 && value; i--, value >>= 8)
			field[i - 1] = (uint8_t)value;
		return;
	}
	(void)snprintf(text, sizeof(text), "%0*" PRIo64, (int)(n - 1), value);
	memcpy(field, text, n);
}

static int get_number(const uint8_t *field, size_t n, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		if (field[i] < '0' || field[i] > '7')
			return -EBADMSG;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	*out = value;
	return field[n - 1] ? -EBADMSG : 0;
}

static uint32_t sum_of(const uint8_t block[ARCHIVE_BLOCK])
{
	uint32_t sum = 0;

	for (int i = 0; i < ARCHIVE_BLOCK; i++)
		sum += i >= AT_SUM && i < AT_SUM + SHORT ? ' ' : block[i];
	return sum;
}

void archive_encode(const struct archive_entry *e, uint8_t out[ARCHIVE_BLOCK])
{
	memset(out, 0, ARCHIVE_BLOCK);
	memcpy(out, e->name, strnlen(e->name, ARCHIVE_NAME - 1));
	put_number(out + AT_MODE, SHORT,
		e->directory ? ARCHIVE_MODE_DIRECTORY : ARCHIVE_MODE_FILE);
	put_number(out + AT_UID, SHORT, e->uid);
	put_number(out + AT_GID, SHORT, e->gid);
	put_number(out + AT_SIZE, LONG, e->size);
	put_number(out + AT_MTIME, LONG, e->mtime);
	out[AT_TYPE] = e->global      ? TYPE_GLOBAL
		       : e->directory ? TYPE_DIRECTORY
				      : TYPE_FILE;
	memcpy(out + AT_MAGIC, magic, sizeof(magic) - 1);
	put_number(out + AT_DEVICE, SHORT, 0);
	put_number(out + AT_DEVICE + SHORT, SHORT, 0);
	/* six digits, a zero, a blank: as it has always been */
	put_number(out + AT_SUM, SHORT - 1, sum_of(out));
	out[AT_SUM + SHORT - 1] = ' ';
}

static bool all_zero(const uint8_t block[ARCHIVE_BLOCK])
{
	return block[0] == 0 && memcmp(block, block + 1, ARCHIVE_BLOCK - 1) == 0;
}

int archive_decode(const uint8_t in[ARCHIVE_BLOCK], struct archive_entry *out,
	struct error *err)
{
	struct archive_entry e = {0};
	uint64_t sum;

	if (all_zero(in))
		return -ENODATA;
	if (memcmp(in + AT_MAGIC, magic, sizeof(magic) - 1) != 0 ||
		get_number(in + AT_SUM, SHORT - 1, &sum) < 0 || sum != sum_of(in) ||
		in[AT_SUM + SHORT - 1] != ' ')
		return fail(err, EBADMSG, "is no archive that stemefs wrote");
	memcpy(e.name, in, ARCHIVE_NAME);
	e.directory = in[AT_TYPE] == TYPE_DIRECTORY;
	e.global = in[AT_TYPE] == TYPE_GLOBAL;
	/* no links, no devices, no long names */
	if (e.name[ARCHIVE_NAME - 1] || !e.name[0] || in[AT_LINK] ||
		in[AT_PREFIX] ||
		(!e.directory && !e.global && in[AT_TYPE] != TYPE_FILE) ||
		get_number(in + AT_SIZE, LONG, &e.size) < 0 ||
		get_number(in + AT_MTIME, LONG, &e.mtime) < 0 ||
		(e.directory && e.size))
		return fail(err, EBADMSG,
			"has an entry that no backup has (\"%.99s\")", e.name);
	*out = e;
	return 0;
}

/* ---- writing ---- */

void archive_start(struct archive_out *a, int fd)
{
	*a = (struct archive_out){.fd = fd};
	blake3_hasher_init(&a->hash);
}

void archive_free(struct archive_out *a)
{
	if (a->pending.p)
		sodium_memzero(a->pending.p, a->pending.cap);
	buf_free(&a->pending);
}

static void flush(struct archive_out *a)
{
	struct slice s = {0};

	if (a->rc == 0)
		a->rc = buf_view(&a->pending, &s);
	if (a->rc == 0 && s.n) {
		blake3_hasher_update(&a->hash, s.p, s.n);
		a->rc = file_write(a->fd, s);
	}
	buf_reset(&a->pending);
}

/* Never more in memory than the buffer. */
static void put(struct archive_out *a, struct slice s)
{
	a->size += s.n;
	while (s.n && a->rc == 0) {
		size_t n = ARCHIVE_BUFFER - a->pending.n;

		if (!a->pending.p && !buf_room(&a->pending, ARCHIVE_BUFFER)) {
			a->rc = -ENOMEM;
			return;
		}
		buf_slice(&a->pending, slice_sub(s, 0, n));
		s = slice_sub(s, n, s.n);
		if (a->pending.n == ARCHIVE_BUFFER)
			flush(a);
	}
}

static void put_padding(struct archive_out *a, uint64_t size)
{
	static const uint8_t zeros[ARCHIVE_BLOCK];

	put(a, slice_of(zeros, archive_padding(size)));
}

void archive_enter(struct archive_out *a, const struct archive_entry *e)
{
	uint8_t header[ARCHIVE_BLOCK];

	archive_encode(e, header);
	put(a, slice_of(header, sizeof(header)));
	a->left = e->size;
}

void archive_add(struct archive_out *a, struct slice bytes)
{
	if (!bytes.n)
		return;
	put(a, bytes);
	a->left -= bytes.n;
	if (a->left == 0)
		put_padding(a, a->size);
}

void archive_seal(struct archive_out *a, uint64_t seq)
{
	struct archive_entry e = {.name = "pax_global_header", .global = true};
	char text[ARCHIVE_SEAL_MAX], hex[ID_HEX + 1];
	uint8_t hash[ID_SIZE];
	int n;

	flush(a);
	blake3_hasher_finalize(&a->hash, hash, sizeof(hash));
	hex_print(hash, sizeof(hash), hex);
	/* the length of the line comes first, and counts itself: three digits */
	n = snprintf(text, sizeof(text), "000%s%" PRIu64 "%s%s\n", ARCHIVE_SEAL,
		seq, ARCHIVE_SEAL_HASH, hex);
	(void)snprintf(text, 4, "%03d", n);
	text[3] = ' ';
	e.size = (uint64_t)n;
	archive_enter(a, &e);
	archive_add(a, slice_of(text, (size_t)n));
}

int archive_finish(struct archive_out *a)
{
	static const uint8_t zeros[2 * ARCHIVE_BLOCK];

	put(a, slice_of(zeros, sizeof(zeros)));
	flush(a);
	return a->rc;
}
