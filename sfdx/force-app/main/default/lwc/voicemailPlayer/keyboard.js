// Which key does what: Space and K play and pause, J and L go back and forward, as in other players.

const ACTIONS = { ' ': 'handlePlayPause', k: 'handlePlayPause', j: 'handleBack', l: 'handleForward' };
/** Elements that need the space key for themselves. */
const TAKES_SPACE = ['BUTTON', 'SELECT', 'LIGHTNING-CLICK-TO-DIAL'];
/** A drop-down list jumps to the letter that is typed. */
const TAKES_LETTERS = ['SELECT'];

/** The name of the player's method for this key press, or undefined when the key belongs to somebody else. */
export function actionFor(event) {
    const key = event.key.toLowerCase();
    const taken = key === ' ' ? TAKES_SPACE : TAKES_LETTERS;
    if (event.altKey || event.ctrlKey || event.metaKey || taken.includes(event.target.tagName)) {
        return undefined;
    }
    return ACTIONS[key];
}
