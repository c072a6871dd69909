/* uses: image - what its files share: the parameters as they were read, the image that is being made, what was found out about it. */
#ifndef STAGES_IMAGE_H
#define STAGES_IMAGE_H

#include "stages/image/dockerfile.h"
#include "stages/image/ignore.h"
#include "stages/image/tag.h"
#include "stages/stage.h"

enum image_level { LEVEL_ALLOW, LEVEL_WARN, LEVEL_FAIL };

/* What is looked for in a Dockerfile and its context; rows of image_checks. */
enum image_check_id { CHECK_ROOT, CHECK_LATEST, CHECK_DOCKERIGNORE, CHECK_REMOTE_ADD, CHECK_SECRET_NAMES, IMAGE_CHECKS };

struct image_secret {
	const char *id;
	const char *variable; /* NULL: it is in a file */
	bool in_file;	      /* the variable holds the path of a file with it */
	const char *path;     /* where the builder reads it: absolute, or in the workspace */
};

struct image_builder;

/* The parameters.  Texts are in the job's arena; lists end with a NULL, and a list that is NULL is not there. */
struct image_settings {
	const char *context, *dockerfile; /* relative to the workspace; "." is the workspace */
	const char *target;		  /* NULL: the last stage */
	const char *const *platforms;
	const char *const *build_args, *const *labels; /* "NAME=VALUE" */
	VEC(struct image_secret) secrets;
	const char *const *cache_from;
	const char *cache_to;
	const char *const *args; /* for the builder, as they are */
	bool push;
	const char *archive;	      /* path in the workspace of an OCI archive; NULL: none */
	int64_t epoch;		      /* seconds; -1: none */
	const char *sbom, *sbom_file; /* "cyclonedx" or "spdx"; NULL: none */
	int64_t retain;		      /* 0: old tags are left alone */
	const char *retain_pattern;
	const char *docker_config, *ca_file; /* or NULL */
	bool tls_verify;
	bool scan_secrets, allow_secrets;
	enum image_level levels[IMAGE_CHECKS];
};

struct image_finding {
	struct evidence_finding finding;
	enum image_level level;
};

enum image_phase { PHASE_LOOK, PHASE_BUILD, PHASE_PUSH, PHASE_RECORD, PHASE_OVER };

struct image_work {
	struct stage_job *job;
	struct image_settings set;
	struct image_tagging tagging;
	/* Builders that are there and can do what is asked, in the order of preference; those before `chosen` do not work here. */
	VEC(const struct image_builder *) candidates;
	uint32_t chosen;
	const char *program;   /* of the chosen one */
	bool probing;	       /* whether it works is found out by asking it */
	const char *left_out;  /* why one of the named builder's ways was not asked; NULL */
	const char *sbom_tool; /* NULL: none */
	enum image_phase phase;
	const char *id;	    /* of the image in the builder's store; NULL: it has none, or the tag is its name */
	const char *layout; /* absolute: the directory of an OCI layout with it; NULL: none is wanted */
	const char *digest; /* of the manifest; NULL: not known */
	uint64_t bytes;
	/* Steps, by index; UINT32_MAX: there is none. */
	uint32_t scan_step, probe_step, build_step, layout_step, archive_first, push_first, push_count, resolve_step, sbom_step,
		retain_from, retain_to;
	VEC(struct image_finding) findings;
	const char *failure; /* why nothing is built although no step failed; NULL */
};

static inline const struct image_builder *image_builder(const struct image_work *i)
{
	return i->candidates.items[i->chosen];
}

/* parameters.c: the table of the parameters, and what it cannot say. */
extern const struct keyword image_parameters[];
extern const char *const image_levels[]; /* the names of enum image_level */
void image_check_parameters(const struct node *with, struct mark at, struct diagnostics *d);

/* settings.c: reads the parameters; PIPE_EPIPELINE: one of them is wrong. */
int image_settings_read(struct image_work *i, pipe_error *err);

/* check.c: what the Dockerfile and the context give to think about. */
struct image_check {
	const char *parameter, *rule;
	uint8_t severity;
	const char *url;
};
extern const struct image_check image_checks[IMAGE_CHECKS];
int image_check_all(struct image_work *i, pipe_error *err);
/* The files that a build does not see, or none. */
int image_ignores(struct image_work *i, struct ignore_patterns *out, const char **path, pipe_error *err);
/* Adds a finding; message may come from arena_printf as it is. */
int image_found(struct image_work *i, enum image_check_id id, const char *path, uint32_t line, const char *message,
		pipe_error *err);

/* secret.c: secrets in the context, as the built-in scanner found them. */
int image_scan_step(struct image_work *i, pipe_error *err);
int image_scan_read(struct image_work *i, pipe_error *err);

/* layout.c: digest and bytes of the one image in an OCI layout (index.json, and its manifest), whose files `read` brings. */
int image_layout_read(struct image_work *i, pipe_error *err);
/* The same of two JSON texts.  PIPE_EPIPELINE: it is no such thing. */
int image_layout_digest(struct arena *a, const char *index, const char **digest, pipe_error *err);
int image_layout_bytes(const char *manifest, uint64_t *bytes, pipe_error *err);

/* steps.c: the steps of each phase. */
int image_probe(struct image_work *i, pipe_error *err);
int image_build(struct image_work *i, pipe_error *err);
int image_push(struct image_work *i, pipe_error *err);
int image_record(struct image_work *i, pipe_error *err);

/* verdict.c: what was found, in the log; and what became of it all. */
void image_say_findings(struct image_work *i);
int image_evaluate(struct stage_job *job, pipe_error *err);

#endif
