/*
 * uses: image without a machine: Dockerfiles, .dockerignore, tags, OCI layouts, what is made of a Dockerfile and its context, and the steps
 * that come of the parameters.  The world is a table of files.
 */
#include "stages/image/builder.h"

#include "stages/types.h"
#include "tests/unit/decode_fixture.h"

#include <stdlib.h>

Suite *image_suite(void);

/* ---- Dockerfiles ---- */

/* "LINE stage WORD text" for each instruction, "= base|name|from|user" for each stage. */
static void show(const struct dockerfile *d, struct str *out)
{
	for (uint32_t i = 0; i < d->instructions.count; i++)
		str_printf(out, "%u %d %s %s\n", d->instructions.items[i].line, d->instructions.items[i].stage,
			   d->instructions.items[i].word, d->instructions.items[i].text);
	for (uint32_t i = 0; i < d->stages.count; i++)
		str_printf(out, "= %s|%s|%d|%s\n", d->stages.items[i].base, d->stages.items[i].name, d->stages.items[i].from,
			   d->stages.items[i].user ? d->stages.items[i].user : "-");
}

static const struct {
	const char *text, *expected;
} dockerfiles[] = {
	{ "", "" },
	{ "# a comment\n\n", "" },
	{ "FROM scratch\n", "1 0 FROM scratch\n= scratch||-1|-\n" },
	{ "\xef\xbb\xbf"
	  "from  alpine:3  \n",
	  "1 0 FROM alpine:3\n= alpine:3||-1|-\n" },
	{ "FROM a\r\nUSER 7\r\n", "1 0 FROM a\n2 0 USER 7\n= a||-1|7\n" },
	/* Lines that go on, over comments and empty lines. */
	{ "FROM a\nRUN b \\\n  # no\n\n  && c\\\n\nUSER u", "1 0 FROM a\n2 0 RUN b && c USER u\n= a||-1|-\n" },
	{ "FROM a\nRUN b \\  \n c\nUSER u", "1 0 FROM a\n2 0 RUN b c\n4 0 USER u\n= a||-1|u\n" },
	{ "FROM a\nRUN b \\", "1 0 FROM a\n2 0 RUN b\n= a||-1|-\n" },
	/* The escape directive: only at the very top. */
	{ "# escape=`\nFROM a\nRUN dir c:\\\nRUN b `\n c\n", "2 0 FROM a\n3 0 RUN dir c:\\\n4 0 RUN b c\n= a||-1|-\n" },
	{ "# syntax=docker/dockerfile:1\n#ESCAPE = `\nFROM a `\n AS b\n", "3 0 FROM a AS b\n= a|b|-1|-\n" },
	{ "# words\n# escape=`\nFROM a\nRUN b \\\n c\n", "3 0 FROM a\n4 0 RUN b c\n= a||-1|-\n" },
	{ "\n# escape=`\nFROM a\nRUN b \\\n c\n", "3 0 FROM a\n4 0 RUN b c\n= a||-1|-\n" },
	/* Stages. */
	{ "FROM --platform=linux/amd64 go:1.22 AS Build\nUSER 1\nFROM build as last\nFROM scratch\nUSER nobody:nogroup\n",
	  "1 0 FROM --platform=linux/amd64 go:1.22 AS Build\n2 0 USER 1\n3 1 FROM build as last\n4 2 FROM scratch\n"
	  "5 2 USER nobody:nogroup\n= go:1.22|Build|-1|1\n= build|last|0|-\n= scratch||-1|nobody:nogroup\n" },
	{ "USER root\nFROM\nFROM a AS\n", "1 -1 USER root\n2 0 FROM \n3 1 FROM a AS\n= ||-1|-\n= a||-1|-\n" },
	/* Variables. */
	{ "ARG V=3.19\nARG I=alpine:$V\nFROM ${I}\n",
	  "1 -1 ARG V=3.19\n2 -1 ARG I=alpine:$V\n3 0 FROM ${I}\n= alpine:3.19||-1|-\n" },
	{ "ARG V\nFROM a:${V:-3}${V:+no}\nARG V\n", "1 -1 ARG V\n2 0 FROM a:${V:-3}${V:+no}\n3 0 ARG V\n= a:3||-1|-\n" },
	{ "ARG GIVEN=1\nFROM a:$GIVEN\n", "1 -1 ARG GIVEN=1\n2 0 FROM a:$GIVEN\n= a:2||-1|-\n" },
	{ "FROM $NOWHERE\n", "1 0 FROM $NOWHERE\n= ||-1|-\n" },
	{ "FROM a\nARG U=app\nENV W=$U X=\"b c\"\nUSER ${W}\n",
	  "1 0 FROM a\n2 0 ARG U=app\n3 0 ENV W=$U X=\"b c\"\n4 0 USER ${W}\n= a||-1|app\n" },
	{ "FROM a\nENV W the rest\nUSER $W\n", "1 0 FROM a\n2 0 ENV W the rest\n3 0 USER $W\n= a||-1|the rest\n" },
	/* What is before the first FROM is known in a stage only where ARG asks for it. */
	{ "ARG U=0\nFROM a\nUSER $U\nFROM b\nARG U\nUSER $U\n",
	  "1 -1 ARG U=0\n2 0 FROM a\n3 0 USER $U\n4 1 FROM b\n5 1 ARG U\n6 1 USER $U\n= a||-1|\n= b||-1|0\n" },
	{ "FROM a\nUSER \\$x\nUSER ${x\n", "1 0 FROM a\n2 0 USER \\$x\n3 0 USER ${x\n= a||-1|\n" },
	/* Here-documents: nothing in them is an instruction. */
	{ "FROM a\nRUN <<EOF\nUSER root\nEOF\nUSER 5\n", "1 0 FROM a\n2 0 RUN <<EOF\n5 0 USER 5\n= a||-1|5\n" },
	{ "FROM a\nCOPY <<-\"A\" <<B /to/\nFROM x\n\t\tA\nFROM y\nB\nUSER 5\n",
	  "1 0 FROM a\n2 0 COPY <<-\"A\" <<B /to/\n7 0 USER 5\n= a||-1|5\n" },
	{ "FROM a\nRUN cat <<< word\nUSER 5\n", "1 0 FROM a\n2 0 RUN cat <<< word\n3 0 USER 5\n= a||-1|5\n" },
	{ "FROM a\nRUN <<EOF\nnever ended\nUSER root\n", "1 0 FROM a\n2 0 RUN <<EOF\n= a||-1|-\n" },
	{ "FROM a\nENV A=<<EOF\nUSER 5\n", "1 0 FROM a\n2 0 ENV A=<<EOF\n3 0 USER 5\n= a||-1|5\n" },
};

