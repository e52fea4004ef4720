import { segmentAt, segmentsOf } from '../transcript';

describe('the timed transcript', () => {
    it.each([
        ['nothing', undefined],
        ['an empty text', ''],
        ['broken JSON', '[{"text":'],
        ['another shape', '{"text":"Hello"}'],
        ['null', 'null'],
        ['entries without times', '[{"text":"Hello"}]'],
        ['entries without text', '[{"text":" ","start_ms":0},null,{"start_ms":5}]']
    ])('is empty when the field holds %s', (_case, json) => {
        expect(segmentsOf(json)).toEqual([]);
    });

    it('comes in order of time, whatever order it was stored in', () => {
        const json = '[{"text":"two","start_ms":900,"end_ms":1000},{"text":" one ","start_ms":0}]';

        expect(segmentsOf(json)).toEqual([
            { text: 'one', startMs: 0, endMs: Infinity },
            { text: 'two', startMs: 900, endMs: 1000 }
        ]);
    });

    it.each([
        [399, -1],
        [400, 0],
        [2700, 0],
        [3000, 1],
        [99000, 1]
    ])('at %p ms the segment %p is current', (momentMs, index) => {
        const segments = segmentsOf('[{"text":"one","start_ms":400,"end_ms":2628},{"text":"two","start_ms":3000}]');

        expect(segmentAt(segments, momentMs)).toBe(index);
    });
});
