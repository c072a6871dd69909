/*
 * The files of what is scanned, whatever it is: a directory, a root file system, an OCI layout (directory or tar), a docker archive, an
 * image in a registry.  Of an image the last layer's word counts: a file that a later layer replaces or removes (whiteouts, OCI image
 * spec, "Layer Filesystem Changeset") is never handed out.  Links are not followed out of the target; devices, sockets and FIFOs are
 * nobody's files.  Everything is bounded, and no layer is ever held whole.
 */
#ifndef RUNNER_SCAN_TREE_H
#define RUNNER_SCAN_TREE_H

#include "base/arena.h"
#include "pipe.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum tree_kind { TREE_AUTO, TREE_DIRECTORY, TREE_OCI_LAYOUT, TREE_DOCKER_ARCHIVE, TREE_REGISTRY };

struct tree_limits {	     /* 0: the default */
	uint64_t entries;    /* 2,000,000 */
	uint64_t bytes;	     /* unpacked, all layers together: 64 GiB */
	uint64_t ratio;	     /* unpacked to packed, beyond the first 64 MiB: 1000 */
	uint64_t file_bytes; /* of a file that is wanted: PACKAGE_FILE_MAX */
	uint32_t layers;     /* 500 */
};

struct tree_options {
	enum tree_kind kind;
	const char *platform; /* "linux/arm64": of an image index; NULL: this machine's, else the only one */
	struct tree_limits limits;
	const char *scratch;	   /* a directory for layers that come from a registry */
	const char *docker_config; /* directory of credentials; NULL: the user's */
	const char *const *envp;   /* where the user's credentials are looked up, and what helpers get; NULL: nowhere */
	const char *ca_file;
	bool insecure, plain_http; /* registry */
	/* What lies on this machine is believed to be whole: digests of layers are not checked (those of manifests and configurations
	 * are), and of layers that are not compressed nothing is read but the headers and what is wanted. */
	bool unverified;
	const atomic_bool *cancel;
	/* A progress line for people ("layer 3 of 7, 120 MB"); or NULL. */
	void (*progress)(void *payload, const char *line);
	void *progress_payload;
};

struct tree_file {
	const char *path; /* relative to the root, clean, with `/` */
	uint64_t size;
	bool executable;
	const char *layer; /* diff id of the layer it is of; "" */
};

/* What is known of an image; texts in the arena that tree_scan was given. */
struct tree_image {
	bool image;
	const char *id, *digest, *os, *architecture, *user, *created; /* config digest, manifest digest; "" */
	const char *const *diff_ids, *const *repo_tags, *const *repo_digests;
	uint64_t compressed_bytes;
	uint64_t entries, files;  /* seen */
	const char *const *notes; /* what was not looked at, a sentence each, NULL-terminated; NULL after an error */
};

/*
 * Walks it.  wants: is the content wanted? (cheap; called once for each regular file that is left at the end, in any order, and also for
 * one that its own layer replaces later on, which is not visited).  visit: its bytes, valid during the call; a negative pipe_code ends
 * the walk.
 * Errors: PIPE_ENOTFOUND, PIPE_EPIPELINE (what is broken, and where: "layer sha256:...: truncated"), PIPE_ELIMIT (which bound, and how to
 * raise it), PIPE_ENETWORK, PIPE_EIO, PIPE_ECANCELLED where there is such a code.  A digest that does not fit what it names is
 * PIPE_EPIPELINE.  Blocking; any thread.
 */
int tree_scan(const char *target, const struct tree_options *options, struct arena *a, struct tree_image *image,
	      bool (*wants)(void *payload, const struct tree_file *file),
	      int (*visit)(void *payload, const struct tree_file *file, const char *bytes, size_t length, pipe_error *err),
	      void *payload, pipe_error *err);
/* It can be no image of a registry: it is written as a path is, which may be missing. */
bool tree_target_is_path(const char *target);

#endif
