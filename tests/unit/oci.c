#include "base/str.h"
#include "runner/oci/challenge.h"
#include "runner/oci/credential.h"
#include "runner/oci/manifest_view.h"
#include "runner/oci/name.h"
#include "runner/oci/registry.h"
#include "tests/unit/scratch.h"
#include "tests/unit/server.h"

#include <time.h>

Suite *oci_suite(void);

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct arena arena;
static struct scratch scratch;
static pipe_error err;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	err = (pipe_error){ 0 };
	scratch_make(&scratch);
}

static void teardown(void)
{
	arena_clear(&arena);
	scratch_remove(&scratch);
}

/* ---- references ---- */

static const struct {
	const char *text, *registry, *repository, *tag, *digest;
	bool implied;
} references[] = {
	{ "alpine", "docker.io", "library/alpine", "latest", "", true },
	{ "alpine:3.18", "docker.io", "library/alpine", "3.18", "", false },
	{ "acme/app", "docker.io", "acme/app", "latest", "", true },
	{ "docker.io/alpine", "docker.io", "library/alpine", "latest", "", true },
	{ "index.docker.io/acme/app:1", "docker.io", "acme/app", "1", "", false },
	{ "ghcr.io/acme/app:1.2@sha256:" HEX64, "ghcr.io", "acme/app", "1.2", "sha256:" HEX64, false },
	{ "ghcr.io/acme/app@sha256:" HEX64, "ghcr.io", "acme/app", "", "sha256:" HEX64, false },
	{ "localhost/app", "localhost", "app", "latest", "", true },
	{ "localhost:5000/app", "localhost:5000", "app", "latest", "", true },
	{ "localhost:5000/a/b-c/d__e.f:v1", "localhost:5000", "a/b-c/d__e.f", "v1", "", false },
	{ "[::1]:5000/app:x", "[::1]:5000", "app", "x", "", false },
	{ "127.0.0.1/app", "127.0.0.1", "app", "latest", "", true },
	{ "REGISTRY/app", "REGISTRY", "app", "latest", "", true },
	{ "app:5000", "docker.io", "library/app", "5000", "", false },
	{ "a---b", "docker.io", "library/a---b", "latest", "", true },
};

START_TEST(references_are_read)
{
	struct oci_reference out;

	ck_assert_msg(oci_reference_parse(references[_i].text, &arena, &out, &err) == PIPE_OK, "%s: %s", references[_i].text,
		      err.text);
	ck_assert_str_eq(out.registry, references[_i].registry);
	ck_assert_str_eq(out.repository, references[_i].repository);
	ck_assert_str_eq(out.tag, references[_i].tag);
	ck_assert_str_eq(out.digest, references[_i].digest);
	ck_assert_int_eq(out.implied_latest, references[_i].implied);
}
END_TEST

static const struct {
	const char *text, *why;
} wrong_references[] = {
	{ "", "the name is missing" },
	{ "https://ghcr.io/acme/app", "without \"https://\"" },
	{ "Alpine", "small letters" },
	{ "acme/App", "small letters" },
	{ "a//b", "separated by" },
	{ "a/", "separated by" },
	{ "a/b/", "separated by" },
	{ "/a", "separated by" },
	{ "a..b", "single" },
	{ "a_", "single" },
	{ "a___b", "single" },
	{ "../../etc", "registry" },
	{ "x.y/../z", "single" },
	{ "app:", "a tag has" },
	{ "app:-x", "a tag has" },
	{ "app:a b", "a tag has" },
	{ "app@sha256:12", "digest" },
	{ "app@md5:" HEX64, "digest" },
	{ "app@", "digest" },
	{ "host:port/app", "registry" },
	{ "host:0/app", "registry" },
	{ "host:65536/app", "registry" },
	{ "-x.io/app", "registry" },
	{ "user@host.io/app", "digest" },
	{ "host.io/app?x", "separated by" },
	{ "host.io/a\r\nb", "separated by" },
};

START_TEST(what_is_no_reference_is_told_why)
{
	struct oci_reference out;

	ck_assert_msg(oci_reference_parse(wrong_references[_i].text, &arena, &out, &err) == PIPE_EUSAGE, "%s",
		      wrong_references[_i].text);
	ck_assert_msg(strstr(err.text, wrong_references[_i].why) != NULL, "%s: %s", wrong_references[_i].text, err.text);
}
END_TEST

