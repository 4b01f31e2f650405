#include "fs/place.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/id.h"
#include "fs/kind.h"
#include "tests/unit/tap.h"

static const struct place root = {.kind = &kind_root, .inode = INODE_ROOT};

static struct place *child(const struct place *dir, const char *leaf)
{
	struct place *p = NULL;

	return place_new(dir, slice_str(leaf), dir, &p) == 0 ? p : NULL;
}

static void a_path_is_its_names_joined(void)
{
	PLACE_AUTO(subjects);
	PLACE_AUTO(subject);

	subjects = child(&root, "subjects");
	subject = child(subjects, "auth%2Fjwt");
	CHECK_TEXT(place_path(subject), "subjects/auth%2Fjwt");
	CHECK_TEXT(place_leaf(subject), "auth%2Fjwt");
	CHECK_TEXT(place_leaf(subjects), "subjects");
}

static void the_root_has_no_path_and_inode_one(void)
{
	PLACE_AUTO(copy);

	CHECK(place_copy(&root, &copy) == 0);
	CHECK(place_path(copy).n == 0);
	CHECK(place_inode(copy) == 1);
}

/* SipHash-2-4 of the last name, with the number of the directory and "stemefs" as the key;
 * by `openssl mac SipHash`. The same after every mount, on every machine. */
static void an_inode_is_the_hash_of_the_path(void)
{
	static const uint8_t hash[8] = {
		0x94, 0xe4, 0x37, 0x93, 0xc4, 0x76, 0x5e, 0x40};
	PLACE_AUTO(a);
	PLACE_AUTO(b);
	PLACE_AUTO(c);

	a = child(&root, "subjects");
	b = child(a, "Tesla_Inc");
	c = child(b, "revenue");
	CHECK(place_inode(c) == u64_at(hash));
	CHECK(place_child_inode(b, slice_str("revenue")) == u64_at(hash));
}

static void a_place_borrows_nothing(void)
{
	PLACE_AUTO(p);
	char leaf[] = "leaf", subject[] = "Subject", predicate[] = "predicate";
	char epoch[] = "epoch";
	struct place like = root;

	like.subject = slice_str(subject);
	like.predicate = slice_str(predicate);
	like.context.epoch = slice_str(epoch);
	CHECK(place_new(&root, slice_str(leaf), &like, &p) == 0);
	memset(leaf, 'x', 4);
	memset(subject, 'x', 7);
	memset(predicate, 'x', 9);
	memset(epoch, 'x', 5);
	CHECK_TEXT(p->path, "leaf");
	CHECK_TEXT(p->subject, "Subject");
	CHECK_TEXT(p->predicate, "predicate");
	CHECK_TEXT(p->context.epoch, "epoch");
}

static void a_child_outlives_its_directory(void)
{
	PLACE_AUTO(file);
	struct place *dir = child(&root, "dir");

	dir->uid = 7;
	file = child(dir, "file");
	place_free(dir);
	CHECK_TEXT(file->path, "dir/file");
	CHECK(file->uid == 7);
}

static void a_child_has_the_context_of_its_directory(void)
{
	PLACE_AUTO(dir);
	PLACE_AUTO(file);

	dir = child(&root, "dir");
	CHECK(dir->context.cuts == 0);
	dir->context = (struct context){
		.cuts = CONTEXT_AT | CONTEXT_EPOCH,
		.seq = 7,
		.at = 9,
		.epoch = slice_str("epoch"),
	};
	file = child(dir, "file");
	CHECK(file->context.cuts == (CONTEXT_AT | CONTEXT_EPOCH));
	CHECK(file->context.seq == 7 && file->context.at == 9);
	CHECK_TEXT(file->context.epoch, "epoch");
}

int main(void)
{
	RUN(a_path_is_its_names_joined);
	RUN(the_root_has_no_path_and_inode_one);
	RUN(an_inode_is_the_hash_of_the_path);
	RUN(a_place_borrows_nothing);
	RUN(a_child_outlives_its_directory);
	RUN(a_child_has_the_context_of_its_directory);
	return tap_done();
}
