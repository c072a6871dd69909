/*
 * Reading layers, from the last to the first, each once.  The reader remembers of every path seen what the layers above have said of it
 * (layer_set.h), never the path itself, and holds the bytes of wanted files until their layer ends (layer_hold.h): then they are
 * handed out.  A layer is read a second time only for a hard link that is wanted and leads to a file that is not.
 *
 * What decides, from the OCI image spec and from what runtimes do where it is silent:
 *   - the topmost layer that names a path decides it; within a layer the last entry;
 *   - `.wh.NAME` takes NAME away from the layers below, `.wh..wh..opq` all that they have in the directory; neither touches its own layer;
 *   - what is no directory takes away what was below its path: in lower layers, and in its own before it;
 *   - an entry makes the directories above it, in place of whatever was there: a link in a lower layer is not followed;
 *   - `..` is taken literally ("a/../b" is "b"); an entry that climbs out of the root or is longer than PATH_MAX is left out and counted
 *     in a note, and so is a hard link that leads nowhere.
 */
#ifndef RUNNER_SCAN_LAYER_LAYER_H
#define RUNNER_SCAN_LAYER_LAYER_H

#include "runner/scan/tree_walk.h"

/* Brings a layer; the part is closed by the caller. */
typedef int layer_open_fn(void *source, const struct tree_layer *layer, struct tree_part *part, pipe_error *err);
/* Reads the layers, the last one first, and hands out what is left of their files.  layers[0] is the bottom; at most UINT16_MAX. */
int layers_scan(struct tree_walk *w, const struct tree_layer *layers, uint32_t count, layer_open_fn *open, void *source,
		pipe_error *err);

#endif
