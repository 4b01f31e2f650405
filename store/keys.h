/* clang-format off */
/* Every key of the index, with its bytes; the values are in store/rows.h.
 *
 * One ordered key space. Keys are big endian, so that byte order is number order; values
 * are plain structs in the byte order of this machine (the index is disposable, and META
 * names the layout, so a store that moves to another kind of machine is indexed anew).
 * H(x) is the first 16 bytes of BLAKE3(x): a key holds at most 511 bytes, names do not
 * fit. An agent stands as a number, given in order of appearance in the log. T is a time
 * counted down, so that the newest comes first, and I an id likewise.
 *
 * What belongs to no subject:
 *
 *	M                              META: how far the log is applied, totals
 *	I id                           the seq of a record, packed (store/packed.h)
 *	E seq                          the events of EVENTS_PER_ROW seqs from there on, packed
 *	                               (store/events.h)
 *	N subject name                 subjects in name order: struct subject_row
 *	A agent key                    its number u32
 *	B number                       its key, 32 bytes
 *	C agent key name \0 T I        a setting about an agent (zeros: about nobody):
 *	                               struct setting_row
 *	V seq                          an appointment of a steward: nothing
 *	L seq                          a setting that can change an answer: nothing
 *	K id, agent number, seq        a cosignature under any record: struct cosigner_row
 *	W target id, seq               a record that waits for its target: nothing
 *	S agent number, seq            what it signed of SIGNED_PER_ROW seqs from there on,
 *	                               packed (store/signed.h)
 *	Z seq                          a sweep that is owed: struct sweep_row
 *	D log offset                   a stretch of the log that does not verify:
 *	                               struct damage_row, then what it is, as text
 *	R subject \0 predicate         a contested pair: u64, where it was first named
 *
 * Names of what is listed; name' is a name cut to 480 bytes, and 0 where it is whole, 1 where
 * it is not:
 *
 *	O name' 0/1 H(source)          sources in name order: struct listed_row
 *	H agent number                 how many assertions it signed: u64
 *	P agent number T I             its profiles, newest first: struct profile_row
 *	F name \0 agent key            who ever called itself that: struct listed_row
 *
 * Lists of assertions and epochs (store/graph.h), by (timestamp, id), many in a row; the key
 * of a list's first row is as it stands here, of the others (time, id) follow (store/list.h):
 *
 *	Q H(source)                    what cites it
 *	U id                           what rests on `id`
 *	G agent number                 assertions it signed, originals and cosigned
 *	X name \0                      epochs by name
 *	Y id                           epochs that supersede `id`
 *	J id                           assertions of the epoch `id`
 *
 * What belongs to a subject, so that one prefix scan is one subject:
 *
 *	\x80 H(subject) n predicate    predicates in name order: struct predicate_row
 *	\x80 H(subject) i predicate \0 subject' \0
 *	                               claims that point at it: a list likewise
 *
 * What belongs to a pair, of which there is a hash; those of a subject lie together, for
 * which the first bytes of its hash are enough:
 *
 *	\x81 H(subject)' H(names)      PAIR: a pair and its consensus, packed
 *	                               (store/pair_row.c)
 *	PAIR c time id                 a claim, packed (store/columns.c)
 *	PAIR c time id + number seq    a later cosignature: struct cosigner_row
 *	PAIR c time id - number seq    an agent withdraws or replaces it: withdrawal_row
 *	PAIR c time id v number T I seq
 *	                               a vote, an agent's newest first: struct vote_row
 *	PAIR e id time id'             the claim (time, id') names `id` as its parent, or
 *	                               is superseded by it: nothing
 *	PAIR h                         records that touched the pair, those before the last
 *	                               ones: packed, as also:
 *	PAIR h seq                     those from that seq on (store/history.h)
 *
 * Running sums, for pairs with many claims and votes only (store/sums.h):
 *
 *	PAIR t                         totals of the pair: struct sums_row
 *	PAIR a number                  an agent that speaks here: struct voice_row
 *	PAIR s number source T I       its claims by source: struct said_row
 *	PAIR u number cluster T I      what it says on a cluster: struct utterance_row
 *	PAIR w number T I cluster      its words, newest first: struct utterance_row
 *	PAIR k cluster                 sums of a cluster: struct cluster_row
 *	PAIR r rank cluster            clusters, strongest first: nothing
 *	PAIR l standing support        how many clusters have that support: u64
 *	PAIR n time id                 own word of a claim: struct own_row
 *	PAIR o cluster rank            claims of a cluster, leader first: nothing
 */
