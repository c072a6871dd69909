#include "stages/image/builder.h"

#include <string.h>

/* ---- argument vectors ---- */

static void add_joined(struct argv *v, const char *option, const char *const *texts)
{
	const char *all = NULL;

	for (; texts && *texts; texts++)
		all = all ? arena_printf(v->a, "%s,%s", all, *texts) : *texts;
	argv_option(v, option, all);
}

const char *image_scratch(const struct image_work *i, const char *name)
{
	return arena_printf(i->job->arena, "%s/%s", i->job->scratch, name);
}

bool image_is_multi(const struct image_work *i)
{
	return i->set.platforms && i->set.platforms[0] && i->set.platforms[1];
}

/* What all of them but BuildKit call alike. */
static void add_common(const struct image_work *i, struct argv *v)
{
	const struct image_settings *s = &i->set;

	argv_option(v, "--file", s->dockerfile);
	argv_option(v, "--target", s->target);
	argv_options(v, "--build-arg", s->build_args);
	argv_options(v, "--label", s->labels);
	for (uint32_t k = 0; k < s->secrets.count; k++) {
		argv_add(v, "--secret");
		argv_addf(v, "id=%s,src=%s", s->secrets.items[k].id, s->secrets.items[k].path);
	}
	add_joined(v, "--platform", s->platforms);
}

static void add_tags(const struct image_work *i, const char *option, struct argv *v)
{
	for (uint32_t k = 0; k < i->tagging.tags.count; k++) {
		ARGV_ADD(v, option, i->tagging.tags.items[k].reference);
	}
}

/* ---- buildah and podman: one library, one set of options ---- */

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
	add_common(i, v);
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
		add_tags(i, "--tag", v);
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

/* ---- docker ---- */

static const char *cache_place(const struct image_work *i, const char *text, const char *more)
{
	return strstr(text, "type=") ? text : arena_printf(i->job->arena, "type=registry,ref=%s%s", text, more);
}

/* A layer out of the cache has the times of the build that made it: what is to have one digest begins afresh, as it does with buildah.
 * Layout and push find what this build leaves there. */
static bool begins_afresh(const struct image_work *i)
{
	return i->set.epoch >= 0 && !i->set.cache_from;
}

static const char *rewritten(const struct image_work *i, const char *output)
{
	return i->set.epoch >= 0 ? arena_printf(i->job->arena, "%s,rewrite-timestamp=true", output) : output;
}

/* An attestation of the builder would hold the time of the build, and make a list of what is one image. */
static void buildx_with(const struct image_work *i, const char *output, bool first, struct argv *v)
{
	const struct image_settings *s = &i->set;

	ARGV_ADD(v, i->program, "buildx", "build");
	add_common(i, v);
	if (s->epoch >= 0) {
		argv_add(v, "--build-arg");
		argv_addf(v, "SOURCE_DATE_EPOCH=%lld", (long long)s->epoch);
	}
	for (const char *const *c = s->cache_from; c && *c; c++)
		argv_option(v, "--cache-from", cache_place(i, *c, ""));
	if (s->cache_to)
		argv_option(v, "--cache-to", cache_place(i, s->cache_to, ",mode=max"));
	argv_add(v, "--provenance=false");
	if (first && begins_afresh(i))
		argv_add(v, "--no-cache");
	if (first && !image_is_multi(i)) {
		add_tags(i, "--tag", v);
		argv_option(v, "--iidfile", image_scratch(i, "id"));
	}
	argv_option(v, "--output", rewritten(i, output));
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
	add_common(i, v);
	argv_options(v, "--cache-from", i->set.cache_from);
	add_tags(i, "--tag", v);
	argv_option(v, "--iidfile", image_scratch(i, "id"));
	argv_all(v, i->set.args);
	argv_add(v, i->set.context);
}

/* ---- BuildKit's own client ---- */

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
		argv_option(v, "--import-cache", cache_place(i, *c, ""));
	if (i->set.cache_to)
		argv_option(v, "--export-cache", cache_place(i, i->set.cache_to, ",mode=max"));
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
	buildkit_with(i, NULL, begins_afresh(i), v);
}

static void buildkit_layout(const struct image_work *i, struct argv *v)
{
	buildkit_with(i, rewritten(i, arena_printf(i->job->arena, "type=oci,tar=false,dest=%s", i->layout)), false, v);
}

