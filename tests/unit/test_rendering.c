#include "fs/rendering.h"

#include <pthread.h>
#include <stdio.h>

#include "core/bytes.h"
#include "core/id.h"
#include "tests/unit/tap.h"

enum {
	BOUND = 8192,
	TOO_LARGE = 2 * BOUND,
	THREADS = 4,
	ROUNDS = 20000,
};

static struct renderings *fresh(void)
{
	struct renderings *k = NULL;

	return renderings_new(BOUND, &k) == 0 ? k : NULL;
}

static struct attr attr_of(const char *path, uint64_t version)
{
	struct id id = id_of(slice_str(path));

	return (struct attr){.inode = u64_at(id.b), .version = version};
}

static void keep(struct renderings *k, const char *path, uint64_t version, size_t n)
{
	RENDERING_AUTO(r);
	struct attr attr = attr_of(path, version);
	static const uint8_t bytes[TOO_LARGE];

	CHECK(rendering_new(slice_str(path), &attr, slice_of(bytes, n), &r) == 0);
	CHECK(r->attr.size == n);
	renderings_keep(k, r);
}

static bool has(struct renderings *k, const char *path, uint64_t version)
{
	RENDERING_AUTO(r);
	struct attr attr = attr_of(path, version);

	r = renderings_find(k, slice_str(path), &attr);
	return r;
}

static void what_was_kept_is_found_at_its_version_only(void)
{
	struct renderings *k = fresh();

	keep(k, "a", 1, 100);
	CHECK(has(k, "a", 1));
	CHECK(!has(k, "a", 2));
	CHECK(!has(k, "b", 1));
	renderings_free(k);
}

static void a_newer_version_takes_the_place_of_the_older(void)
{
	struct renderings *k = fresh();

	keep(k, "a", 1, 100);
	keep(k, "a", 2, 100);
	CHECK(!has(k, "a", 1));
	CHECK(has(k, "a", 2));
	renderings_free(k);
}

static void the_least_recently_used_goes_first(void)
{
	struct renderings *k = fresh();

	keep(k, "a", 1, 1700);
	keep(k, "b", 1, 1700);
	keep(k, "c", 1, 1700);
	CHECK(has(k, "a", 1));
	keep(k, "d", 1, 1700);
	keep(k, "e", 1, 1700);
	CHECK(has(k, "a", 1));
	CHECK(!has(k, "b", 1));
	CHECK(has(k, "e", 1));
	renderings_free(k);
}

static void of_what_is_too_large_the_size_is_known(void)
{
	struct renderings *k = fresh();
	struct attr attr = attr_of("big", 1);

	keep(k, "small", 1, 100);
	keep(k, "big", 1, TOO_LARGE);
	CHECK(!has(k, "big", 1));
	CHECK(renderings_attr(k, slice_str("big"), &attr));
	CHECK(attr.size == TOO_LARGE);
	CHECK(has(k, "small", 1));
	renderings_free(k);
}

static void a_reference_outlives_the_cache(void)
{
	struct renderings *k = fresh();
	RENDERING_AUTO(r);
	struct attr attr = attr_of("a", 1);

	CHECK(rendering_new(slice_str("a"), &attr, slice_str("text"), &r) == 0);
	renderings_keep(k, r);
	renderings_free(k);
	CHECK_TEXT(r->bytes, "text");
}

/* Bytes 0 to 255, over and over. */
static int print_bytes(
	struct printable *p, uint64_t offset, size_t n, struct buf *out)
{
	for (; n > 0 && offset < p->size; n--)
		buf_byte(out, (uint8_t)offset++);
	return 0;
}

static int freed;

static void free_nothing(struct printable *p)
{
	(void)p;
	freed++;
}

static void what_is_printed_is_kept_at_its_cost_and_freed_once(void)
{
	struct printable p = {.size = 1U << 30,
		.cost = 500,
		.read = print_bytes,
		.free = free_nothing};
	struct renderings *k = fresh();
	struct attr attr = attr_of("long", 1);
	struct slice part = {0};
	BUF_AUTO(scratch);

	freed = 0;
	{
		RENDERING_AUTO(r);

		CHECK(rendering_new_printable(slice_str("long"), &attr, &p, &r) ==
			0);
		CHECK(r->attr.size == p.size);
		renderings_keep(k, r);
		rendering_know(r, 7);
	}
	CHECK(has(k, "long", 1) && freed == 0);
	{
		RENDERING_AUTO(r);

		r = renderings_latest(k, slice_str("long"), attr.inode);
		CHECK(r && rendering_known(r) == 7);
		CHECK(r && rendering_read(r, 1000, 3, &scratch, &part) == 0);
		CHECK(part.n == 3 && part.p && part.p[0] == 1000 % 256);
	}
	keep(k, "long", 2, 100);
	CHECK(freed == 1);
	CHECK(!has(k, "long", 1) && has(k, "long", 2));
	renderings_free(k);
	CHECK(freed == 1);
}

static void *hammer(void *ctx)
{
	struct renderings *k = ctx;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		RENDERING_AUTO(made);
		RENDERING_AUTO(found);
		char path[8];
		struct attr attr;

		(void)snprintf(path, sizeof(path), "%u", i % 50);
		attr = attr_of(path, i / 500 + 1);
		found = renderings_find(k, slice_str(path), &attr);
		if (found) {
			if (!slice_is(found->bytes, path))
				return NULL;
			continue;
		}
		if (rendering_new(slice_str(path), &attr, slice_str(path), &made) <
			0)
			return NULL;
		renderings_keep(k, made);
	}
	return k;
}

static void threads_share_it(void)
{
	struct renderings *k = fresh();
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, hammer, k) == 0);
	for (int i = 0; i < THREADS; i++) {
		void *good = NULL;

		(void)pthread_join(threads[i], &good);
		CHECK(good);
	}
	renderings_free(k);
}

int main(void)
{
	RUN(what_was_kept_is_found_at_its_version_only);
	RUN(a_newer_version_takes_the_place_of_the_older);
	RUN(the_least_recently_used_goes_first);
	RUN(of_what_is_too_large_the_size_is_known);
	RUN(a_reference_outlives_the_cache);
	RUN(what_is_printed_is_kept_at_its_cost_and_freed_once);
	RUN(threads_share_it);
	return tap_done();
}
