/* Canonical bytes: the one encoding of a record that is hashed, signed, logged.
 *
 * Little endian, every field on a multiple of 8, so that a record can be read in place.
 * One record has exactly one encoding; the decoder refuses everything else.
 *
 *	 0  "STM1"           magic
 *	 4  kind u8
 *	 5  version u8       1
 *	 6  has u16          presence bits
 *	 8  body length u32  all that follows the header
 *	12  zero u32
 *	16  fixed fields of the kind, then those that a bit announces, in bit order
 *	 .  variable fields: length u32, zero u32, bytes, zeros to a multiple of 8
 *
 *	assertion     timestamp u64, confidence u32, object kind u8, lifecycle u8,
 *	              source class u8, zero u8; [source_hash 32] [parent 32] [epoch 32]
 *	              [visual_hash u64]; subject, predicate, object, [source] [vector]
 *	              [because] [note]. Confidence and class are 0 when absent.
 *	cosignature   target 32
 *	vote          timestamp u64, target 32, weight u32, against u8, zero 3
 *	epoch         timestamp u64, supersession u8, zero 7; [target 32]; name
 *	supersession  timestamp u64, target 32; [by 32]; reason
 *	profile       timestamp u64; name
 *	setting       timestamp u64; [agent 32]; name, [value]
 *
 * docs/format.md has vectors that the tests read. */
#ifndef CORE_CANON_H
#define CORE_CANON_H

#include "core/buf.h"
#include "core/record.h"

/* Append the canonical bytes of a record that passes record_check(). */
void canon_encode(const struct record *r, struct buf *out);

/* At least as many bytes as canon_encode() appends. */
size_t canon_bound(const struct record *r);

/**
 * Read a record from exactly its canonical bytes.
 *
 * out's slices borrow from in. Returns 0, or -EBADMSG with err naming the field and
 * the offset at which reading stopped. What is accepted encodes to the same bytes.
 */
int canon_decode(struct slice in, struct record *out, struct error *err);

#endif
