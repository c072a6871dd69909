#include "server.h"

#include "link.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 4096, HEADERS_MAX = 8192, IDLE_SECONDS = 10 };

struct server {
	struct evhttp *http;
	struct store *store;
	uint16_t port;
};

/* JSON needs only these two escaped: addresses hold no control characters. */
static void add_text(struct evbuffer *out, const char *text)
{
	evbuffer_add(out, "\"", 1);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			evbuffer_add(out, "\\", 1);
		evbuffer_add(out, text, 1);
	}
	evbuffer_add(out, "\"", 1);
}

static void reply(struct evhttp_request *request, int status, const char *reason, struct evbuffer *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "application/json");
	evhttp_send_reply(request, status, reason, body);
}

static void refuse(struct evhttp_request *request, int status, const char *reason)
{
	struct evbuffer *body = evbuffer_new();

	if (body)
		evbuffer_add_printf(body, "{\"error\": \"%s\"}\n", reason);
	reply(request, status, reason, body);
	if (body)
		evbuffer_free(body);
}

static void get_health(struct server *s, struct evhttp_request *request)
{
	int64_t links = store_count(s->store);
	struct evbuffer *body = evbuffer_new();

	if (links < 0 || !body) {
		refuse(request, 503, "the database does not answer");
	} else {
		evbuffer_add_printf(body, "{\"status\": \"ok\", \"links\": %lld}\n", (long long)links);
		reply(request, 200, "OK", body);
	}
	if (body)
		evbuffer_free(body);
}

static void post_link(struct server *s, struct evhttp_request *request)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(request), *body = evbuffer_new();
	char url[BODY_MAX + 1], code[LINK_CODE_SIZE];
	ev_ssize_t length = evbuffer_copyout(in, url, BODY_MAX);
	int64_t before = store_count(s->store);
	uint64_t number;

	url[length > 0 ? length : 0] = '\0';
	url[strcspn(url, "\r\n")] = '\0';
	if (!link_url_is_valid(url)) {
		refuse(request, 400, "the body is no http or https address");
	} else if (!body || !(number = store_add(s->store, url))) {
		refuse(request, 503, "the database does not answer");
	} else {
		bool made = store_count(s->store) > before;
		link_encode(number, code);
		evbuffer_add_printf(body, "{\"code\": \"%s\", \"url\": ", code);
		add_text(body, url);
		evbuffer_add_printf(body, "}\n");
		reply(request, made ? 201 : 200, made ? "Created" : "OK", body);
	}
	if (body)
		evbuffer_free(body);
}

static void get_link(struct server *s, struct evhttp_request *request, const char *code)
{
	uint64_t number;
	char *url = link_decode(code, &number) ? store_follow(s->store, number) : NULL;

	if (!url) {
		refuse(request, 404, "there is no such link");
		return;
	}
	evhttp_add_header(evhttp_request_get_output_headers(request), "Location", url);
	evhttp_send_reply(request, 302, "Found", NULL);
	free(url);
}

static void get_hits(struct server *s, struct evhttp_request *request, const char *code)
{
	struct evbuffer *body = evbuffer_new();
	uint64_t number;
	int64_t hits = link_decode(code, &number) ? store_hits(s->store, number) : -1;

	if (hits < 0 || !body) {
		refuse(request, 404, "there is no such link");
	} else {
		evbuffer_add_printf(body, "{\"code\": \"%s\", \"hits\": %lld}\n", code, (long long)hits);
		reply(request, 200, "OK", body);
	}
	if (body)
		evbuffer_free(body);
}

static void get(struct server *s, struct evhttp_request *request, const char *path)
{
	char code[LINK_CODE_SIZE];
	size_t length = strcspn(path, "/");

	if (!strcmp(path, "healthz")) {
		get_health(s, request);
		return;
	}
	if (length >= sizeof(code)) {
		refuse(request, 404, "there is no such link");
		return;
	}
	memcpy(code, path, length);
	code[length] = '\0';
	if (!path[length])
		get_link(s, request, code);
	else if (!strcmp(path + length, "/hits"))
		get_hits(s, request, code);
	else
		refuse(request, 404, "there is no such page");
}

static void on_request(struct evhttp_request *request, void *context)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
	enum evhttp_cmd_type method = evhttp_request_get_command(request);

	if (!path || path[0] != '/')
		refuse(request, 400, "the path begins with a slash");
	else if (method == EVHTTP_REQ_GET)
		get(context, request, path + 1);
	else if (method == EVHTTP_REQ_POST && !strcmp(path, "/links"))
		post_link(context, request);
	else
		refuse(request, 405, "links are made with POST /links");
}

static uint16_t port_of(struct evhttp_bound_socket *bound)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size))
		return 0;
	return ntohs(address.sin_port);
}

struct server *server_start(struct event_base *base, struct store *store, const char *address, uint16_t port)
{
	struct server *s = calloc(1, sizeof(*s));
	struct evhttp_bound_socket *bound;

	if (!s || !(s->http = evhttp_new(base))) {
		server_stop(s);
		return NULL;
	}
	s->store = store;
	evhttp_set_max_body_size(s->http, BODY_MAX);
	evhttp_set_max_headers_size(s->http, HEADERS_MAX);
	evhttp_set_timeout(s->http, IDLE_SECONDS);
	evhttp_set_gencb(s->http, on_request, s);
	bound = evhttp_bind_socket_with_handle(s->http, address, port);
	if (!bound) {
		fprintf(stderr, "links: cannot listen on port %u: %s\n", port, strerror(errno));
		server_stop(s);
		return NULL;
	}
	s->port = port_of(bound);
	return s;
}

uint16_t server_port(const struct server *s)
{
	return s->port;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	if (s->http)
		evhttp_free(s->http);
	free(s);
}
