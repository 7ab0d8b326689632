// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Features against values of libvmaf 3.2's C code, to the last bit, and properties of them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "features/cube_root.h"
#include "features/tables.h"
#include "fusion/sha256.h"
#include "pictures.h"

enum { FRAMES = 3 };

/* By frame: adm2, vif_scale0..3, motion2. */
static const struct {
    int width, height, bits;
    double value[FRAMES][VMT_FEATURES];
} known[] = {
    { 97, 61, 8, {
        { 0x1.c825eaadd4ec4p-1, 0x1.0695fcp-1, 0x1.cc4f96p-1, 0x1.d9225cp-1, 0x1.df7d62p-1, 0 },
        { 0x1.cad28fb92df4dp-1, 0x1.0699bcp-1, 0x1.cf4c36p-1, 0x1.daaf3p-1, 0x1.df242cp-1,
          0x1.f52c3203b886ap+2 },
        { 0x1.c97ec9d0d0578p-1, 0x1.0752bap-1, 0x1.cb97dap-1, 0x1.d87e2ap-1, 0x1.dde18ap-1,
          0x1.004038c38efddp+3 } } },
    { 33, 33, 8, {
        { 0x1.c41fd3ea376abp-1, 0x1.079902p-1, 0x1.c94126p-1, 0x1.d77354p-1, 0x1.dd7846p-1,
          0 },
        { 0x1.cbcc12993ed55p-1, 0x1.073718p-1, 0x1.cdc3d4p-1, 0x1.d9ed16p-1, 0x1.dc461ep-1,
          0x1.04c5ef8b66baap+3 },
        { 0x1.c52f2259bdcafp-1, 0x1.0a4beep-1, 0x1.ca1b06p-1, 0x1.d8f11p-1, 0x1.deefdap-1,
          0x1.04c5ef8b66baap+3 } } },
    { 34, 47, 9, {
        { 0x1.c5c724b55efcfp-1, 0x1.086576p-1, 0x1.ca0494p-1, 0x1.d8cdecp-1, 0x1.de538ap-1,
          0 },
        { 0x1.c9c3558ba421cp-1, 0x1.083f42p-1, 0x1.cbb9f6p-1, 0x1.d9b4f8p-1, 0x1.dd47bp-1,
          0x1.f256fd1dcc186p+2 },
        { 0x1.c46d13863a674p-1, 0x1.07c7bep-1, 0x1.c89f34p-1, 0x1.d96872p-1, 0x1.de7942p-1,
          0x1.f256fd1dcc186p+2 } } },
    { 71, 33, 12, {
        { 0x1.c9f484fd53a58p-1, 0x1.066262p-1, 0x1.cc4fc8p-1, 0x1.d8f4e6p-1, 0x1.dd2f7cp-1,
          0 },
        { 0x1.cbe95f9897cd9p-1, 0x1.072e68p-1, 0x1.cd8f3p-1, 0x1.da705ep-1, 0x1.de4c4cp-1,
          0x1.fb83eef4870c2p+2 },
        { 0x1.cb8576d8d9c47p-1, 0x1.07ba66p-1, 0x1.c8eddap-1, 0x1.d74f2p-1, 0x1.dc4bc2p-1,
          0x1.fb83eef4870c2p+2 } } },
    { 64, 50, 14, {
        { 0x1.c5cea81de289cp-1, 0x1.065e8p-1, 0x1.cbfae6p-1, 0x1.d8a9cep-1, 0x1.de3f52p-1, 0 },
        { 0x1.c77c1e9f7eee7p-1, 0x1.07ae72p-1, 0x1.cbfc8cp-1, 0x1.d95af6p-1, 0x1.de1234p-1,
          0x1.ecb28f5c28f5cp+2 },
        { 0x1.c9772cd492bc7p-1, 0x1.079ef4p-1, 0x1.ca2708p-1, 0x1.d80486p-1, 0x1.dcf4cap-1,
          0x1.ecb28f5c28f5cp+2 } } },
    { 97, 61, 16, {
        { 0x1.c84526016a2e9p-1, 0x1.07cd32p-1, 0x1.cc5e6p-1, 0x1.d92e5p-1, 0x1.df7d52p-1, 0 },
        { 0x1.ca8a2fbcbf03p-1, 0x1.07db1cp-1, 0x1.cf3f74p-1, 0x1.daafccp-1, 0x1.def6fcp-1,
          0x1.f9b54d7ce8131p+2 },
        { 0x1.c923299f0ea98p-1, 0x1.0876f4p-1, 0x1.cb9906p-1, 0x1.d878aap-1, 0x1.dde8e2p-1,
          0x1.02ab8be054742p+3 } } },
    { 97, 61, 10, {
        { 0x1.c835469b9a1bbp-1, 0x1.06f0eap-1, 0x1.cc6786p-1, 0x1.d8f744p-1, 0x1.df6078p-1, 0 },
        { 0x1.ca7cf6f76bbaap-1, 0x1.06f79ep-1, 0x1.cf46ccp-1, 0x1.dabc68p-1, 0x1.df15dcp-1,
          0x1.f54c122bdef2p+2 },
        { 0x1.c923e67e71a9fp-1, 0x1.078bacp-1, 0x1.cb9344p-1, 0x1.d86bfep-1, 0x1.de03e8p-1,
          0x1.0006b8ea52fb9p+3 } } },
    { 160, 90, 8, {
        { 0x1.ca0f4ee9d5ac2p-1, 0x1.074394p-1, 0x1.cd1596p-1, 0x1.d9eea2p-1, 0x1.df7628p-1, 0 },
        { 0x1.ca737f9360da8p-1, 0x1.066e92p-1, 0x1.cebcfcp-1, 0x1.dab2fcp-1, 0x1.df1c84p-1,
          0x1.e413af37c048dp+2 },
        { 0x1.c8afdd7f29760p-1, 0x1.07a2e4p-1, 0x1.ccb684p-1, 0x1.d9a5b8p-1, 0x1.decfcep-1,
          0x1.fa1b6789abcdfp+2 } } },
};

