// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What C tests share: report and go on, exit nonzero in the end.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int check_failures;

/* Unless it holds, say where and what; printf-like after the condition. */
#define CHECK(condition, ...)                                    \
    do {                                                         \
        if (!(condition)) {                                      \
            printf("%s:%d: %s: ", __FILE__, __LINE__, __func__); \
            printf(__VA_ARGS__);                                 \
            putchar('\n');                                       \
            check_failures++;                                    \
        }                                                        \
    } while (0)

/* The exit status of a test program. */
static inline int check_result(const char *name)
{
    if (check_failures)
        printf("%s: %d failures\n", name, check_failures);
    else
        printf("%s: all good\n", name);
    return check_failures != 0;
}

#endif
