/* BuildKit, through its own client. */
#include "stages/image/builder_kinds.h"

#include <string.h>

/* A value of one of its comma-separated lists. */
static void add_opt(struct argv *v, const char *name, const char *value)
{
	if (value) {
		argv_add(v, "--opt");
		argv_addf(v, "%s=%s", name, value);
	}
}

static void add_opts(struct argv *v, const char *name, const char *const *texts)
{
	for (; texts && *texts; texts++) {
		argv_add(v, "--opt");
		argv_addf(v, "%s:%s", name, *texts);
	}
}

static void add_dockerfile(const struct image_work *i, struct argv *v)
{
	const char *file = i->set.dockerfile, *slash = strrchr(file, '/');

	argv_add(v, "--local");
	argv_addf(v, "context=%s", i->set.context);
	argv_add(v, "--local");
	argv_addf(v, "dockerfile=%.*s", slash ? (int)(slash - file) : 1, slash ? file : ".");
	add_opt(v, "filename", slash ? slash + 1 : file);
}

static void buildkit_cache(const struct image_work *i, struct argv *v)
{
	for (const char *const *c = i->set.cache_from; c && *c; c++)
		argv_option(v, "--import-cache", builder_cache_place(i, *c, ""));
	if (i->set.cache_to)
		argv_option(v, "--export-cache", builder_cache_place(i, i->set.cache_to, ",mode=max"));
}

static void buildkit_with(const struct image_work *i, const char *output, bool afresh, struct argv *v)
{
	const struct image_settings *s = &i->set;
	const char *platforms = NULL;

	ARGV_ADD(v, i->program, "build");
	argv_option(v, "--frontend", "dockerfile.v0");
	add_dockerfile(i, v);
	add_opt(v, "target", s->target);
	add_opts(v, "build-arg", s->build_args);
	add_opts(v, "label", s->labels);
	for (const char *const *p = s->platforms; p && *p; p++)
		platforms = platforms ? arena_printf(v->a, "%s,%s", platforms, *p) : *p;
	add_opt(v, "platform", platforms);
	if (s->epoch >= 0) {
		argv_add(v, "--opt");
		argv_addf(v, "build-arg:SOURCE_DATE_EPOCH=%lld", (long long)s->epoch);
	}
	for (uint32_t k = 0; k < s->secrets.count; k++) {
		argv_add(v, "--secret");
		argv_addf(v, "id=%s,src=%s", s->secrets.items[k].id, s->secrets.items[k].path);
	}
	if (afresh)
		add_opt(v, "no-cache", "");
	buildkit_cache(i, v);
	argv_option(v, "--output", output);
	argv_all(v, i->set.args);
}

static void buildkit_build(const struct image_work *i, struct argv *v)
{
	buildkit_with(i, NULL, builder_begins_afresh(i), v);
}

static void buildkit_layout(const struct image_work *i, struct argv *v)
{
	buildkit_with(i, builder_rewritten(i, arena_printf(i->job->arena, "type=oci,tar=false,dest=%s", i->layout)), false, v);
}

static void buildkit_push(const struct image_work *i, const struct image_tag *tag, struct argv *v)
{
	/* one digest with the layout's, whose manifest is OCI's */
	const char *output = arena_printf(i->job->arena, "type=image,name=%s,push=true,oci-mediatypes=true%s", tag->reference,
					  i->set.tls_verify ? "" : ",registry.insecure=true");

	buildkit_with(i, builder_rewritten(i, output), false, v);
}

const struct image_builder builder_buildkit = {
	.name = "buildkit",
	.how = "",
	.programs = { "buildctl" },
	.package = "a release of BuildKit on the PATH",
	.probe = { "debug", "workers" },
	.can = CAN_SECRETS | CAN_PLATFORMS | CAN_PLATFORM | CAN_CACHE_APART | CAN_CACHE_TO | CAN_EPOCH | CAN_LAYOUT,
	.other_epoch = BUILDKIT_CLAMPS,
	.other_tls = "buildkitd is told by its own configuration ([registry.\"HOST\"] ca) which registries it trusts",
	.build = buildkit_build,
	.layout = buildkit_layout,
	.push = buildkit_push,
};
