import { createElement } from 'lwc';
import VoicemailPlayer from 'c/voicemailPlayer';
import { refreshApex } from '@salesforce/apex';
import { notifyRecordUpdateAvailable } from 'lightning/uiRecordApi';
import voicemailFor from '@salesforce/apex/VoicemailPlayerController.voicemailFor';
import recordingUrl from '@salesforce/apex/VoicemailPlayerController.recordingUrl';
import setStatus from '@salesforce/apex/VoicemailPlayerController.setStatus';
import { Sound, installFakeMedia, removeFakeMedia } from './fakeMedia';

const PLAYBACK = require('./data/playback.json');
const ADDRESS = 'https://recordings.example.com/one.wav';
const ANOTHER = 'https://recordings.example.com/one.wav?signed=again';

jest.mock(
    '@salesforce/apex/VoicemailPlayerController.voicemailFor',
    () => {
        const { createApexTestWireAdapter } = require('@salesforce/sfdx-lwc-jest');
        return { default: createApexTestWireAdapter(jest.fn()) };
    },
    { virtual: true }
);
jest.mock('@salesforce/apex/VoicemailPlayerController.recordingUrl', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/VoicemailPlayerController.setStatus', () => ({ default: jest.fn() }), { virtual: true });

/** What Apex answers, with changes to the voicemail. */
function aPlayback({ mayHear = true, ...changes } = {}) {
    return { mayHear, voicemail: { ...PLAYBACK.voicemail, ...changes } };
}

/** What the platform makes of an AuraHandledException. */
function apexProblem(message) {
    return { body: { message } };
}

function show() {
    const player = createElement('c-voicemail-player', { is: VoicemailPlayer });
    player.recordId = '500000000000001AAA';
    document.body.appendChild(player);
    return player;
}

async function showing(...answers) {
    const player = show();
    voicemailFor.emit(answers.length ? answers[0] : aPlayback());
    await settled();
    return player;
}

async function settled() {
    for (let turn = 0; turn < 8; turn++) {
        // eslint-disable-next-line no-await-in-loop
        await Promise.resolve();
    }
}

const find = (player, id) => player.shadowRoot.querySelector(`[data-id="${id}"]`);
const text = (player, id) => find(player, id)?.textContent.trim();
const soundOf = (player) => new Sound(player.shadowRoot.querySelector('audio'));
const segmentsOf = (player) => [...player.shadowRoot.querySelectorAll('.segment')];
const currentSegments = (player) =>
    segmentsOf(player).filter((segment) => segment.getAttribute('aria-current') === 'true');

async function press(player, id) {
    find(player, id).click();
    await settled();
}

async function type(target, key, more = {}) {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more });
    target.dispatchEvent(event);
    await settled();
    return event;
}

async function playing(...answers) {
    const player = await showing(...answers);
    await press(player, 'play');
    const sound = soundOf(player);
    sound.begins();
    await settled();
    return { player, sound };
}

beforeEach(() => {
    installFakeMedia();
    recordingUrl.mockResolvedValue(ADDRESS);
    setStatus.mockResolvedValue(null);
    refreshApex.mockResolvedValue();
    notifyRecordUpdateAvailable.mockResolvedValue();
});

afterEach(() => {
    document.body.replaceChildren();
    removeFakeMedia();
});

