// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The log as JSON. Numbers that JSON does not have are null.
 */
#include "report/report.h"
#include "report/text.h"

#include <inttypes.h>
#include <math.h>

static void put_value(VmtOutput *out, double x)
{
    if (isfinite(x))
        vmt_put_number(out, x);
    else
        vmt_print(out, "null");
}

static void put_frames(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "  \"frames\": [");
    for (size_t i = 0; i < report->log->frames; i++) {
        vmt_print(out, "%s    {\n      \"frameNum\": %" PRId64 ",\n      \"metrics\": {",
                  i ? ",\n" : "\n", report->log->rows[i].index);
        for (int m = 0; m < report->metric_count; m++) {
            vmt_print(out, "%s        \"%s\": ", m ? ",\n" : "\n", report->metrics[m].name);
            put_value(out, vmt_report_value(report, i, m));
        }
        vmt_print(out, "\n      }\n    }");
    }
    vmt_print(out, "\n  ],\n");
}

static void put_pooled(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "  \"pooled_metrics\": {");
    for (int m = 0; m < report->metric_count; m++) {
        const VmtMetric *metric = &report->metrics[m];
        vmt_print(out, "%s    \"%s\": {", m ? ",\n" : "\n", metric->name);
        for (int pool = 0; pool < VMT_POOLS; pool++) {
            vmt_print(out, "%s      \"%s\": ", pool ? ",\n" : "\n", vmt_pool_name(pool));
            put_value(out, metric->pooled[pool]);
        }
        vmt_print(out, "\n    }");
    }
    vmt_print(out, "\n  },\n");
}

static void put_facts(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "  \"vmaf_tiny\": {\n");
    for (int i = 0; i < report->fact_count; i++) {
        const VmtFact *fact = &report->facts[i];
        vmt_print(out, "    \"%s\": ", fact->key);
        if (fact->bare)
            vmt_print(out, "%s", fact->text);
        else
            vmt_put_json(out, fact->text);
        vmt_print(out, ",\n");
    }
    vmt_print(out, "    \"notes\": {");
    for (size_t i = 0; i < report->log->note_count; i++) {
        const VmtNote *note = &report->log->notes[i];
        vmt_print(out, "%s      ", i ? ",\n" : "\n");
        vmt_put_json(out, note->key);
        vmt_print(out, ": ");
        vmt_put_json(out, note->value);
    }
    vmt_print(out, "\n    }\n  }\n");
}

void vmt_write_json(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "{\n  \"version\": ");
    vmt_put_json(out, vmt_version());
    if (isfinite(report->log->fps))
        vmt_print(out, ",\n  \"fps\": %.2f,\n", report->log->fps);
    else
        vmt_print(out, ",\n  \"fps\": null,\n");
    put_frames(out, report);
    put_pooled(out, report);
    vmt_print(out, "  \"aggregate_metrics\": {\n  },\n");
    put_facts(out, report);
    vmt_print(out, "}\n");
}
