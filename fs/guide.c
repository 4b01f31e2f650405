/* README.md at the root of every mount: all that a person, or a program that can only read
 * and write files, needs to work here. AGENTS.md is a link to it, since that is the name
 * that coding agents look for. A unit test holds it to 150 lines and to naming every lens.
 *
 * Lines, not one literal: C promises no literal longer than 4,095 bytes. */
#include "core/when.h"
#include "fs/kind.h"

/* What is part of the program changes with the program: 2026-01-01. */
#define PROGRAM_MTIME (UINT64_C(1767225600) * SECOND)

/* clang-format off */
static const char *const lines[] = {
"# stemefs: a knowledge graph as files",
"",
"Agents and people *assert* claims (\"Tesla_Inc has_revenue 96.7\"), *vote* on each other's",
"claims, and read an answer through a *lens*. Claims that contradict each other live side",
"by side, each signed by who made it; nothing is overwritten or deleted. Reading and",
"writing files is all there is: no client, no query language, no other protocol.",
"",
"## Reading",
"",
"    cat subjects/Tesla_Inc/has_revenue/consensus           # one line of JSON",
"    v=$(cat subjects/Tesla_Inc/has_revenue/value/skeptic) || echo disputed",
"",
"| path | what it says |",
"|---|---|",
"| `subjects/` | every subject that somebody made a claim about |",
"| `subjects/<S>/<P>/<lens>` | the answer: subject, predicate, object, confidence, lens, status, conflict, share, candidates, agents, and of the winning claim: id, claim_confidence, signers, timestamp, source, source_class (as it counts; `declared`: as it was stated), lifecycle, epoch; what has no value is left out |",
"| `subjects/<S>/<P>/value/<lens>` | the bare object and a newline; no such file where the lens has no winner |",
"| `subjects/<S>/<P>/why/<lens>` | which rule decided, the strongest clusters and claims with their support |",
"| `subjects/<S>/<P>/claims.jsonl` | every live claim, oldest first, one per line |",
"| `subjects/<S>/<P>/history.jsonl` | every record that ever touched this pair, in the order they came |",
"| `subjects/<S>/<P>/target` | a link to the subject that the consensus points at: walk the graph with cd |",
"| `subjects/<S>/_constraints` | its rules (forbidden, must_use, prefer), a line each: read them before you act; no such file where there are none |",
"| `subjects/<S>/_in/<P>/<S2>`, `_summary.md` | which subjects point here; a page for people |",
"| `assertions/<id>/` | one claim, by 8 digits of its id or more: `claim.json` (and if it still stands), `record`, `signatures.json`, `votes.jsonl`, `used-by.jsonl` (what rests on it, and which premises of that are gone) |",
"| `sources/<source>/claims.jsonl` | everything that cites it |",
"| `agents/<key>/`, `agents/by-name/<name>/`, `agents/me` | who somebody is (`profile.json`) and said (`claims.jsonl`) |",
"| `epochs/<name>/` | `epoch.json`: what superseded it; `claims.jsonl` |",
"| `conflicts/<S>/<P>`, `conflicts.jsonl` | what is contested now |",
"| `events.jsonl` | every record of the store; `tail -f` follows it |",
"| `receipts/<name>`, `.stemefs/last_receipt` | what became of what you wrote |",
"| `.stemefs/last_error`, `.stemefs/errors.jsonl` | why something was refused |",
"| `.stemefs/status`, `limits`, `version`, `head`, `metrics` | the store; every limit; a hash over the whole history |",
"",
"Lenses:",
"",
"| lens | its answer |",
"|---|---|",
"| `consensus` | the value with the greatest support of claims and votes, weighed by trust |",
"| `recency` | the newest claim |",
"| `confidence` | the claim with the highest stated confidence |",
"| `authority` | the claim of the best source: class, trust in its signers, confidence, age |",
"| `median` | of numbers, the claim in the middle of all support; never a mean |",
"| `skeptic` | that of consensus, but none while it is contested; lists all the values |",
"| `epoch` | that of consensus, without claims of superseded epochs |",
"| `layered` | that of consensus in each class of sources, and overall that of the best class; `unseen`: what the best three do not say |",
"",
"`status` is `none` (nobody supports anything), `single` (one agent), `unanimous`, `agreed`",
"or `contested`; `conflict` goes from 0 to 1. Files are never stale: what a write returned",
"from has changed is in the next `open`. `getfattr -d` on a lens file shows the main fields.",
"",
"A predicate that ends in `[]`, or starts with `must_use:`, `forbidden:` or `prefer:`, holds",
"many values: answers have `objects`, `value/<lens>` one per line.",
"",
"File names are percent-encoded where a name holds `/` (`%2F`), `%` (`%25`), control or",
"invisible characters, begins with `.`, `-` or `_`, or begins or ends with a space: upper-",
"case hex, and nothing else is encoded. Each name has one spelling; others do not exist.",
"",
"## As of then, or of those alone",
"",
"    cat at/now/subjects/Tesla_Inc/has_revenue/value/consensus",
"    cat stage/proposed/subjects/Tesla_Inc/has_revenue/value/recency",
"    cat since/-24h/changed.jsonl",
"",
"Such prefixes hold the same tree, read-only. They compose in any order, and are not listed:",
"",
"| prefix | what is seen |",
"|---|---|",
"| `at/<time>`, `at/seq-<N>` | what this store knew then; never changes. `at/now` is a frozen tree |",
"| `asof/<time>` | what had been claimed by then, by the claims' own timestamps |",
"| `stage/<lifecycle>` | claims of that stage: ask for `approved` before you rely on something |",
"| `tier/<class>` | claims of that source class or a better one |",
"| `in-epoch/<name>` | claims of that epoch, superseded or not |",
"| `since/<time>/` | no tree: `events.jsonl`, the records after that; `changed.jsonl`, the pairs whose answer has changed, before and after |",
"",
"Times: `2026-03-01T21:00` (UTC), `2026-03-01` (its end), RFC 3339, `@1767225600`, `-24h`.",
"",
"## Writing",
"",
"Write JSON records to any file name in `inbox/`, one or many, pretty or one per line:",
"",
"    echo '{\"subject\":\"Tesla_Inc\",\"predicate\":\"has_revenue\",\"object\":96.7,",
"      \"confidence\":0.9,\"source\":\"10-K 2023\"}' > inbox/revenue.json",
"",
"or a bare value to `assert` of a pair, made with mkdir where nobody has mentioned it yet:",
"",
"    mkdir -p subjects/Tesla_Inc/ceo subjects/Tesla_Inc/city",
"    echo '{\"ref\":\"Elon_Musk\"}' > subjects/Tesla_Inc/ceo/assert",
"    echo 96.7 > subjects/Tesla_Inc/has_revenue/assert      # a number",
"    echo Austin > subjects/Tesla_Inc/city/assert           # text; \"007\" needs its quotes",
"",
"or a vote, from -1 (against) to 1, with a claim's id (8 digits or more) or a value:",
"",
"    echo '3f9a01c2 0.8' > subjects/Tesla_Inc/has_revenue/vote",
"    echo '=96.7 1' > subjects/Tesla_Inc/has_revenue/vote",
"",
"When the write returns without an error, the record is signed for you (or its signatures",
"are verified), on disk, and visible to every reader. Write again what you are not sure of:",
"the same record is the same id, and is answered `duplicate`.",
"",
"| record | keys |",
"|---|---|",
"| assertion | `subject`, `predicate`, `object` (text, number, true, false or `{\"ref\":\"Other_Subject\"}`); `confidence` 0..1, `timestamp`, `source`, `source_hash`, `source_class` (regulatory, clinical, observational, expert, community, anecdotal), `lifecycle` (proposed, under_review, approved, deprecated, rejected), `parent`, `epoch`, `because` (ids it rests on), `note`, `visual_hash`, `vector` |",
"| vote | `vote` (id of a claim), `weight` -1..1; only your newest vote on a claim counts |",
"| cosigning | `cosign` (id) |",
"| retraction | `retract` (id), `reason`: you stand behind your claim no longer; when nobody does, it is gone from answers, not from history |",
"| supersession | `supersede` (id), `by` (id of a claim on the same pair), `reason`: the same, in favour of that one |",
"| new stage | an assertion with the id of yours as `parent` takes its place; `deprecated` and `rejected` are seen under `stage/` alone |",
"| epoch | `epoch` (name); `supersedes` (id or name) with `supersession` (replace, refine, invalidate) |",
"| profile | `{\"profile\":{\"name\":\"Ada\"}}`: what you are called |",
"",
"The same by hand: `echo 'a typo' > assertions/3f9a01c2/retract`; also `vote` (a weight),",
"`cosign` (anything) and `supersede` (an id and a reason). What others signed is theirs to",
"take back, and a steward's: `agents/<key>/profile.json` says who is one.",
"",
"Unknown keys are refused, so that a misspelt one is noticed. `timestamp` is RFC 3339 or",
"seconds since 1970, and now where it is missing. Numbers are exact decimals: 96, 96.0 and",
"9.6e1 are one value. A record may bring `signatures` (see `stemefs sign`).",
"",
"Good to know:",
"- `inbox/` shows you your own names only; a name that somebody else has is EACCES: take",
"  another, or `mkdir inbox/<lane>` for a directory of your own. What you wrote can be read",
"  back for ten minutes. Deleting a name in `inbox/` takes nothing back.",
"- Names that start with `.` or end in `~` or `.swp` are scratch: inert until they are",
"  renamed to another name, which submits them. So editors and atomic writers work.",
"- A newline inside a JSON value is fine where the first line ends in `{ , :` or `[`.",
"- Everything else is read-only; `rm -rf` of this directory changes nothing.",
"",
"## When a write is refused",
"",
"The write itself fails: check the exit status. `.stemefs/last_error` says why, in JSON:",
"`{\"time\",\"pid\",\"path\",\"errno\",\"code\",\"message\",\"offset\",\"hint\"}`. Records before the bad one",
"are kept, it and all behind it are not: `receipts/<name>` has one line per record.",
"",
"| error | cause |",
"|---|---|",
"| EINVAL | not JSON, an unknown key, a value out of range, an incomplete value, an id or an epoch nobody knows, a name that several epochs have |",
"| EACCES | a signature does not verify; you have no key here; somebody else's name |",
"| EPERM | not yours to do: another's claim, epoch or epoch name; a stage that stewards set |",
"| EMSGSIZE, ENAMETOOLONG | a record over 64 KiB; a name that no file could have |",
"| EDQUOT | too much scratch, or over your budget |",
"| EROFS | not a place that is written to; or the store takes no writes (`.stemefs/status`) |",
"| EXDEV | moved out of the inbox |",
"| ENOSPC, EIO | the disk is full; the disk failed |",
"",
"## Limits",
"",
"Subjects 240 bytes, predicates 200, text objects 32 KiB, records 64 KiB, numbers 34",
"digits, sources and notes 2 KiB. A timestamp may be 5 seconds ahead. All: `.stemefs/limits`.",
};
/* clang-format on */

int guide_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	(void)rq;
	(void)p;
	(void)attr;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		buf_str(out, lines[i]);
		buf_byte(out, '\n');
	}
	return 0;
}

int program_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	(void)rq;
	(void)p;
	attr->mtime = PROGRAM_MTIME;
	attr->version = 1;
	attr->lasting = LASTS_EVER;
	return 0;
}

int guide_link(struct request *rq, const struct place *p, struct buf *out)
{
	(void)rq;
	(void)p;
	buf_str(out, "README.md");
	return 0;
}