describe('before anything is played', () => {
    it('shows that it is loading', async () => {
        const player = show();
        await settled();

        expect(player.shadowRoot.querySelector('lightning-spinner')).not.toBeNull();
        await expect(player).toBeAccessible();
    });

    it('keeps loading while the wire has neither data nor error', async () => {
        const player = await showing(undefined);

        expect(player.shadowRoot.querySelector('lightning-spinner')).not.toBeNull();
    });

    it('says when no voicemail belongs to the record', async () => {
        const player = await showing(null);

        expect(text(player, 'empty')).toBe('No voicemail belongs to this record.');
        expect(find(player, 'player')).toBeNull();
        await expect(player).toBeAccessible();
    });

    it("shows Apex's own sentence when the voicemail cannot be read", async () => {
        const player = show();
        voicemailFor.error({ message: 'You cannot read voicemails.' });
        await settled();

        expect(text(player, 'problem')).toBe('You cannot read voicemails.');
        await expect(player).toBeAccessible();
    });

    it('finds a sentence of its own when the platform has none', async () => {
        const player = show();
        voicemailFor.error({});
        await settled();

        expect(text(player, 'problem')).toContain('cannot be loaded');
    });

    it('shows caller, mailbox, status, length and transcript', async () => {
        const player = await showing();

        expect(text(player, 'status')).toBe('New');
        expect(text(player, 'clock')).toBe('0:00 / 0:15');
        expect(player.shadowRoot.textContent).toContain('Spare parts');
        expect(segmentsOf(player).map((segment) => segment.querySelector('.moment').textContent)).toEqual([
            '0:00',
            '0:09',
            '0:13'
        ]);
        expect(currentSegments(player)).toHaveLength(0);
        await expect(player).toBeAccessible();
    });

    it('offers to call the number back, and names the record', async () => {
        const player = await showing();

        const dial = player.shadowRoot.querySelector('lightning-click-to-dial');
        expect(dial.value).toBe('+14155550142');
        expect(dial.recordId).toBe('500000000000001AAA');
        expect(dial.params).toBe('voicemailId=a00000000000001AAA');
    });

    it.each([
        ['anonymous', 'anonymous'],
        [undefined, 'Number withheld']
    ])('does not offer to call back %s', async (number, shown) => {
        const player = await showing(aPlayback({ Caller_Number__c: number }));

        expect(player.shadowRoot.querySelector('lightning-click-to-dial')).toBeNull();
        expect(text(player, 'caller')).toBe(shown);
        await expect(player).toBeAccessible();
    });

    it('asks for no recording', async () => {
        const player = await showing();

        expect(recordingUrl).not.toHaveBeenCalled();
        expect(player.shadowRoot.querySelector('audio').hasAttribute('src')).toBe(false);
    });
});

describe('without the permission to hear', () => {
    it('shows the transcript but no player, and says what is missing', async () => {
        const player = await showing(aPlayback({ mayHear: false }));

        expect(text(player, 'may-not-hear')).toContain('Hear Voicemails');
        expect(find(player, 'play')).toBeNull();
        expect(segmentsOf(player)).toHaveLength(3);
        await expect(player).toBeAccessible();
    });

    it('asks for no recording, whatever is clicked or typed', async () => {
        const player = await showing(aPlayback({ mayHear: false }));

        segmentsOf(player)[1].click();
        await type(find(player, 'player'), 'k');

        expect(recordingUrl).not.toHaveBeenCalled();
    });
});

describe('without a timed transcript', () => {
    it('shows the plain text', async () => {
        const player = await showing(aPlayback({ Transcript_Segments__c: undefined }));

        expect(text(player, 'plain-transcript')).toContain('Ada Moreno');
        expect(segmentsOf(player)).toHaveLength(0);
        await expect(player).toBeAccessible();
    });

    it.each([
        ['None', 'This voicemail has no transcript.'],
        ['Failed', 'The recording could not be transcribed.']
    ])('says why there is no text at all (%s)', async (status, sentence) => {
        const player = await showing(
            aPlayback({ Transcript__c: undefined, Transcript_Segments__c: undefined, Transcription_Status__c: status })
        );

        expect(text(player, 'no-transcript')).toBe(sentence);
        await expect(player).toBeAccessible();
    });
});

