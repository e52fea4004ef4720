// Parses every Apex class and trigger: node scripts/sfdx/apex-syntax.mjs [FOLDER …]
// Syntax only. No parser outside an org knows the types; that is why there is little Apex.
import { readFileSync } from 'node:fs';
import { ApexErrorListener, ApexParserFactory } from '@apexdevtools/apex-parser';
import { filesUnder, namedFolders, report } from './files.mjs';

class Findings extends ApexErrorListener {
    constructor(file) {
        super();
        this.file = file;
        this.lines = [];
    }

    apexSyntaxError(line, column, message) {
        // The parser lists every keyword that it would have taken instead.
        const short = message.replace(/ expecting \{.{80,}\}$/s, '');
        this.lines.push(`${this.file}:${line}:${column + 1} ${short}`);
    }
}

const files = filesUnder(namedFolders(), '.cls', '.trigger');
const findings = files.flatMap((file) => {
    const found = new Findings(file);
    const { parser } = ApexParserFactory.createLexerAndParser(readFileSync(file, 'utf8'), found);
    if (file.endsWith('.cls')) {
        parser.compilationUnit();
    } else {
        parser.triggerUnit();
    }
    return found.lines;
});
report('Apex syntax', files.length, findings);
