// Finding files, and saying what is wrong with them.
import { readdirSync } from 'node:fs';
import path from 'node:path';

/** Every file under these folders (or these files themselves) whose name ends so. */
export function filesUnder(roots, ...suffixes) {
    return roots.flatMap((root) => walk(root)).filter((file) => suffixes.some((suffix) => file.endsWith(suffix)));
}

/** Prints the findings, one line each, and sets the exit code. */
export function report(what, checked, findings) {
    for (const finding of findings) {
        console.error(finding);
    }
    console.log(`${what}: ${checked} checked, ${findings.length} found`);
    process.exitCode = findings.length ? 1 : 0;
}

/** The folders that were named, or the whole Salesforce half. */
export function namedFolders() {
    const named = process.argv.slice(2);
    return named.length ? named : ['sfdx/force-app'];
}

function walk(root) {
    if (path.extname(root)) {
        return [root];
    }
    return readdirSync(root, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .filter((file) => !file.includes('node_modules'))
        .sort();
}
