import { LightningElement, api, wire } from 'lwc';
import { refreshApex } from '@salesforce/apex';
import { notifyRecordUpdateAvailable } from 'lightning/uiRecordApi';
import voicemailFor from '@salesforce/apex/VoicemailPlayerController.voicemailFor';
import recordingUrl from '@salesforce/apex/VoicemailPlayerController.recordingUrl';
import setStatus from '@salesforce/apex/VoicemailPlayerController.setStatus';
import { clockTime, spokenTime, trustedDuration } from './clock';
import { actionFor } from './keyboard';
import { close, isOpen, open, setRate } from './sound';
import { segmentAt, segmentsOf } from './transcript';
import { CALLED_BACK, CLOSED, HEARD, HELD_BACK, NEW, NO_LINK, sentenceOf, whyNoTranscript } from './words';

const SKIP_SECONDS = 5;
const RATES = [0.75, 1, 1.25, 1.5, 2];

/**
 * Plays the voicemail that belongs to a record: a voicemail, a case, a voice call, or anything a voicemail looks up.
 *
 * The recording's link is asked for when play is pressed and lives in the audio element until the recording has ended;
 * the component never keeps it.
 */
export default class VoicemailPlayer extends LightningElement {
    @api recordId;

    voicemail;
    mayHear = false;
    loadProblem;
    notice;

    position = 0;
    measuredDuration;
    rate = 1;
    segments = [];
    isLoaded = false;
    isPlaying = false;
    isOpening = false;
    isMarking = false;

    _wired;
    _hasEnded = false;
    _mayAskAnew = true;
    _markedAsHeard = false;
    _shownSegment = -1;

    // ---- what Salesforce knows ----

    @wire(voicemailFor, { recordId: '$recordId' })
    receive(wired) {
        this._wired = wired;
        const { data, error } = wired;
        if (data === undefined && error === undefined) {
            return;
        }
        this.isLoaded = true;
        this.loadProblem = error ? sentenceOf(error) : undefined;
        const voicemail = data?.voicemail;
        if (voicemail?.Id !== this.voicemail?.Id) {
            this.startOver();
        }
        this.voicemail = voicemail;
        this.mayHear = data?.mayHear === true;
        this.segments = segmentsOf(voicemail?.Transcript_Segments__c);
    }

    startOver() {
        this.closeRecording();
        this.position = 0;
        this.measuredDuration = undefined;
        this.notice = undefined;
        this._hasEnded = false;
        this._markedAsHeard = false;
    }

    disconnectedCallback() {
        this.closeRecording();
    }

    renderedCallback() {
        const current = segmentAt(this.segments, this.position * 1000);
        if (current !== this._shownSegment) {
            this._shownSegment = current;
            this.scrollTo(current);
        }
    }

    // ---- playing ----

    handlePlayPause() {
        if (this.isPlaying) {
            this.audio.pause();
        } else {
            this.play();
        }
    }

    /** What a press of the rep does: a new press may ask for a new link again. */
    play() {
        if (!this.mayHear || this.isOpening) {
            return;
        }
        this.notice = undefined;
        this._mayAskAnew = true;
        if (this._hasEnded) {
            this._hasEnded = false;
            this.position = 0;
        }
        this.start();
    }

    async start() {
        const { voicemail } = this;
        try {
            if (!isOpen(this.audio)) {
                this.isOpening = true;
                const address = await recordingUrl({ voicemailId: voicemail.Id });
                if (voicemail.Id !== this.voicemail?.Id || !this.audio) {
                    return; // the rep has gone on to another record
                }
                open(this.audio, { address, position: this.position, rate: this.rate });
            }
            await this.audio.play();
        } catch (problem) {
            this.handleStartProblem(problem);
        } finally {
            this.isOpening = false;
        }
    }

    handleStartProblem(problem) {
        if (problem?.name === 'NotAllowedError') {
            this.notice = HELD_BACK;
        } else if (problem?.body) {
            this.notice = sentenceOf(problem);
        }
        // Everything else is a rejected play(): the audio element's own error event tells about it.
    }

    handleAudioError() {
        if (!isOpen(this.audio)) {
            return; // the element is only telling that it was emptied
        }
        this.closeRecording();
        if (this._mayAskAnew) {
            this._mayAskAnew = false;
            this.start();
        } else {
            this.notice = NO_LINK;
        }
    }

    handlePlaying() {
        this.isPlaying = true;
        if (this.voicemail.Status__c === NEW && !this._markedAsHeard) {
            this._markedAsHeard = true;
            this.mark(HEARD);
        }
    }