START_TEST(names_have_bounds)
{
	char text[400];

	memset(text, 'a', sizeof(text));
	text[255] = '\0';
	ck_assert(oci_repository_valid(text));
	text[255] = 'a';
	text[256] = '\0';
	ck_assert(!oci_repository_valid(text));
	text[128] = '\0';
	ck_assert(oci_tag_valid(text));
	text[128] = 'a';
	text[129] = '\0';
	ck_assert(!oci_tag_valid(text));
	ck_assert(oci_digest_valid("sha256:" HEX64));
	ck_assert(oci_digest_valid("sha512:" HEX64 HEX64));
	ck_assert(!oci_digest_valid("sha512:" HEX64));
	ck_assert(!oci_digest_valid("sha256:" HEX64 "0"));
	ck_assert(!oci_digest_valid("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"));
	ck_assert(!oci_digest_valid("sha256:"));
}
END_TEST

/* ---- challenges ---- */

static struct challenge read_challenge(const char *text)
{
	struct challenge c = CHALLENGE_INIT;

	ck_assert(challenge_read(text, strlen(text), &arena, &c));
	return c;
}

START_TEST(challenges_are_read)
{
	struct challenge c = read_challenge(
		"Bearer realm=\"https://auth.x/t\",service=\"reg\",scope=\"repository:a/b:pull,push\"");

	ck_assert_int_eq(c.scheme, CHALLENGE_BEARER);
	ck_assert_str_eq(c.realm, "https://auth.x/t");
	ck_assert_str_eq(c.service, "reg");
	ck_assert_str_eq(c.scope, "repository:a/b:pull,push");
	c = read_challenge("basic Realm = \"a \\\"quoted\\\" \\\\ word\" , charset=UTF-8");
	ck_assert_int_eq(c.scheme, CHALLENGE_BASIC);
	ck_assert_str_eq(c.realm, "a \"quoted\" \\ word");
	c = read_challenge("Negotiate, Basic realm=x, Bearer realm=https://t,error=invalid_token, Bearer realm=https://later");
	ck_assert_int_eq(c.scheme, CHALLENGE_BEARER);
	ck_assert_str_eq(c.realm, "https://t");
	ck_assert_str_eq(c.error, "invalid_token");
}
END_TEST

START_TEST(challenges_that_are_odd)
{
	static const char *const none[] = { "",	  ",,,", "Bearer", "Bearer realm=", "Bearer realm=\"\"", "Digest realm=x",
					    "=x", "\"",	 "\x01" };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		ck_assert_msg(read_challenge(none[i]).scheme == CHALLENGE_NONE, "%s", none[i]);
	ck_assert_str_eq(read_challenge("Bearer realm=\"open").realm, "open");
	ck_assert_str_eq(read_challenge("Bearer realm=\"open\\").realm, "open\\");
	ck_assert_str_eq(read_challenge("Bearer realm=a, realm=b").realm, "a");
	ck_assert_int_eq(read_challenge("Bearer realm=\"\", Basic realm=x").scheme, CHALLENGE_BASIC);
}
END_TEST

/* ---- credentials ---- */

#define ANN "YW5uOnNlc2FtZQ==" /* ann:sesame */
#define BOB "Ym9iOng6eQ"       /* bob:x:y, without its padding */

static struct credential find(const char *config, const char *host, const char *repository)
{
	struct registry_options o = { .docker_config = scratch.root };
	struct credential c;

	scratch_file(&scratch, "config.json", config);
	ck_ok(credential_find(&o, host, repository, &arena, &c, &err));
	return c;
}