static void buildkit_push(const struct image_work *i, const struct image_tag *tag, struct argv *v)
{
	/* one digest with the layout's, whose manifest is OCI's */
	const char *output = arena_printf(i->job->arena, "type=image,name=%s,push=true,oci-mediatypes=true%s", tag->reference,
					  i->set.tls_verify ? "" : ",registry.insecure=true");

	buildkit_with(i, rewritten(i, output), false, v);
}

/* ---- Kaniko ---- */

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
	add_joined(v, "--custom-platform", s->platforms);
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
		add_tags(i, "--destination", v);
	else
		argv_add(v, "--no-push");
	argv_all(v, i->set.args);
}

/* ---- the table ---- */

enum {
	BUILDX_CAN = CAN_SECRETS | CAN_PLATFORMS | CAN_PLATFORM | CAN_STORE | CAN_CACHE_APART | CAN_CACHE_TO | CAN_EPOCH |
		     CAN_LAYOUT | WRITES_ID,
	CONTAINERS_CAN = BUILDX_CAN | LIKE_BUILDAH,
};

#define CLAMPS "BuildKit sets times to source_date_epoch that are later, and leaves earlier ones as they are"

#define BUILDX_WORKS "\"$0\" buildx version && \"$0\" version --format '{{.Server.Version}}'"
/* Both pass over what they do not know without a word: the classic store, and a BuildKit before 0.13. */
#define BUILDX_REWRITES                                                                                                          \
	"if " IS_CLASSIC "; then echo \"source_date_epoch is not for docker's classic store: take a builder that \\`docker "     \
	"buildx create --use\\` made, or the store of containerd (docker 29 has it)\" >&2; exit 1; fi; "                         \
	"minor=$(\"$0\" buildx inspect --bootstrap | sed -n "                                                                    \
	"'s/^[Bb]uild[Kk]it[^:]*:[[:space:]]*v0[.]\\([0-9]*\\).*/\\1/p; s/^[Bb]uild[Kk]it[^:]*:[[:space:]]*v[1-9].*/99/p') && "  \
	"for n in ${minor:-0}; do test \"$n\" -ge 13 || { "                                                                      \
	"echo 'source_date_epoch needs BuildKit 0.13, and the builder behind docker buildx is older' >&2; exit 1; }; done"
#define DOCKER_TLS                                                                                                               \
	"docker is told by its daemon (/etc/docker/certs.d/HOST/ca.crt, insecure-registries) which registries it trusts"

const struct image_builder image_builders[] = {
	{ .name = "buildah",
	  .how = "",
	  .programs = { "buildah" },
	  .package = "buildah",
	  .probe = { "info", "--format", "{{.store.GraphRoot}}" },
	  .can = CONTAINERS_CAN,
	  .build = containers_build,
	  .layout = containers_layout,
	  .push = containers_push },
	{ .name = "docker",
	  .how = " with buildx",
	  .programs = { "docker" },
	  .package = "docker.io",
	  .probe_text = BUILDX_WORKS,
	  .probe_epoch = BUILDX_WORKS " || exit; " BUILDX_REWRITES,
	  .can = BUILDX_CAN,
	  .other_epoch = CLAMPS,
	  .other_tls = DOCKER_TLS,
	  .build = buildx_build,
	  .layout = buildx_layout,
	  .push = buildx_push },
	{ .name = "docker",
	  .how = " with a BuildKit of its own",
	  .programs = { "docker" },
	  .package = "docker.io",
	  .probe_text = "\"$0\" build --help >/dev/null && exec \"$0\" version --format '{{.Server.Version}}'",
	  .env = "DOCKER_BUILDKIT=1",
	  .can = CAN_SECRETS | CAN_PLATFORM | CAN_STORE | CAN_CACHE_APART | WRITES_ID,
	  .other_tls = DOCKER_TLS,
	  .build = docker_build,
	  .push = docker_push },
	{ .name = "docker", /* of 23 and later without buildx, or before 18.09 */
	  .how = " with its classic builder",
	  .programs = { "docker" },
	  .package = "docker.io",
	  .probe = { "version", "--format", "{{.Server.Version}}" },
	  .env = "DOCKER_BUILDKIT=0",
	  .can = CAN_STORE | CAN_CACHE_APART | CAN_LAYOUT | WRITES_ID,
	  .other_tls = DOCKER_TLS,
	  .build = docker_build,
	  .layout = docker_layout,
	  .push = docker_push },
	{ .name = "podman",
	  .how = "",
	  .programs = { "podman" },
	  .package = "podman",
	  .probe = { "info", "--format", "{{.Store.GraphRoot}}" },
	  .can = CONTAINERS_CAN,
	  .build = containers_build,
	  .layout = containers_layout,
	  .push = containers_push },
	{ .name = "buildkit",
	  .how = "",
	  .programs = { "buildctl" },
	  .package = "a release of BuildKit on the PATH",
	  .probe = { "debug", "workers" },
	  .can = CAN_SECRETS | CAN_PLATFORMS | CAN_PLATFORM | CAN_CACHE_APART | CAN_CACHE_TO | CAN_EPOCH | CAN_LAYOUT,
	  .other_epoch = CLAMPS,
	  .other_tls = "buildkitd is told by its own configuration ([registry.\"HOST\"] ca) which registries it trusts",
	  .build = buildkit_build,
	  .layout = buildkit_layout,
	  .push = buildkit_push },
	{ .name = "kaniko",
	  .how = "",
	  .programs = { "/kaniko/executor", "kaniko", "executor" },
	  .package = "it is at home in its own container image",
	  .probe = { "version" },
	  .can = CAN_PLATFORM | CAN_CACHE_TO | CAN_EPOCH | CAN_LAYOUT | PUSHES_WHOLE,
	  .other_epoch = "kaniko sets all times of a reproducible image to 1970-01-01, and not to source_date_epoch",
	  .build = kaniko_build },
	{ .name = NULL },
};

