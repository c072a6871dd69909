/* The steps of each phase: does a builder work, build, push, and what is kept of it. */
#include "stages/image/builder.h"

#include "base/error.h"

#include <string.h>

static struct step *add_step(struct image_work *i, const char *const *argv)
{
	struct step *step = argv ? stage_step(i->job, STEP_COMMAND) : NULL;

	if (step)
		step->argv = argv;
	return step;
}

/* What a builder's process gets beside the job's environment. */
static const char *const *environment(const struct image_work *i)
{
	const struct image_builder *b = image_builder(i);
	bool login = i->set.docker_config && !(b->can & LIKE_BUILDAH);
	const char **env = login || b->env ? ARENA_ARRAY(i->job->arena, const char *, 3) : NULL;
	size_t n = 0;

	if (env && b->env)
		env[n++] = b->env;
	if (env && login)
		env[n] = arena_printf(i->job->arena, "DOCKER_CONFIG=%s", i->set.docker_config);
	return env;
}

/* A command of the builder. */
static struct step *add_command(struct image_work *i, struct argv *v)
{
	struct step *step = add_step(i, argv_end(v));

	if (step)
		step->env = environment(i);
	return step;
}

static int add_words(struct image_work *i, const char *title, const char *const *words, pipe_error *err)
{
	struct argv v = { .a = i->job->arena };
	struct step *step;

	for (; *words; words++)
		argv_add(&v, *words);
	step = add_step(i, argv_end(&v));
	if (!step)
		return error_nomem(err);
	step->title = title;
	return PIPE_OK;
}

/* ---- does it work? ---- */

static const char *program_of(const struct image_work *i, const struct image_builder *b)
{
	for (size_t k = 0; k < sizeof(b->programs) / sizeof(*b->programs) && b->programs[k]; k++)
		if (i->job->world->tool(i->job->world->payload, i->job->arena, b->programs[k]))
			return b->programs[k];
	return b->programs[0];
}

int image_probe(struct image_work *i, pipe_error *err)
{
	const struct image_builder *b = image_builder(i);
	struct argv v = { .a = i->job->arena };
	struct step *step;

	i->program = program_of(i, b);
	if (!i->probing)
		return PIPE_OK;
	if (b->probe_text) {
		ARGV_ADD(&v, "sh", "-c", i->set.epoch >= 0 && b->probe_epoch ? b->probe_epoch : b->probe_text);
	}
	argv_add(&v, i->program);
	for (const char *const *p = b->probe; *p; p++)
		argv_add(&v, *p);
	i->probe_step = i->job->steps.count;
	step = add_command(i, &v);
	if (!step)
		return error_nomem(err);
	step->may_fail = true;
	step->title = arena_printf(i->job->arena, "ask whether %s%s works", b->name, b->how);
	return step->title ? PIPE_OK : error_nomem(err);
}

/* ---- build ---- */

/* A secret out of a variable is put into a file that only this job sees, by a process that has it in its environment: it stands in no
 * argument.  The text of the command holds nothing but the variable's name, which is one. */
static int add_secret(struct image_work *i, const struct image_secret *s, pipe_error *err)
{
	const char *text = arena_printf(
		i->job->arena, s->in_file ? "umask 077 && cat -- \"$%s\" >\"$1\"" : "umask 077 && printf %%s \"$%s\" >\"$1\"",
		s->variable);
	const char *const words[] = { "sh", "-c", text, "sh", s->path, NULL };
	const char *title = arena_printf(i->job->arena, "put the secret %s where the build reads it", s->id);

	return text && title ? add_words(i, title, words, err) : error_nomem(err);
}

static int add_secrets(struct image_work *i, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t k = 0; rc == PIPE_OK && k < i->set.secrets.count; k++)
		if (i->set.secrets.items[k].variable)
			rc = add_secret(i, &i->set.secrets.items[k], err);
	return rc;
}

