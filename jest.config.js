const { jestConfig } = require('@salesforce/sfdx-lwc-jest/config');

const component = 'sfdx/force-app/main/default/lwc/voicemailPlayer';

module.exports = {
    ...jestConfig,
    roots: ['<rootDir>/sfdx/force-app'],
    testMatch: ['**/__tests__/**/*.test.js'],
    moduleNameMapper: {
        '^lightning/uiRecordApi$': '<rootDir>/sfdx/force-app/test/jest-mocks/lightning/uiRecordApi',
        '^@salesforce/apex$': '<rootDir>/sfdx/force-app/test/jest-mocks/salesforce/apex'
    },
    // Adds expect(element).toBeAccessible().
    setupFilesAfterEnv: [...(jestConfig.setupFilesAfterEnv || []), '<rootDir>/sfdx/force-app/test/jest-setup.js'],
    resetMocks: true,
    coverageDirectory: '<rootDir>/build/coverage-lwc',
    collectCoverageFrom: [`${component}/*.js`, '!**/__tests__/**'],
    coverageReporters: ['text', 'json-summary'],
    // Named by folder: a threshold for everything is also met when nothing was measured.
    coverageThreshold: { [`./${component}/`]: { statements: 95, branches: 90, functions: 95, lines: 95 } }
};
