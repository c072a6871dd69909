/* References to images: "alpine", "ghcr.io/acme/app:1.2@sha256:...", as docker and the OCI distribution spec read them. */
#ifndef RUNNER_OCI_REFERENCE_H
#define RUNNER_OCI_REFERENCE_H

#include "base/arena.h"
#include "pipe.h"
#include <stdbool.h>

struct oci_reference {
	const char *registry;	/* "docker.io" where none is written; with its port */
	const char *repository; /* "library/alpine" */
	const char *tag;	/* "" where only a digest is written; "latest" where neither is */
	const char *digest;	/* "sha256:..."; "" */
	bool implied_latest;
};
/* PIPE_EUSAGE says what is wrong with it. */
int oci_reference_parse(const char *text, struct arena *a, struct oci_reference *out, pipe_error *err);
/* [a-z]+:[hex of the right length] */
bool oci_digest_valid(const char *digest);

#endif
