#define _GNU_SOURCE 1

#include "CLinux.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

static void note(int signal) {
    caught = signal;
}

int cl_catch_interruptions(void) {
    // The handler goes with its first signal: who asks twice wants the process to end at once.
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    caught = 0;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) != 0) return -1;
        // What the caller has told the process to ignore, as nohup(1) does, it goes on to ignore.
        if (before.sa_handler == SIG_IGN) continue;
        if (sigaction(signals[i], &action, NULL) != 0) return -1;
    }
    return 0;
}

int cl_interruption(void) {
    return caught;
}
