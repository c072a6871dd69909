/* What the types that call Cosign share: the image by its digest, the key, the registry, and what Cosign's exit codes mean. */
#ifndef STAGES_COSIGN_COSIGN_H
#define STAGES_COSIGN_COSIGN_H

#include "pipeline/keyword/keyword_fields.h"
#include "stages/argv.h"
#include "stages/stage.h"

/* Rows of their tables, sorted by name among the others. */
#define COSIGN_ANNOTATIONS(help_)                                                                                                \
	KEYWORD_ROW("annotations", IN_NESTED, TAKES_NAMED, help_, .items = TAKES_SCALAR,                                         \
		    .example = "annotations: {commit: $CI_COMMIT_SHA}")
#define COSIGN_ARGS KEYWORD_ROW("args", IN_NESTED, TAKES_TEXT | TAKES_LIST, "further arguments for cosign", .items = TAKES_TEXT)
#define COSIGN_CA_FILE                                                                                                           \
	KEYWORD_ROW("ca_file", IN_NESTED, TAKES_TEXT, "a file with the certificates that the registry is trusted by",            \
		    .fallback = "the system's")
#define COSIGN_DOCKER_CONFIG                                                                                                     \
	KEYWORD_ROW("docker_config", IN_NESTED, TAKES_TEXT, "a directory whose config.json has the registry's credentials",      \
		    .fallback = "the user's")
#define COSIGN_IMAGE                                                                                                             \
	KEYWORD_ROW("image", IN_NESTED, TAKES_TEXT | TAKES_LIST, "images, each by its digest: NAME@DIGEST", .items = TAKES_TEXT, \
		    .fallback = "$IMAGE, which `uses: image` hands on")
#define COSIGN_INSECURE                                                                                                          \
	KEYWORD_ROW("insecure", IN_NESTED, TAKES_BOOL, "the registry's certificate is not checked", .fallback = "false")
#define COSIGN_KEY(help_, example_) KEYWORD_ROW("key", IN_NESTED, TAKES_TEXT, help_, .required = true, .example = example_)
#define COSIGN_PASSWORD                                                                                                          \
	KEYWORD_ROW("password", IN_NESTED, TAKES_TEXT, "of the key", .fallback = "$COSIGN_PASSWORD, or an empty one")
#define COSIGN_PLAIN_HTTP                                                                                                        \
	KEYWORD_ROW("plain_http", IN_NESTED, TAKES_BOOL, "the registry is spoken to without TLS", .fallback = "false")
#define COSIGN_TLOG(help_) KEYWORD_ROW("tlog", IN_NESTED, TAKES_BOOL, help_, .fallback = "false")

struct cosign {
	const char *const *images; /* NULL-terminated, each with a digest */
	const char *key, *const *args, *const *env;
	const char *ca_file;
	bool tlog, insecure, plain_http;
	uint32_t first; /* step */
};

/* Reads them all and asks for the tool.  An image that is named without its digest, or no image at all, is PIPE_EPIPELINE. */
int cosign_read(struct stage_job *job, struct cosign *c, pipe_error *err);
/* "cosign NAME" with the key and the registry's options. */
void cosign_begin(const struct cosign *c, const char *name, struct argv *v);
/* -a NAME=VALUE of the parameter `annotations`. */
int cosign_annotations(struct stage_job *job, struct argv *v, pipe_error *err);
/* Ends the vector with the user's arguments and the image, and makes a step of it. */
int cosign_step(struct stage_job *job, const struct cosign *c, struct argv *v, const char *image, pipe_error *err);
/* evaluate: says why it failed in words, where Cosign's exit code tells. */
int cosign_evaluate(struct stage_job *job, pipe_error *err);

#endif