START_TEST(entries_of_a_configuration)
{
	struct credential c = find("{\"auths\":{\"reg.io\":{\"auth\":\"" ANN "\"}}}", "reg.io", "a");

	ck_assert_str_eq(c.user, "ann");
	ck_assert_str_eq(c.password, "sesame");
	ck_assert_ptr_nonnull(strstr(c.source, "config.json"));
	c = find("{\"auths\":{\"reg.io\":{\"auth\":\"" BOB "\"}}}", "reg.io", "a");
	ck_assert_str_eq(c.password, "x:y");
	c = find("{\"auths\":{\"https://REG.io/v2/\":{\"username\":\"u\",\"password\":\"p\"}}}", "reg.io", "a");
	ck_assert_str_eq(c.user, "u");
	c = find("{\"auths\":{\"https://index.docker.io/v1/\":{\"identitytoken\":\"t\"}}}", "docker.io", "library/a");
	ck_assert_str_eq(c.identity_token, "t");
	ck_assert_ptr_null(c.user);
	c = find("{\"auths\":{\"reg.io\":{\"registrytoken\":\"t\"}}}", "reg.io", "a");
	ck_assert_str_eq(c.registry_token, "t");
	ck_assert_ptr_null(find("{\"auths\":{\"reg.io:5000\":{\"auth\":\"" ANN "\"}}}", "reg.io", "a").user);
	ck_assert_ptr_null(find("{\"auths\":{\"reg.io\":{}}}", "reg.io", "a").user);
	ck_assert_ptr_null(find("{}", "reg.io", "a").user);
	ck_assert_ptr_null(find("", "reg.io", "a").user);
	ck_assert_ptr_null(find("{\"auths\":[],\"credHelpers\":5,\"credsStore\":{}}", "reg.io", "a").user);
}
END_TEST

START_TEST(the_longest_name_wins)
{
	static const char config[] = "{\"auths\":{\"reg.io\":{\"auth\":\"" ANN "\"},\"reg.io/team\":{\"auth\":\"" BOB "\"}}}";

	ck_assert_str_eq(find(config, "reg.io", "team/app").user, "bob");
	ck_assert_str_eq(find(config, "reg.io", "team").user, "bob");
	ck_assert_str_eq(find(config, "reg.io", "teams/app").user, "ann");
}
END_TEST

START_TEST(places_are_asked_in_turn)
{
	char home[128], runtime[128];
	const char *const envp[] = { home, runtime, NULL };
	struct registry_options o = { .envp = envp };
	struct credential c;

	snprintf(home, sizeof(home), "HOME=%s/home", scratch.root);
	snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=%s/run", scratch.root);
	scratch_file(&scratch, "home/.docker/config.json",
		     "{\"auths\":{\"reg.io\":{\"auth\":\"" ANN "\"},\"o.io\":{\"auth\":\"" ANN "\"}}}");
	scratch_file(&scratch, "run/containers/auth.json", "{\"auths\":{\"reg.io\":{\"auth\":\"" BOB "\"}}}");
	ck_ok(credential_find(&o, "reg.io", "a", &arena, &c, &err));
	ck_assert_str_eq(c.user, "bob");
	ck_ok(credential_find(&o, "o.io", "a", &arena, &c, &err));
	ck_assert_str_eq(c.user, "ann");
	ck_ok(credential_find(&o, "none.io", "a", &arena, &c, &err));
	ck_assert_ptr_null(c.user);
	o = (struct registry_options){ .user = "u", .password = "p" };
	ck_ok(credential_find(&o, "reg.io", "a", &arena, &c, &err));
	ck_assert_str_eq(c.password, "p");
	o = (struct registry_options){ .user = NULL };
	ck_ok(credential_find(&o, "reg.io", "a", &arena, &c, &err));
	ck_assert_ptr_null(c.user);
}
END_TEST

START_TEST(configurations_that_are_wrong)
{
	static const char *const wrong[] = { "{\"auths\":{\"reg.io\":{\"auth\":\"sesame!!\"}}}",
					     "{\"auths\":{\"reg.io\":{\"auth\":\"c2VzYW1l\"}}}", "[\"sesame\"]",
					     "{\"auths\":{\"reg.io\":{\"auth\":\"sesame\" \"sesame\"}}}" };
	struct registry_options o = { .docker_config = scratch.root };
	struct credential c;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		scratch_file(&scratch, "config.json", wrong[i]);
		ck_assert_int_eq(credential_find(&o, "reg.io", "a", &arena, &c, &err), PIPE_EUSAGE);
		ck_assert_ptr_nonnull(strstr(err.text, "config.json"));
		ck_assert_ptr_null(strstr(err.text, "sesame"));
	}
}
END_TEST

