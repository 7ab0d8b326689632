// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * A context: the same rows whatever the threads and renditions, pictures lent and given back,
 * errors that leave nothing behind.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "pictures.h"

enum { FRAMES = 12, WIDTH = 71, HEIGHT = 53 };

static int same_rows(const VmtRow *a, const VmtRow *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a[i].index != b[i].index || memcmp(a[i].value, b[i].value, sizeof(a[i].value)) != 0)
            return 0;
    return 1;
}

static void test_threads_do_not_matter(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 10);
    VmtConfig config = { .width = WIDTH, .height = HEIGHT, .bits = 10, .threads = 1 };
    VmtRow one[FRAMES], many[FRAMES];

    picture_features(&p, &config, FRAMES, one);
    for (config.threads = 2; config.threads <= 5; config.threads++) {
        memset(many, 0, sizeof(many));
        picture_features(&p, &config, FRAMES, many);
        CHECK(same_rows(one, many, FRAMES), "%d threads differ from one", config.threads);
    }
}

static void test_renditions_equal_single_runs(void)
{
    enum { RENDITIONS = 3 };
    const Pictures p = pictures(WIDTH, HEIGHT, 8);
    VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = 2 };
    VmtRow single[RENDITIONS][FRAMES], together[FRAMES][RENDITIONS];

    config.renditions = RENDITIONS;
    picture_features(&p, &config, FRAMES, &together[0][0]);
    config.renditions = 1;
    for (int r = 0; r < RENDITIONS; r++) {
        VmtContext *ctx;
        CHECK(vmt_open(&ctx, &config, NULL) == 0, "open failed");
        for (int n = 0; n < FRAMES; n++) {
            void *ref = picture_reference(&p, n), *dis = picture_distorted(&p, n, r);
            const VmtPicture a = picture_copied(&p, ref), b = picture_copied(&p, dis);
            CHECK(vmt_push(ctx, &a, &b, NULL) == 0, "push failed");
            free(ref);
            free(dis);
        }
        vmt_flush(ctx, NULL);
        for (int n = 0; n < FRAMES; n++) {
            CHECK(vmt_pull(ctx, &single[r][n], NULL) == 1, "no row %d", n);
            CHECK(same_rows(&single[r][n], &together[n][r], 1), "rendition %d of frame %d", r, n);
        }
        vmt_close(&ctx);
    }
    CHECK(together[0][0].value[VMT_ADM2] > together[0][2].value[VMT_ADM2],
          "renditions are not told apart");
}

/* ---------------------------------------------------------------------------------- lending */

typedef struct Lent {
    void *plane;
    atomic_int released;
} Lent;

/* Whoever reads a picture after its release reads garbage. */
static void release(void *opaque)
{
    Lent *lent = opaque;
    if (lent->released == 0)
        memset(lent->plane, 0xa5, (size_t)(WIDTH + 6) * HEIGHT);
    atomic_fetch_add(&lent->released, 1);
}

static VmtPicture lend(const Pictures *p, Lent *lent, void *plane)
{
    lent->plane = plane;
    lent->released = 0;
    return (VmtPicture){ plane, p->stride, release, lent };
}

static void test_lent_pictures_come_back(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 8);
    VmtConfig config = { .width = WIDTH, .height = HEIGHT };
    VmtRow copied[FRAMES], row;

    config.threads = 1;
    picture_features(&p, &config, FRAMES, copied);
    for (config.threads = 1; config.threads <= 3; config.threads++) {
        Lent lent[FRAMES][2];
        VmtContext *ctx;
        int rows = 0;
        CHECK(vmt_open(&ctx, &config, NULL) == 0, "open failed");
        for (int n = 0; n < FRAMES; n++) {
            const VmtPicture ref = lend(&p, &lent[n][0], picture_reference(&p, n));
            const VmtPicture dis = lend(&p, &lent[n][1], picture_distorted(&p, n, 0));
            CHECK(vmt_push(ctx, &ref, &dis, NULL) == 0, "push failed");
        }
        vmt_flush(ctx, NULL);
        for (; vmt_pull(ctx, &row, NULL) == 1; rows++)
            CHECK(same_rows(&row, &copied[rows], 1), "frame %d, %d threads", rows, config.threads);
        CHECK(rows == FRAMES, "%d rows", rows);
        for (int i = 0; i < 2 * FRAMES; i++)
            CHECK(lent[i / 2][i % 2].released == 1, "picture %d released %d times", i,
                  lent[i / 2][i % 2].released);
        vmt_close(&ctx);
        for (int i = 0; i < 2 * FRAMES; i++)
            free(lent[i / 2][i % 2].plane);
    }
}

