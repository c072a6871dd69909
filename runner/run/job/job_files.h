/*
 * The files of a job: what is brought before its script (the workspace, caches, artifacts of other jobs) and what is taken after it
 * (artifacts, reports, caches, dotenv, coverage).  These are blocking steps, run on a worker thread; they see the job through a
 * struct of their own that was filled on the loop's thread, so that nothing is shared.
 */
#ifndef RUNNER_RUN_JOB_JOB_FILES_H
#define RUNNER_RUN_JOB_JOB_FILES_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipe.h"
#include "pipeline/model.h"
#include "runner/log/mask.h"

/* An archive to unpack, or one that was made. */
struct job_archive {
	const char *kind; /* "archive", or a report */
	const char *name;
	const char *path;
	uint64_t bytes;
	uint32_t files;
	const char *names; /* what is in it (struct archive_select), when only what is missing is to come back; or NULL */
	size_t names_length;
};

struct cache_use {
	const struct cache *cache;
	const char *key;	 /* found when the cache is restored (files may change under the script) */
	text_list fallback_keys; /* expanded, and ended by NULL */
	enum cache_policy policy;
};

struct job_files {
	struct arena arena; /* everything below */
	const char *state_directory, *project_directory, *workspace;
	const char *base;		   /* "<run>/<index>": what is made gets a suffix */
	bool isolate;			   /* the workspace is to be made first, and removed last */
	bool stays;			   /* until job_files_remove: its hooks look at it yet */
	bool succeeded;			   /* how the script ended: what is taken depends on it */
	const struct artifacts *artifacts; /* NULL: none */
	text_list paths, exclude;	   /* expanded, and ended by NULL */
	const char *artifact_name;
	VEC(struct report) reports; /* with expanded paths, ended by NULL */
	VEC(struct cache_use) caches;
	VEC(struct job_archive) restore, made;
	struct scope scope;   /* for cache keys; its layers are borrowed from the job's arena */
	const char *coverage; /* a regular expression; NULL: none */
	uint32_t regex_steps;
	const struct mask *mask;    /* what may not be kept; borrowed, and nobody changes it */
	struct variables dotenv;    /* found */
	double coverage_found;	    /* negative: none */
	VEC(const char *) warnings; /* sentences */
	int code;		    /* of the step */
	pipe_error error;
};

/* Is there anything to do before, after? */
bool job_files_before_needed(const struct job_files *f);
bool job_files_after_needed(const struct job_files *f);
void job_files_before(struct job_files *f);
void job_files_after(struct job_files *f);
/* Of a workspace that stays. */
void job_files_remove(struct job_files *f);

#endif
