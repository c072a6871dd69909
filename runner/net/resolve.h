/*
 * Addresses of a name, without having to wait for a resolver that hangs: getaddrinfo cannot be interrupted, so that it runs on a
 * thread of its own, which is left to end by itself when nobody wants its answer any more.
 */
#ifndef RUNNER_NET_RESOLVE_H
#define RUNNER_NET_RESOLVE_H

#include "pipe.h"
#include <netdb.h>
#include <stdatomic.h>

/* For connections (SOCK_STREAM); port is a number.  Blocking; cancel (may be NULL) is looked at twenty times a second.  PIPE_OK: *list
 * is the caller's to freeaddrinfo.  PIPE_ENETWORK: why not, without the name; PIPE_ENOMEM. */
int resolve(const char *host, const char *port, int64_t timeout_ms, const atomic_bool *cancel, struct addrinfo **list,
	    pipe_error *err);

#endif
