// The timed transcript: what Voicemail__c.Transcript_Segments__c holds, and which part is spoken at a moment.

/** Segments with text and times in order of time; empty when the field holds nothing that can be used. */
export function segmentsOf(json) {
    let entries;
    try {
        entries = JSON.parse(json || '[]');
    } catch {
        return [];
    }
    if (!Array.isArray(entries)) {
        return [];
    }
    return entries
        .filter((entry) => entry && typeof entry.text === 'string' && entry.text.trim() && isMoment(entry.start_ms))
        .map(({ text, start_ms: startMs, end_ms: endMs }) => ({
            text: text.trim(),
            startMs,
            endMs: isMoment(endMs) ? endMs : Infinity
        }))
        .sort((one, other) => one.startMs - other.startMs);
}

/** Index of the segment that is spoken at this moment; in a pause it is the one just spoken, before the first it is -1. */
export function segmentAt(segments, momentMs) {
    return segments.findLastIndex((segment) => segment.startMs <= momentMs);
}

function isMoment(value) {
    return Number.isFinite(value) && value >= 0;
}
