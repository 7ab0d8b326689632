// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * Pictures of any size, depth and stride, lent or copied, upside down or not, in memory that ends,
 * or begins, at a page that cannot be touched. Every CPU level gives the same rows.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

enum { LARGEST = 160, FRAMES = 2, RENDITIONS = 2, PLANES = FRAMES * (1 + RENDITIONS) };

/* How a plane lies in memory. */
typedef struct Plane {
    unsigned char *pages;
    size_t size; /* of the pages */
    VmtPicture picture;
} Plane;

static void release(void *opaque)
{
    ++*(int *)opaque;
}

/* Bytes of one row, or 1 where there can be none. */
static size_t row_bytes(const VmtConfig *config)
{
    const int wide = config->bits > 8;
    return config->width > 0 ? (size_t)config->width << wide : 1;
}

static void fill(unsigned char *place, size_t size, FuzzBytes *from, int bits)
{
    const uint32_t seed = fuzz_number(from, 2) | 1, kind = fuzz_number(from, 1);
    const unsigned mask = bits > 8 && bits < 16 && kind < 250 ? (1u << bits) - 1 : 0xffff;

    for (size_t i = 0; i < size; i++)
        place[i] = kind % 3 == 0 ? 0xff : (unsigned char)((i * seed) >> (kind % 8));
    for (size_t i = 0; i + 1 < size && bits > 8; i += 2) {
        const unsigned sample = (place[i] | (unsigned)place[i + 1] << 8) & mask;
        memcpy(place + i, &(uint16_t){ (uint16_t)sample }, 2);
    }
}

static Plane draw_plane(const VmtConfig *config, FuzzBytes *from, int *released)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), row = row_bytes(config);
    const uint32_t flags = fuzz_number(from, 1), gap = fuzz_number(from, 1);
    const size_t height = config->height > 0 ? (size_t)config->height : 1;
    const size_t stride = row + (flags & 1 ? gap : 0), all = stride * (height - 1) + row;
    const size_t inner = (all + page - 1) / page * page;
    Plane plane = { .size = inner + 2 * page };

    plane.pages = mmap(NULL, plane.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FUZZ_MUST(plane.pages != MAP_FAILED);
    FUZZ_MUST(mprotect(plane.pages + page, inner, PROT_READ | PROT_WRITE) == 0);
    unsigned char *first = plane.pages + page + (flags & 2 ? inner - all : 0);
    fill(first, all, from, config->bits);
    plane.picture = (VmtPicture){ first, (ptrdiff_t)stride, flags & 4 ? release : NULL, released };
    if (flags & 8) { /* upside down */
        plane.picture.data = first + stride * (height - 1);
        plane.picture.stride = -(ptrdiff_t)stride;
    }
    if (flags >= 240) /* a stride that cannot be, for rows would overlap */
        plane.picture.stride = (ptrdiff_t)(gap % row) * (flags & 8 ? -1 : 1);
    return plane;
}

static VmtConfig draw_config(FuzzBytes *from)
{
    const uint32_t odd = fuzz_number(from, 1);
    VmtConfig config = {
        .width = (int)fuzz_number(from, 1) % (LARGEST + 1),
        .height = (int)fuzz_number(from, 1) % (LARGEST + 1),
        .bits = 8 + (int)fuzz_number(from, 1) % 9,
        .renditions = 1 + (int)fuzz_number(from, 1) % RENDITIONS,
        .threads = 1,
        .subsample = 1 + (int)fuzz_number(from, 1) % 3,
        .mode = (int)fuzz_number(from, 1) % VMT_MODES,
        .vif_gain_limit = fuzz_number(from, 1),
        .adm_gain_limit = fuzz_number(from, 1),
    };
    if (odd >= 240) { /* one number of all that an int can be */
        int *numbers[] = { &config.width, &config.height, &config.bits, &config.subsample,
                           &config.mode };
        const int at = (int)(odd % 5), any = (int)fuzz_number(from, 4);
        if (at < 2 && any > LARGEST && any <= VMT_SIZE_MAX) /* right, and slow */
            return config;
        *numbers[at] = any;
    }
    return config;
}

/* Rows of all frames; how the first thing that failed failed, or how many there are. */
static int work(const VmtConfig *config, const Plane *planes, VmtRow *rows)
{
    const int renditions = config->renditions ? config->renditions : 1;
    VmtError error = { "" };
    VmtContext *ctx;
    int taken = 0, rc = vmt_open(&ctx, config, &error);

    FUZZ_MUST((rc < 0) == (ctx == NULL));
    for (int n = 0; rc == 0 && n < FRAMES; n++) {
        VmtPicture pictures[1 + RENDITIONS];
        for (int i = 0; i <= renditions; i++)
            pictures[i] = planes[n * (1 + RENDITIONS) + i].picture;
        rc = vmt_push(ctx, &pictures[0], &pictures[1], &error);
        taken += rc == 0;
    }
    FUZZ_MUST((rc < 0) == (error.text[0] != '\0'));
    if (rc == 0) {
        vmt_flush(ctx, NULL);
        while (vmt_pull(ctx, rows + rc, NULL) > 0)
            rc += renditions;
    }
    vmt_close(&ctx);
    FUZZ_MUST(rc <= taken * renditions);
    return rc;
}

static void compare_levels(VmtConfig config, const Plane *planes, const int *released)
{
    VmtRow plain[FRAMES * RENDITIONS], rows[FRAMES * RENDITIONS];
    int first = 0, lent = -1;

    for (config.cpu = VMT_CPU_C; config.cpu < VMT_CPU_LEVELS; config.cpu++) {
        if (!vmt_cpu_available(config.cpu))
            continue;
        const int before = *released;
        const int rc = work(&config, planes, config.cpu == VMT_CPU_C ? plain : rows);
        if (config.cpu == VMT_CPU_C)
            first = rc;
        FUZZ_MUST(rc == first);
        FUZZ_MUST(config.cpu == VMT_CPU_C || rc <= 0 ||
                  !memcmp(plain, rows, (size_t)rc * sizeof(*rows)));
        /* Every loan comes back, equally often each time. */
        FUZZ_MUST(lent < 0 || *released - before == lent);
        lent = *released - before;
    }
    fuzz_taken += first > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzBytes from = { data, size };
    const VmtConfig config = draw_config(&from);
    VmtConfig shape = config; /* of the planes, which are there whatever the numbers say */
    Plane planes[PLANES];
    int released = 0;

    shape.width = config.width > LARGEST ? LARGEST : config.width;
    shape.height = config.height > LARGEST ? LARGEST : config.height;
    for (int i = 0; i < PLANES; i++)
        planes[i] = draw_plane(&shape, &from, &released);
    compare_levels(config, planes, &released);
    for (int i = 0; i < PLANES; i++)
        munmap(planes[i].pages, planes[i].size);
    return 0;
}