/* A helper that hands its stdin and its environment back as a secret. */
static void make_helper(const char *name, const char *script)
{
	char file[64];

	snprintf(file, sizeof(file), "docker-credential-%s", name);
	scratch_file(&scratch, file, script);
	ck_assert_int_eq(chmod(scratch_path(&scratch, file), 0755), 0);
}

START_TEST(a_helper_gets_the_server_and_its_environment_and_nothing_else)
{
	char path[128];
	const char *const envp[] = { path, "PIPE_TASK=1/2", "WORD=there", NULL };
	struct str out;

	snprintf(path, sizeof(path), "PATH=relative:%s:/usr/bin:/bin", scratch.root);
	make_helper("x", "#!/bin/sh\necho \"$1 $(cat) $WORD ${PIPE_TASK-unmarked}\"\n");
	str_init(&out);
	ck_ok(credential_helper_get("x", "reg.io:5000", envp, NULL, &out, &err));
	ck_assert_str_eq(out.data, "get reg.io:5000 there unmarked\n");
	str_clear(&out);
}
END_TEST

START_TEST(a_helper_that_hangs_is_left_when_somebody_cancels)
{
	char path[128];
	const char *const envp[] = { path, NULL };
	atomic_bool cancel = true;
	struct timespec from, to;
	struct str out;

	snprintf(path, sizeof(path), "PATH=%s:/usr/bin:/bin", scratch.root);
	make_helper("x", "#!/bin/sh\nsleep 30\n");
	str_init(&out);
	clock_gettime(CLOCK_MONOTONIC, &from);
	ck_assert_int_eq(credential_helper_get("x", "reg.io", envp, &cancel, &out, &err), PIPE_EUSAGE);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ck_assert_int_lt(to.tv_sec - from.tv_sec, 3);
	cancel = false;
	make_helper("y", "#!/bin/sh\nexec cat /dev/zero\n"); /* says too much */
	ck_assert_int_eq(credential_helper_get("y", "reg.io", envp, &cancel, &out, &err), PIPE_EUSAGE);
	str_clear(&out);
}
END_TEST

/* ---- manifests ---- */

static int view(const char *text, struct manifest_view *out)
{
	struct registry_manifest m = { .body = { .data = (char *)text, .length = strlen(text) } };

	return manifest_view(&m, &arena, out, &err);
}

START_TEST(manifests_are_read)
{
	struct manifest_view v;
	uint64_t bytes;

	ck_ok(view("{\"config\":{\"digest\":\"sha256:" HEX64 "\",\"size\":5},\"layers\":[{\"digest\":\"sha256:" HEX64
		   "\",\"size\":7}],\"annotations\":{\"org.opencontainers.image.created\":\"2024-01-01T00:00:00Z\"}}",
		   &v));
	ck_assert(!v.index);
	ck_assert_uint_eq(v.layers.count, 1);
	ck_assert(manifest_bytes(&v, &bytes));
	ck_assert_uint_eq(bytes, 12);
	ck_assert_str_eq(v.created, "2024-01-01T00:00:00Z");
	ck_ok(view("{\"manifests\":[{\"digest\":\"sha256:" HEX64 "\",\"mediaType\":\"" OCI_INDEX "\"},{\"digest\":\"sha256:" HEX64
		   "\",\"platform\":{\"os\":\"unknown\"}}]}",
		   &v));
	ck_assert(v.index && v.parts.items[0].index && !v.parts.items[0].attestation && v.parts.items[1].attestation);
	ck_ok(view("{\"config\":{\"digest\":\"sha256:" HEX64
		   "\",\"size\":9223372036854775807},\"layers\":[{\"digest\":\"sha256:" HEX64
		   "\",\"size\":9223372036854775807},{\"digest\":\"sha256:" HEX64 "\",\"size\":9223372036854775807}]}",
		   &v));
	ck_assert(!manifest_bytes(&v, &bytes));
}
END_TEST

START_TEST(manifests_that_are_none)
{
	static const char *const wrong[] = { "",
					     "[]",
					     "{}",
					     "{\"schemaVersion\":1,\"fsLayers\":[]}",
					     "{\"config\":{\"digest\":\"x\"}}",
					     "{\"layers\":[{}]}",
					     "{\"layers\":[5]}",
					     "{\"manifests\":[{\"digest\":\"../x\"}]}" };
	struct manifest_view v;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_assert_msg(view(wrong[i], &v) == PIPE_EPIPELINE, "%s", wrong[i]);
}
END_TEST

