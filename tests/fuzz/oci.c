/*
 * libFuzzer (and AFL++) target: what registries and users say to the client of registries.  The first byte picks the reader: a reference, a
 * challenge (WWW-Authenticate), a manifest, an error's body.  What is taken must be as the headers of runner/oci/ promise.
 */
#include "base/utf8.h"
#include "runner/oci/client.h"
#include "runner/oci/manifest_view.h"
#include "runner/oci/name.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void reference(const char *text, size_t length, struct arena *a)
{
	struct oci_reference out;

	(void)length;
	if (oci_reference_parse(text, a, &out, NULL))
		return;
	check(oci_host_valid(out.registry) &&
	      oci_repository_valid(out.repository + (strncmp(out.repository, "library/", 8) ? 0 : 8)));
	check((*out.tag ? oci_tag_valid(out.tag) : *out.digest != '\0') && (!*out.digest || oci_digest_valid(out.digest)));
}

static void challenge(const char *text, size_t length, struct arena *a)
{
	struct challenge c = CHALLENGE_INIT;

	check(challenge_read(text, length, a, &c));
	check(c.scheme != CHALLENGE_BEARER || *c.realm);
	check(strlen(c.realm) <= length && strlen(c.scope) <= length);
}

static void manifest(const char *text, size_t length, struct arena *a)
{
	struct registry_manifest m = { .body = { .data = (char *)text, .length = length } };
	struct manifest_view v;
	uint64_t bytes;

	if (manifest_view(&m, a, &v, NULL))
		return;
	manifest_bytes(&v, &bytes);
	for (uint32_t i = 0; i < v.layers.count; i++)
		check(oci_digest_valid(v.layers.items[i].digest));
	for (uint32_t i = 0; i < v.parts.count; i++)
		check(oci_digest_valid(v.parts.items[i].digest));
	check(!*v.config.digest || oci_digest_valid(v.config.digest));
}

static void refusal(const char *text, size_t length, struct arena *a)
{
	const struct registry r = { .host = "x", .credential = { .password = "sesame" } };
	const struct exchange_reply reply = { .body = { .data = (char *)text, .length = length } };
	struct str out;

	(void)a;
	str_init(&out);
	registry_said(&r, &reply, &out);
	check(!strstr(out.data, "sesame") && utf8_valid(out.data, out.length) == out.length);
	for (size_t i = 0; i < out.length; i++)
		check((unsigned char)out.data[i] >= ' ' && out.data[i] != 0x7f);
	str_clear(&out);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static void (*const readers[])(const char *text, size_t length, struct arena *a) = { reference, challenge, manifest,
											     refusal };
	struct arena a = ARENA_INIT;
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	readers[data[0] % (sizeof(readers) / sizeof(*readers))](text, size - 1, &a);
	free(text);
	arena_clear(&a);
	return 0;
}
