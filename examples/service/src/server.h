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

/* Listens on the loopback address; port 0: any free one.  NULL: it cannot; the reason is on stderr. */
struct server *server_start(struct event_base *base, struct store *store, uint16_t port);
uint16_t server_port(const struct server *s);
void server_stop(struct server *s);

#endif
