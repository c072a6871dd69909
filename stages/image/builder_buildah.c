/* Buildah and podman: one library, one set of options. */
#include "stages/image/builder_kinds.h"

static void add_registry(const struct image_work *i, struct argv *v)
{
	if (i->set.docker_config) {
		argv_add(v, "--authfile");
		argv_addf(v, "%s/config.json", i->set.docker_config);
	}
	if (i->set.ca_file)
		argv_option(v, "--cert-dir", image_scratch(i, "certificates"));
	if (!i->set.tls_verify)
		argv_add(v, "--tls-verify=false");
}

/* The name of the list of several platforms: the first tag, or one of the job's own. */
static const char *list_name(const struct image_work *i)
{
	return i->tagging.tags.count ? i->tagging.tags.items[0].reference : "localhost/pipe-image:list";
}

static void containers_build(const struct image_work *i, struct argv *v)
{
	const struct image_settings *s = &i->set;

	ARGV_ADD(v, i->program, "build");
	builder_add_common(i, v);
	if (s->cache_from || s->cache_to)
		argv_add(v, "--layers");
	argv_options(v, "--cache-from", s->cache_from);
	argv_option(v, "--cache-to", s->cache_to);
	if (s->epoch >= 0)
		argv_addf(v, "--timestamp=%lld", (long long)s->epoch);
	add_registry(i, v);
	if (image_is_multi(i)) {
		argv_option(v, "--manifest", list_name(i));
	} else {
		builder_add_tags(i, "--tag", v);
		argv_option(v, "--iidfile", image_scratch(i, "id"));
	}
	argv_all(v, i->set.args);
	argv_add(v, s->context);
}

static void containers_copy(const struct image_work *i, const char *destination, const char *digest_file, struct argv *v)
{
	argv_add(v, i->program);
	if (image_is_multi(i))
		argv_add(v, "manifest");
	argv_add(v, "push");
	if (image_is_multi(i))
		argv_add(v, "--all");
	add_registry(i, v);
	argv_option(v, "--digestfile", digest_file);
	ARGV_ADD(v, image_is_multi(i) ? list_name(i) : i->id ? i->id : "", destination);
}

static void containers_layout(const struct image_work *i, struct argv *v)
{
	containers_copy(i, arena_printf(v->a, "oci:%s", i->layout), image_scratch(i, "layout-digest"), v);
}

static void containers_push(const struct image_work *i, const struct image_tag *tag, struct argv *v)
{
	containers_copy(i, arena_printf(v->a, "docker://%s", tag->reference), image_scratch(i, "digest"), v);
}

enum { CONTAINERS_CAN = CAN_MOST | LIKE_BUILDAH };

const struct image_builder builder_buildah = {
	.name = "buildah",
	.how = "",
	.programs = { "buildah" },
	.package = "buildah",
	.probe = { "info", "--format", "{{.store.GraphRoot}}" },
	.can = CONTAINERS_CAN,
	.build = containers_build,
	.layout = containers_layout,
	.push = containers_push,
};

const struct image_builder builder_podman = {
	.name = "podman",
	.how = "",
	.programs = { "podman" },
	.package = "podman",
	.probe = { "info", "--format", "{{.Store.GraphRoot}}" },
	.can = CONTAINERS_CAN,
	.build = containers_build,
	.layout = containers_layout,
	.push = containers_push,
};