/* buildah and podman take a directory of certificates, whose files end in .crt. */
static int add_certificates(struct image_work *i, pipe_error *err)
{
	const char *path = image_scratch(i, "certificates/ca.crt");
	const char *const words[] = { "install", "-D", "-m", "644", "--", i->set.ca_file, path, NULL };

	if (!i->set.ca_file || !(image_builder(i)->can & LIKE_BUILDAH))
		return PIPE_OK;
	return path ? add_words(i, "trust the authority of the registry", words, err) : error_nomem(err);
}

/* The list of an earlier build would keep its images. */
static int forget_list(struct image_work *i, pipe_error *err)
{
	const char *const words[] = { i->program, "manifest", "rm",
				      i->tagging.tags.count ? i->tagging.tags.items[0].reference : "localhost/pipe-image:list",
				      NULL };
	int rc;

	if (!image_is_multi(i) || !(image_builder(i)->can & LIKE_BUILDAH))
		return PIPE_OK;
	rc = add_words(i, NULL, words, err);
	if (rc == PIPE_OK)
		i->job->steps.items[i->job->steps.count - 1].may_fail = true;
	return rc;
}

/* An OCI layout is made where something is taken from it: the archive, or what is in it. */
static int want_layout(struct image_work *i, pipe_error *err)
{
	if (!i->set.archive && (!i->sbom_tool || (i->set.push && !(image_builder(i)->can & CAN_STORE))))
		return PIPE_OK;
	i->layout = image_scratch(i, "layout");
	return i->layout ? PIPE_OK : error_nomem(err);
}

int image_build(struct image_work *i, pipe_error *err)
{
	const struct image_builder *b = image_builder(i);
	struct argv v = { .a = i->job->arena };
	int rc = want_layout(i, err);

	if (i->set.epoch >= 0 && b->other_epoch)
		stage_say(i->job, "%s", b->other_epoch);
	if ((i->set.ca_file || !i->set.tls_verify) && b->other_tls)
		stage_say(i->job, "%s: \"ca_file\" and \"tls_verify\" are for looking up what was pushed", b->other_tls);
	if (rc == PIPE_OK)
		rc = add_secrets(i, err);
	if (rc == PIPE_OK)
		rc = add_certificates(i, err);
	if (rc == PIPE_OK)
		rc = forget_list(i, err);
	if (rc)
		return rc;
	b->build(i, &v);
	i->build_step = i->job->steps.count;
	return add_command(i, &v) ? PIPE_OK : error_nomem(err);
}

/* ---- push ---- */

/* The image's name in the builder's store. */
static int read_id(struct image_work *i, pipe_error *err)
{
	const char *path = image_scratch(i, "id"), *text;

	if (!(image_builder(i)->can & WRITES_ID) || image_is_multi(i))
		return PIPE_OK;
	text = path ? i->job->world->read(i->job->world->payload, i->job->arena, path, err) : NULL;
	if (!text)
		return path ? err->code : error_nomem(err);
	i->id = arena_strndup(i->job->arena, text, strcspn(text, "\r\n"));
	return i->id ? PIPE_OK : error_nomem(err);
}

/* A tar of the layout is the archive; made under another name first, so that half of one is never taken for whole. */
static int add_archive(struct image_work *i, pipe_error *err)
{
	struct arena *a = i->job->arena;
	const char *part = arena_printf(a, "%s.part", i->set.archive);
	const char *time = i->set.epoch >= 0 ? arena_printf(a, "--mtime=@%lld", (long long)i->set.epoch) : "--mtime=@0";
	const char *const tar[] = { "tar",
				    "--create",
				    "--sort=name",
				    time,
				    "--owner=0",
				    "--group=0",
				    "--numeric-owner",
				    "--mode=u=rwX,go=rX",
				    "--format=ustar",
				    "--file",
				    part,
				    "--directory",
				    i->layout,
				    "oci-layout",
				    "index.json",
				    "blobs",
				    NULL };
	const char *const move[] = { "mv", "--", part, i->set.archive, NULL };
	const char *const forget[] = { "rm", "-f", "--", part, NULL };
	const char *slash = strrchr(i->set.archive, '/');
	const char *const make[] = { "mkdir", "-p", "--",
				     slash ? arena_strndup(a, i->set.archive, (size_t)(slash - i->set.archive)) : ".", NULL };
	int rc = part && time && make[3] ? PIPE_OK : error_nomem(err);
	struct step *step;

	i->archive_first = i->job->steps.count;
	if (rc == PIPE_OK && slash)
		rc = add_words(i, NULL, make, err);
	if (rc == PIPE_OK)
		rc = add_words(i, arena_printf(a, "write %s", i->set.archive), tar, err);
	if (rc == PIPE_OK)
		rc = add_words(i, NULL, move, err);
	if (rc == PIPE_OK)
		rc = add_words(i, NULL, forget, err);
	if (rc)
		return rc;
	step = &i->job->steps.items[i->job->steps.count - 1];
	step->always = step->may_fail = step->quiet = true;
	return PIPE_OK;
}