START_TEST(a_dockerfile_is_read)
{
	const char *const arguments[] = { "GIVEN=2", NULL };
	struct arena a = ARENA_INIT;
	struct dockerfile d;
	struct str out;

	str_init(&out);
	ck_assert_int_eq(dockerfile_parse(&d, &a, dockerfiles[_i].text, arguments, NULL), PIPE_OK);
	show(&d, &out);
	ck_assert_str_eq(out.data, dockerfiles[_i].expected);
	str_clear(&out);
	arena_clear(&a);
}
END_TEST

START_TEST(variables_that_double_have_a_bound)
{
	struct arena a = ARENA_INIT;
	struct dockerfile d;
	struct str text;

	str_init(&text);
	str_adds(&text, "ARG A0=xxxxxxxxxxxxxxxx\n");
	for (int i = 1; i < 200; i++)
		str_printf(&text, "ARG A%d=$A%d$A%d\n", i, i - 1, i - 1);
	str_adds(&text, "FROM $A199\n");
	ck_assert_int_eq(dockerfile_parse(&d, &a, text.data, NULL, NULL), PIPE_OK);
	ck_assert_str_eq(d.stages.items[0].base, "");
	ck_assert_uint_lt(a.used, 4 << 20);
	str_clear(&text);
	arena_clear(&a);
}
END_TEST

START_TEST(a_target_is_a_name_or_a_number)
{
	struct arena a = ARENA_INIT;
	struct dockerfile d;

	ck_assert_int_eq(dockerfile_parse(&d, &a, "FROM a AS One\nFROM b\n", NULL, NULL), PIPE_OK);
	ck_assert_int_eq(dockerfile_target(&d, NULL), 1);
	ck_assert_int_eq(dockerfile_target(&d, "one"), 0);
	ck_assert_int_eq(dockerfile_target(&d, "1"), 1);
	ck_assert_int_eq(dockerfile_target(&d, "2"), -1);
	ck_assert_int_eq(dockerfile_target(&d, "two"), -1);
	ck_assert_int_eq(dockerfile_target(&d, "-0"), -1);
	arena_clear(&a);
}
END_TEST

/* ---- .dockerignore ---- */

static const struct {
	const char *text, *path;
	bool covered;
} ignored[] = {
	{ "", "a", false },
	{ "a", "a", true },
	{ "a", "b/a", false },
	{ "a", "a/b/c", true },
	{ "/a/", "a/b", true },
	{ "./a", "a", true },
	{ "*.txt", "x.txt", true },
	{ "*.txt", "d/x.txt", false },
	{ "**/*.txt", "d/e/x.txt", true },
	{ "**/*.txt", "x.txt", true },
	{ "d/*", "d/e/f", true },
	{ "# a\n  \na \r\n", "a", true },
	{ "# a\n", "a", false },
	{ "*\n!a", "a", false },
	{ "*\n!a", "b", true },
	{ "!a\n*", "a", true },
	{ "d\n!d/keep", "d/keep", false },
	{ "d\n!d/keep", "d/other", true },
	{ "{a,b}", "a", false },
	{ "{a,b}", "{a,b}", true },
	{ "[^a]x", "bx", true },
	{ "[^a]x", "ax", false },
	{ "!", "a", false },
	{ ".", "a", false },
	{ "\xef\xbb\xbf"
	  "a",
	  "a", true },
};

START_TEST(dockerignore_covers)
{
	struct arena a = ARENA_INIT;
	struct ignore_patterns p = { 0 };

	ck_assert(ignore_read(&p, &a, ignored[_i].text));
	ck_assert_msg(ignore_covers(&p, &a, ignored[_i].path) == ignored[_i].covered, "\"%s\" and %s", ignored[_i].text,
		      ignored[_i].path);
	arena_clear(&a);
}
END_TEST

/* ---- tags ---- */

