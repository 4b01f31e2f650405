/* Verifying is the bulk of a check: some 20,000 a second on one processor. A batch is cut
 * into equal parts, one for each processor; the threads live as long as the batch. */
#include <pthread.h>
#include <unistd.h>

#include "core/sign.h"
#include "store/check.h"

enum {
	VERIFIERS_MAX = 16,
	PART_LEAST = 64, /* a thread for fewer is not worth its start */
};

struct part {
	struct check_signature *list;
	size_t n;
};

static void *verify(void *ctx)
{
	const struct part *p = ctx;

	for (size_t i = 0; i < p->n; i++)
		p->list[i].bad =
			!sign_verify(&p->list[i].signature, &p->list[i].id);
	return NULL;
}

static size_t parts_for(size_t n)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t parts = processors < 1 ? 1 : (size_t)processors;

	if (parts > VERIFIERS_MAX)
		parts = VERIFIERS_MAX;
	if (parts > n / PART_LEAST)
		parts = n / PART_LEAST;
	return parts ? parts : 1;
}

void check_signatures(struct check_signature *list, size_t n)
{
	pthread_t threads[VERIFIERS_MAX];
	struct part parts[VERIFIERS_MAX];
	bool running[VERIFIERS_MAX] = {false};
	size_t count = parts_for(n), each = n / count;

	for (size_t i = 0; i < count; i++) {
		parts[i] = (struct part){.list = list + i * each, .n = each};
		if (i == count - 1)
			parts[i].n = n - i * each;
	}
	for (size_t i = 1; i < count; i++)
		running[i] =
			pthread_create(&threads[i], NULL, verify, &parts[i]) == 0;
	(void)verify(&parts[0]);
	for (size_t i = 1; i < count; i++)
		if (running[i])
			(void)pthread_join(threads[i], NULL);
		else
			(void)verify(&parts[i]);
}
