/* A row as a person would call it: what it is, which one, and where in the log it comes
 * from. */
#include <errno.h>

#include "store/check.h"
#include "store/gather.h"
#include "store/list.h"
#include "store/pair.h"

/* How the bytes behind the tag of a key are to be read. */
enum key_form {
	FORM_BARE,    /* there are none worth telling */
	FORM_ID,      /* an id comes first */
	FORM_SEQ,     /* a seq is all there is */
	FORM_ID_SEQ,  /* an id, then a seq at the end */
	FORM_NUMBER,  /* the number of an agent comes first */
	FORM_SIGNED,  /* that, and a seq */
	FORM_KEY,     /* the key of an agent comes first */
	FORM_NAME,    /* a name up to a zero byte or the end */
	FORM_BOTH,    /* a subject, a zero byte, a predicate */
	FORM_SUBJECT, /* below a subject, of which there is a hash */
	FORM_PAIR,    /* below a pair likewise */
	FORM_CLAIM,   /* below a pair: a time and the id of a claim */
};

struct row_kind {
	uint8_t tag;
	enum key_form form;
	const char *words;
	/* The log offset that the row tells, with its key; 0: none. NULL: none does. */
	uint64_t (*place)(MDB_txn *txn, struct slice key, struct slice value);
};

/* ---- places ---- */

/* Listings begin with it. */
static uint64_t place_first(MDB_txn *txn, struct slice key, struct slice value)
{
	(void)txn;
	(void)key;
	return value.n >= 8 ? u64_at(value.p) : 0;
}

static_assert(offsetof(struct subject_row, first) == 0 &&
		      offsetof(struct predicate_row, first) == 0 &&
		      offsetof(struct listed_row, first) == 0,
	"place_first reads it there");

static uint64_t place_packed(MDB_txn *txn, struct slice key, struct slice value)
{
	return locator_unpack(place_first(txn, key, value)).offset;
}

static_assert(offsetof(struct cosigner_row, at) == 0 &&
		      offsetof(struct profile_row, at) == 0,
	"place_packed reads it there");

/* That of the last record that changed it. */
static uint64_t place_of_pair(MDB_txn *txn, struct slice key, struct slice value)
{
	struct event_row e = {0};
	struct pair_row row;

	(void)key;
	return pair_row_unpack(value, &row) == 0 &&
			       events_find(txn, NULL, row.generation, &e) == 0
		       ? e.at.offset
		       : 0;
}

static uint64_t place_of_claim(MDB_txn *txn, struct slice key, struct slice value)
{
	struct claim_columns c;

	(void)txn;
	(void)key;
	return claim_columns_read(value, &c) == 0 ? c.row.at.offset : 0;
}

static uint64_t place_of_events(MDB_txn *txn, struct slice key, struct slice value)
{
	struct events e = events_of(key.n == 1 + 8 ? be64_at(key.p + 1) : 0, value);

	(void)txn;
	return events_next(&e) == 0 ? e.event.at.offset : 0;
}

static uint64_t place_of_id(MDB_txn *txn, struct slice key, struct slice value)
{
	struct event_row e = {0};
	MDB_val v = val_of(value.p, value.n);
	uint64_t seq;

	(void)key;
	return id_row_read(&v, &seq) == 0 && events_find(txn, NULL, seq, &e) == 0
		       ? e.at.offset
		       : 0;
}

static uint64_t place_in_list(MDB_txn *txn, struct slice key, struct slice value)
{
	MDB_val v = val_of(value.p, value.n);
	struct listed l;

	(void)txn;
	(void)key;
	return list_row_first(&v, &l) == 0 ? l.row.first : 0;
}

/* ---- kinds ---- */

static const struct row_kind kinds[] = {
	{KEY_META, FORM_BARE, "the row of totals", NULL},
	{KEY_ID, FORM_ID, "the place of record", place_of_id},
	{KEY_EVENTS, FORM_SEQ, "the row of events from", place_of_events},
	{KEY_NAME, FORM_NAME, "the subject", place_first},
	{KEY_AGENT, FORM_KEY, "the number of agent", NULL},
	{KEY_AGENT_NUMBER, FORM_NUMBER, "the key of agent number", NULL},
	{KEY_SETTING, FORM_KEY, "a setting about agent", NULL},
	{KEY_GOVERNED, FORM_SEQ, "the appointment of a steward", NULL},
	{KEY_SETTING_SEQ, FORM_SEQ, "the mark of a setting", NULL},
	{KEY_COSIGNED, FORM_ID_SEQ, "a cosignature under", place_packed},
	{KEY_WAITING, FORM_ID_SEQ, "a record that waits for", NULL},
	{KEY_SIGNED, FORM_SIGNED, "what was signed by agent number", NULL},
	{KEY_DAMAGE, FORM_SEQ, "the mark of damage at log offset", NULL},
	{KEY_SWEEP, FORM_SEQ, "a sweep that is owed", NULL},
	{KEY_CONTESTED, FORM_BOTH, "the listing as contested", place_first},
	{KEY_SOURCE, FORM_NAME, "the source", place_first},
	{KEY_CITED, FORM_BARE, "what cites a source", place_in_list},
	{KEY_USED, FORM_ID, "what rests on", place_in_list},
	{KEY_SPOKEN, FORM_NUMBER, "the assertions of agent number", NULL},
	{KEY_SPOKEN_COUNT, FORM_NUMBER, "how much was asserted by agent number",
		NULL},
	{KEY_PROFILE, FORM_NUMBER, "a profile of agent number", place_packed},
	{KEY_CALLED, FORM_NAME, "an agent's name", place_first},
	{KEY_EPOCH, FORM_NAME, "the epoch", place_in_list},
	{KEY_SUCCESSOR, FORM_ID, "what supersedes epoch", place_in_list},
	{KEY_EPOCH_CLAIM, FORM_ID, "an assertion of epoch", place_in_list},
};

