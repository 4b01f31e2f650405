/* engines: what the parts of a durable, signed write cost by themselves on this machine.
 *
 *	engines sign THREADS SECONDS        Ed25519 signatures a second, of a record's 56 bytes,
 *	                                    and the CPU time of one in microseconds
 *	engines verify THREADS SECONDS      the same of verifications
 *	engines append FILE N BYTES         microseconds for write + fdatasync, median of N
 *
 * Files are written beforehand, so that a sync has no metadata to write. */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MESSAGE = 56, /* "stemefs/sign/v1", an id, a time */
	THREADS_MAX = 256,
	FILE_BYTES = 1 << 20, /* then from the front again */
	SECOND = 1000000000,
};

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* ---- signatures ---- */

struct signer {
	pthread_t thread;
	bool verifies;
	uint64_t until;
	unsigned long done;
};

static void *sign_on(void *ctx)
{
	struct signer *s = ctx;
	unsigned char pk[crypto_sign_PUBLICKEYBYTES],
		sk[crypto_sign_SECRETKEYBYTES];
	unsigned char sig[crypto_sign_BYTES], message[MESSAGE] = "stemefs/sign/v1";

	(void)crypto_sign_keypair(pk, sk);
	(void)crypto_sign_detached(sig, NULL, message, sizeof(message), sk);
	for (; now() < s->until; s->done++) {
		if (!s->verifies) {
			message[20]++;
			(void)crypto_sign_detached(
				sig, NULL, message, sizeof(message), sk);
		} else if (crypto_sign_verify_detached(
				   sig, message, sizeof(message), pk) != 0) {
			errx(1, "engines: a good signature was refused");
		}
	}
	return NULL;
}

static double cpu_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / SECOND;
}

static void signatures(bool verifies, size_t threads, double seconds)
{
	static struct signer signers[THREADS_MAX];
	uint64_t begun = now();
	unsigned long sum = 0;

	if (sodium_init() < 0 || threads < 1 || threads > THREADS_MAX)
		errx(1, "engines: 1 to %d threads", THREADS_MAX);
	for (size_t i = 0; i < threads; i++) {
		signers[i].verifies = verifies;
		signers[i].until = begun + (uint64_t)(seconds * SECOND);
		if (pthread_create(
			    &signers[i].thread, NULL, sign_on, &signers[i]) != 0)
			errx(1, "engines: no thread");
	}
	for (size_t i = 0; i < threads; i++) {
		(void)pthread_join(signers[i].thread, NULL);
		sum += signers[i].done;
	}
	printf("%.0f %.3f\n", (double)sum * SECOND / (double)(now() - begun),
		cpu_seconds() * 1e6 / (double)sum);
}

/* ---- the disk ---- */

static int open_written(const char *path)
{
	char *zeros = calloc(1, FILE_BYTES);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || !zeros || pwrite(fd, zeros, FILE_BYTES, 0) != FILE_BYTES ||
		fsync(fd) < 0)
		err(1, "%s", path);
	free(zeros);
	return fd;
}

static void append(const char *path, size_t n, size_t bytes)
{
	uint64_t *times = calloc(n + 1, sizeof(*times)), median = 0;
	char *data = calloc(1, FILE_BYTES);
	int fd = open_written(path);

	if (!times || !data || n < 1 || bytes < 1 || bytes > FILE_BYTES)
		errx(1, "engines: bytes: 1 to %d", FILE_BYTES);
	memset(data, 'x', bytes);
	for (size_t i = 0; i < n; i++) {
		off_t at = (off_t)(i % (FILE_BYTES / bytes) * bytes);
		uint64_t begun = now();

		if (pwrite(fd, data, bytes, at) != (ssize_t)bytes ||
			fdatasync(fd) < 0)
			err(1, "%s", path);
		times[i] = now() - begun;
	}
	(void)close(fd);
	(void)unlink(path);
	qsort(times, n, sizeof(*times), by_size);
	median = times[n / 2];
	printf("%.3f\n", (double)median / 1000);
	free(times);
	free(data);
}

/* ---- what was asked ---- */

static size_t number(const char *text)
{
	return strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	const char *op = argc > 1 ? argv[1] : "";

	if (strcmp(op, "sign") == 0 && argc == 4)
		signatures(false, number(argv[2]), strtod(argv[3], NULL));
	else if (strcmp(op, "verify") == 0 && argc == 4)
		signatures(true, number(argv[2]), strtod(argv[3], NULL));
	else if (strcmp(op, "append") == 0 && argc == 5)
		append(argv[2], number(argv[3]), number(argv[4]));
	else
		errx(1, "usage: engines sign|verify|append ...");
	return 0;
}
