// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * A log from its frames: check, pool, write.
 */
#define _POSIX_C_SOURCE 200809L /* newlocale() */
#include "base/error.h"
#include "report/report.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*write)(VmtOutput *out, const VmtReport *report);
} formats[VMT_LOGS] = {
    [VMT_LOG_XML] = {"xml", vmt_write_xml},
    [VMT_LOG_JSON] = {"json", vmt_write_json},
    [VMT_LOG_CSV] = {"csv", vmt_write_csv},
    [VMT_LOG_SUB] = {"sub", vmt_write_sub},
};

const char *vmt_log_name(int format)
{
    return format >= 0 && format < VMT_LOGS ? formats[format].name : NULL;
}

double vmt_report_value(const VmtReport *report, size_t i, int metric)
{
    const VmtLog *log = report->log;
    return metric < VMT_FEATURES ? log->rows[i].value[metric] : log->scores[i];
}

static int check_notes(const VmtLog *log, VmtError *error)
{
    if (log->note_count > 0 && !log->notes)
        return vmt_fail(error, -EINVAL, "the log has %zu notes, but none is given",
                        log->note_count);
    for (size_t i = 0; i < log->note_count; i++) {
        const VmtNote *note = &log->notes[i];
        if (!note->key || !note->value)
            return vmt_fail(error, -EINVAL, "note %zu lacks its key or value; give both", i);
        if (!*note->key || note->key[strspn(note->key, "abcdefghijklmnopqrstuvwxyz0123456789_")])
            return vmt_fail(error, -EINVAL, "note key '%s' must be made of a-z, 0-9 and _",
                            note->key);
        for (size_t other = 0; other < i; other++)
            if (strcmp(log->notes[other].key, note->key) == 0)
                return vmt_fail(error, -EINVAL, "two notes have the key '%s': give each its own",
                                note->key);
    }
    return 0;
}

static int check(const VmtLog *log, int format, const char *path, VmtError *error)
{
    if (!log || !path || !*path)
        return vmt_fail(error, -EINVAL, "no log or no path given; '-' is standard output");
    if (!vmt_log_name(format))
        return vmt_fail(error, -EINVAL, "log format %d is not known; use xml, json, csv or sub",
                        format);
    if (log->frames == 0 || !log->rows)
        return vmt_fail(error, -EINVAL, "there are no frames to write to '%s'; score some first",
                        path);
    if (log->scores && !log->model)
        return vmt_fail(error, -EINVAL, "scores without the model they are from; give both");
    if (log->cpu != VMT_CPU_BEST && !vmt_cpu_name(log->cpu))
        return vmt_fail(error, -EINVAL, "CPU level %d is not known; take it from the context",
                        log->cpu);
    if (log->width < 0 || log->height < 0)
        return vmt_fail(error, -EINVAL, "size %dx%d is negative; 0 leaves it out", log->width,
                        log->height);
    return check_notes(log, error);
}

static void add_fact(VmtReport *report, const char *key, const char *text, int bare)
{
    report->facts[report->fact_count++] = (VmtFact){key, text, bare};
}

/* What most models do not have is left out. */
static void add_given(VmtReport *report, const char *key, const char *text)
{
    if (text && *text)
        add_fact(report, key, text, 0);
}

/* So is a limit that is the usual one. */
static void add_limit(VmtReport *report, const char *key, char text[VMT_NUMBER_SIZE], double limit)
{
    if (!(limit > 0 && limit < 100))
        return;
    snprintf(text, VMT_NUMBER_SIZE, "%g", limit);
    add_fact(report, key, text, 1);
}

