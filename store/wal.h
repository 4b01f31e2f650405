/* The write-ahead log: the truth of a store.
 *
 * STORE/wal/<16 hex digits>.wal, each named by the log offset of its first byte. A
 *segment starts with a 128-byte header, then frames (store/frame.h) without gaps,
 *then, in the last segment only, preallocated zeros. Log offsets count header bytes
 *too, so segments are contiguous: a segment's base is the one before plus that
 *file's length.
 *
 *	  0  magic u32 "SWAL", version u32 (1)
 *	  8  base u64              log offset of byte 0
 *	 16  store id 16
 *	 32  store public key 32
 *	 64  chain continued 32    of the last frame of the segment before; zeros in
 *the first 96  BLAKE3 of bytes 0..95 128  frames
 *
 * One writer (the committer) appends in batches; any number of threads read what
 *was appended. Acknowledged frames are never deleted or rewritten. A failed
 *fdatasync is never retried: the log is then dead for writing (wal_failed) until
 *opened again. */
#ifndef STORE_WAL_H
#define STORE_WAL_H

#include "store/frame.h"

enum {
	WAL_SEGMENT_HEADER = 128,
	WAL_STORE_ID = 16,
};

#define WAL_SEGMENT_MAX (UINT64_C(64) << 20) /* a new segment starts past this */

struct wal;

/* What every segment header repeats, and the key that tags frames. */
struct wal_identity {
	uint8_t store_id[WAL_STORE_ID];
	struct agent store_key;
	uint8_t tag_key[ID_SIZE];
};

/* Where the index stands: everything before `offset` is applied. {0} for an empty
 * index. */
struct wal_position {
	uint64_t offset;      /* of the next frame; 0 means from the very start */
	uint64_t seq;	      /* of the last frame applied; 0: none */
	uint64_t received_at; /* likewise */
	struct id chain;      /* likewise */
};

/* Create STORE/wal with its first segment, fsynced with its directory. */
int wal_create(int store_dir, const struct wal_identity *who, struct error *err);

/* Open the segments below STORE/wal. Nothing is scanned, and nothing can be
 * appended before wal_recover(). read_only never writes. A segment whose header
 * does not verify is no reason to refuse (wal_recover() reports it, and its frames
 * prove themselves); refused, with a sentence: -EBADMSG when there is no segment or
 * all that verify are of another store, -EPROTONOSUPPORT for a version we do not
 * know. */
int wal_open(int store_dir, const struct wal_identity *who, bool read_only,
	struct wal **out, struct error *err);
void wal_close(struct wal *w);

/* Fill in whose log this is; the tag key is there already. From the first segment header
 * whose frame that key proves, so that a segment of another store has no say; where none
 * is proved, from the first that can be read. */
int wal_read_identity(
	int store_dir, struct wal_identity *who, bool *proved, struct error *err);

/* A stretch of the log that does not verify. */
struct wal_damage {
	uint64_t from;
	uint64_t to;
	const char *what; /* static text */
};

struct wal_report {
	uint64_t frames;    /* visited */
	uint64_t torn_from; /* what was cut and kept in quarantine, from..to, */
	uint64_t torn_to;   /* without zeros at its end; 0: nothing */
	struct wal_damage *damage; /* freed by wal_report_free() */
	size_t damage_count;
};
void wal_report_free(struct wal_report *r);

/* Called for each frame that verifies, in log order; < 0 stops the scan with that
 * error (and its own sentence, where it fills the err of wal_recover()). The
 * frame's slices are valid during the call. */
typedef int wal_visit(void *ctx, const struct frame *f);

/* An index had applied everything before this offset, so that was acknowledged: what of
 * it is not there is damage, and never a write that did not finish. Before
 * wal_recover(). */
void wal_expect(struct wal *w, uint64_t offset);

