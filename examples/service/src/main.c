/* links: short addresses for long ones.  Usage: links [--address ADDRESS] [--port N] [--database FILE] */
#include "server.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	const char *address, *database;
	uint16_t port;
};

static int usage(void)
{
	fprintf(stderr, "usage: links [--address ADDRESS] [--port N] [--database FILE]\n");
	return 2;
}

static bool read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		char *end = NULL;
		long port;

		if (i + 1 == argc)
			return false;
		if (!strcmp(argv[i], "--address")) {
			o->address = argv[i + 1];
		} else if (!strcmp(argv[i], "--database")) {
			o->database = argv[i + 1];
		} else if (!strcmp(argv[i], "--port")) {
			port = strtol(argv[i + 1], &end, 10);
			if (*end || port < 0 || port > UINT16_MAX)
				return false;
			o->port = (uint16_t)port;
		} else {
			return false;
		}
	}
	return true;
}

static void on_signal(evutil_socket_t number, short events, void *base)
{
	(void)number;
	(void)events;
	event_base_loopbreak(base);
}

static int serve(struct event_base *base, struct store *store, const struct options *o)
{
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base), *intr = evsignal_new(base, SIGINT, on_signal, base);
	struct server *server = server_start(base, store, o->address, o->port);
	int status = 1;

	if (server && term && intr && !evsignal_add(term, NULL) && !evsignal_add(intr, NULL)) {
		printf("links: listening on http://%s:%u\n", o->address, server_port(server));
		fflush(stdout);
		status = event_base_dispatch(base) < 0;
		printf("links: stopped\n");
	}
	server_stop(server);
	if (term)
		event_free(term);
	if (intr)
		event_free(intr);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = { .address = "127.0.0.1", .database = "links.db", .port = 8080 };
	struct event_base *base;
	struct store *store;
	int status = 1;

	if (!read_options(&options, argc, argv))
		return usage();
	base = event_base_new();
	store = store_open(options.database);
	if (base && store)
		status = serve(base, store, &options);
	store_close(store);
	if (base)
		event_base_free(base);
	return status;
}