static void collect_facts(VmtReport *report)
{
    const VmtLog *log = report->log;
    add_fact(report, "version", vmt_version(), 0);
    if (log->cpu != VMT_CPU_BEST)
        add_fact(report, "cpu", vmt_cpu_name(log->cpu), 0);
    if (log->width > 0 && log->height > 0) {
        snprintf(report->width, sizeof(report->width), "%d", log->width);
        snprintf(report->height, sizeof(report->height), "%d", log->height);
        add_fact(report, "width", report->width, 1);
        add_fact(report, "height", report->height, 1);
    }
    if (!log->scores)
        return;
    const VmtModelInfo *model = log->model;
    add_fact(report, "model", model->id, 0);
    add_fact(report, "model_path", model->path, 0);
    add_fact(report, "sha256", model->sha256, 0);
    add_fact(report, "teacher", model->teacher, 0);
    add_fact(report, "license", model->license, 0);
    add_fact(report, "registered", model->registered ? "true" : "false", 1);
    add_fact(report, "clipped", model->clipped ? "true" : "false", 1);
    add_given(report, "codec", model->codec);
    add_given(report, "preset", model->preset);
    add_given(report, "crf", model->crf);
    add_limit(report, "vif_gain_limit", report->vif_gain_limit, model->vif_gain_limit);
    add_limit(report, "adm_gain_limit", report->adm_gain_limit, model->adm_gain_limit);
    add_fact(report, "provider", model->provider, 0);
    add_fact(report, "ort_version", model->ort_version, 0);
    add_fact(report, "ort_library", model->ort_library, 0);
}

static int pool_metrics(VmtReport *report, VmtError *error)
{
    const VmtLog *log = report->log;
    double *column = calloc(log->frames, sizeof(*column));
    int code = column ? 0 : vmt_fail(error, -ENOMEM, "no memory to pool %zu frames; free some",
                                     log->frames);
    for (int m = 0; m < report->metric_count && !code; m++) {
        VmtMetric *metric = &report->metrics[m];
        for (size_t i = 0; i < log->frames; i++)
            column[i] = vmt_report_value(report, i, m);
        code = vmt_pool(column, log->frames, metric->pooled, error);
        if (code == -EINVAL) { /* a value is not finite, so nothing made of it can be */
            for (int pool = 0; pool < VMT_POOLS; pool++)
                metric->pooled[pool] = NAN;
            code = 0;
        }
    }
    free(column);
    return code;
}

/* libvmaf puts a gain limit that is not the usual one behind the name. */
static void name_feature(VmtReport *report, int feature)
{
    const VmtModelInfo *model = report->log->model;
    double limit = 0;
    if (model && feature != VMT_MOTION2)
        limit = feature == VMT_ADM2 ? model->adm_gain_limit : model->vif_gain_limit;
    char *name = report->metrics[feature].name;
    const size_t size = sizeof(report->metrics[feature].name);
    if (limit > 0 && limit < 100)
        snprintf(name, size, "integer_%s_egl_%g", vmt_feature_name(feature), limit);
    else
        snprintf(name, size, "integer_%s", vmt_feature_name(feature));
}

static int make_report(VmtReport *report, const VmtLog *log, VmtError *error)
{
    *report = (VmtReport){.log = log, .metric_count = VMT_FEATURES + !!log->scores};
    for (int m = 0; m < VMT_FEATURES; m++)
        name_feature(report, m);
    strcpy(report->metrics[VMT_FEATURES].name, "vmaf");
    collect_facts(report);
    return pool_metrics(report, error);
}

int vmt_log_write(const VmtLog *log, int format, const char *path, VmtError *error)
{
    int code = check(log, format, path, error);
    if (code < 0)
        return code;
    const locale_t point = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (!point)
        return vmt_fail(error, -ENOMEM, "no memory to write '%s'; free some", path);
    const locale_t before = uselocale(point);
    VmtReport report;
    VmtOutput *out;
    code = make_report(&report, log, error);
    if (code == 0)
        code = vmt_output_open(&out, path, error);
    if (code == 0) {
        formats[format].write(out, &report);
        code = vmt_output_close(&out, error);
    }
    uselocale(before);
    freelocale(point);
    if (code == 0)
        vmt_no_error(error);
    return code;
}
