// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * Options of the filter, as a graph has them, in the libavfilter that $FUZZ_AVFILTER names. Its
 * models are those of $FUZZ_MODELS, its ONNX Runtime that of $VMAF_TINY_ORT_LIB.
 *
 * Input: a byte, then either one text, which FFmpeg takes apart, or for each option a byte that
 * chooses it and its text. What FFmpeg has taken, the filter takes in silence or refuses with one
 * message of one line.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

enum { LOG_ERROR = 16, LOG_WARNING = 24, SEARCH_CHILDREN = 1, OPTIONS_MAX = 6 };

static const char *const options[] = {
    "model", "model_dir", "renditions", "log_path", "log_fmt", "pool", "stats", "n_threads",
    "n_subsample", "device", "cpu", "mode", "disable_clip", "codec", "preset", "crf",
    "allow_range", "allow_hdr", "eof_action", "shortest", "repeatlast" };

/* What is called; programs that are built with FFmpeg's headers have the same there. */
static struct {
    void *(*graph_alloc)(void);
    const void *(*get_by_name)(const char *name);
    void *(*alloc_filter)(void *graph, const void *filter, const char *name);
    int (*init_str)(void *filter, const char *options);
    void (*graph_free)(void **graph);
    int (*opt_set)(void *object, const char *name, const char *value, int flags);
    void (*log_set_callback)(void (*callback)(void *, int, const char *, va_list));
} av;

static int errors, warnings;

static void count(void *object, int level, const char *format, va_list arguments)
{
    char line[4096];
    size_t end;

    (void)object;
    if (level > LOG_WARNING)
        return;
    errors += level <= LOG_ERROR;
    warnings += level == LOG_WARNING;
    vsnprintf(line, sizeof(line), format, arguments);
    end = strlen(line);
    FUZZ_MUST(end > 20 && line[end - 1] == '\n');
    for (size_t i = 0; i + 1 < end; i++)
        FUZZ_MUST((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
}

static void ignore(void *object, int level, const char *format, va_list arguments)
{
    (void)object, (void)format, (void)arguments;
    errors += level <= LOG_ERROR;
}

static void *find(void *library, const char *name)
{
    void *function = dlsym(library, name);
    FUZZ_MUST(function);
    return function;
}

static void load(void)
{
    const char *path = getenv("FUZZ_AVFILTER");
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_GLOBAL) : NULL;

    if (!library) {
        fprintf(stderr, "FUZZ_AVFILTER must name a libavfilter with the filter: %s\n", dlerror());
        exit(2);
    }
    *(void **)&av.graph_alloc = find(library, "avfilter_graph_alloc");
    *(void **)&av.get_by_name = find(library, "avfilter_get_by_name");
    *(void **)&av.alloc_filter = find(library, "avfilter_graph_alloc_filter");
    *(void **)&av.init_str = find(library, "avfilter_init_str");
    *(void **)&av.graph_free = find(library, "avfilter_graph_free");
    *(void **)&av.opt_set = find(library, "av_opt_set");
    *(void **)&av.log_set_callback = find(library, "av_log_set_callback");
}

/* Whether FFmpeg took every option. */
static int set_options(void *filter, FuzzBytes *from)
{
    int taken = av.opt_set(filter, "model_dir", getenv("FUZZ_MODELS"), SEARCH_CHILDREN) >= 0;

    FUZZ_MUST(taken);
    for (int n = 0; n < OPTIONS_MAX && from->size; n++) {
        const uint32_t at = fuzz_number(from, 1) % (sizeof(options) / sizeof(*options));
        char *value = fuzz_text(from);
        taken &= av.opt_set(filter, options[at], value, SEARCH_CHILDREN) >= 0;
        free(value);
    }
    return taken;
}

/* FFmpeg's own complaints repeat what they complain of as it is. */
static int init_by_text(void *filter, FuzzBytes *from)
{
    char text[4096];
    const size_t size = from->size < sizeof(text) - 1 ? from->size : sizeof(text) - 1;

    memcpy(text, from->data, size);
    text[size] = '\0';
    const int rc = av.init_str(filter, text);
    FUZZ_MUST((rc < 0) == (errors > 0));
    return rc;
}

static int init_by_options(void *filter, FuzzBytes *from)
{
    if (!set_options(filter, from))
        return -1;
    av.log_set_callback(count);
    errors = warnings = 0;
    const int rc = av.init_str(filter, NULL);
    FUZZ_MUST(errors == (rc < 0) && warnings <= 1);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzBytes from = { data, size };

    if (!av.graph_alloc)
        load();
    av.log_set_callback(ignore);
    errors = 0;
    const int whole = (int)fuzz_number(&from, 1) % 2;
    void *graph = av.graph_alloc();
    void *filter = av.alloc_filter(graph, av.get_by_name("vmaf_tiny"), "f");
    FUZZ_MUST(filter);
    fuzz_taken += (whole ? init_by_text : init_by_options)(filter, &from) >= 0;
    av.graph_free(&graph);
    return 0;
}