/* clang-format on */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include <assert.h>
#include <lmdb.h>

#include "core/bytes.h"
#include "core/tally.h"

enum {
	INDEX_LAYOUT =
		7, /* raised with every change here or in rows.h: the index is rebuilt */
	HASH_SIZE = 16,
	NEARBY_SIZE =
		4, /* of the hash of a subject: what keeps its pairs together */
	PAIR_KEY = 1 + NEARBY_SIZE + HASH_SIZE,
	KEY_MAX = 511,
};

enum key_tag {
	KEY_META = 'M',
	KEY_ID = 'I',
	KEY_EVENTS = 'E',
	KEY_NAME = 'N',
	KEY_AGENT = 'A',
	KEY_AGENT_NUMBER = 'B',
	KEY_SETTING = 'C',
	KEY_GOVERNED = 'V',
	KEY_SETTING_SEQ = 'L',
	KEY_COSIGNED = 'K',
	KEY_WAITING = 'W',
	KEY_SIGNED = 'S',
	KEY_SWEEP = 'Z',
	KEY_DAMAGE = 'D',
	KEY_CONTESTED = 'R',
	KEY_SOURCE = 'O',
	KEY_CITED = 'Q',
	KEY_USED = 'U',
	KEY_SPOKEN = 'G',
	KEY_SPOKEN_COUNT = 'H',
	KEY_PROFILE = 'P',
	KEY_CALLED = 'F',
	KEY_EPOCH = 'X',
	KEY_SUCCESSOR = 'Y',
	KEY_EPOCH_CLAIM = 'J',
	KEY_SUBJECT = 0x80,
	KEY_PAIR = 0x81,

	KEY_PREDICATE = 'n', /* below a subject */
	KEY_INBOUND = 'i',

	KEY_CLAIM = 'c', /* below a pair */
	KEY_LINK = 'e',
	KEY_HISTORY = 'h',
	KEY_SUMS = 't',
	KEY_VOICE = 'a',
	KEY_SAID = 's',
	KEY_UTTERANCE = 'u',
	KEY_WORD = 'w',
	KEY_CLUSTER = 'k',
	KEY_RANK = 'r',
	KEY_LEVEL = 'l',
	KEY_OWN = 'n',
	KEY_LEADER = 'o',

	KEY_COSIGNER = '+', /* below a claim */
	KEY_WITHDRAWAL = '-',
	KEY_VOTE = 'v',
};

struct row_key {
	uint8_t b[KEY_MAX];
	size_t n;
};

/* Which pair; also the prefix of all its rows. */
struct pair_key {
	uint8_t b[PAIR_KEY];
};

/* H of an object: its cluster within a pair. */
struct cluster_hash {
	uint8_t b[HASH_SIZE];
};

static inline MDB_val val_of(const void *p, size_t n)
{
	/* LMDB never writes through the keys and values that it is given */
	return (MDB_val){.mv_size = n, .mv_data = (void *)(uintptr_t)p};
}

static inline MDB_val row_key_val(const struct row_key *k)
{
	return val_of(k->b, k->n);
}

static inline void row_key_add(struct row_key *k, const void *p, size_t n)
{
	assert(n <= KEY_MAX - k->n);
	if (n)
		memcpy(k->b + k->n, p, n);
	k->n += n;
}

static inline void row_key_byte(struct row_key *k, uint8_t c)
{
	row_key_add(k, &c, 1);
}

static inline void row_key_be32(struct row_key *k, uint32_t v)
{
	uint8_t raw[4];

	put_be32(raw, v);
	row_key_add(k, raw, sizeof(raw));
}

static inline void row_key_be64(struct row_key *k, uint64_t v)
{
	uint8_t raw[8];

	put_be64(raw, v);
	row_key_add(k, raw, sizeof(raw));
}

/* An id counted down: the largest comes first. */
static inline void row_key_id_down(struct row_key *k, const struct id *id)
{
	for (int i = 0; i < ID_SIZE; i++)
		row_key_byte(k, (uint8_t)~id->b[i]);
}

/* The newest first, of those the larger id. */
static inline void row_key_moment_down(
	struct row_key *k, uint64_t timestamp, const struct id *id)
{
	row_key_be64(k, ~timestamp);
	row_key_id_down(k, id);
}

static inline struct row_key row_key_tag(uint8_t tag)
{
	struct row_key k = {.n = 0};

	row_key_byte(&k, tag);
	return k;
}