static const struct {
	const char *name;
	struct image_origin origin;
	const char *entries[4];
	const char *expected; /* references in order, then notes behind a `;`; an error behind a `!` */
} tagged[] = {
	{ "r.io/a", { 0 }, { "1", "x_Y.z-2" }, "r.io/a:1 r.io/a:x_Y.z-2" },
	{ "a", { "v1.2.3", "abc", NULL }, { "latest", "semver", "sha" }, "a:1.2.3 a:abc a:latest a:1.2 a:1" },
	{ "a",
	  { "1.2.3-rc.1", NULL, NULL },
	  { "semver", "latest" },
	  "a:1.2.3-rc.1; latest is not given to the pre-release 1.2.3-rc.1" },
	{ "a", { "0.4.5", NULL, NULL }, { "semver" }, "a:0.4.5 a:0.4" },
	{ "a", { "v1.2.3+build.5", NULL, NULL }, { "semver" }, "a:1.2.3_build.5 a:1.2 a:1" },
	{ "a",
	  { "release-5", NULL, NULL },
	  { "semver" },
	  "; semver gives no tag: the Git tag \"release-5\" is no version such as 1.2.3" },
	{ "a",
	  { "1.02.3", NULL, NULL },
	  { "semver" },
	  "; semver gives no tag: the Git tag \"1.02.3\" is no version such as 1.2.3" },
	{ "a", { "1.2", NULL, NULL }, { "semver" }, "; semver gives no tag: the Git tag \"1.2\" is no version such as 1.2.3" },
	{ "a",
	  { "1.2.3-", NULL, NULL },
	  { "semver" },
	  "; semver gives no tag: the Git tag \"1.2.3-\" is no version such as 1.2.3" },
	{ "a",
	  { 0 },
	  { "semver", "branch", "sha" },
	  "; semver gives no tag: this pipeline is not of a Git tag; branch gives no tag: this pipeline is not of a branch; sha gives "
	  "no tag: there is no commit" },
	{ "a", { NULL, "abc", "main" }, { "branch", "sha" }, "a:abc a:main" },
	{ NULL,
	  { NULL, "abc", NULL },
	  { "localhost:5000/a/b:sha", "localhost:5000/a/b:1" },
	  "localhost:5000/a/b:abc localhost:5000/a/b:1" },
	{ "a", { 0 }, { "1", "1" }, "a:1" },
	{ "a", { 0 }, { "b:2", "1" }, "b:2 a:1" },
	{ NULL, { 0 }, { "1.0" }, "!the tag \"1.0\" needs the name of an image: say it with \"name\", or write NAME:1.0" },
	{ "a", { 0 }, { "r.io/b" }, "!\"r.io/b\" has no tag; write \"r.io/b:latest\" where that is meant" },
	{ NULL,
	  { 0 },
	  { "localhost:5000/b" },
	  "!\"localhost:5000/b\" has no tag; write \"localhost:5000/b:latest\" where that is meant" },
	{ "a",
	  { 0 },
	  { "-x" },
	  "!\"-x\" is no tag: it takes letters, digits, _ . -, begins with none of . -, and has at most 128" },
	{ "a",
	  { 0 },
	  { "a:" },
	  "!\"\" is no tag: it takes letters, digits, _ . -, begins with none of . -, and has at most 128" },
	{ "Acme", { 0 }, { "1" }, "!\"Acme\" has a capital letter, and names of images have none" },
	{ NULL,
	  { 0 },
	  { "r.io/a//b:1" },
	  "!\"r.io/a//b\" is no name of an image: \"\" is not made of a-z, 0-9 and single . _ - between them" },
	{ NULL,
	  { 0 },
	  { "r.io/a..b:1" },
	  "!\"r.io/a..b\" is no name of an image: \"a..b\" is not made of a-z, 0-9 and single . _ - between them" },
	{ NULL,
	  { 0 },
	  { "r.io/a,push=true:1" },
	  "!\"r.io/a,push=true\" is no name of an image: \"a,push=true\" is not made of a-z, 0-9 and single . _ - between them" },
	{ NULL, { 0 }, { "r.io,x/a:1" }, "!\"r.io,x\" is no name of a registry" },
	{ NULL,
	  { 0 },
	  { "-v/a:1" },
	  "!\"-v/a\" is no name of an image: \"-v\" is not made of a-z, 0-9 and single . _ - between them" },
	{ NULL, { 0 }, { "r.io/a--b__c:1" }, "r.io/a--b__c:1" },
	{ NULL, { 0 }, { "r.io/a@sha256:1" }, "!\"r.io/a@sha256\" has a digest, which only a built image has: name a tag" },
};

START_TEST(tags_are_made)
{
	struct arena a = ARENA_INIT;
	struct image_tagging t = { .a = &a, .name = tagged[_i].name, .origin = tagged[_i].origin };
	pipe_error err = { 0 };
	struct str out;
	int rc = PIPE_OK;

	str_init(&out);
	for (size_t i = 0; i < 4 && tagged[_i].entries[i] && rc == PIPE_OK; i++)
		rc = image_tag_add(&t, tagged[_i].entries[i], &err);
	if (rc == PIPE_OK && t.name && (rc = image_name_check(t.name, &err)))
		str_reset(&out);
	image_tag_order(&t);
	for (uint32_t i = 0; rc == PIPE_OK && i < t.tags.count; i++)
		str_printf(&out, "%s%s", i ? " " : "", t.tags.items[i].reference);
	for (uint32_t i = 0; rc == PIPE_OK && i < t.notes.count; i++)
		str_printf(&out, "; %s", t.notes.items[i]);
	if (rc)
		str_printf(&out, "!%s", err.text);
	ck_assert_str_eq(out.data, tagged[_i].expected);
	str_clear(&out);
	arena_clear(&a);
}
END_TEST

