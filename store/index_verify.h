/* Prove the file of an index before LMDB maps it.
 *
 * LMDB believes its file: a flipped bit in a page leads it astray, or out of the map. So
 * before it is opened every page that can be reached is looked at, by a reader of that
 * format (LMDB 0.9, 64 bit, little endian) which is nowhere used for answers: both meta
 * pages; of either tree the depth, the numbers of pages and entries, the order of keys
 * within and between pages; that nodes fill their page and stay within it; that no page
 * is used twice, or is free and used; and of each row its checksum (store/row.h). What
 * that leaves out are bytes which nobody reads. */
#ifndef STORE_INDEX_VERIFY_H
#define STORE_INDEX_VERIFY_H

#include <stddef.h>

enum {
	INDEX_WHY = 160, /* a sentence */
};

/* Verify STORE/<name>/data.mdb ("index", or where one was put aside), which nobody writes meanwhile. 0; -ENOENT: there is none
 * (or it is empty); -EBADMSG with why (it is damaged, or of another layout of pages);
 * -ENOMEM, -errno. Memory: a bit for each page. */
int index_verify(int store_dir, const char *name, char why[INDEX_WHY]);

#endif
