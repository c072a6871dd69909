#include "stages/cosign/cosign.h"

#include "base/error.h"
#include "stages/parameter.h"

#include <string.h>

/* Cosign reads a key from a variable: so a key that is handed over as text never lies on a disk. */
#define KEY_VARIABLE "PIPE_COSIGN_KEY"

static const char *const version_argv[] = { "cosign", "version", NULL };
static const struct stage_tool cosign_tool = {
	.name = "cosign", .version = "2.0", .version_argv = version_argv, .package = "a release of Cosign 2 on the PATH"
};

/* ---- the image ---- */

static bool has_digest(const char *image)
{
	const char *at = strchr(image, '@');

	return at && at > image && !strncmp(at, "@sha256:", 8) && strspn(at + 8, "0123456789abcdef") == 64 && !at[8 + 64];
}

static int check_image(struct stage_job *job, const struct node *n, const char *image, pipe_error *err)
{
	const char *written = n && n->kind == NODE_SCALAR ? n->text : "$IMAGE";

	if (!*image)
		return parameter_wrong(
			job, n, err,
			"there is no image: \"%s\" stands for nothing; a job with \"uses: image\" that this one needs sets $IMAGE",
			written);
	if (*image == '-' || strpbrk(image, " \t\n"))
		return parameter_wrong(job, n, err, "\"%s\" is no image", image);
	if (!has_digest(image))
		return parameter_wrong(
			job, n, err,
			"\"%s\" is no image by its digest (NAME@sha256:...): a tag may stand for another image tomorrow", image);
	return PIPE_OK;
}

static int read_images(struct stage_job *job, struct cosign *c, pipe_error *err)
{
	const struct node *n = parameter_node(job, "image");
	const char **one;
	int rc = parameter_texts(job, "image", &c->images, err);

	if (rc == PIPE_OK && (!c->images || !c->images[0])) {
		const char *image = job->scope ? scope_value(job->scope, "IMAGE", job->arena, NULL) : NULL;
		one = ARENA_ARRAY(job->arena, const char *, 2);
		if (!one)
			return error_nomem(err);
		one[0] = image ? image : "";
		c->images = one;
	}
	for (size_t i = 0; rc == PIPE_OK && c->images[i]; i++)
		rc = check_image(job, n, c->images[i], err);
	return rc;
}

/* ---- the key, and the environment ---- */

static const char *password_of(struct stage_job *job, pipe_error *err)
{
	const char *password = NULL;

	if (parameter_text(job, "password", &password, err))
		return NULL;
	if (!password && job->scope)
		password = scope_value(job->scope, "COSIGN_PASSWORD", job->arena, NULL);
	return password ? password : "";
}

/* Without a password in the environment, Cosign would ask for one. */
static int read_environment(struct stage_job *job, struct cosign *c, const char *pem, pipe_error *err)
{
	const char *docker_config = NULL, *password;
	const char **env = ARENA_ARRAY(job->arena, const char *, 4);
	size_t n = 0;
	int rc = parameter_text(job, "docker_config", &docker_config, err);

	if (rc || !env)
		return rc ? rc : error_nomem(err);
	password = password_of(job, err);
	if (!password)
		return err ? (int)err->code : PIPE_EPIPELINE;
	env[n] = arena_printf(job->arena, "COSIGN_PASSWORD=%s", password);
	if (env[n] && docker_config)
		env[++n] = arena_printf(job->arena, "DOCKER_CONFIG=%s", docker_config);
	if (env[n] && pem)
		env[++n] = arena_printf(job->arena, KEY_VARIABLE "=%s", pem);
	c->env = env;
	return env[n] ? PIPE_OK : error_nomem(err);
}

static int read_key(struct stage_job *job, struct cosign *c, pipe_error *err)
{
	const struct node *n = parameter_node(job, "key");
	const char *key = NULL;
	int rc = parameter_text(job, "key", &key, err);
	bool pem;

	if (rc)
		return rc;
	if (!key || !*key)
		return parameter_wrong(job, n, err, "there is no key: \"%s\" stands for nothing", n ? n->text : "");
	pem = strstr(key, "-----BEGIN ") != NULL;
	if (!pem && !strstr(key, "://") && *key != '/' && !job->world->exists(job->world->payload, key))
		return parameter_wrong(job, n, err, "the key \"%s\" is not there: it is a file, or a variable that holds the key",
				       key);
	c->key = pem ? "env://" KEY_VARIABLE : key;
	return read_environment(job, c, pem ? key : NULL, err);
}