/**
 * Scan from `from` to the end of the log, then be ready to append there. Once.
 *
 * Let f be a frame that does not verify. If f lies past from->offset and what
 * wal_expect() said, no header of a later batch follows and no later segment exists, and the frame runs out or has
 * a zero 512-byte sector, its fdatasync never returned: everything from f to the
 * end, whole frames included, is copied to STORE/quarantine/<offset>.torn, fsynced,
 * and cut. (Of the sector in which f starts, what counts is the part from f on;
 * where f's header does not verify, only the sectors of the header are asked.) In
 * every other case it is damage: never cut, skipped, reported. After a bad frame
 * the next one is the next 8-aligned place whose tag holds and whose offset names
 * that place; the chain is taken up again there, or at the header of the next
 * segment. The log ends at a zero header only if every byte after it in the segment
 * is zero and no later segment exists.
 *
 * Whole frames before f stay, also those of f's batch: they verify. Where the log
 * ends in damage, the next batch begins a new segment behind it. Headers and gaps
 * of all segments are reported, also those before from->offset. What is visited is
 * on disk: the newest segment is synced first. Returns 0, or -errno with err and an
 * empty report.
 */
int wal_recover(struct wal *w, const struct wal_position *from, wal_visit *visit,
	void *ctx, struct wal_report *report, struct error *err);

/* Copy what was reported as damaged to STORE/quarantine/<offset>.damaged, where it is not
 * there yet and there is room. The log stays as it is. */
void wal_quarantine(struct wal *w, const struct wal_report *report);

/* The end: offset of the next frame (or of the segment header that will come before
 * it), last seq, last received_at, last chain; after wal_add() those of the batch
 * that is being built. Committer thread, or any while nobody appends. */
struct wal_position wal_end(const struct wal *w);

/**
 * A batch: begin, add…, write; or drop. Committer thread only.
 *
 * wal_begin() makes room for `most` bytes of frames before anything is decided:
 * space is preallocated in steps that double from 256 KiB to 8 MiB and are halved
 * where they do not fit; a new segment is begun, and fsynced with its directory,
 * when the batch might not fit into this one. 0, -ENOSPC, -EIO; -EROFS once the log
 * has failed.
 *
 * wal_add() assigns offset, batch, seq and chain (f: received_at, uid and canonical
 * are the caller's) and keeps the bytes in memory; 0, -ENOMEM or, over
 * FRAME_PAYLOAD_MAX, -EMSGSIZE, and what was added before stays. More than `most`
 * is a bug.
 *
 * wal_start() is the first half of wal_write(), and that is then the other half: one
 * pwrite, which the disk begins to work off while the caller has other things to do.
 * Nothing can be added any more. 0; -EIO or -ENOSPC when the write failed and was
 * taken back (zeroed, synced).
 *
 * wal_write() writes all with one pwrite and one fdatasync. As wal_start(); and -EIO
 * with wal_failed() from then on when fdatasync, or the taking back, failed: whether
 * the batch was kept is known after the next start.
 *
 * wal_undo() takes back what was started or written, before anybody was answered:
 * zeroed from its first frame, fdatasync. 0 also when there is nothing of the kind.
 *
 * wal_drop() forgets a batch that was not started; it does not stand in the way of
 * wal_undo() for one that was written.
 */
int wal_begin(struct wal *w, uint64_t most, struct error *err);
int wal_add(struct wal *w, struct frame *f, const struct signature *signatures,
	uint16_t count);
void wal_drop(struct wal *w);
int wal_start(struct wal *w, struct error *err);
int wal_write(struct wal *w, struct error *err);
int wal_undo(struct wal *w, struct error *err);
bool wal_failed(const struct wal *w);

/* A frame of the batch that is being built, from memory; false when the offset is
 * not in it. Valid until the next wal_add(). Committer thread only. */
bool wal_peek(const struct wal *w, uint64_t offset, struct frame *out);

/* How many fdatasyncs the log has made (for metrics). Any thread. */
uint64_t wal_syncs(const struct wal *w);

/* For tests, which cannot write 64 MiB to see a second segment: WAL_SEGMENT_MAX of
 * this open log. Before the first wal_begin(). */
void wal_set_segment_max(struct wal *w, uint64_t max);

/* Read one frame by its locator into scratch (reset first); verifies tag and CRC.
 * payload_length 0: not known, the header is read first.
 * 0, -EBADMSG when what is there does not verify, or -errno. Any thread. */
int wal_read(const struct wal *w, uint64_t offset, uint32_t payload_length,
	struct buf *scratch, struct frame *out);

#endif
