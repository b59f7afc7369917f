// Runs one command and says what it cost: `measure RESULT NAMESPACE CPU COMMAND [ARGUMENT…]`.
//
// Writes `wall_ns user_us system_us peak_kib status` to the file RESULT. NAMESPACE is the path of a network namespace
// to run in, CPU the processor to run on; `-` for neither.
//
// It is a small program of its own for the sake of the peak: a process inherits that of the one that started it, and
// an interpreter's is larger than what is to be measured.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *step) {
    fprintf(stderr, "measure: cannot %s: %s (errno %d)\n", step, strerror(errno), errno);
    exit(125);
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t microseconds(struct timeval time) {
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void enter(const char *path) {
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0) fail("open the namespace");
    if (setns(namespace, CLONE_NEWNET) < 0) fail("enter the namespace");
    close(namespace);
}

static void pin(const char *cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)atoi(cpu), &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0) fail("run on that processor alone");
}

int main(int count, char **arguments) {
    if (count < 5) {
        fputs("usage: measure RESULT NAMESPACE|- CPU|- COMMAND [ARGUMENT…]\n", stderr);
        return 64;
    }
    if (strcmp(arguments[2], "-") != 0) enter(arguments[2]);
    if (strcmp(arguments[3], "-") != 0) pin(arguments[3]);
    FILE *result = fopen(arguments[1], "we");
    if (!result) fail("write the result");

    int64_t start = nanoseconds();
    pid_t child = vfork();
    if (child < 0) fail("start a process");
    if (child == 0) {
        execvp(arguments[4], arguments + 4);
        _exit(127);
    }
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR) fail("wait for the process");
    }
    int64_t wall = nanoseconds() - start;

    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(result, "%lld %lld %lld %ld %d\n", (long long)wall, (long long)microseconds(usage.ru_utime),
            (long long)microseconds(usage.ru_stime), usage.ru_maxrss, code);
    return fclose(result) == 0 ? code : 125;
}
