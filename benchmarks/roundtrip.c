// How long a small datagram takes there and back: `roundtrip SERVER CLIENT ADDRESS COUNT CPU,CPU`.
//
// SERVER and CLIENT are paths of network namespaces, ADDRESS the server's IPv4 address. Writes `median_ns mean_ns p99_ns` of
// COUNT round trips of UDP, of which one begins when the last has ended. The server runs on the first CPU, the client on the
// second. If both are the same, nobody waits for another processor to wake up, and what the packet itself costs is the largest
// part; of two processors one wakes up the other, as those of ordinary programs do.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7777, BYTES = 64, WARM_UP = 1000, PATIENCE_SECONDS = 2 };

static void fail(const char *step) {
    fprintf(stderr, "roundtrip: cannot %s: %s (errno %d)\n", step, strerror(errno), errno);
    exit(1);
}

static int socket_in(const char *path) {
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0) fail("open a namespace");
    if (setns(namespace, CLONE_NEWNET) < 0) fail("enter a namespace");
    close(namespace);
    int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (made < 0) fail("make a socket");
    return made;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0) fail("run on that processor alone");
}

static void serve(int server) {
    char message[BYTES];
    struct sockaddr_in sender;
    for (;;) {
        socklen_t size = sizeof sender;
        ssize_t length = recvfrom(server, message, sizeof message, 0, (struct sockaddr *)&sender, &size);
        if (length < 0) fail("receive a request");
        if (sendto(server, message, (size_t)length, 0, (struct sockaddr *)&sender, size) < 0) fail("answer");
    }
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t trip(int client, int64_t number) {
    char message[BYTES] = {0};
    int64_t answer;
    memcpy(message, &number, sizeof number);
    int64_t start = nanoseconds();
    if (send(client, message, sizeof message, 0) < 0) fail("send a request");
    if (recv(client, message, sizeof message, 0) < 0) fail("receive an answer");
    int64_t took = nanoseconds() - start;
    memcpy(&answer, message, sizeof answer);
    if (answer != number) {
        fputs("roundtrip: an answer to another request\n", stderr);
        exit(1);
    }
    return took;
}

static int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int usage(void) {
    fputs("usage: roundtrip SERVER CLIENT ADDRESS COUNT CPU,CPU    (COUNT: at least 100)\n", stderr);
    return 64;
}

int main(int count, char **arguments) {
    int trips = count == 6 ? atoi(arguments[4]) : 0;
    if (trips < 100) return usage();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    if (inet_pton(AF_INET, arguments[3], &address.sin_addr) != 1) fail("read the address");
    int server_cpu, client_cpu;
    if (sscanf(arguments[5], "%d,%d", &server_cpu, &client_cpu) != 2) return usage();
    int server = socket_in(arguments[1]);
    if (bind(server, (struct sockaddr *)&address, sizeof address) < 0) fail("bind the server");
    pid_t parent = getpid(), child = fork();
    if (child < 0) fail("start the server");
    if (child == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) return 1;
        pin(server_cpu);
        serve(server);
    }
    pin(client_cpu);
    int client = socket_in(arguments[2]);
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    if (setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) fail("limit the waiting");
    if (connect(client, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");

    int64_t *times = malloc((size_t)trips * sizeof *times), sum = 0;
    if (!times) fail("remember the times");
    for (int number = -WARM_UP; number < 0; number++) trip(client, number);
    for (int number = 0; number < trips; number++) sum += times[number] = trip(client, number);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    qsort(times, (size_t)trips, sizeof *times, ascending);
    printf("%lld %lld %lld\n", (long long)times[trips / 2], (long long)(sum / trips),
           (long long)times[(int)((int64_t)trips * 99 / 100)]);
    return 0;
}