const struct image_builder *image_builder_named(const char *name)
{
	for (const struct image_builder *b = image_builders; b->name; b++)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

/* ---- what it cannot do ---- */

static bool wants_secrets(const struct image_work *i)
{
	return i->set.secrets.count > 0;
}

static bool wants_store(const struct image_work *i)
{
	return !i->set.push && !i->set.archive;
}

static bool wants_list(const struct image_work *i)
{
	return wants_store(i) && image_is_multi(i);
}

static bool wants_cache_to(const struct image_work *i)
{
	return i->set.cache_to != NULL;
}

static bool wants_epoch(const struct image_work *i)
{
	return i->set.epoch >= 0;
}

static bool wants_layout(const struct image_work *i)
{
	return i->set.archive || (i->set.sbom && !i->set.push);
}

static bool wants_platform(const struct image_work *i)
{
	return i->set.platforms && i->set.platforms[0];
}

static bool wants_caches(const struct image_work *i)
{
	const struct image_settings *s = &i->set;

	return s->cache_from && (s->cache_from[1] || (s->cache_to && strcmp(s->cache_from[0], s->cache_to) != 0));
}

static const struct {
	unsigned can;
	bool (*wants)(const struct image_work *i);
	const char *why;
} limits[] = {
	{ CAN_SECRETS, wants_secrets,
	  "has no secrets that are seen only while it builds: take a builder that has, or a variable at run time" },
	{ CAN_PLATFORMS, image_is_multi, "builds for one platform at a time: name one in \"platforms\"" },
	{ CAN_STORE, wants_store, "keeps no images on this machine: add \"push: true\" or \"archive\"" },
	{ LIKE_BUILDAH, wants_list,
	  "keeps images of several platforms nowhere on this machine: add \"push: true\" or \"archive\"" },
	{ CAN_PLATFORM, wants_platform,
	  "builds for this machine's platform only: leave \"platforms\" out, or add buildx to docker" },
	{ CAN_EPOCH, wants_epoch,
	  "leaves the times of the build in the image, and \"source_date_epoch\" asks for others: add buildx to docker, or take "
	  "buildah" },
	{ CAN_LAYOUT, wants_layout,
	  "writes no OCI layout, which \"archive\" and a bill without a push are made of: add buildx to docker, or take buildah" },
	{ CAN_CACHE_TO, wants_cache_to, "puts no layers into a repository: leave \"cache_to\" out, or add buildx to docker" },
	{ CAN_CACHE_APART, wants_caches,
	  "has one cache for reading and writing: name the same repository in \"cache_from\" and \"cache_to\"" },
};

const char *image_builder_refuses(const struct image_builder *b, const struct image_work *i)
{
	for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++)
		if (!(b->can & limits[k].can) && limits[k].wants(i))
			return limits[k].why;
	return NULL;
}
