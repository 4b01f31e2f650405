#include "fs/entrance.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "core/json.h"
#include "fs/command.h"

int entrance_open(const char *store, struct entrance *out, struct error *err)
{
	out->who =
		(struct caller){.uid = getuid(), .gid = getgid(), .pid = getpid()};
	out->mounted = find_mount(store, out->mount, sizeof(out->mount));
	return out->mounted ? 0 : direct_open(store, out, err);
}

void entrance_close(struct entrance *e)
{
	direct_close(e);
}

int entrance_take_buf(void *ctx, struct slice bytes)
{
	buf_slice(ctx, bytes);
	return 0;
}

/* The path without slashes in front, or NULL where a part of it is "..". */
static const char *plain_path(const char *path)
{
	while (*path == '/')
		path++;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return NULL;
		p += n;
		p += strspn(p, "/");
	}
	return path;
}

static int refuse_path(const char *path, struct error *err)
{
	return fail(err, EINVAL, "%s: \"..\" is not understood here", path);
}

static int describe(int rc, const char *path, struct error *err)
{
	return rc < 0 ? fail(err, -rc, "%s: %s", *path ? path : "/", strerror(-rc))
		      : rc;
}

int entrance_read(struct entrance *e, const char *path, entrance_take *take,
	void *ctx, struct error *err)
{
	const char *p = plain_path(path);

	if (!p)
		return refuse_path(path, err);
	return describe(e->mounted ? mount_read(e, p, take, ctx)
				   : direct_read(e, p, take, ctx),
		path, err);
}

int entrance_list(struct entrance *e, const char *path, bool details,
	entrance_visit *visit, void *ctx, struct error *err)
{
	const char *p = plain_path(path);

	if (!p)
		return refuse_path(path, err);
	return describe(e->mounted ? mount_list(e, p, details, visit, ctx)
				   : direct_list(e, p, details, visit, ctx),
		path, err);
}

/* ---- writing ---- */

/* The text of a string member, as it may stand in an error. */
static const char *member(const struct json_doc *doc, const char *key)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(doc->root, key);

	return cJSON_IsString(node) ? node->valuestring : "";
}

/* Take message and hint from a line of last_error, if it speaks of this. A hint on
 * records is a remark ("did you mean …?"), no command to try: it joins the sentence. */
static int explain_from(
	struct slice line, const char *path, int code, struct error *err)
{
	JSON_AUTO(doc);
	const char *hint;

	if (json_parse(line, &doc, NULL) < 0 ||
		strcmp(member(&doc, "path"), path) != 0 ||
		strcmp(member(&doc, "code"), errno_name(code)) != 0)
		return fail(err, code, "%s: %s", path, strerror(code));
	hint = member(&doc, "hint");
	return fail(err, code, "%s: %s%s%s%s", path, member(&doc, "message"),
		*hint ? " (" : "", hint, *hint ? ")" : "");
}

static int explain(
	struct entrance *e, const char *path, int code, struct error *err)
{
	BUF_AUTO(line);
	struct slice s;

	if (entrance_read(
		    e, ".stemefs/last_error", entrance_take_buf, &line, NULL) < 0 ||
		buf_view(&line, &s) < 0 || s.n == 0)
		return fail(err, code, "%s: %s", path, strerror(code));
	return explain_from(s, path, code, err);
}

static int make_one(struct entrance *e, const char *path, size_t n)
{
	char dir[ENTRANCE_PATH_MAX];
	int rc;

	if (n >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, n);
	dir[n] = '\0';
	rc = e->mounted ? mount_mkdir(e, dir) : direct_mkdir(e, dir);
	return rc == -EEXIST ? 0 : rc;
}

/* subjects/<S>/<P> for what nobody has mentioned yet, when `assert` is meant: what would be
 * mkdir -p in a shell. */
static int make_pair(struct entrance *e, const char *path)
{
	static const char top[] = "subjects/";
	size_t subject = sizeof(top) - 1, predicate;
	int rc;

	if (strncmp(path, top, sizeof(top) - 1) != 0)
		return 0;
	subject += strcspn(path + subject, "/");
	predicate = subject + (path[subject] == '/');
	predicate += strcspn(path + predicate, "/");
	if (strcmp(path + predicate, "/assert") != 0)
		return 0;
	rc = make_one(e, path, subject);
	return rc < 0 ? rc : make_one(e, path, predicate);
}

int entrance_write(struct entrance *e, const char *path, entrance_give *give,
	void *ctx, struct error *err)
{
	const char *p = plain_path(path);
	int rc;

	if (!p)
		return refuse_path(path, err);
	rc = make_pair(e, p);
	if (rc == 0)
		rc = e->mounted ? mount_write(e, p, give, ctx)
				: direct_write(e, p, give, ctx);
	return rc < 0 ? explain(e, p, -rc, err) : 0;
}
