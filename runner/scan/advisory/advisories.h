/*
 * Where advisories come from on this machine.  Two sources: Trivy's own database file (bbolt, mapped read-only, bounds-checked, never
 * imported) and OSV records in SQLite.  Both lie in a directory that all projects of a user share: $PIPE_ADVISORIES, else
 * $XDG_DATA_HOME/pipe/advisories, else ~/.local/share/pipe/advisories:
 *
 *   trivy/trivy.db, trivy/metadata.json   swapped in atomically (a new directory, a rename)
 *   osv.db
 *
 * An empty, stale or damaged database is never "clean": opening one is an error (PIPE_EPIPELINE says what is wrong with it, PIPE_ENOTFOUND
 * that there is none and how to get one).
 */
#ifndef RUNNER_SCAN_ADVISORY_ADVISORIES_H
#define RUNNER_SCAN_ADVISORY_ADVISORIES_H

#include "stages/scanner/advisory/advisory.h"
#include <stdatomic.h>

/* The directory; in the arena.  NULL: err says why there is none. */
const char *advisories_directory(const char *const *envp, struct arena *a, pipe_error *err);

/* path: of trivy.db, or of the directory that holds it and metadata.json.  The source's payload owns the map. */
int trivy_db_open(struct advisory_source *out, const char *path, pipe_error *err);
/* path: of osv.db. */
int osv_db_open(struct advisory_source *out, const char *path, pipe_error *err);

struct osv_import {
	uint64_t records, withdrawn, unusable; /* read, left out, without anything that we could compare */
};
/* Records from a directory of .json files or a .zip; those that are there already are replaced; all or nothing.  A record that cannot be
 * read is an error that names it. */
int osv_db_import(const char *path, const char *from, struct osv_import *done, const atomic_bool *cancel, pipe_error *err);

/* Where Trivy's own users get it from. */
#define ADVISORIES_DEFAULT "ghcr.io/aquasecurity/trivy-db:2"

struct advisories_update {
	const char *from;	   /* REGISTRY/REPO:TAG; NULL: ADVISORIES_DEFAULT */
	const char *const *envp;   /* where the configuration of registries is looked up (runner/oci/registry.h); or NULL */
	const char *docker_config; /* or NULL */
	const char *ca_file;
	bool insecure, plain_http;
	const atomic_bool *cancel;
	void (*progress)(void *payload, const char *line);
	void *progress_payload;
};
/* Pulls the OCI artifact (application/vnd.aquasec.trivy.db.layer.v1.tar+gzip), verifies its digest, opens what came, and swaps it in.
 * What was there stays until then.  PIPE_EBUSY: another one is under way. */
int advisories_update(const char *directory, const struct advisories_update *options, pipe_error *err);

#endif
