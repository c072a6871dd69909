/* The parameters of uses: image as the reference shows them, and what their table cannot say. */
#include "stages/image/image.h"

#include "pipeline/keyword/keyword_fields.h"
#include "stages/parameter.h"
#include <string.h>

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const char *const builders[] = { "auto", "buildah", "docker", "podman", "buildkit", "kaniko", NULL };
const char *const image_levels[] = { "allow", "warn", "fail", NULL };
static const char *const sboms[] = { "cyclonedx", "spdx", NULL };

static const struct keyword secret_fields[] = {
	FIELD("file", TAKES_TEXT, "a file of the workspace that holds it"),
	FIELD("variable", TAKES_TEXT, "the name of a variable that holds it"),
	KEYWORD_END,
};

const struct keyword image_parameters[] = {
	FIELD("allow_secrets", TAKES_BOOL, "secrets that are found in the context are kept as findings, and do not fail the job",
	      .fallback = "false"),
	FIELD("archive", TAKES_TEXT,
	      "a path in the workspace where the image is written as an OCI archive, and kept as an artifact",
	      .example = "archive: build/shop.tar"),
	FIELD("args", TAKES_TEXT | TAKES_LIST, "further arguments for the builder", .items = TAKES_TEXT),
	FIELD("build_args", TAKES_NAMED, "values of the Dockerfile's ARG, by their names", .items = TAKES_SCALAR,
	      .example = "build_args: {VERSION: $CI_COMMIT_TAG}"),
	FIELD("builder", TAKES_ENUM, "what builds it; auto: the first of them that is there and works", .values = builders,
	      .fallback = "auto"),
	FIELD("ca_file", TAKES_TEXT, "the certificate (PEM) of the authority that the registry is to be trusted by",
	      .fallback = "those of the system"),
	FIELD("cache_from", TAKES_TEXT | TAKES_LIST, "repositories where layers of earlier builds are looked for",
	      .items = TAKES_TEXT, .example = "cache_from: registry.example.com/shop/cache"),
	FIELD("cache_to", TAKES_TEXT, "a repository where layers are put for later builds"),
	FIELD("context", TAKES_TEXT, "the directory that the build sees", .fallback = "the workspace itself"),
	FIELD("docker_config", TAKES_TEXT, "the directory of a config.json with the logins of registries",
	      .fallback = "the user's"),
	FIELD("dockerfile", TAKES_TEXT, "the Dockerfile", .fallback = "Dockerfile or Containerfile in `context`"),
	FIELD("dockerignore", TAKES_ENUM, "what follows when a .dockerignore is missing", .values = image_levels,
	      .fallback = "warn"),
	FIELD("labels", TAKES_NAMED,
	      "labels of the image; those of OCI for source, revision, version and creation time are set by themselves",
	      .items = TAKES_SCALAR, .example = "labels: {org.opencontainers.image.licenses: MIT}"),
	FIELD("latest", TAKES_ENUM,
	      "what follows when the image is pushed as latest, or begins from an image without a fixed tag",
	      .values = image_levels, .fallback = "warn"),
	FIELD("name", TAKES_TEXT, "the image's name, for tags without one", .example = "name: registry.example.com/shop"),
	FIELD("platforms", TAKES_TEXT | TAKES_LIST, "platforms that it is built for", .items = TAKES_TEXT,
	      .fallback = "this machine's", .example = "platforms: [linux/amd64, linux/arm64]"),
	FIELD("push", TAKES_BOOL, "whether it is pushed to its registry, under each of its tags", .fallback = "false"),
	FIELD("remote_add", TAKES_ENUM, "what follows when ADD fetches something without --checksum", .values = image_levels,
	      .fallback = "warn"),
	FIELD("retain", TAKES_INT, "how many tags stay in the registry after a push; older ones are removed",
	      .fallback = "all of them", .least = 1, .most = 1000000),
	FIELD("retain_pattern", TAKES_TEXT, "a pattern of the tags that may be removed", .fallback = "*",
	      .example = "retain_pattern: \"main-*\""),
	FIELD("root", TAKES_ENUM, "what follows when the image runs as root", .values = image_levels, .fallback = "warn"),
	FIELD("sbom", TAKES_ENUM, "a bill of what is in the image, in this format, by trivy or syft", .values = sboms),
	FIELD("sbom_file", TAKES_TEXT, "where it is written; it is kept as an artifact",
	      .fallback = "sbom.cdx.json or sbom.spdx.json"),
	FIELD("scan_secrets", TAKES_BOOL, "whether the context is searched for secrets before it is built", .fallback = "true"),
	FIELD("secret_names", TAKES_ENUM, "what follows when a name of ARG or ENV says that its value is a secret",
	      .values = image_levels, .fallback = "warn"),
	FIELD("secrets", TAKES_NAMED, "what RUN --mount=type=secret,id=NAME sees while it builds, and no layer keeps",
	      .items = TAKES_MAP, .fields = secret_fields,
	      .example = "secrets: {npm: {variable: NPM_TOKEN}, netrc: {file: ci/netrc}}"),
	FIELD("source_date_epoch", TAKES_INT | TAKES_TEXT,
	      "all times in the image, in seconds, or `commit`: two builds of one source have one digest",
	      .example = "source_date_epoch: commit"),
	FIELD("tags", TAKES_TEXT | TAKES_LIST,
	      "tags, with or without a name before them; `semver` (1.2.3, 1.2, 1 of the Git tag), `sha` and `branch` stand for what the pipeline is of",
	      .items = TAKES_TEXT, .example = "tags: [semver, sha]"),
	FIELD("target", TAKES_TEXT, "the stage of the Dockerfile that is built", .fallback = "the last one"),
	FIELD("tls_verify", TAKES_BOOL, "whether the registry's certificate is verified; false: plain http will do, too",
	      .fallback = "true"),
	KEYWORD_END,
};