int cosign_read(struct stage_job *job, struct cosign *c, pipe_error *err)
{
	struct stage_tool *tool = stage_tool(job, cosign_tool.name, cosign_tool.package);
	int rc;

	if (!tool)
		return error_nomem(err);
	*tool = cosign_tool;
	c->first = job->steps.count;
	rc = read_images(job, c, err);
	if (rc == PIPE_OK)
		rc = read_key(job, c, err);
	if (rc == PIPE_OK)
		rc = parameter_texts(job, "args", &c->args, err);
	if (rc == PIPE_OK)
		rc = parameter_text(job, "ca_file", &c->ca_file, err);
	if (rc == PIPE_OK)
		rc = parameter_bool(job, "tlog", &c->tlog, err);
	if (rc == PIPE_OK)
		rc = parameter_bool(job, "insecure", &c->insecure, err);
	return rc ? rc : parameter_bool(job, "plain_http", &c->plain_http, err);
}

/* ---- commands ---- */

void cosign_begin(const struct cosign *c, const char *name, struct argv *v)
{
	ARGV_ADD(v, "cosign", name);
	argv_option(v, "--key", c->key);
	argv_flag(v, "--allow-insecure-registry", c->insecure);
	argv_flag(v, "--allow-http-registry", c->plain_http);
	argv_option(v, "--registry-cacert", c->ca_file);
}

int cosign_annotations(struct stage_job *job, struct argv *v, pipe_error *err)
{
	const struct node *map = parameter_node(job, "annotations");

	for (uint32_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		const char *text = "";
		int rc = parameter_text_in(job, map, key->text, &text, err);
		if (rc)
			return rc;
		if (!*key->text || strchr(key->text, '='))
			return parameter_wrong(job, key, err, "\"%s\" is no name of an annotation", key->text);
		argv_add(v, "-a");
		argv_addf(v, "%s=%s", key->text, text);
	}
	return PIPE_OK;
}

int cosign_step(struct stage_job *job, const struct cosign *c, struct argv *v, const char *image, pipe_error *err)
{
	struct step *step = stage_step(job, STEP_COMMAND);

	argv_all(v, c->args);
	argv_add(v, image);
	if (!step || !(step->argv = argv_end(v)))
		return error_nomem(err);
	step->env = c->env;
	return PIPE_OK;
}

/* ---- the verdict ---- */

/* https://github.com/sigstore/cosign/blob/main/cmd/cosign/errors/exit_codes.go */
static const struct {
	int exit_code;
	const char *words;
} causes[] = {
	{ 10, "has no such signature" },
	{ 11, "is not in the registry" },
	{ 12, "has no signature that this key, these annotations and this policy fit" },
	{ 13, "has a signature without a certificate" },
};

static const char *image_of(const struct step *step)
{
	size_t n = 0;

	while (step->argv && step->argv[n])
		n++;
	return n ? step->argv[n - 1] : "the image";
}

int cosign_evaluate(struct stage_job *job, pipe_error *err)
{
	stage_judge_steps(job);
	for (uint32_t i = 0; job->verdict == VERDICT_FAIL && i < job->steps.count; i++) {
		const struct step *step = &job->steps.items[i];
		if (step->kind != STEP_COMMAND || step->state != STEP_DONE || step->end != STEP_FAILED)
			continue;
		for (size_t k = 0; k < sizeof(causes) / sizeof(*causes); k++)
			if (causes[k].exit_code == step->exit_code) {
				job->reason = arena_printf(job->arena, "%s %s", image_of(step), causes[k].words);
				return job->reason ? PIPE_OK : error_nomem(err);
			}
		return PIPE_OK;
	}
	return PIPE_OK;
}
