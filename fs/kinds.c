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
		.exists = value_exists, .stat = lens_stat, .render = value_render,
		.resolves = true},
	{0},
};

static const struct kind why_entries[] = {
	{.mode = FILE_SHOWN, .find = lens_row_find, .list = lens_row_list,
		.stat = lens_stat, .render = why_render},
	{0},
};

static const struct kind pair_entries[] = {
	{.mode = FILE_SHOWN, .find = lens_row_find, .list = lens_row_list,
		.exists = pair_exists, .stat = lens_stat, .render = lens_render,
		.resolves = true},
	{.name = "value", .mode = DIR_SHOWN, .entries = value_entries,
		.exists = pair_exists, .stat = pair_stat},
	{.name = "why", .mode = DIR_SHOWN, .entries = why_entries,
		.exists = pair_exists, .stat = pair_stat},
	{.name = "target", .mode = LINK, .exists = target_exists,
		.stat = pair_stat, .link = target_link},
	{.name = "claims.jsonl", .mode = FILE_SHOWN,
		.exists = pair_exists, .stat = pair_stat, .lines = &claims_lines},
	{.name = "history.jsonl", .mode = FILE_SHOWN,
		.exists = pair_exists, .stat = pair_stat, .lines = &history_lines},
	{.name = "assert", .mode = FILE_TAKES, .stat = pair_stat,
		.taking = &taking_assert},
	{.name = "vote", .mode = FILE_TAKES, .stat = pair_stat, .taking = &taking_vote},
	{0},
};

static const struct kind in_predicate_entries[] = {
	{.mode = LINK, .find = in_subject_row_find, .list = in_subject_row_list,
		.endless = true, .link = in_subject_link},
	{0},
};

static const struct kind in_entries[] = {
	{.mode = DIR_SHOWN, .entries = in_predicate_entries,
		.find = in_predicate_row_find, .list = in_predicate_row_list,
		.endless = true, .stat = fleeting_stat},
	{0},
};