/* ---- OCI layouts ---- */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(a_layout_says_digest_and_size)
{
	static const char *const broken[] = {
		"",
		"[]",
		"{\"manifests\":[]}",
		"{\"manifests\":[{\"digest\":\"sha256:12\"}]}",
		"{\"manifests\":[{\"digest\":\"sha256:../../../../../../../../../../../../../../../../../../etc/passwd1234567\"}]}",
		"{\"manifests\":[{\"digest\":7}]}",
		"{\"manifests\":[{\"digest\":\"sha256:" HEX "\"},{\"digest\":\"sha256:" HEX "\"}]}",
	};
	struct arena a = ARENA_INIT;
	const char *digest;
	uint64_t bytes;
	pipe_error err;

	ck_assert_int_eq(image_layout_digest(&a, "{\"manifests\":[{\"digest\":\"sha256:" HEX "\"}]}", &digest, &err), PIPE_OK);
	ck_assert_str_eq(digest, "sha256:" HEX);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		ck_assert_int_eq(image_layout_digest(&a, broken[i], &digest, &err), PIPE_EPIPELINE);
	ck_assert_int_eq(image_layout_bytes("{\"config\":{\"size\":5},\"layers\":[{\"size\":7},{\"size\":8}]}", &bytes, &err),
			 PIPE_OK);
	ck_assert_uint_eq(bytes, 20);
	ck_assert_int_eq(image_layout_bytes("{\"manifests\":[{\"size\":7}]}", &bytes, &err), PIPE_OK);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(image_layout_bytes("{\"config\":{\"size\":-5},\"layers\":[]}", &bytes, &err), PIPE_EPIPELINE);
	ck_assert_int_eq(image_layout_bytes("{", &bytes, &err), PIPE_EPIPELINE);
	arena_clear(&a);
}
END_TEST

/* ---- a world ---- */

struct file {
	const char *path, *text;
};

struct fake {
	struct decoded_text text;
	struct arena arena;
	struct variables variables;
	struct scope scope;
	struct stage_world world;
	struct evidence_totals totals;
	struct evidence_sink sink;
	struct stage_job job;
	const struct file *files; /* ended by one without a path */
	const char *tools;	  /* " buildah docker " */
	struct str said, found, image;
	pipe_error err;
	int rc;
};

static bool exists(void *payload, const char *path)
{
	const struct fake *f = payload;

	for (const struct file *one = f->files; one->path; one++)
		if (!strcmp(one->path, path))
			return true;
	return false;
}

static const char *const *find(void *payload, struct arena *a, const char *pattern, size_t most)
{
	(void)payload;
	(void)a;
	(void)pattern;
	(void)most;
	return NULL;
}

static const char *read_text(void *payload, struct arena *a, const char *path, pipe_error *err)
{
	const struct fake *f = payload;

	(void)a;
	for (const struct file *one = f->files; one->path; one++)
		if (!strcmp(one->path, path))
			return one->text;
	err->code = PIPE_ENOTFOUND;
	snprintf(err->text, sizeof(err->text), "cannot read %s", path);
	return NULL;
}

static const char *tool(void *payload, struct arena *a, const char *name)
{
	const struct fake *f = payload;
	char word[64];

	(void)a;
	snprintf(word, sizeof(word), " %s ", name);
	return strstr(f->tools, word) ? name : NULL;
}

static int64_t now_ms(void *payload)
{
	(void)payload;
	return 0;
}

static void say(void *payload, const char *line)
{
	struct fake *f = payload;

	str_printf(&f->said, "%s\n", line);
}

static int take_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct fake *fake = payload;

	(void)err;
	str_printf(&fake->found, "%s %s:%u\n", f->rule, f->path, f->line);
	return PIPE_OK;
}

static int take_image(void *payload, const struct evidence_image *i, pipe_error *err)
{
	struct fake *fake = payload;

	(void)err;
	str_printf(&fake->image, "%s %s %llu", i->name, i->digest, (unsigned long long)i->bytes);
	return PIPE_OK;
}

static void fake_init(struct fake *f, const char *tools, const struct file *files, const char *with)
{
	memset(f, 0, sizeof(*f));
	decoded_init(&f->text);
	str_init(&f->said);
	str_init(&f->found);
	str_init(&f->image);
	f->files = files;
	f->tools = tools;
	ck_assert(variables_set(&f->variables, &f->arena, (struct variable){ .name = "TOKEN", .value = "t" }));
	ck_assert(variables_set(&f->variables, &f->arena, (struct variable){ .name = "KEY_FILE", .value = "k", .file = true }));
	scope_push(&f->scope, &f->variables);
	f->world = (struct stage_world){
		.exists = exists, .glob = find, .read = read_text, .tool = tool, .now_ms = now_ms, .payload = f
	};
	f->sink = (struct evidence_sink){ .finding = take_finding, .image = take_image, .payload = f };
	ck_assert(decoded_with(&f->text, stage_image.uses.parameters, with));
	f->job = (struct stage_job){ .arena = &f->arena,
				     .type = &stage_image,
				     .name = "job",
				     .with = f->text.root,
				     .sources = &f->text.sources,
				     .scope = &f->scope,
				     .workspace = "/w",
				     .scratch = "/s",
				     .world = &f->world,
				     .totals = &f->totals,
				     .sink = &f->sink,
				     .say = say,
				     .say_payload = f };
}

static void fake_clear(struct fake *f)
{
	str_clear(&f->said);
	str_clear(&f->found);
	str_clear(&f->image);
	arena_clear(&f->arena);
	decoded_clear(&f->text);
}

