/* A row as a person would call it: what it is, which one, and where in the log it comes
 * from. Of hashes in keys the names are looked up in the view of a pair. */
#include <errno.h>

#include "core/json.h"
#include "store/check.h"
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
	size_t place; /* where in the value a log offset stands, + 1; 0: none does */
};

#define PLACE(type, field) (offsetof(struct type, field) + 1)

static const struct row_kind kinds[] = {
	{KEY_META, FORM_BARE, "the row of totals", 0},
	{KEY_ID, FORM_ID, "the place of record", PLACE(id_row, at)},
	{KEY_EVENT, FORM_SEQ, "the event", PLACE(event_row, at)},
	{KEY_NAME, FORM_NAME, "the subject", PLACE(subject_row, first)},
	{KEY_AGENT, FORM_KEY, "the number of agent", 0},
	{KEY_AGENT_NUMBER, FORM_NUMBER, "the key of agent number", 0},
	{KEY_SETTING, FORM_KEY, "a setting about agent", 0},
	{KEY_GOVERNED, FORM_SEQ, "the appointment of a steward", 0},
	{KEY_SETTING_SEQ, FORM_SEQ, "the mark of a setting", 0},
	{KEY_COSIGNED, FORM_ID_SEQ, "a cosignature under", PLACE(cosigner_row, at)},
	{KEY_WAITING, FORM_ID_SEQ, "a record that waits for", 0},
	{KEY_SIGNED, FORM_SIGNED, "what was signed by agent number", 0},
	{KEY_DAMAGE, FORM_SEQ, "the mark of damage at log offset", 0},
	{KEY_SWEEP, FORM_SEQ, "a sweep that is owed", 0},
	{KEY_CONTESTED, FORM_BOTH, "the listing as contested", 1},
	{KEY_SOURCE, FORM_NAME, "the source", PLACE(listed_row, first)},
	{KEY_CITED, FORM_BARE, "what cites a source", PLACE(listed_row, first)},
	{KEY_USED, FORM_ID, "what rests on", PLACE(listed_row, first)},
	{KEY_SPOKEN, FORM_NUMBER, "the assertions of agent number", 0},
	{KEY_PROFILE, FORM_NUMBER, "a profile of agent number",
		PLACE(profile_row, at)},
	{KEY_CALLED, FORM_NAME, "an agent's name", PLACE(listed_row, first)},
	{KEY_EPOCH, FORM_NAME, "the epoch", PLACE(listed_row, first)},
	{KEY_SUCCESSOR, FORM_ID, "what supersedes epoch", PLACE(listed_row, first)},
	{KEY_EPOCH_CLAIM, FORM_ID, "an assertion of epoch",
		PLACE(listed_row, first)},
};

static const struct row_kind kinds_of_subject[] = {
	{KEY_PREDICATE, FORM_SUBJECT, "the predicate", PLACE(predicate_row, first)},
	{KEY_INBOUND, FORM_SUBJECT, "a reference by", PLACE(listed_row, first)},
};

static const struct row_kind kinds_of_pair[] = {
	{0, FORM_PAIR, "the pair", PLACE(pair_row, first)},
	{KEY_CLAIM, FORM_CLAIM, "the claim", PLACE(claim_row, at)},
	{KEY_LINK, FORM_PAIR, "what follows a claim on", 0},
	{KEY_HISTORY, FORM_PAIR, "the history of", 0},
	{KEY_SUMS, FORM_PAIR, "the totals of", 0},
	{KEY_VOICE, FORM_PAIR, "the sums (an agent's weight) of", 0},
	{KEY_SAID, FORM_PAIR, "the sums (claims by source) of", 0},
	{KEY_UTTERANCE, FORM_PAIR, "the sums (utterances) of", 0},
	{KEY_WORD, FORM_PAIR, "the sums (words) of", 0},
	{KEY_CLUSTER, FORM_PAIR, "the sums (of an object) of", 0},
	{KEY_RANK, FORM_PAIR, "the sums (ranks) of", 0},
	{KEY_LEVEL, FORM_PAIR, "the sums (levels) of", 0},
	{KEY_OWN, FORM_PAIR, "the sums (of a claim) of", 0},
	{KEY_LEADER, FORM_PAIR, "the sums (leaders) of", 0},
};

static const struct row_kind kinds_of_claim[] = {
	{KEY_COSIGNER, FORM_CLAIM, "a cosignature under the claim",
		PLACE(cosigner_row, at)},
	{KEY_WITHDRAWAL, FORM_CLAIM, "a withdrawal of the claim", 0},
	{KEY_VOTE, FORM_CLAIM, "a vote on the claim", 0},
};

