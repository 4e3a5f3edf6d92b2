/*
 * What a call costs without PostgreSQL, for ci/bench erlang:
 *   ei_rpc tcp REQUEST REPLY COUNT          bare TCP, so many bytes there and back
 *   ei_rpc ei NODE COOKIE REQUEST REPLY COUNT   ei_rpc() of erl_interface:
 * erlang_bench:reply(Binary, REPLY) Prints the median and the 99th percentile of COUNT round trips,
 * in microseconds.
 */
#include <arpa/inet.h>
#include <ei.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    fprintf(stderr, "ei_rpc: %s: errno %d, erl_errno %d\n", what, errno, erl_errno);
    exit(1);
}

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times trip(what) after some rounds that do not count. */
static void measure(void (*trip)(void *), void *what, int count) {
    double *took = calloc((size_t)count, sizeof *took);
    if (took == NULL)
        fail("calloc");
    for (int i = 0; i < count / 20 + 2; i++)
        trip(what);
    for (int i = 0; i < count; i++) {
        const double start = now_us();
        trip(what);
        took[i] = now_us() - start;
    }
    qsort(took, (size_t)count, sizeof *took, by_size);
    printf("%.1f %.1f %.1f\n", took[count / 2], took[count * 99 / 100], took[0]);
    free(took);
}

/* ---- TCP ---- */

struct exchange {
    int socket;
    char *bytes;
    size_t request, reply;
};

/* Reads while it writes: large messages fill the buffers of both sides. */
static void move(int fd, char *bytes, size_t out, size_t in) {
    while (out > 0 || in > 0) {
        struct pollfd p = {fd, (short)((out > 0 ? POLLOUT : 0) | (in > 0 ? POLLIN : 0)), 0};
        if (poll(&p, 1, -1) < 0)
            fail("poll");
        if (out > 0 && (p.revents & POLLOUT) != 0) {
            const ssize_t sent = send(fd, bytes, out, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent > 0)
                out -= (size_t)sent;
        }
        if (in > 0 && (p.revents & (POLLIN | POLLHUP)) != 0) {
            const ssize_t got = recv(fd, bytes, in, MSG_DONTWAIT);
            if (got == 0)
                _exit(0);
            if (got > 0)
                in -= (size_t)got;
        }
    }
}

static void tcp_trip(void *what) {
    const struct exchange *e = what;
    move(e->socket, e->bytes, e->request, 0);
    move(e->socket, e->bytes, 0, e->reply);
}

static void no_delay(int fd) {
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void tcp(size_t request, size_t reply, int count) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        fail("listen");
    char *bytes = calloc(1, request + reply + 1);
    const pid_t child = fork();
    if (child < 0 || bytes == NULL)
        fail("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int fd = accept(listener, NULL, NULL);
        no_delay(fd);
        for (;;) {
            move(fd, bytes, 0, request);
            move(fd, bytes, reply, 0);
        }
    }
    struct exchange e = {socket(AF_INET, SOCK_STREAM, 0), bytes, request, reply};
    if (connect(e.socket, (struct sockaddr *)&address, size) != 0)
        fail("connect");
    no_delay(e.socket);
    measure(tcp_trip, &e, count);
}

/* ---- ei ---- */

struct call {
    ei_cnode node;
    int socket;
    ei_x_buff arguments, result;
};

static void ei_trip(void *what) {
    struct call *c = what;
    c->result.index = 0;
    if (ei_rpc(&c->node, c->socket, "erlang_bench", "reply", c->arguments.buff, c->arguments.index,
               &c->result) < 0)
        fail("ei_rpc");
}

static void ei(char *node, const char *cookie, size_t request, size_t reply, int count) {
    struct call c;
    char alive[32], name[64], *bytes = calloc(1, request + 1);
    snprintf(alive, sizeof alive, "ei%d", (int)getpid());
    snprintf(name, sizeof name, "%s@127.0.0.1", alive);
    struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    if (bytes == NULL || ei_init() != 0 ||
        ei_connect_xinit(&c.node, "127.0.0.1", alive, name, &loopback, cookie, 4) < 0)
        fail("ei_connect_xinit");
    memset(bytes, 'x', request);
    c.socket = ei_connect(&c.node, node);
    if (c.socket < 0)
        fail("ei_connect");
    ei_x_new(&c.arguments);
    ei_x_new(&c.result);
    ei_x_encode_list_header(&c.arguments, 2);
    ei_x_encode_binary(&c.arguments, bytes, (int)request);
    ei_x_encode_ulong(&c.arguments, reply);
    ei_x_encode_empty_list(&c.arguments);
    measure(ei_trip, &c, count);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc == 5 && strcmp(argv[1], "tcp") == 0)
        tcp(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), atoi(argv[4]));
    else if (argc == 7 && strcmp(argv[1], "ei") == 0)
        ei(argv[2], argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), atoi(argv[6]));
    else {
        fprintf(stderr,
                "usage: ei_rpc tcp REQUEST REPLY COUNT | ei NODE COOKIE REQUEST REPLY COUNT\n");
        return 2;
    }
    return 0;
}