static const struct kind subject_entries[] = {
	{.name = "_in", .mode = DIR_SHOWN, .entries = in_entries,
		.exists = in_exists, .stat = fleeting_stat},
	{.name = "_constraints", .mode = FILE_SHOWN, .exists = constraints_exists,
		.stat = constraints_stat, .render = constraints_render},
	{.name = "_summary.md", .mode = FILE_SHOWN, .exists = summary_exists,
		.stat = summary_stat, .render = summary_render},
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

static const struct kind assertion_entries[] = {
	{.name = "claim.json", .mode = FILE_SHOWN, .stat = pair_stat,
		.render = claim_render, .claims = true},
	{.name = "record", .mode = FILE_SHOWN, .stat = pair_stat,
		.render = record_render},
	{.name = "signatures.json", .mode = FILE_SHOWN, .stat = pair_stat,
		.render = signatures_render},
	{.name = "votes.jsonl", .mode = FILE_SHOWN, .stat = pair_stat,
		.render = votes_render},
	{.name = "used-by.jsonl", .mode = FILE_SHOWN, .stat = every_record_stat,
		.render = used_by_render},
	{.name = "vote", .mode = FILE_TAKES, .stat = pair_stat,
		.taking = &taking_weigh},
	{.name = "cosign", .mode = FILE_TAKES, .stat = pair_stat,
		.taking = &taking_cosign},
	{.name = "retract", .mode = FILE_TAKES, .stat = pair_stat,
		.taking = &taking_retract},
	{.name = "supersede", .mode = FILE_TAKES, .stat = pair_stat,
		.taking = &taking_supersede},
	{0},
};

static const struct kind assertions_entries[] = {
	{.mode = DIR_SHOWN, .entries = assertion_entries,
		.find = assertion_row_find, .stat = fleeting_stat},
	{0},
};

static const struct kind source_entries[] = {
	{.name = "claims.jsonl", .mode = FILE_SHOWN, .stat = every_record_stat,
		.lines = &source_lines},
	{0},
};

static const struct kind sources_entries[] = {
	{.mode = DIR_SHOWN, .entries = source_entries, .find = source_row_find,
		.list = source_row_list, .endless = true},
	{0},
};

static const struct kind agent_entries[] = {
	{.name = "profile.json", .mode = FILE_SHOWN, .stat = every_record_stat,
		.render = profile_render},
	{.name = "claims.jsonl", .mode = FILE_SHOWN, .stat = every_record_stat,
		.lines = &agent_lines},
	{0},
};

static const struct kind bearer_entries[] = {
	{.mode = LINK, .find = bearer_row_find, .list = bearer_row_list,
		.endless = true, .link = bearer_link},
	{0},
};

static const struct kind by_name_entries[] = {
	{.mode = DIR_SHOWN, .entries = bearer_entries, .find = by_name_row_find,
		.list = by_name_row_list, .endless = true, .stat = fleeting_stat},
	{0},
};

static const struct kind agents_entries[] = {
	{.name = "me", .mode = LINK, .exists = me_exists, .link = me_link,
		.moving = true},
	{.name = "by-name", .mode = DIR_SHOWN, .entries = by_name_entries},
	{.mode = DIR_SHOWN, .entries = agent_entries, .find = agent_row_find,
		.list = agent_row_list, .endless = true},
	{0},
};

static const struct kind epoch_entries[] = {
	{.name = "epoch.json", .mode = FILE_SHOWN, .stat = every_record_stat,
		.render = epoch_render},
	{.name = "claims.jsonl", .mode = FILE_SHOWN, .stat = every_record_stat,
		.lines = &epoch_lines},
	{0},
};

static const struct kind epochs_entries[] = {
	{.mode = DIR_SHOWN, .entries = epoch_entries, .find = epoch_row_find,
		.list = epoch_row_list, .endless = true},
	{0},
};

static const struct kind conflict_entries[] = {
	{.mode = LINK, .find = conflict_row_find, .list = conflict_row_list,
		.endless = true, .link = conflict_link},
	{0},
};

static const struct kind conflicts_entries[] = {
	{.mode = DIR_SHOWN, .entries = conflict_entries,
		.find = conflict_subject_row_find,
		.list = conflict_subject_row_list, .endless = true,
		.stat = fleeting_stat},
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

/* Behind each prefix stands the root again; what is no part of the graph is left out, and
 * so are the prefixes that stand in the path already. */
static const struct kind at_entries[] = {
	{.name = "now", .mode = LINK, .unlisted = true, .link = now_link,
		.moving = true},
	{.mode = LINK, .find = ago_row_find, .link = ago_link, .moving = true},
	{.mode = DIR_SHOWN, .entries = root_entries, .find = at_row_find,
		.exists = context_exists, .moving = true},
	{0},
};

static const struct kind asof_entries[] = {
	{.mode = LINK, .find = ago_row_find, .link = ago_link, .moving = true},
	{.mode = DIR_SHOWN, .entries = root_entries, .find = asof_row_find,
		.exists = context_exists, .moving = true},
	{0},
};

static const struct kind stage_entries[] = {
	{.mode = DIR_SHOWN, .entries = root_entries, .find = stage_row_find,
		.exists = context_exists},
	{0},
};

static const struct kind tier_entries[] = {
	{.mode = DIR_SHOWN, .entries = root_entries, .find = tier_row_find,
		.exists = context_exists},
	{0},
};

static const struct kind in_epoch_entries[] = {
	{.mode = DIR_SHOWN, .entries = root_entries, .find = in_epoch_row_find,
		.exists = context_exists},
	{0},
};

static const struct kind moment_entries[] = {
	{.name = "events.jsonl", .mode = FILE_SHOWN, .exists = events_exists,
		.stat = since_events_stat, .read = since_events_chunk},
	{.name = "changed.jsonl", .mode = FILE_SHOWN, .stat = every_record_stat,
		.lines = &changed_lines},
	{0},
};

static const struct kind since_entries[] = {
	{.mode = LINK, .find = ago_row_find, .link = ago_link, .moving = true},
	{.mode = DIR_SHOWN, .entries = moment_entries, .find = since_row_find,
		.moving = true},
	{0},
};

const struct kind root_entries[] = {
	{.name = "README.md", .mode = FILE_SHOWN, .stat = program_stat,
		.render = guide_render},
	{.name = "AGENTS.md", .mode = LINK, .stat = program_stat, .link = guide_link},
	{.name = "inbox", .mode = DIR_INBOX, .entries = inbox_entries,
		.outside = true, .taking = &taking_inbox},
	{.name = "subjects", .mode = DIR_TAKES, .entries = subjects_entries,
		.stat = subjects_stat, .taking = &taking_subjects},
	{.name = "assertions", .mode = DIR_SHOWN, .entries = assertions_entries},
	{.name = "sources", .mode = DIR_SHOWN, .entries = sources_entries},
	{.name = "agents", .mode = DIR_SHOWN, .entries = agents_entries},
	{.name = "epochs", .mode = DIR_SHOWN, .entries = epochs_entries},
	{.name = "conflicts", .mode = DIR_SHOWN, .entries = conflicts_entries},
	{.name = "conflicts.jsonl", .mode = FILE_SHOWN, .stat = every_record_stat,
		.lines = &conflicts_lines},
	{.name = "receipts", .mode = LINK, .outside = true, .stat = program_stat,
		.link = own_link},
	{.name = "events.jsonl", .mode = FILE_SHOWN, .exists = events_exists,
		.stat = events_stat, .read = events_chunk},
	{.name = ".stemefs", .mode = DIR_SHOWN, .entries = dot_entries,
		.outside = true, .stat = program_stat},
	{.name = "at", .mode = DIR_SHOWN, .entries = at_entries, .unlisted = true,
		.exists = prefix_exists, .stat = program_stat},
	{.name = "asof", .mode = DIR_SHOWN, .entries = asof_entries,
		.unlisted = true, .exists = prefix_exists, .stat = program_stat},
	{.name = "stage", .mode = DIR_SHOWN, .entries = stage_entries,
		.unlisted = true, .exists = prefix_exists, .stat = program_stat},
	{.name = "tier", .mode = DIR_SHOWN, .entries = tier_entries,
		.unlisted = true, .exists = prefix_exists, .stat = program_stat},
	{.name = "in-epoch", .mode = DIR_SHOWN, .entries = in_epoch_entries,
		.unlisted = true, .exists = prefix_exists, .stat = program_stat},
	{.name = "since", .mode = DIR_SHOWN, .entries = since_entries,
		.unlisted = true, .stat = program_stat},
	{0},
};

const struct kind kind_root = {
	.mode = DIR_SHOWN, .entries = root_entries, .stat = program_stat,
};