static const struct row_kind kinds_of_subject[] = {
	{KEY_PREDICATE, FORM_SUBJECT, "the predicate", place_first},
	{KEY_INBOUND, FORM_SUBJECT, "a reference by", place_in_list},
};

static const struct row_kind kinds_of_pair[] = {
	{0, FORM_PAIR, "the pair", place_of_pair},
	{KEY_CLAIM, FORM_CLAIM, "the claim", place_of_claim},
	{KEY_LINK, FORM_PAIR, "what follows a claim on", NULL},
	{KEY_HISTORY, FORM_PAIR, "the history of", NULL},
	{KEY_SUMS, FORM_PAIR, "the totals of", NULL},
	{KEY_VOICE, FORM_PAIR, "the sums (an agent's weight) of", NULL},
	{KEY_SAID, FORM_PAIR, "the sums (claims by source) of", NULL},
	{KEY_UTTERANCE, FORM_PAIR, "the sums (utterances) of", NULL},
	{KEY_WORD, FORM_PAIR, "the sums (words) of", NULL},
	{KEY_CLUSTER, FORM_PAIR, "the sums (of an object) of", NULL},
	{KEY_RANK, FORM_PAIR, "the sums (ranks) of", NULL},
	{KEY_LEVEL, FORM_PAIR, "the sums (levels) of", NULL},
	{KEY_OWN, FORM_PAIR, "the sums (of a claim) of", NULL},
	{KEY_LEADER, FORM_PAIR, "the sums (leaders) of", NULL},
};

static const struct row_kind kinds_of_claim[] = {
	{KEY_COSIGNER, FORM_CLAIM, "a cosignature under the claim", place_packed},
	{KEY_WITHDRAWAL, FORM_CLAIM, "a withdrawal of the claim", NULL},
	{KEY_VOTE, FORM_CLAIM, "a vote on the claim", NULL},
};

static const struct row_kind unknown = {
	0, FORM_BARE, "a row of no known kind", NULL};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct row_kind *find_kind(
	const struct row_kind *list, size_t n, uint8_t tag)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].tag == tag)
			return &list[i];
	return &unknown;
}

static const struct row_kind *kind_of(struct slice key)
{
	if (key.n == 0)
		return &unknown;
	if (key.p[0] == KEY_SUBJECT)
		return key.n < 1 + HASH_SIZE + 1 ? &unknown
						 : find_kind(kinds_of_subject,
							   COUNT(kinds_of_subject),
							   key.p[1 + HASH_SIZE]);
	if (key.p[0] != KEY_PAIR)
		return find_kind(kinds, COUNT(kinds), key.p[0]);
	if (key.n < PAIR_KEY)
		return &unknown;
	if (key.n > CLAIM_KEY && key.p[PAIR_KEY] == KEY_CLAIM)
		return find_kind(
			kinds_of_claim, COUNT(kinds_of_claim), key.p[CLAIM_KEY]);
	return find_kind(kinds_of_pair, COUNT(kinds_of_pair),
		key.n == PAIR_KEY ? 0 : key.p[PAIR_KEY]);
}

/* ---- names ---- */

/* One of its pairs tells the name of a subject; beside them may be those of others. */
static void name_subject(struct checking *c, MDB_txn *txn, const uint8_t *hash,
	struct row_words *out)
{
	struct row_key prefix = row_key_pairs(hash);
	WALK_AUTO(w);
	int rc = walk_start(&w, txn, &prefix);

	for (int i = 0; rc == 0 && i < NEIGHBOURS_MAX; rc = walk_next(&w), i++) {
		struct pair_key p;
		struct cluster_hash of;
		BUF_AUTO(predicate);

		if (w.key.mv_size != PAIR_KEY)
			continue;
		memcpy(p.b, w.key.mv_data, PAIR_KEY);
		buf_reset(&out->subject);
		if (check_pair_names(c, txn, &p, &out->subject, &predicate) < 0)
			continue;
		of = name_hash(slice_of(out->subject.p, out->subject.n));
		if (memcmp(of.b, hash, HASH_SIZE) == 0)
			return;
	}
	buf_reset(&out->subject);
}