static inline struct row_key row_key_id(const struct id *id)
{
	struct row_key k = row_key_tag(KEY_ID);

	row_key_add(&k, id->b, ID_SIZE);
	return k;
}

/* base: the first of its seqs. */
static inline struct row_key row_key_events(uint64_t base)
{
	struct row_key k = row_key_tag(KEY_EVENTS);

	row_key_be64(&k, base);
	return k;
}

static inline struct row_key row_key_name(struct slice subject)
{
	struct row_key k = row_key_tag(KEY_NAME);

	row_key_add(&k, subject.p, subject.n);
	return k;
}

static inline struct row_key row_key_agent(const struct agent *a)
{
	struct row_key k = row_key_tag(KEY_AGENT);

	row_key_add(&k, a->b, ID_SIZE);
	return k;
}

static inline struct row_key row_key_agent_number(uint32_t number)
{
	struct row_key k = row_key_tag(KEY_AGENT_NUMBER);

	row_key_be32(&k, number);
	return k;
}

/* All settings about an agent (zeros: about nobody). */
static inline struct row_key row_key_settings(const struct agent *a)
{
	struct row_key k = row_key_tag(KEY_SETTING);

	row_key_add(&k, a->b, ID_SIZE);
	return k;
}

static inline struct row_key row_key_setting(const struct agent *a,
	struct slice name, uint64_t timestamp, const struct id *id)
{
	struct row_key k = row_key_settings(a);

	row_key_add(&k, name.p, name.n);
	row_key_byte(&k, 0);
	row_key_moment_down(&k, timestamp, id);
	return k;
}

static inline struct row_key row_key_governed(uint64_t seq)
{
	struct row_key k = row_key_tag(KEY_GOVERNED);

	row_key_be64(&k, seq);
	return k;
}

static inline struct row_key row_key_setting_seq(uint64_t seq)
{
	struct row_key k = row_key_tag(KEY_SETTING_SEQ);

	row_key_be64(&k, seq);
	return k;
}

/* All cosignatures under a record. */
static inline struct row_key row_key_cosigned(const struct id *id)
{
	struct row_key k = row_key_tag(KEY_COSIGNED);

	row_key_add(&k, id->b, ID_SIZE);
	return k;
}

static inline struct row_key row_key_waiting(const struct id *target, uint64_t seq)
{
	struct row_key k = row_key_tag(KEY_WAITING);

	row_key_add(&k, target->b, ID_SIZE);
	row_key_be64(&k, seq);
	return k;
}

/* base: the first seq of the row. */
static inline struct row_key row_key_signed(uint32_t agent, uint64_t base)
{
	struct row_key k = row_key_tag(KEY_SIGNED);

	row_key_be32(&k, agent);
	row_key_be64(&k, base);
	return k;
}

static inline void row_key_hash(struct row_key *k, struct slice s)
{
	struct id h = id_of(s);

	row_key_add(k, h.b, HASH_SIZE);
}

static inline struct row_key row_key_subject(struct slice subject)
{
	struct row_key k = row_key_tag(KEY_SUBJECT);

	row_key_hash(&k, subject);
	return k;
}

static inline struct row_key row_key_predicate(
	struct slice subject, struct slice predicate)
{
	struct row_key k = row_key_subject(subject);

	row_key_byte(&k, KEY_PREDICATE);
	row_key_add(&k, predicate.p, predicate.n);
	return k;
}

/* All below a name that others may begin with. */
static inline void row_key_whole(struct row_key *k, struct slice name)
{
	row_key_add(k, name.p, name.n);
	row_key_byte(k, 0);
}

/* All pairs of a subject, and perhaps of others. */
static inline struct row_key row_key_pairs(const uint8_t hash[HASH_SIZE])
{
	struct row_key k = row_key_tag(KEY_PAIR);

	row_key_add(&k, hash, NEARBY_SIZE);
	return k;
}

static inline struct pair_key pair_key(struct slice subject, struct slice predicate)
{
	struct id hash = id_of(subject);
	struct row_key k = row_key_pairs(hash.b);
	struct row_key names = {.n = 0};
	struct pair_key p;

	row_key_whole(&names, subject);
	row_key_add(&names, predicate.p, predicate.n);
	row_key_hash(&k, slice_of(names.b, names.n));
	memcpy(p.b, k.b, PAIR_KEY);
	return p;
}

