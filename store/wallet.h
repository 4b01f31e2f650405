/* The wallet: one key per uid, made when a uid first writes and may have one.
 *
 * STORE/wallet/<uid>.key and store.key, 0600 in a 0700 directory. Keys are loaded
 * when first needed, after the fork, and never leave this process. Thread-safe. */
#ifndef STORE_WALLET_H
#define STORE_WALLET_H

#include "store/store.h"

struct wallet;

/* store is the path of the store. */
int wallet_open(const char *store, struct wallet **out, struct error *err);
void wallet_free(struct wallet *w);

/* The key of a uid, borrowed for the wallet's life. -ENOENT: it has none. */
int wallet_find(
	struct wallet *w, uint32_t uid, const struct key **out, struct error *err);

/* Make the key of a uid that has none: the file is durable when this returns. */
int wallet_make(
	struct wallet *w, uint32_t uid, const struct key **out, struct error *err);

/* The key that signs settings. */
int wallet_store_key(struct wallet *w, const struct key **out, struct error *err);

#endif
