// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * Damages a file in ways that depend on a seed and lets the readers of untrusted files look at
 * what comes out. To be run with sanitizers; prints how many were taken and refused.
 *
 *   mutate onnx|json SEED COUNT FILE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/file.h"
#include "fusion/json.h"
#include "fusion/onnx.h"

static uint64_t state;

/* xorshift64*: 0 to n - 1. */
static size_t draw(size_t n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * 0x2545f4914f6cdd1d) >> 33) % n;
}

static void overwrite(uint8_t *data, size_t size)
{
    static const uint8_t runs[][4] = {
        {0xff, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0x7f}, {0x80, 0x80, 0x80, 0x00}, {0}};
    const uint8_t *run = runs[draw(4)];
    const size_t at = draw(size);
    for (size_t i = 0; i < 4 && at + i < size; i++)
        data[at + i] = run[i];
}

/* One change; data has room for 16 bytes more than size. Returns the new size. */
static size_t change(uint8_t *data, size_t size)
{
    const size_t at = draw(size), n = 1 + draw(16);
    switch (draw(7)) {
    case 0: /* flip a bit */
        data[at] ^= (uint8_t)(1 << draw(8));
        return size;
    case 1: /* another byte */
        data[at] = (uint8_t)draw(256);
        return size;
    case 2: /* one more or less: lengths and types */
        data[at] = (uint8_t)(data[at] + (draw(2) ? 1 : 255));
        return size;
    case 3:
        overwrite(data, size);
        return size;
    case 4: /* cut out */
        if (at + n >= size)
            return size;
        memmove(data + at, data + at + n, size - at - n);
        return size - n;
    case 5: /* cut off, now and then */
        return draw(8) ? size : at + 1;
    default: /* put in again what stands elsewhere */
        memmove(data + at + n, data + at, size - at);
        memmove(data + at, data + draw(size - n > 0 ? size - n : 1), n);
        return size + n;
    }
}

static int look(int json, const uint8_t *data, size_t size)
{
    VmtError error = {""};
    int rc;
    if (json) {
        VmtJson *document;
        rc = vmt_json_open(&document, (const char *)data, size, "file", &error);
        vmt_json_close(&document);
    } else {
        VmtSignature signature;
        rc = vmt_onnx_check(&signature, data, size, "file", &error);
        if (rc == 0 && (!signature.input[0] || !signature.output[0]))
            abort();
    }
    if ((rc != 0 && rc != -EBADMSG) || (rc != 0) != (error.text[0] != '\0'))
        abort();
    return rc;
}

int main(int argc, char **argv)
{
    VmtFile file;
    VmtError error = {""};
    if (argc != 5 || vmt_file_read(&file, argv[4], VMT_MODEL_BYTES_MAX, "file", &error)) {
        fprintf(stderr, "mutate onnx|json SEED COUNT FILE %s\n", error.text);
        return 2;
    }
    const int json = strcmp(argv[1], "json") == 0;
    const long count = atol(argv[3]);
    long taken = 0;
    state = strtoull(argv[2], NULL, 10) * 2 + 1;
    for (long i = 0; i < count && file.size > 16; i++) {
        size_t size = file.size;
        uint8_t *data = malloc(size + 4 * 16);
        if (!data)
            return 2;
        memcpy(data, file.data, size);
        for (size_t changes = 1 + draw(3); changes > 0 && size > 32; changes--)
            size = change(data, size);
        /* Exactly as large as it is, so that a sanitizer sees a read behind it. */
        uint8_t *exact = realloc(data, size);
        if (!exact)
            return 2;
        taken += look(json, exact, size) == 0;
        free(exact);
    }
    printf("taken=%ld\nrefused=%ld\n", taken, count - taken);
    vmt_file_free(&file);
    return 0;
}