static void name_pair(
	struct checking *c, MDB_txn *txn, struct slice key, struct row_words *out)
{
	struct pair_key p;

	memcpy(p.b, key.p, PAIR_KEY);
	(void)check_pair_names(c, txn, &p, &out->subject, &out->predicate);
	buf_slice(&out->about, out->subject.n
				       ? slice_of(out->subject.p, out->subject.n)
				       : slice_str("?"));
	buf_byte(&out->about, '/');
	buf_slice(&out->about,
		out->predicate.n ? slice_of(out->predicate.p, out->predicate.n)
				 : slice_str("?"));
}

/* ---- keys ---- */

void check_hex(const uint8_t b[ID_SIZE], struct buf *out)
{
	char hex[ID_HEX + 1];

	hex_print(b, ID_SIZE, hex);
	buf_str(out, hex);
}

static void take_id(const uint8_t *p, struct row_words *out)
{
	memcpy(out->id.b, p, ID_SIZE);
	out->has_id = true;
	check_hex(p, &out->about);
}

static struct slice up_to_zero(struct slice s)
{
	const uint8_t *end = s.n ? memchr(s.p, 0, s.n) : NULL;

	return end ? slice_of(s.p, (size_t)(end - s.p)) : s;
}

static void say_seq(struct slice key, struct row_words *out)
{
	if (key.n >= 8)
		buf_printf(&out->about, "%s%llu", out->about.n ? " by record " : "",
			(unsigned long long)be64_at(key.p + key.n - 8));
}

static void say_both(struct slice rest, struct row_words *out)
{
	struct slice subject = up_to_zero(rest);
	struct slice predicate = slice_sub(rest, subject.n + 1, SIZE_MAX);

	buf_slice(&out->subject, subject);
	buf_slice(&out->predicate, predicate);
	buf_slice(&out->about, subject);
	buf_byte(&out->about, '/');
	buf_slice(&out->about, predicate);
}

static void say_subject(
	struct checking *c, MDB_txn *txn, struct slice key, struct row_words *out)
{
	struct slice rest = slice_sub(key, 1 + HASH_SIZE + 1, SIZE_MAX);

	name_subject(c, txn, key.p + 1, out);
	if (key.p[1 + HASH_SIZE] == KEY_INBOUND) {
		buf_slice(&out->about, up_to_zero(rest));
		buf_str(&out->about, " to ");
	} else {
		buf_slice(&out->predicate, rest);
		buf_slice(&out->about, rest);
		buf_str(&out->about, " of ");
	}
	buf_add(&out->about, out->subject.p, out->subject.n);
}

static void say_claim(
	struct checking *c, MDB_txn *txn, struct slice key, struct row_words *out)
{
	if (key.n >= CLAIM_KEY) {
		take_id(key.p + CLAIM_KEY - ID_SIZE, out);
		buf_str(&out->about, " on ");
	}
	name_pair(c, txn, key, out);
	if (key.n > CLAIM_KEY)
		say_seq(key, out);
}

static void say_number(struct slice rest, struct row_words *out)
{
	if (rest.n >= sizeof(uint32_t))
		buf_printf(&out->about, "%u", be32_at(rest.p));
}

static void say_key(struct checking *c, MDB_txn *txn, enum key_form form,
	struct slice key, struct row_words *out)
{
	struct slice rest = slice_sub(key, 1, SIZE_MAX);
	bool whole = rest.n >= ID_SIZE;

	switch (form) {
	case FORM_BARE:
		break;
	case FORM_ID:
	case FORM_ID_SEQ:
		if (whole)
			take_id(rest.p, out);
		if (form == FORM_ID_SEQ)
			say_seq(key, out);
		break;
	case FORM_SEQ:
		say_seq(key, out);
		break;
	case FORM_NUMBER:
	case FORM_SIGNED:
		say_number(rest, out);
		if (form == FORM_SIGNED)
			say_seq(key, out);
		break;
	case FORM_KEY:
		if (whole)
			check_hex(rest.p, &out->about);
		break;
	case FORM_NAME:
		buf_slice(&out->about, up_to_zero(rest));
		break;
	case FORM_BOTH:
		say_both(rest, out);
		break;
	case FORM_SUBJECT:
		say_subject(c, txn, key, out);
		break;
	case FORM_PAIR:
		name_pair(c, txn, key, out);
		break;
	case FORM_CLAIM:
		say_claim(c, txn, key, out);
		break;
	}
}

void row_words(struct checking *c, MDB_txn *txn, const MDB_val *key,
	const MDB_val *value, struct row_words *out)
{
	struct slice k = slice_of(key->mv_data, key->mv_size);
	const struct row_kind *kind = kind_of(k);

	out->kind = kind->words;
	say_key(c, txn, kind->form, k, out);
	if (kind->place)
		out->offset = kind->place(
			txn, k, slice_of(value->mv_data, value->mv_size));
}

void row_words_free(struct row_words *w)
{
	buf_free(&w->about);
	buf_free(&w->subject);
	buf_free(&w->predicate);
}
