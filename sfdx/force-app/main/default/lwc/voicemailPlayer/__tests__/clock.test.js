import { clockTime, spokenTime, trustedDuration } from '../clock';

describe('times', () => {
    it.each([
        [0, '0:00'],
        [9.9, '0:09'],
        [65.4, '1:05'],
        [3600, '1:00:00'],
        [3725, '1:02:05'],
        [-1, '0:00'],
        [undefined, '0:00'],
        [NaN, '0:00']
    ])('%p seconds are shown as %s', (seconds, shown) => {
        expect(clockTime(seconds)).toBe(shown);
    });

    it.each([
        [0, '0 seconds'],
        [1, '1 second'],
        [60, '1 minute'],
        [65.4, '1 minute 5 seconds'],
        [7322, '2 hours 2 minutes 2 seconds']
    ])('%p seconds are spoken as %s', (seconds, spoken) => {
        expect(spokenTime(seconds)).toBe(spoken);
    });

    it.each([
        ['the file is exact and agrees with the record', 15, 15.2, 15.2],
        ['the file carries placeholder sizes', 15, 268435.4, 15],
        ['the file is not loaded yet', 15, undefined, 15],
        ['the file is a stream without an end', 15, Infinity, 15],
        ['only the file knows', undefined, 12.5, 12.5],
        ['nobody knows', undefined, NaN, 0]
    ])('when %s the right length is believed', (_case, recorded, measured, believed) => {
        expect(trustedDuration(recorded, measured)).toBe(believed);
    });
});
