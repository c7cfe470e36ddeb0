/* The floor under /track: the work that is left when a program does nothing but what durable
   answers over HTTP need.

   floor PORT FILE [unsynced]

   One thread serves keep-alive HTTP/1.1 connections with epoll. It parses a POST (its head and its
   Content-Length), appends the body to the next group as a line, and answers after that group is
   on the disk. A second thread stores a whole group with one write and one fdatasync; the requests
   that arrive meanwhile become the next group. FILE is preallocated, and overwritten from its start
   when it is full, so no sync waits for the file system's own journal.

   With `unsynced` the first thread writes the groups itself and syncs nothing. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS = 256, INPUT_BYTES = 64 * 1024, FILE_BYTES = 64 * 1024 * 1024 };

/* Further looks at the sockets before a group is handed over, as long as each look brings a
   request: a sync costs more than all of them. The server under test does the same. */
enum { LOOKS = 3 };

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 25\r\n\r\n"
    "{\"ok\":true,\"commands\":[]}";

struct connection {
    int socket;
    int waiting; /* a request of this connection is in a group */
    int closed;
    size_t used;
    struct connection *also_gone;
    char input[INPUT_BYTES];
};

struct group {
    char *lines;
    size_t size, room;
    struct connection **senders;
    size_t count, places;
};

static struct group groups[2];
static struct group *next = &groups[0];
static struct group *storing; /* owned by the storing thread until it writes to `stored` */
static int synced = 1;
static int poller, file, stored;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t handed_over = PTHREAD_COND_INITIALIZER;
static int is_handed_over;
static struct connection *gone; /* freed once no event of the same epoll_wait can name them */

static void fail(const char *call) {
    perror(call);
    exit(1);
}

static void *grown(void *memory, size_t bytes) {
    void *larger = realloc(memory, bytes);
    if (larger == NULL) fail("realloc");
    return larger;
}

/* Storing */

static void preallocate(const char *path) {
    static const char zeros[1024 * 1024];
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) fail(path);
    for (off_t at = 0; at < FILE_BYTES; at += sizeof zeros)
        if (pwrite(file, zeros, sizeof zeros, at) != sizeof zeros) fail("pwrite");
    if (fsync(file) < 0) fail("fsync");
}

static void store(const struct group *group) {
    static off_t end;
    if (end + (off_t)group->size > FILE_BYTES) end = 0;
    for (size_t done = 0; done < group->size;) {
        ssize_t wrote = pwrite(file, group->lines + done, group->size - done, end + done);
        if (wrote < 0) fail("pwrite");
        done += wrote;
    }
    end += group->size;
    if (synced && fdatasync(file) < 0) fail("fdatasync");
}

static void *store_groups(void *unused) {
    (void)unused;
    for (uint64_t one = 1;;) {
        pthread_mutex_lock(&mutex);
        while (!is_handed_over) pthread_cond_wait(&handed_over, &mutex);
        is_handed_over = 0;
        pthread_mutex_unlock(&mutex);
        store(storing);
        if (write(stored, &one, sizeof one) != sizeof one) fail("write to eventfd");
    }
    return NULL;
}

static void join_group(struct connection *sender, const char *body, size_t length) {
    struct group *group = next;
    if (group->size + length + 1 > group->room)
        group->lines = grown(group->lines, group->room = 2 * (group->size + length + 1));
    memcpy(group->lines + group->size, body, length);
    group->size += length;
    group->lines[group->size++] = '\n';
    if (group->count == group->places) {
        group->places = 2 * group->places + 64;
        group->senders = grown(group->senders, group->places * sizeof *group->senders);
    }
    group->senders[group->count++] = sender;
    sender->waiting = 1;
}

static void hand_over(void) {
    storing = next;
    next = next == &groups[0] ? &groups[1] : &groups[0];
    pthread_mutex_lock(&mutex);
    is_handed_over = 1;
    pthread_cond_signal(&handed_over);
    pthread_mutex_unlock(&mutex);
}

/* HTTP */

static void bury(struct connection *connection) {
    connection->also_gone = gone;
    gone = connection;
}