/* All rounds; what each step does is in `fails`: the words of the step that fails, NULL: none does. */
static void run(struct fake *f, const char *fails)
{
	uint32_t from = 0;

	f->rc = stage_image.compile(&f->job, &f->err);
	while (f->rc == PIPE_OK) {
		uint32_t before = f->job.steps.count;
		bool failed = false;

		for (uint32_t i = from; i < before; i++) {
			struct step *s = &f->job.steps.items[i];
			struct str line;

			str_init(&line);
			str_printf(&line, "%s", s->argv ? "" : s->title);
			for (size_t k = 0; s->argv && s->argv[k]; k++)
				str_printf(&line, "%s%s", k ? " " : "", s->argv[k]);
			s->state = failed ? STEP_SKIPPED : STEP_DONE;
			s->answer = "";
			if (!failed && fails && strstr(line.data, fails)) {
				s->end = STEP_FAILED;
				s->exit_code = 9;
				failed = !s->may_fail;
			} else if (s->kind == STEP_ACTION && s->action->kind == ACTION_RESOLVE) {
				s->answer = "sha256:" HEX " 77 x/y";
			}
			str_clear(&line);
		}
		f->job.steps_before = from;
		from = before;
		f->rc = stage_image.react(&f->job, &f->err);
		if (f->job.steps.count == before)
			break;
		f->job.round++;
	}
	if (f->rc == PIPE_OK)
		f->rc = stage_image.evaluate(&f->job, &f->err);
}

static const char *steps_of(struct fake *f)
{
	str_reset(&f->said);
	for (uint32_t i = 0; i < f->job.steps.count; i++) {
		const struct step *s = &f->job.steps.items[i];

		if (s->state == STEP_SKIPPED)
			str_adds(&f->said, "(skipped) ");
		if (s->kind == STEP_ACTION || (s->title && !strstr(s->title, "secret")))
			str_printf(&f->said, "[%s]", s->title);
		else
			for (size_t k = 0; s->argv[k]; k++)
				str_printf(&f->said, "%s%s", k ? " " : "", s->argv[k]);
		if (s->env)
			str_printf(&f->said, " {%s}", s->env[0]);
		str_addc(&f->said, '\n');
	}
	return f->said.data;
}

#define LABELS                                                                                                                     \
	"labels: {org.opencontainers.image.created: x, org.opencontainers.image.revision: x, org.opencontainers.image.source: x, " \
	"org.opencontainers.image.version: x}"
#define LABEL_ARGS                                                                                                               \
	"--label org.opencontainers.image.created=x --label org.opencontainers.image.revision=x --label "                        \
	"org.opencontainers.image.source=x --label org.opencontainers.image.version=x"

static const struct file plain[] = { { "Dockerfile", "FROM scratch\nUSER 1\n" },
				     { "/s/id", "sha256:1d\n" },
				     { "/s/digest", "sha256:" HEX },
				     { "/s/secrets.json", "{\"SchemaVersion\":2,\"Results\":[]}" },
				     { NULL, NULL } };

/* Each of its ways. */
#define DOCKER_ASKED                                                                                                             \
	"[ask whether docker with buildx works]\n[ask whether docker with a BuildKit of its own works] {DOCKER_BUILDKIT=1}\n"    \
	"[ask whether docker with its classic builder works] {DOCKER_BUILDKIT=0}\n"

