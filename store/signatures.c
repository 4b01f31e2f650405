/* Who signed a record: the entries of its own frame, and of every cosignature. */
#include <errno.h>
#include <stdlib.h>

#include "core/sign.h"
#include "store/source.h"

static int by_agent_and_age(const void *a, const void *b)
{
	const struct signature *x = a, *y = b;
	int order = agent_compare(&x->agent, &y->agent);

	return order ? order : signature_compare(x, y);
}

/* Add the entries of a frame; agent NULL: all, else that agent's. */
static int add_entries(const struct source *s, const struct locator *at,
	const struct agent *agent, struct buf *out)
{
	BUF_AUTO(scratch);
	struct frame f = {0};
	int rc = source_frame(s, at, &scratch, &f);

	for (uint16_t i = 0; rc == 0 && i < f.signature_count; i++) {
		struct signature e = frame_signature(&f, i);

		if (!agent || agent_compare(agent, &e.agent) == 0)
			buf_add(out, &e, sizeof(e));
	}
	return rc;
}

/* Those under an id; of one agent where it is given. */
static int add_cosignatures(const struct source *s, const struct id *id,
	const uint32_t *number, struct buf *out)
{
	struct row_key prefix = row_key_cosigned(id);
	size_t n = prefix.n;
	WALK_AUTO(w);
	int rc;

	if (number)
		row_key_be32(&prefix, *number);
	rc = walk_start(&w, s->txn, &prefix);
	for (; rc == 0; rc = walk_next(&w)) {
		const uint8_t *key = w.key.mv_data;
		struct cosigner_row row;
		struct locator at;
		struct agent agent;

		if (w.key.mv_size != n + 12 || w.value.mv_size != sizeof(row))
			return -EBADMSG;
		memcpy(&row, w.value.mv_data, sizeof(row));
		at = locator_unpack(row.at);
		if (!context_sees(&s->context, be64_at(key + n + 4), 0))
			continue;
		rc = agent_by_number(s->txn, be32_at(key + n), &agent);
		if (rc == 0)
			rc = add_entries(s, &at, &agent, out);
		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* Of each agent the smallest, sorted, in the arena. */
static int settle_entries(const struct buf *all, struct arena *a,
	struct signature **out, uint32_t *count)
{
	struct signature *list = arena_alloc(a, all->n + 1);
	uint32_t n, kept = 0;

	if (all->failed || !list)
		return -ENOMEM;
	if (all->n)
		memcpy(list, all->p, all->n);
	n = (uint32_t)(all->n / sizeof(*list));
	if (n)
		qsort(list, n, sizeof(*list), by_agent_and_age);
	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 ||
			agent_compare(&list[i].agent, &list[kept - 1].agent) != 0)
			list[kept++] = list[i];
	*out = list;
	*count = kept;
	return 0;
}

int source_signatures(const struct source *s, const struct id *id, struct arena *a,
	struct signature **out, uint32_t *count)
{
	struct id_row row = {0};
	BUF_AUTO(all);
	int rc = source_id(s, id, &row);

	if (rc == 0 && !context_sees(&s->context, row.seq, row.timestamp))
		rc = -ENOENT;
	if (rc == 0)
		rc = add_entries(s, &row.at, NULL, &all);
	if (rc == 0)
		rc = add_cosignatures(s, id, NULL, &all);
	return rc < 0 ? rc : settle_entries(&all, a, out, count);
}

int source_has_signed(const struct source *s, const struct id *id,
	const struct agent *agent, bool *out)
{
	ARENA_AUTO(a);
	struct signature *list = NULL;
	uint32_t n = 0;
	int rc = source_signatures(s, id, &a, &list, &n);

	*out = false;
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		*out = *out || agent_compare(&list[i].agent, agent) == 0;
	return rc;
}

int source_signature_of(const struct source *s, const struct id *id,
	const struct agent *agent, struct signature *out)
{
	const struct signature *list;
	struct id_row row = {0};
	uint32_t number;
	BUF_AUTO(all);
	size_t n, best = 0;
	int rc = source_id(s, id, &row);

	if (rc == 0)
		rc = add_entries(s, &row.at, agent, &all);
	if (rc == 0 || rc == -ENOENT)
		rc = agent_number(s->txn, agent, &number);
	if (rc == 0)
		rc = add_cosignatures(s, id, &number, &all);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (all.failed)
		return -ENOMEM;
	list = (const void *)all.p;
	n = all.n / sizeof(*list);
	for (size_t i = 1; i < n; i++)
		if (signature_compare(&list[i], &list[best]) < 0)
			best = i;
	if (n)
		*out = list[best];
	return n ? 0 : -ENOENT;
}
