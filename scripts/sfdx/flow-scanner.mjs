// Scans every flow for bad practice: node scripts/sfdx/flow-scanner.mjs [FOLDER …]
// What is accepted stands in sfdx/flow-scanner-exceptions.json with its reason; an exception that nothing needs is a finding.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import scanner from 'lightning-flow-scanner-core';
import { filesUnder, namedFolders, report } from './files.mjs';

const SUFFIX = '.flow-meta.xml';
const exceptions = JSON.parse(
    readFileSync(new URL('../../sfdx/flow-scanner-exceptions.json', import.meta.url), 'utf8')
);
const needed = new Set();

const files = filesUnder(namedFolders(), SUFFIX);
const parsed = await scanner.parse(files.map((file) => path.resolve(file)));
const results = new Map(scanner.scan(parsed.filter(({ flow }) => flow)).map((result) => [result.flow.fsPath, result]));
const findings = files.flatMap((file) => {
    const result = results.get(path.resolve(file));
    return result ? result.ruleResults.flatMap((rule) => ofRule(file, rule)) : [`${file} cannot be read as a flow`];
});
for (const one of exceptions) {
    const isHere = files.some((file) => path.basename(file, SUFFIX) === one.flow);
    if (isHere && !needed.has(one)) {
        findings.push(
            `sfdx/flow-scanner-exceptions.json: ${one.flow} ${one.rule} ${one.element} is not needed any more`
        );
    }
}
report('Flow scanner', files.length, findings);

function ofRule(file, { ruleName, occurs, details }) {
    if (!occurs) {
        return [];
    }
    const flow = path.basename(file, SUFFIX);
    return details
        .map(({ name }) => name)
        .filter((element) => !isAccepted(flow, ruleName, element))
        .map((element) => `${file} ${ruleName}: ${element}`);
}

function isAccepted(flow, rule, element) {
    const exception = exceptions.find((one) => one.flow === flow && one.rule === rule && one.element === element);
    needed.add(exception);
    return exception !== undefined;
}
