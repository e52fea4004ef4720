// Compiles every Lightning web component as the platform does: node scripts/sfdx/lwc-compile.mjs [FOLDER …]
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from '@lwc/compiler';
import { filesUnder, namedFolders, report } from './files.mjs';

const files = filesUnder(namedFolders(), '.js', '.html', '.css').filter(
    (file) => path.basename(path.dirname(path.dirname(file))) === 'lwc'
);
const findings = files.flatMap((file) => {
    const options = { namespace: 'c', name: path.basename(path.dirname(file)), enableDynamicComponents: false };
    try {
        const { warnings } = transformSync(readFileSync(file, 'utf8'), file, options);
        return (warnings ?? []).map((warning) => described(file, warning));
    } catch (problem) {
        return [described(file, problem)];
    }
});
report('LWC compiler', files.length, findings);

function described(file, { location, message }) {
    const at = location ? `${location.line}:${location.column} ` : '';
    return `${file}:${at}${message.split('\n')[0]}`;
}