static void test_known_values(int cpu)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        const Pictures p = pictures(known[i].width, known[i].height, known[i].bits);
        const VmtConfig config = { .width = p.width, .height = p.height, .bits = p.bits,
                                   .threads = 1, .cpu = cpu };
        VmtRow rows[FRAMES];
        picture_features(&p, &config, FRAMES, rows);
        for (int n = 0; n < FRAMES; n++)
            for (int f = 0; f < VMT_FEATURES; f++)
                CHECK(rows[n].value[f] == known[i].value[n][f], "%s, %dx%d, %d bits, frame %d: "
                      "%s is %a, not %a", vmt_cpu_name(cpu), p.width, p.height, p.bits, n,
                      vmt_feature_name(f), rows[n].value[f], known[i].value[n][f]);
    }
}

/* Flat pictures have nothing to lose; two flat ones of another grey neither, by VMAF's lights. */
static void test_flat(void)
{
    uint8_t plane[40 * 40];
    const VmtConfig config = { .width = 40, .height = 40, .threads = 1 };
    VmtContext *ctx;
    VmtRow row;

    memset(plane, 90, sizeof(plane));
    const VmtPicture flat = { .data = plane, .stride = 40 };
    CHECK(vmt_open(&ctx, &config, NULL) == 0, "open failed");
    CHECK(vmt_push(ctx, &flat, &flat, NULL) == 0, "push failed");
    vmt_flush(ctx, NULL);
    CHECK(vmt_pull(ctx, &row, NULL) == 1, "no row");
    for (int f = VMT_ADM2; f <= VMT_VIF_SCALE3; f++)
        CHECK(row.value[f] == 1, "%s is %a", vmt_feature_name(f), row.value[f]);
    CHECK(row.value[VMT_MOTION2] == 0, "motion2 is %a", row.value[VMT_MOTION2]);
    vmt_close(&ctx);
}

/* A gain limit of 1 counts enhanced contrast for nothing; no limit lets it raise the score. */
static void test_gain_limits(void)
{
    const Pictures p = pictures(80, 60, 8);
    uint8_t *dull = picture_distorted(&p, 0, 0), *sharp = picture_reference(&p, 0);
    VmtRow rows[2];

    for (int limited = 0; limited < 2; limited++) {
        const VmtConfig config = { .width = 80, .height = 60, .threads = 1,
                                   .vif_gain_limit = limited, .adm_gain_limit = limited };
        const VmtPicture ref = picture_copied(&p, dull), dis = picture_copied(&p, sharp);
        VmtContext *ctx;
        CHECK(vmt_open(&ctx, &config, NULL) == 0, "open failed");
        CHECK(vmt_push(ctx, &ref, &dis, NULL) == 0, "push failed");
        vmt_flush(ctx, NULL);
        CHECK(vmt_pull(ctx, &rows[limited], NULL) == 1, "no row");
        vmt_close(&ctx);
    }
    for (int f = VMT_ADM2; f <= VMT_VIF_SCALE3; f++)
        CHECK(rows[1].value[f] < rows[0].value[f], "%s: %g limited, %g not", vmt_feature_name(f),
              rows[1].value[f], rows[0].value[f]);
    free(dull);
    free(sharp);
}

/* The digest is of 32768 little-endian values; this program runs where that is the native order. */
static void test_log2_table(void)
{
    static VmtTables tables;
    char digest[65];

    vmt_tables_fill(&tables);
    vmt_sha256((const uint8_t *)tables.log2, sizeof(tables.log2), digest);
    CHECK(!strcmp(digest, "cd475654f3d533778accfcdf113079a28e61c82d4ec193eed662ab68b9a7b49c"),
          "%s", digest);
}

/* Where the C library has the powf that libvmaf uses, the two agree. */
static void test_cube_root(void)
{
    uint32_t state = 1;
    for (int i = 0; i < 2000000; i++) {
        state = state * 1664525u + 1013904223u;
        const uint32_t bits = 0x28000000u + state % (0x5c000000u - 0x28000000u);
        float x;
        memcpy(&x, &bits, sizeof(x));
#if defined(__GLIBC__)
        const float expected = powf(x, 1.0f / 3.0f);
        CHECK(vmt_cube_root(x) == expected, "cube root of %a is %a, not %a", x, vmt_cube_root(x),
              expected);
#else
        CHECK(fabs(vmt_cube_root(x) - cbrt(x)) <= 1e-6 * cbrt(x), "cube root of %a is %a", x,
              vmt_cube_root(x));
#endif
        if (check_failures)
            break;
    }
    CHECK(vmt_cube_root(0) == 0, "cube root of 0 is %a", vmt_cube_root(0));
}

int main(void)
{
    for (int cpu = VMT_CPU_C; cpu < VMT_CPU_LEVELS; cpu++)
        if (vmt_cpu_available(cpu))
            test_known_values(cpu);
    test_flat();
    test_gain_limits();
    test_log2_table();
    test_cube_root();
    return check_result("features");
}
