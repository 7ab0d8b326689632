// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * A log with strings and numbers of any kind: printable ASCII comes out, in JSON that our own
 * strict reader takes, in XML without a bare bracket, quote or ampersand where a text stands.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fusion/file.h"
#include "fusion/json.h"
#include "fuzz.h"

enum { FRAMES_MAX = 4, NOTES_MAX = 3 };

/* What was drawn. */
typedef struct Draft {
    VmtRow rows[FRAMES_MAX];
    double scores[FRAMES_MAX];
    VmtNote notes[NOTES_MAX];
    VmtModelInfo info;
    VmtLog log;
    char *texts[16];
    int text_count;
} Draft;

static const char *text(Draft *draft, FuzzBytes *from)
{
    return draft->texts[draft->text_count++] = fuzz_text(from);
}

static double real(FuzzBytes *from)
{
    const uint64_t bits = (uint64_t)fuzz_number(from, 4) << 32 | fuzz_number(from, 4);
    double number;

    memcpy(&number, &bits, sizeof(number));
    /* Our reader takes at most 64 digits. */
    return isfinite(number) ? fmax(fmin(number, 1e30), -1e30) : number;
}

static void draw(Draft *draft, FuzzBytes *from)
{
    static const char *const keys[] = { "a", "b_2", "0", "a" };
    VmtLog *log = &draft->log;

    draft->info = (VmtModelInfo){
        .id = text(draft, from), .path = text(draft, from), .sha256 = text(draft, from),
        .teacher = text(draft, from), .license = text(draft, from),
        .provider = text(draft, from), .ort_version = text(draft, from),
        .ort_library = text(draft, from), .registered = (int)fuzz_number(from, 1),
        .clipped = (int)fuzz_number(from, 1), .codec = text(draft, from),
        .preset = text(draft, from), .crf = text(draft, from), .vif_gain_limit = real(from),
        .adm_gain_limit = real(from) };
    log->frames = fuzz_number(from, 1) % (FRAMES_MAX + 1);
    for (size_t i = 0; i < log->frames; i++) {
        draft->rows[i].index = (int64_t)i * 3;
        for (int f = 0; f < VMT_FEATURES; f++)
            draft->rows[i].value[f] = real(from);
        draft->scores[i] = real(from);
    }
    log->rows = draft->rows;
    if (fuzz_number(from, 1) % 4) {
        log->scores = draft->scores;
        log->model = &draft->info;
    }
    log->fps = real(from);
    log->cpu = (int)fuzz_number(from, 1) % (VMT_CPU_LEVELS + 1);
    log->width = (int)fuzz_number(from, 4);
    log->height = (int)fuzz_number(from, 4);
    log->note_count = fuzz_number(from, 1) % (NOTES_MAX + 1);
    const size_t first = fuzz_number(from, 1) % 2; /* or all three, of which two are the same */
    for (size_t i = 0; i < log->note_count; i++)
        draft->notes[i] = (VmtNote){ keys[i ? first + i : 0], text(draft, from) };
    log->notes = draft->notes;
}

/* Texts stand between quotes; all that could end one early is an escape. */
static void check_xml(const uint8_t *data, size_t size)
{
    int quoted = 0;

    for (size_t i = 0; i < size; i++) {
        FUZZ_MUST(!quoted || (data[i] != '<' && data[i] != '>' && data[i] != '\n'));
        quoted ^= data[i] == '"';
    }
    FUZZ_MUST(!quoted);
}

static void check(const char *path, int format)
{
    VmtFile file;
    VmtJson *json = NULL;
    VmtError error = { "" };

    FUZZ_MUST(vmt_file_read(&file, path, 1 << 20, "log", &error) == 0);
    for (size_t i = 0; i < file.size; i++)
        FUZZ_MUST(file.data[i] == '\n' || (file.data[i] >= ' ' && file.data[i] <= '~'));
    if (format == VMT_LOG_XML)
        check_xml(file.data, file.size);
    if (format == VMT_LOG_JSON)
        FUZZ_MUST(vmt_json_open(&json, (const char *)file.data, file.size, "log", &error) == 0);
    vmt_json_close(&json);
    vmt_file_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzBytes from = { data, size };
    Draft draft = { .text_count = 0 };
    VmtError error = { "" };
    char path[128];

    draw(&draft, &from);
    snprintf(path, sizeof(path), "%s/log", fuzz_folder());
    for (int format = 0; format < VMT_LOGS; format++) {
        const int rc = vmt_log_write(&draft.log, format, path, &error);
        FUZZ_MUST(rc == 0 || rc == -EINVAL);
        fuzz_judge(rc, &error);
        if (rc == 0)
            check(path, format);
    }
    while (draft.text_count > 0)
        free(draft.texts[--draft.text_count]);
    return 0;
}