describe('playing', () => {
    it('asks for the link when play is pressed, and only then', async () => {
        const { player, sound } = await playing();

        expect(recordingUrl).toHaveBeenCalledTimes(1);
        expect(recordingUrl).toHaveBeenCalledWith({ voicemailId: 'a00000000000001AAA' });
        expect(sound.plays).toEqual([`play ${ADDRESS} at 0`]);
        expect(find(player, 'play').title).toBe('Pause');
        await expect(player).toBeAccessible();
    });

    it('does not ask twice when play is pressed twice', async () => {
        let answer;
        recordingUrl.mockReturnValue(new Promise((resolve) => (answer = resolve)));
        const player = await showing();

        find(player, 'play').click();
        await type(find(player, 'player'), 'k');
        expect(find(player, 'play').disabled).toBe(true);
        expect(player.shadowRoot.textContent).toContain('Asking for the recording');
        await expect(player).toBeAccessible();
        answer(ADDRESS);
        await settled();

        expect(recordingUrl).toHaveBeenCalledTimes(1);
        expect(soundOf(player).plays).toHaveLength(1);
    });

    it('pauses and goes on without another link', async () => {
        const { player, sound } = await playing();

        sound.reaches(4);
        await press(player, 'play');
        expect(find(player, 'play').title).toBe('Play');
        await press(player, 'play');

        expect(sound.plays).toEqual([`play ${ADDRESS} at 0`, `play ${ADDRESS} at 4`]);
        expect(recordingUrl).toHaveBeenCalledTimes(1);
    });

    it('shows the time and marks what is being said', async () => {
        const { player, sound } = await playing();

        sound.reaches(9.3);
        await settled();

        expect(text(player, 'clock')).toBe('0:09 / 0:15');
        expect(find(player, 'slider').getAttribute('aria-valuetext')).toBe('9 seconds of 15 seconds');
        expect(currentSegments(player).map((segment) => segment.dataset.startMs)).toEqual(['9225']);
        await expect(player).toBeAccessible();
    });

    it('scrolls the transcript, not the page, to what is being said', async () => {
        const { player, sound } = await playing();
        const list = player.shadowRoot.querySelector('.transcript');
        const rows = [...list.children];
        Object.defineProperty(list, 'clientHeight', { value: 40 });
        rows.forEach((row, index) => {
            Object.defineProperty(row, 'offsetTop', { value: index * 30 });
            Object.defineProperty(row, 'offsetHeight', { value: 30 });
        });

        sound.reaches(14);
        await settled();
        expect(list.scrollTop).toBe(60);
        sound.reaches(0.5);
        await settled();

        expect(list.scrollTop).toBe(0);
    });

    it('forgets the link when the recording has ended, and starts again from the beginning', async () => {
        const { player, sound } = await playing();

        sound.reaches(14.8);
        sound.ends();
        await settled();
        expect(sound.audio.hasAttribute('src')).toBe(false);
        expect(text(player, 'clock')).toBe('0:15 / 0:15');
        recordingUrl.mockResolvedValue(ANOTHER);
        await press(player, 'play');

        expect(sound.plays).toEqual([`play ${ADDRESS} at 0`, `play ${ANOTHER} at 0`]);
    });

    it('forgets the link when the rep leaves', async () => {
        const { player, sound } = await playing();

        player.remove();

        expect(sound.audio.hasAttribute('src')).toBe(false);
        expect(sound.calls).toContain('pause');
    });

    it('stops when the page shows another voicemail', async () => {
        const { player, sound } = await playing();
        sound.reaches(7);

        voicemailFor.emit(aPlayback({ Id: 'a00000000000002AAA' }));
        await settled();

        expect(sound.audio.hasAttribute('src')).toBe(false);
        expect(text(player, 'clock')).toBe('0:00 / 0:15');
    });

    it('drops a link that arrives after the rep has gone on', async () => {
        let answer;
        recordingUrl.mockReturnValue(new Promise((resolve) => (answer = resolve)));
        const player = await showing();
        find(player, 'play').click();

        voicemailFor.emit(aPlayback({ Id: 'a00000000000002AAA' }));
        answer(ADDRESS);
        await settled();

        expect(soundOf(player).plays).toHaveLength(0);
        expect(find(player, 'play').disabled).toBe(false);
    });

    it('says when the browser wants another press', async () => {
        const player = await showing();
        soundOf(player).holdsBack(Object.assign(new Error('not now'), { name: 'NotAllowedError' }));

        await press(player, 'play');

        expect(text(player, 'notice')).toContain('Press play again');
        await expect(player).toBeAccessible();
    });
});

