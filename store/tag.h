/* The key that tags frames, in STORE/tag.a and STORE/tag.b: without it no frame of the log
 * verifies. Random, and never shown on the mount. */
#ifndef STORE_TAG_H
#define STORE_TAG_H

#include "core/error.h"
#include "core/id.h"

/* Write both copies; neither may exist. */
int tag_create(int dir, const uint8_t key[ID_SIZE], struct error *err);

/* Read the key. One good copy is enough, and mends the other: now, or at a start when
 * there is room on the disk. -EBADMSG when both are damaged or lost, or differ. path is
 * the store's, for the sentence. */
int tag_load(int dir, const char *path, uint8_t key[ID_SIZE], struct error *err);

/* The copy that is damaged or lost while the other is good; NULL: there is none such. */
const char *tag_lost(int dir);

#endif
