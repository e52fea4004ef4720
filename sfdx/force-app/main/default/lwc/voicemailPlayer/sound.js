// The audio element while a link is in it. The link is nowhere else.

/** True from the moment that a link is set until the recording is put away. */
export function isOpen(audio) {
    return Boolean(audio?.hasAttribute('src'));
}

export function open(audio, { address, position, rate }) {
    audio.src = address;
    // Before the file is loaded this is where it begins.
    audio.currentTime = position;
    setRate(audio, rate);
}

export function setRate(audio, rate) {
    if (audio) {
        // Loading another file resets the rate to the default rate.
        audio.defaultPlaybackRate = rate;
        audio.playbackRate = rate;
    }
}

/** Puts the recording away, link included. */
export function close(audio) {
    if (isOpen(audio)) {
        audio.pause();
        audio.removeAttribute('src');
        audio.load();
    }
}
