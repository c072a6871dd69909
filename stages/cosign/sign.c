/* uses: sign - puts a signature beside an image in its registry, with Cosign and a key. */
#include "base/error.h"
#include "stages/cosign/cosign.h"
#include "stages/types.h"

static const struct keyword parameters[] = {
	COSIGN_ANNOTATIONS("what the signature says besides, by names"),
	COSIGN_ARGS,
	COSIGN_CA_FILE,
	COSIGN_DOCKER_CONFIG,
	COSIGN_IMAGE,
	COSIGN_INSECURE,
	COSIGN_KEY("the private key: a file, a key service's address, or a variable that holds the key itself",
		   "key: $COSIGN_KEY"),
	COSIGN_PASSWORD,
	COSIGN_PLAIN_HTTP,
	COSIGN_TLOG("whether it is told to the public transparency log"),
	KEYWORD_END,
};

static int compile(struct stage_job *job, pipe_error *err)
{
	struct cosign c = { 0 };
	int rc = cosign_read(job, &c, err);

	for (size_t i = 0; rc == PIPE_OK && c.images[i]; i++) {
		struct argv v = { .a = job->arena };
		cosign_begin(&c, "sign", &v);
		ARGV_ADD(&v, "--yes", c.tlog ? "--tlog-upload=true" : "--tlog-upload=false");
		rc = cosign_annotations(job, &v, err);
		if (rc == PIPE_OK)
			rc = cosign_step(job, &c, &v, c.images[i], err);
	}
	return rc;
}

const struct stage_type stage_sign = {
	.uses = { .name = "sign",
		  .help = "signs images in their registry, with Cosign and a key",
		  .parameters = parameters,
		  .example = "sign:\n"
			     "  needs: [image]\n"
			     "  uses: sign\n"
			     "  with:\n"
			     "    key: $COSIGN_KEY\n",
		  .since = "0.1" },
	.quick = true,
	.compile = compile,
	.evaluate = cosign_evaluate,
};
