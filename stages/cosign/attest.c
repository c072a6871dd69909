/*
 * uses: attest - puts a signed statement about an image beside it in its registry: how it was made (SLSA provenance, written from the run's
 * own record), what it is made of (an SBOM), or any other predicate in a file.
 */
#include "base/error.h"
#include "stages/cosign/cosign.h"
#include "stages/parameter.h"
#include "stages/project.h"
#include "stages/types.h"

#include <string.h>

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const struct keyword parameters[] = {
	COSIGN_ARGS,
	FIELD("builder", TAKES_TEXT,
	      "the URI by which the builder is known in the provenance: whoever trusts it trusts what it says",
	      .fallback = "one that names pipe and this machine", .example = "builder: https://ci.example.com/pipe"),
	COSIGN_CA_FILE,
	COSIGN_DOCKER_CONFIG,
	COSIGN_IMAGE,
	COSIGN_INSECURE,
	COSIGN_KEY("the private key: a file, a key service's address, or a variable that holds the key itself",
		   "key: $COSIGN_KEY"),
	FIELD("output", TAKES_TEXT, "the predicate is written to this file, too, and kept as an artifact: of provenance only"),
	COSIGN_PASSWORD,
	COSIGN_PLAIN_HTTP,
	FIELD("predicate", TAKES_TEXT, "a file with what is attested", .fallback = "SLSA provenance of this run",
	      .example = "predicate: sbom.json"),
	COSIGN_TLOG("whether it is told to the public transparency log"),
	FIELD("type", TAKES_TEXT, "of the predicate: cyclonedx, spdxjson, slsaprovenance1, vuln, openvex, or a URI",
	      .fallback = "slsaprovenance1", .example = "type: cyclonedx"),
	KEYWORD_END,
};

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	static const char *const ours[] = { "builder", "output" };
	const struct pair *predicate = parameter_written(with, "predicate"), *type = parameter_written(with, "type");

	(void)at;
	if (predicate && !type) {
		diag_error(d, predicate->key->at, "attest-type", "it is not said what \"predicate\" is");
		diag_hint(d, "add \"type: cyclonedx\" or another type");
	}
	if (type && !predicate && type->value->kind == NODE_SCALAR && strcmp(type->value->text, "slsaprovenance1") != 0) {
		diag_error(d, type->value->at, "attest-type", "a \"%s\" cannot be made here", type->value->text);
		diag_hint(d, "name a file with it: \"predicate: FILE\"; without one, SLSA provenance is written");
	}
	for (size_t i = 0; predicate && i < sizeof(ours) / sizeof(*ours); i++) {
		const struct pair *p = parameter_written(with, ours[i]);
		if (!p)
			continue;
		diag_error(d, p->key->at, "conflicting-keywords", "\"%s\" and \"predicate\" cannot stand together", ours[i]);
		diag_related(d, predicate->key->at, "the predicate is here");
	}
}

static int keep(struct stage_job *job, const char *path, pipe_error *err)
{
	const char **slot = vec_push(job->arena, &job->outputs);

	if (!slot)
		return error_nomem(err);
	*slot = path;
	return PIPE_OK;
}

/* The provenance is written first, and attested then. */
static int write_provenance(struct stage_job *job, const struct cosign *c, const char **out, pipe_error *err)
{
	struct action_provenance *p = ARENA_NEW(job->arena, struct action_provenance);
	struct stage_action *action = ARENA_NEW(job->arena, struct stage_action);
	const char *output = NULL;
	struct step *step;
	int rc = parameter_text(job, "output", &output, err);

	if (rc == PIPE_OK && output)
		rc = project_inside(job, "output", output, &output, err);
	if (rc == PIPE_OK && output)
		rc = keep(job, output, err);
	if (rc)
		return rc;
	step = stage_step(job, STEP_ACTION);
	if (!p || !action || !step)
		return error_nomem(err);
	p->subjects = c->images;
	p->predicate_only = true;
	p->output = output ? output : arena_printf(job->arena, "%s/provenance.json", job->scratch);
	rc = parameter_text(job, "builder", &p->builder, err);
	*action = (struct stage_action){ ACTION_PROVENANCE, p };
	step->action = action;
	step->title = "provenance from the record of this run";
	*out = p->output;
	return rc || p->output ? rc : error_nomem(err);
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct cosign c = { 0 };
	const char *predicate = NULL, *type = "slsaprovenance1";
	int rc = cosign_read(job, &c, err);

	if (rc == PIPE_OK)
		rc = parameter_text(job, "predicate", &predicate, err);
	if (rc == PIPE_OK)
		rc = parameter_text(job, "type", &type, err);
	if (rc == PIPE_OK && predicate)
		rc = project_inside(job, "predicate", predicate, &predicate, err);
	if (rc == PIPE_OK && predicate && !job->world->exists(job->world->payload, predicate))
		rc = parameter_wrong(job, parameter_node(job, "predicate"), err, "the predicate \"%s\" is not there", predicate);
	if (rc == PIPE_OK && !predicate)
		rc = write_provenance(job, &c, &predicate, err);
	for (size_t i = 0; rc == PIPE_OK && c.images[i]; i++) {
		struct argv v = { .a = job->arena };
		cosign_begin(&c, "attest", &v);
		ARGV_ADD(&v, "--yes", c.tlog ? "--tlog-upload=true" : "--tlog-upload=false");
		argv_option(&v, "--predicate", predicate);
		argv_option(&v, "--type", type);
		rc = cosign_step(job, &c, &v, c.images[i], err);
	}
	return rc;
}

const struct stage_type stage_attest = {
	.uses = { .name = "attest",
		  .help = "attests how an image was made (SLSA provenance), what is in it, or what a file says, with Cosign and a key",
		  .parameters = parameters,
		  .example = "provenance:\n"
			     "  needs: [image]\n"
			     "  uses: attest\n"
			     "  with:\n"
			     "    key: $COSIGN_KEY\n",
		  .since = "0.1",
		  .check = check },
	.quick = true,
	.compile = compile,
	.evaluate = cosign_evaluate,
};