static int add_layout(struct image_work *i, pipe_error *err)
{
	const struct image_builder *b = image_builder(i);
	struct argv v = { .a = i->job->arena };
	struct step *step;

	if (!i->layout)
		return PIPE_OK;
	if (b->layout) {
		i->layout_step = i->job->steps.count;
		b->layout(i, &v);
		step = add_command(i, &v);
		if (!step)
			return error_nomem(err);
		step->title = "write the image as an OCI layout";
	}
	return i->set.archive ? add_archive(i, err) : PIPE_OK;
}

int image_push(struct image_work *i, pipe_error *err)
{
	const struct image_builder *b = image_builder(i);
	int rc = read_id(i, err);

	if (rc == PIPE_OK)
		rc = add_layout(i, err);
	i->push_first = i->job->steps.count;
	for (uint32_t k = 0; rc == PIPE_OK && i->set.push && b->push && k < i->tagging.tags.count; k++) {
		struct argv v = { .a = i->job->arena };
		b->push(i, &i->tagging.tags.items[k], &v);
		rc = add_command(i, &v) ? PIPE_OK : error_nomem(err);
		i->push_count++;
	}
	return rc;
}

/* ---- what is kept of it ---- */

static struct action_registry registry_of(const struct image_work *i)
{
	return (struct action_registry){ .docker_config = i->set.docker_config,
					 .ca_file = i->set.ca_file,
					 .insecure = !i->set.tls_verify };
}

static int add_action(struct image_work *i, enum action_kind kind, const void *arguments, const char *title, pipe_error *err)
{
	struct stage_action *action = ARENA_NEW(i->job->arena, struct stage_action);
	struct step *step = stage_step(i->job, STEP_ACTION);

	if (!action || !step || !title)
		return error_nomem(err);
	*action = (struct stage_action){ kind, arguments };
	step->action = action;
	step->title = title;
	return PIPE_OK;
}

/* What the builder says it pushed: the tag may be somebody else's by now. */
static void read_digest(struct image_work *i)
{
	const char *path = image_scratch(i, "digest"), *text;
	pipe_error ignored;

	if (!(image_builder(i)->can & (LIKE_BUILDAH | PUSHES_WHOLE)) || !path ||
	    !i->job->world->exists(i->job->world->payload, path))
		return;
	text = i->job->world->read(i->job->world->payload, i->job->arena, path, &ignored);
	if (text && !strncmp(text, "sha256:", 7))
		i->digest = arena_strndup(i->job->arena, text, 7 + strspn(text + 7, "0123456789abcdef"));
}

static int add_resolve(struct image_work *i, pipe_error *err)
{
	const struct image_tag *first = &i->tagging.tags.items[0];
	struct action_resolve *r = ARENA_NEW(i->job->arena, struct action_resolve);

	if (!r)
		return error_nomem(err);
	r->reference = i->digest ? arena_printf(i->job->arena, "%s@%s", first->repository, i->digest) : first->reference;
	r->registry = registry_of(i);
	if (!r->reference)
		return error_nomem(err);
	i->resolve_step = i->job->steps.count;
	return add_action(i, ACTION_RESOLVE, r, arena_printf(i->job->arena, "look up %s", r->reference), err);
}

