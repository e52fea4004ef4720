"""Thousands of bad days of voicemails, each made from a number and played again from it exactly.

`scripts/simulate --seeds N` plays them. In one process and one thread, without sockets, real journal rules, pipeline,
target and clients work against a model of the org; a scheduler owns time and decides, at every call of the journal and
every request, who goes on, who is stopped or killed, whose clock jumps, and what becomes of the request.
`model.py` says what the model leaves out; `--model-check` holds it against the emulator, `--http` puts the emulator
itself in its place.
"""
