/* The wallet: one key per uid, made when a uid first writes and may have one.
 *
 *	STORE/wallet/            0700, or no key is taken from it
 *	    store.key            signs settings: the store's own
 *	    <uid>.key            0600, likewise
 *	    <uid>.agent          the public half in hex: who this uid is
 *
 * A uid is the agent that its key makes it, so a key that was lost must not be replaced
 * without a word: as long as <uid>.agent is there, no other key is made or used for this
 * uid. Whoever wants to go on as another agent removes it.
 *
 * Keys are loaded when first needed, after the fork, and never leave this process.
 * Whatever is wrong with one is -EACCES to the writer, with the way out as a hint;
 * -ENOSPC, -EROFS, -ENOMEM and -EIO say why a key cannot be made or read. Thread-safe. */
#ifndef STORE_WALLET_H
#define STORE_WALLET_H

#include "store/store.h"

struct wallet;

/* store is the path of the store, its key the public half of store.key. */
int wallet_open(const char *store, const struct agent *store_key,
	struct wallet **out, struct error *err);
void wallet_free(struct wallet *w);

/* The key of a uid, borrowed for the wallet's life. -ENOENT: it has none, and never had
 * one. */
int wallet_find(
	struct wallet *w, uint32_t uid, const struct key **out, struct error *err);

/* Who that is, from STORE/wallet/<uid>.agent: no private key is read. -ENOENT. */
int wallet_agent(struct wallet *w, uint32_t uid, struct agent *out);

/* The key of a uid that wallet_admit() was called for, else NULL. Takes no lock. */
const struct key *wallet_admitted(const struct wallet *w, uint32_t uid);

/* The log says that the key of this uid, which was found, is admitted: it stays so. */
void wallet_admit(struct wallet *w, uint32_t uid);

/* Make the key of a uid that has none: the file is durable when this returns. Only where
 * the store's own key is there to admit it. */
int wallet_make(
	struct wallet *w, uint32_t uid, const struct key **out, struct error *err);

/* The key that signs settings. */
int wallet_store_key(struct wallet *w, const struct key **out, struct error *err);

#endif
