#include <stdio.h>
#include <sys/stat.h>

#include "store/internal.h"
#include "store/scrub.h"

static uint64_t file_bytes(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, 0) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

void store_status(struct store *s, struct store_status *out)
{
	*out = (struct store_status){
		.started_at = s->started_at,
		.index_bytes = file_bytes(s->dir, "index/data.mdb"),
		.commits = s->commits,
		.records = s->records,
		.refused = s->refused,
		.duplicates = s->duplicates,
		.syncs = wal_syncs(s->wal),
		.torn_bytes = s->recovered.torn_to - s->recovered.torn_from,
		.store_key = s->who.store_key,
	};
	(void)snprintf(out->path, sizeof(out->path), "%s", s->path);
	(void)snprintf(out->clock, sizeof(out->clock), "%s", s->clock_note);
	(void)pthread_mutex_lock(&s->committer.lock);
	(void)snprintf(out->writing, sizeof(out->writing), "%s",
		s->trouble[0] ? s->trouble : "yes");
	(void)pthread_mutex_unlock(&s->committer.lock);
	out->damaged = s->damage.count;
	memcpy(out->damage, s->damage.first, sizeof(out->damage));
	memcpy(out->index, s->index_note, sizeof(out->index));
	suspect_text(&s->suspect, out->doubt);
	if (s->tag_mended)
		(void)snprintf(out->tag, sizeof(out->tag),
			"%s was damaged or lost, and made again from the other "
			"copy "
			"of the tag key",
			s->tag_mended);
	scrub_status(s->scrub, &out->scrub);
	{
		SNAP_AUTO(snap);

		if (store_snap(s, &snap) == 0)
			out->log_bytes = snap->meta.log_end;
	}
}