static int add_retain_of(struct image_work *i, const struct image_tag *tag, pipe_error *err)
{
	struct action_retain *r = ARENA_NEW(i->job->arena, struct action_retain);
	int rc;

	if (!r)
		return error_nomem(err);
	*r = (struct action_retain){ .repository = tag->repository,
				     .pattern = i->set.retain_pattern,
				     .keep = (uint32_t)i->set.retain,
				     .protect = tag->tag,
				     .registry = registry_of(i) };
	rc = add_action(i, ACTION_RETAIN, r, arena_printf(i->job->arena, "keep the %u newest tags of %s", r->keep, r->repository),
			err);
	if (rc == PIPE_OK) /* the image is where it belongs */
		i->job->steps.items[i->job->steps.count - 1].may_fail = true;
	return rc;
}

/* Each repository once. */
static int add_retains(struct image_work *i, pipe_error *err)
{
	const image_tag_list *tags = &i->tagging.tags;
	int rc = PIPE_OK;

	i->retain_from = i->job->steps.count;
	for (uint32_t k = 0; rc == PIPE_OK && i->set.retain && k < tags->count; k++) {
		uint32_t before = 0;
		while (strcmp(tags->items[before].repository, tags->items[k].repository) != 0)
			before++;
		if (before == k)
			rc = add_retain_of(i, &tags->items[k], err);
	}
	i->retain_to = i->job->steps.count;
	return rc;
}

static void trivy_sbom(const struct image_work *i, struct argv *v)
{
	ARGV_ADD(v, "trivy", "image", "--format", !strcmp(i->set.sbom, "spdx") ? "spdx-json" : "cyclonedx", "--output",
		 i->set.sbom_file);
	if (i->layout)
		argv_add(v, "--input");
	else if (!i->set.tls_verify)
		argv_add(v, "--insecure");
	argv_add(v, i->layout ? i->layout : i->tagging.tags.items[0].reference);
}

static void syft_sbom(const struct image_work *i, struct argv *v)
{
	ARGV_ADD(v, "syft", "scan");
	argv_addf(v, "%s%s", i->layout ? "oci-dir:" : "registry:", i->layout ? i->layout : i->tagging.tags.items[0].reference);
	argv_add(v, "--output");
	argv_addf(v, "%s-json=%s", i->set.sbom, i->set.sbom_file);
}

static int add_sbom(struct image_work *i, pipe_error *err)
{
	const char *const *env = i->set.docker_config ? ARENA_ARRAY(i->job->arena, const char *, 2) : NULL;
	struct argv v = { .a = i->job->arena };
	struct stage_report *report;
	const char **output;
	struct step *step;

	if (!i->sbom_tool)
		return PIPE_OK;
	if (env)
		((const char **)(uintptr_t)env)[0] = arena_printf(i->job->arena, "DOCKER_CONFIG=%s", i->set.docker_config);
	(strcmp(i->sbom_tool, "syft") != 0 ? trivy_sbom : syft_sbom)(i, &v);
	i->sbom_step = i->job->steps.count;
	step = add_step(i, argv_end(&v));
	output = vec_push(i->job->arena, &i->job->outputs);
	report = stage_report(i->job, report_format_named(i->set.sbom), i->set.sbom_file);
	if (!step || !output || !report)
		return error_nomem(err);
	step->env = env;
	*output = i->set.sbom_file;
	report->required = report->only_new = true;
	return PIPE_OK;
}

/* The layout's digest is that of what was pushed only where the builder sent it as it is: docker's store has other manifests. */
int image_record(struct image_work *i, pipe_error *err)
{
	int rc = i->layout ? image_layout_read(i, err) : PIPE_OK;

	if (i->set.push) {
		i->digest = NULL;
		i->bytes = 0;
		read_digest(i);
	}
	if (rc == PIPE_OK && i->set.push)
		rc = add_resolve(i, err);
	if (rc == PIPE_OK)
		rc = add_sbom(i, err);
	return rc ? rc : add_retains(i, err);
}
