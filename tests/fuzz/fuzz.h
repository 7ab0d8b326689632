// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What the fuzz targets share. Each is a file with the LLVMFuzzerTestOneInput() of libFuzzer,
 * linked with that or with driver.c, which knows the same flags.
 *
 * A target calls abort() when something is not as it must be; sanitizers find the rest.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "vmaf_tiny.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** How many inputs were taken, not refused: a corpus of which none is taken tests little. */
extern long fuzz_taken;

/** Ends the process, so that the input is kept, unless it holds. */
#define FUZZ_MUST(condition) \
    do {                     \
        if (!(condition))    \
            abort();         \
    } while (0)

/** An error comes with one line of text, success with none; counts what was taken. */
void fuzz_judge(int rc, const VmtError *error);

/** Bytes that are drawn from, one by one; zeros when they are used up. */
typedef struct FuzzBytes {
    const uint8_t *data;
    size_t size;
} FuzzBytes;

/** A number of 1 to 4 bytes. */
uint32_t fuzz_number(FuzzBytes *from, int bytes);

/** A text of up to 255 bytes, to be freed: the length, then that many or what is left. */
char *fuzz_text(FuzzBytes *from);

/** A folder of this process, made at the first call, in memory where the system has such. */
const char *fuzz_folder(void);

/** Write a file into that folder. */
void fuzz_write(const char *name, const uint8_t *data, size_t size);

#endif