static const struct row_kind unknown = {0, FORM_BARE, "a row of no known kind", 0};

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
	if (key.p[0] != KEY_SUBJECT)
		return find_kind(kinds, COUNT(kinds), key.p[0]);
	if (key.n < 1 + HASH_SIZE + 1)
		return &unknown;
	if (key.p[1 + HASH_SIZE] != KEY_PAIR)
		return find_kind(kinds_of_subject, COUNT(kinds_of_subject),
			key.p[1 + HASH_SIZE]);
	if (key.n < PAIR_KEY)
		return &unknown;
	if (key.n > CLAIM_KEY && key.p[PAIR_KEY] == KEY_CLAIM)
		return find_kind(
			kinds_of_claim, COUNT(kinds_of_claim), key.p[CLAIM_KEY]);
	return find_kind(kinds_of_pair, COUNT(kinds_of_pair),
		key.n == PAIR_KEY ? 0 : key.p[PAIR_KEY]);
}

/* ---- names ---- */

static int take_names(struct slice text, struct buf *subject, struct buf *predicate)
{
	JSON_AUTO(doc);
	const cJSON *s, *p;
	int rc = json_parse(text, &doc, NULL);

	if (rc < 0)
		return rc == -ENOMEM ? rc : -EBADMSG;
	s = cJSON_GetObjectItemCaseSensitive(doc.root, "subject");
	p = cJSON_GetObjectItemCaseSensitive(doc.root, "predicate");
	if (!cJSON_IsString(s) || !cJSON_IsString(p))
		return -EBADMSG;
	buf_str(subject, s->valuestring);
	buf_str(predicate, p->valuestring);
	return subject->failed || predicate->failed ? -ENOMEM : 0;
}

int check_pair_names(MDB_txn *txn, const struct pair_key *p, struct buf *subject,
	struct buf *predicate)
{
	struct pair_row row = {0};
	struct slice view = {0};
	BUF_AUTO(closed);
	int rc = pair_row_read(txn, p, &row, &view);

	if (rc < 0)
		return rc;
	rc = take_names(view, subject, predicate);
	if (rc != -EBADMSG)
		return rc;
	/* of a large set the names alone are kept: as the line begins */
	buf_slice(&closed, view);
	buf_byte(&closed, '}');
	return closed.failed ? -ENOMEM
			     : take_names(slice_of(closed.p, closed.n), subject,
				       predicate);
}

/* The first pair of a subject tells its name. */
static void name_subject(MDB_txn *txn, struct slice key, struct row_words *out)
{
	struct row_key prefix = {.n = 0};
	struct pair_key p;
	BUF_AUTO(predicate);
	WALK_AUTO(w);

	row_key_add(&prefix, key.p, 1 + HASH_SIZE);
	row_key_byte(&prefix, KEY_PAIR);
	if (walk_start(&w, txn, &prefix) < 0 || w.key.mv_size < PAIR_KEY)
		return;
	memcpy(p.b, w.key.mv_data, PAIR_KEY);
	(void)check_pair_names(txn, &p, &out->subject, &predicate);
}

static void name_pair(MDB_txn *txn, struct slice key, struct row_words *out)
{
	struct pair_key p;

	memcpy(p.b, key.p, PAIR_KEY);
	if (check_pair_names(txn, &p, &out->subject, &out->predicate) < 0)
		name_subject(txn, key, out);
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

static void say_subject(MDB_txn *txn, struct slice key, struct row_words *out)
{
	struct slice rest = slice_sub(key, 1 + HASH_SIZE + 1, SIZE_MAX);

	name_subject(txn, key, out);
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

static void say_claim(MDB_txn *txn, struct slice key, struct row_words *out)
{
	if (key.n >= CLAIM_KEY) {
		take_id(key.p + CLAIM_KEY - ID_SIZE, out);
		buf_str(&out->about, " on ");
	}
	name_pair(txn, key, out);
	if (key.n > CLAIM_KEY)
		say_seq(key, out);
}

static void say_number(struct slice rest, struct row_words *out)
{
	if (rest.n >= sizeof(uint32_t))
		buf_printf(&out->about, "%u", be32_at(rest.p));
}

static void say_key(
	MDB_txn *txn, enum key_form form, struct slice key, struct row_words *out)
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
		say_subject(txn, key, out);
		break;
	case FORM_PAIR:
		name_pair(txn, key, out);
		break;
	case FORM_CLAIM:
		say_claim(txn, key, out);
		break;
	}
}

void row_words(MDB_txn *txn, const MDB_val *key, const MDB_val *value,
	struct row_words *out)
{
	struct slice k = slice_of(key->mv_data, key->mv_size);
	const struct row_kind *kind = kind_of(k);
	uint64_t offset;

	out->kind = kind->words;
	say_key(txn, kind->form, k, out);
	if (kind->place && value->mv_size >= kind->place - 1 + sizeof(offset)) {
		memcpy(&offset, (const uint8_t *)value->mv_data + kind->place - 1,
			sizeof(offset));
		out->offset = offset;
	}
}

void row_words_free(struct row_words *w)
{
	buf_free(&w->about);
	buf_free(&w->subject);
	buf_free(&w->predicate);
}
