/* BLAKE3 against the published vectors (input bytes i % 251, key "whats the Elvish
 * word for friend") and, where b3sum is installed, against b3sum on random input.
 */
#include "core/id.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/tap.h"

enum {
	INPUT_MAX = 102400,
};

struct vector {
	size_t n;
	const char *hex;
};

static const struct vector plain[] = {
	{0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
	{1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
	{2, "7b7015bb92cf0b318037702a6cdd81dee41224f734684c2c122cd6359cb1ee63"},
	{3, "e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f"},
	{4, "f30f5ab28fe047904037f77b6da4fea1e27241c5d132638d8bedce9d40494f32"},
	{5, "b40b44dfd97e7a84a996a91af8b85188c66c126940ba7aad2e7ae6b385402aa2"},
	{6, "06c4e8ffb6872fad96f9aaca5eee1553eb62aed0ad7198cef42e87f6a616c844"},
	{7, "3f8770f387faad08faa9d8414e9f449ac68e6ff0417f673f602a646a891419fe"},
	{8, "2351207d04fc16ade43ccab08600939c7c1fa70a5c0aaca76063d04c3228eaeb"},
	{63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b"},
	{64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"},
	{65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee"},
	{127, "d81293fda863f008c09e92fc382a81f5a0b4a1251cba1634016a0f86a6bd640d"},
	{128, "f17e570564b26578c33bb7f44643f539624b05df1a76c81f30acd548c44b45ef"},
	{129, "683aaae9f3c5ba37eaaf072aed0f9e30bac0865137bae68b1fde4ca2aebdcb12"},
	{1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
	{1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
	{1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
	{2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
	{2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
	{3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"},
	{3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"},
	{4096, "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969"},
	{8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"},
	{16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"},
	{31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"},
	{102400,
		"bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
};

static const struct vector keyed[] = {
	{0, "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"},
	{1, "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b"},
	{64, "ba8ced36f327700d213f120b1a207a3b8c04330528586f414d09f2f7d9ccb7e6"},
	{1023, "c951ecdf03288d0fcc96ee3413563d8a6d3589547f2c2fb36d9786470f1b9d6e"},
	{1024, "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4"},
	{1025, "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69"},
	{2049, "9f29700902f7c86e514ddc4df1e3049f258b2472b6dd5267f61bf13983b78dd5"},
};

static uint8_t input[INPUT_MAX];

static bool id_is(const struct id *id, const char *hex)
{
	char got[ID_HEX + 1];

	hex_print(id->b, ID_SIZE, got);
	return strcmp(got, hex) == 0;
}

static void published_hashes_come_out(void)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct id id = id_of(slice_of(input, plain[i].n));

		CHECK(id_is(&id, plain[i].hex));
	}
}

static void published_keyed_hashes_come_out(void)
{
	static const uint8_t key[ID_SIZE + 1] = "whats the Elvish word for friend";

	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
		struct id id = id_keyed(key, slice_of(input, keyed[i].n));

		CHECK(id_is(&id, keyed[i].hex));
	}
}

static void two_pieces_hash_like_one(void)
{
	struct slice whole = slice_of(input, 5000);
	struct id want = id_of(whole);

	for (size_t cut = 0; cut <= whole.n; cut += 61) {
		struct id got = id_of_two(
			slice_sub(whole, 0, cut), slice_sub(whole, cut, whole.n));

		CHECK(id_compare(&got, &want) == 0);
	}
}

/* What b3sum says of the file; empty where there is no b3sum. */
static void run_b3sum(const char *path, char out[ID_HEX + 1])
{
	char command[128];
	FILE *pipe;

	out[0] = '\0';
	(void)snprintf(
		command, sizeof(command), "b3sum --no-names %s 2>/dev/null", path);
	pipe = popen(command,
		"r"); /* NOLINT(cert-env33-c): a fixed command on our own file */
	if (!pipe)
		return;
	if (fread(out, 1, ID_HEX, pipe) == ID_HEX)
		out[ID_HEX] = '\0';
	else
		out[0] = '\0';
	(void)pclose(pipe);
}

static void b3sum_agrees(void)
{
	uint32_t random = 12345;

	for (int round = 0; round < 20; round++) {
		char path[] = "/tmp/stemefs-test-id-XXXXXX";
		char want[ID_HEX + 1];
		static uint8_t bytes[20000];
		int fd = mkstemp(path);
		struct id id;
		size_t n;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(random >> 24);
		}
		n = random % sizeof(bytes);
		CHECK(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
		(void)close(fd);
		run_b3sum(path, want);
		(void)unlink(path);
		if (want[0] == '\0') {
			printf("# skipped: no b3sum on PATH\n");
			return;
		}
		id = id_of(slice_of(bytes, n));
		CHECK(id_is(&id, want));
	}
}

static void hex_reads_back_in_either_case(void)
{
	static const uint8_t bytes[] = {0x00, 0x9f, 0xa0, 0xff};
	uint8_t got[4] = {0};
	char text[9];

	hex_print(bytes, sizeof(bytes), text);
	CHECK(strcmp(text, "009fa0ff") == 0);
	CHECK(hex_parse(slice_str(text), got, 4) == 0 &&
		memcmp(got, bytes, 4) == 0);
	CHECK(hex_parse(slice_str("009FA0fF"), got, 4) == 0 &&
		memcmp(got, bytes, 4) == 0);
	CHECK(hex_parse(slice_str("009fa0f"), got, 4) == -EINVAL);
	CHECK(hex_parse(slice_str("009fa0ff0"), got, 4) == -EINVAL);
	CHECK(hex_parse(slice_str("009fa0fg"), got, 4) == -EINVAL);
	CHECK(hex_parse(slice_str("009fa0f@"), got, 4) == -EINVAL);
	CHECK(hex_parse(slice_str(""), got, 0) == 0);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)(i % 251);
	RUN(published_hashes_come_out);
	RUN(published_keyed_hashes_come_out);
	RUN(two_pieces_hash_like_one);
	RUN(b3sum_agrees);
	RUN(hex_reads_back_in_either_case);
	return tap_done();
}
