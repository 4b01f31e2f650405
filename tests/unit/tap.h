/* The Test Anything Protocol in forty lines: one test per function, run under prove.
 *
 *	static void a_vote_against_keeps_its_sign(void) { CHECK(v.against); }
 *	int main(void) { RUN(a_vote_against_keeps_its_sign); return tap_done(); }
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdio.h>
#include <string.h>

/* Loops over every byte take every TAP_STRIDE-th under ThreadSanitizer, where they would
 * take minutes and have nothing to say about threads. */
enum {
#ifdef __SANITIZE_THREAD__
	TAP_STRIDE = 11,
#else
	TAP_STRIDE = 1,
#endif
};

static int tap_count, tap_failed, tap_bad;

#define CHECK(condition)                                                           \
	do {                                                                       \
		if (!(condition)) {                                                \
			tap_bad = 1;                                               \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);   \
		}                                                                  \
	} while (0)

#define CHECK_TEXT(got, text)                                                      \
	do {                                                                       \
		struct slice tap_s = (got);                                        \
		const char *tap_t = (text);                                        \
		if (tap_s.n != strlen(tap_t) ||                                    \
			memcmp(tap_s.p, tap_t, tap_s.n) != 0) {                    \
			tap_bad = 1;                                               \
			printf("# %s:%d: got \"%.*s\", want \"%s\"\n", __FILE__,   \
				__LINE__, (int)tap_s.n, (const char *)tap_s.p,     \
				tap_t);                                            \
		}                                                                  \
	} while (0)

#define RUN(test)                                                                  \
	do {                                                                       \
		tap_bad = 0;                                                       \
		test();                                                            \
		tap_failed += tap_bad;                                             \
		printf("%sok %d - %s\n", tap_bad ? "not " : "", ++tap_count,       \
			#test);                                                    \
		fflush(stdout);                                                    \
	} while (0)

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
