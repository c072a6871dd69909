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

struct layer_reader;
int layer_reader_create(struct layer_reader **out, struct tree_walk *w, pipe_error *err);
/* number: count for the first call, 1 for the last.  what: for messages. */
int layer_read(struct layer_reader *r, const struct tree_layer *layer, const struct tree_part *part, uint16_t number,
	       const char *what, pipe_error *err);
/* After the last: the notes. */
int layer_reader_end(struct layer_reader *r, pipe_error *err);
void layer_reader_free(struct layer_reader *r);

#endif
