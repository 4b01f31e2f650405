/* visible [-n PAIRS] [-l LANES] [-r RACERS] [-d DROPS] [-s SEED] [-x] MNT [ROOT]...
 *
 * Write and look, PAIRS times, and stop at the first answer that is stale (visible.h). The
 * ROOTs are other ways to the same mount. DROPS times the kernel is told to forget what it
 * keeps, if it lets us. -x: what one look of a reader has shown, every other file and way has
 * to show to it, too, even before the writer is answered (no promise of stemefs). SIGTERM:
 * that is enough. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/visible/visible.h"

struct common *common;

static pid_t children[2 * LANES_MAX + READERS_MAX + 1];
static unsigned children_n;

void wrong(const char *format, ...)
{
	char text[2 * PATH_BYTES];
	va_list args;
	size_t n;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text) - 2, format, args);
	va_end(args);
	n = strlen(text);
	text[n] = '\n';
	/* what others say when one has found something is of no interest */
	if (!atomic_exchange(&common->failed, true))
		(void)!write(STDERR_FILENO, text, n + 1);
	_exit(1);
}

/* ---- processes ---- */

/* True in the child. */
static bool child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		wrong("fork: %s", strerror(errno));
	if (pid > 0)
		children[children_n++] = pid;
	return pid == 0;
}

static void pipe_or_fail(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		wrong("pipe: %s", strerror(errno));
}

static void start_lane(unsigned lane)
{
	int there[2], back[2];

	pipe_or_fail(there);
	pipe_or_fail(back);
	if (child()) {
		(void)close(there[0]);
		(void)close(back[1]);
		writer_run(lane, there[1], back[0]);
		_exit(0);
	}
	if (child()) {
		(void)close(there[1]);
		(void)close(back[0]);
		follower_run(lane, there[0], back[1]);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		(void)close(there[i]);
		(void)close(back[i]);
	}
}

/* Now and then the kernel forgets names, and every fourth time pages as well. */
static void dropper_run(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	uint64_t n = 0;
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	while (fd >= 0 && n < common->drops && !atomic_load(&common->over) &&
		!atomic_load(&common->failed)) {
		(void)nanosleep(&pause, NULL);
		if (atomic_load(&common->done) * (common->drops + 1) <
			common->pairs * (n + 1))
			continue;
		if (write(fd, n % 4 == 3 ? "3" : "2", 1) == 1)
			atomic_fetch_add(&common->dropped, 1);
		n++;
	}
}

/* The lanes' children end by themselves; the others when these have. */
static int wait_for_all(unsigned lanes_children)
{
	unsigned writing = lanes_children;
	int failed = 0;

	for (unsigned ended = 0; ended < children_n; ended++) {
		int status = 0;
		pid_t pid = wait(&status);
		bool of_lane = false;

		for (unsigned i = 0; i < lanes_children; i++)
			of_lane |= children[i] == pid;
		if (status != 0)
			failed = 1;
		if (WIFSIGNALED(status) && !atomic_exchange(&common->failed, true))
			(void)fprintf(stderr, "process %d: signal %d\n", (int)pid,
				WTERMSIG(status));
		if (of_lane && --writing == 0)
			atomic_store(&common->over, true);
	}
	return failed;
}

/* ---- */

static void enough(int signal)
{
	(void)signal;
	atomic_store(&common->taken, UINT64_MAX / 2);
}

static uint64_t number(const char *text, uint64_t most)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end || end == text || n > most) {
		(void)fprintf(stderr, "visible: %s: no number, or over %llu\n",
			text, (unsigned long long)most);
		exit(2);
	}
	return n;
}

static void parse(int argc, char **argv)
{
	int c;

	*common = (struct common){
		.lanes_n = 3, .racers_n = 2, .pairs = 1000, .seed = 1};
	while ((c = getopt(argc, argv, "n:l:r:d:s:x")) != -1) {
		switch (c) {
		case 'n':
			common->pairs = number(optarg, 1000000000);
			break;
		case 'l':
			common->lanes_n = (unsigned)number(optarg, LANES_MAX - 1);
			break;
		case 'r':
			common->racers_n = (unsigned)number(optarg, READERS_MAX);
			break;
		case 'd':
			common->drops = (unsigned)number(optarg, 1000000);
			break;
		case 's':
			common->seed = number(optarg, UINT32_MAX);
			break;
		case 'x':
			common->strict = true;
			break;
		default:
			exit(2);
		}
	}
	for (; optind < argc && common->roots_n < ROOTS_MAX; optind++) {
		char root[PATH_MAX];

		if (!realpath(argv[optind], root) || strlen(root) >= ROOT_BYTES)
			wrong("%s: is no directory, or its name is too long",
				argv[optind]);
		(void)snprintf(common->roots[common->roots_n++], ROOT_BYTES, "%.*s",
			ROOT_BYTES - 1, root);
	}
	if (!common->roots_n || optind < argc || !common->lanes_n) {
		(void)fprintf(stderr,
			"usage: visible [-n PAIRS] [-l LANES] [-r RACERS] "
			"[-d DROPS] [-s SEED] [-x] MNT [ROOT]...\n");
		exit(2);
	}
}

static void start_all(void)
{
	for (unsigned i = 0; i < common->lanes_n; i++)
		start_lane(i);
	for (unsigned i = 0; i < common->racers_n; i++)
		if (child()) {
			racer_run(i);
			_exit(0);
		}
	if (common->drops && child()) {
		dropper_run();
		_exit(0);
	}
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	double seconds;
	int failed;

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (common == MAP_FAILED)
		return 2;
	parse(argc, argv);
	common->run = (unsigned)getpid();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTERM, enough);
	for (unsigned i = 0; i < common->lanes_n; i++)
		common->lanes[i].door = i % DOORS;
	calibrate();
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	start_all();
	failed = wait_for_all(2 * common->lanes_n);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) +
		  (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	(void)printf("%llu pairs of a write and a look, %llu looks in all, caches "
		     "dropped "
		     "%llu times, %.0f s: %s\n",
		(unsigned long long)common->done, (unsigned long long)common->looks,
		(unsigned long long)common->dropped, seconds,
		failed ? "one was wrong" : "none was stale");
	(void)printf("again: visible -n %llu -l %u -r %u -d %u -s %llu%s %s\n",
		(unsigned long long)common->pairs, common->lanes_n,
		common->racers_n, common->drops, (unsigned long long)common->seed,
		common->strict ? " -x" : "", common->roots[0]);
	return failed || !common->done;
}
