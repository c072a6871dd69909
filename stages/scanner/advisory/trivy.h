/*
 * Trivy's database, schema 2 (github.com/aquasecurity/trivy-db): what its values mean.
 *
 *   data-source    SOURCE -> {"ID", "Name", "URL"}
 *   SOURCE / PACKAGE / ID -> an advisory           SOURCE: "debian 12", "npm::GitHub Security Advisory npm", "Red Hat"...
 *   vulnerability  ID -> what is known of it everywhere
 *   Red Hat CPE / repository, nvr -> the numbers of the products that a repository's packages belong to
 */
#ifndef SCANNER_ADVISORY_TRIVY_H
#define SCANNER_ADVISORY_TRIVY_H

#include "stages/scanner/advisory/advisory.h"

enum { TRIVY_SCHEMA = 2 };

struct trivy_metadata {
	int64_t updated_ms, next_ms, downloaded_ms; /* 0: not said */
};
/* PIPE_EPIPELINE: it is not metadata, or of another schema. */
int trivy_metadata_read(const char *bytes, size_t length, struct trivy_metadata *out, pipe_error *err);

/* The value of data-source; "" where nothing is said.  In the arena. */
struct trivy_source {
	const char *id, *name, *url;
};
int trivy_source_read(const char *bytes, size_t length, struct trivy_source *out, struct arena *a, pipe_error *err);

/* Buckets of the first level that hold no packages. */
bool trivy_is_source(const char *bucket, size_t length);

/* Red Hat's advisories name products by number.  Sorted in no order. */
struct trivy_products {
	VEC(uint32_t) numbers;
};
int trivy_products_add(struct trivy_products *products, const char *bytes, size_t length, struct arena *a, pipe_error *err);
/* The repositories whose products a release has where an image does not say more, NULL-terminated; NULL: none are known. */
const char *const *trivy_repositories(const char *release);

struct trivy_value {
	const char *bucket; /* decides how it is read */
	const char *key;    /* the id; in the arena */
	const char *bytes;
	size_t length;
	const struct trivy_source *source;
	const struct trivy_products *products; /* of Red Hat; otherwise NULL */
};
/* Hands out what the value says, in the arena: nothing, one advisory, or several of one package (by architecture, by product). */
int trivy_advisory_read(const struct trivy_value *value, struct arena *a,
			int (*each)(void *context, const struct advisory *advisory), void *context, pipe_error *err);
int trivy_details_read(const char *bytes, size_t length, struct arena *a, struct advisory_details *out, pipe_error *err);

#endif