    handlePause() {
        this.isPlaying = false;
    }

    handleEnded() {
        this.closeRecording();
        this.position = this.duration;
        this._hasEnded = true;
    }

    handleTimeUpdate() {
        if (isOpen(this.audio)) {
            this.position = this.audio.currentTime;
        }
    }

    handleDurationChange() {
        if (isOpen(this.audio)) {
            this.measuredDuration = this.audio.duration;
        }
    }

    closeRecording() {
        this.isPlaying = false;
        close(this.audio);
    }

    // ---- moving about ----

    handleBack() {
        this.seek(this.position - SKIP_SECONDS);
    }

    handleForward() {
        this.seek(this.position + SKIP_SECONDS);
    }

    handleSlide(event) {
        this.seek(Number(event.target.value));
    }

    handleSegment(event) {
        this.seek(Number(event.currentTarget.dataset.startMs) / 1000);
        if (!this.isPlaying) {
            this.play();
        }
    }

    handleRate(event) {
        this.rate = Number(event.target.value);
        setRate(this.audio, this.rate);
    }

    handleKey(event) {
        const action = this.mayHear ? actionFor(event) : undefined;
        if (action) {
            event.preventDefault();
            this[action]();
        }
    }

    seek(seconds) {
        this._hasEnded = false;
        this.position = Math.min(Math.max(0, seconds), this.duration || Infinity);
        if (isOpen(this.audio)) {
            this.audio.currentTime = this.position;
        }
    }

    /** Moves the transcript only, never the page. */
    scrollTo(index) {
        const list = this.template.querySelector('.transcript');
        const row = list?.children[index];
        if (!row) {
            return;
        }
        const top = row.offsetTop - list.offsetTop;
        if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight) {
            list.scrollTop = top;
        }
    }

    // ---- what became of it ----

    handleHeard() {
        this.mark(HEARD);
    }

    handleCalledBack() {
        this.mark(CALLED_BACK);
    }

    async mark(status) {
        this.isMarking = true;
        const voicemailId = this.voicemail.Id;
        try {
            await setStatus({ voicemailId, status });
            await Promise.all([notifyRecordUpdateAvailable([{ recordId: voicemailId }]), refreshApex(this._wired)]);
        } catch (problem) {
            this.notice = sentenceOf(problem);
        } finally {
            this.isMarking = false;
        }
    }

    // ---- what the template shows ----

    get audio() {
        return this.template.querySelector('audio');
    }

    get isLoading() {
        return !this.isLoaded;
    }

    get isEmpty() {
        return this.isLoaded && !this.loadProblem && !this.voicemail;
    }

    get duration() {
        return trustedDuration(this.voicemail?.Duration_Seconds__c, this.measuredDuration);
    }

    get playLabel() {
        return this.isPlaying ? 'Pause' : 'Play';
    }

    get playIcon() {
        return this.isPlaying ? 'utility:pause' : 'utility:play';
    }

    get clock() {
        return `${clockTime(this.position)} / ${clockTime(this.duration)}`;
    }

    get spokenPosition() {
        return `${spokenTime(this.position)} of ${spokenTime(this.duration)}`;
    }

    get rates() {
        return RATES.map((rate) => ({ value: String(rate), label: `${rate}×`, isSelected: rate === this.rate }));
    }

    get canBeDialed() {
        return /\d{2}/.test(this.voicemail.Caller_Number__c || '');
    }

    get callerText() {
        return this.voicemail.Caller_Number__c || 'Number withheld';
    }

    get dialParams() {
        return `voicemailId=${this.voicemail.Id}`;
    }

    get canBeHeard() {
        return this.voicemail.Status__c === NEW;
    }

    get canBeCalledBack() {
        return ![CALLED_BACK, CLOSED].includes(this.voicemail.Status__c);
    }

    get statusClass() {
        return this.voicemail.Status__c === NEW ? 'slds-badge slds-theme_warning' : 'slds-badge';
    }

    get hasSegments() {
        return this.segments.length > 0;
    }

    get timedTranscript() {
        const current = this.position > 0 ? segmentAt(this.segments, this.position * 1000) : -1;
        return this.segments.map(({ text, startMs }, index) => ({
            key: `${startMs}-${index}`,
            text,
            startMs,
            time: clockTime(startMs / 1000),
            ariaCurrent: index === current ? 'true' : undefined,
            className: index === current ? 'segment segment_current' : 'segment'
        }));
    }

    get whyNoTranscript() {
        return whyNoTranscript(this.voicemail.Transcription_Status__c);
    }
}
