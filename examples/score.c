// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The way of a frame through the C library: score.c REF.yuv DIS.yuv WIDTH HEIGHT [MODEL_DIR], raw
 * 8-bit 4:2:0 video.
 *
 *     cc score.c $(pkg-config --cflags --libs libvmaf_tiny) -o score
 */
#include <stdio.h>
#include <stdlib.h>
#include <vmaf_tiny.h>

static int fail(const char *text)
{
    fprintf(stderr, "score: %s\n", text);
    return 1;
}

/* Score the rows that are ready and count them. */
static int take(VmtContext *context, VmtModel *model, double *sum, long *frames, VmtError *error)
{
    VmtRow row;
    double score;
    int code;

    while ((code = vmt_pull(context, &row, error)) > 0) {
        if ((code = vmt_model_score(model, &row, 1, &score, error)) < 0)
            break;
        printf("%ld %.6f\n", (long)row.index, score);
        *sum += score;
        ++*frames;
    }
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return fail("usage: score REF.yuv DIS.yuv WIDTH HEIGHT [MODEL_DIR]");
    const int width = atoi(argv[3]), height = atoi(argv[4]);
    const VmtConfig config = { .width = width, .height = height };
    const VmtModelConfig which = { .model = "vmaf_tiny_v2",
                                   .model_dir = argc > 5 ? argv[5] : NULL };
    VmtContext *context = NULL;
    VmtModel *model = NULL;
    VmtError error;
    double sum = 0;
    long frames = 0;

    if (vmt_open(&context, &config, &error) < 0 || vmt_model_open(&model, &which, &error) < 0)
        return fail(error.text);

    const size_t luma = (size_t)width * (size_t)height;
    const size_t frame = luma + 2 * (size_t)((width + 1) / 2) * (size_t)((height + 1) / 2);
    unsigned char *ref = malloc(frame), *dis = malloc(frame);
    FILE *ref_file = fopen(argv[1], "rb"), *dis_file = fopen(argv[2], "rb");
    if (!ref || !dis || !ref_file || !dis_file)
        return fail("cannot open the videos");

    while (fread(ref, frame, 1, ref_file) == 1 && fread(dis, frame, 1, dis_file) == 1) {
        const VmtPicture r = { .data = ref, .stride = width }, d = { .data = dis, .stride = width };
        if (vmt_push(context, &r, &d, &error) < 0 ||
            take(context, model, &sum, &frames, &error) < 0)
            return fail(error.text);
    }
    if (vmt_flush(context, &error) < 0 || take(context, model, &sum, &frames, &error) < 0)
        return fail(error.text);
    if (!frames)
        return fail("no frames: are size and format right?");
    printf("VMAF score: %f\n", sum / (double)frames);

    vmt_model_close(&model);
    vmt_close(&context);
    fclose(ref_file);
    fclose(dis_file);
    free(ref);
    free(dis);
    return 0;
}
