// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The logs of one line per frame: CSV, and subtitles that a player shows over the video. They have
 * no place for pooled values and for how they came about; what is not finite leaves a gap.
 */
#include "report/report.h"
#include "report/text.h"

#include <inttypes.h>
#include <math.h>

/* The comma at the end of each line is libvmaf's. */
void vmt_write_csv(VmtOutput *out, const VmtReport *report)
{
    vmt_print(out, "Frame,");
    for (int m = 0; m < report->metric_count; m++)
        vmt_print(out, "%s,", report->metrics[m].name);
    vmt_print(out, "\n");
    for (size_t i = 0; i < report->log->frames; i++) {
        vmt_print(out, "%" PRId64 ",", report->log->rows[i].index);
        for (int m = 0; m < report->metric_count; m++) {
            const double x = vmt_report_value(report, i, m);
            if (isfinite(x))
                vmt_put_number(out, x);
            vmt_put(out, ',');
        }
        vmt_print(out, "\n");
    }
}

void vmt_write_sub(VmtOutput *out, const VmtReport *report)
{
    for (size_t i = 0; i < report->log->frames; i++) {
        const int64_t index = report->log->rows[i].index;
        vmt_print(out, "{%" PRId64 "}{%" PRId64 "}frame: %" PRId64 "|", index, index + 1,
                  index);
        for (int m = 0; m < report->metric_count; m++) {
            const double x = vmt_report_value(report, i, m);
            if (!isfinite(x))
                continue;
            vmt_print(out, "%s: ", report->metrics[m].name);
            vmt_put_number(out, x);
            vmt_put(out, '|');
        }
        vmt_print(out, "\n");
    }
}
