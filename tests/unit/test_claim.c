/* Claims by themselves: what their lines say of how they stand. */
#include "core/claim.h"

#include "tests/unit/tap.h"

#define TEN "aaaaaaaaaaaaaaaaaaaa"
#define ID_A TEN TEN TEN "aaaa"
#define ID_B                                                                       \
	"bbbbbbbbbbbbbbbbbbbb"                                                     \
	"bbbbbbbbbbbbbbbbbbbb"                                                     \
	"bbbbbbbbbbbbbbbbbbbb"                                                     \
	"bbbb"
#define SAID                                                                       \
	"{\"id\":\"" ID_A "\",\"subject\":\"S\",\"predicate\":\"p\",\"object\":1," \
	"\"timestamp\":\"1970-01-01T00:00:01Z\",\"source_class\":\"clinical\","    \
	"\"lifecycle\":\"approved\",\"signers\":["

static struct agent signer;
static struct id other;

static const struct record said = {
	.kind = RECORD_ASSERTION,
	.has = HAS_SOURCE_CLASS,
	.timestamp = 1000000000,
	.lifecycle = LIFECYCLE_APPROVED,
	.source_class = CLASS_CLINICAL,
	.object = {.kind = OBJECT_NUMBER},
};

static struct claim claim(struct record *r)
{
	struct claim c = {
		.record = r,
		.signers = &signer,
		.signer_count = 1,
		.lifecycle = LIFECYCLE_APPROVED,
		.source_class = CLASS_CLINICAL,
	};

	*r = said;
	r->subject = slice_str("S");
	r->predicate = slice_str("p");
	r->object.text = slice_str("1");
	memset(c.id.b, 0xaa, ID_SIZE);
	memset(signer.b, 0xbb, ID_SIZE);
	memset(other.b, 0xbb, ID_SIZE);
	return c;
}

static struct slice view(const struct buf *b)
{
	return slice_of(b->p, b->n);
}

static void a_list_says_nothing_of_what_stands(void)
{
	struct record r;
	struct claim c = claim(&r);
	BUF_AUTO(out);

	claim_print_listed(&c, &out);
	CHECK_TEXT(view(&out), SAID "\"" ID_B "\"]}\n");
}

static void a_list_says_what_does_not_stand(void)
{
	struct record r;
	struct claim c = claim(&r);
	BUF_AUTO(out);

	c.signer_count = 0;
	c.state = CLAIM_WITHDRAWN;
	claim_print_listed(&c, &out);
	CHECK_TEXT(view(&out), SAID "],\"state\":\"withdrawn\"}\n");
}

static void by_itself_a_claim_says_how_it_stands(void)
{
	struct record r;
	struct claim c = claim(&r);
	BUF_AUTO(out);

	claim_print_whole(&c, &out);
	CHECK_TEXT(view(&out), SAID "\"" ID_B "\"],\"state\":\"stands\"}\n");
}

static void what_took_its_place_is_named(void)
{
	struct record r;
	struct claim c = claim(&r);
	BUF_AUTO(out);

	c.signer_count = 0;
	c.state = CLAIM_REPLACED;
	c.by = other;
	claim_print_whole(&c, &out);
	CHECK_TEXT(view(&out),
		SAID "],\"state\":\"replaced\",\"replaced_by\":\"" ID_B "\"}\n");
}

static void what_counts_as_something_else_says_so(void)
{
	struct record r;
	struct claim c = claim(&r);
	BUF_AUTO(out);

	c.signer_count = 0;
	c.lifecycle = LIFECYCLE_PROPOSED;
	claim_print_whole(&c, &out);
	CHECK_TEXT(view(&out), SAID "],\"state\":\"stands\",\"counts_as\":{"
				    "\"lifecycle\":\"proposed\"}}\n");
	buf_reset(&out);
	c.source_class = CLASS_ANECDOTAL;
	claim_print_whole(&c, &out);
	CHECK_TEXT(view(&out), SAID "],\"state\":\"stands\",\"counts_as\":{"
				    "\"lifecycle\":\"proposed\",\"source_class\":"
				    "\"anecdotal\"}}\n");
}

static void no_class_is_none_counted(void)
{
	struct record r;
	struct claim c = claim(&r);
	BUF_AUTO(out);

	r.has = 0;
	r.source_class = 0;
	c.source_class = CLASSES;
	claim_print_whole(&c, &out);
	CHECK(!memmem(out.p, out.n, "counts_as", 9));
}

static void a_use_names_what_it_rests_on(void)
{
	struct record r;
	struct claim_use u = {.user = claim(&r), .depth = 2};
	BUF_AUTO(out);

	u.via = other;
	claim_print_use(&u, &out);
	CHECK_TEXT(view(&out),
		"{\"id\":\"" ID_A "\",\"subject\":\"S\",\"predicate\":\"p\","
		"\"object\":1,\"depth\":2,\"via\":\"" ID_B
		"\",\"state\":\"stands\","
		"\"withdrawn_premises\":[]}\n");
	buf_reset(&out);
	u.withdrawn = &other;
	u.withdrawn_count = 1;
	claim_print_use(&u, &out);
	CHECK(memmem(out.p, out.n, "_premises\":[\"" ID_B "\"]", 79));
}

int main(void)
{
	RUN(a_list_says_nothing_of_what_stands);
	RUN(a_list_says_what_does_not_stand);
	RUN(by_itself_a_claim_says_how_it_stands);
	RUN(what_took_its_place_is_named);
	RUN(what_counts_as_something_else_says_so);
	RUN(no_class_is_none_counted);
	RUN(a_use_names_what_it_rests_on);
	return tap_done();
}
