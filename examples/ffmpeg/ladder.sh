#!/bin/sh
# How good are all renditions of a ladder? ladder.sh SOURCE WIDTH HEIGHT RENDITION...
# WIDTH and HEIGHT are the source's. In one pass: what only the source needs is computed once.
# Writes ladder.1.json, ladder.2.json and so on, in the order of the renditions.
set -eu
source=$1 width=$2 height=$3
shift 3
n=0 graph='' pads=''
for rendition; do
    graph="$graph[$n:v]scale=$width:$height:flags=bicubic[r$n];"
    pads="${pads}[r$n]"
    n=$((n + 1))
    shift
    set -- "$@" -i "$rendition"
done
exec "${FFMPEG:-ffmpeg}" -hide_banner -nostats "$@" -i "$source" -lavfi \
    "$graph$pads[$n:v]vmaf_tiny=renditions=$n:log_fmt=json:log_path=ladder.json" -an -f null -
