/* Jobs: each runs as often as it was added, in order where there is one thread, and all of
 * them before the end. */
#include "fs/jobs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/unit/tap.h"

enum {
	MANY = 2000 / TAP_STRIDE,
	ADDERS = 4,
	AGAIN = 50,
};

static atomic_uint ran;

struct numbered {
	struct job job;
	unsigned number, seen;
};

static void note(struct job *j)
{
	struct numbered *n = (struct numbered *)(void *)j;

	n->seen = atomic_fetch_add(&ran, 1);
}

static void one_thread_keeps_the_order(void)
{
	static struct numbered list[MANY];
	struct jobs *jobs = NULL;
	unsigned wrong = 0;

	atomic_store(&ran, 0);
	CHECK(jobs_new(1, &jobs) == 0);
	CHECK(jobs_threads(jobs) == 1);
	for (unsigned i = 0; i < MANY; i++) {
		list[i] = (struct numbered){.job.run = note, .number = i};
		jobs_add(jobs, &list[i].job);
	}
	jobs_free(jobs);
	for (unsigned i = 0; i < MANY; i++)
		wrong += list[i].seen != list[i].number;
	CHECK(wrong == 0);
	CHECK(atomic_load(&ran) == MANY);
}

struct adder {
	struct jobs *jobs;
	struct numbered list[MANY];
};

static void *add_many(void *arg)
{
	struct adder *a = arg;

	for (unsigned i = 0; i < MANY; i++) {
		a->list[i].job.run = note;
		jobs_add(a->jobs, &a->list[i].job);
	}
	return NULL;
}

static void many_may_add_and_all_of_it_runs_before_the_end(void)
{
	static struct adder adders[ADDERS];
	pthread_t threads[ADDERS];
	struct jobs *jobs = NULL;

	atomic_store(&ran, 0);
	CHECK(jobs_new(3, &jobs) == 0);
	for (int i = 0; i < ADDERS; i++) {
		adders[i].jobs = jobs;
		CHECK(pthread_create(&threads[i], NULL, add_many, &adders[i]) == 0);
	}
	for (int i = 0; i < ADDERS; i++)
		(void)pthread_join(threads[i], NULL);
	jobs_free(jobs);
	CHECK(atomic_load(&ran) == ADDERS * MANY);
}

/* A job that adds itself again, as a strand does. */
struct strand {
	struct job job;
	struct jobs *jobs;
	unsigned left;
	atomic_int inside;
	bool together;
};

static void go_on(struct job *j)
{
	struct strand *s = (struct strand *)(void *)j;

	if (atomic_fetch_add(&s->inside, 1) != 0)
		s->together = true;
	atomic_fetch_add(&ran, 1);
	(void)atomic_fetch_sub(&s->inside, 1);
	if (--s->left > 0)
		jobs_add(s->jobs, j);
}

static void what_a_job_adds_runs_before_the_end_too(void)
{
	static struct strand strands[ADDERS];
	struct jobs *jobs = NULL;

	atomic_store(&ran, 0);
	CHECK(jobs_new(0, &jobs) == 0);
	for (int i = 0; i < ADDERS; i++) {
		strands[i] = (struct strand){
			.job.run = go_on, .jobs = jobs, .left = AGAIN};
		jobs_add(jobs, &strands[i].job);
	}
	jobs_free(jobs);
	CHECK(atomic_load(&ran) == ADDERS * AGAIN);
	for (int i = 0; i < ADDERS; i++)
		CHECK(!strands[i].together);
}

static void nothing_is_fine(void)
{
	struct jobs *jobs = NULL;

	CHECK(jobs_new(0, &jobs) == 0);
	CHECK(jobs_threads(jobs) >= 1);
	jobs_free(jobs);
	jobs_free(NULL);
}

int main(void)
{
	RUN(one_thread_keeps_the_order);
	RUN(many_may_add_and_all_of_it_runs_before_the_end);
	RUN(what_a_job_adds_runs_before_the_end_too);
	RUN(nothing_is_fine);
	return tap_done();
}
