#include "fs/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
	THREADS_MAX = 64, /* what one committer can keep busy is far below */
	NICER = 5, /* a third of the share of a reader that wants the processor */
};

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t work;
	STAILQ_HEAD(, job) waiting;
	unsigned running; /* jobs, which may add others */
	bool stopping;
	unsigned count;
	pthread_t threads[];
};

/* With the lock held. NULL: it is over. */
static struct job *next_job(struct jobs *j)
{
	struct job *job;

	while (STAILQ_EMPTY(&j->waiting) && (!j->stopping || j->running > 0))
		(void)pthread_cond_wait(&j->work, &j->lock);
	job = STAILQ_FIRST(&j->waiting);
	if (job)
		STAILQ_REMOVE_HEAD(&j->waiting, next);
	return job;
}

static void *work(void *arg)
{
	struct jobs *j = arg;
	struct job *job;

	/* On Linux this is about the calling thread alone. */
	(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICER);
	(void)pthread_mutex_lock(&j->lock);
	while ((job = next_job(j))) {
		j->running++;
		(void)pthread_mutex_unlock(&j->lock);
		job->run(job);
		(void)pthread_mutex_lock(&j->lock);
		j->running--;
	}
	(void)pthread_cond_broadcast(&j->work);
	(void)pthread_mutex_unlock(&j->lock);
	return NULL;
}

void jobs_add(struct jobs *j, struct job *job)
{
	(void)pthread_mutex_lock(&j->lock);
	STAILQ_INSERT_TAIL(&j->waiting, job, next);
	(void)pthread_cond_signal(&j->work);
	(void)pthread_mutex_unlock(&j->lock);
}

unsigned jobs_threads(const struct jobs *j)
{
	return j->count;
}

/* Those that this process may run on. */
static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* Signals are for the thread that the program waits in. */
static int start_threads(struct jobs *j, unsigned threads)
{
	sigset_t all, before;
	int rc = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; rc == 0 && j->count < threads; j->count += rc == 0)
		rc = pthread_create(&j->threads[j->count], NULL, work, j);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

int jobs_new(unsigned threads, struct jobs **out)
{
	unsigned n = threads ? threads : processors();
	struct jobs *j = calloc(1, sizeof(*j) + n * sizeof(j->threads[0]));
	int rc;

	if (!j)
		return -ENOMEM;
	(void)pthread_mutex_init(&j->lock, NULL);
	(void)pthread_cond_init(&j->work, NULL);
	STAILQ_INIT(&j->waiting);
	rc = start_threads(j, n);
	if (rc < 0) {
		jobs_free(j);
		return rc;
	}
	*out = j;
	return 0;
}

void jobs_free(struct jobs *j)
{
	if (!j)
		return;
	(void)pthread_mutex_lock(&j->lock);
	j->stopping = true;
	(void)pthread_cond_broadcast(&j->work);
	(void)pthread_mutex_unlock(&j->lock);
	for (unsigned i = 0; i < j->count; i++)
		(void)pthread_join(j->threads[i], NULL);
	(void)pthread_cond_destroy(&j->work);
	(void)pthread_mutex_destroy(&j->lock);
	free(j);
}
