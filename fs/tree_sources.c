/* sources/<source>/: all that cites a source, whatever became of it.
 *
 * A source is any text of up to 2 KiB, so some are no file name even when encoded: these
 * are called `_` and the BLAKE3 of the text. No encoded name starts with `_`. */
#include <errno.h>
#include <sys/stat.h>

#include "core/name.h"
#include "fs/claims.h"
#include "fs/listing.h"

static void print_hash_name(struct slice source, struct buf *out)
{
	struct id hash = id_of(source);
	char hex[ID_HEX + 1];

	hex_print(hash.b, ID_SIZE, hex);
	buf_printf(out, "_%s", hex);
}

static bool needs_hash(struct slice source)
{
	return name_encoded_length(source) > PLACE_NAME_MAX;
}

/* `_<64 hex>`: the text of that hash, if it has no other name. */
static int find_hash(struct snap *s, struct slice name, struct buf *source)
{
	BUF_AUTO(canonical);
	struct id hash;
	int rc;

	if (hex_parse(slice_sub(name, 1, name.n), hash.b, ID_SIZE) < 0)
		return -ENOENT;
	rc = source_find_hash(s, &hash, source);
	if (rc < 0)
		return rc;
	if (!needs_hash(slice_of(source->p, source->n)))
		return -ENOENT;
	print_hash_name(slice_of(source->p, source->n), &canonical);
	if (canonical.failed)
		return -ENOMEM;
	return slice_equal(name, slice_of(canonical.p, canonical.n)) ? 0 : -ENOENT;
}

int source_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	int rc = request_snap(rq);

	(void)dir;
	if (rc == 0)
		rc = name.n > 0 && name.p[0] == '_'
			     ? find_hash(rq->snap, name, scratch)
			     : name_decode(name, scratch);
	if (rc < 0)
		return rc;
	if (buf_view(scratch, &place->name) < 0)
		return -ENOMEM;
	return source_find(rq->snap, place->name);
}

static int add_source(void *ctx, struct slice source, uint64_t cookie)
{
	struct name_adder *n = ctx;
	BUF_AUTO(name);

	if (!needs_hash(source))
		return name_adder_visit(ctx, source, cookie);
	print_hash_name(source, &name);
	n->rc = name.failed ? -ENOMEM : 0;
	n->full = !name.failed && listing_add(n->to, slice_of(name.p, name.n),
					  n->type, cookie) != 0;
	return n->rc < 0 || n->full;
}

int source_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	struct name_adder n = {.to = to, .type = S_IFDIR};
	int rc = request_snap(rq);

	(void)dir;
	if (rc == 0)
		rc = source_list(rq->snap, after, add_source, &n);
	return name_adder_end(&n, rc);
}

static int print_lines(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	struct claim_ref behind = claim_at(at);
	struct claims_printer c = {rq->snap, at, until, out->n + enough, out, 0};

	return claims_printer_end(&c, source_claims(rq->snap, p->name, &behind,
					      claims_printer_visit, &c));
}

static int lists(
	struct request *rq, const struct place *p, const struct claim_ref *claim)
{
	return source_has(rq->snap, p->name, claim);
}

static int changed(struct request *rq, const struct place *p, uint64_t seq,
	void (*note)(void *ctx, const struct mark *m), void *ctx)
{
	return claims_changed(rq, p, seq, lists, note, ctx);
}

const struct lines source_lines = {.print = print_lines, .changed = changed};
