import '@lwc/synthetic-shadow'; // as in Lightning Experience: the page's style sheet reaches into components
import { createElement } from 'lwc';
import VoicemailPlayer from 'c/voicemailPlayer';

const player = createElement('c-voicemail-player', { is: VoicemailPlayer });
player.recordId = new URLSearchParams(window.location.search).get('recordId');
document.querySelector('main').appendChild(player);