static void disconnect(struct connection *connection) {
    close(connection->socket);
    connection->closed = 1;
    if (!connection->waiting) bury(connection);
}

static void free_the_gone(void) {
    while (gone != NULL) {
        struct connection *connection = gone;
        gone = connection->also_gone;
        free(connection);
    }
}

/* The length of the body that a head announces; -1: it is no POST, or announces none. `head` ends
   with the line break of its last line. */
static long length_of_body(const char *head, const char *end) {
    static const char NAME[] = "content-length:";
    if (end - head < 5 || memcmp(head, "POST ", 5) != 0) return -1;
    for (const char *line = head; line < end;) {
        const char *next_line = memchr(line, '\n', end - line);
        if (strncasecmp(line, NAME, sizeof NAME - 1) == 0)
            return strtol(line + sizeof NAME - 1, NULL, 10);
        line = next_line + 1;
    }
    return -1;
}

/* Takes the next request out of the input, where one is complete. */
static void take_request(struct connection *connection) {
    char *end = memmem(connection->input, connection->used, "\r\n\r\n", 4);
    if (end == NULL) {
        if (connection->used == INPUT_BYTES) disconnect(connection);
        return;
    }
    long length = length_of_body(connection->input, end + 2);
    size_t head = end + 4 - connection->input;
    if (length < 0 || head + length > INPUT_BYTES) {
        disconnect(connection);
        return;
    }
    if (connection->used < head + length) return;
    join_group(connection, connection->input + head, length);
    connection->used -= head + length;
    memmove(connection->input, connection->input + head + length, connection->used);
}

static void receive(struct connection *connection) {
    if (connection->closed) return;
    ssize_t got = recv(connection->socket, connection->input + connection->used,
                       INPUT_BYTES - connection->used, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) disconnect(connection);
        return;
    }
    connection->used += got;
    if (!connection->waiting) take_request(connection);
}

static void answer(struct group *group) {
    for (size_t number = 0; number < group->count; number++) {
        struct connection *sender = group->senders[number];
        sender->waiting = 0;
        if (sender->closed)
            bury(sender);
        else if (send(sender->socket, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0)
            disconnect(sender);
        else if (sender->used)
            take_request(sender);
    }
    group->size = group->count = 0;
}

static void accept_connection(int listener) {
    int one = 1, socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *connection = grown(NULL, sizeof *connection);
    connection->socket = socket;
    connection->waiting = connection->closed = 0;
    connection->used = 0;
    struct epoll_event readable = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, socket, &readable) < 0) fail("epoll_ctl");
}

static int listen_on(int port) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    if (listen(listener, 1024) < 0) fail("listen");
    return listener;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: floor PORT FILE [unsynced]\n");
        return 2;
    }
    synced = count == 3;
    preallocate(arguments[2]);
    int listener = listen_on(atoi(arguments[1]));
    poller = epoll_create1(EPOLL_CLOEXEC);
    stored = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event connecting = {.events = EPOLLIN, .data.ptr = &poller};
    struct epoll_event finished = {.events = EPOLLIN, .data.ptr = &stored};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &connecting);
    epoll_ctl(poller, EPOLL_CTL_ADD, stored, &finished);
    pthread_t thread;
    if (synced && pthread_create(&thread, NULL, store_groups, NULL) != 0) fail("pthread_create");
    int looks = LOOKS;
    for (;;) {
        struct epoll_event ready[EVENTS];
        size_t before = next->count;
        int gathering = next->count && storing == NULL;
        int found = epoll_wait(poller, ready, EVENTS, gathering ? 0 : -1);
        for (int number = 0; number < found; number++) {
            void *source = ready[number].data.ptr;
            uint64_t drained;
            if (source == &poller) {
                accept_connection(listener);
            } else if (source == &stored) {
                if (read(stored, &drained, sizeof drained) < 0) continue;
                answer(storing);
                storing = NULL;
            } else {
                receive(source);
            }
        }
        free_the_gone();
        if (next->count == 0 || storing != NULL) continue;
        if (next->count > before && looks-- > 0) continue;
        looks = LOOKS;
        if (synced) {
            hand_over();
        } else {
            store(next);
            answer(next);
        }
    }
}
