/* A small HTTP server in a thread of the test: answers are looked up by path; the last request can be looked at. */
#ifndef TESTS_UNIT_SERVER_H
#define TESTS_UNIT_SERVER_H

#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct answer {
	const char *path;
	const char *head; /* status line and headers, each with \r\n; NULL: silence */
	const char *body;
	const char *etag; /* with this If-None-Match the answer is 304 */
};

struct server {
	const struct answer *answers; /* ended by a row without a path */
	int fd, port;
	pthread_t thread;
	unsigned requests;
	char last[2048];
};

static inline const struct answer *server_find(const struct server *s)
{
	char path[256] = "";

	sscanf(s->last, "GET %255s", path);
	for (const struct answer *a = s->answers; a->path; a++)
		if (!strcmp(a->path, path))
			return a;
	return NULL;
}

static inline void server_answer(struct server *s, int fd)
{
	const struct answer *a;
	char text[512];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(s->last) - 1 && (got = recv(fd, s->last + n, sizeof(s->last) - 1 - n, 0)) > 0) {
		n += (size_t)got;
		s->last[n] = '\0';
		if (strstr(s->last, "\r\n\r\n"))
			break;
	}
	s->requests++;
	a = server_find(s);
	if (a && !a->head) {
		struct pollfd gone = { .fd = fd, .events = POLLIN };
		poll(&gone, 1, 5000);
		return;
	}
	if (!a)
		snprintf(text, sizeof(text), "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
	else if (a->etag && strstr(s->last, a->etag))
		snprintf(text, sizeof(text), "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
	else
		snprintf(text, sizeof(text), "HTTP/1.1 %sConnection: close\r\n\r\n", a->head);
	send(fd, text, strlen(text), MSG_NOSIGNAL);
	if (a && a->body && strncmp(text + 9, "304", 3))
		send(fd, a->body, strlen(a->body), MSG_NOSIGNAL);
}

static inline void *server_run(void *argument)
{
	struct server *s = argument;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		server_answer(s, fd);
		close(fd);
	}
	return NULL;
}

static inline void server_start(struct server *s, const struct answer *answers)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);

	memset(s, 0, sizeof(*s));
	s->answers = answers;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&at, size), 0);
	ck_assert_int_eq(listen(s->fd, SOMAXCONN), 0);
	ck_assert_int_eq(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
	s->port = ntohs(at.sin_port);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, server_run, s), 0);
}

/* Nobody listens there any more. */
static inline void server_stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

#endif
