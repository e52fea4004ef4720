// The sentences that a rep may read besides those of Apex, and the statuses by their API names.

export const NEW = 'New';
export const HEARD = 'Heard';
export const CALLED_BACK = 'Called back';
export const CLOSED = 'Closed';

export const NO_LINK = 'The recording cannot be opened. Its link may have expired, or its server may be out of reach.';
export const HELD_BACK = 'The browser held the sound back. Press play again.';

const NO_REASON = 'The voicemail cannot be loaded. Try again later, or ask your administrator.';

/** The sentence that Apex threw, or one that says what can be said. */
export function sentenceOf(problem) {
    return problem?.body?.message || NO_REASON;
}

/** Why there is no text, by Voicemail__c.Transcription_Status__c. */
export function whyNoTranscript(transcriptionStatus) {
    return transcriptionStatus === 'Failed'
        ? 'The recording could not be transcribed.'
        : 'This voicemail has no transcript.';
}
