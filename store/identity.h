/* Whose log is this? The tag key proves frames; the segment headers repeat the id and the
 * public key of the store, and where they cannot be believed the index and the wallet know
 * them too. */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "store/wal.h"

/* Fill in all of it: the tag key (STORE/tag.a, tag.b), the id and the store key. From the
 * header of a segment whose frames the tag key proves; else from one with the store key of
 * this wallet; else, where no header verifies, the id from the index and the key from the
 * wallet. -EBADMSG with err where nothing says whose log it is, or it is another store's.
 */
int identity_load(
	int dir, const char *path, struct wal_identity *who, struct error *err);

#endif
