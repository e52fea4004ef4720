// Times as a rep reads them (1:05), as a screen reader says them (1 minute 5 seconds), and the length to believe.

const UNITS = [
    ['hour', 3600],
    ['minute', 60],
    ['second', 1]
];

/** 65.4 becomes 1:05; an hour is shown only when there is one. */
export function clockTime(seconds) {
    const whole = wholeSeconds(seconds);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor((whole % 3600) / 60);
    const parts = hours ? [hours, twoDigits(minutes)] : [minutes];
    return [...parts, twoDigits(whole % 60)].join(':');
}

/** 65.4 becomes "1 minute 5 seconds". */
export function spokenTime(seconds) {
    let rest = wholeSeconds(seconds);
    const parts = [];
    for (const [unit, size] of UNITS) {
        const count = Math.floor(rest / size);
        rest %= size;
        if (count || (unit === 'second' && parts.length === 0)) {
            parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`);
        }
    }
    return parts.join(' ');
}

/**
 * The length in seconds: what the file says when it agrees with the record to two seconds, otherwise the record.
 * A WAV file that was written as a stream carries placeholder sizes, and a browser then reads days out of it.
 */
export function trustedDuration(recorded, measured) {
    const isMeasured = Number.isFinite(measured) && measured > 0;
    if (!recorded) {
        return isMeasured ? measured : 0;
    }
    return isMeasured && Math.abs(measured - recorded) <= 2 ? measured : recorded;
}

function wholeSeconds(seconds) {
    return Math.max(0, Math.floor(Number(seconds) || 0));
}

function twoDigits(number) {
    return String(number).padStart(2, '0');
}
