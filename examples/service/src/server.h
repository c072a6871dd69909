/*
 * The HTTP side:
 *   POST /links        the address as the body; 201 (or 200, where it is known) and {"code", "url"}
 *   GET  /CODE         302 to the address
 *   GET  /CODE/hits    {"code", "hits"}
 *   GET  /healthz      {"status": "ok", "links": N}
 */
#ifndef SERVER_H
#define SERVER_H

#include "store.h"
#include <stdint.h>

struct event_base;
struct server;

/* Listens on an address ("127.0.0.1", "0.0.0.0"); port 0: any free one.  NULL: it cannot; the reason is on stderr. */
struct server *server_start(struct event_base *base, struct store *store, const char *address, uint16_t port);
uint16_t server_port(const struct server *s);
void server_stop(struct server *s);

#endif
