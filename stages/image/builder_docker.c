/* Docker: with its plugin buildx, with the BuildKit that docker before 23 has in itself, and with its classic builder. */
#include "stages/image/builder_kinds.h"

/* An attestation of the builder would hold the time of the build, and make a list of what is one image. */
static void buildx_with(const struct image_work *i, const char *output, bool first, struct argv *v)
{
	const struct image_settings *s = &i->set;

	ARGV_ADD(v, i->program, "buildx", "build");
	builder_add_common(i, v);
	if (s->epoch >= 0) {
		argv_add(v, "--build-arg");
		argv_addf(v, "SOURCE_DATE_EPOCH=%lld", (long long)s->epoch);
	}
	for (const char *const *c = s->cache_from; c && *c; c++)
		argv_option(v, "--cache-from", builder_cache_place(i, *c, ""));
	if (s->cache_to)
		argv_option(v, "--cache-to", builder_cache_place(i, s->cache_to, ",mode=max"));
	argv_add(v, "--provenance=false");
	if (first && builder_begins_afresh(i))
		argv_add(v, "--no-cache");
	if (first && !image_is_multi(i)) {
		builder_add_tags(i, "--tag", v);
		argv_option(v, "--iidfile", image_scratch(i, "id"));
	}
	argv_option(v, "--output", builder_rewritten(i, output));
	argv_all(v, i->set.args);
	argv_add(v, s->context);
}

/* Several platforms have no place in docker's classic store: they go to the builder's cache, from which layout and push take them. */
static void buildx_build(const struct image_work *i, struct argv *v)
{
	if (image_is_multi(i))
		buildx_with(i, "type=cacheonly", true, v);
	else /* containerd's store unpacks what it keeps, unless it is to rewrite it */
		buildx_with(i, i->set.epoch >= 0 ? "type=docker,unpack=false" : "type=docker", true, v);
}

/* Is what builds docker itself, with its classic store?  That one neither rewrites times nor writes layouts while it builds. */
#define IS_CLASSIC                                                                                                               \
	"test \"$(\"$0\" buildx inspect | sed -n 's/^Driver:[[:space:]]*//p')\" = docker && "                                    \
	"! \"$0\" info --format '{{.DriverStatus}}' | grep -q io.containerd"

/* Docker saves a layout from docker 25 on; what is in no layout ends the step, and nothing is taken for one. */
#define SAVE_LAYOUT                                                                                                              \
	"mkdir -p \"$2\" && \"$0\" save --output \"$2.tar\" \"$1\" && tar -x -f \"$2.tar\" -C \"$2\" && rm -f \"$2.tar\" && "    \
	"{ test -e \"$2/index.json\" || { echo 'docker before 25 writes no OCI layout: take another builder, or one that "       \
	"`docker buildx create --use` made' >&2; exit 1; }; }"

static void docker_save(const struct image_work *i, const char *text, struct argv *v)
{
	ARGV_ADD(v, "sh", "-c", text, i->program, i->id ? i->id : "", i->layout);
}

static void docker_layout(const struct image_work *i, struct argv *v)
{
	docker_save(i, SAVE_LAYOUT, v);
}

static void buildx_layout(const struct image_work *i, struct argv *v)
{
	if (!image_is_multi(i))
		docker_save(i, "if " IS_CLASSIC "; then " SAVE_LAYOUT "; else shift 2; exec \"$@\"; fi", v);
	buildx_with(i, arena_printf(i->job->arena, "type=oci,tar=false,dest=%s", i->layout), false, v);
}

static void docker_push(const struct image_work *i, const struct image_tag *tag, struct argv *v)
{
	ARGV_ADD(v, i->program, "push", tag->reference);
}

static void buildx_push(const struct image_work *i, const struct image_tag *tag, struct argv *v)
{
	if (image_is_multi(i))
		buildx_with(i, arena_printf(i->job->arena, "type=image,name=%s,push=true", tag->reference), false, v);
	else
		docker_push(i, tag, v);
}

/* Without buildx. */
static void docker_build(const struct image_work *i, struct argv *v)
{
	ARGV_ADD(v, i->program, "build");
	builder_add_common(i, v);
	argv_options(v, "--cache-from", i->set.cache_from);
	builder_add_tags(i, "--tag", v);
	argv_option(v, "--iidfile", image_scratch(i, "id"));
	argv_all(v, i->set.args);
	argv_add(v, i->set.context);
}

#define BUILDX_WORKS "\"$0\" buildx version && \"$0\" version --format '{{.Server.Version}}'"
/* Both pass over what they do not know without a word: the classic store, and a BuildKit before 0.13. */
#define BUILDX_REWRITES                                                                                                          \
	"if " IS_CLASSIC "; then echo \"source_date_epoch is not for docker's classic store: take a builder that \\`docker "     \
	"buildx create --use\\` made, or the store of containerd (docker 29 has it)\" >&2; exit 1; fi; "                         \
	"v=$(\"$0\" buildx inspect --bootstrap | grep -iE '^buildkit[^:]*:[[:space:]]*v[0-9]') && "                              \
	"! echo \"$v\" | grep -qE ':[[:space:]]*v0[.]([0-9]|1[0-2])([^0-9]|$)' || { "                                            \
	"echo 'source_date_epoch needs BuildKit 0.13, and the builder behind docker buildx is older' >&2; exit 1; }"
#define DOCKER_TLS                                                                                                               \
	"docker is told by its daemon (/etc/docker/certs.d/HOST/ca.crt, insecure-registries) which registries it trusts"

const struct image_builder builder_buildx = {
	.name = "docker",
	.how = " with buildx",
	.programs = { "docker" },
	.package = "docker.io",
	.probe_text = BUILDX_WORKS,
	.probe_epoch = BUILDX_WORKS " || exit; " BUILDX_REWRITES,
	.can = CAN_MOST,
	.other_epoch = BUILDKIT_CLAMPS,
	.other_tls = DOCKER_TLS,
	.build = buildx_build,
	.layout = buildx_layout,
	.push = buildx_push,
};

const struct image_builder builder_docker = {
	.name = "docker",
	.how = " with a BuildKit of its own",
	.programs = { "docker" },
	.package = "docker.io",
	.probe_text = "\"$0\" build --help >/dev/null && exec \"$0\" version --format '{{.Server.Version}}'",
	.env = "DOCKER_BUILDKIT=1",
	.can = CAN_SECRETS | CAN_PLATFORM | CAN_STORE | CAN_CACHE_APART | WRITES_ID,
	.other_tls = DOCKER_TLS,
	.build = docker_build,
	.push = docker_push,
};

/* Of 23 and later without buildx, or before 18.09. */
const struct image_builder builder_docker_classic = {
	.name = "docker",
	.how = " with its classic builder",
	.programs = { "docker" },
	.package = "docker.io",
	.probe = { "version", "--format", "{{.Server.Version}}" },
	.env = "DOCKER_BUILDKIT=0",
	.can = CAN_STORE | CAN_CACHE_APART | CAN_LAYOUT | WRITES_ID,
	.other_tls = DOCKER_TLS,
	.build = docker_build,
	.layout = docker_layout,
	.push = docker_push,
};
