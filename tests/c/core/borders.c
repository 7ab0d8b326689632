// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Lent planes are read from their first sample to their last and no further: they lie between
 * pages that cannot be touched, once against the one after, once against the one before.
 *
 *     borders [SEED] [all]
 *
 * Every width and every height from the smallest to 200, the depths in turn, and random sizes
 * above; all: every depth at each.
 */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "pictures.h"

enum { FRAMES = 2, SIZES = 40 };

/* A plane without padding that ends, or begins, where its pages do. */
typedef struct Fenced {
    unsigned char *pages, *plane;
    size_t size; /* of the pages */
} Fenced;

static void release(void *opaque)
{
    (void)opaque;
}

static Fenced fence(const Pictures *p, const uint8_t *from, int at_end)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t row = (size_t)p->width * (p->bits > 8 ? 2 : 1), plane = row * (size_t)p->height;
    const size_t inner = (plane + page - 1) / page * page;
    Fenced f = { .size = inner + 2 * page };

    f.pages = mmap(NULL, f.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.pages == MAP_FAILED || mprotect(f.pages + page, inner, PROT_READ | PROT_WRITE))
        abort();
    f.plane = f.pages + page + (at_end ? inner - plane : 0);
    for (int y = 0; y < p->height; y++)
        memcpy(f.plane + (size_t)y * row, from + y * p->stride, row);
    return f;
}

static void features_of_fenced(const Pictures *p, const VmtConfig *config, int at_end, VmtRow *rows)
{
    const ptrdiff_t stride = (ptrdiff_t)p->width * (p->bits > 8 ? 2 : 1);
    Fenced fenced[FRAMES][2];
    VmtContext *ctx;

    if (vmt_open(&ctx, config, NULL) < 0)
        abort();
    for (int n = 0; n < FRAMES; n++) {
        uint8_t *ref = picture_reference(p, n), *dis = picture_distorted(p, n, 0);
        fenced[n][0] = fence(p, ref, at_end);
        fenced[n][1] = fence(p, dis, at_end);
        const VmtPicture a = { fenced[n][0].plane, stride, release, NULL };
        const VmtPicture b = { fenced[n][1].plane, stride, release, NULL };
        CHECK(vmt_push(ctx, &a, &b, NULL) == 0, "push failed");
        free(ref);
        free(dis);
    }
    vmt_flush(ctx, NULL);
    for (int n = 0; n < FRAMES; n++)
        CHECK(vmt_pull(ctx, &rows[n], NULL) == 1, "no row");
    vmt_close(&ctx);
    for (int i = 0; i < 2 * FRAMES; i++)
        munmap(fenced[i / 2][i % 2].pages, fenced[i / 2][i % 2].size);
}

static void test_size(int width, int height, int bits)
{
    const Pictures p = pictures(width, height, bits);
    VmtConfig config = { .width = width, .height = height, .bits = bits, .threads = 1,
                         .cpu = VMT_CPU_C };
    VmtRow plain[FRAMES], rows[FRAMES];

    picture_features(&p, &config, FRAMES, plain);
    for (config.cpu = VMT_CPU_C; config.cpu < VMT_CPU_LEVELS; config.cpu++)
        for (int at_end = 0; at_end < 2 && vmt_cpu_available(config.cpu); at_end++) {
            features_of_fenced(&p, &config, at_end, rows);
            CHECK(!memcmp(plain, rows, sizeof(rows)), "%s, %dx%d, %d bits",
                  vmt_cpu_name(config.cpu), width, height, bits);
        }
}

/* A size at one depth, in turn, or at all. */
static int test_depths(int width, int height, int all)
{
    const int first = all ? 8 : 8 + (width + height) % 9, last = all ? 16 : first;

    for (int bits = first; bits <= last; bits++)
        test_size(width, height, bits);
    return last - first + 1;
}

int main(int argc, char **argv)
{
    const unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : (unsigned)time(NULL);
    const int all = argc > 2 && !strcmp(argv[2], "all");
    int tried = 0, levels = 0;

    printf("seed %u\n", seed);
    srand(seed);
    for (int size = VMT_SIZE_MIN; size <= 200; size++) {
        tried += test_depths(size, VMT_SIZE_MIN + size % 5, all);
        tried += test_depths(VMT_SIZE_MIN + size % 37, size, all);
    }
    for (int i = 0; i < SIZES; i++)
        tried += test_depths(201 + rand() % 1800, VMT_SIZE_MIN + rand() % 60, all);
    for (int cpu = VMT_CPU_C; cpu < VMT_CPU_LEVELS; cpu++)
        levels += vmt_cpu_available(cpu);
    printf("%d pictures of their own size and depth at %d levels\n", tried, levels);
    return check_result("borders");
}