static inline struct row_key row_key_pair(const struct pair_key *p)
{
	struct row_key k = {.n = 0};

	row_key_add(&k, p->b, PAIR_KEY);
	return k;
}

/* A row kind below a pair. */
static inline struct row_key row_key_below(const struct pair_key *p, uint8_t tag)
{
	struct row_key k = row_key_pair(p);

	row_key_byte(&k, tag);
	return k;
}

static inline struct row_key row_key_claim(
	const struct pair_key *p, uint64_t timestamp, const struct id *id)
{
	struct row_key k = row_key_below(p, KEY_CLAIM);

	row_key_be64(&k, timestamp);
	row_key_add(&k, id->b, ID_SIZE);
	return k;
}

enum {
	CLAIM_KEY = PAIR_KEY + 1 + 8 + ID_SIZE,
	CLAIM_SUB_KEY = CLAIM_KEY + 1 + 4 + 8, /* KEY_COSIGNER, KEY_WITHDRAWAL */
	CLAIM_VOTE_KEY = CLAIM_KEY + 1 + 4 + 8 + ID_SIZE + 8,
};

/* What one agent did to a claim, of one kind. */
static inline struct row_key row_key_claim_sub(const struct pair_key *p,
	uint64_t timestamp, const struct id *id, uint8_t tag, uint32_t agent)
{
	struct row_key k = row_key_claim(p, timestamp, id);

	row_key_byte(&k, tag);
	row_key_be32(&k, agent);
	return k;
}

/* The claims of a pair that hang on `id`. */
static inline struct row_key row_key_links(
	const struct pair_key *p, const struct id *id)
{
	struct row_key k = row_key_below(p, KEY_LINK);

	row_key_add(&k, id->b, ID_SIZE);
	return k;
}

static inline struct row_key row_key_history(const struct pair_key *p, uint64_t seq)
{
	struct row_key k = row_key_below(p, KEY_HISTORY);

	row_key_be64(&k, seq);
	return k;
}

/* ---- lists: rows under a prefix ---- */

/* Oldest first, of those the smaller id. */
static inline void row_key_moment(
	struct row_key *k, uint64_t timestamp, const struct id *id)
{
	row_key_be64(k, timestamp);
	row_key_add(k, id->b, ID_SIZE);
}

/* H of a name, where only whether it is the same matters. */
static inline struct cluster_hash name_hash(struct slice name)
{
	struct id h = id_of(name);
	struct cluster_hash out;

	memcpy(out.b, h.b, HASH_SIZE);
	return out;
}

/* Assertions that cite a source: hash is the BLAKE3 of its text. */
static inline struct row_key row_key_cited(const struct id *hash)
{
	struct row_key k = row_key_tag(KEY_CITED);

	row_key_add(&k, hash->b, HASH_SIZE);
	return k;
}

enum {
	SOURCE_KEY_NAME = 480, /* of a source's name: what its key has room for */
};

static inline struct row_key row_key_source(struct slice source)
{
	struct row_key k = row_key_tag(KEY_SOURCE);
	bool cut = source.n > SOURCE_KEY_NAME;

	row_key_add(&k, source.p, cut ? SOURCE_KEY_NAME : source.n);
	row_key_byte(&k, cut);
	row_key_hash(&k, source);
	return k;
}

/* What hangs on an id: KEY_USED, KEY_SUCCESSOR or KEY_EPOCH_CLAIM. */
static inline struct row_key row_key_hanging(uint8_t tag, const struct id *id)
{
	struct row_key k = row_key_tag(tag);

	row_key_add(&k, id->b, ID_SIZE);
	return k;
}

/* What an agent has: KEY_SPOKEN, KEY_SPOKEN_COUNT, KEY_PROFILE or KEY_SIGNED. */
static inline struct row_key row_key_having(uint8_t tag, uint32_t agent)
{
	struct row_key k = row_key_tag(tag);

	row_key_be32(&k, agent);
	return k;
}

/* What bears a name: KEY_CALLED, KEY_EPOCH or (of a subject) KEY_CONTESTED. */
static inline struct row_key row_key_bearing(uint8_t tag, struct slice name)
{
	struct row_key k = row_key_tag(tag);

	row_key_whole(&k, name);
	return k;
}

/* Claims that point at a subject. */
static inline struct row_key row_key_inbound(struct slice target)
{
	struct row_key k = row_key_subject(target);

	row_key_byte(&k, KEY_INBOUND);
	return k;
}

#endif
