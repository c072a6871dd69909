/*
 * What every format of packages works with: the bytes, the list that is filled, the way to say what is wrong.  A format's own function
 * takes a reader; PACKAGE_PARSER makes the one of package_format.parse out of it.
 *
 * Texts of a package are the arena's, never NULL, and a package stands once in a list ("name@version"), however often the file has it.
 */
#ifndef SCANNER_PACKAGE_READER_H
#define SCANNER_PACKAGE_READER_H

#include "base/map.h"
#include "stages/scanner/package/package.h"
#include "stages/scanner/syntax/text.h"
#include "stages/scanner/syntax/tree.h"

typedef const char *(*package_beside)(void *payload, const char *path, size_t *length);

struct reader {
	const char *bytes;
	size_t length;
	struct package_list *list;
	struct arena *arena;
	package_beside beside;
	void *payload;
	pipe_error *err;
	struct map seen; /* "name@version": index into the list's packages + 1 */
};

/* Runs the format's function and puts the packages in order (by name, then version). */
int reader_run(struct reader *r, int (*read)(struct reader *r));

#define PACKAGE_PARSER(function, read)                                                                                           \
	static int function(const char *bytes, size_t length, struct package_list *list, struct arena *a, package_beside beside, \
			    void *payload, pipe_error *err)                                                                      \
	{                                                                                                                        \
		pipe_error ours = { 0 };                                                                                         \
		struct reader r = { bytes, length, list, a, beside, payload, err ? err : &ours, MAP_INIT };                      \
                                                                                                                                 \
		return reader_run(&r, read);                                                                                     \
	}

/* ---- what is wrong ---- */

/* PIPE_EPIPELINE, with the place; line 0: the file as such. */
int reader_fail(struct reader *r, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));
int reader_nomem(struct reader *r);
/* Something that could not be read; the file as such can.  At most READER_NOTES of them, each once.  false: no memory. */
enum { READER_NOTES = 20 };
bool reader_note(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A text file holds no NUL: PIPE_OK, or an error with its line. */
int reader_check_text(struct reader *r);

/* ---- packages ---- */

/* The package of that name and version: a new one, or the one that is there (its lines stay as they are).  Until the next call.  NULL: no
 * memory, or too many (err is filled). */
struct scan_package *reader_add(struct reader *r, struct piece name, struct piece version, bool *is_new);
/* The package of an id ("name@version"), or NULL. */
struct scan_package *reader_find(struct reader *r, const char *id);
/* "name@version"; only "name" without one.  NULL: no memory. */
const char *reader_id(struct reader *r, struct piece name, struct piece version);
const char *reader_text(struct reader *r, struct piece s);

struct reader_ids {
	VEC(const char *) list;
};
bool reader_id_push(struct reader *r, struct reader_ids *ids, const char *id);
/* Sorted, each once, NULL at the end; NULL where there are none.  false: no memory. */
bool reader_depends(struct reader *r, struct reader_ids *ids, const char *const **out);

/* A mark that is put on packages which can be reached from those that have it, along depends_on.  Iterative, linear. */
struct reader_walk {
	bool *reached;	 /* by index of the package */
	uint32_t *queue; /* room for all */
	uint32_t count;
};
bool reader_walk_begin(struct reader *r, struct reader_walk *w);
void reader_walk_from(struct reader_walk *w, uint32_t index);
/* Follows what was begun with to its end. */
void reader_walk_run(struct reader *r, struct reader_walk *w);

/* ---- other files ---- */

/* The path of a file relative to the list's file ("../pom.xml"); NULL: it leads out of the target (or no memory). */
const char *reader_path(struct reader *r, const char *relative);
const char *reader_beside(struct reader *r, const char *relative, size_t *length);

/* ---- trees ---- */

enum reader_syntax { SYNTAX_JSON, SYNTAX_TOML, SYNTAX_YAML };
/* The file itself as a tree. */
int reader_tree(struct reader *r, enum reader_syntax syntax, struct tree_value *out);
/* A file beside it: 1 it is there, 0 it is not, or it is broken (a note says so), negative: no memory. */
int reader_tree_beside(struct reader *r, const char *relative, enum reader_syntax syntax, struct tree_value *out);

#endif
