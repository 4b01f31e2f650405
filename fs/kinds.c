/* The tree, as a table: read it from the end, where the root is.
 *
 * One row per kind of node: a name, or the functions that recognise and list names; the
 * mode; the functions that say what is special. fs/kind.h explains the columns. A new file
 * is one more row here and one function that renders it. */
#include "fs/kind.h"

#include <sys/stat.h>

enum {
	FILE_SHOWN = S_IFREG | 0444,
	FILE_TAKES = S_IFREG |
		     0666, /* anybody may write: records are signed, not owned */
	FILE_OWN = S_IFREG | 0600,
	DIR_SHOWN = S_IFDIR | 0555,
	DIR_OWN = S_IFDIR | 0700,
	/* Open to the kernel's check of modes, so that mkdir comes to us; and so that
	 * `rm -rf` is told EROFS, by us. */
	DIR_TAKES = S_IFDIR | 0777,
	DIR_INBOX = S_IFDIR | 01777,
	LINK = S_IFLNK | 0777,
};

/* clang-format off */

static const struct kind value_entries[] = {
	{.mode = FILE_SHOWN, .find = lens_row_find, .list = value_row_list,
		.exists = value_exists, .stat = pair_stat, .render = value_render,
		.resolves = true},
	{0},
};

static const struct kind why_entries[] = {
	{.mode = FILE_SHOWN, .find = lens_row_find, .list = lens_row_list,
		.stat = pair_stat, .render = why_render},
	{0},
};

static const struct kind pair_entries[] = {
	{.mode = FILE_SHOWN, .find = lens_row_find, .list = lens_row_list,
		.exists = pair_exists, .stat = pair_stat, .render = lens_render,
		.resolves = true},
	{.name = "value", .mode = DIR_SHOWN, .entries = value_entries,
		.exists = pair_exists, .stat = pair_stat},
	{.name = "why", .mode = DIR_SHOWN, .entries = why_entries,
		.exists = pair_exists, .stat = pair_stat},
	{.name = "claims.jsonl", .mode = FILE_SHOWN,
		.exists = pair_exists, .stat = pair_stat, .render = claims_render},
	{.name = "history.jsonl", .mode = FILE_SHOWN,
		.exists = pair_exists, .stat = pair_stat, .render = history_render},
	{.name = "assert", .mode = FILE_TAKES, .stat = pair_stat,
		.taking = &taking_assert},
	{.name = "vote", .mode = FILE_TAKES, .stat = pair_stat, .taking = &taking_vote},
	{0},
};

static const struct kind subject_entries[] = {
	{.mode = DIR_SHOWN, .entries = pair_entries, .find = predicate_row_find,
		.list = predicate_row_list, .endless = true, .stat = pair_stat,
		.taking = &taking_pair},
	{0},
};

static const struct kind subjects_entries[] = {
	{.mode = DIR_TAKES, .entries = subject_entries, .find = subject_row_find,
		.list = subject_row_list, .endless = true, .stat = subject_stat,
		.taking = &taking_subject},
	{0},
};

static const struct kind lane_entries[] = {
	{.mode = FILE_OWN, .find = inbox_row_find, .list = inbox_row_list,
		.endless = true, .allow = inbox_allow, .stat = inbox_stat,
		.render = inbox_render, .taking = &taking_inbox_name},
	{0},
};

static const struct kind inbox_entries[] = {
	{.mode = DIR_OWN, .entries = lane_entries, .find = lane_row_find,
		.allow = inbox_allow, .stat = inbox_stat, .taking = &taking_lane},
	{.mode = FILE_OWN, .find = inbox_row_find, .list = inbox_row_list,
		.endless = true, .allow = inbox_allow, .stat = inbox_stat,
		.render = inbox_render, .taking = &taking_inbox_name},
	{0},
};

static const struct kind receipts_entries[] = {
	{.mode = FILE_SHOWN, .find = receipt_row_find, .list = receipt_row_list,
		.endless = true, .allow = own_allow, .stat = own_stat,
		.render = receipt_render},
	{0},
};

static const struct kind own_entries[] = {
	{.name = "last_error", .mode = FILE_SHOWN, .allow = own_allow,
		.stat = own_stat, .render = own_error_render},
	{.name = "last_receipt", .mode = FILE_SHOWN, .allow = own_allow,
		.stat = own_stat, .render = own_receipt_render},
	{.name = "errors.jsonl", .mode = FILE_SHOWN, .allow = own_allow,
		.stat = own_stat, .render = own_errors_render},
	{.name = "receipts", .mode = DIR_OWN, .entries = receipts_entries,
		.allow = own_allow, .stat = own_stat},
	{0},
};

static const struct kind uid_entries[] = {
	{.mode = DIR_OWN, .entries = own_entries, .find = uid_row_find,
		.list = uid_row_list, .allow = own_allow, .stat = own_stat},
	{0},
};

static const struct kind dot_entries[] = {
	{.name = "status", .mode = FILE_SHOWN, .render = status_render},
	{.name = "version", .mode = FILE_SHOWN, .stat = program_stat,
		.render = version_render},
	{.name = "limits", .mode = FILE_SHOWN, .stat = program_stat,
		.render = limits_render},
	{.name = "head", .mode = FILE_SHOWN, .render = head_render},
	{.name = "metrics", .mode = FILE_SHOWN, .render = metrics_render},
	{.name = "last_error", .mode = LINK, .stat = program_stat,
		.link = own_link},
	{.name = "last_receipt", .mode = LINK, .stat = program_stat,
		.link = own_link},
	{.name = "errors.jsonl", .mode = LINK, .stat = program_stat,
		.link = own_link},
	{.name = "uid", .mode = DIR_SHOWN, .entries = uid_entries,
		.stat = program_stat},
	{0},
};

static const struct kind root_entries[] = {
	{.name = "README.md", .mode = FILE_SHOWN, .stat = program_stat,
		.render = guide_render},
	{.name = "AGENTS.md", .mode = LINK, .stat = program_stat, .link = guide_link},
	{.name = "inbox", .mode = DIR_INBOX, .entries = inbox_entries,
		.taking = &taking_inbox},
	{.name = "subjects", .mode = DIR_TAKES, .entries = subjects_entries,
		.stat = subjects_stat, .taking = &taking_subjects},
	{.name = "receipts", .mode = LINK, .stat = program_stat,
		.link = own_link},
	{.name = "events.jsonl", .mode = FILE_SHOWN, .stat = events_stat,
		.read = events_chunk},
	{.name = ".stemefs", .mode = DIR_SHOWN, .entries = dot_entries,
		.stat = program_stat},
	{0},
};

const struct kind kind_root = {
	.mode = DIR_SHOWN, .entries = root_entries, .stat = program_stat,
};
