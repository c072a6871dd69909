/* What a manifest says: of an image its config and layers, of an index its parts (OCI image spec 1.1, and docker's forms of both). */
#ifndef RUNNER_OCI_MANIFEST_VIEW_H
#define RUNNER_OCI_MANIFEST_VIEW_H

#include "base/arena.h"
#include "base/vec.h"
#include "runner/oci/registry.h"

struct manifest_blob {
	const char *digest, *media_type; /* "" */
	uint64_t bytes;
	bool index;	  /* of a part: it is an index itself */
	bool attestation; /* of a part: it says something about the others (its platform is "unknown") */
};
typedef VEC(struct manifest_blob) manifest_blobs;

struct manifest_view {
	bool index;
	struct manifest_blob config; /* digest "": it has none */
	manifest_blobs layers, parts;
	const char *subject; /* digest of what it is about; "" */
	const char *created; /* its annotation, RFC 3339; "" */
};

/* Texts in the arena.  PIPE_EPIPELINE: it is no manifest, or of a form that nobody pushes any more. */
int manifest_view(const struct registry_manifest *m, struct arena *a, struct manifest_view *out, pipe_error *err);
/* Config and layers together; false: nobody has that much. */
bool manifest_bytes(const struct manifest_view *v, uint64_t *bytes);

#endif
