/*
 * What manifests, indexes and configurations say (OCI image spec 1.1, Docker's schema 2), wherever they come from.  All of it is
 * foreign: bounded, and an error says which document is wrong.
 */
#ifndef RUNNER_SCAN_TREE_TREE_IMAGE_H
#define RUNNER_SCAN_TREE_TREE_IMAGE_H

#include "runner/scan/layer/layer.h"
#include <jansson.h>

/* Brings the bytes that have this digest, verified. */
typedef int (*tree_fetch)(void *source, const char *digest, const char **text, size_t *length, pipe_error *err);

struct tree_image_source {
	tree_fetch manifest, config;
	layer_open_fn *layer;
	void *payload;
};

/*
 * Scans the image that the document (an index or a manifest; digest: its own, "" of a layout's index.json) leads to, through as many
 * indexes as it takes.  what: for messages.
 */
int tree_image_scan(struct tree_walk *w, const char *what, const char *digest, const char *text, size_t length,
		    const struct tree_image_source *source, pipe_error *err);

/* The configuration: fills w->image and *diff_ids (NULL-terminated).  digest: what is known of it. */
int tree_config_read(struct tree_walk *w, const char *digest, const char *text, size_t length, uint32_t *layers, pipe_error *err);

/* ---- tree_choice.c ---- */

/* A JSON object; json_decref it. */
int tree_load_json(const char *what, const char *text, size_t length, json_t **out, pipe_error *err);
/* The string behind a key, "" where there is none. */
const char *tree_json_text(const json_t *object, const char *key);
/* The entry of an index that is meant; borrowed. */
int tree_index_choose(struct tree_walk *w, const char *what, bool top, const json_t *index, const json_t **out, pipe_error *err);
/* PIPE_ENOTFOUND: the image is not of the platform that was asked for. */
int tree_platform_check(const struct tree_walk *w, pipe_error *err);

#endif
