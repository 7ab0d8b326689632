// SPDX-License-Identifier: BSD-2-Clause-Patent
#include <math.h>
#include <string.h>

#include "features/adm_pool.h"
#include "kernels.h"

/* Largest coefficients per level. */
static const int64_t most[VMT_SCALES] = { 22930, 2100000000, 1470000000, 2060000000 };

/* The bands of a level: at level 0 of 16 bits, in the same memory. */
typedef struct Bands {
    int32_t memory[3][ROW];
    VmtBands bands;
} Bands;

static const VmtBands *fill(Bands *b, int level, const Bands *near)
{
    for (int i = 0; i < 3; i++) {
        b->bands.band[i] = b->memory[i] + VMT_PAD;
        if (level)
            test_numbers32(b->memory[i], ROW, -most[level], most[level]);
        else
            test_numbers16((int16_t *)b->memory[i], 2 * ROW, (int)-most[0], (int)most[0]);
        /* Mostly like the reference, as an encode is: scaled, or the same. */
        for (int x = 0; near && x < ROW; x++) {
            if (test_random(3) == 0)
                continue;
            if (level)
                b->memory[i][x] = (int32_t)(near->memory[i][x] * (int64_t)(1 + test_random(4)) / 4);
            else
                b->memory[i][x] = near->memory[i][x];
        }
        /* Powers of two, whose ratios are whole: what overflows then looks small. */
        for (int x = 0; level && x < ROW; x++)
            if (test_random(8) == 0)
                b->memory[i][x] = (1 << test_random(31)) * (test_random(2) ? 1 : -1);
    }
    return &b->bands;
}

static int32_t coefficient(const Bands *b, int level, int band, int x)
{
    return level ? b->memory[band][x] : ((const int16_t *)b->memory[band])[x];
}

static void put_coefficient(Bands *b, int level, int band, int x, double value)
{
    if (level)
        b->memory[band][x] = (int32_t)value;
    else
        ((int16_t *)b->memory[band])[x] = (int16_t)value;
}

/* Turn some gradients by what is hardly more or less than the angle at which they differ. */
static void turn(Bands *b, int level, const Bands *ref)
{
    const double cosine = sqrt(0x1.ffd814p-1), sine = sqrt(1 - 0x1.ffd814p-1);

    for (int x = 0; x < ROW; x++) {
        const double h = coefficient(ref, level, 0, x) / 2.0;
        const double v = coefficient(ref, level, 1, x) / 2.0;
        if (test_random(8))
            continue;
        put_coefficient(b, level, 0, x, h * cosine - v * sine);
        put_coefficient(b, level, 1, x, h * sine + v * cosine);
    }
}

typedef struct Masks {
    int32_t around[ROW], centre[ROW], restored[3][ROW];
    VmtMasking masking;
} Masks;

static VmtMasking *point(Masks *m)
{
    m->masking = (VmtMasking){ m->around + VMT_PAD, m->centre + VMT_PAD,
                               { { m->restored[0] + VMT_PAD, m->restored[1] + VMT_PAD,
                                   m->restored[2] + VMT_PAD } } };
    return &m->masking;
}

static void check_decouple(const Trial *t, int level, int x0, const VmtAdmLevel *numbers)
{
    static Bands ref, dis;
    static Masks made[2];
    const size_t n = (size_t)(t->w - x0);

    if (!test_begin(level ? "adm_decouple" : "adm0_decouple", t))
        return;
    const VmtBands *o = fill(&ref, level, NULL);
    const VmtBands *d = fill(&dis, level, test_random(4) ? &ref : NULL);
    turn(&dis, level, &ref);
    const VmtMasking *a = point(&made[0]), *b = point(&made[1]);
    if (level) {
        t->plain->adm_decouple(a, o, d, x0, t->w, numbers, t->tables);
        t->level->adm_decouple(b, o, d, x0, t->w, numbers, t->tables);
        TEST_BENCH(t, t->level->adm_decouple(b, o, d, x0, t->w, numbers, t->tables));
    } else {
        t->plain->adm0_decouple(a, o, d, x0, t->w, numbers, t->tables);
        t->level->adm0_decouple(b, o, d, x0, t->w, numbers, t->tables);
        TEST_BENCH(t, t->level->adm0_decouple(b, o, d, x0, t->w, numbers, t->tables));
    }
    const size_t bytes = level ? 4 : 2;
    test_same(a->around + x0, b->around + x0, n * 4, "what a neighbour adds");
    test_same(a->centre + x0, b->centre + x0, n * 4, "what a sample adds");
    for (int i = 0; i < 3; i++)
        test_same((char *)a->restored.band[i] + (size_t)x0 * bytes,
                  (char *)b->restored.band[i] + (size_t)x0 * bytes, n * bytes, "a restored band");
}

static void check_visible(const Trial *t, int level, int x0, const VmtAdmLevel *numbers)
{
    static Masks row;
    static Bands restored;
    static int32_t near[2][ROW];
    int64_t a[3] = { 0 }, b[3] = { 0 };

    if (!test_begin(level ? "adm_visible" : "adm0_visible", t))
        return;
    point(&row);
    row.masking.restored = *fill(&restored, level, NULL);
    const int64_t mask = level ? 50000000 : 9000;
    test_numbers32(row.around, ROW, level ? -3 : 0, mask);
    test_numbers32(row.centre, ROW, level ? -3 : -mask, mask);
    test_numbers32(near[0], ROW, level ? -3 : 0, mask);
    test_numbers32(near[1], ROW, level ? -3 : 0, mask);
    const int32_t *above = near[0] + VMT_PAD, *below = near[1] + VMT_PAD;
    if (level) {
        t->plain->adm_visible(a, &row.masking, above, below, x0, t->w, numbers);
        t->level->adm_visible(b, &row.masking, above, below, x0, t->w, numbers);
    } else {
        t->plain->adm0_visible(a, &row.masking, above, below, x0, t->w, numbers);
        t->level->adm0_visible(b, &row.masking, above, below, x0, t->w, numbers);
    }
    test_same(a, b, sizeof(a), "a sum");
    TEST_BENCH(t, (level ? t->level->adm_visible : t->level->adm0_visible)(
                      b, &row.masking, above, below, x0, t->w, numbers));
}

static void check_cubes(const Trial *t, int level, int x0, const VmtAdmLevel *numbers)
{
    static Bands ref;
    uint64_t a[3] = { 0 }, b[3] = { 0 };

    if (!test_begin(level ? "adm_cubes" : "adm0_cubes", t))
        return;
    const VmtBands *o = fill(&ref, level, NULL);
    (level ? t->plain->adm_cubes : t->plain->adm0_cubes)(a, o, x0, t->w, numbers);
    (level ? t->level->adm_cubes : t->level->adm0_cubes)(b, o, x0, t->w, numbers);
    test_same(a, b, sizeof(a), "a sum");
    TEST_BENCH(t, (level ? t->level->adm_cubes : t->level->adm0_cubes)(b, o, x0, t->w, numbers));
}

void test_adm(const Trial *t)
{
    for (int level = 0; level < VMT_SCALES; level++) {
        const int x0 = t->w == WIDTH ? 0 : (int)test_random(20);
        VmtAdmArea area;
        VmtAdmLevel numbers;
        vmt_adm_area(&area, t->w, t->w, level);
        vmt_adm_numbers(&numbers, &area, level,
                        test_random(2) ? 100 : 1 + test_random(1000) / 500.0);
        check_decouple(t, level, x0, &numbers);
        check_visible(t, level, x0, &numbers);
        check_cubes(t, level, x0, &numbers);
    }
}
