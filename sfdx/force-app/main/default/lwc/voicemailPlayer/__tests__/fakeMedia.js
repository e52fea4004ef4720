// jsdom has no media engine. This one keeps state per audio element and obeys the test: sound.begins(), sound.breaks(), ...

const ofElement = new WeakMap();
const PROPERTIES = { currentTime: 0, duration: NaN, playbackRate: 1, defaultPlaybackRate: 1 };
const replaced = {};

function state(element) {
    if (!ofElement.has(element)) {
        ofElement.set(element, { ...PROPERTIES, calls: [], playProblem: undefined });
    }
    return ofElement.get(element);
}

export function installFakeMedia() {
    const { prototype } = HTMLMediaElement;
    for (const name of [...Object.keys(PROPERTIES), 'play', 'pause', 'load']) {
        replaced[name] = Object.getOwnPropertyDescriptor(prototype, name);
    }
    for (const name of Object.keys(PROPERTIES)) {
        Object.defineProperty(prototype, name, {
            configurable: true,
            get() {
                return state(this)[name];
            },
            set(value) {
                state(this)[name] = value;
            }
        });
    }
    prototype.play = function play() {
        const { playProblem, calls } = state(this);
        calls.push(`play ${this.getAttribute('src')} at ${this.currentTime}`);
        return playProblem ? Promise.reject(playProblem) : Promise.resolve();
    };
    prototype.pause = function pause() {
        state(this).calls.push('pause');
        this.dispatchEvent(new Event('pause'));
    };
    prototype.load = function load() {
        // As a browser does: an emptied element goes back to the start and tells so.
        state(this).calls.push('load');
        state(this).currentTime = 0;
        this.dispatchEvent(new Event('timeupdate'));
        this.dispatchEvent(new Event('error'));
    };
}

export function removeFakeMedia() {
    for (const [name, descriptor] of Object.entries(replaced)) {
        Object.defineProperty(HTMLMediaElement.prototype, name, descriptor);
    }
}

/** What a test does with the sound of an audio element. */
export class Sound {
    constructor(audio) {
        this.audio = audio;
    }

    get calls() {
        return state(this.audio).calls;
    }

    get plays() {
        return this.calls.filter((call) => call.startsWith('play'));
    }

    holdsBack(problem) {
        state(this.audio).playProblem = problem;
    }

    begins({ duration = 15 } = {}) {
        state(this.audio).duration = duration;
        this.tells('durationchange');
        this.tells('playing');
    }

    reaches(seconds) {
        state(this.audio).currentTime = seconds;
        this.tells('timeupdate');
    }

    ends() {
        this.tells('pause');
        this.tells('ended');
    }

    breaks() {
        this.tells('error');
    }

    tells(name) {
        this.audio.dispatchEvent(new Event(name));
    }
}
