/* Kaniko: it builds and pushes in one command, from within a container of its own. */
#include "stages/image/builder_kinds.h"

#include <string.h>

/* The registries that it is to trust the authority of: each once. */
static void kaniko_certificates(const struct image_work *i, struct argv *v)
{
	const char *last = "";

	for (uint32_t k = 0; i->set.ca_file && k < i->tagging.tags.count; k++) {
		const char *name = i->tagging.tags.items[k].repository;
		const char *host = arena_strndup(v->a, name, strcspn(name, "/"));
		if (host && strcmp(host, last) != 0) {
			argv_addf(v, "--registry-certificate=%s=%s", host, i->set.ca_file);
			last = host;
		}
	}
}

static void kaniko_build(const struct image_work *i, struct argv *v)
{
	const struct image_settings *s = &i->set;
	const char *cache = s->cache_to ? s->cache_to : s->cache_from ? s->cache_from[0] : NULL;

	argv_add(v, i->program);
	argv_addf(v, "--context=dir://%s%s%s", i->job->workspace, strcmp(s->context, ".") ? "/" : "",
		  strcmp(s->context, ".") ? s->context : "");
	argv_addf(v, "--dockerfile=%s/%s", i->job->workspace, s->dockerfile);
	argv_option(v, "--target", s->target);
	argv_options(v, "--build-arg", s->build_args);
	argv_options(v, "--label", s->labels);
	builder_add_joined(v, "--custom-platform", s->platforms);
	if (cache) {
		argv_add(v, "--cache=true");
		argv_addf(v, "--cache-repo=%s", cache);
	}
	if (s->epoch >= 0)
		argv_add(v, "--reproducible");
	if (!s->tls_verify)
		argv_add(v, "--skip-tls-verify");
	kaniko_certificates(i, v);
	if (i->layout)
		argv_addf(v, "--oci-layout-path=%s", i->layout);
	argv_addf(v, "--digest-file=%s", image_scratch(i, "digest"));
	if (s->push)
		builder_add_tags(i, "--destination", v);
	else
		argv_add(v, "--no-push");
	argv_all(v, i->set.args);
}

const struct image_builder builder_kaniko = {
	.name = "kaniko",
	.how = "",
	.programs = { "/kaniko/executor", "kaniko", "executor" },
	.package = "it is at home in its own container image",
	.probe = { "version" },
	.can = CAN_PLATFORM | CAN_CACHE_TO | CAN_EPOCH | CAN_LAYOUT | PUSHES_WHOLE,
	.other_epoch = "kaniko sets all times of a reproducible image to 1970-01-01, and not to source_date_epoch",
	.build = kaniko_build,
};
