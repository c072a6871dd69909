/*
 * What a step does that is no process: native actions, carried out by the runner on a thread of their own (runner/action/, one file each).
 * A stage type names one and gives it a struct of arguments, all texts expanded, in the job's arena.  Paths are absolute, or relative to the
 * workspace.  The action writes to the job's log, may be cancelled, and leaves `result` (step.h: step.answer).
 */
#ifndef STAGES_ACTION_H
#define STAGES_ACTION_H

#include <stdbool.h>
#include <stdint.h>

enum action_kind {
	ACTION_SCAN,	   /* struct action_scan: the built-in scanner */
	ACTION_RETAIN,	   /* struct action_retain: removes old tags from a registry */
	ACTION_RESOLVE,	   /* struct action_resolve: what a registry has under a tag */
	ACTION_PROVENANCE, /* struct action_provenance: writes a SLSA statement from the run's own record */
	ACTION_UPLOAD,	   /* struct action_upload: a file to an HTTP server (ChartMuseum) */
	ACTION_LUA,	   /* struct action_lua: a function that a team wrote */
	ACTION_KIND_COUNT
};

/* How a registry is reached. */
struct action_registry {
	const char *docker_config; /* a directory; NULL: the user's */
	const char *ca_file;
	bool insecure, plain_http;
};

/* exit: 0 it was scanned; a finding is never a failure of the step (evaluate judges the evidence).  Its report is Trivy's JSON at `report`,
 * which the stage reads as evidence.  answer: "". */
struct action_scan {
	const char *target;
	const char *type; /* image, filesystem, repository, sbom; NULL: by looking at it */
	bool vulnerabilities, secrets;
	const char *db;							  /* NULL: the user's */
	int64_t max_age_ms;						  /* 0: the default */
	const char *const *ignore_files, *const *vex_files, *const *skip; /* or NULL */
	unsigned severities;						  /* shown in the log's table: bits; 0: all */
	bool ignore_unfixed, development;
	const char *platform;
	struct action_registry registry;
	const char *report; /* Trivy's JSON is written here */
	const char *sarif;  /* and SARIF; NULL: not */
};

/* Keeps the `keep` newest of the tags that match, and every tag whose manifest (or an index's part) a kept tag needs.  answer: one line a
 * tag that was removed. */
struct action_retain {
	const char *repository; /* registry/repository, without a tag */
	const char *pattern;	/* glob of the tags that may be removed; NULL: all */
	uint32_t keep;
	const char *protect; /* a tag that stays whatever its age: the one just pushed; or NULL */
	struct action_registry registry;
};

/* answer: "sha256:... BYTES MEDIA_TYPE", BYTES of the image's layers and config (of an index: of its largest image); fails where it is
 * not there. */
struct action_resolve {
	const char *reference;
	struct action_registry registry;
};

/* An in-toto statement v1 with a SLSA provenance v1 predicate (https://slsa.dev/spec/v1.0/provenance), or the predicate alone. */
struct action_provenance {
	const char *const *subjects; /* "name@sha256:..." (images), or paths of files; NULL-terminated */
	const char *output;
	const char *builder; /* URI of the builder; NULL: one that names pipe and the machine */
	bool predicate_only; /* what `cosign attest --predicate` wants */
};

/* POST or PUT of a file; a status of 2xx is success, anything else fails with what the server said.  answer: the body. */
struct action_upload {
	const char *url, *method;
	const char *file;
	const char *content_type;
	const char *field;		     /* of multipart/form-data; NULL: the file is the body */
	const char *user, *password, *token; /* or NULL */
	const char *ca_file;
	bool insecure;
};

/* Calls a script (lua/call.h), which may wait, and sees the evidence of the run so far.  It fails only where the call cannot be made at
 * all; how the script ended is in the answer, a JSON object: "end" (done failed broken over refused), "value" and "second" (what it
 * returned; "unfit": why it is nothing that JSON knows), "reason", "file", "line", "metrics" and "findings" (what it put, by the
 * columns of lua/rows.h). */
struct action_lua {
	const struct lua_text *code;
	const char *member;	   /* of the table that the source returns; NULL: the source itself */
	const char *point;	   /* ctx.point */
	const struct node *with;   /* ctx.with; or NULL */
	const struct scope *scope; /* ctx.vars */
	const char *extra;	   /* a JSON object: further members of ctx; or NULL */
};

struct stage_action {
	enum action_kind kind;
	const void *arguments;
};

#endif
