// SPDX-License-Identifier: BSD-2-Clause-Patent
/* A log to a pipe that nobody reads is an error, and leaves the thread's signals as they were. */
#define _POSIX_C_SOURCE 200809L
#include "vmaf_tiny.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int pending(int number)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, number);
}

static int blocked(int number)
{
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, number);
}

static void change(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(how, &set, NULL);
}

static int expect(int truth, const char *what)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", what);
    return !truth;
}

int main(void)
{
    const VmtRow row = {0};
    const VmtLog log = {.frames = 1, .rows = &row};
    int ends[2], failures = 0;
    if (pipe(ends) < 0 || dup2(ends[1], STDOUT_FILENO) < 0)
        return 2;
    close(ends[0]);

    failures += expect(vmt_log_write(&log, VMT_LOG_CSV, "-", NULL) == -EPIPE, "it is an error");
    failures += expect(!blocked(SIGPIPE), "the signal is let through again");

    change(SIG_BLOCK);
    failures += expect(vmt_log_write(&log, VMT_LOG_CSV, "-", NULL) == -EPIPE, "again an error");
    failures += expect(!pending(SIGPIPE), "writing leaves no signal behind");
    failures += expect(blocked(SIGPIPE), "a signal that was blocked stays so");

    raise(SIGPIPE);
    failures += expect(vmt_log_write(&log, VMT_LOG_CSV, "-", NULL) == -EPIPE, "still an error");
    failures += expect(pending(SIGPIPE), "a signal that was waiting still waits");
    return failures != 0;
}