static const struct {
	const char *tools, *with, *fails, *steps;
	enum stage_verdict verdict;
	const char *reason;
} jobs[] = {
	{ " buildah ", "{scan_secrets: false, tags: [r.io/a:1], " LABELS "}", NULL,
	  "[ask whether buildah works]\nbuildah build --file Dockerfile " LABEL_ARGS " --tag r.io/a:1 --iidfile /s/id .\n",
	  VERDICT_PASS, NULL },
	{ " docker podman ", "{scan_secrets: false, tags: [r.io/a:1], push: true, docker_config: /l, " LABELS "}",
	  "{{.Server.Version}}",
	  "[ask whether docker with buildx works] {DOCKER_CONFIG=/l}\n"
	  "[ask whether docker with a BuildKit of its own works] {DOCKER_BUILDKIT=1}\n"
	  "[ask whether docker with its classic builder works] {DOCKER_BUILDKIT=0}\n[ask whether podman works]\n"
	  "podman build --file Dockerfile " LABEL_ARGS " --authfile /l/config.json --tag r.io/a:1 --iidfile /s/id .\n"
	  "podman push --authfile /l/config.json --digestfile /s/digest sha256:1d docker://r.io/a:1\n[look up r.io/a@sha256:" HEX
	  "]\n",
	  VERDICT_PASS, NULL },
	{ " docker ", "{scan_secrets: false, tags: [r.io/a:1], " LABELS "}", "{{.Server.Version}}", DOCKER_ASKED, VERDICT_FAIL,
	  "no builder works here; asked were: docker with buildx, docker with a BuildKit of its own, docker with its classic builder; the log has "
	  "what each said" },
	{ " podman ", "{builder: podman, tags: [r.io/a:1, r.io/a:2], push: true, retain: 5, ca_file: ca.pem, " LABELS "}", NULL,
	  "[search the workspace for secrets]\n[trust the authority of the registry]\npodman build --file Dockerfile " LABEL_ARGS
	  " --cert-dir /s/certificates --tag r.io/a:1 --tag r.io/a:2 --iidfile /s/id .\n"
	  "podman push --cert-dir /s/certificates --digestfile /s/digest sha256:1d docker://r.io/a:1\n"
	  "podman push --cert-dir /s/certificates --digestfile /s/digest sha256:1d docker://r.io/a:2\n"
	  "[look up r.io/a@sha256:" HEX "]\n[keep the 5 newest tags of r.io/a]\n",
	  VERDICT_PASS, NULL },
	{ " buildah ", "{builder: buildah, scan_secrets: false, tags: [r.io/a:1, r.io/a:2], push: true, retain: 5, " LABELS "}",
	  "a:2", "buildah build --file Dockerfile " LABEL_ARGS " --tag r.io/a:1 --tag r.io/a:2 --iidfile /s/id .\n", VERDICT_FAIL,
	  "buildah could not build the image from Dockerfile: exit code 9; its last lines name the step, and nothing was pushed" },
	{ " buildah ", "{builder: buildah, scan_secrets: false, tags: [r.io/a:1, r.io/a:2, r.io/a:3], push: true, " LABELS "}",
	  "docker://r.io/a:2",
	  "buildah build --file Dockerfile " LABEL_ARGS " --tag r.io/a:1 --tag r.io/a:2 --tag r.io/a:3 --iidfile /s/id .\n"
	  "buildah push --digestfile /s/digest sha256:1d docker://r.io/a:1\nbuildah push --digestfile /s/digest sha256:1d docker://r.io/a:2\n"
	  "(skipped) buildah push --digestfile /s/digest sha256:1d docker://r.io/a:3\n",
	  VERDICT_FAIL, "the push of r.io/a:2 failed: exit code 9; in the registry are the whole image and the tags r.io/a:1" },
	{ " buildah ", "{builder: buildah, scan_secrets: false, tags: [r.io/a:1], push: true, retain: 2, " LABELS "}", "newest",
	  "buildah build --file Dockerfile " LABEL_ARGS " --tag r.io/a:1 --iidfile /s/id .\n"
	  "buildah push --digestfile /s/digest sha256:1d docker://r.io/a:1\n[look up r.io/a@sha256:" HEX
	  "]\n[keep the 2 newest tags of r.io/a]\n",
	  VERDICT_WARN, "the image is pushed, and old tags could not be removed: exit code 9" },
	{ " buildah ", "{builder: buildah, tags: [r.io/a:1], " LABELS "}", "search", "[search the workspace for secrets]\n",
	  VERDICT_FAIL, "the context could not be searched for secrets: exit code 9" },
	{ " buildah ",
	  "{builder: buildah, scan_secrets: false, tags: [r.io/a:1], secrets: {s: {variable: TOKEN}, k: {variable: KEY_FILE}}, " LABELS
	  "}",
	  NULL,
	  "sh -c umask 077 && printf %s \"$TOKEN\" >\"$1\" sh /s/secret.1\nsh -c umask 077 && cat -- \"$KEY_FILE\" >\"$1\" sh /s/secret.2\n"
	  "buildah build --file Dockerfile " LABEL_ARGS
	  " --secret id=s,src=/s/secret.1 --secret id=k,src=/s/secret.2 --tag r.io/a:1 "
	  "--iidfile /s/id .\n",
	  VERDICT_PASS, NULL },
	{ " buildah ",
	  "{builder: buildah, scan_secrets: false, tags: [r.io/a:1, r.io/a:2], push: true, platforms: [linux/amd64, linux/arm64], " LABELS
	  "}",
	  NULL,
	  "buildah manifest rm r.io/a:1\nbuildah build --file Dockerfile " LABEL_ARGS
	  " --platform linux/amd64,linux/arm64 --manifest r.io/a:1 .\n"
	  "buildah manifest push --all --digestfile /s/digest r.io/a:1 docker://r.io/a:1\n"
	  "buildah manifest push --all --digestfile /s/digest r.io/a:1 docker://r.io/a:2\n[look up r.io/a@sha256:" HEX "]\n",
	  VERDICT_PASS, NULL },
	{ " docker ",
	  "{builder: docker, scan_secrets: false, tags: [r.io/a:1], push: true, platforms: [linux/amd64, linux/arm64], " LABELS
	  "}",
	  NULL,
	  "[ask whether docker with buildx works]\n"
	  "docker buildx build --file Dockerfile " LABEL_ARGS
	  " --platform linux/amd64,linux/arm64 --provenance=false --output type=cacheonly .\n"
	  "docker buildx build --file Dockerfile " LABEL_ARGS
	  " --platform linux/amd64,linux/arm64 --provenance=false --output type=image,name=r.io/a:1,push=true .\n[look up r.io/a:1]\n",
	  VERDICT_PASS, NULL },
	{ " executor ", "{builder: kaniko, scan_secrets: false, tags: [r.io/a:1], push: true, ca_file: /ca.pem, " LABELS "}",
	  NULL,
	  "executor --context=dir:///w --dockerfile=/w/Dockerfile " LABEL_ARGS
	  " --registry-certificate=r.io=/ca.pem --digest-file=/s/digest --destination r.io/a:1\n[look up r.io/a@sha256:" HEX
	  "]\n",
	  VERDICT_PASS, NULL },
};

START_TEST(steps_and_verdict_of_a_job)
{
	struct fake f;

	fake_init(&f, jobs[_i].tools, plain, jobs[_i].with);
	run(&f, jobs[_i].fails);
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	ck_assert_str_eq(steps_of(&f), jobs[_i].steps);
	ck_assert_int_eq(f.job.verdict, jobs[_i].verdict);
	if (jobs[_i].reason)
		ck_assert_str_eq(f.job.reason, jobs[_i].reason);
	else
		ck_assert_ptr_null(f.job.reason);
	fake_clear(&f);
}
END_TEST