/* ---- what the table cannot say ---- */

static void check_secret(const struct pair *p, struct diagnostics *d)
{
	bool file, variable;

	if (p->value->kind != NODE_MAP)
		return;
	file = parameter_written(p->value, "file") != NULL;
	variable = parameter_written(p->value, "variable") != NULL;
	if (file == variable) {
		diag_error(d, p->key->at, "image-secret", "the secret \"%s\" comes %s", p->key->text,
			   file ? "from a file and from a variable" : "from nowhere");
		diag_hint(d, "write one of \"{variable: NAME}\" and \"{file: PATH}\"");
	}
}

static bool is_true(const struct pair *p)
{
	bool value = false;

	return p && p->value->kind == NODE_SCALAR && (strchr(p->value->text, '$') || (node_bool(p->value, &value) && value));
}

void image_check_parameters(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *tags = parameter_written(with, "tags"), *push = parameter_written(with, "push"),
			  *secrets = parameter_written(with, "secrets");
	static const char *const need_push[] = { "retain", NULL };

	for (uint32_t i = 0; secrets && secrets->value->kind == NODE_MAP && i < secrets->value->count; i++)
		check_secret(&secrets->value->pairs[i], d);
	if (!tags && is_true(push)) {
		diag_error(d, push->key->at, "image-tags", "an image is pushed under its tags, and it has none");
		diag_hint(d, "add \"tags: [registry.example.com/name:1.0]\", or \"name\" and \"tags: [sha]\"");
	} else if (!tags && !parameter_written(with, "archive")) {
		diag_error(d, with ? with->at : at, "image-tags", "it is not said what the image is called");
		diag_hint(d, "add \"tags: [shop:dev]\", or \"archive: shop.tar\", below \"with\"");
	}
	for (size_t i = 0; need_push[i]; i++) {
		const struct pair *p = parameter_written(with, need_push[i]);
		if (p && !is_true(push)) {
			diag_error(d, p->key->at, "image-retain", "\"%s\" is about a registry, and nothing is pushed",
				   p->key->text);
			diag_hint(d, "add \"push: true\"");
		}
	}
}