describe('a link that does not work', () => {
    it('is asked for once more, and playing goes on where it was', async () => {
        const { player, sound } = await playing();
        sound.reaches(6);
        recordingUrl.mockResolvedValue(ANOTHER);

        sound.breaks();
        await settled();

        expect(sound.plays).toEqual([`play ${ADDRESS} at 0`, `play ${ANOTHER} at 6`]);
        expect(find(player, 'notice')).toBeNull();
    });

    it('is reported when the second one does not work either', async () => {
        const { player, sound } = await playing();

        sound.breaks();
        await settled();
        sound.breaks();
        await settled();

        expect(recordingUrl).toHaveBeenCalledTimes(2);
        expect(text(player, 'notice')).toContain('may have expired');
        expect(find(player, 'play').title).toBe('Play');
        await expect(player).toBeAccessible();
    });

    it('is asked for again when the rep presses play again', async () => {
        const { player, sound } = await playing();
        sound.breaks();
        await settled();
        sound.breaks();
        await settled();

        await press(player, 'play');
        expect(recordingUrl).toHaveBeenCalledTimes(3);
        expect(find(player, 'notice')).toBeNull();
        sound.breaks();
        await settled();

        expect(recordingUrl).toHaveBeenCalledTimes(4);
    });

    it("shows Apex's reason when there is no link", async () => {
        recordingUrl.mockRejectedValue(apexProblem('This voicemail has no recording.'));
        const player = await showing();

        await press(player, 'play');

        expect(text(player, 'notice')).toBe('This voicemail has no recording.');
        expect(find(player, 'play').disabled).toBe(false);
        await expect(player).toBeAccessible();
    });

    it('leaves a rejected play to the error that the element reports', async () => {
        const player = await showing();
        soundOf(player).holdsBack(Object.assign(new Error('no such file'), { name: 'NotSupportedError' }));

        await press(player, 'play');

        expect(find(player, 'notice')).toBeNull();
    });
});

describe('moving about', () => {
    it('jumps to the segment that is clicked, and plays from there', async () => {
        const player = await showing();

        segmentsOf(player)[1].click();
        await settled();

        expect(soundOf(player).plays).toEqual([`play ${ADDRESS} at 9.225`]);
    });

    it('jumps while it is playing without another link', async () => {
        const { player, sound } = await playing();

        segmentsOf(player)[2].click();
        await settled();

        expect(sound.audio.currentTime).toBe(13.626);
        expect(recordingUrl).toHaveBeenCalledTimes(1);
    });

    it('follows the slider', async () => {
        const { player, sound } = await playing();
        const slider = find(player, 'slider');

        slider.value = '3.5';
        slider.dispatchEvent(new Event('input'));
        await settled();

        expect(sound.audio.currentTime).toBe(3.5);
        expect(text(player, 'clock')).toBe('0:03 / 0:15');
    });

    it('stays within the recording', async () => {
        const { player, sound } = await playing();

        await press(player, 'back');
        expect(sound.audio.currentTime).toBe(0);
        sound.reaches(12);
        await press(player, 'forward');

        expect(sound.audio.currentTime).toBe(15);
    });

    it('can be moved before anybody knows the length', async () => {
        const player = await showing(aPlayback({ Duration_Seconds__c: undefined }));

        await press(player, 'forward');
        expect(text(player, 'clock')).toBe('0:05 / 0:00');
        await press(player, 'play');

        expect(soundOf(player).plays).toEqual([`play ${ADDRESS} at 5`]);
    });

    it('keeps the speed, also for the next link', async () => {
        const player = await showing();
        const rate = find(player, 'rate');
        expect([...rate.options].map((option) => option.value)).toEqual(['0.75', '1', '1.25', '1.5', '2']);

        rate.value = '1.5';
        rate.dispatchEvent(new Event('change'));
        await press(player, 'play');

        const { audio } = soundOf(player);
        expect(audio.playbackRate).toBe(1.5);
        expect(audio.defaultPlaybackRate).toBe(1.5);
    });
});

