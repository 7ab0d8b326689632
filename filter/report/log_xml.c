// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The log as XML. An attribute whose number is not finite is left out.
 */
#include "report/report.h"
#include "report/text.h"

#include <inttypes.h>
#include <math.h>

static void put_text(VmtOutput *out, const char *name, const char *text)
{
    vmt_print(out, "%s=\"", name);
    vmt_put_xml(out, text);
    vmt_print(out, "\" ");
}

static void put_value(VmtOutput *out, const char *name, double x)
{
    if (!isfinite(x))
        return;
    vmt_print(out, "%s=\"", name);
    vmt_put_number(out, x);
    vmt_print(out, "\" ");
}

static void put_head(VmtOutput *out, const VmtReport *report)
{
    const VmtLog *log = report->log;
    vmt_print(out, "<VMAF version=\"");
    vmt_put_xml(out, vmt_version());
    vmt_print(out, "\">\n  <params ");
    if (log->width > 0 && log->height > 0)
        vmt_print(out, "qualityWidth=\"%d\" qualityHeight=\"%d\" ", log->width, log->height);
    vmt_print(out, "/>\n  <fyi ");
    if (isfinite(log->fps))
        vmt_print(out, "fps=\"%.2f\" ", log->fps);
    vmt_print(out, "/>\n");
}

static void put_frames(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "  <frames>\n");
    for (size_t i = 0; i < report->log->frames; i++) {
        vmt_print(out, "    <frame frameNum=\"%" PRId64 "\" ", report->log->rows[i].index);
        for (int m = 0; m < report->metric_count; m++)
            put_value(out, report->metrics[m].name, vmt_report_value(report, i, m));
        vmt_print(out, "/>\n");
    }
    vmt_print(out, "  </frames>\n");
}

static void put_pooled(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "  <pooled_metrics>\n");
    for (int m = 0; m < report->metric_count; m++) {
        vmt_print(out, "    <metric name=\"%s\" ", report->metrics[m].name);
        for (int pool = 0; pool < VMT_POOLS; pool++)
            put_value(out, vmt_pool_name(pool), report->metrics[m].pooled[pool]);
        vmt_print(out, "/>\n");
    }
    vmt_print(out, "  </pooled_metrics>\n  <aggregate_metrics />\n");
}

static void put_facts(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "  <vmaf_tiny ");
    for (int i = 0; i < report->fact_count; i++)
        put_text(out, report->facts[i].key, report->facts[i].text);
    vmt_print(out, ">\n");
    for (size_t i = 0; i < report->log->note_count; i++) {
        vmt_print(out, "    <note ");
        put_text(out, "key", report->log->notes[i].key);
        put_text(out, "value", report->log->notes[i].value);
        vmt_print(out, "/>\n");
    }
    vmt_print(out, "  </vmaf_tiny>\n");
}

void vmt_write_xml(VmtOutput *out, const VmtReport *report)
{
    put_head(out, report);
    put_frames(out, report);
    put_pooled(out, report);
    put_facts(out, report);
    vmt_print(out, "</VMAF>\n");
}