START_TEST(what_is_handed_on)
{
	struct fake f;

	fake_init(&f, " docker ", plain,
		  "{builder: docker, scan_secrets: false, name: r.io/a, tags: [\"2\", \"3\"], push: true}");
	run(&f, NULL);
	ck_assert_int_eq(f.rc, PIPE_OK);
	ck_assert_str_eq(f.image.data, "r.io/a:2 sha256:" HEX " 77");
	ck_assert_uint_eq(f.job.exports.count, 4);
	ck_assert_str_eq(f.job.exports.items[0], "IMAGE_DIGEST=sha256:" HEX);
	ck_assert_str_eq(f.job.exports.items[1], "IMAGE=r.io/a@sha256:" HEX);
	ck_assert_str_eq(f.job.exports.items[2], "IMAGE_NAME=r.io/a");
	ck_assert_str_eq(f.job.exports.items[3], "IMAGE_TAG=2");
	fake_clear(&f);
}
END_TEST

START_TEST(what_cannot_be_done_is_said_before)
{
	static const struct {
		const char *tools, *with, *words;
	} wrong[] = {
		{ " executor ", "{tags: [r.io/a:1], push: true, secrets: {s: {variable: TOKEN}}}",
		  "none of the builders here can do it: kaniko has no secrets" },
		{ " docker ", "{tags: [r.io/a:1], platforms: [linux/amd64, linux/arm64]}",
		  "docker with buildx keeps images of several platforms nowhere on this machine" },
		{ " buildctl ", "{tags: [r.io/a:1]}",
		  "none of the builders here can do it: buildkit keeps no images on this machine" },
		{ " executor ", "{builder: kaniko, tags: [r.io/a:1], push: true, cache_from: [r.io/x], cache_to: r.io/y}",
		  "kaniko has one cache" },
		{ " buildah ", "{tags: [r.io/a:1], source_date_epoch: commit}", "the time of the commit is not known" },
		{ " buildah ", "{tags: [r.io/a:1], dockerfile: nowhere}", "there is no nowhere to build from" },
		{ " buildah ", "{tags: [r.io/a:1], dockerfile: ../x}", "leads out of the workspace" },
		{ " buildah ", "{tags: [r.io/a:1], archive: /etc/x}", "leads out of the workspace" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct fake f;
		fake_init(&f, wrong[i].tools, plain, wrong[i].with);
		ck_assert_int_eq(stage_image.compile(&f.job, &f.err), PIPE_EPIPELINE);
		ck_assert_msg(strstr(f.err.text, wrong[i].words), "%s", f.err.text);
		ck_assert_uint_gt(f.err.line, 0);
		fake_clear(&f);
	}
}
END_TEST

START_TEST(tools_that_are_missing_are_named)
{
	struct fake f;

	fake_init(&f, " ", plain, "{tags: [r.io/a:1], sbom: spdx}");
	ck_assert_int_eq(stage_image.compile(&f.job, &f.err), PIPE_OK);
	ck_assert_uint_eq(f.job.tools.count, 2);
	ck_assert_str_eq(f.job.tools.items[0].name, "buildah");
	ck_assert_str_eq(f.job.tools.items[1].name, "trivy");
	fake_clear(&f);
}
END_TEST

/* ---- checks ---- */

static const struct {
	const char *dockerfile, *with, *ignore, *expected; /* ignore: NULL: there is none; .git is always there */
} checked[] = {
	{ "FROM scratch\nUSER 1\n", "", "", "" },
	{ "FROM scratch\n", "", "", "root-user Dockerfile:1\n" },
	{ "FROM scratch\nUSER 1\nUSER root\n", "", "", "root-user Dockerfile:3\n" },
	{ "FROM scratch\nUSER 00:5\n", "", "", "root-user Dockerfile:2\n" },
	{ "FROM scratch\nUSER rooter\n", "", "", "" },
	{ "FROM scratch\nUSER $WHO\n", "", "", "" },
	{ "FROM d.io/base:nonroot\n", "", "", "" },
	{ "FROM a:1 AS b\nUSER 5\nFROM b\n", "", "", "" },
	{ "FROM a:1 AS b\nFROM b\nRUN x\n", "", "", "root-user Dockerfile:2\n" },
	{ "FROM scratch\n", "root: allow", "", "" },
	/* Bases: only of stages that the target needs. */
	{ "FROM a\nUSER 1\n", "", "", "latest-tag Dockerfile:1\n" },
	{ "FROM localhost:5000/a\nUSER 1\n", "", "", "latest-tag Dockerfile:1\n" },
	{ "FROM a:latest\nUSER 1\n", "", "", "latest-tag Dockerfile:1\n" },
	{ "FROM a@sha256:00\nUSER 1\n", "", "", "" },
	{ "FROM a AS one\nFROM b AS two\nFROM c:1\nCOPY --from=two /x /x\nUSER 1\n", "", "", "latest-tag Dockerfile:2\n" },
	{ "FROM a AS one\nFROM b:1\nCOPY --chown=1 --from=0 /x /x\nUSER 1\n", "", "", "latest-tag Dockerfile:1\n" },
	{ "FROM a AS one\nUSER 1\nFROM b\n", "target: one", "", "latest-tag Dockerfile:1\n" },
	/* ADD. */
	{ "FROM scratch\nADD https://x/y /\nUSER 1\n", "", "", "unverified-add Dockerfile:2\n" },
	{ "FROM scratch\nADD --chown=1 [\"a\", \"HTTP://x/y\", \"/\"]\nUSER 1\n", "", "", "unverified-add Dockerfile:2\n" },
	{ "FROM scratch\nADD --checksum=sha256:00 https://x/y /\nUSER 1\n", "", "", "" },
	{ "FROM scratch\nADD https://x/y.git#0123456789012345678901234567890123456789 /\nUSER 1\n", "", "", "" },
	{ "FROM scratch\nADD a.tar https://not/a/source\nUSER 1\n", "", "", "" },
	/* Names that say it. */
	{ "FROM scratch\nENV DB_PASSWORD=x A=b\nARG NPM_TOKEN\nARG GH_TOKEN=x\nUSER 1\n", "", "",
	  "secret-in-variable Dockerfile:2\nsecret-in-variable Dockerfile:4\n" },
	{ "FROM scratch\nARG NPM_TOKEN\nUSER 1\n", "build_args: {NPM_TOKEN: x}", "", "secret-in-variable Dockerfile:2\n" },
	{ "FROM scratch\nENV TOKEN value\nENV TOKENS=x PASSWORD_FILE=/x SECRETARY=y API_TOKEN=\nUSER 1\n", "", "",
	  "secret-in-variable Dockerfile:2\n" },
	/* The context. */
	{ "FROM scratch\nUSER 1\n", "", NULL, "no-dockerignore Dockerfile:0\n" },
	{ "FROM scratch\nCOPY . /\nUSER 1\n", "", NULL, "no-dockerignore Dockerfile:2\n" },
	{ "FROM scratch\nCOPY [\"./\", \"/x\"]\nUSER 1\n", "", NULL, "no-dockerignore Dockerfile:2\n" },
	{ "FROM scratch\nCOPY . /\nUSER 1\n", "", ".git", "" },
	{ "FROM scratch\nCOPY . /\nUSER 1\n", "dockerignore: allow", NULL, "" },
	/* What is no Dockerfile is the builder's to say. */
	{ "hello\n", "", "", "" },
};

START_TEST(a_dockerfile_is_looked_at)
{
	const struct file files[] = { { "Dockerfile", checked[_i].dockerfile },
				      { ".git", "" },
				      { "/s/id", "sha256:1d\n" },
				      { checked[_i].ignore ? ".dockerignore" : NULL, checked[_i].ignore },
				      { NULL, NULL } };
	char with[256];
	struct fake f;

	snprintf(with, sizeof(with), "{builder: buildah, scan_secrets: false, tags: [r.io/a:1]%s%s}",
		 *checked[_i].with ? ", " : "", checked[_i].with);
	fake_init(&f, " buildah ", files, with);
	run(&f, NULL);
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	ck_assert_str_eq(f.found.data, checked[_i].expected);
	ck_assert_int_eq(f.job.verdict, *checked[_i].expected ? VERDICT_WARN : VERDICT_PASS);
	fake_clear(&f);
}
END_TEST

#define SECRETS                                                                                                                  \
	"{\"SchemaVersion\":2,\"Results\":[{\"Target\":\"conf/key.pem\",\"Class\":\"secret\",\"Secrets\":[{\"RuleID\":"          \
	"\"private-key\",\"Category\":\"Key\",\"Severity\":\"HIGH\",\"Title\":\"Private key\",\"StartLine\":3,\"EndLine\":3,"    \
	"\"Match\":\"***\"}]}]}"

START_TEST(a_secret_in_the_context_stops_it)
{
	static const struct {
		const char *with, *ignore;
		enum stage_verdict verdict;
		const char *found;
	} cases[] = {
		{ "", "x", VERDICT_FAIL, "private-key ctx/conf/key.pem:3\n" },
		{ ", allow_secrets: true", "x", VERDICT_PASS, "private-key ctx/conf/key.pem:3\n" },
		{ "", "conf", VERDICT_PASS, "" },
		{ "", "conf\n!conf/*.pem", VERDICT_FAIL, "private-key ctx/conf/key.pem:3\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct file files[] = { { "ctx", "" },
					      { "ctx/Dockerfile", "FROM scratch\nUSER 1\n" },
					      { "ctx/.dockerignore", cases[i].ignore },
					      { "/s/secrets.json", SECRETS },
					      { "/s/id", "sha256:1d" },
					      { NULL, NULL } };
		char with[256];
		struct fake f;

		snprintf(with, sizeof(with), "{builder: buildah, context: ctx, tags: [r.io/a:1]%s}", cases[i].with);
		fake_init(&f, " buildah ", files, with);
		run(&f, NULL);
		ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
		ck_assert_int_eq(f.job.verdict, cases[i].verdict);
		ck_assert_str_eq(f.found.data, cases[i].found);
		ck_assert_uint_eq(f.job.steps.count, cases[i].verdict == VERDICT_FAIL ? 1 : 2);
		fake_clear(&f);
	}
}
END_TEST

Suite *image_suite(void)
{
	Suite *s = suite_create("image");
	TCase *t = tcase_create("image");

	tcase_add_loop_test(t, a_dockerfile_is_read, 0, sizeof(dockerfiles) / sizeof(*dockerfiles));
	tcase_add_test(t, variables_that_double_have_a_bound);
	tcase_add_test(t, a_target_is_a_name_or_a_number);
	tcase_add_loop_test(t, dockerignore_covers, 0, sizeof(ignored) / sizeof(*ignored));
	tcase_add_loop_test(t, tags_are_made, 0, sizeof(tagged) / sizeof(*tagged));
	tcase_add_test(t, a_layout_says_digest_and_size);
	tcase_add_loop_test(t, steps_and_verdict_of_a_job, 0, sizeof(jobs) / sizeof(*jobs));
	tcase_add_test(t, what_is_handed_on);
	tcase_add_test(t, what_cannot_be_done_is_said_before);
	tcase_add_test(t, tools_that_are_missing_are_named);
	tcase_add_loop_test(t, a_dockerfile_is_looked_at, 0, sizeof(checked) / sizeof(*checked));
	tcase_add_test(t, a_secret_in_the_context_stops_it);
	suite_add_tcase(s, t);
	return s;
}
