// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * write_log FORMAT PATH [OPTION VALUE]...
 *
 * Write the frames of standard input, a line each: index, six features and, or not, a score.
 * Failure prints the error's number and text and exits 1; a wrong call of this program exits 2.
 */
#include "vmaf_tiny.h"

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 10000, NOTES_MAX = 64 };

static VmtRow rows[FRAMES_MAX];
static double scores[FRAMES_MAX];
static VmtNote notes[NOTES_MAX];
static VmtModelInfo model = {"vmaf_tiny_v2", "/models/vmaf_tiny_v2.onnx", "0123456789abcdef",
                             "vmaf_v0.6.1", "BSD-3-Clause-Plus-Patent", "cpu", "1.31.1",
                             "libonnxruntime.so.1", 1, 1, "", "", "", 100, 100, 0, 0, "vmaf"};

static void misuse(const char *what)
{
    fprintf(stderr, "write_log: %s\n", what);
    exit(2);
}

static void read_frames(VmtLog *log)
{
    char line[1024];
    while (fgets(line, sizeof(line), stdin) && log->frames < FRAMES_MAX) {
        double *value = rows[log->frames].value;
        const int n = sscanf(line, "%" SCNd64 " %lf %lf %lf %lf %lf %lf %lf",
                             &rows[log->frames].index, &value[0], &value[1], &value[2], &value[3],
                             &value[4], &value[5], &scores[log->frames]);
        if (n < 7)
            misuse("a line has too few numbers");
        if (n == 8)
            log->scores = scores;
        log->frames++;
    }
    log->rows = rows;
}

/* Fails unless the locale is in force, so that a test of it cannot pass without one. */
static void use_comma_locale(const char *name)
{
    char text[16];
    if (!setlocale(LC_ALL, name))
        misuse("there is no such locale");
    snprintf(text, sizeof(text), "%.1f", 1.5);
    if (strcmp(text, "1,5") != 0)
        misuse("the locale has no comma");
}

static void add_note(VmtLog *log, char *text)
{
    char *value = strchr(text, '=');
    if (!value || log->note_count == NOTES_MAX)
        misuse("a note is key=value");
    *value++ = '\0';
    notes[log->note_count++] = (VmtNote){text, value};
    log->notes = notes;
}

static void take_option(VmtLog *log, const char *option, char *value)
{
    if (strcmp(option, "--fps") == 0)
        log->fps = strtod(value, NULL);
    else if (strcmp(option, "--width") == 0)
        log->width = atoi(value);
    else if (strcmp(option, "--height") == 0)
        log->height = atoi(value);
    else if (strcmp(option, "--cpu") == 0)
        log->cpu = atoi(value);
    else if (strcmp(option, "--model") == 0)
        model.id = value;
    else if (strcmp(option, "--without") == 0 && strcmp(value, "model") == 0)
        log->model = NULL;
    else if (strcmp(option, "--note") == 0)
        add_note(log, value);
    else if (strcmp(option, "--locale") == 0)
        use_comma_locale(value);
    else if (strcmp(option, "--print") == 0) /* without a newline, so that it stays buffered */
        printf("%s", value);
    else
        misuse("no such option");
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc % 2 == 0)
        misuse("FORMAT PATH [OPTION VALUE]...");
    int format = 0;
    while (format < VMT_LOGS && strcmp(argv[1], vmt_log_name(format)) != 0)
        format++;

    VmtLog log = {.model = &model};
    read_frames(&log);
    for (int i = 3; i < argc; i += 2)
        take_option(&log, argv[i], argv[i + 1]);

    VmtError error = {"left over"};
    const int code = vmt_log_write(&log, format, argv[2], &error);
    if (code < 0)
        fprintf(stderr, "%d %s\n", code, error.text);
    else if (error.text[0])
        misuse("success left a message");
    return code < 0;
}