describe('the keyboard', () => {
    it('is told to who cannot see the buttons, and reaches the player itself', async () => {
        const player = await showing();

        expect(find(player, 'player').getAttribute('aria-label')).toContain('Space or K plays and pauses');
        expect(find(player, 'player').tabIndex).toBe(0);
    });

    it.each([' ', 'k', 'K'])('plays and pauses with %p', async (key) => {
        const player = await showing();

        const event = await type(find(player, 'player'), key);

        expect(event.defaultPrevented).toBe(true);
        expect(soundOf(player).plays).toHaveLength(1);
        soundOf(player).begins();
        await type(find(player, 'player'), key);
        expect(soundOf(player).calls).toContain('pause');
    });

    it('goes back with J and forward with L', async () => {
        const { player, sound } = await playing();
        sound.reaches(8);

        await type(find(player, 'slider'), 'j');
        expect(sound.audio.currentTime).toBe(3);
        await type(find(player, 'back'), 'l');

        expect(sound.audio.currentTime).toBe(8);
    });

    it.each([
        ['space on a button, which presses it', 'play', ' ', {}],
        ['space on the list of speeds, which opens it', 'rate', ' ', {}],
        ['letters on the list of speeds, which pick one', 'rate', 'k', {}],
        ['the arrows on the slider, which move it', 'slider', 'ArrowRight', {}],
        ['the shortcuts of the browser', 'player', 'l', { ctrlKey: true }],
        ['the shortcuts of the system', 'player', 'k', { metaKey: true }],
        ['letters with Alt', 'player', 'j', { altKey: true }]
    ])('leaves alone %s', async (_case, id, key, more) => {
        const player = await showing();

        const event = await type(find(player, id), key, more);

        expect(event.defaultPrevented).toBe(false);
        expect(recordingUrl).not.toHaveBeenCalled();
    });
});

describe('what became of it', () => {
    it('is marked as heard when it is played for the first time, once', async () => {
        const { player, sound } = await playing();
        sound.tells('playing');
        await settled();

        expect(setStatus).toHaveBeenCalledTimes(1);
        expect(setStatus).toHaveBeenCalledWith({ voicemailId: 'a00000000000001AAA', status: 'Heard' });
        expect(refreshApex).toHaveBeenCalledTimes(1);
        expect(notifyRecordUpdateAvailable).toHaveBeenCalledWith([{ recordId: 'a00000000000001AAA' }]);
        expect(find(player, 'notice')).toBeNull();
    });

    it('goes on playing when the mark comes back as another status', async () => {
        const { player, sound } = await playing();

        voicemailFor.emit(aPlayback({ Status__c: 'Heard' }));
        await settled();

        expect(sound.audio.getAttribute('src')).toBe(ADDRESS);
        expect(text(player, 'status')).toBe('Heard');
        expect(find(player, 'heard')).toBeNull();
        expect(find(player, 'called-back')).not.toBeNull();
        await expect(player).toBeAccessible();
    });

    it('is not marked again when somebody has heard it before', async () => {
        await playing(aPlayback({ Status__c: 'Heard' }));

        expect(setStatus).not.toHaveBeenCalled();
    });

    it('is not marked when only the link was asked for', async () => {
        const player = await showing();

        await press(player, 'play');

        expect(setStatus).not.toHaveBeenCalled();
    });

    it.each([
        ['heard', 'Heard'],
        ['called-back', 'Called back']
    ])('is marked by the button %s', async (button, status) => {
        const player = await showing();

        await press(player, button);

        expect(setStatus).toHaveBeenCalledWith({ voicemailId: 'a00000000000001AAA', status });
    });

    it.each(['Called back', 'Closed'])('offers nothing more once it is %s', async (status) => {
        const player = await showing(aPlayback({ Status__c: status }));

        expect(find(player, 'heard')).toBeNull();
        expect(find(player, 'called-back')).toBeNull();
        await expect(player).toBeAccessible();
    });

    it('says why it was not marked, and the sound goes on', async () => {
        setStatus.mockRejectedValue(apexProblem('The voicemail was not marked: it is locked.'));

        const { player, sound } = await playing();

        expect(text(player, 'notice')).toBe('The voicemail was not marked: it is locked.');
        expect(find(player, 'play').title).toBe('Pause');
        expect(sound.calls).not.toContain('pause');
        await expect(player).toBeAccessible();
    });
});