/* ---- a conversation ---- */

static const struct answer answers[] = {
	{ "/v2/a/manifests/v1", "200 OK\r\nContent-Type: application/json\r\nContent-Length: 29\r\n",
	  "{\"mediaType\":\"x/y\",\"k\":\"abc\"}", NULL },
	{ "/v2/a/tags/list?n=1000", "200 OK\r\nContent-Length: 12\r\n", "{\"tags\":null}", NULL },
	{ "/v2/slow/tags/list?n=1000", NULL, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

static int no_tag(void *payload, const char *tag)
{
	(void)payload;
	ck_abort_msg("a tag: %s", tag);
	return 0;
}

START_TEST(a_conversation)
{
	struct registry_options o = { .retries = 1, .plain_http = true };
	struct registry_manifest m;
	struct registry *r;
	struct server server;
	char host[64];

	server_start(&server, answers);
	snprintf(host, sizeof(host), "127.0.0.1:%d", server.port);
	ck_ok(registry_open(&r, host, &o, &err));
	ck_ok(registry_get_manifest(r, "a", "v1", &m, &err));
	ck_assert_str_eq(m.media_type, "x/y");
	ck_assert_ptr_nonnull(strstr(server.last, OCI_INDEX));
	ck_assert_ptr_null(strstr(server.last, "Authorization"));
	registry_manifest_clear(&m);
	ck_assert_int_eq(registry_get_manifest(r, "a", "v2", &m, &err), PIPE_ENOTFOUND);
	registry_manifest_clear(&m);
	registry_close(r);
	server_stop(&server);
}
END_TEST

START_TEST(a_call_can_be_cancelled)
{
	atomic_bool cancel = true;
	struct registry_options o = { .plain_http = true, .cancel = &cancel };
	struct registry *r;
	struct server server;
	char host[64];

	server_start(&server, answers);
	snprintf(host, sizeof(host), "127.0.0.1:%d", server.port);
	ck_ok(registry_open(&r, host, &o, &err));
	ck_assert_int_eq(registry_tags(r, "slow", no_tag, NULL, &err), PIPE_ENETWORK);
	ck_assert_ptr_nonnull(strstr(err.text, "cancelled"));
	registry_close(r);
	server_stop(&server);
}
END_TEST

START_TEST(hosts_that_are_none)
{
	static const char *const wrong[] = { "",      "a/b",	    "a b",  "user@host", "host?x", "http://host",
					     "host:", "host:99999", "[::1", "a..b",	 "\r\n" };
	struct registry_options o = { .retries = 1 };
	struct registry *r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		ck_assert_msg(registry_open(&r, wrong[i], &o, &err) == PIPE_EUSAGE, "%s", wrong[i]);
		ck_assert_ptr_null(r);
	}
}
END_TEST

Suite *oci_suite(void)
{
	Suite *suite = suite_create("oci");
	TCase *t = tcase_create("oci");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, references_are_read, 0, sizeof(references) / sizeof(*references));
	tcase_add_loop_test(t, what_is_no_reference_is_told_why, 0, sizeof(wrong_references) / sizeof(*wrong_references));
	tcase_add_test(t, names_have_bounds);
	tcase_add_test(t, challenges_are_read);
	tcase_add_test(t, challenges_that_are_odd);
	tcase_add_test(t, entries_of_a_configuration);
	tcase_add_test(t, the_longest_name_wins);
	tcase_add_test(t, places_are_asked_in_turn);
	tcase_add_test(t, configurations_that_are_wrong);
	tcase_add_test(t, a_helper_gets_the_server_and_its_environment_and_nothing_else);
	tcase_add_test(t, a_helper_that_hangs_is_left_when_somebody_cancels);
	tcase_add_test(t, manifests_are_read);
	tcase_add_test(t, manifests_that_are_none);
	tcase_add_test(t, a_conversation);
	tcase_add_test(t, a_call_can_be_cancelled);
	tcase_add_test(t, hosts_that_are_none);
	suite_add_tcase(suite, t);
	return suite;
}
