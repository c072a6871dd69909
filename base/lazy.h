/*
 * Libraries that few commands need are loaded when they are first used: linked, they would cost every start of the program (libcurl
 * alone 7 ms).  A room lists the functions it calls once, as an X-macro, and gets a struct of typed pointers from it:
 *
 *   #define ZIP_FUNCTIONS(X) X(zip_open) X(zip_close)
 *   struct zip_library { LAZY_FUNCTIONS(ZIP_FUNCTIONS) };
 *
 * The dynamic loader counts the users of a library and keeps it, so that every call may open and close it anew: there is no state
 * of ours to share between threads.
 */
#ifndef BASE_LAZY_H
#define BASE_LAZY_H

#include "pipe.h"

#define LAZY_POINTER(name) __typeof__(name) *name;
#define LAZY_NAME(name) #name,
#define LAZY_FUNCTIONS(list) list(LAZY_POINTER)

struct lazy_library {
	const char *what;	      /* for the message: "fetching over HTTP" */
	const char *package;	      /* of Debian */
	const char *const *sonames;   /* tried in this order; NULL-terminated */
	const char *const *functions; /* names, in the order of the pointers; NULL-terminated */
};

/* Fills the function pointers at `functions`, a struct that holds nothing else.  PIPE_EUNSUPPORTED names what to install. */
int lazy_open(const struct lazy_library *library, void **handle, void *functions, pipe_error *err);
void lazy_close(void *handle);

#endif
