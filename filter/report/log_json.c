// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The log as JSON. Numbers that JSON does not have are null.
 */
#include "report/report.h"
#include "report/text.h"

#include <inttypes.h>
#include <math.h>

static void put_value(VmtFile *file, double x)
{
    if (isfinite(x))
        vmt_put_number(file, x);
    else
        vmt_file_print(file, "null");
}

static void put_frames(VmtFile *file, const VmtReport *report)
{
    vmt_file_print(file, "  \"frames\": [");
    for (size_t i = 0; i < report->log->frames; i++) {
        vmt_file_print(file, "%s    {\n      \"frameNum\": %" PRId64 ",\n      \"metrics\": {",
                       i ? ",\n" : "\n", report->log->rows[i].index);
        for (int m = 0; m < report->metric_count; m++) {
            vmt_file_print(file, "%s        \"%s\": ", m ? ",\n" : "\n", report->metrics[m].name);
            put_value(file, vmt_report_value(report, i, m));
        }
        vmt_file_print(file, "\n      }\n    }");
    }
    vmt_file_print(file, "\n  ],\n");
}

static void put_pooled(VmtFile *file, const VmtReport *report)
{
    vmt_file_print(file, "  \"pooled_metrics\": {");
    for (int m = 0; m < report->metric_count; m++) {
        const VmtMetric *metric = &report->metrics[m];
        vmt_file_print(file, "%s    \"%s\": {", m ? ",\n" : "\n", metric->name);
        for (int pool = 0; pool < VMT_POOLS; pool++) {
            vmt_file_print(file, "%s      \"%s\": ", pool ? ",\n" : "\n", vmt_pool_name(pool));
            put_value(file, metric->pooled[pool]);
        }
        vmt_file_print(file, "\n    }");
    }
    vmt_file_print(file, "\n  },\n");
}

static void put_facts(VmtFile *file, const VmtReport *report)
{
    vmt_file_print(file, "  \"vmaf_tiny\": {\n");
    for (int i = 0; i < report->fact_count; i++) {
        const VmtFact *fact = &report->facts[i];
        vmt_file_print(file, "    \"%s\": ", fact->key);
        if (fact->bare)
            vmt_file_print(file, "%s", fact->text);
        else
            vmt_put_json(file, fact->text);
        vmt_file_print(file, ",\n");
    }
    vmt_file_print(file, "    \"notes\": {");
    for (size_t i = 0; i < report->log->note_count; i++) {
        const VmtNote *note = &report->log->notes[i];
        vmt_file_print(file, "%s      ", i ? ",\n" : "\n");
        vmt_put_json(file, note->key);
        vmt_file_print(file, ": ");
        vmt_put_json(file, note->value);
    }
    vmt_file_print(file, "\n    }\n  }\n");
}

void vmt_write_json(VmtFile *file, const VmtReport *report)
{
    vmt_file_print(file, "{\n  \"version\": ");
    vmt_put_json(file, vmt_version());
    if (isfinite(report->log->fps))
        vmt_file_print(file, ",\n  \"fps\": %.2f,\n", report->log->fps);
    else
        vmt_file_print(file, ",\n  \"fps\": null,\n");
    put_frames(file, report);
    put_pooled(file, report);
    vmt_file_print(file, "  \"aggregate_metrics\": {\n  },\n");
    put_facts(file, report);
    vmt_file_print(file, "}\n");
}
