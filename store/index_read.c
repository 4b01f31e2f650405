/* Read transactions that are kept for the next reader.
 *
 * LMDB finds a new one a slot in the table of readers under a lock that all processes share,
 * and allocates it. One that was reset keeps its slot and holds nothing back: no page waits
 * for it, and renewing it is a few instructions. */
#include <errno.h>

#include "store/index.h"
#include "store/row.h"

int index_read(struct index *ix, MDB_txn **out)
{
	MDB_txn *txn = NULL;
	int rc;

	(void)pthread_mutex_lock(&ix->idle_lock);
	if (ix->idle_count)
		txn = ix->idle[--ix->idle_count];
	(void)pthread_mutex_unlock(&ix->idle_lock);
	if (!txn)
		return index_begin(ix, MDB_RDONLY, out);
	rc = mdb_txn_renew(txn);
	if (rc == 0) {
		*out = txn;
		return 0;
	}
	mdb_txn_abort(txn);
	return rc == MDB_PANIC ? -EAGAIN : index_errno(rc);
}

void index_read_end(struct index *ix, MDB_txn *txn)
{
	bool kept;

	mdb_txn_reset(txn);
	(void)pthread_mutex_lock(&ix->idle_lock);
	kept = ix->idle_count < INDEX_IDLE;
	if (kept)
		ix->idle[ix->idle_count++] = txn;
	(void)pthread_mutex_unlock(&ix->idle_lock);
	if (!kept)
		mdb_txn_abort(txn);
}

void index_close_environment(struct index *ix)
{
	while (ix->idle_count)
		mdb_txn_abort(ix->idle[--ix->idle_count]);
	if (ix->env)
		mdb_env_close(ix->env);
	ix->env = NULL;
}
