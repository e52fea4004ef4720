// The player with the demo's voicemail, playing, as a picture: scripts/player-screenshot [FILE.png]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '../..');
const picture = path.resolve(process.argv[2] ?? path.join(root, 'docs/player.png'));
const demo = path.join(root, 'connector/scv_voicemail/demo');
const dist = path.join(root, 'sfdx/harness/dist');
const program = path.join(root, '.venv/bin/scv-voicemail');
const browserProgram = process.env.CHROMIUM ?? '/usr/bin/chromium';
const LISTEN_UNTIL_SECONDS = 6.5;
const MEDIA_TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

async function main() {
    if (!existsSync(browserProgram)) {
        console.error(`player-screenshot: there is no browser at ${browserProgram}; install Chromium or set CHROMIUM`);
        process.exit(3);
    }
    const folder = mkdtempSync(path.join(tmpdir(), 'player-'));
    const emulator = spawn(program, ['emulator', '--json', '--write-env', path.join(folder, 'emulator.env')], {
        stdio: ['ignore', 'pipe', 'ignore']
    });
    try {
        const { url } = JSON.parse(await firstLine(emulator));
        await deliver(path.join(folder, 'emulator.env'));
        const org = new StandInOrg(await voicemailIn(url));
        const page = await serve(org);
        await takePicture(`http://127.0.0.1:${page.address().port}/index.html?recordId=${org.recordId}`, org);
        page.close();
        page.closeAllConnections();
        console.log(`the picture is ${path.relative(root, picture)}`);
    } finally {
        emulator.kill('SIGTERM');
        rmSync(folder, { recursive: true, force: true });
    }
}

async function firstLine(child) {
    let text = '';
    for await (const piece of child.stdout) {
        text += piece;
        if (text.includes('\n')) {
            return text.split('\n')[0];
        }
    }
    throw new Error('the emulator did not start');
}

/** The way of every voicemail: the connector takes it in and delivers it. */
async function deliver(envFile) {
    const options = {
        '--from': '+14155550142',
        '--to': '+18005550100',
        '--id': 'player-screenshot',
        '--received-at': '2026-11-20T09:15:00Z',
        '--transcript-file': path.join(demo, 'recording.json')
    };
    const given = ['--env-file', envFile, 'deliver', path.join(demo, 'recording.wav')];
    const child = spawn(program, [...given, ...Object.entries(options).flat()], {
        stdio: ['ignore', 'ignore', 'pipe']
    });
    let talk = '';
    child.stderr.on('data', (piece) => (talk += piece));
    const [code] = await once(child, 'exit');
    if (code !== 0) {
        throw new Error(`the voicemail was not delivered:\n${talk}`);
    }
}

/** What the player would read from Voicemail__c, made of what the local Salesforce now holds. */
async function voicemailIn(url) {
    const state = await (await fetch(`${url}/_emulator/state`)).json();
    const [call] = state.VoiceCall;
    const [recording] = state.VoiceCallRecording;
    const { segments } = JSON.parse(readFileSync(path.join(demo, 'recording.json'), 'utf8'));
    return {
        recordId: call.Id,
        recordingUrl: recording._recordingLocation,
        voicemail: {
            Id: 'a00000000000001AAA',
            Name: 'VM-00000001',
            Caller_Number__c: call.FromPhoneNumber,
            Mailbox_Name__c: 'Voicemail',
            Received_At__c: call.CallStartDateTime.replace('+0000', 'Z'),
            Duration_Seconds__c: recording.DurationInSeconds,
            Transcription_Status__c: 'Supplied',
            Transcript__c: segments.map(({ text }) => text).join(' '),
            Transcript_Segments__c: JSON.stringify(segments),
            Status__c: 'New'
        }
    };
}

/** Answers the player's three questions as VoicemailPlayerController does, for a rep who may hear. */
class StandInOrg {
    constructor({ recordId, recordingUrl, voicemail }) {
        Object.assign(this, { recordId, address: recordingUrl, voicemail });
    }

    voicemailFor() {
        return { mayHear: true, voicemail: this.voicemail };
    }

    recordingUrl() {
        return this.address;
    }

    setStatus({ status }) {
        this.voicemail = { ...this.voicemail, Status__c: status };
        return null;
    }
}

async function serve(org) {
    const server = createServer(async (request, response) => {
        const name = new URL(request.url, 'http://here').pathname.slice(1);
        if (name.startsWith('apex/')) {
            let body = '';
            for await (const piece of request) {
                body += piece;
            }
            response.setHeader('Content-Type', 'application/json');
            response.end(JSON.stringify(org[name.slice('apex/'.length)](JSON.parse(body))));
        } else if (existsSync(path.join(dist, name))) {
            response.setHeader('Content-Type', MEDIA_TYPES[path.extname(name)]);
            response.end(readFileSync(path.join(dist, name)));
        } else {
            response.writeHead(404).end();
        }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
}

async function takePicture(address, org) {
    const browser = await chromium.launch({ executablePath: browserProgram, args: ['--no-sandbox', '--mute-audio'] });
    const complaints = [];
    try {
        const page = await browser.newPage({ viewport: { width: 520, height: 800 }, deviceScaleFactor: 2 });
        page.setDefaultTimeout(20_000);
        page.on('pageerror', (error) => complaints.push(String(error)));
        page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
        await page.goto(address);
        await page.locator('[data-id=play]').click();
        // The sound's own clock, not ours: the picture proves that it plays.
        const audio = await page.locator('audio').elementHandle();
        await page.waitForFunction(([sound, end]) => sound.currentTime >= end, [audio, LISTEN_UNTIL_SECONDS]);
        await page.mouse.move(0, 0);
        const current = await page.locator('[aria-current=true]').innerText();
        const clock = await page.locator('[data-id=clock]').innerText();
        await page.locator('main').screenshot({ path: picture });
        console.log(`at ${clock} it reads: ${current.replaceAll('\n', ' ')}; status: ${org.voicemail.Status__c}`);
        if (org.voicemail.Status__c !== 'Heard') {
            throw new Error('playing it did not mark it as heard');
        }
        if (complaints.length) {
            throw new Error('the page complains');
        }
    } catch (problem) {
        throw new Error(['no picture', problem.message, ...complaints].join('\n'), { cause: problem });
    } finally {
        await browser.close();
    }
}

await main();
