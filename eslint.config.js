const lwc = require('@salesforce/eslint-config-lwc');
const jest = require('eslint-plugin-jest');

const lwcFiles = ['sfdx/force-app/**/lwc/**/*.js'];
const componentFiles = [...lwcFiles, 'sfdx/harness/modules/lightning/**/*.js'];
const testFiles = ['sfdx/force-app/**/__tests__/**/*.js', 'sfdx/force-app/test/**/*.js'];
const nodeFiles = ['scripts/sfdx/**/*.mjs', 'sfdx/harness/*.mjs', '*.config.js'];

const rules = {
    eqeqeq: 'error',
    'no-unused-vars': 'error',
    'no-undef': 'error',
    'no-var': 'error',
    'prefer-const': 'error'
};
const globals = (names) => Object.fromEntries(names.split(' ').map((name) => [name, 'readonly']));

module.exports = [
    { ignores: ['**/dist/**', '**/node_modules/**', 'build/**', '.venv/**'] },
    { linterOptions: { reportUnusedDisableDirectives: 'error' } },
    // The strictest of Salesforce's sets: on top of the platform's restrictions it wants localisation done by the platform.
    ...[...lwc.configs.recommended, ...lwc.configs.i18n].map((config) => ({ ...config, files: componentFiles })),
    { files: lwcFiles, rules: { 'no-console': 'error', 'prefer-const': 'error' } },
    { files: testFiles, ...jest.configs['flat/recommended'] },
    {
        files: testFiles,
        languageOptions: {
            globals: globals('require document window Event KeyboardEvent MouseEvent HTMLMediaElement')
        },
        rules: {
            // Media and keyboard events are the browser's own, not a component's.
            '@lwc/lwc/prefer-custom-event': 'off',
            '@lwc/lwc/no-unexpected-wire-adapter-usages': 'off',
            'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expectAccessible'] }],
            'jest/prefer-to-have-length': 'error',
            'jest/max-expects': ['error', { max: 8 }]
        }
    },
    {
        files: nodeFiles,
        languageOptions: {
            ecmaVersion: 2023,
            globals: globals('console process URL Buffer setTimeout fetch module require __dirname')
        },
        rules
    },
    { files: ['scripts/sfdx/**/*.mjs', 'sfdx/harness/*.mjs'], languageOptions: { sourceType: 'module' } },
    { files: ['*.config.js'], languageOptions: { sourceType: 'commonjs' } },
    {
        files: ['scripts/sfdx/player-screenshot.mjs', 'sfdx/harness/main.js', 'sfdx/harness/modules/salesforce/*.js'],
        languageOptions: { sourceType: 'module', globals: globals('document window fetch URLSearchParams') },
        rules
    }
];
