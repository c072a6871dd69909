/* uses: verify - asks Cosign whether an image has a signature, or an attestation, that a key fits. */
#include "base/error.h"
#include "stages/cosign/cosign.h"
#include "stages/parameter.h"
#include "stages/types.h"

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const struct keyword parameters[] = {
	COSIGN_ANNOTATIONS("what the signature must say besides, by names"),
	COSIGN_ARGS,
	FIELD("attestation", TAKES_TEXT, "an attestation of this type is asked for, instead of a signature",
	      .example = "attestation: slsaprovenance1"),
	COSIGN_CA_FILE,
	COSIGN_DOCKER_CONFIG,
	COSIGN_IMAGE,
	COSIGN_INSECURE,
	COSIGN_KEY("the public key: a file, or a variable that holds the key itself", "key: cosign.pub"),
	COSIGN_PLAIN_HTTP,
	FIELD("policy", TAKES_TEXT | TAKES_LIST, "files in CUE or Rego that the attestation must fit", .items = TAKES_TEXT),
	COSIGN_TLOG("whether it must be in the public transparency log"),
	KEYWORD_END,
};

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *type = with ? node_pair(with, "attestation") : NULL, *policy = with ? node_pair(with, "policy") : NULL,
			  *annotations = with ? node_pair(with, "annotations") : NULL;

	(void)at;
	if (type && node_is_null(type->value))
		type = NULL;
	if (policy && !node_is_null(policy->value) && !type) {
		diag_error(d, policy->key->at, "verify-policy", "\"policy\" judges an attestation, and none is asked for");
		diag_hint(d, "add \"attestation: slsaprovenance1\" or another type");
	}
	if (annotations && !node_is_null(annotations->value) && type) {
		diag_error(d, annotations->key->at, "conflicting-keywords",
			   "\"annotations\" and \"attestation\" cannot stand together");
		diag_related(d, type->key->at, "the attestation is here");
	}
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct cosign c = { 0 };
	const char *const *policies = NULL, *type = NULL;
	int rc = cosign_read(job, &c, err);

	if (rc == PIPE_OK)
		rc = parameter_text(job, "attestation", &type, err);
	if (rc == PIPE_OK)
		rc = parameter_texts(job, "policy", &policies, err);
	for (size_t i = 0; rc == PIPE_OK && c.images[i]; i++) {
		struct argv v = { .a = job->arena };
		cosign_begin(&c, type ? "verify-attestation" : "verify", &v);
		argv_add(&v, c.tlog ? "--insecure-ignore-tlog=false" : "--insecure-ignore-tlog=true");
		argv_option(&v, "--type", type);
		argv_options(&v, "--policy", policies);
		rc = cosign_annotations(job, &v, err);
		if (rc == PIPE_OK)
			rc = cosign_step(job, &c, &v, c.images[i], err);
	}
	return rc;
}

const struct stage_type stage_verify = {
	.uses = { .name = "verify",
		  .help = "checks that images are signed, or attested, by the owner of a key",
		  .parameters = parameters,
		  .example = "verify:\n"
			     "  stage: deploy\n"
			     "  uses: verify\n"
			     "  with:\n"
			     "    key: cosign.pub\n",
		  .since = "0.1",
		  .check = check },
	.quick = true,
	.compile = compile,
	.evaluate = cosign_evaluate,
};
