// Compiles the shipped player into a page of its own: npm run harness. The result is sfdx/harness/dist/.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import lwcPlugin from '@lwc/rollup-plugin';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const dist = path.join(here, 'dist');
const apex = path.join(here, 'modules/salesforce/apex.js');
const player = path.join(root, 'sfdx/force-app/main/default/lwc/voicemailPlayer/voicemailPlayer.js');
const require = createRequire(import.meta.url);
const slds = path.dirname(require.resolve('@salesforce-ux/design-system/package.json'));

/** The platform's scoped modules: an Apex method is the default export of a module of its name. */
const platform = {
    name: 'platform-modules',
    resolveId(id) {
        if (id === '@salesforce/apex' || id === 'lightning/uiRecordApi') {
            return apex;
        }
        return id.startsWith('@salesforce/apex/') ? `\0${id}` : null;
    },
    load(id) {
        if (!id.startsWith('\0@salesforce/apex/')) {
            return null;
        }
        return `export { ${id.split('.').pop()} as default } from ${JSON.stringify(apex)};`;
    },
    // The engine asks Node.js whether it is being developed on; a browser has no such thing.
    renderChunk(code) {
        return { code: code.replaceAll('process.env.NODE_ENV', '"production"'), map: null };
    }
};

const bundle = await rollup({
    input: path.join(here, 'main.js'),
    plugins: [
        platform,
        lwcPlugin({
            rootDir: path.join(here, 'modules'),
            exclude: ['**/main.js', '**/modules/salesforce/*.js', '**/node_modules/@lwc/**'],
            modules: [
                { dir: path.join(here, 'modules') },
                { name: 'c/voicemailPlayer', path: player },
                { npm: '@lwc/engine-dom' },
                { npm: '@lwc/synthetic-shadow' },
                { npm: '@lwc/wire-service' }
            ]
        })
    ],
    onwarn(warning) {
        throw new Error(`the harness does not build: ${warning.message}`);
    }
});
rmSync(dist, { recursive: true, force: true });
mkdirSync(path.join(dist, 'icons'), { recursive: true });
await bundle.write({ file: path.join(dist, 'player.js'), format: 'iife', sourcemap: false });
await bundle.close();
cpSync(path.join(here, 'index.html'), path.join(dist, 'index.html'));
cpSync(path.join(slds, 'assets/styles/salesforce-lightning-design-system.min.css'), path.join(dist, 'slds.css'));
for (const sprite of ['utility', 'standard']) {
    cpSync(path.join(slds, `assets/icons/${sprite}-sprite/svg/symbols.svg`), path.join(dist, `icons/${sprite}.svg`));
}
console.log(`the player is in ${path.relative(root, dist)}/`);
