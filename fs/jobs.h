/* Work for all processors: as many threads as there are, and one queue.
 *
 * A job is memory of whoever adds it; jobs begin in the order in which they were added,
 * each in any thread. The threads are a little nicer than the rest of the process, so that
 * readers and the committer come first where there is not enough for all. Thread-safe. */
#ifndef FS_JOBS_H
#define FS_JOBS_H

#include <sys/queue.h>

struct jobs;

struct job {
	/* Called once for each time it was added. From here on the job may be added again,
	 * or be gone. Must not wait for another job. */
	void (*run)(struct job *j);
	STAILQ_ENTRY(job) next;
};

/* threads 0: one for each processor. Not before a fork. -errno. */
int jobs_new(unsigned threads, struct jobs **out);

unsigned jobs_threads(const struct jobs *j);

/* A job that waits already must not be added again. */
void jobs_add(struct jobs *j, struct job *job);

/* What was added is run first, and what that adds. NULL is fine. */
void jobs_free(struct jobs *j);

#endif