static void test_close_in_the_middle_releases_once(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 8);
    for (int threads = 1; threads <= 4; threads++) {
        const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = threads };
        Lent lent[FRAMES][2];
        VmtContext *ctx;
        CHECK(vmt_open(&ctx, &config, NULL) == 0, "open failed");
        for (int n = 0; n < FRAMES; n++) {
            const VmtPicture ref = lend(&p, &lent[n][0], picture_reference(&p, n));
            const VmtPicture dis = lend(&p, &lent[n][1], picture_distorted(&p, n, 0));
            CHECK(vmt_push(ctx, &ref, &dis, NULL) == 0, "push failed");
        }
        vmt_close(&ctx);
        CHECK(ctx == NULL, "the pointer is left");
        for (int i = 0; i < 2 * FRAMES; i++) {
            CHECK(lent[i / 2][i % 2].released == 1, "picture %d released %d times", i,
                  lent[i / 2][i % 2].released);
            free(lent[i / 2][i % 2].plane);
        }
    }
}

/* Upside down in memory, or at an odd address: the same picture. */
static void test_any_stride_and_address(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 12);
    const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .bits = 12, .threads = 1 };
    VmtRow plain, row;
    picture_features(&p, &config, 1, &plain);

    const ptrdiff_t stride = p.stride + 1;
    uint8_t *flipped[2], *places[2];
    for (int i = 0; i < 2; i++) {
        uint8_t *plane = i ? picture_distorted(&p, 0, 0) : picture_reference(&p, 0);
        places[i] = malloc((size_t)(stride * HEIGHT) + 1);
        flipped[i] = places[i] + 1;
        for (int y = 0; y < HEIGHT; y++)
            memcpy(flipped[i] + (HEIGHT - 1 - y) * stride, plane + y * p.stride, WIDTH * 2);
        free(plane);
    }
    Lent lent = { .plane = NULL, .released = 1 };
    const VmtPicture ref = { flipped[0] + (HEIGHT - 1) * stride, -stride, NULL, NULL };
    const VmtPicture dis = { flipped[1] + (HEIGHT - 1) * stride, -stride, release, &lent };
    VmtContext *ctx;
    CHECK(vmt_open(&ctx, &config, NULL) == 0, "open failed");
    CHECK(vmt_push(ctx, &ref, &dis, NULL) == 0, "push failed");
    vmt_flush(ctx, NULL);
    CHECK(vmt_pull(ctx, &row, NULL) == 1, "no row");
    CHECK(same_rows(&plain, &row, 1), "flipped pictures differ");
    CHECK(lent.released == 2, "not released");
    vmt_close(&ctx);
    free(places[0]);
    free(places[1]);
}

/* ----------------------------------------------------------------------------------- order */

static void test_subsampling_keeps_true_motion(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 8);
    VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = 2 };
    VmtRow all[FRAMES], some[FRAMES] = { 0 };

    picture_features(&p, &config, FRAMES, all);
    config.subsample = 5;
    picture_features(&p, &config, FRAMES, some);
    for (int i = 0; i < 3; i++)
        CHECK(same_rows(&all[5 * i], &some[i], 1), "row %d is of frame %d", i,
              (int)some[i].index);
    CHECK(some[3].index == 0, "more rows than expected");
}

static void test_rows_wait_for_the_next_picture(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 8);
    const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = 1 };
    void *ref = picture_reference(&p, 0), *dis = picture_distorted(&p, 0, 0);
    const VmtPicture a = picture_copied(&p, ref), b = picture_copied(&p, dis);
    VmtContext *ctx;
    VmtError error;
    VmtRow row;

    CHECK(vmt_open(&ctx, &config, &error) == 0, "%s", error.text);
    CHECK(vmt_pull(ctx, &row, NULL) == 0, "a row of nothing");
    CHECK(vmt_push(ctx, &a, &b, NULL) == 0, "push failed");
    CHECK(vmt_pull(ctx, &row, NULL) == 0, "a row before its next picture");
    CHECK(vmt_push(ctx, &a, &b, NULL) == 0, "push failed");
    CHECK(vmt_pull(ctx, &row, NULL) == 1 && row.index == 0, "no row");
    CHECK(vmt_pull(ctx, &row, NULL) == 0, "a row before its next picture");
    vmt_flush(ctx, NULL);
    CHECK(vmt_pull(ctx, &row, NULL) == 1 && row.index == 1, "no last row");
    CHECK(vmt_pull(ctx, &row, NULL) == 0, "a row past the end");
    CHECK(vmt_push(ctx, &a, &b, &error) == -EINVAL && strstr(error.text, "new context"),
          "push after the end: %s", error.text);
    vmt_close(&ctx);
    free(ref);
    free(dis);
}

/* ---------------------------------------------------------------------------------- errors */

