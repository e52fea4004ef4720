"""The core half of the emulated org: records, queries, logins and the REST and Connect APIs."""
