"""A local Salesforce org with Service Cloud Voice, for tests and rehearsals; see the README for what it is not."""
