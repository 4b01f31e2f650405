/* Markdown that reads as well raw, in `cat`, as rendered: tables with aligned columns, and
 * the text of others inside, where it can do no harm to either reader. */
#ifndef CORE_MARKDOWN_H
#define CORE_MARKDOWN_H

#include "core/buf.h"

/**
 * Append well-formed text of others, on one line.
 *
 * What Markdown (CommonMark with tables and strikethrough) would read as its own gets a
 * backslash; blanks of any kind are spaces; what drives a terminal or hides is U+FFFD.
 * Longer than `columns`, it is cut and ends in an ellipsis; 0: never cut. It must not
 * stand at the start of a line: what is special only there is left as it is.
 */
void markdown_text(struct slice s, size_t columns, struct buf *out);

enum {
	MARKDOWN_COLUMNS_MAX = 8,
};

struct markdown_column {
	const char *title; /* plain ASCII */
	bool right;	   /* numbers */
};

/* A table, row by row: append a cell to `text`, then say that it ends. A zeroed table
 * with columns is empty. */
struct markdown_table {
	const struct markdown_column *columns;
	size_t count; /* of columns */
	struct buf text;
	struct buf ends; /* of each cell: size_t, its end in text */
};

void markdown_table_free(struct markdown_table *t);
#define MARKDOWN_TABLE_AUTO(name, of)                                              \
	__attribute__((                                                            \
		cleanup(markdown_table_free))) struct markdown_table name = {      \
		.columns = (of), .count = sizeof(of) / sizeof((of)[0])}

void markdown_cell_end(struct markdown_table *t);

/* Append the table, all columns padded to the widest of their cells. Rows are complete. A
 * table that ran out of memory leaves out failed. */
void markdown_table_print(const struct markdown_table *t, struct buf *out);

#endif
