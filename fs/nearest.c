#include "fs/nearest.h"

enum {
	WORD_MAX = 64, /* longer than any word of ours */
};

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

size_t edit_distance(struct slice a, struct slice b)
{
	size_t row[WORD_MAX +
		   1]; /* distances from the first i bytes of a to all of b */

	a = slice_sub(a, 0, WORD_MAX);
	b = slice_sub(b, 0, WORD_MAX);
	if (!a.p || !b.p) /* an empty slice may point nowhere */
		return a.n > b.n ? a.n : b.n;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t above = row[j];
			size_t replaced = corner + (a.p[i - 1] != b.p[j - 1]);

			row[j] = least(above + 1, row[j - 1] + 1, replaced);
			corner = above;
		}
	}
	return row[b.n];
}