static void test_refused_configurations(void)
{
    static const struct {
        VmtConfig config;
        int code;
        const char *says;
    } refused[] = {
        { { .width = 32, .height = 64 }, -EINVAL, "32x64" },
        { { .width = 64, .height = 32 }, -EINVAL, "33x33" },
        { { .width = 64, .height = 32769 }, -EINVAL, "32768" },
        { { .width = -1, .height = 64 }, -EINVAL, "-1x64" },
        { { .width = 64, .height = 64, .bits = 7 }, -EINVAL, "7 bits" },
        { { .width = 64, .height = 64, .bits = 17 }, -EINVAL, "17 bits" },
        { { .width = 64, .height = 64, .renditions = 65 }, -EINVAL, "65 renditions" },
        { { .width = 64, .height = 64, .threads = -1 }, -EINVAL, "threads" },
        { { .width = 64, .height = 64, .threads = 257 }, -EINVAL, "257 threads" },
        { { .width = 64, .height = 64, .subsample = -2 }, -EINVAL, "subsampling" },
        { { .width = 64, .height = 64, .vif_gain_limit = 0.5 }, -EINVAL, "gain limit" },
        { { .width = 64, .height = 64, .adm_gain_limit = 101 }, -EINVAL, "gain limit" },
        { { .width = 64, .height = 64, .cpu = 99 }, -EINVAL, "CPU level" },
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        VmtContext *ctx = (VmtContext *)&ctx;
        VmtError error;
        const int code = vmt_open(&ctx, &refused[i].config, &error);
        CHECK(code == refused[i].code && ctx == NULL && strstr(error.text, refused[i].says),
              "case %d: %d, %s", (int)i, code, error.text);
        CHECK(vmt_open(&ctx, &refused[i].config, NULL) == code, "case %d without a message",
              (int)i);
    }
}

static void test_refused_pictures(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 10);
    const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .bits = 10, .threads = 1 };
    uint16_t *ref = picture_reference(&p, 0), *dis = picture_distorted(&p, 0, 0);
    Lent lent = { .released = 0 };
    const VmtPicture good = { ref, p.stride, release, &lent };
    VmtPicture bad = picture_copied(&p, dis);
    VmtContext *ctx;
    VmtError error;
    VmtRow row;

    CHECK(vmt_open(&ctx, &config, &error) == 0, "%s", error.text);
    bad.data = NULL;
    CHECK(vmt_push(ctx, &good, &bad, &error) == -EINVAL, "no data: %s", error.text);
    bad = picture_copied(&p, dis);
    bad.stride = WIDTH * 2 - 2;
    CHECK(vmt_push(ctx, &good, &bad, &error) == -EINVAL && strstr(error.text, "140 bytes"),
          "narrow stride: %s", error.text);
    bad.stride = p.stride;
    dis[(HEIGHT - 1) * (p.stride / 2) + WIDTH - 1] = 1024;
    for (int i = 0; i < 100; i++) /* more often than the context can hold pictures */
        CHECK(vmt_push(ctx, &good, &bad, &error) == -ERANGE && strstr(error.text, "10 bits"),
              "sample out of range: %s", error.text);
    CHECK(lent.released == 0, "released though not taken");
    vmt_flush(ctx, NULL);
    CHECK(vmt_pull(ctx, &row, NULL) == 0, "a refused picture has a row");
    vmt_close(&ctx);
    vmt_close(&ctx);
    CHECK(lent.released == 0, "released though not taken");
    free(ref);
    free(dis);
}

static void test_stage_times(void)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 8);

    for (int threads = 1; threads <= 2; threads++)
        for (int wanted = 0; wanted <= 1; wanted++) {
            const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = threads,
                                       .stage_times = wanted };
            double seconds[VMT_STAGES];
            VmtContext *ctx;

            CHECK(vmt_open(&ctx, &config, NULL) == 0, "%d threads", threads);
            for (int i = 0; i < 3; i++) {
                void *ref = picture_reference(&p, i), *dis = picture_distorted(&p, i, 0);
                const VmtPicture reference = picture_copied(&p, ref),
                                 distorted = picture_copied(&p, dis);
                CHECK(vmt_push(ctx, &reference, &distorted, NULL) == 0, "push %d", i);
                free(ref);
                free(dis);
            }
            vmt_stage_seconds(ctx, seconds);
            for (int stage = 0; stage < VMT_STAGES; stage++)
                CHECK(wanted ? seconds[stage] > 0 : seconds[stage] == 0, "%d threads, %s: %g s",
                      threads, vmt_stage_name(stage), seconds[stage]);
            vmt_close(&ctx);
        }
}

static void test_names(void)
{
    CHECK(!strcmp(vmt_stage_name(VMT_STAGE_MOTION), "motion"), "motion has another name");
    CHECK(!vmt_stage_name(-1) && !vmt_stage_name(VMT_STAGES), "a name beyond the stages");

    CHECK(!strcmp(vmt_feature_name(VMT_MOTION2), "motion2"), "motion2 has another name");
    CHECK(!vmt_feature_name(-1) && !vmt_feature_name(VMT_FEATURES), "a name beyond the features");
    CHECK(!strcmp(vmt_cpu_name(VMT_CPU_C), "c"), "plain C has another name");
    CHECK(!vmt_cpu_name(-1) && !vmt_cpu_name(VMT_CPU_LEVELS), "a name beyond the levels");
    CHECK(vmt_cpu_available(VMT_CPU_C) && !vmt_cpu_available(VMT_CPU_LEVELS), "levels");
}

int main(void)
{
    test_threads_do_not_matter();
    test_renditions_equal_single_runs();
    test_lent_pictures_come_back();
    test_close_in_the_middle_releases_once();
    test_any_stride_and_address();
    test_subsampling_keeps_true_motion();
    test_rows_wait_for_the_next_picture();
    test_refused_configurations();
    test_refused_pictures();
    test_names();
    test_stage_times();
    return check_result("context");
}
